package memory_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cenote-auth/cenote/store/driver"
	"github.com/cenote-auth/cenote/store/memory"
	"github.com/cenote-auth/cenote/store/storetest"
)

func opener(config memory.Config) func(testing.TB) driver.DB {
	return func(t testing.TB) driver.DB {
		db := memory.New(config)
		t.Cleanup(func() { _ = db.Close() })
		return db
	}
}

func TestStore(t *testing.T) {
	t.Parallel()
	storetest.Run(t, storetest.Harness{Open: opener(memory.Config{})})
}

// TestC2_RehearsedUpdates runs the suite on a store that runs each closure twice: what a first run does is thrown away.
func TestC2_RehearsedUpdates(t *testing.T) {
	t.Parallel()
	storetest.Run(t, storetest.Harness{
		Open: opener(memory.Config{RehearseUpdates: true}),
		Skip: map[storetest.Category]string{storetest.Retries: "each closure is run twice, by configuration"},
	})
}

func TestC2_RehearsalLeavesNothing(t *testing.T) {
	t.Parallel()
	db := memory.New(memory.Config{RehearseUpdates: true})
	for name, db := range map[string]driver.DB{"store": db, "fork": db.Fork()} {
		runs := 0
		err := db.Update(t.Context(), func(tx driver.Tx) error {
			if runs++; runs == 1 {
				return errors.Join(tx.Put(t.Context(), driver.Record{Kind: "k", Key: "first"}), errors.New("of the first run"))
			}
			return tx.Put(t.Context(), driver.Record{Kind: "k", Key: "second"})
		})
		if err != nil || runs != 2 {
			t.Errorf("%s: %v after %d runs, want nil after 2", name, err, runs)
		}
		recs, err := db.Read(t.Context(), driver.Ref{Kind: "k", Value: "first"}, driver.Ref{Kind: "k", Value: "second"})
		if err != nil || recs[0].Version != 0 || recs[1].Version != 1 {
			t.Errorf("%s: %v, %v, want the write of the second run alone", name, recs, err)
		}
	}
}

// TestBubble checks that waiting writers do not keep a synctest bubble's clock from moving, and that their contexts end.
func TestBubble(t *testing.T) {
	t.Parallel()
	outside := memory.New(memory.Config{})
	synctest.Test(t, func(t *testing.T) {
		db := outside.Fork()
		write := func(ctx context.Context, key string, pause time.Duration) error {
			return db.Update(ctx, func(tx driver.Tx) error {
				time.Sleep(pause)
				return tx.Put(ctx, driver.Record{Kind: "k", Key: key})
			})
		}
		start := time.Now()
		slow, patient := make(chan error, 1), make(chan error, 1)
		go func() { slow <- write(t.Context(), "slow", time.Hour) }()
		synctest.Wait() // it has its turn
		go func() { patient <- write(t.Context(), "patient", time.Hour) }()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := write(ctx, "hasty", 0); !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != time.Minute {
			t.Errorf("who waits a minute got %v after %v", err, time.Since(start))
		}
		if err := errors.Join(<-slow, <-patient); err != nil || time.Since(start) != 2*time.Hour {
			t.Errorf("who waits for ever got %v after %v, want nil after 2h", err, time.Since(start))
		}
	})
}

