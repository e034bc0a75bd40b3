package userpool_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/cenote-auth/cenote/awsapi"
	"github.com/cenote-auth/cenote/trigger"
	"github.com/cenote-auth/cenote/userpool"
)

func (a app) updateOwn(access string, pairs ...string) ([]userpool.CodeDeliveryDetailsType, error) {
	out, err := a.UpdateUserAttributes(a.t.Context(), &userpool.UpdateUserAttributesInput{
		AccessToken: access, UserAttributes: attributes(pairs...),
	})
	if err != nil {
		return nil, err
	}
	return out.CodeDeliveryDetailsList, nil
}

func (a app) updateOf(name string, pairs ...string) error {
	_, err := a.AdminUpdateUserAttributes(a.t.Context(), &userpool.AdminUpdateUserAttributesInput{
		UserPoolId: a.pool, Username: name, UserAttributes: attributes(pairs...),
	})
	return err
}

func (a app) deleteOf(name string, attributes ...string) error {
	_, err := a.AdminDeleteUserAttributes(a.t.Context(), &userpool.AdminDeleteUserAttributesInput{
		UserPoolId: a.pool, Username: name, UserAttributeNames: attributes,
	})
	return err
}

func (a app) deleteOwn(access string, attributes ...string) error {
	_, err := a.DeleteUserAttributes(a.t.Context(), &userpool.DeleteUserAttributesInput{AccessToken: access, UserAttributeNames: attributes})
	return err
}

func (a app) verifyOwn(access, attribute, code string) error {
	_, err := a.VerifyUserAttribute(a.t.Context(), &userpool.VerifyUserAttributeInput{
		AccessToken: access, AttributeName: attribute, Code: code,
	})
	return err
}

// value returns one attribute of somebody.
func (a app) value(name, attribute string) string {
	a.t.Helper()
	return valueOf(a.profile(name).UserAttributes, attribute)
}

// custom gives the pool attributes of all sorts.
func custom(in *userpool.CreateUserPoolInput) {
	in.Schema = []userpool.SchemaAttributeType{
		{Name: "tier", AttributeDataType: userpool.AttributeDataTypeString},
		{Name: "born", AttributeDataType: userpool.AttributeDataTypeString, Mutable: new(false)},
		{Name: "level", AttributeDataType: userpool.AttributeDataTypeNumber, DeveloperOnlyAttribute: new(true)},
		{Name: "given_name", Required: new(true)},
	}
}

// USR-037, ATTR-040, AUTH-125, USR-003: values change, empty ones delete.
func TestUpdateAttributes(t *testing.T) {
	t.Parallel()
	a := setup(t).app(custom)
	a.user("ada", "given_name", "Ada", "custom:tier", "gold", "name", "Ada Lovelace")
	a.clock.Advance(time.Minute)
	access := a.signIn("ada").AccessToken
	check(t, a.updateOf("ada", "custom:tier", "silver", "dev:custom:level", "7", "name", ""))
	if a.value("ada", "custom:tier") != "silver" || a.value("ada", "dev:custom:level") != "7" || a.value("ada", "name") != "" {
		t.Errorf("attributes are %v", a.profile("ada").UserAttributes)
	}
	if u := a.profile("ada"); !u.UserLastModifiedDate.Equal(a.clock.Now()) || len(u.UserAttributes) != 4 {
		t.Errorf("modified %v, attributes %v", u.UserLastModifiedDate, u.UserAttributes)
	}
	sent, err := a.updateOwn(access, "custom:tier", "bronze", "name", "Countess")
	check(t, err)
	if len(sent) != 0 || a.value("ada", "custom:tier") != "bronze" || a.value("ada", "name") != "Countess" {
		t.Errorf("codes went to %v, attributes are %v", sent, a.profile("ada").UserAttributes)
	}
}

