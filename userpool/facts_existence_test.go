package userpool_test

import (
	"testing"

	"github.com/cenote-auth/cenote/awsapi"
	"github.com/cenote-auth/cenote/srp"
	"github.com/cenote-auth/cenote/userpool"
)

// ERR-071: where a client hides who exists, ForgotPassword pretends to send a code to whoever cannot get one. Where to follows
// from the form of the name and from what the pool verifies. A code is wrong then, or over if none was asked for.
func TestPretendedReset(t *testing.T) {
	t.Parallel()
	b := setup(t)
	verifiesPhones := func(in *userpool.CreateUserPoolInput) {
		withSMS(in)
		in.AutoVerifiedAttributes = []userpool.VerifiedAttributeType{userpool.VerifiedAttributeTypePhoneNumber}
	}
	mail, phone, address := b.app(hides), b.app(hides, verifiesPhones), b.app(hides, byEmail)
	for _, a := range []app{mail, phone} {
		a.user("off")
		a.disable("off")
		a.user("mute")
	}
	address.user("off@example.com")
	address.disable("off@example.com")
	tests := []struct {
		name        string
		app         app
		username    string
		attribute   string
		medium      userpool.DeliveryMediumType
		destination string // "" is any
	}{
		{"unknown", mail, "nobody", "email", "EMAIL", ""},
		{"disabled", mail, "off", "email", "EMAIL", ""},
		{"nothing verified", mail, "mute", "email", "EMAIL", ""},
		{"unknown where numbers are verified", phone, "nobody", "phone_number", "SMS", ""},
		{"disabled where numbers are verified", phone, "off", "phone_number", "SMS", ""},
		{"nothing verified where numbers are", phone, "mute", "phone_number", "SMS", ""},
		{"the form of an address", address, "nobody@example.com", "email", "EMAIL", "n***@e***"},
		{"the address of a disabled user", address, "off@example.com", "email", "EMAIL", "o***@e***"},
		{"the form of a number", mail, "+15550001234", "phone_number", "SMS", "+*******1234"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := tt.app.fork(t)
			refused(t, a.reset(tt.username, "123456", another), userpool.ErrExpiredCode, codeIsOver)
			var first string
			for range 2 {
				d, err := a.forgot(tt.username)
				check(t, err)
				if d == nil || d.AttributeName != tt.attribute || d.DeliveryMedium != tt.medium || tt.destination != "" && d.Destination != tt.destination {
					t.Fatalf("details are %+v", d)
				}
				if first != "" && d.Destination != first {
					t.Errorf("destination is %s, and was %s", d.Destination, first)
				}
				first = d.Destination
			}
			refused(t, a.reset(tt.username, "123456", another), userpool.ErrCodeMismatch, codeIsWrong)
			if a.deliver(); len(a.outbox.All()) != 0 {
				t.Errorf("messages are %+v", a.outbox.All())
			}
		})
	}
}

// ERR-072: ResendConfirmationCode pretends as well, and ConfirmSignUp never says that there is no such user.
func TestPretendedConfirmation(t *testing.T) {
	t.Parallel()
	a := setup(t).app(hides)
	a.user("ada", "email", "ada@example.com")
	a.signUp("off", "email", "off@example.com")
	a.disable("off")
	a.deliver()
	a.outbox.Reset()
	for _, name := range []string{"nobody", "off"} {
		out, err := a.resend(name)
		check(t, err)
		if d := out.CodeDeliveryDetails; d == nil || d.AttributeName != "email" || d.DeliveryMedium != "EMAIL" {
			t.Errorf("%s: details are %+v", name, d)
		}
	}
	if a.deliver(); len(a.outbox.All()) != 0 {
		t.Errorf("messages are %+v", a.outbox.All())
	}
	refused(t, a.confirm("nobody", "123456"), userpool.ErrCodeMismatch, codeIsWrong)
	refused(t, a.confirm("nobody else", "123456"), userpool.ErrInvalidParameter, "") // the form of a name has no blanks
	refused(t, a.confirm("stranger", "123456"), userpool.ErrCodeMismatch, codeIsWrong)
	refused(t, a.confirm("ada", "123456"), userpool.ErrNotAuthorized, "User cannot be confirmed. Current status is CONFIRMED")
	refused(t, a.confirm("off", "123456"), userpool.ErrNotAuthorized, "User is disabled.")
}

// ERR-073: that a name is taken is said by SignUp all the same. In a pool with aliases an address is no name, and whose it is
// shows only to who gets the code.
func TestSignUpTellsNames(t *testing.T) {
	t.Parallel()
	a := setup(t).app(hides, emailAlias)
	a.user("ada", "email", "ada@example.com")
	refused(t, a.trySignUp("ada"), userpool.ErrUsernameExists, "User already exists")
	check(t, a.trySignUp("eve", "email", "ada@example.com"))
	refused(t, a.confirm("eve", notCode(a.code("ada@example.com"))), userpool.ErrCodeMismatch, codeIsWrong)
	refused(t, a.confirm("eve", a.code("ada@example.com")), userpool.ErrAliasExists, "An account with the email already exists.")
}

