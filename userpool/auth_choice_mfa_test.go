package userpool_test

import (
	"slices"
	"testing"
	"time"

	"github.com/cenote-auth/cenote/userpool"
	"github.com/cenote-auth/cenote/webauthntest"
)

type challenges = []userpool.ChallengeNameType

// choiceMFA is a pool with codes as first factors and every second factor, which a user may have.
func choiceMFA(t *testing.T, options ...any) app {
	t.Helper()
	a := setup(t).app(append([]any{ownMail, byCode, choosing}, options...)...)
	a.mfa(mfaOptional, smsMFA, totpMFA, emailMFA)
	a.user("ada", "email", "ada@example.com", "phone_number", "+14155550101")
	return a
}

// AUTH-286, AUTH-287, AUTH-274: who has a second factor begins with a password, and is asked for it as in the classic flows.
func TestChoiceWithSecondFactor(t *testing.T) {
	t.Parallel()
	base := choiceMFA(t)
	key := base.token("ada")
	for name, tt := range map[string]struct {
		prefer func(*userpool.AdminSetUserMFAPreferenceInput)
		next   userpool.ChallengeNameType // "" is tokens
	}{
		"nothing switched on": {nil, ""},
		"SMS":                 {useSMS(true, false), smsMFA},
		"e-mail":              {useEmail(true, false), emailMFA},
		"TOTP":                {useTOTP(true, false), totpMFA},
		"two":                 {all(useSMS(true, false), useTOTP(true, false)), selectMFA},
		"two, one preferred":  {all(useSMS(true, false), useTOTP(true, true)), totpMFA},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := base.fork(t)
			want := challenges{bySRP, byPass}
			if tt.prefer != nil {
				check(t, a.prefer("ada", tt.prefer))
			} else {
				want = append(want, byMail, bySMS)
			}
			out, err := a.choose("ada")
			check(t, err)
			if out.ChallengeName != selection || !slices.Equal(out.AvailableChallenges, want) {
				t.Errorf("asked for %s of %v", out.ChallengeName, out.AvailableChallenges)
			}
			if tt.prefer != nil {
				a.chosen("ada", selection, "PREFERRED_CHALLENGE", "EMAIL_OTP")
				_, err = a.respond(selection, out.Session, "USERNAME", "ada", "ANSWER", "EMAIL_OTP")
				refused(t, err, userpool.ErrInvalidParameter, "")
			}
			direct, err := a.choose("ada", "PREFERRED_CHALLENGE", "PASSWORD", "PASSWORD", password)
			check(t, err)
			selected, err := a.respond(selection, out.Session, "USERNAME", "ada", "ANSWER", "PASSWORD", "PASSWORD", password)
			check(t, err)
			login := a.login("ada", password)
			begun, err := a.choose("ada", "PREFERRED_CHALLENGE", "PASSWORD_SRP", "SRP_A", login.Params()["SRP_A"])
			check(t, err)
			proven, err := a.claim(login, begun.ChallengeParameters, begun.Session)
			check(t, err)
			for way, got := range map[string]userpool.ChallengeNameType{
				"direct": direct.ChallengeName, "selected": selected.ChallengeName, "SRP": proven.ChallengeName,
			} {
				if got != tt.next {
					t.Errorf("%s goes on with %q, want %q", way, got, tt.next)
				}
			}
			if tt.next == totpMFA {
				done, err := a.respond(totpMFA, proven.Session, "USERNAME", "ada", "SOFTWARE_TOKEN_MFA_CODE", key.code(0))
				check(t, err)
				if got := acrOf(t, done.AuthenticationResult.AccessToken); got != loa(4)+"[pwd otp mfa]" { // NEW-085, NEW-089, NEW-096
					t.Errorf("the token tells %s", got)
				}
			}
		})
	}
}

