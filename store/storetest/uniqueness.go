package storetest

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/cenote-auth/cenote/store/driver"
)

var uniqueness = []entry{
	{"one of many inserts of a key", onOneNode(testRaceForKey)},
	{"one of many inserts of an entry", onOneNode(testRaceForEntry)},
	{"one of many replacements", onOneNode(testRaceOfReplacements)},
	{"one of many who look first", onOneNode(testLookFirst)},
	{"entries that come and go", onOneNode(testRaceOfChurn)},
}

// onOneNode makes a test of several nodes a test of one.
func onOneNode(test func(*testing.T, ...driver.DB)) func(*testing.T, driver.DB) {
	return func(t *testing.T, db driver.DB) { test(t, db) }
}

// oneWins lets all racers put a record each and checks that one succeeds and the others get the conflict.
func oneWins(t *testing.T, nodes []driver.DB, want driver.ConflictError, rec func(i int) driver.Record) {
	t.Helper()
	ctx := t.Context()
	var won atomic.Int32
	race(nodes, func(i int, db driver.DB, m *meeting) {
		err := db.Update(ctx, func(tx driver.Tx) error {
			m.wait()
			return tx.Put(ctx, rec(i))
		})
		if err == nil {
			won.Add(1)
		} else if got := isConflict(err); got == nil || *got != want {
			t.Errorf("a loser got %v (%+v), want %+v", err, got, want)
		}
	})
	if n := won.Load(); n != 1 {
		t.Errorf("%d of %d won, want exactly 1", n, racers)
	}
}

func testRaceForKey(t *testing.T, nodes ...driver.DB) {
	for round := range 5 {
		key := fmt.Sprint("k", round)
		oneWins(t, nodes, driver.ConflictError{Kind: "user", Value: key}, func(int) driver.Record { return record("user", key) })
	}
	if n := count(t, nodes[0], driver.Range{Kind: "user"}); n != 5 {
		t.Errorf("%d records, want 5", n)
	}
}

// testRaceForEntry is many people who sign up under one name.
func testRaceForEntry(t *testing.T, nodes ...driver.DB) {
	for round := range 5 {
		name := fmt.Sprint("ada", round)
		oneWins(t, nodes, driver.ConflictError{Kind: "user", Index: "name", Value: name}, func(i int) driver.Record {
			return record("user", fmt.Sprint(round, "/", i), unique("mail", fmt.Sprint(round, "/", i, "@")), unique("name", name))
		})
		if n := count(t, nodes[0], driver.Range{Kind: "user", Index: "name", Value: name, Exact: true}); n != 1 {
			t.Errorf("%d records have the name, want 1", n)
		}
	}
}

func testRaceOfReplacements(t *testing.T, nodes ...driver.DB) {
	var recs []driver.Record
	for i := range racers {
		recs = append(recs, record("user", fmt.Sprint(i), unique("name", fmt.Sprint(i))))
	}
	put(t, nodes[0], recs...)
	oneWins(t, nodes, driver.ConflictError{Kind: "user", Index: "name", Value: "ada"}, func(i int) driver.Record {
		return at(1, record("user", fmt.Sprint(i), unique("name", "ada")))
	})
	if n := count(t, nodes[0], driver.Range{Kind: "user", Index: "name"}); n != racers {
		t.Errorf("%d entries, want %d", n, racers)
	}
}

// testLookFirst lets all insert what they have found absent, by key and by entry. Who loses has not collided with anything: he
// looks again and finds the winner's.
func testLookFirst(t *testing.T, nodes ...driver.DB) {
	ctx := t.Context()
	for round, ref := range []driver.Ref{byKey("pool", "0"), byIndex("pool", "domain", "1"), byKey("pool", "2"), byIndex("pool", "domain", "3")} {
		name := fmt.Sprint(round)
		var inserted atomic.Int32
		race(nodes, func(i int, db driver.DB, m *meeting) {
			rec := record("pool", name, unique("domain", name))
			if ref.Index != "" {
				rec.Key = fmt.Sprint(round, "/", i)
			}
			var absent bool
			err := db.Update(ctx, func(tx driver.Tx) error {
				found, err := getOne(ctx, tx, ref)
				m.wait()
				if absent = err == nil && found.Version == 0; !absent {
					return err
				}
				return tx.Put(ctx, rec)
			})
			if err != nil {
				t.Errorf("round %d: %v", round, err)
			} else if absent {
				inserted.Add(1)
			}
		})
		if n := inserted.Load(); n != 1 {
			t.Errorf("round %d: %d inserted, want exactly 1", round, n)
		}
	}
	if n := count(t, nodes[0], driver.Range{Kind: "pool"}); n != 4 {
		t.Errorf("%d records, want 4", n)
	}
}

// testRaceOfChurn lets racers take and give up one entry again and again. Nobody may take it while another has it.
func testRaceOfChurn(t *testing.T, nodes ...driver.DB) {
	ctx := t.Context()
	var holders, taken atomic.Int32
	race(nodes, func(i int, db driver.DB, _ *meeting) {
		key := fmt.Sprint(i)
		for range 8 {
			err := tryPut(ctx, db, record("lock", key, unique("name", "the one")))
			if isConflict(err) != nil {
				continue
			}
			if err != nil {
				t.Errorf("take: %v", err)
				return
			}
			taken.Add(1)
			if n := holders.Add(1); n != 1 {
				t.Errorf("%d hold the entry at once", n)
			}
			holders.Add(-1)
			if err := tryDelete(ctx, db, "lock", key, 1); err != nil {
				t.Errorf("give up: %v", err)
				return
			}
		}
	})
	if taken.Load() == 0 {
		t.Error("nobody ever took the entry")
	}
	if n := count(t, nodes[0], driver.Range{Kind: "lock"}); n != 0 {
		t.Errorf("%d records are left, want none", n)
	}
}

func tryDelete(ctx context.Context, db driver.DB, kind, key string, version int64) error {
	return db.Update(ctx, func(tx driver.Tx) error { return tx.Delete(ctx, kind, key, version) })
}
