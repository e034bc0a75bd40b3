package postgres_test

import (
	"context"
	"errors"
	"testing"

	"github.com/cenote-auth/cenote/internal/pgtest"
	"github.com/cenote-auth/cenote/store/driver"
)

// TestKindDecidedElsewhere checks that a node which met a kind before any record of it existed finds, by every call, what
// another node has put since, in whichever partition that is.
func TestKindDecidedElsewhere(t *testing.T) {
	t.Parallel()
	for name, rec := range map[string]driver.Record{
		"lasting":  {Kind: "k", Key: "a", Index: []driver.Entry{{Index: "i", Value: "v", Unique: true}}},
		"expiring": {Kind: "k", Key: "a", Index: []driver.Entry{{Index: "i", Value: "v", Unique: true}}, Expires: future},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url, ctx := pgtest.NewDatabase(t), t.Context()
			here, there := open(t, url), open(t, url)
			refs := []driver.Ref{{Kind: "k", Value: "a"}, {Kind: "k", Index: "i", Value: "v"}}
			if recs, err := here.Read(ctx, refs...); err != nil || recs[0].Version+recs[1].Version != 0 {
				t.Fatalf("before: %+v, %v", recs, err)
			}
			put(t, there, rec)

			all := func(r driver.Reader) error {
				recs, err := r.Get(ctx, refs...)
				if err != nil || recs[0].Version != 1 || recs[1].Version != 1 {
					t.Errorf("Get: %+v, %v", recs, err)
				}
				for _, index := range []string{"", "i"} {
					recs, _, err := r.Scan(ctx, driver.Range{Kind: "k", Index: index, Limit: 5})
					if err != nil || len(recs) != 1 {
						t.Errorf("Scan of %q: %+v, %v", index, recs, err)
					}
					if n, err := r.Count(ctx, driver.Range{Kind: "k", Index: index}); n != 1 || err != nil {
						t.Errorf("Count of %q: %d, %v", index, n, err)
					}
				}
				return nil
			}
			err := errors.Join(here.View(ctx, all), here.Update(ctx, func(tx driver.Tx) error { return all(tx) }))
			if err != nil {
				t.Error(err)
			}
			if recs, err := here.Read(ctx, refs...); err != nil || recs[0].Version != 1 || recs[1].Version != 1 {
				t.Errorf("Read: %+v, %v", recs, err)
			}
			if err := here.Update(ctx, func(tx driver.Tx) error { return tx.Delete(ctx, "k", "a", 1) }); err != nil {
				t.Errorf("Delete: %v", err)
			}
			if recs, err := there.Read(ctx, refs...); err != nil || recs[0].Version+recs[1].Version != 0 {
				t.Errorf("after the deletion: %+v, %v", recs, err)
			}
		})
	}
}

// TestFirstRecordOfAKind checks that an absent record of a kind that nobody has used yet is protected like any other: of
// two transactions that each see the other's record absent, only one commits.
func TestFirstRecordOfAKind(t *testing.T) {
	t.Parallel()
	url, ctx := pgtest.NewDatabase(t), t.Context()
	one, two := open(t, url), open(t, url)
	// insert puts mine if the other record is absent; between is run after the first look.
	insert := func(db driver.DB, mine driver.Record, other string, between func()) (inserted bool, err error) {
		err = db.Update(ctx, func(tx driver.Tx) error {
			recs, err := tx.Get(ctx, driver.Ref{Kind: mine.Kind, Value: other})
			if err != nil {
				return err
			}
			if f := between; f != nil {
				between = nil
				f()
			}
			if inserted = recs[0].Version == 0; !inserted {
				return nil
			}
			return tx.Put(ctx, mine)
		})
		return inserted, err
	}
	var second bool
	first, err := insert(one, driver.Record{Kind: "new", Key: "a", Expires: future}, "b", func() {
		var err error
		second, err = insert(two, driver.Record{Kind: "new", Key: "b", Expires: future}, "a", nil)
		if err != nil {
			t.Error(err)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if first == second {
		t.Errorf("first inserted %t, second %t: want exactly one", first, second)
	}
}

// TestExpiringRecordsOfALastingKind checks that the class of a kind is only a place: what expires is swept from both.
func TestExpiringRecordsOfALastingKind(t *testing.T) {
	t.Parallel()
	db := open(t, pgtest.NewDatabase(t))
	put(t, db, driver.Record{Kind: "k", Key: "stays"})
	put(t, db, driver.Record{Kind: "k", Key: "goes", Expires: future}, driver.Record{Kind: "x", Key: "goes", Expires: future}, driver.Record{Kind: "x", Key: "stays"})
	ctx := context.WithoutCancel(t.Context())
	if n, err := db.Sweep(ctx, future, 10); n != 0 || err != nil {
		t.Errorf("swept %d too early, %v", n, err)
	}
	if n, err := db.Sweep(ctx, future.AddDate(0, 0, 1), 10); n != 2 || err != nil {
		t.Errorf("swept %d, %v, want 2", n, err)
	}
	recs, err := db.Read(ctx, driver.Ref{Kind: "k", Value: "stays"}, driver.Ref{Kind: "x", Value: "stays"}, driver.Ref{Kind: "k", Value: "goes"})
	if err != nil || recs[0].Version != 1 || recs[1].Version != 1 || recs[2].Version != 0 {
		t.Errorf("left: %+v, %v", recs, err)
	}
}
