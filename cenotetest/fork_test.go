package cenotetest_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/cenote-auth/cenote"
	"github.com/cenote-auth/cenote/cenotetest"
	"github.com/cenote-auth/cenote/token"
	"github.com/cenote-auth/cenote/userpool"
)

// people is the pool of the fixture.
var people = cenotetest.Pool{ID: "us-east-1_Example01", ClientID: "1example23456789"}

func TestForksAreIndependent(t *testing.T) {
	t.Parallel()
	base := cenotetest.Run(t)
	base.Load(t, "../testdata/people.json")
	base.Advance(3 * time.Hour)
	signUp(t, base, people, "new@example.com")
	tokens, err := base.SignIn(t.Context(), people, name, password)
	check(t, err)

	t.Run("group", func(t *testing.T) {
		for i := range 8 {
			t.Run(fmt.Sprint(i), func(t *testing.T) {
				t.Parallel()
				c, before := base.Fork(t), base.Now()
				if now := c.Now(); now.Before(before) || now.After(base.Now()) {
					t.Errorf("the clock shows %v, the base's %v", now, base.Now())
				}
				// Ids, codes and tokens of the base are good.
				_, err := c.UserPools.GetUser(t.Context(), &userpool.GetUserInput{AccessToken: tokens.Access})
				check(t, err)
				_, err = c.UserPools.ConfirmSignUp(t.Context(), &userpool.ConfirmSignUpInput{
					ClientId: people.ClientID, Username: "new@example.com", ConfirmationCode: c.Outbox().LastCode("new@example.com"),
				})
				check(t, err)
				// What is done here is not done there: store, outbox, clock, and the base's failures.
				signUp(t, c, people, "own@example.com")
				if n := len(c.Outbox().All()); n != 2 {
					t.Errorf("%d messages", n)
				}
				refreshed, err := c.UserPools.InitiateAuth(t.Context(), &userpool.InitiateAuthInput{
					ClientId: people.ClientID, AuthFlow: userpool.AuthFlowTypeRefreshTokenAuth, AuthParameters: map[string]string{"REFRESH_TOKEN": tokens.Refresh},
				})
				check(t, err)
				_, err = c.UserPools.GlobalSignOut(t.Context(), &userpool.GlobalSignOutInput{AccessToken: refreshed.AuthenticationResult.AccessToken})
				check(t, err)
				_, err = c.UserPools.GetUser(t.Context(), &userpool.GetUserInput{AccessToken: tokens.Access})
				if !errors.Is(err, userpool.ErrNotAuthorized) {
					t.Errorf("signed out, and still: %v", err)
				}
				c.FailNext("ConfirmSignUp", userpool.ErrTooManyRequests)
				c.Advance(61 * time.Minute)
				_, err = c.UserPools.Verifier(people.ID).Verify(t.Context(), tokens.Access)
				if !errors.Is(err, token.ErrExpired) {
					t.Errorf("an hour later: %v", err)
				}
			})
		}
	})

	if n := len(base.Outbox().All()); n != 1 {
		t.Errorf("the base has %d messages", n)
	}
	_, err = base.UserPools.Verifier(people.ID).Verify(t.Context(), tokens.Access)
	check(t, err)
	_, err = base.UserPools.GetUser(t.Context(), &userpool.GetUserInput{AccessToken: tokens.Access})
	check(t, err)
	signUp(t, base, people, "own@example.com") // nobody has it here
	_, err = base.UserPools.ConfirmSignUp(t.Context(), &userpool.ConfirmSignUpInput{
		ClientId: people.ClientID, Username: "new@example.com", ConfirmationCode: base.Outbox().LastCode("new@example.com"),
	})
	check(t, err) // no fork has used the code, or ordered a failure
}

// A fork of a fork, and a base that ends before its fork does.
func TestForksOutliveTheirBase(t *testing.T) {
	t.Parallel()
	var c *cenotetest.Cenote
	failed := during(func(base cenotetest.TB) {
		b := cenotetest.Run(base)
		b.Load(base, "../testdata/people.json")
		c = b.Fork(t).Fork(t)
	})
	if failed != "" {
		t.Fatal(failed)
	}
	_, err := c.SignIn(t.Context(), people, name, password)
	check(t, err)
}