// AUTH-286, POOL-055: where a second factor is demanded of all, no code begins a sign-in, and none that was sent before ends one; nor
// does the code of a sign-up (AUTH-288).
func TestC2_CodesWhereSecondFactorIsDemanded(t *testing.T) {
	t.Parallel()
	base := choiceMFA(t)
	_, err := base.SetUserPoolMfaConfig(t.Context(), &userpool.SetUserPoolMfaConfigInput{
		UserPoolId: base.pool, MfaConfiguration: mfaOn, SmsMfaConfiguration: &userpool.SmsMfaConfigType{SmsConfiguration: roleSMS()},
	})
	refused(t, err, userpool.ErrInvalidParameter, "EMAIL_OTP cannot be a first authentication factor when MFA is required.")

	demand := func(a app) {
		in := &userpool.CreateUserPoolInput{}
		ownMail(in)
		withSMS(in)
		_, err := a.UpdateUserPool(t.Context(), &userpool.UpdateUserPoolInput{
			UserPoolId: a.pool, MfaConfiguration: mfaOn, EmailConfiguration: in.EmailConfiguration, SmsConfiguration: in.SmsConfiguration,
			AutoVerifiedAttributes: []userpool.VerifiedAttributeType{userpool.VerifiedAttributeTypeEmail},
		})
		check(t, err)
	}
	t.Run("a code", func(t *testing.T) {
		a := base.fork(t)
		session := a.chosen("ada", byMail, "PREFERRED_CHALLENGE", "EMAIL_OTP")
		code := a.code("ada@example.com")
		demand(a)
		out, err := a.respond(byMail, session, "USERNAME", "ada", "EMAIL_OTP_CODE", code)
		refused(t, err, userpool.ErrNotAuthorized, isInvalid)
		if out != nil {
			t.Error("there is an answer beside the error")
		}
	})
	t.Run("a selection", func(t *testing.T) {
		a := base.fork(t)
		session := a.chosen("ada", selection)
		demand(a)
		_, err := a.respond(selection, session, "USERNAME", "ada", "ANSWER", "EMAIL_OTP")
		refused(t, err, userpool.ErrNotAuthorized, isInvalid)
	})
	t.Run("a sign-up", func(t *testing.T) {
		a := base.fork(t)
		session, code := a.signUpSession("eve")
		confirmed, err := a.confirmWith("eve", code, session)
		check(t, err)
		demand(a)
		_, err = a.InitiateAuth(t.Context(), a.withSession("eve", confirmed.Session))
		refused(t, err, userpool.ErrNotAuthorized, isInvalid)
		out, err := a.SignUp(t.Context(), &userpool.SignUpInput{
			ClientId: a.client, Username: "kim", Password: password, UserAttributes: attributes("email", "kim@example.com"),
		})
		check(t, err)
		done, err := a.confirmWith("kim", a.code("kim@example.com"), "")
		check(t, err)
		if out.Session != "" || done.Session != "" {
			t.Error("a sign-up gives a session")
		}
	})
	t.Run("switched on by the user", func(t *testing.T) {
		a := base.fork(t)
		session := a.chosen("ada", byMail, "PREFERRED_CHALLENGE", "EMAIL_OTP")
		code := a.code("ada@example.com")
		check(t, a.prefer("ada", useSMS(true, false)))
		_, err := a.respond(byMail, session, "USERNAME", "ada", "EMAIL_OTP_CODE", code)
		refused(t, err, userpool.ErrNotAuthorized, isInvalid)
	})
	t.Run("its number is gone", func(t *testing.T) { // AUTH-329: what somebody demands of himself does not go with it
		a := base.fork(t)
		check(t, a.prefer("ada", useSMS(true, false)))
		_, err := a.AdminDeleteUserAttributes(t.Context(), &userpool.AdminDeleteUserAttributesInput{
			UserPoolId: a.pool, Username: "ada", UserAttributeNames: []string{"phone_number"},
		})
		check(t, err)
		a.chosen("ada", selection, "PREFERRED_CHALLENGE", "EMAIL_OTP")
	})
}

