package userpool_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/cenote-auth/cenote/store"
	"github.com/cenote-auth/cenote/store/driver"
	"github.com/cenote-auth/cenote/userpool"
)

// records counts what the store holds of a kind.
func (b *bench) records(kind string) int {
	b.t.Helper()
	var n int64
	err := b.db.View(b.t.Context(), func(r driver.Reader) (err error) {
		n, err = r.Count(b.t.Context(), driver.Range{Kind: kind})
		return err
	})
	check(b.t, err)
	return int(n)
}

// POOL-060…063, ERR-001: a deleted pool is gone at once, for administrators, for its users and for those who hold its tokens;
// others stay.
func TestDeletePool(t *testing.T) {
	t.Parallel()
	b := setup(t)
	a, other := b.app(withSecret), b.app()
	a.user("ada", "email", "ada@example.com")
	other.user("ada", "email", "ada@example.com")
	tokens, others := a.signIn("ada"), other.signIn("ada")
	body, err := b.Invoke(t.Context(), "DeleteUserPool", fmt.Appendf(nil, `{"UserPoolId":%q}`, a.pool))
	check(t, err)
	if len(body) != 0 {
		t.Errorf("answered %q", body)
	}
	gone := "User pool " + a.pool + " does not exist."
	_, err = b.DescribeUserPool(t.Context(), &userpool.DescribeUserPoolInput{UserPoolId: a.pool})
	refused(t, err, userpool.ErrResourceNotFound, gone)
	_, err = b.DeleteUserPool(t.Context(), &userpool.DeleteUserPoolInput{UserPoolId: a.pool})
	refused(t, err, userpool.ErrResourceNotFound, gone)
	_, err = b.AdminGetUser(t.Context(), &userpool.AdminGetUserInput{UserPoolId: a.pool, Username: "ada"})
	refused(t, err, userpool.ErrResourceNotFound, gone)
	_, err = a.tryPassword("ada", password)
	refused(t, err, userpool.ErrResourceNotFound, "User pool client "+a.client+" does not exist.")
	if _, err = a.getUser(tokens.AccessToken); !errors.Is(err, userpool.ErrNotAuthorized) {
		t.Errorf("its access token got %v", err)
	}
	if _, err = a.refresh(tokens.RefreshToken); err == nil {
		t.Error("its refresh token still works")
	}
	if got := b.poolIDs(); !slices.Equal(got, []string{other.pool}) {
		t.Errorf("listed %q", got)
	}
	_, err = other.getUser(others.AccessToken)
	check(t, err)
}

// POOL-061, POOL-067: a protected pool stays; what it holds is not protected.
func TestDeletionProtection(t *testing.T) {
	t.Parallel()
	b := setup(t)
	protected := func(in *userpool.CreateUserPoolInput) { in.DeletionProtection = userpool.DeletionProtectionTypeActive }
	a := b.app(protected)
	a.user("ada", "email", "ada@example.com")
	_, err := b.DeleteUserPool(t.Context(), &userpool.DeleteUserPoolInput{UserPoolId: a.pool})
	refused(t, err, userpool.ErrInvalidParameter,
		"The user pool cannot be deleted because deletion protection is activated. Deletion protection must be inactivated first.")
	a.signIn("ada")
	a.remove("ada")
	_, err = b.DeleteUserPoolClient(t.Context(), &userpool.DeleteUserPoolClientInput{UserPoolId: a.pool, ClientId: a.client})
	check(t, err)
	a.update(func(*userpool.CreateUserPoolInput) {})
	_, err = b.DeleteUserPool(t.Context(), &userpool.DeleteUserPoolInput{UserPoolId: a.pool})
	check(t, err)
}

// C7: what a deleted pool held is cleared away, however much it is, on whichever node runs; until then its id is taken, then it is
// free for a pool that has nothing of the former.
func TestC7_DeletedPoolIsCleared(t *testing.T) {
	t.Parallel()
	b := setup(t)
	mine := tags("_custom_id_", "us-east-1_mypool")
	a, other := b.app(mine, withSecret, tracking(false, false)), b.app(tracking(false, false))
	a.user("ada", "email", "ada@example.com")
	tokens := a.signIn("ada")
	other.user("ada", "email", "ada@example.com")
	other.signIn("ada")
	for _, in := range []app{a, other} {
		_, err := b.CreateGroup(t.Context(), &userpool.CreateGroupInput{UserPoolId: in.pool, GroupName: "staff"})
		check(t, err)
	}
	kinds := []string{"pool", "client", "user", "family", "group", "keys", "datakey", "device"}
	before := map[string]int{}
	for _, kind := range kinds {
		if before[kind] = b.records(kind); before[kind] == 0 {
			t.Fatalf("there is no record of kind %s", kind)
		}
	}
	many := b.fork(t)
	fill(t, many, a.pool, 2500)

	for name, bench := range map[string]*bench{"a few": b, "more than two pages": many} {
		t.Run(name, func(t *testing.T) {
			a := a
			a.bench, a.bench.t = bench, t
			_, err := bench.DeleteUserPool(t.Context(), &userpool.DeleteUserPoolInput{UserPoolId: a.pool})
			check(t, err)
			in := &userpool.CreateUserPoolInput{PoolName: "again"}
			mine(in)
			_, err = bench.CreateUserPool(t.Context(), in)
			refused(t, err, userpool.ErrInvalidParameter, "")
			check(t, bench.DeletePools(t.Context()))
			for _, kind := range kinds {
				if got, want := bench.records(kind), before[kind]-before[kind]/2; got != want {
					t.Errorf("%d records of kind %s are left, want %d", got, kind, want)
				}
			}
			_, err = bench.CreateUserPool(t.Context(), in)
			check(t, err)
			if n := bench.poolOf(a.pool).EstimatedNumberOfUsers; n != 0 {
				t.Errorf("the new pool has %d users", n)
			}
			if _, err = a.getUser(tokens.AccessToken); !errors.Is(err, userpool.ErrNotAuthorized) {
				t.Errorf("a token of the former pool got %v", err)
			}
		})
	}
}

// fill writes users that say nothing but that they exist.
func fill(t *testing.T, b *bench, pool string, n int) {
	t.Helper()
	err := b.db.Update(t.Context(), func(tx driver.Tx) error {
		for i := range n {
			rec := driver.Record{Kind: "user", Key: store.Tuple(pool, fmt.Sprintf("filled-%05d", i)), Data: []byte(`{}`)}
			if err := tx.Put(t.Context(), rec); err != nil {
				return err
			}
		}
		return nil
	})
	check(t, err)
}

// C2: of several deletions at once one finds the pool.
func TestC2_DeletePoolAtOnce(t *testing.T) {
	t.Parallel()
	a := setup(t).app()
	done := 0
	for _, err := range race(4, func(int) error {
		_, err := a.DeleteUserPool(t.Context(), &userpool.DeleteUserPoolInput{UserPoolId: a.pool})
		return err
	}) {
		if err == nil {
			done++
		} else if !errors.Is(err, userpool.ErrResourceNotFound) {
			t.Errorf("got %v", err)
		}
	}
	if done != 1 {
		t.Errorf("%d deletions succeeded", done)
	}
}
