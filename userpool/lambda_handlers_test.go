package userpool_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	awslambda "github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambda/messages"

	"github.com/cenote-auth/cenote/trigger"
	"github.com/cenote-auth/cenote/userpool"
)

// stack is a set of Lambda functions that know nothing but aws-lambda-go, one of each kind that a pool can name.
type stack struct {
	mu    sync.Mutex
	calls map[string]int
	mail  []senderEvent
}

// senderEvent is what a custom sender in Go declares by itself: aws-lambda-go has no type for it.
type senderEvent struct {
	events.CognitoEventUserPoolsHeader
	Request struct {
		Type           string            `json:"type"`
		Code           *string           `json:"code"`
		ClientMetadata map[string]string `json:"clientMetadata"`
		UserAttributes map[string]string `json:"userAttributes"`
	} `json:"request"`
}

func (s *stack) called(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.calls == nil {
		s.calls = map[string]int{}
	}
	s.calls[name]++
}

func (s *stack) preSignUp(e events.CognitoEventUserPoolsPreSignup) (events.CognitoEventUserPoolsPreSignup, error) {
	s.called("PreSignUp")
	if e.Request.ValidationData["captcha"] == "wrong" {
		return e, errors.New("captcha")
	}
	e.Response.AutoConfirmUser = e.UserName == "auto"
	return e, nil
}

func (s *stack) postConfirmation(e events.CognitoEventUserPoolsPostConfirmation) (events.CognitoEventUserPoolsPostConfirmation, error) {
	s.called("PostConfirmation")
	return e, nil
}

func (s *stack) preAuthentication(_ context.Context, e events.CognitoEventUserPoolsPreAuthentication) (events.CognitoEventUserPoolsPreAuthentication, error) {
	s.called("PreAuthentication")
	if e.Request.UserAttributes["nickname"] == "blocked" {
		return e, messages.InvokeResponse_Error{Message: "go away", Type: "Blocked"}
	}
	return e, nil
}

func (s *stack) postAuthentication(e *events.CognitoEventUserPoolsPostAuthentication) (*events.CognitoEventUserPoolsPostAuthentication, error) {
	s.called("PostAuthentication")
	return e, nil
}

func (s *stack) tokenV1(e events.CognitoEventUserPoolsPreTokenGen) (events.CognitoEventUserPoolsPreTokenGen, error) {
	s.called("PreTokenGeneration")
	e.Response.ClaimsOverrideDetails = events.ClaimsOverrideDetails{
		ClaimsToAddOrOverride: map[string]string{"made_by": "lambda"},
		GroupOverrideDetails:  events.GroupConfiguration{GroupsToOverride: []string{"crew"}},
	}
	return e, nil
}

func (s *stack) tokenV2(e events.CognitoEventUserPoolsPreTokenGenV2_0) (events.CognitoEventUserPoolsPreTokenGenV2_0, error) {
	s.called("PreTokenGeneration")
	e.Response.ClaimsAndScopeOverrideDetails.AccessTokenGeneration = events.AccessTokenGenerationV2_0{
		ClaimsToAddOrOverride: map[string]any{"level": 3}, ScopesToAdd: []string{"orders/read"},
	}
	return e, nil
}

func (s *stack) customMessage(e events.CognitoEventUserPoolsCustomMessage) (events.CognitoEventUserPoolsCustomMessage, error) {
	s.called("CustomMessage")
	text := "It is " + e.Request.CodeParameter
	if e.TriggerSource == "CustomMessage_AdminCreateUser" {
		text += " for " + e.Request.UsernameParameter
	}
	e.Response.EmailSubject, e.Response.EmailMessage, e.Response.SMSMessage = "Code for "+e.UserName, text, text
	return e, nil
}

func (s *stack) migrate(e events.CognitoEventUserPoolsMigrateUser) (events.CognitoEventUserPoolsMigrateUser, error) {
	s.called("UserMigration")
	if e.UserName != "legacy" {
		return e, errors.New("unknown user")
	}
	e.CognitoEventUserPoolsMigrateUserResponse.UserAttributes = map[string]string{"email": "legacy@example.com", "email_verified": "true"}
	e.CognitoEventUserPoolsMigrateUserResponse.FinalUserStatus = "CONFIRMED"
	e.CognitoEventUserPoolsMigrateUserResponse.MessageAction = "SUPPRESS"
	return e, nil
}

func (s *stack) define(e events.CognitoEventUserPoolsDefineAuthChallenge) (events.CognitoEventUserPoolsDefineAuthChallenge, error) {
	s.called("DefineAuthChallenge")
	if n := len(e.Request.Session); n > 0 && e.Request.Session[n-1].ChallengeResult {
		e.Response.IssueTokens = true
	} else {
		e.Response.ChallengeName = "CUSTOM_CHALLENGE"
	}
	return e, nil
}

func (s *stack) create(e events.CognitoEventUserPoolsCreateAuthChallenge) (events.CognitoEventUserPoolsCreateAuthChallenge, error) {
	s.called("CreateAuthChallenge")
	e.Response.PublicChallengeParameters = map[string]string{"sum": "2+2"}
	e.Response.PrivateChallengeParameters = map[string]string{"answer": "4"}
	return e, nil
}

func (s *stack) verify(e events.CognitoEventUserPoolsVerifyAuthChallenge) (events.CognitoEventUserPoolsVerifyAuthChallenge, error) {
	s.called("VerifyAuthChallengeResponse")
	e.Response.AnswerCorrect = fmt.Sprint(e.Request.ChallengeAnswer) == e.Request.PrivateChallengeParameters["answer"]
	return e, nil
}

func (s *stack) send(e senderEvent) error {
	s.called("CustomSMSSender")
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mail = append(s.mail, e)
	return nil
}

