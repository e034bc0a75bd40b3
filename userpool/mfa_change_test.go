package userpool_test

import (
	"context"
	"encoding/base32"
	"encoding/base64"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/cenote-auth/cenote/awsapi"
	"github.com/cenote-auth/cenote/trigger"
	"github.com/cenote-auth/cenote/userpool"
)

// A sign-in under way ends when the second factors of its user change, and not when they only seem to. Tokens stay.
func TestC4_FactorsChangeDuringSignIn(t *testing.T) {
	t.Parallel()
	sms := []userpool.MFAOptionType{{DeliveryMedium: userpool.DeliveryMediumTypeSms, AttributeName: "phone_number"}}
	legacyForm := func(options []userpool.MFAOptionType) func(a app, access string) {
		return func(a app, _ string) {
			_, err := a.AdminSetUserSettings(a.t.Context(), &userpool.AdminSetUserSettingsInput{UserPoolId: a.pool, Username: "ada", MFAOptions: options})
			check(a.t, err)
		}
	}
	prefer := func(set func(*userpool.AdminSetUserMFAPreferenceInput)) func(a app, access string) {
		return func(a app, _ string) { check(a.t, a.prefer("ada", set)) }
	}
	address := func(pairs ...string) func(a app, access string) {
		return func(a app, _ string) {
			_, err := a.AdminUpdateUserAttributes(a.t.Context(), &userpool.AdminUpdateUserAttributesInput{
				UserPoolId: a.pool, Username: "ada", UserAttributes: attributes(pairs...),
			})
			check(a.t, err)
		}
	}
	base := setup(t).mfaApp(mfaOptional, []userpool.ChallengeNameType{smsMFA, totpMFA, emailMFA})
	base.user("ada", "phone_number", phone, "email", mail)
	base.token("ada")
	access := base.signIn("ada")
	check(t, base.prefer("ada", useSMS(true, false)))
	for _, tt := range []struct {
		name   string
		change func(a app, access string)
		code   awsapi.Code // "" goes on
		text   string
	}{
		{"nothing", func(app, string) {}, "", ""},
		{"said again", prefer(useSMS(true, false)), "", ""},
		{"another factor off that was off", prefer(useTOTP(false, false)), "", ""},
		{"a token begun", func(a app, access string) { _, err := a.associate(access); check(a.t, err) }, "", ""},
		{"a token begun and got wrong", func(a app, access string) {
			k, err := a.associate(access)
			check(a.t, err)
			refused(a.t, a.verifyToken(access, k.wrong()), userpool.ErrEnableSoftwareTokenMFA, "")
		}, "", ""},
		{"another sign-in verified the number", func(a app, _ string) {
			a.signedIn(a.respond(smsMFA, a.challenge("ada", smsMFA).Session, "USERNAME", "ada", "SMS_MFA_CODE", a.code(phone)))
		}, "", ""},
		{"another attribute", address("name", "Ada"), "", ""},
		{"another number", address("phone_number", "+15550109999"), userpool.ErrCodeMismatch, mfaCodeWrong},
		{"another factor", prefer(useEmail(true, false)), userpool.ErrNotAuthorized, sessionBad},
		{"another preferred", prefer(useTOTP(true, true)), userpool.ErrNotAuthorized, sessionBad},
		{"preferred", prefer(useSMS(true, true)), userpool.ErrNotAuthorized, sessionBad},
		{"switched off", prefer(useSMS(false, false)), userpool.ErrNotAuthorized, sessionBad},
		{"switched off in the legacy form", legacyForm([]userpool.MFAOptionType{}), userpool.ErrNotAuthorized, sessionBad},
		{"on, as it was, in the legacy form", legacyForm(sms), "", ""},
		{"off and on", func(a app, _ string) {
			check(a.t, a.prefer("ada", useSMS(false, false)))
			check(a.t, a.prefer("ada", useSMS(true, false)))
		}, userpool.ErrNotAuthorized, sessionBad},
		{"another token", func(a app, access string) {
			k, err := a.associate(access)
			check(a.t, err)
			check(a.t, a.verifyToken(access, k.code(0)))
		}, userpool.ErrNotAuthorized, sessionBad},
		{"token deleted", func(a app, _ string) {
			_, err := a.AdminDeleteSoftwareToken(a.t.Context(), &userpool.AdminDeleteSoftwareTokenInput{UserPoolId: a.pool, Username: "ada"})
			check(a.t, err)
		}, userpool.ErrNotAuthorized, sessionBad},
		{"the pool has the factor no more", func(a app, _ string) { a.mfa(mfaOff); a.mfa(mfaOptional, totpMFA) }, userpool.ErrNotAuthorized, sessionBad},
		{"the pool has others too", func(a app, _ string) { a.mfa(mfaOptional, smsMFA, totpMFA) }, "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			a := base.fork(t)
			session := a.challenge("ada", smsMFA).Session
			code := a.code(phone)
			tt.change(a, access.AccessToken)
			out, err := a.respond(smsMFA, session, "USERNAME", "ada", "SMS_MFA_CODE", code)
			if tt.code == "" {
				a.signedIn(out, err)
			} else {
				refused(t, err, tt.code, tt.text)
			}
			if _, err := a.getUser(access.AccessToken); err != nil {
				t.Errorf("the access token is refused: %v", err)
			}
			if _, err := a.refresh(access.RefreshToken); err != nil {
				t.Errorf("the refresh token is refused: %v", err)
			}
		})
	}
}

