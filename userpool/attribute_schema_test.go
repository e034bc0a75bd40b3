package userpool_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/cenote-auth/cenote/awsapi"
	"github.com/cenote-auth/cenote/userpool"
)

// schemaOf returns the schema of a pool as it stands on the wire, by name.
func (b *bench) schemaOf(t *testing.T, pool string) map[string]string {
	t.Helper()
	body, err := b.Invoke(t.Context(), "DescribeUserPool", fmt.Appendf(nil, `{"UserPoolId":%q}`, pool))
	check(t, err)
	var out struct {
		UserPool struct{ SchemaAttributes []json.RawMessage }
	}
	check(t, json.Unmarshal(body, &out))
	got := map[string]string{}
	for _, raw := range out.UserPool.SchemaAttributes {
		var a struct{ Name string }
		check(t, json.Unmarshal(raw, &a))
		got[a.Name] = strings.Replace(string(raw), `"Name":"`+a.Name+`",`, "", 1)
	}
	return got
}

// entry is a schema entry on the wire.
func entry(kind string, mutable, required bool, constraints string) string {
	return fmt.Sprintf(`{"AttributeDataType":%q,"DeveloperOnlyAttribute":false,"Mutable":%t,"Required":%t%s}`, kind, mutable, required, constraints)
}

func lengths(low, high string) string {
	return fmt.Sprintf(`,"StringAttributeConstraints":{"MinLength":%q,"MaxLength":%q}`, low, high)
}

// ATTR-001, ATTR-002: the attributes that every pool has, with their limits as strings.
func TestStandardSchema(t *testing.T) {
	t.Parallel()
	b := setup(t)
	got := b.schemaOf(t, b.app().pool)
	want := map[string]string{
		"sub": entry("String", false, true, lengths("1", "2048")), "birthdate": entry("String", true, false, lengths("10", "10")),
		"email_verified": entry("Boolean", true, false, ""), "phone_number_verified": entry("Boolean", true, false, ""),
		"updated_at": entry("Number", true, false, `,"NumberAttributeConstraints":{"MinValue":"0"}`),
		"identities": entry("String", true, false, `,"StringAttributeConstraints":{}`),
	}
	for _, name := range strings.Fields("name given_name family_name middle_name nickname preferred_username profile picture website email " +
		"gender zoneinfo locale phone_number address") {
		want[name] = entry("String", true, false, lengths("0", "2048"))
	}
	if len(got) != len(want) {
		t.Errorf("%d attributes, want %d", len(got), len(want))
	}
	for name, w := range want {
		if got[name] != w {
			t.Errorf("%s\ngot  %s\nwant %s", name, got[name], w)
		}
	}
}

// ATTR-003, ATTR-007, ATTR-010, ATTR-011, ATTR-014, ATTR-015: what a creation makes of its Schema.
func TestSchemaOfCreation(t *testing.T) {
	t.Parallel()
	b := setup(t)
	body := `{"PoolName":"test","Schema":[
		{"Name":"email","Required":true,"Mutable":false},
		{"Name":"name","AttributeDataType":"String","StringAttributeConstraints":{"MinLength":"2","MaxLength":"9"}},
		{"Name":"plain","AttributeDataType":"String"},
		{"Name":"short","AttributeDataType":"String","Mutable":false,"StringAttributeConstraints":{"MaxLength":"5"}},
		{"Name":"level","AttributeDataType":"Number","StringAttributeConstraints":{"MaxLength":"5"},"NumberAttributeConstraints":{"MinValue":"1"}},
		{"Name":"on","AttributeDataType":"Boolean","NumberAttributeConstraints":{"MinValue":"1"}},
		{"Name":"since","AttributeDataType":"DateTime","StringAttributeConstraints":{"MaxLength":"5"}},
		{"Name":"email_verified","AttributeDataType":"String"},
		{"Name":"hidden","AttributeDataType":"String","DeveloperOnlyAttribute":true}]}`
	out, err := b.Invoke(t.Context(), "CreateUserPool", []byte(body))
	check(t, err)
	var made struct{ UserPool struct{ Id string } }
	check(t, json.Unmarshal(out, &made))
	got := b.schemaOf(t, made.UserPool.Id)
	for name, want := range map[string]string{
		"email": entry("String", false, true, lengths("0", "2048")), "name": entry("String", true, false, lengths("2", "9")),
		"custom:plain":          entry("String", true, false, `,"StringAttributeConstraints":{}`),
		"custom:short":          entry("String", false, false, `,"StringAttributeConstraints":{"MaxLength":"5"}`),
		"custom:level":          entry("Number", true, false, `,"NumberAttributeConstraints":{"MinValue":"1"}`),
		"custom:on":             entry("Boolean", true, false, ""),
		"custom:since":          entry("DateTime", true, false, ""),
		"custom:email_verified": entry("String", true, false, `,"StringAttributeConstraints":{}`), // ATTR-004
		"email_verified":        entry("Boolean", true, false, ""),
		"dev:custom:hidden": strings.Replace(entry("String", true, false, `,"StringAttributeConstraints":{}`),
			`Attribute":false`, `Attribute":true`, 1),
	} {
		if got[name] != want {
			t.Errorf("%s\ngot  %s\nwant %s", name, got[name], want)
		}
	}
}

