package userpool_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/cenote-auth/cenote/awsapi"
	"github.com/cenote-auth/cenote/userpool"
)

// loa is the default name of a level.
func loa(level int) string { return fmt.Sprint("urn:cognito:loa:", level) }

// codeAnswer answers a challenge with the code that it sent.
func (a app) codeAnswer(c userpool.ChallengeNameType, session, name, to string) *userpool.RespondToAuthChallengeOutput {
	a.t.Helper()
	key := map[userpool.ChallengeNameType]string{
		byMail: "EMAIL_OTP_CODE", bySMS: "SMS_OTP_CODE", userpool.ChallengeNameTypeSmsMfa: "SMS_MFA_CODE",
	}[c]
	out, err := a.respond(c, session, "USERNAME", name, key, a.code(to))
	check(a.t, err)
	return out
}

// NEW-121…125, NEW-130, NEW-131: what a request for a level is refused for, with one text for each and before anything is asked or sent.
func TestStepUpRefusals(t *testing.T) {
	t.Parallel()
	b := setup(t)
	a := b.app(byCode, choosing, legacy)
	other, elsewhere := a.sibling(choosing), b.app(byCode, choosing)
	lite := b.app(func(in *userpool.CreateUserPoolInput) { in.UserPoolTier = userpool.UserPoolTierTypeLite })
	a.user("ada", "email", "ada@example.com")
	a.user("bob", "email", "bob@example.com")
	elsewhere.user("ada", "email", "ada@example.com")
	lite.user("ada")
	token := a.signIn("ada").AccessToken
	mail := a.byMail("ada", "ada@example.com").AccessToken
	foreign, alien := other.signIn("ada").AccessToken, elsewhere.signIn("ada").AccessToken
	idToken := a.signIn("ada").IdToken
	revoked := a.signIn("ada")
	_, err := a.RevokeToken(t.Context(), &userpool.RevokeTokenInput{ClientId: a.client, Token: revoked.RefreshToken})
	check(t, err)
	a.deliver()
	a.outbox.Reset()

	const tooHigh = "The user cannot reach any of the requested authentication levels."
	const held = "The access token already has the requested authentication level."
	tests := []struct {
		name  string
		app   app
		user  string
		pairs []string
		code  awsapi.Code
		text  string
	}{
		{"NEW-122 no level", a, "ada", []string{"TARGET_ACR_VALUES", "gold silver"}, userpool.ErrInvalidParameter, "TARGET_ACR_VALUES has no level of the user pool."},
		{"NEW-122 blanks", a, "ada", []string{"TARGET_ACR_VALUES", "  "}, userpool.ErrInvalidParameter, "TARGET_ACR_VALUES has no level of the user pool."},
		{"NEW-123 LITE", lite, "ada", []string{"TARGET_ACR_VALUES", loa(1)}, userpool.ErrFeatureUnavailableInTier, ""},
		{"NEW-123 LITE, no level of the pool", lite, "ada", []string{"TARGET_ACR_VALUES", "gold"}, userpool.ErrFeatureUnavailableInTier, ""},
		{"NEW-124 token alone", a, "ada", []string{"ACCESS_TOKEN", token}, userpool.ErrInvalidParameter, "ACCESS_TOKEN needs TARGET_ACR_VALUES."},
		{"NEW-124 of somebody else", a, "bob", []string{"TARGET_ACR_VALUES", loa(2), "ACCESS_TOKEN", token}, userpool.ErrNotAuthorized, badToken},
		{"NEW-124 of nobody", a, "nobody", []string{"TARGET_ACR_VALUES", loa(2), "ACCESS_TOKEN", token}, userpool.ErrNotAuthorized, badToken},
		{"NEW-124 of another client", a, "ada", []string{"TARGET_ACR_VALUES", loa(2), "ACCESS_TOKEN", foreign}, userpool.ErrNotAuthorized, badToken},
		{"NEW-124 of another pool", a, "ada", []string{"TARGET_ACR_VALUES", loa(2), "ACCESS_TOKEN", alien}, userpool.ErrNotAuthorized, badToken},
		{"NEW-124 an ID token", a, "ada", []string{"TARGET_ACR_VALUES", loa(2), "ACCESS_TOKEN", idToken}, userpool.ErrNotAuthorized, badToken},
		{"NEW-124 garbage", a, "ada", []string{"TARGET_ACR_VALUES", loa(2), "ACCESS_TOKEN", "x.y.z"}, userpool.ErrNotAuthorized, ""},
		{"NEW-124 revoked", a, "ada", []string{"TARGET_ACR_VALUES", loa(2), "ACCESS_TOKEN", revoked.AccessToken},
			userpool.ErrNotAuthorized, "Access Token has been revoked"},
		{"NEW-125 not a number", a, "ada", []string{"TARGET_ACR_VALUES", loa(2), "MAX_AGE", "1m"}, userpool.ErrInvalidParameter, "MAX_AGE must be a number of seconds."},
		{"NEW-125 negative", a, "ada", []string{"TARGET_ACR_VALUES", loa(2), "MAX_AGE", "-1"}, userpool.ErrInvalidParameter, "MAX_AGE must be a number of seconds."},
		{"NEW-125 a fraction", a, "ada", []string{"TARGET_ACR_VALUES", loa(2), "MAX_AGE", "1.5"}, userpool.ErrInvalidParameter, "MAX_AGE must be a number of seconds."},
		{"NEW-130 the same level", a, "ada", []string{"TARGET_ACR_VALUES", loa(1), "ACCESS_TOKEN", token}, userpool.ErrInvalidParameter, held},
		{"NEW-130 a lower level", a, "ada", []string{"TARGET_ACR_VALUES", loa(1), "ACCESS_TOKEN", mail}, userpool.ErrInvalidParameter, held},
		{"NEW-130 the first in reach", a, "ada", []string{"TARGET_ACR_VALUES", loa(4) + " " + loa(1), "ACCESS_TOKEN", token}, userpool.ErrInvalidParameter, held},
		{"NEW-131 no token of software", a, "ada", []string{"TARGET_ACR_VALUES", loa(4)}, userpool.ErrInvalidParameter, tooHigh},
		{"NEW-131 with a token", a, "ada", []string{"TARGET_ACR_VALUES", loa(4), "ACCESS_TOKEN", token}, userpool.ErrInvalidParameter, tooHigh},
		{"NEW-131 in no second factor", a, "ada", []string{"TARGET_ACR_VALUES", loa(3)}, userpool.ErrInvalidParameter, tooHigh},
		{"NEW-131 as preferred", a, "ada", []string{"TARGET_ACR_VALUES", loa(4), "PREFERRED_CHALLENGE", "PASSWORD", "PASSWORD", password},
			userpool.ErrInvalidParameter, tooHigh},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := tt.app.choose(tt.user, tt.pairs...)
			refused(t, err, tt.code, tt.text)
			if tt.app.client == lite.client { // whose client has no USER_AUTH at all
				return
			}
			_, err = tt.app.adminBegin(userAuth, append([]string{"USERNAME", tt.user}, tt.pairs...)...)
			refused(t, err, tt.code, tt.text)
		})
	}
	_, err = lite.adminBegin(userAuth, "USERNAME", "ada", "TARGET_ACR_VALUES", loa(1))
	refused(t, err, userpool.ErrFeatureUnavailableInTier, "")
	a.deliver()
	if n := len(a.outbox.All()); n != 0 {
		t.Errorf("%d messages went out", n)
	}
	if _, err := a.getUser(token); err != nil {
		t.Errorf("the token is good no longer: %v", err)
	}
}

