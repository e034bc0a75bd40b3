package e2e_test

import (
	"context"
	"errors"
	"strconv"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"github.com/cenote-auth/cenote/trigger"
)

// A quiz signs in whoever has two answers right, after the password if the client begins with it, and gives up after two wrong ones.
// Its functions are written for AWS Lambda and know nothing of cenote.
type quiz struct{}

func (quiz) define(e events.CognitoEventUserPoolsDefineAuthChallenge) (events.CognitoEventUserPoolsDefineAuthChallenge, error) {
	right, wrong := 0, 0
	for i, past := range e.Request.Session {
		switch {
		case i == 0 && past.ChallengeName == "SRP_A":
			e.Response.ChallengeName = "PASSWORD_VERIFIER"
			if len(e.Request.Session) == 1 {
				return e, nil
			}
		case past.ChallengeName == "PASSWORD_VERIFIER" && past.ChallengeResult:
		case past.ChallengeName == "CUSTOM_CHALLENGE" && past.ChallengeResult:
			right++
		default:
			wrong++
		}
	}
	e.Response.ChallengeName = "CUSTOM_CHALLENGE"
	e.Response.IssueTokens = right == 2
	e.Response.FailAuthentication = wrong == 2 || e.Request.UserNotFound
	return e, nil
}

func (quiz) create(e events.CognitoEventUserPoolsCreateAuthChallenge) (events.CognitoEventUserPoolsCreateAuthChallenge, error) {
	round := len(e.Request.Session)
	e.Response.PublicChallengeParameters = map[string]string{
		"question": "What is " + strconv.Itoa(round) + " and 40?", "email": e.Request.UserAttributes["email"],
	}
	e.Response.PrivateChallengeParameters = map[string]string{"answer": strconv.Itoa(round + 40)}
	e.Response.ChallengeMetadata = "ROUND_" + strconv.Itoa(round)
	return e, nil
}

func (quiz) verify(e events.CognitoEventUserPoolsVerifyAuthChallenge) (events.CognitoEventUserPoolsVerifyAuthChallenge, error) {
	if e.Request.ClientMetadata["broken"] != "" {
		return e, errors.New("the quiz master is ill")
	}
	e.Response.AnswerCorrect = e.Request.ChallengeAnswer == e.Request.PrivateChallengeParameters["answer"] && e.Request.ClientMetadata["badge"] == "blue"
	return e, nil
}

// AUTH-222…225, AUTH-227, AUTH-228, AUTH-230, AUTH-231, AUTH-233, AUTH-234, AUTH-236: CUSTOM_AUTH by the clients that people have, with
// the functions behind Lambda's Invoke API.
func TestCustomAuth(t *testing.T) {
	t.Parallel()
	functions := startLambda(t, map[string]any{"define": quiz{}.define, "create": quiz{}.create, "verify": quiz{}.verify})
	w := newWorld(t, start(t, nil, "dev", "--lambda-endpoint", functions), anyone, func(in *cip.CreateUserPoolInput) {
		in.LambdaConfig = &types.LambdaConfigType{
			DefineAuthChallenge: aws.String(trigger.ARN("define")), CreateAuthChallenge: aws.String(trigger.ARN("create")),
			VerifyAuthChallengeResponse: aws.String(trigger.ARN("verify")),
		}
	})
	client, err := w.api.CreateUserPoolClient(t.Context(), &cip.CreateUserPoolClientInput{
		UserPoolId: &w.pool, ClientName: aws.String("quiz"), ExplicitAuthFlows: []types.ExplicitAuthFlowsType{
			types.ExplicitAuthFlowsTypeAllowCustomAuth, types.ExplicitAuthFlowsTypeAllowUserSrpAuth, types.ExplicitAuthFlowsTypeAllowRefreshTokenAuth,
		},
	})
	check(t, err)
	w.client = *client.UserPoolClient.ClientId
	const name = "ada@example.com"
	w.signUp(t, name, password)
	settings := map[string]string{"url": w.url, "pool": w.pool, "client": w.client, "name": name, "password": password}
	for _, script := range []string{"custom-auth.mjs", "custom-auth-amplify.mjs"} {
		t.Run(script, func(t *testing.T) {
			t.Parallel()
			runScript(t, script, settings)
		})
	}
	t.Run("aws-sdk-go-v2", func(t *testing.T) {
		t.Parallel()
		w.playQuiz(t.Context(), t, name)
	})
}

// playQuiz signs in by two right answers, with AWS's SDK.
func (w *world) playQuiz(ctx context.Context, t *testing.T, name string) {
	begun, err := w.api.InitiateAuth(ctx, &cip.InitiateAuthInput{
		ClientId: &w.client, AuthFlow: types.AuthFlowTypeCustomAuth, AuthParameters: map[string]string{"USERNAME": name},
	})
	check(t, err)
	answer := func(session *string, text string) (*cip.RespondToAuthChallengeOutput, error) {
		return w.api.RespondToAuthChallenge(ctx, &cip.RespondToAuthChallengeInput{
			ClientId: &w.client, ChallengeName: types.ChallengeNameTypeCustomChallenge, Session: session,
			ChallengeResponses: map[string]string{"USERNAME": name, "ANSWER": text}, ClientMetadata: map[string]string{"badge": "blue"},
		})
	}
	next, err := answer(begun.Session, "40")
	check(t, err)
	if next.ChallengeParameters["question"] != "What is 1 and 40?" || next.AuthenticationResult != nil {
		t.Fatalf("the second round is %+v", next)
	}
	done, err := answer(next.Session, "41")
	check(t, err)
	if done.AuthenticationResult == nil {
		t.Fatalf("goes on with %s", done.ChallengeName)
	}
	_, err = answer(next.Session, "41")
	if _, refused := errors.AsType[*types.NotAuthorizedException](err); !refused {
		t.Errorf("a session was good twice: %v", err)
	}
}
