package awshttp

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/cenote-auth/cenote/awsapi"
	"github.com/cenote-auth/cenote/iam"
)

// Handler serves the operations of its services. It is safe for concurrent use.
type Handler struct {
	routes        *routes
	authenticator iam.Authenticator
	authorizer    iam.Authorizer
	maxBody       int64
	hosts         map[string]bool // nil is any
	origins       map[string]bool // nil is any
	proxies       []netip.Prefix
	dev           *DevGuard
	documents     http.Handler // nil is none
	limiter       Limiter
	log           *slog.Logger
	now           func() time.Time
	rand          io.Reader
	buffers       sync.Pool // of *[]byte

	public, signed awsapi.Guard // what a decoded call has to pass
}

// ServeHTTP answers one request.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	start := h.now()
	x := exchange{h: h, w: w, r: r}
	x.serve()
	x.release()
	if h.log.Enabled(r.Context(), slog.LevelInfo) {
		name := "-"
		if x.route != nil {
			name = x.route.op.Action()
		}
		h.log.LogAttrs(r.Context(), slog.LevelInfo, "request",
			slog.String("op", name), slog.Int("status", x.status), slog.String("code", x.code),
			slog.Duration("duration", h.now().Sub(start)), slog.String("request", x.id))
	}
}

// exchange is one request and its answer.
type exchange struct {
	h     *Handler
	w     http.ResponseWriter
	r     *http.Request
	id    string
	route *route
	cors  cors

	body    []byte // in a buffer of the pool, nil until it is read
	bodyErr error
	buffers [2]*[]byte // the body, and for rest-json what it was bound into

	status int    // answered
	code   string // of the error answered
}

// serve finds the operation and runs it (ERR-014).
func (x *exchange) serve() {
	h, r := x.h, x.r
	if !h.knowsHost(r.Host) {
		x.misdirected()
		return
	}
	if h.documents != nil && isDocument(r) {
		x.document()
		return
	}
	id, err := uuid.NewRandomFromReader(h.rand)
	if err != nil {
		x.log("make a request id", err)
	}
	x.id = id.String()
	x.cors = h.corsFor(r)
	if r.Method == http.MethodOptions {
		x.preflight()
		return
	}
	if x.route = h.routes.find(r); x.route == nil {
		x.unknownOperation()
		return
	}
	if out, err := x.run(); err != nil {
		x.fail(err)
	} else {
		x.succeed(out)
	}
}

// run authenticates the request where the operation is signed, and has the service run it.
func (x *exchange) run() ([]byte, error) {
	h, r, op := x.h, x.r, x.route.op
	signed := op.Auth == awsapi.AuthSigV4
	if h.dev != nil {
		if signed && h.dev.Foreign(r) {
			return nil, errForeign
		}
		if !signed {
			x.cors = anyOrigin
		}
	}
	if err := x.checkContentType(); err != nil {
		return nil, err
	}
	address := h.clientAddress(r)
	caller := awsapi.Caller{UserAgent: userAgent(r), RequestID: x.id}
	if address.IsValid() {
		caller.SourceIP = address.String()
	}
	ctx := awsapi.WithCaller(r.Context(), caller)
	if err := h.limiter.Arrive(ctx, op, address); err != nil {
		return nil, err
	}
	guard := h.public
	if signed {
		p, err := x.authenticate(ctx)
		if err != nil {
			return nil, err
		}
		caller.ARN, caller.Account, caller.Identity = p.ARN, p.Account, p.Identity
		ctx = iam.WithPrincipal(awsapi.WithCaller(ctx, caller), p)
		guard = h.signed
	}
	body, err := x.readBody()
	if err != nil {
		return nil, err
	}
	if x.route.rest() {
		buf := x.buffer()
		if body, err = x.route.bind(*buf, r, body); err != nil {
			return nil, err
		}
		*buf = body
	}
	return x.route.service.Serve(ctx, op, body, guard)
}

var errNoPrincipal = errors.New("awshttp: the authenticator returned no principal and no error")

// authenticate has the signature verified against the request as it came over the wire.
func (x *exchange) authenticate(ctx context.Context) (*iam.Principal, error) {
	r := x.r
	path, query := r.URL.EscapedPath(), r.URL.RawQuery
	if strings.HasPrefix(r.RequestURI, "/") {
		path, query, _ = strings.Cut(r.RequestURI, "?")
	}
	p, err := x.h.authenticator.Authenticate(ctx, &iam.Request{
		Method: r.Method, Host: r.Host, Path: path, RawQuery: query, Header: r.Header,
		Service: x.route.op.Service.Name,
		// SIGV4-023. A link would be enough to use a signature in the query, so it is nothing for development.
		Presigned: x.route.rest() && r.Method == http.MethodGet && x.h.dev == nil,
	}, x.readBody)
	if err == nil && (p == nil || p.ARN == "") {
		err = errNoPrincipal
	}
	if err != nil && awsapi.AsError(err).Code == awsapi.ErrInternal {
		x.log("authenticate", err)
	}
	return p, err
}

// log records what went wrong inside of the adapter; services record theirs.
func (x *exchange) log(doing string, err error) {
	x.h.log.LogAttrs(x.r.Context(), slog.LevelError, doing, slog.Any("error", err), slog.String("request", x.id))
}

const maxUserAgent = 1 << 10

func userAgent(r *http.Request) string {
	s := r.UserAgent()
	return s[:min(len(s), maxUserAgent)]
}
