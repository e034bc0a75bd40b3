package userpool_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/cenote-auth/cenote/awsapi"
	"github.com/cenote-auth/cenote/message"
	"github.com/cenote-auth/cenote/userpool"
)

// said is an answer or an error, as far as it must not tell who exists.
func said(challenge userpool.ChallengeNameType, available []userpool.ChallengeNameType, params map[string]string, session string, err error) string {
	if e, ok := errors.AsType[*awsapi.Error](err); ok {
		return fmt.Sprint(e.Code, " ", e.Message)
	}
	keys := make([]string, 0, len(params))
	for k, v := range params {
		if k == "SRP_B" { // a number: its first digits may be zeros
			v = ""
		}
		keys = append(keys, fmt.Sprint(k, ":", len(v)))
	}
	slices.Sort(keys)
	return fmt.Sprint(challenge, available, keys, len(session), err)
}

// H7, H12, AUTH-289, AUTH-455: under a name that nobody has a sign-in is put the same challenges as a user's, writes as often, and its
// answers are wrong. A start with a password writes nothing; one with a code always does.
func TestH7_ChoiceHides(t *testing.T) {
	t.Parallel()
	w := &writes{}
	b := setup(t, w.watch)
	var srpA string
	for kind, tt := range map[string]struct {
		a     app
		names []string // a user, a disabled one, nobody
	}{
		"named by address": {b.app(byCode, byEmail, choosing, hides), []string{"ada@example.com", "off@example.com", "who@example.com"}},
		"free names":       {b.app(byCode, choosing, hides, required("email", "phone_number")), []string{"ada", "off", "who"}},
	} {
		a := tt.a
		for i, n := range tt.names[:2] {
			have := []string{"email", []string{"ada@example.com", "off@example.com"}[i]}
			if kind == "free names" {
				have = append(have, "phone_number", fmt.Sprintf("+1415555010%d", i))
			}
			a.user(n, have...)
		}
		a.disable(tt.names[1])
		a.chosen(tt.names[0], selection) // makes the day's keys
		srpA = a.login("x", password).Params()["SRP_A"]
		starts := []struct {
			name   string
			pairs  []string
			writes int
		}{
			{"none", nil, 0},
			{"EMAIL_OTP", []string{"PREFERRED_CHALLENGE", "EMAIL_OTP"}, 1},
			{"PASSWORD", []string{"PREFERRED_CHALLENGE", "PASSWORD"}, 0},
			{"PASSWORD given", []string{"PREFERRED_CHALLENGE", "PASSWORD", "PASSWORD", another}, 1},
			{"PASSWORD_SRP", []string{"PREFERRED_CHALLENGE", "PASSWORD_SRP"}, 0},
			{"PASSWORD_SRP given", []string{"PREFERRED_CHALLENGE", "PASSWORD_SRP", "SRP_A", srpA}, 0},
			{"WEB_AUTHN", []string{"PREFERRED_CHALLENGE", "WEB_AUTHN"}, 0},
		}
		answers := []struct {
			name, challenge string
			pairs           []string
			writes          int
		}{
			{"select PASSWORD", "SELECT_CHALLENGE", []string{"ANSWER", "PASSWORD"}, 1},
			{"select PASSWORD given", "SELECT_CHALLENGE", []string{"ANSWER", "PASSWORD", "PASSWORD", another}, 1},
			{"select PASSWORD_SRP given", "SELECT_CHALLENGE", []string{"ANSWER", "PASSWORD_SRP", "SRP_A", srpA}, 1},
			{"select EMAIL_OTP", "SELECT_CHALLENGE", []string{"ANSWER", "EMAIL_OTP"}, 1},
			{"select SMS_MFA", "SELECT_CHALLENGE", []string{"ANSWER", "SMS_MFA"}, 0},
			{"a code", "EMAIL_OTP", []string{"EMAIL_OTP_CODE", "12345678"}, 1},
			{"a password", "PASSWORD", []string{"PASSWORD", another}, 1},
			{"SRP_A", "PASSWORD_SRP", []string{"SRP_A", srpA}, 1},
		}
		t.Run(kind, func(t *testing.T) {
			for _, s := range starts {
				want := ""
				for i, name := range tt.names {
					w.reset()
					out, err := a.choose(name, s.pairs...)
					if out == nil {
						out = &userpool.InitiateAuthOutput{}
					}
					got := said(out.ChallengeName, out.AvailableChallenges, out.ChallengeParameters, out.Session, err)
					if i == 0 {
						want = got
					}
					if got != want || w.count() != s.writes {
						t.Errorf("%s of %s: %s with %d writes, want %s with %d", s.name, name, got, w.count(), want, s.writes)
					}
				}
			}
			for _, s := range answers {
				want := ""
				for i, name := range tt.names {
					preferred := s.challenge
					if preferred == "SELECT_CHALLENGE" {
						preferred = ""
					}
					session := a.chosen(name, userpool.ChallengeNameType(s.challenge), "PREFERRED_CHALLENGE", preferred)
					w.reset()
					out, err := a.respond(userpool.ChallengeNameType(s.challenge), session, append([]string{"USERNAME", name}, s.pairs...)...)
					if out == nil {
						out = &userpool.RespondToAuthChallengeOutput{}
					}
					got := said(out.ChallengeName, out.AvailableChallenges, out.ChallengeParameters, out.Session, err)
					if i == 0 {
						want = got
					}
					if got != want || w.count() != s.writes {
						t.Errorf("%s by %s: %s with %d writes, want %s with %d", s.name, name, got, w.count(), want, s.writes)
					}
				}
			}
			a.deliver()
			for _, m := range a.outbox.All() {
				if m.Destination == "who@example.com" || m.Destination == "off@example.com" && m.Kind == message.Authentication {
					t.Errorf("a message %s to %s went out", m.Kind, m.Destination)
				}
			}
		})
	}
}