// badAttributes are what no schema takes, in a creation or later. The first one of these names is "a".
var badAttributes = []struct {
	name string
	json string
	text string
}{
	{"no name", `{"AttributeDataType":"String"}`, ""},
	{"ATTR-010 long", `{"Name":"` + strings.Repeat("a", 21) + `","AttributeDataType":"String"}`, ""},
	{"ATTR-010 blank", `{"Name":"a b","AttributeDataType":"String"}`, ""},
	{"ATTR-012 no type", `{"Name":"a"}`, "Invalid AttributeDataType input, consider using the provided AttributeDataType enum."},
	{"ATTR-012 unknown type", `{"Name":"a","AttributeDataType":"Text"}`, ""},
	{"ATTR-013", `{"Name":"a","AttributeDataType":"String","Required":true}`, "Required custom attributes are not supported currently."},
	{"ATTR-016 no number", `{"Name":"a","AttributeDataType":"String","StringAttributeConstraints":{"MaxLength":"x"}}`,
		"Invalid StringAttributeConstraints for schema attribute a"},
	{"ATTR-016 long", `{"Name":"a","AttributeDataType":"String","StringAttributeConstraints":{"MaxLength":"2049"}}`,
		"user.a: String attributes cannot have a length of more than 2048"},
	{"ATTR-016 lengths", `{"Name":"a","AttributeDataType":"String","StringAttributeConstraints":{"MinLength":"5","MaxLength":"4"}}`,
		"user.a: Max length cannot be less than min length."},
	{"ATTR-017 negative", `{"Name":"a","AttributeDataType":"Number","NumberAttributeConstraints":{"MinValue":"-1"}}`,
		"Invalid NumberAttributeConstraints for schema attribute a"},
	{"ATTR-016 values", `{"Name":"a","AttributeDataType":"Number","NumberAttributeConstraints":{"MinValue":"5","MaxValue":"4"}}`,
		"user.a: Max value cannot be less than min value."},
	{"ATTR-018 twice", `{"Name":"a","AttributeDataType":"String"},{"Name":"a","AttributeDataType":"Number"}`,
		"custom:a: Existing attribute already has name custom:a."},
	{"ATTR-018 twice, for developers", `{"Name":"a","AttributeDataType":"String","DeveloperOnlyAttribute":true},{"Name":"a","AttributeDataType":"Number"}`,
		"custom:a: Existing attribute already has name dev:custom:a."},
}

