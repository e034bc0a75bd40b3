package awshttp

import (
	"context"
	"errors"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/cenote-auth/cenote/awsapi"
)

// Rate is a bound on how often something happens. The zero Rate is no bound.
type Rate struct {
	PerSecond float64
	Burst     int // how many may come at once, at least 1
}

// RateConfig configures [RateLimits].
type RateConfig struct {
	PerAddress Rate // of requests from one IPv4 address or one IPv6 /64 network
	PerPool    Rate // of calls for one pool or identity pool
	// MaxKeys bounds the addresses, and the pools, that are remembered at a time; 0 means 65,536. Beyond it some are
	// forgotten, and start with a full burst.
	MaxKeys int
	Now     func() time.Time // nil means time.Now
}

// RateLimits is a [Limiter] of one process. Requests above a rate get TooManyRequestsException (QUO-006).
type RateLimits struct {
	addresses *buckets[netip.Prefix]
	pools     *buckets[string]
	now       func() time.Time
}

const defaultMaxKeys = 1 << 16

// NewRateLimits returns a limiter, or an error that names the field that is wrong.
func NewRateLimits(cfg RateConfig) (*RateLimits, error) {
	if cfg.MaxKeys == 0 {
		cfg.MaxKeys = defaultMaxKeys
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	switch {
	case !cfg.PerAddress.valid():
		return nil, errors.New("awshttp: RateConfig.PerAddress needs a positive rate and a burst of at least 1")
	case !cfg.PerPool.valid():
		return nil, errors.New("awshttp: RateConfig.PerPool needs a positive rate and a burst of at least 1")
	case cfg.MaxKeys < 0:
		return nil, errors.New("awshttp: RateConfig.MaxKeys is negative")
	}
	return &RateLimits{
		addresses: newBuckets[netip.Prefix](cfg.PerAddress, cfg.MaxKeys),
		pools:     newBuckets[string](cfg.PerPool, cfg.MaxKeys),
		now:       cfg.Now,
	}, nil
}

func (r Rate) valid() bool { return r == Rate{} || r.PerSecond > 0 && r.Burst >= 1 }

// Arrive counts the request for its address. Connections without an address count together.
func (l *RateLimits) Arrive(_ context.Context, _ *awsapi.Operation, addr netip.Addr) error {
	bits := 32
	if addr.Is6() {
		bits = 64
	}
	network, _ := addr.Prefix(bits) // the zero Prefix for the zero Addr
	return l.addresses.take(network, l.now())
}

// Call counts the call for its pool. Calls that name no pool are not bounded here.
func (l *RateLimits) Call(_ context.Context, c *awsapi.Call) error {
	if c.Resource == "" {
		return nil
	}
	return l.pools.take(c.Resource, l.now())
}

// buckets holds a token bucket per key, and not more than max of them.
type buckets[K comparable] struct {
	rate Rate
	max  int

	mu   sync.Mutex
	byID map[K]*rate.Limiter
}

func newBuckets[K comparable](r Rate, limit int) *buckets[K] {
	return &buckets[K]{rate: r, max: limit, byID: map[K]*rate.Limiter{}}
}

func (b *buckets[K]) take(key K, now time.Time) error {
	if b.rate == (Rate{}) {
		return nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	bucket := b.byID[key]
	if bucket == nil {
		if len(b.byID) >= b.max {
			b.forget(now)
		}
		bucket = rate.NewLimiter(rate.Limit(b.rate.PerSecond), b.rate.Burst)
		b.byID[key] = bucket
	}
	if !bucket.AllowN(now, 1) {
		return awsapi.ErrTooManyRequests.New("Rate exceeded")
	}
	return nil
}

// forget drops the buckets that are full again, which loses nothing, and others until a quarter is free. So the work is
// spread over many new keys.
func (b *buckets[K]) forget(now time.Time) {
	for key, bucket := range b.byID {
		if bucket.TokensAt(now) >= float64(b.rate.Burst) {
			delete(b.byID, key)
		}
	}
	for key := range b.byID {
		if len(b.byID) <= b.max*3/4 {
			return
		}
		delete(b.byID, key)
	}
}
