package userpool_test

import (
	"context"
	"errors"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cenote-auth/cenote/awsapi"
	"github.com/cenote-auth/cenote/risk"
	"github.com/cenote-auth/cenote/store"
	"github.com/cenote-auth/cenote/userpool"
)

const onMac = "Mozilla/5.0 (Macintosh; Intel Mac OS X 15_0_1) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/125.0.0.0 Safari/537.36"

// calls is a call from an address, by a program.
func calls(t *testing.T, address, agent string) context.Context {
	return awsapi.WithCaller(t.Context(), awsapi.Caller{SourceIP: address, UserAgent: agent})
}

// signInFrom signs in as a caller.
func (a app) signInFrom(ctx context.Context, name string) *userpool.AuthenticationResultType {
	a.t.Helper()
	out, err := a.InitiateAuth(ctx, &userpool.InitiateAuthInput{
		ClientId: a.client, AuthFlow: userpool.AuthFlowTypeUserPasswordAuth,
		AuthParameters: map[string]string{"USERNAME": name, "PASSWORD": password},
	})
	check(a.t, err)
	return out.AuthenticationResult
}

// refreshFrom refreshes as a caller, by the operation that rotates.
func (a app) refreshFrom(ctx context.Context, token string) *userpool.AuthenticationResultType {
	a.t.Helper()
	out, err := a.GetTokensFromRefreshToken(ctx, &userpool.GetTokensFromRefreshTokenInput{ClientId: a.client, RefreshToken: token})
	check(a.t, err)
	return out.AuthenticationResult
}

// sessions lists somebody's sessions as an administrator.
func (a app) sessions(name string) []userpool.SessionDescriptionType {
	a.t.Helper()
	out, err := a.AdminListUserSessions(a.t.Context(), &userpool.AdminListUserSessionsInput{UserPoolId: a.pool, Username: name})
	check(a.t, err)
	if out.Sessions == nil || out.NextToken != "" || len(out.Sessions) > 125 {
		a.t.Errorf("%d sessions, nil %t, and another page %q", len(out.Sessions), out.Sessions == nil, out.NextToken)
	}
	for i, s := range out.Sessions {
		if i > 0 && s.LastActiveDate.After(out.Sessions[i-1].LastActiveDate) {
			a.t.Error("the sessions are not listed newest first")
		}
		if s.IsCurrentSession {
			a.t.Error("a session of the administrator's")
		}
	}
	return out.Sessions
}

// sessionOf returns the id of the session that an access token belongs to, or "".
func (a app) sessionOf(tokens *userpool.AuthenticationResultType) string {
	a.t.Helper()
	out, err := a.ListUserSessions(a.t.Context(), &userpool.ListUserSessionsInput{AccessToken: tokens.AccessToken})
	check(a.t, err)
	current := ""
	for _, s := range out.Sessions {
		if s.IsCurrentSession {
			if current != "" {
				a.t.Error("two sessions are the current one")
			}
			current = s.SessionId
		}
	}
	return current
}

// alive reports whether tokens work: both kinds, or none.
func (a app) alive(tokens *userpool.AuthenticationResultType) bool {
	a.t.Helper()
	_, accessErr := a.getUser(tokens.AccessToken)
	_, refreshErr := a.rotate(tokens.RefreshToken)
	if (accessErr == nil) != (refreshErr == nil) {
		a.t.Errorf("access token: %v, refresh token: %v", accessErr, refreshErr)
	}
	if accessErr != nil {
		refused(a.t, accessErr, userpool.ErrNotAuthorized, accessRevoked)
		refused(a.t, refreshErr, userpool.ErrNotAuthorized, refreshRevoked)
	}
	return accessErr == nil
}

