package userpool_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/cenote-auth/cenote/awsapi"
	"github.com/cenote-auth/cenote/userpool"
)

// The challenges of USER_AUTH that are answered by a session, with the right answer for ada.
var choiceChallenges = []struct {
	challenge userpool.ChallengeNameType
	answer    func(a app) []string
}{
	{selection, func(app) []string { return []string{"ANSWER", "PASSWORD", "PASSWORD", password} }},
	{byPass, func(app) []string { return []string{"PASSWORD", password} }},
	{bySRP, func(a app) []string { return []string{"SRP_A", a.login("ada", password).Params()["SRP_A"]} }},
	{byMail, func(a app) []string { return []string{"EMAIL_OTP_CODE", a.code("ada@example.com")} }},
	{bySMS, func(a app) []string { return []string{"SMS_OTP_CODE", a.code("+14155550101")} }},
}

// put begins a sign-in of ada that waits for a challenge, and returns the session and the right answer.
func (a app) put(i int) (session string, answer []string) {
	a.t.Helper()
	c := choiceChallenges[i]
	preferred := string(c.challenge)
	if c.challenge == selection {
		preferred = ""
	}
	session = a.chosen("ada", c.challenge, "PREFERRED_CHALLENGE", preferred)
	return session, append([]string{"USERNAME", "ada"}, c.answer(a)...)
}

func choiceApp(t *testing.T, options ...any) app {
	t.Helper()
	a := setup(t).app(append([]any{byCode, choosing}, options...)...)
	a.user("ada", "email", "ada@example.com", "phone_number", "+14155550101")
	return a
}

// C4, C2, AUTH-160: whatever happens between a challenge and its answer, a right answer gives nothing that the new world would refuse.
func TestC4_ChoiceHalfWay(t *testing.T) {
	t.Parallel()
	base := choiceApp(t)
	tests := map[string]struct {
		change func(a app)
		codes  bool // concerns codes only
		code   awsapi.Code
		text   string
	}{
		"nothing":             {func(app) {}, false, "", ""},
		"expired":             {func(a app) { a.clock.Advance(3 * time.Minute) }, false, userpool.ErrNotAuthorized, isOver},
		"disabled":            {func(a app) { a.disable("ada") }, false, userpool.ErrNotAuthorized, ""},
		"disabled and back":   {func(a app) { a.disable("ada"); a.enable("ada") }, false, userpool.ErrNotAuthorized, isInvalid},
		"deleted":             {func(a app) { a.remove("ada") }, false, userpool.ErrNotAuthorized, isInvalid},
		"deleted, made again": {func(a app) { a.remove("ada"); a.user("ada", "email", "ada@example.com") }, false, userpool.ErrNotAuthorized, isInvalid},
		"password changed":    {func(a app) { a.setPassword("ada", password) }, false, userpool.ErrNotAuthorized, isInvalid},
		"reset": {func(a app) {
			_, err := a.AdminResetUserPassword(a.t.Context(), &userpool.AdminResetUserPasswordInput{UserPoolId: a.pool, Username: "ada"})
			check(a.t, err)
		}, false, userpool.ErrNotAuthorized, isInvalid},
		"flow switched off": {func(a app) { a.setFlows(userpool.ExplicitAuthFlowsTypeAllowUserSrpAuth) }, false,
			userpool.ErrInvalidParameter, "USER_AUTH flow not enabled for this client"},
		"another address": {func(a app) {
			_, err := a.AdminUpdateUserAttributes(a.t.Context(), &userpool.AdminUpdateUserAttributesInput{
				UserPoolId: a.pool, Username: "ada", UserAttributes: attributes("email", "new@example.com", "phone_number", "+14155550199"),
			})
			check(a.t, err)
		}, true, userpool.ErrCodeMismatch, wrongCode},
		"codes switched off": {func(a app) {
			_, err := a.UpdateUserPool(a.t.Context(), &userpool.UpdateUserPoolInput{
				UserPoolId: a.pool, AutoVerifiedAttributes: []userpool.VerifiedAttributeType{userpool.VerifiedAttributeTypeEmail},
			})
			check(a.t, err)
		}, true, userpool.ErrNotAuthorized, isInvalid},
		"client deleted": {func(a app) {
			_, err := a.DeleteUserPoolClient(a.t.Context(), &userpool.DeleteUserPoolClientInput{UserPoolId: a.pool, ClientId: a.client})
			check(a.t, err)
		}, false, userpool.ErrResourceNotFound, ""},
	}
	for name, tt := range tests {
		for i, c := range choiceChallenges {
			code := c.challenge == byMail || c.challenge == bySMS
			if tt.codes && !code {
				continue
			}
			t.Run(name+"/"+string(c.challenge), func(t *testing.T) {
				t.Parallel()
				a := base.fork(t)
				session, answer := a.put(i)
				tt.change(a)
				out, err := a.respond(c.challenge, session, answer...)
				if tt.code == "" {
					check(t, err)
					return
				}
				refused(t, err, tt.code, tt.text)
				if out != nil {
					t.Error("there is an answer beside the error")
				}
			})
		}
	}
}

