package userpool_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/cenote-auth/cenote/trigger"
	"github.com/cenote-auth/cenote/userpool"
)

const (
	refreshBad     = "Invalid Refresh Token"
	refreshRevoked = "Refresh Token has been revoked"
	refreshOver    = "Refresh Token has expired"
)

// AUTH-251…254: what a refresh keeps, what it makes anew, and that it reads attributes and groups as they are now.
func TestRefresh(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var sources []trigger.Source
	pre := on(b, "pre", func(_ context.Context, e trigger.PreTokenGenerationEvent) (trigger.PreTokenGenerationEvent, error) {
		sources = append(sources, e.TriggerSource)
		return e, nil
	})
	a := b.app(lambdas(userpool.LambdaConfigType{PreTokenGeneration: pre}))
	a.user("ada", "email", "ada@example.com", "nickname", "old")
	first := a.signIn("ada")
	b.clock.Advance(30 * time.Minute)
	_, err := a.AdminUpdateUserAttributes(t.Context(), &userpool.AdminUpdateUserAttributesInput{
		UserPoolId: a.pool, Username: "ada", UserAttributes: attributes("nickname", "new"),
	})
	check(t, err)
	_, err = a.CreateGroup(t.Context(), &userpool.CreateGroupInput{UserPoolId: a.pool, GroupName: "crew"})
	check(t, err)
	_, err = a.AdminAddUserToGroup(t.Context(), &userpool.AdminAddUserToGroupInput{UserPoolId: a.pool, GroupName: "crew", Username: "ada"})
	check(t, err)

	for _, flow := range []userpool.AuthFlowType{userpool.AuthFlowTypeRefreshTokenAuth, userpool.AuthFlowTypeRefreshToken} {
		out, err := a.begin(flow, "REFRESH_TOKEN", first.RefreshToken)
		check(t, err)
		second := out.AuthenticationResult
		if second.RefreshToken != "" || out.ChallengeParameters == nil || len(out.ChallengeParameters) != 0 {
			t.Error("a refresh gave another refresh token, or no empty map")
		}
		for _, pair := range [][2]string{{first.IdToken, second.IdToken}, {first.AccessToken, second.AccessToken}} {
			was, is := claimsOf(t, pair[0]), claimsOf(t, pair[1])
			for _, kept := range []string{"sub", "iss", "auth_time", "origin_jti", "event_id", "scope", "aud", "client_id", "token_use"} {
				if was[kept] != is[kept] {
					t.Errorf("%s was %v and is %v", kept, was[kept], is[kept])
				}
			}
			if was["jti"] == is["jti"] || is["iat"].(float64)-was["iat"].(float64) != 1800 || is["exp"].(float64)-is["iat"].(float64) != 3600 {
				t.Errorf("jti %v and %v, iat %v and %v, exp %v", was["jti"], is["jti"], was["iat"], is["iat"], is["exp"])
			}
			if groups, ok := is["cognito:groups"].([]any); !ok || len(groups) != 1 || groups[0] != "crew" {
				t.Errorf("groups are %v", is["cognito:groups"])
			}
		}
		if claimsOf(t, second.IdToken)["nickname"] != "new" {
			t.Error("the attribute is the old one")
		}
		_, err = a.getUser(second.AccessToken)
		check(t, err)
	}
	_, err = a.rotate(first.RefreshToken) // AUTH-259: works without rotation too
	check(t, err)
	want := []trigger.Source{ // TRG-080
		trigger.TokenGenerationAuthentication, trigger.TokenGenerationRefreshTokens, trigger.TokenGenerationRefreshTokens,
		trigger.TokenGenerationAuthentication,
	}
	if len(sources) != len(want) {
		t.Fatalf("the function ran for %v, want %v", sources, want)
	}
	for i := range want {
		if sources[i] != want[i] {
			t.Errorf("the function ran for %v, want %v", sources, want)
		}
	}
}

