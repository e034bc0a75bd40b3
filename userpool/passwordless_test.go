package userpool_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/cenote-auth/cenote/awsapi"
	"github.com/cenote-auth/cenote/userpool"
)

// required makes attributes of a pool required.
func required(names ...string) func(*userpool.CreateUserPoolInput) {
	return func(in *userpool.CreateUserPoolInput) {
		for _, n := range names {
			in.Schema = append(in.Schema, userpool.SchemaAttributeType{Name: n, Required: new(true), Mutable: new(true)})
		}
	}
}

// AUTH-093, AUTH-094: who may sign up without a password.
func TestPasswordlessSignUp(t *testing.T) {
	t.Parallel()
	b := setup(t)
	mail := b.app(factors(userpool.AuthFactorTypePassword, userpool.AuthFactorTypeEmailOtp), choosing)
	const noPassword = "1 validation error detected: Value null at 'password' failed to satisfy constraint: Member must not be null"
	for _, tt := range []struct {
		name string
		app  app
		user string
		have []string
		code awsapi.Code // "" allows
		text string
	}{
		{"codes by mail", mail, "ada", []string{"email", "ada@example.com"}, "", ""},
		{"codes by mail, no address", mail, "bob", nil, userpool.ErrInvalidParameter, ""},
		{"codes by mail, another address", mail, "bob", []string{"phone_number", "+14155550101"}, userpool.ErrInvalidParameter, ""},
		{"codes by either", b.app(byCode, choosing), "bob", []string{"phone_number", "+14155550101"}, "", ""},
		{"named by address", b.app(byCode, byEmail, choosing), "eve@example.com", nil, "", ""},
		{"passwords only", b.app(), "ada", []string{"email", "ada@example.com"}, userpool.ErrInvalidParameter, noPassword},
		{"passkeys are no codes", b.app(offeringPasskeys), "ada", []string{"email", "ada@example.com"}, userpool.ErrInvalidParameter, noPassword},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := tt.app.SignUp(t.Context(), &userpool.SignUpInput{ClientId: tt.app.client, Username: tt.user, UserAttributes: attributes(tt.have...)})
			if tt.code != "" {
				refused(t, err, tt.code, tt.text)
				return
			}
			check(t, err)
			if got := tt.app.status(tt.user); got != userpool.UserStatusTypeUnconfirmed {
				t.Errorf("the user is %s", got)
			}
		})
	}
}

func offeringPasskeys(in *userpool.CreateUserPoolInput) {
	factors(userpool.AuthFactorTypePassword, userpool.AuthFactorTypeWebAuthn)(in)
}

// AUTH-106, AUTH-109, AUTH-288, USR-053: sign-up, confirmation and sign-in with one code.
func TestSignInAfterSignUp(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for name, tt := range map[string]struct {
		a        app
		password string
	}{
		"without a password": {b.app(byCode, choosing), ""},
		"with a password":    {b.app(choosing), password},
		"signed":             {b.app(byCode, choosing), ""},
	} {
		t.Run(name, func(t *testing.T) {
			a := tt.a
			out, err := a.SignUp(t.Context(), &userpool.SignUpInput{
				ClientId: a.client, Username: "ada", Password: tt.password, UserAttributes: attributes("email", "ada@example.com"),
			})
			check(t, err)
			if out.Session == "" || out.UserConfirmed {
				t.Fatalf("session of %d characters", len(out.Session))
			}
			_, err = a.InitiateAuth(t.Context(), a.withSession("ada", out.Session))
			refused(t, err, userpool.ErrNotAuthorized, isInvalid) // that of SignUp signs nobody in
			confirmed, err := a.confirmWith("ada", a.code("ada@example.com"), out.Session)
			check(t, err)
			if confirmed.Session == "" || confirmed.Session == out.Session {
				t.Fatalf("session of %d characters", len(confirmed.Session))
			}
			a.deliver()
			sent := len(a.outbox.All())
			var tokens *userpool.AuthenticationResultType
			if name == "signed" {
				done, err := a.AdminInitiateAuth(t.Context(), &userpool.AdminInitiateAuthInput{
					UserPoolId: a.pool, ClientId: a.client, AuthFlow: userAuth, AuthParameters: map[string]string{"USERNAME": "ada"}, Session: confirmed.Session,
				})
				check(t, err)
				tokens = done.AuthenticationResult
			} else {
				done, err := a.InitiateAuth(t.Context(), a.withSession("ada", confirmed.Session))
				check(t, err)
				tokens = done.AuthenticationResult
			}
			if tokens == nil {
				t.Fatal("no tokens")
			}
			if c := claimsOf(t, tokens.AccessToken); c["acr"] != "urn:cognito:loa:2" {
				t.Errorf("acr %v", c["acr"])
			}
			a.deliver()
			if len(a.outbox.All()) != sent {
				t.Error("another code went out")
			}
			_, err = a.InitiateAuth(t.Context(), a.withSession("ada", confirmed.Session))
			refused(t, err, userpool.ErrNotAuthorized, wasUsed)
		})
	}
}

