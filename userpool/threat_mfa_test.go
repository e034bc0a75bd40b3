package userpool_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cenote-auth/cenote/risk"
	"github.com/cenote-auth/cenote/userpool"
)

// withFactors gives the pool second factors.
func (p protected) withFactors(level userpool.UserPoolMfaType, factors ...userpool.ChallengeNameType) protected {
	p.t.Helper()
	p.mfa(level, factors...)
	return p
}

// protectMFA is protect for a pool with all kinds of second factors, whose addresses are not verified by themselves.
func protectMFA(t *testing.T, mode userpool.AdvancedSecurityModeType, level userpool.UserPoolMfaType, options ...any) protected {
	t.Helper()
	options = append([]any{ownMail, func(in *userpool.CreateUserPoolInput) { in.AutoVerifiedAttributes = nil }}, options...)
	return protect(t, mode, options...).withFactors(level, smsMFA, totpMFA, emailMFA)
}

// noticeSubjects are the subjects of the notices to an address.
func (a app) noticeSubjects(to string) []string {
	a.t.Helper()
	var out []string
	for _, m := range a.notices(to) {
		out = append(out, m.Subject)
	}
	return out
}

// AUTH-327, AUTH-559, AUTH-561: a risk asks for a second factor that the user can use, switched on or not; without one it refuses if
// the factor is required, and lets in if not. AUTH-551: where findings are only recorded it asks for none. AUTH-567.
func TestRiskAsksForASecondFactor(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		pairs  []string
		token  bool
		answer userpool.ChallengeNameType // "" if there is none
	}{
		{"nothing", nil, false, ""},
		{"a number", []string{"phone_number", phone}, false, smsMFA},
		{"an address", []string{"email", mail, "email_verified", "true"}, false, emailMFA},
		{"a software token", nil, true, totpMFA},
	} {
		for _, action := range allActions {
			for _, level := range levels {
				for _, mode := range []userpool.AdvancedSecurityModeType{audit, enforced} {
					t.Run(fmt.Sprintf("%s/%s/%s/%s", tt.name, action, level, mode), func(t *testing.T) {
						t.Parallel()
						a := protectMFA(t, mode, "OPTIONAL")
						a.newcomer("ada", tt.pairs...)
						a.setPassword("ada", password)
						var k softToken
						if tt.token {
							k = a.app.token("ada")
						}
						a.setRisk(userpool.SetRiskConfigurationInput{AccountTakeoverRiskConfiguration: only(risk.Low, action)})
						a.stub.level = level
						a.clock.Advance(time.Second)
						out, err := a.tryPassword("ada", password)
						acts := mode == enforced && level > risk.None
						asks := acts && strings.HasPrefix(string(action), "MFA") && tt.answer != ""
						switch {
						case acts && (action == "BLOCK" || action == "MFA_REQUIRED" && tt.answer == ""):
							refused(t, err, userpool.ErrNotAuthorized, blockedText)
							return
						case !asks:
							check(t, err)
							if out.AuthenticationResult == nil {
								t.Errorf("goes on with %s", out.ChallengeName)
							}
							return
						}
						check(t, err)
						if out.ChallengeName != tt.answer {
							t.Fatalf("goes on with %s", out.ChallengeName)
						}
						if got := kinds(a.events("ada"))[0]; got != "SignIn InProgress Password:Success" {
							t.Errorf("recorded %s", got)
						}
						var key, right string
						switch tt.answer {
						case smsMFA:
							key, right = "SMS_MFA_CODE", a.code(phone)
						case emailMFA:
							key, right = "EMAIL_OTP_CODE", a.code(mail)
						default:
							key, right = "SOFTWARE_TOKEN_MFA_CODE", k.code(0)
						}
						wrong := "000000"
						if right == wrong {
							wrong = "000001"
						}
						a.stub.level = risk.None // what was demanded is demanded still
						_, err = a.respond(out.ChallengeName, out.Session, "USERNAME", "ada", key, wrong)
						refused(t, err, userpool.ErrCodeMismatch, "")
						if got := kinds(a.events("ada"))[0]; got != "SignIn Fail Password:Success Mfa:Failure" {
							t.Errorf("recorded %s", got)
						}
						tokens := a.signedIn(a.respond(out.ChallengeName, out.Session, "USERNAME", "ada", key, right))
						last := a.last("ada")
						if got := kinds([]userpool.AuthEventType{last})[0]; got != "SignIn Pass Password:Success Mfa:Failure Mfa:Success" ||
							last.EventId != eventID(t, tokens.AccessToken) || last.EventRisk.RiskDecision != "AccountTakeover" {
							t.Errorf("recorded %s %+v", got, *last.EventRisk)
						}
						if tt.answer == emailMFA {
							if got := a.noticeSubjects(mail); !slices.Equal(got, []string{"mfa"}) {
								t.Errorf("sent %q", got)
							}
						}
					})
				}
			}
		}
	}
}

