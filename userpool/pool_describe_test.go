package userpool_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/cenote-auth/cenote/awsapi"
	"github.com/cenote-auth/cenote/userpool"
)

// POOL-019: how many users a pool has is counted at most once a minute.
func TestEstimatedNumberOfUsers(t *testing.T) {
	t.Parallel()
	b := setup(t)
	a, other := b.app(), b.app()
	a.signUp("ada", "email", "ada@example.com")
	other.signUp("bob", "email", "bob@example.com")
	users := func() int32 { return b.poolOf(a.pool).EstimatedNumberOfUsers }
	if n := users(); n != 1 {
		t.Errorf("%d users", n)
	}
	a.signUp("eve", "email", "eve@example.com")
	b.clock.Advance(59 * time.Second)
	if n := users(); n != 1 {
		t.Errorf("%d users within the minute", n)
	}
	b.clock.Advance(time.Second)
	if n := users(); n != 2 {
		t.Errorf("%d users after it", n)
	}
	a.signUp("joe", "email", "joe@example.com")
	b.clock.Advance(-time.Hour) // a clock that was set back does not keep the count for ever
	if n := users(); n != 3 {
		t.Errorf("%d users on an earlier clock", n)
	}
}

// POOL-066: the pools in pages, each once; M5: page tokens are for this list and one hour.
func TestListPools(t *testing.T) {
	t.Parallel()
	b := setup(t)
	out, err := b.ListUserPools(t.Context(), &userpool.ListUserPoolsInput{MaxResults: 1})
	check(t, err)
	if out.UserPools == nil || len(out.UserPools) != 0 || out.NextToken != "" {
		t.Errorf("got %+v from a service without pools", out)
	}
	var want, got []string
	for i := range 7 {
		want = append(want, b.app(lambda(userpool.LambdaConfigType{PreSignUp: someARN}), func(in *userpool.CreateUserPoolInput) {
			in.PoolName = fmt.Sprint("pool ", i)
		}).pool)
	}
	in := &userpool.ListUserPoolsInput{MaxResults: 3}
	for pages := 1; ; pages++ {
		out, err := b.ListUserPools(t.Context(), in)
		check(t, err)
		for _, p := range out.UserPools {
			d := b.poolOf(p.Id)
			if p.Name != d.Name || *p.LambdaConfig != *d.LambdaConfig || !p.CreationDate.Equal(d.CreationDate) || !p.LastModifiedDate.Equal(d.LastModifiedDate) {
				t.Errorf("listed %+v, described %+v", p, d)
			}
			got = append(got, p.Id)
		}
		if out.NextToken == "" {
			if pages != 3 {
				t.Errorf("%d pages", pages)
			}
			break
		}
		in.NextToken = out.NextToken
	}
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("listed %q, want %q", got, want)
	}
	_, err = b.ListUserPoolClients(t.Context(), &userpool.ListUserPoolClientsInput{UserPoolId: want[0], NextToken: in.NextToken})
	refused(t, err, userpool.ErrInvalidParameter, "")
	b.clock.Advance(time.Hour)
	_, err = b.ListUserPools(t.Context(), in)
	refused(t, err, userpool.ErrInvalidParameter, "")
	for body, code := range map[string]awsapi.Code{
		`{}`: userpool.ErrInvalidParameter, `{"MaxResults":0}`: userpool.ErrInvalidParameter, `{"MaxResults":61}`: userpool.ErrInvalidParameter,
		`{"MaxResults":1,"NextToken":"x"}`: userpool.ErrInvalidParameter, `{"MaxResults":1,"NextToken":"a b"}`: userpool.ErrInvalidParameter,
		`{"MaxResults":"1"}`: awsapi.ErrSerialization,
	} {
		_, err := b.Invoke(t.Context(), "ListUserPools", []byte(body))
		if e, ok := err.(*awsapi.Error); !ok || e.Code != code {
			t.Errorf("%s: got %v, want %s", body, err, code)
		}
	}
}
