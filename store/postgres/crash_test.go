package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cenote-auth/cenote/internal/pgtest"
	"github.com/cenote-auth/cenote/store/driver"
	"github.com/cenote-auth/cenote/store/postgres"
	"github.com/cenote-auth/cenote/store/storetest"
)

// TestStoreAcrossCrashes runs what the suite has about crashes, each test on a server of its own that it may kill.
func TestStoreAcrossCrashes(t *testing.T) {
	t.Parallel()
	type place struct {
		server *pgtest.Server
		url    string
	}
	var places sync.Map // driver.DB to its place
	here := func(t testing.TB, at place) driver.DB {
		db := open(t, at.url)
		places.Store(db, at)
		return db
	}
	skip := map[storetest.Category]string{}
	for _, c := range []storetest.Category{
		storetest.Semantics, storetest.Conflicts, storetest.Order, storetest.Paging, storetest.Uniqueness, storetest.TakeOnce,
		storetest.Isolation, storetest.Snapshots, storetest.Retries, storetest.Lifecycle, storetest.Expiry, storetest.Histories,
		storetest.Nodes, storetest.Powers,
	} {
		skip[c] = "TestStore runs it, on a server that all tests share"
	}
	storetest.Run(t, storetest.Harness{
		Open: func(t testing.TB) driver.DB {
			server := pgtest.Start(t, pgtest.Options{Fsync: true})
			return here(t, place{server, server.NewDatabase(t)})
		},
		Reopen: func(t testing.TB, db driver.DB) driver.DB {
			at, _ := places.Load(db)
			crash(t, at.(place).server)
			_ = db.Close()
			return here(t, at.(place))
		},
		Skip: skip,
	})
}

// crash kills the server with all that it is doing, and starts it again.
func crash(t testing.TB, server *pgtest.Server) {
	t.Helper()
	if err := server.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := server.Restart(); err != nil {
		t.Fatal(err)
	}
}

// TestServerCrashes kills the server again and again under writers that go on all the while. Each Update that returned nil
// must have happened once, in full; one that returned an error not at all.
func TestServerCrashes(t *testing.T) {
	t.Parallel()
	const writers, crashes = 8, 3
	server := pgtest.Start(t, pgtest.Options{Fsync: true})
	url := server.NewDatabase(t)
	db := open(t, url)
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	defer cancel()

	var stop atomic.Bool
	var commits atomic.Int64
	progress := make(chan struct{})
	var done [writers]map[string]bool // by key: whether it was acknowledged
	var wg sync.WaitGroup
	for w := range writers {
		done[w] = map[string]bool{}
		wg.Go(func() {
			for i := 0; !stop.Load(); i++ {
				key := fmt.Sprintf("%d-%d", w, i)
				err := pair(ctx, db, fmt.Sprint(w), key)
				if errors.Is(err, postgres.ErrUnknownOutcome) {
					continue // it may be there or not, but not half of it: see below
				}
				if done[w][key] = err == nil; err == nil {
					commits.Add(1)
					select {
					case progress <- struct{}{}:
					default: // nobody waits for it
					}
				}
			}
		})
	}
	for range crashes {
		for range 50 {
			select {
			case <-ctx.Done():
				t.Fatal("the writers do not go on")
			case <-progress:
			}
		}
		crash(t, server)
	}
	stop.Store(true)
	wg.Wait()

	err := open(t, url).View(ctx, func(r driver.Reader) error {
		for w := range writers {
			var made int64
			for key, acknowledged := range done[w] {
				recs, err := r.Get(ctx, driver.Ref{Kind: "left", Value: key}, driver.Ref{Kind: "right", Index: "of", Value: key})
				if err != nil {
					return err
				}
				left, right := recs[0].Version == 1, recs[1].Version == 1
				if left != right || left != acknowledged {
					t.Errorf("%s: left %t, right %t, acknowledged %t", key, left, right, acknowledged)
				}
			}
			counter, err := r.Get(ctx, driver.Ref{Kind: "count", Value: fmt.Sprint(w)})
			if err != nil {
				return err
			}
			made, err = r.Count(ctx, driver.Range{Kind: "left", Value: fmt.Sprint(w, "-")})
			if err != nil {
				return err
			}
			if counter[0].Version != made {
				t.Errorf("writer %d: %d records and %d increments", w, made, counter[0].Version)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d commits, %+v", commits.Load(), db.Stats())
}

// pair inserts two records in different partitions and replaces a third, whose version counts the pairs of a writer.
func pair(ctx context.Context, db driver.DB, writer, key string) error {
	return db.Update(ctx, func(tx driver.Tx) error {
		recs, err := tx.Get(ctx, driver.Ref{Kind: "count", Value: writer})
		if err != nil {
			return err
		}
		return errors.Join(
			tx.Put(ctx, driver.Record{Kind: "left", Key: key}),
			tx.Put(ctx, driver.Record{Kind: "count", Key: writer, Version: recs[0].Version}),
			tx.Put(ctx, driver.Record{Kind: "right", Key: key, Expires: future, Index: []driver.Entry{{Index: "of", Value: key, Unique: true}}}),
		)
	})
}
