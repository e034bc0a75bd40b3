package userpool_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/cenote-auth/cenote/trigger"
	"github.com/cenote-auth/cenote/userpool"
)

// acrOf returns what a token says of how somebody signed in.
func acrOf(t *testing.T, token string) string {
	t.Helper()
	c := claimsOf(t, token)
	amr, _ := c["amr"].([]any)
	if c["acr"] == nil && c["amr"] == nil {
		return ""
	}
	return fmt.Sprint(c["acr"], amr)
}

// NEW-082, NEW-083, NEW-088, NEW-090, NEW-091, NEW-096…098, NEW-337: each first factor gives both tokens its level and its method.
func TestLevelsOfFirstFactors(t *testing.T) {
	t.Parallel()
	a := choiceApp(t)
	code := func(c userpool.ChallengeNameType, key, to string) *userpool.AuthenticationResultType {
		out, err := a.respond(c, a.chosen("ada", c, "PREFERRED_CHALLENGE", string(c)), "USERNAME", "ada", key, a.code(to))
		check(t, err)
		return out.AuthenticationResult
	}
	bySRP := func() *userpool.AuthenticationResultType {
		out, err := a.srp("ada", password)
		check(t, err)
		return out.AuthenticationResult
	}
	for want, tokens := range map[string]*userpool.AuthenticationResultType{
		"urn:cognito:loa:1[pwd]":       a.signIn("ada"),
		"urn:cognito:loa:2[email_otp]": code(byMail, "EMAIL_OTP_CODE", "ada@example.com"),
		"urn:cognito:loa:2[sms]":       code(bySMS, "SMS_OTP_CODE", "+14155550101"),
	} {
		if id, access := acrOf(t, tokens.IdToken), acrOf(t, tokens.AccessToken); id != want || access != want {
			t.Errorf("ID token %s, access token %s, want %s", id, access, want)
		}
	}
	if got := acrOf(t, bySRP().AccessToken); got != "urn:cognito:loa:1[pwd]" {
		t.Errorf("SRP gives %s", got)
	}
}

// NEW-098, NEW-087: a pool on LITE tells neither, nor does a sign-in by the pool's functions alone.
func TestNoLevel(t *testing.T) {
	t.Parallel()
	b := setup(t)
	lite := b.app(func(in *userpool.CreateUserPoolInput) { in.UserPoolTier = userpool.UserPoolTierTypeLite })
	lite.user("ada")
	q := &quiz{rounds: 1}
	custom := q.app(b)
	custom.user("ada")
	out, err := custom.begin(customAuth, "USERNAME", "ada")
	check(t, err)
	done, err := custom.respond(customChallenge, out.Session, "USERNAME", "ada", "ANSWER", "answer 0")
	check(t, err)
	for _, tokens := range []*userpool.AuthenticationResultType{lite.signIn("ada"), done.AuthenticationResult} {
		if got := acrOf(t, tokens.AccessToken) + acrOf(t, tokens.IdToken); got != "" {
			t.Errorf("the tokens tell %s", got)
		}
	}
}

// NEW-099: a refresh and a rotation copy both claims, whatever the pool calls its levels by then, and leave auth_time.
func TestRefreshKeepsLevel(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for name, a := range map[string]app{"refresh": b.app(acr("Level1", "low")), "rotation": b.app(acr("Level1", "low"), rotating(0))} {
		t.Run(name, func(t *testing.T) {
			a.user("ada")
			first := a.signIn("ada")
			a.clock.Advance(time.Minute)
			a.rename("Level1", "lower")
			var second *userpool.AuthenticationResultType
			var err error
			if name == "refresh" {
				second, err = a.refresh(first.RefreshToken)
			} else {
				second, err = a.rotate(first.RefreshToken)
			}
			check(t, err)
			for _, pair := range [][2]string{{first.AccessToken, second.AccessToken}, {first.IdToken, second.IdToken}} {
				before, after := claimsOf(t, pair[0]), claimsOf(t, pair[1])
				if acrOf(t, pair[1]) != "low[pwd]" || before["auth_time"] != after["auth_time"] || before["iat"] == after["iat"] {
					t.Errorf("after it: %v, before: %v", after, before)
				}
			}
			if got := acrOf(t, a.signIn("ada").AccessToken); got != "lower[pwd]" {
				t.Errorf("a new sign-in has %s", got)
			}
		})
	}
}

