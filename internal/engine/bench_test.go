package engine_test

import (
	"testing"

	"github.com/cenote-auth/cenote/internal/engine"
)

// What the engine costs beside the rules: without interceptors, and without anybody who counts or traces.
func BenchmarkServe(b *testing.B) {
	e, err := engine.New(engine.Config{Service: &service})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	body, run := []byte(`{"Name":"Ada"}`), dispatch(greet)
	for b.Loop() {
		if _, err := engine.Serve(b.Context(), e, opGreet, body, nil, run); err != nil {
			b.Fatal(err)
		}
	}
}
