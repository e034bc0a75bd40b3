package userpool_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/cenote-auth/cenote/awsapi"
	"github.com/cenote-auth/cenote/message"
	"github.com/cenote-auth/cenote/trigger"
	"github.com/cenote-auth/cenote/userpool"
)

func (a app) trySetPassword(name, password string, permanent bool) error {
	_, err := a.AdminSetUserPassword(a.t.Context(), &userpool.AdminSetUserPasswordInput{
		UserPoolId: a.pool, Username: name, Password: password, Permanent: permanent,
	})
	return err
}

func (a app) tryReset(name string) error {
	_, err := a.AdminResetUserPassword(a.t.Context(), &userpool.AdminResetUserPasswordInput{UserPoolId: a.pool, Username: name})
	return err
}

// inStatus makes ada, in that status.
func (a app) inStatus(status userpool.UserStatusType) {
	a.t.Helper()
	pairs := []string{"email", "ada@example.com"}
	switch status {
	case userpool.UserStatusTypeUnconfirmed:
		a.signUp("ada", pairs...)
	case userpool.UserStatusTypeForceChangePassword:
		a.newcomer("ada", append(pairs, "email_verified", "true")...)
	case userpool.UserStatusTypeConfirmed, userpool.UserStatusTypeResetRequired:
		a.user("ada", pairs...)
		if status == userpool.UserStatusTypeResetRequired {
			check(a.t, a.tryReset("ada"))
		}
	}
	if got := a.status("ada"); got != status {
		a.t.Fatalf("status is %s, want %s", got, status)
	}
}

// AUTH-022, AUTH-023, USR-036, AUTH-423, USR-003, AUTH-009: from any status, disabled or not; nobody is told.
func TestAdminSetUserPassword(t *testing.T) {
	t.Parallel()
	for _, status := range []userpool.UserStatusType{
		userpool.UserStatusTypeUnconfirmed, userpool.UserStatusTypeConfirmed, userpool.UserStatusTypeForceChangePassword,
		userpool.UserStatusTypeResetRequired,
	} {
		for _, permanent := range []bool{true, false} {
			name := string(status) + ", temporary"
			if permanent {
				name = string(status) + ", permanent"
			}
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				a := setup(t).app()
				a.inStatus(status)
				a.disable("ada")
				a.deliver()
				a.outbox.Reset()
				a.clock.Advance(time.Minute)
				check(t, a.trySetPassword("ada", another, permanent))
				u := a.profile("ada")
				want := userpool.UserStatusTypeForceChangePassword
				if permanent {
					want = userpool.UserStatusTypeConfirmed
				}
				if u.UserStatus != want || u.Enabled || !u.UserLastModifiedDate.Equal(a.clock.Now()) {
					t.Errorf("status %s, enabled %v, modified %v", u.UserStatus, u.Enabled, u.UserLastModifiedDate)
				}
				if a.deliver(); len(a.outbox.All()) != 0 {
					t.Error("somebody was told")
				}
				_, err := a.AdminEnableUser(t.Context(), &userpool.AdminEnableUserInput{UserPoolId: a.pool, Username: "ada"})
				check(t, err)
				_, err = a.tryPassword("ada", password)
				refused(t, err, userpool.ErrNotAuthorized, "Incorrect username or password.")
				out, err := a.tryPassword("ada", another)
				check(t, err)
				if permanent != (out.AuthenticationResult != nil) || !permanent && out.ChallengeName != userpool.ChallengeNameTypeNewPasswordRequired {
					t.Errorf("sign-in goes on with %q", out.ChallengeName)
				}
			})
		}
	}
}

