package userpool_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/cenote-auth/cenote/awsapi"
	"github.com/cenote-auth/cenote/userpool"
)

// AUTH-541, AUTH-543: every operation that an access token authorises, also one that is still to come, refuses all that is no access
// token of a user who is signed in: forged, foreign, expired, revoked, a client's own, and ID tokens. Nothing has changed afterwards.
func TestC2_HostileBearers(t *testing.T) {
	t.Parallel()
	a := setup(t).withOrders()
	users := a.sibling()
	users.user("ada", "email", mail)
	foreign := setup(t).app()
	foreign.user("ada", "email", mail)
	good, revoked := users.signIn("ada"), users.signIn("ada")
	check(t, users.revokeToken(revoked, ""))
	client, err := a.sibling(machine("orders/read")).clientToken()
	check(t, err)
	old := users.signIn("ada").AccessToken
	raw := []byte(good.AccessToken)
	raw[len(raw)/2] ^= 1
	late := users.fork(t)
	late.clock.Advance(2 * time.Hour)
	tokens := map[string]struct {
		app
		token string
	}{
		"forged": {users, string(raw)}, "truncated": {users, good.AccessToken[:len(good.AccessToken)-3]}, "foreign": {users, foreign.signIn("ada").AccessToken},
		"expired": {late, old}, "revoked": {users, revoked.AccessToken}, "machine": {users, client.AccessToken}, "ID": {users, good.IdToken},
		"refresh": {users, good.RefreshToken},
	}
	n := 0
	for _, op := range userpool.Operations() {
		if op.Auth != awsapi.AuthAccessToken || !op.Built {
			continue
		}
		n++
		for name, x := range tokens {
			t.Run(op.Name+"/"+name, func(t *testing.T) {
				body, err := json.Marshal(map[string]any{ // what any of them has to be told
					"AccessToken": x.token, "Token": x.token, "PreviousPassword": password, "ProposedPassword": another, "AttributeName": "email", "Code": "000000",
					"UserAttributes":     []map[string]string{{"Name": "nickname", "Value": "evil"}},
					"UserAttributeNames": []string{"email"}, "DeviceKey": "us-east-1_12345678-1234-1234-1234-123456789012",
					"Credential": map[string]string{}, "CredentialId": "AAAA", "MFAOptions": []string{}, "SessionId": "tkn1234567890123456789012345",
				})
				check(t, err)
				_, err = x.Invoke(t.Context(), op.Name, body)
				refused(t, err, userpool.ErrNotAuthorized, "")
			})
		}
	}
	if n < 15 {
		t.Errorf("only %d operations", n)
	}
	if got := users.profile("ada"); valueOf(got.UserAttributes, "nickname") != "" || valueOf(got.UserAttributes, "email") != mail {
		t.Errorf("the user has changed: %+v", got)
	}
	if _, err := users.getUser(good.AccessToken); err != nil {
		t.Error(err)
	}
	if _, err := users.tryPassword("ada", password); err != nil {
		t.Error(err)
	}
}
