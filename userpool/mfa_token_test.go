package userpool_test

import (
	"encoding/base32"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cenote-auth/cenote/userpool"
)

var justTOTP = []userpool.ChallengeNameType{totpMFA}

// associateIn begins to register a token within MFA_SETUP.
func (a app) associateIn(session string) (softToken, string, error) {
	out, err := a.AssociateSoftwareToken(a.t.Context(), &userpool.AssociateSoftwareTokenInput{Session: session})
	if err != nil {
		return softToken{}, "", err
	}
	return softToken{a, out.SecretCode}, out.Session, nil
}

// verifyIn gives a token's first code within MFA_SETUP.
func (a app) verifyIn(session, code string) (string, error) {
	out, err := a.VerifySoftwareToken(a.t.Context(), &userpool.VerifySoftwareTokenInput{Session: session, UserCode: code, FriendlyDeviceName: "watch"})
	if err != nil {
		return "", err
	}
	return out.Session, nil
}

// AUTH-332, AUTH-342…344, AUTH-349…351, AUTH-601, AUTH-602: a token by access token, and signing in with it.
func TestSoftwareTokenByAccessToken(t *testing.T) {
	t.Parallel()
	a := setup(t).mfaApp(mfaOptional, justTOTP)
	a.user("ada")
	access := a.signIn("ada").AccessToken
	refused(t, a.verifyToken(access, "123456"), userpool.ErrSoftwareTokenMFANotFound, totpMissing) // AUTH-351

	out, err := a.AssociateSoftwareToken(t.Context(), &userpool.AssociateSoftwareTokenInput{AccessToken: access})
	check(t, err)
	raw, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(out.SecretCode)
	check(t, err)
	if len(out.SecretCode) != 52 || len(raw) != 32 || !regexp.MustCompile(`^[A-Z2-7]+$`).MatchString(out.SecretCode) || out.Session != "" { // AUTH-344, AUTH-345
		t.Errorf("secret %s, session %q", out.SecretCode, out.Session)
	}
	k := softToken{a, out.SecretCode}
	refused(t, a.verifyToken(access, k.wrong()), userpool.ErrEnableSoftwareTokenMFA, setupIsWrong) // AUTH-350
	for _, code := range []string{"", "12345", "1234567", "12345a", "１２３４５６"} {                    // AUTH-349: six digits
		refused(t, a.verifyToken(access, code), userpool.ErrInvalidParameter, "")
	}
	done, err := a.VerifySoftwareToken(t.Context(), &userpool.VerifySoftwareTokenInput{
		AccessToken: access, UserCode: k.code(0), FriendlyDeviceName: "Ada's phone",
	})
	check(t, err)
	if *done != (userpool.VerifySoftwareTokenOutput{Status: userpool.VerifySoftwareTokenResponseTypeSuccess}) {
		t.Errorf("answered %+v", done)
	}
	refused(t, a.verifyToken(access, k.code(0)), userpool.ErrSoftwareTokenMFANotFound, totpMissing)
	if p := a.profile("ada"); len(p.UserMFASettingList) != 0 { // AUTH-349: verified is not enabled
		t.Errorf("the settings are %v", p.UserMFASettingList)
	}
	access = a.signIn("ada").AccessToken
	_, err = a.SetUserMFAPreference(t.Context(), &userpool.SetUserMFAPreferenceInput{
		AccessToken: access, SoftwareTokenMfaSettings: &userpool.SoftwareTokenMfaSettingsType{Enabled: true},
	})
	check(t, err)

	begun := a.challenge("ada", totpMFA)
	if p := begun.ChallengeParameters; p["FRIENDLY_DEVICE_NAME"] != "Ada's phone" || p["USER_ID_FOR_SRP"] != "ada" || len(p) != 2 {
		t.Errorf("parameters %v", p)
	}
	answer := func(session, code string) error {
		_, err := a.respond(totpMFA, session, "USERNAME", "ada", "SOFTWARE_TOKEN_MFA_CODE", code)
		return err
	}
	refused(t, answer(begun.Session, ""), userpool.ErrInvalidParameter, "Missing required parameter SOFTWARE_TOKEN_MFA_CODE")
	refused(t, answer(begun.Session, k.wrong()), userpool.ErrCodeMismatch, totpIsWrong)
	refused(t, answer(begun.Session, k.code(0)), userpool.ErrExpiredCode, totpIsUsed) // AUTH-342: by VerifySoftwareToken
	check(t, answer(begun.Session, k.code(1)))
	again := a.challenge("ada", totpMFA)
	refused(t, answer(again.Session, k.code(1)), userpool.ErrExpiredCode, totpIsUsed) // AUTH-342: by a sign-in
	refused(t, answer(again.Session, k.code(-1)), userpool.ErrExpiredCode, totpIsUsed)
	a.clock.Advance(time.Minute)
	refused(t, answer(begun.Session, k.code(0)), userpool.ErrNotAuthorized, sessionUsed)
	check(t, answer(again.Session, k.code(0)))
}

