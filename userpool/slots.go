package userpool

import (
	"context"
	"sync"
)

// slots let one verification per user run at a time on this node: its failure is committed before the next begins, so that a
// thousand parallel guesses are a thousand counted guesses (C3). Waiting ends with the context; no mutex is held meanwhile.
type slots struct {
	mu   sync.Mutex
	busy map[slotKey]*slot
}

type slotKey struct{ pool, user string }

type slot struct {
	waiting int
	free    chan struct{} // made by whoever waits first; one token is one turn
}

// maxWaiting bounds the callers that wait for one user's turn.
const maxWaiting = 64

// take waits for the user's turn and returns the function that ends it. Too many waiting is TooManyRequestsException.
func (s *slots) take(ctx context.Context, pool, user string) (func(), error) {
	k := slotKey{pool, user}
	s.mu.Lock()
	if s.busy == nil {
		s.busy = make(map[slotKey]*slot)
	}
	sl := s.busy[k]
	if sl == nil {
		s.busy[k] = &slot{}
		s.mu.Unlock()
		return func() { s.leave(k) }, nil
	}
	if sl.waiting >= maxWaiting {
		s.mu.Unlock()
		return nil, errTooManyRequests
	}
	if sl.free == nil {
		sl.free = make(chan struct{}, maxWaiting)
	}
	sl.waiting++
	free := sl.free
	s.mu.Unlock()

	select {
	case <-free:
		return func() { s.leave(k) }, nil
	case <-ctx.Done():
		s.mu.Lock()
		defer s.mu.Unlock()
		select {
		case <-free: // the turn came after all: pass it on
			s.passOn(k)
		default:
			sl.waiting--
		}
		return nil, context.Cause(ctx)
	}
}

func (s *slots) leave(k slotKey) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.passOn(k)
}

// passOn gives the turn to the next who waits, or frees the slot.
func (s *slots) passOn(k slotKey) {
	sl := s.busy[k]
	if sl.waiting == 0 {
		delete(s.busy, k)
		return
	}
	sl.waiting--
	sl.free <- struct{}{}
}
