package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/cenote-auth/cenote/store/driver"
)

// Read returns records from one snapshot, in one round trip.
func (db *DB) Read(ctx context.Context, refs ...driver.Ref) ([]driver.Record, error) {
	if err := db.usable(ctx); err != nil || len(refs) == 0 {
		return nil, err
	}
	var missing wanted
	find := func(_ context.Context, text string) (name, bool, error) {
		n, ok := db.names.get(text)
		if !ok {
			missing.want(text, undecided)
		}
		return n, ok, nil
	}
	l, err := newLookup(ctx, refs, find)
	if err == nil && len(missing) > 0 {
		if err = db.learn(ctx, missing); err == nil {
			l, err = newLookup(ctx, refs, find)
		}
	}
	if err != nil {
		return nil, err
	}
	var recs []driver.Record
	err = db.retry(ctx, func(ctx context.Context) error {
		s := session{db: db, begin: db.sql.beginView, prelude: db.sql.preludeView}
		defer s.close()
		b := &pgx.Batch{}
		recs = make([]driver.Record, len(refs))
		l.queue(b, db, func(r row) { recs[r.n] = r.rec })
		b.Queue(db.sql.commit)
		return s.send(ctx, b)
	})
	if err != nil {
		return nil, fmt.Errorf("postgres: read: %w", err)
	}
	return recs, nil
}

// View runs fn, once, on one snapshot. It begins with fn's first call.
func (db *DB) View(ctx context.Context, fn func(driver.Reader) error) error {
	if err := db.usable(ctx); err != nil {
		return err
	}
	v := &view{db: db, s: session{db: db, begin: db.sql.beginView, prelude: db.sql.preludeView}}
	defer v.s.close()
	if err := fn(v); err != nil {
		return err
	}
	if v.s.err != nil {
		return fmt.Errorf("postgres: view: %w", v.s.err)
	}
	return nil
}

// Update runs fn in a serializable transaction. An error other than ErrUnknownOutcome means that nothing was written.
func (db *DB) Update(ctx context.Context, fn func(driver.Tx) error) error {
	if err := db.usable(ctx); err != nil {
		return err
	}
	var own error // fn's, to be returned as it is
	err := db.retry(ctx, func(ctx context.Context) error {
		for {
			var err error
			own, err = db.run(ctx, fn)
			unknown, ok := errors.AsType[*errLearn](err)
			if !ok {
				return err
			}
			if err := db.learn(ctx, unknown.names); err != nil {
				return err
			}
		}
	})
	switch {
	case err == nil:
		return own
	case errors.Is(err, driver.ErrStale):
		return err
	}
	if _, ok := errors.AsType[*driver.ConflictError](err); ok {
		return err
	}
	return fmt.Errorf("postgres: update: %w", err)
}

// usable returns why a call cannot begin.
func (db *DB) usable(ctx context.Context) error {
	if db.closed.Load() {
		return ErrClosed
	}
	return ctx.Err()
}

// run runs fn once. It returns fn's own error, which is final, or that of the transaction.
func (db *DB) run(ctx context.Context, fn func(driver.Tx) error) (own, err error) {
	db.count.runs.Add(1)
	t := &tx{db: db, writer: db.writers.take(), s: session{db: db, begin: db.sql.begin, prelude: db.sql.prelude}}
	defer func() {
		t.s.close()
		db.writers.give(t.writer)
	}()
	own = fn(t)
	failed := t.s.err
	if t.refused != nil {
		failed = t.refused
	}
	switch {
	case t.unknown != nil:
		return nil, &errLearn{t.unknown}
	case failed != nil && own != nil && !transient(failed):
		return own, nil
	case failed != nil:
		return nil, failed
	case own == nil:
		return nil, t.commit(ctx)
	}
	// A refusal is a decision, too: it stands unless what it has read does not fit in the serial order.
	t.log = nil
	if err := t.commit(ctx); sqlState(err) == codeSerialization {
		return nil, err
	}
	return own, nil
}

// view is the driver.Reader of a View.
type view struct {
	db *DB
	s  session
}

// find looks a name up. One that the snapshot does not have names nothing that the snapshot has.
func (v *view) find(ctx context.Context, text string) (n name, ok bool, err error) {
	if n, ok := v.db.names.get(text); ok {
		return n, true, nil
	}
	b := &pgx.Batch{}
	b.Queue(v.db.sql.findName, []byte(text)).QueryRow(func(r pgx.Row) error {
		var err error
		if n, err = scanName(r); errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		ok = err == nil
		return err
	})
	if err := v.s.send(ctx, b); err != nil {
		return name{}, false, err
	}
	if ok {
		v.db.names.put(text, n)
	}
	return n, ok, nil
}

func (v *view) Get(ctx context.Context, refs ...driver.Ref) ([]driver.Record, error) {
	rows, err := getRows(ctx, &v.s, refs, v.find)
	if err != nil {
		return nil, err
	}
	recs := make([]driver.Record, len(refs))
	for i, r := range rows {
		recs[i] = r.rec
	}
	return recs, nil
}

func (v *view) Scan(ctx context.Context, r driver.Range) ([]driver.Record, driver.Cursor, error) {
	w, ok, err := newWalk(ctx, r, v.find)
	if err != nil || !ok || r.Limit <= 0 {
		return nil, "", err
	}
	rows, err := w.page(ctx, &v.s, r.Limit+1)
	if err != nil {
		return nil, "", err
	}
	recs, next := w.cut(rows, r.Limit)
	return recs, next, nil
}

func (v *view) Count(ctx context.Context, r driver.Range) (int64, error) {
	w, ok, err := newWalk(ctx, r, v.find)
	if err != nil || !ok {
		return 0, err
	}
	return w.count(ctx, &v.s, r.Limit, nil)
}
