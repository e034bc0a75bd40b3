package main

import (
	"net"
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"go.opentelemetry.io/otel/attribute"
	otelprometheus "go.opentelemetry.io/otel/exporters/prometheus"
	"go.opentelemetry.io/otel/sdk/metric"
)

// operationBuckets bound the durations of operations, in seconds: a read takes some microseconds, a sign-in some milliseconds, and a
// function may take its five seconds.
var operationBuckets = []float64{0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10}

// metrics are the figures of a server in the form that Prometheus collects: what the services count, with labels from closed sets
// only (M6), and what the process takes.
type metrics struct {
	provider *metric.MeterProvider
	handler  http.Handler
}

func newMetrics() (*metrics, error) {
	registry := prometheus.NewRegistry()
	for _, c := range []prometheus.Collector{collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{})} {
		if err := registry.Register(c); err != nil {
			return nil, err
		}
	}
	exporter, err := otelprometheus.New(otelprometheus.WithRegisterer(registry), otelprometheus.WithoutScopeInfo(), otelprometheus.WithoutTargetInfo())
	if err != nil {
		return nil, err
	}
	// The time is told by operation alone: how many of them failed, and why, is what the counter says.
	durations := metric.NewView(metric.Instrument{Name: "cenote.operation.duration"}, metric.Stream{
		Aggregation:     metric.AggregationExplicitBucketHistogram{Boundaries: operationBuckets},
		AttributeFilter: attribute.NewAllowKeysFilter("op"),
	})
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{Registry: registry}))
	// Operations and their codes are the limit. OpenTelemetry's own, 2,000 sets of labels, is below it, and counts what comes after
	// that as one.
	provider := metric.NewMeterProvider(metric.WithReader(exporter), metric.WithView(durations), metric.WithCardinalityLimit(0))
	return &metrics{provider, mux}, nil
}

// listen opens the address of the metrics.
func (m *metrics) listen(addr string) (listener, error) {
	l, err := net.Listen("tcp", addr)
	return listener{Listener: l, handler: m.handler}, err
}
