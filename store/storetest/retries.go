package storetest

import (
	"errors"
	"strconv"
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

// testRaceRunsAgain lets many read and replace one record at once, the reads meeting before the writes. The callers see no
// ErrStale, because none of them brought a version from outside: the driver runs the losers again.
func testRaceRunsAgain(t *testing.T, db driver.DB) {
	const writers = 8
	put(t, db, record("user", "k"))
	ctx, m := t.Context(), newMeeting(writers)
	var wg sync.WaitGroup
	for i := range writers {
		wg.Go(func() {
			err := db.Update(ctx, func(tx driver.Tx) error {
				rec, err := getOne(ctx, tx, byKey("user", "k"))
				if err != nil {
					return err
				}
				m.wait()
				rec.Data = strconv.AppendInt(nil, int64(i), 10)
				return tx.Put(ctx, rec)
			})
			if err != nil {
				t.Errorf("writer %d: %v", i, err)
			}
		})
	}
	wg.Wait()
	if got := read(t, db, byKey("user", "k")); got.Version != writers+1 {
		t.Errorf("version %d after %d writers, want %d", got.Version, writers, writers+1)
	}
}
