package userpool_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/cenote-auth/cenote/store"
	"github.com/cenote-auth/cenote/userpool"
)

const (
	none   = userpool.RevokeAssociatedSessionsTypeNone
	linked = userpool.RevokeAssociatedSessionsTypeLinked
)

// revokeSession ends a session as the owner of tokens.
func (a app) revokeSession(tokens *userpool.AuthenticationResultType, id string, also userpool.RevokeAssociatedSessionsType) error {
	_, err := a.RevokeUserSession(a.t.Context(), &userpool.RevokeUserSessionInput{
		AccessToken: tokens.AccessToken, SessionId: id, RevokeAssociatedSessions: also,
	})
	return err
}

// adminRevokeSession ends a session as an administrator.
func (a app) adminRevokeSession(name, id string, also userpool.RevokeAssociatedSessionsType) error {
	_, err := a.AdminRevokeUserSession(a.t.Context(), &userpool.AdminRevokeUserSessionInput{
		UserPoolId: a.pool, Username: name, SessionId: id, RevokeAssociatedSessions: also,
	})
	return err
}

// familyMirror is a token family as it is stored, whatever it holds.
type familyMirror struct {
	store.Meta
	members map[string]any
}

func (f *familyMirror) MarshalJSON() ([]byte, error)    { return json.Marshal(f.members) }
func (f *familyMirror) UnmarshalJSON(data []byte) error { return json.Unmarshal(data, &f.members) }

// session returns the members of the family's session.
func (f *familyMirror) session() map[string]any { return f.members["Session"].(map[string]any) }

var familyMirrors = store.NewKind("family", store.Kind[familyMirror]{
	Key: func(f *familyMirror) []string { return []string{f.members["ID"].(string)} },
	Index: func(f *familyMirror) []store.Index {
		token, _ := base64.StdEncoding.DecodeString(f.members["Token"].(string))
		active, _ := time.Parse(time.RFC3339Nano, f.session()["Active"].(string))
		return []store.Index{
			{Name: "token", Value: []string{string(token)}},
			{Name: "session", Value: sessionPlace(f.members["Sub"].(string), f.session()["Run"], f.members["TokenEpoch"], active)},
		}
	},
})

func sessionPlace(sub string, run, epoch any, active time.Time) []string {
	return []string{sub, fmt.Sprintf("%v.%v.0", run, epoch), active.UTC().Format("20060102T150405.000000000")}
}

// ssoMirror is an SSO session as the pages of a domain will store it.
type ssoMirror struct {
	store.Meta
	ID, ClientID, Sub, Device string
	TokenEpoch, Run           int64
	Created, Active, Ends     time.Time
}

var ssoMirrors = store.NewKind("sso", store.Kind[ssoMirror]{
	Key: func(v *ssoMirror) []string { return []string{v.ID} },
	Index: func(v *ssoMirror) []store.Index {
		return []store.Index{{Name: "session", Value: sessionPlace(v.Sub, v.Run, v.TokenEpoch, v.Active)}}
	},
	Expires: func(v *ssoMirror) time.Time { return v.Ends },
})

// ssoID makes the id of an SSO session.
func ssoID(n int) string { return "sso" + fmt.Sprintf("%025d", n) }

// browser makes an SSO session of somebody, through which the given sign-ins came.
func (a app) browser(sub, id string, through ...*userpool.AuthenticationResultType) {
	a.t.Helper()
	m := a.mirror()
	now := a.clock.Now()
	check(a.t, m.store.Update(a.t.Context(), func(tx *store.Tx) error {
		for _, tokens := range through {
			family := claimsOf(a.t, tokens.AccessToken)["origin_jti"].(string)
			f, err := familyMirrors.Of(a.pool).Get(a.t.Context(), &tx.Reader, family)
			if err != nil {
				return err
			}
			f.session()["Origin"] = id
			if err := familyMirrors.Of(a.pool).Put(a.t.Context(), tx, f); err != nil {
				return err
			}
		}
		return ssoMirrors.Of(a.pool).Put(a.t.Context(), tx, &ssoMirror{
			ID: id, ClientID: a.client, Sub: sub, Device: "Firefox 126 / Linux", Run: 1, Created: now, Active: now, Ends: now.Add(90 * 24 * time.Hour),
		})
	}))
}

