package store_test

import (
	"bytes"
	"testing"

	"github.com/cenote-auth/cenote/store"
	"github.com/cenote-auth/cenote/store/driver"
	"github.com/cenote-auth/cenote/store/memory"
)

type locked struct {
	store.Meta
	ID   string
	Lock *lock
}

type lock struct {
	Name       string
	Key, Spare []byte `json:"-"`
}

var lockeds = store.NewKind("locked", store.Kind[locked]{
	Key: func(l *locked) []string { return []string{l.ID} },
	Raw: func(l *locked) []*[]byte {
		if l.Lock == nil {
			return nil
		}
		return []*[]byte{&l.Lock.Key, &l.Lock.Spare}
	},
})

func TestRawFields(t *testing.T) {
	t.Parallel()
	key := bytes.Repeat([]byte{0, 0xff, '"', '\\'}, 100)
	for name, want := range map[string]*locked{
		"none":  {ID: "1"},
		"both":  {ID: "1", Lock: &lock{Name: "n", Key: key, Spare: []byte("spare")}},
		"empty": {ID: "1", Lock: &lock{Name: "n", Spare: []byte("spare")}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			st, _ := setup(t)
			table := lockeds.Of("a")
			if err := put(t, st, table, want); err != nil {
				t.Fatal(err)
			}
			l := table.Find("1")
			if err := st.Read(t.Context(), l); err != nil {
				t.Fatal(err)
			}
			got := l.Got
			switch {
			case got == nil || got.ID != want.ID || (got.Lock == nil) != (want.Lock == nil):
				t.Fatalf("got %+v, want %+v", got, want)
			case got.Lock == nil:
				return
			case got.Lock.Name != want.Lock.Name, !bytes.Equal(got.Lock.Key, want.Lock.Key), !bytes.Equal(got.Lock.Spare, want.Lock.Spare):
				t.Errorf("got %+v, want %+v", got.Lock, want.Lock)
			}
			if len(got.Lock.Key) > 0 { // whoever reads a record may write to it
				got.Lock.Key[0]++
				if err := st.Read(t.Context(), l); err != nil || !bytes.Equal(l.Got.Lock.Key, want.Lock.Key) {
					t.Errorf("%v; a change of what was read reached the store", err)
				}
			}
		})
	}
}

// FuzzRawFields reads records from arbitrary bytes: they are refused, or stored again they read the same.
func FuzzRawFields(f *testing.F) {
	for _, seed := range []string{
		"", "{}", "\x02{}", "\x02{}\x00", "\x0b{\"Lock\":{}}\x01k\x02sp", "\x0b{\"Lock\":{}}\x01k", "\x0b{\"Lock\":{}}\x01k\x01sx",
		"\x04null", "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01{}", "\x0b{\"Lock\":{}}\x00\xff\xff\xff\xff\x0f",
	} {
		f.Add([]byte(seed))
	}
	key := store.Tuple("a", "1")
	f.Fuzz(func(t *testing.T, data []byte) {
		st := store.Open(holding(t, driver.Record{Kind: "locked", Key: key, Data: data}), (&clock{}).now)
		table := lockeds.Of("a")
		l, again := table.Find("1"), table.Find("1")
		if err := st.Read(t.Context(), l); err != nil {
			return
		}
		first := l.Got
		first.ID = "1"
		if err := put(t, st, table, first); err != nil {
			t.Fatal(err)
		}
		if err := st.Read(t.Context(), again); err != nil {
			t.Fatal(err)
		}
		got, want := again.Got.Lock, first.Lock
		if (got == nil) != (want == nil) || got != nil && !(bytes.Equal(got.Key, want.Key) && bytes.Equal(got.Spare, want.Spare)) {
			t.Errorf("got %+v, want %+v", got, want)
		}
	})
}

// holding returns a store with that record in it.
func holding(t *testing.T, rec driver.Record) driver.DB {
	t.Helper()
	db := memory.New(memory.Config{})
	err := db.Update(t.Context(), func(tx driver.Tx) error { return tx.Put(t.Context(), rec) })
	if err != nil {
		t.Fatal(err)
	}
	return db
}
