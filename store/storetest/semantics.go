package storetest

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/cenote-auth/cenote/store/driver"
)

var semantics = []entry{
	{"insert", testInsert},
	{"replace", testReplace},
	{"absent records are zero", testAbsent},
	{"many refs keep their order", testManyRefs},
	{"kinds are apart", testKindsApart},
	{"a transaction reads its own writes", testOwnWrites},
	{"a put replaces the index entries", testIndexReplaced},
	{"a record with many entries", testManyEntries},
	{"delete", testDelete},
	{"delete and insert in one transaction", testDeleteInsert},
	{"several puts of one record", testPutsOfOne},
	{"an error rolls back", testRollback},
	{"data of all sizes", testData},
	{"nothing is aliased", testAliasing},
	{"a transaction without writes", testNoWrites},
}

func testInsert(t *testing.T, db driver.DB) {
	put(t, db, record("user", "k", unique("name", "ada"), plain("status", "new")))
	for name, ref := range map[string]driver.Ref{"key": byKey("user", "k"), "unique index": byIndex("user", "name", "ada")} {
		wantRecord(t, "by "+name, read(t, db, ref), "user", "k", 1, "user/k")
	}
	for name, rng := range map[string]driver.Range{
		"key": {Kind: "user", Limit: 2}, "unique index": {Kind: "user", Index: "name", Limit: 2},
		"index": {Kind: "user", Index: "status", Limit: 2},
	} {
		recs := scan(t, db, rng)
		if len(recs) != 1 {
			t.Fatalf("scan by %s: %d records, want 1", name, len(recs))
		}
		wantRecord(t, "scan by "+name, recs[0], "user", "k", 1, "user/k")
	}
}

func wantRecord(t testing.TB, where string, got driver.Record, kind, key string, version int64, data string) {
	t.Helper()
	if got.Kind != kind || got.Key != key || got.Version != version || string(got.Data) != data {
		t.Errorf("%s: got %s/%q version %d data %.40q, want %s/%q version %d data %.40q",
			where, got.Kind, got.Key, got.Version, got.Data, kind, key, version, data)
	}
	if got.Index != nil {
		t.Errorf("%s: a read returned index entries", where)
	}
	if !got.Expires.IsZero() {
		t.Errorf("%s: Expires = %v, want never", where, got.Expires)
	}
}

func testReplace(t *testing.T, db driver.DB) {
	for version := range int64(5) {
		rec := at(version, record("user", "k"))
		rec.Data = fmt.Appendf(nil, "value %d", version+1)
		put(t, db, rec)
		wantRecord(t, "after put", read(t, db, byKey("user", "k")), "user", "k", version+1, string(rec.Data))
	}
}

func testAbsent(t *testing.T, db driver.DB) {
	put(t, db, record("user", "b", unique("name", "bob")))
	refs := []driver.Ref{
		byKey("user", "a"), byKey("user", "b"), byIndex("user", "name", "ada"), byIndex("user", "name", "bob"),
		byIndex("user", "nickname", "bob"), byKey("group", "b"), byKey("user", ""),
	}
	want := []string{"", "b", "", "b", "", "", ""}
	check := func(where string, recs []driver.Record, err error) {
		t.Helper()
		if err != nil {
			t.Fatalf("%s: %v", where, err)
		}
		if len(recs) != len(refs) {
			t.Fatalf("%s: %d records for %d refs", where, len(recs), len(refs))
		}
		for i, rec := range recs {
			if want[i] == "" && (rec.Version != 0 || rec.Kind != "" || rec.Key != "" || rec.Data != nil || !rec.Expires.IsZero()) {
				t.Errorf("%s: ref %d is absent but returned %+v", where, i, rec)
			}
			if rec.Key != want[i] {
				t.Errorf("%s: ref %d: key %q, want %q", where, i, rec.Key, want[i])
			}
		}
	}
	recs, err := db.Read(t.Context(), refs...)
	check("Read", recs, err)
	view(t, db, func(r driver.Reader) error {
		recs, err := r.Get(t.Context(), refs...)
		check("View", recs, err)
		return nil
	})
	update(t, db, func(tx driver.Tx) error {
		recs, err := tx.Get(t.Context(), refs...)
		check("Update", recs, err)
		return err
	})
	if recs, err := db.Read(t.Context()); err != nil || len(recs) != 0 {
		t.Errorf("Read of no refs: %d records, %v", len(recs), err)
	}
}

