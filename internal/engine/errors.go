package engine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"slices"
	"strings"

	"github.com/cenote-auth/cenote/awsapi"
)

// common holds the codes that every operation may answer though its model does not declare them.
var common = []awsapi.Code{
	awsapi.ErrSerialization, awsapi.ErrUnknownOperation, awsapi.ErrMissingAuthentication, awsapi.ErrUnrecognizedClient,
	awsapi.ErrInvalidSignature, awsapi.ErrIncompleteSignature, awsapi.ErrExpiredToken, awsapi.ErrAccessDenied, awsapi.ErrInternal,
	awsapi.ErrRequestEntityTooLarge, awsapi.ErrServiceUnavailable, awsapi.ErrOperationNotImplemented, awsapi.ErrTooManyRequests,
}

func declared(op *awsapi.Operation, code awsapi.Code) bool {
	return slices.Contains(op.Codes, code) || slices.Contains(common, code) || code == op.Service.Validation
}

// Undeclared reports whether err has a code that neither the operation's model declares nor every operation may answer.
// An error without a code is InternalErrorException and therefore never undeclared.
func Undeclared(op *awsapi.Operation, err error) bool {
	return !declared(op, awsapi.AsError(err).Code)
}

// errorLog makes the errors of one call AWS's, and logs what the caller is not told: once, however often the same error
// passes.
type errorLog struct {
	engine *Engine
	op     *awsapi.Operation
	logged *awsapi.Error // the last one that went through
}

// normalise makes any error an *awsapi.Error with the service's status, and logs the cause of an internal one.
func (l *errorLog) normalise(ctx context.Context, err error) *awsapi.Error {
	e := awsapi.AsError(err)
	first := e != l.logged
	if e.Status == 0 {
		i := slices.IndexFunc(l.op.Service.Statuses, func(s awsapi.CodeStatus) bool { return s.Code == e.Code })
		if i >= 0 {
			withStatus := *e
			withStatus.Status = l.op.Service.Statuses[i].Status
			e = &withStatus
		}
	}
	if e.Code == awsapi.ErrInternal && first {
		level := slog.LevelError
		if errors.Is(e, context.Canceled) {
			level = slog.LevelDebug // the caller went away
		}
		l.engine.cfg.Logger.Log(ctx, level, "operation failed", "op", l.op.Action(), "request", awsapi.CallerFrom(ctx).RequestID, "err", e.Unwrap())
	}
	l.logged = e
	return e
}

// recovered makes a panic an internal error. The log names its type and where it came from, never its value or
// arguments, which may be anybody's password.
func (l *errorLog) recovered(ctx context.Context, p any) *awsapi.Error {
	e := awsapi.AsError(fmt.Errorf("panic of type %T", p))
	l.logged = e
	l.engine.cfg.Logger.ErrorContext(ctx, "operation panicked", "op", l.op.Action(), "request", awsapi.CallerFrom(ctx).RequestID,
		"type", fmt.Sprintf("%T", p), "stack", stack())
	return e
}

// stack lists the functions of the panicking goroutine, innermost first, without arguments.
func stack() string {
	pcs := make([]uintptr, 64)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(3, pcs)])
	var b strings.Builder
	for {
		f, more := frames.Next()
		fmt.Fprintf(&b, "%s %s:%d\n", f.Function, f.File, f.Line)
		if !more {
			return b.String()
		}
	}
}