// NEW-031, NEW-032, NEW-034, NEW-049…054, NEW-056, NEW-061, NEW-365: each sign-in is a session with all its members, at every
// client and by every way to sign in.
func TestSessionMembers(t *testing.T) {
	t.Parallel()
	places := func(_ context.Context, a netip.Addr) (risk.Place, error) {
		switch a.String() {
		case "203.0.113.9":
			return risk.Place{City: "Reykjavík", Country: "Iceland"}, nil
		case "2001:db8::1":
			return risk.Place{City: strings.Repeat("ö", 300) + "\xff", Country: ""}, nil
		}
		return risk.Place{}, nil
	}
	b := setup(t, func(c *userpool.Config) { c.Locator = risk.LocatorFunc(places) })
	a := b.tracks(20)
	a.user("ada")
	b.clock.Advance(250 * time.Millisecond)
	start := b.clock.Now()
	first := a.signInFrom(calls(t, "203.0.113.9", onMac), "ada")
	b.clock.Advance(time.Second)
	other := a.sibling()
	second := other.signInFrom(calls(t, "2001:db8::1", "curl/8.5.0"), "ada")
	b.clock.Advance(time.Second)
	a.signInFrom(calls(t, "::ffff:192.0.2.7", ""), "ada")
	b.clock.Advance(time.Second)
	bySRP, err := a.srp("ada", password) // in the process: of nobody known
	check(t, err)
	b.clock.Advance(time.Second)
	_, err = a.AdminInitiateAuth(calls(t, "an address", strings.Repeat("x", 5000)), &userpool.AdminInitiateAuthInput{
		UserPoolId: a.pool, ClientId: a.client, AuthFlow: userpool.AuthFlowTypeAdminUserPasswordAuth,
		AuthParameters: map[string]string{"USERNAME": "ada", "PASSWORD": password},
	})
	check(t, err)

	type place struct{ client, device, address, city, country string }
	want := []place{
		{a.client, "unknown", "", "", "unknown"},
		{a.client, "unknown", "", "", "unknown"},
		{a.client, "unknown", "192.0.2.7", "", "unknown"},
		{other.client, "curl 8 / unknown", "2001:db8::1", strings.Repeat("ö", 256), "unknown"},
		{a.client, "Chrome 125 / macOS 15.0", "203.0.113.9", "Reykjavík", "Iceland"},
	}
	list := a.sessions("ada")
	if len(list) != len(want) {
		t.Fatalf("%d sessions, want %d", len(list), len(want))
	}
	for i, s := range list {
		if got := (place{s.ClientId, s.DeviceType, s.LastIPAddress, s.LastLocation.City, s.LastLocation.Country}); got != want[i] {
			t.Errorf("session %d: got %+v, want %+v", i, got, want[i])
		}
		at := start.Add(time.Duration(len(want)-1-i) * time.Second)
		if !s.CreateDate.Equal(at) || !s.LastActiveDate.Equal(at) || s.SessionType != userpool.SessionTypeTypeToken || s.OriginSessionId != "" {
			t.Errorf("session %d: %+v", i, s)
		}
		if !regexp.MustCompile(`^tkn[a-z0-9]{25}$`).MatchString(s.SessionId) {
			t.Errorf("session %d has the id %q", i, s.SessionId)
		}
		if slices.ContainsFunc(list[:i], func(o userpool.SessionDescriptionType) bool { return o.SessionId == s.SessionId }) {
			t.Error("two sessions with one id")
		}
	}
	for i, tokens := range map[int]*userpool.AuthenticationResultType{1: bySRP.AuthenticationResult, 3: second, 4: first} {
		if a.sessionOf(tokens) != list[i].SessionId {
			t.Errorf("session %d is not that of its access token", i)
		}
	}
	body, err := a.Invoke(t.Context(), "ListUserSessions", []byte(`{"AccessToken":"`+first.AccessToken+`"}`))
	check(t, err)
	if got := string(body); !strings.Contains(got, `"IsCurrentSession":false`) || strings.Count(got, `"IsCurrentSession":true`) != 1 ||
		strings.Contains(got, "NextToken") || !regexp.MustCompile(`"CreateDate":\d+\.25,`).MatchString(got) {
		t.Errorf("answered %s", got)
	}
}

