package userpool_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/cenote-auth/cenote/awsapi"
	"github.com/cenote-auth/cenote/trigger"
	"github.com/cenote-auth/cenote/userpool"
)

// AUTH-581, AUTH-092: what SignUp refuses, the first that fails being told. Nobody is made by a refused call.
func TestSignUpRefusals(t *testing.T) {
	t.Parallel()
	b := setup(t)
	plain := b.app(func(in *userpool.CreateUserPoolInput) {
		in.Schema = []userpool.SchemaAttributeType{
			{Name: "tier", AttributeDataType: userpool.AttributeDataTypeString},
			{Name: "level", AttributeDataType: userpool.AttributeDataTypeString, DeveloperOnlyAttribute: new(true)},
			{Name: "given_name", Required: new(true)},
		}
	})
	narrow := plain.sibling(func(in *userpool.CreateUserPoolClientInput) { in.WriteAttributes = []string{"email", "given_name"} })
	closed := b.app(func(in *userpool.CreateUserPoolInput) {
		in.AdminCreateUserConfig = &userpool.AdminCreateUserConfigType{AllowAdminCreateUserOnly: true}
	})
	email, alias := b.app(byEmail), b.app(func(in *userpool.CreateUserPoolInput) {
		in.AliasAttributes = []userpool.AliasAttributeType{
			userpool.AliasAttributeTypeEmail, userpool.AliasAttributeTypePhoneNumber, userpool.AliasAttributeTypePreferredUsername,
		}
	})
	either := b.app(byEmail, func(in *userpool.CreateUserPoolInput) {
		in.UsernameAttributes = append(in.UsernameAttributes, userpool.UsernameAttributeTypePhoneNumber)
	})
	plain.user("taken", "given_name", "T")

	tests := []struct {
		name     string
		app      app
		username string
		password string
		attrs    []string
		code     awsapi.Code
		text     string
	}{
		{"AUTH-091 closed", closed, "ada", password, nil, userpool.ErrNotAuthorized, "SignUp is not permitted for this user pool"},
		{"AUTH-093 no password", plain, "ada", "", []string{"given_name", "A"}, userpool.ErrInvalidParameter,
			"1 validation error detected: Value null at 'password' failed to satisfy constraint: Member must not be null"},
		{"AUTH-415 short", plain, "ada", "Aa1-", nil, userpool.ErrInvalidPassword, "Password did not conform with policy: Password not long enough"},
		{"AUTH-415 upper", plain, "ada", "aaaaaa1-", nil, userpool.ErrInvalidPassword, "Password did not conform with policy: Password must have uppercase characters"},
		{"AUTH-415 lower", plain, "ada", "AAAAAA1-", nil, userpool.ErrInvalidPassword, "Password did not conform with policy: Password must have lowercase characters"},
		{"AUTH-415 number", plain, "ada", "Aaaaaaa-", nil, userpool.ErrInvalidPassword, "Password did not conform with policy: Password must have numeric characters"},
		{"AUTH-415 symbol", plain, "ada", "Aaaaaaa1", nil, userpool.ErrInvalidPassword, "Password did not conform with policy: Password must have symbol characters"},
		{"AUTH-414 other letters are no class", plain, "ada", "äöüÄÖÜ1-", nil, userpool.ErrInvalidPassword, "Password did not conform with policy: Password must have uppercase characters"},
		{"AUTH-096 required", plain, "ada", password, nil, userpool.ErrInvalidParameter,
			"Attributes did not conform to the schema: given_name: The attribute is required\n"},
		{"AUTH-097 unknown", plain, "ada", password, []string{"given_name", "A", "custom:x", "1"}, userpool.ErrInvalidParameter,
			"Attributes did not conform to the schema: Type for attribute {custom:x} could not be determined"},
		{"AUTH-098 not writable", narrow, "ada", password, []string{"given_name", "A", "custom:tier", "gold"}, userpool.ErrNotAuthorized,
			"A client attempted to write unauthorized attribute"},
		{"AUTH-099 sub", plain, "ada", password, []string{"given_name", "A", "sub", "1"}, userpool.ErrNotAuthorized,
			"A client attempted to write unauthorized attribute"},
		{"AUTH-099 verified flag", plain, "ada", password, []string{"given_name", "A", "email", "a@b.co", "email_verified", "true"},
			userpool.ErrNotAuthorized, "A client attempted to write unauthorized attribute"},
		{"AUTH-099 identities", plain, "ada", password, []string{"given_name", "A", "identities", "[]"}, userpool.ErrNotAuthorized,
			"A client attempted to write unauthorized attribute"},
		{"AUTH-099 cognito:", plain, "ada", password, []string{"given_name", "A", "cognito:groups", "admins"}, userpool.ErrNotAuthorized,
			"A client attempted to write unauthorized attribute"},
		{"ATTR-011 developer only", plain, "ada", password, []string{"given_name", "A", "dev:custom:level", "9"}, userpool.ErrNotAuthorized,
			"A client attempted to write unauthorized attribute"},
		{"AUTH-063 phone", plain, "ada", password, []string{"given_name", "A", "phone_number", "0123"}, userpool.ErrInvalidParameter, "Invalid phone number format."},
		{"AUTH-063 email", plain, "ada", password, []string{"given_name", "A", "email", "nowhere"}, userpool.ErrInvalidParameter, "Invalid email address format."},
		{"ERR-049 twice", plain, "ada", password, []string{"given_name", "A", "given_name", "B"}, userpool.ErrInvalidParameter, "Duplicate attribute name: given_name"},
		{"AUTH-095 taken", plain, "taken", password, []string{"given_name", "A"}, userpool.ErrUsernameExists, "User already exists"},
		{"AUTH-047 not an email", email, "ada", password, nil, userpool.ErrInvalidParameter, "Username should be an email."},
		{"AUTH-047 neither", either, "ada", password, nil, userpool.ErrInvalidParameter, "Username should be either an email or a phone number."},
		{"AUTH-053 email form", alias, "ada@example.com", password, nil, userpool.ErrInvalidParameter,
			"Username cannot be of email format, since user pool is configured for email alias."},
		{"AUTH-053 phone form", alias, "+15550100", password, nil, userpool.ErrInvalidParameter,
			"Username cannot be of phone number format, since user pool is configured for phone number alias."},
		{"AUTH-054 preferred name", alias, "ada", password, []string{"preferred_username", "ada2"}, userpool.ErrInvalidParameter, ""},
		{"AUTH-041 white space", plain, "a da", password, nil, userpool.ErrInvalidParameter, ""},
		{"AUTH-411 too long", plain, "ada", password + string(make([]byte, 300)), nil, userpool.ErrInvalidParameter, ""},
		{"AUTH-082 unknown client", app{bench: b, pool: plain.pool, client: "nobody"}, "ada", password, nil, userpool.ErrResourceNotFound,
			"User pool client nobody does not exist."},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := b.SignUp(t.Context(), &userpool.SignUpInput{
				ClientId: tt.app.client, Username: tt.username, Password: tt.password, UserAttributes: attributes(tt.attrs...),
			})
			refused(t, err, tt.code, tt.text)
			if tt.username != "taken" {
				_, err = b.AdminGetUser(t.Context(), &userpool.AdminGetUserInput{UserPoolId: tt.app.pool, Username: "ada"})
				refused(t, err, userpool.ErrUserNotFound, "User does not exist.")
			}
		})
	}
	b.deliver()
	if n := len(b.outbox.All()); n != 0 {
		t.Errorf("%d messages were sent by calls that were refused", n)
	}
}

