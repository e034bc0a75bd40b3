package pebble_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	engine "github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/cenote-auth/cenote/store/driver"
	"github.com/cenote-auth/cenote/store/pebble"
)

// open opens a store that is closed with the test.
func open(t testing.TB, dir string, cfg pebble.Config) *pebble.DB {
	t.Helper()
	db, err := pebble.Open(dir, cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil && !errors.Is(err, pebble.ErrClosed) && !errors.Is(err, pebble.ErrFailed) {
			t.Errorf("close: %v", err)
		}
	})
	return db
}

func put(ctx context.Context, db driver.DB, recs ...driver.Record) error {
	return db.Update(ctx, func(tx driver.Tx) error {
		for _, rec := range recs {
			if err := tx.Put(ctx, rec); err != nil {
				return err
			}
		}
		return nil
	})
}

func mustPut(t testing.TB, db driver.DB, recs ...driver.Record) {
	t.Helper()
	if err := put(t.Context(), db, recs...); err != nil {
		t.Fatal(err)
	}
}

func mustRead(t testing.TB, db driver.DB, refs ...driver.Ref) []driver.Record {
	t.Helper()
	recs, err := db.Read(t.Context(), refs...)
	if err != nil {
		t.Fatal(err)
	}
	return recs
}

func TestReopen(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "a", "store")
	db := open(t, dir, pebble.Config{})
	mustPut(t, db, driver.Record{Kind: "user", Key: "1", Data: []byte("ada"), Index: []driver.Entry{{Index: "email", Value: "ada@example.com", Unique: true}}})
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	again := open(t, dir, pebble.Config{})
	got := mustRead(t, again, driver.Ref{Kind: "user", Index: "email", Value: "ada@example.com"})[0]
	if got.Key != "1" || got.Version != 1 || string(got.Data) != "ada" {
		t.Errorf("after opening again: %+v", got)
	}
}

// Keys and rows tell of people: nobody but the owner may enter the directory of a store or of a backup.
func TestM8_DirectoryIsPrivate(t *testing.T) {
	t.Parallel()
	parent := t.TempDir()
	wide := filepath.Join(parent, "wide")
	if err := os.Mkdir(wide, 0o755); err != nil {
		t.Fatal(err)
	}
	backup := filepath.Join(parent, "backup")
	if err := open(t, filepath.Join(parent, "made", "here"), pebble.Config{}).Backup(t.Context(), backup); err != nil {
		t.Fatal(err)
	}
	open(t, wide, pebble.Config{})
	for _, dir := range []string{wide, backup, filepath.Join(parent, "made"), filepath.Join(parent, "made", "here")} {
		info, err := os.Stat(dir)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != 0o700 {
			t.Errorf("%s has mode %v, want 0700", dir, info.Mode().Perm())
		}
	}
}

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		make func(t *testing.T, dir string)
		want error
	}{
		{"directory of another program", func(t *testing.T, dir string) {
			if err := os.WriteFile(filepath.Join(dir, ".profile"), nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}, pebble.ErrFormat},
		{"database of another program", func(t *testing.T, dir string) {
			withEngine(t, dir, func(db *engine.DB) error { return db.Set([]byte("theirs"), nil, engine.Sync) })
		}, pebble.ErrFormat},
		{"later version", func(t *testing.T, dir string) {
			open(t, dir, pebble.Config{}).Close()
			withEngine(t, dir, func(db *engine.DB) error { return db.Set([]byte("\x00format"), []byte{99}, engine.Sync) })
		}, pebble.ErrFormat},
		{"unreadable version", func(t *testing.T, dir string) {
			open(t, dir, pebble.Config{}).Close()
			withEngine(t, dir, func(db *engine.DB) error { return db.Set([]byte("\x00format"), nil, engine.Sync) })
		}, pebble.ErrFormat},
		{"in use", func(t *testing.T, dir string) { open(t, dir, pebble.Config{}) }, pebble.ErrInUse},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			tt.make(t, dir)
			db, err := pebble.Open(dir, pebble.Config{})
			if !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
			if err == nil {
				db.Close()
			}
		})
	}
}

// withEngine changes a closed store behind the back of the package.
func withEngine(t *testing.T, dir string, do func(*engine.DB) error) {
	t.Helper()
	db, err := engine.Open(dir, &engine.Options{Logger: quiet{}, FormatMajorVersion: engine.FormatNewest})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(do(db), db.Close()); err != nil {
		t.Fatal(err)
	}
}

type quiet struct{}

func (quiet) Infof(string, ...any)              {}
func (quiet) Errorf(string, ...any)             {}
func (quiet) Fatalf(format string, args ...any) { panic(fmt.Sprintf(format, args...)) }

