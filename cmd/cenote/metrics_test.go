package main

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/cenote-auth/cenote/awsapi"
	"github.com/cenote-auth/cenote/identitypool"
	cognitosync "github.com/cenote-auth/cenote/sync"
	"github.com/cenote-auth/cenote/userpool"
)

// Each operation can end in each code and has a line of its own for that. OpenTelemetry by itself gives the first 2,000 one, and
// counts the others together under no name.
func TestM6_EveryOutcomeHasALine(t *testing.T) {
	t.Parallel()
	m, err := newMetrics()
	if err != nil {
		t.Fatal(err)
	}
	count, err := m.provider.Meter("test").Int64Counter("cenote.operations")
	if err != nil {
		t.Fatal(err)
	}
	ops := slices.Concat(userpool.Operations(), identitypool.Operations(), cognitosync.Operations())
	codes := map[awsapi.Code]bool{"OK": true}
	for _, op := range ops {
		for _, code := range op.Codes {
			codes[code] = true
		}
	}
	for _, op := range ops {
		for code := range codes {
			count.Add(t.Context(), 1, metric.WithAttributes(attribute.String("op", op.Action()), attribute.String("code", string(code))))
		}
	}
	text := ask(m, http.MethodGet, "/metrics").Body.String()
	if lines, want := strings.Count(text, "\ncenote_operations_total{code="), len(ops)*len(codes); lines != want || want <= 2000 {
		t.Errorf("%d outcomes have %d lines", want, lines)
	}
	if strings.Contains(text, "overflow") {
		t.Error("some outcomes are counted together")
	}
}

// The buckets tell a read of some microseconds from a sign-in of some milliseconds and from a function's five seconds.
func TestDurationsHaveBuckets(t *testing.T) {
	t.Parallel()
	m, err := newMetrics()
	if err != nil {
		t.Fatal(err)
	}
	took, err := m.provider.Meter("test").Float64Histogram("cenote.operation.duration", metric.WithUnit("s"))
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range []time.Duration{40 * time.Microsecond, 90 * time.Microsecond, 3 * time.Millisecond, 4900 * time.Millisecond} {
		took.Record(t.Context(), d.Seconds(), metric.WithAttributes(attribute.String("op", "a:B"), attribute.String("code", "OK")))
	}
	text := ask(m, http.MethodGet, "/metrics").Body.String()
	for _, line := range []string{
		`cenote_operation_duration_seconds_bucket{op="a:B",le="5e-05"} 1`,
		`cenote_operation_duration_seconds_bucket{op="a:B",le="0.0001"} 2`,
		`cenote_operation_duration_seconds_bucket{op="a:B",le="0.005"} 3`,
		`cenote_operation_duration_seconds_bucket{op="a:B",le="2.5"} 3`,
		`cenote_operation_duration_seconds_bucket{op="a:B",le="5"} 4`,
		`cenote_operation_duration_seconds_count{op="a:B"} 4`,
	} {
		if !strings.Contains(text, "\n"+line+"\n") {
			t.Errorf("there is no line %s", line)
		}
	}
}

func TestMetricsListenerHasOnePath(t *testing.T) {
	t.Parallel()
	m, err := newMetrics()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		method, path string
		status       int
	}{
		{http.MethodGet, "/metrics", http.StatusOK},
		{http.MethodHead, "/metrics", http.StatusOK},
		{http.MethodPost, "/metrics", http.StatusMethodNotAllowed},
		{http.MethodDelete, "/metrics", http.StatusMethodNotAllowed},
		{http.MethodGet, "/", http.StatusNotFound},
		{http.MethodGet, "/metrics/", http.StatusNotFound},
		{http.MethodGet, "/_cenote/ready", http.StatusNotFound},
		{http.MethodPost, "/", http.StatusNotFound},
	} {
		if got := ask(m, c.method, c.path).Code; got != c.status {
			t.Errorf("%s %s is answered %d, want %d", c.method, c.path, got, c.status)
		}
	}
}

func ask(m *metrics, method, path string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	m.handler.ServeHTTP(w, httptest.NewRequest(method, path, nil))
	return w
}

// A server that cannot show its figures does not start, and says which flag is wrong.
func TestMetricsListenIsTaken(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute) // what serves in spite of it ends without an error
	defer cancel()
	exit := func(code int) { t.Errorf("exit %d", code) }
	for _, addr := range []string{l.Addr().String(), "127.0.0.1"} {
		err := run(ctx, []string{"serve", "--listen", "127.0.0.1:0", "--data", filepath.Join(t.TempDir(), "data"), "--metrics-listen", addr}, exit)
		if err == nil || !strings.Contains(err.Error(), "--metrics-listen") {
			t.Errorf("%s: %v", addr, err)
		}
	}
}
