package userpool_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/cenote-auth/cenote/awsapi"
	"github.com/cenote-auth/cenote/message"
	"github.com/cenote-auth/cenote/trigger"
	"github.com/cenote-auth/cenote/userpool"
)

func (a app) forgot(name string) (*userpool.CodeDeliveryDetailsType, error) {
	out, err := a.ForgotPassword(a.t.Context(), &userpool.ForgotPasswordInput{ClientId: a.client, Username: name, SecretHash: a.hash(name)})
	if err != nil {
		return nil, err
	}
	return out.CodeDeliveryDetails, nil
}

func (a app) reset(name, code, password string) error {
	_, err := a.ConfirmForgotPassword(a.t.Context(), &userpool.ConfirmForgotPasswordInput{
		ClientId: a.client, Username: name, ConfirmationCode: code, Password: password, SecretHash: a.hash(name),
	})
	return err
}

// AUTH-027, AUTH-031, AUTH-425…436, AUTH-597, AUTH-598, MSG-007: the old password works until the code was answered; the code works
// once, for the user, through any client.
func TestForgotPassword(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var told []trigger.PostConfirmationEvent
	arn := on(b, "tell", func(_ context.Context, e trigger.PostConfirmationEvent) (trigger.PostConfirmationEvent, error) {
		told = append(told, e)
		return e, nil
	})
	a := b.app(lambdas(userpool.LambdaConfigType{PostConfirmation: arn}))
	a.user("ada", "email", "ada@example.com")
	told = nil
	refused(t, a.reset("ada", "123456", another), userpool.ErrExpiredCode, codeIsOver) // never requested
	d, err := a.forgot("ada")
	check(t, err)
	if *d != (userpool.CodeDeliveryDetailsType{Destination: "a***@e***", DeliveryMedium: "EMAIL", AttributeName: "email"}) {
		t.Errorf("delivery is %+v", *d)
	}
	if a.status("ada") != userpool.UserStatusTypeConfirmed {
		t.Error("asking changed the status")
	}
	tokens := a.signIn("ada")
	code := b.code("ada@example.com")
	m, _ := b.outbox.Last("ada@example.com")
	if m.Kind != message.ForgotPassword || m.Body != "Your password reset code is "+code || m.Subject != "Your password reset code" || len(code) != 6 {
		t.Errorf("got a %s with subject %q", m.Kind, m.Subject)
	}
	refused(t, a.reset("ada", notCode(code), another), userpool.ErrCodeMismatch, codeIsWrong)
	refused(t, a.reset("ada", code, "weak"), userpool.ErrInvalidPassword, "Password did not conform with policy: Password not long enough")
	check(t, a.sibling().reset("ada", code, another)) // AUTH-436
	refused(t, a.reset("ada", code, password), userpool.ErrExpiredCode, codeIsOver)
	if len(told) != 1 || told[0].TriggerSource != trigger.PostConfirmationConfirmForgotPassword {
		t.Errorf("the post confirmation function was told %+v", told)
	}
	_, err = a.tryPassword("ada", password)
	refused(t, err, userpool.ErrNotAuthorized, isWrong)
	_, err = a.tryPassword("ada", another)
	check(t, err)
	_, err = a.getUser(tokens.AccessToken) // AUTH-532
	check(t, err)
}

// AUTH-025, AUTH-026, AUTH-027: a reset by the administrator demands a code, and can be repeated.
func TestAdminResetThenConfirm(t *testing.T) {
	t.Parallel()
	b := setup(t)
	a := b.app()
	a.user("ada", "email", "ada@example.com")
	reset := func() {
		_, err := a.AdminResetUserPassword(t.Context(), &userpool.AdminResetUserPasswordInput{UserPoolId: a.pool, Username: "ada"})
		check(t, err)
		b.deliver()
	}
	reset()
	first := b.code("ada@example.com")
	reset()
	if s := a.status("ada"); s != userpool.UserStatusTypeResetRequired {
		t.Errorf("status is %s", s)
	}
	_, err := a.forgot("ada") // the user may ask, too
	check(t, err)
	code := b.code("ada@example.com")
	if first != code {
		refused(t, a.reset("ada", first, another), userpool.ErrCodeMismatch, codeIsWrong)
	}
	check(t, a.reset("ada", code, another))
	if s := a.status("ada"); s != userpool.UserStatusTypeConfirmed {
		t.Errorf("status is %s", s)
	}
	_, err = a.tryPassword("ada", another)
	check(t, err)
}

