package storetest

import (
	"context"
	"errors"
	"testing"

	"github.com/cenote-auth/cenote/store/driver"
)

// Harness is what the suite needs from a driver's test.
type Harness struct {
	// Open returns a new and empty database, closed at the end of t. It is called by many tests in parallel.
	Open func(t testing.TB) driver.DB

	// Reopen takes the power from db, as a crash would, and returns what a restart finds. Other goroutines may be in the
	// middle of calls on db; those may fail or return late. Reopen disposes of db. Nil means that the driver is volatile.
	Reopen func(t testing.TB, db driver.DB) driver.DB

	// Second returns another node on the data of db, with nothing shared in memory. Nil means that there can be only one.
	Second func(t testing.TB, db driver.DB) driver.DB

	// MaxValue is the longest key or index value that the driver takes, in bytes. 0 is driver.MaxValue, which is also the
	// least that cenote can work with.
	MaxValue int

	// Skip names categories that do not apply to the driver, each with the reason.
	Skip map[Category]string
}

// Category is a part of the suite, and the name of its subtest.
type Category string

// The categories. Each is a file of this package.
const (
	Semantics  Category = "semantics"  // what Get, Put, Delete and versions do; rollback; data
	Conflicts  Category = "conflicts"  // unique violations and stale versions
	Order      Category = "order"      // byte order, prefixes, exact values, ties
	Paging     Category = "paging"     // cursors, limits, counts
	Uniqueness Category = "uniqueness" // one holder of a unique entry, whatever races
	TakeOnce   Category = "take"       // one taker of a record
	Isolation  Category = "isolation"  // write skew, phantoms, lost updates
	Snapshots  Category = "snapshots"  // one view, and every acknowledged write in it
	Retries    Category = "retries"    // what is run again, and what never is
	Lifecycle  Category = "lifecycle"  // contexts, panics, Close
	Expiry     Category = "expiry"     // the hint, and driver.Sweeper
	Histories  Category = "histories"  // random histories against a model
	Crashes    Category = "crashes"    // Harness.Reopen
	Nodes      Category = "nodes"      // Harness.Second
	Powers     Category = "powers"     // driver.Snapshotter, driver.Pinger, driver.Backuper
)

// Run tests the driver behind h. Every test is a parallel subtest called category/name.
func Run(t *testing.T, h Harness) {
	if h.Open == nil {
		t.Fatal("storetest: Harness.Open is nil")
	}
	if h.MaxValue == 0 {
		h.MaxValue = driver.MaxValue
	}
	known := map[Category]bool{}
	for _, part := range h.parts() {
		known[part.category] = true
		t.Run(string(part.category), func(t *testing.T) {
			t.Parallel()
			if reason, skip := h.Skip[part.category]; skip {
				t.Skip(reason)
			}
			for _, entry := range part.entries {
				t.Run(entry.name, func(t *testing.T) {
					t.Parallel()
					entry.run(t, h.Open(t))
				})
			}
		})
	}
	for category := range h.Skip {
		if !known[category] {
			t.Errorf("storetest: Harness.Skip names %q, which is no category", category)
		}
	}
}

type part struct {
	category Category
	entries  []entry
}

// An entry is one test. It gets an empty database.
type entry struct {
	name string
	run  func(*testing.T, driver.DB)
}

func (h Harness) parts() []part {
	return []part{
		{Semantics, semantics},
		{Conflicts, conflicts},
		{Order, h.order()},
		{Paging, paging},
		{Uniqueness, uniqueness},
		{TakeOnce, takeOnce},
		{Isolation, isolation},
		{Snapshots, snapshots},
		{Retries, retries},
		{Lifecycle, lifecycle},
		{Expiry, expiry},
		{Histories, h.histories()},
		{Crashes, h.crashes()},
		{Nodes, h.nodes()},
		{Powers, powers},
	}
}

// What follows are the verbs of the tests. They stop the test on an error, so they are for its own goroutine only.

// record returns a record to insert. Its data names it.
func record(kind, key string, index ...driver.Entry) driver.Record {
	return driver.Record{Kind: kind, Key: key, Data: []byte(kind + "/" + key), Index: index}
}

