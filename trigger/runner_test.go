package trigger_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cenote-auth/cenote/awsapi"
	"github.com/cenote-auth/cenote/trigger"
)

type handlerFunc func(context.Context, []byte) ([]byte, error)

func (f handlerFunc) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	return f(ctx, payload)
}

// newRunner returns a Runner whose table has h under the name "f". Changes to the configuration are applied last.
func newRunner(t *testing.T, h trigger.Handler, change ...func(*trigger.RunnerConfig)) *trigger.Runner {
	t.Helper()
	functions := &trigger.Mux{}
	functions.Handle("f", h)
	c := trigger.RunnerConfig{Functions: functions, Logger: slog.New(slog.DiscardHandler)}
	for _, f := range change {
		f(&c)
	}
	r, err := trigger.NewRunner(c)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func signUp() trigger.PreSignUpEvent {
	return trigger.PreSignUpEvent{
		TriggerSource: trigger.PreSignUpSignUp, Region: "eu-central-1", UserPoolID: pool, UserName: "ada",
		Request: trigger.PreSignUpRequest{UserAttributes: trigger.Attributes{"email": "ada@example.com"}},
	}
}

func run(ctx context.Context, r *trigger.Runner) (trigger.PreSignUpResponse, error) {
	return trigger.Run(ctx, r, trigger.ARN("f"), signUp())
}

// wantError checks code, sentence and status.
func wantError(t *testing.T, err error, code awsapi.Code, message string) {
	t.Helper()
	e, ok := errors.AsType[*awsapi.Error](err)
	if !ok || e.Code != code || e.Message != message {
		t.Fatalf("error is %v, want %s: %s", err, code, message)
	}
	if e.HTTPStatus() != 400 { // TRG-026
		t.Errorf("status is %d, want 400", e.HTTPStatus())
	}
}

func TestH15_BytesCrossBothWays(t *testing.T) {
	t.Parallel()
	r := newRunner(t, trigger.Func(func(_ context.Context, e trigger.PreSignUpEvent) (trigger.PreSignUpEvent, error) {
		e.Response.AutoConfirmUser = strings.HasSuffix(e.Request.UserAttributes["email"], "@example.com")
		e.Request.UserAttributes["email"] = "eve@example.com" // nobody reads it
		return e, nil
	}))
	e := signUp()
	got, err := trigger.Run(t.Context(), r, trigger.ARN("f"), e)
	if err != nil || !got.AutoConfirmUser || got.AutoVerifyEmail {
		t.Fatalf("Run = %+v, %v", got, err)
	}
	if e.Request.UserAttributes["email"] != "ada@example.com" {
		t.Error("the function reached into the caller's map")
	}
}

// refusal encodes as aws-lambda-go's messages.InvokeResponse_Error does.
type refusal struct {
	Message string `json:"errorMessage"`
	Type    string `json:"errorType"`
}

func (r *refusal) Error() string { return fmt.Sprintf("%#v", r) }

func TestRunErrors(t *testing.T) {
	t.Parallel()
	fails := func(err error) handlerFunc {
		return func(context.Context, []byte) ([]byte, error) { return nil, err }
	}
	answers := func(s string) handlerFunc {
		return func(context.Context, []byte) ([]byte, error) { return []byte(s), nil }
	}
	const invalidJSON, unrecognizable = "Invalid lambda function output : Invalid JSON", "Unrecognizable lambda output"
	for _, tt := range []struct {
		name    string
		h       handlerFunc
		code    awsapi.Code
		message string
	}{
		{"TRG-021 refusal", fails(errors.New("only example.com")), trigger.ErrUserLambdaValidation, "PreSignUp failed with error only example.com."},
		{"TRG-021 full stop is doubled", fails(errors.New("No.")), trigger.ErrUserLambdaValidation, "PreSignUp failed with error No.."},
		{"TRG-021 lambda error value", fails(&refusal{"no", "T"}), trigger.ErrUserLambdaValidation, "PreSignUp failed with error no."},
		{"TRG-021 bytes that are no text", fails(errors.New("a\xffb")), trigger.ErrUserLambdaValidation, "PreSignUp failed with error a\uFFFDb."},
		{"TRG-022 the function's own time-out", fails(&trigger.FunctionError{Message: "8f5 Task timed out after 3.00 seconds"}), trigger.ErrUserLambdaValidation,
			"PreSignUp failed with error 8f5 Task timed out after 3.00 seconds."},
		{"TRG-023 denied", fails(fmt.Errorf("invoke: %w", &trigger.InvokeError{Name: "AccessDeniedException"})), trigger.ErrUnexpectedLambda,
			"PreSignUp invocation failed due to error AccessDeniedException."},
		{"TRG-023 name of another shape", fails(&trigger.InvokeError{Name: "dial tcp 10.0.0.1"}), trigger.ErrUnexpectedLambda,
			"PreSignUp invocation failed due to error ServiceException."},
		{"TRG-025 nothing", answers(""), trigger.ErrInvalidLambdaResponse, invalidJSON},
		{"TRG-025 text", answers("OK"), trigger.ErrInvalidLambdaResponse, invalidJSON},
		{"TRG-025 two values", answers("{}{}"), trigger.ErrInvalidLambdaResponse, invalidJSON},
		{"TRG-025 null", answers("null"), trigger.ErrInvalidLambdaResponse, unrecognizable},
		{"TRG-025 array", answers("[]"), trigger.ErrInvalidLambdaResponse, unrecognizable},
		{"TRG-025 no response", answers(`{"Response":{}}`), trigger.ErrInvalidLambdaResponse, unrecognizable},
		{"TRG-025 null response", answers(`{"response":null}`), trigger.ErrInvalidLambdaResponse, unrecognizable},
		{"TRG-025 text response", answers(`{"response":"yes"}`), trigger.ErrInvalidLambdaResponse, unrecognizable},
		{"TRG-025 wrong type", answers(`{"response":{"autoConfirmUser":"true"}}`), trigger.ErrInvalidLambdaResponse, unrecognizable},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := run(t.Context(), newRunner(t, tt.h))
			wantError(t, err, tt.code, tt.message)
		})
	}
}

