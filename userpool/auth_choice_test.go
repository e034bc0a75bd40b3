package userpool_test

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"testing"

	"github.com/cenote-auth/cenote/userpool"
)

// AUTH-271, AUTH-273…275, AUTH-136: what is offered, to whom, in which pool, by both operations. One challenge is put at once.
func TestChoiceOffers(t *testing.T) {
	t.Parallel()
	b := setup(t)
	codes := b.app(byCode, choosing)
	mail := b.app(factors(userpool.AuthFactorTypeEmailOtp, userpool.AuthFactorTypePassword), flows(userpool.ExplicitAuthFlowsTypeAllowUserAuth))
	plain := b.app(flows(userpool.ExplicitAuthFlowsTypeAllowUserAuth))
	list := func(l ...userpool.ChallengeNameType) []userpool.ChallengeNameType { return l }
	tests := []struct {
		name  string
		app   app
		make  func(a app, name string)
		first userpool.ChallengeNameType
		want  []userpool.ChallengeNameType
	}{
		{"everything", codes, func(a app, n string) { a.user(n, "email", n+"@example.com", "phone_number", "+14155550101") }, selection,
			list(bySRP, byPass, byMail, bySMS)},
		{"no address", codes, func(a app, n string) { a.user(n) }, selection, list(bySRP, byPass)},
		{"unverified address", codes, func(a app, n string) {
			a.signUp(n, "phone_number", "+14155550102")
			_, err := a.AdminConfirmSignUp(t.Context(), &userpool.AdminConfirmSignUpInput{UserPoolId: a.pool, Username: n})
			check(t, err)
		}, selection, list(bySRP, byPass, bySMS)},
		{"no password", codes, func(a app, n string) { a.passwordless(n, "email", n+"@example.com") }, byMail, list(byMail)},
		{"no password, two addresses", codes, func(a app, n string) {
			a.passwordless(n, "email", n+"@example.com", "phone_number", "+14155550103")
		}, selection, list(byMail, bySMS)},
		{"AUTH-211 temporary password", codes, func(a app, n string) { a.newcomer(n, "email", n+"@example.com") }, selection, list(bySRP, byPass)},
		{"codes by mail", mail, func(a app, n string) { a.user(n, "email", n+"@example.com", "phone_number", "+14155550104") }, selection,
			list(bySRP, byPass, byMail)},
		{"AUTH-271 default of the pool", plain, func(a app, n string) { a.user(n, "email", n+"@example.com") }, selection, list(bySRP, byPass)},
	}
	for i, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			name := fmt.Sprintf("user%d", i)
			tt.make(tt.app, name)
			out, err := tt.app.choose(name)
			check(t, err)
			if out.ChallengeName != tt.first || !slices.Equal(out.AvailableChallenges, tt.want) {
				t.Errorf("asked for %s of %v, want %s of %v", out.ChallengeName, out.AvailableChallenges, tt.first, tt.want)
			}
			if out.Session == "" || out.ChallengeParameters == nil || tt.first == selection && len(out.ChallengeParameters) != 0 {
				t.Errorf("session of %d characters, parameters %v", len(out.Session), out.ChallengeParameters)
			}
			admin, err := tt.app.adminBegin(userAuth, "USERNAME", name)
			check(t, err)
			if admin.ChallengeName != tt.first || !slices.Equal(admin.AvailableChallenges, tt.want) || admin.Session == "" {
				t.Errorf("signed, asked for %s of %v", admin.ChallengeName, admin.AvailableChallenges)
			}
		})
	}
}

