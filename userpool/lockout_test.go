package userpool_test

import (
	"errors"
	"strconv"
	"testing"
	"time"

	"github.com/cenote-auth/cenote/userpool"
)

const (
	isWrong  = "Incorrect username or password."
	isLocked = "Password attempts exceeded"
)

// AUTH-441…443, AUTH-445: after five failures the account is locked for 1 s, then 2, 4 … up to 900 s. Nothing that is tried
// meanwhile changes anything, right or wrong.
func TestLockOut(t *testing.T) {
	t.Parallel()
	a := setup(t).app(hides)
	a.user("ada")
	for _, who := range []string{"ada", "nobody"} { // H7: a name that nobody has locks alike
		t.Run(who, func(t *testing.T) {
			a := a.fork(t)
			for range 4 {
				_, err := a.tryPassword(who, another)
				refused(t, err, userpool.ErrNotAuthorized, isWrong)
			}
			for _, seconds := range []int{1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900} {
				_, err := a.tryPassword(who, another)
				refused(t, err, userpool.ErrNotAuthorized, isWrong)
				for _, password := range []string{another, password} {
					_, err := a.tryPassword(who, password)
					refused(t, err, userpool.ErrNotAuthorized, isLocked)
					_, err = a.srp(who, password)
					refused(t, err, userpool.ErrNotAuthorized, isLocked)
				}
				a.clock.Advance(time.Duration(seconds)*time.Second - time.Nanosecond)
				_, err = a.tryPassword(who, password)
				refused(t, err, userpool.ErrNotAuthorized, isLocked)
				a.clock.Advance(time.Nanosecond)
			}
			for range 4 { // AUTH-443: a quarter of an hour of rest begins anew
				_, err := a.tryPassword(who, another)
				refused(t, err, userpool.ErrNotAuthorized, isWrong)
			}
			_, err := a.tryPassword(who, password)
			if who == "ada" {
				check(t, err)
			} else {
				refused(t, err, userpool.ErrNotAuthorized, isWrong)
			}
		})
	}
}

// AUTH-443: a successful sign-in forgets the failures before it, by either flow.
func TestLockOutForgotten(t *testing.T) {
	t.Parallel()
	a := setup(t).app()
	a.user("ada")
	for range 3 {
		for range 4 {
			_, err := a.tryPassword("ada", another)
			refused(t, err, userpool.ErrNotAuthorized, isWrong)
		}
		_, err := a.srp("ada", password)
		check(t, err)
		for range 4 {
			_, err := a.srp("ada", another)
			refused(t, err, userpool.ErrNotAuthorized, isWrong)
		}
		a.signIn("ada")
	}
}

// AUTH-444, AUTH-445: all password flows count together; a reset clears the lock.
func TestLockOutOverFlows(t *testing.T) {
	t.Parallel()
	b := setup(t)
	a := b.app()
	a.user("ada", "email", "ada@example.com")
	tries := []func() error{
		func() error { _, err := a.tryPassword("ada", another); return err },
		func() error { _, err := a.srp("ada", another); return err },
		func() error {
			_, err := a.adminBegin(userpool.AuthFlowTypeAdminUserPasswordAuth, "USERNAME", "ada", "PASSWORD", another)
			return err
		},
	}
	for i := range 5 {
		refused(t, tries[i%3](), userpool.ErrNotAuthorized, isWrong)
	}
	for _, try := range tries {
		refused(t, try(), userpool.ErrNotAuthorized, isLocked)
	}
	_, err := a.ForgotPassword(t.Context(), &userpool.ForgotPasswordInput{ClientId: a.client, Username: "ada"})
	check(t, err)
	_, err = a.ConfirmForgotPassword(t.Context(), &userpool.ConfirmForgotPasswordInput{
		ClientId: a.client, Username: "ada", ConfirmationCode: b.code("ada@example.com"), Password: password,
	})
	check(t, err)
	a.signIn("ada")
}