// NEW-084, NEW-085, NEW-086, NEW-089…092: the levels and methods of two factors, and of a passkey.
func TestLevelsOfTwoFactors(t *testing.T) {
	t.Parallel()
	a := choiceMFA(t)
	key := a.token("ada")
	for _, tt := range []struct {
		prefer func(*userpool.AdminSetUserMFAPreferenceInput)
		want   string
	}{
		{useSMS(true, true), loa(3) + "[pwd sms mfa]"},
		{useEmail(true, true), loa(3) + "[pwd email_otp mfa]"},
		{useTOTP(true, true), loa(4) + "[pwd otp mfa]"},
	} {
		check(t, a.prefer("ada", tt.prefer))
		out, err := a.tryPassword("ada", password)
		check(t, err)
		var pairs []string
		switch out.ChallengeName {
		case smsMFA:
			pairs = []string{"SMS_MFA_CODE", a.code("+14155550101")}
		case emailMFA:
			pairs = []string{"EMAIL_OTP_CODE", a.code("ada@example.com")}
		case totpMFA:
			pairs = []string{"SOFTWARE_TOKEN_MFA_CODE", key.code(0)}
		}
		done, err := a.respond(out.ChallengeName, out.Session, append([]string{"USERNAME", "ada"}, pairs...)...)
		check(t, err)
		for _, token := range []string{done.AuthenticationResult.IdToken, done.AuthenticationResult.AccessToken} {
			if got := acrOf(t, token); got != tt.want {
				t.Errorf("the token tells %s, want %s", got, tt.want)
			}
		}
	}
	for want, c := range map[string]webauthntest.Config{loa(3) + "[swk]": {}, loa(3) + "[hwk]": {Roaming: true}} {
		p, device := setup(t).holder(c)
		tokens, err := p.byPasskey("ada", device)
		check(t, err)
		if got := acrOf(t, tokens.AccessToken); got != want {
			t.Errorf("the token tells %s, want %s", got, want)
		}
	}
}

// NEW-126, NEW-133, NEW-134: the ways from a password to the levels above it, for a user with several second factors. What is asked is
// what leads there, whatever the user prefers.
func TestStepUpWithSecondFactors(t *testing.T) {
	t.Parallel()
	base := choiceMFA(t)
	old := base.signIn("ada").AccessToken
	key := base.token("ada")
	answer := func(t *testing.T, a app, c userpool.ChallengeNameType, session string) string {
		t.Helper()
		pairs := map[userpool.ChallengeNameType]func() []string{
			smsMFA:   func() []string { return []string{"SMS_MFA_CODE", a.code("+14155550101")} },
			emailMFA: func() []string { return []string{"EMAIL_OTP_CODE", a.code("ada@example.com")} },
			totpMFA:  func() []string { return []string{"SOFTWARE_TOKEN_MFA_CODE", key.code(0)} },
		}[c]
		done, err := a.respond(c, session, append([]string{"USERNAME", "ada"}, pairs()...)...)
		check(t, err)
		if done.AuthenticationResult == nil {
			t.Fatalf("goes on with %s", done.ChallengeName)
		}
		return acrOf(t, done.AuthenticationResult.AccessToken)
	}
	everything := all(useSMS(true, true), useTOTP(true, false), useEmail(true, false))
	for _, tt := range []struct {
		name    string
		prefer  func(*userpool.AdminSetUserMFAPreferenceInput)
		target  string
		offered challenges
		choice  userpool.ChallengeNameType
		want    string
	}{
		{"level 4", everything, loa(4), challenges{totpMFA}, totpMFA, loa(4) + "[pwd otp mfa]"},
		{"level 3", everything, loa(3), challenges{smsMFA, emailMFA}, emailMFA, loa(3) + "[pwd email_otp mfa]"},
		{"level 3, the other", everything, loa(3), challenges{smsMFA, emailMFA}, smsMFA, loa(3) + "[pwd sms mfa]"},
		{"level 3, by the only one", useSMS(true, false), loa(3), challenges{smsMFA}, smsMFA, loa(3) + "[pwd sms mfa]"},
		{"level 3, by a higher one", useTOTP(true, false), loa(3), challenges{totpMFA}, totpMFA, loa(4) + "[pwd otp mfa]"},
		{"level 2, by a second factor", useSMS(true, false), loa(2), challenges{smsMFA}, smsMFA, loa(3) + "[pwd sms mfa]"},
		{"best first", useSMS(true, false), loa(4) + " " + loa(3), challenges{smsMFA}, smsMFA, loa(3) + "[pwd sms mfa]"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			a := base.fork(t)
			check(t, a.prefer("ada", tt.prefer))
			out, err := a.choose("ada", "TARGET_ACR_VALUES", tt.target, "ACCESS_TOKEN", old)
			check(t, err)
			if !slices.Equal(out.AvailableChallenges, tt.offered) {
				t.Fatalf("asked for %s of %v, want one of %v", out.ChallengeName, out.AvailableChallenges, tt.offered)
			}
			challenge, session := out.ChallengeName, out.Session
			if challenge == selection {
				next, err := a.respond(selection, session, "USERNAME", "ada", "ANSWER", string(tt.choice))
				check(t, err)
				challenge, session = next.ChallengeName, next.Session
			}
			if challenge != tt.choice {
				t.Fatalf("asked for %s", challenge)
			}
			if got := answer(t, a, challenge, session); got != tt.want {
				t.Errorf("the token tells %s, want %s", got, tt.want)
			}
		})
	}
}

