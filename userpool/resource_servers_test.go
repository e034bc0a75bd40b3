package userpool_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/cenote-auth/cenote/userpool"
)

// scopeList makes scopes of a resource server.
func scopeList(names ...string) []userpool.ResourceServerScopeType {
	var out []userpool.ResourceServerScopeType
	for _, n := range names {
		out = append(out, userpool.ResourceServerScopeType{ScopeName: n, ScopeDescription: "may " + n})
	}
	return out
}

// resource makes a resource server in the app's pool.
func (a app) resource(identifier string, names ...string) error {
	_, err := a.CreateResourceServer(a.t.Context(), &userpool.CreateResourceServerInput{
		UserPoolId: a.pool, Identifier: identifier, Name: "Server", Scopes: scopeList(names...),
	})
	return err
}

// setScopes replaces the scopes of a resource server.
func (a app) setScopes(identifier string, names ...string) error {
	_, err := a.UpdateResourceServer(a.t.Context(), &userpool.UpdateResourceServerInput{
		UserPoolId: a.pool, Identifier: identifier, Name: "Server", Scopes: scopeList(names...),
	})
	return err
}

// dropResource deletes a resource server.
func (a app) dropResource(identifier string) error {
	_, err := a.DeleteResourceServer(a.t.Context(), &userpool.DeleteResourceServerInput{UserPoolId: a.pool, Identifier: identifier})
	return err
}

// RS-001, RS-005, NEW-322: a resource server is told as it was made, replaced, and then is gone.
func TestResourceServers(t *testing.T) {
	t.Parallel()
	b := setup(t)
	a, other := b.app(), b.app()
	where := fmt.Sprintf(`{"UserPoolId":%q,"Identifier":"https://api.example/v1"`, a.pool)
	server := func(name, scopes string) string {
		return fmt.Sprintf(`{"ResourceServer":{"UserPoolId":%q,"Identifier":"https://api.example/v1","Name":%q%s}}`, a.pool, name, scopes)
	}
	const two = `,"Scopes":[{"ScopeName":"read","ScopeDescription":"may read"},{"ScopeName":"a:b","ScopeDescription":"Ünïcode"}]`
	a.answers("CreateResourceServer", where+`,"Name":"My API"`+two+`}`, server("My API", two))
	a.answers("DescribeResourceServer", where+`}`, server("My API", two))
	refused(t, a.resource("https://api.example/v1"), userpool.ErrInvalidParameter, "https://api.example/v1 already exists in user pool "+a.pool+".") // RS-003
	check(t, other.resource("https://api.example/v1", "else"))
	a.answers("UpdateResourceServer", where+`,"Name":"Renamed"}`, server("Renamed", "")) // RS-005: no scopes given are none
	a.answers("DescribeResourceServer", where+`}`, server("Renamed", ""))
	body, err := a.Invoke(t.Context(), "DeleteResourceServer", []byte(where+`}`))
	check(t, err)
	if len(body) != 0 { // ERR-001
		t.Errorf("answered %s", body)
	}
	const gone = "Resource server https://api.example/v1 does not exist."
	_, err = a.DescribeResourceServer(t.Context(), &userpool.DescribeResourceServerInput{UserPoolId: a.pool, Identifier: "https://api.example/v1"})
	refused(t, err, userpool.ErrResourceNotFound, gone)
	refused(t, a.setScopes("https://api.example/v1"), userpool.ErrResourceNotFound, gone)
	refused(t, a.dropResource("https://api.example/v1"), userpool.ErrResourceNotFound, gone)
	check(t, a.resource("https://api.example/v1"))
	nowhere := app{bench: b, pool: "us-east-1_Nowhere00"}
	for _, err := range []error{nowhere.resource("x"), nowhere.setScopes("x"), nowhere.dropResource("x")} {
		refused(t, err, userpool.ErrResourceNotFound, "User pool us-east-1_Nowhere00 does not exist.")
	}
	_, err = b.DescribeResourceServer(t.Context(), &userpool.DescribeResourceServerInput{UserPoolId: nowhere.pool, Identifier: "x"})
	refused(t, err, userpool.ErrResourceNotFound, "")
	_, err = b.ListResourceServers(t.Context(), &userpool.ListResourceServersInput{UserPoolId: nowhere.pool})
	refused(t, err, userpool.ErrResourceNotFound, "")
}

