package identitypool

import (
	"log/slog"
	"time"

	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"

	"github.com/cenote-auth/cenote/awsapi"
	"github.com/cenote-auth/cenote/internal/engine"
)

// Config is the configuration of a Service. The zero value works.
type Config struct {
	Interceptors   []awsapi.Interceptor // wrap every operation; the first is the outermost
	Logger         *slog.Logger         // nil discards
	MeterProvider  metric.MeterProvider // nil is OpenTelemetry's global one
	TracerProvider trace.TracerProvider // nil is OpenTelemetry's global one
	Now            func() time.Time     // nil is time.Now
}

// Service answers the operations of identity pools. It is safe for concurrent use.
type Service struct {
	engine *engine.Engine
}

// New returns a service, or an error that says what is wrong with the configuration.
func New(cfg Config) (*Service, error) {
	e, err := engine.New(engine.Config{
		Service: &service, Interceptors: cfg.Interceptors, Logger: cfg.Logger, MeterProvider: cfg.MeterProvider,
		TracerProvider: cfg.TracerProvider, Now: cfg.Now,
	})
	if err != nil {
		return nil, err
	}
	return &Service{engine: e}, nil
}
