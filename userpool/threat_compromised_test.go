package userpool_test

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"testing"

	"github.com/cenote-auth/cenote/userpool"
)

// compromisedBench has a pool in which the password of everybody is compromised.
func compromisedBench(t *testing.T, mode userpool.AdvancedSecurityModeType, known *knownPasswords, options ...any) protected {
	t.Helper()
	return protect(t, mode, append(options, func(c *userpool.Config) { c.CompromisedPasswords = known })...)
}

// AUTH-557, AUTH-028: who signs in with a compromised password has to set another one; until then nothing works. AUTH-556, AUTH-197: where
// the password does not reach the service nobody looks.
func TestCompromisedSignIn(t *testing.T) {
	t.Parallel()
	for _, flow := range []string{"plain", "signed"} {
		known := &knownPasswords{}
		a := compromisedBench(t, enforced, known)
		a.user("ada", "email", "ada@example.com")
		a.setRisk(userpool.SetRiskConfigurationInput{CompromisedCredentialsRiskConfiguration: blocksKnown()})
		tokens := a.signIn("ada")
		pending, err := a.srpStart("ada", password)
		check(t, err)
		known.list = []string{password, another}
		asked := known.asked()

		_, err = a.tryPassword("ada", another) // known as well, but wrong: not looked up
		refused(t, err, userpool.ErrNotAuthorized, "Incorrect username or password.")
		_, err = a.srp("ada", password)
		check(t, err)
		if known.asked() != asked {
			t.Error("looked up without need")
		}
		a.clock.Advance(1)
		if flow == "plain" {
			_, err = a.tryPassword("ada", password)
		} else {
			_, err = a.adminPassword("ada", password, nil)
		}
		refused(t, err, userpool.ErrPasswordResetRequired, "Password reset required for the user")
		if got := a.status("ada"); got != userpool.UserStatusTypeResetRequired {
			t.Errorf("status is %s", got)
		}
		e := a.last("ada")
		if e.EventResponse != "Fail" || e.EventRisk.RiskDecision != "Block" || e.EventRisk.RiskLevel != "" || !*e.EventRisk.CompromisedCredentialsDetected {
			t.Errorf("recorded %+v %+v", e, *e.EventRisk)
		}
		_, err = a.RespondToAuthChallenge(t.Context(), pending) // begun before (C4)
		refused(t, err, userpool.ErrPasswordResetRequired, "")
		_, err = a.getUser(tokens.AccessToken)
		refused(t, err, userpool.ErrPasswordResetRequired, "")
		_, err = a.forgot("ada")
		check(t, err)
		refused(t, a.reset("ada", a.code("ada@example.com"), another), userpool.ErrInvalidPassword, "Provided password cannot be used for security reasons.")
		check(t, a.reset("ada", a.code("ada@example.com"), "Third-Time-3")) // the code has survived
		_, err = a.tryPassword("ada", "Third-Time-3")
		check(t, err)
	}
}

