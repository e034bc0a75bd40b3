package storetest

import (
	"bytes"
	"testing"

	"github.com/cenote-auth/cenote/store/driver"
)

// What happens to the bytes of a record. The tests belong to the category semantics.

func testData(t *testing.T, db driver.DB) {
	all := make([]byte, 256)
	for i := range all {
		all[i] = byte(i)
	}
	for name, data := range map[string][]byte{
		"nil": nil, "empty": {}, "zero": {0}, "every byte": all, "64 KiB": bytes.Repeat(all, 256),
		"the most": bytes.Repeat(all, driver.MaxData/len(all)),
	} {
		rec := record("blob", name)
		rec.Data = data
		put(t, db, rec)
		if got := read(t, db, byKey("blob", name)); !bytes.Equal(got.Data, data) || got.Version != 1 {
			t.Errorf("%s: %d bytes in, %d bytes out", name, len(data), len(got.Data))
		}
	}
}

func testAliasing(t *testing.T, db driver.DB) {
	ctx := t.Context()
	data, index := []byte("before"), []driver.Entry{plain("tag", "before")}
	update(t, db, func(tx driver.Tx) error {
		copy(data, "before")
		index[0].Value = "before"
		if err := tx.Put(ctx, driver.Record{Kind: "user", Key: "k", Data: data, Index: index}); err != nil {
			return err
		}
		copy(data, "after!") // the driver must have copied, buffered or not
		index[0].Value = "after!"
		return nil
	})
	got := read(t, db, byKey("user", "k"))
	if string(got.Data) != "before" {
		t.Errorf("data is %q: the driver holds on to the caller's slice", got.Data)
	}
	if n := count(t, db, driver.Range{Kind: "user", Index: "tag", Value: "before", Exact: true}); n != 1 {
		t.Error("the driver holds on to the caller's index entries")
	}
	rec := at(1, record("user", "k"))
	rec.Data = []byte("second")
	put(t, db, rec)
	remove(t, db, "user", "k")
	if string(got.Data) != "before" {
		t.Errorf("a record that was read changed to %q", got.Data)
	}
}