// AUTH-255, AUTH-257, AUTH-513: why a refresh token is not good.
func TestRefreshRefusals(t *testing.T) {
	t.Parallel()
	base := setup(t).app(func(in *userpool.CreateUserPoolClientInput) { in.RefreshTokenValidity = 1 })
	base.user("ada", "email", "ada@example.com")
	tokens := base.signIn("ada")
	token := tokens.RefreshToken
	tests := []struct {
		name string
		do   func(a app) (app, string)
		code error
		text string
	}{
		{"garbage", func(a app) (app, string) { return a, "garbage" }, userpool.ErrNotAuthorized, refreshBad},
		{"five parts of garbage", func(a app) (app, string) { return a, "a.b.c.d.e" }, userpool.ErrNotAuthorized, refreshBad},
		{"an access token", func(a app) (app, string) { return a, tokens.AccessToken }, userpool.ErrNotAuthorized, refreshBad},
		{"changed", func(a app) (app, string) { return a, token[:len(token)-2] + "AA" }, userpool.ErrNotAuthorized, refreshBad},
		{"another client", func(a app) (app, string) { return a.sibling(), token }, userpool.ErrNotAuthorized, refreshBad},
		{"another pool", func(a app) (app, string) { return a.bench.app(), token }, userpool.ErrNotAuthorized, refreshBad},
		{"disabled", func(a app) (app, string) { a.disable("ada"); return a, token }, userpool.ErrNotAuthorized, "User is disabled."},
		{"deleted", func(a app) (app, string) { a.remove("ada"); return a, token }, userpool.ErrUserNotFound, "User does not exist."},
		{"reset", func(a app) (app, string) {
			_, err := a.AdminResetUserPassword(a.t.Context(), &userpool.AdminResetUserPasswordInput{UserPoolId: a.pool, Username: "ada"})
			check(a.t, err)
			return a, token
		}, userpool.ErrPasswordResetRequired, "Password reset required for the user"},
		{"password changed", func(a app) (app, string) { a.setPassword("ada", another); return a, token }, nil, ""}, // AUTH-532
		{"at its last second", func(a app) (app, string) { a.clock.Advance(24*time.Hour - time.Second); return a, token }, nil, ""},
		{"over", func(a app) (app, string) { a.clock.Advance(24 * time.Hour); return a, token }, userpool.ErrNotAuthorized, refreshOver},
		{"long over", func(a app) (app, string) { a.clock.Advance(90 * 24 * time.Hour); return a, token }, userpool.ErrNotAuthorized, refreshOver},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			a, token := tt.do(base.fork(t))
			_, err := a.refresh(token)
			_, rotateErr := a.rotate(token)
			for _, err := range []error{err, rotateErr} {
				if tt.code == nil {
					check(t, err)
				} else if !errors.Is(err, tt.code) || errorText(err) != tt.text {
					t.Errorf("got %v, want %v %q", err, tt.code, tt.text)
				}
			}
		})
	}
}

// A refresh at the last moment gives tokens that live on: their family is not forgotten before they end.
func TestRefreshAtTheEnd(t *testing.T) {
	t.Parallel()
	a := setup(t).app(func(in *userpool.CreateUserPoolClientInput) { in.RefreshTokenValidity = 1 })
	a.user("ada")
	first := a.signIn("ada")
	a.clock.Advance(24*time.Hour - time.Second)
	second, err := a.refresh(first.RefreshToken)
	check(t, err)
	a.clock.Advance(time.Hour - time.Second)
	_, err = a.getUser(second.AccessToken)
	check(t, err)
	a.clock.Advance(time.Second)
	_, err = a.getUser(second.AccessToken)
	refused(t, err, userpool.ErrNotAuthorized, "Access Token has expired")
}

// AUTH-258: a lock-out does not concern a refresh.
func TestRefreshWhileLocked(t *testing.T) {
	t.Parallel()
	a := setup(t).app()
	a.user("ada")
	tokens := a.signIn("ada")
	for range 5 {
		_, err := a.tryPassword("ada", another)
		refused(t, err, userpool.ErrNotAuthorized, isWrong)
	}
	_, err := a.refresh(tokens.RefreshToken)
	check(t, err)
}

// AUTH-260…263, H3: each use gives a successor. Without a grace period the former one is dead at once, and its use ends the
// whole family.
func TestH3_RotationReuse(t *testing.T) {
	t.Parallel()
	a := setup(t).app(rotating(0))
	sub := a.user("ada")
	first := a.signIn("ada")
	_, err := a.begin(userpool.AuthFlowTypeRefreshTokenAuth, "REFRESH_TOKEN", first.RefreshToken)
	if err == nil {
		t.Error("InitiateAuth refreshed although the client rotates (AUTH-261)")
	}
	second, err := a.rotate(first.RefreshToken)
	check(t, err)
	third, err := a.rotate(second.RefreshToken)
	check(t, err)
	if second.RefreshToken == first.RefreshToken || third.RefreshToken == second.RefreshToken {
		t.Error("the token did not change")
	}
	was, is := claimsOf(t, first.AccessToken), claimsOf(t, third.AccessToken)
	if was["origin_jti"] != is["origin_jti"] || is["sub"] != sub { // AUTH-262
		t.Error("origin_jti changed")
	}
	other := a.signIn("ada")
	_, err = a.rotate(first.RefreshToken) // rotated out two generations ago
	refused(t, err, userpool.ErrRefreshTokenReuse, "")
	_, err = a.rotate(third.RefreshToken)
	refused(t, err, userpool.ErrNotAuthorized, refreshRevoked)
	_, err = a.getUser(third.AccessToken)
	refused(t, err, userpool.ErrNotAuthorized, "Access Token has been revoked")
	_, err = a.rotate(other.RefreshToken) // another sign-in goes on
	check(t, err)
}

