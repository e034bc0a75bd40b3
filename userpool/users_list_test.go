package userpool_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cenote-auth/cenote/awsapi"
	"github.com/cenote-auth/cenote/userpool"
)

// list returns the names of the users that a filter finds, in the order of the answer.
func (a app) list(filter string) ([]string, error) {
	out := []string{}
	for u, err := range userpool.All(a.t.Context(), a.ListUsers, &userpool.ListUsersInput{UserPoolId: a.pool, Filter: filter, Limit: new(int32(2))}) {
		if err != nil {
			return nil, err
		}
		out = append(out, u.Username)
	}
	return out, nil
}

// crowd makes users of all sorts.
func (a app) crowd() {
	a.t.Helper()
	a.user("ada", "email", "Ada@example.com", "family_name", "Lovelace", "given_name", "Ada", "name", `Ada "Countess" \ Lovelace`, "phone_number", "+15550100")
	a.user("Adam", "email", "adam@example.com", "family_name", "lovecraft", "given_name", "Adam")
	a.newcomer("bob", "email", "bob@example.com", "family_name", "Love", "preferred_username", "countess")
	a.signUp("cid", "family_name", "Straße")
	a.user("dora", "email", "dora@example.com", "given_name", "DORA", "custom:tier", "gold")
	a.disable("dora")
	a.user("eve", "email", "eve@example.com")
	check(a.t, a.tryReset("eve"))
}

func withTier(in *userpool.CreateUserPoolInput) {
	in.Schema = []userpool.SchemaAttributeType{{Name: "tier", AttributeDataType: userpool.AttributeDataTypeString}}
}

// USR-072…080: what a filter finds.
func TestListUsersFilter(t *testing.T) {
	t.Parallel()
	a := setup(t).app(withTier)
	a.crowd()
	ada := a.value("ada", "sub")
	for _, tt := range []struct {
		filter string
		want   string // names, sorted
	}{
		{``, "Adam ada bob cid dora eve"},
		{`username = "ada"`, "ada"}, // case-sensitive (USR-078), the stored name only (USR-080)
		{`username = "ADA"`, ""},
		{`username = "ada@example.com"`, ""},
		{`username ^= "ad"`, "ada"},
		{`username ^= "A"`, "Adam"},
		{`username = "` + ada + `"`, ""},
		{`sub = "` + ada + `"`, "ada"},
		{`sub = "` + strings.ToUpper(ada) + `"`, "ada"},
		{`sub = "` + ada[:8] + `"`, ""},
		{`sub ^= "` + ada[:13] + `"`, "ada"},
		{`email = "ada@EXAMPLE.com"`, "ada"},
		{`email ^= "ada"`, "Adam ada"}, // adam@ as well
		{`email ^= "ada@"`, "ada"},
		{`email = "ada"`, ""},
		{`phone_number ^= "+1"`, "ada"},
		{`family_name = "love"`, "bob"},
		{`family_name ^= "love"`, "Adam ada bob"},
		{`family_name ^= "LOVEL"`, "ada"},
		{`family_name = "STRASSE"`, "cid"},
		{`family_name = ""`, ""}, // USR-077
		{`family_name ^= ""`, "Adam ada bob cid"},
		{`given_name = "dora"`, "dora"},
		{`name = "ada \"countess\" \\ lovelace"`, "ada"}, // USR-074
		{`preferred_username = "countess"`, "bob"},
		{`cognito:user_status = "confirmed"`, "Adam ada dora"},
		{`cognito:user_status = "CONF"`, ""},
		{`cognito:user_status ^= "conf"`, "Adam ada dora"},
		{`cognito:user_status ^= "f"`, "bob"},
		{`cognito:user_status ^= "UNC"`, "cid"},
		{`cognito:user_status = "Reset_Required"`, "eve"},
		{`cognito:user_status = "ARCHIVED"`, ""},
		{`status = "Enabled"`, "Adam ada bob cid eve"},
		{`status = "Disabled"`, "dora"},
		{`status = "enabled"`, ""},
		{`status ^= "Dis"`, "dora"},
		{`username="ada"`, "ada"},
		{"\t username\r\n= \"ada\"  ", "ada"},
		{`username^="ada"`, "ada"},
	} {
		got, err := a.list(tt.filter)
		if err != nil {
			t.Errorf("%s: %v", tt.filter, err)
			continue
		}
		slices.Sort(got)
		if s := strings.Join(got, " "); s != tt.want {
			t.Errorf("%s finds %q, want %q", tt.filter, s, tt.want)
		}
	}
}

