package userpool_test

import (
	"slices"
	"testing"

	"github.com/cenote-auth/cenote/userpool"
)

// NEW-081, NEW-085, NEW-089, NEW-096, NEW-102: a password and a software token are the fourth level, told by default under the names
// that the pool tells for its levels.
func TestLevelOfSoftwareToken(t *testing.T) {
	t.Parallel()
	a := setup(t).mfaApp(mfaOptional, justTOTP)
	for key, name := range map[string]string{
		"Level1": "urn:cognito:loa:1", "Level2": "urn:cognito:loa:2", "Level3": "urn:cognito:loa:3", "Level4": "urn:cognito:loa:4",
	} {
		if got := a.poolOf(a.pool).AcrConfiguration[key].AcrValue; got != name {
			t.Errorf("%s is called %q", key, got)
		}
	}
	a.user("ada")
	k := a.token("ada")
	check(t, a.prefer("ada", useTOTP(true, true)))
	out, err := a.respond(totpMFA, a.challenge("ada", totpMFA).Session, "USERNAME", "ada", "SOFTWARE_TOKEN_MFA_CODE", k.code(0))
	check(t, err)
	for _, token := range []string{out.AuthenticationResult.IdToken, out.AuthenticationResult.AccessToken} {
		if got := acrOf(t, token); got != "urn:cognito:loa:4[pwd otp mfa]" {
			t.Errorf("the token says %s", got)
		}
	}
}

// NEW-163, NEW-324, NEW-370, NEW-371, NEW-165: a verified software token is listed among the factors, enabled as a second factor or
// not, until an administrator removes it.
func TestSoftwareTokenIsListed(t *testing.T) {
	t.Parallel()
	a := setup(t).mfaApp(mfaOptional, justTOTP)
	a.user("ada")
	access := a.signIn("ada").AccessToken
	begun, err := a.associate(access)
	check(t, err)
	has := func(when string, want bool) {
		t.Helper()
		if got := slices.Contains(a.factorsOf("ada", access), userpool.AuthFactorTypeSoftwareToken); got != want {
			t.Errorf("%s: listed %t", when, got)
		}
	}
	has("not verified", false)
	check(t, a.verifyToken(access, begun.code(0)))
	has("verified", true)
	check(t, a.prefer("ada", useTOTP(true, true)))
	has("enabled", true)
	check(t, a.prefer("ada", useTOTP(false, false)))
	has("switched off", true)
	_, err = a.AdminDeleteSoftwareToken(t.Context(), &userpool.AdminDeleteSoftwareTokenInput{UserPoolId: a.pool, Username: "ada"})
	check(t, err)
	has("removed", false)
}

// NEW-133: where a second factor is required, a request for a level that needs none does not leave it out.
func TestRequiredFactorIsAFloor(t *testing.T) {
	t.Parallel()
	a := setup(t).mfaApp(mfaOptional, justTOTP, choosing)
	a.user("ada")
	k := a.token("ada")
	a.mfa(mfaOn, totpMFA)
	out, err := a.choose("ada", "TARGET_ACR_VALUES", loa(1), "PREFERRED_CHALLENGE", "PASSWORD", "PASSWORD", password)
	check(t, err)
	if out.ChallengeName != totpMFA || out.AuthenticationResult != nil {
		t.Fatalf("goes on with %q", out.ChallengeName)
	}
	done, err := a.respond(totpMFA, out.Session, "USERNAME", "ada", "SOFTWARE_TOKEN_MFA_CODE", k.code(0))
	check(t, err)
	if got := acrOf(t, done.AuthenticationResult.AccessToken); got != "urn:cognito:loa:4[pwd otp mfa]" { // what was proven, not what was asked for
		t.Errorf("the token says %s", got)
	}
}

// NEW-332: first factors are a list of one to five, of which SOFTWARE_TOKEN is none.
func TestFirstFactorsByTheModel(t *testing.T) {
	t.Parallel()
	b := setup(t)
	create := func(list ...userpool.AuthFactorType) error {
		in := &userpool.CreateUserPoolInput{PoolName: "test"}
		withSMS(in)
		factors(list...)(in)
		_, err := b.CreateUserPool(t.Context(), in)
		return err
	}
	check(t, create("PASSWORD"))
	check(t, create("PASSWORD", "EMAIL_OTP", "SMS_OTP", "WEB_AUTHN"))
	refused(t, create("PASSWORD", "EMAIL_OTP", "SMS_OTP", "WEB_AUTHN", "SOFTWARE_TOKEN"), userpool.ErrInvalidParameter,
		"SOFTWARE_TOKEN cannot be a first authentication factor.")
	refused(t, create("PASSWORD", "EMAIL_OTP", "SMS_OTP", "WEB_AUTHN", "PASSWORD", "PASSWORD"), userpool.ErrInvalidParameter, "")
	refused(t, create(), userpool.ErrInvalidParameter, "")
}

// NEW-007, NEW-346: a plan that lacks a feature refuses both to set it up and to use it; an update that does not name the plan keeps it.
func TestPlansRefuseBoth(t *testing.T) {
	t.Parallel()
	b := setup(t)
	lite := b.app(func(in *userpool.CreateUserPoolInput) { in.UserPoolTier = userpool.UserPoolTierTypeLite })
	lite.user("ada")
	in := &userpool.UpdateUserPoolInput{UserPoolId: lite.pool}
	named := &userpool.CreateUserPoolInput{}
	acr("Level1", "low")(named)
	in.AcrConfiguration = named.AcrConfiguration
	_, err := b.UpdateUserPool(t.Context(), in)
	refused(t, err, userpool.ErrFeatureUnavailableInTier, "")
	_, err = lite.adminBegin(userAuth, "USERNAME", "ada", "TARGET_ACR_VALUES", loa(1))
	refused(t, err, userpool.ErrFeatureUnavailableInTier, "")
	_, err = b.UpdateUserPool(t.Context(), &userpool.UpdateUserPoolInput{UserPoolId: lite.pool})
	check(t, err)
	if got := b.poolOf(lite.pool).UserPoolTier; got != userpool.UserPoolTierTypeLite {
		t.Errorf("the plan is %s", got)
	}
}
