package userpool_test

import (
	"context"
	"errors"
	"strconv"
	"testing"
	"time"

	"github.com/cenote-auth/cenote/awsapi"
	"github.com/cenote-auth/cenote/userpool"
)

func (a app) change(access, from, to string) error {
	_, err := a.ChangePassword(a.t.Context(), &userpool.ChangePasswordInput{AccessToken: access, PreviousPassword: from, ProposedPassword: to})
	return err
}

// history makes the pool remember n passwords.
func history(n int32) func(*userpool.CreateUserPoolInput) {
	return func(in *userpool.CreateUserPoolInput) {
		in.UserPoolTier = userpool.UserPoolTierTypeEssentials
		in.Policies = &userpool.UserPoolPolicyType{PasswordPolicy: &userpool.PasswordPolicyType{
			MinimumLength: new(int32(8)), PasswordHistorySize: new(n),
		}}
	}
}

// AUTH-420, AUTH-596, AUTH-422: the previous password has to be right and the new one good; tokens live on.
func TestChangePassword(t *testing.T) {
	t.Parallel()
	a := setup(t).app()
	a.user("ada")
	tokens := a.signIn("ada")
	for _, tt := range []struct {
		name, from, to string
		code           awsapi.Code
		text           string
	}{
		{"AUTH-420 wrong", another, another, userpool.ErrNotAuthorized, isWrong},
		{"AUTH-416 weak", password, "weak", userpool.ErrInvalidPassword, "Password did not conform with policy: Password not long enough"},
		{"AUTH-421 none given", "", another, userpool.ErrInvalidParameter, "Missing required parameter PreviousPassword"},
		{"ERR-040 nothing proposed", password, "", userpool.ErrInvalidParameter, ""},
		{"AUTH-411 too long", password, string(make([]byte, 257)), userpool.ErrInvalidParameter, ""},
	} {
		t.Run(tt.name, func(t *testing.T) { refused(t, a.change(tokens.AccessToken, tt.from, tt.to), tt.code, tt.text) })
	}
	a.signIn("ada")
	a.clock.Advance(time.Minute)
	check(t, a.change(tokens.AccessToken, password, another))
	_, err := a.tryPassword("ada", password)
	refused(t, err, userpool.ErrNotAuthorized, isWrong)
	_, err = a.tryPassword("ada", another)
	check(t, err)
	_, err = a.srp("ada", another)
	check(t, err)
	_, err = a.getUser(tokens.AccessToken)
	check(t, err)
	_, err = a.refresh(tokens.RefreshToken)
	check(t, err)
}

// AUTH-420, AUTH-446: five calls an hour, whatever comes of them.
func TestChangePasswordLimit(t *testing.T) {
	t.Parallel()
	a := setup(t).app()
	a.user("ada")
	access := a.signIn("ada").AccessToken
	for i := range 5 {
		if i%2 == 0 {
			refused(t, a.change(access, another, another), userpool.ErrNotAuthorized, isWrong)
		} else {
			check(t, a.change(access, password, password))
		}
	}
	refused(t, a.change(access, password, another), userpool.ErrLimitExceeded, tooOften)
	a.clock.Advance(time.Hour)
	check(t, a.change(a.signIn("ada").AccessToken, password, another))
}

// AUTH-418, H13: the last passwords, the present one among them, may not come back; a temporary one is not one of them. The same
// holds for every way to set a password.
func TestPasswordHistory(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *userpool.Config) { c.Limits.ChangePassword, c.Limits.ForgotPassword = -1, -1 })
	a := b.app(history(3))
	a.user("ada", "email", "ada@example.com")
	access := a.signIn("ada").AccessToken
	const used = "Password has previously been used"
	refused(t, a.change(access, password, password), userpool.ErrPasswordHistoryPolicyViolation, used)
	check(t, a.change(access, password, another))
	check(t, a.change(access, another, another+"1"))
	for _, old := range []string{password, another, another + "1"} {
		refused(t, a.change(access, another+"1", old), userpool.ErrPasswordHistoryPolicyViolation, used)
	}
	check(t, a.change(access, another+"1", another+"2"))
	check(t, a.change(access, another+"2", password)) // three passwords ago
	_, err := a.AdminSetUserPassword(t.Context(), &userpool.AdminSetUserPasswordInput{
		UserPoolId: a.pool, Username: "ada", Password: another + "2", Permanent: true,
	})
	refused(t, err, userpool.ErrPasswordHistoryPolicyViolation, used)
	_, err = a.ForgotPassword(t.Context(), &userpool.ForgotPasswordInput{ClientId: a.client, Username: "ada"})
	check(t, err)
	in := &userpool.ConfirmForgotPasswordInput{
		ClientId: a.client, Username: "ada", ConfirmationCode: b.code("ada@example.com"), Password: another + "2",
	}
	_, err = a.ConfirmForgotPassword(t.Context(), in)
	refused(t, err, userpool.ErrPasswordHistoryPolicyViolation, used)
	in.Password = another + "3" // AUTH-433: the code survived
	_, err = a.ConfirmForgotPassword(t.Context(), in)
	check(t, err)

	a.newcomer("bob")
	_, err = a.respond(newPassword, a.challenged("bob"), "USERNAME", "bob", "NEW_PASSWORD", password)
	check(t, err) // AUTH-418: the temporary password does not count
}