// NEW-063, NEW-067, NEW-367: who is signed in ends another session of his: its refresh token and its access tokens are dead, and
// nothing else is. His own he cannot end so.
func TestRevokeUserSession(t *testing.T) {
	t.Parallel()
	a := setup(t).tracks(20)
	a.user("ada")
	a.user("bob")
	other := a.sibling()
	mine, second, third, bob := a.signIn("ada"), other.signIn("ada"), a.signIn("ada"), a.signIn("bob")
	refreshed, err := other.refresh(second.RefreshToken)
	check(t, err)
	id := a.sessionOf(second)
	for _, also := range []userpool.RevokeAssociatedSessionsType{"", none, linked} {
		refused(t, a.revokeSession(mine, a.sessionOf(mine), also), userpool.ErrInvalidParameter, "The current session cannot be revoked.")
	}
	body, err := a.Invoke(t.Context(), "RevokeUserSession", fmt.Appendf(nil, `{"AccessToken":%q,"SessionId":%q}`, mine.AccessToken, id))
	check(t, err)
	if string(body) != "{}" {
		t.Errorf("answered %s", body)
	}
	for _, access := range []string{second.AccessToken, refreshed.AccessToken} {
		_, err := a.getUser(access)
		refused(t, err, userpool.ErrNotAuthorized, accessRevoked)
	}
	_, err = other.refresh(second.RefreshToken)
	refused(t, err, userpool.ErrNotAuthorized, refreshRevoked)
	for name, tokens := range map[string]*userpool.AuthenticationResultType{"his own": mine, "a third": third, "another user's": bob} {
		if !a.alive(tokens) {
			t.Errorf("%s session ended", name)
		}
	}
	if n := len(a.sessions("ada")); n != 2 {
		t.Errorf("%d sessions are left", n)
	}
	// NEW-069: what is over, unknown or somebody else's is not there.
	for name, id := range map[string]string{"ended": id, "bob's": a.sessionOf(bob), "unknown": "tkn" + strings.Repeat("x", 25), "SSO": ssoID(1)} {
		t.Run(name, func(t *testing.T) {
			refused(t, a.revokeSession(mine, id, linked), userpool.ErrResourceNotFound, "Session "+id+" does not exist.")
		})
	}
	if !a.alive(bob) {
		t.Error("bob's session ended")
	}
	for name, id := range map[string]string{"short": "tkn1", "kind": "abc" + strings.Repeat("x", 25), "upper case": "tkn" + strings.Repeat("X", 25)} {
		t.Run(name, func(t *testing.T) { refused(t, a.revokeSession(mine, id, none), userpool.ErrInvalidParameter, "") })
	}
	refused(t, a.revokeSession(mine, id, "ALL"), userpool.ErrInvalidParameter, "")
}

// NEW-068, NEW-368, NEW-062, NEW-366: an administrator ends a session of the user that he names.
func TestAdminRevokeUserSession(t *testing.T) {
	t.Parallel()
	b := setup(t)
	a, far := b.tracks(20, emailAlias), b.tracks(20)
	for _, in := range []app{a, far} {
		in.user("ada", "email", "ada@example.com")
		in.user("bob")
	}
	ada, adas, bob, farAda := a.signIn("ada"), a.signIn("ada"), a.signIn("bob"), far.signIn("ada")
	id := a.sessionOf(ada)
	refused(t, a.adminRevokeSession("bob", id, linked), userpool.ErrResourceNotFound, "")
	refused(t, far.adminRevokeSession("ada", id, linked), userpool.ErrResourceNotFound, "")
	refused(t, a.adminRevokeSession("nobody", id, none), userpool.ErrUserNotFound, "User does not exist.")
	refused(t, app{bench: b, pool: "us-east-1_Nowhere00"}.adminRevokeSession("ada", id, none), userpool.ErrResourceNotFound, "User pool us-east-1_Nowhere00 does not exist.")
	if !a.alive(ada) {
		t.Fatal("a refused call ended the session")
	}
	check(t, a.adminRevokeSession("ada@example.com", id, none))
	if a.alive(ada) || !a.alive(adas) || !a.alive(bob) || !far.alive(farAda) {
		t.Error("not exactly the one session ended")
	}
	refused(t, a.adminRevokeSession("ada", id, none), userpool.ErrResourceNotFound, "")
	if list := a.sessions("ada@example.com"); len(list) != 1 || list[0].SessionId != a.sessionOf(adas) {
		t.Errorf("left are %d sessions", len(list))
	}
	a.disable("ada")
	if len(a.sessions("ada")) != 0 { // NEW-044
		t.Error("a disabled user has sessions")
	}
}

