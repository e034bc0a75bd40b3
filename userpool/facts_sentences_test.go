package userpool_test

import (
	"context"
	"testing"
	"time"

	"github.com/cenote-auth/cenote/awsapi"
	"github.com/cenote-auth/cenote/trigger"
	"github.com/cenote-auth/cenote/userpool"
)

// ERR-060: the sentences of section 14.4, each provoked and compared to the last full stop, which some have and some have not.
func TestSentences(t *testing.T) {
	t.Parallel()
	b := setup(t)
	narrows := on(b, "narrows", func(_ context.Context, e preTokenV2) (preTokenV2, error) {
		e.Response.ClaimsAndScopeOverrideDetails = &trigger.ClaimsAndScopeOverrideDetails{
			AccessTokenGeneration: &trigger.AccessTokenGeneration{ScopesToSuppress: []string{"aws.cognito.signin.user.admin"}},
		}
		return e, nil
	})
	base := b.app(legacy, emailAlias, func(in *userpool.CreateUserPoolClientInput) {
		in.WriteAttributes = []string{"email", "name"}
	})
	base.user("ada", "email", "ada@example.com")
	base.signUp("new", "email", "new@example.com")
	_, err := base.CreateGroup(t.Context(), &userpool.CreateGroupInput{UserPoolId: base.pool, GroupName: "crew"})
	check(t, err)
	byAddress := b.app(byEmail)
	byAddress.user("ada@example.com")
	byAddress.user("bob@example.com")
	secret, hidden := base.sibling(withSecret), base.sibling(hides)
	closed := b.app(func(in *userpool.CreateUserPoolInput) {
		in.AdminCreateUserConfig = &userpool.AdminCreateUserConfigType{AllowAdminCreateUserOnly: true}
	})
	scoped := b.app(func(in *userpool.CreateUserPoolInput) {
		in.LambdaConfig = &userpool.LambdaConfigType{PreTokenGenerationConfig: &userpool.PreTokenGenerationVersionConfigType{
			LambdaArn: narrows, LambdaVersion: userpool.PreTokenGenerationLambdaVersionTypeV20,
		}}
	})
	scoped.user("ada")

	tests := []struct {
		code awsapi.Code
		text string
		call func(a app) error
	}{
		{userpool.ErrResourceNotFound, "User pool us-east-1_Nowhere12 does not exist.", func(a app) error {
			_, err := a.DescribeUserPool(a.t.Context(), &userpool.DescribeUserPoolInput{UserPoolId: "us-east-1_Nowhere12"})
			return err
		}},
		{userpool.ErrResourceNotFound, "User pool client unknownclient does not exist.", func(a app) error {
			a.client = "unknownclient"
			_, err := a.tryPassword("ada", password)
			return err
		}},
		{userpool.ErrResourceNotFound, "Group not found.", func(a app) error {
			_, err := a.GetGroup(a.t.Context(), &userpool.GetGroupInput{UserPoolId: a.pool, GroupName: "nobodies"})
			return err
		}},
		{userpool.ErrUserNotFound, "User does not exist.", func(a app) error { _, err := a.tryPassword("nobody", password); return err }},
		{userpool.ErrUserNotFound, "Username/client id combination not found.", func(a app) error { _, err := a.forgot("nobody"); return err }},
		{userpool.ErrUserNotFound, "Username/client id combination not found.", func(a app) error { return a.reset("nobody", "123456", password) }},
		{userpool.ErrUserNotFound, "Username/client id combination not found.", func(a app) error { return a.confirm("nobody", "123456") }},
		{userpool.ErrUserNotFound, "Username/client id combination not found.", func(a app) error { _, err := a.resend("nobody"); return err }},
		{userpool.ErrUsernameExists, "User already exists", func(a app) error { return a.trySignUp("ada") }},
		{userpool.ErrUsernameExists, "User account already exists", func(a app) error { _, err := a.create("ada"); return err }},
		{userpool.ErrUsernameExists, "An account with the given email already exists.", func(a app) error {
			return byAddress.fork(a.t).trySignUp("ada@example.com")
		}},
		{userpool.ErrAliasExists, "An account with the email already exists.", func(a app) error {
			a.signUp("eve", "email", "ada@example.com")
			return a.confirm("eve", a.code("ada@example.com"))
		}},
		{userpool.ErrAliasExists, "An account with the given email already exists.", func(a app) error {
			return byAddress.fork(a.t).updateOf("bob@example.com", "email", "ada@example.com", "email_verified", "true")
		}},
		{userpool.ErrGroupExists, "A group with the name already exists.", func(a app) error {
			_, err := a.CreateGroup(a.t.Context(), &userpool.CreateGroupInput{UserPoolId: a.pool, GroupName: "crew"})
			return err
		}},
		{userpool.ErrNotAuthorized, "Incorrect username or password.", func(a app) error { _, err := a.tryPassword("ada", another); return err }},
		{userpool.ErrNotAuthorized, "Incorrect username or password.", func(a app) error {
			_, err := hidden.fork(a.t).tryPassword("nobody", password)
			return err
		}},
		{userpool.ErrNotAuthorized, "User is disabled.", func(a app) error {
			a.disable("ada")
			_, err := a.tryPassword("ada", password)
			return err
		}},
		{userpool.ErrNotAuthorized, "Password attempts exceeded", func(a app) error {
			for range 5 {
				_, err := a.tryPassword("ada", another)
				refused(a.t, err, userpool.ErrNotAuthorized, isWrong)
			}
			_, err := a.tryPassword("ada", password)
			return err
		}},
		{userpool.ErrNotAuthorized, "Invalid Access Token", func(a app) error { _, err := a.getUser("none"); return err }},
		{userpool.ErrNotAuthorized, "Access Token has expired", func(a app) error {
			access := a.signIn("ada").AccessToken
			a.clock.Advance(time.Hour)
			_, err := a.getUser(access)
			return err
		}},
		{userpool.ErrNotAuthorized, "Access Token has been revoked", func(a app) error {
			access := a.signIn("ada").AccessToken
			_, err := a.GlobalSignOut(a.t.Context(), &userpool.GlobalSignOutInput{AccessToken: access})
			check(a.t, err)
			_, err = a.getUser(access)
			return err
		}},
		{userpool.ErrNotAuthorized, "Access Token does not have required scopes", func(a app) error {
			a = scoped.fork(a.t)
			_, err := a.getUser(a.signIn("ada").AccessToken)
			return err
		}},
		{userpool.ErrNotAuthorized, "Unable to verify secret hash for client " + secret.client, func(a app) error {
			a = secret.fork(a.t)
			_, err := a.begin(userpool.AuthFlowTypeUserPasswordAuth, "USERNAME", "ada", "PASSWORD", password, "SECRET_HASH", "wrong")
			return err
		}},
		{userpool.ErrNotAuthorized, "Client " + secret.client + " is configured with secret but SECRET_HASH was not received", func(a app) error {
			a = secret.fork(a.t)
			a.secret = ""
			_, err := a.tryPassword("ada", password)
			return err
		}},
		{userpool.ErrNotAuthorized, "SignUp is not permitted for this user pool", func(a app) error { return closed.fork(a.t).trySignUp("ada") }},
		{userpool.ErrNotAuthorized, "A client attempted to write unauthorized attribute", func(a app) error {
			return a.trySignUp("eve", "nickname", "eve")
		}},
		{userpool.ErrNotAuthorized, "User cannot be confirmed. Current status is CONFIRMED", func(a app) error { return a.confirm("ada", "123456") }},
		{userpool.ErrUserNotConfirmed, "User is not confirmed.", func(a app) error { _, err := a.tryPassword("new", password); return err }},
		{userpool.ErrPasswordResetRequired, "Password reset required for the user", func(a app) error {
			check(a.t, a.tryReset("ada"))
			_, err := a.tryPassword("ada", password)
			return err
		}},
		{userpool.ErrCodeMismatch, "Invalid verification code provided, please try again.", func(a app) error {
			return a.confirm("new", notCode(b.code("new@example.com")))
		}},
		{userpool.ErrExpiredCode, "Invalid code provided, please request a code again.", func(a app) error {
			a.clock.Advance(24 * time.Hour)
			return a.confirm("new", b.code("new@example.com"))
		}},
		{userpool.ErrExpiredCode, "Invalid code provided, please request a code again.", func(a app) error { return a.reset("ada", "123456", password) }},
		{userpool.ErrLimitExceeded, "Attempt limit exceeded, please try after some time.", func(a app) error {
			for range 5 {
				_, err := a.resend("new")
				check(a.t, err)
			}
			_, err := a.resend("new")
			return err
		}},
	}
	b.deliver()
	for _, tt := range tests {
		t.Run(tt.text, func(t *testing.T) { refused(t, tt.call(base.fork(t)), tt.code, tt.text) })
	}
}

// ERR-060: a request that meets a change under way, here an invitation whose address changes meanwhile, is to be tried again.
func TestSentenceOfTooMuchAtOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var a app
	changes := on(b, "changes", func(_ context.Context, e trigger.CustomMessageEvent) (trigger.CustomMessageEvent, error) {
		return e, a.updateOf("ada", "email", "new@example.com", "email_verified", "true")
	})
	a = b.app(lambdas(userpool.LambdaConfigType{CustomMessage: changes}))
	a.newcomer("ada", "email", "ada@example.com")
	_, err := a.create("ada", resent)
	refused(t, err, userpool.ErrTooManyRequests, "Rate exceeded")
}

// trySignUp registers somebody with the usual password.
func (a app) trySignUp(name string, pairs ...string) error {
	_, err := a.SignUp(a.t.Context(), &userpool.SignUpInput{
		ClientId: a.client, Username: name, Password: password, SecretHash: a.hash(name), UserAttributes: attributes(pairs...),
	})
	return err
}
