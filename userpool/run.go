package userpool

import (
	"context"
	"errors"
	"time"

	"github.com/cenote-auth/cenote/store"
)

const (
	runEvery  = time.Second // how often Run looks for what other nodes left
	sweepPage = 500
)

// Run delivers messages, works on jobs and sweeps what has expired, on the caller's goroutine, until ctx ends; then it returns
// nil. Failures are logged and tried again. Any number of nodes may run it on one store.
func (s *Service) Run(ctx context.Context) error {
	tick := time.NewTicker(runEvery)
	defer tick.Stop()
	for {
		s.round(ctx)
		select {
		case <-ctx.Done():
			return nil
		case <-s.wake:
		case <-tick.C:
		}
	}
}

// round does once what there is to do.
func (s *Service) round(ctx context.Context) {
	for _, part := range []struct {
		what string
		do   func(context.Context) error
	}{
		{"deliver messages", func(ctx context.Context) error { _, err := s.Deliver(ctx); return err }},
		{"make signing keys", s.makeWantedKeys},
		{"delete pools", s.DeletePools},
		{"move replicas", s.MoveReplicas},
		{"clean groups", s.CleanGroups},
		{"clean devices", s.CleanDevices},
		{"clean events", s.CleanEvents},
		{"sweep", func(ctx context.Context) error { _, err := s.store.Sweep(ctx, sweepPage); return err }},
	} {
		if err := part.do(ctx); err != nil && ctx.Err() == nil && !errors.Is(err, store.ErrStale) {
			s.cfg.logger.ErrorContext(ctx, "background work failed", "work", part.what, "err", err)
		}
	}
}