// What may not be changed, by whom: ATTR-011, ATTR-031, ATTR-037, ATTR-038, ATTR-039, AUTH-063, AUTH-099, ERR-049, USR-037.
func TestUpdateAttributesRefusals(t *testing.T) {
	t.Parallel()
	const unwritable = "A client attempted to write unauthorized attribute"
	for _, tt := range []struct {
		name  string
		pairs []string
		admin awsapi.Code // "" if an administrator may
		own   awsapi.Code
		text  string
	}{
		{"none", nil, userpool.ErrInvalidParameter, userpool.ErrInvalidParameter, ""},
		{"unknown", []string{"custom:x", "1"}, userpool.ErrInvalidParameter, userpool.ErrInvalidParameter, "user.custom:x: Attribute does not exist in the schema."},
		{"immutable", []string{"custom:born", "1816"}, userpool.ErrInvalidParameter, userpool.ErrInvalidParameter,
			"user.custom:born: Attribute cannot be updated. (changing an immutable attribute)"},
		{"sub of an administrator", []string{"sub", "x"}, userpool.ErrInvalidParameter, userpool.ErrNotAuthorized, ""},
		{"required and empty", []string{"given_name", ""}, userpool.ErrInvalidParameter, userpool.ErrInvalidParameter, ""},
		{"twice", []string{"name", "a", "name", "b"}, userpool.ErrInvalidParameter, userpool.ErrInvalidParameter, ""},
		{"no address", []string{"email", "ada"}, userpool.ErrInvalidParameter, userpool.ErrInvalidParameter, "Invalid email address format."},
		{"no number", []string{"phone_number", "5550100"}, userpool.ErrInvalidParameter, userpool.ErrInvalidParameter, "Invalid phone number format."},
		{"too long", []string{"name", strings.Repeat("a", 2049)}, userpool.ErrInvalidParameter, userpool.ErrInvalidParameter, ""},
		{"for developers", []string{"dev:custom:level", "9"}, "", userpool.ErrNotAuthorized, unwritable},
		{"a flag", []string{"email_verified", "true"}, "", userpool.ErrNotAuthorized, unwritable},
		{"a flag of nothing", []string{"phone_number_verified", "true"}, userpool.ErrInvalidParameter, userpool.ErrNotAuthorized, ""},
		{"a good and a bad one", []string{"name", "Mallory", "custom:born", "1816"}, userpool.ErrInvalidParameter, userpool.ErrInvalidParameter, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			a := setup(t).app(custom)
			a.user("ada", "given_name", "Ada", "custom:born", "1815", "email", "ada@example.com")
			access := a.signIn("ada").AccessToken
			before := a.profile("ada")
			a.clock.Advance(time.Minute)
			_, err := a.updateOwn(access, tt.pairs...)
			refused(t, err, tt.own, tt.text)
			if tt.admin != "" {
				refused(t, a.updateOf("ada", tt.pairs...), tt.admin, map[bool]string{true: tt.text}[tt.admin == tt.own])
			}
			if now := a.profile("ada"); !now.UserLastModifiedDate.Equal(before.UserLastModifiedDate) || len(now.UserAttributes) != len(before.UserAttributes) {
				t.Errorf("attributes are %v", now.UserAttributes)
			}
			if tt.admin == "" {
				check(t, a.updateOf("ada", tt.pairs...))
			}
		})
	}
}

// ATTR-039: a client writes and deletes what it may write.
func TestWriteAttributes(t *testing.T) {
	t.Parallel()
	a := setup(t).app(func(in *userpool.CreateUserPoolClientInput) { in.WriteAttributes = []string{"nickname"} })
	a.user("ada", "nickname", "A")
	check(t, a.updateOf("ada", "name", "Ada"))
	access := a.signIn("ada").AccessToken
	const text = "A client attempted to write unauthorized attribute"
	_, err := a.updateOwn(access, "nickname", "B", "name", "Mallory")
	refused(t, err, userpool.ErrNotAuthorized, text)
	refused(t, a.deleteOwn(access, "nickname", "name"), userpool.ErrNotAuthorized, text)
	if a.value("ada", "nickname") != "A" || a.value("ada", "name") != "Ada" {
		t.Error("a refused call changed something")
	}
	_, err = a.updateOwn(access, "nickname", "B")
	check(t, err)
	check(t, a.deleteOwn(access, "nickname"))
}

