package gate_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cenote-auth/cenote/internal/gate"
)

func newGate(t testing.TB, cfg gate.Config) *gate.Gate {
	t.Helper()
	g, err := gate.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// crowd sends work to a gate of one slot that is taken, and records who gets in.
type crowd struct {
	t     *testing.T
	g     *gate.Gate
	free  chan struct{} // closed to give the slot back
	wg    sync.WaitGroup
	mu    sync.Mutex
	order []string
	full  map[string]int
}

func newCrowd(t *testing.T, cfg gate.Config) *crowd {
	cfg.Slots = 1
	c := &crowd{t: t, g: newGate(t, cfg), free: make(chan struct{}), full: map[string]int{}}
	c.wg.Go(func() {
		if err := c.g.Do(t.Context(), "first", 1, func() error { <-c.free; return nil }); err != nil {
			t.Error(err)
		}
	})
	synctest.Wait()
	return c
}

// send lets n pieces of the owner's work queue up, one after the other.
func (c *crowd) send(owner string, n int, cost time.Duration) {
	for range n {
		c.wg.Go(func() {
			err := c.g.Do(c.t.Context(), owner, cost, func() error {
				c.mu.Lock()
				defer c.mu.Unlock()
				c.order = append(c.order, owner)
				return nil
			})
			if errors.Is(err, gate.ErrFull) {
				c.mu.Lock()
				defer c.mu.Unlock()
				c.full[owner]++
			} else if err != nil {
				c.t.Error(err)
			}
		})
		synctest.Wait()
	}
}

// finish frees the slot and returns who got in, in order.
func (c *crowd) finish() []string {
	close(c.free)
	c.wg.Wait()
	if s := c.g.Stats(); s.Running != 0 || s.Waiting != 0 {
		c.t.Errorf("at the end %+v", s)
	}
	return c.order
}

func count(order []string, owner string) (n int) {
	for _, o := range order {
		if o == owner {
			n++
		}
	}
	return n
}

// A pool that sends much does not make the others wait behind it.
func TestH6_FairOverPools(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCrowd(t, gate.Config{})
		c.send("busy", 20, gate.Signature)
		c.send("a", 2, gate.Signature)
		c.send("b", 2, gate.Signature)
		order := c.finish()
		if want := []string{"busy", "a", "b", "busy", "a", "b"}; len(order) != 24 || !slices.Equal(order[:6], want) {
			t.Errorf("order %v", order)
		}
	})
}

// Turns are dealt by cost: twenty cheap pieces for one that costs twenty times more.
func TestH6_WeightedByCost(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCrowd(t, gate.Config{})
		c.send("hashes", 5, 20*gate.Signature)
		c.send("tokens", 60, gate.Signature)
		order := c.finish()
		if n := count(order[:43], "tokens"); n < 38 || n > 41 {
			t.Errorf("%d of the first 43 are cheap: %v", n, order)
		}
	})
}

func TestFirstComeFirstServed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCrowd(t, gate.Config{})
		var got []int
		for i := range 10 {
			c.wg.Go(func() {
				if err := c.g.Do(t.Context(), "pool", 1, func() error { got = append(got, i); return nil }); err != nil {
					t.Error(err)
				}
			})
			synctest.Wait()
		}
		c.finish()
		if !slices.IsSorted(got) || len(got) != 10 {
			t.Errorf("order %v", got)
		}
	})
}

// The queue is bounded; who fills it gives way to those who are not in it.
func TestH6_BoundedAndPushedOut(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCrowd(t, gate.Config{Queue: 10})
		c.send("attacker", 50, gate.SRPVerify)
		if s := c.g.Stats(); s.Waiting != 10 || s.Refused != 40 {
			t.Errorf("attacked: %+v", s)
		}
		c.send("victim", 3, gate.SRPVerify)
		c.send("accomplice", 50, gate.SRPVerify)
		if s := c.g.Stats(); s.Waiting != 10 {
			t.Errorf("crowded: %+v", s)
		}
		order := c.finish()
		if count(order, "victim") != 3 || c.full["victim"] != 0 {
			t.Errorf("the victim got in %d times: %v", count(order, "victim"), order)
		}
		if a, b := count(order, "attacker"), count(order, "accomplice"); a+b != 7 || a < 3 || b < 3 {
			t.Errorf("attacker %d, accomplice %d", a, b)
		}
	})
}

