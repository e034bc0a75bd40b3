package userpool_test

import (
	"slices"
	"testing"
	"time"

	"github.com/cenote-auth/cenote/userpool"
)

// AUTH-400, AUTH-616: pages of the list, and what may happen between them.
func TestListWebAuthnCredentials(t *testing.T) {
	t.Parallel()
	a := setup(t).passkeyApp()
	a.user("bob", "email", "bob@example.com")
	ada, bob := a.signIn("ada").AccessToken, a.signIn("bob").AccessToken
	a.sameIDs(ada)
	for range 5 {
		a.register(ada, passkeyPhone())
	}
	all := a.passkeyIDs(ada)
	page := func(access string, size int32, token string) (ids []string, next string, err error) {
		out, err := a.ListWebAuthnCredentials(t.Context(), &userpool.ListWebAuthnCredentialsInput{AccessToken: access, MaxResults: &size, NextToken: token})
		if err != nil {
			return nil, "", err
		}
		for _, k := range out.Credentials {
			ids = append(ids, k.CredentialId)
		}
		return ids, out.NextToken, nil
	}
	first, next, err := page(ada, 2, "")
	check(t, err)
	if !slices.Equal(first, all[:2]) || next == "" {
		t.Errorf("the first page is %q, next %q", first, next)
	}
	check(t, a.forgetPasskey(ada, all[1])) // the one that the page ends with
	check(t, a.forgetPasskey(ada, all[3]))
	rest, end, err := page(ada, 2, next)
	check(t, err)
	if !slices.Equal(rest, []string{all[2], all[4]}) || end != "" {
		t.Errorf("the second page is %q, next %q", rest, end)
	}
	whole, end, err := page(ada, 0, "")
	check(t, err)
	if len(whole) != 3 || end != "" {
		t.Errorf("MaxResults 0 has %q, next %q", whole, end)
	}
	_, _, err = page(ada, 21, "")
	refused(t, err, userpool.ErrInvalidParameter, "")
	for name, token := range map[string]string{"garbage": "garbage", "changed": next[:len(next)-2] + "AA"} {
		if _, _, err := page(ada, 2, token); err == nil {
			t.Errorf("%s token is taken", name)
		}
	}
	_, _, err = page(bob, 2, next) // M5
	refused(t, err, userpool.ErrInvalidParameter, "")
	a.clock.Advance(time.Hour - time.Second)
	again := a.signIn("ada").AccessToken
	a.clock.Advance(time.Second)
	_, _, err = page(again, 2, next)
	refused(t, err, userpool.ErrInvalidParameter, "")
}

// AUTH-401, AUTH-617: one's own passkey is deleted, once; no other.
func TestDeleteWebAuthnCredential(t *testing.T) {
	t.Parallel()
	a := setup(t).passkeyApp()
	a.user("bob", "email", "bob@example.com")
	ada, bob := a.signIn("ada").AccessToken, a.signIn("bob").AccessToken
	for range 3 {
		a.register(ada, passkeyPhone())
	}
	ids := a.passkeyIDs(ada)
	for _, id := range []string{"AAAA", "not base64!", ids[0] + "=", ids[0] + "\n", ids[0][:len(ids[0])-1]} {
		refused(t, a.forgetPasskey(ada, id), userpool.ErrResourceNotFound, "")
	}
	refused(t, a.forgetPasskey(bob, ids[1]), userpool.ErrResourceNotFound, "")
	won := 0
	for _, err := range race(4, func(int) error { return a.forgetPasskey(ada, ids[1]) }) {
		if err == nil {
			won++
			continue
		}
		refused(t, err, userpool.ErrResourceNotFound, "")
	}
	if won != 1 {
		t.Errorf("%d of four deletions succeeded", won)
	}
	a.sameIDs(ada, ids[0], ids[2])
	if _, err := a.getUser(ada); err != nil {
		t.Errorf("the tokens ended with the passkey: %v", err)
	}
}

// C4: who deletes a passkey ends the sign-ins under way; who adds one does not.
func TestC4_PasskeysAndSessions(t *testing.T) {
	t.Parallel()
	a := setup(t).passkeyApp()
	access := a.signIn("ada").AccessToken
	a.register(access, passkeyPhone())
	claim, err := a.srpStart("ada", password)
	check(t, err)
	a.register(access, passkeyPhone())
	_, err = a.RespondToAuthChallenge(t.Context(), claim)
	check(t, err)
	claim, err = a.srpStart("ada", password)
	check(t, err)
	check(t, a.forgetPasskey(access, a.passkeyIDs(access)[0]))
	_, err = a.RespondToAuthChallenge(t.Context(), claim)
	refused(t, err, userpool.ErrNotAuthorized, "")
}
