package storetest

import (
	"sync"
	"testing"
	"time"

	"github.com/cenote-auth/cenote/store/driver"
)

// How the tests let things happen at once.

const (
	racers = 32                     // goroutines that want the same
	bustle = 150 * time.Millisecond // how long writers and readers go on at the same time, at least

	// How long a closure waits for others to come as far: short where it happens often, and an engine with one writer waits in
	// vain; longer where a busy machine would let a wrong engine get away.
	shortly = 2 * time.Millisecond
	awhile  = 20 * time.Millisecond
	long    = 200 * time.Millisecond
)

// race runs do on all nodes at once, racers times, numbered, and waits for all. Each closure may wait for the others at the
// meeting, between its reads and its writes.
func race(nodes []driver.DB, do func(i int, db driver.DB, m *meeting)) {
	start, m := make(chan struct{}), newMeeting(racers, awhile)
	var wg sync.WaitGroup
	for i := range racers {
		wg.Go(func() {
			<-start
			do(i, nodes[i%len(nodes)], m)
		})
	}
	close(start)
	wg.Wait()
}

// A meeting brings closures to the same point, if the engine lets them run at once. Who comes first waits for the others,
// but only so long, and then nobody waits any more: an engine with one writer lets one in at a time.
type meeting struct {
	patience time.Duration
	over     chan struct{}
	mu       sync.Mutex
	missing  int
}

func newMeeting(n int, patience time.Duration) *meeting {
	return &meeting{patience: patience, over: make(chan struct{}), missing: n}
}

func (m *meeting) wait() {
	m.arrive(1)
	select {
	case <-m.over:
	case <-time.After(m.patience):
		m.arrive(1 << 30)
	}
}

// arrive counts who has come, and opens the doors when nobody is missing.
func (m *meeting) arrive(n int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.missing > 0 && m.missing <= n {
		close(m.over)
	}
	m.missing -= min(n, m.missing)
}

// A crew works in the background until it is dismissed, which has to be deferred: the test may end early.
type crew struct {
	done chan struct{}
	once sync.Once
	wg   sync.WaitGroup
}

func newCrew() *crew { return &crew{done: make(chan struct{})} }

// work repeats do until the crew is dismissed or do returns false.
func (c *crew) work(do func() bool) {
	c.wg.Go(func() {
		for do() {
			select {
			case <-c.done:
				return
			default:
			}
		}
	})
}

func (c *crew) dismiss() {
	c.once.Do(func() { close(c.done) })
	c.wg.Wait()
}

// bustling calls do with 0, 1, … at least so many times, and on until bustle is over, as long as it returns true: a fast
// engine gets more chances to fail than a slow one.
func bustling(t testing.TB, least int, do func(n int) bool) {
	t.Helper()
	end := time.Now().Add(bustle)
	for n := 0; n < least || time.Now().Before(end); n++ {
		if !do(n) {
			return
		}
	}
}