func (a app) withSession(name, session string) *userpool.InitiateAuthInput {
	return &userpool.InitiateAuthInput{
		ClientId: a.client, AuthFlow: userAuth, AuthParameters: map[string]string{"USERNAME": name, "SECRET_HASH": a.hash(name)}, Session: session,
	}
}

func (a app) confirmWith(name, code, session string) (*userpool.ConfirmSignUpOutput, error) {
	return a.ConfirmSignUp(a.t.Context(), &userpool.ConfirmSignUpInput{
		ClientId: a.client, Username: name, ConfirmationCode: code, Session: session, SecretHash: a.hash(name),
	})
}

// signUpSession signs somebody up without a password and returns the session and the code.
func (a app) signUpSession(name string) (session, code string) {
	a.t.Helper()
	out, err := a.SignUp(a.t.Context(), &userpool.SignUpInput{
		ClientId: a.client, Username: name, UserAttributes: attributes("email", name+"@example.com"),
	})
	check(a.t, err)
	return out.Session, a.code(name + "@example.com")
}

// AUTH-106: who gets no session.
func TestNoSessionAfterSignUp(t *testing.T) {
	t.Parallel()
	b := setup(t)
	confirm := on(b, "confirm", func(_ context.Context, e preSignUp) (preSignUp, error) {
		e.Response.AutoConfirmUser = true
		return e, nil
	})
	for name, a := range map[string]app{
		"other flows":       b.app(byCode),
		"confirmed at once": b.app(byCode, choosing, lambdas(userpool.LambdaConfigType{PreSignUp: confirm})),
		"no code":           b.app(byCode, choosing, func(in *userpool.CreateUserPoolInput) { in.AutoVerifiedAttributes = nil }),
		"LITE":              b.app(func(in *userpool.CreateUserPoolInput) { in.UserPoolTier = userpool.UserPoolTierTypeLite }),
	} {
		t.Run(name, func(t *testing.T) {
			out, err := a.SignUp(t.Context(), &userpool.SignUpInput{
				ClientId: a.client, Username: "ada", Password: password, UserAttributes: attributes("email", "ada@example.com"),
			})
			check(t, err)
			if out.Session != "" {
				t.Error("there is a session")
			}
		})
	}
}