// AUTH-289, AUTH-461: the code for nobody goes where the name says; the same every time.
func TestSimulatedDestination(t *testing.T) {
	t.Parallel()
	b := setup(t)
	a := b.app(byCode, choosing, hides)
	phones := b.app(byCode, choosing, hides, func(in *userpool.CreateUserPoolInput) {
		in.AutoVerifiedAttributes = []userpool.VerifiedAttributeType{userpool.VerifiedAttributeTypePhoneNumber}
	})
	for _, tt := range []struct {
		app             app
		name, preferred string
		want            userpool.ChallengeNameType
		medium, to      string // to "" is any
	}{
		{a, "who@example.com", "EMAIL_OTP", byMail, "EMAIL", "w***@e***"},
		{a, "+14155550177", "SMS_OTP", bySMS, "SMS", "+*******0177"},
		{a, "who", "EMAIL_OTP", byMail, "EMAIL", ""},
		{a, "who", "SMS_OTP", selection, "", ""},
		{phones, "who", "SMS_OTP", bySMS, "SMS", ""},
		{phones, "who", "EMAIL_OTP", selection, "", ""},
		{phones, "who@example.com", "EMAIL_OTP", byMail, "EMAIL", "w***@e***"},
	} {
		first, err := tt.app.choose(tt.name, "PREFERRED_CHALLENGE", tt.preferred)
		check(t, err)
		second, err := tt.app.choose(tt.name, "PREFERRED_CHALLENGE", tt.preferred)
		check(t, err)
		p := first.ChallengeParameters
		if first.ChallengeName != tt.want || p["CODE_DELIVERY_DELIVERY_MEDIUM"] != tt.medium || tt.to != "" && p["CODE_DELIVERY_DESTINATION"] != tt.to {
			t.Errorf("%s by %s: %s to %v", tt.name, tt.preferred, first.ChallengeName, p)
		}
		if p["CODE_DELIVERY_DESTINATION"] != second.ChallengeParameters["CODE_DELIVERY_DESTINATION"] {
			t.Errorf("%s: the destination changes", tt.name)
		}
	}
}