// Many made-up owners cannot fill memory.
func TestOwnersAreForgotten(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCrowd(t, gate.Config{Queue: 4})
		for i := range 500 {
			c.send(fmt.Sprint("pool", i), 1, gate.Signature)
		}
		if s := c.g.Stats(); s.Waiting != 4 || s.Refused != 496 {
			t.Errorf("%+v", s)
		}
		if order := c.finish(); len(order) != 4 {
			t.Errorf("order %v", order)
		}
	})
}

func TestH6_Deadline(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, start := newCrowd(t, gate.Config{Wait: 300 * time.Millisecond}), time.Now()
		err := c.g.Do(t.Context(), "late", 1, func() error { t.Error("late work ran"); return nil })
		if !errors.Is(err, gate.ErrFull) {
			t.Errorf("%v", err)
		}
		if d := time.Since(start); d != 300*time.Millisecond {
			t.Errorf("waited %v", d)
		}
		if s := c.g.Stats(); s.Refused != 1 || s.Waiting != 0 || s.Running != 1 {
			t.Errorf("%+v", s)
		}
		c.finish()
	})
}

func TestContextEndsTheWaiting(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCrowd(t, gate.Config{})
		never := func() error { t.Error("cancelled work ran"); return nil }
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		if err := c.g.Do(ctx, "p", 1, never); !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, gate.ErrFull) {
			t.Errorf("while waiting: %v", err)
		}
		if err := c.g.Do(ctx, "p", 1, never); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("before: %v", err)
		}
		if s := c.g.Stats(); s.Refused != 0 || s.Waiting != 0 {
			t.Errorf("%+v", s)
		}
		c.finish()
	})
}

// A place comes back whatever the work does.
func TestPlacesComeBack(t *testing.T) {
	t.Parallel()
	g, broken := newGate(t, gate.Config{Slots: 1, Wait: time.Hour}), errors.New("broken")
	if err := g.Do(t.Context(), "p", 1, func() error { return broken }); !errors.Is(err, broken) {
		t.Errorf("%v", err)
	}
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic is swallowed")
			}
		}()
		g.Do(t.Context(), "p", 1, func() error { panic("work") })
	}()
	done := make(chan struct{})
	go func() {
		defer close(done)
		g.Do(t.Context(), "p", 1, func() error { runtime.Goexit(); return nil })
	}()
	<-done
	if s := g.Stats(); s.Running != 0 {
		t.Errorf("%+v", s)
	}
}

// Never more than Slots at a time, and never a lost place, with callers that come,
// give up and time out at every moment.
func TestConcurrentCallers(t *testing.T) {
	t.Parallel()
	const slots = 3
	g := newGate(t, gate.Config{Slots: slots, Queue: 8, Wait: 200 * time.Microsecond})
	var running, most, ran, refused, cancelled atomic.Int64
	var wg sync.WaitGroup
	for w := range 32 {
		wg.Go(func() {
			for i := range 300 {
				ctx, cancel := context.WithTimeout(t.Context(), time.Duration((w*i)%400+1)*time.Microsecond)
				err := g.Do(ctx, fmt.Sprint("pool", w%5), time.Duration(w), func() error {
					n := running.Add(1)
					for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
					}
					runtime.Gosched()
					running.Add(-1)
					ran.Add(1)
					return nil
				})
				cancel()
				switch {
				case errors.Is(err, gate.ErrFull):
					refused.Add(1)
				case errors.Is(err, context.DeadlineExceeded):
					cancelled.Add(1)
				case err != nil:
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if most.Load() > slots {
		t.Errorf("%d ran at a time", most.Load())
	}
	if n := ran.Load() + refused.Load() + cancelled.Load(); n != 32*300 {
		t.Errorf("%d fates of %d", n, 32*300)
	}
	if s := g.Stats(); s.Running != 0 || s.Waiting != 0 || int64(s.Refused) != refused.Load() {
		t.Errorf("%+v, %d refused", s, refused.Load())
	}
}

func TestNew(t *testing.T) {
	t.Parallel()
	for _, cfg := range []gate.Config{{Slots: -1}, {Queue: -1}, {Wait: -1}} {
		if _, err := gate.New(cfg); err == nil {
			t.Errorf("%+v: no error", cfg)
		}
	}
}

func BenchmarkUncontended(b *testing.B) {
	g := newGate(b, gate.Config{})
	b.ReportAllocs()
	for b.Loop() {
		if err := g.Do(b.Context(), "us-east-1_Example01", gate.Signature, func() error { return nil }); err != nil {
			b.Fatal(err)
		}
	}
}