// C4, H7: a session of a sign-up is one user's, at his client; any other one does not keep the code from confirming, and gives none.
// That of the confirmation ends with whatever ends sessions.
func TestC4_SignUpSessions(t *testing.T) {
	t.Parallel()
	b := setup(t)
	a := b.app(byCode, choosing)
	other := a.sibling(choosing)
	foreign, _ := a.signUpSession("eve")
	elsewhere, _ := b.app(byCode, choosing).signUpSession("ada")
	for name, session := range map[string]string{"somebody else's": foreign, "another pool's": elsewhere, "garbage": "abcdefghijklmnopqrstuvwxyz"} {
		t.Run(name, func(t *testing.T) {
			a := a.fork(t)
			_, code := a.signUpSession("ada")
			out, err := a.confirmWith("ada", code, session)
			check(t, err)
			if out.Session != "" {
				t.Error("the code gave a session")
			}
		})
	}
	t.Run("another client's", func(t *testing.T) {
		b := b.fork(t)
		a, other := app{b, a.pool, a.client, ""}, app{b, a.pool, other.client, ""}
		session, code := a.signUpSession("ada")
		out, err := other.confirmWith("ada", code, session)
		check(t, err)
		if out.Session != "" {
			t.Error("the code gave a session")
		}
	})
	t.Run("none, and too old", func(t *testing.T) { // the code is enough: mail takes its time, and AWS's library sends none
		for _, old := range []bool{true, false} {
			a := a.fork(t)
			session, code := a.signUpSession("ada")
			a.clock.Advance(10 * time.Minute)
			if !old {
				session = ""
			}
			out, err := a.confirmWith("ada", code, session)
			check(t, err)
			if done, err := a.InitiateAuth(t.Context(), a.withSession("ada", out.Session)); err != nil || done.AuthenticationResult == nil {
				t.Errorf("no tokens: %v", err)
			}
		}
	})
	for name, tt := range map[string]struct {
		change func(a app)
		as     string
		code   awsapi.Code
		text   string
	}{
		"expired":           {func(a app) { a.clock.Advance(3 * time.Minute) }, "ada", userpool.ErrNotAuthorized, isOver},
		"disabled":          {func(a app) { a.disable("ada") }, "ada", userpool.ErrNotAuthorized, "User is disabled."},
		"disabled, again":   {func(a app) { a.disable("ada"); a.enable("ada") }, "ada", userpool.ErrNotAuthorized, isInvalid},
		"password set":      {func(a app) { a.setPassword("ada", another) }, "ada", userpool.ErrNotAuthorized, isInvalid},
		"deleted":           {func(a app) { a.remove("ada") }, "ada", userpool.ErrUserNotFound, ""},
		"made again":        {func(a app) { a.remove("ada"); a.user("ada") }, "ada", userpool.ErrNotAuthorized, isInvalid},
		"somebody else":     {func(a app) { a.user("bob") }, "bob", userpool.ErrNotAuthorized, isInvalid},
		"flow switched off": {func(a app) { a.setFlows(userpool.ExplicitAuthFlowsTypeAllowUserSrpAuth) }, "ada", userpool.ErrInvalidParameter, ""},
		"nothing":           {func(app) {}, "ada", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			a := a.fork(t)
			session, code := a.signUpSession("ada")
			out, err := a.confirmWith("ada", code, session)
			check(t, err)
			tt.change(a)
			done, err := a.InitiateAuth(t.Context(), a.withSession(tt.as, out.Session))
			if tt.code == "" {
				check(t, err)
				return
			}
			refused(t, err, tt.code, tt.text)
			if done != nil {
				t.Error("there is an answer beside the error")
			}
		})
	}
	t.Run("answered as a challenge", func(t *testing.T) {
		a := a.fork(t)
		session, code := a.signUpSession("ada")
		out, err := a.confirmWith("ada", code, session)
		check(t, err)
		for _, c := range []userpool.ChallengeNameType{selection, byMail, byPass, userpool.ChallengeNameTypeNewPasswordRequired} {
			_, err := a.respond(c, out.Session, "USERNAME", "ada", "ANSWER", "EMAIL_OTP", "EMAIL_OTP_CODE", code, "PASSWORD", password, "NEW_PASSWORD", password)
			refused(t, err, userpool.ErrNotAuthorized, isInvalid)
		}
	})
}

// NEW-131, NEW-132: a level counts for a sign-in by the session of a sign-up as for any other.
func TestLevelAfterSignUp(t *testing.T) {
	t.Parallel()
	a := setup(t).app(byCode, choosing)
	session, code := a.signUpSession("ada")
	confirmed, err := a.confirmWith("ada", code, session)
	check(t, err)
	in := a.withSession("ada", confirmed.Session)
	in.AuthParameters["TARGET_ACR_VALUES"] = loa(4)
	_, err = a.InitiateAuth(t.Context(), in)
	refused(t, err, userpool.ErrInvalidParameter, "The user cannot reach any of the requested authentication levels.")
	in.AuthParameters["TARGET_ACR_VALUES"] = loa(4) + " " + loa(2)
	out, err := a.InitiateAuth(t.Context(), in)
	check(t, err)
	if out.AuthenticationResult == nil || acrOf(t, out.AuthenticationResult.AccessToken) != loa(2)+"[email_otp]" {
		t.Errorf("asked for %s", out.ChallengeName)
	}
}