// NEW-035, NEW-040: a refresh and a rotation move the four members and nothing else; what they do not know of the caller they
// forget. A session ends with its refresh token, which no refresh moves.
func TestSessionIsUsed(t *testing.T) {
	t.Parallel()
	for name, option := range map[string]any{"refresh": legacy, "rotation": rotating(0), "rotation with grace": rotating(60)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := setup(t).tracks(20, option, func(in *userpool.CreateUserPoolClientInput) { in.RefreshTokenValidity = 1 })
			a.user("ada")
			start := a.clock.Now()
			tokens := a.signInFrom(calls(t, "203.0.113.9", onMac), "ada")
			first := a.sessions("ada")[0]
			a.clock.Advance(time.Hour)
			token := tokens.RefreshToken
			next := a.refreshFrom(calls(t, "198.51.100.1", "curl/8.5.0"), token)
			if next.RefreshToken != "" {
				token = next.RefreshToken
			}
			list := a.sessions("ada")
			if len(list) != 1 {
				t.Fatalf("%d sessions", len(list))
			}
			s := list[0]
			if s.SessionId != first.SessionId || !s.CreateDate.Equal(first.CreateDate) || s.ClientId != first.ClientId {
				t.Errorf("it became %+v, was %+v", s, first)
			}
			if !s.LastActiveDate.Equal(start.Add(time.Hour)) || s.DeviceType != "curl 8 / unknown" || s.LastIPAddress != "198.51.100.1" {
				t.Errorf("after the refresh it is %+v", s)
			}
			if a.sessionOf(next) != s.SessionId {
				t.Error("the access token has another session")
			}
			a.clock.Advance(23*time.Hour - time.Second)
			a.refreshFrom(t.Context(), token)
			if s := a.sessions("ada")[0]; s.LastIPAddress != "" || s.DeviceType != "unknown" || s.LastLocation.Country != "unknown" {
				t.Errorf("after a refresh by nobody known it is %+v", s)
			}
			a.clock.Advance(time.Second)
			if list := a.sessions("ada"); len(list) != 0 {
				t.Errorf("%d sessions after the end of the refresh token", len(list))
			}
		})
	}
	// Who uses a rotated token within its grace period uses the session.
	a := setup(t).tracks(20, rotating(60))
	a.user("ada")
	token := a.signIn("ada").RefreshToken
	a.refreshFrom(t.Context(), token)
	a.clock.Advance(30 * time.Second)
	a.refreshFrom(calls(t, "198.51.100.1", ""), token)
	if s := a.sessions("ada")[0]; !s.LastActiveDate.Equal(a.clock.Now()) || s.LastIPAddress != "198.51.100.1" {
		t.Errorf("after the second use it is %+v", s)
	}
}

// NEW-011, NEW-017, NEW-018: tokens from before belong to no session and never will; switching off forgets the sessions and
// leaves their tokens alone, switching on again does not bring them back.
func TestTrackingOffAndOn(t *testing.T) {
	t.Parallel()
	a := setup(t).app(rotating(0))
	a.user("ada")
	before := a.signIn("ada")
	check(t, a.tracking(true, 2))
	before = a.refreshFrom(t.Context(), before.RefreshToken)
	if list := a.sessions("ada"); len(list) != 0 || a.sessionOf(before) != "" {
		t.Errorf("%d sessions of a sign-in from before", len(list))
	}
	first := a.signIn("ada")
	check(t, a.tracking(true, 2)) // on again without having been off
	if len(a.sessions("ada")) != 1 {
		t.Error("setting the same again lost the session")
	}
	check(t, a.tracking(false, 2))
	check(t, a.tracking(true, 2))
	if list := a.sessions("ada"); len(list) != 0 {
		t.Errorf("%d sessions came back", len(list))
	}
	first = a.refreshFrom(t.Context(), first.RefreshToken)
	if list := a.sessions("ada"); len(list) != 0 || a.sessionOf(first) != "" {
		t.Error("a refresh brought the session back")
	}
	a.signIn("ada")
	second := a.signIn("ada") // at the limit: the sessions of before neither count nor go
	if len(a.sessions("ada")) != 2 {
		t.Error("not both new sessions are listed")
	}
	for _, tokens := range []*userpool.AuthenticationResultType{before, first} {
		if !a.alive(tokens) {
			t.Error("tokens from before are dead")
		}
	}
	check(t, a.tracking(false, 2))
	for range 3 {
		a.signIn("ada")
	}
	if !a.alive(second) {
		t.Error("a session ended although tracking is off")
	}
	if n := a.records("family"); n != 7 {
		t.Errorf("%d families", n)
	}
}

// Without tracking a refresh writes nothing, however often the pool tracked sessions before.
func TestRefreshWithoutTrackingWritesNothing(t *testing.T) {
	t.Parallel()
	a := setup(t).tracks(20)
	a.user("ada")
	token := a.signIn("ada").RefreshToken
	version := func() int64 {
		found, err := a.mirror().find(a.pool)
		check(t, err)
		return found[0].Version
	}
	was := version()
	_, err := a.refresh(token)
	check(t, err)
	if version() == was {
		t.Error("a refresh with tracking wrote nothing")
	}
	check(t, a.tracking(false, 20))
	was = version()
	_, err = a.refresh(token)
	check(t, err)
	if version() != was {
		t.Error("a refresh without tracking wrote")
	}
}