// TestEscapedTransaction checks that a transaction which outlives its closure can do no harm to published states.
func TestEscapedTransaction(t *testing.T) {
	t.Parallel()
	ctx, db := t.Context(), memory.New(memory.Config{})
	var escaped driver.Tx
	err := db.Update(ctx, func(tx driver.Tx) error {
		escaped = tx
		return tx.Put(ctx, driver.Record{Kind: "k", Key: "a"})
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := escaped.Put(ctx, driver.Record{Kind: "k", Key: "b"}); err == nil {
		t.Error("Put works after the end")
	}
	if err := escaped.Delete(ctx, "k", "a", 0); err == nil {
		t.Error("Delete works after the end")
	}
	recs, err := db.Read(ctx, driver.Ref{Kind: "k", Value: "a"}, driver.Ref{Kind: "k", Value: "b"})
	if err != nil || recs[0].Version != 1 || recs[1].Version != 0 {
		t.Errorf("%v, %v, want the first record alone", recs, err)
	}
}

// TestLimits checks that the store refuses what other engines would, so that tests on it find out.
func TestLimits(t *testing.T) {
	t.Parallel()
	ctx, db := t.Context(), memory.New(memory.Config{})
	long := strings.Repeat("x", driver.MaxValue+1)
	for name, rec := range map[string]driver.Record{
		"data":          {Kind: "k", Key: "a", Data: make([]byte, driver.MaxData+1)},
		"key":           {Kind: "k", Key: long},
		"value":         {Kind: "k", Key: "a", Index: []driver.Entry{{Index: "i", Value: long}}},
		"entries":       {Kind: "k", Key: "a", Index: make([]driver.Entry, driver.MaxEntries+1)},
		"unnamed index": {Kind: "k", Key: "a", Index: []driver.Entry{{Value: "v"}}},
		"version":       {Kind: "k", Key: "a", Version: -1},
	} {
		err := db.Update(ctx, func(tx driver.Tx) error {
			_ = tx.Put(ctx, rec) // dooms, also when swallowed
			return nil
		})
		if err == nil {
			t.Errorf("%s: it was taken", name)
		}
	}
}

// TestConstantTime checks that what a snapshot, a restore, a fork and a point read allocate does not depend on the size. It is
// not parallel because it counts allocations.
func TestConstantTime(t *testing.T) {
	small, large := users(t, 10), users(t, 20_000)
	for name, do := range map[string]func(db *memory.DB){
		"snapshot and restore": func(db *memory.DB) { db.Restore(db.Snapshot()) },
		"fork":                 func(db *memory.DB) { _ = db.Fork() },
		"read":                 func(db *memory.DB) { _, _ = db.Read(t.Context(), driver.Ref{Kind: "user", Value: "7"}) },
	} {
		a, b := testing.AllocsPerRun(20, func() { do(small) }), testing.AllocsPerRun(20, func() { do(large) })
		if a != b || b > 4 {
			t.Errorf("%s allocates %v times at 10 users and %v times at 20,000, want the same and at most 4", name, a, b)
		}
	}
}

// FuzzCursor scans from arbitrary cursors: they are refused or they are a place, and a page never leaves its range.
func FuzzCursor(f *testing.F) {
	db := users(f, 50)
	var seeds []driver.Cursor
	err := db.View(f.Context(), func(r driver.Reader) error {
		for _, rng := range []driver.Range{{}, {Index: "status"}, {Index: "name", Reverse: true}} {
			rng.Kind, rng.Limit = "user", 7
			_, next, err := r.Scan(f.Context(), rng)
			if err != nil {
				return err
			}
			seeds = append(seeds, next)
		}
		return nil
	})
	if err != nil {
		f.Fatal(err)
	}
	for _, c := range append(seeds, "", "\x00", "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", "\x05abc") {
		f.Add(string(c), "", "1", false, false)
		f.Add(string(c), "name", "name of 1", true, false)
		f.Add(string(c), "status", "confirmed", false, true)
	}
	f.Fuzz(func(t *testing.T, cursor, index, value string, reverse, exact bool) {
		rng := driver.Range{
			Kind: "user", Index: index, Value: value, After: driver.Cursor(cursor), Limit: 9, Reverse: reverse, Exact: exact,
		}
		_ = db.View(t.Context(), func(r driver.Reader) error {
			recs, next, err := r.Scan(t.Context(), rng)
			if err != nil {
				return err
			}
			if len(recs) > rng.Limit || next != "" && len(recs) == 0 {
				t.Errorf("%#v: %d records and the cursor %q", rng, len(recs), next)
			}
			for _, rec := range recs {
				if index == "" && !strings.HasPrefix(rec.Key, value) {
					t.Errorf("%#v: %q is outside", rng, rec.Key)
				}
			}
			return nil
		})
	})
}

// users returns a store of n users as cenote keeps them: a record of 600 bytes with two unique and two plain entries.
func users(t testing.TB, n int) *memory.DB {
	t.Helper()
	db := memory.New(memory.Config{})
	const batch = 1000
	for start := 0; start < n; start += batch {
		err := db.Update(t.Context(), func(tx driver.Tx) error {
			for i := start; i < min(start+batch, n); i++ {
				if err := tx.Put(t.Context(), user(i)); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return db
}

func user(i int) driver.Record {
	name := fmt.Sprint("name of ", i)
	return driver.Record{
		Kind: "user", Key: fmt.Sprint(i), Data: make([]byte, 600),
		Index: []driver.Entry{
			{Index: "name", Value: name, Unique: true},
			{Index: "mail", Value: name + "@example.com", Unique: true},
			{Index: "status", Value: "confirmed"},
			{Index: "created", Value: fmt.Sprintf("%012d", i)},
		},
	}
}