func TestH15_EventTooLong(t *testing.T) {
	t.Parallel()
	r := newRunner(t, handlerFunc(func(context.Context, []byte) ([]byte, error) {
		t.Error("called")
		return nil, nil
	}))
	e := signUp()
	e.Request.ClientMetadata = map[string]string{"x": strings.Repeat("x", trigger.MaxPayload)}
	_, err := trigger.Run(t.Context(), r, trigger.ARN("f"), e)
	wantError(t, err, trigger.ErrUnexpectedLambda, "PreSignUp invocation failed due to error RequestTooLargeException.")
}

func TestH15_AnswerTooLong(t *testing.T) {
	t.Parallel()
	_, err := answer(t, signUp(), `{"response":{"x":"`+strings.Repeat("x", trigger.MaxPayload)+`"}}`)
	wantError(t, err, trigger.ErrInvalidLambdaResponse, "Unrecognizable lambda output")
}

func TestH15_UnknownARN(t *testing.T) {
	t.Parallel()
	none, err := trigger.NewRunner(trigger.RunnerConfig{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	h := trigger.Func(func(_ context.Context, e trigger.PreSignUpEvent) (trigger.PreSignUpEvent, error) { return e, nil })
	for name, arn := range map[string]string{
		"other name": trigger.ARN("g"), "empty": "", "address": "http://169.254.169.254/", "not a function": "arn:aws:sns:eu-central-1:123456789012:f",
	} {
		for _, r := range []*trigger.Runner{none, newRunner(t, h)} {
			_, err := trigger.Run(t.Context(), r, arn, signUp())
			wantError(t, err, trigger.ErrUnexpectedLambda, "PreSignUp invocation failed due to error ResourceNotFoundException.")
			if !errors.Is(err, trigger.ErrNoFunction) {
				t.Errorf("%s: cause of %v is not ErrNoFunction", name, err)
			}
		}
	}
}

func TestUnknownSourceIsOurMistake(t *testing.T) {
	t.Parallel()
	e := signUp()
	e.TriggerSource = "Nonsense"
	_, err := trigger.Run(t.Context(), newRunner(t, handlerFunc(nil)), trigger.ARN("f"), e)
	if _, ok := errors.AsType[*awsapi.Error](err); err == nil || ok {
		t.Fatalf("error is %v, want one that is no AWS error", err)
	}
}

const timedOut = "PreSignUp invocation failed due to error Socket timeout while invoking Lambda function."

// TRG-020, TRG-024
func TestTimeLimit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		calls := 0
		r := newRunner(t, handlerFunc(func(ctx context.Context, _ []byte) ([]byte, error) {
			calls++
			<-ctx.Done()
			return nil, fmt.Errorf("query: %w", ctx.Err())
		}))
		start := time.Now()
		_, err := run(t.Context(), r)
		wantError(t, err, trigger.ErrUnexpectedLambda, timedOut)
		if took := time.Since(start); calls != 3 || took != 15*time.Second {
			t.Errorf("%d calls in %v, want 3 in 15 s", calls, took)
		}
		synctest.Wait()
		if n := r.Abandoned(); n != 0 {
			t.Errorf("%d calls abandoned, want 0: all have returned", n)
		}
	})
}

