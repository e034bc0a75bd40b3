package userpool_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/cenote-auth/cenote/store/driver"
	"github.com/cenote-auth/cenote/trigger"
	"github.com/cenote-auth/cenote/userpool"
)

// AUTH-261, AUTH-264, H3: a former token works for its whole grace period, also after its successor was used, and gives the token
// that is current then. After it, its use ends the family.
func TestH3_FormerTokensInTheirGrace(t *testing.T) {
	t.Parallel()
	a := setup(t).app(rotating(60))
	a.user("ada")
	tokens := []string{a.signIn("ada").RefreshToken}
	for range 3 {
		a.clock.Advance(15 * time.Second)
		next, err := a.rotate(tokens[len(tokens)-1])
		check(t, err)
		tokens = append(tokens, next.RefreshToken)
	}
	for i, former := range tokens[:3] {
		out, err := a.rotate(former)
		check(t, err)
		if out.RefreshToken != tokens[3] {
			t.Errorf("token %d of the lineage gives another one than the current", i)
		}
	}
	a.clock.Advance(30 * time.Second) // the first one was replaced 60 seconds ago, the others later
	f := a.fork(t)
	for _, former := range tokens[1:3] {
		_, err := f.rotate(former)
		check(t, err)
	}
	_, err := f.rotate(tokens[0])
	refused(t, err, userpool.ErrRefreshTokenReuse, "Refresh token has been invalidated by rotation")
	for _, text := range tokens {
		_, err := f.rotate(text)
		refused(t, err, userpool.ErrNotAuthorized, refreshRevoked)
	}
	// However many rotations there are within a grace period, what is remembered is bounded; beyond that a use is reuse.
	last := tokens[3]
	for range 9 {
		next, err := a.rotate(last)
		check(t, err)
		last = next.RefreshToken
	}
	_, err = a.rotate(tokens[3])
	refused(t, err, userpool.ErrRefreshTokenReuse, "")
	_, err = a.rotate(last)
	refused(t, err, userpool.ErrNotAuthorized, refreshRevoked)
}

// H3, AUTH-261, AUTH-263: 32 callers with one token on two nodes. With a grace period all get one successor; without one at most
// one does, and then the family is over: two people have the token.
func TestH3_RotationOnTwoNodes(t *testing.T) {
	t.Parallel()
	for _, grace := range []int32{0, 60} {
		for name, tracked := range map[string]bool{"tracked": true, "not tracked": false} {
			a := setup(t).app(rotating(grace))
			if tracked {
				check(t, a.tracking(true, 20))
			}
			a.user("ada")
			node := a.node()
			nodes := []app{a, node}
			token := a.signIn("ada").RefreshToken
			got := make([]*userpool.AuthenticationResultType, 32)
			for i, err := range race(32, func(i int) (err error) {
				got[i], err = nodes[i%2].rotate(token)
				return err
			}) {
				if err != nil && (grace > 0 || !errors.Is(err, userpool.ErrRefreshTokenReuse) && errorText(err) != refreshRevoked) {
					t.Errorf("grace %d, %s: caller %d got %v", grace, name, i, err)
				}
			}
			var successors []string
			served := 0
			for _, out := range got {
				if out != nil {
					successors, served = append(successors, out.RefreshToken), served+1
				}
			}
			slices.Sort(successors)
			if successors = slices.Compact(successors); len(successors) != 1 || grace > 0 && served != 32 || grace == 0 && served != 1 {
				t.Fatalf("grace %d, %s: %d callers got %d successors", grace, name, served, len(successors))
			}
			_, err := node.rotate(successors[0])
			if grace > 0 {
				check(t, err)
			} else {
				refused(t, err, userpool.ErrNotAuthorized, refreshRevoked)
			}
		}
	}
}

// H3: the whole lineage is alive or dead as one, on the node that did not see the reuse as well.
func TestH3_ReuseOnAnotherNode(t *testing.T) {
	t.Parallel()
	a := setup(t).app(rotating(0))
	a.user("ada")
	node := a.node()
	first := a.signIn("ada")
	second, err := node.rotate(first.RefreshToken)
	check(t, err)
	_, err = node.getUser(second.AccessToken)
	check(t, err)
	_, err = a.rotate(first.RefreshToken)
	refused(t, err, userpool.ErrRefreshTokenReuse, "")
	for _, access := range []string{first.AccessToken, second.AccessToken} {
		_, err = node.getUser(access)
		refused(t, err, userpool.ErrNotAuthorized, accessRevoked)
	}
	_, err = node.rotate(second.RefreshToken)
	refused(t, err, userpool.ErrNotAuthorized, refreshRevoked)
}