// AUTH-010, AUTH-100…104, AUTH-117, MSG-006: the answer of SignUp says where the code went, masked, and only if one went.
func TestSignUpDelivery(t *testing.T) {
	t.Parallel()
	both := func(in *userpool.CreateUserPoolInput) {
		in.AutoVerifiedAttributes = []userpool.VerifiedAttributeType{userpool.VerifiedAttributeTypeEmail, userpool.VerifiedAttributeTypePhoneNumber}
		in.SmsConfiguration = &userpool.SmsConfigurationType{SnsCallerArn: "arn:aws:iam::123456789012:role/sns", ExternalId: "x"}
	}
	none := func(in *userpool.CreateUserPoolInput) { in.AutoVerifiedAttributes = nil }
	tests := []struct {
		name    string
		pool    func(*userpool.CreateUserPoolInput)
		attrs   []string
		details *userpool.CodeDeliveryDetailsType
		to      string
	}{
		{"AUTH-104 email", both, []string{"email", "test@test.com"},
			&userpool.CodeDeliveryDetailsType{Destination: "t***@t***", DeliveryMedium: "EMAIL", AttributeName: "email"}, "test@test.com"},
		{"AUTH-104 phone", both, []string{"phone_number", "+15550101234"},
			&userpool.CodeDeliveryDetailsType{Destination: "+*******1234", DeliveryMedium: "SMS", AttributeName: "phone_number"}, "+15550101234"},
		{"AUTH-102 phone before email", both, []string{"email", "a@b.co", "phone_number", "+15550101234"},
			&userpool.CodeDeliveryDetailsType{Destination: "+*******1234", DeliveryMedium: "SMS", AttributeName: "phone_number"}, "+15550101234"},
		{"AUTH-101 no address", both, nil, nil, ""},
		{"AUTH-101 nothing is verified", none, []string{"email", "a@b.co"}, nil, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			a := b.app(tt.pool)
			out, err := a.SignUp(t.Context(), &userpool.SignUpInput{
				ClientId: a.client, Username: "ada", Password: password, UserAttributes: attributes(tt.attrs...),
			})
			check(t, err)
			if out.UserConfirmed {
				t.Error("the user is confirmed")
			}
			if (out.CodeDeliveryDetails == nil) != (tt.details == nil) || tt.details != nil && *out.CodeDeliveryDetails != *tt.details {
				t.Errorf("delivery is %+v, want %+v", out.CodeDeliveryDetails, tt.details)
			}
			b.deliver()
			sent := b.outbox.All()
			switch {
			case tt.details == nil:
				if len(sent) != 0 {
					t.Errorf("%d messages were sent", len(sent))
				}
			case len(sent) != 1 || sent[0].Destination != tt.to || len(sent[0].Code) != 6 || sent[0].Body != "Your verification code is "+sent[0].Code+". ":
				t.Errorf("got %d messages, want one to %s", len(sent), tt.to)
			}
			p := a.profile("ada")
			if p.UserStatus != userpool.UserStatusTypeUnconfirmed || !p.Enabled || valueOf(p.UserAttributes, "sub") != out.UserSub {
				t.Errorf("status %s, enabled %t, sub %s; want an unconfirmed user %s", p.UserStatus, p.Enabled, valueOf(p.UserAttributes, "sub"), out.UserSub)
			}
		})
	}
}

