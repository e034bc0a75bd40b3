package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// rollbackTime bounds the roll-back of a transaction whose context may have ended already. A connection that takes longer
// is closed, which rolls back as well.
const rollbackTime = 2 * time.Second

// errEnded is returned by a Reader or Tx that is used after its closure has returned.
var errEnded = errors.New("postgres: the transaction has ended")

// lostError means that the connection ended before COMMIT was sent, so that nothing happened.
type lostError struct{ err error }

func (e *lostError) Error() string { return "connection lost: " + e.err.Error() }
func (e *lostError) Unwrap() error { return e.err }

// session is one transaction on one connection. Both begin with the first call, in the same round trip. The first failure
// stays: a transaction is not usable after it.
type session struct {
	db             *DB
	begin, prelude string // the statements that open it

	conn *pgxpool.Conn
	sent bool // something was sent
	err  error
}

// send sends the statements of b in one round trip, in order, and hands their results to their callbacks. The server skips
// what follows a failed statement.
func (s *session) send(ctx context.Context, b *pgx.Batch) error {
	if s.err == nil {
		s.err = s.try(ctx, b)
	}
	return s.err
}

func (s *session) try(ctx context.Context, b *pgx.Batch) error {
	if s.conn == nil {
		conn, err := s.db.pool.Acquire(ctx)
		if err != nil {
			return fmt.Errorf("connect: %w", err)
		}
		s.conn = conn
		opening := &pgx.Batch{}
		opening.Queue(s.begin)
		opening.Queue(s.prelude)
		opening.QueuedQueries = append(opening.QueuedQueries, b.QueuedQueries...)
		b = opening
	}
	conn := s.conn.Conn()
	if err := s.prepare(ctx, conn, b); err != nil {
		return s.judge(err)
	}
	s.sent = true
	s.db.count.roundTrips.Add(1)
	return s.judge(conn.SendBatch(ctx, b).Close())
}

// prepare prepares those statements of b that the connection does not know, a round trip each. Unlike statements in pgx's
// own cache, these survive a failed transaction, so that a retry costs no more than the first run.
func (s *session) prepare(ctx context.Context, conn *pgx.Conn, b *pgx.Batch) error {
	if !s.db.named {
		return nil
	}
	last := ""
	for _, q := range b.QueuedQueries {
		if q.SQL == last {
			continue
		}
		last = q.SQL
		if _, err := conn.Prepare(ctx, q.SQL, q.SQL); err != nil {
			return err
		}
	}
	return nil
}

// judge tells a lost connection from a failed statement.
func (s *session) judge(err error) error {
	if err != nil && s.conn.Conn().IsClosed() {
		return &lostError{err}
	}
	return err
}

// close gives the connection back, and rolls back what was not committed.
func (s *session) close() {
	if s.err == nil {
		s.err = errEnded
	}
	if s.conn == nil {
		return
	}
	conn := s.conn.Conn().PgConn()
	if !conn.IsClosed() && conn.TxStatus() != 'I' {
		ctx, cancel := context.WithTimeout(context.Background(), rollbackTime)
		s.db.count.roundTrips.Add(1)
		_ = conn.Exec(ctx, "rollback").Close() // Release closes a connection that is still in a transaction
		cancel()
	}
	s.conn.Release()
	s.conn = nil
}

// once runs what fill queues in a transaction of its own, in one round trip.
func (db *DB) once(ctx context.Context, begin string, fill func(*pgx.Batch)) error {
	s := session{db: db, begin: begin, prelude: db.sql.prelude}
	defer s.close()
	b := &pgx.Batch{}
	fill(b)
	b.Queue(db.sql.commit)
	return s.send(ctx, b)
}

// sqlState returns the server's code of an error, or "".
func sqlState(err error) string {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		return e.Code
	}
	return ""
}
