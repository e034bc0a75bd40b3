package storetest_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cenote-auth/cenote/store/driver"
	"github.com/cenote-auth/cenote/store/memory"
	"github.com/cenote-auth/cenote/store/storetest"
)

// A brokenDriver has one defect, which the categories have to find.
type brokenDriver struct {
	name    string
	fails   []storetest.Category
	harness storetest.Harness
}

func categories(c ...storetest.Category) []storetest.Category { return c }

// with returns the harness of a driver with stateless hooks.
func with(h hooks) storetest.Harness { return sound(func() hooks { return h }) }

var broken = []brokenDriver{
	concatenating,
	{"put ignores the version", categories(storetest.Conflicts, storetest.Histories), with(hooks{put: blindPut})},
	{"delete ignores the version", categories(storetest.Conflicts, storetest.TakeOnce, storetest.Histories), with(hooks{delete: blindDelete})},
	{"unique entries are not", categories(storetest.Conflicts, storetest.Uniqueness, storetest.Histories), with(hooks{put: unguardedPut})},
	{"conflicts do not doom", categories(storetest.Conflicts), with(hooks{put: forgivingPut})},
	{"the last conflict is named", categories(storetest.Conflicts), with(hooks{put: lastNamedPut})},
	{"a conflict is run again", categories(storetest.Retries), with(hooks{update: stubborn})},
	{"former entries stay", categories(storetest.Semantics, storetest.Histories), sound(clinging)},
	{"an error commits", categories(storetest.Semantics, storetest.Histories), with(hooks{update: commitAnyway})},
	{"errors come out wrapped", categories(storetest.Semantics), with(hooks{update: wrapping})},
	{"own writes are not scanned", categories(storetest.Semantics, storetest.Order, storetest.Histories), sound(forgetful)},
	{"the caller's data is kept", categories(storetest.Semantics), sound(aliasing)},
	{"order is that of text", categories(storetest.Order, storetest.Histories), with(hooks{scan: textOrder})},
	{"values are made valid text", categories(storetest.Order), with(hooks{put: validText})},
	{"values are cut", categories(storetest.Order), with(hooks{put: cutValues})},
	{"ties are tossed", categories(storetest.Order), sound(tossed)},
	{"a cursor is an offset", categories(storetest.Paging), with(hooks{scan: offsetScan})},
	{"a cursor needs its record", categories(storetest.Paging), with(hooks{scan: needyScan})},
	{"the last page has a cursor", categories(storetest.Paging), with(hooks{scan: endlessScan})},
	{"keys come with data", categories(storetest.Paging, storetest.Histories), with(hooks{scan: fullScan})},
	{"count has no limit", categories(storetest.Paging, storetest.Histories), with(hooks{count: fullCount})},
	{"snapshot isolation", categories(storetest.Isolation, storetest.Histories, storetest.Nodes), with(hooks{update: snapshotIsolation})},
	{"last writer wins", categories(storetest.Isolation, storetest.TakeOnce, storetest.Histories), with(hooks{update: lastWriterWins})},
	{"writes come one by one", categories(storetest.Snapshots, storetest.Crashes), sound(oneByOne)},
	{"a view moves on", categories(storetest.Snapshots), with(hooks{view: movingView})},
	{"reads lag behind", categories(storetest.Snapshots), sound(lagging)},
	{"a context that ends is ignored", categories(storetest.Lifecycle), with(hooks{read: deafRead, view: deafView, update: deafUpdate})},
	{"expired records are hidden", categories(storetest.Expiry), with(hooks{get: hideExpired})},
	{"a crash loses the last write", categories(storetest.Crashes), losing},
	{"nodes are apart", categories(storetest.Nodes), apart},
	{"a race is not run again", categories(storetest.Retries, storetest.Isolation), with(hooks{update: givingUp})},
	{"sweep takes too much", categories(storetest.Expiry), opening(func(db *memory.DB) driver.DB { return hastySweeper{db} })},
	{"a fork is the same", categories(storetest.Powers), opening(func(db *memory.DB) driver.DB { return sameFork{db} })},
	{"close does nothing", categories(storetest.Lifecycle, storetest.Powers), opening(func(db *memory.DB) driver.DB { return unclosed{db} })},
}

func currentVersion(ctx context.Context, r driver.Reader, kind, key string) int64 {
	recs, err := r.Get(ctx, driver.Ref{Kind: kind, Value: key})
	if err != nil {
		return 0
	}
	return recs[0].Version
}

func blindPut(ctx context.Context, tx driver.Tx, rec driver.Record) error {
	if rec.Version > 0 {
		rec.Version = currentVersion(ctx, tx, rec.Kind, rec.Key)
	}
	return tx.Put(ctx, rec)
}

func blindDelete(ctx context.Context, tx driver.Tx, kind, key string, _ int64) error {
	return tx.Delete(ctx, kind, key, 0)
}

// violated returns the unique entries of rec that other records have.
func violated(ctx context.Context, tx driver.Tx, rec driver.Record) []driver.Entry {
	var out []driver.Entry
	for _, e := range rec.Index {
		recs, err := tx.Get(ctx, driver.Ref{Kind: rec.Kind, Index: e.Index, Value: e.Value})
		if err == nil && e.Unique && recs[0].Version > 0 && recs[0].Key != rec.Key {
			out = append(out, e)
		}
	}
	return out
}

func unguardedPut(ctx context.Context, tx driver.Tx, rec driver.Record) error {
	taken := violated(ctx, tx, rec)
	rec.Index = slices.Clone(rec.Index)
	for i, e := range rec.Index {
		rec.Index[i].Unique = e.Unique && !slices.Contains(taken, e)
	}
	return tx.Put(ctx, rec)
}

