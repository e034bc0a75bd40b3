package store_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/cenote-auth/cenote/store"
	"github.com/cenote-auth/cenote/store/memory"
)

type person struct {
	store.Meta
	ID, Name string
	Ends     time.Time
}

var people = store.NewKind("person", store.Kind[person]{
	Key:     func(p *person) []string { return []string{p.ID} },
	Index:   func(p *person) []store.Index { return []store.Index{{Name: "name", Value: []string{p.Name}}} },
	Expires: func(p *person) time.Time { return p.Ends },
})

type named struct {
	store.Meta
	ID, Name string
}

var unique = store.NewKind("named", store.Kind[named]{
	Key: func(p *named) []string { return []string{p.ID} },
	Index: func(p *named) []store.Index {
		return []store.Index{{Name: "name", Value: []string{p.Name}, Unique: true}}
	},
	Cached: true,
})

type clock struct{ t time.Time }

func (c *clock) now() time.Time { return c.t }

func setup(t *testing.T) (*store.Store, *clock) {
	t.Helper()
	db := memory.New(memory.Config{RehearseUpdates: true})
	t.Cleanup(func() { db.Close() })
	c := &clock{time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
	return store.Open(db, c.now), c
}

func put[T any](t *testing.T, st *store.Store, table store.Table[T], v *T) error {
	t.Helper()
	return st.Update(t.Context(), func(tx *store.Tx) error { return table.Put(t.Context(), tx, v) })
}

func TestReadFillsLookups(t *testing.T) {
	t.Parallel()
	st, _ := setup(t)
	a := unique.Of("a")
	if err := put(t, st, a, &named{ID: "1", Name: "ada"}); err != nil {
		t.Fatal(err)
	}
	byKey, byName, foreign, absent := a.Find("1"), a.FindBy("name", "ada"), unique.Of("b").Find("1"), a.Find("2")
	if err := st.Read(t.Context(), byKey, byName, foreign, absent); err != nil {
		t.Fatal(err)
	}
	if byKey.Got == nil || byName.Got == nil || byKey.Got.Version != 1 {
		t.Errorf("got %+v and %+v", byKey.Got, byName.Got)
	}
	if foreign.Got != nil || absent.Got != nil {
		t.Error("found what is not there, or is somebody else's")
	}
}

// Expiry is decided by the store's clock when a record is read, not by the sweeper.
func TestExpiredRecordsAreAbsent(t *testing.T) {
	t.Parallel()
	st, c := setup(t)
	table := people.Of("a")
	if err := put(t, st, table, &person{ID: "1", Name: "ada", Ends: c.t.Add(time.Minute)}); err != nil {
		t.Fatal(err)
	}
	find := table.Find("1")
	read := func() *person {
		if err := st.Read(t.Context(), find); err != nil {
			t.Fatal(err)
		}
		return find.Got
	}
	c.t = c.t.Add(59 * time.Second)
	if read() == nil {
		t.Error("gone before its time")
	}
	c.t = c.t.Add(time.Second)
	if read() != nil {
		t.Error("there at its end")
	}
	err := st.Update(t.Context(), func(tx *store.Tx) error {
		return table.Replace(t.Context(), tx, &person{ID: "1", Name: "bob", Ends: c.t.Add(time.Minute)})
	})
	if err != nil || read() == nil || read().Name != "bob" {
		t.Errorf("a record cannot follow an expired one: %v", err)
	}
	c.t = c.t.Add(time.Hour)
	if n, err := st.Sweep(t.Context(), 10); n != 1 || err != nil {
		t.Errorf("Sweep = %d, %v", n, err)
	}
}

func TestConflictsSayWhich(t *testing.T) {
	t.Parallel()
	st, _ := setup(t)
	table := unique.Of("a")
	if err := put(t, st, table, &named{ID: "1", Name: "ada"}); err != nil {
		t.Fatal(err)
	}
	if err := put(t, st, unique.Of("b"), &named{ID: "1", Name: "ada"}); err != nil {
		t.Errorf("another owner's record conflicts: %v", err)
	}
	c := store.AsConflict(put(t, st, table, &named{ID: "2", Name: "ada"}))
	if c == nil || !table.IsConflict(c, "name", "ada") || table.IsConflict(c, "", "2") {
		t.Errorf("conflict = %v", c)
	}
	if strings.Contains(c.Error(), "ada") {
		t.Error("the conflict's text tells the value")
	}
	c = store.AsConflict(put(t, st, table, &named{ID: "1", Name: "bob"}))
	if c == nil || !table.IsConflict(c, "", "1") {
		t.Errorf("conflict = %v", c)
	}
	if err := put(t, st, table, &named{Meta: store.Meta{Version: 7}, ID: "1", Name: "bob"}); !errors.Is(err, store.ErrStale) {
		t.Errorf("stale put: %v", err)
	}
}

// H4: a cached record counts only for the very bytes that were read, also when a restored store deals a version again.
func TestH4_CacheFollowsTheStore(t *testing.T) {
	t.Parallel()
	db := memory.New(memory.Config{})
	st := store.Open(db, nil)
	table := unique.Of("a")
	find := table.Find("1")
	name := func() string {
		if err := st.Read(t.Context(), find); err != nil {
			t.Fatal(err)
		}
		return find.Got.Name
	}
	if err := put(t, st, table, &named{ID: "1", Name: "ada"}); err != nil {
		t.Fatal(err)
	}
	before := db.Snapshot()
	if name() != "ada" {
		t.Fatal(name())
	}
	for _, next := range []string{"bob", "eve"} {
		if err := put(t, st, table, &named{Meta: store.Meta{Version: 1}, ID: "1", Name: next}); err != nil {
			t.Fatal(err)
		}
		if got := name(); got != next {
			t.Errorf("read %s, stored is %s", got, next)
		}
		db.Restore(before)
	}
}

func TestScan(t *testing.T) {
	t.Parallel()
	st, c := setup(t)
	table := people.Of("a")
	long := strings.Repeat("x", 3000)
	for _, p := range []*person{
		{ID: "1", Name: "ada"}, {ID: "2", Name: "adam"}, {ID: "3", Name: "bob"}, {ID: "4", Name: "ad\x00a"},
		{ID: "5", Name: long + "1"}, {ID: "6", Name: long + "2"}, {ID: "7", Name: "gone", Ends: c.t},
	} {
		if err := put(t, st, table, p); err != nil {
			t.Fatal(err)
		}
	}
	if err := put(t, st, people.Of("ab"), &person{ID: "9", Name: "ada"}); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name    string
		query   store.Query
		want    string
		recheck bool
	}{
		{"by key", store.Query{}, "123456", false},
		{"reverse", store.Query{Reverse: true, Limit: 3}, "65", false}, // 7 has expired and takes a place
		{"prefix", store.Query{Index: "name", Prefix: "ad"}, "412", false},
		{"exact", store.Query{Index: "name", Value: []string{"ada"}, Exact: true}, "1", false},
		{"exact, long", store.Query{Index: "name", Value: []string{long + "2"}, Exact: true}, "6", false},
		{"prefix, long", store.Query{Index: "name", Prefix: long + "2"}, "65", true}, // by digest behind what an index holds
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var page store.Page[person]
			err := st.View(t.Context(), func(r *store.Reader) (err error) {
				page, err = table.Scan(t.Context(), r, tt.query)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			for _, p := range page.Records {
				got += p.ID
			}
			if got != tt.want || page.Recheck != tt.recheck {
				t.Errorf("got %q (recheck %v), want %q (%v)", got, page.Recheck, tt.want, tt.recheck)
			}
		})
	}
}

