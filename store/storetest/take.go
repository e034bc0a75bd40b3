package storetest

import (
	"errors"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/cenote-auth/cenote/store/driver"
)

var takeOnce = []entry{
	{"one of many takers by key", onOneNode(testTakeOnce)},
	{"one of many takers by entry", onOneNode(testTakeByEntry)},
	{"one of many takers of a known version", onOneNode(testTakeVersion)},
	{"attempts are counted one by one", onOneNode(testAttempts)},
}

// testTakeOnce checks that of many concurrent takers exactly one gets the record.
// Confirmation codes, sessions and authorization codes rest on this.
func testTakeOnce(t *testing.T, nodes ...driver.DB) {
	for round := range 5 {
		key := fmt.Sprint("k", round)
		put(t, nodes[0], record("code", key))
		oneTakes(t, nodes, byKey("code", key))
	}
}

func testTakeByEntry(t *testing.T, nodes ...driver.DB) {
	for round := range 5 {
		hash := fmt.Sprint("hash", round)
		put(t, nodes[0], record("code", fmt.Sprint(round), unique("hash", hash)))
		oneTakes(t, nodes, byIndex("code", "hash", hash))
	}
}

func oneTakes(t *testing.T, nodes []driver.DB, ref driver.Ref) {
	t.Helper()
	ctx := t.Context()
	var won atomic.Int32
	race(nodes, func(i int, db driver.DB, m *meeting) {
		var got bool // set anew by each run of the closure
		err := db.Update(ctx, func(tx driver.Tx) error {
			rec, err := getOne(ctx, tx, ref)
			m.wait()
			if got = err == nil && rec.Version > 0; !got {
				return err
			}
			// The effect stands in the same transaction as the taking.
			effect := record("effect", fmt.Sprint(rec.Key, "/", i), plain("of", rec.Key))
			return errors.Join(tx.Delete(ctx, rec.Kind, rec.Key, rec.Version), tx.Put(ctx, effect))
		})
		if err != nil {
			t.Errorf("take: %v", err)
		} else if got {
			won.Add(1)
		}
	})
	if n := won.Load(); n != 1 {
		t.Errorf("%d takers won, want exactly 1", n)
	}
	if n := count(t, nodes[0], driver.Range{Kind: "code"}); n != 0 {
		t.Errorf("%d records are left, want none", n)
	}
}

// testTakeVersion lets all takers delete the version that each has read before: the losers are stale.
func testTakeVersion(t *testing.T, nodes ...driver.DB) {
	ctx := t.Context()
	put(t, nodes[0], record("code", "k"))
	var won atomic.Int32
	race(nodes, func(_ int, db driver.DB, _ *meeting) {
		switch err := tryDelete(ctx, db, "code", "k", 1); {
		case err == nil:
			won.Add(1)
		case !errors.Is(err, driver.ErrStale):
			t.Errorf("a loser got %v, want ErrStale", err)
		}
	})
	if n := won.Load(); n != 1 {
		t.Errorf("%d takers won, want exactly 1", n)
	}
}

// testAttempts checks that many wrong guesses at once are all counted, and that none passes the limit.
func testAttempts(t *testing.T, nodes ...driver.DB) {
	const limit = 5
	ctx := t.Context()
	var admitted atomic.Int32
	race(nodes, func(_ int, db driver.DB, m *meeting) {
		var ok bool // set anew by each run of the closure
		err := db.Update(ctx, func(tx driver.Tx) error {
			rec, err := getOne(ctx, tx, byKey("attempts", "ada"))
			m.wait()
			if err != nil {
				return err
			}
			if ok = len(rec.Data) < limit; !ok {
				return nil
			}
			return tx.Put(ctx, driver.Record{Kind: "attempts", Key: "ada", Version: rec.Version, Data: append(rec.Data[:len(rec.Data):len(rec.Data)], 'x')})
		})
		if err != nil {
			t.Errorf("attempt: %v", err)
		} else if ok {
			admitted.Add(1)
		}
	})
	if n := admitted.Load(); n != limit {
		t.Errorf("%d attempts were admitted, want %d", n, limit)
	}
}