// AUTH-140, AUTH-141, AUTH-136, AUTH-271: what USER_AUTH refuses before anybody is looked up. It does without the switches of the
// single flows, and is none of them.
func TestChoiceRefusals(t *testing.T) {
	t.Parallel()
	b := setup(t)
	only := b.app(byCode, flows(userpool.ExplicitAuthFlowsTypeAllowUserAuth))
	only.user("ada", "email", "ada@example.com")
	without := only.sibling()
	_, err := without.choose("ada")
	refused(t, err, userpool.ErrInvalidParameter, "USER_AUTH flow not enabled for this client")
	_, err = only.begin(userAuth)
	refused(t, err, userpool.ErrInvalidParameter, "Missing required parameter USERNAME")
	for _, preferred := range []string{"MAGIC", "CUSTOM_CHALLENGE", "SELECT_CHALLENGE", "SOFTWARE_TOKEN_MFA", "NEW_PASSWORD_REQUIRED"} {
		_, err = only.choose("ada", "PREFERRED_CHALLENGE", preferred)
		refused(t, err, userpool.ErrInvalidParameter, "")
	}
	_, err = only.choose("ada", "PREFERRED_CHALLENGE", "PASSWORD_SRP", "SRP_A", "xyz")
	refused(t, err, userpool.ErrInvalidParameter, "")
	_, err = only.tryPassword("ada", password)
	refused(t, err, userpool.ErrInvalidParameter, "USER_PASSWORD_AUTH flow not enabled for this client")
	_, err = only.begin(userpool.AuthFlowTypeCustomAuth, "USERNAME", "ada")
	refused(t, err, userpool.ErrInvalidParameter, "CUSTOM_AUTH is not enabled for the client.")
	out, err := only.choose("ada", "PREFERRED_CHALLENGE", "PASSWORD", "PASSWORD", password)
	check(t, err)
	if out.AuthenticationResult == nil {
		t.Error("ALLOW_USER_AUTH alone gives no tokens for a password")
	}

	secret := only.sibling(withSecret, choosing)
	_, err = secret.InitiateAuth(t.Context(), &userpool.InitiateAuthInput{
		ClientId: secret.client, AuthFlow: userAuth, AuthParameters: map[string]string{"USERNAME": "ada"},
	})
	refused(t, err, userpool.ErrNotAuthorized, "")
	if _, err = secret.respond(byMail, secret.chosen("ada", byMail, "PREFERRED_CHALLENGE", "EMAIL_OTP"),
		"USERNAME", "ada", "EMAIL_OTP_CODE", secret.code("ada@example.com")); err != nil {
		t.Error(err)
	}
	_, err = secret.RespondToAuthChallenge(t.Context(), &userpool.RespondToAuthChallengeInput{
		ClientId: secret.client, ChallengeName: byMail, Session: secret.chosen("ada", byMail, "PREFERRED_CHALLENGE", "EMAIL_OTP"),
		ChallengeResponses: map[string]string{"USERNAME": "ada", "EMAIL_OTP_CODE": secret.code("ada@example.com")},
	})
	refused(t, err, userpool.ErrNotAuthorized, "")
}

