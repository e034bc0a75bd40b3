package postgres

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/cenote-auth/cenote/store/driver"
)

// newSlots is where the entries of records stand that do not have their number yet: after all that have.
const newSlots = int64(1) << 62

// tx is the driver.Tx of one run of an Update. Its writes wait in the log until COMMIT; its reads see them from there.
type tx struct {
	db      *DB
	writer  *writer // nil once it must not be used again
	s       session
	unknown wanted // names to learn before the next run
	refused error  // a write that no driver takes

	log   []*write
	state map[ref]*write // the last write of each record
	ids   map[ref]int64  // numbers of the records that were read
}

// ref names a record.
type ref struct{ kind, key string }

// write is a Put or a Delete.
type write struct {
	rec    driver.Record // of a Delete: kind, key and version
	delete bool
	fresh  bool  // the record is not in the database, or not any more
	n      int64 // its number in the log
}

// find looks a name up. One that this node does not know ends the run.
func (t *tx) find(_ context.Context, text string) (name, bool, error) {
	n, ok := t.db.names.get(text)
	if !ok {
		t.unknown.want(text, undecided)
		return name{}, false, &errLearn{t.unknown}
	}
	return n, true, nil
}

func (t *tx) Put(_ context.Context, rec driver.Record) error {
	if t.s.err != nil {
		return t.s.err
	}
	if err := rec.Check(); err != nil {
		err = fmt.Errorf("postgres: put %w", err)
		t.refused = cmp.Or(t.refused, err)
		return err
	}
	rec.Data = append([]byte{}, rec.Data...)
	rec.Index = entries(rec.Index)
	if !rec.Expires.IsZero() {
		rec.Expires = rec.Expires.UTC().Truncate(time.Microsecond) // what a timestamptz holds
	}
	old := t.state[ref{rec.Kind, rec.Key}]
	t.add(&write{rec: rec, fresh: rec.Version == 0 || old != nil && old.fresh})
	return nil
}

func (t *tx) Delete(_ context.Context, kind, key string, version int64) error {
	if t.s.err != nil {
		return t.s.err
	}
	t.add(&write{rec: driver.Record{Kind: kind, Key: key, Version: version}, delete: true, fresh: true})
	return nil
}

func (t *tx) add(w *write) {
	if t.state == nil {
		t.state = map[ref]*write{}
	}
	w.n = int64(len(t.log))
	t.log = append(t.log, w)
	t.state[ref{w.rec.Kind, w.rec.Key}] = w
}

// entries copies index entries, each value of an index once, and unique if any of its entries is.
func entries(in []driver.Entry) []driver.Entry {
	var out []driver.Entry
next:
	for _, e := range in {
		for i := range out {
			if out[i].Index == e.Index && out[i].Value == e.Value {
				out[i].Unique = out[i].Unique || e.Unique
				continue next
			}
		}
		out = append(out, e)
	}
	return out
}

// homes returns the numbers under which the record of each write may stand: one, but for Deletes of a kind that is still
// undecided. Names that the writes introduce, and the class of
// their kinds, have to be registered first, which ends the run.
func (t *tx) homes() ([][]int32, error) {
	kinds := make([][]int32, len(t.log))
	for i, w := range t.log {
		n, ok := t.db.names.get(w.rec.Kind)
		switch {
		case w.delete:
			if !ok {
				t.unknown.want(w.rec.Kind, undecided)
			}
		case !ok || n.class == undecided:
			c := lasting
			if !w.rec.Expires.IsZero() {
				c = expiring
			}
			t.unknown.want(w.rec.Kind, c)
		}
		kinds[i] = n.kinds()
		for _, e := range w.rec.Index {
			if _, ok := t.db.names.get(e.Index); !ok {
				t.unknown.want(e.Index, undecided)
			}
		}
	}
	if t.unknown != nil {
		return nil, &errLearn{t.unknown}
	}
	return kinds, nil
}

// queue adds the statement of a write.
func (w *write) queue(b *pgx.Batch, db *DB, kinds []int32, done func(pgconn.CommandTag) error) {
	if w.delete {
		b.Queue(db.sql.remove, kinds, []byte(w.rec.Key), w.rec.Version).Exec(done)
		return
	}
	var expires *time.Time
	if !w.rec.Expires.IsZero() {
		expires = &w.rec.Expires
	}
	indexes, values, uniques := []int32{}, [][]byte{}, []bool{}
	for _, e := range w.rec.Index {
		n, _ := db.names.get(e.Index) // homes has seen it
		indexes, values, uniques = append(indexes, n.id), append(values, []byte(e.Value)), append(uniques, e.Unique)
	}
	b.Queue(db.sql.put, kinds[0], []byte(w.rec.Key), w.rec.Version, w.rec.Data, expires, indexes, values, uniques).Exec(done)
}

// seen returns the record as the transaction's own reads see it: the zero Record after a Delete.
func (w *write) seen(keysOnly bool) driver.Record {
	if w.delete {
		return driver.Record{}
	}
	rec := w.rec
	rec.Version++
	rec.Index = nil
	if keysOnly {
		rec.Data = nil
	}
	return rec
}

// own is a buffered record at its place in a range.
type own struct {
	place
	w *write
}

// owns returns what the transaction's own records add to a range, in its order, and the keys of all records of the kind
// that it has written: what the database says about those does not count.
func (t *tx) owns(ctx context.Context, r driver.Range, w *walk) (items []own, written map[string]bool, err error) {
	written = map[string]bool{}
	var unread []driver.Ref
	for at, last := range t.state {
		if at.kind != r.Kind {
			continue
		}
		written[at.key] = true
		if _, ok := t.ids[at]; !ok && !last.fresh && r.Index != "" {
			unread = append(unread, driver.Ref{Kind: at.kind, Value: at.key})
		}
	}
	if len(unread) > 0 { // replaced without having been read: their place among equal values is needed
		rows, err := getRows(ctx, &t.s, unread, t.find)
		if err != nil {
			return nil, nil, err
		}
		t.note(rows)
	}
	for at, last := range t.state {
		if at.kind != r.Kind || last.delete {
			continue
		}
		for _, p := range t.places(r.Index, at, last) {
			if w.contains(p) {
				items = append(items, own{p, last})
			}
		}
	}
	slices.SortFunc(items, func(a, b own) int { return w.compare(a.place, b.place) })
	return items, written, nil
}

// places returns where a buffered record stands in an index, or among the keys.
func (t *tx) places(index string, at ref, last *write) []place {
	if index == "" {
		return []place{{value: []byte(at.key)}}
	}
	id, ok := t.ids[at]
	if !ok || last.fresh {
		id = newSlots + last.n
	}
	var all []place
	for _, e := range last.rec.Index {
		if e.Index != index {
			continue
		}
		p := place{value: []byte(e.Value), slot: id}
		if e.Unique {
			p.slot = 0
		}
		all = append(all, p)
	}
	return all
}

// note remembers the numbers of records that were read.
func (t *tx) note(rows []row) {
	if t.ids == nil {
		t.ids = map[ref]int64{}
	}
	for _, r := range rows {
		if r.rec.Version > 0 {
			t.ids[ref{r.rec.Kind, r.rec.Key}] = r.id
		}
	}
}

// holder returns the buffered record that holds a unique entry, or nil.
func (t *tx) holder(kind, index, value string) *write {
	for at, last := range t.state {
		if at.kind == kind && !last.delete && slices.Contains(last.rec.Index, driver.Entry{Index: index, Value: value, Unique: true}) {
			return last
		}
	}
	return nil
}