func TestOpenConfig(t *testing.T) {
	t.Parallel()
	if _, err := pebble.Open(t.TempDir(), pebble.Config{CacheSize: -1}); err == nil {
		t.Error("a negative CacheSize was taken")
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := pebble.Open(file, pebble.Config{}); err == nil {
		t.Error("a file was taken for a directory")
	}
}

// Everything that is not closed would make the engine panic.
func TestCallsAfterCloseFail(t *testing.T) {
	t.Parallel()
	db := open(t, "store", pebble.Config{FS: vfs.NewMem()})
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	calls := map[string]error{
		"View":   db.View(ctx, func(driver.Reader) error { return nil }),
		"Update": db.Update(ctx, func(driver.Tx) error { return nil }),
		"Backup": db.Backup(ctx, "backup"),
		"Ping":   db.Ping(ctx),
		"Close":  db.Close(),
	}
	_, calls["Read"] = db.Read(ctx, driver.Ref{Kind: "k"})
	_, calls["Sweep"] = db.Sweep(ctx, time.Now(), 1)
	for name, err := range calls {
		if !errors.Is(err, pebble.ErrClosed) {
			t.Errorf("%s: %v, want %v", name, err, pebble.ErrClosed)
		}
	}
}

// Close must not take the files away from a call under way, and lets none in after it.
func TestCloseWaitsForCalls(t *testing.T) {
	t.Parallel()
	db := open(t, "store", pebble.Config{FS: vfs.NewMem()})
	mustPut(t, db, driver.Record{Kind: "k", Key: "1", Data: []byte("x")})
	inside, leave := make(chan struct{}), make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		err := db.View(t.Context(), func(r driver.Reader) error {
			close(inside)
			<-leave
			recs, err := r.Get(t.Context(), driver.Ref{Kind: "k", Value: "1"})
			if err == nil && string(recs[0].Data) != "x" {
				err = fmt.Errorf("read %q", recs[0].Data)
			}
			return err
		})
		if err != nil {
			t.Errorf("view under way: %v", err)
		}
	})
	<-inside
	closed := make(chan error)
	go func() { closed <- db.Close() }()
	for !errors.Is(db.Ping(t.Context()), pebble.ErrClosed) { // until Close has begun
	}
	select {
	case err := <-closed:
		t.Errorf("Close returned %v while a view was under way", err)
	default:
	}
	close(leave)
	if err := <-closed; err != nil {
		t.Errorf("close: %v", err)
	}
	wg.Wait()
}

// A closure that waits holds up other writers, but never longer than their contexts last, and no readers.
func TestWriterLockRespectsContext(t *testing.T) {
	t.Parallel()
	db := open(t, "store", pebble.Config{FS: vfs.NewMem()})
	inside, leave := make(chan struct{}), make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := db.Update(t.Context(), func(driver.Tx) error { close(inside); <-leave; return nil }); err != nil {
			t.Errorf("long update: %v", err)
		}
	})
	<-inside
	ctx, cancel := context.WithCancel(t.Context())
	second := make(chan error)
	go func() { second <- put(ctx, db, driver.Record{Kind: "k", Key: "1"}) }()
	if got := mustRead(t, db, driver.Ref{Kind: "k", Value: "1"}); got[0].Version != 0 {
		t.Error("a waiting write is visible")
	}
	cancel()
	if err := <-second; !errors.Is(err, context.Canceled) {
		t.Errorf("waiting update: %v, want %v", err, context.Canceled)
	}
	close(leave)
	wg.Wait()
	mustPut(t, db, driver.Record{Kind: "k", Key: "1"})
}

// A reader that somebody keeps must not read a snapshot that is gone, nor write into another transaction.
func TestUseAfterEndFails(t *testing.T) {
	t.Parallel()
	db := open(t, "store", pebble.Config{FS: vfs.NewMem()})
	ctx := t.Context()
	var r driver.Reader
	var w driver.Tx
	if err := errors.Join(
		db.View(ctx, func(got driver.Reader) error { r = got; return nil }),
		db.Update(ctx, func(got driver.Tx) error { w = got; return nil }),
	); err != nil {
		t.Fatal(err)
	}
	errs := map[string]error{"Put": w.Put(ctx, driver.Record{Kind: "k"}), "Delete": w.Delete(ctx, "k", "", 0)}
	_, errs["Get"] = r.Get(ctx, driver.Ref{Kind: "k"})
	_, _, errs["Scan"] = r.Scan(ctx, driver.Range{Kind: "k", Limit: 1})
	_, errs["Count"] = r.Count(ctx, driver.Range{Kind: "k"})
	for name, err := range errs {
		if err == nil {
			t.Errorf("%s works after the end", name)
		}
	}
}

// A panic of fn must leave the store usable.
func TestPanicReleasesTheWriter(t *testing.T) {
	t.Parallel()
	db := open(t, "store", pebble.Config{FS: vfs.NewMem()})
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic was swallowed")
			}
		}()
		_ = db.Update(t.Context(), func(tx driver.Tx) error {
			if err := tx.Put(t.Context(), driver.Record{Kind: "k", Key: "1"}); err != nil {
				t.Error(err)
			}
			panic("fn")
		})
	}()
	mustPut(t, db, driver.Record{Kind: "k", Key: "1"}) // conflicts if half of the panicked one is there
}

func TestSizes(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		rec  driver.Record
		ok   bool
	}{
		{"largest", driver.Record{Kind: "k", Key: long(driver.MaxValue), Data: make([]byte, driver.MaxData),
			Index: []driver.Entry{{Index: "i", Value: long(driver.MaxValue)}}}, true},
		{"data", driver.Record{Kind: "k", Data: make([]byte, driver.MaxData+1)}, false},
		{"key", driver.Record{Kind: "k", Key: long(driver.MaxValue + 1)}, false},
		{"value", driver.Record{Kind: "k", Index: []driver.Entry{{Index: "i", Value: long(driver.MaxValue + 1)}}}, false},
		{"index without name", driver.Record{Kind: "k", Index: []driver.Entry{{Value: "v"}}}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			db := open(t, "store", pebble.Config{FS: vfs.NewMem()})
			err := put(t.Context(), db, tt.rec)
			if (err == nil) != tt.ok {
				t.Errorf("put: %v, want success %v", err, tt.ok)
			}
		})
	}
}

func long(n int) string { return string(make([]byte, n)) }