// AUTH-343: 30 seconds a step, one step of tolerance on each side.
func TestSoftwareTokenWindow(t *testing.T) {
	t.Parallel()
	base := setup(t).mfaApp(mfaOff, justTOTP)
	base.user("ada")
	k := base.token("ada")
	base.mfa(mfaOn, totpMFA)
	for steps := -3; steps <= 3; steps++ {
		a := base.fork(t)
		_, err := a.respond(totpMFA, a.challenge("ada", totpMFA).Session, "USERNAME", "ada", "SOFTWARE_TOKEN_MFA_CODE", k.code(steps))
		if -1 <= steps && steps <= 1 {
			check(t, err)
		} else {
			refused(t, err, userpool.ErrCodeMismatch, totpIsWrong)
		}
	}
}

// AUTH-336, AUTH-337, AUTH-346: a token within the challenge MFA_SETUP. Every session on the way is good once.
func TestSoftwareTokenInSession(t *testing.T) {
	t.Parallel()
	a := setup(t).mfaApp(mfaOn, justTOTP)
	a.user("ada")
	begun := a.challenge("ada", setupMFA)
	if got := listed(t, begun.ChallengeParameters["MFAS_CAN_SETUP"]); !slices.Equal(got, []string{"SOFTWARE_TOKEN_MFA"}) { // AUTH-335
		t.Errorf("MFAS_CAN_SETUP is %v", got)
	}
	finish := func(a app, session string) (*userpool.RespondToAuthChallengeOutput, error) {
		return a.respond(setupMFA, session, "USERNAME", "ada", "SOFTWARE_TOKEN_MFA_CODE", "000000")
	}
	_, err := finish(a, begun.Session)
	refused(t, err, userpool.ErrNotAuthorized, sessionBad) // AUTH-338
	_, err = a.verifyIn(begun.Session, "123456")
	refused(t, err, userpool.ErrSoftwareTokenMFANotFound, totpMissing) // AUTH-351

	k, session, err := a.associateIn(begun.Session)
	check(t, err)
	if session == "" || session == begun.Session {
		t.Fatal("AssociateSoftwareToken returned no new session")
	}
	_, _, err = a.associateIn(begun.Session)
	refused(t, err, userpool.ErrNotAuthorized, sessionUsed) // AUTH-346
	_, err = finish(a, session)
	refused(t, err, userpool.ErrNotAuthorized, sessionBad) // AUTH-338
	a.challenge("ada", setupMFA)                           // nothing is set up yet
	_, err = a.verifyIn(session, k.wrong())
	refused(t, err, userpool.ErrEnableSoftwareTokenMFA, setupIsWrong)
	verified, err := a.verifyIn(session, k.code(0)) // the wrong code left it good
	check(t, err)
	_, err = a.verifyIn(session, k.code(1))
	refused(t, err, userpool.ErrNotAuthorized, sessionUsed)
	_, _, err = a.associateIn(verified)
	refused(t, err, userpool.ErrNotAuthorized, sessionBad)

	left := a.fork(t) // AUTH-337: who goes no further has a token all the same
	asked := left.challenge("ada", totpMFA)
	_, err = left.respond(totpMFA, asked.Session, "USERNAME", "ada", "SOFTWARE_TOKEN_MFA_CODE", k.code(0))
	refused(t, err, userpool.ErrExpiredCode, totpIsUsed)
	left.signedIn(left.respond(totpMFA, asked.Session, "USERNAME", "ada", "SOFTWARE_TOKEN_MFA_CODE", k.code(1)))
	if p := asked.ChallengeParameters["FRIENDLY_DEVICE_NAME"]; p != "watch" {
		t.Errorf("FRIENDLY_DEVICE_NAME is %q", p)
	}

	a.signedIn(finish(a, verified)) // the extra code is ignored
	_, err = finish(a, verified)
	refused(t, err, userpool.ErrNotAuthorized, sessionUsed)
	if list := a.profile("ada").UserMFASettingList; !slices.Equal(list, []string{"SOFTWARE_TOKEN_MFA"}) {
		t.Errorf("the settings are %v", list)
	}
}

