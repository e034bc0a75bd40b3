package e2e_test

import (
	"errors"
	"path/filepath"
	"testing"

	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
)

// What the server has acknowledged outlives its death: users, their passwords, tokens and what was revoked.
func TestKilledServerForgetsNothing(t *testing.T) {
	t.Parallel()
	s := start(t, nil, "dev", "--data", filepath.Join(t.TempDir(), "data"))
	w := newWorld(t, s, anyone)
	ctx := t.Context()
	const kept, left = "kept@example.com", "left@example.com"
	w.signUp(t, kept, password)
	w.signUp(t, left, password)
	tokens, err := w.signIn(ctx, kept, password)
	check(t, err)
	revoked, err := w.signIn(ctx, left, password)
	check(t, err)
	_, err = w.api.GlobalSignOut(ctx, &cip.GlobalSignOutInput{AccessToken: revoked.AccessToken})
	check(t, err)

	s.kill()
	s.restart(t)
	w = w.at(s)

	if _, err = w.signIn(ctx, kept, password); err != nil {
		t.Errorf("sign-in: %v", err)
	}
	if _, err = w.api.GetUser(ctx, &cip.GetUserInput{AccessToken: tokens.AccessToken}); err != nil {
		t.Errorf("an access token: %v", err)
	}
	_, err = w.api.InitiateAuth(ctx, &cip.InitiateAuthInput{ClientId: &w.client, AuthFlow: types.AuthFlowTypeRefreshTokenAuth,
		AuthParameters: map[string]string{"REFRESH_TOKEN": *tokens.RefreshToken}})
	if err != nil {
		t.Errorf("a refresh token: %v", err)
	}
	_, err = w.api.GetUser(ctx, &cip.GetUserInput{AccessToken: revoked.AccessToken})
	if _, ok := errors.AsType[*types.NotAuthorizedException](err); !ok {
		t.Errorf("a revoked token: %v", err)
	}
}

// A developer's server starts again on the data that its fixtures were loaded into, and does not load them twice.
func TestRestartWithFixtures(t *testing.T) {
	t.Parallel()
	s := start(t, nil, "dev", "--data", filepath.Join(t.TempDir(), "data"), "--fixtures", filepath.Join("..", "testdata", "people.json"))
	pools := func() int {
		out, err := api(s.url, anyone).ListUserPools(t.Context(), &cip.ListUserPoolsInput{MaxResults: new(int32(60))})
		check(t, err)
		return len(out.UserPools)
	}
	before := pools()
	s.kill()
	s.restart(t)
	if after := pools(); before == 0 || after != before {
		t.Errorf("%d pools, after a restart %d", before, after)
	}
}
