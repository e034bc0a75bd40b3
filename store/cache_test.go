package store_test

import (
	"strconv"
	"testing"
	"time"

	"github.com/cenote-auth/cenote/store"
	"github.com/cenote-auth/cenote/store/memory"
)

type crowded struct {
	store.Meta
	ID string
}

var crowd = store.NewKind("crowd", store.Kind[crowded]{Key: func(c *crowded) []string { return []string{c.ID} }, Cached: true})

// TestCacheIsByKind checks that many records of one kind push none of another out of the cache, and that the cache is bounded.
func TestCacheIsByKind(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	db := memory.New(memory.Config{})
	t.Cleanup(func() { db.Close() })
	st, few, many := store.Open(db, nil), unique.Of("a"), crowd.Of("a")
	const n = 10_001 // more than are kept
	err := st.Update(ctx, func(tx *store.Tx) error {
		for i := range n {
			if err := many.Put(ctx, tx, &crowded{ID: strconv.Itoa(i)}); err != nil {
				return err
			}
		}
		return few.Put(ctx, tx, &named{ID: "1", Name: "ada"})
	})
	if err != nil {
		t.Fatal(err)
	}
	first := look(t, st, few, "1")
	seen := look(t, st, many, "0")
	if look(t, st, many, "0") != seen {
		t.Error("a record was decoded again")
	}
	for i := range n {
		look(t, st, many, strconv.Itoa(i))
	}
	if look(t, st, many, "0") == seen {
		t.Errorf("all of %d records are kept", n)
	}
	if look(t, st, few, "1") != first {
		t.Error("a record of another kind was pushed out")
	}
}

func look[T any](t *testing.T, st *store.Store, table store.Table[T], key string) *T {
	t.Helper()
	find := table.Find(key)
	if err := st.Read(t.Context(), find); err != nil {
		t.Fatal(err)
	}
	return find.Got
}

type passing struct {
	store.Meta
	ID   string
	Ends time.Time
}

var fleeting = store.NewKind("fleeting", store.Kind[passing]{
	Key:     func(p *passing) []string { return []string{p.ID} },
	Expires: func(p *passing) time.Time { return p.Ends },
	Cached:  true,
})

// A record that is kept decoded expires as any other, to the nanosecond.
func TestCachedRecordsExpire(t *testing.T) {
	t.Parallel()
	db := memory.New(memory.Config{})
	t.Cleanup(func() { db.Close() })
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	st, table := store.Open(db, func() time.Time { return now }), fleeting.Of("a")
	ends := now.Add(time.Second + 7)
	err := st.Update(t.Context(), func(tx *store.Tx) error { return table.Put(t.Context(), tx, &passing{ID: "1", Ends: ends}) })
	if err != nil {
		t.Fatal(err)
	}
	for _, read := range []struct {
		at   time.Time
		live bool
	}{{now, true}, {ends.Add(-1), true}, {ends, false}, {ends.Add(time.Hour), false}, {now, true}} {
		now = read.at
		if got := look(t, st, table, "1"); (got != nil) != read.live {
			t.Errorf("%v before its end: %+v", ends.Sub(now), got)
		}
	}
}