// AUTH-336: the session of an administrator's sign-in sets a token up as well, and goes on in its family.
func TestSoftwareTokenInAdminSession(t *testing.T) {
	t.Parallel()
	a := setup(t).mfaApp(mfaOn, justTOTP, withSecret)
	a.user("ada")
	begun, err := a.adminBegin(userpool.AuthFlowTypeAdminUserPasswordAuth, "USERNAME", "ada", "PASSWORD", password, "SECRET_HASH", a.hash("ada"))
	check(t, err)
	k, session, err := a.associateIn(begun.Session)
	check(t, err)
	session, err = a.verifyIn(session, k.code(0))
	check(t, err)
	done, err := a.AdminRespondToAuthChallenge(t.Context(), &userpool.AdminRespondToAuthChallengeInput{
		UserPoolId: a.pool, ClientId: a.client, ChallengeName: setupMFA, Session: session,
		ChallengeResponses: map[string]string{"USERNAME": "ada", "SECRET_HASH": a.hash("ada")},
	})
	check(t, err)
	if done.AuthenticationResult == nil {
		t.Errorf("goes on with %s", done.ChallengeName)
	}
}

// AUTH-339: an address for codes within the challenge MFA_SETUP becomes the user's with the code that went there.
func TestEmailSetUp(t *testing.T) {
	t.Parallel()
	a := setup(t).mfaApp(mfaOn, []userpool.ChallengeNameType{totpMFA, emailMFA}, emailAlias)
	a.user("bob", "email", "bob@example.com")
	a.user("ada")
	begun := a.challenge("ada", setupMFA)
	for email, text := range map[string]string{"not an address": "", "": sessionBad} {
		_, err := a.respond(setupMFA, begun.Session, "USERNAME", "ada", "EMAIL", email)
		if text == "" {
			refused(t, err, userpool.ErrInvalidParameter, "")
		} else {
			refused(t, err, userpool.ErrNotAuthorized, text)
		}
	}
	asked, err := a.respond(setupMFA, begun.Session, "USERNAME", "ada", "EMAIL", mail)
	check(t, err)
	if p := asked.ChallengeParameters; asked.ChallengeName != emailMFA || p["CODE_DELIVERY_DESTINATION"] != "a***@e***" {
		t.Fatalf("goes on with %s %v", asked.ChallengeName, p)
	}
	if valueOf(a.profile("ada").UserAttributes, "email") != "" {
		t.Error("the address is hers without a proof")
	}
	code := a.code(mail)
	wrong := "000000"
	if code == wrong {
		wrong = "111111"
	}
	_, err = a.respond(emailMFA, asked.Session, "USERNAME", "ada", "EMAIL_OTP_CODE", wrong)
	refused(t, err, userpool.ErrCodeMismatch, mfaCodeWrong)

	given := a.fork(t) // she has got another address since
	_, err = given.AdminUpdateUserAttributes(t.Context(), &userpool.AdminUpdateUserAttributesInput{
		UserPoolId: a.pool, Username: "ada", UserAttributes: attributes("email", "other@example.com"),
	})
	check(t, err)
	_, err = given.respond(emailMFA, asked.Session, "USERNAME", "ada", "EMAIL_OTP_CODE", code)
	refused(t, err, userpool.ErrCodeMismatch, mfaCodeWrong)

	taken := a.fork(t) // and somebody else has this one
	_, err = taken.AdminUpdateUserAttributes(t.Context(), &userpool.AdminUpdateUserAttributesInput{
		UserPoolId: a.pool, Username: "bob", UserAttributes: attributes("email", mail, "email_verified", "true"),
	})
	check(t, err)
	_, err = taken.respond(emailMFA, asked.Session, "USERNAME", "ada", "EMAIL_OTP_CODE", code)
	refused(t, err, userpool.ErrAliasExists, "")
	if valueOf(taken.profile("ada").UserAttributes, "email") != "" {
		t.Error("she has bob's address")
	}

	a.signedIn(a.respond(emailMFA, asked.Session, "USERNAME", "ada", "EMAIL_OTP_CODE", code))
	p := a.profile("ada")
	if valueOf(p.UserAttributes, "email") != mail || valueOf(p.UserAttributes, "email_verified") != "true" || !slices.Equal(p.UserMFASettingList, []string{"EMAIL_OTP"}) {
		t.Errorf("the profile is %+v", p)
	}
	a.challenge("ada", emailMFA)
}

