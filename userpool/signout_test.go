package userpool_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/cenote-auth/cenote/token"
	"github.com/cenote-auth/cenote/trigger"
	"github.com/cenote-auth/cenote/userpool"
)

const accessRevoked = "Access Token has been revoked"

// AUTH-521…538: what each event does to the tokens of the sign-in it hits, of another sign-in of the same user, and of another
// user. Offline, tokens verify until they expire, whatever happens.
func TestRevocationTable(t *testing.T) {
	t.Parallel()
	b := setup(t)
	base := b.app()
	base.user("ada", "email", "ada@example.com")
	base.user("bob")
	hit, same, other := base.signIn("ada"), base.sibling(), base.signIn("bob")
	second := same.signIn("ada")
	b.clock.Advance(2 * time.Second)
	type verdict struct {
		code error
		text string
	}
	var (
		good    = verdict{}
		revoked = verdict{userpool.ErrNotAuthorized, accessRevoked}
		ended   = verdict{userpool.ErrNotAuthorized, refreshRevoked}
		gone    = verdict{userpool.ErrUserNotFound, "User does not exist."}
		off     = verdict{userpool.ErrNotAuthorized, "User is disabled."}
	)
	tests := []struct {
		name                    string
		event                   func(a app) error
		access, refresh         verdict // of the sign-in that is hit
		otherAccess, otherFresh verdict // of the user's other sign-in, at another client
	}{
		{"AUTH-533 GlobalSignOut", func(a app) error {
			_, err := a.GlobalSignOut(a.t.Context(), &userpool.GlobalSignOutInput{AccessToken: hit.AccessToken})
			return err
		}, revoked, ended, revoked, ended},
		{"AUTH-533 AdminUserGlobalSignOut", func(a app) error {
			_, err := a.AdminUserGlobalSignOut(a.t.Context(), &userpool.AdminUserGlobalSignOutInput{UserPoolId: a.pool, Username: "ada"})
			return err
		}, revoked, ended, revoked, ended},
		{"AUTH-534 RevokeToken", func(a app) error {
			_, err := a.RevokeToken(a.t.Context(), &userpool.RevokeTokenInput{ClientId: a.client, Token: hit.RefreshToken})
			return err
		}, revoked, ended, good, good},
		{"AUTH-535 AdminDisableUser", func(a app) error { a.disable("ada"); return nil }, revoked, off, revoked, off},
		{"AUTH-529 disabled and enabled", func(a app) error {
			a.disable("ada")
			_, err := a.AdminEnableUser(a.t.Context(), &userpool.AdminEnableUserInput{UserPoolId: a.pool, Username: "ada"})
			return err
		}, revoked, ended, revoked, ended},
		{"AUTH-536 AdminDeleteUser", func(a app) error { a.remove("ada"); return nil }, gone, gone, gone, gone},
		{"AUTH-532 password set", func(a app) error { a.setPassword("ada", another); return nil }, good, good, good, good},
		{"nothing", func(app) error { return nil }, good, good, good, good},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			a := base.fork(t)
			same := same
			same.bench = a.bench
			check(t, tt.event(a))
			expect := func(what string, err error, want verdict) {
				t.Helper()
				if want == good && err != nil || want != good && (!errors.Is(err, want.code) || errorText(err) != want.text) {
					t.Errorf("%s: got %v, want %q", what, err, want.text)
				}
			}
			_, err := a.getUser(hit.AccessToken)
			expect("access token", err, tt.access)
			_, err = a.refresh(hit.RefreshToken)
			expect("refresh token", err, tt.refresh)
			_, err = same.getUser(second.AccessToken)
			expect("access token of another sign-in", err, tt.otherAccess)
			_, err = same.refresh(second.RefreshToken)
			expect("refresh token of another sign-in", err, tt.otherFresh)
			_, err = a.getUser(other.AccessToken)
			expect("access token of another user", err, good)
			_, err = a.refresh(other.RefreshToken)
			expect("refresh token of another user", err, good)
			for _, use := range []token.Use{token.ID, token.Access} { // AUTH-521
				v, err := token.NewVerifier(token.VerifierConfig{
					Issuer: a.Issuer(a.pool), ClientIDs: []string{a.client}, Use: use, Keys: a.KeySet(a.pool), Now: a.clock.Now,
				})
				check(t, err)
				raw := map[token.Use]string{token.ID: hit.IdToken, token.Access: hit.AccessToken}[use]
				_, err = v.Verify(t.Context(), raw)
				check(t, err)
			}
			if tt.access == revoked { // who signs in anew is in again
				if tt.refresh == off {
					_, err := a.tryPassword("ada", password)
					refused(t, err, userpool.ErrNotAuthorized, "User is disabled.")
				} else {
					_, err := a.getUser(a.signIn("ada").AccessToken)
					check(t, err)
				}
			}
		})
	}
}

