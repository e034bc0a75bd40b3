package pebble_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"github.com/cenote-auth/cenote/store/driver"
	"github.com/cenote-auth/cenote/store/pebble"
)

// pairWriter writes numbered pairs of records, each pair in one transaction.
type pairWriter struct {
	name string
	acks atomic.Int64 // the number of the last pair whose Update returned without error
}

// step writes pair n: "a" is replaced each time, "b" is a new record with a unique entry.
func (w *pairWriter) step(ctx context.Context, db driver.DB, n int64) error {
	return db.Update(ctx, func(tx driver.Tx) error {
		last := driver.Ref{Kind: "a", Value: w.name}
		recs, err := tx.Get(ctx, last)
		if err != nil {
			return err
		}
		data := binary.BigEndian.AppendUint64(nil, uint64(n))
		err = tx.Put(ctx, driver.Record{Kind: "a", Key: w.name, Version: recs[0].Version, Data: data,
			Index: []driver.Entry{{Index: "n", Value: w.name + string(data), Unique: true}}})
		if err != nil {
			return err
		}
		return tx.Put(ctx, driver.Record{Kind: "b", Key: w.name + string(data), Data: make([]byte, 700),
			Index: []driver.Entry{{Index: "w", Value: w.name}}})
	})
}

// check returns the number of the last pair in db, or what is wrong: half a pair, a hole, a wrong entry.
func (w *pairWriter) check(ctx context.Context, db driver.DB) (last int64, err error) {
	err = db.View(ctx, func(r driver.Reader) error {
		recs, err := r.Get(ctx, driver.Ref{Kind: "a", Value: w.name})
		if err != nil {
			return err
		}
		if recs[0].Version > 0 {
			last = int64(binary.BigEndian.Uint64(recs[0].Data))
			byEntry, err := r.Get(ctx, driver.Ref{Kind: "a", Index: "n", Value: w.name + string(recs[0].Data)})
			if err != nil {
				return err
			}
			if byEntry[0].Version != recs[0].Version {
				return fmt.Errorf("%s: version %d by key, %d by entry", w.name, recs[0].Version, byEntry[0].Version)
			}
		}
		if recs[0].Version != last {
			return fmt.Errorf("%s: version %d after %d pairs", w.name, recs[0].Version, last)
		}
		for _, rng := range []driver.Range{{Kind: "b", Value: w.name}, {Kind: "b", Index: "w", Value: w.name, Exact: true}} {
			n, err := r.Count(ctx, rng)
			if err != nil {
				return err
			}
			if n != last {
				return fmt.Errorf("%s: %d new records after %d pairs", w.name, n, last)
			}
		}
		n, err := r.Count(ctx, driver.Range{Kind: "a", Index: "n", Value: w.name})
		if err == nil && n != min(last, 1) {
			err = fmt.Errorf("%s: %d entries of one record", w.name, n)
		}
		return err
	})
	return last, err
}

// losePower returns what a machine finds after a loss of power. The old disk goes on for whoever still uses it.
func losePower(disk *vfs.MemFS, seed uint64) *vfs.MemFS {
	return disk.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: 50, RNG: rand.New(rand.NewPCG(seed, 0))})
}

// What was acknowledged, or what a reader saw, is there after a loss of power, and no transaction is there in part.
func TestPowerLoss(t *testing.T) {
	t.Parallel()
	const writers, losses = 8, 40
	disk := vfs.NewCrashableMem()
	db := open(t, "store", pebble.Config{FS: disk})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()

	all := make([]*pairWriter, writers)
	var wg sync.WaitGroup
	var pause sync.RWMutex // held while a loss is looked into: the fewer writes, the more losses
	for i := range all {
		w := &pairWriter{name: "writer" + strconv.Itoa(i)}
		all[i] = w
		wg.Go(func() {
			for n := int64(1); ctx.Err() == nil; n++ {
				pause.RLock()
				pause.RUnlock()
				if err := w.step(context.WithoutCancel(ctx), db, n); err != nil {
					t.Errorf("%s: %v", w.name, err)
					return
				}
				w.acks.Store(n)
			}
		})
	}
	// Readers look while the writers write: what they saw is what a crash must not take back.
	seen := make([]atomic.Int64, writers)
	wg.Go(func() {
		for ctx.Err() == nil {
			for i, w := range all {
				pause.RLock()
				pause.RUnlock()
				last, err := w.check(context.WithoutCancel(ctx), db)
				if err != nil {
					t.Errorf("reader: %v", err)
					return
				}
				if acked := seen[i].Swap(last); acked > last {
					t.Errorf("reader saw pair %d of %s, then %d", acked, w.name, last)
				}
			}
		}
	})
	for loss := range uint64(losses) {
		for all[0].acks.Load() < int64(3*(loss+1)) && !t.Failed() { // let them write
			runtime.Gosched()
		}
		var acked, read [writers]int64
		for i, w := range all {
			acked[i], read[i] = w.acks.Load(), seen[i].Load()
		}
		lost := losePower(disk, loss)
		pause.Lock()
		after := open(t, "store", pebble.Config{FS: lost})
		for i, w := range all {
			last, err := w.check(t.Context(), after)
			if err != nil {
				t.Errorf("loss %d: %v", loss, err)
			}
			if last < acked[i] {
				t.Errorf("loss %d: %s was acknowledged pair %d, found %d", loss, w.name, acked[i], last)
			}
			if last < read[i] {
				t.Errorf("loss %d: a reader saw pair %d of %s, found %d", loss, read[i], w.name, last)
			}
			if err := w.step(t.Context(), after, last+1); err != nil {
				t.Errorf("loss %d: write after it: %v", loss, err)
			}
		}
		if err := after.Close(); err != nil {
			t.Errorf("loss %d: close: %v", loss, err)
		}
		pause.Unlock()
	}
	cancel()
	wg.Wait()
}

