package engine_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/cenote-auth/cenote/awsapi"
	"github.com/cenote-auth/cenote/internal/engine"
	"github.com/cenote-auth/cenote/internal/wire"
)

const (
	errBadName awsapi.Code = "InvalidParameterException"
	errExists  awsapi.Code = "UsernameExistsException"
	errLost    awsapi.Code = "ResourceNotFoundException"
)

type greetInput struct{ Name string }

type greetOutput struct{ Text string }

var (
	service = awsapi.Service{Name: "test", Validation: errBadName, Statuses: []awsapi.CodeStatus{{Code: errExists, Status: 409}}}

	shapeName   = wire.Shape{Name: "Name", Kind: wire.String, Max: 5, HasMax: true}
	shapeInput  = wire.Shape{Name: "In", Kind: wire.Structure, Members: []wire.Member{{Name: "Name", Shape: &shapeName, Required: true}}}
	shapeOutput = wire.Shape{Name: "Out", Kind: wire.Structure, Members: []wire.Member{{Name: "Text", Shape: &shapeName}}}

	opGreet = &wire.Op{
		Operation: awsapi.Operation{Name: "Greet", Service: &service, Codes: []awsapi.Code{errExists}, Built: true},
		Input:     &shapeInput, Output: &shapeOutput, NewInput: func() any { return new(greetInput) },
		IsInput: wire.Is[greetInput], IsOutput: wire.Is[greetOutput],
	}
	opForget = &wire.Op{
		Operation: awsapi.Operation{Name: "Forget", Service: &service, NoOutput: true, Built: true},
		Input:     &shapeInput, Output: &shapeOutput, NewInput: func() any { return new(greetInput) },
		IsInput: wire.Is[greetInput], IsOutput: wire.Is[greetOutput],
	}
)

func greet(_ context.Context, in *greetInput) (*greetOutput, error) {
	return &greetOutput{Text: "Hello " + in.Name}, nil
}

// fail returns rules that end with err.
func fail(err error) func(context.Context, *greetInput) (*greetOutput, error) {
	return func(context.Context, *greetInput) (*greetOutput, error) { return nil, err }
}

func dispatch(run func(context.Context, *greetInput) (*greetOutput, error)) engine.Dispatch {
	return func(ctx context.Context, _ *wire.Op, in any) (any, error) { return engine.Run(ctx, in, run) }
}

func newEngine(t *testing.T, cfg engine.Config) *engine.Engine {
	t.Helper()
	cfg.Service = &service
	e, err := engine.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestCall(t *testing.T) {
	t.Parallel()
	e := newEngine(t, engine.Config{})
	out, err := engine.Call(t.Context(), e, opGreet, &greetInput{Name: "Ada"}, greet)
	if err != nil || out.Text != "Hello Ada" {
		t.Errorf("got %+v, %v", out, err)
	}
	if _, err := engine.Call(t.Context(), e, opGreet, nil, greet); !errors.Is(err, errBadName) {
		t.Errorf("a nil input gave %v", err)
	}
	if _, err := engine.Call(t.Context(), e, opGreet, &greetInput{Name: "too long"}, greet); !errors.Is(err, errBadName) {
		t.Errorf("a bad input gave %v", err)
	}
	if out, err := engine.Call(t.Context(), e, opGreet, &greetInput{Name: "Ada"}, fail(nil)); err != nil || out == nil {
		t.Errorf("rules that say nothing gave %+v, %v", out, err)
	}
}

func TestServe(t *testing.T) {
	t.Parallel()
	e := newEngine(t, engine.Config{})
	tests := []struct {
		name, body string
		op         *wire.Op
		run        func(context.Context, *greetInput) (*greetOutput, error)
		want       string
		code       awsapi.Code
	}{
		{"answer", `{"Name":"Ada"}`, opGreet, greet, `{"Text":"Hello Ada"}`, ""},
		{"ERR-001 empty answer", `{"Name":"Ada"}`, opGreet, fail(nil), `{}`, ""},
		{"ERR-001 no output", `{"Name":"Ada"}`, opForget, greet, ``, ""},
		{"ERR-010 no JSON", `{`, opGreet, greet, ``, awsapi.ErrSerialization},
		{"ERR-040 violation", `{"Name":"too long"}`, opGreet, greet, ``, errBadName},
		{"error of the rules", `{"Name":"Ada"}`, opGreet, fail(fmt.Errorf("greet: %w", errExists.New("x"))), ``, errExists},
		{"bare code", `{"Name":"Ada"}`, opGreet, fail(errExists), ``, errExists},
		{"other error", `{"Name":"Ada"}`, opGreet, fail(errors.New("secret")), ``, awsapi.ErrInternal},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			out, err := engine.Serve(t.Context(), e, tt.op, []byte(tt.body), nil, dispatch(tt.run))
			if string(out) != tt.want {
				t.Errorf("got %s", out)
			}
			if tt.code == "" && err != nil || tt.code != "" && !errors.Is(err, tt.code) {
				t.Errorf("got error %v, want %q", err, tt.code)
			}
			if _, ok := err.(*awsapi.Error); err != nil && !ok {
				t.Errorf("got a %T", err)
			}
		})
	}
}

