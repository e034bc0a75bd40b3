package userpool_test

import (
	"testing"
	"time"

	"github.com/cenote-auth/cenote/userpool"
)

// NEW-014, NEW-016, NEW-037, NEW-038: whoever is at the limit loses the session that was used the longest ago, over all clients,
// when he signs in; a lower limit ends the others then and not before.
func TestSessionEviction(t *testing.T) {
	t.Parallel()
	a := setup(t).tracks(3)
	other := a.sibling()
	for _, name := range []string{"ada", "bob"} {
		a.user(name)
	}
	bob := a.signIn("bob")
	var all []*userpool.AuthenticationResultType
	for i := range 3 {
		all = append(all, []app{a, other, a}[i].signIn("ada"))
		a.clock.Advance(time.Minute)
	}
	_, err := a.refresh(all[0].RefreshToken) // so that the second one was used the longest ago
	check(t, err)
	a.clock.Advance(time.Minute)
	expect := func(want ...bool) {
		t.Helper()
		f := a.fork(t)
		for i, tokens := range all {
			at := f
			if i == 1 {
				at.client = other.client
			}
			if at.alive(tokens) != want[i] {
				t.Errorf("sign-in %d: alive %t", i, !want[i])
			}
		}
		n := 0
		for _, w := range want {
			if w {
				n++
			}
		}
		if got := len(a.sessions("ada")); got != n {
			t.Errorf("%d sessions, want %d", got, n)
		}
	}
	expect(true, true, true)
	all = append(all, a.signIn("ada"))
	expect(true, false, true, true)
	a.clock.Advance(time.Minute)
	check(t, a.tracking(true, 1))
	expect(true, false, true, true)
	all = append(all, a.signIn("ada"))
	expect(false, false, false, false, true)
	check(t, a.tracking(true, 2))
	a.clock.Advance(time.Minute)
	all = append(all, a.signIn("ada"))
	expect(false, false, false, false, true, true)
	if !a.alive(bob) || len(a.sessions("bob")) != 1 {
		t.Error("another user lost his session")
	}
}

// NEW-037: a sign-in that fails ends nothing.
func TestFailedSignInEvictsNothing(t *testing.T) {
	t.Parallel()
	a := setup(t).tracks(1)
	a.user("ada")
	tokens := a.signIn("ada")
	_, err := a.tryPassword("ada", another)
	refused(t, err, userpool.ErrNotAuthorized, "")
	if !a.alive(tokens) {
		t.Error("a wrong password ended the session")
	}
}

// C2, NEW-037: of many sign-ins at once, on two nodes, as many sessions stay as may be, and the tokens of no other.
func TestC2_SignInsAtTheLimit(t *testing.T) {
	t.Parallel()
	a := setup(t).tracks(2)
	a.user("ada")
	node := a.node()
	tokens := make([]*userpool.AuthenticationResultType, 12)
	for _, err := range race(len(tokens), func(i int) error {
		out, err := []app{a, node}[i%2].tryPassword("ada", password)
		if err == nil {
			tokens[i] = out.AuthenticationResult
		}
		return err
	}) {
		check(t, err)
	}
	alive := 0
	for _, list := range tokens {
		if a.alive(list) {
			alive++
		}
	}
	if alive != 2 || len(a.sessions("ada")) != 2 {
		t.Errorf("%d are alive and %d listed, want 2", alive, len(a.sessions("ada")))
	}
}

// NEW-044: what ends all sign-ins of somebody ends the sessions; what does not, does not.
func TestWhatEndsSessions(t *testing.T) {
	t.Parallel()
	base := setup(t).tracks(20, emailAlias)
	base.user("ada", "email", "ada@example.com")
	base.signIn("ada")
	base.sibling().signIn("ada")
	tokens := base.signIn("ada")
	for _, tt := range []struct {
		name string
		do   func(a app) error
		left int
	}{
		{"GlobalSignOut", func(a app) error {
			_, err := a.GlobalSignOut(a.t.Context(), &userpool.GlobalSignOutInput{AccessToken: tokens.AccessToken})
			return err
		}, 0},
		{"AdminUserGlobalSignOut", func(a app) error {
			_, err := a.AdminUserGlobalSignOut(a.t.Context(), &userpool.AdminUserGlobalSignOutInput{UserPoolId: a.pool, Username: "ada"})
			return err
		}, 0},
		{"AdminDisableUser", func(a app) error { a.disable("ada"); return nil }, 0},
		{"another user of the name", func(a app) error { a.remove("ada"); a.user("ada"); return nil }, 0},
		{"RevokeToken", func(a app) error {
			_, err := a.RevokeToken(a.t.Context(), &userpool.RevokeTokenInput{ClientId: a.client, Token: tokens.RefreshToken})
			return err
		}, 2},
		{"the client is deleted", func(a app) error {
			_, err := a.DeleteUserPoolClient(a.t.Context(), &userpool.DeleteUserPoolClientInput{UserPoolId: a.pool, ClientId: a.client})
			return err
		}, 1},
		{"the password is set", func(a app) error { a.setPassword("ada", another); return nil }, 3},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			a := base.fork(t)
			check(t, tt.do(a))
			if got := len(a.sessions("ada")); got != tt.left {
				t.Errorf("%d sessions are left, want %d", got, tt.left)
			}
		})
	}
}

// A user with dead sessions has room for as many live ones as he may.
func TestDeadSessionsTakeNoRoom(t *testing.T) {
	t.Parallel()
	a := setup(t).tracks(2)
	a.user("ada")
	first, gone := a.signIn("ada"), a.sibling()
	a.clock.Advance(time.Minute)
	gone.signIn("ada")
	_, err := a.DeleteUserPoolClient(t.Context(), &userpool.DeleteUserPoolClientInput{UserPoolId: a.pool, ClientId: gone.client})
	check(t, err)
	a.signIn("ada")
	if !a.alive(first) || len(a.sessions("ada")) != 2 {
		t.Error("the session of a deleted client took another one's place")
	}
}

// H3: one user's thousand sessions that ended at once are not looked at again, one by one.
func TestH3_SignedOutSessionsAreNotListed(t *testing.T) {
	t.Parallel()
	a := setup(t).tracks(100)
	a.user("ada")
	for range 4 {
		for range 3 {
			a.signIn("ada")
		}
		_, err := a.AdminUserGlobalSignOut(t.Context(), &userpool.AdminUserGlobalSignOutInput{UserPoolId: a.pool, Username: "ada"})
		check(t, err)
	}
	a.signIn("ada")
	if n := len(a.sessions("ada")); n != 1 {
		t.Errorf("%d sessions", n)
	}
}
