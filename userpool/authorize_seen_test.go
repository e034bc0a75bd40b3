package userpool_test

import (
	"context"
	"crypto/rsa"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cenote-auth/cenote/internal/testkeys"
	"github.com/cenote-auth/cenote/token"
	"github.com/cenote-auth/cenote/userpool"
)

// freshKeys names each key that a pool is given anew; the usual maker deals a pool the same one again.
func freshKeys(c *userpool.Config) {
	var n atomic.Int64
	c.SigningKeys = func(ctx context.Context, poolID string, use token.Use) (string, *rsa.PrivateKey, error) {
		kid, key, err := testkeys.Make(ctx, poolID, use)
		return kid + strconv.FormatInt(n.Add(1), 10), key, err
	}
}

// A token whose signature was found right before is refused by whatever has changed since, as one that was never seen.
func TestH4_SeenTokens(t *testing.T) {
	t.Parallel()
	const revoked = "Access Token has been revoked"
	for name, tt := range map[string]struct {
		change func(a app, access string)
		text   string // "": it is still good
	}{
		"nothing": {func(app, string) {}, ""},
		"end of life": {func(a app, _ string) {
			a.clock.Advance(time.Hour)
		}, "Access Token has expired"},
		"key rotated": {func(a app, _ string) {
			check(a.t, a.RotateSigningKeys(a.t.Context(), a.pool))
		}, ""},
		"key replaced": {func(a app, _ string) {
			check(a.t, a.ReplaceSigningKeys(a.t.Context(), a.pool))
		}, "Could not verify signature for Access Token"},
		"signed out": {func(a app, access string) {
			_, err := a.GlobalSignOut(a.t.Context(), &userpool.GlobalSignOutInput{AccessToken: access})
			check(a.t, err)
		}, revoked},
		"user disabled": {func(a app, _ string) { a.disable("ada") }, revoked},
		"client deleted": {func(a app, _ string) {
			_, err := a.DeleteUserPoolClient(a.t.Context(), &userpool.DeleteUserPoolClientInput{UserPoolId: a.pool, ClientId: a.client})
			check(a.t, err)
		}, "Could not verify signature for Access Token"},
		"pool deleted": {func(a app, _ string) {
			_, err := a.DeleteUserPool(a.t.Context(), &userpool.DeleteUserPoolInput{UserPoolId: a.pool})
			check(a.t, err)
		}, "Could not verify signature for Access Token"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := setup(t, freshKeys).app()
			a.user("ada")
			access := a.signIn("ada").AccessToken
			for range 2 {
				_, err := a.getUser(access)
				check(t, err)
			}
			tt.change(a, access)
			for range 2 {
				_, err := a.getUser(access)
				if tt.text == "" {
					check(t, err)
					continue
				}
				refused(t, err, userpool.ErrNotAuthorized, tt.text)
			}
		})
	}
}

// What is seen is the whole token: another signature under the same claims is another token.
func TestH5_SeenTokensAreWhole(t *testing.T) {
	t.Parallel()
	a := setup(t).app()
	a.user("ada")
	access := a.signIn("ada").AccessToken
	_, err := a.getUser(access)
	check(t, err)
	head, signature := access[:strings.LastIndexByte(access, '.')+1], access[strings.LastIndexByte(access, '.')+1:]
	forged := head + strings.Repeat("A", len(signature))
	for range 2 {
		_, err = a.getUser(forged)
		refused(t, err, userpool.ErrNotAuthorized, "Could not verify signature for Access Token")
	}
	_, err = a.getUser(access)
	check(t, err)
}