// A fork is configured like its base.
func TestForksKeepTheConfiguration(t *testing.T) {
	t.Parallel()
	base := cenotetest.Run(t, func(c *cenote.Config) {
		c.Region = "eu-central-1"
		c.UserPools.Limits.ResendConfirmationCode = 1
	})
	p := base.Pool(t, cenotetest.Pool{})
	signUp(t, base, p, name)
	c := base.Fork(t)
	if c.UserPools.Region() != "eu-central-1" {
		t.Errorf("region %s", c.UserPools.Region())
	}
	in := &userpool.ResendConfirmationCodeInput{ClientId: p.ClientID, Username: name}
	_, err := c.UserPools.ResendConfirmationCode(t.Context(), in)
	check(t, err)
	if _, err = c.UserPools.ResendConfirmationCode(t.Context(), in); !errors.Is(err, userpool.ErrLimitExceeded) {
		t.Errorf("a limit that was set: %v", err)
	}
}

func TestSnapshotAndRestore(t *testing.T) {
	t.Parallel()
	c := cenotetest.Run(t)
	empty := c.Snapshot()
	c.Load(t, "../testdata/people.json")
	seeded := c.Snapshot()
	for range 2 { // a snapshot is good for more than one time
		signUp(t, c, people, "new@example.com")
		if n := len(c.Outbox().All()); n != 1 {
			t.Errorf("%d messages", n)
		}
		tokens, err := c.SignIn(t.Context(), people, name, password)
		check(t, err)
		c.Restore(seeded)
		if n := len(c.Outbox().All()); n != 0 {
			t.Errorf("%d messages after Restore", n)
		}
		_, err = c.UserPools.InitiateAuth(t.Context(), &userpool.InitiateAuthInput{
			ClientId: people.ClientID, AuthFlow: userpool.AuthFlowTypeRefreshTokenAuth, AuthParameters: map[string]string{"REFRESH_TOKEN": tokens.Refresh},
		})
		if !errors.Is(err, userpool.ErrNotAuthorized) {
			t.Errorf("a sign-in that was undone: %v", err)
		}
	}
	c.Restore(empty)
	if _, err := c.SignIn(t.Context(), people, name, password); !errors.Is(err, userpool.ErrResourceNotFound) {
		t.Errorf("a client that was undone: %v", err)
	}

	// The same ids again, with other settings: nothing of before is remembered.
	p := people
	p.Settings = func(in *userpool.CreateUserPoolInput) { in.UsernameAttributes = nil }
	p = c.Pool(t, p)
	addUser(t, c, p, "ada")
	_, err := c.SignIn(t.Context(), p, "ada", password)
	check(t, err)
	c.Restore(seeded)
	_, err = c.SignIn(t.Context(), people, name, password)
	check(t, err)
	if _, err := c.SignIn(t.Context(), people, "ada", password); !errors.Is(err, userpool.ErrNotAuthorized) && !errors.Is(err, userpool.ErrUserNotFound) {
		t.Errorf("a user who was undone: %v", err)
	}
}

// Subtests that share one instance see their own messages, although deliveries of one take along another's.
func TestMessagesHaveArrived(t *testing.T) {
	t.Parallel()
	c := cenotetest.Run(t)
	p := c.Pool(t, cenotetest.Pool{})
	var wg sync.WaitGroup
	for i := range 32 {
		wg.Go(func() {
			to := fmt.Sprintf("user%d@example.com", i)
			_, err := c.UserPools.SignUp(t.Context(), &userpool.SignUpInput{ClientId: p.ClientID, Username: to, Password: password})
			if err != nil || c.Outbox().LastCode(to) == "" {
				t.Errorf("%s: code %q, %v", to, c.Outbox().LastCode(to), err)
			}
		})
	}
	wg.Wait()
}