// AUTH-030, AUTH-430, AUTH-434: who cannot get a code, where clients are told.
func TestForgotPasswordRefusals(t *testing.T) {
	t.Parallel()
	b := setup(t)
	a := b.app(legacy)
	admin := b.app(legacy, func(in *userpool.CreateUserPoolInput) {
		in.AccountRecoverySetting = &userpool.AccountRecoverySettingType{RecoveryMechanisms: []userpool.RecoveryOptionType{
			{Name: userpool.RecoveryOptionNameTypeAdminOnly, Priority: 1},
		}}
	})
	admin.user("ada", "email", "ada@example.com")
	a.newcomer("new", "email", "new@example.com", "email_verified", "true")
	a.signUp("fresh", "email", "fresh@example.com")
	a.user("mute")
	a.user("off", "email", "off@example.com")
	a.disable("off")
	for _, tt := range []struct {
		name string
		app  app
		user string
		code awsapi.Code
		text string
	}{
		{"AUTH-030 temporary password", a, "new", userpool.ErrNotAuthorized, "User password cannot be reset in the current state."},
		{"unconfirmed", a, "fresh", userpool.ErrNotAuthorized, "User password cannot be reset in the current state."},
		{"AUTH-430 no address", a, "mute", userpool.ErrInvalidParameter,
			"Cannot reset password for the user as there is no registered/verified email or phone_number"},
		{"disabled", a, "off", userpool.ErrNotAuthorized, "User is disabled."},
		{"AUTH-429 administrators only", admin, "ada", userpool.ErrNotAuthorized, "Contact administrator to reset password."},
		{"unknown client", app{bench: b, client: "nobody"}, "ada", userpool.ErrResourceNotFound, "User pool client nobody does not exist."},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := tt.app.forgot(tt.user)
			refused(t, err, tt.code, tt.text)
		})
	}
	refused(t, a.reset("fresh", "123456", another), userpool.ErrUserNotConfirmed, "User is not confirmed.")
	refused(t, a.reset("off", "123456", another), userpool.ErrNotAuthorized, "User is disabled.")
	b.deliver()
	for _, m := range b.outbox.All() {
		if m.Kind == message.ForgotPassword {
			t.Errorf("a code went to %s", m.Destination)
		}
	}
}

// AUTH-425…428: which address gets the code.
func TestRecoveryContact(t *testing.T) {
	t.Parallel()
	mechanisms := func(names ...userpool.RecoveryOptionNameType) *userpool.AccountRecoverySettingType {
		r := &userpool.AccountRecoverySettingType{}
		for i, n := range names {
			r.RecoveryMechanisms = append(r.RecoveryMechanisms, userpool.RecoveryOptionType{Name: n, Priority: int32(i + 1)})
		}
		return r
	}
	mail, phone := userpool.RecoveryOptionNameTypeVerifiedEmail, userpool.RecoveryOptionNameTypeVerifiedPhoneNumber
	for _, tt := range []struct {
		name     string
		setting  *userpool.AccountRecoverySettingType
		verified []string
		want     string
	}{
		{"AUTH-427 absent: phone first", nil, []string{"email", "phone_number"}, "phone_number"},
		{"AUTH-427 absent: else email", nil, []string{"email"}, "email"},
		{"AUTH-426 email first", mechanisms(mail, phone), []string{"email", "phone_number"}, "email"},
		{"AUTH-426 phone first", mechanisms(phone, mail), []string{"email", "phone_number"}, "phone_number"},
		{"AUTH-426 only verified ones", mechanisms(mail, phone), []string{"phone_number"}, "phone_number"},
		{"AUTH-426 only named ones", mechanisms(mail), []string{"phone_number"}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			a := b.app(legacy, func(in *userpool.CreateUserPoolInput) {
				in.AutoVerifiedAttributes, in.AccountRecoverySetting = nil, tt.setting
			})
			a.user("ada", "email", "ada@example.com", "phone_number", "+15550101234")
			for _, v := range tt.verified {
				_, err := a.AdminUpdateUserAttributes(t.Context(), &userpool.AdminUpdateUserAttributesInput{
					UserPoolId: a.pool, Username: "ada", UserAttributes: attributes(v+"_verified", "true"),
				})
				check(t, err)
			}
			d, err := a.forgot("ada")
			if tt.want == "" {
				refused(t, err, userpool.ErrInvalidParameter, "")
				return
			}
			check(t, err)
			b.deliver()
			if sent := b.outbox.All(); d.AttributeName != tt.want || len(sent) != 1 { // AUTH-428
				t.Errorf("code went to %s in %d messages, want %s", d.AttributeName, len(sent), tt.want)
			}
		})
	}
}

