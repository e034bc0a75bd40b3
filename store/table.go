package store

import (
	"context"
	"fmt"
	"time"

	"github.com/cenote-auth/cenote/store/driver"
)

// Lookup is one record to read. Got is set by Read or Get: nil if there is no such record, or it has expired.
type Lookup[T any] struct {
	Got *T

	table Table[T]
	where driver.Ref
}

// Find names the record with the given key.
func (t Table[T]) Find(key ...string) *Lookup[T] { return t.FindBy("", key...) }

// FindBy names the record that has the given entry in a unique index.
func (t Table[T]) FindBy(index string, value ...string) *Lookup[T] {
	return &Lookup[T]{table: t, where: driver.Ref{Kind: t.kind.name, Index: index, Value: t.key(value)}}
}

func (l *Lookup[T]) ref() driver.Ref { return l.where }

func (l *Lookup[T]) take(rec driver.Record, now time.Time, c *cache) (err error) {
	l.Got, err = l.table.decode(rec, now, c)
	return err
}

// Get returns the record with the given key, or nil.
func (t Table[T]) Get(ctx context.Context, r *Reader, key ...string) (*T, error) {
	l := t.Find(key...)
	err := r.Get(ctx, l)
	return l.Got, err
}

// Put writes a record: it inserts one whose Version is 0, and otherwise replaces exactly the version that was read. It does
// not change v. A taken unique entry is a *ConflictError, a lost race ErrStale, here or from Update.
func (t Table[T]) Put(ctx context.Context, tx *Tx, v *T) error {
	rec, err := t.encode(v)
	if err != nil {
		return err
	}
	return tx.tx.Put(ctx, rec)
}

// Replace writes a record whatever stands under its key, without reading it first.
func (t Table[T]) Replace(ctx context.Context, tx *Tx, v *T) error {
	rec, err := t.encode(v)
	if err != nil {
		return err
	}
	if err := tx.tx.Delete(ctx, rec.Kind, rec.Key, 0); err != nil {
		return err
	}
	rec.Version = 0
	return tx.tx.Put(ctx, rec)
}

// Delete removes exactly the version of v that was read.
func (t Table[T]) Delete(ctx context.Context, tx *Tx, v *T) error {
	return tx.tx.Delete(ctx, t.kind.name, t.key(t.kind.Key(v)), any(v).(record).meta().Version)
}

// Remove removes whatever stands under the key, if anything does.
func (t Table[T]) Remove(ctx context.Context, tx *Tx, key ...string) error {
	return tx.tx.Delete(ctx, t.kind.name, t.key(key), 0)
}

// Query names a range of a table, in the order of the key or of an index.
type Query struct {
	Index    string   // "" is the key
	Value    []string // the leading parts of the value
	Prefix   string   // of the next part
	Exact    bool     // Value is the whole value; Prefix is not used
	After    driver.Cursor
	Limit    int // 0 is 60
	Reverse  bool
	KeysOnly bool // only Keys is filled
}

// Page is one page of a range.
type Page[T any] struct {
	Records []*T
	Keys    []string // encoded keys, with KeysOnly
	Next    driver.Cursor
	// Recheck says that the query's prefix was longer than what an index holds: the records may include ones that do not
	// have it.
	Recheck bool
}

const defaultLimit = 60

func (t Table[T]) rangeOf(q Query) (r driver.Range, recheck bool) {
	r = driver.Range{
		Kind: t.kind.name, Index: q.Index, Exact: q.Exact, After: q.After, Limit: q.Limit, Reverse: q.Reverse, KeysOnly: q.KeysOnly,
	}
	if r.Limit == 0 {
		r.Limit = defaultLimit
	}
	if q.Exact {
		r.Value = t.key(q.Value)
		return r, false
	}
	r.Value, recheck = fitPrefix(tuplePrefix(append([]string{t.owner}, q.Value...), q.Prefix))
	return r, recheck
}

// Scan returns one page of a range. The records are the caller's own, also of a kind that is cached: long lists would only push out of
// the cache what is read again. Expired records are left out, so that a page may hold fewer records than the limit
// although more follow: only an empty Next says that the range is exhausted.
func (t Table[T]) Scan(ctx context.Context, r *Reader, q Query) (Page[T], error) {
	dr, recheck := t.rangeOf(q)
	recs, next, err := r.r.Scan(ctx, dr)
	if err != nil {
		return Page[T]{}, fmt.Errorf("scan %s: %w", t.kind.name, err)
	}
	p := Page[T]{Next: next, Recheck: recheck}
	now := r.Now()
	for _, rec := range recs {
		if q.KeysOnly {
			p.Keys = append(p.Keys, rec.Key)
			continue
		}
		v, err := t.decode(rec, now, nil)
		if err != nil {
			return Page[T]{}, err
		}
		if v != nil {
			p.Records = append(p.Records, v)
		}
	}
	return p, nil
}

// Count counts the records of a range, expired ones that were not swept yet included. It stops at q.Limit if that is
// positive.
func (t Table[T]) Count(ctx context.Context, r *Reader, q Query) (int64, error) {
	limit := q.Limit
	dr, _ := t.rangeOf(q)
	dr.Limit = limit
	n, err := r.r.Count(ctx, dr)
	if err != nil {
		return 0, fmt.Errorf("count %s: %w", t.kind.name, err)
	}
	return n, nil
}

// Purge deletes up to limit records of the table, whatever they hold, and reports whether it left any.
func (t Table[T]) Purge(ctx context.Context, s *Store, limit int) (more bool, err error) {
	err = s.Update(ctx, func(tx *Tx) error {
		p, err := t.Scan(ctx, &tx.Reader, Query{Limit: limit, KeysOnly: true})
		if err != nil {
			return err
		}
		for _, key := range p.Keys {
			if err := tx.tx.Delete(ctx, t.kind.name, key, 0); err != nil {
				return err
			}
		}
		more = p.Next != ""
		return nil
	})
	return more, err
}