// NEW-070, NEW-072: the order of what is refused, with tracking off and on.
func TestSessionRefusals(t *testing.T) {
	t.Parallel()
	a := setup(t).app()
	a.user("ada")
	a.user("bob")
	ada, bob := a.signIn("ada"), a.signIn("bob")
	id := ssoID(1)
	list := func(access, page string) error {
		_, err := a.ListUserSessions(t.Context(), &userpool.ListUserSessionsInput{AccessToken: access, NextToken: page})
		return err
	}
	adminList := func(pool, name, page string) error {
		_, err := a.AdminListUserSessions(t.Context(), &userpool.AdminListUserSessionsInput{UserPoolId: pool, Username: name, NextToken: page})
		return err
	}
	for name, err := range map[string]error{
		"list": list(ada.AccessToken, "x"), "admin list": adminList(a.pool, "ada", "x"), "revoke": a.revokeSession(ada, id, none),
		"admin revoke": a.adminRevokeSession("ada", id, none),
	} {
		t.Run(name, func(t *testing.T) { refused(t, err, userpool.ErrOperationNotEnabled, trackingIsOff) })
	}
	refused(t, list("garbage", ""), userpool.ErrNotAuthorized, "Invalid Access Token")
	refused(t, list(ada.IdToken, ""), userpool.ErrNotAuthorized, "Invalid Access Token")
	refused(t, adminList("us-east-1_Nowhere00", "ada", ""), userpool.ErrResourceNotFound, "")
	refused(t, adminList(a.pool, "nobody", ""), userpool.ErrUserNotFound, "")
	check(t, a.tracking(true, 20))
	refused(t, list(ada.AccessToken, "x"), userpool.ErrInvalidParameter, "Invalid pagination token given.")
	refused(t, adminList(a.pool, "ada", "x"), userpool.ErrInvalidParameter, "Invalid pagination token given.")
	check(t, list(ada.AccessToken, ""))
	_, err := a.AdminResetUserPassword(t.Context(), &userpool.AdminResetUserPasswordInput{UserPoolId: a.pool, Username: "bob"})
	if err == nil {
		refused(t, list(bob.AccessToken, ""), userpool.ErrPasswordResetRequired, "")
	}
	a.remove("ada")
	refused(t, list(ada.AccessToken, ""), userpool.ErrUserNotFound, "")
	refused(t, a.revokeSession(ada, id, none), userpool.ErrUserNotFound, "")
}

// NEW-033, NEW-039, NEW-049, NEW-055, NEW-065, NEW-066: an SSO session is listed beside the token sessions that came through it,
// and LINKED ends what is directly linked, from both ends; siblings stay.
func TestLinkedSessions(t *testing.T) {
	t.Parallel()
	base := setup(t).tracks(20)
	sub := base.user("ada")
	other := base.user("bob")
	left, right, apart := base.signIn("ada"), base.signIn("ada"), base.signIn("ada")
	base.browser(sub, ssoID(1), left, right)
	base.browser(sub, ssoID(2))
	base.browser(other, ssoID(3))

	sso := 0
	for _, s := range base.sessions("ada") {
		switch {
		case s.SessionType == userpool.SessionTypeTypeSso:
			sso++
			if s.OriginSessionId != "" || s.ClientId != base.client || s.DeviceType != "Firefox 126 / Linux" {
				t.Errorf("the SSO session is %+v", s)
			}
		case (s.OriginSessionId == ssoID(1)) == (s.SessionId == base.sessionOf(apart)):
			t.Errorf("the token session is %+v", s)
		}
	}
	if sso != 2 || len(base.sessions("ada")) != 5 || base.sessionOf(left) == "" {
		t.Errorf("%d sessions, %d of browsers", len(base.sessions("ada")), sso)
	}
	id := base.sessionOf(left)
	for _, tt := range []struct {
		name               string
		do                 func(a app) error
		left, right, apart bool
		browsers           int // of ada's two
	}{
		{"token", func(a app) error { return a.revokeSession(apart, id, "") }, false, true, true, 2},
		{"token, NONE", func(a app) error { return a.revokeSession(apart, id, none) }, false, true, true, 2},
		{"token, LINKED", func(a app) error { return a.revokeSession(apart, id, linked) }, false, true, true, 1},
		{"administrator, token, LINKED", func(a app) error { return a.adminRevokeSession("ada", id, linked) }, false, true, true, 1},
		{"token without parent, LINKED", func(a app) error { return a.adminRevokeSession("ada", base.sessionOf(apart), linked) }, true, true, false, 2},
		{"SSO", func(a app) error { return a.revokeSession(apart, ssoID(1), none) }, true, true, true, 1},
		{"SSO, LINKED", func(a app) error { return a.revokeSession(apart, ssoID(1), linked) }, false, false, true, 1},
		{"SSO, LINKED, the caller's own parent", func(a app) error { return a.revokeSession(right, ssoID(1), linked) }, false, true, true, 1}, // NEW-067
		{"administrator, SSO, LINKED", func(a app) error { return a.adminRevokeSession("ada", ssoID(1), linked) }, false, false, true, 1},
		{"administrator, SSO without children", func(a app) error { return a.adminRevokeSession("ada", ssoID(2), linked) }, true, true, true, 1},
		{"RevokeToken", func(a app) error { return a.revokeToken(left, "") }, false, true, true, 2}, // NEW-071, NEW-335
		{"RevokeToken, NONE", func(a app) error { return a.revokeToken(left, none) }, false, true, true, 2},
		{"RevokeToken, LINKED", func(a app) error { return a.revokeToken(left, linked) }, false, true, true, 1},
		{"RevokeToken, LINKED, without parent", func(a app) error { return a.revokeToken(apart, linked) }, true, true, false, 2},
		{"RevokeToken, LINKED, without tracking", func(a app) error {
			if err := a.tracking(false, 20); err != nil {
				return err
			}
			return a.revokeToken(left, linked)
		}, false, true, true, 2},
		{"bob's SSO session", func(a app) error {
			refused(t, a.revokeSession(apart, ssoID(3), linked), userpool.ErrResourceNotFound, "")
			return nil
		}, true, true, true, 2},
		{"nothing", func(a app) error { return nil }, true, true, true, 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			a := base.fork(t)
			check(t, tt.do(a))
			if l, r, s := a.alive(left), a.alive(right), a.alive(apart); l != tt.left || r != tt.right || s != tt.apart {
				t.Errorf("alive: left %t, right %t, apart %t", l, r, s)
			}
			if n := a.records("sso"); n != tt.browsers+1 {
				t.Errorf("%d SSO sessions, want %d", n, tt.browsers+1)
			}
		})
	}
	// NEW-040: an SSO session that is over is not listed.
	f := base.fork(t)
	f.clock.Advance(90 * 24 * time.Hour)
	if n := len(f.sessions("ada")); n != 0 {
		t.Errorf("%d sessions after 90 days", n)
	}
}