// AUTH-042, AUTH-046, AUTH-048, AUTH-050: in a pool whose users are named by an address the username is a UUID, and the
// address is unique from the first day.
func TestSignUpByEmail(t *testing.T) {
	t.Parallel()
	a := setup(t).app(byEmail, func(in *userpool.CreateUserPoolInput) {
		in.UsernameConfiguration = &userpool.UsernameConfigurationType{CaseSensitive: false}
	})
	sub := a.signUp("Ada@Example.com")
	p := a.profile("ada@example.com")
	if p.Username != sub || valueOf(p.UserAttributes, "email") != "Ada@Example.com" {
		t.Errorf("username %s, email %s; want the sub %s and the address as given", p.Username, valueOf(p.UserAttributes, "email"), sub)
	}
	if a.profile(sub).Username != sub {
		t.Error("the sub does not find the user")
	}
	_, err := a.SignUp(t.Context(), &userpool.SignUpInput{ClientId: a.client, Username: "ADA@example.com", Password: password})
	refused(t, err, userpool.ErrUsernameExists, "An account with the given email already exists.")
	_, err = a.SignUp(t.Context(), &userpool.SignUpInput{
		ClientId: a.client, Username: "bob@example.com", Password: password, UserAttributes: attributes("email", "ada@example.com"),
	})
	refused(t, err, userpool.ErrInvalidParameter, "")
}