// AUTH-555: on which occasions is looked, and what follows. AUTH-551: where findings are only recorded nothing follows.
func TestCompromisedFilter(t *testing.T) {
	t.Parallel()
	const signIn, signUp, change = userpool.EventFilterTypeSignIn, userpool.EventFilterTypeSignUp, userpool.EventFilterTypePasswordChange
	security := "Provided password cannot be used for security reasons."
	noAction := &userpool.CompromisedCredentialsRiskConfigurationType{
		Actions: &userpool.CompromisedCredentialsActionsType{EventAction: userpool.CompromisedCredentialsEventActionTypeNoAction},
	}
	for _, tt := range []struct {
		name    string
		mode    userpool.AdvancedSecurityModeType
		set     *userpool.CompromisedCredentialsRiskConfigurationType
		looks   []userpool.EventFilterType
		refuses bool
	}{
		{"all", enforced, blocksKnown(), []userpool.EventFilterType{signIn, signUp, change}, true},
		{"sign-in", enforced, blocksKnown(signIn), []userpool.EventFilterType{signIn}, true},
		{"sign-up", enforced, blocksKnown(signUp), []userpool.EventFilterType{signUp}, true},
		{"change", enforced, blocksKnown(change), []userpool.EventFilterType{change}, true},
		{"two", enforced, blocksKnown(change, signUp), []userpool.EventFilterType{change, signUp}, true},
		{"no action", enforced, noAction, []userpool.EventFilterType{signIn, signUp, change}, false},
		{"nothing set", enforced, nil, []userpool.EventFilterType{signIn, signUp, change}, false},
		{"audit", audit, blocksKnown(), []userpool.EventFilterType{signIn, signUp, change}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			known := &knownPasswords{}
			a := compromisedBench(t, tt.mode, known)
			a.user("ada", "email", "ada@example.com")
			a.newcomer("new", "email", "new@example.com")
			access := a.signIn("ada").AccessToken
			_, err := a.forgot("ada")
			check(t, err)
			code := a.code("ada@example.com")
			session, err := a.tryPassword("new", password)
			check(t, err)
			if tt.set != nil {
				a.setRisk(userpool.SetRiskConfigurationInput{CompromisedCredentialsRiskConfiguration: tt.set})
			}
			known.list = []string{password, another}
			looks := func(at userpool.EventFilterType) bool {
				for _, l := range tt.looks {
					if l == at {
						return true
					}
				}
				return false
			}
			for _, op := range []struct {
				name, user, text string
				at               userpool.EventFilterType
				run              func(a app) error
			}{
				{"SignUp", "bob", security, signUp, func(a app) error {
					_, err := a.SignUp(t.Context(), &userpool.SignUpInput{ClientId: a.client, Username: "bob", Password: password})
					return err
				}},
				{"ChangePassword", "ada", security, change, func(a app) error { return a.change(access, password, another) }},
				{"ConfirmForgotPassword", "ada", security, change, func(a app) error { return a.reset("ada", code, another) }},
				{"NEW_PASSWORD_REQUIRED", "new", security, change, func(a app) error {
					_, err := a.respond("NEW_PASSWORD_REQUIRED", session.Session, "USERNAME", "new", "NEW_PASSWORD", another)
					return err
				}},
				{"InitiateAuth", "ada", "", signIn, func(a app) error { _, err := a.tryPassword("ada", password); return err }},
			} {
				a := a.fork(t)
				a.clock.Advance(1)
				before := known.asked()
				err := op.run(a)
				if n := known.asked() - before; (n == 1) != looks(op.at) || n > 1 {
					t.Errorf("%s: looked up %d times", op.name, n)
				}
				switch {
				case !tt.refuses || !looks(op.at):
					check(t, err)
					if e := a.last(op.user); *e.EventRisk.CompromisedCredentialsDetected != looks(op.at) || e.EventResponse != "Pass" {
						t.Errorf("%s: recorded %+v %+v", op.name, e, *e.EventRisk)
					}
				case op.text == "":
					refused(t, err, userpool.ErrPasswordResetRequired, "")
				default:
					refused(t, err, userpool.ErrInvalidPassword, op.text)
				}
			}
		})
	}
}

// A source that is down locks nobody out, and says so without the password (H16). The one of an assessor counts where a password was
// sent (AUTH-556, AUTH-566).
func TestCompromisedSourceFails(t *testing.T) {
	t.Parallel()
	known := &knownPasswords{list: []string{password}, err: errors.New("out of order")}
	var log bytes.Buffer
	a := compromisedBench(t, enforced, known, func(c *userpool.Config) { c.Logger = slog.New(slog.NewTextHandler(&log, nil)) })
	a.setRisk(userpool.SetRiskConfigurationInput{CompromisedCredentialsRiskConfiguration: blocksKnown()})
	a.user("ada")
	a.signIn("ada")
	if known.asked() != 2 || !strings.Contains(log.String(), "out of order") || strings.Contains(log.String(), password) {
		t.Errorf("asked %d times, log %s", known.asked(), log.String())
	}
	a.stub.known = true
	_, err := a.srp("ada", password)
	check(t, err)
	_, err = a.tryPassword("ada", password)
	refused(t, err, userpool.ErrPasswordResetRequired, "")
}