// AUTH-272, AUTH-276…278: each preference with its proof, without it, and of a user who has not what is preferred.
func TestChoicePreferred(t *testing.T) {
	t.Parallel()
	b := setup(t)
	a := b.app(byCode, choosing)
	a.user("ada", "email", "ada@example.com", "phone_number", "+14155550101")
	a.user("bob")
	a.passwordless("eve", "email", "eve@example.com", "phone_number", "+14155550105")

	out, err := a.choose("ada", "PREFERRED_CHALLENGE", "PASSWORD", "PASSWORD", password)
	check(t, err)
	if out.AuthenticationResult == nil || out.ChallengeName != "" || len(out.AvailableChallenges) != 0 {
		t.Errorf("a preferred password with itself: %s of %v", out.ChallengeName, out.AvailableChallenges)
	}
	_, err = a.choose("ada", "PREFERRED_CHALLENGE", "PASSWORD", "PASSWORD", another)
	refused(t, err, userpool.ErrNotAuthorized, isWrong)

	session := a.chosen("ada", byPass, "PREFERRED_CHALLENGE", "PASSWORD")
	_, err = a.respond(byPass, session, "USERNAME", "ada", "PASSWORD", another)
	refused(t, err, userpool.ErrNotAuthorized, isWrong)
	_, err = a.respond(byPass, session, "USERNAME", "ada")
	refused(t, err, userpool.ErrInvalidParameter, "Missing required parameter PASSWORD")
	answer, err := a.respond(byPass, session, "USERNAME", "ada", "PASSWORD", password)
	check(t, err)
	if answer.AuthenticationResult == nil {
		t.Error("no tokens for PASSWORD")
	}
	_, err = a.respond(byPass, session, "USERNAME", "ada", "PASSWORD", password)
	refused(t, err, userpool.ErrNotAuthorized, wasUsed)

	login := a.login("ada", password)
	out, err = a.choose("ada", "PREFERRED_CHALLENGE", "PASSWORD_SRP", "SRP_A", login.Params()["SRP_A"])
	check(t, err)
	if out.ChallengeName != verifier || out.Session == "" || len(out.AvailableChallenges) != 4 {
		t.Errorf("SRP_A is answered by %s of %v", out.ChallengeName, out.AvailableChallenges)
	}
	answer, err = a.claim(login, out.ChallengeParameters, out.Session)
	check(t, err)
	if answer.AuthenticationResult == nil {
		t.Error("no tokens for PASSWORD_VERIFIER")
	}
	session = a.chosen("ada", bySRP, "PREFERRED_CHALLENGE", "PASSWORD_SRP")
	_, err = a.respond(bySRP, session, "USERNAME", "ada")
	refused(t, err, userpool.ErrInvalidParameter, "Missing required parameter SRP_A")
	login = a.login("ada", password)
	answer, err = a.respond(bySRP, session, "USERNAME", "ada", "SRP_A", login.Params()["SRP_A"])
	check(t, err)
	if answer.ChallengeName != verifier || answer.Session == "" {
		t.Errorf("PASSWORD_SRP leads to %s", answer.ChallengeName)
	}
	if answer, err = a.claim(login, answer.ChallengeParameters, answer.Session); err != nil || answer.AuthenticationResult == nil {
		t.Errorf("no tokens: %v", err)
	}
	_, err = a.respond(bySRP, session, "USERNAME", "ada", "SRP_A", login.Params()["SRP_A"])
	refused(t, err, userpool.ErrNotAuthorized, wasUsed)

	a.chosen("ada", byMail, "PREFERRED_CHALLENGE", "EMAIL_OTP")
	a.chosen("ada", bySMS, "PREFERRED_CHALLENGE", "SMS_OTP")
	a.chosen("ada", selection, "PREFERRED_CHALLENGE", "WEB_AUTHN")
	a.chosen("bob", selection, "PREFERRED_CHALLENGE", "EMAIL_OTP")
	a.chosen("bob", selection, "PREFERRED_CHALLENGE", "SMS_OTP")
	a.chosen("eve", selection, "PREFERRED_CHALLENGE", "PASSWORD")
	a.chosen("eve", selection, "PREFERRED_CHALLENGE", "PASSWORD", "PASSWORD", password)
	a.chosen("eve", selection, "PREFERRED_CHALLENGE", "PASSWORD_SRP", "SRP_A", login.Params()["SRP_A"])
}