// AUTH-431, QUO-011: a reset code lives an hour, and requests and confirmations are counted together.
func TestForgotPasswordLimits(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *userpool.Config) { c.Limits.WrongCodes = -1 })
	a := b.app()
	a.user("ada", "email", "ada@example.com")
	_, err := a.forgot("ada")
	check(t, err)
	code := b.code("ada@example.com")
	b.clock.Advance(time.Hour - time.Second)
	check(t, a.fork(t).reset("ada", code, another))
	b.clock.Advance(time.Second)
	refused(t, a.reset("ada", code, another), userpool.ErrExpiredCode, codeIsOver)

	_, err = a.forgot("ada")
	check(t, err)
	code = b.code("ada@example.com")
	for range 18 {
		refused(t, a.reset("ada", notCode(code), another), userpool.ErrCodeMismatch, codeIsWrong)
	}
	refused(t, a.reset("ada", code, another), userpool.ErrLimitExceeded, tooOften)
	_, err = a.forgot("ada")
	refused(t, err, userpool.ErrLimitExceeded, tooOften)
	b.clock.Advance(time.Hour)
	_, err = a.forgot("ada")
	check(t, err)
}

// 32 guesses at a reset code are counted guesses, also at once.
func TestC3_ResetGuesses(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *userpool.Config) { c.Limits.ForgotPassword = -1 })
	a := b.app()
	a.user("ada", "email", "ada@example.com")
	_, err := a.forgot("ada")
	check(t, err)
	code, wrong := b.code("ada@example.com"), 0
	for _, err := range race(32, func(int) error { return a.reset("ada", notCode(code), another) }) {
		if errors.Is(err, userpool.ErrCodeMismatch) {
			wrong++
		} else if !errors.Is(err, userpool.ErrExpiredCode) {
			t.Errorf("got %v", err)
		}
	}
	if wrong != 10 {
		t.Errorf("%d guesses were compared, want 10", wrong)
	}
	refused(t, a.reset("ada", code, another), userpool.ErrExpiredCode, codeIsOver)
	_, err = a.tryPassword("ada", password)
	check(t, err)
}

// Expensive work is not done for calls that the limit refuses, and functions do not run for them (H6).
func TestH6_LimitBeforeWork(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *userpool.Config) { c.Limits.ForgotPassword = 2 })
	runs := 0
	arn := on(b, "message", func(_ context.Context, e trigger.CustomMessageEvent) (trigger.CustomMessageEvent, error) {
		if e.TriggerSource == "CustomMessage_ForgotPassword" {
			runs++
		}
		return e, nil
	})
	a := b.app(lambdas(userpool.LambdaConfigType{CustomMessage: arn}))
	a.user("ada", "email", "ada@example.com")
	for i := range 5 {
		_, err := a.forgot("ada")
		if i < 2 {
			check(t, err)
		} else {
			refused(t, err, userpool.ErrLimitExceeded, tooOften)
		}
	}
	if runs != 2 {
		t.Errorf("the function ran %d times, want 2", runs)
	}
	refused(t, a.reset("ada", "123456", "weak"), userpool.ErrLimitExceeded, tooOften) // AUTH-598: before the policy
}
