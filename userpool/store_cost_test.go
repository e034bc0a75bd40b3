package userpool_test

import (
	"context"
	"sync/atomic"

	"github.com/cenote-auth/cenote/store/driver"
	"github.com/cenote-auth/cenote/userpool"
)

// cost is what a call costs a store: its reads and views, its commits, and the round trips of all of them as a database over a network
// counts them: one for each read and each commit, one for each call within a View or an Update, and one to end those.
type cost struct{ reads, views, commits, trips int64 }

// looks is how often something was read outside of a commit.
func (c cost) looks() int64 { return c.reads + c.views }

// trips counts what a service asks of its store.
type trips struct {
	driver.DB
	reads, views, commits, trips atomic.Int64
}

func (w *trips) watch(c *userpool.Config) { w.DB, c.Store = c.Store, w }

// of returns what a call costs, if nothing else runs meanwhile.
func (w *trips) of(call func()) cost {
	for _, n := range []*atomic.Int64{&w.reads, &w.views, &w.commits, &w.trips} {
		n.Store(0)
	}
	call()
	return cost{w.reads.Load(), w.views.Load(), w.commits.Load(), w.trips.Load()}
}

func (w *trips) Read(ctx context.Context, refs ...driver.Ref) ([]driver.Record, error) {
	w.reads.Add(1)
	w.trips.Add(1)
	return w.DB.Read(ctx, refs...)
}

func (w *trips) View(ctx context.Context, fn func(driver.Reader) error) error {
	w.views.Add(1)
	var asked int64
	err := w.DB.View(ctx, func(r driver.Reader) error { return fn(&countedReader{r, &asked}) })
	w.end(asked, 0)
	return err
}

// Update counts the run of the closure that is committed, and a commit if that writes: writes go with the end.
func (w *trips) Update(ctx context.Context, fn func(driver.Tx) error) error {
	var asked, wrote int64
	err := w.DB.Update(ctx, func(tx driver.Tx) error {
		asked, wrote = 0, 0
		return fn(&countedTx{countedReader{tx, &asked}, tx, &wrote})
	})
	if wrote > 0 && err == nil {
		w.commits.Add(1)
	}
	w.end(asked, wrote)
	return err
}

// end counts the calls of a transaction, and its end if it did anything.
func (w *trips) end(asked, wrote int64) {
	if asked+wrote > 0 {
		w.trips.Add(asked + 1)
	}
}

type countedReader struct {
	driver.Reader
	asked *int64
}

func (c *countedReader) Get(ctx context.Context, refs ...driver.Ref) ([]driver.Record, error) {
	*c.asked++
	return c.Reader.Get(ctx, refs...)
}

func (c *countedReader) Scan(ctx context.Context, r driver.Range) ([]driver.Record, driver.Cursor, error) {
	*c.asked++
	return c.Reader.Scan(ctx, r)
}

func (c *countedReader) Count(ctx context.Context, r driver.Range) (int64, error) {
	*c.asked++
	return c.Reader.Count(ctx, r)
}

type countedTx struct {
	countedReader
	tx    driver.Tx
	wrote *int64
}

func (c *countedTx) Put(ctx context.Context, rec driver.Record) error {
	*c.wrote++
	return c.tx.Put(ctx, rec)
}

func (c *countedTx) Delete(ctx context.Context, kind, key string, version int64) error {
	*c.wrote++
	return c.tx.Delete(ctx, kind, key, version)
}