func forgivingPut(ctx context.Context, tx driver.Tx, rec driver.Record) error {
	if taken := violated(ctx, tx, rec); len(taken) > 0 {
		return &driver.ConflictError{Kind: rec.Kind, Index: taken[0].Index, Value: taken[0].Value}
	}
	return tx.Put(ctx, rec)
}

func lastNamedPut(ctx context.Context, tx driver.Tx, rec driver.Record) error {
	taken := violated(ctx, tx, rec)
	err := tx.Put(ctx, rec)
	if last := len(taken) - 1; err != nil && last >= 0 {
		return &driver.ConflictError{Kind: rec.Kind, Index: taken[last].Index, Value: taken[last].Value}
	}
	return err
}

func stubborn(ctx context.Context, db *memory.DB, fn func(driver.Tx) error) error {
	err := db.Update(ctx, fn)
	if _, conflict := errors.AsType[*driver.ConflictError](err); conflict {
		return db.Update(ctx, fn)
	}
	return err
}

func clinging() hooks {
	var mu sync.Mutex
	former := map[string][]driver.Entry{} // plain ones, of each record
	return hooks{put: func(ctx context.Context, tx driver.Tx, rec driver.Record) error {
		mu.Lock()
		defer mu.Unlock()
		name := rec.Kind + "/" + rec.Key
		rec.Index = slices.Clone(rec.Index)
		for _, e := range former[name] {
			if !slices.Contains(rec.Index, e) {
				rec.Index = append(rec.Index, e)
			}
		}
		former[name] = slices.DeleteFunc(slices.Clone(rec.Index), func(e driver.Entry) bool { return e.Unique })
		return tx.Put(ctx, rec)
	}}
}

func commitAnyway(ctx context.Context, db *memory.DB, fn func(driver.Tx) error) error {
	var mine error
	err := db.Update(ctx, func(tx driver.Tx) error {
		mine = fn(tx)
		return nil
	})
	return errors.Join(err, mine)
}

func wrapping(ctx context.Context, db *memory.DB, fn func(driver.Tx) error) error {
	if err := db.Update(ctx, fn); err != nil {
		return fmt.Errorf("update: %w", err)
	}
	return nil
}

// forgetful scans what was there when the transaction began.
func forgetful() hooks {
	var before driver.DB
	return hooks{
		update: func(ctx context.Context, db *memory.DB, fn func(driver.Tx) error) error {
			return db.Update(ctx, func(tx driver.Tx) error {
				before = db.Fork()
				return fn(tx)
			})
		},
		scan: func(ctx context.Context, r driver.Reader, rng driver.Range) (recs []driver.Record, next driver.Cursor, err error) {
			if _, inUpdate := r.(driver.Tx); !inUpdate {
				return r.Scan(ctx, rng)
			}
			err = before.View(ctx, func(r driver.Reader) (err error) {
				recs, next, err = r.Scan(ctx, rng)
				return err
			})
			return recs, next, err
		},
	}
}

func aliasing() hooks {
	var mu sync.Mutex
	held := map[string][]byte{}
	return hooks{
		put: func(ctx context.Context, tx driver.Tx, rec driver.Record) error {
			mu.Lock()
			defer mu.Unlock()
			held[rec.Kind+"/"+rec.Key] = rec.Data
			return tx.Put(ctx, rec)
		},
		get: func(ctx context.Context, r driver.Reader, refs []driver.Ref) ([]driver.Record, error) {
			recs, err := r.Get(ctx, refs...)
			mu.Lock()
			defer mu.Unlock()
			for i, rec := range recs {
				if rec.Version > 0 {
					recs[i].Data = held[rec.Kind+"/"+rec.Key]
				}
			}
			return recs, err
		},
	}
}

func validText(ctx context.Context, tx driver.Tx, rec driver.Record) error {
	rec.Index = slices.Clone(rec.Index)
	for i, e := range rec.Index {
		rec.Index[i].Value = strings.ToValidUTF8(e.Value, "\ufffd")
	}
	return tx.Put(ctx, rec)
}

func cutValues(ctx context.Context, tx driver.Tx, rec driver.Record) error {
	rec.Index = slices.Clone(rec.Index)
	for i, e := range rec.Index {
		rec.Index[i].Value = e.Value[:min(len(e.Value), 1000)]
	}
	return tx.Put(ctx, rec)
}

func hideExpired(ctx context.Context, r driver.Reader, refs []driver.Ref) ([]driver.Record, error) {
	recs, err := r.Get(ctx, refs...)
	for i, rec := range recs {
		if !rec.Expires.IsZero() && rec.Expires.Before(time.Now()) {
			recs[i] = driver.Record{}
		}
	}
	return recs, err
}

// opening returns the harness of a driver that changes a power of the memory store.
func opening(wrap func(*memory.DB) driver.DB) storetest.Harness {
	return storetest.Harness{Open: func(testing.TB) driver.DB { return wrap(memory.New(memory.Config{})) }}
}

type hastySweeper struct{ *memory.DB }

func (s hastySweeper) Sweep(ctx context.Context, now time.Time, limit int) (int, error) {
	return s.DB.Sweep(ctx, now.Add(2*time.Microsecond), limit)
}

type sameFork struct{ *memory.DB }

func (f sameFork) Fork() driver.DB { return f }

type unclosed struct{ *memory.DB }

func (unclosed) Close() error { return nil }