// deploy enters the functions as they would be started on AWS Lambda and returns a pool's settings for them.
func (s *stack) deploy(b *bench, version userpool.PreTokenGenerationLambdaVersionType) userpool.LambdaConfigType {
	at := func(name string, f any) string {
		b.functions.Handle(name, awslambda.NewHandler(f))
		return trigger.ARN(name)
	}
	l := userpool.LambdaConfigType{
		PreSignUp: at("presignup", s.preSignUp), PostConfirmation: at("postconfirmation", s.postConfirmation),
		PreAuthentication: at("preauth", s.preAuthentication), PostAuthentication: at("postauth", s.postAuthentication),
		CustomMessage: at("message", s.customMessage), UserMigration: at("migrate", s.migrate),
		DefineAuthChallenge: at("define", s.define), CreateAuthChallenge: at("create", s.create),
		VerifyAuthChallengeResponse: at("verify", s.verify),
		CustomSMSSender:             &userpool.CustomSMSLambdaVersionConfigType{LambdaArn: at("sms", s.send), LambdaVersion: "V1_0"},
		KMSKeyID:                    senderKeyARN,
	}
	if version == "V1_0" {
		l.PreTokenGeneration = at("token", s.tokenV1)
	} else {
		l.PreTokenGenerationConfig = &userpool.PreTokenGenerationVersionConfigType{LambdaArn: at("token", s.tokenV2), LambdaVersion: version}
	}
	return l
}

// TRG-010, TRG-011: Go functions written for AWS Lambda, with the events of aws-lambda-go, run as triggers unchanged. TRG-114: what they
// write is sent although the pool has the default sending account.
func TestLambdaHandlers(t *testing.T) {
	t.Parallel()
	for _, version := range []userpool.PreTokenGenerationLambdaVersionType{"V1_0", "V2_0", "V3_0"} {
		t.Run(string(version), func(t *testing.T) {
			t.Parallel()
			s, keys := &stack{}, newKeyring(t)
			b := setup(t, func(c *userpool.Config) { c.SenderKeys = keys })
			a := b.app(lambdas(s.deploy(b, version)), withSMS, legacy, verifiesBoth, flows("ALLOW_USER_PASSWORD_AUTH", "ALLOW_CUSTOM_AUTH"))

			_, err := a.SignUp(t.Context(), &userpool.SignUpInput{
				ClientId: a.client, Username: "eve", Password: password, ValidationData: attributes("captcha", "wrong"),
			})
			refused(t, err, userpool.ErrUserLambdaValidation, "PreSignUp failed with error captcha.")
			a.signUp("auto")
			a.signUp("ada", "email", "ada@example.com")
			a.deliver()
			if m, _ := a.outbox.Last("ada@example.com"); m.Subject != "Code for ada" || m.Body != "It is "+m.Code {
				t.Errorf("the message is %+v", m)
			}
			check(t, a.confirm("ada", a.outbox.LastCode("ada@example.com")))
			_, err = a.create("guest", having("email", "guest@example.com"), invited(userpool.DeliveryMediumTypeEmail))
			check(t, err)
			a.signUp("mob", "phone_number", "+12065559934")
			a.deliver()
			if len(s.mail) != 1 || s.mail[0].TriggerSource != "CustomSMSSender_SignUp" || s.mail[0].UserName != "mob" {
				t.Fatalf("the sender heard %+v", s.mail)
			}
			code, err := keys.Open(a.pool, *s.mail[0].Request.Code)
			check(t, err)
			check(t, a.confirm("mob", code))

			tokens := a.signIn("ada")
			if id, access := claimsOf(t, tokens.IdToken), claimsOf(t, tokens.AccessToken); version == "V1_0" {
				if id["made_by"] != "lambda" || fmt.Sprint(access["cognito:groups"]) != "[crew]" {
					t.Errorf("claims are %v and %v", id, access)
				}
			} else if access["level"] != 3.0 || access["scope"] != "aws.cognito.signin.user.admin orders/read" {
				t.Errorf("claims are %v", access)
			}
			a.signUp("bad", "nickname", "blocked")
			_, err = a.AdminConfirmSignUp(t.Context(), &userpool.AdminConfirmSignUpInput{UserPoolId: a.pool, Username: "bad"})
			check(t, err)
			_, err = a.tryPassword("bad", password)
			refused(t, err, userpool.ErrUserLambdaValidation, "PreAuthentication failed with error go away.")

			_, err = a.tryPassword("stranger", password)
			refused(t, err, userpool.ErrUserLambdaValidation, "UserMigration failed with error unknown user.")
			_, err = a.tryPassword("legacy", "simple")
			check(t, err)

			out, err := a.begin(customAuth, "USERNAME", "ada")
			check(t, err)
			if out.ChallengeParameters["sum"] != "2+2" {
				t.Errorf("the question is %v", out.ChallengeParameters)
			}
			wrong, err := a.respond(customChallenge, out.Session, "USERNAME", "ada", "ANSWER", "5")
			check(t, err)
			right, err := a.respond(customChallenge, wrong.Session, "USERNAME", "ada", "ANSWER", "4")
			check(t, err)
			if right.AuthenticationResult == nil {
				t.Error("the right answer gives no tokens")
			}

			for _, kind := range []string{
				"PreSignUp", "PostConfirmation", "PreAuthentication", "PostAuthentication", "PreTokenGeneration", "CustomMessage",
				"UserMigration", "DefineAuthChallenge", "CreateAuthChallenge", "VerifyAuthChallengeResponse", "CustomSMSSender",
			} {
				if s.calls[kind] == 0 {
					t.Errorf("%s did not run: %v", kind, s.calls)
				}
			}
		})
	}
}