// NEW-122, NEW-128, NEW-129, NEW-134: without a token everything is asked that leads to the first level in reach.
func TestLevelWithoutToken(t *testing.T) {
	t.Parallel()
	a := setup(t).app(byCode, choosing, acr("Level2", "code"))
	a.user("ada", "email", "ada@example.com", "phone_number", "+14155550101")
	a.user("bob", "email", "bob@example.com")
	a.user("eve")
	a.passwordless("kim", "email", "kim@example.com")
	list := func(l ...userpool.ChallengeNameType) []userpool.ChallengeNameType { return l }
	tests := []struct {
		name, user, targets, preferred string
		first                          userpool.ChallengeNameType
		offered                        []userpool.ChallengeNameType
	}{
		{"NEW-129 none", "ada", "", "", selection, list(bySRP, byPass, byMail, bySMS)},
		{"level 1", "ada", loa(1), "", selection, list(bySRP, byPass)},
		{"level 1, preferred", "ada", loa(1), "PASSWORD", byPass, list(bySRP, byPass)},
		{"level 1, another one preferred", "ada", loa(1), "EMAIL_OTP", selection, list(bySRP, byPass)},
		{"level 2", "ada", "code", "", selection, list(bySMS, byMail)},
		{"level 2, preferred", "ada", "code", "SMS_OTP", bySMS, list(bySMS, byMail)},
		{"level 2, one way", "bob", "code", "", byMail, list(byMail)},
		{"its former name is none", "ada", loa(2) + " " + loa(1), "", selection, list(bySRP, byPass)},
		{"best first", "ada", loa(4) + " " + loa(3) + "  code " + loa(1), "", selection, list(bySMS, byMail)},
		{"out of reach", "eve", loa(4) + " code " + loa(1), "", selection, list(bySRP, byPass)},
		{"a higher one, where there is no other", "kim", loa(1), "", byMail, list(byMail)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			out, err := a.choose(tt.user, "TARGET_ACR_VALUES", tt.targets, "PREFERRED_CHALLENGE", tt.preferred)
			check(t, err)
			if out.ChallengeName != tt.first || !slices.Equal(out.AvailableChallenges, tt.offered) {
				t.Errorf("asked for %s of %v, want %s of %v", out.ChallengeName, out.AvailableChallenges, tt.first, tt.offered)
			}
		})
	}
	a.deliver() // those of the table
	out, err := a.choose("ada", "TARGET_ACR_VALUES", "code")
	check(t, err)
	_, err = a.respond(selection, out.Session, "USERNAME", "ada", "ANSWER", "PASSWORD", "PASSWORD", password)
	refused(t, err, userpool.ErrInvalidParameter, "The selected challenge is not available.")
	next, err := a.respond(selection, out.Session, "USERNAME", "ada", "ANSWER", "SMS_OTP")
	check(t, err)
	done := a.codeAnswer(bySMS, next.Session, "ada", "+14155550101")
	if got := acrOf(t, done.AuthenticationResult.AccessToken); got != "code[sms]" {
		t.Errorf("the token tells %s", got)
	}
}

