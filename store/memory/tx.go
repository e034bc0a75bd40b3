package memory

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/cenote-auth/cenote/store/driver"
)

// A tx is a transaction. Its state is the one it began with until the first write, and then a draft of its own.
type tx struct {
	reader
	drafted bool
	ended   bool
	doom    error // the first violation, which no closure can undo by swallowing it
}

var errEnded = errors.New("memory: the transaction has ended")

func (x *tx) end() { x.ended = true }

// write returns the draft to write to.
func (x *tx) write() *state {
	if !x.drafted {
		x.state, x.drafted = x.state.next(), true
	}
	return x.state
}

// usable returns why the transaction cannot write, if it cannot.
func (x *tx) usable(ctx context.Context) error {
	switch {
	case x.ended:
		return errEnded
	case x.doom != nil:
		return x.doom
	default:
		return ctx.Err()
	}
}

func (x *tx) fail(err error) error {
	x.doom = err
	return err
}

// Put implements driver.Tx. Violations come out at once.
func (x *tx) Put(ctx context.Context, rec driver.Record) error {
	if err := x.usable(ctx); err != nil {
		return err
	}
	if err := rec.Check(); err != nil {
		return x.fail(fmt.Errorf("memory: put %w", err))
	}
	t := x.state.table(rec.Kind)
	if t != nil {
		if err := t.violation(x.state, rec); err != nil {
			return x.fail(err)
		}
	} else if rec.Version != 0 {
		return x.fail(driver.ErrStale)
	}
	s := x.write()
	s.writableTable(rec.Kind).put(s, rec)
	return nil
}

// violation returns what keeps rec from being put: its key or version first, then its unique entries in their order.
func (t *table) violation(s *state, rec driver.Record) error {
	old := t.row(s, rec.Key)
	switch {
	case rec.Version == 0 && old != nil:
		return &driver.ConflictError{Kind: rec.Kind, Value: rec.Key}
	case rec.Version != 0 && (old == nil || old.version != rec.Version):
		return driver.ErrStale
	}
	for _, e := range rec.Index {
		x := t.index(e.Index)
		if !e.Unique || x == nil {
			continue
		}
		if holder := x.holder(s, e.Value); holder != nil && holder.key != rec.Key {
			return &driver.ConflictError{Kind: rec.Kind, Index: e.Index, Value: e.Value}
		}
	}
	return nil
}

// put writes a record that violates nothing.
func (t *table) put(s *state, rec driver.Record) {
	old := t.row(s, rec.Key)
	r := &row{key: rec.Key, version: rec.Version + 1, expires: micros(rec.Expires)}
	var former []rowEntry
	if old != nil {
		r.key, former = old.key, old.entries
	}
	if len(rec.Data) > 0 {
		r.data = make([]byte, len(rec.Data)) // no room behind, where somebody's append could write
		copy(r.data, rec.Data)
	}
	if len(rec.Index) > 0 {
		r.entries = make([]rowEntry, 0, len(rec.Index))
		for _, e := range rec.Index {
			own := rowEntry{e.Value, t.position(s, e.Index), e.Unique}
			if i := slices.IndexFunc(r.entries, own.same); i >= 0 {
				r.entries[i].unique = r.entries[i].unique || own.unique
				continue
			}
			own.value = t.kept(own, r.key, former, r.entries)
			r.entries = append(r.entries, own)
		}
	}
	if old == nil {
		t.keys.add(s.draft, r.key)
	}
	t.rows.set(s.draft, spot{s.hash(r.key), byKey, r})
	t.reindex(s, old, r)
}

// kept returns the value of an entry in memory that is kept anyway, if an equal one is at hand: the record's key, one of its
// entries, former or new, or a value that many records share. Nearly all of a user's are one of these.
func (t *table) kept(e rowEntry, key string, former, own []rowEntry) string {
	if e.value == key {
		return key
	}
	for _, entries := range [][]rowEntry{former, own} {
		for _, other := range entries {
			if other.value == e.value {
				return other.value
			}
		}
	}
	if !e.unique {
		t.indexes[e.index].entries.ascend(entry{value: e.value}, func(at entry) bool {
			if at.value == e.value {
				e.value = at.value
			}
			return false
		})
	}
	return e.value
}

// reindex brings the entries and the deadline of a row from those of old to those of next. Either may be nil.
func (t *table) reindex(s *state, old, next *row) {
	var before, after row
	if old != nil {
		before = *old
	}
	if next != nil {
		after = *next
	}
	if len(after.entries) > 0 && slices.Equal(before.entries, after.entries) {
		next.entries = before.entries // whose values the index holds already
	}
	for _, e := range before.entries {
		x, now := &t.indexes[e.index], slices.IndexFunc(after.entries, e.same)
		if now < 0 {
			x.entries.remove(s.draft, entry{e.value, old.key})
		}
		if e.unique && (now < 0 || !after.entries[now].unique) {
			x.unique.remove(s.draft, s.hash(e.value), e.value)
		}
	}
	for i, e := range after.entries {
		x := &t.indexes[e.index]
		if !slices.ContainsFunc(before.entries, e.same) {
			x.entries.add(s.draft, entry{e.value, next.key})
		}
		if e.unique {
			x.unique.set(s.draft, spot{s.hash(e.value), rowName(i), next})
		}
	}
	if before.expires != after.expires {
		if before.expires != 0 {
			t.expires.remove(s.draft, deadline{before.expires, old.key})
		}
		if after.expires != 0 {
			t.expires.add(s.draft, deadline{after.expires, next.key})
		}
	}
}

// Delete implements driver.Tx.
func (x *tx) Delete(ctx context.Context, kind, key string, version int64) error {
	if err := x.usable(ctx); err != nil {
		return err
	}
	var old *row
	if t := x.state.table(kind); t != nil {
		old = t.row(x.state, key)
	}
	switch {
	case version != 0 && (old == nil || old.version != version):
		return x.fail(driver.ErrStale)
	case old == nil:
		return nil
	}
	s := x.write()
	t := s.writableTable(kind)
	t.reindex(s, old, nil)
	t.rows.remove(s.draft, s.hash(key), key)
	t.keys.remove(s.draft, old.key)
	return nil
}
