package storetest_test

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"testing"

	"github.com/cenote-auth/cenote/store/driver"
	"github.com/cenote-auth/cenote/store/memory"
	"github.com/cenote-auth/cenote/store/storetest"
)

// Drivers whose transactions are broken: the defects that real engines have when they are asked for too little isolation.

// A write is one that a transaction made, to be made again elsewhere.
type write func(ctx context.Context, tx driver.Tx) error

// rehearse runs fn on a fork, as of now, and returns its writes.
func rehearse(ctx context.Context, db *memory.DB, fn func(driver.Tx) error) (writes []write, err error) {
	err = db.Fork().Update(ctx, func(tx driver.Tx) error { return fn(&recorder{tx, &writes}) })
	return writes, err
}

type recorder struct {
	driver.Tx
	writes *[]write
}

func (r *recorder) Put(ctx context.Context, rec driver.Record) error {
	rec.Data = append([]byte(nil), rec.Data...)
	rec.Index = append([]driver.Entry(nil), rec.Index...)
	*r.writes = append(*r.writes, func(ctx context.Context, tx driver.Tx) error { return tx.Put(ctx, rec) })
	return r.Tx.Put(ctx, rec)
}

func (r *recorder) Delete(ctx context.Context, kind, key string, version int64) error {
	*r.writes = append(*r.writes, func(ctx context.Context, tx driver.Tx) error { return tx.Delete(ctx, kind, key, version) })
	return r.Tx.Delete(ctx, kind, key, version)
}

// blindly is a recorder whose writes forget the versions.
type blindly struct{ recorder }

func (r *blindly) Put(ctx context.Context, rec driver.Record) error {
	if err := r.Tx.Put(ctx, rec); err != nil {
		return err
	}
	*r.writes = append(*r.writes, func(ctx context.Context, tx driver.Tx) error {
		rec.Version = currentVersion(ctx, tx, rec.Kind, rec.Key)
		return tx.Put(ctx, rec)
	})
	return nil
}

func (r *blindly) Delete(ctx context.Context, kind, key string, version int64) error {
	*r.writes = append(*r.writes, func(ctx context.Context, tx driver.Tx) error { return tx.Delete(ctx, kind, key, 0) })
	return r.Tx.Delete(ctx, kind, key, version)
}

func apply(ctx context.Context, db *memory.DB, writes []write) error {
	return db.Update(ctx, func(tx driver.Tx) error {
		for _, w := range writes {
			if err := w(ctx, tx); err != nil {
				return err
			}
		}
		return nil
	})
}

// snapshotIsolation guards what is written, and nothing that is only read.
func snapshotIsolation(ctx context.Context, db *memory.DB, fn func(driver.Tx) error) error {
	for {
		writes, err := rehearse(ctx, db, fn)
		if err != nil {
			return err
		}
		if err := apply(ctx, db, writes); !errors.Is(err, driver.ErrStale) {
			return err
		}
	}
}

// givingUp is optimistic as well, and hands its races to the caller.
func givingUp(ctx context.Context, db *memory.DB, fn func(driver.Tx) error) error {
	writes, err := rehearse(ctx, db, fn)
	if err != nil {
		return err
	}
	return apply(ctx, db, writes)
}

// lastWriterWins guards nothing.
func lastWriterWins(ctx context.Context, db *memory.DB, fn func(driver.Tx) error) error {
	var writes []write
	err := db.Fork().Update(ctx, func(tx driver.Tx) error { return fn(&blindly{recorder{tx, &writes}}) })
	if err != nil {
		return err
	}
	return apply(ctx, db, writes)
}

// oneByOne is serializable for writers and shows readers, and the disk, each write by itself.
func oneByOne() hooks {
	var turn sync.Mutex
	return hooks{update: func(ctx context.Context, db *memory.DB, fn func(driver.Tx) error) error {
		turn.Lock()
		defer turn.Unlock()
		writes, err := rehearse(ctx, db, fn)
		if err != nil {
			return err
		}
		for _, w := range writes {
			if err := apply(ctx, db, []write{w}); err != nil {
				return err
			}
			runtime.Gosched() // a disk would take longer
		}
		return nil
	}}
}

// A mover reads each time from the newest state.
type mover struct{ db *memory.DB }

func movingView(_ context.Context, db *memory.DB, fn func(driver.Reader) error) error {
	return fn(mover{db})
}

func (m mover) Get(ctx context.Context, refs ...driver.Ref) ([]driver.Record, error) {
	return m.db.Read(ctx, refs...)
}

func (m mover) Scan(ctx context.Context, rng driver.Range) (recs []driver.Record, next driver.Cursor, err error) {
	err = m.db.View(ctx, func(r driver.Reader) (err error) {
		recs, next, err = r.Scan(ctx, rng)
		return err
	})
	return recs, next, err
}

func (m mover) Count(ctx context.Context, rng driver.Range) (n int64, err error) {
	err = m.db.View(ctx, func(r driver.Reader) (err error) {
		n, err = r.Count(ctx, rng)
		return err
	})
	return n, err
}

// lagging reads from a replica that gets each update after the next one was acknowledged.
func lagging() hooks {
	var mu sync.Mutex
	var replica, next driver.DB
	return hooks{
		update: func(ctx context.Context, db *memory.DB, fn func(driver.Tx) error) error {
			err := db.Update(ctx, fn)
			mu.Lock()
			defer mu.Unlock()
			replica, next = next, db.Fork()
			return err
		},
		view: func(ctx context.Context, db *memory.DB, fn func(driver.Reader) error) error {
			mu.Lock()
			from := replica
			mu.Unlock()
			if from == nil {
				from = db
			}
			return from.View(ctx, fn)
		},
	}
}

func deafRead(ctx context.Context, db *memory.DB, refs []driver.Ref) ([]driver.Record, error) {
	return db.Read(context.WithoutCancel(ctx), refs...)
}

func deafView(ctx context.Context, db *memory.DB, fn func(driver.Reader) error) error {
	return db.View(context.WithoutCancel(ctx), fn)
}

func deafUpdate(ctx context.Context, db *memory.DB, fn func(driver.Tx) error) error {
	return db.Update(context.WithoutCancel(ctx), fn)
}

// losing acknowledges an update before the disk has it: a crash brings back the state before the last one.
var losing = storetest.Harness{
	Open: func(testing.TB) driver.DB { return &volatile{DB: memory.New(memory.Config{})} },
	Reopen: func(_ testing.TB, db driver.DB) driver.DB {
		v := db.(*volatile)
		v.mu.Lock()
		defer v.mu.Unlock()
		next := v.DB.Fork().(*memory.DB)
		next.Restore(v.before)
		_ = v.Close()
		return &volatile{DB: next}
	},
}

type volatile struct {
	*memory.DB
	mu     sync.Mutex
	before driver.Snapshot // the last update
}

func (v *volatile) Update(ctx context.Context, fn func(driver.Tx) error) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.before = v.Snapshot()
	return v.DB.Update(ctx, fn)
}

// apart has nodes that share nothing.
var apart = storetest.Harness{
	Open:   func(testing.TB) driver.DB { return memory.New(memory.Config{}) },
	Second: func(_ testing.TB, db driver.DB) driver.DB { return db.(*memory.DB).Fork() },
}