// AUTH-339: no address is set up where the pool has no such factor, or against the client's lists.
func TestEmailSetUpRefused(t *testing.T) {
	t.Parallel()
	a := setup(t).mfaApp(mfaOn, justTOTP)
	a.user("ada")
	_, err := a.respond(setupMFA, a.challenge("ada", setupMFA).Session, "USERNAME", "ada", "EMAIL", mail)
	refused(t, err, userpool.ErrNotAuthorized, sessionBad)
	b := setup(t).mfaApp(mfaOn, []userpool.ChallengeNameType{emailMFA}, func(in *userpool.CreateUserPoolClientInput) {
		in.WriteAttributes = []string{"name"}
	})
	b.user("ada")
	_, err = b.respond(setupMFA, b.challenge("ada", setupMFA).Session, "USERNAME", "ada", "EMAIL", mail)
	refused(t, err, userpool.ErrNotAuthorized, "A client attempted to write unauthorized attribute")
	if sent := append(a.sent(), b.sent()...); len(sent) != 0 {
		t.Errorf("%d messages", len(sent))
	}
}

// AUTH-345, AUTH-348, AUTH-601, AUTH-602: of several reasons to refuse the first in order is told.
func TestSoftwareTokenRefusals(t *testing.T) {
	t.Parallel()
	b := setup(t)
	a := b.mfaApp(mfaOn, justTOTP)
	a.user("ada")
	off := b.app()
	off.user("bob")
	access := off.signIn("bob").AccessToken
	session := a.challenge("ada", setupMFA).Session
	newcomers := b.app()
	newcomers.newcomer("eve")
	const both = "Exactly one of AccessToken and Session is required."
	calls := map[string]func(access, session string) error{
		"AssociateSoftwareToken": func(access, session string) error {
			_, err := a.AssociateSoftwareToken(t.Context(), &userpool.AssociateSoftwareTokenInput{AccessToken: access, Session: session})
			return err
		},
		"VerifySoftwareToken": func(access, session string) error {
			_, err := a.VerifySoftwareToken(t.Context(), &userpool.VerifySoftwareTokenInput{AccessToken: access, Session: session, UserCode: "123456"})
			return err
		},
	}
	for name, call := range calls {
		t.Run(name, func(t *testing.T) {
			refused(t, call("", ""), userpool.ErrInvalidParameter, both)
			refused(t, call(access, session), userpool.ErrInvalidParameter, both)
			refused(t, call("nonsense", ""), userpool.ErrNotAuthorized, "Invalid Access Token")
			refused(t, call("", "this is not a session at all"), userpool.ErrNotAuthorized, sessionBad)
			refused(t, call("", newcomers.challenged("eve")), userpool.ErrNotAuthorized, sessionBad) // of another challenge
			refused(t, call(access, ""), userpool.ErrSoftwareTokenMFANotFound, totpIsOff)            // AUTH-348
		})
	}
	_, err := a.VerifySoftwareToken(t.Context(), &userpool.VerifySoftwareTokenInput{
		AccessToken: access, UserCode: "123456", FriendlyDeviceName: strings.Repeat("x", 257),
	})
	refused(t, err, userpool.ErrInvalidParameter, "")

	// What ends the session of a sign-in ends it here as well, in the words that the operations declare.
	for name, tt := range map[string]struct {
		change func(a app)
		text   string
	}{
		"expired":          {func(a app) { a.clock.Advance(3 * time.Minute) }, sessionOver},
		"disabled":         {func(a app) { a.disable("ada") }, sessionBad},
		"deleted":          {func(a app) { a.remove("ada") }, sessionBad},
		"another password": {func(a app) { a.setPassword("ada", another) }, sessionBad},
	} {
		t.Run(name, func(t *testing.T) {
			f := a.fork(t)
			tt.change(f)
			_, _, err := f.associateIn(session)
			refused(t, err, userpool.ErrNotAuthorized, tt.text)
			_, err = f.verifyIn(session, "123456")
			refused(t, err, userpool.ErrNotAuthorized, tt.text)
		})
	}
	switched := a.fork(t)
	switched.mfa(mfaOff)
	_, _, err = switched.associateIn(session)
	refused(t, err, userpool.ErrSoftwareTokenMFANotFound, totpIsOff)
	gone := a.fork(t)
	_, err = gone.DeleteUserPoolClient(t.Context(), &userpool.DeleteUserPoolClientInput{UserPoolId: a.pool, ClientId: a.client})
	check(t, err)
	_, _, err = gone.associateIn(session)
	refused(t, err, userpool.ErrResourceNotFound, "")
	off.remove("bob")
	_, err = a.AssociateSoftwareToken(t.Context(), &userpool.AssociateSoftwareTokenInput{AccessToken: access})
	refused(t, err, userpool.ErrNotAuthorized, accessRevoked) // UserNotFoundException is not declared
}