// C4, AUTH-160, AUTH-165: a session is one client's, one user's and one challenge's, and is answered once.
func TestC4_ChoiceSessions(t *testing.T) {
	t.Parallel()
	b := setup(t)
	a := b.app(byCode, choosing)
	a.user("ada", "email", "ada@example.com", "phone_number", "+14155550101")
	a.user("bob", "email", "bob@example.com")
	sibling, elsewhere := a.sibling(choosing), b.app(byCode, choosing)
	elsewhere.user("ada", "email", "other@example.com")
	for i, c := range choiceChallenges {
		t.Run(string(c.challenge), func(t *testing.T) {
			session, answer := a.put(i)
			for _, other := range []app{sibling, elsewhere} {
				_, err := other.respond(c.challenge, session, answer...)
				refused(t, err, userpool.ErrNotAuthorized, isInvalid)
			}
			_, err := a.respond(c.challenge, session, append(answer, "USERNAME", "bob")...)
			refused(t, err, userpool.ErrNotAuthorized, isInvalid)
			everything := append([]string{
				"ANSWER", "PASSWORD", "PASSWORD", password, "SRP_A", "abcdef", "EMAIL_OTP_CODE", "12345678", "SMS_OTP_CODE", "12345678",
				"NEW_PASSWORD", another,
			}, answer...)
			for j, as := range choiceChallenges {
				if i != j {
					_, err := a.respond(as.challenge, session, everything...)
					refused(t, err, userpool.ErrNotAuthorized, isInvalid)
				}
			}
			_, err = a.respond(userpool.ChallengeNameTypeNewPasswordRequired, session, everything...)
			refused(t, err, userpool.ErrNotAuthorized, isInvalid)
			_, err = a.respond(c.challenge, session[1:]+session[:1], answer...)
			refused(t, err, userpool.ErrNotAuthorized, isInvalid)
			_, err = a.respond(c.challenge, session, answer...)
			check(t, err)
			_, err = a.respond(c.challenge, session, answer...)
			refused(t, err, userpool.ErrNotAuthorized, wasUsed)
		})
	}
}

// C3: guesses of codes are counted over all sessions of a user, whichever the client and the family of operations, and parallel ones
// as well; a right code in between lets nobody go on guessing in the others than before. A password's lock does not let codes be
// guessed, nor the other way round.
func TestC3_CodesOverManySessions(t *testing.T) {
	t.Parallel()
	a := choiceApp(t)
	clients := []app{a, a.sibling(choosing)}
	const locked = "Attempt limit exceeded, please try after some time."
	guesses := 0
	for n := range 12 {
		c := clients[n%2]
		session := c.chosen("ada", byMail, "PREFERRED_CHALLENGE", "EMAIL_OTP")
		_, err := c.respond(byMail, session, "USERNAME", "ada", "EMAIL_OTP_CODE", "0000000x")
		if errors.Is(err, userpool.ErrCodeMismatch) {
			guesses++
			continue
		}
		refused(t, err, userpool.ErrNotAuthorized, locked)
		break
	}
	if guesses != 10 {
		t.Errorf("%d guesses, want 10", guesses)
	}
	a.deliver() // in no order, where nothing tells the times apart
	session := a.chosen("ada", byMail, "PREFERRED_CHALLENGE", "EMAIL_OTP")
	code := a.code("ada@example.com")
	_, err := a.respond(byMail, session, "USERNAME", "ada", "EMAIL_OTP_CODE", code)
	refused(t, err, userpool.ErrNotAuthorized, locked) // the right one as well
	admin, err := a.adminBegin(userAuth, "USERNAME", "ada", "PREFERRED_CHALLENGE", "EMAIL_OTP")
	check(t, err)
	_, err = a.adminRespond(byMail, admin.Session, "USERNAME", "ada", "EMAIL_OTP_CODE", a.code("ada@example.com"))
	refused(t, err, userpool.ErrNotAuthorized, locked)
	a.signIn("ada") // by password, which is another factor
	a.clock.Advance(2 * time.Second)
	if _, err = a.respond(byMail, session, "USERNAME", "ada", "EMAIL_OTP_CODE", code); err != nil {
		t.Error(err)
	}

	b := choiceApp(t)
	session = b.chosen("ada", byMail, "PREFERRED_CHALLENGE", "EMAIL_OTP")
	mismatches := 0
	for _, err := range race(40, func(i int) error {
		_, err := b.respond(byMail, session, "USERNAME", "ada", "EMAIL_OTP_CODE", fmt.Sprintf("%07dx", i))
		return err
	}) {
		if errors.Is(err, userpool.ErrCodeMismatch) {
			mismatches++
		}
	}
	if mismatches != 10 {
		t.Errorf("%d parallel guesses were heard, want 10", mismatches)
	}
}

