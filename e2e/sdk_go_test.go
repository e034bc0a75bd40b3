package e2e_test

import (
	"errors"
	"strings"
	"testing"

	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
)

const password = "Correct-Horse-9"

// The life of a user through AWS's SDK for Go, over a socket.
func TestAWSSDKForGo(t *testing.T) {
	t.Parallel()
	w := newWorld(t, start(t, nil, "dev"), anyone)
	ctx, name := t.Context(), "grace@example.com"
	w.signUp(t, name, password)

	_, err := w.signIn(ctx, name, password+"x")
	if _, ok := errors.AsType[*types.NotAuthorizedException](err); !ok {
		t.Fatalf("a wrong password: %v", err)
	}
	tokens, err := w.signIn(ctx, name, password)
	check(t, err)
	user, err := w.api.GetUser(ctx, &cip.GetUserInput{AccessToken: tokens.AccessToken})
	check(t, err)
	if len(user.UserAttributes) == 0 {
		t.Error("the user has no attributes")
	}

	fresh, err := w.api.InitiateAuth(ctx, &cip.InitiateAuthInput{ClientId: &w.client, AuthFlow: types.AuthFlowTypeRefreshTokenAuth,
		AuthParameters: map[string]string{"REFRESH_TOKEN": *tokens.RefreshToken}})
	check(t, err)
	_, err = w.api.GlobalSignOut(ctx, &cip.GlobalSignOutInput{AccessToken: fresh.AuthenticationResult.AccessToken})
	check(t, err)
	_, err = w.api.GetUser(ctx, &cip.GetUserInput{AccessToken: tokens.AccessToken})
	if _, ok := errors.AsType[*types.NotAuthorizedException](err); !ok {
		t.Errorf("an access token after the global sign-out: %v", err)
	}
	_, err = w.api.InitiateAuth(ctx, &cip.InitiateAuthInput{ClientId: &w.client, AuthFlow: types.AuthFlowTypeRefreshTokenAuth,
		AuthParameters: map[string]string{"REFRESH_TOKEN": *tokens.RefreshToken}})
	if _, ok := errors.AsType[*types.NotAuthorizedException](err); !ok {
		t.Errorf("a refresh token after the global sign-out: %v", err)
	}
}

// The JavaScript clients, on one pool: the tokens that one of them gets are what the next one verifies. The issuer is the
// server itself, or AWS, as the server is told.
func TestJavaScriptClients(t *testing.T) {
	t.Parallel()
	for name, issuer := range map[string]string{"own issuer": "", "issuer of AWS": "https://cognito-idp." + region + ".amazonaws.com"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			args := []string{"dev"}
			if issuer != "" {
				args = append(args, "--issuer-url", issuer)
			}
			s := start(t, nil, append(args, "--fixtures", "testdata/people.json")...)
			if issuer == "" {
				issuer = strings.Replace(s.url, "127.0.0.1", "localhost", 1)
			}
			testJavaScript(t, s, issuer)
		})
	}
}

func testJavaScript(t *testing.T, s *server, issuer string) {
	const pool, client = "us-east-1_E2ePeople", "e2ewebclient0000000000001" // of testdata/people.json
	settings := map[string]string{"url": s.url, "region": region, "pool": pool, "client": client, "issuer": issuer + "/" + pool,
		"accessKey": anyone.accessKey, "secretKey": anyone.secretKey,
		"root": "root@example.com", "invited": "invited@example.com", "temporary": "Temporary-Horse-1"}

	tokens := runScript(t, "amazon-cognito-identity-js.mjs", settings)
	settings["id"], settings["access"] = tokens["id"], tokens["access"]
	runScript(t, "aws-jwt-verify.mjs", settings)
	runScript(t, "aws-sdk-js.mjs", settings)
}