// NEW-128, NEW-131, NEW-132, NEW-133: a whole sign-in towards a level; the second factor that is demanded anyhow is a floor, and its
// set-up is never begun.
func TestLevelIsNoWayAroundSecondFactor(t *testing.T) {
	t.Parallel()
	base := choiceMFA(t)
	key := base.token("ada")
	towards := func(a app, target string) *userpool.InitiateAuthOutput {
		t.Helper()
		out, err := a.choose("ada", "TARGET_ACR_VALUES", target, "PREFERRED_CHALLENGE", "PASSWORD", "PASSWORD", password)
		check(t, err)
		return out
	}
	a := base.fork(t)
	check(t, a.prefer("ada", all(useSMS(true, true), useTOTP(true, false))))
	if out := towards(a, loa(1)); out.ChallengeName != smsMFA { // the preferred one: the target says nothing
		t.Errorf("towards level 1: %s", out.ChallengeName)
	}
	out := towards(a, loa(4))
	if out.ChallengeName != totpMFA || out.AuthenticationResult != nil {
		t.Fatalf("towards level 4: %s", out.ChallengeName)
	}
	done, err := a.respond(totpMFA, out.Session, "USERNAME", "ada", "SOFTWARE_TOKEN_MFA_CODE", key.code(0))
	check(t, err)
	if got := acrOf(t, done.AuthenticationResult.AccessToken); got != loa(4)+"[pwd otp mfa]" {
		t.Errorf("the token tells %s", got)
	}
	two := base.fork(t)
	check(t, two.prefer("ada", all(useSMS(true, false), useEmail(true, false))))
	if out := towards(two, loa(1)); out.ChallengeName != selectMFA {
		t.Errorf("towards level 1: %s", out.ChallengeName)
	}
	if out := towards(two, loa(3)); out.ChallengeName != selection {
		t.Errorf("towards level 3: %s", out.ChallengeName)
	}
	if out := towards(two, loa(3)); len(out.AvailableChallenges) == 0 {
		t.Error("the selection has no choices")
	}

	none := setup(t).app(choosing)
	none.user("ada")
	none.mfa(mfaOn, totpMFA)
	_, err = none.choose("ada", "TARGET_ACR_VALUES", loa(1), "PREFERRED_CHALLENGE", "PASSWORD", "PASSWORD", password)
	refused(t, err, userpool.ErrInvalidParameter, "The user cannot reach any of the requested authentication levels.")
	_, err = none.choose("ada", "TARGET_ACR_VALUES", loa(4))
	refused(t, err, userpool.ErrInvalidParameter, "The user cannot reach any of the requested authentication levels.")
	if out, err := none.choose("ada", "PREFERRED_CHALLENGE", "PASSWORD", "PASSWORD", password); err != nil || out.ChallengeName != setupMFA {
		t.Errorf("without a target: %v", err)
	}
}

