package userpool_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/cenote-auth/cenote/awsapi"
	"github.com/cenote-auth/cenote/userpool"
)

// POOL-021, POOL-025, POOL-026: classes are Basic Latin, a space within counts as a symbol, and of several reasons
// the first is told: length, upper, lower (AUTH-415), number, symbol. Of too short ones the policy speaks, above 256 and of a space
// at either end the model.
func TestPasswordClasses(t *testing.T) {
	t.Parallel()
	const nonconforming = "Password did not conform with policy: "
	const short, upper, lower, number, symbol = nonconforming + "Password not long enough", nonconforming + "Password must have uppercase characters",
		nonconforming + "Password must have lowercase characters", nonconforming + "Password must have numeric characters",
		nonconforming + "Password must have symbol characters"
	base := setup(t).app(policy(userpool.PasswordPolicyType{
		MinimumLength: new(int32(6)), RequireLowercase: true, RequireUppercase: true, RequireNumbers: true, RequireSymbols: true,
	}))
	base.user("ada")
	type try struct {
		name, password string
		code           awsapi.Code
		text           string
	}
	tests := []try{
		{"POOL-026 one character", "a", userpool.ErrInvalidPassword, short},
		{"POOL-026 five of all classes", "aA1-x", userpool.ErrInvalidPassword, short},
		{"six", "aA1-xx", "", ""},
		{"256", "aA1-" + strings.Repeat("x", 252), "", ""},
		{"POOL-026 257", "aA1-" + strings.Repeat("x", 253), userpool.ErrInvalidParameter, ""},
		{"POOL-025 nothing but length", "______", userpool.ErrInvalidPassword, upper},
		{"POOL-025 no lower, no number", "AAAAAA", userpool.ErrInvalidPassword, lower},
		{"POOL-025 no number, no symbol", "aaaaaA", userpool.ErrInvalidPassword, number},
		{"POOL-025 no symbol", "aaaaA1", userpool.ErrInvalidPassword, symbol},
		{"POOL-021 other lower case", "äßA1--", userpool.ErrInvalidPassword, lower},
		{"POOL-021 other upper case", "aaÄÖ1-", userpool.ErrInvalidPassword, upper},
		{"POOL-021 other digits", "aaAA٣-", userpool.ErrInvalidPassword, number},
		{"POOL-021 other symbols", "aaAA1§€", userpool.ErrInvalidPassword, symbol},
		{"POOL-021 space within", "aa AA1", "", ""},
		{"POOL-021 space before", " aaAA1", userpool.ErrInvalidParameter, ""},
		{"POOL-021 space behind", "aaAA1 ", userpool.ErrInvalidParameter, ""},
	}
	for _, r := range "^$*.[]{}()?\"!@#%&/\\,><':;|_~`=+-" {
		tests = append(tests, try{"POOL-021 " + string(r), "aaAA1" + string(r), "", ""})
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := base.fork(t)
			err := a.trySetPassword("ada", tt.password, true)
			if tt.code == "" {
				check(t, err)
				_, err = a.tryPassword("ada", tt.password)
				check(t, err)
				return
			}
			refused(t, err, tt.code, tt.text)
			a.signIn("ada") // the old one
		})
	}
}

// AUTH-413: the policy of a pool that was made without one, as it is told and as it is applied.
func TestPolicyByDefault(t *testing.T) {
	t.Parallel()
	a := setup(t).app()
	p := a.poolOf(a.pool).Policies.PasswordPolicy
	if *p.MinimumLength != 8 || !p.RequireLowercase || !p.RequireUppercase || !p.RequireNumbers || !p.RequireSymbols || p.TemporaryPasswordValidityDays != 7 {
		t.Errorf("the policy is %+v", p)
	}
	a.user("ada")
	for word, reason := range map[string]string{
		"aaAA1-x": "not long enough", "AAAAAA1-": "must have lowercase characters", "aaaaaa1-": "must have uppercase characters",
		"aaaaAAA-": "must have numeric characters", "aaaaAA11": "must have symbol characters",
	} {
		refused(t, a.trySetPassword("ada", word, true), userpool.ErrInvalidPassword, "Password did not conform with policy: Password "+reason)
	}
	check(t, a.trySetPassword("ada", "aaaAA11-", true))
}

// AUTH-155, AUTH-203: the parameters of the challenge after a temporary password are strings, lists and objects among them JSON
// text, and they name the user by the internal name, which the answer may use.
func TestParametersOfNewPassword(t *testing.T) {
	t.Parallel()
	a := setup(t).app(byEmail, func(in *userpool.CreateUserPoolInput) {
		in.Schema = []userpool.SchemaAttributeType{{Name: "given_name", Required: new(true)}}
	})
	a.newcomer("ada@example.com", "nickname", "A")
	sub := valueOf(a.profile("ada@example.com").UserAttributes, "sub")
	out, err := a.tryPassword("ada@example.com", password)
	check(t, err)
	if got := out.ChallengeParameters["USER_ID_FOR_SRP"]; got != sub {
		t.Errorf("USER_ID_FOR_SRP is %s, want %s", got, sub)
	}
	var required []string
	check(t, json.Unmarshal([]byte(out.ChallengeParameters["requiredAttributes"]), &required))
	var attrs map[string]string
	check(t, json.Unmarshal([]byte(out.ChallengeParameters["userAttributes"]), &attrs))
	if len(required) != 1 || required[0] != "userAttributes.given_name" || attrs["nickname"] != "A" || attrs["email"] != "ada@example.com" {
		t.Errorf("requiredAttributes are %v, userAttributes %v", required, attrs)
	}
	done, err := a.respond(newPassword, out.Session, "USERNAME", sub, "NEW_PASSWORD", another, "userAttributes.given_name", "Ada")
	check(t, err)
	if done.AuthenticationResult == nil {
		t.Errorf("the answer leads to %s", done.ChallengeName)
	}
}

// ATTR-034: one entry for each required attribute that is missing, each with a line break; the formatted ones by their path.
func TestMissingAttributes(t *testing.T) {
	t.Parallel()
	a := setup(t).app(func(in *userpool.CreateUserPoolInput) {
		in.Schema = []userpool.SchemaAttributeType{
			{Name: "name", Required: new(true)}, {Name: "given_name", Required: new(true)}, {Name: "family_name", Required: new(true)},
		}
	})
	const prefix = "Attributes did not conform to the schema: "
	const given, name = "given_name: The attribute is required\n", "name.formatted: The attribute name.formatted is required\n"
	for missing, attrs := range map[string][]string{
		given: {"name", "A", "family_name", "B"},
		name:  {"given_name", "A", "family_name", "B"},
	} {
		refused(t, a.trySignUp("ada", attrs...), userpool.ErrInvalidParameter, prefix+missing)
	}
	err := a.trySignUp("ada", "family_name", "B")
	if text := errorText(err); text != prefix+given+name && text != prefix+name+given {
		t.Errorf("got %q", text)
	}
	if got := a.names(); len(got) != 0 {
		t.Errorf("users are %v", got)
	}
}
