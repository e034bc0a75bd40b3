// Package gate keeps expensive arithmetic from crowding out everything else:
// modular exponentiations, RSA private-key operations, slow password hashes. Such
// work is begun by callers who have proven nothing yet, so as many pieces run at a
// time as there are processors, a bounded number waits for a bounded time, and the
// rest is refused at once.
//
// Waiting is fair between owners (pools). Each owner has a queue of its own, first
// come first served; the next place goes to the owner who has used least so far,
// by cost. When the queues are full together, a newcomer pushes out the latest
// waiter of the owner who waits for most, unless that is the newcomer's own: so a
// pool under attack, or any number of them, cannot keep the others out.
//
// A Gate is made by whoever owns the instance, one for a process that has one. It
// starts no goroutine, holds no lock while anybody waits, and works inside of a
// testing/synctest bubble; one Gate must not be shared between bubbles, since a
// waiter's channel belongs to the bubble it waits in.
package gate

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"time"
)

// ErrFull is the error of work that was refused because too much was waiting, or
// that waited too long. Services answer TooManyRequestsException.
var ErrFull = errors.New("gate: too much work is waiting")

// What work costs, in processor time of a server of 2026. Only the proportions
// matter.
const (
	PasswordCheck = 300 * time.Microsecond // g^x: a verifier, or a password against one
	SRPChallenge  = 300 * time.Microsecond // g^b
	SRPVerify     = 2 * time.Millisecond   // (A·v^u)^b
	Signature     = 1 * time.Millisecond   // RSA-2048, signing or decrypting
	KeyGeneration = 100 * time.Millisecond // RSA-2048
)

// Config is the configuration of a [Gate]. The zero value is good for a server.
type Config struct {
	Slots int           // pieces of work at a time; 0 is runtime.GOMAXPROCS(0)
	Queue int           // pieces of work that may wait; 0 is 256 for each slot
	Wait  time.Duration // how long one may wait; 0 is one second
}

// Gate admits work. It is safe for concurrent use.
type Gate struct {
	slots, limit int
	patience     time.Duration

	mu      sync.Mutex // never held while blocked
	running int
	waiting int
	refused uint64
	clock   time.Duration     // virtual: what the least served of the busy owners has used
	owners  map[string]*owner // those who used more than clock, and those who wait
	queues  []*owner          // those who wait
}

// owner is one pool's share.
type owner struct {
	used   time.Duration // on the gate's virtual clock
	queue  []*waiter     // first come first
	queued time.Duration // the cost of queue
}

// waiter is one piece of work that waits. done is closed when its fate is decided;
// refused is written before that, under the gate's lock.
type waiter struct {
	cost    time.Duration
	done    chan struct{}
	decided bool
	refused bool
}

// New returns a Gate. Negative numbers in the configuration are an error.
func New(cfg Config) (*Gate, error) {
	if cfg.Slots < 0 || cfg.Queue < 0 || cfg.Wait < 0 {
		return nil, fmt.Errorf("gate: negative setting in %+v", cfg)
	}
	g := &Gate{slots: cfg.Slots, limit: cfg.Queue, patience: cfg.Wait, owners: make(map[string]*owner)}
	if g.slots == 0 {
		g.slots = runtime.GOMAXPROCS(0)
	}
	if g.limit == 0 {
		g.limit = 256 * g.slots
	}
	if g.patience == 0 {
		g.patience = time.Second
	}
	return g, nil
}

// Do runs work when its turn has come and returns its error. It returns ErrFull, or
// the context's error, without having run work. owner is whom the work is charged
// to, usually a pool's id; cost is an estimate of its processor time. work must not
// call Do of the same gate, and must not wait for anything: a place is a
// processor's.
func (g *Gate) Do(ctx context.Context, owner string, cost time.Duration, work func() error) error {
	if err := g.enter(ctx, owner, max(cost, time.Microsecond)); err != nil {
		return err
	}
	defer g.leave()
	return work()
}

// Stats is what a gate is doing.
type Stats struct {
	Running, Waiting int    // pieces of work, now
	Refused          uint64 // pieces of work that got ErrFull, ever
}

// Stats returns a snapshot for metrics.
func (g *Gate) Stats() Stats {
	g.mu.Lock()
	defer g.mu.Unlock()
	return Stats{Running: g.running, Waiting: g.waiting, Refused: g.refused}
}