// AUTH-041, AUTH-061: of many who take one name at once, one gets it; the others are told.
func TestSignUpRace(t *testing.T) {
	t.Parallel()
	a := setup(t).app(func(in *userpool.CreateUserPoolInput) {
		in.UsernameConfiguration = &userpool.UsernameConfigurationType{CaseSensitive: false}
	})
	names := []string{"ada", "Ada", "ADA", "aDa"}
	won := 0
	for _, err := range race(16, func(i int) error {
		_, err := a.SignUp(t.Context(), &userpool.SignUpInput{ClientId: a.client, Username: names[i%4], Password: password})
		return err
	}) {
		switch {
		case err == nil:
			won++
		case !errors.Is(err, userpool.ErrUsernameExists):
			t.Errorf("got %v, want UsernameExistsException", err)
		}
	}
	if won != 1 {
		t.Errorf("%d got the name, want 1", won)
	}
}

type preSignUp = trigger.PreSignUpEvent

// AUTH-011, AUTH-059, AUTH-105, TRG-040…043, TRG-050: the pre sign-up function confirms and verifies; nothing is sent then, and
// the post confirmation function runs.
func TestPreSignUp(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var asked preSignUp
	var told []trigger.PostConfirmationEvent
	ask := on(b, "ask", func(_ context.Context, e preSignUp) (preSignUp, error) {
		asked = e
		e.Response.AutoConfirmUser, e.Response.AutoVerifyEmail = true, e.Request.UserAttributes["email"] != "" || e.UserName == "nobody"
		return e, nil
	})
	tell := on(b, "tell", func(_ context.Context, e trigger.PostConfirmationEvent) (trigger.PostConfirmationEvent, error) {
		told = append(told, e)
		return e, nil
	})
	a := b.app(emailAlias, lambdas(userpool.LambdaConfigType{PreSignUp: ask, PostConfirmation: tell}))
	out, err := a.SignUp(t.Context(), &userpool.SignUpInput{
		ClientId: a.client, Username: "ada", Password: password, UserAttributes: attributes("email", "ada@example.com"),
		ValidationData: attributes("captcha", "7"), ClientMetadata: map[string]string{"k": "v"},
	})
	check(t, err)
	if !out.UserConfirmed || out.CodeDeliveryDetails != nil {
		t.Errorf("confirmed %t, delivery %v; want a confirmed user and no code", out.UserConfirmed, out.CodeDeliveryDetails)
	}
	if asked.UserName != "ada" || asked.TriggerSource != trigger.PreSignUpSignUp || asked.Request.ValidationData["captcha"] != "7" ||
		asked.Request.ClientMetadata["k"] != "v" || len(asked.Request.UserAttributes) != 1 || asked.CallerContext.ClientID != a.client {
		t.Errorf("the function was asked %+v", asked)
	}
	if len(told) != 1 || told[0].TriggerSource != trigger.PostConfirmationConfirmSignUp || told[0].Request.UserAttributes["sub"] != out.UserSub ||
		told[0].Request.UserAttributes["cognito:user_status"] != "CONFIRMED" || told[0].Request.UserAttributes["email_verified"] != "true" {
		t.Errorf("the post confirmation function was told %+v", told)
	}
	b.deliver()
	if n := len(b.outbox.All()); n != 0 {
		t.Errorf("%d messages were sent to a confirmed user", n)
	}
	a.signIn("ada@example.com")

	second, err := a.SignUp(t.Context(), &userpool.SignUpInput{ // takes the alias (AUTH-059)
		ClientId: a.client, Username: "bob", Password: password, UserAttributes: attributes("email", "ada@example.com"),
	})
	check(t, err)
	if got := a.profile("ada@example.com").Username; got != "bob" {
		t.Errorf("the alias finds %s, want bob", got)
	}
	if v := valueOf(a.profile("ada").UserAttributes, "email_verified"); v != "false" || second.UserSub == out.UserSub {
		t.Errorf("email_verified of the former owner is %q", v)
	}
	_, err = a.SignUp(t.Context(), &userpool.SignUpInput{ClientId: a.client, Username: "nobody", Password: password})
	refused(t, err, userpool.ErrUserLambdaValidation, "PreSignUp failed with error email is required to be auto verified.")
}

