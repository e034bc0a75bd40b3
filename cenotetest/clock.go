package cenotetest

import (
	"sync/atomic"
	"time"
)

// clock is time.Now plus an offset, so that it follows the real clock, or a bubble's, and can be moved besides.
type clock struct{ offset atomic.Int64 }

func (c *clock) now() time.Time          { return time.Now().Add(time.Duration(c.offset.Load())) }
func (c *clock) advance(d time.Duration) { c.offset.Add(int64(d)) }
func (c *clock) set(t time.Time)         { c.offset.Store(int64(time.Until(t))) }

func (c *clock) clone() *clock {
	d := &clock{}
	d.offset.Store(c.offset.Load())
	return d
}
