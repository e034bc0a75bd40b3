package engine_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/cenote-auth/cenote/internal/engine"
)

// Labels come from closed sets: an error code that somebody makes up does not become a label.
func TestM6_MetricsAndSpansHaveClosedLabels(t *testing.T) {
	t.Parallel()
	reader := sdkmetric.NewManualReader()
	spans := tracetest.NewInMemoryExporter()
	now := time.Unix(0, 0)
	e := newEngine(t, engine.Config{
		MeterProvider:  sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader)),
		TracerProvider: sdktrace.NewTracerProvider(sdktrace.WithSyncer(spans)),
		Now:            func() time.Time { now = now.Add(time.Second); return now },
	})
	for _, err := range []error{nil, nil, errExists, errLost.New("made up"), fmt.Errorf("broken")} {
		_, _ = engine.Call(t.Context(), e, opGreet, &greetInput{Name: "Ada"}, fail(err))
	}

	var data metricdata.ResourceMetrics
	if err := reader.Collect(context.Background(), &data); err != nil {
		t.Fatal(err)
	}
	counts, seconds := map[string]int64{}, map[string]float64{}
	for _, m := range data.ScopeMetrics[0].Metrics {
		switch d := m.Data.(type) {
		case metricdata.Sum[int64]:
			for _, p := range d.DataPoints {
				counts[label(t, p.Attributes)] = p.Value
			}
		case metricdata.Histogram[float64]:
			for _, p := range d.DataPoints {
				seconds[label(t, p.Attributes)] = p.Sum
			}
		}
	}
	if want := map[string]int64{"OK": 2, "UsernameExistsException": 1, "Other": 1, "InternalErrorException": 1}; !maps.Equal(counts, want) {
		t.Errorf("counted %v", counts)
	}
	if want := map[string]float64{"OK": 2, "UsernameExistsException": 1, "Other": 1, "InternalErrorException": 1}; !maps.Equal(seconds, want) {
		t.Errorf("timed %v", seconds)
	}

	var got []string
	for _, s := range spans.GetSpans() {
		got = append(got, fmt.Sprint(s.Name, " ", label(t, attribute.NewSet(s.Attributes...)), " ", s.Status.Code == codes.Error))
	}
	want := []string{"test:Greet OK false", "test:Greet OK false", "test:Greet UsernameExistsException false", "test:Greet Other false", "test:Greet InternalErrorException true"}
	if !slices.Equal(got, want) {
		t.Errorf("traced %q", got)
	}
}

// label returns the code of a set that has the two labels and no other.
func label(t *testing.T, set attribute.Set) string {
	t.Helper()
	op, _ := set.Value("op")
	code, ok := set.Value("code")
	if set.Len() != 2 || op.AsString() != "test:Greet" || !ok {
		t.Errorf("labels are %v", set.ToSlice())
	}
	return code.AsString()
}
