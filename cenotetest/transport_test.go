package cenotetest_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/golang-jwt/jwt/v5"

	"github.com/cenote-auth/cenote"
	"github.com/cenote-auth/cenote/awsapi"
	"github.com/cenote-auth/cenote/cenotetest"
	"github.com/cenote-auth/cenote/token"
	"github.com/cenote-auth/cenote/userpool"
)

// H8: a test reaches nothing by accident.
func TestH8_OtherHostsAreRefused(t *testing.T) {
	t.Parallel()
	c := cenotetest.Run(t)
	for _, url := range []string{
		"https://example.com/", "https://cognito-idp.eu-central-1.amazonaws.com/", "https://sts.us-east-1.amazonaws.com/", "http://127.0.0.1/",
		"https://cognito-idp.us-east-1.amazonaws.com.example.com/", "https://x.cognito-idp.us-east-1.amazonaws.com/", "http://169.254.169.254/",
		"https://cognito-idp.us-east-1.amazonaws.com@example.com/",
	} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
		check(t, err)
		res, err := c.HTTPClient().Do(r)
		if err == nil || !strings.Contains(err.Error(), "is not a host of this instance") {
			t.Errorf("%s: %v, %v", url, res, err)
		}
	}
	// The SDK says so, too, if it is told another region.
	cfg := c.AWSConfig()
	cfg.Region = "eu-central-1"
	one := "1example23456789"
	_, err := cip.NewFromConfig(cfg).SignUp(t.Context(), &cip.SignUpInput{ClientId: &one, Username: &one, Password: &one})
	if err == nil || !strings.Contains(err.Error(), "cognito-idp.eu-central-1.amazonaws.com is not a host of this instance") {
		t.Errorf("another region: %v", err)
	}
}

// What verifies tokens somewhere else fetches keys from the issuer, which is the instance.
func TestIssuerIsAnswered(t *testing.T) {
	t.Parallel()
	c := cenotetest.Run(t, func(cfg *cenote.Config) { cfg.Region = "eu-central-1" })
	p := c.Pool(t, cenotetest.Pool{})
	addUser(t, c, p, name)
	tokens, err := c.SignIn(t.Context(), p, name, password)
	check(t, err)
	issuer := c.UserPools.Issuer(p.ID)
	if issuer != "https://cognito-idp.eu-central-1.amazonaws.com/"+p.ID {
		t.Errorf("issuer %s", issuer)
	}

	t.Run("token.Verifier", func(t *testing.T) {
		t.Parallel()
		v, err := token.NewVerifier(token.VerifierConfig{Issuer: issuer, ClientIDs: []string{p.ClientID}, Use: token.ID, HTTPClient: c.HTTPClient(), Now: c.Now})
		check(t, err)
		claims, err := v.Verify(t.Context(), tokens.ID)
		check(t, err)
		if claims.Raw["email"] != name {
			t.Errorf("claims %+v", claims)
		}
	})
	t.Run("by discovery with golang-jwt", func(t *testing.T) {
		t.Parallel()
		var discovery struct {
			Issuer string
			URI    string `json:"jwks_uri"`
		}
		get(t, c, issuer+"/.well-known/openid-configuration", &discovery)
		if discovery.Issuer != issuer {
			t.Errorf("discovery %+v", discovery)
		}
		var raw json.RawMessage
		get(t, c, discovery.URI, &raw)
		keys, err := token.ParseJWKS(raw)
		check(t, err)
		_, err = jwt.Parse(tokens.Access, func(j *jwt.Token) (any, error) { return keys.Key(t.Context(), j.Header["kid"].(string)) },
			jwt.WithValidMethods([]string{"RS256"}), jwt.WithIssuer(issuer), jwt.WithTimeFunc(c.Now))
		check(t, err)
	})
	t.Run("HEAD", func(t *testing.T) {
		t.Parallel()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodHead, issuer+"/.well-known/jwks.json", nil)
		check(t, err)
		res, err := c.HTTPClient().Do(r)
		check(t, err)
		if body, err := io.ReadAll(res.Body); err != nil || len(body) > 0 || res.StatusCode != http.StatusOK {
			t.Errorf("answered %d with %d bytes, %v", res.StatusCode, len(body), err)
		}
	})
}

func get(t *testing.T, c *cenotetest.Cenote, url string, into any) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	check(t, err)
	res, err := c.HTTPClient().Do(r)
	check(t, err)
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s", url, res.Status)
	}
	check(t, json.NewDecoder(res.Body).Decode(into))
}

// A context that ends ends the request, before it is sent or while it is answered.
func TestContextsEndRequests(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	c := cenotetest.Run(t, func(cfg *cenote.Config) {
		cfg.Interceptors = append(cfg.Interceptors, func(ctx context.Context, call *awsapi.Call, next awsapi.Next) (any, error) {
			if call.Op.Name == "SignUp" {
				cancel()
			}
			return next(ctx, call)
		})
	})
	p := c.Pool(t, cenotetest.Pool{})
	client := cip.NewFromConfig(c.AWSConfig())
	name, password := name, password
	for _, when := range []string{"while it is answered", "before it is sent"} {
		_, err := client.SignUp(ctx, &cip.SignUpInput{ClientId: &p.ClientID, Username: &name, Password: &password})
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", when, err)
		}
	}
}

// URL is the same instance over a socket, for what does not take an HTTP client.
func TestURL(t *testing.T) {
	t.Parallel()
	c := cenotetest.Run(t)
	p := c.Pool(t, cenotetest.Pool{})
	addUser(t, c, p, name)
	if c.URL() != c.URL() || !strings.HasPrefix(c.URL(), "http://127.0.0.1:") {
		t.Errorf("URL %q", c.URL())
	}
	cfg := c.AWSConfig()
	cfg.HTTPClient, cfg.BaseEndpoint = aws.HTTPClient(&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}), aws.String(c.URL())
	name := name
	_, err := cip.NewFromConfig(cfg).SignUp(t.Context(), &cip.SignUpInput{ClientId: &p.ClientID, Username: &name, Password: aws.String(password)})
	if err == nil || !strings.Contains(err.Error(), string(userpool.ErrUsernameExists)) {
		t.Errorf("sign-up of a user who is there: %v", err)
	}
}
