package main

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/cenote-auth/cenote"
)

// testTimeout bounds what a test waits for.
const testTimeout = 60 * time.Second

// A closing listener tells when it takes no new connection.
type closing struct {
	net.Listener
	once   sync.Once
	closed chan struct{}
}

func (c *closing) Close() error {
	c.once.Do(func() { close(c.closed) })
	return c.Listener.Close()
}

// At the end no listener takes a new connection, though a request at another is still under way; that one gets its answer.
func TestAllListenersEndTogether(t *testing.T) {
	t.Parallel()
	i, err := cenote.New(cenote.Config{})
	if err != nil {
		t.Fatal(err)
	}
	began, release := make(chan struct{}), make(chan struct{})
	slow := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		close(began)
		<-release
		w.WriteHeader(http.StatusTeapot)
	})
	busy, idle := listenTest(t), listenTest(t)
	ctx, end := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- serveUntil(ctx, i, slog.New(slog.DiscardHandler),
			listener{Listener: busy, handler: slow}, listener{Listener: idle, handler: http.NotFoundHandler()})
	}()
	answer := make(chan int, 1)
	go func() {
		res, err := http.Get("http://" + busy.Addr().String())
		if err != nil {
			t.Errorf("the request under way: %v", err)
			answer <- 0
			return
		}
		_ = res.Body.Close()
		answer <- res.StatusCode
	}()
	await(t, "the request", began)
	end()
	await(t, "the busy listener's end", busy.closed)
	await(t, "the idle listener's end", idle.closed)
	close(release)
	if status := await(t, "the answer", answer); status != http.StatusTeapot {
		t.Errorf("the request under way is answered %d", status)
	}
	if err := await(t, "the end", ended); err != nil {
		t.Error(err)
	}
}

// If one listener fails, the others do not go on.
func TestAFailingListenerEndsTheServer(t *testing.T) {
	t.Parallel()
	i, err := cenote.New(cenote.Config{})
	if err != nil {
		t.Fatal(err)
	}
	good, bad := listenTest(t), listenTest(t)
	if err := bad.Listener.Close(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() {
		ended <- serveUntil(t.Context(), i, slog.New(slog.DiscardHandler),
			listener{Listener: good, handler: http.NotFoundHandler()}, listener{Listener: bad, handler: http.NotFoundHandler()})
	}()
	await(t, "the good listener's end", good.closed)
	if err := await(t, "the end", ended); err == nil {
		t.Error("no error is told")
	}
}

func listenTest(t *testing.T) *closing {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return &closing{Listener: l, closed: make(chan struct{})}
}

func await[T any](t *testing.T, what string, c <-chan T) T {
	t.Helper()
	var v T
	select {
	case v = <-c:
	case <-time.After(testTimeout):
		t.Fatalf("%s did not come", what)
	}
	return v
}