// The factors of somebody who has not confirmed his sign-up may be set: his code goes on.
func TestSignUpCodeOutlivesPreference(t *testing.T) {
	t.Parallel()
	a := setup(t).app(func(in *userpool.CreateUserPoolInput) { ownMail(in); withSMS(in); in.MfaConfiguration = mfaOptional })
	a.signUp("ada", "email", mail, "phone_number", phone)
	code := a.code(mail)
	check(t, a.prefer("ada", useSMS(true, true)))
	_, err := a.ConfirmSignUp(t.Context(), &userpool.ConfirmSignUpInput{ClientId: a.client, Username: "ada", ConfirmationCode: code})
	check(t, err)
	a.challenge("ada", smsMFA)
}

// The world changes while the function runs that writes the message of a second factor: what is sent and asked for is what the
// world then is (C2).
func TestC2_WorldChangesDuringMessage(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		change func(a app)
		want   userpool.ChallengeNameType
		to     []string
		code   awsapi.Code
	}{
		{"nothing", func(app) {}, smsMFA, []string{phone}, ""},
		{"another number", func(a app) {
			_, err := a.AdminUpdateUserAttributes(a.t.Context(), &userpool.AdminUpdateUserAttributesInput{
				UserPoolId: a.pool, Username: "ada", UserAttributes: attributes("phone_number", "+15550109999"),
			})
			check(a.t, err)
		}, smsMFA, []string{"+15550109999"}, ""},
		{"MFA switched off", func(a app) { a.mfa(mfaOff) }, "", nil, ""},
		{"disabled", func(a app) { a.disable("ada") }, "", nil, userpool.ErrNotAuthorized},
		{"deleted", func(a app) { a.remove("ada") }, "", nil, userpool.ErrUserNotFound},
		{"another factor preferred", func(a app) { check(a.t, a.prefer("ada", useEmail(true, true))) }, "", nil, userpool.ErrNotAuthorized},
		{"password changed", func(a app) { a.setPassword("ada", another) }, "", nil, userpool.ErrNotAuthorized},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			var a app
			ran := 0
			text := on(b, "message", func(_ context.Context, e trigger.CustomMessageEvent) (trigger.CustomMessageEvent, error) {
				if ran++; ran == 1 {
					tt.change(a)
				}
				return e, nil
			})
			a = b.mfaApp(mfaOn, []userpool.ChallengeNameType{smsMFA, emailMFA}, lambdas(userpool.LambdaConfigType{CustomMessage: text}))
			a.user("ada", "phone_number", phone, "email", mail)
			out, err := a.tryPassword("ada", password)
			sent := a.sent()
			if tt.code != "" {
				refused(t, err, tt.code, "")
			} else {
				check(t, err)
				if out.ChallengeName != tt.want {
					t.Errorf("goes on with %q", out.ChallengeName)
				}
			}
			if len(sent) != len(tt.to) || len(sent) > 0 && sent[0].Destination != tt.to[0] {
				t.Errorf("messages %+v, want to %v", sent, tt.to)
			}
		})
	}
}

// Where a client hides who exists, the second factor of somebody who has been deleted is guessed as it was before: same answers, same
// count. Steps that prove nothing end the sign-in.
func TestH7_SecondFactorOfNobody(t *testing.T) {
	t.Parallel()
	for _, f := range factorCases {
		t.Run(string(f.factor), func(t *testing.T) {
			t.Parallel()
			a, begin, _ := guessed(t, f, hides)
			var sessions, codes []string
			for range 12 {
				session, code := begin(a)
				sessions, codes = append(sessions, session), append(codes, code)
			}
			a.remove("ada")
			for i := range 10 {
				_, err := a.respond(f.factor, sessions[i], "USERNAME", "ada", f.key, codes[i]) // right, if she were there
				refused(t, err, userpool.ErrCodeMismatch, f.wrong)
			}
			_, err := a.respond(f.factor, sessions[10], "USERNAME", "ada", f.key, codes[10])
			refused(t, err, userpool.ErrNotAuthorized, factorLocked)
			a.user("ada") // somebody else
			_, err = a.respond(f.factor, sessions[11], "USERNAME", "ada", f.key, codes[11])
			refused(t, err, userpool.ErrNotAuthorized, sessionBad)
		})
	}
	a := setup(t).mfaApp(mfaOn, justTOTP, hides)
	a.user("ada")
	a.newcomer("bob")
	session, first := a.challenge("ada", setupMFA).Session, a.challenged("bob")
	a.remove("ada")
	a.remove("bob")
	_, err := a.respond(setupMFA, session, "USERNAME", "ada")
	refused(t, err, userpool.ErrNotAuthorized, sessionBad)
	_, err = a.respond(newPassword, first, "USERNAME", "bob", "NEW_PASSWORD", another)
	refused(t, err, userpool.ErrNotAuthorized, sessionBad)
	b := setup(t).mfaApp(mfaOptional, []userpool.ChallengeNameType{smsMFA, emailMFA}, hides)
	b.user("ada", "phone_number", phone, "email", mail)
	check(t, b.prefer("ada", all(useSMS(true, false), useEmail(true, false))))
	session = b.challenge("ada", selectMFA).Session
	b.remove("ada")
	_, err = b.respond(selectMFA, session, "USERNAME", "ada", "ANSWER", "SMS_MFA")
	refused(t, err, userpool.ErrNotAuthorized, sessionBad)
	if sent := b.sent(); len(sent) != 0 {
		t.Errorf("%d messages", len(sent))
	}
}

