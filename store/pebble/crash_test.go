package pebble_test

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
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

// A transaction that only looked, or was refused, must not tell of a write that is not on disk.
func TestRefusalWaitsForWhatItSaw(t *testing.T) {
	t.Parallel()
	disk := newHeldDisk()
	db := open(t, "store", pebble.Config{FS: disk})
	disk.hold()
	first := make(chan error, 1)
	go func() { first <- put(t.Context(), db, driver.Record{Kind: "code", Key: "1"}) }()
	<-disk.syncing // the first is in the log, and its sync does not return

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
	if got := mustRead(t, db, driver.Ref{Kind: "code", Value: "1"}); got[0].Version != 0 {
		t.Error("a reader saw a write that is not on disk")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancelled := make(chan error, 1)
	inside := make(chan struct{})
	go func() { cancelled <- db.Update(ctx, func(driver.Tx) error { close(inside); return nil }) }()
	<-inside
	cancel()
	if err := <-cancelled; !errors.Is(err, context.Canceled) {
		t.Errorf("waiting for the disk ended with %v, want %v", err, context.Canceled)
	}
	select {
	case <-looked:
		t.Error("an update told of a write that is not on disk")
	case err := <-refused:
		t.Errorf("an update was refused (%v) over a write that is not on disk", err)
	default:
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
	syncing chan struct{} // gets a value when a sync is held
	gate    atomic.Pointer[chan struct{}]
}

func newHeldDisk() *heldDisk {
	d := &heldDisk{syncing: make(chan struct{}, 64)}
	d.FS = errorfs.Wrap(vfs.NewMem(), errorfs.InjectorFunc(func(op errorfs.Op) error {
		gate := d.gate.Load()
		if gate != nil && (op.Kind == errorfs.OpFileSync || op.Kind == errorfs.OpFileSyncData) {
			d.syncing <- struct{}{}
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

// childDir is the environment variable that turns this test binary into the program that TestKill kills.
const childDir = "CENOTE_PEBBLE_TEST_CHILD"

func TestMain(m *testing.M) {
	if dir := os.Getenv(childDir); dir != "" {
		if err := writeUntilKilled(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	os.Exit(m.Run())
}

// writeUntilKilled writes pairs and prints the number of each that was acknowledged.
func writeUntilKilled(dir string) error {
	db, err := pebble.Open(dir, pebble.Config{})
	if err != nil {
		return err
	}
	w := pairWriter{name: "child"}
	last, err := w.check(context.Background(), db)
	for n := last + 1; err == nil; n++ {
		if err = w.step(context.Background(), db, n); err == nil {
			fmt.Println(n)
		}
	}
	return err
}

// A process that is killed in the middle of its writes leaves a directory that opens, with all that it had acknowledged.
func TestKill(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "store")
	var acked int64
	for round := range 5 {
		child := exec.CommandContext(t.Context(), os.Args[0])
		child.Env = append(os.Environ(), childDir+"="+dir)
		child.Stderr = os.Stderr
		out, err := child.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		for n := 0; lines.Scan(); n++ {
			if acked, err = strconv.ParseInt(lines.Text(), 10, 64); err != nil {
				t.Fatal(err)
			}
			if n == 100 {
				if _, err := pebble.Open(dir, pebble.Config{}); !errors.Is(err, pebble.ErrInUse) {
					t.Errorf("the directory of another process: %v, want %v", err, pebble.ErrInUse)
				}
			}
			if n == 400+37*round {
				if err := child.Process.Kill(); err != nil {
					t.Fatal(err)
				}
			}
		}
		_ = child.Wait() // killed
		db, err := pebble.Open(dir, pebble.Config{})
		if err != nil {
			t.Fatal(err)
		}
		w := pairWriter{name: "child"}
		last, err := w.check(t.Context(), db)
		if err != nil {
			t.Error(err)
		}
		if last < acked || acked == 0 {
			t.Errorf("round %d: pair %d was acknowledged, found %d", round, acked, last)
		}
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}
}
