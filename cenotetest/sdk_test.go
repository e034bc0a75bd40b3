package cenotetest_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"github.com/cenote-auth/cenote/cenotetest"
	"github.com/cenote-auth/cenote/srp"
	"github.com/cenote-auth/cenote/userpool"
)

// sdkSignIn is the SRP exchange by AWS's SDK.
func sdkSignIn(t *testing.T, c *cenotetest.Cenote, p cenotetest.Pool, name, password string) (*types.AuthenticationResultType, error) {
	t.Helper()
	client := cip.NewFromConfig(c.AWSConfig())
	var options []srp.Option
	if p.ClientSecret != "" {
		options = append(options, srp.WithClientSecret(p.ClientID, p.ClientSecret))
	}
	login, err := srp.NewLogin(p.ID, name, password, options...)
	check(t, err)
	begin, err := client.InitiateAuth(t.Context(), &cip.InitiateAuthInput{ClientId: &p.ClientID,
		AuthFlow: types.AuthFlowTypeUserSrpAuth, AuthParameters: login.Params()})
	if err != nil {
		return nil, err
	}
	answers, err := login.Respond(begin.ChallengeParameters, c.Now())
	check(t, err)
	end, err := client.RespondToAuthChallenge(t.Context(), &cip.RespondToAuthChallengeInput{ClientId: &p.ClientID,
		ChallengeName: begin.ChallengeName, Session: begin.Session, ChallengeResponses: answers})
	if err != nil {
		return nil, err
	}
	return end.AuthenticationResult, nil
}

// AWS's SDK works as it is: public and signed operations, and its own error types.
func TestSDK(t *testing.T) {
	t.Parallel()
	c := cenotetest.Run(t)
	p := c.Pool(t, cenotetest.Pool{})
	client := cip.NewFromConfig(c.AWSConfig())
	ctx, name, password, wrong := t.Context(), name, password, "Wrong-Horse-9"

	signUp := &cip.SignUpInput{ClientId: &p.ClientID, Username: &name, Password: &password}
	out, err := client.SignUp(ctx, signUp)
	check(t, err)
	if out.UserConfirmed || out.CodeDeliveryDetails == nil || out.CodeDeliveryDetails.DeliveryMedium != types.DeliveryMediumTypeEmail {
		t.Errorf("sign-up: %+v", out)
	}
	_, err = client.SignUp(ctx, signUp)
	exists, ok := errors.AsType[*types.UsernameExistsException](err)
	if !ok || exists.ErrorCode() != "UsernameExistsException" || exists.ErrorMessage() == "" {
		t.Errorf("signed up twice: %v", err)
	}
	if _, err = sdkSignIn(t, c, p, name, password); !isType[*types.UserNotConfirmedException](err) {
		t.Errorf("signed in unconfirmed: %v", err)
	}
	no := "000000"
	_, err = client.ConfirmSignUp(ctx, &cip.ConfirmSignUpInput{ClientId: &p.ClientID, Username: &name, ConfirmationCode: &no})
	if !isType[*types.CodeMismatchException](err) {
		t.Errorf("confirmed with a wrong code: %v", err)
	}
	code := c.Outbox().LastCode(name)
	_, err = client.ConfirmSignUp(ctx, &cip.ConfirmSignUpInput{ClientId: &p.ClientID, Username: &name, ConfirmationCode: &code})
	check(t, err)
	if _, err = sdkSignIn(t, c, p, name, wrong); !isType[*types.NotAuthorizedException](err) {
		t.Errorf("signed in with a wrong password: %v", err)
	}
	tokens, err := sdkSignIn(t, c, p, name, password)
	check(t, err)
	user, err := client.GetUser(ctx, &cip.GetUserInput{AccessToken: tokens.AccessToken})
	check(t, err)
	claims, err := c.UserPools.Verifier(p.ID, p.ClientID).Verify(ctx, *tokens.AccessToken)
	check(t, err)
	if claims.Username != *user.Username || claims.Username != claims.Subject {
		t.Errorf("claims %+v, user %q", claims, *user.Username)
	}

	unknown := "us-east-1_Unknown01"
	_, err = client.AdminConfirmSignUp(ctx, &cip.AdminConfirmSignUpInput{UserPoolId: &unknown, Username: &name}) // signed
	if !isType[*types.ResourceNotFoundException](err) {
		t.Errorf("an unknown pool: %v", err)
	}
}

func isType[E error](err error) bool {
	_, ok := errors.AsType[E](err)
	return ok
}