// A machine that loses power while a store is made or opened opens it again, with all that was in it.
func TestPowerLossWhileOpening(t *testing.T) {
	t.Parallel()
	const seeds = 2
	made := vfs.NewCrashableMem()
	db := open(t, "store", pebble.Config{FS: made})
	before := pairWriter{name: "before"}
	for n := range int64(20) {
		if err := before.step(t.Context(), db, n+1); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name  string
		disk  func() *vfs.MemFS
		pairs int64
	}{
		{"new", vfs.NewCrashableMem, 0},
		{"existing", func() *vfs.MemFS { return losePower(made, 0) }, 20},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for n, opened := int64(1), false; !opened; n++ {
				for seed := range uint64(seeds) {
					disk := tt.disk()
					var done atomic.Int64
					var lost *vfs.MemFS
					open(t, "store", pebble.Config{FS: errorfs.Wrap(disk, errorfs.InjectorFunc(func(errorfs.Op) error {
						if done.Add(1) == n {
							lost = losePower(disk, seed)
						}
						return nil
					}))}).Close()
					if opened = lost == nil; opened {
						break
					}
					db, err := pebble.Open("store", pebble.Config{FS: lost})
					if err != nil {
						t.Errorf("power lost before operation %d: %v", n, err)
						continue
					}
					last, err := before.check(t.Context(), db)
					if err != nil || last != tt.pairs {
						t.Errorf("power lost before operation %d: %d pairs, %v, want %d", n, last, err, tt.pairs)
					} else if err := before.step(t.Context(), db, last+1); err != nil {
						t.Errorf("power lost before operation %d: write after it: %v", n, err)
					}
					db.Close()
					again := open(t, "store", pebble.Config{FS: losePower(lost, seed)})
					if last, err := before.check(t.Context(), again); err != nil || last != tt.pairs+1 {
						t.Errorf("power lost before operation %d and again: %d pairs, %v, want %d", n, last, err, tt.pairs+1)
					}
				}
			}
		})
	}
}

// Markers are files whose names say which other files count. The file system of the tests forgets what was made and not
// synced, but never what was removed; so this looks at the order: whatever has been made is on disk before a marker comes or
// goes.
func TestMarkersComeAndGoAfterASync(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var made []string // since the last sync of the directory
	markers := 0
	disk := errorfs.Wrap(vfs.NewMem(), errorfs.InjectorFunc(func(op errorfs.Op) error {
		mu.Lock()
		defer mu.Unlock()
		name := filepath.Base(op.Path)
		switch op.Kind {
		case errorfs.OpFileSync, errorfs.OpFileSyncData:
			if name == "store" {
				made = nil
			}
		case errorfs.OpCreate, errorfs.OpRemove:
			if strings.HasPrefix(name, "marker.") {
				markers++
				if len(made) > 0 {
					t.Errorf("%s comes or goes while %v may be lost", name, made)
				}
			}
			if op.Kind == errorfs.OpCreate {
				made = append(made, name)
			}
		}
		return nil
	}))
	for range 3 {
		db, err := pebble.Open("store", pebble.Config{FS: disk})
		if err != nil {
			t.Fatal(err)
		}
		mustPut(t, db, driver.Record{Kind: "k", Key: strconv.Itoa(markers)})
		db.Close()
	}
	if markers < 6 {
		t.Errorf("saw %d changes of markers; are they called so?", markers)
	}
}
