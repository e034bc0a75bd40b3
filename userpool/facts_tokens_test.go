package userpool_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/cenote-auth/cenote/awsapi"
	"github.com/cenote-auth/cenote/oidc"
	"github.com/cenote-auth/cenote/token"
	"github.com/cenote-auth/cenote/userpool"
)

// POOL-003: the issuer in tokens is AWS's address of the pool in the service's region, and keys and discovery are below it.
func TestIssuer(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *userpool.Config) { c.Region = "eu-central-1" })
	a := b.app()
	a.user("ada")
	tokens := a.signIn("ada")
	want := "https://cognito-idp.eu-central-1.amazonaws.com/" + a.pool
	for _, raw := range []string{tokens.IdToken, tokens.AccessToken} {
		if got := claimsOf(t, raw)["iss"]; got != want {
			t.Errorf("iss is %v, want %s", got, want)
		}
	}
	documents, err := oidc.New(oidc.Config{UserPools: b.Service})
	check(t, err)
	get := func(address string, into any) {
		t.Helper()
		u, err := url.Parse(address)
		check(t, err)
		rec := httptest.NewRecorder()
		documents.Handler().ServeHTTP(rec, httptest.NewRequest(http.MethodGet, u.Path, nil))
		if rec.Code != http.StatusOK {
			t.Fatalf("%s: status %d", address, rec.Code)
		}
		check(t, json.Unmarshal(rec.Body.Bytes(), into))
	}
	var discovery struct {
		Issuer string `json:"issuer"`
		JWKS   string `json:"jwks_uri"`
	}
	get(want+"/.well-known/openid-configuration", &discovery)
	if discovery.Issuer != want || discovery.JWKS != want+"/.well-known/jwks.json" {
		t.Errorf("discovery says %+v", discovery)
	}
	var set struct {
		Keys []struct {
			Kid string `json:"kid"`
		} `json:"keys"`
	}
	get(discovery.JWKS, &set)
	kids := map[any]bool{}
	for _, k := range set.Keys {
		kids[k.Kid] = true
	}
	for _, raw := range []string{tokens.IdToken, tokens.AccessToken} {
		if kid := partOf(t, raw, 0)["kid"]; !kids[kid] {
			t.Errorf("key %v is not published", kid)
		}
	}
}

// USR-039: AdminUserGlobalSignOut ends refresh and access tokens of all clients, answers an empty object, and leaves tokens that
// verify by themselves.
func TestAdminSignOut(t *testing.T) {
	t.Parallel()
	a := setup(t).app()
	a.user("ada")
	sibling := a.sibling()
	out, err := a.Invoke(t.Context(), "AdminUserGlobalSignOut", []byte(`{"UserPoolId":"`+a.pool+`","Username":"ada"}`))
	check(t, err)
	if string(out) != "{}" {
		t.Errorf("the answer is %s", out)
	}
	tokens, others := a.signIn("ada"), sibling.signIn("ada")
	_, err = a.AdminUserGlobalSignOut(t.Context(), &userpool.AdminUserGlobalSignOutInput{UserPoolId: a.pool, Username: "ada"})
	check(t, err)
	_, err = a.refresh(tokens.RefreshToken)
	refused(t, err, userpool.ErrNotAuthorized, refreshRevoked)
	_, err = sibling.refresh(others.RefreshToken)
	refused(t, err, userpool.ErrNotAuthorized, refreshRevoked)
	for _, access := range []string{tokens.AccessToken, others.AccessToken} {
		_, err = a.getUser(access)
		refused(t, err, userpool.ErrNotAuthorized, accessRevoked)
	}
	check(t, verifyToken(t, a, tokens.AccessToken, token.Access))
	check(t, verifyToken(t, a, tokens.IdToken, token.ID))
	a.signIn("ada") // signing in again is free
}