// AUTH-525, AUTH-595: signing out twice does no harm; somebody unknown is told.
func TestAdminUserGlobalSignOut(t *testing.T) {
	t.Parallel()
	a := setup(t).app()
	a.user("ada")
	for range 2 {
		_, err := a.AdminUserGlobalSignOut(t.Context(), &userpool.AdminUserGlobalSignOutInput{UserPoolId: a.pool, Username: "ada"})
		check(t, err)
	}
	_, err := a.AdminUserGlobalSignOut(t.Context(), &userpool.AdminUserGlobalSignOutInput{UserPoolId: a.pool, Username: "nobody"})
	refused(t, err, userpool.ErrUserNotFound, "User does not exist.")
	_, err = a.AdminUserGlobalSignOut(t.Context(), &userpool.AdminUserGlobalSignOutInput{UserPoolId: "us-east-1_Nowhere00", Username: "ada"})
	refused(t, err, userpool.ErrResourceNotFound, "User pool us-east-1_Nowhere00 does not exist.")
}

// AUTH-527, AUTH-593: what RevokeToken refuses, in that order, and what it accepts without effect.
func TestRevokeToken(t *testing.T) {
	t.Parallel()
	b := setup(t)
	a := b.app()
	secret := a.sibling(withSecret)
	fixed := a.sibling(func(in *userpool.CreateUserPoolClientInput) { in.EnableTokenRevocation = new(false) })
	a.user("ada")
	tokens := a.signIn("ada")
	tests := []struct {
		name string
		in   userpool.RevokeTokenInput
		code error
	}{
		{"revocation is off", userpool.RevokeTokenInput{ClientId: fixed.client, Token: "x.y.z", ClientSecret: "wrongwrongwrongwrongwrong"}, userpool.ErrUnsupportedOperation},
		{"unknown client", userpool.RevokeTokenInput{ClientId: "nobody", Token: tokens.RefreshToken}, userpool.ErrUnauthorized},
		{"secret missing", userpool.RevokeTokenInput{ClientId: secret.client, Token: tokens.RefreshToken}, userpool.ErrUnauthorized},
		{"secret wrong", userpool.RevokeTokenInput{ClientId: secret.client, Token: tokens.RefreshToken, ClientSecret: "wrongwrongwrongwrongwrong"},
			userpool.ErrUnauthorized},
		{"secret of a client without", userpool.RevokeTokenInput{ClientId: a.client, Token: tokens.RefreshToken, ClientSecret: secret.secret}, userpool.ErrUnauthorized},
		{"access token", userpool.RevokeTokenInput{ClientId: a.client, Token: tokens.AccessToken}, userpool.ErrUnsupportedTokenType},
		{"ID token", userpool.RevokeTokenInput{ClientId: a.client, Token: tokens.IdToken}, userpool.ErrUnsupportedTokenType},
		{"unknown token", userpool.RevokeTokenInput{ClientId: a.client, Token: "unknown"}, nil},
		{"another client's token", userpool.RevokeTokenInput{ClientId: secret.client, Token: tokens.RefreshToken, ClientSecret: secret.secret}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := a.RevokeToken(t.Context(), &tt.in)
			if !errors.Is(err, tt.code) {
				t.Errorf("got %v, want %v", err, tt.code)
			}
		})
	}
	_, err := a.refresh(tokens.RefreshToken)
	check(t, err) // none of these did anything
	for range 2 {
		_, err = a.RevokeToken(t.Context(), &userpool.RevokeTokenInput{ClientId: a.client, Token: tokens.RefreshToken})
		check(t, err)
	}
	_, err = a.refresh(tokens.RefreshToken)
	refused(t, err, userpool.ErrNotAuthorized, refreshRevoked)
}

