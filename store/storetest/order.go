package storetest

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/cenote-auth/cenote/store/driver"
)

func (h Harness) order() []entry {
	return []entry{
		{"keys stand in byte order", h.testOrder("")},
		{"unique entries stand in byte order", h.testOrder("unique")},
		{"plain entries stand in byte order", h.testOrder("plain")},
		{"own writes stand among the others", testOrderOfOwnWrites},
		{"long values keep their last byte", h.testLongValues},
		{"equal values have a stable order", testTies},
		{"a record stands at each of its values", testSeveralValues},
	}
}

// values are what engines like to get wrong, in byte order: terminators and escapes of encodings, text that collations and
// normal forms reorder, bytes that are no text at all.
func values() []string {
	vs := []string{
		"", "\x00", "\x00\x00", "\x00\x00\x00", "\x00\x01", "\x00\x01\x00", "\x00\xff", "\x00\xff\x00", "\x00a", "\x01", "\x01\x00", "\x7f", "\x80",
		" ", "-", "0", "00", "1", "10", "2", "A", "AB", "Aa", "B", "Z", "_", "a", "a\x00", "a\x00\x00", "a\x00\x01", "a\x00\xff", "a\x00b",
		"a\x01", "a b", "a-b", "aB", "aa", "ab", "ab\x00", "a\xff", "a\xff\x00", "a\xff\xff", "b", "z", "%", "a%", "a_", "\\", "a\\", "'", "a/b", "a/", "a0",
		"é", "e\u0301", "É", "ß", "ss", "K", "k", "\u212a", "İ", "ı", "i", "ﬀ", "日本", "\u00a0", "\ufeff", "\ufffd", "😀", "\U0010ffff",
		"\xc3", "\xc3\x28", "\xed\xa0\x80", "\xfe", "\xfe\xff", "\xff", "\xff\x00", "\xff\x00\x01", "\xff\xfe", "\xff\xff", "\xff\xff\x00", "\xff\xff\xff",
	}
	slices.Sort(vs) // Go compares strings byte by byte
	return slices.Compact(vs)
}

// difference says where two lists part, or nothing if they are equal.
func difference(got, want []string) string {
	if slices.Equal(got, want) {
		return ""
	}
	i := 0
	for i < min(len(got), len(want)) && got[i] == want[i] {
		i++
	}
	item := func(list []string) string {
		if i == len(list) {
			return "the end"
		}
		return fmt.Sprintf("%.20q", list[i])
	}
	return fmt.Sprintf("%d values, want %d; number %d is %s, want %s", len(got), len(want), i, item(got), item(want))
}

// testOrder puts one record per value, then compares every prefix, every exact value and several page sizes, in both
// directions, with Go's order. The index "" is the key.
func (h Harness) testOrder(index string) func(*testing.T, driver.DB) {
	return func(t *testing.T, db driver.DB) {
		vs := append(values(), strings.Repeat("\xff", h.MaxValue), strings.Repeat("\x00", h.MaxValue), strings.Repeat("a", h.MaxValue))
		slices.Sort(vs)
		recs := make([]driver.Record, len(vs))
		value := map[string]string{} // of a record's key
		for i, v := range vs {
			recs[i] = record("k", fmt.Sprintf("%x", i))
			switch index {
			case "":
				recs[i].Key = v
			default:
				recs[i].Index = []driver.Entry{{Index: index, Value: v, Unique: index == "unique"}}
			}
			value[recs[i].Key] = v
		}
		for i := range recs { // not in their order
			put(t, db, recs[(i*37+11)%len(recs)])
		}
		if len(value) != len(vs) || len(scan(t, db, driver.Range{Kind: "k"})) != len(vs) {
			t.Fatalf("of %d records %d are there", len(vs), len(scan(t, db, driver.Range{Kind: "k"})))
		}
		view(t, db, func(r driver.Reader) error {
			for _, bound := range vs {
				for _, exact := range []bool{false, true} {
					var want []string
					for _, v := range vs {
						if v == bound || !exact && strings.HasPrefix(v, bound) {
							want = append(want, v)
						}
					}
					rng := driver.Range{Kind: "k", Index: index, Value: bound, Exact: exact}
					if n, err := r.Count(t.Context(), rng); err != nil || n != int64(len(want)) {
						t.Fatalf("count of %.20q exact %v: %d, %v, want %d", bound, exact, n, err, len(want))
					}
					for _, rng.Reverse = range []bool{false, true} {
						for _, rng.Limit = range []int{3, 1000} {
							recs, err := pages(t.Context(), r, rng)
							if err != nil {
								return err
							}
							var got []string
							for _, rec := range recs {
								got = append(got, value[rec.Key])
							}
							if rng.Reverse {
								slices.Reverse(got)
							}
							if d := difference(got, want); d != "" {
								t.Fatalf("%.20q exact %v reverse %v limit %d: %s", bound, exact, rng.Reverse, rng.Limit, d)
							}
						}
					}
				}
			}
			return nil
		})
	}
}

