package storetest

import (
	"slices"
	"testing"

	"github.com/cenote-auth/cenote/store/driver"
)

// nodes are the tests whose promises hold between processes, too, run on two nodes at once.
func (h Harness) nodes() []entry {
	both := []struct {
		name string
		run  func(*testing.T, ...driver.DB)
	}{
		{"one of many takers by key", testTakeOnce},
		{"one of many takers by entry", testTakeByEntry},
		{"one of many takers of a known version", testTakeVersion},
		{"attempts are counted one by one", testAttempts},
		{"one of many inserts of a key", testRaceForKey},
		{"one of many inserts of an entry", testRaceForEntry},
		{"one of many replacements", testRaceOfReplacements},
		{"one of many who look first", testLookFirst},
		{"entries that come and go", testRaceOfChurn},
		{"no update is lost", testLostUpdate},
		{"no write skew", testWriteSkew},
		{"no write skew over absent records", testAbsentSkew},
		{"no phantoms in a count", testPhantomCount},
		{"no phantoms at the end of a range", testPhantomEnd},
		{"no decision on a deleted record", testDeletedRecord},
		{"sums are constant in every snapshot", testConstantSum},
		{"acknowledged writes are seen at once", testAcknowledged},
		{"serializable", testSerializable(7)},
		{"a cursor goes from node to node", testCursorTravels},
	}
	var entries []entry
	for _, e := range both {
		entries = append(entries, entry{e.name, func(t *testing.T, db driver.DB) {
			if h.Second == nil {
				t.Skip("the driver has one node: Harness.Second is nil")
			}
			e.run(t, db, h.Second(t, db))
		}})
	}
	return entries
}

func testCursorTravels(t *testing.T, nodes ...driver.DB) {
	put(t, nodes[0], numbered(11)...)
	for _, rng := range ranges() {
		whole := keysOf(scan(t, nodes[1], rng))
		var got []string
		rng.Limit = 2
		for i := range 6 {
			var recs []driver.Record
			view(t, nodes[i%len(nodes)], func(r driver.Reader) (err error) {
				recs, rng.After, err = r.Scan(t.Context(), rng)
				return err
			})
			got = append(got, keysOf(recs)...)
		}
		if rng.After != "" || !slices.Equal(got, whole) {
			t.Errorf("%+v: got %v, want %v", rng, got, whole)
		}
	}
}
