package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cenote-auth/cenote/store/driver"
)

// ErrStale and ConflictError are the driver's: a lost compare-and-swap and a unique violation.
var ErrStale = driver.ErrStale

// ConflictError is a unique violation.
type ConflictError = driver.ConflictError

// Store is a driver.DB with a clock and typed tables. It is safe for concurrent use.
type Store struct {
	db    driver.DB
	now   func() time.Time
	cache cache

	sweeper driver.Sweeper // nil if the driver has no such power
	pinger  driver.Pinger
}

// Open returns the Store over db. It does not own db: whoever opened the database closes it. A nil now is time.Now.
func Open(db driver.DB, now func() time.Time) *Store {
	if now == nil {
		now = time.Now
	}
	s := &Store{db: db, now: now}
	if r, ok := db.(driver.Rehearser); ok {
		s.cache.checks = r.Rehearses()
	}
	s.sweeper, _ = db.(driver.Sweeper)
	s.pinger, _ = db.(driver.Pinger)
	return s
}

// Now returns the time on the store's clock, in UTC.
func (s *Store) Now() time.Time { return s.now().UTC() }

// Getter is a look-up of one record, made by Table.Find or Table.FindBy.
type Getter interface {
	ref() driver.Ref
	take(rec driver.Record, now time.Time, c *cache) error
}

// Read fills the look-ups from one snapshot in one round trip.
func (s *Store) Read(ctx context.Context, gets ...Getter) error {
	recs, err := s.db.Read(ctx, refs(gets)...)
	if err != nil {
		return fmt.Errorf("read: %w", err)
	}
	return s.fill(recs, gets)
}

func refs(gets []Getter) []driver.Ref {
	out := make([]driver.Ref, len(gets))
	for i, g := range gets {
		out[i] = g.ref()
	}
	return out
}

func (s *Store) fill(recs []driver.Record, gets []Getter) error {
	now := s.Now()
	for i, g := range gets {
		if err := g.take(recs[i], now, &s.cache); err != nil {
			return err
		}
	}
	return nil
}

// Reader reads from one snapshot.
type Reader struct {
	s *Store
	r driver.Reader
}

// Get fills the look-ups, in one round trip.
func (r *Reader) Get(ctx context.Context, gets ...Getter) error {
	recs, err := r.r.Get(ctx, refs(gets)...)
	if err != nil {
		return fmt.Errorf("get: %w", err)
	}
	return r.s.fill(recs, gets)
}

// Now returns the time on the store's clock.
func (r *Reader) Now() time.Time { return r.s.Now() }

// View runs fn on one consistent snapshot that holds every write acknowledged before.
func (s *Store) View(ctx context.Context, fn func(*Reader) error) error {
	return s.db.View(ctx, func(r driver.Reader) error { return fn(&Reader{s, r}) })
}

// Tx reads and writes in one serializable transaction.
type Tx struct {
	Reader
	tx driver.Tx
}

// Update runs fn in a serializable transaction; when it returns nil the writes are durable. fn may run more than once: it
// must set its results anew each time, and nothing in it may leave the process. The error of fn comes out unchanged.
func (s *Store) Update(ctx context.Context, fn func(*Tx) error) error {
	return s.db.Update(ctx, func(tx driver.Tx) error { return fn(&Tx{Reader{s, tx}, tx}) })
}

// Sweep deletes up to limit expired records and returns how many it deleted. Records that have expired are never seen, so
// sweeping only frees space.
func (s *Store) Sweep(ctx context.Context, limit int) (int, error) {
	if s.sweeper == nil {
		return 0, nil
	}
	return s.sweeper.Sweep(ctx, s.Now(), limit)
}

// Ping reports whether the database answers.
func (s *Store) Ping(ctx context.Context) error {
	if s.pinger != nil {
		return s.pinger.Ping(ctx)
	}
	_, err := s.db.Read(ctx)
	return err
}

// AsConflict returns the unique violation in err's chain, or nil.
func AsConflict(err error) *ConflictError {
	c, _ := errors.AsType[*ConflictError](err)
	return c
}