// enter returns nil when the caller has a place, which leave gives back.
func (g *Gate) enter(ctx context.Context, name string, cost time.Duration) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("enter gate: %w", err)
	}
	o, w := g.admit(name, cost)
	switch {
	case o == nil:
		return ErrFull
	case w == nil:
		return nil
	}
	timer := time.NewTimer(g.patience)
	defer timer.Stop()
	select {
	case <-w.done:
	case <-timer.C:
		g.withdraw(o, w, true)
	case <-ctx.Done():
		if !g.withdraw(o, w, false) {
			if w.refused {
				return ErrFull
			}
			g.leave() // the place came at the same moment, and nobody needs it
		}
		return fmt.Errorf("wait at gate: %w", ctx.Err())
	}
	if w.refused {
		return ErrFull
	}
	return nil
}

// admit gives a place (an owner without waiter), a place in the queue (both), or
// none (neither).
func (g *Gate) admit(name string, cost time.Duration) (*owner, *waiter) {
	g.mu.Lock()
	defer g.mu.Unlock()
	o := g.account(name)
	if g.running < g.slots { // then nobody waits
		g.start(o, cost)
		return o, nil
	}
	if g.waiting >= g.limit && !g.pushOut(o, cost) {
		g.refused++
		return nil, nil
	}
	if len(o.queue) == 0 {
		g.queues = append(g.queues, o)
	}
	w := &waiter{cost: cost, done: make(chan struct{})}
	o.queue, o.queued = append(o.queue, w), o.queued+cost
	g.waiting++
	return o, w
}

// account finds the owner's share. Who comes back from a pause starts with what the
// others have used: time in which one asked for nothing cannot be saved up.
func (g *Gate) account(name string) *owner {
	o := g.owners[name]
	if o == nil {
		if len(g.owners) >= 2*g.limit {
			g.forget()
		}
		o = &owner{}
		g.owners[name] = o
	}
	if len(o.queue) == 0 {
		o.used = max(o.used, g.clock)
	}
	return o
}

// forget drops the shares that the clock has caught up with, and if that is not
// enough those of all who do not wait, so that names from outside fill no memory.
func (g *Gate) forget() {
	for name, o := range g.owners {
		if len(o.queue) == 0 && o.used <= g.clock {
			delete(g.owners, name)
		}
	}
	if len(g.owners) < 2*g.limit {
		return
	}
	for name, o := range g.owners {
		if len(o.queue) == 0 {
			delete(g.owners, name)
		}
	}
}

// start takes a place and charges it.
func (g *Gate) start(o *owner, cost time.Duration) {
	g.running++
	g.clock = max(g.clock, o.used)
	o.used += cost
}

// pushOut makes room for a newcomer by refusing the latest waiter of the owner who
// waits for most, if that is more than the newcomer's owner would wait for.
func (g *Gate) pushOut(newcomer *owner, cost time.Duration) bool {
	longest := slices.MaxFunc(g.queues, func(a, b *owner) int { return cmp.Compare(a.queued, b.queued) })
	if longest == newcomer || longest.queued <= newcomer.queued+cost {
		return false
	}
	g.decide(longest, longest.queue[len(longest.queue)-1], true)
	g.refused++
	return true
}

// leave gives a place back and passes it on.
func (g *Gate) leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.running--
	if g.waiting > 0 {
		// The first of several equals is the one who waits longest.
		next := slices.MinFunc(g.queues, func(a, b *owner) int { return cmp.Compare(a.used, b.used) })
		w := next.queue[0]
		g.start(next, w.cost)
		g.decide(next, w, false)
	}
	if g.running == 0 { // then nobody waits: all shares are even
		clear(g.owners)
		g.clock = 0
	}
}

// withdraw takes a waiter out of the queue who waits no longer, and reports whether
// it was still in there. Out of time counts as refused, giving up does not.
func (g *Gate) withdraw(o *owner, w *waiter, late bool) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if w.decided {
		return false
	}
	if late {
		g.refused++
	}
	g.decide(o, w, true)
	return true
}

// decide ends a waiter's waiting.
func (g *Gate) decide(o *owner, w *waiter, refused bool) {
	i := slices.Index(o.queue, w)
	o.queue, o.queued = slices.Delete(o.queue, i, i+1), o.queued-w.cost
	if len(o.queue) == 0 {
		i := slices.Index(g.queues, o)
		g.queues = slices.Delete(g.queues, i, i+1)
	}
	g.waiting--
	w.decided, w.refused = true, refused
	close(w.done)
}