// A temporary password has to be changed anyway: a compromised one is recorded, and changes nothing else (AUTH-028).
func TestCompromisedTemporaryPassword(t *testing.T) {
	t.Parallel()
	a := compromisedBench(t, enforced, &knownPasswords{list: []string{password}})
	a.setRisk(userpool.SetRiskConfigurationInput{CompromisedCredentialsRiskConfiguration: blocksKnown()})
	a.newcomer("new")
	out, err := a.tryPassword("new", password)
	check(t, err)
	if out.ChallengeName != userpool.ChallengeNameTypeNewPasswordRequired || !*a.last("new").EventRisk.CompromisedCredentialsDetected {
		t.Errorf("got %+v, recorded %+v", out, a.last("new"))
	}
}

// H7: a client that hides who exists looks up the new password of a reset for everybody.
func TestH7_CompromisedReset(t *testing.T) {
	t.Parallel()
	known := &knownPasswords{list: []string{another}}
	a := compromisedBench(t, enforced, known, hides)
	a.user("ada", "email", "ada@example.com")
	a.setRisk(userpool.SetRiskConfigurationInput{CompromisedCredentialsRiskConfiguration: blocksKnown()})
	for _, name := range []string{"ada", "nobody"} {
		before := known.asked()
		refused(t, a.reset(name, "123456", "short"), userpool.ErrInvalidPassword, "Password did not conform with policy: Password not long enough")
		if known.asked() != before {
			t.Error("looked up what violates the policy")
		}
		refused(t, a.reset(name, "123456", another), userpool.ErrInvalidPassword, "Provided password cannot be used for security reasons.")
		refused(t, a.reset(name, "123456", "Third-Time-3"), userpool.ErrExpiredCode, "")
		if n := known.asked() - before; n != 2 {
			t.Errorf("%s: looked up %d times", name, n)
		}
	}
}

// C4, AUTH-557: a step up is judged on what it proves itself. What the access token proved came before the password, and does not hide
// that this one is compromised.
func TestC4_StepUpWithCompromisedPassword(t *testing.T) {
	t.Parallel()
	known := &knownPasswords{}
	a := compromisedBench(t, enforced, known, func(in *userpool.CreateUserPoolInput) {
		byCode(in)
		plus(enforced)(in)
	}, choosing)
	a.user("ada", "email", "ada@example.com")
	a.setRisk(userpool.SetRiskConfigurationInput{CompromisedCredentialsRiskConfiguration: blocksKnown()})
	tokens := a.byMail("ada", "ada@example.com")
	known.list = []string{password}
	a.clock.Advance(1)
	aim := []string{"TARGET_ACR_VALUES", loa(3), "ACCESS_TOKEN", tokens.AccessToken}
	for name, answer := range map[string]func(a app) error{
		"at once": func(a app) error {
			_, err := a.choose("ada", append(aim, "PREFERRED_CHALLENGE", "PASSWORD", "PASSWORD", password)...)
			return err
		},
		"asked": func(a app) error {
			session := a.chosen("ada", byPass, append(aim, "PREFERRED_CHALLENGE", "PASSWORD")...)
			_, err := a.respond(byPass, session, "USERNAME", "ada", "PASSWORD", password)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			a := a.fork(t)
			refused(t, answer(a), userpool.ErrPasswordResetRequired, "Password reset required for the user")
			if got := a.status("ada"); got != userpool.UserStatusTypeResetRequired {
				t.Errorf("status is %s", got)
			}
		})
	}
}
