package userpool

import (
	"context"
	"sync"
)

// wanted is the pools that were made on this node and have no signing keys yet. Run makes them, so that the first sign-in need
// not wait; who comes before makes them himself.
type wanted struct {
	mu    sync.Mutex
	pools map[string]bool
}

func (w *wanted) add(poolID string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.pools == nil {
		w.pools = make(map[string]bool)
	}
	w.pools[poolID] = true
}

func (w *wanted) take() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	for id := range w.pools {
		delete(w.pools, id)
		return id
	}
	return ""
}

// makeWantedKeys makes the signing keys of new pools, and the installation's envelope key.
func (s *Service) makeWantedKeys(ctx context.Context) error {
	for ctx.Err() == nil {
		id := s.wantKeys.take()
		if id == "" {
			return nil
		}
		sc, err := s.byPool(ctx, s.store.Read, id, "")
		if err != nil {
			continue // deleted again
		}
		if _, err := s.keysOf(ctx, sc.pool); err != nil {
			return err
		}
		if _, err := s.envelopeKey(ctx, sc.pool); err != nil {
			return err
		}
	}
	return nil
}
