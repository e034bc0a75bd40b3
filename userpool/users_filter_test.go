package userpool_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/cenote-auth/cenote/awsapi"
	"github.com/cenote-auth/cenote/internal/ident"
	"github.com/cenote-auth/cenote/userpool"
)

// grammar is the filter of USR-072…074 as a regular expression, to compare the parser with.
var grammar = regexp.MustCompile(`^[ \t\r\n]*([^ \t\r\n=^"\\]+)[ \t\r\n]*(\^?=)[ \t\r\n]*"((?:[^"\\]|\\["\\])*)"[ \t\r\n]*$`)

// FuzzListUsersFilter compares what ListUsers finds with a search through all users by the text of the specification (USR-072…080).
func FuzzListUsersFilter(f *testing.F) {
	for _, seed := range []string{
		`email ^= "a"`, `username="ada"`, ` name = "ada \"countess\" \\ lovelace" `, `status ^= "E"`, `cognito:user_status ^= "un"`,
		`sub ^= ""`, `custom:tier = "x"`, `family_name = ""`, `family_name = "STRASSE"`, `username = "a\x"`, `name = "`, "\x00 = \"\xff\"",
		"family_name ^= \"s\xe2\x84\xaa\"",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, filter string) {
		t.Helper()
		a := crowdOf(t)
		all, err := a.ListUsers(t.Context(), &userpool.ListUsersInput{UserPoolId: a.pool})
		check(t, err)
		out, err := a.ListUsers(t.Context(), &userpool.ListUsersInput{UserPoolId: a.pool, Filter: filter})
		m := grammar.FindStringSubmatch(filter)
		if err != nil {
			e := awsapi.AsError(err)
			if e.Code == awsapi.ErrSerialization && !utf8.ValidString(filter) {
				return
			}
			if e.Code != userpool.ErrInvalidParameter {
				t.Fatalf("%q: %v", filter, err)
			}
			if m != nil && e.Message == "Error while parsing filter." && len(filter) <= 256 {
				t.Fatalf("%q is a filter, but: %v", filter, err)
			}
			return
		}
		if m == nil && filter != "" {
			t.Fatalf("%q is no filter, but found %d users", filter, len(out.Users))
		}
		var got, want []string
		for _, u := range out.Users {
			got = append(got, u.Username)
		}
		for _, u := range all.Users {
			if filter == "" || fits(u, m[1], m[2] == "^=", strings.NewReplacer(`\\`, `\`, `\"`, `"`).Replace(m[3])) {
				want = append(want, u.Username)
			}
		}
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Fatalf("%q finds %v, want %v", filter, got, want)
		}
	})
}

// fits decides for one user by the text of USR-073 and USR-077…080.
func fits(u userpool.UserType, name string, prefix bool, value string) bool {
	fold := func(s string) string { return ident.Fold(s, false) }
	has, exact := valueOf(u.Attributes, name), false
	switch name {
	case "username":
		has, exact = u.Username, true
	case "status":
		has, exact = map[bool]string{true: "Enabled", false: "Disabled"}[u.Enabled], true
	case "cognito:user_status":
		has = string(u.UserStatus)
		fold = strings.ToUpper
	}
	if has == "" {
		return false
	}
	if !exact {
		has, value = fold(has), fold(value)
	}
	return prefix && strings.HasPrefix(has, value) || has == value
}

// crowdOf makes a pool with users of all sorts, without passwords, which cost time.
func crowdOf(t *testing.T) app {
	a := setup(t).app(withTier)
	for name, pairs := range map[string][]string{
		"ada": {"email", "Ada@example.com", "name", `Ada "Countess" \ Lovelace`, "phone_number", "+15550100"},
		"Bob": {"family_name", "Straße", "given_name", "\u212Aelvin"}, "\u00e9ve": {"family_name", "Jose\u0301", "preferred_username", "a\x00b"},
	} {
		_, err := a.create(name, having(pairs...))
		check(t, err)
	}
	a.disable("Bob")
	return a
}