// revokeToken calls RevokeToken.
func (a app) revokeToken(tokens *userpool.AuthenticationResultType, also userpool.RevokeAssociatedSessionsType) error {
	_, err := a.RevokeToken(a.t.Context(), &userpool.RevokeTokenInput{
		ClientId: a.client, ClientSecret: a.secret, Token: tokens.RefreshToken, RevokeAssociatedSessions: also,
	})
	return err
}

// NEW-039, NEW-062: a listing holds at most 125 sessions, 100 of them token sessions.
func TestFullListing(t *testing.T) {
	t.Parallel()
	a := setup(t).tracks(100)
	sub := a.user("ada")
	for range 102 {
		a.signIn("ada")
		a.clock.Advance(time.Second)
	}
	for i := range 26 {
		a.browser(sub, ssoID(i))
	}
	if n := len(a.sessions("ada")); n != 125 {
		t.Errorf("%d sessions", n)
	}
}

// C2: a caller whose own session ends while he ends another's does not end it.
func TestC2_RevokerIsRevoked(t *testing.T) {
	t.Parallel()
	a := setup(t).tracks(20)
	a.user("ada")
	one, two := a.signIn("ada"), a.signIn("ada")
	ids := []string{a.sessionOf(one), a.sessionOf(two)}
	won := 0
	for _, err := range race(2, func(i int) error {
		return a.revokeSession([]*userpool.AuthenticationResultType{one, two}[i], ids[1-i], none)
	}) {
		if err == nil {
			won++
		} else {
			refused(t, err, userpool.ErrNotAuthorized, accessRevoked)
		}
	}
	if won != 1 || len(a.sessions("ada")) != 1 {
		t.Errorf("%d ended the other's, %d are left", won, len(a.sessions("ada")))
	}
}

// C4: somebody new under an old name neither sees nor ends the sessions of the former.
func TestC4_SessionsOfAFormerUser(t *testing.T) {
	t.Parallel()
	a := setup(t).tracks(20)
	a.user("ada")
	old := a.signIn("ada")
	id := a.sessionOf(old)
	a.remove("ada")
	a.user("ada")
	refused(t, a.adminRevokeSession("ada", id, none), userpool.ErrResourceNotFound, "")
	refused(t, a.revokeSession(a.signIn("ada"), id, none), userpool.ErrResourceNotFound, "")
	if n := len(a.sessions("ada")); n != 1 {
		t.Errorf("%d sessions", n)
	}
}
