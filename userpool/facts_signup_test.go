package userpool_test

import (
	"context"
	"errors"
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/cenote-auth/cenote/awsapi"
	"github.com/cenote-auth/cenote/message"
	"github.com/cenote-auth/cenote/srp"
	"github.com/cenote-auth/cenote/userpool"
)

// USR-050: of everything that is wrong with a sign-up, what comes first is told. Each step mends that one thing.
func TestSignUpOrder(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var a app
	var stored error
	open := true
	pre := on(b, "pre", func(ctx context.Context, e preSignUp) (preSignUp, error) {
		_, stored = a.AdminGetUser(ctx, &userpool.AdminGetUserInput{UserPoolId: a.pool, Username: e.UserName})
		if !open {
			return e, errors.New("closed")
		}
		return e, nil
	})
	settings := userpool.LambdaConfigType{PreSignUp: pre}
	a = b.app(withSecret, emailAlias, lambdas(settings), func(in *userpool.CreateUserPoolInput) {
		in.Schema = []userpool.SchemaAttributeType{{Name: "given_name", Required: new(true)}}
	}, writable("email", "given_name"))
	check(t, a.trySignUp("ada", "given_name", "Ada"))
	open = false
	admit := func(adminOnly bool) {
		t.Helper()
		_, err := a.UpdateUserPool(t.Context(), &userpool.UpdateUserPoolInput{
			UserPoolId: a.pool, LambdaConfig: &settings, AutoVerifiedAttributes: []userpool.VerifiedAttributeType{"email"},
			AdminCreateUserConfig: &userpool.AdminCreateUserConfigType{AllowAdminCreateUserOnly: adminOnly},
		})
		check(t, err)
	}
	admit(true)

	in := &userpool.SignUpInput{
		ClientId: "unknownclient", Username: "ada@example.com", Password: "weak", SecretHash: "wrong",
		UserAttributes: attributes("email", "eve@example.com", "nickname", "x"),
	}
	named := func(name string) { in.Username, in.SecretHash = name, srp.SecretHash(name, a.client, a.secret) }
	steps := []struct {
		code awsapi.Code
		text string
		mend func()
	}{
		{userpool.ErrResourceNotFound, "User pool client unknownclient does not exist.", func() { in.ClientId = a.client }},
		{userpool.ErrNotAuthorized, "Unable to verify secret hash for client " + a.client, func() { named(in.Username) }},
		{userpool.ErrNotAuthorized, "SignUp is not permitted for this user pool", func() { admit(false) }},
		{userpool.ErrInvalidParameter, "Username cannot be of email format, since user pool is configured for email alias.", func() { named("ada") }},
		{userpool.ErrInvalidPassword, "Password did not conform with policy: Password not long enough", func() { in.Password = password }},
		{userpool.ErrNotAuthorized, "A client attempted to write unauthorized attribute", func() { in.UserAttributes = in.UserAttributes[:1] }},
		{userpool.ErrInvalidParameter, "Attributes did not conform to the schema: given_name: The attribute is required\n", func() {
			in.UserAttributes = append(in.UserAttributes, attributes("given_name", "Eve")...)
		}},
		{userpool.ErrUsernameExists, "User already exists", func() { named("eve") }},
		{userpool.ErrUserLambdaValidation, "PreSignUp failed with error closed.", func() { open = true }},
	}
	for _, s := range steps {
		_, err := a.SignUp(t.Context(), in)
		refused(t, err, s.code, s.text)
		s.mend()
	}
	_, err := a.SignUp(t.Context(), in)
	check(t, err)
	refused(t, stored, userpool.ErrUserNotFound, "") // the function runs before the user is stored
	a.code("eve@example.com")
}