// enable enables somebody.
func (a app) enable(name string) {
	a.t.Helper()
	_, err := a.AdminEnableUser(a.t.Context(), &userpool.AdminEnableUserInput{UserPoolId: a.pool, Username: name})
	check(a.t, err)
}

// setFlows changes what the client allows.
func (a app) setFlows(f ...userpool.ExplicitAuthFlowsType) {
	a.t.Helper()
	_, err := a.UpdateUserPoolClient(a.t.Context(), &userpool.UpdateUserPoolClientInput{UserPoolId: a.pool, ClientId: a.client, ExplicitAuthFlows: f})
	check(a.t, err)
}

// AUTH-013, AUTH-123, USR-014: an administrator makes users without a password where sign-ins can begin with a code.
func TestPasswordlessCreation(t *testing.T) {
	t.Parallel()
	b := setup(t)
	a := b.app(byCode, choosing, required("given_name"))
	create := func(in userpool.AdminCreateUserInput) (*userpool.AdminCreateUserOutput, error) {
		in.UserPoolId, in.Username = a.pool, "ada"
		return a.fork(t).AdminCreateUser(t.Context(), &in)
	}
	full := attributes("email", "ada@example.com", "given_name", "Ada")
	for name, tt := range map[string]struct {
		in   userpool.AdminCreateUserInput
		want userpool.UserStatusType // "" is a refusal
	}{
		"passwordless":        {userpool.AdminCreateUserInput{UserAttributes: full}, userpool.UserStatusTypeConfirmed},
		"with a password":     {userpool.AdminCreateUserInput{UserAttributes: full, TemporaryPassword: password}, userpool.UserStatusTypeForceChangePassword},
		"nothing but that":    {userpool.AdminCreateUserInput{TemporaryPassword: password}, userpool.UserStatusTypeForceChangePassword},
		"required is missing": {userpool.AdminCreateUserInput{UserAttributes: attributes("email", "ada@example.com")}, ""},
		"no address":          {userpool.AdminCreateUserInput{UserAttributes: attributes("given_name", "Ada")}, ""},
		"a weak one is one":   {userpool.AdminCreateUserInput{UserAttributes: full, TemporaryPassword: "weak"}, ""},
		"invited by e-mail": {userpool.AdminCreateUserInput{
			UserAttributes: full, DesiredDeliveryMediums: []userpool.DeliveryMediumType{userpool.DeliveryMediumTypeEmail},
		}, userpool.UserStatusTypeConfirmed},
	} {
		t.Run(name, func(t *testing.T) {
			out, err := create(tt.in)
			if tt.want == "" {
				if !errors.Is(err, userpool.ErrInvalidParameter) && !errors.Is(err, userpool.ErrInvalidPassword) {
					t.Errorf("got %v", err)
				}
				return
			}
			check(t, err)
			if out.User.UserStatus != tt.want || !out.User.Enabled {
				t.Errorf("the user is %s", out.User.UserStatus)
			}
		})
	}
	// Elsewhere a password is made up, as ever (AUTH-012).
	plain := b.app()
	out, err := plain.AdminCreateUser(t.Context(), &userpool.AdminCreateUserInput{UserPoolId: plain.pool, Username: "ada"})
	check(t, err)
	if out.User.UserStatus != userpool.UserStatusTypeForceChangePassword {
		t.Errorf("the user is %s", out.User.UserStatus)
	}

	a.passwordless("eve", "email", "eve@example.com", "given_name", "Eve")
	a.deliver()
	if n := len(a.outbox.All()); n != 0 { // there is no password to bring
		t.Errorf("%d messages went out", n)
	}
	_, err = a.AdminCreateUser(t.Context(), &userpool.AdminCreateUserInput{UserPoolId: a.pool, Username: "eve", MessageAction: userpool.MessageActionTypeResend})
	refused(t, err, userpool.ErrUnsupportedUserState, "")
}