// The order of the stations, which is also the order in which they may refuse (ERR-014).
func TestOrder(t *testing.T) {
	t.Parallel()
	var steps []string
	note := func(s string) { steps = append(steps, s) }
	intercept := func(name string) awsapi.Interceptor {
		return func(ctx context.Context, c *awsapi.Call, next awsapi.Next) (any, error) {
			note(name + " " + c.Resource)
			out, err := next(ctx, c)
			note(name + " done")
			return out, err
		}
	}
	e := newEngine(t, engine.Config{
		Interceptors: []awsapi.Interceptor{intercept("outer"), intercept("inner")},
		Resource:     func(context.Context, any) (string, error) { note("resource"); return "arn:x", nil },
	})
	guard := func(_ context.Context, c *awsapi.Call) error {
		note("guard " + c.Resource + " " + c.Input.(*greetInput).Name)
		return nil
	}
	rules := func(context.Context, *greetInput) (*greetOutput, error) { note("rules"); return &greetOutput{}, nil }
	if _, err := engine.Serve(t.Context(), e, opGreet, []byte(`{"Name":"Ada"}`), guard, dispatch(rules)); err != nil {
		t.Fatal(err)
	}
	want := []string{"resource", "outer arn:x", "inner arn:x", "guard arn:x Ada", "rules", "inner done", "outer done"}
	if !slices.Equal(steps, want) {
		t.Errorf("got  %q\nwant %q", steps, want)
	}
}

// C9: who may not ask learns nothing, neither what exists nor what is wrong with the request.
func TestC9_GuardComesFirst(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{"malformed": `{`, "violation": `{"Name":"too long"}`, "good": `{"Name":"Ada"}`} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := newEngine(t, engine.Config{Resource: func(context.Context, any) (string, error) { return "", errLost.New("not there") }})
			deny := func(_ context.Context, c *awsapi.Call) error {
				if c.Resource != "" || c.Op != &opGreet.Operation {
					t.Errorf("guard saw %+v", c)
				}
				return awsapi.ErrAccessDenied.New("no")
			}
			if _, err := engine.Serve(t.Context(), e, opGreet, []byte(body), deny, dispatch(greet)); !errors.Is(err, awsapi.ErrAccessDenied) {
				t.Errorf("got %v", err)
			}
		})
	}
	e := newEngine(t, engine.Config{Resource: func(context.Context, any) (string, error) { return "", errLost.New("not there") }})
	if _, err := engine.Serve(t.Context(), e, opGreet, []byte(`{"Name":"Ada"}`), nil, dispatch(greet)); !errors.Is(err, errLost) {
		t.Errorf("with the right to ask: got %v", err)
	}
}

