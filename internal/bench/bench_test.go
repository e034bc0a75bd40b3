package bench_test

import (
	"context"
	"testing"

	"github.com/cenote-auth/cenote/store/memory"
)

// The workloads of the table as Go benchmarks: for profiles, and for comparing two versions. ns/op is real time, and includes what
// the table leaves out.

func BenchmarkSignInSRP(b *testing.B) {
	w := signInWorld(b)
	run(b, w.srp(b.Context(), process))
}

func BenchmarkSignInPassword(b *testing.B) {
	w := signInWorld(b)
	run(b, w.password(b.Context(), process))
}

func BenchmarkRefresh(b *testing.B) {
	w := signInWorld(b)
	tokens, err := w.refreshTokens(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	run(b, w.refresh(b.Context(), process, tokens))
}

func BenchmarkDevice(b *testing.B) {
	w, devices, err := deviceWorld(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	run(b, w.device(b.Context(), process, devices))
}

func BenchmarkGetUser(b *testing.B) { overHTTP(b, (*world).getUserRequests) }

func BenchmarkAdminGetUser(b *testing.B) { overHTTP(b, (*world).adminGetUserRequests) }

func BenchmarkListUsers(b *testing.B) {
	p, err := newPopulation(b.Context(), memory.New(memory.Config{}), smallPool)
	if err != nil {
		b.Fatal(err)
	}
	p = p.asking(hot)
	b.Run("equal", func(b *testing.B) { run(b, p.equal(b.Context())) })
	b.Run("prefix", func(b *testing.B) { run(b, p.prefix(b.Context())) })
}

func signInWorld(b *testing.B) *world {
	b.Helper()
	w, err := newWorld(b.Context(), memory.New(memory.Config{}))
	if err == nil {
		err = w.addUsers(b.Context(), signInUsers)
	}
	if err != nil {
		b.Fatal(err)
	}
	return w
}

// run gives the work its n, so that it is set up once.
func run(b *testing.B, w work) {
	b.Helper()
	if _, err := w(1); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.ResetTimer()
	spent, err := w(b.N)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(spent)/float64(b.N), "measured-ns/op")
}

// overHTTP sends requests to the service over a loopback connection.
func overHTTP(b *testing.B, requests func(*world, context.Context) ([][]byte, error)) {
	b.Helper()
	w := signInWorld(b)
	prepared, err := requests(w, b.Context())
	if err != nil {
		b.Fatal(err)
	}
	h, err := w.handler()
	if err != nil {
		b.Fatal(err)
	}
	p, err := serve(b.Context(), h)
	if err != nil {
		b.Fatal(err)
	}
	defer p.close()
	run(b, p.sending(prepared))
}