// AUTH-559: of several factors the user chooses, unless he prefers one. AUTH-553: after each way to prove a password.
func TestRiskChoosesTheFactor(t *testing.T) {
	t.Parallel()
	a := protectMFA(t, enforced, "OPTIONAL")
	a.newcomer("ada", "phone_number", phone, "email", mail)
	a.setPassword("ada", password)
	a.setRisk(userpool.SetRiskConfigurationInput{AccountTakeoverRiskConfiguration: actions("MFA_REQUIRED", "MFA_REQUIRED", "MFA_REQUIRED")})
	a.stub.level = risk.Medium
	for _, begin := range []func() (userpool.ChallengeNameType, string, map[string]string, error){
		func() (userpool.ChallengeNameType, string, map[string]string, error) {
			out, err := a.tryPassword("ada", password)
			return out.ChallengeName, out.Session, out.ChallengeParameters, err
		},
		func() (userpool.ChallengeNameType, string, map[string]string, error) {
			out, err := a.srp("ada", password)
			return out.ChallengeName, out.Session, out.ChallengeParameters, err
		},
	} {
		a.clock.Advance(time.Minute)
		name, session, params, err := begin()
		check(t, err)
		if name != userpool.ChallengeNameTypeSelectMfaType || !slices.Equal(listed(t, params["MFAS_CAN_CHOOSE"]), []string{"SMS_MFA", "EMAIL_OTP"}) {
			t.Fatalf("goes on with %s %v", name, params)
		}
		next, err := a.respond(name, session, "USERNAME", "ada", "ANSWER", "EMAIL_OTP")
		check(t, err)
		if next.ChallengeName != emailMFA {
			t.Fatalf("goes on with %s", next.ChallengeName)
		}
		a.signedIn(a.respond(emailMFA, next.Session, "USERNAME", "ada", "EMAIL_OTP_CODE", a.code(mail)))
		if got := kinds(a.events("ada"))[0]; got != "SignIn Pass Password:Success Mfa:Success" {
			t.Errorf("recorded %s", got)
		}
	}
	check(t, a.prefer("ada", useSMS(true, true)))
	a.clock.Advance(time.Minute)
	out := a.challenge("ada", smsMFA)
	a.signedIn(a.respond(smsMFA, out.Session, "USERNAME", "ada", "SMS_MFA_CODE", a.code(phone)))
}

// AUTH-561: where everybody is challenged a risk adds nothing, but nobody sets up his first factor in a risky sign-in that needs one.
func TestRiskWhereFactorsAreRequired(t *testing.T) {
	t.Parallel()
	a := protectMFA(t, enforced, "ON")
	a.newcomer("ada", "phone_number", phone, "email", mail, "email_verified", "true")
	a.newcomer("new")
	for _, name := range []string{"ada", "new"} {
		a.setPassword(name, password)
	}
	a.setRisk(userpool.SetRiskConfigurationInput{AccountTakeoverRiskConfiguration: actions("MFA_IF_CONFIGURED", "MFA_REQUIRED", "MFA_REQUIRED")})
	for _, level := range levels {
		a.stub.level = level
		a.clock.Advance(time.Second)
		a.challenge("ada", smsMFA)
		out, err := a.tryPassword("new", password)
		if level >= risk.Medium {
			refused(t, err, userpool.ErrNotAuthorized, blockedText)
			continue
		}
		check(t, err)
		if out.ChallengeName != userpool.ChallengeNameTypeMfaSetup {
			t.Errorf("%s: goes on with %s", level, out.ChallengeName)
		}
	}
	if got := a.noticeSubjects(mail); !slices.Equal(got, []string{"mfa", "mfa", "mfa"}) {
		t.Errorf("sent %q", got)
	}
}