// NEW-126, NEW-099, NEW-100, NEW-094, NEW-084: with a token only what is missing is asked; the new tokens are a family of their own with
// a full life, and the old ones stay.
func TestStepUpWithToken(t *testing.T) {
	t.Parallel()
	a := setup(t).app(byCode, choosing)
	a.user("ada", "email", "ada@example.com", "phone_number", "+14155550101")
	old := a.signIn("ada")
	a.clock.Advance(10 * time.Minute)
	for name, pairs := range map[string][]string{"no MAX_AGE": nil, "young enough": {"MAX_AGE", "601"}, "any age": {"MAX_AGE", "9223372036854775807"}} {
		t.Run(name, func(t *testing.T) {
			a := a.fork(t)
			pairs := append([]string{"TARGET_ACR_VALUES", loa(2), "ACCESS_TOKEN", old.AccessToken}, pairs...)
			out, err := a.choose("ada", pairs...)
			check(t, err)
			if out.ChallengeName != selection || !slices.Equal(out.AvailableChallenges, []userpool.ChallengeNameType{bySMS, byMail}) {
				t.Fatalf("asked for %s of %v", out.ChallengeName, out.AvailableChallenges)
			}
			next, err := a.respond(selection, out.Session, "USERNAME", "ada", "ANSWER", "EMAIL_OTP")
			check(t, err)
			fresh := a.codeAnswer(byMail, next.Session, "ada", "ada@example.com").AuthenticationResult
			if got := acrOf(t, fresh.AccessToken); got != loa(3)+"[pwd email_otp mfa]" || acrOf(t, fresh.IdToken) != got {
				t.Errorf("the tokens tell %s", got)
			}
			before, after := claimsOf(t, old.AccessToken), claimsOf(t, fresh.AccessToken)
			if before["origin_jti"] == after["origin_jti"] || after["auth_time"].(float64)-before["auth_time"].(float64) != 600 || fresh.RefreshToken == "" {
				t.Errorf("before %v, after %v", before, after)
			}
			for _, token := range []string{old.AccessToken, fresh.AccessToken} {
				if _, err := a.getUser(token); err != nil {
					t.Error(err)
				}
			}
			if tokens, err := a.refresh(fresh.RefreshToken); err != nil || acrOf(t, tokens.IdToken) != loa(3)+"[pwd email_otp mfa]" {
				t.Errorf("refreshed: %v", err)
			}
		})
	}
}