// AUTH-347, M2: a new association leaves the token that works, until a code has verified it; an unverified one it replaces.
func TestM2_PendingReplacesNothing(t *testing.T) {
	t.Parallel()
	a := setup(t).mfaApp(mfaOptional, justTOTP)
	a.user("ada")
	old := a.token("ada")
	access := a.signIn("ada").AccessToken
	check(t, a.prefer("ada", useTOTP(true, false)))
	first, err := a.associate(access)
	check(t, err)
	second, err := a.associate(access)
	check(t, err)
	if old.secret == first.secret || first.secret == second.secret {
		t.Fatal("secrets repeat")
	}
	refused(t, a.verifyToken(access, first.code(0)), userpool.ErrEnableSoftwareTokenMFA, setupIsWrong) // replaced
	refused(t, a.verifyToken(access, old.code(0)), userpool.ErrEnableSoftwareTokenMFA, setupIsWrong)
	a.signedIn(a.respond(totpMFA, a.challenge("ada", totpMFA).Session, "USERNAME", "ada", "SOFTWARE_TOKEN_MFA_CODE", old.code(0)))

	a.clock.Advance(time.Minute)
	session := a.challenge("ada", totpMFA).Session
	check(t, a.verifyToken(access, second.code(0)))
	_, err = a.respond(totpMFA, session, "USERNAME", "ada", "SOFTWARE_TOKEN_MFA_CODE", old.code(0))
	refused(t, err, userpool.ErrNotAuthorized, sessionBad) // C4: begun under the old one
	session = a.challenge("ada", totpMFA).Session
	_, err = a.respond(totpMFA, session, "USERNAME", "ada", "SOFTWARE_TOKEN_MFA_CODE", old.code(1))
	refused(t, err, userpool.ErrCodeMismatch, totpIsWrong)
	a.signedIn(a.respond(totpMFA, session, "USERNAME", "ada", "SOFTWARE_TOKEN_MFA_CODE", second.code(1)))
	if _, err := a.getUser(access); err != nil { // AUTH-532: tokens stay
		t.Errorf("the access token is refused: %v", err)
	}
}