// AUTH-263, AUTH-264, H3: within the grace period everybody gets the same successor; after it a use ends the family.
func TestH3_RotationGrace(t *testing.T) {
	t.Parallel()
	a := setup(t).app(rotating(60))
	a.user("ada")
	first := a.signIn("ada")
	second, err := a.rotate(first.RefreshToken)
	check(t, err)
	a.clock.Advance(59 * time.Second)
	again, err := a.rotate(first.RefreshToken)
	check(t, err)
	if again.RefreshToken != second.RefreshToken {
		t.Error("two successors of one token")
	}
	if again.AccessToken == second.AccessToken {
		t.Error("the same access token twice")
	}
	a.clock.Advance(time.Second)
	_, err = a.rotate(first.RefreshToken)
	refused(t, err, userpool.ErrRefreshTokenReuse, "")
	_, err = a.rotate(second.RefreshToken)
	refused(t, err, userpool.ErrNotAuthorized, refreshRevoked)
}

// AUTH-262, AUTH-513: rotation does not move the end.
func TestRotationKeepsTheEnd(t *testing.T) {
	t.Parallel()
	a := setup(t).app(rotating(0), func(in *userpool.CreateUserPoolClientInput) { in.RefreshTokenValidity = 2 })
	a.user("ada")
	tokens := a.signIn("ada")
	for range 3 {
		a.clock.Advance(12 * time.Hour)
		var err error
		tokens, err = a.rotate(tokens.RefreshToken)
		check(t, err)
	}
	a.clock.Advance(12 * time.Hour)
	_, err := a.rotate(tokens.RefreshToken)
	refused(t, err, userpool.ErrNotAuthorized, refreshOver)
}

// However many use one token at once, there is one lineage: with a grace period all get the same successor, without one at most
// one gets any.
func TestH3_RotationRace(t *testing.T) {
	t.Parallel()
	for _, grace := range []int32{0, 60} {
		a := setup(t).app(rotating(grace))
		a.user("ada")
		token := a.signIn("ada").RefreshToken
		got := make([]string, 32)
		for i, err := range race(32, func(i int) error {
			out, err := a.rotate(token)
			if err == nil {
				got[i] = out.RefreshToken
			}
			return err
		}) {
			if err != nil && (grace > 0 || !errors.Is(err, userpool.ErrRefreshTokenReuse) && errorText(err) != refreshRevoked) {
				t.Errorf("grace %d: caller %d got %v", grace, i, err)
			}
		}
		successors := map[string]int{}
		for _, s := range got {
			if s != "" {
				successors[s]++
			}
		}
		if len(successors) != 1 {
			t.Errorf("grace %d: %d successors, want 1", grace, len(successors))
		}
		for s, n := range successors {
			if grace == 0 && n != 1 || grace > 0 && n != 32 {
				t.Errorf("grace %d: %d callers got the successor", grace, n)
			}
			if _, err := a.rotate(s); grace > 0 {
				check(t, err)
			}
		}
	}
}

// What changes while the function of a refresh runs is seen: no tokens for somebody who is disabled or signed out by then.
func TestC2_WorldChangesDuringRefresh(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		change func(a app)
		text   string
	}{
		"disabled": {func(a app) { a.disable("ada") }, "User is disabled."},
		"signed out": {func(a app) {
			_, err := a.AdminUserGlobalSignOut(a.t.Context(), &userpool.AdminUserGlobalSignOutInput{UserPoolId: a.pool, Username: "ada"})
			check(a.t, err)
		}, refreshRevoked},
		"deleted": {func(a app) { a.remove("ada") }, "User does not exist."},
	} {
		for _, grace := range []int32{-1, 0} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				b := setup(t)
				var a app
				armed := false
				pre := on(b, "pre", func(_ context.Context, e trigger.PreTokenGenerationEvent) (trigger.PreTokenGenerationEvent, error) {
					if armed {
						tt.change(a)
					}
					return e, nil
				})
				options := []any{lambdas(userpool.LambdaConfigType{PreTokenGeneration: pre})}
				if grace >= 0 {
					options = append(options, rotating(grace))
				}
				a = b.app(options...)
				a.user("ada")
				tokens := a.signIn("ada")
				armed = true
				_, err := a.rotate(tokens.RefreshToken)
				if errorText(err) != tt.text {
					t.Errorf("got %v, want %q", err, tt.text)
				}
			})
		}
	}
}

// C5: what a refresh token says is believed only with the service's own tag: a token of another installation, or one that was
// made with the public key alone, is garbage.
func TestC5_ForeignRefreshToken(t *testing.T) {
	t.Parallel()
	a, foreign := setup(t).app(), setup(t).app()
	for _, x := range []app{a, foreign} {
		x.user("ada")
	}
	token := foreign.signIn("ada").RefreshToken // the envelope's key is the same fixed one
	_, err := a.refresh(token)
	refused(t, err, userpool.ErrNotAuthorized, refreshBad)
	_, err = a.RevokeToken(t.Context(), &userpool.RevokeTokenInput{ClientId: a.client, Token: token})
	check(t, err)
	_, err = foreign.refresh(token)
	check(t, err)
}
