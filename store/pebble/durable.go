package pebble

import (
	"errors"
	"sync"

	"github.com/cockroachdb/pebble/v2"
)

// ErrClosed comes from every call after Close.
var ErrClosed = errors.New("store is closed")

// view is a state of the store that readers share. It is counted: the engine's snapshot is given back with the last user.
type view struct {
	snap  *pebble.Snapshot
	order uint64 // of the commit that made it; a higher one contains all lower ones
	refs  int    // guarded by durable.mu
}

// durable holds the newest state that is known to be on disk, which is the only one that readers get. It also counts the
// calls under way, so that Close can wait for them.
type durable struct {
	failure *failure

	mu     sync.Mutex
	newest *view
	calls  int
	closed bool
	idle   chan struct{} // made by close if calls are under way, closed by the last of them
}

// enter counts a call. Each enter without error needs one leave.
func (d *durable) enter() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.enterLocked()
}

func (d *durable) enterLocked() error {
	if d.closed {
		return ErrClosed
	}
	if err := d.failure.err(); err != nil {
		return err
	}
	d.calls++
	return nil
}

func (d *durable) leave() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.leaveLocked()
}

func (d *durable) leaveLocked() {
	d.calls--
	if d.calls == 0 && d.idle != nil {
		close(d.idle)
	}
}

// acquire counts a call and returns the newest durable state. Each acquire without error needs one release.
func (d *durable) acquire() (*view, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.enterLocked(); err != nil {
		return nil, err
	}
	d.newest.refs++
	return d.newest, nil
}

func (d *durable) release(v *view) {
	d.mu.Lock()
	unused := d.unrefLocked(v)
	d.mu.Unlock()
	giveBack(unused)
	d.leave() // last: the engine must not be closed before its snapshots
}

// publish makes v, which is on disk by now, the state that readers get, unless a later one already is: one sync may serve
// several commits, and who waited for it wakes up in any order.
func (d *durable) publish(v *view) {
	d.mu.Lock()
	unused := v
	if d.newest == nil || v.order > d.newest.order {
		v.refs++
		unused = nil
		if d.newest != nil {
			unused = d.unrefLocked(d.newest)
		}
		d.newest = v
	}
	d.mu.Unlock()
	giveBack(unused)
}

// unrefLocked returns v if that was its last use.
func (d *durable) unrefLocked(v *view) *view {
	if v.refs--; v.refs > 0 {
		return nil
	}
	return v
}

// giveBack closes the snapshot of a view that nobody uses; it is called without the lock because the engine takes its own.
func giveBack(v *view) {
	if v != nil {
		_ = v.snap.Close() // cannot fail; the engine's signature says otherwise
	}
}

// close refuses further calls, waits for those under way, and drops the last state.
func (d *durable) close() error {
	d.mu.Lock()
	if d.closed {
		d.mu.Unlock()
		return ErrClosed
	}
	d.closed = true
	if d.calls > 0 {
		d.idle = make(chan struct{})
		d.mu.Unlock()
		<-d.idle
		d.mu.Lock()
	}
	last := d.unrefLocked(d.newest)
	d.newest = nil
	d.mu.Unlock()
	giveBack(last)
	return nil
}