// AUTH-279…284, AUTH-160, NEW-135, NEW-334: the answers to SELECT_CHALLENGE.
func TestSelectChallenge(t *testing.T) {
	t.Parallel()
	b := setup(t)
	a := b.app(byCode, choosing)
	a.user("ada", "email", "ada@example.com", "phone_number", "+14155550101")
	begin := func() string { return a.chosen("ada", selection) }

	_, err := a.respond(selection, begin(), "USERNAME", "ada")
	refused(t, err, userpool.ErrInvalidParameter, "Missing required parameter ANSWER")
	for _, not := range []string{"WEB_AUTHN", "SMS_MFA", "NEW_PASSWORD_REQUIRED", "email_otp", "magic"} {
		_, err := a.respond(selection, begin(), "USERNAME", "ada", "ANSWER", not)
		refused(t, err, userpool.ErrInvalidParameter, "The selected challenge is not available.")
	}

	session := begin()
	_, err = a.respond(selection, session, "USERNAME", "ada", "ANSWER", "PASSWORD", "PASSWORD", another)
	refused(t, err, userpool.ErrNotAuthorized, isWrong)
	out, err := a.respond(selection, session, "USERNAME", "ada", "ANSWER", "PASSWORD", "PASSWORD", password)
	check(t, err)
	if out.AuthenticationResult == nil {
		t.Error("no tokens for ANSWER=PASSWORD")
	}
	_, err = a.respond(selection, session, "USERNAME", "ada", "ANSWER", "PASSWORD", "PASSWORD", password)
	refused(t, err, userpool.ErrNotAuthorized, wasUsed)
	_, err = a.respond(selection, session, "USERNAME", "ada", "ANSWER", "EMAIL_OTP")
	refused(t, err, userpool.ErrNotAuthorized, wasUsed)

	out, err = a.respond(selection, begin(), "USERNAME", "ada", "ANSWER", "PASSWORD")
	check(t, err)
	if out.ChallengeName != byPass || len(out.AvailableChallenges) != 0 {
		t.Errorf("ANSWER=PASSWORD alone leads to %s of %v", out.ChallengeName, out.AvailableChallenges)
	}
	if out, err = a.respond(byPass, out.Session, "USERNAME", "ada", "PASSWORD", password); err != nil || out.AuthenticationResult == nil {
		t.Errorf("no tokens: %v", err)
	}

	login := a.login("ada", password)
	session = begin()
	out, err = a.respond(selection, session, "USERNAME", "ada", "ANSWER", "PASSWORD_SRP", "SRP_A", login.Params()["SRP_A"])
	check(t, err)
	if out.ChallengeName != verifier || out.Session == "" {
		t.Errorf("ANSWER=PASSWORD_SRP leads to %s", out.ChallengeName)
	}
	_, err = a.respond(selection, session, "USERNAME", "ada", "ANSWER", "PASSWORD_SRP", "SRP_A", login.Params()["SRP_A"])
	refused(t, err, userpool.ErrNotAuthorized, wasUsed)
	if out, err = a.claim(login, out.ChallengeParameters, out.Session); err != nil || out.AuthenticationResult == nil {
		t.Errorf("no tokens: %v", err)
	}

	for _, way := range []struct {
		challenge           userpool.ChallengeNameType
		key, medium, masked string
		to, attribute       string
	}{
		{byMail, "EMAIL_OTP_CODE", "EMAIL", "a***@e***", "ada@example.com", "email"},
		{bySMS, "SMS_OTP_CODE", "SMS", "+*******0101", "+14155550101", "phone_number"},
	} {
		out, err := a.respond(selection, begin(), "USERNAME", "ada", "ANSWER", string(way.challenge))
		check(t, err)
		p := out.ChallengeParameters
		if out.ChallengeName != way.challenge || p["CODE_DELIVERY_DELIVERY_MEDIUM"] != way.medium || p["CODE_DELIVERY_DESTINATION"] != way.masked || len(p) != 2 {
			t.Errorf("%s with %v", out.ChallengeName, p)
		}
		code := a.code(way.to)
		if !regexp.MustCompile(`^[0-9]{8}$`).MatchString(code) {
			t.Errorf("the code is %s, want 8 digits", code)
		}
		for _, wrong := range []string{code[:7] + string('0'+(code[7]-'0'+1)%10), code[:6], "x", code + "0"} {
			_, err = a.respond(way.challenge, out.Session, "USERNAME", "ada", way.key, wrong)
			refused(t, err, userpool.ErrCodeMismatch, wrongCode)
		}
		_, err = a.respond(way.challenge, out.Session, "USERNAME", "ada")
		refused(t, err, userpool.ErrInvalidParameter, "Missing required parameter "+way.key)
		_, err = a.respond(way.challenge, "", "USERNAME", "ada", way.key, code)
		refused(t, err, userpool.ErrInvalidParameter, "Missing required parameter Session")
		done, err := a.respond(way.challenge, out.Session, "USERNAME", "ada", way.key, code)
		check(t, err)
		if done.AuthenticationResult == nil {
			t.Errorf("no tokens for %s", way.challenge)
		}
		if v := valueOf(a.profile("ada").UserAttributes, way.attribute+"_verified"); v != "true" { // AUTH-285
			t.Errorf("%s_verified is %q", way.attribute, v)
		}
		_, err = a.respond(way.challenge, out.Session, "USERNAME", "ada", way.key, code)
		refused(t, err, userpool.ErrNotAuthorized, wasUsed)
	}
}

