package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/cenote-auth/cenote"
)

// Time-outs against slow clients, and how long requests under way may take to end when the server stops.
const (
	headerTimeout   = 5 * time.Second
	readTimeout     = 30 * time.Second
	writeTimeout    = 60 * time.Second
	idleTimeout     = 2 * time.Minute
	shutdownTimeout = 20 * time.Second
	maxHeaderBytes  = 64 << 10
)

// A listener is an address and what is served there.
type listener struct {
	net.Listener
	handler http.Handler
	tls     *tls.Config // nil is plain HTTP
}

// serve serves until the server is shut down.
func (l listener) serve(srv *http.Server) error {
	if l.tls != nil {
		return srv.ServeTLS(l.Listener, "", "")
	}
	return srv.Serve(l.Listener)
}

func (l listener) server(log *slog.Logger) *http.Server {
	return &http.Server{
		Handler: l.handler, TLSConfig: l.tls, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn),
		ReadHeaderTimeout: headerTimeout, ReadTimeout: readTimeout, WriteTimeout: writeTimeout, IdleTimeout: idleTimeout,
		MaxHeaderBytes: maxHeaderBytes,
	}
}

// serveUntil serves what listens, and the instance's background work, until ctx ends or one of them does. Then it takes no new
// connection, lets the requests under way end, and returns.
func serveUntil(ctx context.Context, i *cenote.Instance, log *slog.Logger, listeners ...listener) error {
	background, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	running := 1 + len(listeners)
	ended := make(chan error, running)
	go func() { ended <- i.Run(background) }()
	servers := make([]*http.Server, len(listeners))
	for n, l := range listeners {
		servers[n] = l.server(log)
		go func() { ended <- l.serve(servers[n]) }()
	}
	var failure error
	select {
	case <-ctx.Done():
		log.Info("stopping")
	case failure = <-ended:
		running--
	}
	down, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTimeout)
	defer cancel()
	errs := make([]error, len(servers))
	var stopping sync.WaitGroup
	for n, srv := range servers { // together: while one waits for its requests, the others must not take new ones
		stopping.Go(func() { errs[n] = srv.Shutdown(down) })
	}
	stopping.Wait()
	stop()
	for range running {
		if e := <-ended; failure == nil && !errors.Is(e, http.ErrServerClosed) {
			failure = e
		}
	}
	return errors.Join(append(errs, failure)...)
}

// probes adds the endpoints that say whether the server lives and whether it can answer.
func probes(mux *http.ServeMux, i *cenote.Instance) {
	mux.HandleFunc("GET /_cenote/live", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	mux.HandleFunc("GET /_cenote/ready", func(w http.ResponseWriter, r *http.Request) {
		if err := i.Ready(r.Context()); err != nil {
			http.Error(w, "the store does not answer", http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintln(w, "ok")
	})
}

// listen opens the address. Addresses that other machines reach need public.
func listen(addr string, public bool) (net.Listener, error) {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, fmt.Errorf("--listen: %w", err)
	}
	if ip := net.ParseIP(host); !public && host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return nil, fmt.Errorf("--listen %s is not an address of this machine alone: say --allow-remote if you mean it", addr)
	}
	return net.Listen("tcp", addr)
}