// ERR-074, USR-035: a user whose password was reset is told so, by a client that hides who exists only if the password is right:
// that proves who asks, and leaves him the way on. Imported users have no password, so they are never told there.
func TestResetIsHidden(t *testing.T) {
	t.Parallel()
	b := setup(t)
	hiding := b.app(hides)
	hiding.user("ada", "email", "ada@example.com")
	check(t, hiding.tryReset("ada"))
	telling := hiding.sibling(legacy)
	for name, try := range map[string]func(a app, password string) error{
		"password": func(a app, password string) error { _, err := a.tryPassword("ada", password); return err },
		"SRP":      func(a app, password string) error { _, err := a.srp("ada", password); return err },
		"admin": func(a app, password string) error {
			_, err := a.adminBegin(userpool.AuthFlowTypeAdminUserPasswordAuth, "USERNAME", "ada", "PASSWORD", password)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			for _, word := range []string{password, another} {
				refused(t, try(telling.fork(t), word), userpool.ErrPasswordResetRequired, "Password reset required for the user")
			}
			refused(t, try(hiding.fork(t), another), userpool.ErrNotAuthorized, isWrong)
			refused(t, try(hiding.fork(t), password), userpool.ErrPasswordResetRequired, "Password reset required for the user")
		})
	}
}

// ERR-075, AUTH-451: LEGACY, which is the default, tells in all these places that there is no such user; ENABLED in none. The
// signed operations of a sign-in go by the client, those that name a user always tell.
func TestWhoTells(t *testing.T) {
	t.Parallel()
	b := setup(t)
	byDefault := b.app()
	telling, hiding := byDefault.sibling(legacy), byDefault.sibling(hides)
	const gone, notHere = "User does not exist.", "Username/client id combination not found."
	tests := []struct {
		name   string
		call   func(a app) error
		legacy string
		code   awsapi.Code // of ENABLED, "" is none
		text   string
	}{
		{"password", func(a app) error { _, err := a.tryPassword("nobody", password); return err }, gone, userpool.ErrNotAuthorized, isWrong},
		{"SRP", func(a app) error { _, err := a.srp("nobody", password); return err }, gone, userpool.ErrNotAuthorized, isWrong},
		{"AdminInitiateAuth", func(a app) error {
			_, err := a.adminBegin(userpool.AuthFlowTypeAdminUserPasswordAuth, "USERNAME", "nobody", "PASSWORD", password)
			return err
		}, gone, userpool.ErrNotAuthorized, isWrong},
		{"AdminRespondToAuthChallenge", func(a app) error { return a.adminSRP("nobody") }, gone, userpool.ErrNotAuthorized, isWrong},
		{"ForgotPassword", func(a app) error { _, err := a.forgot("nobody"); return err }, notHere, "", ""},
		{"ConfirmForgotPassword", func(a app) error { return a.reset("nobody", "123456", password) }, notHere, userpool.ErrExpiredCode, codeIsOver},
		{"ResendConfirmationCode", func(a app) error { _, err := a.resend("nobody"); return err }, notHere, "", ""},
		{"ConfirmSignUp", func(a app) error { return a.confirm("nobody", "123456") }, notHere, userpool.ErrCodeMismatch, codeIsWrong},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for _, a := range []app{byDefault, telling} {
				refused(t, tt.call(a.fork(t)), userpool.ErrUserNotFound, tt.legacy)
			}
			if err := tt.call(hiding.fork(t)); tt.code == "" {
				check(t, err)
			} else {
				refused(t, err, tt.code, tt.text)
			}
		})
	}
	for name, call := range ofUser(b.Service) {
		if err := call(t.Context(), hiding.pool, "nobody"); errorText(err) != gone {
			t.Errorf("%s: got %v", name, err)
		}
	}
	_, err := b.CreateUserPoolClient(t.Context(), &userpool.CreateUserPoolClientInput{
		UserPoolId: byDefault.pool, ClientName: "test", PreventUserExistenceErrors: "SOMETIMES",
	})
	refused(t, err, userpool.ErrInvalidParameter, "")
}

// adminSRP signs in by SRP through the signed operations.
func (a app) adminSRP(name string) error {
	a.t.Helper()
	login, err := srp.NewLogin(a.pool, name, password)
	check(a.t, err)
	begun, err := a.AdminInitiateAuth(a.t.Context(), &userpool.AdminInitiateAuthInput{
		UserPoolId: a.pool, ClientId: a.client, AuthFlow: userpool.AuthFlowTypeUserSrpAuth, AuthParameters: login.Params(),
	})
	if err != nil {
		return err
	}
	responses, err := login.Respond(begun.ChallengeParameters, a.clock.Now())
	check(a.t, err)
	_, err = a.AdminRespondToAuthChallenge(a.t.Context(), &userpool.AdminRespondToAuthChallengeInput{
		UserPoolId: a.pool, ClientId: a.client, ChallengeName: begun.ChallengeName, Session: begun.Session, ChallengeResponses: responses,
	})
	return err
}

// USR-060: who can get a reset code, and what the others are told by a client that tells.
func TestWhoCanReset(t *testing.T) {
	t.Parallel()
	a := setup(t).app(legacy)
	a.user("ada", "email", "ada@example.com")
	a.newcomer("new", "email", "new@example.com", "email_verified", "true")
	a.user("mute")
	a.signUp("mere", "email", "mere@example.com")
	_, err := a.AdminConfirmSignUp(t.Context(), &userpool.AdminConfirmSignUpInput{UserPoolId: a.pool, Username: "mere"})
	check(t, err)
	for range 2 {
		d, err := a.forgot("ada")
		check(t, err)
		if *d != (userpool.CodeDeliveryDetailsType{AttributeName: "email", DeliveryMedium: "EMAIL", Destination: "a***@e***"}) {
			t.Errorf("details are %+v", *d)
		}
		check(t, a.tryReset("ada")) // RESET_REQUIRED the second time
	}
	_, err = a.forgot("new")
	refused(t, err, userpool.ErrNotAuthorized, "User password cannot be reset in the current state.")
	for _, name := range []string{"mute", "mere"} {
		_, err = a.forgot(name)
		refused(t, err, userpool.ErrInvalidParameter, "Cannot reset password for the user as there is no registered/verified email or phone_number")
	}
}