// NEW-127, NEW-125: the methods of a token that is too old count for nothing, nor does its level.
func TestStepUpTooOld(t *testing.T) {
	t.Parallel()
	a := setup(t).app(byCode, choosing)
	a.user("ada", "email", "ada@example.com")
	old := a.signIn("ada").AccessToken
	a.clock.Advance(10 * time.Minute)
	out, err := a.choose("ada", "TARGET_ACR_VALUES", loa(1), "ACCESS_TOKEN", old, "MAX_AGE", "599")
	check(t, err)
	if out.ChallengeName != selection || !slices.Equal(out.AvailableChallenges, []userpool.ChallengeNameType{bySRP, byPass}) {
		t.Fatalf("asked for %s of %v", out.ChallengeName, out.AvailableChallenges)
	}
	done, err := a.choose("ada", "TARGET_ACR_VALUES", loa(1), "ACCESS_TOKEN", old, "MAX_AGE", "0", "PREFERRED_CHALLENGE", "PASSWORD", "PASSWORD", password)
	check(t, err)
	if got := acrOf(t, done.AuthenticationResult.AccessToken); got != loa(1)+"[pwd]" {
		t.Errorf("the token tells %s", got)
	}
	out, err = a.choose("ada", "TARGET_ACR_VALUES", loa(2), "ACCESS_TOKEN", old, "MAX_AGE", "1")
	check(t, err)
	fresh := a.codeAnswer(byMail, out.Session, "ada", "ada@example.com").AuthenticationResult
	if got := acrOf(t, fresh.AccessToken); got != loa(2)+"[email_otp]" {
		t.Errorf("the token tells %s", got)
	}
	if _, err := a.getUser(old); err != nil {
		t.Errorf("the old token: %v", err)
	}
}

// NEW-108: a token whose level is called otherwise now gives no level, and its methods still count. No token is turned into others
// without a proof: where its methods are enough already, all is asked anew.
func TestStepUpAfterRenaming(t *testing.T) {
	t.Parallel()
	a := setup(t).app(byCode, choosing)
	a.user("ada", "email", "ada@example.com")
	old := a.signIn("ada").AccessToken
	a.rename("Level1", "low")
	a.allow(userpool.AuthFactorTypeEmailOtp)
	out, err := a.choose("ada", "TARGET_ACR_VALUES", loa(2), "ACCESS_TOKEN", old)
	check(t, err)
	fresh := a.codeAnswer(byMail, out.Session, "ada", "ada@example.com").AuthenticationResult
	if got := acrOf(t, fresh.AccessToken); got != loa(3)+"[pwd email_otp mfa]" {
		t.Errorf("the token tells %s", got)
	}
	out, err = a.choose("ada", "TARGET_ACR_VALUES", "low", "ACCESS_TOKEN", old)
	check(t, err)
	if out.AuthenticationResult != nil || out.ChallengeName != selection || !slices.Equal(out.AvailableChallenges, []userpool.ChallengeNameType{bySRP, byPass}) {
		t.Errorf("asked for %s of %v", out.ChallengeName, out.AvailableChallenges)
	}
}

// allow says what sign-ins of the pool can begin with beside a password, and keeps the names of its levels.
func (a app) allow(list ...userpool.AuthFactorType) {
	a.t.Helper()
	in := &userpool.CreateUserPoolInput{}
	withSMS(in)
	factors(append(list, userpool.AuthFactorTypePassword)...)(in)
	_, err := a.UpdateUserPool(a.t.Context(), &userpool.UpdateUserPoolInput{
		UserPoolId: a.pool, Policies: in.Policies, SmsConfiguration: in.SmsConfiguration, AcrConfiguration: a.poolOf(a.pool).AcrConfiguration,
		AutoVerifiedAttributes: []userpool.VerifiedAttributeType{userpool.VerifiedAttributeTypeEmail},
	})
	check(a.t, err)
}

