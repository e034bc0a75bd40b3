package storetest

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/cenote-auth/cenote/store/driver"
)

var paging = []entry{
	{"pages of every size", testPageSizes},
	{"no limit, no records", testNoLimit},
	{"a cursor survives deletions", testCursorSurvives},
	{"a cursor fits any limit", testCursorFitsAnyLimit},
	{"a cursor that is none", testForeignCursor},
	{"keys only", testKeysOnly},
	{"count", testCount},
	{"a range is deleted page by page", testBigDeletion},
	{"pages under concurrent writes", testPagesUnderWrites},
}

// numbered returns n records whose keys, unique and plain entries stand in the order of their numbers. All of them share the
// plain entry all.
func numbered(n int) []driver.Record {
	recs := make([]driver.Record, n)
	for i := range recs {
		name := fmt.Sprintf("%04d", i)
		recs[i] = record("k", name, unique("u", name), plain("p", name), plain("all", ""))
	}
	return recs
}

// ranges are all ways to read the records of numbered.
func ranges() []driver.Range {
	var out []driver.Range
	for _, reverse := range []bool{false, true} {
		out = append(out,
			driver.Range{Kind: "k", Reverse: reverse},
			driver.Range{Kind: "k", Index: "u", Reverse: reverse},
			driver.Range{Kind: "k", Index: "p", Reverse: reverse},
			driver.Range{Kind: "k", Index: "p", Value: "00", Reverse: reverse},
			driver.Range{Kind: "k", Index: "all", Exact: true, Reverse: reverse},
		)
	}
	return out
}

func testPageSizes(t *testing.T, db driver.DB) {
	const n = 12
	put(t, db, numbered(n)...)
	for _, rng := range ranges() {
		whole := keysOf(scan(t, db, rng))
		if len(whole) != n {
			t.Fatalf("%+v: %d records, want %d", rng, len(whole), n)
		}
		for limit := 1; limit <= n+1; limit++ {
			rng.Limit, rng.After = limit, ""
			var got []string
			for range n/limit + 2 {
				var recs []driver.Record
				view(t, db, func(r driver.Reader) (err error) { // each page in its own snapshot
					recs, rng.After, err = r.Scan(t.Context(), rng)
					return err
				})
				got = append(got, keysOf(recs)...)
				if wantMore := len(got) < n; wantMore != (rng.After != "") || wantMore && len(recs) != limit {
					t.Errorf("%+v: after %d of %d records a page of %d ends with the cursor %q", rng, len(got), n, len(recs), rng.After)
				}
				if rng.After == "" {
					break
				}
			}
			if !slices.Equal(got, whole) {
				t.Errorf("%+v: pages hold %v, want %v", rng, got, whole)
			}
		}
	}
}

func testNoLimit(t *testing.T, db driver.DB) {
	put(t, db, numbered(3)...)
	view(t, db, func(r driver.Reader) error {
		for _, rng := range ranges() {
			for _, rng.Limit = range []int{0, -1} {
				recs, next, err := r.Scan(t.Context(), rng)
				if len(recs) != 0 || next != "" || err != nil {
					t.Errorf("limit %d: %d records, cursor %q, %v; want nothing", rng.Limit, len(recs), next, err)
				}
			}
		}
		for _, rng := range []driver.Range{{Kind: "none", Limit: 5}, {Kind: "k", Index: "none", Limit: 5}, {Kind: "k", Value: "x", Limit: 5}} {
			recs, next, err := r.Scan(t.Context(), rng)
			if len(recs) != 0 || next != "" || err != nil {
				t.Errorf("empty range %+v: %d records, cursor %q, %v", rng, len(recs), next, err)
			}
		}
		return nil
	})
}

