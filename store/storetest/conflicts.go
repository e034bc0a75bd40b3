package storetest

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/cenote-auth/cenote/store/driver"
)

var conflicts = []entry{
	{"a unique violation names its entry", testConflictNames},
	{"a conflict dooms the transaction", testSwallowedConflict},
	{"a stale version dooms the transaction", testSwallowedStale},
	{"the closure's error comes before a conflict", testErrorBeforeConflict},
	{"stale versions", testStale},
	{"a record may keep its unique entries", testKeepUnique},
	{"a freed unique entry can be taken", testFreedUnique},
	{"plain entries never conflict", testPlainEntries},
}

// isConflict returns the conflict in err, or nil.
func isConflict(err error) *driver.ConflictError {
	c, _ := errors.AsType[*driver.ConflictError](err)
	return c
}

// seeded returns what the tests here put first: two records with entries in two unique indexes.
func seeded() []driver.Record {
	return []driver.Record{
		record("user", "ada", unique("name", "ada"), unique("mail", "ada@")),
		record("user", "bob", unique("name", "bob"), unique("mail", "bob@")),
	}
}

// testConflictNames checks that the first violated entry in the order of the puts is named, the key of a record before its
// entries. Services tell a taken user name from a taken e-mail address by it.
func testConflictNames(t *testing.T, db driver.DB) {
	put(t, db, seeded()...)
	conflict := func(kind, index, value string) driver.ConflictError {
		return driver.ConflictError{Kind: kind, Index: index, Value: value}
	}
	for name, tt := range map[string]struct {
		puts []driver.Record
		want driver.ConflictError
	}{
		"key":             {[]driver.Record{record("user", "ada")}, conflict("user", "", "ada")},
		"index":           {[]driver.Record{record("user", "x", unique("mail", "bob@"))}, conflict("user", "mail", "bob@")},
		"key and index":   {[]driver.Record{record("user", "ada", unique("mail", "bob@"))}, conflict("user", "", "ada")},
		"first of two":    {[]driver.Record{record("user", "x", unique("name", "bob"), unique("mail", "ada@"))}, conflict("user", "name", "bob")},
		"second of two":   {[]driver.Record{record("user", "x", unique("name", "new"), unique("mail", "ada@"))}, conflict("user", "mail", "ada@")},
		"in given order":  {[]driver.Record{record("user", "x", unique("mail", "ada@"), unique("name", "ada"))}, conflict("user", "mail", "ada@")},
		"of a replace":    {[]driver.Record{at(1, record("user", "ada", unique("name", "ada"), unique("mail", "bob@")))}, conflict("user", "mail", "bob@")},
		"earlier put":     {[]driver.Record{record("user", "x"), record("user", "y", unique("mail", "ada@")), record("user", "bob")}, conflict("user", "mail", "ada@")},
		"own key":         {[]driver.Record{record("user", "x"), record("user", "x")}, conflict("user", "", "x")},
		"own entry":       {[]driver.Record{record("user", "x", unique("name", "n")), record("user", "y", unique("name", "n"))}, conflict("user", "name", "n")},
		"arbitrary bytes": {[]driver.Record{record("user", "\x00\xff", unique("name", "\xff\x00é")), record("user", "y", unique("name", "\xff\x00é"))}, conflict("user", "name", "\xff\x00é")},
		"after a stale one would have been": {
			[]driver.Record{record("user", "x", unique("name", "ada")), at(7, record("user", "bob"))}, conflict("user", "name", "ada"),
		},
	} {
		t.Run(name, func(t *testing.T) {
			err := tryPut(t.Context(), db, tt.puts...)
			if got := isConflict(err); got == nil || *got != tt.want {
				t.Errorf("got %v (%+v), want %+v", err, got, tt.want)
			}
			if keys := keysOf(scan(t, db, driver.Range{Kind: "user"})); !slices.Equal(keys, []string{"ada", "bob"}) {
				t.Errorf("there is %v after a conflict", keys)
			}
		})
	}
}

func testSwallowedConflict(t *testing.T, db driver.DB) {
	put(t, db, seeded()...)
	ctx := t.Context()
	err := db.Update(ctx, func(tx driver.Tx) error {
		_ = tx.Put(ctx, record("user", "x", unique("name", "x")))
		_ = tx.Put(ctx, record("user", "y", unique("mail", "ada@"))) // the first violation
		_ = tx.Put(ctx, record("user", "bob"))
		_ = tx.Put(ctx, record("user", "z"))
		return nil
	})
	if got, want := isConflict(err), (driver.ConflictError{Kind: "user", Index: "mail", Value: "ada@"}); got == nil || *got != want {
		t.Errorf("got %v (%+v), want %+v", err, got, want)
	}
	if n := count(t, db, driver.Range{Kind: "user"}); n != 2 {
		t.Errorf("%d records after a swallowed conflict, want 2", n)
	}
}

func testSwallowedStale(t *testing.T, db driver.DB) {
	put(t, db, seeded()...)
	ctx := t.Context()
	for name, write := range map[string]func(driver.Tx) error{
		"put":    func(tx driver.Tx) error { return tx.Put(ctx, at(9, record("user", "ada"))) },
		"delete": func(tx driver.Tx) error { return tx.Delete(ctx, "user", "ada", 9) },
	} {
		err := db.Update(ctx, func(tx driver.Tx) error {
			_ = tx.Put(ctx, record("user", "x"))
			_ = write(tx)
			_ = tx.Put(ctx, record("user", "y"))
			return nil
		})
		if !errors.Is(err, driver.ErrStale) {
			t.Errorf("swallowed %s: Update returned %v, want ErrStale", name, err)
		}
		if n := count(t, db, driver.Range{Kind: "user"}); n != 2 {
			t.Errorf("swallowed %s: %d records, want 2", name, n)
		}
	}
}