func TestPurgeLeavesOtherOwners(t *testing.T) {
	t.Parallel()
	st, _ := setup(t)
	for _, id := range []string{"1", "2", "3", "4", "5"} {
		if err := errors.Join(put(t, st, people.Of("a"), &person{ID: id}), put(t, st, people.Of("ab"), &person{ID: id})); err != nil {
			t.Fatal(err)
		}
	}
	rounds := 0
	for more := true; more; rounds++ {
		var err error
		if more, err = people.Of("a").Purge(t.Context(), st, 2); err != nil {
			t.Fatal(err)
		}
	}
	count := func(owner string) (n int64) {
		err := st.View(t.Context(), func(r *store.Reader) (err error) {
			n, err = people.Of(owner).Count(t.Context(), r, store.Query{})
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	if a, b := count("a"), count("ab"); a != 0 || b != 5 || rounds < 3 {
		t.Errorf("%d and %d left after %d rounds", a, b, rounds)
	}
}

func TestKindWithoutMetaPanics(t *testing.T) {
	t.Parallel()
	defer func() {
		if recover() == nil {
			t.Error("a kind whose records have no version was accepted")
		}
	}()
	store.NewKind("bad", store.Kind[struct{ A int }]{})
}

// TestSharedRecordsStay checks that a store which rehearses finds out who changes a record that look-ups share, and that pages of
// records are the caller's own.
func TestSharedRecordsStay(t *testing.T) {
	t.Parallel()
	st, _ := setup(t)
	table := unique.Of("a")
	if err := put(t, st, table, &named{ID: "1", Name: "ada"}); err != nil {
		t.Fatal(err)
	}
	shared := look(t, st, table, "1")
	if look(t, st, table, "1") != shared {
		t.Error("the record was decoded again")
	}
	err := st.View(t.Context(), func(r *store.Reader) error {
		page, err := table.Scan(t.Context(), r, store.Query{Limit: 1})
		if err == nil {
			page.Records[0].Name = "eve"
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := look(t, st, table, "1"); got.Name != "ada" {
		t.Errorf("got %q", got.Name)
	}
	shared.Name = "eve"
	defer func() {
		if recover() == nil {
			t.Error("nobody noticed the change")
		}
	}()
	look(t, st, table, "1")
}
