package bench_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"go.etcd.io/bbolt"

	"github.com/cenote-auth/cenote/store/driver"
	"github.com/cenote-auth/cenote/store/pebble"
)

// writers is how many goroutines commit at once.
const writers = 32

// commitRows compares durable commits of one record of a user's size with the same keys written by bbolt's Batch, which shares
// syncs as well. Both wait for the same disk, so the time is real time.
func commitRows(ctx context.Context, o options) ([]row, error) {
	dir, err := os.MkdirTemp("", "cenote-bench-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	db, err := pebble.Open(filepath.Join(dir, "pebble"), pebble.Config{})
	if err != nil {
		return nil, err
	}
	defer db.Close()
	bolt, err := bbolt.Open(filepath.Join(dir, "bbolt"), 0o600, nil)
	if err != nil {
		return nil, err
	}
	defer bolt.Close()

	o.block *= 10 // many syncs in each block
	o.rounds = max(1, o.rounds/3)
	c, err := compare(o,
		committing(func(rec driver.Record) error {
			return db.Update(ctx, func(tx driver.Tx) error { return tx.Put(ctx, rec) })
		}),
		committing(func(rec driver.Record) error {
			return bolt.Batch(func(tx *bbolt.Tx) error { return putBolt(tx, rec) })
		}))
	if err != nil {
		return nil, err
	}
	return []row{{
		what: fmt.Sprintf("pebble against bbolt Batch, %d writers", writers),
		ours: perSecond(c.ours), floor: perSecond(c.floor), ratio: 1 / c.ratio, bound: 5, atLeast: true,
	}}, nil
}

func perSecond(d time.Duration) string {
	return fmt.Sprintf("%.0f /s", float64(time.Second)/float64(d))
}

// committing commits new records by many goroutines.
func committing(commit func(driver.Record) error) work {
	var last atomic.Int64
	return func(n int) (time.Duration, error) {
		var group sync.WaitGroup
		var left atomic.Int64
		var failed atomic.Pointer[error]
		left.Store(int64(max(n, writers))) // so that there are so many at once in each block
		began := wall()
		for range writers {
			group.Go(func() {
				for left.Add(-1) >= 0 {
					if err := commit(commitRecord(last.Add(1))); err != nil {
						failed.Store(&err)
						return
					}
				}
			})
		}
		group.Wait()
		if err := failed.Load(); err != nil {
			return 0, *err
		}
		return (wall() - began) * time.Duration(n) / time.Duration(max(n, writers)), nil
	}
}

// commitRecord has the size of a user: 400 bytes of data, two unique entries and one shared one.
func commitRecord(n int64) driver.Record {
	key := fmt.Sprintf("%016x", uint64(n)*0x9E3779B97F4A7C15) // spread out
	return driver.Record{Kind: "user", Key: key, Data: make([]byte, 400), Index: []driver.Entry{
		{Index: "name", Value: key, Unique: true},
		{Index: "email", Value: key + "@example.com", Unique: true},
		{Index: "created", Value: key[:8]},
	}}
}

func putBolt(tx *bbolt.Tx, rec driver.Record) error {
	put := func(bucket, key string, value []byte) error {
		b, err := tx.CreateBucketIfNotExists([]byte(bucket))
		if err != nil {
			return err
		}
		return b.Put([]byte(key), value)
	}
	if err := put(rec.Kind, rec.Key, rec.Data); err != nil {
		return err
	}
	for _, e := range rec.Index {
		if err := put(e.Index, e.Value+rec.Key, []byte(rec.Key)); err != nil {
			return err
		}
	}
	return nil
}
