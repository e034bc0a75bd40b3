package pebble_test

import (
	"sync"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/cenote-auth/cenote/store/driver"
	"github.com/cenote-auth/cenote/store/pebble"
	"github.com/cenote-auth/cenote/store/storetest"
)

// On a file system in memory that keeps, after a loss of power, what was synced and a random part of what was not.
func TestStore(t *testing.T) {
	t.Parallel()
	var disks sync.Map // of *vfs.MemFS by driver.DB
	start := func(t testing.TB, disk *vfs.MemFS) driver.DB {
		db := open(t, "store", pebble.Config{FS: disk})
		disks.Store(db, disk)
		return db
	}
	storetest.Run(t, storetest.Harness{
		Open: func(t testing.TB) driver.DB { return start(t, vfs.NewCrashableMem()) },
		Reopen: func(t testing.TB, db driver.DB) driver.DB {
			disk, _ := disks.Load(db)
			return start(t, losePower(disk.(*vfs.MemFS), 1))
		},
		Skip: map[storetest.Category]string{
			storetest.Powers: "a backup goes to the file system in memory, where the suite cannot look; TestStoreOnDisk runs it",
		},
	})
}

// On the disk of this machine.
func TestStoreOnDisk(t *testing.T) {
	t.Parallel()
	storetest.Run(t, storetest.Harness{
		Open: func(t testing.TB) driver.DB { return open(t, t.TempDir(), pebble.Config{}) },
	})
}
