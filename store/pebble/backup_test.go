package pebble_test

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"github.com/cenote-auth/cenote/store/driver"
	"github.com/cenote-auth/cenote/store/pebble"
)

// A backup that is taken while others write opens, with what was acknowledged before it and nothing in part.
func TestBackup(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	db := open(t, filepath.Join(dir, "store"), pebble.Config{})
	ctx, cancel := context.WithCancel(t.Context())
	writers := []*pairWriter{{name: "writer0"}, {name: "writer1"}}
	var wg sync.WaitGroup
	for _, w := range writers {
		wg.Go(func() {
			for n := int64(1); ctx.Err() == nil; n++ {
				if err := w.step(t.Context(), db, n); err != nil {
					t.Error(err)
					return
				}
				w.acks.Store(n)
			}
		})
	}
	for _, name := range []string{"first", "second"} {
		var acked []int64
		for _, w := range writers {
			acked = append(acked, w.acks.Load())
		}
		backup := filepath.Join(dir, name)
		if err := db.Backup(t.Context(), backup); err != nil {
			t.Fatal(err)
		}
		restored := open(t, backup, pebble.Config{})
		for i, w := range writers {
			last, err := w.check(t.Context(), restored)
			if err != nil {
				t.Error(err)
			}
			if last < acked[i] {
				t.Errorf("%s was acknowledged pair %d, the backup has %d", w.name, acked[i], last)
			}
		}
		mustPut(t, restored, driver.Record{Kind: "restored", Key: name})
		if got := mustRead(t, db, driver.Ref{Kind: "restored", Value: name}); got[0].Version != 0 {
			t.Error("a write to the backup is in the store")
		}
	}
	cancel()
	wg.Wait()
}

func TestBackupRefuses(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	store := filepath.Join(dir, "store")
	db := open(t, store, pebble.Config{})
	if err := db.Backup(t.Context(), filepath.Join(dir, "taken")); err != nil {
		t.Fatal(err)
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	tests := []struct {
		name string
		ctx  context.Context
		dir  string
	}{
		{"a directory that exists", t.Context(), filepath.Join(dir, "taken")},
		{"the store itself", t.Context(), store},
		{"a directory inside the store", t.Context(), filepath.Join(store, "backup")},
		{"a context that has ended", cancelled, filepath.Join(dir, "other")},
	}
	for _, tt := range tests {
		if err := db.Backup(tt.ctx, tt.dir); err == nil {
			t.Errorf("%s was taken", tt.name)
		}
	}
	mustPut(t, db, driver.Record{Kind: "k", Key: "1"})
}

// A full backup disk is a failure of the backup, not of the store.
func TestFailedBackupHarmsNobody(t *testing.T) {
	t.Parallel()
	full := errors.New("no space left on device")
	db := open(t, "store", pebble.Config{FS: errorfs.Wrap(vfs.NewMem(), errorfs.InjectorFunc(func(op errorfs.Op) error {
		if strings.HasPrefix(op.Path, "backup") && op.Kind == errorfs.OpFileWrite {
			return full
		}
		return nil
	}))})
	mustPut(t, db, driver.Record{Kind: "k", Key: "1"})
	if err := db.Backup(t.Context(), "backup"); !errors.Is(err, full) {
		t.Errorf("backup: %v, want %v", err, full)
	}
	mustPut(t, db, driver.Record{Kind: "k", Key: "2"})
	if err := db.Ping(t.Context()); err != nil {
		t.Errorf("ping: %v", err)
	}
}
