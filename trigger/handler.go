package trigger

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
)

// Handler is a function as AWS Lambda sees it: an event in JSON comes in, an answer in JSON goes out. It has the method
// set of aws-lambda-go's lambda.Handler.
//
// Implementations must be safe for concurrent use and should end when ctx does: a call that outlives its time limit is
// left behind and counted against its pool (RunnerConfig.MaxAbandoned). The same event may be delivered more than once
// (RunnerConfig.Attempts). An error is the function's own refusal and its text reaches the client, except for an
// InvokeError, which says that the function was not reached.
type Handler interface {
	Invoke(ctx context.Context, payload []byte) ([]byte, error)
}

// Func makes a Handler from a Go function whose argument and result encode as JSON: the Event types of this package or
// the events of aws-lambda-go. An event that does not decode into In is an error of the function, as on AWS Lambda.
func Func[In, Out any](f func(ctx context.Context, event In) (Out, error)) Handler {
	return function[In, Out](f)
}

type function[In, Out any] func(context.Context, In) (Out, error)

func (f function[In, Out]) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	var in In
	if err := json.Unmarshal(payload, &in); err != nil {
		return nil, fmt.Errorf("decode event: %w", err)
	}
	out, err := f(ctx, in)
	if err != nil {
		return nil, err
	}
	answer, err := json.Marshal(out)
	if err != nil {
		return nil, fmt.Errorf("encode answer: %w", err)
	}
	return answer, nil
}

// ErrNoFunction is the error of Functions for an ARN that names nothing in the table.
var ErrNoFunction = errors.New("no such function")

// Functions is the operator's table of functions. Function returns the entry that arn names; an ARN that is malformed or
// names no entry MUST give an error that is ErrNoFunction. ARNs are written by pool administrators, who are not trusted
// with addresses: no implementation may take a host, a scheme or a path from one.
type Functions interface {
	Function(arn string) (Handler, error)
}

// Mux is a table of functions by name. The zero value is empty and ready. Region, account and qualifier of an ARN are not
// compared, so that fixtures written for AWS find their functions. It is safe for concurrent use.
type Mux struct {
	mu     sync.RWMutex
	byName map[string]Handler
}

var _ Functions = (*Mux)(nil)

// Handle enters a function. It panics if name is no Lambda function name (1 to 64 letters, digits, - and _), if h is nil
// or if the name is taken: mistakes of the program that fills the table.
func (m *Mux) Handle(name string, h Handler) {
	switch {
	case !isFunctionName(name):
		panic(fmt.Sprintf("trigger: %q is not a function name", name))
	case h == nil:
		panic(fmt.Sprintf("trigger: nil handler for %q", name))
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, taken := m.byName[name]; taken {
		panic(fmt.Sprintf("trigger: function %q entered twice", name))
	}
	if m.byName == nil {
		m.byName = make(map[string]Handler)
	}
	m.byName[name] = h
}

// Function returns the function that arn names, or an error that is ErrNoFunction.
func (m *Mux) Function(arn string) (Handler, error) {
	name, _, err := ParseARN(arn)
	if err != nil {
		return nil, err
	}
	m.mu.RLock()
	defer m.mu.RUnlock()
	h, ok := m.byName[name]
	if !ok {
		return nil, fmt.Errorf("%w: %s", ErrNoFunction, name)
	}
	return h, nil
}
