package memory_test

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"strconv"
	"testing"

	"github.com/cenote-auth/cenote/store/driver"
	"github.com/cenote-auth/cenote/store/memory"
)

// BenchmarkGet reads one record by its key and one by a unique entry. A thousand times the records are two more levels of the
// trees, and caches that miss.
func BenchmarkGet(b *testing.B) {
	for _, n := range []int{1_000, 100_000, 1_000_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			db, ctx := users(b, n), b.Context()
			keys, names := make([]string, 1024), make([]string, 1024)
			for i := range keys {
				at := rand.IntN(n) //nolint:gosec // any will do
				keys[i], names[i] = strconv.Itoa(at), fmt.Sprint("name of ", at)
			}
			runtime.GC() // what filling the store began must not run beside the reads
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				recs, err := db.Read(ctx, driver.Ref{Kind: "user", Value: keys[i%1024]}, driver.Ref{Kind: "user", Index: "name", Value: names[i%1024]})
				if err != nil || recs[0].Version == 0 || recs[1].Version == 0 {
					b.Fatal(recs, err)
				}
			}
		})
	}
}

// BenchmarkUpdate reads and replaces one of 100,000 records per transaction; insert adds one with four index entries.
func BenchmarkUpdate(b *testing.B) {
	const n = 100_000
	b.Run("replace", func(b *testing.B) {
		db, ctx := users(b, n), b.Context()
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			rec := user(i * 7919 % n)
			err := db.Update(ctx, func(tx driver.Tx) error {
				recs, err := tx.Get(ctx, driver.Ref{Kind: "user", Value: rec.Key})
				if err != nil {
					return err
				}
				rec.Version = recs[0].Version
				return tx.Put(ctx, rec)
			})
			if err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("insert", func(b *testing.B) {
		db, ctx := users(b, n), b.Context()
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			if err := db.Update(ctx, func(tx driver.Tx) error { return tx.Put(ctx, user(n+i)) }); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkScan reads a page of 60 from the middle of 100,000 records, all of which have the same value.
func BenchmarkScan(b *testing.B) {
	db, ctx := users(b, 100_000), b.Context()
	rng := driver.Range{Kind: "user", Index: "status", Value: "confirmed", Exact: true, Limit: 50_000}
	err := db.View(ctx, func(r driver.Reader) (err error) {
		_, rng.After, err = r.Scan(ctx, rng)
		return err
	})
	if err != nil {
		b.Fatal(err)
	}
	rng.Limit = 60
	b.ReportAllocs()
	for b.Loop() {
		err := db.View(ctx, func(r driver.Reader) error {
			recs, _, err := r.Scan(ctx, rng)
			if len(recs) != rng.Limit {
				b.Fatal(len(recs))
			}
			return err
		})
		if err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkSnapshotRestore takes a snapshot of 100,000 users, changes one, and restores it.
func BenchmarkSnapshotRestore(b *testing.B) {
	db, ctx := users(b, 100_000), b.Context()
	rec := user(500)
	rec.Version = 1
	b.ReportAllocs()
	for b.Loop() {
		kept := db.Snapshot()
		if err := db.Update(ctx, func(tx driver.Tx) error { return tx.Put(ctx, rec) }); err != nil {
			b.Fatal(err)
		}
		db.Restore(kept)
	}
}

// BenchmarkFork forks a store of 100,000 users and changes one in the fork.
func BenchmarkFork(b *testing.B) {
	db, ctx := users(b, 100_000), b.Context()
	rec := user(500)
	rec.Version = 1
	b.ReportAllocs()
	for b.Loop() {
		if err := db.Fork().Update(ctx, func(tx driver.Tx) error { return tx.Put(ctx, rec) }); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkResident reports the memory that a user of 600 bytes with four index entries takes, inserted in bulk and, which
// leaves other gaps in the trees, one by one.
func BenchmarkResident(b *testing.B) {
	const n = 100_000
	for name, fill := range map[string]func() *memory.DB{
		"bulk": func() *memory.DB { return users(b, n) },
		"one by one": func() *memory.DB {
			db := memory.New(memory.Config{})
			for _, i := range rand.Perm(n) { //nolint:gosec // any order will do
				if err := db.Update(b.Context(), func(tx driver.Tx) error { return tx.Put(b.Context(), user(i)) }); err != nil {
					b.Fatal(err)
				}
			}
			return db
		},
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				before := heap()
				db := fill()
				b.ReportMetric(float64(heap()-before)/n, "B/user")
				runtime.KeepAlive(db)
			}
		})
	}
}

func heap() uint64 {
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc
}