// NEW-047: a client whose tokens cannot be revoked one by one has sessions all the same, and they end.
func TestSessionWithoutRevocation(t *testing.T) {
	t.Parallel()
	a := setup(t).tracks(20, func(in *userpool.CreateUserPoolClientInput) { in.EnableTokenRevocation = new(false) })
	a.user("ada")
	first := a.signIn("ada")
	second := a.signIn("ada")
	if claims := claimsOf(t, first.AccessToken); claims["origin_jti"] != nil || claims["sid"] != nil {
		t.Error("the token names its session")
	}
	id := a.sessionOf(first)
	if id == "" || id == a.sessionOf(second) {
		t.Fatalf("the sessions are %q and %q", id, a.sessionOf(second))
	}
	check(t, a.revokeSession(second, id, ""))
	if a.alive(first) || !a.alive(second) {
		t.Error("the wrong session ended")
	}
}

// H16: addresses do not show in what is logged of a listing.
func TestH16_AddressesAreRedacted(t *testing.T) {
	t.Parallel()
	a := setup(t).tracks(20)
	a.user("ada")
	a.signInFrom(calls(t, "203.0.113.9", onMac), "ada")
	out, err := a.AdminListUserSessions(t.Context(), &userpool.AdminListUserSessionsInput{UserPoolId: a.pool, Username: "ada"})
	check(t, err)
	if out.Sessions[0].LastIPAddress != "203.0.113.9" {
		t.Fatal("the address is not there at all")
	}
	for _, text := range []string{out.String(), out.GoString(), out.LogValue().String(), out.Sessions[0].String()} {
		if strings.Contains(text, "203.0.113.9") {
			t.Errorf("it shows in %s", text)
		}
	}
}

// NEW-048, C2: a session that ends while a refresh is under way is not brought back by it.
func TestC2_SessionEndsDuringRefresh(t *testing.T) {
	t.Parallel()
	for name, option := range map[string]any{"refresh": legacy, "rotation": rotating(60)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var a app
			var id string
			locate := func(ctx context.Context, _ netip.Addr) (risk.Place, error) {
				if id != "" { // while the caller's address is looked up
					check(t, a.adminRevokeSession("ada", id, ""))
				}
				return risk.Place{}, nil
			}
			a = setup(t, func(c *userpool.Config) { c.Locator = risk.LocatorFunc(locate) }).tracks(20, option)
			a.user("ada")
			tokens := a.signIn("ada")
			id = a.sessionOf(tokens)
			_, err := a.GetTokensFromRefreshToken(calls(t, "203.0.113.9", ""), &userpool.GetTokensFromRefreshTokenInput{
				ClientId: a.client, RefreshToken: tokens.RefreshToken,
			})
			refused(t, err, userpool.ErrNotAuthorized, refreshRevoked)
			if len(a.sessions("ada")) != 0 {
				t.Error("the session is there again")
			}
		})
	}
}

// Many refreshes of one session at once, on two nodes, all succeed.
func TestRefreshesOfOneSessionAtOnce(t *testing.T) {
	t.Parallel()
	a := setup(t).tracks(20)
	a.user("ada")
	tokens := a.signIn("ada")
	node := a.node()
	for _, err := range race(16, func(i int) error {
		_, err := []app{a, node}[i%2].refresh(tokens.RefreshToken)
		return err
	}) {
		check(t, err)
	}
	if n := len(a.sessions("ada")); n != 1 {
		t.Errorf("%d sessions", n)
	}
}

// mirror opens the bench's store beside the service, to look at records and to make those that only a browser makes.
func (b *bench) mirror() mirror { return mirror{b, store.Open(b.db, b.clock.Now)} }

type mirror struct {
	*bench
	store *store.Store
}

// find returns the token families of a pool.
func (m mirror) find(pool string) (out []*familyMirror, err error) {
	err = m.store.View(m.t.Context(), func(r *store.Reader) error {
		page, err := familyMirrors.Of(pool).Scan(m.t.Context(), r, store.Query{Limit: 1000})
		out = page.Records
		return err
	})
	if err == nil && len(out) == 0 {
		err = errors.New("no families")
	}
	return out, err
}
