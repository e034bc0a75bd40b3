package userpool_test

import (
	"testing"

	"github.com/cenote-auth/cenote/userpool"
)

// AUTH-547, AUTH-622, AUTH-546, ATTR-041: GetUser tells what the token's client may read, and always sub.
func TestGetUser(t *testing.T) {
	t.Parallel()
	a := setup(t).app(func(in *userpool.CreateUserPoolInput) {
		in.Schema = []userpool.SchemaAttributeType{{Name: "tier", AttributeDataType: userpool.AttributeDataTypeString}}
	})
	sub := a.user("ada", "email", "ada@example.com", "given_name", "Ada", "custom:tier", "gold")
	all := a.signIn("ada")
	out, err := a.getUser(all.AccessToken)
	check(t, err)
	want := map[string]string{
		"sub": sub, "email": "ada@example.com", "email_verified": "true", "given_name": "Ada", "custom:tier": "gold",
	}
	if out.Username != "ada" || len(out.UserAttributes) != len(want) || len(out.UserMFASettingList) != 0 || out.PreferredMfaSetting != "" {
		t.Errorf("got %q with %d attributes, want ada with %d", out.Username, len(out.UserAttributes), len(want))
	}
	for name, v := range want {
		if got := valueOf(out.UserAttributes, name); got != v {
			t.Errorf("%s is %q, want %q", name, got, v)
		}
	}

	few := a.sibling(func(in *userpool.CreateUserPoolClientInput) { in.ReadAttributes = []string{"given_name"} })
	out, err = few.getUser(few.signIn("ada").AccessToken)
	check(t, err)
	if len(out.UserAttributes) != 2 || valueOf(out.UserAttributes, "sub") != sub || valueOf(out.UserAttributes, "given_name") != "Ada" {
		t.Errorf("a client that reads given_name only got %d attributes", len(out.UserAttributes))
	}
}
