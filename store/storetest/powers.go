package storetest

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"github.com/cenote-auth/cenote/store/driver"
)

var powers = []entry{
	{"restore", withSnapshotter(testRestore)},
	{"forks are independent", withSnapshotter(testFork)},
	{"snapshots under writers", withSnapshotter(testSnapshotUnderWriters)},
	{"ping", testPing},
	{"backup", testBackup},
}

func withSnapshotter(test func(*testing.T, driver.DB, driver.Snapshotter)) func(*testing.T, driver.DB) {
	return func(t *testing.T, db driver.DB) {
		s, ok := db.(driver.Snapshotter)
		if !ok {
			t.Skip("the driver is no driver.Snapshotter")
		}
		test(t, db, s)
	}
}

// wantNames checks which records of kind user there are, by key and by their unique entries of the same name.
func wantNames(t *testing.T, where string, db driver.DB, want ...string) {
	t.Helper()
	for _, index := range []string{"", "name"} {
		if got := keysOf(scan(t, db, driver.Range{Kind: "user", Index: index})); !slices.Equal(got, want) {
			t.Errorf("%s: index %q has %v, want %v", where, index, got, want)
		}
	}
}

func named(name string) driver.Record { return record("user", name, unique("name", name)) }

func testRestore(t *testing.T, db driver.DB, s driver.Snapshotter) {
	empty := s.Snapshot()
	put(t, db, named("ada"), named("bob"), expiring("s", noon))
	two := s.Snapshot()
	put(t, db, at(1, named("ada")), named("eve"))
	remove(t, db, "user", "bob")
	wantNames(t, "before", db, "ada", "eve")

	for range 2 { // a snapshot can be restored again and again
		s.Restore(two)
		wantNames(t, "restored", db, "ada", "bob")
		if got := read(t, db, byKey("user", "ada")); got.Version != 1 {
			t.Errorf("restored at version %d, want 1", got.Version)
		}
		if got := read(t, db, byKey("session", "s")); !got.Expires.Equal(noon) {
			t.Errorf("restored record expires %v, want %v", got.Expires, noon)
		}
		put(t, db, at(1, named("ada")), named("dan"))
		if err := tryPut(t.Context(), db, named("bob")); isConflict(err) == nil {
			t.Errorf("taken after the restore: %v, want a conflict", err)
		}
		wantNames(t, "written after", db, "ada", "bob", "dan")
	}
	s.Restore(empty)
	wantNames(t, "emptied", db)
	put(t, db, named("bob"))
	s.Restore(two)
	wantNames(t, "forward again", db, "ada", "bob")

	view(t, db, func(r driver.Reader) error { // a view stays what it was
		err := elsewhere(func() error { s.Restore(empty); return nil })
		got, getErr := getOne(t.Context(), r, byKey("user", "ada"))
		if got.Version != 1 {
			t.Error("a restore changed a view that was open")
		}
		return errors.Join(err, getErr)
	})
	wantNames(t, "in a new view", db)
}

func testFork(t *testing.T, db driver.DB, s driver.Snapshotter) {
	put(t, db, named("ada"), named("bob"))
	kept := s.Snapshot()
	fork := s.Fork()
	defer func() { _ = fork.Close() }()
	twin := s.Fork()
	defer func() { _ = twin.Close() }()

	put(t, db, named("base"))
	put(t, fork, at(1, named("ada")), named("fork"))
	remove(t, fork, "user", "bob")
	wantNames(t, "base", db, "ada", "base", "bob")
	wantNames(t, "fork", fork, "ada", "fork")
	wantNames(t, "twin", twin, "ada", "bob")
	put(t, twin, named("fork"), named("base")) // nobody has these here

	fork.(driver.Snapshotter).Restore(kept) // what was kept in the base fits its forks
	wantNames(t, "restored fork", fork, "ada", "bob")
	wantNames(t, "base", db, "ada", "base", "bob")
	if err := db.Close(); err != nil {
		t.Fatalf("Close: %v", err)
	}
	put(t, fork, named("later")) // a fork outlives its base
	wantNames(t, "fork of a closed base", fork, "ada", "bob", "later")
}

// testSnapshotUnderWriters snapshots, forks and restores while writers write pairs: no state holds half of one.
func testSnapshotUnderWriters(t *testing.T, db driver.DB, s driver.Snapshotter) {
	ctx := t.Context()
	put(t, db, record("pair", "a"), record("pair", "b"))
	writePair := func(db driver.DB) error {
		return db.Update(ctx, func(tx driver.Tx) error {
			recs, err := tx.Get(ctx, byKey("pair", "a"), byKey("pair", "b"))
			if err != nil {
				return err
			}
			return errors.Join(tx.Put(ctx, at(recs[0].Version, record("pair", "a"))), tx.Put(ctx, at(recs[1].Version, record("pair", "b"))))
		})
	}
	check := func(db driver.DB) error {
		recs, err := db.Read(ctx, byKey("pair", "a"), byKey("pair", "b"))
		if err == nil && recs[0].Version != recs[1].Version {
			err = errors.New("half of a pair was written")
		}
		return err
	}
	start := s.Snapshot()
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			for range 50 {
				if err := errors.Join(writePair(db), check(db)); err != nil {
					t.Errorf("writer: %v", err)
					return
				}
			}
		})
		wg.Go(func() {
			for range 10 {
				fork := s.Fork()
				if err := errors.Join(check(fork), writePair(fork), writePair(fork), check(fork), fork.Close()); err != nil {
					t.Errorf("fork: %v", err)
					return
				}
			}
		})
	}
	wg.Go(func() {
		for range 5 {
			s.Restore(start)
			s.Restore(s.Snapshot())
		}
	})
	wg.Wait()
	s.Restore(start)
	if got := read(t, db, byKey("pair", "b")); got.Version != 1 {
		t.Errorf("the first snapshot holds version %d, want 1", got.Version)
	}
}

func testPing(t *testing.T, db driver.DB) {
	p, ok := db.(driver.Pinger)
	if !ok {
		t.Skip("the driver is no driver.Pinger")
	}
	if err := p.Ping(t.Context()); err != nil {
		t.Errorf("Ping: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := p.Ping(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Ping with a cancelled context: %v, want context.Canceled", err)
	}
	if err := db.Close(); err != nil {
		t.Fatalf("Close: %v", err)
	}
	if err := p.Ping(t.Context()); err == nil {
		t.Error("Ping works after Close")
	}
}

func testBackup(t *testing.T, db driver.DB) {
	b, ok := db.(driver.Backuper)
	if !ok {
		t.Skip("the driver is no driver.Backuper")
	}
	put(t, db, numbered(10)...)
	dir := filepath.Join(t.TempDir(), "backup")
	if err := b.Backup(t.Context(), dir); err != nil {
		t.Fatalf("Backup: %v", err)
	}
	if files, err := os.ReadDir(dir); err != nil || len(files) == 0 {
		t.Errorf("the backup holds %d files, %v", len(files), err)
	}
	if err := b.Backup(t.Context(), dir); err == nil {
		t.Error("a backup was written over another one")
	}
	put(t, db, at(1, numbered(1)[0])) // and the database goes on
}