// C4: a way to a level that is closed half-way does not lead there.
func TestC4_StepUpHalfWay(t *testing.T) {
	t.Parallel()
	base := choiceMFA(t)
	old := base.signIn("ada").AccessToken
	key := base.token("ada")
	check(t, base.prefer("ada", all(useSMS(true, false), useTOTP(true, false))))
	a := base.fork(t)
	out, err := a.choose("ada", "TARGET_ACR_VALUES", loa(4), "ACCESS_TOKEN", old)
	check(t, err)
	check(t, a.prefer("ada", useTOTP(false, false)))
	_, err = a.respond(totpMFA, out.Session, "USERNAME", "ada", "SOFTWARE_TOKEN_MFA_CODE", key.code(0))
	refused(t, err, userpool.ErrNotAuthorized, isInvalid)

	a = base.fork(t)
	out, err = a.choose("ada", "TARGET_ACR_VALUES", loa(4), "ACCESS_TOKEN", old)
	check(t, err)
	a.clock.Advance(3 * time.Minute)
	_, err = a.respond(totpMFA, out.Session, "USERNAME", "ada", "SOFTWARE_TOKEN_MFA_CODE", key.code(0))
	refused(t, err, userpool.ErrNotAuthorized, isOver)

	// A code as a first factor, beside the password of a token, while the pool switches such codes off.
	plain := choiceApp(t)
	token := plain.signIn("ada").AccessToken
	begun, err := plain.choose("ada", "TARGET_ACR_VALUES", loa(2), "ACCESS_TOKEN", token)
	check(t, err)
	next, err := plain.respond(selection, begun.Session, "USERNAME", "ada", "ANSWER", "SMS_OTP")
	check(t, err)
	code := plain.code("+14155550101")
	plain.allow(userpool.AuthFactorTypeEmailOtp)
	_, err = plain.respond(bySMS, next.Session, "USERNAME", "ada", "SMS_OTP_CODE", code)
	refused(t, err, userpool.ErrNotAuthorized, isInvalid)
}

// NEW-162, NEW-163, NEW-324, AUTH-291: second factors among the factors of a user.
func TestSecondFactorsAmongFactors(t *testing.T) {
	t.Parallel()
	a := setup(t).app(ownMail, withSMS, choosing)
	a.mfa(mfaOptional, smsMFA, totpMFA, emailMFA)
	a.user("ada", "email", "ada@example.com", "phone_number", "+14155550101")
	access := a.signIn("ada").AccessToken
	same := func(want ...userpool.AuthFactorType) {
		t.Helper()
		if got := a.factorsOf("ada", access); !slices.Equal(got, want) {
			t.Errorf("the factors are %v, want %v", got, want)
		}
	}
	same("PASSWORD")
	a.token("ada")
	same("PASSWORD", "SOFTWARE_TOKEN") // verified, and not switched on
	check(t, a.prefer("ada", all(useSMS(true, false), useEmail(true, true))))
	same("PASSWORD", "EMAIL_OTP", "SMS_OTP", "SOFTWARE_TOKEN")
	out, err := a.GetUserAuthFactors(t.Context(), &userpool.GetUserAuthFactorsInput{AccessToken: access})
	check(t, err)
	if out.PreferredMfaSetting != "EMAIL_OTP" || !slices.Equal(out.UserMFASettingList, []string{"SMS_MFA", "EMAIL_OTP"}) {
		t.Errorf("prefers %s of %v", out.PreferredMfaSetting, out.UserMFASettingList)
	}

	p, _ := setup(t).holder(webauthntest.Config{})
	if got := p.factorsOf("ada", p.signIn("ada").AccessToken); !slices.Equal(got, []userpool.AuthFactorType{"PASSWORD", "WEB_AUTHN"}) {
		t.Errorf("the factors are %v", got)
	}
}

