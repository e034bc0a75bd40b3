package pebble

import (
	"bytes"
	"cmp"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cenote-auth/cenote/store/driver"
)

// nastyNames holds pairs of neighbours that a concatenation without escaping would mix up.
var nastyNames = []string{"", "\x00", "\x00\x00", "\x00\x01", "\x00\x02", "\x00\xff", "\x01", "a", "a\x00", "a\x00\x01", "a\x00\x02b",
	"a\x00\xff", "a\xff", "ab", "a\x01", "a\xff\xff", "b", "pool_a", "pool_ab", "é", "\xff", "\xff\x00", "\xff\xff", strings.Repeat("\x00", 1024)}

// Entries must come in the order of (value, unique before shared, key), whatever bytes are in them.
func TestEntryKeysSortAsValues(t *testing.T) {
	t.Parallel()
	type entry struct {
		value  string
		shared int
		key    string
		code   []byte
	}
	var entries []entry
	for _, value := range nastyNames {
		entries = append(entries, entry{value: value, code: appendEntryKey(nil, "k", "", driver.Entry{Index: "i", Value: value, Unique: true})})
		for _, key := range nastyNames {
			entries = append(entries, entry{value, 1, key, appendEntryKey(nil, "k", key, driver.Entry{Index: "i", Value: value})})
		}
	}
	rand.New(rand.NewPCG(1, 2)).Shuffle(len(entries), func(i, j int) { entries[i], entries[j] = entries[j], entries[i] })
	slices.SortFunc(entries, func(a, b entry) int { return bytes.Compare(a.code, b.code) })
	sorted := slices.IsSortedFunc(entries, func(a, b entry) int {
		return cmp.Or(cmp.Compare(a.value, b.value), cmp.Compare(a.shared, b.shared), cmp.Compare(a.key, b.key))
	})
	if !sorted {
		t.Error("encoded entries do not sort as (value, key)")
	}
	base := len(appendEntryBase(nil, "k", "i"))
	for _, e := range entries {
		want := e.key
		if e.shared == 0 {
			want = "holder"
		}
		if got, err := holder(e.code[base:], []byte("holder")); err != nil || string(got) != want {
			t.Fatalf("holder of the entry %q of record %q is %q, %v", e.value, e.key, got, err)
		}
	}
}

// Nothing of one kind or index may lie in the range of another, whatever their names and values are.
func TestC8_RangesDoNotOverlap(t *testing.T) {
	t.Parallel()
	in := func(s span, key []byte) bool {
		return bytes.Compare(key, s.lower) >= 0 && bytes.Compare(key, s.upper) < 0
	}
	names := nastyNames[:14]
	for _, kind := range names {
		for _, index := range names {
			for _, value := range names {
				for _, exact := range []bool{false, true} {
					s, err := newSpan(driver.Range{Kind: kind, Index: index, Value: value, Exact: exact})
					if err != nil {
						t.Fatal(err)
					}
					for _, otherKind := range names {
						for _, other := range names {
							key := appendRecordKey(nil, otherKind, other)
							want := index == "" && kind == otherKind && (other == value || !exact && strings.HasPrefix(other, value))
							if in(s, key) != want {
								t.Fatalf("record %q of kind %q in the range %q (exact %v) of index %q of kind %q: %v, want %v",
									other, otherKind, value, exact, index, kind, !want, want)
							}
							if other == "" {
								continue
							}
							key = appendEntryKey(nil, otherKind, "key", driver.Entry{Index: other, Value: value + "x"})
							want = index != "" && kind == otherKind && index == other && !exact
							if in(s, key) != want {
								t.Fatalf("entry %q of index %q of kind %q in the range %q (exact %v) of index %q of kind %q: %v, want %v",
									value+"x", other, otherKind, value, exact, index, kind, !want, want)
							}
						}
					}
				}
			}
		}
	}
}

func TestExpiryKeysSortAsTimes(t *testing.T) {
	t.Parallel()
	times := []time.Time{time.Unix(-1<<40, 5), time.Unix(-1, 999_999_999), time.Unix(0, 0), time.Unix(0, 1), time.Unix(1, 0), time.Unix(1<<40, 0)}
	var last []byte
	for _, at := range times {
		key := appendExpiryKey(nil, at, "kind\x00", "key\x00")
		if bytes.Compare(last, key) >= 0 {
			t.Errorf("%v does not sort after the time before it", at)
		}
		last = key
		kind, name, err := cutExpiryKey(key)
		if err != nil || kind != "kind\x00" || name != "key\x00" {
			t.Errorf("record of an expiry key is %q %q, %v", kind, name, err)
		}
	}
}

