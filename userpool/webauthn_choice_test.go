package userpool_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/cenote-auth/cenote/userpool"
	"github.com/cenote-auth/cenote/webauthntest"
)

// AUTH-274, AUTH-280, AUTH-286: to whom WEB_AUTHN is offered, and how it is chosen.
func TestPasskeyChoice(t *testing.T) {
	t.Parallel()
	a, device := setup(t).holder(webauthntest.Config{}, legacy)
	a.user("bob", "email", "bob@example.com")
	a.newcomer("new", "email", "new@example.com", "email_verified", "true")
	offered := func(a app, name string, pairs ...string) []userpool.ChallengeNameType {
		t.Helper()
		out, err := a.choose(name, pairs...)
		check(t, err)
		return append([]userpool.ChallengeNameType{out.ChallengeName}, out.AvailableChallenges...)
	}
	for _, tt := range []struct {
		name, user string
		pairs      []string
		want       []userpool.ChallengeNameType
	}{
		{"has one", "ada", nil, []userpool.ChallengeNameType{selection, bySRP, byPass, webAuthn}},
		{"prefers it", "ada", []string{"PREFERRED_CHALLENGE", "WEB_AUTHN"}, []userpool.ChallengeNameType{webAuthn, bySRP, byPass, webAuthn}},
		{"has none", "bob", nil, []userpool.ChallengeNameType{selection, bySRP, byPass}},
		{"prefers what he has not", "bob", []string{"PREFERRED_CHALLENGE", "WEB_AUTHN"}, []userpool.ChallengeNameType{selection, bySRP, byPass}},
		{"temporary password", "new", []string{"PREFERRED_CHALLENGE", "WEB_AUTHN"}, []userpool.ChallengeNameType{selection, bySRP, byPass}},
	} {
		if got := offered(a, tt.user, tt.pairs...); !slices.Equal(got, tt.want) {
			t.Errorf("%s: offered %v, want %v", tt.name, got, tt.want)
		}
	}
	_, err := a.respond(selection, a.chosen("bob", selection), "USERNAME", "bob", "ANSWER", "WEB_AUTHN")
	refused(t, err, userpool.ErrInvalidParameter, "") // AUTH-281

	session := a.chosen("ada", selection)
	next, err := a.respond(selection, session, "USERNAME", "ada", "ANSWER", "WEB_AUTHN")
	check(t, err)
	if next.ChallengeName != webAuthn {
		t.Fatalf("the choice is answered with %s", next.ChallengeName)
	}
	credential, err := device.Get([]byte(next.ChallengeParameters["CREDENTIAL_REQUEST_OPTIONS"]))
	check(t, err)
	_, err = a.prove("ada", session, string(credential)) // the session of another challenge
	refused(t, err, userpool.ErrNotAuthorized, "")
	tokens, err := a.prove("ada", next.Session, string(credential))
	check(t, err)
	if got := acrOf(t, tokens.AccessToken); got != "urn:cognito:loa:3[swk]" {
		t.Errorf("the token tells %s", got)
	}
	factors, err := a.GetUserAuthFactors(t.Context(), &userpool.GetUserAuthFactorsInput{AccessToken: tokens.AccessToken})
	check(t, err)
	if got := fmt.Sprint(factors.ConfiguredUserAuthFactors); got != "[PASSWORD WEB_AUTHN]" {
		t.Errorf("ada's factors are %s", got)
	}

	// Made for another relying party, it is none here.
	a.webAuthn(userpool.WebAuthnConfigurationType{RelyingPartyId: "other.example"})
	if got := offered(a, "ada"); slices.Contains(got, webAuthn) {
		t.Errorf("offered %v", got)
	}
	a.webAuthn(userpool.WebAuthnConfigurationType{RelyingPartyId: site})
	check(t, a.forgetPasskey(tokens.AccessToken, device.IDs()[0]))
	if got := offered(a, "ada"); slices.Contains(got, webAuthn) {
		t.Errorf("after the deletion offered %v", got)
	}
}

// NEW-084, NEW-086: a passkey reaches level 3, at once or as a step up from a password.
func TestPasskeyLevels(t *testing.T) {
	t.Parallel()
	a, device := setup(t).holder(webauthntest.Config{Roaming: true}, legacy)
	out, err := a.choose("ada", "TARGET_ACR_VALUES", loa(3))
	check(t, err)
	tokens, err := a.prove("ada", out.Session, a.assertion(device, out))
	check(t, err)
	if got := acrOf(t, tokens.AccessToken); got != loa(3)+"[hwk]" {
		t.Errorf("the token tells %s", got)
	}
	out, err = a.choose("ada", "TARGET_ACR_VALUES", loa(3), "ACCESS_TOKEN", a.signIn("ada").AccessToken)
	check(t, err)
	tokens, err = a.prove("ada", out.Session, a.assertion(device, out))
	check(t, err)
	if got := acrOf(t, tokens.AccessToken); got != loa(3)+"[pwd hwk mfa]" {
		t.Errorf("the token tells %s", got)
	}
}

// AUTH-286, AUTH-407: who has switched a second factor on does not get around it by a passkey once it reaches him no more.
func TestPasskeyIsNoWayAroundLostFactor(t *testing.T) {
	t.Parallel()
	a, _ := setup(t).holder(webauthntest.Config{})
	number := func(value string) {
		t.Helper()
		_, err := a.AdminUpdateUserAttributes(t.Context(), &userpool.AdminUpdateUserAttributesInput{
			UserPoolId: a.pool, Username: "ada", UserAttributes: attributes("phone_number", value),
		})
		check(t, err)
	}
	number("+14155550123")
	a.mfa(mfaOptional, smsMFA)
	a.chosen("ada", webAuthn, "PREFERRED_CHALLENGE", "WEB_AUTHN")
	check(t, a.prefer("ada", useSMS(true, false)))
	for range 2 {
		if out := a.passkeyStart("ada"); out.ChallengeName == webAuthn || slices.Contains(out.AvailableChallenges, webAuthn) {
			t.Errorf("asked for %s of %v", out.ChallengeName, out.AvailableChallenges)
		}
		number("")
	}
}