// AUTH-287, AUTH-211, AUTH-218: a temporary password inside USER_AUTH has to be changed, whichever way it was proven.
func TestChoiceNewPassword(t *testing.T) {
	t.Parallel()
	a := setup(t).app(byCode, choosing)
	login := a.login("ada", password)
	ways := map[string]func(t *testing.T, a app) (userpool.ChallengeNameType, string){
		"password at once": func(t *testing.T, a app) (userpool.ChallengeNameType, string) {
			out, err := a.choose("ada", "PREFERRED_CHALLENGE", "PASSWORD", "PASSWORD", password)
			check(t, err)
			return out.ChallengeName, out.Session
		},
		"password selected": func(t *testing.T, a app) (userpool.ChallengeNameType, string) {
			out, err := a.respond(selection, a.chosen("ada", selection), "USERNAME", "ada", "ANSWER", "PASSWORD", "PASSWORD", password)
			check(t, err)
			return out.ChallengeName, out.Session
		},
		"SRP": func(t *testing.T, a app) (userpool.ChallengeNameType, string) {
			begun, err := a.choose("ada", "PREFERRED_CHALLENGE", "PASSWORD_SRP", "SRP_A", login.Params()["SRP_A"])
			check(t, err)
			out, err := a.claim(login, begun.ChallengeParameters, begun.Session)
			check(t, err)
			return out.ChallengeName, out.Session
		},
	}
	a.newcomer("ada", "email", "ada@example.com")
	for name, way := range ways {
		t.Run(name, func(t *testing.T) {
			a := a.fork(t)
			challenge, session := way(t, a)
			if challenge != userpool.ChallengeNameTypeNewPasswordRequired {
				t.Fatalf("asked for %s", challenge)
			}
			out, err := a.respond(challenge, session, "USERNAME", "ada", "NEW_PASSWORD", another)
			check(t, err)
			if out.AuthenticationResult == nil || a.status("ada") != userpool.UserStatusTypeConfirmed {
				t.Error("no tokens after the new password")
			}
			a.chosen("ada", selection) // codes as well, from now on
			a.chosen("ada", byMail, "PREFERRED_CHALLENGE", "EMAIL_OTP")
		})
	}
}