// AUTH-526: a token that was rotated out still names its family: revoking it ends what came after it.
func TestRevokeFormerToken(t *testing.T) {
	t.Parallel()
	a := setup(t).app(rotating(0))
	a.user("ada")
	first := a.signIn("ada")
	second, err := a.rotate(first.RefreshToken)
	check(t, err)
	third, err := a.rotate(second.RefreshToken)
	check(t, err)
	_, err = a.RevokeToken(t.Context(), &userpool.RevokeTokenInput{ClientId: a.client, Token: first.RefreshToken})
	check(t, err)
	_, err = a.rotate(third.RefreshToken)
	refused(t, err, userpool.ErrNotAuthorized, refreshRevoked)
}

// AUTH-528, AUTH-482, H3: a client that cannot revoke gives tokens without ids; a global sign-out still ends them, by the second.
func TestH3_SignOutWithoutFamily(t *testing.T) {
	t.Parallel()
	b := setup(t)
	a := b.app(func(in *userpool.CreateUserPoolClientInput) { in.EnableTokenRevocation = new(false) })
	a.user("ada")
	old := a.signIn("ada")
	for _, raw := range []string{old.IdToken, old.AccessToken} {
		c := claimsOf(t, raw)
		if c["jti"] != nil || c["origin_jti"] != nil {
			t.Errorf("jti %v, origin_jti %v; want none", c["jti"], c["origin_jti"])
		}
	}
	b.clock.Advance(500 * time.Millisecond)
	_, err := a.GlobalSignOut(t.Context(), &userpool.GlobalSignOutInput{AccessToken: old.AccessToken})
	check(t, err)
	sameSecond := a.signIn("ada")
	for _, raw := range []string{old.AccessToken, sameSecond.AccessToken} {
		_, err = a.getUser(raw)
		refused(t, err, userpool.ErrNotAuthorized, accessRevoked)
	}
	_, err = a.refresh(old.RefreshToken)
	refused(t, err, userpool.ErrNotAuthorized, refreshRevoked)
	b.clock.Advance(time.Second)
	_, err = a.getUser(a.signIn("ada").AccessToken)
	check(t, err)
}

// With revocation on, a sign-in within the second of the sign-out is not hit by it.
func TestH3_SameSecond(t *testing.T) {
	t.Parallel()
	a := setup(t).app()
	a.user("ada")
	old := a.signIn("ada")
	_, err := a.GlobalSignOut(t.Context(), &userpool.GlobalSignOutInput{AccessToken: old.AccessToken})
	check(t, err)
	_, err = a.getUser(a.signIn("ada").AccessToken)
	check(t, err)
	_, err = a.getUser(old.AccessToken)
	refused(t, err, userpool.ErrNotAuthorized, accessRevoked)
}

// AUTH-538: a rotation leaves access tokens alone.
func TestRotationLeavesAccessTokens(t *testing.T) {
	t.Parallel()
	a := setup(t).app(rotating(0))
	a.user("ada")
	first := a.signIn("ada")
	_, err := a.rotate(first.RefreshToken)
	check(t, err)
	_, err = a.getUser(first.AccessToken)
	check(t, err)
}

// The token that let the caller in is looked at again when the operation stores: one that was revoked while a function ran
// does nothing.
func TestC2_TokenRevokedMeanwhile(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var a app
	var tokens *userpool.AuthenticationResultType
	arn := on(b, "message", func(ctx context.Context, e trigger.CustomMessageEvent) (trigger.CustomMessageEvent, error) {
		if e.TriggerSource == "CustomMessage_VerifyUserAttribute" {
			if _, err := a.RevokeToken(ctx, &userpool.RevokeTokenInput{ClientId: a.client, Token: tokens.RefreshToken}); err != nil {
				return e, err
			}
		}
		return e, nil
	})
	a = b.app(lambdas(userpool.LambdaConfigType{CustomMessage: arn}))
	a.user("ada", "email", "ada@example.com")
	tokens = a.signIn("ada")
	b.outbox.Reset()
	_, err := a.GetUserAttributeVerificationCode(t.Context(), &userpool.GetUserAttributeVerificationCodeInput{
		AccessToken: tokens.AccessToken, AttributeName: "email",
	})
	refused(t, err, userpool.ErrNotAuthorized, accessRevoked)
	b.deliver()
	if n := len(b.outbox.All()); n != 0 {
		t.Errorf("%d messages were sent", n)
	}
}
