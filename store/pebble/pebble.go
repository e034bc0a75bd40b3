// Package pebble keeps records on disk, in one directory of one process, with cockroachdb/pebble. It is the driver for a
// single node without a database server:
//
//	db, err := pebble.Open("/var/lib/cenote/data", pebble.Config{})
//
// One transaction writes at a time. A commit is written to the log under the writer lock and synced outside of it, so that
// commits of many goroutines share one sync of the disk. Readers never wait for writers, and see a commit only when it is on
// disk: nothing they saw can be taken back by a crash.
package pebble

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/cenote-auth/cenote/store/driver"
)

var (
	// ErrInUse comes from Open if another process, or another DB of this one, has the directory open.
	ErrInUse = errors.New("directory is in use by another store")
	// ErrFormat comes from Open if the directory holds something else, or a store of a version that this package does not know.
	ErrFormat = errors.New("unknown store format")
)

// Config sets up a store. Its zero value is useful.
type Config struct {
	// CacheSize bounds the memory, in bytes, for blocks read from disk. 0 is 64 MiB. Beside it the store takes up to 64 MiB for
	// what has not been sorted into files yet.
	CacheSize int64
	// Logger gets the engine's reports: failures as errors, stalls as warnings, everything else at debug level. Keys are left
	// out. nil is no log.
	Logger *slog.Logger
	// FS is the file system. nil is the operating system's; tests bring one that fails or loses power.
	FS vfs.FS
}

// DB is an open store. Apart from driver.DB it is a Sweeper, a Pinger and a Backuper. All methods are safe for concurrent use.
type DB struct {
	dir     string
	files   *fence
	engine  *pebble.DB
	lock    *pebble.Lock
	failure *failure
	durable *durable

	writer chan struct{} // holds one token: who takes it writes
	last   *commit       // the newest commit, which may not be on disk yet; guarded by writer
}

var (
	_ driver.DB       = (*DB)(nil)
	_ driver.Sweeper  = (*DB)(nil)
	_ driver.Pinger   = (*DB)(nil)
	_ driver.Backuper = (*DB)(nil)
)

// Open opens the store in dir, or makes one if dir is empty or absent. The directory gets mode 0700 and belongs to the
// store alone: ErrInUse if somebody else has it open, ErrFormat if it holds what this package cannot read.
func Open(dir string, cfg Config) (*DB, error) {
	db, err := open(dir, cfg)
	if err != nil {
		return nil, fmt.Errorf("open store %s: %w", dir, err)
	}
	return db, nil
}

func open(dir string, cfg Config) (*DB, error) {
	if cfg.CacheSize < 0 {
		return nil, fmt.Errorf("Config.CacheSize is %d, must be at least 0", cfg.CacheSize)
	}
	if cfg.CacheSize == 0 {
		cfg.CacheSize = defaultCacheSize
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	onDisk := cfg.FS == nil
	if onDisk {
		cfg.FS = vfs.Default
		var err error
		if dir, err = filepath.Abs(dir); err != nil {
			return nil, err
		}
	}
	broken := new(failure)
	db := &DB{
		dir:     dir,
		files:   &fence{FS: cfg.FS, dir: dir, failure: broken},
		failure: broken,
		durable: &durable{failure: broken},
		writer:  make(chan struct{}, 1),
	}
	if err := db.files.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	if err := checkOwned(dir, cfg.FS); err != nil {
		return nil, err
	}
	if onDisk {
		if err := makePrivate(dir); err != nil {
			return nil, err
		}
	}
	var err error
	if db.lock, err = pebble.LockDirectory(dir, db.files); err != nil {
		if _, ok := errors.AsType[*fs.PathError](err); ok {
			return nil, err // the lock file itself cannot be made
		}
		return nil, fmt.Errorf("%w: %w", ErrInUse, err)
	}
	o := options(cfg, db.files, engineLog{log: cfg.Logger, failure: broken})
	o.Lock = db.lock
	db.engine, err = pebble.Open(dir, o)
	if err == nil {
		if err = db.checkFormat(); err == nil {
			err = broken.err()
		}
	}
	if cause := broken.err(); cause != nil {
		err = cause // what the engine made of it is a consequence
	}
	if err != nil {
		return nil, errors.Join(err, db.closeEngine())
	}
	db.durable.publish(&view{snap: db.engine.NewSnapshot()})
	return db, nil
}

// checkOwned refuses a directory that holds files and no store: a mistyped path must not take over a home directory.
func checkOwned(dir string, files vfs.FS) error {
	store, err := pebble.Peek(dir, files)
	if err != nil || store.Exists {
		return err
	}
	names, err := files.List(dir)
	if err != nil {
		return err
	}
	for _, name := range names {
		// The first two are what an opening leaves behind that a crash has ended; the last is in the root of every ext4 volume.
		if name != "LOCK" && !strings.HasPrefix(name, "MANIFEST-") && name != "lost+found" {
			return fmt.Errorf("%w: directory holds %s and no store", ErrFormat, name)
		}
	}
	return nil
}

// makePrivate takes the directory away from everybody but its owner.
func makePrivate(dir string) error {
	info, err := os.Stat(dir)
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return fmt.Errorf("%s is not a directory", dir)
	}
	if runtime.GOOS == "windows" || info.Mode().Perm()&0o077 == 0 {
		return nil
	}
	if err := os.Chmod(dir, 0o700); err != nil {
		return fmt.Errorf("directory is open to others, and %w", err)
	}
	return nil
}