func TestInterceptors(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name      string
		intercept awsapi.Interceptor
		body      string
		want      string
		code      awsapi.Code
	}{
		{"sees a malformed request, without its parts", func(ctx context.Context, c *awsapi.Call, next awsapi.Next) (any, error) {
			if in, ok := c.Input.(*greetInput); !ok || in.Name != "" {
				return nil, errors.New("saw it")
			}
			_, err := next(ctx, c)
			if !errors.Is(err, awsapi.ErrSerialization) {
				return nil, errors.New("no decode error")
			}
			return &greetOutput{Text: "forgiven"}, nil
		}, `{"Name":"Ada","Name":"Eve"}`, `{"Text":"forgiven"}`, ""},
		{"sees the error that is sent", func(ctx context.Context, c *awsapi.Call, next awsapi.Next) (any, error) {
			_, err := next(ctx, c)
			if e, ok := err.(*awsapi.Error); !ok || e.Code != errBadName {
				return nil, errors.New("not normalised")
			}
			return nil, err
		}, `{}`, ``, errBadName},
		{"may answer itself", func(context.Context, *awsapi.Call, awsapi.Next) (any, error) {
			return &greetOutput{Text: "me"}, nil
		}, `{}`, `{"Text":"me"}`, ""},
		{"may refuse", func(context.Context, *awsapi.Call, awsapi.Next) (any, error) {
			return nil, fmt.Errorf("quota: %w", awsapi.ErrTooManyRequests)
		}, `{}`, ``, awsapi.ErrTooManyRequests},
		{"may change the input, which is checked then", func(ctx context.Context, c *awsapi.Call, next awsapi.Next) (any, error) {
			c.Input = &greetInput{Name: "too long"}
			return next(ctx, c)
		}, `{"Name":"Ada"}`, ``, errBadName},
		{"calls next twice", func(ctx context.Context, c *awsapi.Call, next awsapi.Next) (any, error) {
			if _, err := next(ctx, c); err != nil {
				return nil, err
			}
			return next(ctx, c)
		}, `{"Name":"Ada"}`, ``, awsapi.ErrInternal},
		{"passes no call", func(ctx context.Context, _ *awsapi.Call, next awsapi.Next) (any, error) {
			return next(ctx, nil)
		}, `{"Name":"Ada"}`, ``, awsapi.ErrInternal},
		{"passes a foreign input", func(ctx context.Context, c *awsapi.Call, next awsapi.Next) (any, error) {
			c.Input = new(int)
			return next(ctx, c)
		}, `{"Name":"Ada"}`, ``, awsapi.ErrInternal},
		{"answers a foreign output", func(context.Context, *awsapi.Call, awsapi.Next) (any, error) {
			return new(int), nil
		}, `{"Name":"Ada"}`, ``, awsapi.ErrInternal},
		{"answers nothing", func(context.Context, *awsapi.Call, awsapi.Next) (any, error) {
			return nil, nil
		}, `{"Name":"Ada"}`, ``, awsapi.ErrInternal},
		{"panics", func(context.Context, *awsapi.Call, awsapi.Next) (any, error) {
			panic("interceptor")
		}, `{"Name":"Ada"}`, ``, awsapi.ErrInternal},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			e := newEngine(t, engine.Config{Interceptors: []awsapi.Interceptor{tt.intercept}})
			out, err := engine.Serve(t.Context(), e, opGreet, []byte(tt.body), nil, dispatch(greet))
			if string(out) != tt.want {
				t.Errorf("got %s", out)
			}
			if tt.code == "" && err != nil || tt.code != "" && !errors.Is(err, tt.code) {
				t.Errorf("got error %v, want %q", err, tt.code)
			}
		})
	}
	if _, err := engine.New(engine.Config{Service: &service, Interceptors: []awsapi.Interceptor{nil}}); err == nil {
		t.Error("a nil interceptor was accepted")
	}
	if _, err := engine.New(engine.Config{}); err == nil {
		t.Error("no service was accepted")
	}
}

func TestCallerAndOperationReachInterceptors(t *testing.T) {
	t.Parallel()
	want := awsapi.Caller{ARN: "arn:aws:iam::123456789012:user/ada", SourceIP: "192.0.2.1"}
	var got *awsapi.Call
	e := newEngine(t, engine.Config{Interceptors: []awsapi.Interceptor{func(ctx context.Context, c *awsapi.Call, next awsapi.Next) (any, error) {
		got = c
		return next(ctx, c)
	}}})
	if _, err := engine.Call(awsapi.WithCaller(t.Context(), want), e, opGreet, &greetInput{Name: "Ada"}, greet); err != nil {
		t.Fatal(err)
	}
	if got.Caller != want || got.Op != &opGreet.Operation || !reflect.DeepEqual(got.Input, &greetInput{Name: "Ada"}) {
		t.Errorf("got %+v", got)
	}
}

