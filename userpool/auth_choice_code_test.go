package userpool_test

import (
	"errors"
	"testing"
	"time"

	"github.com/cenote-auth/cenote/userpool"
)

// AUTH-285: a code verifies its address, which may have been taken as an alias meanwhile: then it signs nobody in.
func TestCodeVerifiesAddress(t *testing.T) {
	t.Parallel()
	a := setup(t).app(byCode, choosing, emailAlias)
	a.passwordless("ada", "email", "shared@example.com")
	if v := valueOf(a.profile("ada").UserAttributes, "email_verified"); v == "true" {
		t.Fatal("the address is verified already")
	}
	session := a.chosen("ada", byMail)
	code := a.code("shared@example.com")
	a.user("bob", "email", "shared@example.com") // confirms, and has the alias
	_, err := a.respond(byMail, session, "USERNAME", "ada", "EMAIL_OTP_CODE", code)
	refused(t, err, userpool.ErrAliasExists, "")
	a.remove("bob")
	session = a.chosen("ada", byMail)
	out, err := a.respond(byMail, session, "USERNAME", "ada", "EMAIL_OTP_CODE", a.code("shared@example.com"))
	check(t, err)
	if out.AuthenticationResult == nil || valueOf(a.profile("shared@example.com").UserAttributes, "email_verified") != "true" {
		t.Error("the address is no alias now")
	}
}

// AUTH-159, AUTH-158: a code lives as long as its session.
func TestCodeEndsWithSession(t *testing.T) {
	t.Parallel()
	a := setup(t).app(byCode, choosing, func(in *userpool.CreateUserPoolClientInput) { in.AuthSessionValidity = new(int32(5)) })
	a.passwordless("ada", "email", "ada@example.com")
	session := a.chosen("ada", byMail)
	code := a.code("ada@example.com")
	a.clock.Advance(5*time.Minute - time.Second)
	if _, err := a.fork(t).respond(byMail, session, "USERNAME", "ada", "EMAIL_OTP_CODE", code); err != nil {
		t.Error(err)
	}
	a.clock.Advance(time.Second)
	_, err := a.respond(byMail, session, "USERNAME", "ada", "EMAIL_OTP_CODE", code)
	refused(t, err, userpool.ErrNotAuthorized, isOver)
}

// H12, QUO: codes for a sign-in count against the address; what is one too many is an error that the operations declare.
func TestH12_CodesAreLimited(t *testing.T) {
	t.Parallel()
	a := setup(t, func(c *userpool.Config) { c.Limits.MessagesPerDestination = 4 }).app(byCode, choosing)
	a.user("ada", "email", "ada@example.com") // one message
	for range 3 {
		a.chosen("ada", byMail, "PREFERRED_CHALLENGE", "EMAIL_OTP")
	}
	_, err := a.choose("ada", "PREFERRED_CHALLENGE", "EMAIL_OTP")
	refused(t, err, userpool.ErrTooManyRequests, "")
	_, err = a.respond(selection, a.chosen("ada", selection), "USERNAME", "ada", "ANSWER", "EMAIL_OTP")
	refused(t, err, userpool.ErrTooManyRequests, "")
	a.clock.Advance(time.Hour + time.Second)
	a.chosen("ada", byMail, "PREFERRED_CHALLENGE", "EMAIL_OTP")
}

// A pool that has no way to send says so, whoever asks.
func TestChoiceWithoutSender(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *userpool.Config) { c.SMS = nil })
	a := b.app(byCode, choosing, hides)
	a.user("ada", "email", "ada@example.com", "phone_number", "+14155550101")
	for _, name := range []string{"ada", "+14155550177"} {
		_, err := a.choose(name, "PREFERRED_CHALLENGE", "SMS_OTP")
		if !errors.Is(err, userpool.ErrInvalidUserPoolConfiguration) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