// USR-075, USR-076, USR-070: what is no filter.
func TestListUsersFilterRefusals(t *testing.T) {
	t.Parallel()
	a := setup(t).app(withTier)
	a.user("ada")
	const unparsable = "Error while parsing filter."
	for filter, text := range map[string]string{
		`username = foo`:     unparsable,
		`username=`:          unparsable,
		`username`:           unparsable,
		`"ada"`:              unparsable,
		`= "ada"`:            unparsable,
		` `:                  unparsable,
		`username == "ada"`:  unparsable,
		`username ^ = "ada"`: unparsable,
		`username ^ "ada"`:   unparsable,
		`username != "ada"`:  unparsable,
		`username = "ada`:    unparsable,
		`username = "ada\"`:  unparsable,
		`username = "a\da"`:  unparsable,
		`username = "ada" x`: unparsable,
		`username = "ada" AND status = "Enabled"`:   unparsable,
		`user name = "ada"`:                         unparsable,
		`username = 'ada'`:                          unparsable,
		`custom:tier = "gold"`:                      "Invalid search attribute: custom:tier",
		`nickname = "ada"`:                          "Invalid search attribute: nickname",
		`Username = "ada"`:                          "Invalid search attribute: Username",
		`address ^= ""`:                             "Invalid search attribute: address",
		`name = "` + strings.Repeat("a", 249) + `"`: "",
	} {
		_, err := a.list(filter)
		if e := awsapi.AsError(err); err == nil || e.Code != userpool.ErrInvalidParameter || text != "" && e.Message != text {
			t.Errorf("%s: got %v, want %q", filter, err, text)
		}
	}
	_, err := a.ListUsers(t.Context(), &userpool.ListUsersInput{UserPoolId: "us-east-1_Nowhere00", Filter: "nonsense"})
	refused(t, err, userpool.ErrResourceNotFound, "User pool us-east-1_Nowhere00 does not exist.")
	_, err = a.ListUsers(t.Context(), &userpool.ListUsersInput{})
	refused(t, err, userpool.ErrInvalidParameter, "")
	_, err = a.ListUsers(t.Context(), &userpool.ListUsersInput{UserPoolId: a.pool, Limit: new(int32(61))}) // USR-071
	refused(t, err, userpool.ErrInvalidParameter,
		"1 validation error detected: Value '61' at 'limit' failed to satisfy constraint: Member must have value less than or equal to 60")
}

// USR-080: where users are named by an address, their stored name is the sub.
func TestListUsersByStoredName(t *testing.T) {
	t.Parallel()
	a := setup(t).app(byEmail)
	sub := a.user("ada@example.com")
	a.user("bob@example.com")
	for filter, want := range map[string]string{
		`username = "` + sub + `"`: sub, `username ^= "` + sub[:20] + `"`: sub, `username = "ada@example.com"`: "", `sub = "` + sub + `"`: sub,
		`email = "ada@example.com"`: sub,
	} {
		got, err := a.list(filter)
		if err != nil || strings.Join(got, " ") != want {
			t.Errorf("%s finds %v (%v), want %q", filter, got, err, want)
		}
	}
}

