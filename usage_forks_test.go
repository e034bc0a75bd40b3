package cenote_test

import (
	"errors"
	"testing"

	"github.com/cenote-auth/cenote/cenotetest"
	"github.com/cenote-auth/cenote/userpool"
)

// Many subtests on one seeded world.
func TestUsage3_Forks(t *testing.T) {
	t.Parallel()
	base := cenotetest.Run(t)
	base.Load(t, "testdata/people.json")
	p := cenotetest.Pool{ID: "us-east-1_Example01", ClientID: "1example23456789"}
	tokens, err := base.SignIn(t.Context(), p, "ada@example.com", "Correct-Horse-9")
	check(t, err)
	tests := []struct {
		name string
		do   func(*testing.T, *cenotetest.Cenote)
	}{
		{"disabled users cannot sign in", func(t *testing.T, c *cenotetest.Cenote) {
			_, err := c.UserPools.AdminDisableUser(t.Context(), &userpool.AdminDisableUserInput{UserPoolId: p.ID, Username: "ada@example.com"})
			check(t, err)
			if _, err = c.SignIn(t.Context(), p, "ada@example.com", "Correct-Horse-9"); !errors.Is(err, userpool.ErrNotAuthorized) {
				t.Error(err)
			}
		}},
		{"tokens of the base are valid", func(t *testing.T, c *cenotetest.Cenote) {
			_, err := c.UserPools.GetUser(t.Context(), &userpool.GetUserInput{AccessToken: tokens.Access})
			check(t, err)
		}},
		{"and can be revoked", func(t *testing.T, c *cenotetest.Cenote) {
			_, err := c.UserPools.GlobalSignOut(t.Context(), &userpool.GlobalSignOutInput{AccessToken: tokens.Access})
			check(t, err)
			if _, err = c.UserPools.GetUser(t.Context(), &userpool.GetUserInput{AccessToken: tokens.Access}); !errors.Is(err, userpool.ErrNotAuthorized) {
				t.Error(err)
			}
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := base.Fork(t) // O(1), independent; tokens and ids of base are valid in it
			tt.do(t, c)
		})
	}
}

// Tests in sequence on one world.
func TestUsage3_Snapshots(t *testing.T) {
	t.Parallel()
	base := cenotetest.Run(t)
	base.Load(t, "testdata/people.json")
	p := cenotetest.Pool{ID: "us-east-1_Example01", ClientID: "1example23456789"}
	snap := base.Snapshot()
	for range 3 {
		_, err := base.UserPools.SignUp(t.Context(), &userpool.SignUpInput{ClientId: p.ClientID, Username: "lin@example.com", Password: "Correct-Horse-9"})
		check(t, err)
		base.Restore(snap)
	}
	if n := len(base.Outbox().All()); n != 0 {
		t.Errorf("%d messages", n)
	}
}