// C3: passwords that are guessed within USER_AUTH lock the user as those of the classic flows, and are refused as they are.
func TestC3_ChoicePasswordsLock(t *testing.T) {
	t.Parallel()
	a := choiceApp(t)
	guess := []func() error{
		func() error {
			_, err := a.choose("ada", "PREFERRED_CHALLENGE", "PASSWORD", "PASSWORD", another)
			return err
		},
		func() error {
			_, err := a.respond(selection, a.chosen("ada", selection), "USERNAME", "ada", "ANSWER", "PASSWORD", "PASSWORD", another)
			return err
		},
		func() error {
			_, err := a.respond(byPass, a.chosen("ada", byPass, "PREFERRED_CHALLENGE", "PASSWORD"), "USERNAME", "ada", "PASSWORD", another)
			return err
		},
		func() error {
			login := a.login("ada", another)
			out, err := a.choose("ada", "PREFERRED_CHALLENGE", "PASSWORD_SRP", "SRP_A", login.Params()["SRP_A"])
			check(t, err)
			_, err = a.claim(login, out.ChallengeParameters, out.Session)
			return err
		},
		func() error { _, err := a.tryPassword("ada", another); return err },
	}
	for _, g := range guess {
		refused(t, g(), userpool.ErrNotAuthorized, isWrong)
	}
	for _, g := range guess {
		refused(t, g(), userpool.ErrNotAuthorized, isLocked)
	}
	a.byMail("ada", "ada@example.com") // whoever has the address is not kept out,
	_, err := a.tryPassword("ada", password)
	refused(t, err, userpool.ErrNotAuthorized, isLocked) // and has proven no password
}

// C3, AUTH-443: whoever can sign in without the password, or has a token, does not get further guesses at it by doing so.
func TestC3_OtherFactorsForgetNoPasswords(t *testing.T) {
	t.Parallel()
	q := &quiz{rounds: 1}
	b := setup(t, manyMessages)
	base := b.app(byCode, choosing, lambdas(q.lambdas(b)), func(in *userpool.CreateUserPoolClientInput) {
		in.ExplicitAuthFlows = append(in.ExplicitAuthFlows, userpool.ExplicitAuthFlowsTypeAllowCustomAuth)
	})
	base.user("ada", "email", "ada@example.com")
	tokens := base.signIn("ada")
	for name, other := range map[string]func(a app){
		"code": func(a app) { a.byMail("ada", "ada@example.com") },
		"functions": func(a app) {
			out, err := a.begin(customAuth, "USERNAME", "ada")
			check(a.t, err)
			a.signedIn(a.respond(customChallenge, out.Session, "USERNAME", "ada", "ANSWER", "answer 0"))
		},
		"step up": func(a app) {
			session := a.chosen("ada", byMail, "TARGET_ACR_VALUES", loa(2), "ACCESS_TOKEN", tokens.AccessToken)
			a.codeAnswer(byMail, session, "ada", "ada@example.com")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := base.fork(t)
			for range 5 {
				other(a)
				_, err := a.tryPassword("ada", another)
				refused(t, err, userpool.ErrNotAuthorized, isWrong)
			}
			other(a)
			_, err := a.tryPassword("ada", password)
			refused(t, err, userpool.ErrNotAuthorized, isLocked)
			a.clock.Advance(time.Second)
			a.signIn("ada")
			_, err = a.tryPassword("ada", another)
			refused(t, err, userpool.ErrNotAuthorized, isWrong)
		})
	}
}

// AUTH-193, AUTH-278: the block of PASSWORD_VERIFIER is good once and for its own sign-in, whichever session comes with it.
func TestC4_ChoiceSecretBlocks(t *testing.T) {
	t.Parallel()
	a := choiceApp(t)
	other := a.sibling(choosing)
	login := a.login("ada", password)
	out, err := a.choose("ada", "PREFERRED_CHALLENGE", "PASSWORD_SRP", "SRP_A", login.Params()["SRP_A"])
	check(t, err)
	_, err = other.claim(login, out.ChallengeParameters, out.Session)
	refused(t, err, userpool.ErrNotAuthorized, isWrong)
	_, err = a.respond(selection, out.Session, "USERNAME", "ada", "ANSWER", "PASSWORD", "PASSWORD", password)
	refused(t, err, userpool.ErrNotAuthorized, isInvalid)
	off := a.fork(t)
	off.setFlows(userpool.ExplicitAuthFlowsTypeAllowUserSrpAuth) // another flow, that is
	_, err = off.claim(login, out.ChallengeParameters, out.Session)
	refused(t, err, userpool.ErrInvalidParameter, "USER_AUTH flow not enabled for this client")
	_, err = a.claim(login, out.ChallengeParameters, out.Session)
	check(t, err)
	_, err = a.claim(login, out.ChallengeParameters, out.Session)
	refused(t, err, userpool.ErrNotAuthorized, isWrong)
}