func testErrorBeforeConflict(t *testing.T, db driver.DB) {
	put(t, db, seeded()...)
	ctx, mine := t.Context(), errors.New("mine")
	err := db.Update(ctx, func(tx driver.Tx) error {
		_ = tx.Put(ctx, record("user", "ada"))
		return mine
	})
	if err != mine { //nolint:errorlint // unchanged means the very same value
		t.Errorf("got %v, want the closure's own error", err)
	}
	err = db.Update(ctx, func(tx driver.Tx) error {
		if err := tx.Put(ctx, record("user", "ada")); err != nil {
			return fmt.Errorf("sign up: %w", err)
		}
		return nil
	})
	if isConflict(err) == nil {
		t.Errorf("got %v, want a conflict, wrapped or from the commit", err)
	}
}

// testStale checks compare-and-swap against a version that was read in an earlier transaction.
func testStale(t *testing.T, db driver.DB) {
	ctx := t.Context()
	put(t, db, record("user", "k"))
	put(t, db, at(1, record("user", "k"))) // now at version 2
	for name, write := range map[string]func(driver.Tx) error{
		"put older":         func(tx driver.Tx) error { return tx.Put(ctx, at(1, record("user", "k"))) },
		"put newer":         func(tx driver.Tx) error { return tx.Put(ctx, at(3, record("user", "k"))) },
		"put absent":        func(tx driver.Tx) error { return tx.Put(ctx, at(1, record("user", "none"))) },
		"put in unheard of": func(tx driver.Tx) error { return tx.Put(ctx, at(1, record("unheard of", "k"))) },
		"delete older":      func(tx driver.Tx) error { return tx.Delete(ctx, "user", "k", 1) },
		"delete newer":      func(tx driver.Tx) error { return tx.Delete(ctx, "user", "k", 3) },
		"delete absent":     func(tx driver.Tx) error { return tx.Delete(ctx, "user", "none", 1) },
		"put after deletion": func(tx driver.Tx) error {
			return errors.Join(tx.Delete(ctx, "user", "k", 2), tx.Put(ctx, at(2, record("user", "k"))))
		},
		"put after own put": func(tx driver.Tx) error {
			return errors.Join(tx.Put(ctx, at(2, record("user", "k"))), tx.Put(ctx, at(2, record("user", "k"))))
		},
	} {
		err := db.Update(ctx, write)
		if !errors.Is(err, driver.ErrStale) || isConflict(err) != nil {
			t.Errorf("%s: got %v, want ErrStale", name, err)
		}
		if got := read(t, db, byKey("user", "k")); got.Version != 2 {
			t.Fatalf("%s: the record is at version %d, want 2", name, got.Version)
		}
	}
	put(t, db, at(2, record("user", "k")))
}

func testKeepUnique(t *testing.T, db driver.DB) {
	put(t, db, seeded()...)
	put(t, db, at(1, record("user", "ada", unique("name", "ada"), unique("mail", "new@"))))
	put(t, db, at(2, record("user", "ada", unique("mail", "ada@"), unique("name", "ada"))))
	for _, ref := range []driver.Ref{byIndex("user", "name", "ada"), byIndex("user", "mail", "ada@")} {
		if got := read(t, db, ref); got.Key != "ada" || got.Version != 3 {
			t.Errorf("%v finds %q version %d, want ada version 3", ref, got.Key, got.Version)
		}
	}
	if got := read(t, db, byIndex("user", "mail", "new@")); got.Version != 0 {
		t.Error("the entry of the version between is still there")
	}
}

func testFreedUnique(t *testing.T, db driver.DB) {
	ctx := t.Context()
	put(t, db, seeded()...)
	update(t, db, func(tx driver.Tx) error { // given up in the same transaction, by put and by delete
		return errors.Join(
			tx.Put(ctx, at(1, record("user", "ada", unique("name", "ada"), unique("mail", "eve@")))),
			tx.Put(ctx, record("user", "x", unique("mail", "ada@"))),
			tx.Delete(ctx, "user", "bob", 0),
			tx.Put(ctx, record("user", "y", unique("mail", "bob@"), unique("name", "bob"))),
		)
	})
	for mail, want := range map[string]string{"ada@": "x", "bob@": "y", "eve@": "ada"} {
		if got := read(t, db, byIndex("user", "mail", mail)); got.Key != want {
			t.Errorf("%s belongs to %q, want %q", mail, got.Key, want)
		}
	}
	err := db.Update(ctx, func(tx driver.Tx) error { // given up too late: the puts are judged in their order
		return errors.Join(
			tx.Put(ctx, record("user", "z", unique("mail", "ada@"))),
			tx.Delete(ctx, "user", "x", 0),
		)
	})
	if isConflict(err) == nil {
		t.Errorf("taken before it was given up: got %v, want a conflict", err)
	}
}

func testPlainEntries(t *testing.T, db driver.DB) {
	for i := range 5 {
		put(t, db, record("user", fmt.Sprint(i), plain("status", "on")), record("group", fmt.Sprint(i), plain("status", "on")))
	}
	if n := count(t, db, driver.Range{Kind: "user", Index: "status", Value: "on", Exact: true}); n != 5 {
		t.Errorf("%d entries, want 5", n)
	}
	put(t, db, record("group", "u", unique("name", "x")), record("user", "u", unique("name", "x"))) // one in each kind
}
