package storetest

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"testing"

	"github.com/cenote-auth/cenote/store/driver"
)

var isolation = []entry{
	{"no update is lost", onOneNode(testLostUpdate)},
	{"no write skew", onOneNode(testWriteSkew)},
	{"no write skew over absent records", onOneNode(testAbsentSkew)},
	{"no phantoms in a count", onOneNode(testPhantomCount)},
	{"no phantoms at the end of a range", onOneNode(testPhantomEnd)},
	{"no phantoms behind a page", onOneNode(testPhantomPage)},
	{"no decision on a deleted record", onOneNode(testDeletedRecord)},
}

// duel runs two transactions at once, rounds times. Each gets its number and a meeting to wait at between its reads and its
// writes. The errors that a loser may get are those allowed.
func duel(t *testing.T, nodes []driver.DB, rounds int, do func(ctx context.Context, round, i int, tx driver.Tx, m *meeting) error, check func(round int)) {
	t.Helper()
	ctx := t.Context()
	for round := range rounds {
		m := newMeeting(2, shortly)
		if round < 2 {
			m.patience = awhile
		}
		var wg sync.WaitGroup
		for i := range 2 {
			wg.Go(func() {
				err := nodes[i%len(nodes)].Update(ctx, func(tx driver.Tx) error { return do(ctx, round, i, tx, m) })
				if err != nil {
					t.Errorf("round %d, transaction %d: %v", round, i, err)
				}
			})
		}
		wg.Wait()
		if check(round); t.Failed() {
			return
		}
	}
}

const duels = 20

// testLostUpdate lets many add to one record by reading and writing it.
func testLostUpdate(t *testing.T, nodes ...driver.DB) {
	const each = 4
	ctx := t.Context()
	race(nodes, func(_ int, db driver.DB, _ *meeting) {
		for range each {
			if err := increment(ctx, db, "n"); err != nil {
				t.Errorf("increment: %v", err)
			}
		}
	})
	got := read(t, nodes[0], byKey("counter", "n"))
	if string(got.Data) != strconv.Itoa(racers*each) || got.Version != racers*each {
		t.Errorf("%d increments made %s at version %d", racers*each, got.Data, got.Version)
	}
}

// increment adds one to a counter, which is absent at first.
func increment(ctx context.Context, db driver.DB, key string) error {
	return db.Update(ctx, func(tx driver.Tx) error {
		rec, err := getOne(ctx, tx, byKey("counter", key))
		if err != nil {
			return err
		}
		n, _ := strconv.Atoi(string(rec.Data)) // nothing is 0
		return tx.Put(ctx, driver.Record{Kind: "counter", Key: key, Version: rec.Version, Data: strconv.AppendInt(nil, int64(n)+1, 10)})
	})
}

// testWriteSkew: two doctors are on call, and each goes if the other stays. Somebody has to stay.
func testWriteSkew(t *testing.T, nodes ...driver.DB) {
	name := func(round, i int) string { return fmt.Sprint(round, "/", i) }
	for round := range duels {
		put(t, nodes[0], record("oncall", name(round, 0)), record("oncall", name(round, 1)))
	}
	duel(t, nodes, duels, func(ctx context.Context, round, i int, tx driver.Tx, m *meeting) error {
		recs, err := tx.Get(ctx, byKey("oncall", name(round, 0)), byKey("oncall", name(round, 1)))
		if err != nil {
			return err
		}
		m.wait()
		if recs[1-i].Version == 0 {
			return nil
		}
		return tx.Delete(ctx, "oncall", name(round, i), recs[i].Version)
	}, func(round int) {
		if n := count(t, nodes[0], driver.Range{Kind: "oncall", Value: fmt.Sprint(round, "/")}); n != 1 {
			t.Errorf("round %d: %d of 2 are on call, want 1", round, n)
		}
	})
}

// testAbsentSkew: each of two inserts its record if the other's is absent. A lock that only covers records that exist lets
// both pass.
func testAbsentSkew(t *testing.T, nodes ...driver.DB) {
	name := func(round, i int) string { return fmt.Sprint(round, "/", i) }
	duel(t, nodes, duels, func(ctx context.Context, round, i int, tx driver.Tx, m *meeting) error {
		other, err := getOne(ctx, tx, byKey("choice", name(round, 1-i)))
		if err != nil {
			return err
		}
		m.wait()
		if other.Version != 0 {
			return nil
		}
		return tx.Put(ctx, record("choice", name(round, i)))
	}, func(round int) {
		if n := count(t, nodes[0], driver.Range{Kind: "choice", Value: fmt.Sprint(round, "/")}); n != 1 {
			t.Errorf("round %d: %d of 2 were inserted, want 1", round, n)
		}
	})
}