// AUTH-150, TRG-021, ERR-082: a function that refuses leaves nobody behind.
func TestPreSignUpRefuses(t *testing.T) {
	t.Parallel()
	b := setup(t)
	arn := on(b, "no", func(context.Context, preSignUp) (preSignUp, error) { return preSignUp{}, errors.New("not you") })
	a := b.app(lambdas(userpool.LambdaConfigType{PreSignUp: arn}))
	_, err := a.SignUp(t.Context(), &userpool.SignUpInput{ClientId: a.client, Username: "ada", Password: password})
	refused(t, err, userpool.ErrUserLambdaValidation, "PreSignUp failed with error not you.")
	_, err = a.AdminGetUser(t.Context(), &userpool.AdminGetUserInput{UserPoolId: a.pool, Username: "ada"})
	refused(t, err, userpool.ErrUserNotFound, "")
}

// Whether sign-up is open is decided when the user is stored: closed while the function runs, it makes nobody.
func TestC2_SignUpClosedMeanwhile(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var a app
	arn := on(b, "close", func(ctx context.Context, e preSignUp) (preSignUp, error) {
		_, err := a.UpdateUserPool(ctx, &userpool.UpdateUserPoolInput{
			UserPoolId: a.pool, AdminCreateUserConfig: &userpool.AdminCreateUserConfigType{AllowAdminCreateUserOnly: true},
		})
		return e, err
	})
	a = b.app(lambdas(userpool.LambdaConfigType{PreSignUp: arn}))
	_, err := a.SignUp(t.Context(), &userpool.SignUpInput{ClientId: a.client, Username: "ada", Password: password})
	refused(t, err, userpool.ErrNotAuthorized, "SignUp is not permitted for this user pool")
	_, err = a.AdminGetUser(t.Context(), &userpool.AdminGetUserInput{UserPoolId: a.pool, Username: "ada"})
	refused(t, err, userpool.ErrUserNotFound, "")
}

// AUTH-107: without anybody to deliver, the user is made all the same and can ask again.
func TestSignUpWithoutSender(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *userpool.Config) { c.Email = nil })
	a := b.app()
	_, err := a.SignUp(t.Context(), &userpool.SignUpInput{
		ClientId: a.client, Username: "ada", Password: password, UserAttributes: attributes("email", "ada@example.com"),
	})
	refused(t, err, userpool.ErrCodeDeliveryFailure, "")
	if s := a.status("ada"); s != userpool.UserStatusTypeUnconfirmed {
		t.Errorf("status is %s, want UNCONFIRMED", s)
	}
}

// What is sent to one address is bounded, whoever asks for it (H12).
func TestH12_MessagesPerDestination(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *userpool.Config) { c.Limits.MessagesPerDestination = 3 })
	a := b.app()
	for _, name := range []string{"a", "b", "c"} {
		a.signUp(name, "email", "victim@example.com")
	}
	in := &userpool.SignUpInput{
		ClientId: a.client, Username: "d", Password: password, UserAttributes: attributes("email", "victim@example.com"),
	}
	_, err := a.SignUp(t.Context(), in)
	refused(t, err, userpool.ErrLimitExceeded, "Attempt limit exceeded, please try after some time.")
	b.clock.Advance(time.Hour)
	_, err = a.SignUp(t.Context(), in)
	check(t, err)
}
