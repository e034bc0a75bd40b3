package postgres

import (
	"context"

	"github.com/cenote-auth/cenote/store/driver"
)

// Get asks the database only for what the transaction has not written itself.
func (t *tx) Get(ctx context.Context, refs ...driver.Ref) ([]driver.Record, error) {
	if t.s.err != nil {
		return nil, t.s.err
	}
	recs := make([]driver.Record, len(refs))
	var ask []driver.Ref
	var at []int // the place in refs of each asked one
	for i, r := range refs {
		var w *write
		if r.Index == "" {
			w = t.state[ref{r.Kind, r.Value}]
		} else {
			w = t.holder(r.Kind, r.Index, r.Value)
		}
		if w != nil {
			recs[i] = w.seen(false)
			continue
		}
		ask, at = append(ask, r), append(at, i)
	}
	if len(ask) == 0 {
		return recs, nil
	}
	rows, err := getRows(ctx, &t.s, ask, t.find)
	if err != nil {
		return nil, err
	}
	t.note(rows)
	for i, r := range rows {
		if t.state[ref{r.rec.Kind, r.rec.Key}] == nil { // else the entry was given up
			recs[at[i]] = r.rec
		}
	}
	return recs, nil
}

// Scan merges the pages of the database with the transaction's own records.
func (t *tx) Scan(ctx context.Context, r driver.Range) ([]driver.Record, driver.Cursor, error) {
	if t.s.err != nil {
		return nil, "", t.s.err
	}
	w, ok, err := newWalk(ctx, r, t.find)
	if err != nil || !ok || r.Limit <= 0 {
		return nil, "", err
	}
	items, written, err := t.owns(ctx, r, w)
	if err != nil {
		return nil, "", err
	}
	want := r.Limit + 1
	var merged []row
	for more := true; more && len(merged) < want; {
		page, err := w.page(ctx, &t.s, want)
		if err != nil {
			return nil, "", err
		}
		t.note(page)
		more = len(page) == want
		for _, next := range page {
			p := place{next.value, next.slot}
			w.after = &p
			if written[next.rec.Key] {
				continue
			}
			for len(items) > 0 && w.compare(items[0].place, p) < 0 {
				merged, items = append(merged, items[0].row(r.KeysOnly)), items[1:]
			}
			merged = append(merged, next)
		}
	}
	for len(items) > 0 && len(merged) < want {
		merged, items = append(merged, items[0].row(r.KeysOnly)), items[1:]
	}
	recs, next := w.cut(merged, r.Limit)
	return recs, next, nil
}

func (o own) row(keysOnly bool) row {
	return row{value: o.value, slot: o.slot, rec: o.w.seen(keysOnly)}
}

// Count leaves out, in the database, what the transaction has written, and adds that.
func (t *tx) Count(ctx context.Context, r driver.Range) (int64, error) {
	if t.s.err != nil {
		return 0, t.s.err
	}
	w, ok, err := newWalk(ctx, r, t.find)
	if err != nil || !ok {
		return 0, err
	}
	items, written, err := t.owns(ctx, r, w)
	if err != nil {
		return 0, err
	}
	var except [][]byte
	for key := range written {
		except = append(except, []byte(key))
	}
	n, err := w.count(ctx, &t.s, r.Limit, except)
	if err != nil {
		return 0, err
	}
	n += int64(len(items))
	if r.Limit > 0 {
		n = min(n, int64(r.Limit))
	}
	return n, nil
}