// USR-051, USR-052, USR-059, MSG-020: what the answer says of a code, and that exactly that one message goes out.
func TestWhereSignUpSends(t *testing.T) {
	t.Parallel()
	b := setup(t)
	verifying := func(names ...userpool.VerifiedAttributeType) app {
		return b.app(withSMS, func(in *userpool.CreateUserPoolInput) { in.AutoVerifiedAttributes = names })
	}
	none, mail, phone, both := verifying(), verifying("email"), verifying("phone_number"), verifying("email", "phone_number")
	const address, number = "tom@test.example", "+12065559934"
	byMail := &userpool.CodeDeliveryDetailsType{AttributeName: "email", DeliveryMedium: "EMAIL", Destination: "t***@t***"}
	bySMS := &userpool.CodeDeliveryDetailsType{AttributeName: "phone_number", DeliveryMedium: "SMS", Destination: "+*******9934"}
	tests := []struct {
		name  string
		app   app
		attrs []string
		want  *userpool.CodeDeliveryDetailsType
		to    string
	}{
		{"nothing is verified", none, []string{"email", address, "phone_number", number}, nil, ""},
		{"mail verified, none given", mail, nil, nil, ""},
		{"mail verified, number given", mail, []string{"phone_number", number}, nil, ""},
		{"mail verified, both given", mail, []string{"email", address, "phone_number", number}, byMail, address},
		{"number verified, mail given", phone, []string{"email", address}, nil, ""},
		{"number verified, both given", phone, []string{"email", address, "phone_number", number}, bySMS, number},
		{"both verified, mail given", both, []string{"email", address}, byMail, address},
		{"both verified and given", both, []string{"email", address, "phone_number", number}, bySMS, number},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := tt.app.fork(t)
			out, err := a.SignUp(t.Context(), &userpool.SignUpInput{
				ClientId: a.client, Username: "tom", Password: password, UserAttributes: attributes(tt.attrs...),
			})
			check(t, err)
			if out.UserConfirmed || out.UserSub != valueOf(a.profile("tom").UserAttributes, "sub") {
				t.Errorf("confirmed %t, sub %s", out.UserConfirmed, out.UserSub)
			}
			if d := out.CodeDeliveryDetails; (d == nil) != (tt.want == nil) || d != nil && *d != *tt.want {
				t.Errorf("details are %+v, want %+v", d, tt.want)
			}
			a.deliver()
			var to []string
			for _, m := range a.outbox.All() {
				to = append(to, m.Destination)
			}
			if want := slices.DeleteFunc([]string{tt.to}, func(s string) bool { return s == "" }); !slices.Equal(to, want) {
				t.Errorf("messages went to %v, want %v", to, want)
			}
		})
	}
}

// USR-054: without a sender the answer is an error, and the user is there and unconfirmed.
func TestUndeliverableSignUp(t *testing.T) {
	t.Parallel()
	a := setup(t, func(c *userpool.Config) { c.Email = nil }).app()
	refused(t, a.trySignUp("ada", "email", "ada@example.com"), userpool.ErrCodeDeliveryFailure, "")
	if s := a.status("ada"); s != userpool.UserStatusTypeUnconfirmed {
		t.Errorf("status is %s", s)
	}
}

// USR-055: what a code does, and what is wrong with one that does nothing.
func TestConfirmingByCode(t *testing.T) {
	t.Parallel()
	base := setup(t).app(emailAlias)
	base.user("bob", "email", "bob@example.com")
	base.signUp("ada", "email", "ada@example.com")
	code := base.code("ada@example.com")
	for name, run := range map[string]func(t *testing.T, a app){
		"right": func(t *testing.T, a app) {
			check(t, a.confirm("ada", code))
			if a.status("ada") != "CONFIRMED" || a.value("ada", "email_verified") != "true" {
				t.Errorf("status %s, email_verified %s", a.status("ada"), a.value("ada", "email_verified"))
			}
			refused(t, a.confirm("ada", code), userpool.ErrNotAuthorized, "User cannot be confirmed. Current status is CONFIRMED")
		},
		"wrong": func(t *testing.T, a app) {
			refused(t, a.confirm("ada", notCode(code)), userpool.ErrCodeMismatch, codeIsWrong)
			check(t, a.confirm("ada", code))
		},
		"expired": func(t *testing.T, a app) {
			a.clock.Advance(24 * time.Hour)
			refused(t, a.confirm("ada", code), userpool.ErrExpiredCode, codeIsOver)
		},
		"none": func(t *testing.T, a app) {
			a.signUp("eve")
			refused(t, a.confirm("eve", code), userpool.ErrExpiredCode, codeIsOver)
		},
		"alias held": func(t *testing.T, a app) {
			a.signUp("eve", "email", "bob@example.com")
			refused(t, a.confirm("eve", a.code("bob@example.com")), userpool.ErrAliasExists, "An account with the email already exists.")
			if a.status("eve") != "UNCONFIRMED" || a.value("eve", "email_verified") == "true" {
				t.Error("a refused confirmation left something behind")
			}
		},
	} {
		t.Run(name, func(t *testing.T) { run(t, base.fork(t)) })
	}
}

