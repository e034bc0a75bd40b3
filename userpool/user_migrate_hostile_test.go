package userpool_test

import (
	"context"
	"maps"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cenote-auth/cenote/awsapi"
	"github.com/cenote-auth/cenote/userpool"
)

// C3: the function says of a password whether it is right, so guesses at it are counted and locked like any, before it is asked.
func TestC3_GuessesAtTheDirectory(t *testing.T) {
	t.Parallel()
	for name, option := range map[string]func(*userpool.CreateUserPoolClientInput){"hides": hides, "tells": legacy} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, d := setup(t), &directory{people: map[string]migrated{"ada": person("name", "Ada")}}
			a := d.app(b, option)
			wrong := "Incorrect username or password."
			code := userpool.ErrNotAuthorized
			if name == "tells" {
				wrong, code = "UserMigration failed with error Bad password.", userpool.ErrUserLambdaValidation
			}
			for range 5 {
				_, err := a.tryPassword("ada", "guess")
				refused(t, err, code, wrong)
			}
			for _, word := range []string{"guess", old} {
				_, err := a.tryPassword("ada", word)
				refused(t, err, userpool.ErrNotAuthorized, "Password attempts exceeded")
			}
			if d.calls() != 5 {
				t.Errorf("the function was asked %d times, want 5", d.calls())
			}
			a.clock.Advance(2 * time.Second)
			_, err := a.tryPassword("ada", old)
			check(t, err)
			for range 5 { // the migrated user begins anew
				_, err := a.tryPassword("ada", "guess")
				refused(t, err, userpool.ErrNotAuthorized, "Incorrect username or password.")
			}
		})
	}
}

// C3: a thousand guesses at once are no more than a few.
func TestC3_GuessesAtOnce(t *testing.T) {
	t.Parallel()
	b, d := setup(t), &directory{people: map[string]migrated{"ada": person("name", "Ada")}}
	a := d.app(b, hides)
	for _, err := range race(24, func(int) error { _, err := a.tryPassword("ada", "guess"); return err }) {
		refused(t, err, userpool.ErrNotAuthorized, "")
	}
	if d.calls() != 5 {
		t.Errorf("the function was asked %d times, want 5", d.calls())
	}
}

// Two sign-ins of one person at once: both ask, one makes the user, both go on.
func TestMigrationRace(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var begun sync.WaitGroup
	begun.Add(2)
	arn := on(b, "migrate", func(_ context.Context, e migration) (migration, error) {
		begun.Done()
		begun.Wait()
		e.Response = person("name", "Ada")
		return e, nil
	})
	a := b.app(lambdas(userpool.LambdaConfigType{UserMigration: arn}), hides)
	for _, err := range race(2, func(int) error { _, err := a.tryPassword("ada", old); return err }) {
		check(t, err)
	}
}

// Somebody who takes the name while the function runs keeps it, and his password.
func TestC2_NameTakenMeanwhile(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var a app
	var once atomic.Bool
	arn := on(b, "migrate", func(_ context.Context, e migration) (migration, error) {
		if once.CompareAndSwap(false, true) {
			a.user("ada", "email", "first@example.com")
		}
		e.Response = person("name", "Second")
		return e, nil
	})
	a = b.app(lambdas(userpool.LambdaConfigType{UserMigration: arn}), hides)
	_, err := a.tryPassword("ada", old)
	refused(t, err, userpool.ErrNotAuthorized, "Incorrect username or password.")
	if a.value("ada", "name") != "" {
		t.Error("the user was changed by the migration")
	}
	a.signIn("ada")
}

// C2: a function that the pool no longer has when it answers makes nobody; nor does one whose client or pool is gone.
func TestC2_FunctionTakenAwayMeanwhile(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		away func(a app) error
		code awsapi.Code
	}{
		"function": {func(a app) error {
			_, err := a.UpdateUserPool(a.t.Context(), &userpool.UpdateUserPoolInput{UserPoolId: a.pool})
			return err
		}, userpool.ErrUserNotFound},
		"client": {func(a app) error {
			_, err := a.DeleteUserPoolClient(a.t.Context(), &userpool.DeleteUserPoolClientInput{UserPoolId: a.pool, ClientId: a.client})
			return err
		}, userpool.ErrResourceNotFound},
		"pool": {func(a app) error {
			_, err := a.DeleteUserPool(a.t.Context(), &userpool.DeleteUserPoolInput{UserPoolId: a.pool})
			return err
		}, userpool.ErrResourceNotFound},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			var a app
			arn := on(b, "migrate", func(_ context.Context, e migration) (migration, error) {
				check(t, tt.away(a))
				e.Response = person("name", "Ada")
				return e, nil
			})
			a = b.app(lambdas(userpool.LambdaConfigType{UserMigration: arn}), legacy)
			_, err := a.tryPassword("ada", old)
			refused(t, err, tt.code, "")
			if name != "pool" {
				list, err := a.ListUsers(t.Context(), &userpool.ListUsersInput{UserPoolId: a.pool})
				if err != nil || len(list.Users) != 0 {
					t.Errorf("there are users: %v, %v", list, err)
				}
			}
		})
	}
}

// H6: a wrong secret hash asks nobody.
func TestH6_MigrationAfterTheSecretHash(t *testing.T) {
	t.Parallel()
	b, d := setup(t), &directory{people: map[string]migrated{"ada": person("name", "Ada")}}
	a := d.app(b, withSecret)
	_, err := a.begin(userpool.AuthFlowTypeUserPasswordAuth, "USERNAME", "ada", "PASSWORD", old, "SECRET_HASH", "x")
	refused(t, err, userpool.ErrNotAuthorized, "")
	_, err = a.ForgotPassword(t.Context(), &userpool.ForgotPasswordInput{ClientId: a.client, Username: "ada", SecretHash: "x"})
	refused(t, err, userpool.ErrNotAuthorized, "")
	if d.calls() != 0 {
		t.Errorf("the function was asked %d times", d.calls())
	}
}

// The ClientMetadata of a sign-in is the validation data of the function (AUTH-166); nothing of the call stays in the store in clear.
func TestMigrationKeepsNothing(t *testing.T) {
	t.Parallel()
	b, d := setup(t), &directory{people: map[string]migrated{"ada": person("name", "Ada")}}
	a := d.app(b)
	const word = "pass-word-mark"
	a.user("bob", "email", "bob@example.com")
	a.signIn("bob")
	a.signUp("eve", "email", "eve@example.com")
	_, err := a.InitiateAuth(t.Context(), &userpool.InitiateAuthInput{
		ClientId: a.client, AuthFlow: userpool.AuthFlowTypeUserPasswordAuth, ClientMetadata: map[string]string{"k": "meta-mark"},
		AuthParameters: map[string]string{"USERNAME": "zoe", "PASSWORD": word},
	})
	refused(t, err, userpool.ErrUserNotFound, "")
	if r := d.heard[0].Request; !maps.Equal(r.ValidationData, map[string]string{"k": "meta-mark"}) || r.ClientMetadata != nil {
		t.Errorf("the function heard %+v", r)
	}
	if text := dump(t, a); strings.Contains(text, word) || strings.Contains(text, "meta-mark") {
		t.Error("the call was stored")
	}
}