func unique(index, value string) driver.Entry {
	return driver.Entry{Index: index, Value: value, Unique: true}
}

func plain(index, value string) driver.Entry { return driver.Entry{Index: index, Value: value} }

// at returns rec with the version that it has in the database.
func at(version int64, rec driver.Record) driver.Record {
	rec.Version = version
	return rec
}

func byKey(kind, key string) driver.Ref { return driver.Ref{Kind: kind, Value: key} }

func byIndex(kind, index, value string) driver.Ref {
	return driver.Ref{Kind: kind, Index: index, Value: value}
}

// tryPut puts the records in one transaction.
func tryPut(ctx context.Context, db driver.DB, recs ...driver.Record) error {
	return db.Update(ctx, func(tx driver.Tx) error {
		for _, rec := range recs {
			if err := tx.Put(ctx, rec); err != nil {
				return err
			}
		}
		return nil
	})
}

func put(t testing.TB, db driver.DB, recs ...driver.Record) {
	t.Helper()
	if err := tryPut(t.Context(), db, recs...); err != nil {
		t.Fatalf("put: %v", err)
	}
}

func update(t testing.TB, db driver.DB, fn func(driver.Tx) error) {
	t.Helper()
	if err := db.Update(t.Context(), fn); err != nil {
		t.Fatalf("update: %v", err)
	}
}

func view(t testing.TB, db driver.DB, fn func(driver.Reader) error) {
	t.Helper()
	if err := db.View(t.Context(), fn); err != nil {
		t.Fatalf("view: %v", err)
	}
}

// remove deletes whatever stands under the keys.
func remove(t testing.TB, db driver.DB, kind string, keys ...string) {
	t.Helper()
	update(t, db, func(tx driver.Tx) error {
		for _, key := range keys {
			if err := tx.Delete(t.Context(), kind, key, 0); err != nil {
				return err
			}
		}
		return nil
	})
}

// read returns the one record that ref names, or the zero Record.
func read(t testing.TB, db driver.DB, ref driver.Ref) driver.Record {
	t.Helper()
	recs, err := db.Read(t.Context(), ref)
	if err != nil {
		t.Fatalf("read: %v", err)
	}
	if len(recs) != 1 {
		t.Fatalf("read of one ref returned %d records", len(recs))
	}
	return recs[0]
}

// getOne is read inside a transaction.
func getOne(ctx context.Context, r driver.Reader, ref driver.Ref) (driver.Record, error) {
	recs, err := r.Get(ctx, ref)
	if err != nil {
		return driver.Record{}, err
	}
	if len(recs) != 1 {
		return driver.Record{}, errors.New("get of one ref did not return one record")
	}
	return recs[0], nil
}

// pages reads a whole range in pages of rng.Limit.
func pages(ctx context.Context, r driver.Reader, rng driver.Range) ([]driver.Record, error) {
	var all []driver.Record
	for {
		recs, next, err := r.Scan(ctx, rng)
		if err != nil {
			return nil, err
		}
		if len(recs) > rng.Limit {
			return nil, errors.New("scan returned more than its limit")
		}
		if len(recs) == 0 && next != "" {
			return nil, errors.New("scan returned no record but a cursor")
		}
		all = append(all, recs...)
		if next == "" {
			return all, nil
		}
		rng.After = next
	}
}

// scan reads a whole range from a snapshot of its own, in pages of rng.Limit, or at once if that is 0.
func scan(t testing.TB, db driver.DB, rng driver.Range) []driver.Record {
	t.Helper()
	if rng.Limit == 0 {
		rng.Limit = 1 << 20
	}
	var all []driver.Record
	view(t, db, func(r driver.Reader) (err error) {
		all, err = pages(t.Context(), r, rng)
		return err
	})
	return all
}

func count(t testing.TB, db driver.DB, rng driver.Range) int64 {
	t.Helper()
	var n int64
	view(t, db, func(r driver.Reader) (err error) {
		n, err = r.Count(t.Context(), rng)
		return err
	})
	return n
}

func keysOf(recs []driver.Record) []string {
	keys := make([]string, len(recs))
	for i, rec := range recs {
		keys[i] = rec.Key
	}
	return keys
}
