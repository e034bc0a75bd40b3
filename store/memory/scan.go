package memory

import (
	"context"
	"encoding/binary"
	"errors"

	"github.com/tidwall/btree"

	"github.com/cenote-auth/cenote/store/driver"
)

// A reader reads from one state.
type reader struct{ state *state }

// Get implements driver.Reader.
func (r *reader) Get(ctx context.Context, refs ...driver.Ref) ([]driver.Record, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return r.state.get(refs), nil
}

func (s *state) get(refs []driver.Ref) []driver.Record {
	out := make([]driver.Record, len(refs))
	for i, ref := range refs {
		t := s.table(ref.Kind)
		if t == nil {
			continue
		}
		key := ref.Value
		if ref.Index != "" {
			x, ok := t.index(ref.Index), false
			if x != nil {
				key, ok = x.holder(ref.Value)
			}
			if !ok {
				continue
			}
		}
		if row, ok := t.rows.Get(row{key: key}); ok {
			out[i] = t.record(row)
		}
	}
	return out
}

// Scan implements driver.Reader.
func (r *reader) Scan(ctx context.Context, rng driver.Range) ([]driver.Record, driver.Cursor, error) {
	if err := ctx.Err(); err != nil {
		return nil, "", err
	}
	t := r.state.table(rng.Kind)
	if t == nil || rng.Limit <= 0 {
		return nil, "", nil
	}
	var recs []driver.Record
	var last entry
	more := false
	err := t.walk(rng, func(e entry) bool {
		if more = len(recs) == rng.Limit; more {
			return false
		}
		last = e
		row, _ := t.rows.Get(row{key: e.key})
		rec := t.record(row)
		if rng.KeysOnly {
			rec.Data = nil
		}
		recs = append(recs, rec)
		return true
	})
	if err != nil || !more {
		return recs, "", err
	}
	return recs, last.cursor(), nil
}

// Count implements driver.Reader.
func (r *reader) Count(ctx context.Context, rng driver.Range) (int64, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	t := r.state.table(rng.Kind)
	if t == nil {
		return 0, nil
	}
	var n int64
	err := t.walk(rng, func(entry) bool {
		n++
		return rng.Limit <= 0 || n < int64(rng.Limit)
	})
	return n, err
}

// walk calls fn with the places of a range in their order, until it returns false. In the order of the keys, a place has the
// key as its value, too.
func (t *table) walk(rng driver.Range, fn func(entry) bool) error {
	s, err := spanOf(rng)
	if err != nil {
		return err
	}
	if rng.Index == "" {
		rows := span[row]{from: row{key: s.from.value}, to: row{key: s.to.value}, open: s.open}
		walk(t.rows.BTreeG, rows, rng.Reverse, func(r row) bool { return fn(entry{value: r.key, key: r.key}) })
		return nil
	}
	if x := t.index(rng.Index); x != nil {
		walk(x.entries.BTreeG, s, rng.Reverse, fn)
	}
	return nil
}

// A span is everything that is not less than from, and less than to unless it is open.
type span[T any] struct {
	from, to T
	open     bool
}

func walk[T any](tree *btree.BTreeG[T], s span[T], reverse bool, fn func(T) bool) {
	switch {
	case !reverse:
		tree.Ascend(s.from, func(at T) bool { return (s.open || tree.Less(at, s.to)) && fn(at) })
	case s.open:
		tree.Reverse(func(at T) bool { return !tree.Less(at, s.from) && fn(at) })
	default:
		tree.Descend(s.to, func(at T) bool {
			if !tree.Less(at, s.to) {
				return true // the end itself, which is not inside
			}
			return !tree.Less(at, s.from) && fn(at)
		})
	}
}

// spanOf returns the places of a range that are left after its cursor.
func spanOf(rng driver.Range) (span[entry], error) {
	s := span[entry]{from: entry{value: rng.Value, unique: true}}
	if rng.Exact {
		s.to = entry{value: rng.Value + "\x00", unique: true}
	} else {
		end, ok := prefixEnd(rng.Value)
		s.to, s.open = entry{value: end, unique: true}, !ok
	}
	if rng.After == "" {
		return s, nil
	}
	at, err := parseCursor(rng.After)
	switch {
	case err != nil:
		return s, err
	case rng.Reverse:
		if s.open || entryLess(at, s.to) {
			s.to, s.open = at, false
		}
	default:
		if rng.Index == "" {
			at.value += "\x00" // the place after, in the order of the keys
		} else {
			at.key += "\x00" // and in that of an index
		}
		if entryLess(s.from, at) {
			s.from = at
		}
	}
	return s, nil
}

// prefixEnd returns the first value after all those that begin with prefix, if there is one.
func prefixEnd(prefix string) (string, bool) {
	for last := len(prefix) - 1; last >= 0; last-- {
		if b := prefix[last]; b != 0xff {
			return prefix[:last] + string([]byte{b + 1}), true
		}
	}
	return "", false
}

// A cursor is the place of the last record: the length of the value, the value, whether the entry is unique, the key.
func (e entry) cursor() driver.Cursor {
	b := make([]byte, 0, binary.MaxVarintLen64+len(e.value)+1+len(e.key))
	b = binary.AppendUvarint(b, uint64(len(e.value)))
	b = append(b, e.value...)
	if e.unique {
		b = append(b, 1)
	} else {
		b = append(b, 0)
	}
	return driver.Cursor(append(b, e.key...))
}

var errCursor = errors.New("memory: not a cursor of this store")

func parseCursor(c driver.Cursor) (entry, error) {
	n, size := binary.Uvarint([]byte(c))
	if size <= 0 || n >= uint64(len(c)-size) {
		return entry{}, errCursor
	}
	rest := string(c[size:])
	e := entry{value: rest[:n], unique: rest[n] == 1, key: rest[n+1:]}
	if rest[n] > 1 {
		return entry{}, errCursor
	}
	return e, nil
}