// rename names levels of the pool.
func (a app) rename(pairs ...string) {
	a.t.Helper()
	in := &userpool.CreateUserPoolInput{}
	acr(pairs...)(in)
	_, err := a.UpdateUserPool(a.t.Context(), &userpool.UpdateUserPoolInput{UserPoolId: a.pool, AcrConfiguration: in.AcrConfiguration})
	check(a.t, err)
}

// NEW-101: no function adds, changes or removes the two claims.
func TestFunctionsDoNotTouchLevels(t *testing.T) {
	t.Parallel()
	b := setup(t)
	v1 := on(b, "v1", func(_ context.Context, e trigger.PreTokenGenerationEvent) (trigger.PreTokenGenerationEvent, error) {
		e.Response.ClaimsOverrideDetails = &trigger.ClaimsOverrideDetails{
			ClaimsToAddOrOverride: map[string]string{"acr": "urn:cognito:loa:4", "amr": "otp"}, ClaimsToSuppress: []string{"acr", "amr"},
		}
		return e, nil
	})
	v2 := on(b, "v2", func(_ context.Context, e trigger.PreTokenGenerationV2Event) (trigger.PreTokenGenerationV2Event, error) {
		set, suppress := map[string]any{"acr": "urn:cognito:loa:4", "amr": []string{"otp"}}, []string{"acr", "amr"}
		e.Response.ClaimsAndScopeOverrideDetails = &trigger.ClaimsAndScopeOverrideDetails{
			IDTokenGeneration:     &trigger.IDTokenGeneration{ClaimsToAddOrOverride: set, ClaimsToSuppress: suppress},
			AccessTokenGeneration: &trigger.AccessTokenGeneration{ClaimsToAddOrOverride: set, ClaimsToSuppress: suppress},
		}
		return e, nil
	})
	for name, config := range map[string]userpool.LambdaConfigType{
		"V1_0": {PreTokenGeneration: v1},
		"V2_0": {PreTokenGenerationConfig: &userpool.PreTokenGenerationVersionConfigType{LambdaArn: v2, LambdaVersion: "V2_0"}},
	} {
		a := b.app(lambdas(config))
		a.user("ada")
		tokens := a.signIn("ada")
		for _, token := range []string{tokens.IdToken, tokens.AccessToken} {
			if got := acrOf(t, token); got != "urn:cognito:loa:1[pwd]" {
				t.Errorf("%s: %s", name, got)
			}
		}
	}
}

// NEW-081, NEW-103…107: any subset of the levels is named; the pool tells all four, after an update without the names the defaults.
func TestLevelNames(t *testing.T) {
	t.Parallel()
	b := setup(t)
	long := strings.Repeat("~", 64)
	a := b.app(acr("Level2", long, "Level4", "!#[]"))
	names := func() string {
		var out []string
		c := b.poolOf(a.pool).AcrConfiguration
		for i := 1; i <= 4; i++ {
			out = append(out, c[fmt.Sprintf("Level%d", i)].AcrValue)
		}
		return fmt.Sprint(len(c), out)
	}
	const d = "urn:cognito:loa:"
	if got, want := names(), fmt.Sprint(4, []string{d + "1", long, d + "3", "!#[]"}); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	a.rename("Level1", d+"2", "Level2", d+"1") // swapped: all differ
	if got, want := names(), fmt.Sprint(4, []string{d + "2", d + "1", d + "3", d + "4"}); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	in := &userpool.CreateUserPoolInput{}
	acr("Level1", d+"4")(in)
	_, err := a.UpdateUserPool(t.Context(), &userpool.UpdateUserPoolInput{UserPoolId: a.pool, AcrConfiguration: in.AcrConfiguration})
	refused(t, err, userpool.ErrInvalidParameter, "")
	_, err = a.UpdateUserPool(t.Context(), &userpool.UpdateUserPoolInput{UserPoolId: a.pool})
	check(t, err)
	if got, want := names(), fmt.Sprint(4, []string{d + "1", d + "2", d + "3", d + "4"}); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	// The default names are no custom ones: any plan has them.
	_, err = a.UpdateUserPool(t.Context(), &userpool.UpdateUserPoolInput{
		UserPoolId: a.pool, UserPoolTier: userpool.UserPoolTierTypeLite, AcrConfiguration: b.poolOf(a.pool).AcrConfiguration,
	})
	check(t, err)
}
