package postgres_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/cenote-auth/cenote/internal/pgtest"
	"github.com/cenote-auth/cenote/store/driver"
	"github.com/cenote-auth/cenote/store/postgres"
)

var faults = map[string]fault{
	"before COMMIT, nothing sent": cutBefore,
	"between writes and COMMIT":   cutBetween,
	"after COMMIT":                cutAfter,
	"while COMMIT is under way":   cutMeanwhile,
	"COMMIT arrives too late":     late,
}

// once returns a proxy's plan: f at the nth Update that writes.
func once(f fault, nth int64) func() fault {
	var n atomic.Int64
	return func() fault {
		if n.Add(1) == nth {
			return f
		}
		return none
	}
}

// add reads a counter and adds one to it.
func add(ctx context.Context, db driver.DB, key string) error {
	return db.Update(ctx, func(tx driver.Tx) error {
		recs, err := tx.Get(ctx, driver.Ref{Kind: "counter", Value: key})
		if err != nil {
			return err
		}
		rec := driver.Record{Kind: "counter", Key: key, Version: recs[0].Version, Data: make([]byte, 8)}
		if rec.Version > 0 {
			copy(rec.Data, recs[0].Data)
		}
		binary.BigEndian.PutUint64(rec.Data, binary.BigEndian.Uint64(rec.Data)+1)
		return tx.Put(ctx, rec)
	})
}

// value returns what a counter stands at.
func value(t testing.TB, db driver.DB, key string) uint64 {
	t.Helper()
	recs, err := db.Read(t.Context(), driver.Ref{Kind: "counter", Value: key})
	if err != nil {
		t.Fatal(err)
	}
	if recs[0].Version == 0 {
		return 0
	}
	return binary.BigEndian.Uint64(recs[0].Data)
}

// TestH17_LostCommitOfAnInsert checks that an insert whose COMMIT got lost is neither reported as a conflict with itself nor
// forgotten.
func TestH17_LostCommitOfAnInsert(t *testing.T) {
	t.Parallel()
	for name, f := range faults {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			database := pgtest.NewDatabase(t)
			put(t, open(t, database), driver.Record{Kind: "code", Key: "other"}) // registers the kind
			p := newProxy(t, database, once(f, 1))
			db := open(t, p.url)
			put(t, db, driver.Record{Kind: "code", Key: "used", Index: []driver.Entry{{Index: "of", Value: "ada", Unique: true}}})
			p.deliver()
			recs, err := open(t, database).Read(t.Context(), driver.Ref{Kind: "code", Index: "of", Value: "ada"})
			if err != nil || recs[0].Version != 1 {
				t.Errorf("got %+v, %v, want version 1", recs, err)
			}
			most := int64(3) // one that learns the index, and one for each side of the fault
			if f == cutAfter {
				most = 2
			}
			if got := db.Stats(); got.InDoubt != 1 || got.Runs > most {
				t.Errorf("%+v: want one commit in doubt and at most %d runs", got, most)
			}
		})
	}
}

// TestH17_LostCommitOfAnIncrement checks that an increment whose COMMIT got lost counts once, wherever it got lost, also
// when the writer has committed before.
func TestH17_LostCommitOfAnIncrement(t *testing.T) {
	t.Parallel()
	for name, f := range faults {
		for _, nth := range []int64{1, 3} {
			t.Run(fmt.Sprintf("%s, Update %d", name, nth), func(t *testing.T) {
				t.Parallel()
				database := pgtest.NewDatabase(t)
				p := newProxy(t, database, once(f, nth))
				db := open(t, p.url)
				for range 5 {
					if err := add(t.Context(), db, "n"); err != nil {
						t.Fatal(err)
					}
				}
				p.deliver()
				if n := value(t, open(t, database), "n"); n != 5 {
					t.Errorf("5 increments made %d", n)
				}
			})
		}
	}
}

// TestH17_CancelledDuringCommit checks that the error of an Update whose context ended during COMMIT says truly that
// nothing was written.
func TestH17_CancelledDuringCommit(t *testing.T) {
	t.Parallel()
	for name, f := range faults {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			database := pgtest.NewDatabase(t)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			plan := once(f, 1)
			p := newProxy(t, database, func() fault { cancel(); return plan() })
			db := open(t, p.url)
			err := add(ctx, db, "n")
			p.deliver()
			n := value(t, open(t, database), "n")
			switch {
			case err == nil && n == 1:
			case errors.Is(err, context.Canceled) && !errors.Is(err, postgres.ErrUnknownOutcome) && n == 0:
			default:
				t.Errorf("Update returned %v, and the counter stands at %d", err, n)
			}
		})
	}
}

// TestH17_FaultyNetwork checks under many writers and random faults that each Update that returned nil happened once, and
// each that returned an error not at all.
func TestH17_FaultyNetwork(t *testing.T) {
	t.Parallel()
	const writers, rounds = 8, 40
	database := pgtest.NewDatabase(t)
	var broken atomic.Int64
	p := newProxy(t, database, func() fault {
		f := fault(rand.N(16)) // most are none
		if f > late {
			return none
		}
		broken.Add(1)
		return f
	})
	db := open(t, p.url)
	var acknowledged, own [writers]atomic.Int64
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for range rounds {
				if err := add(t.Context(), db, "shared"); err == nil {
					acknowledged[w].Add(1)
				} else if errors.Is(err, postgres.ErrUnknownOutcome) {
					t.Errorf("shared: %v", err)
				}
				if err := add(t.Context(), db, fmt.Sprint(w)); err == nil {
					own[w].Add(1)
				} else if errors.Is(err, postgres.ErrUnknownOutcome) {
					t.Errorf("own: %v", err)
				}
			}
		})
	}
	wg.Wait()
	p.deliver()
	plain := open(t, database)
	var sum int64
	for w := range writers {
		sum += acknowledged[w].Load()
		if n := value(t, plain, fmt.Sprint(w)); n != uint64(own[w].Load()) {
			t.Errorf("counter %d stands at %d after %d acknowledged increments", w, n, own[w].Load())
		}
	}
	if n := value(t, plain, "shared"); n != uint64(sum) {
		t.Errorf("the shared counter stands at %d after %d acknowledged increments", n, sum)
	}
	if broken.Load() == 0 || db.Stats().InDoubt == 0 {
		t.Errorf("no COMMIT was lost: %d faults, %+v", broken.Load(), db.Stats())
	}
}