// What is demanded outlives the steps between: a temporary password is changed first, and nobody who will be refused changes it.
func TestRiskBeforeANewPassword(t *testing.T) {
	t.Parallel()
	base := protectMFA(t, enforced, "OPTIONAL")
	base.newcomer("ada", "phone_number", phone)
	base.newcomer("bob")
	base.setRisk(userpool.SetRiskConfigurationInput{AccountTakeoverRiskConfiguration: actions("MFA_IF_CONFIGURED", "MFA_REQUIRED", "BLOCK")})
	for _, level := range levels[1:] {
		for _, name := range []string{"ada", "bob"} {
			t.Run(level.String()+"/"+name, func(t *testing.T) {
				a := base
				a.app, a.stub.level = base.fork(t), level
				out, err := a.tryPassword(name, password)
				if level == risk.High || level == risk.Medium && name == "bob" {
					refused(t, err, userpool.ErrNotAuthorized, blockedText)
					if got := a.status(name); got != userpool.UserStatusTypeForceChangePassword {
						t.Errorf("status is %s", got)
					}
					return
				}
				check(t, err)
				a.stub.level = risk.None
				next, err := a.respond(out.ChallengeName, out.Session, "USERNAME", name, "NEW_PASSWORD", another)
				check(t, err)
				if (next.ChallengeName == smsMFA) != (name == "ada") {
					t.Errorf("goes on with %s", next.ChallengeName)
				}
			})
		}
	}
}

// AUTH-240: after the questions of the pool's functions as well, which are not asked again.
func TestRiskAfterCustomAuth(t *testing.T) {
	t.Parallel()
	stub := &stubAssessor{level: risk.Low}
	q := &quiz{rounds: 1}
	a := q.app(setup(t, func(c *userpool.Config) { c.RiskAssessor = stub }), ownMail, customMode(enforced, "ENFORCED"))
	a.mfa("OPTIONAL", smsMFA)
	a.newcomer("ada", "phone_number", phone)
	a.newcomer("bob")
	for _, name := range []string{"ada", "bob"} {
		a.setPassword(name, password)
	}
	a.setRisk(userpool.SetRiskConfigurationInput{AccountTakeoverRiskConfiguration: actions("MFA_REQUIRED", "MFA_REQUIRED", "MFA_REQUIRED")})
	answer := func(name string) (*userpool.RespondToAuthChallengeOutput, error) {
		begun, err := a.begin(customAuth, "USERNAME", name)
		check(t, err)
		return a.respond(customChallenge, begun.Session, "USERNAME", name, "ANSWER", "answer 0")
	}
	out, err := answer("ada")
	check(t, err)
	if out.ChallengeName != smsMFA {
		t.Fatalf("goes on with %s", out.ChallengeName)
	}
	defines := len(q.defines)
	a.signedIn(a.respond(smsMFA, out.Session, "USERNAME", "ada", "SMS_MFA_CODE", a.code(phone)))
	if len(q.defines) != defines || len(stub.attempts()) != 1 {
		t.Errorf("asked %d times more, judged %d times", len(q.defines)-defines, len(stub.attempts()))
	}
	if got := kinds(a.events("ada"))[0]; got != "SignIn Pass Mfa:Success" {
		t.Errorf("recorded %s", got)
	}
	_, err = answer("bob")
	refused(t, err, userpool.ErrNotAuthorized, blockedText)
}
