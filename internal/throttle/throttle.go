// Package throttle bounds how often callers from one network may do something, in bounded memory and on a clock that it is told.
package throttle

import (
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Throttle counts per owner and network. An IPv4 address is a network, and so is an IPv6 network of 64 bits. The zero value is
// ready to use, and safe for concurrent use.
type Throttle struct {
	// MaxKeys is how many networks are remembered at a time; 0 is 10,000. When there is no room for another one, all newcomers of
	// an owner count together: nobody is forgotten because others crowd in.
	MaxKeys int

	mu      sync.Mutex
	buckets map[key]*rate.Limiter
	swept   time.Time
}

// key is whom something counts for. The zero network are callers without an address, and those who find no room.
type key struct {
	owner   string
	network netip.Prefix
}

const (
	defaultKeys = 10_000
	sweepEvery  = time.Second // how often it is tried to make room
)

// Take counts one use and reports whether it may go on: perMinute may come at once, and as many in each minute.
func (t *Throttle) Take(owner, address string, perMinute int, now time.Time) bool {
	k := key{owner, network(address)}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.buckets == nil {
		t.buckets = make(map[key]*rate.Limiter)
	}
	bucket := t.buckets[k]
	if bucket == nil && t.full() {
		if t.sweep(now, perMinute); t.full() {
			k.network = netip.Prefix{}
			bucket = t.buckets[k]
		}
	}
	if bucket == nil {
		bucket = rate.NewLimiter(rate.Limit(float64(perMinute)/60), perMinute)
		t.buckets[k] = bucket
	}
	return bucket.AllowN(now, 1)
}

func (t *Throttle) full() bool {
	limit := t.MaxKeys
	if limit == 0 {
		limit = defaultKeys
	}
	return len(t.buckets) >= limit
}

// network returns the network of an address, or the zero Prefix if it is none.
func network(address string) netip.Prefix {
	a, err := netip.ParseAddr(address)
	if err != nil {
		return netip.Prefix{}
	}
	bits := 32
	if a = a.Unmap(); a.Is6() {
		bits = 64
	}
	p, _ := a.Prefix(bits)
	return p
}

// sweep forgets who may come as often as anybody again, which loses nothing.
func (t *Throttle) sweep(now time.Time, perMinute int) {
	if age := now.Sub(t.swept); age >= 0 && age < sweepEvery {
		return
	}
	t.swept = now
	for k, bucket := range t.buckets {
		if bucket.TokensAt(now) >= float64(perMinute) {
			delete(t.buckets, k)
		}
	}
}
