package userpool_test

import (
	"testing"

	"github.com/cenote-auth/cenote/userpool"
)

// ATTR-007, ATTR-014, ATTR-016, ATTR-020: what the schema says holds for the values of users, also of attributes that were added to a
// pool that has users.
func TestSchemaIsInForce(t *testing.T) {
	t.Parallel()
	a := setup(t).app(func(in *userpool.CreateUserPoolInput) {
		in.Schema = []userpool.SchemaAttributeType{
			{Name: "name", Required: new(true), Mutable: new(false)},
			{Name: "level", AttributeDataType: userpool.AttributeDataTypeNumber, NumberAttributeConstraints: &userpool.NumberAttributeConstraintsType{
				MinValue: "1", MaxValue: "9",
			}},
			{Name: "secret", AttributeDataType: userpool.AttributeDataTypeString, DeveloperOnlyAttribute: new(true)},
		}
	})
	listed := a.sibling(func(in *userpool.CreateUserPoolClientInput) { in.WriteAttributes = []string{"name"} })
	signUp := func(a app, name string, pairs ...string) error {
		_, err := a.SignUp(t.Context(), &userpool.SignUpInput{
			ClientId: a.client, Username: name, Password: password, UserAttributes: attributes(pairs...),
		})
		return err
	}
	set := func(name string, pairs ...string) error {
		_, err := a.AdminUpdateUserAttributes(t.Context(), &userpool.AdminUpdateUserAttributesInput{
			UserPoolId: a.pool, Username: name, UserAttributes: attributes(pairs...),
		})
		return err
	}
	refused(t, signUp(a, "ada"), userpool.ErrInvalidParameter, "")
	refused(t, signUp(a, "ada", "name", "Ada", "custom:level", "10"), userpool.ErrInvalidParameter, "")
	refused(t, signUp(a, "ada", "name", "Ada", "custom:level", "x"), userpool.ErrInvalidParameter, "")
	refused(t, signUp(a, "ada", "name", "Ada", "custom:team", "red"), userpool.ErrInvalidParameter, "")
	check(t, signUp(a, "ada", "name", "Ada", "custom:level", "9"))
	refused(t, set("ada", "name", "Augusta"), userpool.ErrInvalidParameter, "")

	refused(t, signUp(a, "bob", "name", "Bob", "dev:custom:secret", "x"), userpool.ErrNotAuthorized, "") // ATTR-011
	check(t, set("ada", "dev:custom:secret", "x"))

	_, err := a.AddCustomAttributes(t.Context(), &userpool.AddCustomAttributesInput{
		UserPoolId: a.pool, CustomAttributes: []userpool.SchemaAttributeType{{
			Name: "team", AttributeDataType: userpool.AttributeDataTypeString, Mutable: new(false),
			StringAttributeConstraints: &userpool.StringAttributeConstraintsType{MinLength: "3"},
		}},
	})
	check(t, err)
	refused(t, signUp(a, "bob", "name", "Bob", "custom:team", "no"), userpool.ErrInvalidParameter, "")
	refused(t, signUp(listed, "bob", "name", "Bob", "custom:team", "red"), userpool.ErrNotAuthorized, "")
	check(t, signUp(a, "bob", "name", "Bob", "custom:team", "red"))
	refused(t, set("bob", "custom:team", "blue"), userpool.ErrInvalidParameter, "")
	if team := valueOf(a.profile("bob").UserAttributes, "custom:team"); team != "red" {
		t.Errorf("team is %q", team)
	}
}