// NEW-165…168: an administrator removes a token; the user can register another.
func TestAdminDeleteSoftwareToken(t *testing.T) {
	t.Parallel()
	b := setup(t)
	a := b.mfaApp(mfaOptional, justTOTP)
	remove := func(pool, name string) error {
		_, err := a.AdminDeleteSoftwareToken(t.Context(), &userpool.AdminDeleteSoftwareTokenInput{UserPoolId: pool, Username: name})
		return err
	}
	a.user("ada")
	a.signUp("eve")
	refused(t, remove("us-east-1_Nowhere00", "ada"), userpool.ErrResourceNotFound, "") // NEW-168
	refused(t, remove(a.pool, "nobody"), userpool.ErrUserNotFound, "User does not exist.")
	refused(t, remove(a.pool, "eve"), userpool.ErrUserNotConfirmed, "User is not confirmed.") // NEW-167
	check(t, remove(a.pool, "ada"))                                                           // NEW-167: nothing to remove

	k := a.token("ada")
	access := a.signIn("ada").AccessToken
	check(t, a.prefer("ada", useTOTP(true, true)))
	session := a.challenge("ada", totpMFA).Session
	check(t, remove(a.pool, "ada"))
	_, err := a.respond(totpMFA, session, "USERNAME", "ada", "SOFTWARE_TOKEN_MFA_CODE", k.code(0))
	refused(t, err, userpool.ErrNotAuthorized, sessionBad)                                    // C4
	if p := a.profile("ada"); len(p.UserMFASettingList) != 0 || p.PreferredMfaSetting != "" { // NEW-166
		t.Errorf("settings %v, preferred %q", p.UserMFASettingList, p.PreferredMfaSetting)
	}
	if _, err := a.getUser(access); err != nil { // NEW-166: tokens stay
		t.Errorf("the access token is refused: %v", err)
	}
	a.signIn("ada") // NEW-165: no longer asked
	required := a.fork(t)
	required.mfa(mfaOn, totpMFA)
	required.challenge("ada", setupMFA) // NEW-166
	again := a.token("ada")
	if again.secret == k.secret {
		t.Error("the secret is the old one")
	}
}

// C4: a challenge to set a second factor up is over when the user has one: nobody puts his own beside it with the password alone.
func TestC4_SetUpEndsWithAnotherFactor(t *testing.T) {
	t.Parallel()
	base := setup(t).mfaApp(mfaOn, []userpool.ChallengeNameType{smsMFA, totpMFA, emailMFA})
	base.user("ada")
	session := base.challenge("ada", setupMFA).Session
	associated, next, err := base.associateIn(session)
	check(t, err)
	for name, step := range map[string]func(a app) error{
		"associate": func(a app) error { _, _, err := a.associateIn(session); return err },
		"verify":    func(a app) error { _, err := a.verifyIn(next, associated.code(0)); return err },
	} {
		t.Run(name, func(t *testing.T) {
			if name == "associate" {
				session = base.challenge("ada", setupMFA).Session
			}
			a := base.fork(t)
			check(t, a.updateOf("ada", "phone_number", phone))
			refused(t, step(a), userpool.ErrNotAuthorized, sessionBad)
			a.challenge("ada", smsMFA)
		})
	}
}