// A client's session of a second factor is no other client's, user's or challenge's (AUTH-160, AUTH-165).
func TestC4_FactorSessionBinding(t *testing.T) {
	t.Parallel()
	a, begin, _ := guessed(t, factorCases[0])
	a.user("bob", "phone_number", "+15550105555")
	check(t, a.prefer("bob", useSMS(true, false)))
	sibling := a.sibling()
	session, code := begin(a)
	try := func(a app, challenge userpool.ChallengeNameType, name, key string) {
		t.Helper()
		_, err := a.respond(challenge, session, "USERNAME", name, key, code)
		refused(t, err, userpool.ErrNotAuthorized, sessionBad)
	}
	try(a, smsMFA, "bob", "SMS_MFA_CODE")
	try(sibling, smsMFA, "ada", "SMS_MFA_CODE")
	try(a, emailMFA, "ada", "EMAIL_OTP_CODE")
	try(a, userpool.ChallengeNameTypeSmsOtp, "ada", "SMS_OTP_CODE")
	try(a, totpMFA, "ada", "SOFTWARE_TOKEN_MFA_CODE")
	try(a, selectMFA, "ada", "ANSWER")
	try(a, setupMFA, "ada", "EMAIL")
	_, _, err := a.associateIn(session)
	refused(t, err, userpool.ErrNotAuthorized, sessionBad)
	a.signedIn(a.respond(smsMFA, session, "USERNAME", "ada", "SMS_MFA_CODE", code))
}

// H2: the sessions of MFA_SETUP fit into their 2,048 characters, whatever they carry; nor do they tell the secret.
func TestH2_SetupSessions(t *testing.T) {
	t.Parallel()
	a := setup(t).mfaApp(mfaOn, []userpool.ChallengeNameType{totpMFA, emailMFA})
	a.user("ada")
	k, session, err := a.associateIn(a.challenge("ada", setupMFA).Session)
	check(t, err)
	verified, err := a.verifyIn(session, k.code(0))
	check(t, err)
	b := setup(t).mfaApp(mfaOn, []userpool.ChallengeNameType{emailMFA})
	b.user("ada")
	long := strings.Repeat("a", 60) + "@" + strings.Repeat("b.", 90) + "example"
	asked, err := b.respond(setupMFA, b.challenge("ada", setupMFA).Session, "USERNAME", "ada", "EMAIL", long)
	check(t, err)
	for _, s := range []string{session, verified, asked.Session} {
		if len(s) < 20 || len(s) > 2048 {
			t.Errorf("a session of %d characters", len(s))
		}
	}
	raw, err := base64.RawURLEncoding.DecodeString(session)
	check(t, err)
	if strings.Contains(string(raw), k.secret) {
		t.Error("the session tells the secret")
	}
	b.signedIn(b.respond(emailMFA, asked.Session, "USERNAME", "ada", "EMAIL_OTP_CODE", b.code(long)))
}

// C7: the secrets of software tokens, verified and pending, and the codes of sign-ins are sealed in the store.
func TestC7_FactorsAreSealed(t *testing.T) {
	t.Parallel()
	a, _, _ := guessed(t, factorCases[0])
	check(t, a.prefer("ada", useSMS(false, false)))
	verified := a.token("ada")
	pending, err := a.associate(a.signIn("ada").AccessToken)
	check(t, err)
	check(t, a.prefer("ada", useSMS(true, false)))
	session := a.challenge("ada", smsMFA).Session
	all := dump(t, a)
	code := a.code(phone)
	for what, secret := range map[string]string{"verified secret": verified.secret, "pending secret": pending.secret, "session": session, "code": code} {
		forms := []string{secret, base64.StdEncoding.EncodeToString([]byte(secret)), hex.EncodeToString([]byte(secret))}
		if raw, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(secret); err == nil && len(raw) > 0 { // six digits may decode to nothing
			forms = append(forms, string(raw), base64.StdEncoding.EncodeToString(raw), hex.EncodeToString(raw))
		}
		for _, form := range forms {
			if tells(all, form) {
				t.Errorf("the store holds the %s", what)
			}
		}
	}
}