// NEW-134, AUTH-274, AUTH-280: a passkey among the choices, and as a way to level 3.
func TestChoiceOfPasskey(t *testing.T) {
	t.Parallel()
	a, device := setup(t).holder(webauthntest.Config{})
	out, err := a.choose("ada")
	check(t, err)
	if out.ChallengeName != selection || !slices.Equal(out.AvailableChallenges, challenges{bySRP, byPass, webAuthn}) {
		t.Fatalf("asked for %s of %v", out.ChallengeName, out.AvailableChallenges)
	}
	next, err := a.respond(selection, out.Session, "USERNAME", "ada", "ANSWER", "WEB_AUTHN", "CREDENTIAL", "{}")
	check(t, err)
	if next.ChallengeName != webAuthn {
		t.Fatalf("asked for %s", next.ChallengeName)
	}
	begun := &userpool.InitiateAuthOutput{ChallengeName: next.ChallengeName, ChallengeParameters: next.ChallengeParameters}
	if _, err := a.prove("ada", next.Session, a.assertion(device, begun)); err != nil {
		t.Error(err)
	}

	old := a.signIn("ada").AccessToken
	up, err := a.choose("ada", "TARGET_ACR_VALUES", loa(3), "ACCESS_TOKEN", old)
	check(t, err)
	if up.ChallengeName != webAuthn {
		t.Fatalf("asked for %s of %v", up.ChallengeName, up.AvailableChallenges)
	}
	tokens, err := a.prove("ada", up.Session, a.assertion(device, up))
	check(t, err)
	if got := acrOf(t, tokens.AccessToken); got != loa(3)+"[pwd swk mfa]" { // NEW-086: what was asked for
		t.Errorf("the token tells %s", got)
	}
}

// AUTH-272, AUTH-287, NEW-087, NEW-133: a remembered device that stands for the second factor does so in USER_AUTH; it proves no method,
// and leads to no level.
func TestChoiceFromDevice(t *testing.T) {
	t.Parallel()
	a := textMFA(setup(t), tracking(false, true), choosing)
	d := a.textedDevice()
	pairs := []string{"PREFERRED_CHALLENGE", "PASSWORD", "PASSWORD", password, "DEVICE_KEY", d.key}
	for name, target := range map[string]string{"no level": "", "level 1": loa(1)} {
		out, err := a.choose("ada", append(pairs, "TARGET_ACR_VALUES", target)...)
		tokens, err := a.through("ada", asked(t, out, err, "DEVICE_SRP_AUTH"), d)
		check(t, err)
		if got := acrOf(t, tokens.AccessToken); got != loa(1)+"[pwd]" {
			t.Errorf("%s: the token tells %s", name, got)
		}
	}
	out, err := a.choose("ada", append(pairs, "TARGET_ACR_VALUES", loa(3))...)
	next := a.text(asked(t, out, err, smsMFA), "DEVICE_KEY", d.key)
	if next.ChallengeName != "DEVICE_SRP_AUTH" {
		t.Fatalf("goes on with %s", next.ChallengeName)
	}
	tokens, err := a.through("ada", next.Session, d)
	check(t, err)
	if got := acrOf(t, tokens.AccessToken); got != loa(3)+"[pwd sms mfa]" {
		t.Errorf("the token tells %s", got)
	}
}