// H7, C3: nobody's sessions and factors end and lock after as many guesses as a user's, and messages to him run out as early.
func TestH7_NobodyLocksLikeSomebody(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *userpool.Config) {
		c.Limits.WrongCodes, c.Limits.WrongFactors, c.Limits.MessagesPerDestination = 3, 7, 12
	})
	a := b.app(byCode, byEmail, choosing, hides)
	a.passwordless("ada@example.com")
	run := func(name string) (trace []string) {
		for range 13 {
			out, err := a.choose(name, "PREFERRED_CHALLENGE", "EMAIL_OTP")
			if err != nil {
				trace = append(trace, said("", nil, nil, "", err))
				continue
			}
			for range 4 {
				_, err := a.respond(byMail, out.Session, "USERNAME", name, "EMAIL_OTP_CODE", "0000000x")
				trace = append(trace, said("", nil, nil, "", err))
			}
		}
		return trace
	}
	real, ghost := run("ada@example.com"), run("who@example.com")
	if !slices.Equal(real, ghost) {
		t.Errorf("a user's trace %q\nnobody's %q", real, ghost)
	}
	for _, text := range []string{wrongCode, isInvalid, "Attempt limit exceeded", "Rate exceeded"} {
		if !slices.ContainsFunc(real, func(s string) bool { return strings.Contains(s, text) }) {
			t.Errorf("no %q in %q", text, real)
		}
	}
}

// H7: a session says nothing about the name that it is answered under: somebody else's is as wrong for a user as for nobody.
func TestH7_SessionsDoNotTellNames(t *testing.T) {
	t.Parallel()
	for kind, a := range map[string]app{
		"named by address": setup(t).app(byCode, byEmail, choosing, hides), "aliases": setup(t).app(byCode, emailAlias, choosing, hides),
	} {
		t.Run(kind, func(t *testing.T) {
			for _, n := range []string{"ada", "bob", "off"} {
				name := n + "@example.com"
				if kind == "aliases" {
					name = n
				}
				a.user(name, "email", n+"@example.com")
			}
			a.disable("off@example.com")
			for _, owner := range []string{"ada@example.com", "nobody@example.com"} {
				session := a.chosen(owner, byMail, "PREFERRED_CHALLENGE", "EMAIL_OTP")
				for _, name := range []string{"bob@example.com", "off@example.com", "who@example.com", "who", "3f0c5f6e-57f0-4a86-8a3c-6a1ddc3ecf35"} {
					_, err := a.respond(byMail, session, "USERNAME", name, "EMAIL_OTP_CODE", "12345678")
					refused(t, err, userpool.ErrNotAuthorized, isInvalid)
				}
				_, err := a.respond(byMail, session, "USERNAME", owner, "EMAIL_OTP_CODE", "12345678")
				refused(t, err, userpool.ErrCodeMismatch, wrongCode)
			}
		})
	}
}

// AUTH-274, H7: where it is hidden who exists, nobody can be told from a user by his having a password. Whoever has none is asked for
// it like everybody, and every one is wrong.
func TestH7_NobodyLacksAPassword(t *testing.T) {
	t.Parallel()
	a := setup(t).app(byCode, byEmail, choosing, hides)
	a.passwordless("ada@example.com")
	a.user("bob@example.com")
	for _, name := range []string{"ada@example.com", "bob@example.com", "who@example.com"} {
		out, err := a.choose(name)
		check(t, err)
		if out.ChallengeName != selection || !slices.Equal(out.AvailableChallenges, []userpool.ChallengeNameType{bySRP, byPass, byMail}) {
			t.Errorf("%s is asked for %s of %v", name, out.ChallengeName, out.AvailableChallenges)
		}
		_, err = a.choose(name, "PREFERRED_CHALLENGE", "PASSWORD", "PASSWORD", another)
		refused(t, err, userpool.ErrNotAuthorized, isWrong)
		login := a.login(name, another)
		begun, err := a.choose(name, "PREFERRED_CHALLENGE", "PASSWORD_SRP", "SRP_A", login.Params()["SRP_A"])
		check(t, err)
		_, err = a.claim(login, begun.ChallengeParameters, begun.Session)
		refused(t, err, userpool.ErrNotAuthorized, isWrong)
	}
	a.byMail("ada@example.com", "ada@example.com")
}

