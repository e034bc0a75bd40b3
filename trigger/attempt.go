package trigger

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"time"

	"github.com/cenote-auth/cenote/awsapi"
)

// grace is the moment that a function which heeds its context has for returning, so that the next attempt does not overlap
// with it.
const grace = 100 * time.Millisecond

// outcome is how a call of a Handler ended.
type outcome struct {
	answer []byte
	err    error
}

// attempt calls h once, on a goroutine of its own since a Go function cannot be stopped: when the time limit is over the
// call is left behind and counted until it returns.
func (r *Runner) attempt(ctx context.Context, to target, h Handler, payload []byte) ([]byte, error) {
	if n := r.abandonedOf(to.pool); n >= r.maxAbandoned {
		return nil, &InvokeError{Name: nameThrottled, Cause: fmt.Errorf("%d earlier calls have not returned", n)}
	}
	ctx, cancel := context.WithTimeoutCause(ctx, r.limit, errTimeLimit)
	defer cancel()

	done := make(chan outcome, 1)
	var finished, left bool // under r.mu
	go func() {
		var o outcome
		defer func() { // deferred, because the function may end the goroutine
			r.mu.Lock()
			finished = true
			late := left
			if late {
				if r.abandoned[to.pool]--; r.abandoned[to.pool] == 0 {
					delete(r.abandoned, to.pool)
				}
			}
			r.mu.Unlock()
			if late {
				r.log.WarnContext(ctx, "abandoned trigger returned", "trigger", to.source, "pool", to.pool)
			}
			done <- o
		}()
		r.protect(ctx, to, h, payload, &o)
	}()

	select {
	case o := <-done:
		return o.answer, atLimit(ctx, o.err)
	case <-ctx.Done():
	}
	ending := time.NewTimer(grace)
	defer ending.Stop()
	select {
	case o := <-done:
		return o.answer, atLimit(ctx, o.err)
	case <-ending.C:
	}
	r.mu.Lock()
	left = !finished
	if left {
		r.abandoned[to.pool]++
	}
	r.mu.Unlock()
	if left {
		return nil, context.Cause(ctx)
	}
	o := <-done // it made it in the last moment
	return o.answer, atLimit(ctx, o.err)
}

// atLimit returns the end of the time limit in place of whatever error a Handler made of it.
func atLimit(ctx context.Context, err error) error {
	if err != nil && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

func (r *Runner) abandonedOf(pool string) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.abandoned[pool]
}

// protect calls h and turns a panic, and a goroutine that h ended, into an InvokeError. What a function panics with may
// be a password, so only its type and the places in the code are logged.
func (r *Runner) protect(ctx context.Context, to target, h Handler, payload []byte, o *outcome) {
	returned := false
	defer func() {
		if returned {
			return
		}
		p := recover() // nil if h called runtime.Goexit, as a failing test does
		r.log.ErrorContext(ctx, "trigger panicked", "trigger", to.source, "pool", to.pool,
			"type", fmt.Sprintf("%T", p), "stack", places())
		*o = outcome{err: &InvokeError{Name: nameService, Cause: errors.New("the function panicked")}}
	}()
	answer, err := h.Invoke(ctx, payload)
	if err != nil {
		err = settle(err)
	}
	*o = outcome{answer, err}
	returned = true
}

// settle takes the text out of a function's error while a panic of its methods is still caught. Errors that are not the
// function's refusal stay as they are.
func settle(err error) error {
	if e, ok := errors.AsType[*awsapi.Error](err); ok {
		// From calling back into a pool. Its cause stays here, and is not this function's: an inner trigger may have failed.
		return &FunctionError{Message: string(e.Code) + ": " + e.Message}
	}
	if _, ok := errors.AsType[*InvokeError](err); ok {
		return err
	}
	if e, ok := errors.AsType[*FunctionError](err); ok {
		return e
	}
	return &FunctionError{Message: messageOf(err)}
}

// messageOf returns what AWS Lambda would call the errorMessage of err. aws-lambda-go lets a function return that message
// as a value which encodes as {"errorMessage": …} and whose Error method is a Go dump.
func messageOf(err error) string {
	if _, ok := err.(json.Marshaler); !ok {
		if raw, marshalErr := json.Marshal(err); marshalErr == nil {
			var lambda struct {
				Message *string `json:"errorMessage"`
			}
			if json.Unmarshal(raw, &lambda) == nil && lambda.Message != nil {
				return *lambda.Message
			}
		}
	}
	return err.Error()
}

// functionMessage returns the text of a refusal: its first MaxPayload bytes, as valid UTF-8.
func functionMessage(err error) string {
	s := err.Error()
	return strings.ToValidUTF8(s[:min(len(s), MaxPayload)], "\uFFFD")
}

// places returns the functions and lines of the panicking goroutine, without the arguments that debug.Stack prints.
func places() []string {
	pcs := make([]uintptr, 32)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(3, pcs)])
	var out []string
	for {
		f, more := frames.Next()
		out = append(out, fmt.Sprintf("%s:%d %s", f.File, f.Line, f.Function))
		if !more {
			return out
		}
	}
}
