// Package memory keeps a store in memory, for tests and for trying things out. States of the whole store are immutable
// values: readers never wait, and a snapshot, a restore and a fork take constant time whatever the size.
package memory

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/cenote-auth/cenote/store/driver"
)

// Config has the settings of a DB. The zero value is an ordinary store.
type Config struct {
	// RehearseUpdates runs the closure of each Update twice: once on a state that is thrown away with whatever it returned,
	// then for good. Engines with real conflicts do that now and then; with this on, a closure that leaves something behind
	// outside its transaction fails a test every time.
	RehearseUpdates bool
}

// DB is a driver.DB with the powers driver.Snapshotter, driver.Sweeper and driver.Pinger. It starts no goroutines and holds
// no lock while a closure runs, except that Updates take turns; waiting for the turn ends with the context.
type DB struct {
	config Config
	turn   chan struct{} // full while an Update runs
	state  atomic.Pointer[state]
	closed atomic.Bool
}

var (
	_ driver.DB          = (*DB)(nil)
	_ driver.Snapshotter = (*DB)(nil)
	_ driver.Sweeper     = (*DB)(nil)
	_ driver.Pinger      = (*DB)(nil)
	_ driver.Rehearser   = (*DB)(nil)
)

// New returns a new and empty store.
func New(config Config) *DB { return open(config, newState()) }

func open(config Config, s *state) *DB {
	db := &DB{config: config, turn: make(chan struct{}, 1)}
	db.state.Store(s)
	return db
}

// Rehearses implements driver.Rehearser.
func (db *DB) Rehearses() bool { return db.config.RehearseUpdates }

var errClosed = errors.New("memory: the store is closed")

// usable returns why a call cannot begin, if it cannot.
func (db *DB) usable(ctx context.Context) error {
	if db.closed.Load() {
		return errClosed
	}
	return ctx.Err()
}

// Read implements driver.DB.
func (db *DB) Read(ctx context.Context, refs ...driver.Ref) ([]driver.Record, error) {
	if err := db.usable(ctx); err != nil {
		return nil, err
	}
	return db.state.Load().get(refs), nil
}

// View implements driver.DB. The snapshot costs nothing and stops nobody, however long fn takes.
func (db *DB) View(ctx context.Context, fn func(driver.Reader) error) error {
	if err := db.usable(ctx); err != nil {
		return err
	}
	return fn(&reader{db.state.Load()})
}

// Update implements driver.DB. One runs at a time, so that none ever has to run again.
func (db *DB) Update(ctx context.Context, fn func(driver.Tx) error) error {
	return db.update(ctx, func(tx *tx) error { return fn(tx) })
}

func (db *DB) update(ctx context.Context, fn func(*tx) error) error {
	if err := db.usable(ctx); err != nil {
		return err
	}
	select {
	case db.turn <- struct{}{}:
	case <-ctx.Done():
		return fmt.Errorf("memory: wait for another writer: %w", ctx.Err())
	}
	defer func() { <-db.turn }()

	if db.config.RehearseUpdates {
		_, _ = db.run(ctx, fn)
	}
	next, err := db.run(ctx, fn)
	if err != nil {
		return err
	}
	db.state.Store(next)
	return nil
}

// run runs fn once and returns the state that it leads to.
func (db *DB) run(ctx context.Context, fn func(*tx) error) (*state, error) {
	tx := &tx{reader: reader{db.state.Load()}}
	defer tx.end() // also if fn panics: a transaction that got away must not write into a published state
	if err := fn(tx); err != nil {
		return nil, err
	}
	if tx.doom != nil {
		return nil, tx.doom
	}
	if err := db.usable(ctx); err != nil {
		return nil, err
	}
	return tx.state, nil
}

// Close ends the use of the store. An Update that is still running fails.
func (db *DB) Close() error {
	db.closed.Store(true)
	return nil
}

// Ping implements driver.Pinger: it fails after Close.
func (db *DB) Ping(ctx context.Context) error { return db.usable(ctx) }

// Snapshot implements driver.Snapshotter. The snapshot stays what it is and can be restored any number of times, also into a
// fork.
func (db *DB) Snapshot() driver.Snapshot { return db.state.Load() }

// Restore implements driver.Snapshotter: it replaces the whole store by s, which must come from Snapshot of a DB of this
// package. It waits for an Update that is running, and so must not be called inside of one.
func (db *DB) Restore(s driver.Snapshot) {
	kept := s.(*state)
	db.turn <- struct{}{}
	db.state.Store(kept)
	<-db.turn
}

// Fork implements driver.Snapshotter: it returns a store that begins as this one is now, and shares with it only what
// neither of them changes.
func (db *DB) Fork() driver.DB { return open(db.config, db.state.Load()) }

// Sweep implements driver.Sweeper.
func (db *DB) Sweep(ctx context.Context, now time.Time, limit int) (int, error) {
	if limit <= 0 {
		return 0, db.usable(ctx)
	}
	var swept int
	err := db.update(ctx, func(tx *tx) error {
		swept = 0
		for _, due := range tx.state.due(now, limit) {
			if err := tx.Delete(ctx, due.kind, due.key, 0); err != nil {
				return fmt.Errorf("sweep %s: %w", due.kind, err)
			}
			swept++
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	return swept, nil
}
