package pebble

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// ErrFailed is part of every error after the disk has failed to write or to sync, or after the engine has found its files
// damaged: what is on disk is no longer known, so the store serves nobody until it has been closed and opened again.
var ErrFailed = errors.New("store has failed and must be opened again")

// failure remembers the first cause for which the store must not be used any more.
type failure struct{ cause atomic.Pointer[error] }

// trip records err, unless an earlier cause stands.
func (f *failure) trip(err error) {
	err = fmt.Errorf("%w: %w", ErrFailed, err)
	f.cause.CompareAndSwap(nil, &err)
}

// err returns nil as long as nothing has failed.
func (f *failure) err() error {
	if p := f.cause.Load(); p != nil {
		return *p
	}
	return nil
}

// fence is the file system that the engine of one store works on. At the first write or sync inside the directory that
// fails it trips the failure and closes: from then on every change is swallowed and reported as done, so the directory stays
// what a crash at that moment would have left.
//
// The engine is not told because it cannot stop: it would panic on its own goroutines, end the process, or go on and sync
// later writes behind a hole. Nothing is acknowledged on its word alone: whoever waited for a sync asks the failure next.
//
// Files outside the directory (backups) are not fenced; their errors go to whoever asked for them.
type fence struct {
	vfs.FS
	dir     string
	failure *failure
}

var _ vfs.FS = (*fence)(nil)

func (f *fence) inside(name string) bool {
	return name == f.dir || strings.HasPrefix(name, strings.TrimSuffix(f.dir, string(filepath.Separator))+string(filepath.Separator))
}

// Unwrap returns the file system behind the fence.
func (f *fence) Unwrap() vfs.FS { return f.FS }

// markerPrefix starts the names of the empty files whose names say which of the other files count.
const markerPrefix = "marker."

// Create makes a file. Before a marker, the names it may point to are brought to disk: the engine syncs the directory only
// once, after it, and a file system may keep the marker alone. A store in that state would not open.
func (f *fence) Create(name string, category vfs.DiskWriteCategory) (vfs.File, error) {
	f.syncBeforeMarker(name)
	return f.open("create", name, func() (vfs.File, error) { return f.FS.Create(name, category) })
}

func (f *fence) OpenReadWrite(name string, category vfs.DiskWriteCategory, opts ...vfs.OpenOption) (vfs.File, error) {
	return f.open("open", name, func() (vfs.File, error) { return f.FS.OpenReadWrite(name, category, opts...) })
}

func (f *fence) ReuseForWrite(oldname, newname string, category vfs.DiskWriteCategory) (vfs.File, error) {
	return f.open("reuse", newname, func() (vfs.File, error) { return f.FS.ReuseForWrite(oldname, newname, category) })
}

// OpenDir opens a directory; the engine does it to sync the names in it.
func (f *fence) OpenDir(name string) (vfs.File, error) {
	return f.open("open directory", name, func() (vfs.File, error) { return f.FS.OpenDir(name) })
}

// open fences a file that can be written. Behind a closed fence it is an empty one that nobody else sees.
func (f *fence) open(doing, name string, open func() (vfs.File, error)) (vfs.File, error) {
	if !f.inside(name) {
		return open()
	}
	if f.failure.err() == nil {
		file, err := open()
		if err == nil {
			return &fencedFile{File: file, name: name, failure: f.failure}, nil
		}
		f.failure.trip(fmt.Errorf("%s %s: %w", doing, filepath.Base(name), err))
	}
	return &fencedFile{File: vfs.NewMemFile(nil), name: name, failure: f.failure}, nil
}

// syncBeforeMarker brings all names in the directory to disk, if a marker is about to change.
func (f *fence) syncBeforeMarker(name string) {
	if !f.inside(name) || !strings.HasPrefix(filepath.Base(name), markerPrefix) {
		return
	}
	dir, err := f.OpenDir(f.dir) // it and its methods trip the failure and return nil
	if err == nil {
		err = errors.Join(dir.Sync(), dir.Close())
	}
	if err != nil {
		f.failure.trip(err)
	}
}

func (f *fence) Rename(oldname, newname string) error {
	return f.change("rename to", newname, func() error { return f.FS.Rename(oldname, newname) })
}

func (f *fence) Link(oldname, newname string) error {
	return f.change("link", newname, func() error { return f.FS.Link(oldname, newname) })
}

// change fences a change of names.
func (f *fence) change(doing, name string, do func() error) error {
	if !f.inside(name) {
		return do()
	}
	if f.failure.err() == nil {
		if err := do(); err != nil {
			f.failure.trip(fmt.Errorf("%s %s: %w", doing, filepath.Base(name), err))
		}
	}
	return nil
}

// Remove removes a file that the engine no longer needs. A file that stays does no harm, so its error trips nothing.
// Before the removal of a marker, the one that replaces it is brought to disk: with neither of them the store would be empty.
func (f *fence) Remove(name string) error {
	f.syncBeforeMarker(name)
	if f.inside(name) && f.failure.err() != nil {
		return nil
	}
	return f.FS.Remove(name)
}

func (f *fence) RemoveAll(name string) error {
	if f.inside(name) && f.failure.err() != nil {
		return nil
	}
	return f.FS.RemoveAll(name)
}

// MkdirAll makes directories that only their owner may enter, whatever the engine asks for.
func (f *fence) MkdirAll(dir string, perm os.FileMode) error {
	return f.FS.MkdirAll(dir, perm&0o700)
}

// fencedFile is a file inside the fence that can be written or synced.
type fencedFile struct {
	vfs.File
	name    string
	failure *failure
}

func (f *fencedFile) Write(p []byte) (int, error) {
	f.do("write", func() error {
		_, err := f.File.Write(p)
		return err
	})
	return len(p), nil
}

func (f *fencedFile) WriteAt(p []byte, off int64) (int, error) {
	f.do("write", func() error {
		_, err := f.File.WriteAt(p, off)
		return err
	})
	return len(p), nil
}

func (f *fencedFile) Sync() error {
	f.do("sync", f.File.Sync)
	return nil
}

func (f *fencedFile) SyncData() error {
	f.do("sync", f.File.SyncData)
	return nil
}

func (f *fencedFile) SyncTo(length int64) (fullSync bool, err error) {
	f.do("sync", func() error {
		var err error
		fullSync, err = f.File.SyncTo(length)
		return err
	})
	return fullSync, nil
}

// Preallocate reserves space. Going without is slower and not wrong, so its error goes to the engine, which ignores it.
func (f *fencedFile) Preallocate(offset, length int64) error {
	if f.failure.err() != nil {
		return nil
	}
	return f.File.Preallocate(offset, length)
}

// Close closes the file. It may be the first to report a write that failed.
func (f *fencedFile) Close() error {
	if err := f.File.Close(); err != nil {
		f.failure.trip(fmt.Errorf("close %s: %w", filepath.Base(f.name), err))
	}
	return nil
}

func (f *fencedFile) do(doing string, do func() error) {
	if f.failure.err() != nil {
		return
	}
	if err := do(); err != nil {
		f.failure.trip(fmt.Errorf("%s %s: %w", doing, filepath.Base(f.name), err))
	}
}
