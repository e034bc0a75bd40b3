package userpool_test

import (
	"testing"

	"github.com/cenote-auth/cenote/risk"
	"github.com/cenote-auth/cenote/userpool"
)

// AUTH-556, AUTH-557: a compromised password is found in USER_AUTH as well, whichever way it comes, and not by SRP.
func TestCompromisedChoice(t *testing.T) {
	t.Parallel()
	known := &knownPasswords{list: []string{password}}
	base := compromisedBench(t, enforced, known, byCode, choosing)
	base.user("ada", "email", "ada@example.com")
	base.setRisk(userpool.SetRiskConfigurationInput{CompromisedCredentialsRiskConfiguration: blocksKnown()})
	for name, sign := range map[string]func(a app) error{
		"at once": func(a app) error {
			_, err := a.choose("ada", "PREFERRED_CHALLENGE", "PASSWORD", "PASSWORD", password)
			return err
		},
		"as a challenge": func(a app) error {
			_, err := a.respond(byPass, a.chosen("ada", byPass, "PREFERRED_CHALLENGE", "PASSWORD"), "USERNAME", "ada", "PASSWORD", password)
			return err
		},
		"selected": func(a app) error {
			_, err := a.respond(selection, a.chosen("ada", selection), "USERNAME", "ada", "ANSWER", "PASSWORD", "PASSWORD", password)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			a := base.fork(t)
			refused(t, sign(a), userpool.ErrPasswordResetRequired, "Password reset required for the user")
			if got := a.status("ada"); got != userpool.UserStatusTypeResetRequired {
				t.Errorf("the user is %s", got)
			}
		})
	}
	a, asked := base.fork(t), known.asked()
	login := a.login("ada", password)
	out, err := a.choose("ada", "PREFERRED_CHALLENGE", "PASSWORD_SRP", "SRP_A", login.Params()["SRP_A"])
	check(t, err)
	_, err = a.claim(login, out.ChallengeParameters, out.Session)
	check(t, err)
	if known.asked() != asked {
		t.Error("looked up without need")
	}
}

// NEW-133, AUTH-327: threat protection has the last word on a sign-in by choice: a code as a first factor and a level that is reached
// are no way around the second factor that it demands, or its refusal.
func TestRiskOfChoice(t *testing.T) {
	t.Parallel()
	base := protectMFA(t, enforced, "OPTIONAL", byCode, choosing)
	base.newcomer("ada", "email", "ada@example.com", "phone_number", "+14155550101")
	base.setPassword("ada", password)
	old := base.signIn("ada").AccessToken
	byCodes := func(a app) *userpool.RespondToAuthChallengeOutput {
		return a.codeAnswer(byMail, a.chosen("ada", byMail, "PREFERRED_CHALLENGE", "EMAIL_OTP"), "ada", "ada@example.com")
	}
	base.stub.level = risk.High
	base.setRisk(userpool.SetRiskConfigurationInput{AccountTakeoverRiskConfiguration: actions("NO_ACTION", "NO_ACTION", "MFA_REQUIRED")})
	a := base.fork(t)
	out := byCodes(a)
	if out.ChallengeName != smsMFA || out.AuthenticationResult != nil {
		t.Fatalf("goes on with %q", out.ChallengeName)
	}
	done := a.codeAnswer(smsMFA, out.Session, "ada", "+14155550101")
	if got := acrOf(t, done.AuthenticationResult.AccessToken); got != loa(2)+"[email_otp sms mfa]" { // NEW-086
		t.Errorf("the token tells %s", got)
	}
	next, err := a.choose("ada", "TARGET_ACR_VALUES", loa(1), "PREFERRED_CHALLENGE", "PASSWORD", "PASSWORD", password)
	check(t, err)
	if next.ChallengeName != smsMFA && next.ChallengeName != selectMFA {
		t.Errorf("towards level 1: %q", next.ChallengeName)
	}

	base.setRisk(userpool.SetRiskConfigurationInput{AccountTakeoverRiskConfiguration: actions("NO_ACTION", "NO_ACTION", "BLOCK")})
	blocked := base.fork(t)
	session := blocked.chosen("ada", byMail, "PREFERRED_CHALLENGE", "EMAIL_OTP")
	answer, err := blocked.respond(byMail, session, "USERNAME", "ada", "EMAIL_OTP_CODE", blocked.code("ada@example.com"))
	refused(t, err, userpool.ErrNotAuthorized, "")
	if answer != nil {
		t.Error("there is an answer beside the error")
	}
	step, err := blocked.choose("ada", "TARGET_ACR_VALUES", loa(2), "ACCESS_TOKEN", old)
	check(t, err) // judged by what it proves itself
	sent, err := blocked.respond(selection, step.Session, "USERNAME", "ada", "ANSWER", "EMAIL_OTP")
	check(t, err)
	_, err = blocked.respond(byMail, sent.Session, "USERNAME", "ada", "EMAIL_OTP_CODE", blocked.code("ada@example.com"))
	refused(t, err, userpool.ErrNotAuthorized, "")
}
