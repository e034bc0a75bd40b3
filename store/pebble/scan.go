package pebble

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/cockroachdb/pebble/v2"

	"github.com/cenote-auth/cenote/store/driver"
)

// checkEvery is after how many keys a long scan or count looks whether its context has ended.
const checkEvery = 256

// span is a Range in terms of the engine: the keys from lower to upper, upper left out. All of them start with base, and
// what follows base tells the keys of the span apart.
type span struct {
	base         []byte
	lower, upper []byte
	kind         string
	entries      bool // the keys are entries, not records
}

// newSpan translates a range and cuts off what its cursor has passed. A cursor of another range cannot widen it.
func newSpan(r driver.Range) (span, error) {
	s := span{kind: r.Kind, entries: r.Index != ""}
	if s.entries {
		s.base = appendEntryBase(nil, r.Kind, r.Index)
	} else {
		s.base = appendRecordBase(nil, r.Kind)
	}
	s.lower = slices.Clip(s.base)
	switch {
	case s.entries && r.Exact:
		s.upper = appendComponent(s.lower, r.Value, endShared+1)
		s.lower = appendComponent(s.lower, r.Value, endUnique)
	case s.entries:
		s.lower = appendEscaped(s.lower, r.Value)
		s.upper = successor(s.lower)
	case r.Exact:
		s.lower = append(s.lower, r.Value...)
		s.upper = append(slices.Clip(s.lower), 0)
	default:
		s.lower = append(s.lower, r.Value...)
		s.upper = successor(s.lower)
	}
	if r.After == "" {
		return s, nil
	}
	at, err := s.position(r.After)
	if err != nil {
		return span{}, err
	}
	if r.Reverse {
		s.upper = minKey(s.upper, at)
	} else {
		s.lower = maxKey(s.lower, append(at, 0))
	}
	s.lower = minKey(s.lower, s.upper)
	return s, nil
}

// cursorMark starts every cursor, so that the cursor on a record with an empty key is not the empty one.
const cursorMark = '@'

// cursor returns the position of a key of the span.
func (s span) cursor(key []byte) driver.Cursor {
	return driver.Cursor(append([]byte{cursorMark}, key[len(s.base):]...))
}

// position returns the key that a cursor stands on, which may no longer exist.
func (s span) position(c driver.Cursor) ([]byte, error) {
	if c[0] != cursorMark {
		return nil, fmt.Errorf("scan %s: cursor: %w", s.kind, errMalformed)
	}
	return append(slices.Clone(s.base), c[1:]...), nil
}

func minKey(a, b []byte) []byte {
	if bytes.Compare(a, b) <= 0 {
		return a
	}
	return b
}

func maxKey(a, b []byte) []byte {
	if bytes.Compare(a, b) >= 0 {
		return a
	}
	return b
}

// Scan returns up to r.Limit records of a range in the order of their keys or, by index, of value and key.
func (r *reader) Scan(ctx context.Context, rng driver.Range) (records []driver.Record, next driver.Cursor, err error) {
	if err := r.check(ctx); err != nil {
		return nil, "", err
	}
	s, err := newSpan(rng)
	if err != nil || rng.Limit <= 0 {
		return nil, "", err
	}
	it, err := r.src.NewIter(&pebble.IterOptions{LowerBound: s.lower, UpperBound: s.upper})
	if err != nil {
		return nil, "", fmt.Errorf("scan %s: %w", rng.Kind, err)
	}
	defer func() {
		if cerr := it.Close(); err == nil && cerr != nil {
			records, next, err = nil, "", fmt.Errorf("scan %s: %w", rng.Kind, cerr)
		}
	}()
	start, step := it.First, it.Next
	if rng.Reverse {
		start, step = it.Last, it.Prev
	}
	var rowKey []byte
	var at []byte // the key of the last record
	for ok := start(); ok; ok = step() {
		if len(records) == rng.Limit {
			return records, s.cursor(at), nil
		}
		if len(records)%checkEvery == checkEvery-1 && ctx.Err() != nil {
			return nil, "", ctx.Err()
		}
		var rec driver.Record
		if rec, rowKey, err = r.recordAt(it, s, rowKey, rng.KeysOnly); err != nil {
			return nil, "", err
		}
		records = append(records, rec)
		at = append(at[:0], it.Key()...)
	}
	return records, "", nil
}

// recordAt returns the record that the iterator stands on, directly or through an entry. buf is reused for its key.
func (r *reader) recordAt(it *pebble.Iterator, s span, buf []byte, keysOnly bool) (driver.Record, []byte, error) {
	suffix := it.Key()[len(s.base):]
	value, err := it.ValueAndErr()
	if err != nil {
		return driver.Record{}, buf, fmt.Errorf("scan %s: %w", s.kind, err)
	}
	if !s.entries {
		rec, err := decodeRecord(value, s.kind, string(suffix), keysOnly)
		return rec, buf, err
	}
	key, err := holder(suffix, value)
	if err != nil {
		return driver.Record{}, buf, fmt.Errorf("scan %s: %w", s.kind, err)
	}
	name := string(key)
	buf = appendRecordKey(buf[:0], s.kind, name)
	rec, err := r.record(buf, s.kind, name, keysOnly)
	if err == nil && rec.Version == 0 {
		err = fmt.Errorf("scan %s: entry without record: %w", s.kind, errMalformed)
	}
	return rec, buf, err
}

// Count counts the keys of a range and stops at r.Limit, if that is positive.
func (r *reader) Count(ctx context.Context, rng driver.Range) (n int64, err error) {
	if err := r.check(ctx); err != nil {
		return 0, err
	}
	s, err := newSpan(rng)
	if err != nil {
		return 0, err
	}
	it, err := r.src.NewIter(&pebble.IterOptions{LowerBound: s.lower, UpperBound: s.upper})
	if err != nil {
		return 0, fmt.Errorf("count %s: %w", rng.Kind, err)
	}
	for ok := it.First(); ok; ok = it.Next() {
		n++
		if n == int64(rng.Limit) {
			break
		}
		if n%checkEvery == 0 && ctx.Err() != nil {
			return 0, errors.Join(ctx.Err(), it.Close())
		}
	}
	if err := it.Close(); err != nil {
		return 0, fmt.Errorf("count %s: %w", rng.Kind, err)
	}
	return n, nil
}