// testCursorSurvives deletes the record that a cursor stands on, and its neighbours, and goes on from there.
func testCursorSurvives(t *testing.T, db driver.DB) {
	const n = 10
	recs := numbered(n)
	for _, rng := range ranges() {
		put(t, db, recs...)
		whole := keysOf(scan(t, db, rng))
		rng.Limit = 4
		var page []driver.Record
		view(t, db, func(r driver.Reader) (err error) {
			page, rng.After, err = r.Scan(t.Context(), rng)
			return err
		})
		if len(page) != 4 || rng.After == "" {
			t.Fatalf("%+v: first page of %d records, cursor %q", rng, len(page), rng.After)
		}
		remove(t, db, "k", whole[2], whole[3], whole[4], whole[7]) // whole[3] is the one the cursor stands on
		want := []string{whole[5], whole[6], whole[8], whole[9]}
		if got := keysOf(scan(t, db, rng)); !slices.Equal(got, want) {
			t.Errorf("%+v: goes on with %v, want %v", rng, got, want)
		}
		remove(t, db, "k", whole...)
		if got := scan(t, db, rng); len(got) != 0 {
			t.Errorf("%+v: goes on with %v, although nothing is left", rng, keysOf(got))
		}
	}
}

func testCursorFitsAnyLimit(t *testing.T, db driver.DB) {
	put(t, db, numbered(10)...)
	ctx := t.Context()
	for _, rng := range ranges() {
		whole := keysOf(scan(t, db, rng))
		update(t, db, func(tx driver.Tx) error { // and a transaction's cursor any snapshot
			rng.Limit, rng.After = 3, ""
			_, next, err := tx.Scan(ctx, rng)
			rng.After = next
			return err
		})
		for _, rng.Limit = range []int{1, 2, 5, 100} {
			if got := keysOf(scan(t, db, rng)); !slices.Equal(got, whole[3:]) {
				t.Errorf("%+v: goes on with %v, want %v", rng, got, whole[3:])
			}
		}
	}
}

// testForeignCursor checks that bytes which are no cursor do no harm: they are an error or a position, never a panic.
func testForeignCursor(t *testing.T, db driver.DB) {
	put(t, db, numbered(5)...)
	for _, rng := range ranges() {
		for _, cursor := range []driver.Cursor{"\x00", "x", "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", "0001", "\x80", "\x7fabc", "\x01\x00"} {
			rng.After, rng.Limit = cursor, 3
			err := db.View(t.Context(), func(r driver.Reader) error {
				recs, _, err := r.Scan(t.Context(), rng)
				if len(recs) > 3 {
					return errors.New("more records than the limit")
				}
				if err != nil && len(recs) > 0 {
					return errors.New("records and an error")
				}
				return nil
			})
			if err != nil {
				t.Errorf("cursor %q: %v", cursor, err)
			}
		}
	}
	if n := count(t, db, driver.Range{Kind: "k"}); n != 5 {
		t.Errorf("%d records, want 5", n)
	}
}

func testKeysOnly(t *testing.T, db driver.DB) {
	put(t, db, numbered(5)...)
	put(t, db, at(1, numbered(5)[2]))
	for _, rng := range ranges() {
		whole := scan(t, db, rng)
		rng.KeysOnly, rng.Limit = true, 2
		update(t, db, func(tx driver.Tx) error {
			recs, err := pages(t.Context(), tx, rng)
			if err == nil && len(recs) != len(whole) {
				t.Errorf("%+v in a transaction: %d records, want %d", rng, len(recs), len(whole))
			}
			return err
		})
		for i, rec := range scan(t, db, rng) {
			if rec.Data != nil {
				t.Errorf("%+v: record %d has data", rng, i)
			}
			if rec.Key != whole[i].Key || rec.Kind != "k" || rec.Version != whole[i].Version {
				t.Errorf("%+v: record %d is %s/%s version %d, want k/%s version %d", rng, i, rec.Kind, rec.Key, rec.Version, whole[i].Key, whole[i].Version)
			}
		}
	}
}