func testManyRefs(t *testing.T, db driver.DB) {
	const n = 300
	var recs []driver.Record
	for i := range n {
		recs = append(recs, record("user", fmt.Sprint("k", i), unique("name", fmt.Sprint("n", i))))
	}
	put(t, db, recs...)
	var refs []driver.Ref
	var want []string
	for i := range n { // interleaved, with repetitions, from both ends
		refs = append(refs, byKey("user", fmt.Sprint("k", n-1-i)), byIndex("user", "name", fmt.Sprint("n", i/2)))
		want = append(want, fmt.Sprint("k", n-1-i), fmt.Sprint("k", i/2))
	}
	got, err := db.Read(t.Context(), refs...)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(keysOf(got), want) {
		t.Errorf("records came out of order:\n got %v\nwant %v", keysOf(got), want)
	}
}

func testKindsApart(t *testing.T, db driver.DB) {
	// Written one after the other, the names of the second column are the same text: a driver that concatenates mixes them.
	put(t, db,
		record("a", "bc", unique("x", "y"), plain("p", "qr")),
		record("ab", "c", unique("x", "y"), plain("pq", "r")),
		record("abc", "", unique("xy", ""), plain("p", "qr")),
	)
	for _, tt := range []struct{ kind, key string }{{"a", "bc"}, {"ab", "c"}, {"abc", ""}} {
		recs := scan(t, db, driver.Range{Kind: tt.kind})
		if len(recs) != 1 || recs[0].Key != tt.key || recs[0].Kind != tt.kind {
			t.Errorf("kind %q holds %v, want %q alone", tt.kind, keysOf(recs), tt.key)
		}
	}
	for _, tt := range []struct {
		kind, index string
		want        int64
	}{{"a", "x", 1}, {"a", "p", 1}, {"a", "pq", 0}, {"a", "xy", 0}, {"ab", "p", 0}, {"ab", "pq", 1}, {"abc", "xy", 1}, {"", "", 0}} {
		if n := count(t, db, driver.Range{Kind: tt.kind, Index: tt.index}); n != tt.want {
			t.Errorf("index %q of kind %q has %d entries, want %d", tt.index, tt.kind, n, tt.want)
		}
	}
	if got := read(t, db, byIndex("ab", "x", "y")); got.Key != "c" {
		t.Errorf("unique entry of kind ab names %q, want %q", got.Key, "c")
	}
}

func testOwnWrites(t *testing.T, db driver.DB) {
	put(t, db, record("user", "old", unique("name", "old"), plain("status", "on")), record("user", "gone", plain("status", "on")))
	ctx := t.Context()
	update(t, db, func(tx driver.Tx) error {
		seen := func(step string, wantOn []string, absent ...driver.Ref) error {
			recs, err := pages(ctx, tx, driver.Range{Kind: "user", Index: "status", Value: "on", Exact: true, Limit: 10})
			if err != nil {
				return fmt.Errorf("%s: scan: %w", step, err)
			}
			got := keysOf(recs)
			if slices.Sort(got); !slices.Equal(got, wantOn) {
				t.Errorf("%s: scan sees %v, want %v", step, got, wantOn)
			}
			n, err := tx.Count(ctx, driver.Range{Kind: "user", Index: "status", Value: "on", Exact: true})
			if err != nil || n != int64(len(wantOn)) {
				t.Errorf("%s: count %d, %v, want %d", step, n, err, len(wantOn))
			}
			recs, err = tx.Get(ctx, absent...)
			for i, rec := range recs {
				if rec.Version != 0 {
					t.Errorf("%s: %v is still there", step, absent[i])
				}
			}
			return err
		}
		err := errors.Join(
			seen("before", []string{"gone", "old"}),
			tx.Put(ctx, record("user", "new", unique("name", "new"), plain("status", "on"))),
			seen("inserted", []string{"gone", "new", "old"}),
			tx.Delete(ctx, "user", "gone", 1),
			seen("deleted", []string{"new", "old"}, byKey("user", "gone")),
			tx.Put(ctx, at(1, record("user", "old", unique("name", "older"), plain("status", "off")))),
			seen("replaced", []string{"new"}, byIndex("user", "name", "old")),
		)
		if err != nil {
			return err
		}
		for name, want := range map[string]driver.Record{
			"new": at(1, record("user", "new")), "older": at(2, record("user", "old")),
		} {
			got, err := getOne(ctx, tx, byIndex("user", "name", name))
			if err != nil {
				return err
			}
			wantRecord(t, "own write by unique index", got, "user", want.Key, want.Version, string(want.Data))
		}
		return nil
	})
	if keys := keysOf(scan(t, db, driver.Range{Kind: "user"})); !slices.Equal(keys, []string{"new", "old"}) {
		t.Errorf("after commit there is %v", keys)
	}
}

