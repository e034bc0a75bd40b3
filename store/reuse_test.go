package store_test

import (
	"testing"

	"github.com/cenote-auth/cenote/store"
	"github.com/cenote-auth/cenote/store/memory"
)

type plainPerson struct {
	store.Meta
	ID, Name string
}

var plain = store.NewKind("plain", store.Kind[plainPerson]{Key: func(p *plainPerson) []string { return []string{p.ID} }})

// TestReuse checks that a record is handed out again only while the stored one is, byte for byte, what it was read as: not when it was
// written again, nor when a store that was restored has another one of the same version, nor when the known one is a copy.
func TestReuse(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	db := memory.New(memory.Config{})
	t.Cleanup(func() { db.Close() })
	st, table := store.Open(db, nil), plain.Of("a")
	write := func(v *plainPerson) {
		t.Helper()
		if err := st.Update(ctx, func(tx *store.Tx) error { return table.Put(ctx, tx, v) }); err != nil {
			t.Fatal(err)
		}
	}
	read := func(known *plainPerson) *plainPerson {
		t.Helper()
		find := table.Find("1").Reuse(known)
		if err := st.Read(ctx, find); err != nil {
			t.Fatal(err)
		}
		return find.Got
	}
	empty := db.Snapshot()
	write(&plainPerson{ID: "1", Name: "ada"})
	first := read(nil)
	if got := read(first); got != first {
		t.Error("the record was decoded again")
	}
	copied := &plainPerson{Meta: first.Copied(), ID: "1", Name: "changed and not put"}
	if got := read(copied); got == copied || got.Name != "ada" {
		t.Errorf("a copy stood for what is stored: %+v", got)
	}
	db.Restore(empty)
	write(&plainPerson{ID: "1", Name: "bob"}) // of the same version
	if got := read(first); got.Name != "bob" {
		t.Errorf("got %q of before the restore", got.Name)
	}
	second := read(nil)
	write(&plainPerson{Meta: second.Copied(), ID: "1", Name: "eve"})
	if got := read(second); got.Name != "eve" {
		t.Errorf("got %q, want the latest", got.Name)
	}
	if err := st.Update(ctx, func(tx *store.Tx) error { return table.Delete(ctx, tx, read(nil)) }); err != nil {
		t.Fatal(err)
	}
	if got := read(second); got != nil {
		t.Errorf("got %q, who was deleted", got.Name)
	}
}