// testOrderOfOwnWrites checks that a transaction's scan merges what it has written, replaced and deleted with what was there.
func testOrderOfOwnWrites(t *testing.T, db driver.DB) {
	ctx, vs := t.Context(), values()
	rec := func(i int) driver.Record {
		return record("k", vs[i], unique("u", vs[len(vs)-1-i]), plain("p", vs[i]))
	}
	var before []driver.Record
	for i := range vs {
		if i%3 != 0 {
			before = append(before, rec(i))
		}
	}
	put(t, db, before...)
	update(t, db, func(tx driver.Tx) error {
		var want []string
		for i := range vs {
			var err error
			switch i % 3 {
			case 0:
				err = tx.Put(ctx, rec(i))
			case 1:
				err = tx.Put(ctx, at(1, rec(i)))
			case 2:
				if i%2 == 0 {
					err = tx.Delete(ctx, "k", vs[i], 0)
				}
			}
			if err != nil {
				return err
			}
			if i%3 != 2 || i%2 != 0 {
				want = append(want, vs[i])
			}
		}
		mirrored := slices.Clone(want)
		slices.Reverse(mirrored)
		for _, tt := range []struct {
			rng  driver.Range
			want []string
		}{
			{driver.Range{Kind: "k"}, want},
			{driver.Range{Kind: "k", Reverse: true}, mirrored},
			{driver.Range{Kind: "k", Index: "p"}, want},
			{driver.Range{Kind: "k", Index: "p", Reverse: true}, mirrored},
			{driver.Range{Kind: "k", Index: "u"}, mirrored},
			{driver.Range{Kind: "k", Index: "u", Reverse: true}, want},
		} {
			for _, tt.rng.Limit = range []int{4, 1000} {
				recs, err := pages(ctx, tx, tt.rng)
				if err != nil {
					return err
				}
				if d := difference(keysOf(recs), tt.want); d != "" {
					t.Errorf("%+v: %s", tt.rng, d)
				}
			}
			if n, err := tx.Count(ctx, tt.rng); err != nil || n != int64(len(want)) {
				t.Errorf("count %+v: %d, %v, want %d", tt.rng, n, err, len(want))
			}
		}
		return nil
	})
}

func (h Harness) testLongValues(t *testing.T, db driver.DB) {
	long := bytes.Repeat([]byte("v"), h.MaxValue)
	var want []string
	for _, last := range []byte{0, 1, 'a', 'b', 0xfe, 0xff} {
		long[len(long)-1] = last
		v := string(long)
		want = append(want, v)
		put(t, db, record("k", v, unique("u", v), plain("p", v)))
	}
	for _, index := range []string{"", "u", "p"} {
		if got := keysOf(scan(t, db, driver.Range{Kind: "k", Index: index, Limit: 2})); !slices.Equal(got, want) {
			t.Errorf("index %q: long values are out of order", index)
		}
		for _, v := range want {
			if n := count(t, db, driver.Range{Kind: "k", Index: index, Value: v, Exact: true}); n != 1 {
				t.Errorf("index %q: %d entries for a value of %d bytes, want 1", index, n, len(v))
			}
		}
	}
	for _, v := range want {
		if got := read(t, db, byIndex("k", "u", v)); got.Key != v {
			t.Errorf("unique entry of %d bytes ending in %x finds another record", len(v), v[len(v)-1])
		}
	}
}

// testTies checks that records with equal values have one order: the same in each scan, for each page size, mirrored in
// reverse, and untouched when a record is replaced under the same entries. Page tokens rest on this.
func testTies(t *testing.T, db driver.DB) {
	const n = 40
	for i := range n {
		put(t, db, record("k", fmt.Sprint(i*7919%1000), plain("p", fmt.Sprint("v", i%2))))
	}
	for _, value := range []string{"v0", "v1"} {
		rng := driver.Range{Kind: "k", Index: "p", Value: value, Exact: true}
		first := keysOf(scan(t, db, rng))
		if len(first) != n/2 {
			t.Fatalf("%d records at %s, want %d", len(first), value, n/2)
		}
		same := func(when string) {
			t.Helper()
			for _, rng.Limit = range []int{1, 7, n} {
				if got := keysOf(scan(t, db, rng)); !slices.Equal(got, first) {
					t.Errorf("%s, limit %d:\n got %v\nwant %v", when, rng.Limit, got, first)
				}
				back := rng
				back.Reverse = true
				got := keysOf(scan(t, db, back))
				if slices.Reverse(got); !slices.Equal(got, first) {
					t.Errorf("%s, limit %d, reverse:\n got %v\nwant %v", when, rng.Limit, got, first)
				}
			}
		}
		same("at once")
		for i, key := range first {
			if i%3 == 0 {
				rec := at(1, record("k", key, plain("p", value), plain("q", "more")))
				rec.Data = []byte("replaced")
				put(t, db, rec)
			}
		}
		same("after replacing some under the same entry")
		remove(t, db, "k", first[3], first[n/4])
		first = slices.DeleteFunc(first, func(key string) bool { return key == first[3] || key == first[n/4] })
		same("after deleting some")
	}
}

func testSeveralValues(t *testing.T, db driver.DB) {
	put(t, db,
		record("k", "1", plain("p", "a"), plain("p", "c"), plain("p", "ab")),
		record("k", "2", plain("p", "b"), unique("u", "b"), unique("u", "a")),
	)
	for _, tt := range []struct {
		rng  driver.Range
		want []string
	}{
		{driver.Range{Index: "p"}, []string{"1", "1", "2", "1"}},
		{driver.Range{Index: "p", Reverse: true}, []string{"1", "2", "1", "1"}},
		{driver.Range{Index: "p", Value: "a"}, []string{"1", "1"}},
		{driver.Range{Index: "p", Value: "a", Exact: true}, []string{"1"}},
		{driver.Range{Index: "u"}, []string{"2", "2"}},
	} {
		tt.rng.Kind = "k"
		for _, tt.rng.Limit = range []int{1, 2, 10} {
			if got := keysOf(scan(t, db, tt.rng)); !slices.Equal(got, tt.want) {
				t.Errorf("%+v: got %v, want %v", tt.rng, got, tt.want)
			}
		}
	}
}
