package engine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"

	"github.com/cenote-auth/cenote/awsapi"
	"github.com/cenote-auth/cenote/internal/wire"
)

// Config is what a service gives its engine. Everything but Service may be left out.
type Config struct {
	Service        *awsapi.Service      // whose operations the engine runs
	Interceptors   []awsapi.Interceptor // the first is the outermost
	Logger         *slog.Logger         // nil discards
	MeterProvider  metric.MeterProvider // nil is OpenTelemetry's global one
	TracerProvider trace.TracerProvider // nil is OpenTelemetry's global one
	Now            func() time.Time     // for durations; nil is time.Now

	// Resource returns the ARN that a call with the input is about, and "" if the input names none. It may read the
	// store. Its error does not end the call before the guard has passed, so that nobody learns what exists without the
	// right to ask. Nil: calls have no resource.
	Resource func(ctx context.Context, input any) (string, error)

	// Admit decides whether the operation may run at all, after the guard and the checks of the model, on the input that its rules
	// will get. It returns the context for them. Nil: every call runs.
	Admit func(ctx context.Context, op *awsapi.Operation, input any) (context.Context, error)

	// OnUndeclared is told when the rules of an operation return an error that its model does not declare; see
	// [Undeclared]. Nil: nobody asks.
	OnUndeclared func(op *awsapi.Operation, err error)
}

// Engine runs the operations of one service. It is safe for concurrent use.
type Engine struct {
	cfg   Config
	watch *watch
}

// New returns an engine, or an error if the meter provider refuses an instrument.
func New(cfg Config) (*Engine, error) {
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Resource == nil {
		cfg.Resource = func(context.Context, any) (string, error) { return "", nil }
	}
	if cfg.Service == nil {
		return nil, errors.New("engine: Service is nil")
	}
	w, err := newWatch(cfg.MeterProvider, cfg.TracerProvider)
	if err != nil {
		return nil, fmt.Errorf("engine: %w", err)
	}
	if slices.ContainsFunc(cfg.Interceptors, func(i awsapi.Interceptor) bool { return i == nil }) {
		return nil, errors.New("engine: an interceptor is nil")
	}
	return &Engine{cfg: cfg, watch: w}, nil
}

// Call runs an operation for a caller in Go. A nil input is the empty one. The error is an *awsapi.Error.
func Call[I, O any](ctx context.Context, e *Engine, op *wire.Op, in *I, run func(context.Context, *I) (*O, error)) (*O, error) {
	if in == nil {
		in = new(I)
	}
	out, err := e.do(ctx, op, request{input: in}, func(ctx context.Context, in any) (any, error) { return Run(ctx, in, run) })
	if err != nil {
		return nil, err
	}
	return out.(*O), nil
}

// Dispatch runs the rules of an operation on an input of its type.
type Dispatch func(ctx context.Context, op *wire.Op, in any) (any, error)

// Serve runs an operation on the bytes of a request and returns those of the answer; nil bytes if the operation has no
// output. The guard, which may be nil, runs after the decode and before everything else; a decode error is told after
// it, and passes the interceptors like every other refusal. The error is an *awsapi.Error.
func Serve(ctx context.Context, e *Engine, op *wire.Op, body []byte, guard awsapi.Guard, dispatch Dispatch) ([]byte, error) {
	r := request{input: op.NewInput(), guard: guard}
	if r.presence, r.malformed = wire.Decode(op.Input, body, r.input); r.malformed != nil {
		r.input = op.NewInput() // nobody shall see half a request
	}
	out, err := e.do(ctx, op, r, func(ctx context.Context, in any) (any, error) { return dispatch(ctx, op, in) })
	if err != nil || op.NoOutput {
		return nil, err
	}
	return wire.Encode(op.Output, out), nil
}

// request is what do gets from either entrance.
type request struct {
	input     any
	presence  wire.Presence
	malformed error // of the decode
	guard     awsapi.Guard
}

// do is the way of every call: watch, interceptors, guard, check, rules. Errors are normalised where they leave the
// rules, and those of interceptors where they leave the interceptors.
func (e *Engine) do(ctx context.Context, op *wire.Op, r request, run func(context.Context, any) (any, error)) (out any, err error) {
	errs := &errorLog{engine: e, op: &op.Operation}
	ctx, span := e.watch.start(ctx, &op.Operation)
	began := e.cfg.Now()
	defer func() {
		if p := recover(); p != nil {
			out, err = nil, errs.recovered(ctx, p)
		}
		e.watch.end(ctx, &op.Operation, span, e.cfg.Now().Sub(began), err)
	}()
	call := &awsapi.Call{Op: &op.Operation, Input: r.input, Caller: awsapi.CallerFrom(ctx)}
	var unresolved error
	if r.malformed == nil {
		call.Resource, unresolved = e.cfg.Resource(ctx, r.input)
	}
	out, err = e.intercept(ctx, call, 0, func(ctx context.Context, c *awsapi.Call) (any, error) {
		out, err := e.inner(ctx, op, r, c, unresolved, run, errs)
		if err != nil {
			return nil, errs.normalise(ctx, err)
		}
		return out, nil
	})
	if err == nil && !op.IsOutput(out) {
		err = fmt.Errorf("engine: an interceptor answered %T", out)
	}
	if err != nil {
		return nil, errs.normalise(ctx, err)
	}
	return out, nil
}

var (
	errNextTwice = errors.New("engine: an interceptor called next more than once")
	errNoCall    = errors.New("engine: an interceptor called next without a call")
)

// intercept runs the interceptors from the i-th on, then last.
func (e *Engine) intercept(ctx context.Context, c *awsapi.Call, i int, last awsapi.Next) (any, error) {
	if i == len(e.cfg.Interceptors) {
		return last(ctx, c)
	}
	var called atomic.Bool
	return e.cfg.Interceptors[i](ctx, c, func(ctx context.Context, c *awsapi.Call) (any, error) {
		switch {
		case called.Swap(true):
			return nil, errNextTwice
		case c == nil:
			return nil, errNoCall
		}
		return e.intercept(ctx, c, i+1, last)
	})
}

// inner is what the interceptors wrap.
func (e *Engine) inner(ctx context.Context, op *wire.Op, r request, c *awsapi.Call, unresolved error, run func(context.Context, any) (any, error), errs *errorLog) (out any, err error) {
	defer func() {
		if p := recover(); p != nil {
			out, err = nil, errs.recovered(ctx, p)
		}
	}()
	if r.guard != nil {
		if err := r.guard(ctx, c); err != nil {
			return nil, err
		}
	}
	if r.malformed != nil {
		return nil, r.malformed
	}
	if !op.IsInput(c.Input) {
		return nil, fmt.Errorf("engine: an interceptor passed %T as input", c.Input)
	}
	if err := wire.Check(op.Input, op.Service.Validation, c.Input, r.presence); err != nil {
		return nil, err
	}
	if unresolved != nil {
		return nil, unresolved
	}
	if e.cfg.Admit != nil {
		if ctx, err = e.cfg.Admit(ctx, &op.Operation, c.Input); err != nil {
			return nil, err
		}
	}
	out, err = run(ctx, c.Input)
	if err != nil && e.cfg.OnUndeclared != nil && Undeclared(&op.Operation, err) {
		e.cfg.OnUndeclared(&op.Operation, err)
	}
	return out, err
}
