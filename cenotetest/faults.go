package cenotetest

import (
	"context"
	"sync"

	"github.com/cenote-auth/cenote/awsapi"
	"github.com/cenote-auth/cenote/identitypool"
	cognitosync "github.com/cenote-auth/cenote/sync"
	"github.com/cenote-auth/cenote/userpool"
)

// faults are the errors that the next calls of operations shall answer.
type faults struct {
	mu   sync.Mutex
	next map[string][]error
}

// FailNext makes the next call of the named operation answer err, without running it. Called again it queues further ones; a
// nil err lets one call through. err is usually a code, such as userpool.ErrTooManyRequests, or a code's New with a text. The
// test's own interceptors see the call as any other. A name that no operation has ends the test.
func (c *Cenote) FailNext(operation string, err error) {
	c.tb.Helper()
	if userpool.Operation(operation) == nil && identitypool.Operation(operation) == nil && cognitosync.Operation(operation) == nil {
		c.tb.Fatalf("cenotetest: FailNext: there is no operation %q", operation)
	}
	c.faults.mu.Lock()
	defer c.faults.mu.Unlock()
	if c.faults.next == nil {
		c.faults.next = make(map[string][]error)
	}
	c.faults.next[operation] = append(c.faults.next[operation], err)
}

func (f *faults) take(operation string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	queue := f.next[operation]
	if len(queue) == 0 {
		return nil
	}
	f.next[operation] = queue[1:]
	return queue[0]
}

func (f *faults) intercept(ctx context.Context, c *awsapi.Call, next awsapi.Next) (any, error) {
	if err := f.take(c.Op.Name); err != nil {
		return nil, err
	}
	return next(ctx, c)
}