// meddling is a store that lets something happen right before an Update, once it is armed.
type meddling struct {
	driver.DB
	meddle func()
}

func (m *meddling) watch(c *userpool.Config) { m.DB, c.Store = c.Store, m }

func (m *meddling) Update(ctx context.Context, fn func(driver.Tx) error) error {
	if do := m.meddle; do != nil {
		m.meddle = nil
		do()
	}
	return m.DB.Update(ctx, fn)
}

// C2, H3, AUTH-257: a rotation, and a refresh of a tracked session, is decided in the Update that records it: whatever happens
// between the reading and the writing counts.
func TestC2_RotationHalfWay(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		do   func(a app, tokens *userpool.AuthenticationResultType) error
		code error
		text string
	}{
		"disabled": {func(a app, _ *userpool.AuthenticationResultType) error { a.disable("ada"); return nil }, userpool.ErrNotAuthorized, "User is disabled."},
		"deleted":  {func(a app, _ *userpool.AuthenticationResultType) error { a.remove("ada"); return nil }, userpool.ErrUserNotFound, "User does not exist."},
		"signed out": {func(a app, _ *userpool.AuthenticationResultType) error {
			_, err := a.AdminUserGlobalSignOut(a.t.Context(), &userpool.AdminUserGlobalSignOutInput{UserPoolId: a.pool, Username: "ada"})
			return err
		}, userpool.ErrNotAuthorized, refreshRevoked},
		"to be reset": {func(a app, _ *userpool.AuthenticationResultType) error {
			_, err := a.AdminResetUserPassword(a.t.Context(), &userpool.AdminResetUserPasswordInput{UserPoolId: a.pool, Username: "ada"})
			return err
		}, userpool.ErrPasswordResetRequired, "Password reset required for the user"},
		"client deleted": {func(a app, _ *userpool.AuthenticationResultType) error {
			_, err := a.DeleteUserPoolClient(a.t.Context(), &userpool.DeleteUserPoolClientInput{UserPoolId: a.pool, ClientId: a.client})
			return err
		}, userpool.ErrResourceNotFound, ""},
		"client made again": {func(a app, _ *userpool.AuthenticationResultType) error {
			_, err := a.DeleteUserPoolClient(a.t.Context(), &userpool.DeleteUserPoolClientInput{UserPoolId: a.pool, ClientId: a.client})
			a.sibling(rotating(60), func(in *userpool.CreateUserPoolClientInput) { in.ClientName = "_custom_id_:half" })
			return err
		}, userpool.ErrResourceNotFound, ""},
		"pool deleted": {func(a app, _ *userpool.AuthenticationResultType) error {
			_, err := a.DeleteUserPool(a.t.Context(), &userpool.DeleteUserPoolInput{UserPoolId: a.pool})
			return err
		}, userpool.ErrResourceNotFound, ""},
		"revoked": {func(a app, tokens *userpool.AuthenticationResultType) error { return a.revokeToken(tokens, none) },
			userpool.ErrNotAuthorized, refreshRevoked},
		"client gets tokens of its own": {func(a app, _ *userpool.AuthenticationResultType) error { // NEW-142
			_, err := a.UpdateUserPoolClient(a.t.Context(), &userpool.UpdateUserPoolClientInput{
				UserPoolId: a.pool, ClientId: a.client, ExplicitAuthFlows: []userpool.ExplicitAuthFlowsType{"ALLOW_CLIENT_TOKEN_AUTH"},
			})
			return err
		}, userpool.ErrInvalidParameter, "Auth flow not enabled for this client"},
		"nothing": {func(app, *userpool.AuthenticationResultType) error { return nil }, nil, ""},
	} {
		for _, rotates := range []bool{true, false} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				var m meddling
				b := setup(t, m.watch)
				options := []any{emailAlias, withSecret, func(in *userpool.CreateUserPoolClientInput) { in.ClientName = "_custom_id_:half" }}
				if rotates {
					options = append(options, rotating(60))
				}
				a := b.tracks(20, options...)
				a.user("ada", "email", "ada@example.com")
				tokens := a.signIn("ada")
				m.meddle = func() { check(t, tt.do(a, tokens)) }
				out, err := a.rotate(tokens.RefreshToken)
				if tt.code == nil {
					check(t, err)
				} else if !errors.Is(err, tt.code) || tt.text != "" && errorText(err) != tt.text {
					t.Errorf("got %v, want %v %q", err, tt.code, tt.text)
				}
				if m.meddle != nil || (out == nil) != (tt.code != nil) {
					t.Errorf("meddled: %t, tokens: %t", m.meddle == nil, out != nil)
				}
			})
		}
	}
}

