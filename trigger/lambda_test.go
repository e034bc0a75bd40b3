package trigger_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambda/messages"

	"github.com/cenote-auth/cenote/trigger"
)

var _ trigger.Handler = lambda.Handler(nil)

// goes checks that an event of aws-lambda-go reads the golden event and loses nothing of it but what that type does not
// know, and that what it writes is an answer for the response type of this package.
func goes[Lambda, Req, Resp any](golden string, unknown ...string) func(*testing.T) {
	return func(t *testing.T) {
		t.Parallel()
		raw, err := os.ReadFile("testdata/events/" + golden + ".json")
		if err != nil {
			t.Fatal(err)
		}
		var ours trigger.Event[Req, Resp]
		if err := json.Unmarshal(raw, &ours); err != nil {
			t.Fatal(err)
		}
		var seen []byte
		h := lambda.NewHandler(func(_ context.Context, e Lambda) (Lambda, error) {
			var err error
			seen, err = json.Marshal(e)
			return e, err
		})
		if _, err := trigger.Run(t.Context(), newRunner(t, h), trigger.ARN("f"), ours); err != nil {
			t.Fatalf("answer of aws-lambda-go refused: %v", err)
		}
		var want, got struct{ Request map[string]json.RawMessage }
		if err := errors.Join(json.Unmarshal(raw, &want), json.Unmarshal(seen, &got)); err != nil {
			t.Fatal(err)
		}
		for _, name := range unknown {
			delete(want.Request, name)
		}
		for name, value := range want.Request {
			if !same(t, value, got.Request[name]) {
				t.Errorf("%s is %s in the Lambda's event, sent was %s", name, got.Request[name], value)
			}
		}
	}
}

// same compares JSON; null and the zero values that aws-lambda-go has in its place are the same.
func same(t *testing.T, a, b json.RawMessage) bool {
	t.Helper()
	canonical := func(raw json.RawMessage) []byte {
		var v any
		if len(raw) > 0 {
			if err := json.Unmarshal(raw, &v); err != nil {
				t.Fatal(err)
			}
		}
		out, err := json.Marshal(withoutNulls(v))
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	return bytes.Equal(canonical(a), canonical(b))
}

func withoutNulls(v any) any {
	switch v := v.(type) {
	case string:
		if v == "" {
			return nil
		}
	case []any:
		for i := range v {
			v[i] = withoutNulls(v[i])
		}
	case map[string]any:
		for k, x := range v {
			if x = withoutNulls(x); x == nil {
				delete(v, k)
			} else {
				v[k] = x
			}
		}
	}
	return v
}

// TRG-011
func TestLambdaEvents(t *testing.T) {
	t.Parallel()
	t.Run("PreSignUp", goes[events.CognitoEventUserPoolsPreSignup, trigger.PreSignUpRequest, trigger.PreSignUpResponse]("PreSignUp_SignUp"))
	t.Run("PostConfirmation", goes[events.CognitoEventUserPoolsPostConfirmation, trigger.PostConfirmationRequest, trigger.NoResponse]("PostConfirmation_ConfirmSignUp"))
	t.Run("PreAuthentication", goes[events.CognitoEventUserPoolsPreAuthentication, trigger.PreAuthenticationRequest, trigger.NoResponse]("PreAuthentication_Authentication"))
	t.Run("PostAuthentication", goes[events.CognitoEventUserPoolsPostAuthentication, trigger.PostAuthenticationRequest, trigger.NoResponse]("PostAuthentication_Authentication"))
	t.Run("Define", goes[events.CognitoEventUserPoolsDefineAuthChallenge, trigger.DefineAuthChallengeRequest, trigger.DefineAuthChallengeResponse]("DefineAuthChallenge_Authentication"))
	t.Run("Create", goes[events.CognitoEventUserPoolsCreateAuthChallenge, trigger.CreateAuthChallengeRequest, trigger.CreateAuthChallengeResponse]("CreateAuthChallenge_Authentication"))
	t.Run("Verify", goes[events.CognitoEventUserPoolsVerifyAuthChallenge, trigger.VerifyAuthChallengeResponseRequest,
		trigger.VerifyAuthChallengeResponseResponse]("VerifyAuthChallengeResponse_Authentication"))
	t.Run("TokenV1", goes[events.CognitoEventUserPoolsPreTokenGen, trigger.PreTokenGenerationRequest, trigger.PreTokenGenerationResponse]("TokenGeneration_Authentication"))
	t.Run("TokenV2", goes[events.CognitoEventUserPoolsPreTokenGenV2_0, trigger.PreTokenGenerationV2Request, trigger.PreTokenGenerationV2Response]("TokenGeneration_Authentication.v2"))
	t.Run("TokenV3", goes[events.CognitoEventUserPoolsPreTokenGenV2_0, trigger.PreTokenGenerationV2Request, trigger.PreTokenGenerationV2Response]("TokenGeneration_ClientCredentials"))
	t.Run("Migration", goes[events.CognitoEventUserPoolsMigrateUser, trigger.UserMigrationRequest, trigger.UserMigrationResponse]("UserMigration_Authentication"))
	t.Run("Message", goes[events.CognitoEventUserPoolsCustomMessage, trigger.CustomMessageRequest, trigger.CustomMessageResponse]("CustomMessage_AdminCreateUser", "linkParameter"))
	t.Run("Federation", goes[events.CognitoEventUserPoolsInboundFederation, trigger.InboundFederationRequest, trigger.InboundFederationResponse]("InboundFederation_ExternalProvider"))
}

// TRG-021: the two ways in which a Go Lambda refuses.
func TestLambdaErrors(t *testing.T) {
	t.Parallel()
	for name, refusal := range map[string]error{
		"plain": errors.New("no"),
		"typed": messages.InvokeResponse_Error{Message: "no", Type: "Refusal"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := lambda.NewHandler(func(events.CognitoEventUserPoolsPreSignup) (*events.CognitoEventUserPoolsPreSignup, error) {
				return nil, refusal
			})
			_, err := run(t.Context(), newRunner(t, h))
			wantError(t, err, trigger.ErrUserLambdaValidation, "PreSignUp failed with error no.")
		})
	}
}

// A Lambda that expects another event fails as a function, not as an invocation.
func TestLambdaOfAnotherEvent(t *testing.T) {
	t.Parallel()
	_, err := run(t.Context(), newRunner(t, lambda.NewHandler(func(int) (int, error) { return 0, nil })))
	wantError(t, err, trigger.ErrUserLambdaValidation,
		"PreSignUp failed with error json: cannot unmarshal object into Go value of type int.")
}
