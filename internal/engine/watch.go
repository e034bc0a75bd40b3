package engine

import (
	"context"
	"errors"
	"sync"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"

	"github.com/cenote-auth/cenote/awsapi"
)

// scope names the instrumentation.
const scope = "github.com/cenote-auth/cenote"

// Labels of metrics and spans. Both come from closed sets (security rule M6).
const (
	labelOp   = attribute.Key("op")
	labelCode = attribute.Key("code")

	codeOK    = "OK"
	codeOther = "Other" // an error code that neither the model nor the engine knows, as an interceptor can make
)

// watch counts, times and traces operations.
type watch struct {
	tracer   trace.Tracer
	count    metric.Int64Counter
	duration metric.Float64Histogram

	sets sync.Map // outcome → metric.MeasurementOption; bounded by the operations and their codes
}

type outcome struct {
	op   *awsapi.Operation
	code string
}

func newWatch(meters metric.MeterProvider, tracers trace.TracerProvider) (*watch, error) {
	if meters == nil {
		meters = otel.GetMeterProvider()
	}
	if tracers == nil {
		tracers = otel.GetTracerProvider()
	}
	meter := meters.Meter(scope)
	count, errCount := meter.Int64Counter("cenote.operations", metric.WithUnit("{operation}"),
		metric.WithDescription("Operations by name and error code."))
	duration, errDuration := meter.Float64Histogram("cenote.operation.duration", metric.WithUnit("s"),
		metric.WithDescription("Time that operations took, by name and error code."))
	return &watch{tracer: tracers.Tracer(scope), count: count, duration: duration}, errors.Join(errCount, errDuration)
}

func (w *watch) start(ctx context.Context, op *awsapi.Operation) (context.Context, trace.Span) {
	return w.tracer.Start(ctx, op.Action())
}

// end records how an operation ended. Only errors of ours, those that callers see as 5xx, mark the span as failed.
func (w *watch) end(ctx context.Context, op *awsapi.Operation, span trace.Span, took time.Duration, err error) {
	code := codeOK
	if err != nil {
		e := awsapi.AsError(err)
		if code = codeOther; declared(op, e.Code) {
			code = string(e.Code)
		}
		if e.HTTPStatus() >= 500 {
			span.SetStatus(codes.Error, code)
		}
	}
	if span.IsRecording() {
		span.SetAttributes(labelOp.String(op.Action()), labelCode.String(code))
	}
	span.End()
	set := w.labels(outcome{op, code})
	w.count.Add(ctx, 1, set)
	w.duration.Record(ctx, took.Seconds(), set)
}

func (w *watch) labels(o outcome) metric.MeasurementOption {
	if set, ok := w.sets.Load(o); ok {
		return set.(metric.MeasurementOption)
	}
	set := metric.WithAttributeSet(attribute.NewSet(labelOp.String(o.op.Action()), labelCode.String(o.code)))
	w.sets.Store(o, set)
	return set
}