// 32 guesses at once are 32 counted guesses: after five the account is locked, whoever comes. The same holds over names that
// mean one user, over SRP blocks that were collected before, and for a name that nobody has.
func TestC3_RacingGuesses(t *testing.T) {
	t.Parallel()
	a := setup(t).app(byEmail, hides)
	sub := a.user("ada@example.com")
	tests := []struct {
		name string
		try  func(a app, i int) error
	}{
		{"password", func(a app, i int) error {
			_, err := a.tryPassword("ada@example.com", another+strconv.Itoa(i))
			return err
		}},
		{"two names", func(a app, i int) error {
			_, err := a.tryPassword([]string{"ada@example.com", sub}[i%2], another+strconv.Itoa(i))
			return err
		}},
		{"nobody", func(a app, i int) error {
			_, err := a.tryPassword("nobody@example.com", another+strconv.Itoa(i))
			return err
		}},
		{"srp", func(a app, i int) error { _, err := a.srp("ada@example.com", another+strconv.Itoa(i)); return err }},
		{"srp of nobody", func(a app, i int) error { _, err := a.srp("nobody@example.com", another+strconv.Itoa(i)); return err }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			a := a.fork(t)
			wrong, locked := 0, 0
			for _, err := range race(32, func(i int) error { return tt.try(a, i) }) {
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
		})
	}
}

// Blocks are collected first and answered later: each answer is a counted guess all the same.
func TestC3_CollectedBlocks(t *testing.T) {
	t.Parallel()
	a := setup(t).app()
	a.user("ada")
	claims := make([]*userpool.RespondToAuthChallengeInput, 16)
	for i := range claims {
		var err error
		claims[i], err = a.srpStart("ada", another+strconv.Itoa(i))
		check(t, err)
	}
	wrong := 0
	for _, err := range race(len(claims), func(i int) error {
		_, err := a.RespondToAuthChallenge(t.Context(), claims[i])
		return err
	}) {
		if errorText(err) == isWrong {
			wrong++
		}
	}
	if wrong != 5 {
		t.Errorf("%d claims were compared, want 5", wrong)
	}
}

// A right password among many wrong ones does not open a lock that fell first, and does not undo the counting of those that
// come after it.
func TestC3_RightAmongWrong(t *testing.T) {
	t.Parallel()
	a := setup(t).app()
	a.user("ada")
	for range 4 {
		_, err := a.tryPassword("ada", another)
		refused(t, err, userpool.ErrNotAuthorized, isWrong)
	}
	good, wrong, locked := 0, 0, 0
	for _, err := range race(32, func(i int) error {
		p := another
		if i == 16 {
			p = password
		}
		_, err := a.tryPassword("ada", p)
		return err
	}) {
		switch {
		case err == nil:
			good++
		case errorText(err) == isWrong:
			wrong++
		case errorText(err) == isLocked:
			locked++
		default:
			t.Errorf("got %v", err)
		}
	}
	if good > 1 || good+wrong+locked != 32 || wrong > 1+5*good {
		t.Errorf("%d right, %d compared, %d locked", good, wrong, locked)
	}
}

// errorText returns AWS's sentence of an error, or "".
func errorText(err error) string {
	var e interface{ ErrorMessage() string }
	if errors.As(err, &e) {
		return e.ErrorMessage()
	}
	return ""
}

// AUTH-449: every number can be configured; a negative one switches the lock off.
func TestLockOutLimits(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *userpool.Config) { c.Limits.FreeAttempts, c.Limits.MaxLock = 1, 3*time.Second })
	a := b.app()
	a.user("ada")
	for _, d := range []time.Duration{time.Second, 2 * time.Second, 3 * time.Second, 3 * time.Second} {
		_, err := a.tryPassword("ada", another)
		refused(t, err, userpool.ErrNotAuthorized, isWrong)
		_, err = a.tryPassword("ada", password)
		refused(t, err, userpool.ErrNotAuthorized, isLocked)
		b.clock.Advance(d)
	}
	off := setup(t, func(c *userpool.Config) { c.Limits.FreeAttempts = -1 }).app()
	off.user("ada")
	for range 20 {
		_, err := off.tryPassword("ada", another)
		refused(t, err, userpool.ErrNotAuthorized, isWrong)
	}
}
