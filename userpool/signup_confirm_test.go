package userpool_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/cenote-auth/cenote/message"
	"github.com/cenote-auth/cenote/trigger"
	"github.com/cenote-auth/cenote/userpool"
)

const (
	codeIsWrong = "Invalid verification code provided, please try again."
	codeIsOver  = "Invalid code provided, please request a code again."
	tooOften    = "Attempt limit exceeded, please try after some time."
)

func (a app) confirm(name, code string) error {
	_, err := a.ConfirmSignUp(a.t.Context(), &userpool.ConfirmSignUpInput{
		ClientId: a.client, Username: name, ConfirmationCode: code, SecretHash: a.hash(name),
	})
	return err
}

func (a app) resend(name string) (*userpool.ResendConfirmationCodeOutput, error) {
	return a.ResendConfirmationCode(a.t.Context(), &userpool.ResendConfirmationCodeInput{
		ClientId: a.client, Username: name, SecretHash: a.hash(name),
	})
}

// notCode returns a code of the same form that is another one.
func notCode(code string) string {
	if code[0] == '0' {
		return "1" + code[1:]
	}
	return "0" + code[1:]
}

// AUTH-018, AUTH-108…111, AUTH-109, AUTH-020, AUTH-582: a code confirms once, and only the address that got it.
func TestConfirmSignUp(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var told []trigger.PostConfirmationEvent
	arn := on(b, "tell", func(_ context.Context, e trigger.PostConfirmationEvent) (trigger.PostConfirmationEvent, error) {
		told = append(told, e)
		return e, nil
	})
	a := b.app(lambdas(userpool.LambdaConfigType{PostConfirmation: arn}))
	a.signUp("ada", "email", "ada@example.com")
	before := a.profile("ada").UserLastModifiedDate
	b.clock.Advance(time.Minute)
	code := b.code("ada@example.com")

	refused(t, a.confirm("ada", notCode(code)), userpool.ErrCodeMismatch, codeIsWrong)
	refused(t, a.confirm("nobody", code), userpool.ErrUserNotFound, "Username/client id combination not found.")
	if a.status("ada") != userpool.UserStatusTypeUnconfirmed {
		t.Error("a wrong code confirmed the user")
	}
	_, err := a.ConfirmSignUp(t.Context(), &userpool.ConfirmSignUpInput{
		ClientId: a.client, Username: "ada", ConfirmationCode: code, ClientMetadata: map[string]string{"k": "v"},
	})
	check(t, err)
	p := a.profile("ada")
	if p.UserStatus != userpool.UserStatusTypeConfirmed || valueOf(p.UserAttributes, "email_verified") != "true" {
		t.Errorf("status %s, email_verified %s", p.UserStatus, valueOf(p.UserAttributes, "email_verified"))
	}
	if !p.UserLastModifiedDate.After(before) { // AUTH-009
		t.Error("UserLastModifiedDate did not move")
	}
	if len(told) != 1 || told[0].TriggerSource != trigger.PostConfirmationConfirmSignUp || told[0].Request.ClientMetadata["k"] != "v" {
		t.Errorf("the post confirmation function was told %+v", told)
	}
	refused(t, a.confirm("ada", code), userpool.ErrNotAuthorized, "User cannot be confirmed. Current status is CONFIRMED")
	_, err = a.AdminConfirmSignUp(t.Context(), &userpool.AdminConfirmSignUpInput{UserPoolId: a.pool, Username: "ada"})
	refused(t, err, userpool.ErrNotAuthorized, "User cannot be confirmed. Current status is CONFIRMED")
	a.signIn("ada")
}

// AUTH-020: only an unconfirmed user can be confirmed.
func TestConfirmOtherStates(t *testing.T) {
	t.Parallel()
	a := setup(t).app()
	a.newcomer("new", "email", "new@example.com")
	refused(t, a.confirm("new", "123456"), userpool.ErrNotAuthorized, "User cannot be confirmed. Current status is FORCE_CHANGE_PASSWORD")
	a.user("lost", "email", "lost@example.com")
	_, err := a.AdminResetUserPassword(t.Context(), &userpool.AdminResetUserPasswordInput{UserPoolId: a.pool, Username: "lost"})
	check(t, err)
	refused(t, a.confirm("lost", "123456"), userpool.ErrNotAuthorized, "User cannot be confirmed. Current status is RESET_REQUIRED")
	a.signUp("off", "email", "off@example.com")
	code := a.code("off@example.com")
	a.disable("off")
	refused(t, a.confirm("off", code), userpool.ErrNotAuthorized, "User is disabled.") // AUTH-113
}