// H4, H5: tokens of a refresh that is recorded are signed by the keys that the pool has then.
func TestH5_KeysReplacedDuringRotation(t *testing.T) {
	t.Parallel()
	var m meddling
	a := setup(t, m.watch, manyKeys).app(rotating(60))
	a.user("ada")
	tokens := a.signIn("ada")
	m.meddle = func() { check(t, a.ReplaceSigningKeys(t.Context(), a.pool)) }
	out, err := a.rotate(tokens.RefreshToken)
	check(t, err)
	_, err = a.getUser(out.AccessToken)
	check(t, err)
}

// C5: how many unknown refresh tokens an address may have opened is bounded, per pool and over all operations that take one.
// Garbage that is no token in form, and tokens that are known, do not count.
func TestC5_UnknownRefreshTokens(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *userpool.Config) { c.Limits.UnknownRefreshTokens = 6 })
	a, other := b.app(rotating(0)), b.app()
	a.user("ada")
	other.user("ada")
	token := a.signIn("ada").RefreshToken
	unknown := other.signIn("ada").RefreshToken // in the form of one; of another pool, which nobody here knows
	use := func(a app, address, text string) error {
		_, err := a.GetTokensFromRefreshToken(calls(t, address, ""), &userpool.GetTokensFromRefreshTokenInput{ClientId: a.client, RefreshToken: text})
		return err
	}
	for range 20 {
		refused(t, use(a, "192.0.2.1", "garbage"), userpool.ErrNotAuthorized, refreshBad)
	}
	for range 5 {
		refused(t, use(a, "192.0.2.1", unknown), userpool.ErrNotAuthorized, refreshBad)
	}
	revoke := func() error {
		_, err := a.RevokeToken(calls(t, "192.0.2.1", ""), &userpool.RevokeTokenInput{ClientId: a.client, Token: unknown})
		return err
	}
	check(t, revoke())
	refused(t, use(a, "192.0.2.1", unknown), userpool.ErrTooManyRequests, "Rate exceeded")
	refused(t, revoke(), userpool.ErrTooManyRequests, "Rate exceeded")
	next := a.refreshFrom(calls(t, "192.0.2.1", ""), token) // who has a good token is not held up
	refused(t, use(a, "192.0.2.2", unknown), userpool.ErrNotAuthorized, refreshBad)
	for range 6 {
		refused(t, use(other, "192.0.2.1", token), userpool.ErrNotAuthorized, refreshBad) // another pool's count
	}
	refused(t, use(other, "192.0.2.1", token), userpool.ErrTooManyRequests, "")
	b.clock.Advance(10 * time.Second)
	refused(t, use(a, "192.0.2.1", unknown), userpool.ErrNotAuthorized, refreshBad)
	refused(t, use(a, "192.0.2.1", unknown), userpool.ErrTooManyRequests, "")
	refused(t, use(a, "192.0.2.1", token), userpool.ErrRefreshTokenReuse, "") // known by its sum: told at once
	refused(t, use(a, "192.0.2.3", next.RefreshToken), userpool.ErrNotAuthorized, refreshRevoked)

	// A negative limit is none.
	free := setup(t, func(c *userpool.Config) { c.Limits.UnknownRefreshTokens = -1 }).app()
	for range 70 {
		refused(t, use(free, "192.0.2.1", unknown), userpool.ErrNotAuthorized, refreshBad)
	}
	// None set is 60.
	usual := setup(t).app()
	for range 60 {
		refused(t, use(usual, "", unknown), userpool.ErrNotAuthorized, refreshBad)
	}
	refused(t, use(usual, "", unknown), userpool.ErrTooManyRequests, "")
}

// restored starts the service on the store as a restore leaves it.
func (a app) restored() app {
	a.t.Helper()
	check(a.t, a.db.Update(a.t.Context(), func(tx driver.Tx) error {
		list, _, err := tx.Scan(a.t.Context(), driver.Range{Kind: "installation", Limit: 1})
		if err != nil || len(list) != 1 {
			return errors.Join(err, errors.New("no installation"))
		}
		var members map[string]any
		if err := json.Unmarshal(list[0].Data, &members); err != nil {
			return err
		}
		epoch, _ := members["Epoch"].(float64)
		members["Epoch"] = epoch + 1
		if list[0].Data, err = json.Marshal(members); err != nil {
			return err
		}
		return tx.Put(a.t.Context(), list[0])
	}))
	return a.node()
}

