package postgres

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"

	"github.com/jackc/pgx/v5"

	"github.com/cenote-auth/cenote/store/driver"
)

// errCursor refuses a cursor that no Scan of the range has returned.
var errCursor = errors.New("postgres: the cursor is not one of this range")

// place is a position in the order of a range: a value and, in an index, the slot among equal values.
type place struct {
	value []byte
	slot  int64
}

func (p place) compare(q place) int {
	if c := bytes.Compare(p.value, q.value); c != 0 {
		return c
	}
	return int(min(max(p.slot-q.slot, -1), 1)) // slots are never negative, so this does not overflow
}

// cursor returns the position as text: the slot in eight bytes, then the value.
func (p place) cursor() driver.Cursor {
	return driver.Cursor(append(binary.BigEndian.AppendUint64(nil, uint64(p.slot)), p.value...))
}

// parseCursor is the inverse of place.cursor.
func parseCursor(c driver.Cursor) (place, error) {
	if len(c) < 8 {
		return place{}, errCursor
	}
	slot := int64(binary.BigEndian.Uint64([]byte(c[:8])))
	if slot < 0 {
		return place{}, errCursor
	}
	return place{[]byte(c[8:]), slot}, nil
}

// walk is a driver.Range in terms of the tables.
type walk struct {
	kindName string
	kinds    []int32 // where its records may stand; only one of them has any
	index    int32   // 0: the keys
	lo, hi   []byte  // values from lo up to and without hi; nil hi: no bound
	after    *place
	reverse  bool
	keysOnly bool
}

// newWalk translates a range. Not ok means that there is nothing in it.
func newWalk(ctx context.Context, r driver.Range, find finder) (*walk, bool, error) {
	w := &walk{kindName: r.Kind, lo: []byte(r.Value), reverse: r.Reverse, keysOnly: r.KeysOnly}
	if w.hi = prefixEnd(w.lo); r.Exact {
		w.hi = append(bytes.Clone(w.lo), 0) // the next value in byte order
	}
	if r.After != "" {
		at, err := parseCursor(r.After)
		if err != nil {
			return nil, false, err
		}
		w.after = &at
	}
	kind, ok, err := find(ctx, r.Kind)
	if err != nil {
		return nil, false, err
	}
	w.kinds = kind.kinds()
	if r.Index != "" {
		index, known, err := find(ctx, r.Index)
		if err != nil || !known {
			return nil, false, err
		}
		w.index = index.id
	}
	return w, ok, nil
}

// prefixEnd returns the first value after all values that begin with p, or nil if there is none.
func prefixEnd(p []byte) []byte {
	for n := len(p); n > 0; n-- {
		if p[n-1] != 0xff {
			end := bytes.Clone(p[:n])
			end[n-1]++
			return end
		}
	}
	return nil
}

// contains reports whether p is in the range and behind the cursor.
func (w *walk) contains(p place) bool {
	if bytes.Compare(p.value, w.lo) < 0 || w.hi != nil && bytes.Compare(p.value, w.hi) >= 0 {
		return false
	}
	return w.after == nil || w.compare(p, *w.after) > 0
}

// compare compares two positions in the direction of the walk.
func (w *walk) compare(p, q place) int {
	if w.reverse {
		return q.compare(p)
	}
	return p.compare(q)
}

// bounds returns the shape of the statement for one kind, and its parameters but for the last. See rangeSQL.
func (w *walk) bounds(kind int32) (shape, []any) {
	v := shape{index: w.index != 0, reverse: w.reverse, bounded: w.hi != nil}
	lo, hi := place{w.lo, -1}, place{w.hi, 0} // an entry's slot is 0 or more
	if w.after != nil && w.reverse {
		hi, v.bounded = *w.after, true
	} else if w.after != nil {
		lo = *w.after
	}
	var args []any
	switch {
	case !v.index:
		if w.after != nil && !w.reverse {
			lo.value = append(bytes.Clone(lo.value), 0)
		}
		args = []any{kind, lo.value}
		if v.bounded {
			args = append(args, hi.value)
		}
	case !v.reverse:
		args = []any{kind, w.index, lo.value, lo.slot}
		if v.bounded {
			args = append(args, hi.value)
		}
	default:
		args = []any{kind, w.index, lo.value}
		if v.bounded {
			args = append(args, hi.value, hi.slot)
		}
	}
	return v, args
}

// page returns the first rows of the range, at most limit.
func (w *walk) page(ctx context.Context, s *session, limit int) ([]row, error) {
	var page []row
	b := &pgx.Batch{}
	for _, kind := range w.kinds {
		v, args := w.bounds(kind)
		v.keysOnly = w.keysOnly
		b.Queue(s.db.sql.scan[v], append(args, int64(limit))...).Query(func(rows pgx.Rows) error {
			for rows.Next() {
				var r row
				if err := r.scan(rows, w.kindName, &r.value, &r.slot, &r.id); err != nil {
					return err
				}
				page = append(page, r)
			}
			return rows.Err()
		})
	}
	err := s.send(ctx, b)
	return page, err
}

// cut takes limit records from rows, of which there is one more if the range goes on.
func (w *walk) cut(rows []row, limit int) ([]driver.Record, driver.Cursor) {
	var next driver.Cursor
	if len(rows) > limit {
		rows = rows[:limit]
		last := rows[limit-1]
		next = place{last.value, last.slot}.cursor()
	}
	recs := make([]driver.Record, len(rows))
	for i, r := range rows {
		recs[i] = r.rec
	}
	return recs, next
}

// count counts the range up to limit, if that is positive, without the records whose keys are in except.
func (w *walk) count(ctx context.Context, s *session, limit int, except [][]byte) (int64, error) {
	var total int64
	b := &pgx.Batch{}
	for _, kind := range w.kinds {
		v, args := w.bounds(kind)
		var most *int64
		if limit > 0 {
			most = new(int64(limit))
		}
		args = append(args, most)
		if v.except = len(except) > 0; v.except {
			args = append(args, except)
		}
		b.Queue(s.db.sql.count[v], args...).QueryRow(func(r pgx.Row) error {
			var n int64
			err := r.Scan(&n)
			total += n
			return err
		})
	}
	err := s.send(ctx, b)
	return total, err
}