// TRG-020: the second attempt's answer counts, a refusal is not tried again, server errors are not.
func TestAttempts(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		first error
		calls int
		ok    bool
	}{
		{"refusal", errors.New("no"), 1, false},
		{"server error", &trigger.InvokeError{Name: "ServiceException"}, 1, false},
		{"throttled once", &trigger.InvokeError{Name: "TooManyRequestsException", Retry: true}, 2, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			calls := 0
			_, err := run(t.Context(), newRunner(t, handlerFunc(func(_ context.Context, payload []byte) ([]byte, error) {
				if calls++; calls == 1 {
					clear(payload) // the next attempt gets its own
					return nil, tt.first
				}
				return payload, nil
			})))
			if calls != tt.calls || (err == nil) != tt.ok {
				t.Errorf("%d calls and error %v, want %d and success %v", calls, err, tt.calls, tt.ok)
			}
		})
	}
}

func TestCallerGivesUp(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancelCause(t.Context())
	gone := errors.New("client gone")
	_, err := run(ctx, newRunner(t, handlerFunc(func(ctx context.Context, _ []byte) ([]byte, error) {
		cancel(gone)
		<-ctx.Done()
		return nil, ctx.Err()
	})))
	if _, ok := errors.AsType[*awsapi.Error](err); ok || !errors.Is(err, gone) {
		t.Fatalf("error is %v, want the context's cause", err)
	}
}

func TestH15_Abandoned(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		var calls atomic.Int32
		r := newRunner(t, handlerFunc(func(_ context.Context, payload []byte) ([]byte, error) {
			calls.Add(1)
			<-release // deaf to its context
			return payload, nil
		}), func(c *trigger.RunnerConfig) { c.MaxAbandoned, c.Attempts, c.TimeLimit = 2, 1, time.Second })

		for range 2 {
			_, err := run(t.Context(), r)
			wantError(t, err, trigger.ErrUnexpectedLambda, timedOut)
		}
		_, err := run(t.Context(), r)
		wantError(t, err, trigger.ErrUnexpectedLambda, "PreSignUp invocation failed due to error TooManyRequestsException.")
		if calls.Load() != 2 || r.Abandoned() != 2 {
			t.Errorf("%d calls, %d abandoned, want 2 and 2", calls.Load(), r.Abandoned())
		}

		other := signUp() // another pool is not affected
		other.UserPoolID = "eu-central-1_Other0001"
		_, err = trigger.Run(t.Context(), r, trigger.ARN("f"), other)
		wantError(t, err, trigger.ErrUnexpectedLambda, timedOut)

		close(release)
		synctest.Wait()
		if n := r.Abandoned(); n != 0 {
			t.Errorf("%d calls abandoned after all have returned", n)
		}
		if _, err := run(t.Context(), r); err != nil {
			t.Errorf("after all have returned: %v", err)
		}
	})
}

func TestH15_PanicKeepsItsText(t *testing.T) {
	t.Parallel()
	const secret = "hunter2-is-the-password"
	for name, h := range map[string]func(){
		"text":  func() { panic("wrong password " + secret) },
		"error": func() { panic(errors.New(secret)) },
		"nil":   func() { var m map[string]int; m[secret] = 1 },
		"exit":  runtime.Goexit,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var log strings.Builder
			r := newRunner(t, handlerFunc(func(context.Context, []byte) ([]byte, error) { h(); return nil, nil }),
				func(c *trigger.RunnerConfig) { c.Logger = slog.New(slog.NewTextHandler(&log, nil)) })
			_, err := run(t.Context(), r)
			wantError(t, err, trigger.ErrUnexpectedLambda, "PreSignUp invocation failed due to error ServiceException.")
			if strings.Contains(err.Error(), secret) || strings.Contains(log.String(), secret) {
				t.Errorf("secret in %v or in the log:\n%s", err, &log)
			}
			if !strings.Contains(log.String(), "runner_test.go:") {
				t.Errorf("the log does not say where:\n%s", &log)
			}
		})
	}
}

