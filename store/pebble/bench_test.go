package pebble_test

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"github.com/cenote-auth/cenote/store/driver"
	"github.com/cenote-auth/cenote/store/pebble"
)

// benchRecord has the size of a user: 400 bytes of data, two unique entries and one shared one.
func benchRecord(n uint64) driver.Record {
	key := fmt.Sprintf("%016x", n*0x9E3779B97F4A7C15) // spread out
	return driver.Record{Kind: "user", Key: key, Data: make([]byte, 400), Index: []driver.Entry{
		{Index: "name", Value: key, Unique: true},
		{Index: "email", Value: key + "@example.com", Unique: true},
		{Index: "created", Value: key[:8]},
	}}
}

// inParallel runs b.N times do on 32 goroutines, as a server under load would.
func inParallel(b *testing.B, do func(n uint64) error) {
	var n atomic.Uint64
	b.SetParallelism(max(1, 32/runtime.GOMAXPROCS(0)))
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if err := do(n.Add(1)); err != nil {
				b.Error(err)
				return
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "commits/s")
}

// The disk's sync is the floor of a commit. Compare the two: what sharing it brings.
func BenchmarkDurableCommits32(b *testing.B) {
	db := open(b, filepath.Join(b.TempDir(), "store"), pebble.Config{})
	inParallel(b, func(n uint64) error { return put(b.Context(), db, benchRecord(n)) })
}

func BenchmarkBboltBatch32(b *testing.B) {
	db, err := bbolt.Open(filepath.Join(b.TempDir(), "bolt"), 0o600, nil)
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	inParallel(b, func(n uint64) error {
		rec := benchRecord(n)
		return db.Batch(func(tx *bbolt.Tx) error {
			put := func(bucket, key string, value []byte) error {
				buck, err := tx.CreateBucketIfNotExists([]byte(bucket))
				if err != nil {
					return err
				}
				return buck.Put([]byte(key), value)
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
		})
	})
}

// One commit at a time costs one sync.
func BenchmarkDurableCommit(b *testing.B) {
	db := open(b, filepath.Join(b.TempDir(), "store"), pebble.Config{})
	for n := uint64(0); b.Loop(); n++ {
		mustPut(b, db, benchRecord(n))
	}
}

// fill puts size records.
func fill(b *testing.B, db driver.DB, size uint64) {
	b.Helper()
	for n := uint64(0); n < size; {
		recs := make([]driver.Record, 0, 1000)
		for ; n < size && len(recs) < cap(recs); n++ {
			recs = append(recs, benchRecord(n))
		}
		mustPut(b, db, recs...)
	}
}

// Point reads must cost the same at every size.
func BenchmarkRead(b *testing.B) {
	for _, size := range []uint64{1e3, 1e5, 1e6} {
		b.Run(fmt.Sprintf("records=%d", size), func(b *testing.B) {
			db := open(b, filepath.Join(b.TempDir(), "store"), pebble.Config{})
			fill(b, db, size)
			rng := rand.New(rand.NewPCG(1, 2))
			refs := make([]driver.Ref, 10_000)
			for i := range refs {
				rec := benchRecord(rng.Uint64N(size))
				refs[i] = driver.Ref{Kind: rec.Kind, Value: rec.Key}
			}
			for _, ref := range refs { // what is read often is in the cache
				mustRead(b, db, ref)
			}
			b.ReportAllocs()
			n := 0
			for b.Loop() {
				if recs, err := db.Read(b.Context(), refs[n%len(refs)]); err != nil || recs[0].Version != 1 {
					b.Fatalf("%+v, %v", recs, err)
				}
				n++
			}
		})
	}
}

func BenchmarkScanPage(b *testing.B) {
	db := open(b, filepath.Join(b.TempDir(), "store"), pebble.Config{})
	fill(b, db, 10_000)
	b.ReportAllocs()
	for b.Loop() {
		err := db.View(b.Context(), func(r driver.Reader) error {
			recs, _, err := r.Scan(b.Context(), driver.Range{Kind: "user", Index: "created", Limit: 60})
			if err == nil && len(recs) != 60 {
				err = fmt.Errorf("%d records", len(recs))
			}
			return err
		})
		if err != nil {
			b.Fatal(err)
		}
	}
}

// What opening adds to the start of a program.
func BenchmarkOpenNew(b *testing.B) {
	dir := b.TempDir()
	for n := 0; b.Loop(); n++ {
		db, err := pebble.Open(filepath.Join(dir, fmt.Sprint(n)), pebble.Config{})
		if err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		db.Close()
		b.StartTimer()
	}
}

func BenchmarkOpenExisting(b *testing.B) {
	dir := filepath.Join(b.TempDir(), "store")
	db := open(b, dir, pebble.Config{})
	for n := range uint64(1000) {
		mustPut(b, db, benchRecord(n))
	}
	db.Close()
	var opening time.Duration
	for b.Loop() {
		start := time.Now()
		db, err := pebble.Open(dir, pebble.Config{})
		if err != nil {
			b.Fatal(err)
		}
		opening += time.Since(start)
		db.Close()
	}
	b.ReportMetric(float64(opening.Milliseconds())/float64(b.N), "ms/open")
}
