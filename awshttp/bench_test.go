package awshttp_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cenote-auth/cenote/awsapi"
	"github.com/cenote-auth/cenote/awshttp"
)

const benchBody = `{"ClientId":"1example23456789","Username":"ada@example.com","Password":"Correct-Horse-9"}`

// constant is a service that costs nothing.
type constant struct{ ops []*awsapi.Operation }

func (c constant) Operations() []*awsapi.Operation { return c.ops }

func (constant) Serve(context.Context, *awsapi.Operation, []byte, awsapi.Guard) ([]byte, error) {
	return []byte(`{"UserConfirmed":false,"UserSub":"6f8e4c2a-0b1d-4e3f-8a9b-0c1d2e3f4a5b"}`), nil
}

// BenchmarkEmptyHandler is the floor of BenchmarkPublicOperation: the same request to a handler that reads and answers.
func BenchmarkEmptyHandler(b *testing.B) {
	overHTTP(b, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		_, _ = io.WriteString(w, "{}")
	}))
}

func BenchmarkPublicOperation(b *testing.B) {
	h, err := awshttp.New(awshttp.Config{Services: []awshttp.Service{constant{userPools().ops}}})
	require.NoError(b, err)
	overHTTP(b, h)
}

// BenchmarkHandlerOnly is what the adapter itself costs, without net/http.
func BenchmarkHandlerOnly(b *testing.B) {
	h, err := awshttp.New(awshttp.Config{Services: []awshttp.Service{constant{userPools().ops}}})
	require.NoError(b, err)
	r := post(idp+"SignUp", "")
	body := strings.NewReader(benchBody)
	r.Body, r.ContentLength = io.NopCloser(body), int64(len(benchBody))
	b.ReportAllocs()
	for b.Loop() {
		body.Reset(benchBody)
		h.ServeHTTP(&discard{header: http.Header{}}, r)
	}
}

type discard struct{ header http.Header }

func (d *discard) Header() http.Header         { return d.header }
func (d *discard) Write(p []byte) (int, error) { return len(p), nil }
func (d *discard) WriteHeader(int)             {}

func overHTTP(b *testing.B, h http.Handler) {
	srv := httptest.NewServer(h)
	defer srv.Close()
	b.ReportAllocs()
	for b.Loop() {
		r, err := http.NewRequestWithContext(b.Context(), "POST", srv.URL, strings.NewReader(benchBody))
		require.NoError(b, err)
		r.Header["Content-Type"] = []string{json11}
		r.Header["X-Amz-Target"] = []string{idp + "SignUp"}
		res, err := srv.Client().Do(r)
		require.NoError(b, err)
		_, _ = io.Copy(io.Discard, res.Body)
		res.Body.Close()
	}
}