// H18: what a restore brings back is dead: codes, sign-ins under way, tokens, tracked sessions.
func TestH18_Restore(t *testing.T) {
	t.Parallel()
	a := setup(t).tracks(20)
	a.user("ada", "email", "ada@example.com")
	a.newcomer("new")
	tokens := a.signIn("ada")
	_, err := a.ForgotPassword(t.Context(), &userpool.ForgotPasswordInput{ClientId: a.client, Username: "ada"})
	check(t, err)
	reset := a.code("ada@example.com")
	a.signUp("bob", "email", "bob@example.com")
	confirm := a.code("bob@example.com")
	started, err := a.tryPassword("new", password)
	check(t, err)
	claim, err := a.srpStart("ada", password)
	check(t, err)

	r := a.fork(t).restored()
	_, err = r.ConfirmForgotPassword(t.Context(), &userpool.ConfirmForgotPasswordInput{
		ClientId: a.client, Username: "ada", ConfirmationCode: reset, Password: another,
	})
	refused(t, err, userpool.ErrExpiredCode, codeIsOver)
	refused(t, r.confirm("bob", confirm), userpool.ErrExpiredCode, codeIsOver)
	_, err = r.respond(newPassword, started.Session, "USERNAME", "new", "NEW_PASSWORD", another)
	refused(t, err, userpool.ErrNotAuthorized, "")
	_, err = r.RespondToAuthChallenge(t.Context(), claim)
	refused(t, err, userpool.ErrNotAuthorized, "")
	if r.alive(tokens) || len(r.sessions("ada")) != 0 {
		t.Error("tokens or sessions survive")
	}
	// What is made afterwards works, and what was not restored goes on.
	if _, err := r.ForgotPassword(t.Context(), &userpool.ForgotPasswordInput{ClientId: a.client, Username: "ada"}); err != nil {
		t.Error(err)
	}
	_, err = r.ConfirmForgotPassword(t.Context(), &userpool.ConfirmForgotPasswordInput{
		ClientId: a.client, Username: "ada", ConfirmationCode: r.code("ada@example.com"), Password: another,
	})
	check(t, err)
	check(t, a.confirm("bob", confirm))
	if !a.alive(tokens) {
		t.Error("tokens died without a restore")
	}
}

// H4, APP-040: the tokens of a client that cannot revoke are good for nothing once it is deleted, also when its id is used again, in
// the same second.
func TestH4_ClientWithoutRevocationMadeAgain(t *testing.T) {
	t.Parallel()
	fixed := func(in *userpool.CreateUserPoolClientInput) {
		in.ClientName, in.EnableTokenRevocation = "_custom_id_:again", new(false)
	}
	a := setup(t).app(fixed)
	a.user("ada")
	tokens := a.signIn("ada")
	refreshed, err := a.refresh(tokens.RefreshToken)
	check(t, err)
	_, err = a.getUser(refreshed.AccessToken)
	check(t, err)
	_, err = a.DeleteUserPoolClient(t.Context(), &userpool.DeleteUserPoolClientInput{UserPoolId: a.pool, ClientId: a.client})
	check(t, err)
	again := a.sibling(fixed)
	for _, access := range []string{tokens.AccessToken, refreshed.AccessToken} {
		_, err = again.getUser(access)
		refused(t, err, userpool.ErrNotAuthorized, accessRevoked)
	}
	_, err = again.refresh(tokens.RefreshToken)
	refused(t, err, userpool.ErrNotAuthorized, refreshRevoked)
	_, err = again.getUser(again.signIn("ada").AccessToken)
	check(t, err)

	// A client that learns to revoke, or unlearns it, keeps its users signed in.
	a = setup(t).app(fixed)
	a.user("ada")
	for _, revokes := range []bool{true, false, true} {
		before := a.signIn("ada")
		_, err := a.UpdateUserPoolClient(t.Context(), &userpool.UpdateUserPoolClientInput{
			UserPoolId: a.pool, ClientId: a.client, EnableTokenRevocation: &revokes,
			ExplicitAuthFlows: []userpool.ExplicitAuthFlowsType{"ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"},
		})
		check(t, err)
		after, err := a.refresh(before.RefreshToken)
		check(t, err)
		for _, access := range []string{before.AccessToken, after.AccessToken} {
			_, err := a.getUser(access)
			check(t, err)
		}
	}
}

// C2: a function that takes its time while the session it works for is evicted gives no tokens of it.
func TestC2_EvictedDuringRefresh(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var a app
	armed := false
	pre := on(b, "pre", func(_ context.Context, e trigger.PreTokenGenerationEvent) (trigger.PreTokenGenerationEvent, error) {
		if armed {
			armed = false
			a.signIn("ada")
		}
		return e, nil
	})
	a = b.tracks(1, lambdas(userpool.LambdaConfigType{PreTokenGeneration: pre}))
	a.user("ada")
	tokens := a.signIn("ada")
	armed = true
	_, err := a.refresh(tokens.RefreshToken)
	refused(t, err, userpool.ErrNotAuthorized, refreshRevoked)
}