// AUTH-599, AUTH-416, AUTH-418: what is no password changes nothing.
func TestAdminSetUserPasswordRefusals(t *testing.T) {
	t.Parallel()
	a := setup(t).app(func(in *userpool.CreateUserPoolInput) {
		in.Policies = &userpool.UserPoolPolicyType{PasswordPolicy: &userpool.PasswordPolicyType{
			MinimumLength: new(int32(10)), RequireUppercase: true, RequireLowercase: true, RequireNumbers: true, RequireSymbols: true,
			PasswordHistorySize: new(int32(2)),
		}}
	})
	a.user("ada")
	const third, fourth = "Battery-Staple-8", "Battery-Staple-9"
	check(t, a.trySetPassword("ada", another, true))
	for _, tt := range []struct {
		name, password string
		permanent      bool
		code           awsapi.Code
		text           string
	}{
		{"none", "", true, userpool.ErrInvalidParameter, ""},
		{"too long", "Aa1-" + strings.Repeat("x", 253), true, userpool.ErrInvalidParameter, ""},
		{"short", "Aa1-xyz", true, userpool.ErrInvalidPassword, "Password did not conform with policy: Password not long enough"},
		{"short and temporary", "Aa1-xyz", false, userpool.ErrInvalidPassword, "Password did not conform with policy: Password not long enough"},
		{"no digit", "Battery-Staple", true, userpool.ErrInvalidPassword, "Password did not conform with policy: Password must have numeric characters"},
		{"the present one", another, true, userpool.ErrPasswordHistoryPolicyViolation, ""},
		{"the former one", password, false, userpool.ErrPasswordHistoryPolicyViolation, ""},
	} {
		err := a.trySetPassword("ada", tt.password, tt.permanent)
		if e := awsapi.AsError(err); e.Code != tt.code || tt.text != "" && e.Message != tt.text {
			t.Errorf("%s: got %v, want %s %s", tt.name, err, tt.code, tt.text)
		}
	}
	out, err := a.tryPassword("ada", another)
	check(t, err)
	if out.AuthenticationResult == nil {
		t.Error("a refused password changed the status")
	}
	check(t, a.trySetPassword("ada", third, false)) // a temporary one is no part of the history
	check(t, a.trySetPassword("ada", third, true))
	refused(t, a.trySetPassword("ada", another, true), userpool.ErrPasswordHistoryPolicyViolation, "")
	check(t, a.trySetPassword("ada", fourth, true))
	check(t, a.trySetPassword("ada", another, true)) // two were set since
}

// USR-020, AUTH-419: a temporary password lives from when it was set.
func TestAdminTemporaryPasswordLife(t *testing.T) {
	t.Parallel()
	a := setup(t).app()
	a.newcomer("ada")
	a.clock.Advance(6 * 24 * time.Hour)
	check(t, a.trySetPassword("ada", another, false))
	a.clock.Advance(6 * 24 * time.Hour)
	_, err := a.tryPassword("ada", another)
	check(t, err)
	a.clock.Advance(24 * time.Hour)
	_, err = a.tryPassword("ada", another)
	refused(t, err, userpool.ErrNotAuthorized, "Temporary password has expired and must be reset by an administrator.")
}

// C4: a new password closes what the old one opened: codes that were sent before do not replace it.
func TestC4_SetPasswordEndsCodes(t *testing.T) {
	t.Parallel()
	a := setup(t).app()
	a.inStatus(userpool.UserStatusTypeResetRequired)
	code := a.code("ada@example.com")
	check(t, a.trySetPassword("ada", another, true))
	_, err := a.ConfirmForgotPassword(t.Context(), &userpool.ConfirmForgotPasswordInput{
		ClientId: a.client, Username: "ada", ConfirmationCode: code, Password: "Stolen-Staple-7",
	})
	if err == nil {
		t.Error("a code from before the new password replaced it")
	}
	if _, err := a.tryPassword("ada", another); err != nil {
		t.Error(err)
	}
}

// Racing administrators: the history is checked on what is really there, and the last one stays.
func TestC2_RacingPasswords(t *testing.T) {
	t.Parallel()
	a := setup(t).app(func(in *userpool.CreateUserPoolInput) {
		in.Policies = &userpool.UserPoolPolicyType{PasswordPolicy: &userpool.PasswordPolicyType{
			MinimumLength: new(int32(8)), PasswordHistorySize: new(int32(24)),
		}}
	})
	a.user("ada")
	errs := race(6, func(int) error { return a.trySetPassword("ada", another, true) })
	set := 0
	for _, err := range errs {
		if err == nil {
			set++
		} else {
			refused(t, err, userpool.ErrPasswordHistoryPolicyViolation, "")
		}
	}
	if set != 1 {
		t.Errorf("one password was set %d times in a row, despite the history", set)
	}
}