// testPhantomCount: each of two books a room if nobody has. The booking is a new record that no version guards.
func testPhantomCount(t *testing.T, nodes ...driver.DB) {
	duel(t, nodes, duels, func(ctx context.Context, round, i int, tx driver.Tx, m *meeting) error {
		room := fmt.Sprint("room ", round)
		n, err := tx.Count(ctx, driver.Range{Kind: "booking", Index: "room", Value: room, Exact: true})
		if err != nil {
			return err
		}
		m.wait()
		if n > 0 {
			return nil
		}
		return tx.Put(ctx, record("booking", fmt.Sprint(round, "/", i), plain("room", room)))
	}, func(round int) {
		room := fmt.Sprint("room ", round)
		if n := count(t, nodes[0], driver.Range{Kind: "booking", Index: "room", Value: room, Exact: true}); n != 1 {
			t.Errorf("round %d: the room is booked %d times, want once", round, n)
		}
	})
}

// testPhantomEnd: each of two appends with the number after the last one.
func testPhantomEnd(t *testing.T, nodes ...driver.DB) {
	duel(t, nodes, duels, func(ctx context.Context, round, i int, tx driver.Tx, m *meeting) error {
		recs, _, err := tx.Scan(ctx, driver.Range{Kind: "log", Index: "number", Reverse: true, Limit: 1})
		if err != nil {
			return err
		}
		m.wait()
		number := 1
		if len(recs) > 0 {
			if number, err = strconv.Atoi(string(recs[0].Data)); err != nil {
				return err
			}
			number++
		}
		rec := record("log", fmt.Sprint(round, "/", i), plain("number", fmt.Sprintf("%06d", number)))
		rec.Data = strconv.AppendInt(nil, int64(number), 10)
		return tx.Put(ctx, rec)
	}, func(round int) {
		recs := scan(t, nodes[0], driver.Range{Kind: "log", Index: "number"})
		for i, rec := range recs {
			if string(rec.Data) != strconv.Itoa(i+1) {
				t.Errorf("round %d: entry %d has number %s", round, i+1, rec.Data)
			}
		}
		if len(recs) != 2*(round+1) {
			t.Errorf("round %d: %d entries, want %d", round, len(recs), 2*(round+1))
		}
	})
}

// testPhantomPage: each of two fills a hall of three if a whole page of it shows a free seat. What a page covers ends at its
// last record, or at the end of the range if that is exhausted.
func testPhantomPage(t *testing.T, nodes ...driver.DB) {
	for round := range duels {
		hall := fmt.Sprint("hall ", round, "/")
		put(t, nodes[0], record("seat", hall+"a", unique("seat", hall+"a")), record("seat", hall+"m", unique("seat", hall+"m")))
	}
	duel(t, nodes, duels, func(ctx context.Context, round, i int, tx driver.Tx, m *meeting) error {
		hall := fmt.Sprint("hall ", round, "/")
		recs, _, err := tx.Scan(ctx, driver.Range{Kind: "seat", Index: "seat", Value: hall, Limit: 3, KeysOnly: true})
		if err != nil {
			return err
		}
		m.wait()
		if len(recs) == 3 {
			return nil
		}
		seat := hall + []string{"k", "z"}[i]
		return tx.Put(ctx, record("seat", seat, unique("seat", seat)))
	}, func(round int) {
		if n := count(t, nodes[0], driver.Range{Kind: "seat", Value: fmt.Sprint("hall ", round, "/")}); n != 3 {
			t.Errorf("round %d: %d seats are taken, want 3", round, n)
		}
	})
}

// testDeletedRecord: a token is granted on a session in the transaction that has read it, while the session is deleted with
// all of its tokens. No token may outlive its session.
func testDeletedRecord(t *testing.T, nodes ...driver.DB) {
	name := func(round int) string { return fmt.Sprint("s", round) }
	for round := range duels {
		put(t, nodes[0], record("session", name(round)))
	}
	duel(t, nodes, duels, func(ctx context.Context, round, i int, tx driver.Tx, m *meeting) error {
		session := name(round)
		if i == 0 {
			rec, err := getOne(ctx, tx, byKey("session", session))
			if err != nil {
				return err
			}
			m.wait()
			if rec.Version == 0 {
				return nil
			}
			return tx.Put(ctx, record("token", session, plain("session", session)))
		}
		recs, err := pages(ctx, tx, driver.Range{Kind: "token", Index: "session", Value: session, Exact: true, Limit: 10})
		if err != nil {
			return err
		}
		m.wait()
		for _, rec := range recs {
			err = errors.Join(err, tx.Delete(ctx, "token", rec.Key, rec.Version))
		}
		return errors.Join(err, tx.Delete(ctx, "session", session, 0))
	}, func(round int) {
		if got := read(t, nodes[0], byKey("token", name(round))); got.Version != 0 {
			t.Errorf("round %d: a token has outlived its session", round)
		}
	})
}
