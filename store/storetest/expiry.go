package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cenote-auth/cenote/store/driver"
)

var expiry = []entry{
	{"the hint comes back", testExpiresKept},
	{"what has expired is still read", testExpiredIsRead},
	{"sweep", withSweeper(testSweep)},
	{"sweep takes what has expired before", withSweeper(testSweepBoundary)},
	{"a replacement moves the end", withSweeper(testSweepMoved)},
	{"sweepers at once", withSweeper(testSweepersAtOnce)},
	{"sweep and its context", withSweeper(testSweepCancelled)},
}

// noon is the moment that the tests of expiry take for now.
var noon = time.Date(2031, time.May, 17, 12, 0, 0, 0, time.UTC)

// expiring returns a record of a kind that expires, which therefore has no unique entries.
func expiring(key string, expires time.Time) driver.Record {
	rec := record("session", key, plain("owner", "ada"), plain("owner/"+key, "x"))
	rec.Expires = expires
	return rec
}

func withSweeper(test func(*testing.T, driver.DB, driver.Sweeper)) func(*testing.T, driver.DB) {
	return func(t *testing.T, db driver.DB) {
		s, ok := db.(driver.Sweeper)
		if !ok {
			t.Skip("the driver is no driver.Sweeper")
		}
		test(t, db, s)
	}
}

func sweep(t testing.TB, s driver.Sweeper, now time.Time, limit, want int) {
	t.Helper()
	if n, err := s.Sweep(t.Context(), now, limit); err != nil || n != want {
		t.Errorf("Sweep at %v of at most %d: %d, %v, want %d", now, limit, n, err, want)
	}
}

// testExpiresKept checks the hint to the microsecond, in whatever location it came.
func testExpiresKept(t *testing.T, db driver.DB) {
	away := time.FixedZone("away", -9*3600-1800)
	for i, want := range []time.Time{
		noon, noon.Add(123456789 * time.Nanosecond), noon.In(away), noon.AddDate(60, 0, 0), time.Unix(0, 0).UTC(), noon.AddDate(-100, 0, 0), {},
	} {
		key := fmt.Sprint(i)
		put(t, db, expiring(key, want))
		listed := scan(t, db, driver.Range{Kind: "session", Index: "owner/" + key, KeysOnly: i%2 == 0})
		for _, got := range append(listed, read(t, db, byKey("session", key))) {
			if got.Expires.IsZero() != want.IsZero() || got.Expires.Sub(want).Abs() > time.Microsecond {
				t.Errorf("%v came back as %v", want, got.Expires)
			}
			if got.Expires.Location() != time.UTC {
				t.Errorf("%v came back in %v, want UTC", want, got.Expires.Location())
			}
		}
	}
}

// testExpiredIsRead checks that the driver leaves the decision to the reader, who has a clock of his own.
func testExpiredIsRead(t *testing.T, db driver.DB) {
	put(t, db, expiring("old", time.Unix(1, 0)), expiring("new", noon), expiring("ever", time.Time{}))
	want := []string{"ever", "new", "old"}
	if got := keysOf(scan(t, db, driver.Range{Kind: "session"})); !slices.Equal(got, want) {
		t.Errorf("there is %v, want %v", got, want)
	}
	if n := count(t, db, driver.Range{Kind: "session", Index: "owner"}); n != 3 {
		t.Errorf("%d entries, want 3", n)
	}
	if err := tryPut(t.Context(), db, expiring("old", noon)); isConflict(err) == nil {
		t.Errorf("inserting over an expired record: %v, want a conflict", err)
	}
}

