package throttle_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cenote-auth/cenote/internal/throttle"
)

var start = time.Date(2026, 1, 3, 4, 5, 6, 0, time.UTC)

// drain takes until it is refused and returns how often it was not.
func drain(x *throttle.Throttle, owner, address string, now time.Time) int {
	for n := 0; ; n++ {
		if !x.Take(owner, address, 6, now) {
			return n
		}
	}
}

// Each owner and network has a count of its own, which comes back with time.
func TestTake(t *testing.T) {
	t.Parallel()
	var x throttle.Throttle
	for _, step := range []struct {
		owner, address string
		after          time.Duration
		want           int
	}{
		{"a", "192.0.2.1", 0, 6},
		{"a", "192.0.2.1", 0, 0},
		{"a", "::ffff:192.0.2.1", 0, 0},
		{"a", "192.0.2.2", 0, 6},
		{"b", "192.0.2.1", 0, 6},
		{"a", "2001:db8:1:2::1", 0, 6},
		{"a", "2001:db8:1:2:ffff::9", 0, 0},
		{"a", "2001:db8:1:3::1", 0, 6},
		{"a", "fe80::1%eth0", 0, 6},
		{"a", "", 0, 6},
		{"a", "no address", 0, 0},
		{"a", "192.0.2.1", 10 * time.Second, 1},
		{"a", "192.0.2.1", 40 * time.Second, 3},
		{"a", "192.0.2.1", time.Hour, 6},
		{"a", "192.0.2.1", time.Minute, 0}, // a clock that goes back gives nothing
	} {
		if got := drain(&x, step.owner, step.address, start.Add(step.after)); got != step.want {
			t.Errorf("%s %s after %v: %d, want %d", step.owner, step.address, step.after, got, step.want)
		}
	}
}

// When all places are taken, newcomers share one, and whoever has a place keeps his count.
func TestNoRoom(t *testing.T) {
	t.Parallel()
	x := throttle.Throttle{MaxKeys: 3}
	for i := range 3 {
		drain(&x, "a", fmt.Sprintf("192.0.2.%d", i), start)
	}
	if got := drain(&x, "a", "198.51.100.1", start); got != 6 {
		t.Errorf("the first newcomer gets %d", got)
	}
	for i := range 250 {
		if got := drain(&x, "a", fmt.Sprintf("198.51.100.%d", i), start.Add(time.Duration(i))); got != 0 {
			t.Fatalf("newcomer %d gets %d", i, got)
		}
	}
	if got := drain(&x, "b", "198.51.100.1", start); got != 6 {
		t.Errorf("another owner gets %d", got)
	}
	if got := drain(&x, "a", "192.0.2.1", start.Add(5*time.Second)); got != 0 {
		t.Errorf("who has a place gets %d", got)
	}
	if got := drain(&x, "a", "203.0.113.1", start.Add(2*time.Minute)); got != 6 {
		t.Errorf("when there is room again a newcomer gets %d", got)
	}
}

// Of many at once as many get through as may.
func TestTakeAtOnce(t *testing.T) {
	t.Parallel()
	var x throttle.Throttle
	var won atomic.Int32
	var wg sync.WaitGroup
	for range 64 {
		wg.Go(func() {
			if x.Take("a", "192.0.2.1", 20, start) {
				won.Add(1)
			}
		})
	}
	wg.Wait()
	if n := won.Load(); n != 20 {
		t.Errorf("%d got through, want 20", n)
	}
}
