package pebble_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/cenote-auth/cenote/store/driver"
	"github.com/cenote-auth/cenote/store/pebble"
)

// A sweep takes the oldest first, as many as it may, and leaves no entry behind, however many transactions it needs.
func TestSweepManyRecords(t *testing.T) {
	t.Parallel()
	db := open(t, "store", pebble.Config{FS: vfs.NewMem()})
	now := time.Unix(1_000_000, 0)
	var recs []driver.Record
	for i := range 1000 {
		recs = append(recs, driver.Record{Kind: fmt.Sprintf("kind%d", i%3), Key: fmt.Sprintf("%04d", i),
			Index: []driver.Entry{{Index: "i", Value: "v"}}, Expires: now.Add(time.Duration(i-900) * time.Second)})
	}
	mustPut(t, db, recs...)
	for _, step := range []struct{ limit, want int }{{0, 0}, {-1, 0}, {1, 1}, {256, 256}, {600, 600}, {600, 43}, {600, 0}} {
		if n, err := db.Sweep(t.Context(), now, step.limit); err != nil || n != step.want {
			t.Errorf("sweep of up to %d: %d, %v, want %d", step.limit, n, err, step.want)
		}
	}
	left := int64(0)
	for kind := range 3 {
		err := db.View(t.Context(), func(r driver.Reader) error {
			records, err := r.Count(t.Context(), driver.Range{Kind: fmt.Sprintf("kind%d", kind)})
			if err != nil {
				return err
			}
			entries, err := r.Count(t.Context(), driver.Range{Kind: fmt.Sprintf("kind%d", kind), Index: "i"})
			if entries != records {
				t.Errorf("%d entries of %d records", entries, records)
			}
			left += records
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if left != 100 { // the one that expires now, and those after it
		t.Errorf("%d records are left, want 100", left)
	}
}

// What was renewed, or may stay for ever by now, is not swept; nor is what expires at this very moment.
func TestSweepSparesTheRenewed(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_000_000, 500)
	tests := []struct {
		name  string
		puts  []time.Time
		swept bool
	}{
		{"expired", []time.Time{now.Add(-1)}, true},
		{"expires now", []time.Time{now}, false},
		{"never expires", []time.Time{{}}, false},
		{"renewed", []time.Time{now.Add(-2), now.Add(1)}, false},
		{"stays by now", []time.Time{now.Add(-2), {}}, false},
		{"shortened", []time.Time{now.Add(2), now.Add(-1)}, true},
		{"expired, unchanged", []time.Time{now.Add(-1), now.Add(-1)}, true},
		{"before 1970", []time.Time{time.Unix(-5, 0)}, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			db := open(t, "store", pebble.Config{FS: vfs.NewMem()})
			for version, expires := range tt.puts {
				mustPut(t, db, driver.Record{Kind: "k", Key: "1", Version: int64(version), Expires: expires})
			}
			if got := mustRead(t, db, driver.Ref{Kind: "k", Value: "1"})[0]; !got.Expires.Equal(tt.puts[len(tt.puts)-1]) {
				t.Errorf("expires %v, want %v", got.Expires, tt.puts[len(tt.puts)-1])
			}
			if _, err := db.Sweep(t.Context(), now, 10); err != nil {
				t.Fatal(err)
			}
			if got := mustRead(t, db, driver.Ref{Kind: "k", Value: "1"})[0]; (got.Version == 0) != tt.swept {
				t.Errorf("swept: %v, want %v", got.Version == 0, tt.swept)
			}
		})
	}
}

// A record that is renewed by a commit on its way to disk looks expired to the sweep's search, and must survive the sweep.
func TestSweepSparesTheRenewedOnTheirWay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		disk := newHeldDisk()
		db := open(t, "store", pebble.Config{FS: disk})
		now := time.Unix(1_000_000, 0)
		mustPut(t, db, driver.Record{Kind: "k", Key: "1", Expires: now.Add(-1)})
		disk.hold()
		renewed, swept := make(chan error, 1), make(chan int, 1)
		go func() {
			renewed <- put(t.Context(), db, driver.Record{Kind: "k", Key: "1", Version: 1, Expires: now.Add(1)})
		}()
		synctest.Wait() // until the disk holds the renewal
		go func() {
			n, err := db.Sweep(t.Context(), now, 10)
			if err != nil {
				t.Errorf("sweep: %v", err)
			}
			swept <- n
		}()
		synctest.Wait() // until the sweep waits for it, too
		disk.release()
		if err := <-renewed; err != nil {
			t.Errorf("renew: %v", err)
		}
		if n := <-swept; n != 0 {
			t.Errorf("swept %d records, want none", n)
		}
		if got := mustRead(t, db, driver.Ref{Kind: "k", Value: "1"})[0]; got.Version != 2 {
			t.Errorf("version %d is left, want 2", got.Version)
		}
	})
}