// A client with a secret, by the SDK and by SignIn.
func TestSDKWithSecret(t *testing.T) {
	t.Parallel()
	c := cenotetest.Run(t)
	p := c.Pool(t, cenotetest.Pool{Secret: true})
	if p.ClientSecret == "" {
		t.Fatal("the client has no secret")
	}
	client := cip.NewFromConfig(c.AWSConfig())
	name, password := name, password
	hash := srp.SecretHash(name, p.ClientID, p.ClientSecret)
	_, err := client.SignUp(t.Context(), &cip.SignUpInput{ClientId: &p.ClientID, Username: &name, Password: &password, SecretHash: &hash})
	check(t, err)
	_, err = c.UserPools.AdminConfirmSignUp(t.Context(), &userpool.AdminConfirmSignUpInput{UserPoolId: p.ID, Username: name})
	check(t, err)
	_, err = sdkSignIn(t, c, p, name, password)
	check(t, err)
	_, err = c.SignIn(t.Context(), p, name, password)
	check(t, err)
}

// Failures that were ordered reach the SDK's caller at once, in the SDK's types, once each, in order.
func TestFailNext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := cenotetest.Run(t)
		p := c.Pool(t, cenotetest.Pool{})
		client := cip.NewFromConfig(c.AWSConfig())
		name, password := name, password
		in := &cip.SignUpInput{ClientId: &p.ClientID, Username: &name, Password: &password}
		begun := time.Now()

		c.FailNext("SignUp", userpool.ErrTooManyRequests)
		c.FailNext("SignUp", errors.New("a secret of the test"))
		c.FailNext("SignUp", nil)
		c.FailNext("SignUp", userpool.ErrInvalidParameter.New("as ordered"))
		if _, err := client.SignUp(t.Context(), in); !isType[*types.TooManyRequestsException](err) {
			t.Errorf("1: %v", err)
		}
		_, err := client.SignUp(t.Context(), in)
		if internal, ok := errors.AsType[*types.InternalErrorException](err); !ok || internal.ErrorMessage() == "a secret of the test" {
			t.Errorf("2: %v", err)
		}
		if len(c.Outbox().All()) != 0 {
			t.Error("a failed sign-up has sent a message")
		}
		_, err = client.SignUp(t.Context(), in)
		check(t, err)
		_, err = client.SignUp(t.Context(), in)
		if invalid, ok := errors.AsType[*types.InvalidParameterException](err); !ok || invalid.ErrorMessage() != "as ordered" {
			t.Errorf("4: %v", err)
		}
		if _, err = client.SignUp(t.Context(), in); !isType[*types.UsernameExistsException](err) {
			t.Errorf("5: %v", err)
		}
		if waited := time.Since(begun); waited != 0 { // in a bubble, a pause before a retry would show
			t.Errorf("the SDK waited for %v", waited)
		}
	})
}

func TestFailNextOfNoOperation(t *testing.T) {
	t.Parallel()
	got := during(func(t cenotetest.TB) { cenotetest.Run(t).FailNext("SignUpp", userpool.ErrTooManyRequests) })
	wantFailure(t, got, `no operation "SignUpp"`)
}

// Requests are signed by the real clock, whatever the instance's says.
func TestSDKWorksAtOtherTimes(t *testing.T) {
	t.Parallel()
	c := cenotetest.Run(t)
	p := c.Pool(t, cenotetest.Pool{})
	for _, at := range []time.Time{time.Now().AddDate(10, 0, 0), time.Date(2020, 2, 29, 0, 0, 0, 0, time.UTC)} {
		c.SetTime(at)
		client := cip.NewFromConfig(c.AWSConfig())
		name, password := at.Format("2006")+"@example.com", password
		_, err := client.SignUp(t.Context(), &cip.SignUpInput{ClientId: &p.ClientID, Username: &name, Password: &password})
		check(t, err)
		_, err = client.AdminConfirmSignUp(t.Context(), &cip.AdminConfirmSignUpInput{UserPoolId: &p.ID, Username: &name})
		check(t, err)
		tokens, err := sdkSignIn(t, c, p, name, password)
		check(t, err)
		claims, err := c.UserPools.Verifier(p.ID).Verify(t.Context(), *tokens.AccessToken)
		check(t, err)
		if claims.IssuedAt.Before(at.Truncate(time.Second)) || claims.IssuedAt.After(c.Now()) {
			t.Errorf("issued at %v, the clock was set to %v", claims.IssuedAt, at)
		}
	}
}