// RS-001, NEW-266: what cannot be a resource server or a scope. The service's own scopes are nobody's to make.
func TestResourceServerRefusals(t *testing.T) {
	t.Parallel()
	a := setup(t).app()
	check(t, a.resource("orders", "read"))
	for name, in := range map[string]userpool.CreateResourceServerInput{
		"blank in the identifier":   {Identifier: "my api", Name: "n"},
		"quote in the identifier":   {Identifier: `my"api`, Name: "n"},
		"long identifier":           {Identifier: strings.Repeat("i", 257), Name: "n"},
		"no identifier":             {Name: "n"},
		"no name":                   {Identifier: "i"},
		"slash in the name":         {Identifier: "i", Name: "a/b"},
		"slash in a scope":          {Identifier: "i", Name: "n", Scopes: scopeList("a/b")},
		"scope without description": {Identifier: "i", Name: "n", Scopes: []userpool.ResourceServerScopeType{{ScopeName: "s"}}},
		"101 scopes":                {Identifier: "i", Name: "n", Scopes: scopeList(numbered(101)...)},
		"one scope twice":           {Identifier: "i", Name: "n", Scopes: scopeList("s", "s")},
		"the service's":             {Identifier: "aws.cognito/dcr", Name: "n", Scopes: scopeList("register")},
		"the service's, alike":      {Identifier: "aws.cognito.signin.user.admin", Name: "n"},
		"openid":                    {Identifier: "openid", Name: "n"},
	} {
		t.Run(name, func(t *testing.T) {
			in.UserPoolId = a.pool
			_, err := a.CreateResourceServer(t.Context(), &in)
			refused(t, err, userpool.ErrInvalidParameter, "")
		})
	}
	refused(t, a.setScopes("orders", "s", "s"), userpool.ErrInvalidParameter, "")
	check(t, a.setScopes("orders", numbered(100)...))
}

func numbered(n int) (out []string) {
	for i := range n {
		out = append(out, fmt.Sprintf("s%03d", i))
	}
	return out
}

// RS-004: 25 in a pool, in pages of at most 50; those of another pool neither count nor show.
func TestListResourceServers(t *testing.T) {
	t.Parallel()
	b := setup(t)
	a, other := b.app(), b.app()
	check(t, other.resource("of-another-pool"))
	names := numbered(25)
	for _, n := range names {
		check(t, a.resource(n, "read"))
	}
	won := 0
	for _, err := range race(4, func(i int) error { return a.resource(fmt.Sprintf("more%d", i)) }) {
		if err == nil {
			won++
		} else if !errors.Is(err, userpool.ErrLimitExceeded) {
			t.Error(err)
		}
	}
	if won != 0 {
		t.Errorf("%d more than 25", won)
	}
	in := &userpool.ListResourceServersInput{UserPoolId: a.pool, MaxResults: new(int32(10))}
	var got []string
	for pages := 1; ; pages++ {
		out, err := a.ListResourceServers(t.Context(), in)
		check(t, err)
		for _, r := range out.ResourceServers {
			if r.UserPoolId != a.pool || len(r.Scopes) != 1 {
				t.Errorf("listed %+v", r)
			}
			got = append(got, r.Identifier)
		}
		if in.NextToken = out.NextToken; in.NextToken == "" {
			if pages != 3 {
				t.Errorf("%d pages", pages)
			}
			break
		}
	}
	if !slices.Equal(got, names) {
		t.Errorf("listed %q", got)
	}
	out, err := a.ListResourceServers(t.Context(), &userpool.ListResourceServersInput{UserPoolId: a.pool})
	check(t, err)
	if len(out.ResourceServers) != 25 || out.NextToken != "" {
		t.Errorf("%d on one page", len(out.ResourceServers))
	}
	out.ResourceServers[0].Scopes[0].ScopeName = "changed"
	if out, err = a.ListResourceServers(t.Context(), &userpool.ListResourceServersInput{UserPoolId: a.pool}); err != nil || out.ResourceServers[0].Scopes[0].ScopeName != "read" {
		t.Error("what one caller does with his answer is what the next one gets")
	}
	for _, n := range []int32{0, 51} {
		_, err := a.ListResourceServers(t.Context(), &userpool.ListResourceServersInput{UserPoolId: a.pool, MaxResults: &n})
		refused(t, err, userpool.ErrInvalidParameter, "")
	}
	_, err = a.ListResourceServers(t.Context(), &userpool.ListResourceServersInput{UserPoolId: a.pool, NextToken: "x"})
	refused(t, err, userpool.ErrInvalidParameter, "Invalid pagination token given.")
	check(t, a.dropResource(names[3]))
	check(t, a.resource("one-more"))
}

// C7, POOL-060: a deleted pool's resource servers go with it.
func TestC7_DeletedPoolLeavesNoResourceServers(t *testing.T) {
	t.Parallel()
	b := setup(t)
	a, other := b.app(), b.app()
	check(t, a.resource("orders", "read"))
	check(t, other.resource("orders", "read"))
	_, err := b.DeleteUserPool(t.Context(), &userpool.DeleteUserPoolInput{UserPoolId: a.pool})
	check(t, err)
	check(t, b.DeletePools(t.Context()))
	if n := b.records("resourceserver"); n != 1 {
		t.Errorf("%d are left, want the other pool's", n)
	}
}