func TestRowRoundTrip(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		rec  driver.Record
	}{
		{"smallest", driver.Record{Version: 1}},
		{"data", driver.Record{Version: 300, Data: []byte("data")}},
		{"entries", driver.Record{Version: 1 << 40, Index: []driver.Entry{{Index: "a", Value: "\x00", Unique: true}, {Index: "b"}, {Index: "b", Value: strings.Repeat("v", 1024)}}}},
		{"all", driver.Record{Version: 2, Expires: time.Unix(-7, 8).UTC(), Index: []driver.Entry{{Index: "a", Value: "v", Unique: true}}, Data: make([]byte, 1000)}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r, err := parseRow(appendRow(nil, tt.rec))
			if err != nil {
				t.Fatal(err)
			}
			entries, err := r.index()
			if err != nil {
				t.Fatal(err)
			}
			if r.version != tt.rec.Version || !r.expires.Equal(tt.rec.Expires) || !slices.Equal(entries, tt.rec.Index) || !bytes.Equal(r.data, tt.rec.Data) {
				t.Errorf("got %+v with entries %v, want %+v", r, entries, tt.rec)
			}
		})
	}
}

// Whatever is on disk, reading a row neither panics nor invents: what parses encodes to a row that means the same.
func FuzzParseRow(f *testing.F) {
	f.Add(appendRow(nil, driver.Record{Version: 1}))
	f.Add(appendRow(nil, driver.Record{Version: 9, Expires: time.Unix(1, 2), Index: []driver.Entry{{Index: "a", Value: "v", Unique: true}}, Data: []byte("d")}))
	f.Add([]byte{1, 1, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := parseRow(b)
		if err != nil {
			return
		}
		entries, err := r.index()
		if err != nil {
			return
		}
		again, err := parseRow(appendRow(nil, driver.Record{Version: r.version, Expires: r.expires, Index: entries, Data: r.data}))
		if err != nil {
			t.Fatalf("row of a parsed row: %v", err)
		}
		entriesAgain, err := again.index()
		if err != nil || again.version != r.version || !again.expires.Equal(r.expires) || !bytes.Equal(again.data, r.data) || !slices.Equal(entriesAgain, entries) {
			t.Errorf("%+v became %+v (%v)", r, again, err)
		}
	})
}

// Whatever a caller hands in as a cursor, the range never grows.
func FuzzCursor(f *testing.F) {
	f.Add("kind", "index", "value", "@cursor", true, false)
	f.Add("", "", "", "", false, true)
	f.Fuzz(func(t *testing.T, kind, index, value, cursor string, exact, reverse bool) {
		r := driver.Range{Kind: kind, Index: index, Value: value, Exact: exact, Reverse: reverse}
		whole, err := newSpan(r)
		if err != nil {
			t.Fatal(err)
		}
		r.After = driver.Cursor(cursor)
		rest, err := newSpan(r)
		if err != nil {
			return
		}
		if bytes.Compare(rest.lower, rest.upper) < 0 && (bytes.Compare(rest.lower, whole.lower) < 0 || bytes.Compare(rest.upper, whole.upper) > 0) {
			t.Errorf("[%x, %x) reaches out of [%x, %x)", rest.lower, rest.upper, whole.lower, whole.upper)
		}
	})
}

// Keys of the engine parse or are refused, and never panic.
func FuzzParseKeys(f *testing.F) {
	f.Add(appendExpiryKey(nil, time.Unix(1, 2), "kind", "key"))
	f.Add([]byte("value\x00\x02key"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if kind, key, err := cutExpiryKey(b); err == nil {
			if again := appendComponent(b[:expiryPrefix:expiryPrefix], kind, endUnique); !bytes.HasPrefix(b, again[:len(again)-1]) || !strings.HasSuffix(string(b), key) {
				t.Errorf("%x parsed as %q %q", b, kind, key)
			}
		}
		if got, err := holder(b, nil); err == nil && got != nil && !bytes.HasSuffix(b, got) {
			t.Errorf("holder of %x is %x", b, got)
		}
	})
}
