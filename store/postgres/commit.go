package postgres

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/cenote-auth/cenote/store/driver"
)

// How long a lost COMMIT is searched for: while the caller waits, and after its context has ended.
const (
	searchTime = 30 * time.Second
	graceTime  = 2 * time.Second
)

// writer numbers transactions that follow each other, each committed before the next begins. Row (node, slot) of table
// outcomes holds the number of the last one that committed.
type writer struct {
	slot int32
	last int64
}

// writers are those of a node that have nothing to do at the moment. There are never more than concurrent Updates. A run
// takes one before its transaction begins: had the writer's last transaction committed after that, the two would be in
// conflict about the note.
type writers struct {
	node pgtype.UUID // random

	mu   sync.Mutex
	idle []*writer
	made int32
}

func (w *writers) take() *writer {
	w.mu.Lock()
	defer w.mu.Unlock()
	if n := len(w.idle); n > 0 {
		last := w.idle[n-1]
		w.idle = w.idle[:n-1]
		return last
	}
	w.made++
	return &writer{slot: w.made}
}

// give takes back a writer, if it can go on.
func (w *writers) give(x *writer) {
	if x == nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.idle = append(w.idle, x)
}

// commit sends the buffered writes, the writer's note and COMMIT in one round trip.
func (t *tx) commit(ctx context.Context) error {
	b := &pgx.Batch{}
	if len(t.log) == 0 {
		if t.s.conn == nil {
			return nil
		}
		b.Queue(t.db.sql.commit) // only now it is certain that what was read fits in the serial order
		return t.s.send(ctx, b)
	}
	kinds, err := t.homes()
	if err != nil {
		return err
	}
	done := 0 // writes that the server has answered
	for i, w := range t.log {
		w.queue(b, t.db, kinds[i], func(pgconn.CommandTag) error { done++; return nil })
	}
	w, next := t.writer, t.writer.last+1
	b.Queue(t.db.sql.mark, t.db.writers.node, w.slot, w.last, next)
	b.Queue(t.db.sql.commit)

	t.s.sent = false
	err = t.s.send(ctx, b)
	_, lost := errors.AsType[*lostError](err)
	switch {
	case err == nil:
		w.last = next
		return nil
	case lost && t.s.sent:
		t.db.count.inDoubt.Add(1)
		t.s.close()
		t.writer = nil // it is not used again: it may be barred
		return t.db.search(ctx, w, next, err)
	case sqlState(err) == codeBarred:
		t.writer = nil
		return err
	}
	if done < len(t.log) {
		return t.log[done].explain(err)
	}
	return err
}

// explain translates what the server said about this write.
func (w *write) explain(err error) error {
	e, ok := errors.AsType[*pgconn.PgError](err)
	if !ok {
		return err
	}
	switch e.Code {
	case codeStale:
		return driver.ErrStale
	case codeTaken:
		at, convErr := strconv.Atoi(e.ConstraintName)
		if convErr != nil || at < 0 || at > len(w.rec.Index) {
			return fmt.Errorf("position %q of a conflict: %w", e.ConstraintName, err)
		}
		if at == 0 {
			return &driver.ConflictError{Kind: w.rec.Kind, Value: w.rec.Key}
		}
		entry := w.rec.Index[at-1]
		return &driver.ConflictError{Kind: w.rec.Kind, Index: entry.Index, Value: entry.Value}
	default:
		return err
	}
}

// search finds out what became of transaction number next of a writer, whose connection was lost with cause while COMMIT
// was under way. It returns nil if the transaction committed, and otherwise cause, having made sure that it never will.
func (db *DB) search(ctx context.Context, w *writer, next int64, cause error) error {
	asking, cancel := context.WithTimeout(context.WithoutCancel(ctx), searchTime)
	defer cancel()
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(graceTime, cancel) })
	defer stop()

	var last int64
	err := db.retry(asking, func(ctx context.Context) error {
		// The insert waits for the lost transaction while that has written its note but not ended. If it had not come so
		// far, it finds the note barred when it does.
		return db.once(ctx, db.sql.beginPlain, func(b *pgx.Batch) {
			b.Queue(db.sql.bar, db.writers.node, w.slot, w.last)
			b.Queue(db.sql.last, db.writers.node, w.slot).QueryRow(func(r pgx.Row) error { return r.Scan(&last) })
		})
	})
	switch {
	case err != nil:
		return fmt.Errorf("%w: %w (after %w)", ErrUnknownOutcome, err, cause)
	case last == next:
		return nil
	case ctx.Err() != nil:
		return fmt.Errorf("%w: %w", ctx.Err(), cause)
	default:
		return cause
	}
}
