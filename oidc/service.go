package oidc

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"

	"github.com/cenote-auth/cenote/awsapi"
	"github.com/cenote-auth/cenote/userpool"
)

// Pools is what the service needs of the user pools.
type Pools interface {
	JWKS(ctx context.Context, poolID string) ([]byte, error)
	IssuerOf(ctx context.Context, poolID string) (string, error) // ResourceNotFoundException for an unknown pool
}

var _ Pools = (*userpool.Service)(nil)

// Config says what the service serves.
type Config struct {
	UserPools Pools        // required
	Logger    *slog.Logger // nil is slog.Default
}

// Service serves the documents of all pools.
type Service struct {
	pools Pools
	log   *slog.Logger
}

// New returns the service, or an error that names the field that is wrong.
func New(c Config) (*Service, error) {
	if c.UserPools == nil {
		return nil, errors.New("oidc: Config.UserPools is required")
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	return &Service{pools: c.UserPools, log: c.Logger}, nil
}

// cacheControl is how long verifiers may keep a document. It is shorter than the time that a new key is published before its
// first use (H5).
const cacheControl = "public, max-age=300"

// The paths below an issuer (OIDC-002).
const (
	discoveryPath = "/.well-known/openid-configuration"
	jwksPath      = "/.well-known/jwks.json"
)

// Handler serves the documents of every pool below /{poolId}, which is where an AWS-shaped issuer has them.
func (s *Service) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{pool}"+jwksPath, func(w http.ResponseWriter, r *http.Request) { s.jwks(w, r, r.PathValue("pool")) })
	mux.HandleFunc("GET /{pool}"+discoveryPath, func(w http.ResponseWriter, r *http.Request) { s.discovery(w, r, r.PathValue("pool")) })
	return mux
}

// PoolHandler serves the documents of one pool below publicURL, the address under which clients reach this handler. It goes
// by the path of publicURL, so it needs no StripPrefix. The issuer that the documents name is the one of the pool's tokens:
// configure it so that it begins with publicURL.
func (s *Service) PoolHandler(poolID, publicURL string) http.Handler {
	u, err := url.Parse(publicURL)
	if err != nil || u.Host == "" { // a constant of the program
		panic(fmt.Sprintf("oidc: %q is not an absolute URL", publicURL))
	}
	base := strings.TrimSuffix(u.Path, "/")
	paths := map[string]http.HandlerFunc{
		jwksPath:      func(w http.ResponseWriter, r *http.Request) { s.jwks(w, r, poolID) },
		discoveryPath: func(w http.ResponseWriter, r *http.Request) { s.discovery(w, r, poolID) },
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path, ok := strings.CutPrefix(r.URL.Path, base)
		path, _ = strings.CutPrefix(path, "/"+poolID) // the issuer may end with the pool's id
		serve := paths[path]
		switch {
		case !ok || serve == nil:
			http.NotFound(w, r)
		case r.Method != http.MethodGet && r.Method != http.MethodHead:
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
		default:
			serve(w, r)
		}
	})
}

func (s *Service) jwks(w http.ResponseWriter, r *http.Request, poolID string) {
	doc, err := s.pools.JWKS(r.Context(), poolID)
	s.write(w, r, doc, err)
}

// discovery answers the members that exist without a domain (OIDC-004). The endpoints of the authorization server are not
// served, so they are not promised. The issuer is the one that the pool has now, whatever host was asked (NEW-242).
func (s *Service) discovery(w http.ResponseWriter, r *http.Request, poolID string) {
	issuer, err := s.pools.IssuerOf(r.Context(), poolID)
	doc, _ := json.Marshal(struct {
		Issuer     string   `json:"issuer"`
		JWKSURI    string   `json:"jwks_uri"`
		Responses  []string `json:"response_types_supported"`
		Subjects   []string `json:"subject_types_supported"`
		Algorithms []string `json:"id_token_signing_alg_values_supported"`
		Scopes     []string `json:"scopes_supported"`
	}{
		issuer, issuer + jwksPath, []string{"code", "token"}, []string{"public"}, []string{"RS256"},
		[]string{"openid", "email", "phone", "profile"},
	})
	s.write(w, r, doc, err)
}

// write answers a document, which any web page may read, or the error.
func (s *Service) write(w http.ResponseWriter, r *http.Request, doc []byte, err error) {
	h := w.Header()
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("X-Content-Type-Options", "nosniff")
	if err != nil {
		if !errors.Is(err, userpool.ErrResourceNotFound) {
			s.log.ErrorContext(r.Context(), "document of a pool was not served", "err", err)
		}
		status, _, body := awsapi.WireError(err)
		if errors.Is(err, userpool.ErrResourceNotFound) {
			status = http.StatusNotFound
		}
		h.Set("Content-Type", "application/json")
		w.WriteHeader(status)
		w.Write(body)
		return
	}
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", cacheControl)
	w.Write(doc)
}