func testIndexReplaced(t *testing.T, db driver.DB) {
	put(t, db, record("user", "k", unique("name", "ada"), plain("tag", "x"), plain("tag", "y"), plain("city", "rome")))
	put(t, db, at(1, record("user", "k", unique("name", "eve"), plain("tag", "y"), plain("tag", "z"))))
	if got := read(t, db, byIndex("user", "name", "ada")); got.Version != 0 {
		t.Error("the former unique entry still finds the record")
	}
	if got := read(t, db, byIndex("user", "name", "eve")); got.Version != 2 {
		t.Errorf("the new unique entry finds version %d, want 2", got.Version)
	}
	for value, want := range map[string]int64{"x": 0, "y": 1, "z": 1} {
		if n := count(t, db, driver.Range{Kind: "user", Index: "tag", Value: value, Exact: true}); n != want {
			t.Errorf("tag %s: %d entries, want %d", value, n, want)
		}
	}
	if n := count(t, db, driver.Range{Kind: "user", Index: "city"}); n != 0 {
		t.Errorf("city: %d entries, want none", n)
	}
	put(t, db, at(2, record("user", "k"))) // and none at all
	for _, index := range []string{"name", "tag", "city"} {
		if n := count(t, db, driver.Range{Kind: "user", Index: index}); n != 0 {
			t.Errorf("%s: %d entries after a put without any", index, n)
		}
	}
}

func testManyEntries(t *testing.T, db driver.DB) {
	var entries []driver.Entry
	for i := range 10 {
		index := fmt.Sprint("i", i)
		entries = append(entries, unique(index, fmt.Sprint("u", i)), plain(index, "p1"), plain(index, "p2"))
	}
	put(t, db, record("user", "k", entries...), record("user", "other", plain("i3", "p1")))
	for i := range 10 {
		index := fmt.Sprint("i", i)
		want := int64(3)
		if i == 3 {
			want++
		}
		if n := count(t, db, driver.Range{Kind: "user", Index: index}); n != want {
			t.Errorf("%s: %d entries, want %d", index, n, want)
		}
		if got := read(t, db, byIndex("user", index, fmt.Sprint("u", i))); got.Key != "k" {
			t.Errorf("%s: the unique entry finds %q", index, got.Key)
		}
	}
	remove(t, db, "user", "k")
	if n := count(t, db, driver.Range{Kind: "user", Index: "i3"}); n != 1 {
		t.Errorf("i3: %d entries after delete, want the other record's one", n)
	}
}

func testDelete(t *testing.T, db driver.DB) {
	ctx := t.Context()
	rec := record("user", "k", unique("name", "ada"), plain("tag", "x"))
	for _, version := range []int64{1, 0} { // exactly, and whatever is there
		put(t, db, rec)
		update(t, db, func(tx driver.Tx) error { return tx.Delete(ctx, "user", "k", version) })
		for _, ref := range []driver.Ref{byKey("user", "k"), byIndex("user", "name", "ada")} {
			if got := read(t, db, ref); got.Version != 0 {
				t.Errorf("%v is still there", ref)
			}
		}
		if n := count(t, db, driver.Range{Kind: "user", Index: "tag"}); n != 0 {
			t.Errorf("%d entries are left", n)
		}
	}
	update(t, db, func(tx driver.Tx) error { // nothing there, nothing wrong
		return errors.Join(tx.Delete(ctx, "user", "k", 0), tx.Delete(ctx, "unheard of", "k", 0))
	})
	put(t, db, rec)
	if got := read(t, db, byKey("user", "k")); got.Version != 1 {
		t.Errorf("inserted again with version %d, want 1", got.Version)
	}
}

