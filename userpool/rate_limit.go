package userpool

import (
	"context"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/cenote-auth/cenote/awsapi"
	"github.com/cenote-auth/cenote/store"
)

// rateLimits holds the buckets of one node: one for each category, and one for the answers to challenges (QUO-001, QUO-003).
type rateLimits struct {
	mu      sync.Mutex
	read    time.Time // when the provisioned rates were read
	rates   map[string]int32
	buckets map[string]*rate.Limiter
}

// provisionedLife is how long a node goes by provisioned rates that it has read.
const provisionedLife = time.Second

// answersPerSignIn is how many times the rate of sign-ins answers to challenges have for themselves; what exceeds it counts as
// sign-ins (QUO-003).
const answersPerSignIn = 3

// limitRate refuses a call above the rate of its category, if the installation limits by category (QUO-006, NEW-286).
func (s *Service) limitRate(ctx context.Context, op *awsapi.Operation, input any) error {
	if !s.cfg.rateCategories {
		return nil
	}
	c := categoryOf[op.Name]
	if c == nil {
		return nil
	}
	if err := s.refreshRates(ctx); err != nil {
		return err
	}
	challenge := ChallengeNameType("")
	switch in := input.(type) {
	case *RespondToAuthChallengeInput:
		challenge = in.ChallengeName
	case *AdminRespondToAuthChallengeInput:
		challenge = in.ChallengeName
	}
	now, l := s.store.Now(), &s.rateLimits
	l.mu.Lock()
	defer l.mu.Unlock()
	var ok bool
	switch {
	case challenge == ChallengeNameTypeNewPasswordRequired:
		ok = l.take(categoryRecovery, l.rate(findCategory(categoryRecovery)), now)
	case challenge != "":
		ok = l.take("answers", answersPerSignIn*l.rate(c), now) || l.take(c.name, l.rate(c), now)
	default:
		ok = l.take(c.name, l.rate(c), now)
	}
	if !ok {
		return awsapi.ErrTooManyRequests.New("Rate exceeded")
	}
	return nil
}

// rate returns the rate in force of a category. The caller holds the lock.
func (l *rateLimits) rate(c *rateCategory) int32 {
	if n, ok := l.rates[c.name]; ok {
		return n
	}
	return c.free
}

// take counts one use of a bucket. A second's worth may come at once. The caller holds the lock.
func (l *rateLimits) take(bucket string, perSecond int32, now time.Time) bool {
	b := l.buckets[bucket]
	switch {
	case b == nil:
		if l.buckets == nil {
			l.buckets = map[string]*rate.Limiter{}
		}
		b = rate.NewLimiter(rate.Limit(perSecond), int(perSecond))
		l.buckets[bucket] = b
	case b.Burst() != int(perSecond):
		b.SetLimitAt(now, rate.Limit(perSecond))
		b.SetBurstAt(now, int(perSecond))
	}
	return b.AllowN(now, 1)
}

// refreshRates reads the provisioned rates, unless that was done a moment ago.
func (s *Service) refreshRates(ctx context.Context) error {
	now, l := s.store.Now(), &s.rateLimits
	l.mu.Lock()
	age := now.Sub(l.read)
	fresh := l.rates != nil && age >= 0 && age < provisionedLife
	l.mu.Unlock()
	if fresh {
		return nil
	}
	rates := map[string]int32{}
	err := s.store.View(ctx, func(r *store.Reader) error {
		page, err := provisionedLimits.Of(store.Installation).Scan(ctx, r, store.Query{Limit: maxProvisionedRecords})
		for _, p := range page.Records {
			if p.Region == s.cfg.region {
				rates[p.Category] = p.Value
			}
		}
		return err
	})
	if err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.read, l.rates = now, rates
	return nil
}

// forget has the next call read the provisioned rates.
func (l *rateLimits) forget() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.rates = nil
}