// AUTH-421: who has no password sets the first one with nothing but his token, once; a wrong guess of one that is not there is wrong.
// H7: until then every password flow refuses him as it refuses a wrong password, and counts.
func TestFirstPassword(t *testing.T) {
	t.Parallel()
	for name, option := range map[string]func(*userpool.CreateUserPoolClientInput){"hides": hides, "legacy": legacy} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := setup(t).app(byCode, choosing, option)
			a.passwordless("ada", "email", "ada@example.com")
			tokens := a.byMail("ada", "ada@example.com")

			_, err := a.tryPassword("ada", password)
			refused(t, err, userpool.ErrNotAuthorized, isWrong)
			_, err = a.srp("ada", password)
			refused(t, err, userpool.ErrNotAuthorized, isWrong)
			_, err = a.adminBegin(userpool.AuthFlowTypeAdminUserPasswordAuth, "USERNAME", "ada", "PASSWORD", password)
			refused(t, err, userpool.ErrNotAuthorized, isWrong)
			change := func(previous string) error {
				_, err := a.ChangePassword(t.Context(), &userpool.ChangePasswordInput{
					AccessToken: tokens.AccessToken, PreviousPassword: previous, ProposedPassword: password,
				})
				return err
			}
			refused(t, change(password), userpool.ErrNotAuthorized, isWrong)
			locked := a.fork(t)
			for range 3 {
				_, err := locked.tryPassword("ada", password)
				if !errors.Is(err, userpool.ErrNotAuthorized) {
					t.Error(err)
				}
			}
			_, err = locked.tryPassword("ada", password)
			refused(t, err, userpool.ErrNotAuthorized, isLocked)

			won := 0
			for _, err := range race(2, func(int) error { return change("") }) {
				if err == nil {
					won++
				}
			}
			if won != 1 {
				t.Errorf("%d first passwords were set, want 1", won)
			}
			refused(t, change(""), userpool.ErrInvalidParameter, "Missing required parameter PreviousPassword")
			a.clock.Advance(time.Minute)
			a.signIn("ada")
			if _, err := a.srp("ada", password); err != nil {
				t.Error(err)
			}
		})
	}
}

// byMail signs somebody in by a code.
func (a app) byMail(name, to string) *userpool.AuthenticationResultType {
	a.t.Helper()
	session := a.chosen(name, byMail, "PREFERRED_CHALLENGE", "EMAIL_OTP")
	out, err := a.respond(byMail, session, "USERNAME", name, "EMAIL_OTP_CODE", a.code(to))
	check(a.t, err)
	if out.AuthenticationResult == nil {
		a.t.Fatalf("%s goes on with %s", name, out.ChallengeName)
	}
	return out.AuthenticationResult
}

// Other ways to a first password: a reset by the owner, and an administrator's gift. Both end sign-ins that are under way (C4).
func TestC4_PasswordOfThePasswordless(t *testing.T) {
	t.Parallel()
	a := setup(t).app(byCode, choosing)
	a.passwordless("ada", "email", "ada@example.com", "email_verified", "true")
	for name, set := range map[string]func(a app){
		"reset": func(a app) {
			_, err := a.ForgotPassword(t.Context(), &userpool.ForgotPasswordInput{ClientId: a.client, Username: "ada"})
			check(t, err)
			_, err = a.ConfirmForgotPassword(t.Context(), &userpool.ConfirmForgotPasswordInput{
				ClientId: a.client, Username: "ada", Password: another, ConfirmationCode: a.code("ada@example.com"),
			})
			check(t, err)
		},
		"given": func(a app) { a.setPassword("ada", another) },
	} {
		t.Run(name, func(t *testing.T) {
			a := a.fork(t)
			session := a.chosen("ada", byMail)
			code := a.code("ada@example.com")
			set(a)
			_, err := a.respond(byMail, session, "USERNAME", "ada", "EMAIL_OTP_CODE", code)
			refused(t, err, userpool.ErrNotAuthorized, isInvalid)
			if out, err := a.tryPassword("ada", another); err != nil || out.AuthenticationResult == nil {
				t.Errorf("the new password: %v", err)
			}
			a.chosen("ada", selection)
		})
	}
}
