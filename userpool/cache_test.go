package userpool_test

import (
	"errors"
	"testing"

	"github.com/cenote-auth/cenote/awsapi"
	"github.com/cenote-auth/cenote/userpool"
)

// node returns another service on the same store, as a second node would be.
func (a app) node() app {
	a.t.Helper()
	b := *a.bench
	b.start()
	a.bench = &b
	return a
}

// A node never acts on what another one has changed: settings, clients, secrets, users and keys that it has seen count only as
// far as they are still stored.
func TestH4_OtherNodesChanges(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		change func(a app)
		code   awsapi.Code
		text   string
	}{
		"flow switched off": {func(a app) {
			_, err := a.UpdateUserPoolClient(a.t.Context(), &userpool.UpdateUserPoolClientInput{
				UserPoolId: a.pool, ClientId: a.client, ExplicitAuthFlows: []userpool.ExplicitAuthFlowsType{userpool.ExplicitAuthFlowsTypeAllowUserSrpAuth},
			})
			check(a.t, err)
		}, userpool.ErrInvalidParameter, "USER_PASSWORD_AUTH flow not enabled for this client"},
		"client deleted": {func(a app) {
			_, err := a.DeleteUserPoolClient(a.t.Context(), &userpool.DeleteUserPoolClientInput{UserPoolId: a.pool, ClientId: a.client})
			check(a.t, err)
		}, userpool.ErrResourceNotFound, ""},
		"pool deleted": {func(a app) {
			_, err := a.DeleteUserPool(a.t.Context(), &userpool.DeleteUserPoolInput{UserPoolId: a.pool})
			check(a.t, err)
		}, userpool.ErrResourceNotFound, ""},
		"user disabled": {func(a app) { a.disable("ada") }, userpool.ErrNotAuthorized, "User is disabled."},
		"user deleted":  {func(a app) { a.remove("ada") }, userpool.ErrUserNotFound, "User does not exist."},
		"password set":  {func(a app) { a.setPassword("ada", another) }, userpool.ErrNotAuthorized, isWrong},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := setup(t).app(legacy)
			a.user("ada")
			second := a.node()
			second.signIn("ada") // has seen everything
			tt.change(a)
			_, err := second.tryPassword("ada", password)
			refused(t, err, tt.code, tt.text)
		})
	}
}

// Tokens of one node are good on the other, until either of them ends them.
func TestH4_TokensOverNodes(t *testing.T) {
	t.Parallel()
	a := setup(t).app()
	a.user("ada")
	second := a.node()
	tokens := a.signIn("ada")
	_, err := second.getUser(tokens.AccessToken)
	check(t, err)
	_, err = second.refresh(tokens.RefreshToken)
	check(t, err)
	_, err = second.RevokeToken(t.Context(), &userpool.RevokeTokenInput{ClientId: a.client, Token: tokens.RefreshToken})
	check(t, err)
	_, err = a.getUser(tokens.AccessToken)
	refused(t, err, userpool.ErrNotAuthorized, accessRevoked)
	_, err = a.refresh(tokens.RefreshToken)
	refused(t, err, userpool.ErrNotAuthorized, refreshRevoked)
}

// Guesses over two nodes are counted together, and rotations over two nodes are one lineage.
func TestC3_GuessesOverNodes(t *testing.T) {
	t.Parallel()
	a := setup(t).app()
	a.user("ada")
	nodes := []app{a, a.node()}
	compared := 0
	for _, err := range race(32, func(i int) error { _, err := nodes[i%2].tryPassword("ada", another); return err }) {
		switch errorText(err) {
		case isWrong:
			compared++
		case isLocked:
		default:
			t.Errorf("got %v", err)
		}
	}
	if compared < 5 || compared > 6 { // each node may have one under way when the lock falls
		t.Errorf("%d guesses were compared, want 5 or 6", compared)
	}
}

// H3: the same over nodes.
func TestH3_RotationOverNodes(t *testing.T) {
	t.Parallel()
	a := setup(t).app(rotating(60))
	a.user("ada")
	nodes := []app{a, a.node(), a.node()}
	token := a.signIn("ada").RefreshToken
	got := make([]string, 12)
	for _, err := range race(len(got), func(i int) error {
		out, err := nodes[i%3].rotate(token)
		if err == nil {
			got[i] = out.RefreshToken
		}
		return err
	}) {
		if err != nil && !errors.Is(err, userpool.ErrTooManyRequests) {
			t.Errorf("got %v", err)
		}
	}
	for _, s := range got {
		if s != "" && s != got[0] && got[0] != "" {
			t.Error("two successors of one token")
		}
	}
}