// A wrong previous password counts towards the lock-out, over all sessions and tokens: a stolen token is no oracle.
func TestC3_ChangePasswordGuesses(t *testing.T) {
	t.Parallel()
	a := setup(t, func(c *userpool.Config) { c.Limits.ChangePassword = -1 }).app()
	a.user("ada")
	access := a.signIn("ada").AccessToken
	wrong, locked := 0, 0
	for _, err := range race(32, func(i int) error { return a.change(access, another+strconv.Itoa(i), another) }) {
		switch errorText(err) {
		case isWrong:
			wrong++
		case isLocked:
			locked++
		default:
			t.Errorf("got %v", err)
		}
	}
	if wrong != 5 || locked != 27 {
		t.Errorf("%d guesses were compared and %d found the lock, want 5 and 27", wrong, locked)
	}
	_, err := a.tryPassword("ada", password)
	refused(t, err, userpool.ErrNotAuthorized, isLocked)
}

// Of two who change the same password at once one wins: the other one's proof is of a password that is no longer his.
func TestC2_ChangePasswordRace(t *testing.T) {
	t.Parallel()
	a := setup(t, func(c *userpool.Config) { c.Limits.ChangePassword = -1 }).app()
	a.user("ada")
	access := a.signIn("ada").AccessToken
	winner := -1
	for i, err := range race(5, func(i int) error { return a.change(access, password, another+strconv.Itoa(i)) }) {
		switch {
		case err == nil && winner < 0:
			winner = i
		case err == nil:
			t.Error("two changes of one password")
		case errorText(err) != isWrong:
			t.Errorf("got %v", err)
		}
	}
	_, err := a.tryPassword("ada", another+strconv.Itoa(winner))
	check(t, err)
}

// AUTH-422, AUTH-419: a temporary password is changed like any other, and confirms; one that has expired proves nothing.
func TestChangeTemporaryPassword(t *testing.T) {
	t.Parallel()
	a := setup(t).app(func(in *userpool.CreateUserPoolInput) {
		in.Policies = &userpool.UserPoolPolicyType{PasswordPolicy: &userpool.PasswordPolicyType{
			MinimumLength: new(int32(8)), TemporaryPasswordValidityDays: 1,
		}}
	})
	a.user("ada")
	tokens := a.signIn("ada")
	access := tokens.AccessToken
	_, err := a.AdminSetUserPassword(t.Context(), &userpool.AdminSetUserPasswordInput{UserPoolId: a.pool, Username: "ada", Password: another})
	check(t, err)
	late := a.fork(t)
	check(t, a.change(access, another, password))
	if s := a.status("ada"); s != userpool.UserStatusTypeConfirmed {
		t.Errorf("status is %s", s)
	}
	late.clock.Advance(24 * time.Hour)
	fresh, err := late.refresh(tokens.RefreshToken)
	check(t, err)
	refused(t, late.change(fresh.AccessToken, another, password), userpool.ErrNotAuthorized,
		"Temporary password has expired and must be reset by an administrator.")
}

// A password that was changed ends the sign-ins and codes that were under way (C4).
func TestC4_ChangePasswordEndsCodes(t *testing.T) {
	t.Parallel()
	b := setup(t)
	a := b.app()
	a.user("ada", "email", "ada@example.com")
	access := a.signIn("ada").AccessToken
	claim, err := a.srpStart("ada", password)
	check(t, err)
	_, err = a.ForgotPassword(t.Context(), &userpool.ForgotPasswordInput{ClientId: a.client, Username: "ada"})
	check(t, err)
	code := b.code("ada@example.com")
	check(t, a.change(access, password, another))
	_, err = a.RespondToAuthChallenge(t.Context(), claim)
	refused(t, err, userpool.ErrNotAuthorized, isWrong)
	_, err = a.ConfirmForgotPassword(t.Context(), &userpool.ConfirmForgotPasswordInput{
		ClientId: a.client, Username: "ada", ConfirmationCode: code, Password: password,
	})
	refused(t, err, userpool.ErrExpiredCode, codeIsOver)
	_, err = a.tryPassword("ada", another)
	check(t, err)
}

// The proof is a gated piece of arithmetic (H6): a caller whose context ends while it waits has changed nothing.
func TestH6_ChangePasswordCancelled(t *testing.T) {
	t.Parallel()
	a := setup(t).app()
	a.user("ada")
	access := a.signIn("ada").AccessToken
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := a.ChangePassword(ctx, &userpool.ChangePasswordInput{AccessToken: access, PreviousPassword: password, ProposedPassword: another})
	if err == nil || errors.Is(err, userpool.ErrNotAuthorized) {
		t.Errorf("got %v, want the end of the context", err)
	}
	a.signIn("ada")
}
