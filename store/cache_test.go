package store_test

import (
	"strconv"
	"testing"

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
