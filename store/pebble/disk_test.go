package pebble_test

import (
	"context"
	"errors"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"github.com/cenote-auth/cenote/store/driver"
	"github.com/cenote-auth/cenote/store/pebble"
)

// A transaction that only looked, or was refused, must not tell of a write that is not on disk.
func TestRefusalWaitsForWhatItSaw(t *testing.T) {
	t.Parallel()
	synctest.Test(t, testRefusalWaits)
}

func testRefusalWaits(t *testing.T) {
	disk := newHeldDisk()
	db := open(t, "store", pebble.Config{FS: disk})
	disk.hold()
	first := make(chan error, 1)
	go func() { first <- put(t.Context(), db, driver.Record{Kind: "code", Key: "1"}) }()
	synctest.Wait() // the first is in the log, and its sync does not return

	looked, refused := make(chan int64, 1), make(chan error, 1)
	go func() {
		var version int64
		err := db.Update(t.Context(), func(tx driver.Tx) error {
			recs, err := tx.Get(t.Context(), driver.Ref{Kind: "code", Value: "1"})
			version = recs[0].Version
			return err
		})
		if err != nil {
			t.Errorf("look: %v", err)
		}
		looked <- version
	}()
	go func() { refused <- put(t.Context(), db, driver.Record{Kind: "code", Key: "1"}) }()
	synctest.Wait() // all that can go on has gone on
	if got := mustRead(t, db, driver.Ref{Kind: "code", Value: "1"}); got[0].Version != 0 {
		t.Error("a reader saw a write that is not on disk")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancelled := make(chan error, 1)
	go func() { cancelled <- db.Update(ctx, func(driver.Tx) error { return nil }) }()
	synctest.Wait()
	cancel()
	if err := <-cancelled; !errors.Is(err, context.Canceled) {
		t.Errorf("waiting for the disk ended with %v, want %v", err, context.Canceled)
	}
	if len(looked) > 0 || len(refused) > 0 {
		t.Error("an update returned, and with it told of a write that is not on disk")
	}
	disk.release()
	if err := <-first; err != nil {
		t.Errorf("first: %v", err)
	}
	if version := <-looked; version != 1 {
		t.Errorf("the second saw version %d, want 1", version)
	}
	if _, ok := errors.AsType[*driver.ConflictError](<-refused); !ok {
		t.Error("the third was not refused")
	}
}

// heldDisk can hold back the return of syncs.
type heldDisk struct {
	*errorfs.FS
	gate atomic.Pointer[chan struct{}]
}

func newHeldDisk() *heldDisk {
	d := new(heldDisk)
	d.FS = errorfs.Wrap(vfs.NewMem(), errorfs.InjectorFunc(func(op errorfs.Op) error {
		gate := d.gate.Load()
		if gate != nil && (op.Kind == errorfs.OpFileSync || op.Kind == errorfs.OpFileSyncData) {
			<-*gate
		}
		return nil
	}))
	return d
}

func (d *heldDisk) hold() { d.gate.Store(new(make(chan struct{}))) }

func (d *heldDisk) release() { close(*d.gate.Swap(nil)) }

// After a write or sync that failed nobody knows what is on disk. The store says so to everybody, whatever they ask, and
// what it acknowledged before is there when it is opened again.
func TestFailedDisk(t *testing.T) {
	t.Parallel()
	broken := errors.New("input/output error")
	tests := []struct {
		name string
		kind func(errorfs.Op) bool
	}{
		{"sync", func(op errorfs.Op) bool {
			return op.Kind == errorfs.OpFileSync || op.Kind == errorfs.OpFileSyncData || op.Kind == errorfs.OpFileSyncTo
		}},
		{"write", func(op errorfs.Op) bool { return op.Kind == errorfs.OpFileWrite }},
		{"new log", func(op errorfs.Op) bool { return op.Kind == errorfs.OpCreate && filepath.Ext(op.Path) == ".log" }},
		{"any change", func(op errorfs.Op) bool { return op.Kind.ReadOrWrite() == errorfs.OpIsWrite }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			disk := vfs.NewCrashableMem()
			var on atomic.Bool
			db := open(t, "store", pebble.Config{FS: errorfs.Wrap(disk, errorfs.InjectorFunc(func(op errorfs.Op) error {
				if on.Load() && tt.kind(op) {
					return broken
				}
				return nil
			}))})
			const writers = 8
			var wg sync.WaitGroup
			all := make([]*pairWriter, writers)
			for i := range all {
				w := &pairWriter{name: "writer" + strconv.Itoa(i)}
				all[i] = w
				wg.Go(func() {
					for n := int64(1); ; n++ {
						if err := w.step(t.Context(), db, n); err != nil {
							if !errors.Is(err, pebble.ErrFailed) || !errors.Is(err, broken) {
								t.Errorf("%s: %v, want %v", w.name, err, broken)
							}
							return
						}
						w.acks.Store(n)
						if w.name == "writer0" && n == 50 {
							on.Store(true)
						}
					}
				})
			}
			wg.Wait()

			ctx := t.Context()
			calls := map[string]error{
				"View":   db.View(ctx, func(driver.Reader) error { return nil }),
				"Update": db.Update(ctx, func(driver.Tx) error { return nil }),
				"Backup": db.Backup(ctx, "backup"),
				"Ping":   db.Ping(ctx),
			}
			_, calls["Read"] = db.Read(ctx, driver.Ref{Kind: "a"})
			on.Store(false) // a disk that works again changes nothing
			calls["a later Update"] = put(ctx, db, driver.Record{Kind: "late"})
			for name, err := range calls {
				if !errors.Is(err, pebble.ErrFailed) || !errors.Is(err, broken) {
					t.Errorf("%s: %v, want %v", name, err, broken)
				}
			}
			if err := db.Close(); !errors.Is(err, broken) {
				t.Errorf("close: %v, want %v", err, broken)
			}
			after := open(t, "store", pebble.Config{FS: losePower(disk, 1)})
			for _, w := range all {
				last, err := w.check(ctx, after)
				if err != nil {
					t.Error(err)
				}
				if acked := w.acks.Load(); last < acked {
					t.Errorf("%s was acknowledged pair %d, found %d", w.name, acked, last)
				}
			}
			if recs := mustRead(t, after, driver.Ref{Kind: "late"}); recs[0].Version != 0 {
				t.Error("a refused write is there")
			}
		})
	}
}

// A store that cannot even be opened says why, whatever operation fails, and leaves nothing that the next one trips over.
func TestFailedDiskWhileOpening(t *testing.T) {
	t.Parallel()
	broken := errors.New("input/output error")
	for n := int64(1); ; n++ {
		disk := vfs.NewMem()
		var done atomic.Int64
		db, err := pebble.Open("store", pebble.Config{FS: errorfs.Wrap(disk, errorfs.InjectorFunc(func(errorfs.Op) error {
			if done.Add(1) == n {
				return broken
			}
			return nil
		}))})
		if done.Load() < n { // none was left to fail
			if err != nil {
				t.Errorf("nothing failed, and Open says %v", err)
			}
			if n < 20 {
				t.Errorf("Open needs %d operations only", n)
			}
			db.Close()
			return
		}
		if err == nil { // the operation was one that may fail
			db.Close()
		} else if !errors.Is(err, broken) {
			t.Errorf("operation %d failed: %v, want %v", n, err, broken)
		}
		again, err := pebble.Open("store", pebble.Config{FS: disk})
		if err != nil {
			t.Errorf("opening after operation %d had failed: %v", n, err)
			continue
		}
		if err := again.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	}
}
