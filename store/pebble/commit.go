package pebble

import (
	"context"
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2"

	"github.com/cenote-auth/cenote/store/driver"
)

// commit is a transaction whose writes are in the engine's log.
type commit struct {
	batch *pebble.Batch
	view  *view
	done  chan struct{} // closed when the sync has returned
	err   error         // of the sync; read it after done
}

// Update runs fn in a transaction while no other one runs, and returns when the commit is on disk. fn runs once: with one
// writer there are no races to run again.
//
// An Update that wrote nothing, or whose fn refused, waits for the commit before it: what it saw must not be taken back
// either.
func (db *DB) Update(ctx context.Context, fn func(driver.Tx) error) error {
	if err := db.durable.enter(); err != nil {
		return err
	}
	defer db.durable.leave()
	own, before, err := db.write(ctx, fn)
	if own != nil {
		return db.finish(own)
	}
	if before == nil {
		return err
	}
	return before.wait(ctx, err)
}

// write runs fn under the writer lock. It returns the commit, or the one before if fn wrote nothing or refused.
func (db *DB) write(ctx context.Context, fn func(driver.Tx) error) (own, before *commit, err error) {
	if err := ctx.Err(); err != nil {
		return nil, nil, err
	}
	select {
	case db.writer <- struct{}{}:
		defer func() { <-db.writer }()
	case <-ctx.Done():
		return nil, nil, fmt.Errorf("wait for another writer: %w", ctx.Err())
	}
	if err := db.failure.err(); err != nil {
		return nil, nil, err
	}
	batch := db.engine.NewIndexedBatch()
	t := &tx{reader: reader{src: batch}, batch: batch}
	defer func() {
		if own == nil {
			_ = batch.Close() // gives memory back; never applied, so nothing can be lost
		}
	}()
	if err := t.run(fn); err != nil {
		return nil, db.last, err
	}
	if t.doom != nil {
		return nil, db.last, t.doom
	}
	if err := ctx.Err(); err != nil {
		return nil, db.last, err
	}
	if batch.Empty() {
		return nil, db.last, nil
	}
	own = &commit{batch: batch, done: make(chan struct{})}
	if err := db.engine.ApplyNoSyncWait(batch, pebble.Sync); err != nil {
		db.failure.trip(fmt.Errorf("commit: %w", err))
	}
	var order uint64 = 1
	if db.last != nil {
		order = db.last.view.order + 1
	}
	own.view = &view{snap: db.engine.NewSnapshot(), order: order}
	db.last = own
	return own, nil, nil
}

// finish waits until c is on disk and shows it to readers. The log is synced in order, so all earlier commits are on disk
// then, too.
func (db *DB) finish(c *commit) error {
	defer close(c.done)
	// A commit that the engine refused has nothing to wait for.
	if c.err = db.failure.err(); c.err == nil {
		if err := c.batch.SyncWait(); err != nil {
			db.failure.trip(fmt.Errorf("sync commit: %w", err))
		}
		c.err = db.failure.err()
	}
	if c.err != nil {
		giveBack(c.view)
		return c.err // the batch stays with the engine, which may still write to it
	}
	db.durable.publish(c.view)
	_ = c.batch.Close() // gives memory back
	return nil
}

// wait returns err once c is on disk, or why it is not.
func (c *commit) wait(ctx context.Context, err error) error {
	select {
	case <-c.done:
	default:
		select {
		case <-c.done:
		case <-ctx.Done():
			if errors.Is(err, ctx.Err()) {
				return err
			}
			return fmt.Errorf("wait for an earlier commit: %w", ctx.Err())
		}
	}
	if c.err != nil {
		return c.err
	}
	return err
}