// The status of somebody who does not hide is told before a code goes out, or after the password (AUTH-146, AUTH-147, AUTH-463).
func TestChoiceStatus(t *testing.T) {
	t.Parallel()
	b := setup(t)
	a := b.app(byCode, choosing, legacy)
	a.signUp("new", "email", "new@example.com")
	a.user("reset", "email", "reset@example.com")
	a.user("off", "email", "off@example.com")
	a.disable("off")
	_, err := a.AdminResetUserPassword(t.Context(), &userpool.AdminResetUserPasswordInput{UserPoolId: a.pool, Username: "reset"})
	check(t, err)
	a.deliver()
	a.outbox.Reset()

	_, err = a.choose("new", "PREFERRED_CHALLENGE", "EMAIL_OTP")
	refused(t, err, userpool.ErrUserNotConfirmed, "User is not confirmed.")
	_, err = a.choose("new", "PREFERRED_CHALLENGE", "PASSWORD", "PASSWORD", another)
	refused(t, err, userpool.ErrNotAuthorized, isWrong)
	_, err = a.choose("new", "PREFERRED_CHALLENGE", "PASSWORD", "PASSWORD", password)
	refused(t, err, userpool.ErrUserNotConfirmed, "User is not confirmed.")
	for _, preferred := range []string{"", "EMAIL_OTP", "PASSWORD", "PASSWORD_SRP"} {
		_, err = a.choose("reset", "PREFERRED_CHALLENGE", preferred)
		refused(t, err, userpool.ErrPasswordResetRequired, "")
		_, err = a.choose("off", "PREFERRED_CHALLENGE", preferred)
		refused(t, err, userpool.ErrNotAuthorized, "User is disabled.")
	}
	_, err = a.choose("nobody")
	refused(t, err, userpool.ErrUserNotFound, "User does not exist.") // AUTH-290, AUTH-455
	a.deliver()
	if n := len(a.outbox.All()); n != 0 {
		t.Errorf("%d messages went out", n)
	}
}

// AUTH-164: what one family of operations began the other cannot go on with; the signed one goes the same ways.
func TestChoiceSigned(t *testing.T) {
	t.Parallel()
	a := setup(t).app(byCode, choosing)
	a.user("ada", "email", "ada@example.com")
	begun, err := a.adminBegin(userAuth, "USERNAME", "ada")
	check(t, err)
	_, err = a.respond(selection, begun.Session, "USERNAME", "ada", "ANSWER", "EMAIL_OTP")
	refused(t, err, userpool.ErrNotAuthorized, isInvalid)
	out, err := a.adminRespond(selection, begun.Session, "USERNAME", "ada", "ANSWER", "EMAIL_OTP")
	check(t, err)
	if out.ChallengeName != byMail || len(out.AvailableChallenges) != 0 {
		t.Errorf("asked for %s", out.ChallengeName)
	}
	code := a.code("ada@example.com")
	_, err = a.respond(byMail, out.Session, "USERNAME", "ada", "EMAIL_OTP_CODE", code)
	refused(t, err, userpool.ErrNotAuthorized, isInvalid)
	if out, err = a.adminRespond(byMail, out.Session, "USERNAME", "ada", "EMAIL_OTP_CODE", code); err != nil || out.AuthenticationResult == nil {
		t.Errorf("no tokens: %v", err)
	}
	unsigned := a.chosen("ada", byMail, "PREFERRED_CHALLENGE", "EMAIL_OTP")
	_, err = a.adminRespond(byMail, unsigned, "USERNAME", "ada", "EMAIL_OTP_CODE", a.code("ada@example.com"))
	refused(t, err, userpool.ErrNotAuthorized, isInvalid)
}

// AUTH-273, AUTH-275, NEW-334: on the wire AvailableChallenges stands beside ChallengeName, and a selection's parameters are an empty
// object.
func TestChoiceOnTheWire(t *testing.T) {
	t.Parallel()
	a := setup(t).app(byCode, choosing)
	a.user("ada")
	body, err := a.Invoke(t.Context(), "InitiateAuth", fmt.Appendf(nil,
		`{"AuthFlow":"USER_AUTH","ClientId":%q,"AuthParameters":{"USERNAME":"ada"}}`, a.client))
	check(t, err)
	var got map[string]any
	check(t, json.Unmarshal(body, &got))
	delete(got, "Session")
	want := map[string]any{
		"ChallengeName": "SELECT_CHALLENGE", "ChallengeParameters": map[string]any{}, "AvailableChallenges": []any{"PASSWORD_SRP", "PASSWORD"},
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
