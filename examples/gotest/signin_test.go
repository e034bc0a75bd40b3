package gotest

import (
	"testing"

	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/cenote-auth/cenote/cenotetest"
	"github.com/cenote-auth/cenote/srp"
)

func TestSignIn(t *testing.T) {
	c := cenotetest.Run(t)                     // no socket, no Docker
	p := c.Pool(t, cenotetest.Pool{})          // a pool with one client
	client := cip.NewFromConfig(c.AWSConfig()) // AWS's SDK, unmodified
	ctx, name, password := t.Context(), "ada@example.com", "Correct-Horse-9"

	_, err := client.SignUp(ctx, &cip.SignUpInput{ClientId: &p.ClientID, Username: &name, Password: &password})
	check(t, err)
	code := c.Outbox().LastCode(name) // what the e-mail would have said
	_, err = client.ConfirmSignUp(ctx, &cip.ConfirmSignUpInput{ClientId: &p.ClientID, Username: &name, ConfirmationCode: &code})
	check(t, err)

	login, err := srp.NewLogin(p.ID, name, password) // the password never leaves the client
	check(t, err)
	begin, err := client.InitiateAuth(ctx, &cip.InitiateAuthInput{ClientId: &p.ClientID,
		AuthFlow: types.AuthFlowTypeUserSrpAuth, AuthParameters: login.Params()})
	check(t, err)
	answers, err := login.Respond(begin.ChallengeParameters, c.Now())
	check(t, err)
	end, err := client.RespondToAuthChallenge(ctx, &cip.RespondToAuthChallengeInput{ClientId: &p.ClientID,
		ChallengeName: begin.ChallengeName, Session: begin.Session, ChallengeResponses: answers})
	check(t, err)

	claims, err := c.UserPools.Verifier(p.ID, p.ClientID).Verify(ctx, *end.AuthenticationResult.AccessToken)
	check(t, err)
	t.Log(claims.Subject, claims.Groups)
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
