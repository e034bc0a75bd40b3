package userpool_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/cenote-auth/cenote/store/driver"
	"github.com/cenote-auth/cenote/userpool"
)

// stuck is a store whose Updates wait for a turn that the test gives, once it is closed.
type stuck struct {
	driver.DB
	mu   sync.Mutex
	turn chan struct{} // nil: nobody waits
}

func (s *stuck) watch(c *userpool.Config) { s.DB, c.Store = c.Store, s }

func (s *stuck) close(turn chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.turn = turn
}

func (s *stuck) Update(ctx context.Context, fn func(driver.Tx) error) error {
	s.mu.Lock()
	turn := s.turn
	s.mu.Unlock()
	if turn != nil {
		<-turn
	}
	return s.DB.Update(ctx, fn)
}

// Verifications of one user take turns, and no more than 64 wait: the rest is refused at once, and nobody else waits with them
// (AUTH-447).
func TestC3_OneVerificationAtATime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		st := &stuck{}
		a := setup(t, st.watch).app()
		a.user("ada")
		a.user("bob")
		a.signIn("bob")
		turn := make(chan struct{})
		st.close(turn)
		var mu sync.Mutex
		counts := map[string]int{}
		var wg sync.WaitGroup
		for range 100 {
			wg.Go(func() {
				_, err := a.tryPassword("ada", another)
				mu.Lock()
				defer mu.Unlock()
				if errors.Is(err, userpool.ErrTooManyRequests) {
					counts["refused"]++
					return
				}
				counts[errorText(err)]++
			})
		}
		synctest.Wait()
		mu.Lock()
		if counts["refused"] != 35 || len(counts) != 1 {
			t.Errorf("%v, want 35 refused and the others waiting", counts)
		}
		mu.Unlock()
		st.close(nil)
		a.signIn("bob") // does not wait
		close(turn)
		wg.Wait()
		if counts[isWrong] != 5 || counts[isLocked] != 60 {
			t.Errorf("%v, want 5 compared and 60 locked out", counts)
		}
	})
}

// Who gives up waiting leaves the line, and the turn goes on to the next.
func TestC3_WaitingEndsWithTheContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		st := &stuck{}
		a := setup(t, st.watch).app()
		a.user("ada")
		a.signIn("ada")
		turn := make(chan struct{})
		st.close(turn)
		first := make(chan error, 1)
		go func() { _, err := a.tryPassword("ada", another); first <- err }()
		synctest.Wait()
		ctx, cancel := context.WithCancel(t.Context())
		gone, last := make(chan error, 10), make(chan error, 1)
		for range 10 {
			go func() {
				_, err := a.InitiateAuth(ctx, &userpool.InitiateAuthInput{
					ClientId: a.client, AuthFlow: userpool.AuthFlowTypeUserPasswordAuth,
					AuthParameters: map[string]string{"USERNAME": "ada", "PASSWORD": another},
				})
				gone <- err
			}()
		}
		go func() { _, err := a.tryPassword("ada", another); last <- err }()
		synctest.Wait()
		cancel()
		for range 10 {
			if err := <-gone; err == nil || errorText(err) == isWrong {
				t.Errorf("got %v, want the end of the context", err)
			}
		}
		close(turn)
		for _, c := range []chan error{first, last} {
			refused(t, <-c, userpool.ErrNotAuthorized, isWrong)
		}
		st.close(nil)
		a.signIn("ada")
	})
}
