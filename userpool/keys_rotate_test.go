package userpool_test

import (
	"context"
	"crypto/rsa"
	"encoding/json"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cenote-auth/cenote/internal/testkeys"
	"github.com/cenote-auth/cenote/token"
	"github.com/cenote-auth/cenote/userpool"
)

// manyKeys deals another pair each time, where the usual maker always deals a pool the same one.
func manyKeys(c *userpool.Config) {
	var n atomic.Int64
	c.SigningKeys = func(ctx context.Context, poolID string, use token.Use) (string, *rsa.PrivateKey, error) {
		if poolID != "" {
			poolID += strconv.FormatInt(n.Add(1), 10)
		}
		return testkeys.Make(ctx, poolID, use)
	}
}

func (a app) kids() map[string]bool {
	a.t.Helper()
	raw, err := a.JWKS(a.t.Context(), a.pool)
	check(a.t, err)
	var set struct {
		Keys []struct {
			Kid string `json:"kid"`
		} `json:"keys"`
	}
	check(a.t, json.Unmarshal(raw, &set))
	out := map[string]bool{}
	for _, k := range set.Keys {
		out[k.Kid] = true
	}
	return out
}

func kidOf(t *testing.T, raw string) string {
	t.Helper()
	return partOf(t, raw, 0)["kid"].(string)
}

// New keys are published an hour before they sign, and old ones until their last token has expired: no token is refused, on
// any node.
func TestH5_RotateKeys(t *testing.T) {
	t.Parallel()
	a := setup(t, manyKeys).app()
	a.user("ada")
	second := a.node()
	old := second.signIn("ada")
	check(t, a.RotateSigningKeys(t.Context(), a.pool))
	if n := len(second.kids()); n != 4 {
		t.Errorf("%d keys are published, want 4", n)
	}
	a.clock.Advance(time.Hour - time.Second)
	last := second.signIn("ada")
	if kidOf(t, last.AccessToken) != kidOf(t, old.AccessToken) || kidOf(t, last.IdToken) != kidOf(t, old.IdToken) {
		t.Error("a new key signed before verifiers could know it")
	}
	_, err := a.getUser(old.AccessToken)
	check(t, err)
	a.clock.Advance(time.Second)
	for _, node := range []app{a, second} {
		fresh := node.signIn("ada")
		for _, pair := range [][2]string{{fresh.AccessToken, old.AccessToken}, {fresh.IdToken, old.IdToken}} {
			if kidOf(t, pair[0]) == kidOf(t, pair[1]) || !a.kids()[kidOf(t, pair[0])] {
				t.Error("the former key still signs, or the new one is not published")
			}
		}
		for _, raw := range []string{fresh.AccessToken, last.AccessToken} {
			_, err := node.getUser(raw)
			check(t, err)
		}
	}
	a.clock.Advance(24*time.Hour + time.Second)
	if n := len(a.kids()); n != 2 {
		t.Errorf("%d keys are published a day later, want 2", n)
	}
	_, err = a.refresh(old.RefreshToken)
	check(t, err)
}

// Keys that have leaked are taken away at once, on every node: what they signed is worthless, what is signed from now on is
// not theirs. A sign-in that was under way is signed anew.
func TestH5_ReplaceKeys(t *testing.T) {
	t.Parallel()
	a := setup(t, manyKeys).app()
	a.user("ada")
	second := a.node()
	old := second.signIn("ada")
	check(t, a.ReplaceSigningKeys(t.Context(), a.pool))
	for _, node := range []app{second, a} {
		_, err := node.getUser(old.AccessToken)
		refused(t, err, userpool.ErrNotAuthorized, "Could not verify signature for Access Token")
		fresh := node.signIn("ada")
		if kids := node.kids(); len(kids) != 2 || !kids[kidOf(t, fresh.AccessToken)] || !kids[kidOf(t, fresh.IdToken)] {
			t.Error("a token was signed with a key that is not published")
		}
		_, err = node.getUser(fresh.AccessToken)
		check(t, err)
	}
	again, err := second.refresh(old.RefreshToken)
	check(t, err)
	_, err = a.getUser(again.AccessToken)
	check(t, err)
	for _, rotate := range []func(context.Context, string) error{a.RotateSigningKeys, a.ReplaceSigningKeys} {
		refused(t, rotate(t.Context(), "us-east-1_Nowhere00"), userpool.ErrResourceNotFound, "User pool us-east-1_Nowhere00 does not exist.")
	}
}
