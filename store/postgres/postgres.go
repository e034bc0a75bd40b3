// Package postgres keeps records in PostgreSQL 15 or newer, for many nodes on one database.
//
//	db, err := postgres.Open(ctx, "postgres://cenote@db.example.com/cenote", postgres.Config{})
//	defer db.Close()
//
// Every writer runs SERIALIZABLE. Writes are buffered and sent together with BEGIN or the last read and with COMMIT, so an
// Update that only writes costs one round trip, and one that reads first two. View reads one REPEATABLE READ snapshot and
// Read one statement's: both see every commit acknowledged before, on every node, because a replica is refused. They are not
// part of the serial order of the writers, so what grants is to be decided in an Update.
//
// An Update whose COMMIT got lost with its connection is never run again on suspicion. Each one notes its number beside its
// effect (table outcomes); the next connection looks there, and bars a transaction that it does not find.
package postgres

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/cenote-auth/cenote/store/driver"
)

// DefaultSchema is the schema of the tables where Config names none.
const DefaultSchema = "cenote"

// ErrClosed is returned by calls after Close.
var ErrClosed = errors.New("postgres: store is closed")

// ErrUnknownOutcome means that the connection was lost during COMMIT and that the database could not be asked within half a
// minute, or the context's end and two seconds, what became of it. The writes may or may not be there.
var ErrUnknownOutcome = errors.New("postgres: the outcome of the commit is unknown")

// Config is how a store uses its database. Its zero value is useful.
type Config struct {
	// Schema holds the tables; it is made if it does not exist. The default is DefaultSchema.
	Schema string
	// SkipMigrate leaves the tables as they are: Open and New then fail unless Migrate has been run by this version. It is
	// for roles without the right to change tables: they need USAGE on the schema and its sequence, and SELECT, INSERT,
	// UPDATE and DELETE on its tables.
	SkipMigrate bool
}

// DB is a driver.DB on PostgreSQL, with the powers driver.Sweeper and driver.Pinger.
type DB struct {
	pool     *pgxpool.Pool
	ownsPool bool
	named    bool // statements are prepared once per connection
	sql      statements
	names    registry
	writers  writers
	count    counters
	closed   atomic.Bool
}

// counters count what a store did, for tests and measurements.
type counters struct {
	runs       atomic.Int64 // of closures of Update
	retries    atomic.Int64 // pauses after lost races and lost connections
	roundTrips atomic.Int64 // requests to the server that were waited for, but for preparing statements
	inDoubt    atomic.Int64 // COMMITs whose answer got lost
}

var (
	_ driver.DB      = (*DB)(nil)
	_ driver.Sweeper = (*DB)(nil)
	_ driver.Pinger  = (*DB)(nil)
)

// Open connects to the database that url names, in any form that pgxpool.ParseConfig takes, and migrates its tables. It
// connects to the primary only, whatever hosts the url names. The url says how many connections there may be
// (pool_max_conns, 4 or the number of CPUs by default); each Update and View holds one. Close closes them.
func Open(ctx context.Context, url string, cfg Config) (*DB, error) {
	pc, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, fmt.Errorf("postgres: %w", err)
	}
	if pc.ConnConfig.ValidateConnect == nil {
		pc.ConnConfig.ValidateConnect = pgconn.ValidateConnectTargetSessionAttrsReadWrite
	}
	pool, err := pgxpool.NewWithConfig(ctx, pc)
	if err != nil {
		return nil, fmt.Errorf("postgres: %w", err)
	}
	db, err := New(ctx, pool, cfg)
	if err != nil {
		pool.Close()
		return nil, err
	}
	db.ownsPool = true
	return db, nil
}

// New uses the host program's own pool, and migrates the tables. Whoever opened the pool closes it, after Close. A pool
// whose default_query_exec_mode is simple_protocol is refused: it pastes values into the text of statements.
func New(ctx context.Context, pool *pgxpool.Pool, cfg Config) (*DB, error) {
	mode := pool.Config().ConnConfig.DefaultQueryExecMode
	if mode == pgx.QueryExecModeSimpleProtocol {
		return nil, errors.New("postgres: default_query_exec_mode=simple_protocol is not safe; use any other mode")
	}
	s, err := newSchema(cfg.Schema)
	if err != nil {
		return nil, err
	}
	db := &DB{
		pool:  pool,
		named: mode == pgx.QueryExecModeCacheStatement,
		sql:   newStatements(s),
	}
	if err := s.open(ctx, pool, !cfg.SkipMigrate); err != nil {
		return nil, err
	}
	if err := pool.QueryRow(ctx, "select gen_random_uuid()").Scan(&db.writers.node); err != nil {
		return nil, fmt.Errorf("postgres: name this node: %w", err)
	}
	if err := db.loadNames(ctx); err != nil {
		return nil, err
	}
	return db, nil
}

// Close ends the use of the database, and of the pool if Open made it. It waits for calls that are under way.
func (db *DB) Close() error {
	if db.closed.Swap(true) {
		return ErrClosed
	}
	if db.ownsPool {
		db.pool.Close()
	}
	return nil
}

// Ping reports whether the database answers and takes writes.
func (db *DB) Ping(ctx context.Context) error {
	if db.closed.Load() {
		return ErrClosed
	}
	var replica bool
	if err := db.pool.QueryRow(ctx, "select pg_is_in_recovery()").Scan(&replica); err != nil {
		return fmt.Errorf("postgres: ping: %w", err)
	}
	if replica {
		return errReplica
	}
	return nil
}

// outcomesKept is how long the note of a writer's last transaction stays after that transaction. It only has to outlive
// the search for a lost COMMIT.
const outcomesKept = 24 * time.Hour

// Sweep deletes up to limit records that expired before now, oldest first. It leaves out records that a writer has locked.
func (db *DB) Sweep(ctx context.Context, now time.Time, limit int) (int, error) {
	if db.closed.Load() {
		return 0, ErrClosed
	}
	var n int64
	err := db.retry(ctx, func(ctx context.Context) error {
		return db.once(ctx, db.sql.begin, func(b *pgx.Batch) {
			b.Queue(db.sql.sweep, now, int64(max(limit, 0))).QueryRow(func(r pgx.Row) error { return r.Scan(&n) })
		})
	})
	if err != nil {
		return 0, fmt.Errorf("postgres: sweep: %w", err)
	}
	err = db.retry(ctx, func(ctx context.Context) error {
		// Not serializable: a reader of all outcomes would be in every writer's way.
		return db.once(ctx, db.sql.beginPlain, func(b *pgx.Batch) { b.Queue(db.sql.forget, outcomesKept) })
	})
	if err != nil {
		return int(n), fmt.Errorf("postgres: sweep outcomes: %w", err)
	}
	return int(n), nil
}