// USR-082, USR-071, USR-083: pages are in the order of what is filtered by and hold nobody twice, at any limit.
func TestListUsersPages(t *testing.T) {
	t.Parallel()
	a := setup(t).app()
	var want []string
	for i := range 64 {
		name := fmt.Sprintf("user%02d", i)
		_, err := a.create(name, having("email", fmt.Sprintf("%02d@example.com", 63-i), "family_name", "Same"))
		check(t, err)
		want = append([]string{name}, want...)
	}
	for _, filter := range []string{"", `email ^= ""`, `family_name = "same"`, `username ^= "user"`, `cognito:user_status ^= "FORCE"`, `status = "Enabled"`} {
		for _, limit := range []*int32{nil, new(int32(0)), new(int32(1)), new(int32(7)), new(int32(60))} {
			in := &userpool.ListUsersInput{UserPoolId: a.pool, Filter: filter, Limit: limit}
			first, err := a.ListUsers(t.Context(), in)
			check(t, err)
			size := 60
			if limit != nil && *limit > 0 {
				size = int(*limit)
			}
			if len(first.Users) != size || first.PaginationToken == "" {
				t.Errorf("%s: a page of %d has %d users", filter, size, len(first.Users))
			}
			var got []string
			for u, err := range userpool.All(t.Context(), a.ListUsers, in) {
				check(t, err)
				got = append(got, u.Username)
			}
			if filter == `email ^= ""` && !slices.Equal(got, want) {
				t.Errorf("by email the order is %v", got)
			}
			if slices.Sort(got); len(slices.Compact(got)) != 64 {
				t.Errorf("%s by %d: %d different users, want 64", filter, size, len(got))
			}
		}
	}
}

// USR-083, M5: a token is good for an hour and for what it was made for; one that was changed is refused.
func TestM5_ListUsersToken(t *testing.T) {
	t.Parallel()
	b := setup(t)
	a, other := b.app(), b.app()
	for _, name := range []string{"ada", "bob", "cid"} {
		a.user(name, "name", name)
		other.user(name, "name", name)
	}
	in := userpool.ListUsersInput{UserPoolId: a.pool, Filter: `status = "Enabled"`, AttributesToGet: []string{"name"}, Limit: new(int32(1))}
	first, err := a.ListUsers(t.Context(), &in)
	check(t, err)
	in.PaginationToken = first.PaginationToken
	for name, change := range map[string]func(in *userpool.ListUsersInput){
		"another filter":     func(in *userpool.ListUsersInput) { in.Filter = `username ^= ""` },
		"another pool":       func(in *userpool.ListUsersInput) { in.UserPoolId = other.pool },
		"other attributes":   func(in *userpool.ListUsersInput) { in.AttributesToGet = []string{"sub"} },
		"changed":            func(in *userpool.ListUsersInput) { in.PaginationToken = flip(in.PaginationToken) },
		"truncated":          func(in *userpool.ListUsersInput) { in.PaginationToken = in.PaginationToken[:10] },
		"nonsense":           func(in *userpool.ListUsersInput) { in.PaginationToken = "x" },
		"of another service": func(in *userpool.ListUsersInput) { in.PaginationToken = strings.Repeat("A", 80) },
	} {
		bad := in
		change(&bad)
		if _, err := a.ListUsers(t.Context(), &bad); awsapi.AsError(err).Message != "Invalid pagination token given." {
			t.Errorf("%s: %v", name, err)
		}
	}
	in.Limit = new(int32(60)) // may change
	rest, err := a.ListUsers(t.Context(), &in)
	check(t, err)
	if len(rest.Users) != 2 || rest.PaginationToken != "" {
		t.Errorf("%d more users", len(rest.Users))
	}
	a.clock.Advance(time.Hour)
	_, err = a.ListUsers(t.Context(), &in)
	refused(t, err, userpool.ErrInvalidParameter, "Invalid pagination token given.")
}

func flip(s string) string {
	if s[20] == 'A' {
		return s[:20] + "B" + s[21:]
	}
	return s[:20] + "A" + s[21:]
}

// USR-081: attributes that are asked for; one that a listed user lacks refuses the list.
func TestAttributesToGet(t *testing.T) {
	t.Parallel()
	a := setup(t).app(withTier)
	a.crowd()
	only := func(filter string, names ...string) ([]userpool.UserType, error) {
		out, err := a.ListUsers(t.Context(), &userpool.ListUsersInput{UserPoolId: a.pool, Filter: filter, AttributesToGet: names})
		if err != nil {
			return nil, err
		}
		return out.Users, nil
	}
	got, err := only(`username = "dora"`, "sub", "custom:tier")
	check(t, err)
	if len(got) != 1 || len(got[0].Attributes) != 2 || valueOf(got[0].Attributes, "custom:tier") != "gold" || got[0].Enabled ||
		got[0].UserStatus != userpool.UserStatusTypeConfirmed {
		t.Errorf("got %+v", got)
	}
	const text = "One or more requested attributes do not exist."
	_, err = only("", "email") // cid has none
	refused(t, err, userpool.ErrInvalidParameter, text)
	_, err = only(`username = "nobody"`, "custom:x")
	refused(t, err, userpool.ErrInvalidParameter, text)
	all, err := only("")
	check(t, err)
	for _, u := range all {
		if valueOf(u.Attributes, "sub") == "" {
			t.Errorf("%s has no sub", u.Username)
		}
	}
}