func testCount(t *testing.T, db driver.DB) {
	put(t, db, numbered(12)...)
	for _, tt := range []struct {
		rng  driver.Range
		want int64
	}{
		{driver.Range{}, 12},
		{driver.Range{Limit: 5}, 5},
		{driver.Range{Limit: 12}, 12},
		{driver.Range{Limit: 13}, 12},
		{driver.Range{Limit: -1}, 12},
		{driver.Range{Value: "000"}, 10},
		{driver.Range{Value: "001"}, 2},
		{driver.Range{Value: "0011", Exact: true}, 1},
		{driver.Range{Value: "001", Exact: true}, 0},
		{driver.Range{Index: "u", Value: "00"}, 12},
		{driver.Range{Index: "p", Value: "000", Limit: 3}, 3},
		{driver.Range{Index: "all", Exact: true}, 12},
		{driver.Range{Index: "all", Exact: true, Reverse: true, KeysOnly: true, Limit: 7}, 7},
		{driver.Range{Index: "none"}, 0},
	} {
		tt.rng.Kind = "k"
		if n := count(t, db, tt.rng); n != tt.want {
			t.Errorf("%+v: counted %d, want %d", tt.rng, n, tt.want)
		}
	}
}

// testBigDeletion empties a range as jobs do: in pages of keys, each deleted in the transaction that read it.
func testBigDeletion(t *testing.T, db driver.DB) {
	ctx := t.Context()
	put(t, db, numbered(50)...)
	put(t, db, record("k", "other", plain("p", "other")))
	for rounds := 0; ; rounds++ {
		if rounds > 10 {
			t.Fatal("the range does not become empty")
		}
		var left bool
		update(t, db, func(tx driver.Tx) error {
			recs, next, err := tx.Scan(ctx, driver.Range{Kind: "k", Index: "p", Value: "00", Limit: 8, KeysOnly: true})
			if err != nil {
				return err
			}
			left = next != ""
			for _, rec := range recs {
				if err := tx.Delete(ctx, "k", rec.Key, 0); err != nil {
					return err
				}
			}
			return nil
		})
		if !left {
			break
		}
	}
	if keys := keysOf(scan(t, db, driver.Range{Kind: "k"})); !slices.Equal(keys, []string{"other"}) {
		t.Errorf("left is %v, want the one outside the range", keys)
	}
}

// testPagesUnderWrites reads a range page by page, each page in its own snapshot, while others insert, replace and delete:
// each record that stands throughout is seen exactly once, replaced or not.
func testPagesUnderWrites(t *testing.T, db driver.DB) {
	const stable = 60
	ctx := t.Context()
	for i := range stable {
		put(t, db, record("k", fmt.Sprintf("s%03d", i), plain("p", fmt.Sprintf("%03d", i)), plain("all", "")))
	}
	writers := newCrew()
	defer writers.dismiss()
	for w := range 3 {
		i := 0
		writers.work(func() bool {
			i++
			place := fmt.Sprintf("%03d", (i*17+w*5)%stable)
			coming := fmt.Sprintf("t%s-%d", place, w)
			entries := []driver.Entry{plain("p", place), plain("all", "")}
			err := db.Update(ctx, func(tx driver.Tx) error {
				if err := tx.Delete(ctx, "k", coming, 0); err != nil {
					return err
				}
				if i%2 == 0 {
					if err := tx.Put(ctx, record("k", coming, entries...)); err != nil {
						return err
					}
				}
				rec, err := getOne(ctx, tx, byKey("k", "s"+place))
				if err != nil {
					return err
				}
				rec.Index = entries
				return tx.Put(ctx, rec)
			})
			if err != nil {
				t.Errorf("writer: %v", err)
			}
			return err == nil
		})
	}
	for round := range 6 {
		rng := driver.Range{Kind: "k", Index: []string{"", "p", "all"}[round%3], Limit: 5, Reverse: round >= 3}
		seen := map[string]int{}
		for {
			var recs []driver.Record
			view(t, db, func(r driver.Reader) (err error) {
				recs, rng.After, err = r.Scan(ctx, rng)
				return err
			})
			for _, rec := range recs {
				seen[rec.Key]++
			}
			if rng.After == "" {
				break
			}
		}
		for i := range stable {
			if key := fmt.Sprintf("s%03d", i); seen[key] != 1 {
				t.Errorf("index %q reverse %v: %s was seen %d times, want once", rng.Index, rng.Reverse, key, seen[key])
			}
		}
	}
}