// USR-038, USR-057, ATTR-036: what can be deleted, and that an address takes its flag along.
func TestDeleteAttributes(t *testing.T) {
	t.Parallel()
	a := setup(t).app(custom)
	a.user("ada", "given_name", "Ada", "custom:born", "1815", "custom:tier", "gold", "email", "ada@example.com", "name", "x", "nickname", "y")
	access := a.signIn("ada").AccessToken
	before := a.profile("ada")
	a.clock.Advance(time.Minute)
	const may awsapi.Code = "may"
	for _, tt := range []struct {
		name  string
		names []string
		admin awsapi.Code
		own   awsapi.Code
		text  string
	}{
		{"unknown", []string{"name", "custom:x", "shoe"}, userpool.ErrInvalidParameter, userpool.ErrInvalidParameter,
			"Invalid user attributes: user.custom:x: Attribute does not exist in the schema.\nuser.shoe: Attribute does not exist in the schema.\n"},
		{"required", []string{"name", "given_name"}, userpool.ErrInvalidParameter, userpool.ErrInvalidParameter, ""},
		{"immutable", []string{"name", "custom:born"}, userpool.ErrInvalidParameter, userpool.ErrInvalidParameter, ""},
		{"sub", []string{"sub"}, userpool.ErrInvalidParameter, userpool.ErrNotAuthorized, ""},
		{"a flag", []string{"email_verified"}, may, userpool.ErrNotAuthorized, "A client attempted to write unauthorized attribute"},
		{"for developers, though he has none", []string{"dev:custom:level"}, "", "", ""},
		{"a name too long", []string{strings.Repeat("n", 33)}, userpool.ErrInvalidParameter, userpool.ErrInvalidParameter, ""},
		{"absent", []string{"website"}, "", "", ""},
	} {
		is := func(by string, err error, code awsapi.Code) {
			t.Helper()
			if e := awsapi.AsError(err); err == nil && code != "" || err != nil && (e.Code != code || tt.text != "" && e.Message != tt.text) {
				t.Errorf("%s, %s: got %v, want %q %q", tt.name, by, err, code, tt.text)
			}
		}
		is("own", a.deleteOwn(access, tt.names...), tt.own)
		if tt.admin != may {
			is("by an administrator", a.deleteOf("ada", tt.names...), tt.admin)
		}
	}
	if now := a.profile("ada"); len(now.UserAttributes) != len(before.UserAttributes) || !now.UserLastModifiedDate.Equal(before.UserLastModifiedDate) {
		t.Errorf("attributes are %v", now.UserAttributes)
	}
	check(t, a.deleteOwn(access, "email", "name", "website"))
	check(t, a.deleteOf("ada", "custom:tier"))
	u := a.profile("ada")
	for _, name := range []string{"email", "email_verified", "name", "custom:tier"} {
		if v := valueOf(u.UserAttributes, name); v != "" {
			t.Errorf("%s is still %q", name, v)
		}
	}
	if len(u.UserAttributes) != 4 || !u.UserLastModifiedDate.Equal(a.clock.Now()) {
		t.Errorf("attributes are %v", u.UserAttributes)
	}
	if _, err := a.getUser(access); err != nil { // tokens live on
		t.Error(err)
	}
	check(t, a.updateOf("ada", "email", "ada@example.com"))
	check(t, a.deleteOf("ada", "email_verified", "email"))
}

// C4: a reset code that lies in the former mailbox resets no password.
func TestC4_ResetCodeOfAFormerAddress(t *testing.T) {
	t.Parallel()
	a := setup(t).app()
	a.user("ada", "email", "ada@example.com")
	_, err := a.ForgotPassword(t.Context(), &userpool.ForgotPasswordInput{ClientId: a.client, Username: "ada"})
	check(t, err)
	code := a.code("ada@example.com")
	check(t, a.updateOf("ada", "email", "new@example.com", "email_verified", "true"))
	_, err = a.ConfirmForgotPassword(t.Context(), &userpool.ConfirmForgotPasswordInput{
		ClientId: a.client, Username: "ada", ConfirmationCode: code, Password: another,
	})
	if err == nil {
		t.Error("the code of the former address was good")
	}
	a.signIn("ada")
}

// C2: who is signed out while the message was written changes nothing; an address that changed meanwhile gets the right code.
func TestC2_UpdateMeanwhile(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		world func(a app)
		code  awsapi.Code
		email string
	}{
		{"signed out", func(a app) {
			_, err := a.AdminUserGlobalSignOut(a.t.Context(), &userpool.AdminUserGlobalSignOutInput{UserPoolId: a.pool, Username: "ada"})
			check(a.t, err)
		}, userpool.ErrNotAuthorized, "ada@example.com"},
		{"disabled", func(a app) { a.disable("ada") }, userpool.ErrNotAuthorized, "ada@example.com"},
		{"deleted", func(a app) { a.remove("ada") }, userpool.ErrUserNotFound, ""},
		{"the same address by an administrator", func(a app) {
			check(a.t, a.updateOf("ada", "email", "new@example.com", "email_verified", "true"))
		}, "", "new@example.com"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			var a app
			armed := false
			arn := on(b, "texts", func(_ context.Context, e trigger.CustomMessageEvent) (trigger.CustomMessageEvent, error) {
				if armed && e.TriggerSource == "CustomMessage_UpdateUserAttribute" {
					armed = false
					tt.world(a)
				}
				return e, nil
			})
			a = b.app(lambdas(userpool.LambdaConfigType{CustomMessage: arn}))
			a.user("ada", "email", "ada@example.com")
			access := a.signIn("ada").AccessToken
			a.outbox.Reset()
			armed = true
			sent, err := a.updateOwn(access, "email", "new@example.com")
			if tt.code != "" {
				refused(t, err, tt.code, "")
			} else if check(t, err); len(sent) != 0 {
				t.Errorf("codes went to %v", sent)
			}
			if a.deliver(); len(a.outbox.All()) != 0 {
				t.Errorf("messages are %+v", a.outbox.All())
			}
			if tt.email != "" && a.value("ada", "email") != tt.email {
				t.Errorf("email is %s, want %s", a.value("ada", "email"), tt.email)
			}
		})
	}
}