// USR-081: the switch that leaves out what a user lacks; what the schema does not have is refused all the same.
func TestLenientAttributesToGet(t *testing.T) {
	t.Parallel()
	a := setup(t, func(c *userpool.Config) { c.LenientAttributesToGet = true }).app()
	a.user("ada", "name", "Ada")
	a.user("bob")
	in := &userpool.ListUsersInput{UserPoolId: a.pool, AttributesToGet: []string{"name"}}
	out, err := a.ListUsers(t.Context(), in)
	check(t, err)
	if len(out.Users) != 2 || len(out.Users[0].Attributes)+len(out.Users[1].Attributes) != 1 {
		t.Errorf("got %+v", out.Users)
	}
	in.AttributesToGet = []string{"custom:x"}
	_, err = a.ListUsers(t.Context(), in)
	refused(t, err, userpool.ErrInvalidParameter, "One or more requested attributes do not exist.")
}

// USR-070, ERR-007: a list of nobody is an empty list on the wire.
func TestListNobody(t *testing.T) {
	t.Parallel()
	a := setup(t).app()
	for _, op := range []string{"ListUsers", "ListGroups"} {
		body, err := a.Invoke(t.Context(), op, []byte(`{"UserPoolId":"`+a.pool+`"}`))
		check(t, err)
		var out map[string]json.RawMessage
		check(t, json.Unmarshal(body, &out))
		if len(out) != 1 || string(out[strings.TrimPrefix(op, "List")]) != "[]" {
			t.Errorf("%s answers %s", op, body)
		}
	}
}

// What an index cannot hold in full is found exactly all the same.
func TestListUsersLongValue(t *testing.T) {
	t.Parallel()
	a := setup(t).app()
	wide := strings.Repeat("\U0001F600", 245) // 980 bytes
	a.user("ada", "name", wide+"a")
	a.user("bob", "name", wide+"b")
	a.user("cid", "name", wide+strings.Repeat("c", 1000))
	a.user("dan", "name", wide+strings.Repeat("c", 999)+"d")
	for filter, want := range map[string]string{
		`name ^= "` + wide + `"`: "ada bob cid dan", `name ^= "` + wide + `A"`: "ada", `name ^= "` + wide + `c"`: "cid dan", `name = "` + wide + `b"`: "bob",
		`name = "` + wide + `"`: "", `name = "` + wide + `c"`: "",
	} {
		got, err := a.list(filter)
		check(t, err)
		if slices.Sort(got); strings.Join(got, " ") != want {
			t.Errorf("%.9s… finds %v, want %q", filter, got, want)
		}
	}
}

// C8: what outsiders choose cannot leave its range.
func TestC8_FilterRanges(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *userpool.Config) { c.CustomIDs = true })
	tagged := func(id string) func(*userpool.CreateUserPoolInput) {
		return func(in *userpool.CreateUserPoolInput) { in.UserPoolTags = map[string]string{"_custom_id_": id} }
	}
	a, longer := b.app(tagged("us-east-1_a")), b.app(tagged("us-east-1_ab"))
	a.user("ada", "name", "a\x00b", "family_name", "x")
	longer.user("bob", "name", "ab", "family_name", "x")
	for _, filter := range []string{``, `username ^= ""`, `name ^= "a"`, `family_name = "x"`, `status ^= ""`, `cognito:user_status ^= ""`, `sub ^= ""`} {
		for pool, want := range map[app]string{a: "ada", longer: "bob"} {
			got, err := pool.list(filter)
			if err != nil || len(got) != 1 || got[0] != want {
				t.Errorf("%s finds %v (%v) in the pool of %s", filter, got, err, want)
			}
		}
	}
}
