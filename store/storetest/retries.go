package storetest

import (
	"errors"
	"sync"
	"testing"

	"github.com/cenote-auth/cenote/store/driver"
)

var retries = []entry{
	{"a unique violation is not run again", testConflictRunsOnce},
	{"a stale version is not run again", testStaleRunsOnce},
	{"an error is not run again", testErrorRunsOnce},
	{"a race inside is run again", testRaceRunsAgain},
}

func testConflictRunsOnce(t *testing.T, db driver.DB) {
	put(t, db, seeded()...)
	ctx := t.Context()
	for name, rec := range map[string]driver.Record{"key": record("user", "ada"), "entry": record("user", "x", unique("mail", "ada@"))} {
		runs := 0
		err := db.Update(ctx, func(tx driver.Tx) error {
			runs++
			return tx.Put(ctx, rec)
		})
		if isConflict(err) == nil || runs != 1 {
			t.Errorf("%s: %v after %d runs, want a conflict after 1", name, err, runs)
		}
	}
}

func testStaleRunsOnce(t *testing.T, db driver.DB) {
	put(t, db, seeded()...)
	ctx, runs := t.Context(), 0
	err := db.Update(ctx, func(tx driver.Tx) error {
		runs++
		return tx.Put(ctx, at(5, record("user", "ada")))
	})
	if !errors.Is(err, driver.ErrStale) || runs != 1 {
		t.Errorf("%v after %d runs, want ErrStale after 1", err, runs)
	}
}

func testErrorRunsOnce(t *testing.T, db driver.DB) {
	ctx, runs, mine := t.Context(), 0, errors.New("mine")
	err := db.Update(ctx, func(tx driver.Tx) error {
		runs++
		if err := tx.Put(ctx, record("user", "k")); err != nil {
			return err
		}
		return mine
	})
	if !errors.Is(err, mine) || runs != 1 {
		t.Errorf("%v after %d runs, want the closure's error after 1", err, runs)
	}
}

// testRaceRunsAgain lets one writer replace a record between another one's reading and replacing it, unless the engine makes
// him wait. Neither sees ErrStale, because neither brought a version from outside: the driver runs the loser again.
func testRaceRunsAgain(t *testing.T, db driver.DB) {
	put(t, db, record("user", "k"), record("user", "l", unique("name", "ada")))
	ctx := t.Context()
	for round, ref := range []driver.Ref{byKey("user", "k"), byIndex("user", "name", "ada")} {
		replace := func(between func()) error {
			return db.Update(ctx, func(tx driver.Tx) error {
				rec, err := getOne(ctx, tx, ref)
				if err != nil {
					return err
				}
				between()
				rec.Index = []driver.Entry{unique("name", ref.Value)}
				return tx.Put(ctx, rec)
			})
		}
		other := make(chan error, 1)
		var once sync.Once
		err := replace(func() {
			m := newMeeting(2, long)
			once.Do(func() {
				go func() {
					other <- replace(func() {})
					m.arrive(1)
				}()
				m.wait()
			})
		})
		if err := errors.Join(err, <-other); err != nil {
			t.Errorf("round %d: %v", round, err)
		}
		if got := read(t, db, ref); got.Version != 3 {
			t.Errorf("round %d: version %d after two replacements, want 3", round, got.Version)
		}
	}
}
