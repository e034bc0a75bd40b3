package storetest

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/cenote-auth/cenote/store/driver"
)

// A model is what a database ought to hold: the simplest thing that could be right. Records in it keep their entries.
type model map[modelKey]driver.Record

type modelKey struct{ kind, key string }

// put does what Tx.Put should, and returns what it should.
func (m model) put(rec driver.Record) error {
	id := modelKey{rec.Kind, rec.Key}
	old, exists := m[id]
	switch {
	case rec.Version == 0 && exists:
		return &driver.ConflictError{Kind: rec.Kind, Value: rec.Key}
	case rec.Version != old.Version:
		return driver.ErrStale
	}
	for _, e := range rec.Index {
		if holder := m.holder(rec.Kind, e); e.Unique && holder.Version != 0 && holder.Key != rec.Key {
			return &driver.ConflictError{Kind: rec.Kind, Index: e.Index, Value: e.Value}
		}
	}
	rec.Version++
	m[id] = rec
	return nil
}

// delete does what Tx.Delete should, and returns what it should.
func (m model) delete(kind, key string, version int64) error {
	id := modelKey{kind, key}
	if version != 0 && m[id].Version != version {
		return driver.ErrStale
	}
	delete(m, id)
	return nil
}

// holder returns the record that has a unique entry, or the zero Record.
func (m model) holder(kind string, e driver.Entry) driver.Record {
	for id, rec := range m {
		if id.kind == kind && slices.Contains(rec.Index, unique(e.Index, e.Value)) {
			return rec
		}
	}
	return driver.Record{}
}

// get does what Reader.Get should for one ref.
func (m model) get(ref driver.Ref) driver.Record {
	if ref.Index == "" {
		return m[modelKey{ref.Kind, ref.Value}]
	}
	return m.holder(ref.Kind, driver.Entry{Index: ref.Index, Value: ref.Value})
}

// A modelPlace is where a record stands in a range.
type modelPlace struct{ value, key string }

// scan returns the places of a whole range in order. The order of equal values is not the driver's.
func (m model) scan(rng driver.Range) []modelPlace {
	var out []modelPlace
	add := func(value, key string) {
		if value == rng.Value || !rng.Exact && strings.HasPrefix(value, rng.Value) {
			out = append(out, modelPlace{value, key})
		}
	}
	for id, rec := range m {
		if id.kind != rng.Kind {
			continue
		}
		if rng.Index == "" {
			add(id.key, id.key)
			continue
		}
		for _, e := range rec.Index {
			if e.Index == rng.Index {
				add(e.Value, id.key)
			}
		}
	}
	slices.SortFunc(out, func(a, b modelPlace) int {
		if c := strings.Compare(a.value, b.value); c != 0 {
			if rng.Reverse {
				return -c
			}
			return c
		}
		return cmp.Compare(a.key, b.key)
	})
	return out
}

// sameRecord says how a record that was read differs from the model's, or nothing.
func sameRecord(got, want driver.Record, keysOnly bool) error {
	if keysOnly {
		want.Data = nil
	}
	if got.Kind != want.Kind || got.Key != want.Key || got.Version != want.Version || string(got.Data) != string(want.Data) {
		return fmt.Errorf("got %s/%q version %d data %q, want %s/%q version %d data %q",
			got.Kind, got.Key, got.Version, got.Data, want.Kind, want.Key, want.Version, want.Data)
	}
	return nil
}

// sameScan says how the records of a whole range differ from the model's, or nothing. Records with equal values may stand in
// any order.
func (m model) sameScan(rng driver.Range, got []driver.Record) error {
	want := m.scan(rng)
	if len(got) != len(want) {
		return fmt.Errorf("got %d records %q, want %d %q", len(got), keysOf(got), len(want), want)
	}
	for start := 0; start < len(want); {
		end := start
		for end < len(want) && want[end].value == want[start].value {
			end++
		}
		keys := keysOf(got[start:end])
		slices.Sort(keys)
		for i, key := range keys {
			if key != want[start+i].key {
				return fmt.Errorf("got %q, want %q", keysOf(got), want)
			}
		}
		start = end
	}
	for _, rec := range got {
		if err := sameRecord(rec, m[modelKey{rec.Kind, rec.Key}], rng.KeysOnly); err != nil {
			return err
		}
	}
	return nil
}

func (m model) clone() model { return maps.Clone(m) }
