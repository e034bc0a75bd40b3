package cenote_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"github.com/cenote-auth/cenote/cenotetest"
	"github.com/cenote-auth/cenote/token"
	"github.com/cenote-auth/cenote/userpool"
)

// How the package is used, one file for each kind of user; examples/gotest begins.

func TestUsage2_TimeInABubble(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := cenotetest.Run(t)
		p := c.Pool(t, cenotetest.Pool{ID: "us-east-1_Example01", ClientID: "1example23456789"}) // ids as the front end has them
		c.Load(t, "testdata/people.json")
		tokens, err := c.SignIn(t.Context(), p, "ada@example.com", "Correct-Horse-9")
		check(t, err)
		claims, err := c.UserPools.Verifier(p.ID, p.ClientID).Verify(t.Context(), tokens.Access)
		check(t, err)
		if !claims.InGroup("admins") {
			t.Errorf("claims %+v", claims)
		}
		time.Sleep(61 * time.Minute) // no real time passes
		_, err = c.UserPools.Verifier(p.ID, p.ClientID).Verify(t.Context(), tokens.Access)
		if !errors.Is(err, token.ErrExpired) {
			t.Fatal(err)
		}
	})
}

func TestUsage2_TimeOutsideOfABubble(t *testing.T) {
	t.Parallel()
	c := cenotetest.Run(t)
	c.Load(t, "testdata/people.json")
	p := cenotetest.Pool{ID: "us-east-1_Example01", ClientID: "1example23456789"}
	client := cip.NewFromConfig(c.AWSConfig())
	name, password := "lin@example.com", "Correct-Horse-9"
	in := &cip.SignUpInput{ClientId: &p.ClientID, Username: &name, Password: &password}

	tokens, err := c.SignIn(t.Context(), p, "ada@example.com", "Correct-Horse-9")
	check(t, err)
	c.Advance(61 * time.Minute)
	_, err = c.UserPools.Verifier(p.ID, p.ClientID).Verify(t.Context(), tokens.Access)
	if !errors.Is(err, token.ErrExpired) {
		t.Fatal(err)
	}

	c.FailNext("SignUp", userpool.ErrTooManyRequests) // seen by the SDK at once: AWSConfig does not retry
	_, err = client.SignUp(t.Context(), in)
	if _, ok := errors.AsType[*types.TooManyRequestsException](err); !ok {
		t.Fatal(err)
	}
	_, err = client.SignUp(t.Context(), in)
	check(t, err)
	_, err = client.AdminConfirmSignUp(t.Context(), &cip.AdminConfirmSignUpInput{UserPoolId: &p.ID, Username: &name}) // signed
	check(t, err)
}