// ATTR-004…006, ATTR-010…018: schemas that no pool is made with.
func TestSchemaRefusals(t *testing.T) {
	t.Parallel()
	b := setup(t)
	try := func(t *testing.T, attributes, text string) {
		t.Helper()
		_, err := b.Invoke(t.Context(), "CreateUserPool", []byte(`{"PoolName":"test","Schema":[`+attributes+`]}`))
		refused(t, err, userpool.ErrInvalidParameter, text)
	}
	for _, tt := range badAttributes {
		t.Run(tt.name, func(t *testing.T) { try(t, tt.json, tt.text) })
	}
	const changed = "You can not change AttributeDataType or set developerOnlyAttribute for standard schema attribute "
	for _, tt := range []struct{ name, json, text string }{
		{"ATTR-004", `{"Name":"phone_number_verified","AttributeDataType":"String"}`, "1 validation error detected: Value " +
			"'phone_number_verified' at 'schema.1.member.name' failed to satisfy constraint: Member must have length less than or equal to 20"},
		{"ATTR-005 type", `{"Name":"email","AttributeDataType":"Number"}`, changed + "email"},
		{"ATTR-005 developer only", `{"Name":"email","DeveloperOnlyAttribute":true}`, changed + "email"},
		{"ATTR-006", `{"Name":"sub","Required":false}`, ""},
		{"ATTR-016 standard", `{"Name":"email","StringAttributeConstraints":{"MaxLength":"-1"}}`,
			"Invalid StringAttributeConstraints for schema attribute email"},
		{"standard twice", `{"Name":"email"},{"Name":"email","Required":true}`, ""},
	} {
		t.Run(tt.name, func(t *testing.T) { try(t, tt.json, tt.text) })
	}
	if n := len(b.poolIDs()); n != 0 {
		t.Errorf("%d pools were made", n)
	}
}

// ATTR-018…020: attributes are added to a pool that has users, all of a call or none, up to 25 a call and 50 in all.
func TestAddCustomAttributes(t *testing.T) {
	t.Parallel()
	b := setup(t)
	a := b.app(func(in *userpool.CreateUserPoolInput) {
		in.Schema = []userpool.SchemaAttributeType{{Name: "old", AttributeDataType: userpool.AttributeDataTypeString}}
	})
	listed := a.sibling(func(in *userpool.CreateUserPoolClientInput) {
		in.ReadAttributes, in.WriteAttributes = []string{"email"}, []string{"email"}
	})
	a.user("ada", "email", "ada@example.com")
	add := func(attributes string) ([]byte, error) {
		return b.Invoke(t.Context(), "AddCustomAttributes", fmt.Appendf(nil, `{"UserPoolId":%q,"CustomAttributes":[%s]}`, a.pool, attributes))
	}
	numbered := func(from, n int) string {
		var list []string
		for i := range n {
			list = append(list, fmt.Sprintf(`{"Name":"n%d","AttributeDataType":"Number"}`, from+i))
		}
		return strings.Join(list, ",")
	}
	before := len(b.schemaOf(t, a.pool))
	for _, tt := range badAttributes {
		t.Run(tt.name, func(t *testing.T) {
			_, err := add(`{"Name":"good","AttributeDataType":"String"},` + tt.json)
			refused(t, err, userpool.ErrInvalidParameter, tt.text)
		})
	}
	_, err := add(`{"Name":"good","AttributeDataType":"String"},{"Name":"old","AttributeDataType":"String"}`)
	refused(t, err, userpool.ErrInvalidParameter, "custom:old: Existing attribute already has name custom:old.")
	for name, attributes := range map[string]string{"none": ``, "26": numbered(0, 26)} {
		t.Run(name, func(t *testing.T) {
			_, err := add(attributes)
			refused(t, err, userpool.ErrInvalidParameter, "")
		})
	}
	_, err = add(`7`)
	refused(t, err, awsapi.ErrSerialization, "")
	if after := len(b.schemaOf(t, a.pool)); after != before {
		t.Errorf("refused calls added %d attributes", after-before)
	}

	body, err := add(numbered(0, 25))
	check(t, err)
	if string(body) != "{}" {
		t.Errorf("answered %s", body)
	}
	_, err = add(numbered(25, 25))
	refused(t, err, userpool.ErrInvalidParameter, "") // ATTR-019: 51
	_, err = add(numbered(25, 24))
	check(t, err)
	if after := len(b.schemaOf(t, a.pool)); after != before+49 {
		t.Errorf("%d attributes were added", after-before)
	}
	set := func(c app) error {
		_, err := b.UpdateUserAttributes(t.Context(), &userpool.UpdateUserAttributesInput{
			AccessToken: c.signIn("ada").AccessToken, UserAttributes: attributes("custom:n48", "7"),
		})
		return err
	}
	refused(t, set(listed), userpool.ErrNotAuthorized, "A client attempted to write unauthorized attribute") // ATTR-020
	check(t, set(a))
	out, err := listed.getUser(listed.signIn("ada").AccessToken)
	check(t, err)
	if got := valueOf(out.UserAttributes, "custom:n48"); got != "" {
		t.Errorf("a client whose list does not have it reads %q", got)
	}
}