func testSweep(t *testing.T, db driver.DB, s driver.Sweeper) {
	sweep(t, s, noon, 100, 0) // of nothing
	for i := range 10 {
		put(t, db, expiring(fmt.Sprint("s", i), noon.Add(time.Duration(i)*time.Minute)))
	}
	put(t, db, expiring("ever", time.Time{}), record("user", "k", unique("name", "ada")))
	late := expiring("late", noon)
	late.Kind = "code"
	put(t, db, late)
	ref := byKey("session", "s9")
	before := read(t, db, ref)

	sweep(t, s, noon.Add(-time.Hour), 100, 0)
	sweep(t, s, noon.Add(270*time.Second), 0, 0)
	sweep(t, s, noon.Add(270*time.Second), 4, 4)
	sweep(t, s, noon.Add(270*time.Second), 4, 2) // five sessions and the code
	sweep(t, s, noon.Add(270*time.Second), 4, 0)
	want := []string{"ever", "s5", "s6", "s7", "s8", "s9"}
	for _, index := range []string{"", "owner"} {
		got := keysOf(scan(t, db, driver.Range{Kind: "session", Index: index}))
		if slices.Sort(got); !slices.Equal(got, want) {
			t.Errorf("index %q: left is %v, want %v", index, got, want)
		}
	}
	if n := count(t, db, driver.Range{Kind: "session", Index: "owner/s0"}); n != 0 {
		t.Errorf("%d entries of a swept record are left", n)
	}
	if got := read(t, db, ref); got.Version != before.Version {
		t.Errorf("a record that stays went from version %d to %d", before.Version, got.Version)
	}
	put(t, db, expiring("s0", noon.Add(time.Hour))) // the key is free again
	sweep(t, s, noon.AddDate(100, 0, 0), 100, 6)
	if got := read(t, db, byKey("user", "k")); got.Version != 1 {
		t.Error("a record that does not expire was swept")
	}
}

func testSweepBoundary(t *testing.T, db driver.DB, s driver.Sweeper) {
	put(t, db, expiring("k", noon))
	sweep(t, s, noon, 10, 0)
	sweep(t, s, noon.Add(2*time.Microsecond), 10, 1)
}

func testSweepMoved(t *testing.T, db driver.DB, s driver.Sweeper) {
	put(t, db, expiring("longer", noon), expiring("shorter", noon.Add(time.Hour)), expiring("ever", noon), expiring("gone", noon))
	put(t, db, at(1, expiring("longer", noon.Add(time.Hour))), at(1, expiring("shorter", noon)), at(1, expiring("ever", time.Time{})))
	remove(t, db, "session", "gone")
	sweep(t, s, noon.Add(time.Second), 10, 1)
	if got, want := keysOf(scan(t, db, driver.Range{Kind: "session"})), []string{"ever", "longer"}; !slices.Equal(got, want) {
		t.Errorf("left is %v, want %v", got, want)
	}
	if got := read(t, db, byKey("session", "ever")); got.Version != 2 || !got.Expires.IsZero() {
		t.Errorf("what no longer expires is at version %d and expires %v", got.Version, got.Expires)
	}
	sweep(t, s, noon.Add(2*time.Hour), 10, 1)
}

// testSweepersAtOnce lets several sweep while others keep records alive. Each record is swept once, and none that lives.
func testSweepersAtOnce(t *testing.T, db driver.DB, s driver.Sweeper) {
	const dead, alive = 60, 8
	ctx := t.Context()
	for i := range dead {
		put(t, db, expiring(fmt.Sprint("dead", i), noon.Add(-time.Duration(i)*time.Second)))
	}
	for i := range alive {
		put(t, db, expiring(fmt.Sprint("alive", i), noon.Add(time.Hour)))
	}
	var swept atomic.Int64
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			for {
				n, err := s.Sweep(ctx, noon.Add(time.Minute), 7)
				if err != nil {
					t.Errorf("Sweep: %v", err)
					return
				}
				if swept.Add(int64(n)); n == 0 {
					return
				}
			}
		})
	}
	for i := range alive {
		wg.Go(func() {
			for version := range int64(5) {
				if err := tryPut(ctx, db, at(version+1, expiring(fmt.Sprint("alive", i), noon.Add(2*time.Hour)))); err != nil {
					t.Errorf("keep alive: %v", err)
					return
				}
			}
		})
	}
	wg.Wait()
	if n := swept.Load(); n != dead {
		t.Errorf("the sweepers claim %d records, want %d", n, dead)
	}
	if n := count(t, db, driver.Range{Kind: "session"}); n != alive {
		t.Errorf("%d records are left, want %d", n, alive)
	}
}

func testSweepCancelled(t *testing.T, db driver.DB, s driver.Sweeper) {
	put(t, db, expiring("k", noon))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Sweep(ctx, noon.Add(time.Hour), 10); !errors.Is(err, context.Canceled) {
		t.Errorf("Sweep returned %v, want context.Canceled", err)
	}
	if n := count(t, db, driver.Range{Kind: "session"}); n != 1 {
		t.Errorf("%d records are left, want 1", n)
	}
}
