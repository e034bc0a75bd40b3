package e2e_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/pquerna/otp/totp"
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

// offerMFA gives the pool text messages and software tokens as second factors.
func (w *world) offerMFA(t *testing.T, level types.UserPoolMfaType) {
	t.Helper()
	_, err := w.api.SetUserPoolMfaConfig(t.Context(), &cip.SetUserPoolMfaConfigInput{
		UserPoolId: &w.pool, MfaConfiguration: level,
		SmsMfaConfiguration: &types.SmsMfaConfigType{SmsConfiguration: &types.SmsConfigurationType{
			SnsCallerArn: aws.String("arn:aws:iam::123456789012:role/sns"),
		}},
		SoftwareTokenMfaConfiguration: &types.SoftwareTokenMfaConfigType{Enabled: true},
	})
	check(t, err)
}

// Second factors through AWS's SDK for Go: a software token is set up within the first sign-in and asked for at the next; then a
// number is there as well, and one of the two is chosen.
func TestAWSSDKForGoMFA(t *testing.T) {
	t.Parallel()
	w := newWorld(t, start(t, nil, "dev"), anyone)
	w.offerMFA(t, types.UserPoolMfaTypeOn)
	ctx, name, phone := t.Context(), "grace@example.com", "+15550101234"
	w.signUp(t, name, password)
	begin := func(want types.ChallengeNameType) *cip.InitiateAuthOutput {
		t.Helper()
		out, err := w.api.InitiateAuth(ctx, &cip.InitiateAuthInput{ClientId: &w.client, AuthFlow: types.AuthFlowTypeUserPasswordAuth,
			AuthParameters: map[string]string{"USERNAME": name, "PASSWORD": password}})
		check(t, err)
		if out.ChallengeName != want {
			t.Fatalf("the sign-in goes on with %s, want %s", out.ChallengeName, want)
		}
		return out
	}
	answer := func(challenge types.ChallengeNameType, session *string, key, value string) (*cip.RespondToAuthChallengeOutput, error) {
		responses := map[string]string{"USERNAME": name}
		if key != "" {
			responses[key] = value
		}
		return w.api.RespondToAuthChallenge(ctx, &cip.RespondToAuthChallengeInput{
			ClientId: &w.client, ChallengeName: challenge, Session: session, ChallengeResponses: responses,
		})
	}
	code := func(secret string, steps int) string {
		t.Helper()
		code, err := totp.GenerateCode(secret, time.Now().Add(time.Duration(steps)*30*time.Second))
		check(t, err)
		return code
	}

	setup := begin(types.ChallengeNameTypeMfaSetup)
	made, err := w.api.AssociateSoftwareToken(ctx, &cip.AssociateSoftwareTokenInput{Session: setup.Session})
	check(t, err)
	verified, err := w.api.VerifySoftwareToken(ctx, &cip.VerifySoftwareTokenInput{Session: made.Session, UserCode: aws.String(code(*made.SecretCode, 0))})
	check(t, err)
	if verified.Status != types.VerifySoftwareTokenResponseTypeSuccess {
		t.Fatalf("verified: %s", verified.Status)
	}
	done, err := answer(types.ChallengeNameTypeMfaSetup, verified.Session, "", "")
	check(t, err)
	if done.AuthenticationResult == nil {
		t.Fatalf("goes on with %s", done.ChallengeName)
	}

	asked := begin(types.ChallengeNameTypeSoftwareTokenMfa)
	_, err = answer(asked.ChallengeName, asked.Session, "SOFTWARE_TOKEN_MFA_CODE", code(*made.SecretCode, 100))
	if _, ok := errors.AsType[*types.CodeMismatchException](err); !ok {
		t.Fatalf("a wrong code: %v", err)
	}
	done, err = answer(asked.ChallengeName, asked.Session, "SOFTWARE_TOKEN_MFA_CODE", code(*made.SecretCode, 1))
	check(t, err)
	if done.AuthenticationResult == nil {
		t.Fatalf("goes on with %s", done.ChallengeName)
	}

	_, err = w.api.UpdateUserAttributes(ctx, &cip.UpdateUserAttributesInput{AccessToken: done.AuthenticationResult.AccessToken,
		UserAttributes: []types.AttributeType{{Name: aws.String("phone_number"), Value: &phone}}})
	check(t, err)
	choice := begin(types.ChallengeNameTypeSelectMfaType)
	chosen, err := answer(choice.ChallengeName, choice.Session, "ANSWER", "SMS_MFA")
	check(t, err)
	done, err = answer(chosen.ChallengeName, chosen.Session, "SMS_MFA_CODE", w.code(t, phone, "Authentication"))
	check(t, err)
	if done.AuthenticationResult == nil {
		t.Fatalf("goes on with %s", done.ChallengeName)
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

	w := &world{server: s, keys: anyone, api: api(s.url, anyone), pool: pool, client: client}
	w.offerMFA(t, types.UserPoolMfaTypeOptional)
	tokens := runScript(t, "amazon-cognito-identity-js.mjs", settings)
	settings["id"], settings["access"] = tokens["id"], tokens["access"]
	runScript(t, "aws-jwt-verify.mjs", settings)
	runScript(t, "aws-sdk-js.mjs", settings)
}
