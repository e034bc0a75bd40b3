package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"testing"

	"github.com/cenote-auth/cenote/store/driver"
)

func (h Harness) crashes() []entry {
	entries := []entry{
		{"everything acknowledged is there", h.testReopen},
		{"nothing is half applied", h.testCrashUnderWriters},
		{"nothing that was seen is taken back", h.testCrashUnderReaders},
	}
	for i, e := range entries {
		entries[i].run = func(t *testing.T, db driver.DB) {
			if h.Reopen == nil {
				t.Skip("the driver is volatile: Harness.Reopen is nil")
			}
			e.run(t, db)
		}
	}
	return entries
}

func (h Harness) testReopen(t *testing.T, db driver.DB) {
	ctx := t.Context()
	put(t, db, numbered(20)...)
	put(t, db, seeded()...)
	put(t, db, at(1, record("user", "ada", unique("name", "ada"), unique("mail", "new@"))), expiring("s", noon))
	remove(t, db, "k", "0003", "0017")
	rng := driver.Range{Kind: "k", Index: "all", Exact: true, Limit: 7}
	whole := keysOf(scan(t, db, rng))
	view(t, db, func(r driver.Reader) (err error) {
		_, rng.After, err = r.Scan(ctx, rng)
		return err
	})
	mine := errors.New("mine")
	err := db.Update(ctx, func(tx driver.Tx) error { return errors.Join(tx.Put(ctx, record("user", "never")), mine) })
	if !errors.Is(err, mine) {
		t.Fatal(err)
	}

	for restart := range 3 {
		last := fmt.Sprint(restart)
		put(t, db, record("last", last, unique("u", last)))
		db = h.Reopen(t, db) // at once
		if got := read(t, db, byIndex("last", "u", last)); got.Version != 1 {
			t.Errorf("restart %d: the last acknowledged write is lost", restart)
		}
		if got := keysOf(scan(t, db, driver.Range{Kind: "k", Index: "all", Exact: true, Limit: 7})); !slices.Equal(got, whole) {
			t.Errorf("restart %d: there is %v, want %v", restart, got, whole)
		}
		if got := keysOf(scan(t, db, rng)); !slices.Equal(got, whole[7:]) {
			t.Errorf("restart %d: an older cursor goes on with %v, want %v", restart, got, whole[7:])
		}
		if got, want := keysOf(scan(t, db, driver.Range{Kind: "user"})), []string{"ada", "bob"}; !slices.Equal(got, want) {
			t.Errorf("restart %d: there is %v, want %v", restart, got, want)
		}
		wantRecord(t, "by the new entry", read(t, db, byIndex("user", "mail", "new@")), "user", "ada", 2, "user/ada")
		if got := read(t, db, byIndex("user", "mail", "ada@")); got.Version != 0 {
			t.Errorf("restart %d: a former entry finds version %d", restart, got.Version)
		}
		if got := read(t, db, byKey("session", "s")); !got.Expires.Equal(noon) {
			t.Errorf("restart %d: expires %v, want %v", restart, got.Expires, noon)
		}
		if err := tryPut(ctx, db, record("user", "x", unique("mail", "bob@"))); isConflict(err) == nil {
			t.Errorf("restart %d: a taken entry: %v, want a conflict", restart, err)
		}
		if err := tryPut(ctx, db, at(1, record("user", "ada"))); !errors.Is(err, driver.ErrStale) {
			t.Errorf("restart %d: a stale version: %v, want ErrStale", restart, err)
		}
	}
	put(t, db, at(2, record("user", "ada"))) // and it goes on
}

// A ledger knows how many groups each writer had acknowledged.
type ledger struct {
	mu    sync.Mutex
	acked []int
}

func (l *ledger) ack(writer, groups int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.acked[writer] = groups
}

func (l *ledger) copy() []int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.acked)
}

const (
	crashWriters = 6
	crashGroup   = 3 // records beside the writer's counter, written with it in one transaction
	crashRounds  = 4
	crashBusy    = 15 // groups of each writer before the power goes
)

// writeGroup writes the next group of a writer: its counter, crashGroup new records, and one that moves from writer to
// writer, whose version counts all groups.
func writeGroup(ctx context.Context, db driver.DB, writer int) (group int, err error) {
	err = db.Update(ctx, func(tx driver.Tx) error {
		name := strconv.Itoa(writer)
		recs, err := tx.Get(ctx, byKey("counter", name), byKey("counter", "all"))
		if err != nil {
			return err
		}
		group = int(recs[0].Version) + 1
		for i := range crashGroup {
			key := fmt.Sprintf("%d/%06d/%d", writer, group, i)
			if err := tx.Put(ctx, record("item", key, unique("u", key), plain("writer", name))); err != nil {
				return err
			}
		}
		return errors.Join(
			tx.Put(ctx, driver.Record{Kind: "counter", Key: name, Version: recs[0].Version}),
			tx.Put(ctx, driver.Record{Kind: "counter", Key: "all", Version: recs[1].Version, Data: []byte(name), Index: []driver.Entry{plain("last", name)}}),
		)
	})
	return group, err
}