// AUTH-592: what GetTokensFromRefreshToken gives, and what it refuses: of two reasons the one further up.
func TestGetTokensLadder(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var broken bool
	pre := on(b, "pre", func(_ context.Context, e preToken) (preToken, error) {
		if broken {
			return e, errors.New("broken")
		}
		return e, nil
	})
	base := b.app(withSecret, rotating(0), lambdas(userpool.LambdaConfigType{PreTokenGeneration: pre}))
	base.user("ada")
	first := base.signIn("ada").RefreshToken
	plain := base.sibling()
	kept, err := plain.rotate(plain.signIn("ada").RefreshToken)
	check(t, err)
	if kept.RefreshToken != "" || kept.AccessToken == "" || kept.IdToken == "" {
		t.Error("without rotation there are an ID and an access token and no refresh token")
	}
	next, err := base.fork(t).rotate(first)
	check(t, err)
	if next.RefreshToken == "" || next.RefreshToken == first || next.AccessToken == "" || next.IdToken == "" {
		t.Error("with rotation there are three new tokens")
	}
	foreign := plain.signIn("ada").RefreshToken
	broken = true
	for _, tt := range []struct {
		name string
		do   func(a app) error
		code awsapi.Code
		text string
	}{
		{"client", func(a app) error { a.client = "unknownclient"; _, err := a.rotate("x"); return err },
			userpool.ErrResourceNotFound, "User pool client unknownclient does not exist."},
		{"secret", func(a app) error { a.secret += "x"; _, err := a.rotate("x"); return err }, userpool.ErrNotAuthorized,
			"Unable to verify secret hash for client " + base.client},
		{"token", func(a app) error { a.disable("ada"); _, err := a.rotate("x"); return err }, userpool.ErrNotAuthorized, refreshBad},
		{"another client's token", func(a app) error { a.disable("ada"); _, err := a.rotate(foreign); return err }, userpool.ErrNotAuthorized, refreshBad},
		{"revoked", func(a app) error {
			_, err := a.RevokeToken(a.t.Context(), &userpool.RevokeTokenInput{ClientId: a.client, ClientSecret: a.secret, Token: first})
			check(a.t, err)
			_, err = a.rotate(first)
			return err
		}, userpool.ErrNotAuthorized, refreshRevoked},
		{"deleted user", func(a app) error { a.remove("ada"); _, err := a.rotate(first); return err }, userpool.ErrUserNotFound, "User does not exist."},
		{"disabled user", func(a app) error { a.disable("ada"); _, err := a.rotate(first); return err }, userpool.ErrNotAuthorized, "User is disabled."},
		{"function", func(a app) error { _, err := a.rotate(first); return err }, userpool.ErrUserLambdaValidation,
			"PreTokenGeneration failed with error broken."},
	} {
		t.Run(tt.name, func(t *testing.T) { refused(t, tt.do(base.fork(t)), tt.code, tt.text) })
	}
	broken = false
	_, err = base.rotate(first)
	check(t, err)
	broken = true // a token that was used before is refused before the function runs
	_, err = base.rotate(first)
	refused(t, err, userpool.ErrRefreshTokenReuse, "")
}

// AUTH-594: GlobalSignOut answers an empty object; errors of the token come before those of the user. A token of a client or pool
// that is gone is one that cannot be verified.
func TestGlobalSignOutLadder(t *testing.T) {
	t.Parallel()
	base := setup(t).app()
	base.user("ada", "email", "ada@example.com")
	access := base.signIn("ada").AccessToken
	signOut := func(a app, access string) error {
		out, err := a.Invoke(a.t.Context(), "GlobalSignOut", []byte(`{"AccessToken":"`+access+`"}`))
		if err == nil && string(out) != "{}" {
			a.t.Errorf("the answer is %s", out)
		}
		return err
	}
	for _, tt := range []struct {
		name string
		do   func(a app) error
		code awsapi.Code
		text string
	}{
		{"garbage, of a user under reset", func(a app) error { check(a.t, a.tryReset("ada")); return signOut(a, "x") }, userpool.ErrNotAuthorized, "Invalid Access Token"},
		{"used before, of a user under reset", func(a app) error {
			check(a.t, signOut(a, access))
			check(a.t, a.tryReset("ada"))
			return signOut(a, access)
		}, userpool.ErrNotAuthorized, accessRevoked},
		{"client gone", func(a app) error {
			_, err := a.DeleteUserPoolClient(a.t.Context(), &userpool.DeleteUserPoolClientInput{UserPoolId: a.pool, ClientId: a.client})
			check(a.t, err)
			return signOut(a, access)
		}, userpool.ErrNotAuthorized, "Could not verify signature for Access Token"},
		{"user under reset", func(a app) error { check(a.t, a.tryReset("ada")); return signOut(a, access) },
			userpool.ErrPasswordResetRequired, "Password reset required for the user"},
	} {
		t.Run(tt.name, func(t *testing.T) { refused(t, tt.do(base.fork(t)), tt.code, tt.text) })
	}
}
