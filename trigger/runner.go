package trigger

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"
)

// MaxPayload bounds an event, an answer and an error's text, in bytes.
const MaxPayload = 1 << 20

// maxDepth is how many triggers may be under way inside one another when functions call back into a pool.
const maxDepth = 3

// RunnerConfig says how functions are called.
type RunnerConfig struct {
	Functions    Functions     // the operator's table; nil is an empty one
	TimeLimit    time.Duration // of each attempt; 0 is 5 s (TRG-020)
	Attempts     int           // how often a call that timed out, was throttled or did not connect is made; 0 is 3 (TRG-020)
	MaxAbandoned int           // calls of one pool that may outlive their time limit before further ones are refused; 0 is 32
	Logger       *slog.Logger  // nil is slog.Default
}

// Runner calls functions for the services. It is safe for concurrent use and holds no lock while a function runs.
type Runner struct {
	functions    Functions
	limit        time.Duration
	attempts     int
	maxAbandoned int
	log          *slog.Logger

	mu        sync.Mutex
	abandoned map[string]int // calls that outlived their limit and still run, by pool; no zero entries
}

// NewRunner returns a Runner, or an error that names the field that is out of bounds.
func NewRunner(c RunnerConfig) (*Runner, error) {
	switch {
	case c.TimeLimit < 0:
		return nil, fmt.Errorf("trigger: TimeLimit is %v, want 0 or more", c.TimeLimit)
	case c.Attempts < 0 || c.Attempts > 10:
		return nil, fmt.Errorf("trigger: Attempts is %d, want 0 to 10", c.Attempts)
	case c.MaxAbandoned < 0:
		return nil, fmt.Errorf("trigger: MaxAbandoned is %d, want 0 or more", c.MaxAbandoned)
	}
	r := &Runner{
		functions: c.Functions, limit: c.TimeLimit, attempts: c.Attempts, maxAbandoned: c.MaxAbandoned, log: c.Logger,
		abandoned: make(map[string]int),
	}
	if r.functions == nil {
		r.functions = &Mux{}
	}
	if r.limit == 0 {
		r.limit = 5 * time.Second
	}
	if r.attempts == 0 {
		r.attempts = 3
	}
	if r.maxAbandoned == 0 {
		r.maxAbandoned = 32
	}
	if r.log == nil {
		r.log = slog.Default()
	}
	return r, nil
}

// Abandoned returns how many calls of all pools have outlived their time limit and still run.
func (r *Runner) Abandoned() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := 0
	for _, k := range r.abandoned {
		n += k
	}
	return n
}

// Run calls the function that arn names with the event and returns the response part of its answer. No transaction may be
// open and no lock be held meanwhile. Everything that goes wrong with the function is an *awsapi.Error with AWS's text and
// one of the codes ErrUserLambdaValidation, ErrUnexpectedLambda and ErrInvalidLambdaResponse; an arn that names no function
// is such an error too, a trigger is never skipped. If ctx ends, the error is its cause.
func Run[Req, Resp any](ctx context.Context, r *Runner, arn string, event Event[Req, Resp]) (Resp, error) {
	var response Resp
	answer, err := r.call(ctx, target{arn: arn, source: event.TriggerSource, pool: event.UserPoolID}, event.withDefaults())
	if err != nil {
		return response, err
	}
	response, err = decodeAnswer[Resp](answer)
	if err != nil {
		r.log.WarnContext(ctx, "trigger's answer is unusable", "trigger", event.TriggerSource, "pool", event.UserPoolID, "err", err)
	}
	return response, err
}

// Notify calls a function whose answer is not read, such as a custom sender (TRG-009). Time limit, attempts and errors are
// those of Run. An Endpoint is asked to queue the event rather than to wait for the function.
func Notify[Req, Resp any](ctx context.Context, r *Runner, arn string, event Event[Req, Resp]) error {
	to := target{arn: arn, source: event.TriggerSource, pool: event.UserPoolID}
	_, err := r.call(context.WithValue(ctx, queuedKey{}, true), to, event.withDefaults())
	return err
}

// queuedKey marks the context of a call that wants no answer.
type queuedKey struct{}

// depthKey holds how many triggers are under way around this one.
type depthKey struct{}

// target is what a call is about.
type target struct {
	arn    string
	source Source
	pool   string
}

func (r *Runner) call(ctx context.Context, to target, event any) ([]byte, error) {
	kind := to.source.Kind()
	if kind == "" {
		return nil, fmt.Errorf("run trigger: unknown source %q", to.source)
	}
	payload, err := json.Marshal(event)
	if err != nil {
		return nil, fmt.Errorf("encode event of %s: %w", to.source, err)
	}
	if len(payload) > MaxPayload {
		return nil, unreached(kind, nameTooLarge, fmt.Errorf("event of %d bytes", len(payload)))
	}
	depth, _ := ctx.Value(depthKey{}).(int)
	if depth >= maxDepth {
		return nil, unreached(kind, nameRecursion, fmt.Errorf("%d triggers are under way around it", depth))
	}
	h, err := r.functions.Function(to.arn)
	if err == nil && h == nil {
		err = ErrNoFunction
	}
	if err != nil {
		r.log.ErrorContext(ctx, "trigger names no function", "trigger", to.source, "pool", to.pool, "err", err)
		return nil, unreached(kind, nameNotFound, err)
	}

	ctx = context.WithValue(ctx, depthKey{}, depth+1)
	for attempt := 1; ; attempt++ {
		answer, err := r.attempt(ctx, to, h, bytes.Clone(payload))
		switch {
		case err == nil && len(answer) > MaxPayload:
			return nil, unrecognizable(fmt.Errorf("answer of %d bytes", len(answer)))
		case err == nil:
			return answer, nil
		case ctx.Err() != nil:
			return nil, fmt.Errorf("run trigger %s: %w", to.source, context.Cause(ctx))
		case attempt < r.attempts && worthRepeating(err):
			continue
		}
		return nil, r.failure(ctx, to, err)
	}
}

// worthRepeating reports whether another attempt may help: after a time-out, or where the handler says so (TRG-020).
func worthRepeating(err error) bool {
	if errors.Is(err, errTimeLimit) {
		return true
	}
	e, ok := errors.AsType[*InvokeError](err)
	return ok && e.Retry
}

// failure translates what went wrong into AWS's error. A refusal is the function's business and is not logged.
func (r *Runner) failure(ctx context.Context, to target, err error) error {
	kind := to.source.Kind()
	what := timeoutText
	if !errors.Is(err, errTimeLimit) {
		e, ok := errors.AsType[*InvokeError](err)
		if !ok {
			return refused(kind, functionMessage(err))
		}
		what = errorName(e.Name)
	}
	r.log.ErrorContext(ctx, "trigger did not run", "trigger", to.source, "pool", to.pool, "err", err)
	return unreached(kind, what, err)
}

// errorName returns name if it can be the name of an error, so that nothing else reaches the client.
func errorName(name string) string {
	if name == "" || len(name) > 64 || !only(name, isAlphanumeric) {
		return nameService
	}
	return name
}