// USR-056: who can have another code, which replaces the one before.
func TestResendingCodes(t *testing.T) {
	t.Parallel()
	b := setup(t)
	a := b.app()
	a.user("bob", "email", "bob@example.com")
	_, err := a.resend("bob")
	refused(t, err, userpool.ErrInvalidParameter, "User is already confirmed.")
	quiet := b.app(func(in *userpool.CreateUserPoolInput) { in.AutoVerifiedAttributes = nil })
	quiet.signUp("ada", "email", "ada@example.com")
	_, err = quiet.resend("ada")
	refused(t, err, userpool.ErrInvalidParameter, "Cannot resend codes. Auto verification not turned on.")
	a.signUp("ada", "email", "ada@example.com")
	first := a.code("ada@example.com")
	_, err = a.resend("ada")
	check(t, err)
	second := a.code("ada@example.com")
	if first != second { // one in a million is the same
		refused(t, a.confirm("ada", first), userpool.ErrCodeMismatch, codeIsWrong)
	}
	check(t, a.confirm("ada", second))
}

// MSG-013: the codes of this version have six digits.
func TestCodesHaveSixDigits(t *testing.T) {
	t.Parallel()
	a := setup(t).app()
	a.user("ada", "email", "ada@example.com")
	access := a.signIn("ada").AccessToken
	for range 4 {
		_, err := a.forgot("ada")
		check(t, err)
		_, err = a.askCode(access, "email")
		check(t, err)
	}
	a.deliver()
	kinds := map[message.Kind]int{}
	six := regexp.MustCompile(`^[0-9]{6}$`)
	for _, m := range a.outbox.All() {
		kinds[m.Kind]++
		if !six.MatchString(m.Code) {
			t.Errorf("%s brings %q", m.Kind, m.Code)
		}
	}
	if kinds[message.SignUp] != 1 || kinds[message.ForgotPassword] != 4 || kinds[message.VerifyUserAttribute] != 4 {
		t.Errorf("messages are %v", kinds)
	}
}

// MSG-021: a reset code goes to the first verified address in the pool's order; a pool without a setting takes the number first.
func TestWhereResetsGo(t *testing.T) {
	t.Parallel()
	b := setup(t)
	unset := b.app(withSMS)
	mailFirst := b.app(withSMS, recovery("verified_email", 1, "verified_phone_number", 2))
	phoneFirst := b.app(withSMS, recovery("verified_email", 2, "verified_phone_number", 1))
	mailOnly := b.app(withSMS, recovery("verified_email", 1))
	tests := []struct {
		name         string
		app          app
		email, phone bool // verified
		want         string
	}{
		{"no setting", unset, true, true, "phone_number"}, {"no setting, mail", unset, true, false, "email"},
		{"mail first", mailFirst, true, true, "email"}, {"mail first, number", mailFirst, false, true, "phone_number"},
		{"number first", phoneFirst, true, true, "phone_number"}, {"number first, mail", phoneFirst, true, false, "email"},
		{"mail only", mailOnly, true, true, "email"}, {"mail only, not verified", mailOnly, false, true, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := tt.app.fork(t)
			a.user("tom")
			for name, v := range map[string]struct {
				value    string
				verified bool
			}{"email": {"tom@test.example", tt.email}, "phone_number": {"+12065559934", tt.phone}} {
				flag := map[bool]string{true: "true", false: "false"}[v.verified]
				check(t, a.updateOf("tom", name, v.value, name+"_verified", flag))
			}
			a.deliver()
			a.outbox.Reset()
			d, err := a.forgot("tom")
			if tt.want == "" {
				refused(t, err, userpool.ErrInvalidParameter, "Cannot reset password for the user as there is no registered/verified email or phone_number")
				return
			}
			check(t, err)
			if a.deliver(); d.AttributeName != tt.want || len(a.outbox.All()) != 1 {
				t.Errorf("details are %+v, %d messages", *d, len(a.outbox.All()))
			}
		})
	}
}