// C2, C4: what a token has proven is worth nothing once it is signed out or revoked, or its password replaced; before the step-up, or
// in the middle of it.
func TestC2_StepUpCreditEnds(t *testing.T) {
	t.Parallel()
	for option, withoutJTI := range map[string]func(*userpool.CreateUserPoolClientInput){
		"revocable": func(*userpool.CreateUserPoolClientInput) {},
		"not":       func(in *userpool.CreateUserPoolClientInput) { in.EnableTokenRevocation = new(false) },
	} {
		base := setup(t).app(byCode, choosing, withoutJTI)
		base.user("ada", "email", "ada@example.com")
		tokens := base.signIn("ada")
		base.clock.Advance(time.Minute)
		begin := func(a app) (*userpool.InitiateAuthOutput, error) {
			return a.choose("ada", "TARGET_ACR_VALUES", loa(2), "ACCESS_TOKEN", tokens.AccessToken)
		}
		for name, tt := range map[string]struct {
			change func(a app)
			early  string // what a start afterwards is told; "" asks for everything
			late   string // what the answer is told
		}{
			"signed out": {func(a app) {
				_, err := a.GlobalSignOut(t.Context(), &userpool.GlobalSignOutInput{AccessToken: tokens.AccessToken})
				check(t, err)
			}, "Access Token has been revoked", "Access Token has been revoked"},
			"revoked": {func(a app) {
				_, err := a.RevokeToken(t.Context(), &userpool.RevokeTokenInput{ClientId: a.client, Token: tokens.RefreshToken})
				check(t, err)
			}, "Access Token has been revoked", "Access Token has been revoked"},
			"password replaced": {func(a app) { a.setPassword("ada", another) }, "", isInvalid},
			"disabled":          {func(a app) { a.disable("ada") }, "", isInvalid},
		} {
			if option == "not" && name == "revoked" {
				continue
			}
			t.Run(option+"/"+name, func(t *testing.T) {
				t.Parallel()
				a := base.fork(t)
				out, err := begin(a)
				check(t, err)
				code := a.code("ada@example.com")
				a.clock.Advance(time.Second)
				tt.change(a)
				done, err := a.respond(byMail, out.Session, "USERNAME", "ada", "EMAIL_OTP_CODE", code)
				refused(t, err, userpool.ErrNotAuthorized, tt.late)
				if done != nil {
					t.Error("there is an answer beside the error")
				}
				again, err := begin(a)
				switch {
				case tt.early != "":
					refused(t, err, userpool.ErrNotAuthorized, tt.early)
				case name == "disabled":
					refused(t, err, userpool.ErrNotAuthorized, "")
				default: // as without the token
					check(t, err)
					fresh := a.codeAnswer(byMail, again.Session, "ada", "ada@example.com").AuthenticationResult
					if got := acrOf(t, fresh.AccessToken); got != loa(2)+"[email_otp]" {
						t.Errorf("the token tells %s", got)
					}
				}
			})
		}
	}
}

// NEW-132: there are no tokens before the level is reached, and a wrong answer can be tried again within its challenge.
func TestStepUpAllOrNothing(t *testing.T) {
	t.Parallel()
	a := setup(t).app(byCode, choosing)
	a.user("ada", "email", "ada@example.com")
	old := a.signIn("ada").AccessToken
	out, err := a.choose("ada", "TARGET_ACR_VALUES", loa(2), "ACCESS_TOKEN", old)
	check(t, err)
	wrong, err := a.respond(byMail, out.Session, "USERNAME", "ada", "EMAIL_OTP_CODE", "1234567x")
	refused(t, err, userpool.ErrCodeMismatch, wrongCode)
	if wrong != nil {
		t.Error("there is an answer beside the error")
	}
	if done := a.codeAnswer(byMail, out.Session, "ada", "ada@example.com"); done.AuthenticationResult == nil {
		t.Error("no tokens")
	}
}

// H7: where it is hidden who exists, a request for a level does not tell it: nobody is asked like a user, whatever second factors
// somebody has.
func TestH7_StepUpHides(t *testing.T) {
	t.Parallel()
	a := setup(t).app(byCode, byEmail, choosing, hides)
	a.user("ada@example.com")
	for _, targets := range []string{loa(1), loa(2), loa(3), loa(4), loa(4) + " " + loa(2)} {
		want := ""
		for _, name := range []string{"ada@example.com", "who@example.com"} {
			out, err := a.choose(name, "TARGET_ACR_VALUES", targets)
			if out == nil {
				out = &userpool.InitiateAuthOutput{}
			}
			got := said(out.ChallengeName, out.AvailableChallenges, out.ChallengeParameters, out.Session, err)
			if want == "" {
				want = got
			}
			if got != want || err != nil {
				t.Errorf("%s towards %s: %s, want %s", name, targets, got, want)
			}
		}
	}
	_, err := a.choose("ada@example.com", "TARGET_ACR_VALUES", loa(4), "PREFERRED_CHALLENGE", "PASSWORD", "PASSWORD", password)
	refused(t, err, userpool.ErrInvalidParameter, "The user cannot reach any of the requested authentication levels.") // NEW-131, after the proof
	_, err = a.choose("who@example.com", "TARGET_ACR_VALUES", loa(4), "PREFERRED_CHALLENGE", "PASSWORD", "PASSWORD", password)
	refused(t, err, userpool.ErrNotAuthorized, isWrong)
	out, err := a.choose("ada@example.com", "TARGET_ACR_VALUES", loa(4)+" "+loa(1), "PREFERRED_CHALLENGE", "PASSWORD", "PASSWORD", password)
	check(t, err)
	if out.AuthenticationResult == nil {
		t.Errorf("asked for %s", out.ChallengeName)
	}
}