// logged runs the rules below an interceptor that wraps errors, and returns the log.
func logged(t *testing.T, run func(context.Context, *greetInput) (*greetOutput, error)) (log string, err error) {
	t.Helper()
	var b bytes.Buffer
	e := newEngine(t, engine.Config{
		Logger: slog.New(slog.NewTextHandler(&b, nil)),
		Interceptors: []awsapi.Interceptor{func(ctx context.Context, c *awsapi.Call, next awsapi.Next) (any, error) {
			out, err := next(ctx, c)
			if err != nil {
				return nil, fmt.Errorf("audit: %w", err)
			}
			return out, nil
		}},
	})
	_, err = engine.Call(t.Context(), e, opGreet, &greetInput{Name: "Ada"}, run)
	return b.String(), err
}

func TestInternalErrorsAreLoggedOnceAndNotTold(t *testing.T) {
	t.Parallel()
	cause := errors.New("disk is full")
	log, err := logged(t, fail(fmt.Errorf("write: %w", cause)))
	status, code, body := awsapi.WireError(err)
	if status != 500 || code != "InternalErrorException" || strings.Contains(string(body), "disk") || !errors.Is(err, cause) {
		t.Errorf("told %d %s %s", status, code, body)
	}
	if strings.Count(log, "disk is full") != 1 || strings.Count(log, "\n") != 1 {
		t.Errorf("logged %s", log)
	}
	if log, _ := logged(t, fail(errExists.New("there").With(cause))); log != "" {
		t.Errorf("a refusal was logged: %s", log)
	}
	if log, err := logged(t, fail(context.Canceled)); log != "" || !errors.Is(err, context.Canceled) {
		t.Errorf("a caller who went away: %v, logged %s", err, log)
	}
}

func TestH16_PanicsAreLoggedWithoutValues(t *testing.T) {
	t.Parallel()
	log, err := logged(t, func(_ context.Context, in *greetInput) (*greetOutput, error) { panic("canary " + in.Name) })
	if !errors.Is(err, awsapi.ErrInternal) || strings.Contains(err.Error(), "canary") {
		t.Errorf("got %v", err)
	}
	if strings.Contains(log, "canary") || !strings.Contains(log, "TestH16_PanicsAreLoggedWithoutValues") || strings.Count(log, "\n") != 1 {
		t.Errorf("logged %s", log)
	}
}

func TestStatusesOfTheService(t *testing.T) {
	t.Parallel()
	e := newEngine(t, engine.Config{})
	_, err := engine.Call(t.Context(), e, opGreet, &greetInput{Name: "Ada"}, fail(errExists))
	if status, _, _ := awsapi.WireError(err); status != 409 {
		t.Errorf("got %d", status)
	}
	own := &awsapi.Error{Code: errExists, Status: 418}
	_, err = engine.Call(t.Context(), e, opGreet, &greetInput{Name: "Ada"}, fail(own))
	if status, _, _ := awsapi.WireError(err); status != 418 {
		t.Errorf("got %d", status)
	}
}

func TestOnUndeclared(t *testing.T) {
	t.Parallel()
	for err, want := range map[error]bool{
		errExists: false, errBadName: false, awsapi.ErrTooManyRequests: false, errors.New("x"): false, errLost: true, errLost.New("x"): true,
	} {
		var told bool
		e := newEngine(t, engine.Config{OnUndeclared: func(op *awsapi.Operation, got error) { told = op == &opGreet.Operation && got == err }})
		_, _ = engine.Call(t.Context(), e, opGreet, &greetInput{Name: "Ada"}, fail(err))
		if told != want || engine.Undeclared(&opGreet.Operation, err) != want {
			t.Errorf("%v: told is %v", err, told)
		}
	}
}

func TestUnbuilt(t *testing.T) {
	t.Parallel()
	status, code, body := awsapi.WireError(engine.Unbuilt(opGreet))
	if status != 501 || code != "OperationNotImplementedException" || !strings.Contains(string(body), "Operation Greet is not available in this version of cenote.") {
		t.Errorf("got %d %s %s", status, code, body)
	}
}
