package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/cenote-auth/cenote/store/driver"
)

// row is a record as a statement returned it.
type row struct {
	n     int    // get: the number of the reference
	value []byte // scan: the key or index value that it stands at
	slot  int64  // scan of an index: its place among equal values
	id    int64  // the slot of its entries that are not unique
	rec   driver.Record
}

// finder looks up the name of a kind or index. Not ok means that nothing has that name, or that the transaction must be
// run again.
type finder func(ctx context.Context, text string) (n name, ok bool, err error)

// lookup collects references for the get statement.
type lookup struct {
	kinds []string // of each reference

	keyAt, keyKind []int32
	key            [][]byte

	entryAt, entryKind, entryIndex []int32
	entry                          [][]byte
}

func newLookup(ctx context.Context, refs []driver.Ref, find finder) (*lookup, error) {
	l := &lookup{kinds: make([]string, len(refs))}
	for i, ref := range refs {
		if err := l.add(ctx, i, ref, find); err != nil {
			return nil, err
		}
	}
	return l, nil
}

// add adds reference number i, unless it names nothing.
func (l *lookup) add(ctx context.Context, i int, ref driver.Ref, find finder) error {
	l.kinds[i] = ref.Kind
	kind, ok, err := find(ctx, ref.Kind)
	if err != nil || !ok && ref.Index == "" {
		return err
	}
	if ref.Index == "" {
		for _, k := range kind.kinds() {
			l.keyAt, l.keyKind, l.key = append(l.keyAt, int32(i)), append(l.keyKind, k), append(l.key, []byte(ref.Value))
		}
		return nil
	}
	index, known, err := find(ctx, ref.Index)
	if err != nil || !ok || !known {
		return err
	}
	for _, k := range kind.kinds() {
		l.entryAt, l.entryKind = append(l.entryAt, int32(i)), append(l.entryKind, k)
		l.entryIndex, l.entry = append(l.entryIndex, index.id), append(l.entry, []byte(ref.Value))
	}
	return nil
}

func (l *lookup) empty() bool { return len(l.key) == 0 && len(l.entry) == 0 }

// queue adds the statement, which hands each record that is there to found.
func (l *lookup) queue(b *pgx.Batch, db *DB, found func(row)) {
	b.Queue(db.sql.get, nn(l.keyAt), nn(l.keyKind), nn(l.key), nn(l.entryAt), nn(l.entryKind), nn(l.entryIndex), nn(l.entry)).
		Query(func(rows pgx.Rows) error {
			for rows.Next() {
				var r row
				if err := r.scan(rows, "", &r.n, &r.id); err != nil {
					return err
				}
				r.rec.Kind = l.kinds[r.n]
				found(r)
			}
			return rows.Err()
		})
}

// nn returns a slice that is not nil, which PostgreSQL would see as null.
func nn[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}

// scan reads the columns in first, and after them key, version, expires and data.
func (r *row) scan(rows pgx.Rows, kind string, first ...any) error {
	var key []byte
	var expires *time.Time
	if err := rows.Scan(append(first, &key, &r.rec.Version, &expires, &r.rec.Data)...); err != nil {
		return err
	}
	r.rec.Kind, r.rec.Key = kind, string(key)
	if expires != nil {
		r.rec.Expires = expires.UTC()
	}
	return nil
}

// getRows finds the records of refs: one row each, in their order, the zero row where there is none.
func getRows(ctx context.Context, s *session, refs []driver.Ref, find finder) ([]row, error) {
	rows := make([]row, len(refs))
	l, err := newLookup(ctx, refs, find)
	if err != nil || l.empty() {
		return rows, err
	}
	b := &pgx.Batch{}
	l.queue(b, s.db, func(r row) { rows[r.n] = r })
	if err := s.send(ctx, b); err != nil {
		return nil, err
	}
	return rows, nil
}
