package postgres_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/cenote-auth/cenote/internal/pgtest"
	"github.com/cenote-auth/cenote/store/driver"
	"github.com/cenote-auth/cenote/store/postgres"
)

// user returns a record of a user's size, with the entries that one has.
func user(i int64) driver.Record {
	name := fmt.Sprintf("user-%08d", i)
	return driver.Record{
		Kind: "user", Key: "pool/" + name, Data: make([]byte, 600),
		Index: []driver.Entry{
			{Index: "name", Value: "pool/" + name, Unique: true},
			{Index: "mail", Value: "pool/" + name + "@example.com", Unique: true},
			{Index: "status", Value: "pool/UNCONFIRMED"},
			{Index: "created", Value: fmt.Sprintf("pool/%016d", i)},
		},
	}
}

// BenchmarkSignUp32 inserts users from 32 goroutines, each with a message to deliver that expires: closures that only
// write. It reports the retries and the round trips of one.
func BenchmarkSignUp32(b *testing.B) {
	parallel(b, func(ctx context.Context, db *postgres.DB, i int64) error {
		return db.Update(ctx, func(tx driver.Tx) error {
			if err := tx.Put(ctx, user(i)); err != nil {
				return err
			}
			return tx.Put(ctx, driver.Record{Kind: "message", Key: fmt.Sprint(i), Data: make([]byte, 300), Expires: future})
		})
	})
}

// BenchmarkSignIn32 reads a user by name, a client and a pool, and inserts a session: closures that read first.
func BenchmarkSignIn32(b *testing.B) {
	parallel(b, func(ctx context.Context, db *postgres.DB, i int64) error {
		return db.Update(ctx, func(tx driver.Tx) error {
			_, err := tx.Get(ctx, driver.Ref{Kind: "user", Index: "name", Value: fmt.Sprintf("pool/user-%08d", i%seeded)},
				driver.Ref{Kind: "client", Value: "client"}, driver.Ref{Kind: "pool", Value: "pool"})
			if err != nil {
				return err
			}
			return tx.Put(ctx, driver.Record{Kind: "session", Key: fmt.Sprintf("%d", i*7919%1_000_003), Data: make([]byte, 300), Expires: future})
		})
	})
}

// BenchmarkReplace32 replaces one of many users by compare-and-swap: closures that read what they write.
func BenchmarkReplace32(b *testing.B) {
	parallel(b, func(ctx context.Context, db *postgres.DB, i int64) error {
		return db.Update(ctx, func(tx driver.Tx) error {
			rec := user(i * 7919 % seeded)
			got, err := tx.Get(ctx, driver.Ref{Kind: rec.Kind, Value: rec.Key})
			if err != nil {
				return err
			}
			rec.Version = got[0].Version
			return tx.Put(ctx, rec)
		})
	})
}

// BenchmarkHotRecord32 increments one record from all goroutines, the worst that can be asked.
func BenchmarkHotRecord32(b *testing.B) {
	parallel(b, func(ctx context.Context, db *postgres.DB, i int64) error { return add(ctx, db, "hot") })
}

// BenchmarkRead32 reads what a token-authorised call reads, in one round trip.
func BenchmarkRead32(b *testing.B) {
	parallel(b, func(ctx context.Context, db *postgres.DB, i int64) error {
		_, err := db.Read(ctx, driver.Ref{Kind: "user", Index: "name", Value: fmt.Sprintf("pool/user-%08d", i%seeded)},
			driver.Ref{Kind: "client", Value: "client"}, driver.Ref{Kind: "pool", Value: "pool"})
		return err
	})
}

// seeded is the number of users that a benchmark finds.
const seeded = 2000

// parallel runs do from 32 goroutines over 16 connections, on a server that syncs at each commit.
func parallel(b *testing.B, do func(context.Context, *postgres.DB, int64) error) {
	server := pgtest.Start(b, pgtest.Options{Fsync: true})
	db := open(b, server.NewDatabase(b)+"&pool_max_conns=16")
	put(b, db, driver.Record{Kind: "pool", Key: "pool", Data: make([]byte, 2000)}, driver.Record{Kind: "client", Key: "client", Data: make([]byte, 800)})
	for from := range seeded / 100 {
		var recs []driver.Record
		for i := range 100 {
			recs = append(recs, user(int64(from*100+i)))
		}
		put(b, db, recs...)
	}
	var n atomic.Int64
	n.Store(seeded)
	before := db.Stats()
	b.SetParallelism(16) // times GOMAXPROCS
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if err := do(b.Context(), db, n.Add(1)); err != nil {
				b.Error(err)
				return
			}
		}
	})
	b.StopTimer()
	after := db.Stats()
	b.ReportMetric(float64(after.Retries-before.Retries)/float64(b.N), "retries/op")
	b.ReportMetric(float64(after.RoundTrips-before.RoundTrips)/float64(b.N), "roundtrips/op")
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "ops/s")
}
