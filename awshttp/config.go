package awshttp

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"time"

	"github.com/cenote-auth/cenote/awsapi"
	"github.com/cenote-auth/cenote/iam"
)

// Service is one AWS API. Implementations MUST be safe for concurrent use.
type Service interface {
	// Operations lists what the service offers. It is called once, by [New].
	Operations() []*awsapi.Operation
	// Serve decodes the body, has the guard refuse or pass the decoded call before any rule of the operation runs, and
	// returns the encoded output. It MUST NOT keep the body, or anything that shares its memory, after it has returned.
	Serve(ctx context.Context, op *awsapi.Operation, body []byte, guard awsapi.Guard) ([]byte, error)
}

// Limiter bounds the rate of requests. Its errors are answered as they are; TooManyRequestsException with "Rate exceeded"
// is what clients know (QUO-006). Implementations MUST be safe for concurrent use.
type Limiter interface {
	// Arrive is asked as soon as the operation is known, before the signature is checked and the body read. The address is
	// the client's, or the zero Addr if the connection has none.
	Arrive(ctx context.Context, op *awsapi.Operation, addr netip.Addr) error
	// Call is asked when the input is decoded, before it is authorised; the call's resource names the pool.
	Call(ctx context.Context, c *awsapi.Call) error
}

// Config configures a [Handler].
type Config struct {
	Services []Service // at least one

	// Authenticator verifies signatures, and Authorizer decides on signed calls. Nil refuses every signed operation.
	Authenticator iam.Authenticator
	Authorizer    iam.Authorizer

	// MaxBody is the longest body in bytes, 0 means 2 MiB, what the largest requests may have (UI-079).
	MaxBody int64
	// Hosts are the only names that the handler answers to, without ports; others get 421. Nil answers to every name, which
	// is for handlers that something else has already routed to by name: a signature made for another installation with the
	// same keys is good here, too.
	Hosts []string
	// AllowOrigins are the web origins ("https://app.example.com") whose pages may read responses. Nil means every origin,
	// as AWS does (ERR-005): no cookie or other ambient authority plays a role in these APIs.
	AllowOrigins []string
	// TrustedProxies are the networks whose X-Forwarded-For counts. Nil trusts nobody.
	TrustedProxies []netip.Prefix
	// Dev protects a handler that accepts any credentials from web pages. It brings its own rules for hosts and origins.
	Dev *DevGuard

	// Documents answers GET and HEAD requests of paths with a "/.well-known/" in them, on every host that is answered to:
	// the discovery documents and key sets of user pools. Nil means that there are none.
	Documents http.Handler

	Limiter Limiter          // nil means no limits
	Logger  *slog.Logger     // one record per request and what goes wrong inside; nil means none
	Now     func() time.Time // nil means time.Now
	Rand    io.Reader        // for request ids, safe for concurrent use; nil means crypto/rand.Reader
}

const (
	defaultMaxBody = 2 << 20
	maxMaxBody     = 256 << 20
)

// New returns a handler, or an error that names the field that is wrong.
func New(cfg Config) (*Handler, error) {
	h := &Handler{
		authenticator: cfg.Authenticator,
		authorizer:    cfg.Authorizer,
		maxBody:       cfg.MaxBody,
		proxies:       cfg.TrustedProxies,
		dev:           cfg.Dev,
		documents:     cfg.Documents,
		limiter:       cfg.Limiter,
		log:           cfg.Logger,
		now:           cfg.Now,
		rand:          cfg.Rand,
	}
	if h.authenticator == nil {
		h.authenticator = nobody{}
	}
	if h.authorizer == nil {
		h.authorizer = nothing{}
	}
	if h.maxBody == 0 {
		h.maxBody = defaultMaxBody
	}
	if h.limiter == nil {
		h.limiter = unlimited{}
	}
	if h.log == nil {
		h.log = slog.New(slog.DiscardHandler)
	}
	if h.now == nil {
		h.now = time.Now
	}
	if h.rand == nil {
		h.rand = rand.Reader
	}
	if h.maxBody < 0 || h.maxBody > maxMaxBody {
		return nil, fmt.Errorf("awshttp: Config.MaxBody %d is not between 0 and %d", h.maxBody, maxMaxBody)
	}
	if h.dev != nil && (cfg.Hosts != nil || cfg.AllowOrigins != nil) {
		return nil, errors.New("awshttp: Config.Dev has its own rules, Hosts and AllowOrigins must be nil")
	}
	for _, p := range cfg.TrustedProxies {
		if !p.IsValid() {
			return nil, errors.New("awshttp: Config.TrustedProxies has an invalid prefix")
		}
	}
	var err error
	if h.hosts, err = hostSet("Config.Hosts", cfg.Hosts); err != nil {
		return nil, err
	}
	if h.origins, err = originSet(cfg.AllowOrigins); err != nil {
		return nil, err
	}
	if h.routes, err = newRoutes(cfg.Services); err != nil {
		return nil, err
	}
	h.public = h.limiter.Call
	h.signed = func(ctx context.Context, c *awsapi.Call) error {
		if err := h.limiter.Call(ctx, c); err != nil {
			return err
		}
		return h.authorizer.Authorize(ctx, c)
	}
	return h, nil
}

// nobody is the authenticator of a handler that was given none.
type nobody struct{}

func (nobody) Authenticate(_ context.Context, r *iam.Request, _ iam.Body) (*iam.Principal, error) {
	if len(r.Header["Authorization"]) == 0 {
		return nil, iam.MissingToken()
	}
	return nil, iam.UnrecognizedClient()
}

// nothing is what the authorizer of a handler that was given none allows.
type nothing struct{}

func (nothing) Authorize(_ context.Context, c *awsapi.Call) error { return iam.Denied(c) }

type unlimited struct{}

func (unlimited) Arrive(context.Context, *awsapi.Operation, netip.Addr) error { return nil }
func (unlimited) Call(context.Context, *awsapi.Call) error                    { return nil }