// Whoever has the code learns what his status is, as whoever has the password does (AUTH-462, AUTH-463). He gets no tokens.
func TestHiddenStatusAfterCode(t *testing.T) {
	t.Parallel()
	a := setup(t).app(byCode, choosing, hides)
	a.signUp("new", "email", "new@example.com")
	a.user("reset", "email", "reset@example.com")
	_, err := a.AdminResetUserPassword(t.Context(), &userpool.AdminResetUserPasswordInput{UserPoolId: a.pool, Username: "reset"})
	check(t, err)
	a.deliver() // messages of one instant have no order
	for name, code := range map[string]awsapi.Code{"new": userpool.ErrUserNotConfirmed, "reset": userpool.ErrPasswordResetRequired} {
		session := a.chosen(name, byMail, "PREFERRED_CHALLENGE", "EMAIL_OTP")
		_, err := a.respond(byMail, session, "USERNAME", name, "EMAIL_OTP_CODE", "12345678")
		refused(t, err, userpool.ErrCodeMismatch, wrongCode)
		out, err := a.respond(byMail, session, "USERNAME", name, "EMAIL_OTP_CODE", a.code(name+"@example.com"))
		refused(t, err, code, "")
		if out != nil {
			t.Error("there is an answer beside the error")
		}
	}
}

// C3: a sign-in that begins, without any proof, does not make failed passwords forgotten: it would be a way around the lock-out.
func TestC3_BeginningForgetsNoFailures(t *testing.T) {
	t.Parallel()
	q := &quiz{rounds: 1}
	b := setup(t)
	a := b.app(byCode, choosing, lambdas(q.lambdas(b)), func(in *userpool.CreateUserPoolClientInput) {
		in.ExplicitAuthFlows = append(in.ExplicitAuthFlows, userpool.ExplicitAuthFlowsTypeAllowCustomAuth)
	})
	a.user("ada", "email", "ada@example.com")
	tokens := a.signIn("ada")
	srpA := a.login("ada", another).Params()["SRP_A"]
	for name, begin := range map[string]func(a app) error{
		"choice":   func(a app) error { _, err := a.choose("ada"); return err },
		"PASSWORD": func(a app) error { _, err := a.choose("ada", "PREFERRED_CHALLENGE", "PASSWORD"); return err },
		"PASSWORD_SRP": func(a app) error {
			_, err := a.choose("ada", "PREFERRED_CHALLENGE", "PASSWORD_SRP", "SRP_A", srpA)
			return err
		},
		"EMAIL_OTP": func(a app) error { _, err := a.choose("ada", "PREFERRED_CHALLENGE", "EMAIL_OTP"); return err },
		"selection": func(a app) error {
			_, err := a.respond(selection, a.chosen("ada", selection), "USERNAME", "ada", "ANSWER", "EMAIL_OTP")
			return err
		},
		"step-up": func(a app) error {
			_, err := a.choose("ada", "TARGET_ACR_VALUES", "urn:cognito:loa:2", "ACCESS_TOKEN", tokens.AccessToken)
			return err
		},
		"CUSTOM_AUTH": func(a app) error { _, err := a.begin(customAuth, "USERNAME", "ada"); return err },
	} {
		t.Run(name, func(t *testing.T) {
			a := a.fork(t)
			for i := range 5 {
				_, err := a.tryPassword("ada", another)
				refused(t, err, userpool.ErrNotAuthorized, isWrong)
				if err := begin(a); err != nil {
					t.Fatal(i, err)
				}
			}
			_, err := a.tryPassword("ada", password)
			refused(t, err, userpool.ErrNotAuthorized, isLocked)
		})
	}
}