// AUTH-019, AUTH-119, AUTH-584, USR-033: an administrator confirms without a code, verifies nothing, and the code is worthless.
func TestAdminConfirmSignUp(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var clientID string
	arn := on(b, "tell", func(_ context.Context, e trigger.PostConfirmationEvent) (trigger.PostConfirmationEvent, error) {
		clientID = e.CallerContext.ClientID
		return e, errors.New("too bad")
	})
	a := b.app(lambdas(userpool.LambdaConfigType{PostConfirmation: arn}))
	a.signUp("ada", "email", "ada@example.com")
	_, err := a.AdminConfirmSignUp(t.Context(), &userpool.AdminConfirmSignUpInput{UserPoolId: a.pool, Username: "ada"})
	refused(t, err, userpool.ErrUserLambdaValidation, "PostConfirmation failed with error too bad.")
	p := a.profile("ada")
	if p.UserStatus != userpool.UserStatusTypeConfirmed || valueOf(p.UserAttributes, "email_verified") == "true" { // TRG-029
		t.Errorf("status %s, email_verified %s; want a confirmed user with nothing verified", p.UserStatus, valueOf(p.UserAttributes, "email_verified"))
	}
	if clientID != "CLIENT_ID_NOT_APPLICABLE" { // TRG-003
		t.Errorf("clientId is %q", clientID)
	}
	for name, in := range map[string]*userpool.AdminConfirmSignUpInput{
		"pool": {UserPoolId: "us-east-1_Nowhere00", Username: "ada"}, "user": {UserPoolId: a.pool, Username: "nobody"},
	} {
		_, err = a.AdminConfirmSignUp(t.Context(), in)
		if name == "pool" {
			refused(t, err, userpool.ErrResourceNotFound, "User pool us-east-1_Nowhere00 does not exist.")
		} else {
			refused(t, err, userpool.ErrUserNotFound, "User does not exist.")
		}
	}
}

// AUTH-108, AUTH-112, QUO-011: a code lives a day, and a newer one replaces it.
func TestSignUpCodeLife(t *testing.T) {
	t.Parallel()
	b := setup(t)
	a := b.app()
	a.signUp("ada", "email", "ada@example.com")
	first := b.code("ada@example.com")
	_, err := a.resend("ada")
	check(t, err)
	second := b.code("ada@example.com")
	if m, _ := b.outbox.Last("ada@example.com"); m.Kind != message.ResendCode { // AUTH-117
		t.Errorf("the second message is a %s", m.Kind)
	}
	if first != second {
		refused(t, a.confirm("ada", first), userpool.ErrCodeMismatch, codeIsWrong)
	}
	b.clock.Advance(24*time.Hour - time.Second)
	check(t, a.fork(t).confirm("ada", second))
	b.clock.Advance(time.Second)
	refused(t, a.confirm("ada", second), userpool.ErrExpiredCode, codeIsOver)
	if a.status("ada") != userpool.UserStatusTypeUnconfirmed {
		t.Error("an expired code confirmed the user")
	}
}

// AUTH-115, AUTH-116, AUTH-583: what ResendConfirmationCode refuses.
func TestResendRefusals(t *testing.T) {
	t.Parallel()
	a := setup(t).app()
	a.user("done", "email", "done@example.com")
	a.signUp("mute")
	_, err := a.resend("done")
	refused(t, err, userpool.ErrInvalidParameter, "User is already confirmed.")
	_, err = a.resend("mute")
	refused(t, err, userpool.ErrInvalidParameter, "Cannot resend codes. Auto verification not turned on.")
	_, err = a.resend("nobody")
	refused(t, err, userpool.ErrUserNotFound, "Username/client id combination not found.")
	a.client = "nobody"
	_, err = a.resend("done")
	refused(t, err, userpool.ErrResourceNotFound, "User pool client nobody does not exist.")
}

