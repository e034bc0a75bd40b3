package memory

import (
	"context"
	"encoding/binary"
	"errors"

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
		var r *row
		if ref.Index == "" {
			r = t.row(s, ref.Value)
		} else if x := t.index(ref.Index); x != nil {
			r = x.holder(s, ref.Value)
		}
		if r != nil {
			out[i] = t.record(r)
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
		rec := t.record(t.row(r.state, e.key))
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
		keys := span[string]{from: s.from.value, to: s.to.value, open: s.open}
		walk(&t.keys, keys, rng.Reverse, func(key string) bool { return fn(entry{value: key, key: key}) })
		return nil
	}
	if x := t.index(rng.Index); x != nil {
		walk(&x.entries, s, rng.Reverse, fn)
	}
	return nil
}

// A span is everything that is not less than from, and less than to unless it is open.
type span[T any] struct {
	from, to T
	open     bool
}

func walk[T any](t *tree[T], s span[T], reverse bool, fn func(T) bool) {
	if reverse {
		t.descend(s.to, s.open, func(at T) bool { return t.compare(at, s.from) >= 0 && fn(at) })
		return
	}
	t.ascend(s.from, func(at T) bool { return (s.open || t.compare(at, s.to) < 0) && fn(at) })
}

// spanOf returns the places of a range that are left after its cursor.
func spanOf(rng driver.Range) (span[entry], error) {
	s := span[entry]{from: entry{value: rng.Value}}
	if rng.Exact {
		s.to = entry{value: rng.Value + "\x00"}
	} else {
		end, ok := prefixEnd(rng.Value)
		s.to, s.open = entry{value: end}, !ok
	}
	if rng.After == "" {
		return s, nil
	}
	at, err := parseCursor(rng.After)
	switch {
	case err != nil:
		return s, err
	case rng.Reverse:
		if s.open || at.compare(s.to) < 0 {
			s.to, s.open = at, false
		}
	default:
		if rng.Index == "" {
			at.value += "\x00" // the place after, in the order of the keys
		} else {
			at.key += "\x00" // and in that of an index
		}
		if s.from.compare(at) < 0 {
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

// A cursor is the place of the last record: the length of the value, the value, the key.
func (e entry) cursor() driver.Cursor {
	b := make([]byte, 0, binary.MaxVarintLen64+len(e.value)+len(e.key))
	b = binary.AppendUvarint(b, uint64(len(e.value)))
	b = append(b, e.value...)
	return driver.Cursor(append(b, e.key...))
}

var errCursor = errors.New("memory: not a cursor of this store")

func parseCursor(c driver.Cursor) (entry, error) {
	n, size := binary.Uvarint([]byte(c))
	if size <= 0 || n > uint64(len(c)-size) {
		return entry{}, errCursor
	}
	rest := string(c[size:])
	return entry{value: rest[:n], key: rest[n:]}, nil
}