// checkGroups compares what is there with itself and with what was acknowledged.
func checkGroups(t *testing.T, db driver.DB, acked []int) {
	t.Helper()
	view(t, db, func(r driver.Reader) error {
		ctx, total := t.Context(), int64(0)
		for writer, least := range acked {
			name := strconv.Itoa(writer)
			counter, err := getOne(ctx, r, byKey("counter", name))
			if err != nil {
				return err
			}
			groups := counter.Version
			total += groups
			if groups < int64(least) {
				t.Errorf("writer %d: %d groups are there, %d were acknowledged", writer, groups, least)
			}
			for _, rng := range []driver.Range{
				{Index: "", Value: name + "/"}, {Index: "u", Value: name + "/"}, {Index: "writer", Value: name, Exact: true},
			} {
				rng.Kind, rng.Limit, rng.KeysOnly = "item", 100, true
				recs, err := pages(ctx, r, rng)
				if err != nil {
					return err
				}
				if want := groups * crashGroup; int64(len(recs)) != want {
					t.Errorf("writer %d: %d records by index %q, want %d: a group is half applied", writer, len(recs), rng.Index, want)
				}
			}
		}
		all, err := getOne(ctx, r, byKey("counter", "all"))
		if all.Version != total {
			t.Errorf("the counter of all groups is at %d, want %d", all.Version, total)
		}
		if n, _ := r.Count(ctx, driver.Range{Kind: "counter", Index: "last"}); total > 0 && n != 1 {
			t.Errorf("the counter of all groups has %d entries, want 1", n)
		}
		return err
	})
}

// testCrashUnderWriters takes the power while writers are busy, several times.
func (h Harness) testCrashUnderWriters(t *testing.T, db driver.DB) {
	books := &ledger{acked: make([]int, crashWriters)}
	for range crashRounds {
		ctx, cancel := context.WithCancel(t.Context())
		busy := make(chan struct{}, crashWriters)
		var writers sync.WaitGroup
		for w := range crashWriters {
			writers.Go(func() {
				for n := 0; ; n++ {
					if n == crashBusy {
						busy <- struct{}{}
					}
					group, err := writeGroup(ctx, db, w)
					if err != nil { // the power is gone
						if n < crashBusy {
							t.Errorf("writer %d, group %d: %v", w, n, err)
							busy <- struct{}{}
						}
						return
					}
					books.ack(w, group)
				}
			})
		}
		for range crashWriters {
			<-busy
		}
		acked := books.copy() // before the power goes: what is acknowledged meanwhile may be there or not
		next := h.Reopen(t, db)
		cancel()
		writers.Wait()
		checkGroups(t, next, acked)
		if db = next; t.Failed() {
			return
		}
		books.resume(t, db)
	}
}

// resume takes what is there after a crash as acknowledged.
func (l *ledger) resume(t *testing.T, db driver.DB) {
	for w := range l.acked {
		l.ack(w, int(read(t, db, byKey("counter", strconv.Itoa(w))).Version))
	}
}

// testCrashUnderReaders checks that what a snapshot has shown is still there after a crash: whoever decided by it, say by
// handing out a token, decided by what the disk knows.
func (h Harness) testCrashUnderReaders(t *testing.T, db driver.DB) {
	for range crashRounds {
		ctx, cancel := context.WithCancel(t.Context())
		var busy, others sync.WaitGroup
		busy.Add(crashWriters)
		for w := range crashWriters {
			others.Go(func() {
				for n := 0; ; n++ {
					if n == crashBusy {
						busy.Done()
					}
					if _, err := writeGroup(ctx, db, w); err != nil {
						if n < crashBusy {
							t.Errorf("writer %d: %v", w, err)
							busy.Done()
						}
						return
					}
				}
			})
		}
		var mu sync.Mutex
		var seen int64
		for i := range 2 {
			others.Go(func() {
				for {
					rec, err := readBy(ctx, db, i, byKey("counter", "all"))
					if err != nil {
						return
					}
					mu.Lock()
					seen = max(seen, rec.Version)
					mu.Unlock()
				}
			})
		}
		busy.Wait()
		mu.Lock()
		least := seen // before the power goes
		mu.Unlock()
		next := h.Reopen(t, db)
		cancel()
		others.Wait()
		if got := read(t, next, byKey("counter", "all")); got.Version < least {
			t.Errorf("version %d is there, %d was seen", got.Version, least)
		}
		if db = next; t.Failed() {
			return
		}
	}
}