func TestH15_Recursion(t *testing.T) {
	t.Parallel()
	var r *trigger.Runner
	depth := 0
	r = newRunner(t, handlerFunc(func(ctx context.Context, payload []byte) ([]byte, error) {
		depth++
		if _, err := run(ctx, r); err != nil {
			return nil, err
		}
		return payload, nil
	}))
	_, err := run(t.Context(), r)
	const innermost = "UnexpectedLambdaException: PreSignUp invocation failed due to error RecursiveInvocationException."
	const around = "UserLambdaValidationException: PreSignUp failed with error "
	wantError(t, err, trigger.ErrUserLambdaValidation, "PreSignUp failed with error "+around+around+innermost+"...")
	if depth != 3 {
		t.Errorf("%d functions ran inside one another, want 3", depth)
	}
}

// A function that fails because of a trigger inside its own call has refused; it was reached.
func TestInnerTriggerFails(t *testing.T) {
	t.Parallel()
	inner := newRunner(t, handlerFunc(func(context.Context, []byte) ([]byte, error) {
		return nil, &trigger.InvokeError{Name: "AccessDeniedException", Retry: true, Cause: errors.New("secret")}
	}))
	calls := 0
	outer := newRunner(t, handlerFunc(func(ctx context.Context, _ []byte) ([]byte, error) {
		calls++
		_, err := run(ctx, inner)
		return nil, fmt.Errorf("create user: %w", err)
	}))
	_, err := run(t.Context(), outer)
	wantError(t, err, trigger.ErrUserLambdaValidation,
		"PreSignUp failed with error UnexpectedLambdaException: PreSignUp invocation failed due to error AccessDeniedException..")
	if calls != 1 {
		t.Errorf("%d calls, want 1", calls)
	}
}

// TestH15_NoLockDuringCall has calls that only end when all of them have begun.
func TestH15_NoLockDuringCall(t *testing.T) {
	t.Parallel()
	const callers = 32
	var begun sync.WaitGroup
	begun.Add(callers)
	r := newRunner(t, handlerFunc(func(_ context.Context, payload []byte) ([]byte, error) {
		begun.Done()
		begun.Wait()
		return payload, nil
	}))
	var wg sync.WaitGroup
	for range callers {
		wg.Go(func() {
			if _, err := run(t.Context(), r); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

// TRG-009: nobody reads what a sender answers, and its refusal is told to whoever delivers.
func TestNotify(t *testing.T) {
	t.Parallel()
	e := trigger.CustomSenderEvent{TriggerSource: trigger.CustomEmailSenderSignUp, UserPoolID: pool}
	r := newRunner(t, handlerFunc(func(context.Context, []byte) ([]byte, error) { return []byte("OK"), nil }))
	if err := trigger.Notify(t.Context(), r, trigger.ARN("f"), e); err != nil {
		t.Errorf("answer was read: %v", err)
	}
	r = newRunner(t, handlerFunc(func(context.Context, []byte) ([]byte, error) { return nil, errors.New("no credit") }))
	wantError(t, trigger.Notify(t.Context(), r, trigger.ARN("f"), e), trigger.ErrUserLambdaValidation, "CustomEmailSender failed with error no credit.")
}

func TestNewRunnerBounds(t *testing.T) {
	t.Parallel()
	for field, c := range map[string]trigger.RunnerConfig{
		"TimeLimit": {TimeLimit: -1}, "Attempts": {Attempts: 11}, "MaxAbandoned": {MaxAbandoned: -1},
	} {
		if _, err := trigger.NewRunner(c); err == nil || !strings.Contains(err.Error(), field) {
			t.Errorf("%s: error is %v", field, err)
		}
	}
}

// BenchmarkRun is what a trigger costs beyond its function.
func BenchmarkRun(b *testing.B) {
	functions := &trigger.Mux{}
	functions.Handle("f", handlerFunc(func(_ context.Context, payload []byte) ([]byte, error) { return payload, nil }))
	r, err := trigger.NewRunner(trigger.RunnerConfig{Functions: functions})
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := run(b.Context(), r); err != nil {
			b.Fatal(err)
		}
	}
}