// AUTH-118, AUTH-446, QUO-010: five codes and fifteen tries an hour; what is refused does not push the hour on.
func TestSignUpLimits(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *userpool.Config) { c.Limits.WrongCodes = -1 })
	a := b.app()
	a.signUp("ada", "email", "ada@example.com")
	for range 5 {
		_, err := a.resend("ada")
		check(t, err)
		b.clock.Advance(time.Minute)
	}
	for range 3 {
		_, err := a.resend("ada")
		refused(t, err, userpool.ErrLimitExceeded, tooOften)
	}
	code := b.code("ada@example.com")
	for range 15 {
		refused(t, a.confirm("ada", notCode(code)), userpool.ErrCodeMismatch, codeIsWrong)
	}
	refused(t, a.confirm("ada", code), userpool.ErrLimitExceeded, tooOften)
	b.clock.Advance(55 * time.Minute) // an hour after the first
	_, err := a.resend("ada")
	check(t, err)
	_, err = a.resend("ada")
	refused(t, err, userpool.ErrLimitExceeded, tooOften)
	b.clock.Advance(5 * time.Minute)
	check(t, a.confirm("ada", b.code("ada@example.com")))
}

// A code survives ten wrong guesses and no more, however many are made at once; every one of them is counted.
func TestC3_CodeGuesses(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *userpool.Config) { c.Limits.ConfirmSignUp = -1 })
	a := b.app()
	a.signUp("ada", "email", "ada@example.com")
	code := b.code("ada@example.com")
	wrong, over := 0, 0
	for _, err := range race(32, func(int) error { return a.confirm("ada", notCode(code)) }) {
		switch {
		case errors.Is(err, userpool.ErrCodeMismatch):
			wrong++
		case errors.Is(err, userpool.ErrExpiredCode):
			over++
		default:
			t.Errorf("got %v", err)
		}
	}
	if wrong != 10 || over != 22 {
		t.Errorf("%d guesses were compared and %d found no code, want 10 and 22", wrong, over)
	}
	refused(t, a.confirm("ada", code), userpool.ErrExpiredCode, codeIsOver)
}

// AUTH-051, AUTH-052, AUTH-056, AUTH-057, AUTH-114, ATTR-062: two may hold an address, one may verify it; the second needs force,
// and the code is as good as before until then.
func TestConfirmAlias(t *testing.T) {
	t.Parallel()
	b := setup(t)
	a := b.app(emailAlias)
	a.user("ada", "email", "shared@example.com")
	a.signUp("bob", "email", "shared@example.com")
	code := b.code("shared@example.com")
	for range 2 {
		refused(t, a.confirm("bob", code), userpool.ErrAliasExists, "An account with the email already exists.")
	}
	if a.status("bob") != userpool.UserStatusTypeUnconfirmed || a.profile("shared@example.com").Username != "ada" {
		t.Error("a refused confirmation changed something")
	}
	_, err := a.ConfirmSignUp(t.Context(), &userpool.ConfirmSignUpInput{
		ClientId: a.client, Username: "bob", ConfirmationCode: code, ForceAliasCreation: true,
	})
	check(t, err)
	if got := a.profile("shared@example.com").Username; got != "bob" {
		t.Errorf("the alias finds %s, want bob", got)
	}
	if v := valueOf(a.profile("ada").UserAttributes, "email_verified"); v != "false" {
		t.Errorf("email_verified of the former owner is %q, want false", v)
	}
	a.signIn("ada")
}

// A code is for the user it was sent to: somebody who takes the name later cannot use it.
func TestC4_CodeOfADeletedUser(t *testing.T) {
	t.Parallel()
	b := setup(t)
	a := b.app()
	a.signUp("ada", "email", "ada@example.com")
	code := b.code("ada@example.com")
	a.remove("ada")
	a.signUp("ada") // no address, hence no code of his own
	refused(t, a.confirm("ada", code), userpool.ErrExpiredCode, codeIsOver)
}

// Codes carry the user's CredentialEpoch: after a disable they are dead, also when the user is enabled again.
func TestC4_CodeAfterDisable(t *testing.T) {
	t.Parallel()
	b := setup(t)
	a := b.app()
	a.signUp("ada", "email", "ada@example.com")
	code := b.code("ada@example.com")
	a.disable("ada")
	_, err := a.AdminEnableUser(t.Context(), &userpool.AdminEnableUserInput{UserPoolId: a.pool, Username: "ada"})
	check(t, err)
	refused(t, a.confirm("ada", code), userpool.ErrExpiredCode, codeIsOver)
}