// AUTH-025, AUTH-026, USR-034, AUTH-424, AUTH-600: the old password is dead, a code sets another.
func TestAdminResetUserPassword(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var source trigger.Source
	arn := on(b, "texts", func(_ context.Context, e trigger.CustomMessageEvent) (trigger.CustomMessageEvent, error) {
		source = e.TriggerSource
		return e, nil
	})
	a := b.app(legacy, lambdas(userpool.LambdaConfigType{CustomMessage: arn}))
	a.user("ada", "email", "ada@example.com")
	a.clock.Advance(time.Minute)
	check(t, a.tryReset("ada"))
	if u := a.profile("ada"); u.UserStatus != userpool.UserStatusTypeResetRequired || !u.UserLastModifiedDate.Equal(a.clock.Now()) {
		t.Errorf("status %s, modified %v", u.UserStatus, u.UserLastModifiedDate)
	}
	if source != "CustomMessage_ForgotPassword" { // TRG-110
		t.Errorf("the texts came from %s", source)
	}
	_, err := a.tryPassword("ada", password)
	refused(t, err, userpool.ErrPasswordResetRequired, "Password reset required for the user")
	former := a.code("ada@example.com")
	if m, _ := a.outbox.Last("ada@example.com"); m.Kind != message.ForgotPassword {
		t.Errorf("a %s message was sent", m.Kind)
	}
	check(t, a.tryReset("ada")) // once more: another code
	if got := a.status("ada"); got != userpool.UserStatusTypeResetRequired {
		t.Errorf("status %s", got)
	}
	confirm := func(code string) error {
		_, err := a.ConfirmForgotPassword(t.Context(), &userpool.ConfirmForgotPasswordInput{
			ClientId: a.client, Username: "ada", ConfirmationCode: code, Password: another,
		})
		return err
	}
	code := a.code("ada@example.com")
	if former != code {
		refused(t, confirm(former), userpool.ErrCodeMismatch, "")
	}
	check(t, confirm(code))
	if got := a.status("ada"); got != userpool.UserStatusTypeConfirmed {
		t.Errorf("status %s", got)
	}
	_, err = a.tryPassword("ada", another)
	check(t, err)
}

// USR-034, AUTH-424: in this order, and nothing changes.
func TestAdminResetUserPasswordRefusals(t *testing.T) {
	t.Parallel()
	const state = "User password cannot be reset in the current state."
	const contact = "Cannot reset password for the user as there is no registered/verified email or phone_number"
	for _, tt := range []struct {
		name  string
		world func(a app)
		code  awsapi.Code
		text  string
	}{
		{"disabled, before the state", func(a app) { a.newcomer("ada"); a.disable("ada") }, userpool.ErrNotAuthorized, "User is disabled"},
		{"unconfirmed", func(a app) { a.inStatus(userpool.UserStatusTypeUnconfirmed) }, userpool.ErrNotAuthorized, state},
		{"new, before the contact", func(a app) { a.newcomer("ada") }, userpool.ErrNotAuthorized, state},
		{"no contact", func(a app) { a.user("ada") }, userpool.ErrInvalidParameter, contact},
		{"no verified contact", func(a app) {
			a.newcomer("ada", "email", "ada@example.com")
			a.setPassword("ada", password)
		}, userpool.ErrInvalidParameter, contact},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			a := setup(t).app()
			tt.world(a)
			a.deliver()
			a.outbox.Reset()
			before := a.profile("ada")
			a.clock.Advance(time.Minute)
			refused(t, a.tryReset("ada"), tt.code, tt.text)
			if now := a.profile("ada"); now.UserStatus != before.UserStatus || !now.UserLastModifiedDate.Equal(before.UserLastModifiedDate) {
				t.Errorf("status %s, modified %v", now.UserStatus, now.UserLastModifiedDate)
			}
			if a.deliver(); len(a.outbox.All()) != 0 {
				t.Error("a code was sent")
			}
		})
	}
}

// AUTH-600: resets are counted with the user's own.
func TestAdminResetUserPasswordLimit(t *testing.T) {
	t.Parallel()
	a := setup(t, func(c *userpool.Config) { c.Limits.ForgotPassword = 2 }).app()
	a.user("ada", "email", "ada@example.com")
	check(t, a.tryReset("ada"))
	check(t, a.tryReset("ada"))
	refused(t, a.tryReset("ada"), userpool.ErrLimitExceeded, "Attempt limit exceeded, please try after some time.")
}

// C2: disabled while the message was written, a user is not reset.
func TestC2_DisabledBeforeReset(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var a app
	armed := false
	arn := on(b, "texts", func(_ context.Context, e trigger.CustomMessageEvent) (trigger.CustomMessageEvent, error) {
		if armed {
			a.disable("ada")
		}
		return e, nil
	})
	a = b.app(lambdas(userpool.LambdaConfigType{CustomMessage: arn}))
	a.user("ada", "email", "ada@example.com")
	armed = true
	refused(t, a.tryReset("ada"), userpool.ErrNotAuthorized, "User is disabled")
	if got := a.status("ada"); got != userpool.UserStatusTypeConfirmed {
		t.Errorf("status %s", got)
	}
}