func testDeleteInsert(t *testing.T, db driver.DB) {
	ctx := t.Context()
	put(t, db, record("user", "k", unique("name", "ada")), record("user", "l", unique("name", "bob")))
	put(t, db, at(1, record("user", "k", unique("name", "ada"))))
	update(t, db, func(tx driver.Tx) error {
		return errors.Join(
			tx.Delete(ctx, "user", "k", 0),
			tx.Put(ctx, record("user", "k", unique("name", "ada"))), // itself again
			tx.Delete(ctx, "user", "l", 1),
			tx.Put(ctx, record("user", "m", unique("name", "bob"))), // the value of what was deleted
			tx.Put(ctx, record("user", "n", unique("name", "eve"))),
			tx.Delete(ctx, "user", "n", 1), // comes and goes
		)
	})
	if got := read(t, db, byIndex("user", "name", "ada")); got.Version != 1 || got.Key != "k" {
		t.Errorf("replaced record is %q version %d, want k version 1", got.Key, got.Version)
	}
	if got := read(t, db, byIndex("user", "name", "bob")); got.Key != "m" {
		t.Errorf("freed entry names %q, want m", got.Key)
	}
	if keys := keysOf(scan(t, db, driver.Range{Kind: "user"})); !slices.Equal(keys, []string{"k", "m"}) {
		t.Errorf("there is %v, want [k m]", keys)
	}
}

func testPutsOfOne(t *testing.T, db driver.DB) {
	ctx := t.Context()
	update(t, db, func(tx driver.Tx) error {
		for version := range int64(4) {
			rec := at(version, record("user", "k", unique("name", fmt.Sprint("n", version))))
			rec.Data = fmt.Appendf(nil, "value %d", version+1)
			if err := tx.Put(ctx, rec); err != nil {
				return err
			}
			got, err := getOne(ctx, tx, byKey("user", "k"))
			if err != nil {
				return err
			}
			wantRecord(t, "inside", got, "user", "k", version+1, string(rec.Data))
		}
		return nil
	})
	wantRecord(t, "after commit", read(t, db, byKey("user", "k")), "user", "k", 4, "value 4")
	if n := count(t, db, driver.Range{Kind: "user", Index: "name"}); n != 1 {
		t.Errorf("%d entries, want the last put's one", n)
	}
}

func testRollback(t *testing.T, db driver.DB) {
	ctx, mine := t.Context(), errors.New("mine")
	put(t, db, record("user", "k", unique("name", "ada")), record("user", "l"))
	err := db.Update(ctx, func(tx driver.Tx) error {
		err := errors.Join(
			tx.Put(ctx, record("user", "new", unique("name", "new"))),
			tx.Put(ctx, at(1, record("user", "k", unique("name", "eve")))),
			tx.Delete(ctx, "user", "l", 0),
		)
		if err != nil {
			return err
		}
		return mine
	})
	if err != mine { //nolint:errorlint // unchanged means the very same value
		t.Errorf("Update returned %v, want the closure's error itself", err)
	}
	if err := db.View(ctx, func(driver.Reader) error { return mine }); err != mine { //nolint:errorlint // as above
		t.Errorf("View returned %v, want the closure's error itself", err)
	}
	if keys := keysOf(scan(t, db, driver.Range{Kind: "user"})); !slices.Equal(keys, []string{"k", "l"}) {
		t.Errorf("there is %v after a rollback, want [k l]", keys)
	}
	if got := read(t, db, byIndex("user", "name", "ada")); got.Version != 1 {
		t.Errorf("the record has version %d after a rollback, want 1", got.Version)
	}
	if n := count(t, db, driver.Range{Kind: "user", Index: "name"}); n != 1 {
		t.Errorf("%d unique entries after a rollback, want 1", n)
	}
}

func testNoWrites(t *testing.T, db driver.DB) {
	put(t, db, record("user", "k"))
	update(t, db, func(driver.Tx) error { return nil })
	var got driver.Record
	update(t, db, func(tx driver.Tx) (err error) {
		got, err = getOne(t.Context(), tx, byKey("user", "k"))
		return err
	})
	if got.Version != 1 {
		t.Errorf("read version %d, want 1", got.Version)
	}
}
