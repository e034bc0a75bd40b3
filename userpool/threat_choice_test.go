package userpool_test

import (
	"slices"
	"testing"
	"time"

	"github.com/cenote-auth/cenote/risk"
	"github.com/cenote-auth/cenote/userpool"
)

// Choosing the first factor is no way around the protection (AUTH-553): each is judged, once, when it is right; addresses are refused
// before; a password that is sent is looked up (AUTH-556).
func TestRiskOfChosenFactors(t *testing.T) {
	t.Parallel()
	known := &knownPasswords{}
	base := compromisedBench(t, enforced, known, byCode, choosing)
	base.user("ada", "email", mail)
	base.setRisk(userpool.SetRiskConfigurationInput{
		AccountTakeoverRiskConfiguration: actions("NO_ACTION", "NO_ACTION", "BLOCK"), RiskExceptionConfiguration: ranges([]string{"203.0.113.0/24"}, nil),
		CompromisedCredentialsRiskConfiguration: blocksKnown("SIGN_IN"),
	})
	_, err := base.InitiateAuth(base.via("203.0.113.1", ""), &userpool.InitiateAuthInput{
		ClientId: base.client, AuthFlow: userAuth, AuthParameters: map[string]string{"USERNAME": "ada"},
	})
	refused(t, err, userpool.ErrNotAuthorized, blockedText)
	for _, tt := range []struct {
		name   string
		looks  bool
		kind   string
		answer func(a app, right bool) error
	}{
		{"a password at once", true, "SignIn Fail Password:Success", func(a app, right bool) error {
			p := password
			if !right {
				p = another
			}
			_, err := a.choose("ada", "PREFERRED_CHALLENGE", "PASSWORD", "PASSWORD", p)
			return err
		}},
		{"a password", true, "SignIn Fail Password:Success", func(a app, right bool) error {
			p := password
			if !right {
				p = another
			}
			_, err := a.respond(selection, a.chosen("ada", selection), "USERNAME", "ada", "ANSWER", "PASSWORD", "PASSWORD", p)
			return err
		}},
		{"a code by mail", false, "SignIn Fail Mfa:Success", func(a app, right bool) error {
			session := a.chosen("ada", byMail, "PREFERRED_CHALLENGE", "EMAIL_OTP")
			code := a.code(mail)
			if !right {
				code = notCode(code)
			}
			_, err := a.respond(byMail, session, "USERNAME", "ada", "EMAIL_OTP_CODE", code)
			return err
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a := base
			a.app, a.stub.level = base.fork(t), risk.High
			before, asked := len(a.stub.attempts()), known.asked()
			a.clock.Advance(time.Second)
			if err := tt.answer(a.app, false); err == nil || len(a.stub.attempts()) != before || known.asked() != asked {
				t.Errorf("a wrong answer: %v, judged %d times, looked up %d times", err, len(a.stub.attempts())-before, known.asked()-asked)
			}
			if e := a.last("ada"); e.EventType != "SignIn" || e.EventResponse != "Fail" {
				t.Errorf("recorded %+v", e)
			}
			a.clock.Advance(time.Second)
			refused(t, tt.answer(a.app, true), userpool.ErrNotAuthorized, blockedText)
			if seen := a.stub.attempts()[before:]; len(seen) != 1 || seen[0].Flow != "USER_AUTH" {
				t.Errorf("judged %+v", seen)
			}
			if got := kinds(a.events("ada"))[0]; got != tt.kind {
				t.Errorf("recorded %s", got)
			}
			if (known.asked() > asked) != tt.looks {
				t.Errorf("looked up %d times", known.asked()-asked)
			}
			a.stub.level = risk.None
			check(t, tt.answer(a.app, true))
		})
	}
	known.list = []string{password}
	base.stub.level = risk.None
	_, err = base.choose("ada", "PREFERRED_CHALLENGE", "PASSWORD", "PASSWORD", password)
	refused(t, err, userpool.ErrPasswordResetRequired, "")
}

// AUTH-559: after a code a risk demands another factor than the one that was proven.
func TestRiskAfterACode(t *testing.T) {
	t.Parallel()
	a := protect(t, enforced, byCode, choosing, ownMail, func(in *userpool.CreateUserPoolInput) { in.AutoVerifiedAttributes = nil })
	a.mfa("OPTIONAL", smsMFA, emailMFA)
	a.newcomer("ada", "email", mail, "email_verified", "true", "phone_number", phone)
	a.newcomer("bob", "email", "bob@example.com", "email_verified", "true")
	for _, name := range []string{"ada", "bob"} {
		a.setPassword(name, password)
	}
	a.setRisk(userpool.SetRiskConfigurationInput{AccountTakeoverRiskConfiguration: actions("MFA_REQUIRED", "MFA_REQUIRED", "BLOCK")})
	a.stub.level = risk.Low
	answer := func(name, to string) (*userpool.RespondToAuthChallengeOutput, error) {
		session := a.chosen(name, byMail, "PREFERRED_CHALLENGE", "EMAIL_OTP")
		return a.respond(byMail, session, "USERNAME", name, "EMAIL_OTP_CODE", a.code(to))
	}
	out, err := answer("ada", mail)
	check(t, err)
	if out.ChallengeName != smsMFA {
		t.Fatalf("goes on with %s", out.ChallengeName)
	}
	a.signedIn(a.respond(smsMFA, out.Session, "USERNAME", "ada", "SMS_MFA_CODE", a.code(phone)))
	if got := kinds(a.events("ada")); !slices.Contains(got, "SignIn Pass Mfa:Success Mfa:Success") {
		t.Errorf("recorded %q", got)
	}
	_, err = answer("bob", "bob@example.com")
	refused(t, err, userpool.ErrNotAuthorized, blockedText)
}