// checkFormat reads the version of the format, or writes it to a store that has no keys at all.
func (db *DB) checkFormat() error {
	value, closer, err := db.engine.Get(formatKey())
	if err == nil {
		version, n := binary.Uvarint(value)
		if err := closer.Close(); err != nil {
			return fmt.Errorf("read format: %w", err)
		}
		if n <= 0 || version != formatVersion {
			return fmt.Errorf("%w: version %d, this program reads %d", ErrFormat, version, formatVersion)
		}
		return nil
	}
	if !errors.Is(err, pebble.ErrNotFound) {
		return fmt.Errorf("read format: %w", err)
	}
	it, err := db.engine.NewIter(nil)
	if err != nil {
		return fmt.Errorf("read format: %w", err)
	}
	used := it.First()
	if err := it.Close(); err != nil {
		return fmt.Errorf("read format: %w", err)
	}
	if used {
		return fmt.Errorf("%w: a pebble database of another program", ErrFormat)
	}
	if err := db.engine.Set(formatKey(), binary.AppendUvarint(nil, formatVersion), pebble.Sync); err != nil {
		return fmt.Errorf("write format: %w", err)
	}
	return nil
}

// Read returns the records that refs name, in their order, from one durable state.
func (db *DB) Read(ctx context.Context, refs ...driver.Ref) ([]driver.Record, error) {
	v, err := db.durable.acquire()
	if err != nil {
		return nil, err
	}
	defer db.durable.release(v)
	r := reader{src: v.snap}
	return r.Get(ctx, refs...)
}

// View runs fn on one durable state, which stands still however long fn takes. Writers do not wait for it.
func (db *DB) View(ctx context.Context, fn func(driver.Reader) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	v, err := db.durable.acquire()
	if err != nil {
		return err
	}
	defer db.durable.release(v)
	r := &reader{src: v.snap}
	defer r.end()
	return fn(r)
}

// Ping fails if the store is closed or has failed.
func (db *DB) Ping(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := db.durable.enter(); err != nil {
		return err
	}
	db.durable.leave()
	return nil
}

// Backup writes a copy of the store, with every acknowledged commit, to dir, which must not exist; Open opens it. On the file
// system of the store it links the files that never change, so it costs little time and space. Writers go on meanwhile.
func (db *DB) Backup(ctx context.Context, dir string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := db.durable.enter(); err != nil {
		return err
	}
	defer db.durable.leave()
	if db.files.FS == vfs.Default {
		var err error
		if dir, err = filepath.Abs(dir); err != nil {
			return fmt.Errorf("back up to %s: %w", dir, err)
		}
	}
	if db.files.inside(dir) {
		return fmt.Errorf("back up to %s: directory is inside the store", dir)
	}
	if err := db.engine.Checkpoint(dir); err != nil {
		return fmt.Errorf("back up to %s: %w", dir, err)
	}
	return db.failure.err()
}

// Close waits for the calls under way and gives the directory free. It returns what the engine reports, or why the store
// has failed.
func (db *DB) Close() error {
	if err := db.durable.close(); err != nil {
		return err
	}
	err := db.closeEngine()
	if cause := db.failure.err(); cause != nil {
		return cause
	}
	return err
}

// closeEngine closes what open has opened so far.
func (db *DB) closeEngine() error {
	var err error
	if db.engine != nil {
		err = db.engine.Close()
	}
	if err = errors.Join(err, db.lock.Close()); err != nil {
		return fmt.Errorf("close store: %w", err)
	}
	return nil
}
