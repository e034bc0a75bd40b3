package e2e_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"github.com/cenote-auth/cenote/srp"
)

const region = "us-east-1"

// credentials are an access key pair.
type credentials struct{ accessKey, secretKey string }

// anyone is what a server for development takes.
var anyone = credentials{"AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"}

// A world is a pool on a server, with one client that has every flow.
type world struct {
	*server
	keys   credentials
	api    *cip.Client
	pool   string
	client string
}

// api returns AWS's SDK, pointed at a server.
func api(url string, keys credentials) *cip.Client {
	return cip.New(cip.Options{
		Region:       region,
		BaseEndpoint: &url,
		Retryer:      aws.NopRetryer{},
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: keys.accessKey, SecretAccessKey: keys.secretKey}, nil
		}),
	})
}

// newWorld makes a pool on a server: e-mail addresses are names, or aliases if asked for.
func newWorld(t *testing.T, s *server, keys credentials, edit ...func(*cip.CreateUserPoolInput)) *world {
	t.Helper()
	w := &world{server: s, keys: keys, api: api(s.url, keys)}
	in := &cip.CreateUserPoolInput{
		PoolName:               aws.String("people"),
		UsernameAttributes:     []types.UsernameAttributeType{types.UsernameAttributeTypeEmail},
		AutoVerifiedAttributes: []types.VerifiedAttributeType{types.VerifiedAttributeTypeEmail},
	}
	for _, e := range edit {
		e(in)
	}
	pool, err := w.api.CreateUserPool(t.Context(), in)
	check(t, err)
	w.pool = *pool.UserPool.Id
	client, err := w.api.CreateUserPoolClient(t.Context(), &cip.CreateUserPoolClientInput{
		UserPoolId: &w.pool, ClientName: aws.String("web"),
		ExplicitAuthFlows: []types.ExplicitAuthFlowsType{
			types.ExplicitAuthFlowsTypeAllowUserSrpAuth, types.ExplicitAuthFlowsTypeAllowUserPasswordAuth,
			types.ExplicitAuthFlowsTypeAllowAdminUserPasswordAuth, types.ExplicitAuthFlowsTypeAllowRefreshTokenAuth,
		},
	})
	check(t, err)
	w.client = *client.UserPoolClient.ClientId
	return w
}

// at returns the same pool, seen through another server.
func (w *world) at(s *server) *world {
	other := *w
	other.server, other.api = s, api(s.url, w.keys)
	return &other
}

// accessKey reads the administrator's access key that a server has made beside its data.
func accessKey(t *testing.T, dir string) credentials {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "data.credentials"))
	check(t, err)
	var keys credentials
	for line := range strings.Lines(string(text)) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), " = ")
		switch key {
		case "aws_access_key_id":
			keys.accessKey = value
		case "aws_secret_access_key":
			keys.secretKey = value
		}
	}
	return keys
}

// A message is what the server would have sent.
type message struct{ Kind, Code string }

// code returns the code in the message of a kind to a destination, once it is in the outbox: messages leave after the answer.
func (w *world) code(t *testing.T, destination, kind string) string {
	t.Helper()
	deadline := time.After(startTimeout)
	poll := time.NewTicker(5 * time.Millisecond)
	defer poll.Stop()
	for {
		res, err := http.Get(w.url + "/_cenote/outbox?destination=" + url.QueryEscape(destination))
		check(t, err)
		var m message
		err = json.NewDecoder(res.Body).Decode(&m)
		_ = res.Body.Close()
		check(t, err)
		if m.Kind == kind {
			return m.Code
		}
		select {
		case <-poll.C:
		case <-deadline:
			t.Fatalf("no message %s to %s: %s", kind, destination, res.Status)
		}
	}
}

// signUp registers a user and confirms it with the code that was sent.
func (w *world) signUp(t *testing.T, name, password string) {
	t.Helper()
	_, err := w.api.SignUp(t.Context(), &cip.SignUpInput{ClientId: &w.client, Username: &name, Password: &password})
	check(t, err)
	code := w.code(t, name, "SignUp")
	_, err = w.api.ConfirmSignUp(t.Context(), &cip.ConfirmSignUpInput{ClientId: &w.client, Username: &name, ConfirmationCode: &code})
	check(t, err)
}

// signIn is the whole exchange by SRP.
func (w *world) signIn(ctx context.Context, name, password string) (*types.AuthenticationResultType, error) {
	return signInAcross(ctx, w, w, name, password)
}

// signInAcross begins a sign-in at one server and ends it at another.
func signInAcross(ctx context.Context, one, other *world, name, password string) (*types.AuthenticationResultType, error) {
	login, err := srp.NewLogin(one.pool, name, password)
	if err != nil {
		return nil, err
	}
	begin, err := one.api.InitiateAuth(ctx, &cip.InitiateAuthInput{ClientId: &one.client,
		AuthFlow: types.AuthFlowTypeUserSrpAuth, AuthParameters: login.Params()})
	if err != nil {
		return nil, err
	}
	answers, err := login.Respond(begin.ChallengeParameters, time.Now())
	if err != nil {
		return nil, err
	}
	end, err := other.api.RespondToAuthChallenge(ctx, &cip.RespondToAuthChallengeInput{ClientId: &other.client,
		ChallengeName: begin.ChallengeName, Session: begin.Session, ChallengeResponses: answers})
	if err != nil {
		return nil, err
	}
	return end.AuthenticationResult, nil
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
