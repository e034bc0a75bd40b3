package gateway

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"

	"github.com/cenote-auth/cenote/token"
)

// Config says whom [RequireJWT] lets through, and what the service behind it learns.
type Config struct {
	Verifier *token.Verifier // required: whose tokens, for which clients, of which use

	Scopes []string // all of them must have been granted; ID tokens carry none
	Groups []string // the user must be in one of them at least; empty asks for none

	// Forward names request headers that a service behind a proxy believes, such as X-Forwarded-User, and what they say; "" leaves
	// one out. What a client sends under such a name never gets through, whether it is spelt with hyphens or underscores, and
	// trailers do not at all. A token whose value has a control character is refused.
	Forward   map[string]func(*token.Claims) string
	DropToken bool // the service does not get the Authorization header

	Realm  string       // of the challenge; empty leaves it out
	Logger *slog.Logger // for keys that cannot be had; nil is slog.Default
}

// retryAfter is how long token.RemoteKeys pauses between two fetches, in seconds.
const retryAfter = "30"

type claimsKey struct{}

// Claims returns what the token of the request said. ok is false if the request did not come through RequireJWT.
func Claims(ctx context.Context) (c *token.Claims, ok bool) {
	c, ok = ctx.Value(claimsKey{}).(*token.Claims)
	return c, ok
}

// RequireJWT returns middleware that passes on requests with a good bearer token (RFC 6750) in their Authorization header, the
// only place where it is looked for. Other requests end here: without a token with 401; with a malformed header with 400
// invalid_request; with a token that is not good with 401 invalid_token; with one that grants too little with 403
// insufficient_scope; and with 503 while nobody can tell because the issuer's keys cannot be had. The body is a JSON object
// with a message.
//
// Preflights of browsers carry no token: what answers CORS belongs in front of it. A Config that cannot work is a panic.
func RequireJWT(c Config) func(http.Handler) http.Handler {
	if err := c.check(); err != nil {
		panic(err)
	}
	c.Scopes, c.Groups = slices.Clone(c.Scopes), slices.Clone(c.Groups)
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	forward := newForward(c.Forward, c.DropToken)
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			claims, refused := c.admit(r)
			if refused != nil {
				refused.write(w, c.Realm)
				return
			}
			out := r.WithContext(context.WithValue(r.Context(), claimsKey{}, claims))
			if !forward.apply(out, claims) {
				invalidToken("The token does not fit this service").write(w, c.Realm)
				return
			}
			next.ServeHTTP(w, out)
		})
	}
}

func (c *Config) check() error {
	if c.Verifier == nil {
		return errors.New("gateway: Config.Verifier is required")
	}
	for _, s := range c.Scopes {
		if s == "" || strings.ContainsFunc(s, notInScope) {
			return fmt.Errorf("gateway: Config.Scopes has %q, which is no scope", s)
		}
	}
	if strings.ContainsFunc(c.Realm, notInQuotes) {
		return fmt.Errorf("gateway: Config.Realm is %q, want printable ASCII without quotes and backslashes", c.Realm)
	}
	for name, value := range c.Forward {
		if value == nil || name == "" || strings.ContainsFunc(name, notInName) || spelling(name) == "authorization" {
			return fmt.Errorf("gateway: Config.Forward has %q, which is no header that can be set", name)
		}
	}
	return nil
}

// admit returns the claims of a request that may pass, or why it may not.
func (c *Config) admit(r *http.Request) (*token.Claims, *refusal) {
	raw, refused := bearer(r.Header)
	if refused != nil {
		return nil, refused
	}
	claims, err := c.Verifier.Verify(r.Context(), raw)
	if errors.Is(err, token.ErrScope) { // that the Verifier asks for
		return nil, tooLittle(c.Scopes)
	}
	for _, bad := range invalid {
		if errors.Is(err, bad.err) {
			return nil, invalidToken(bad.description)
		}
	}
	if err != nil {
		if r.Context().Err() == nil { // else the client has gone, which says nothing about the keys
			c.Logger.ErrorContext(r.Context(), "tokens cannot be checked", "err", err)
		}
		return nil, &refusal{status: http.StatusServiceUnavailable}
	}
	if !c.grants(claims) {
		return nil, tooLittle(c.Scopes)
	}
	return claims, nil
}

// grants reports whether the token has every scope and one of the groups.
func (c *Config) grants(claims *token.Claims) bool {
	for _, s := range c.Scopes {
		if !claims.HasScope(s) {
			return false
		}
	}
	return len(c.Groups) == 0 || slices.ContainsFunc(c.Groups, claims.InGroup)
}

// invalid is what is wrong with tokens that nobody who asks the same accepts. The texts are fixed: what a client may read
// about its token is that it has to get another one, and whether that helps.
var invalid = []struct {
	err         error
	description string
}{
	{token.ErrExpired, "The token has expired"},
	{token.ErrNotYet, "The token is not valid yet"},
	{token.ErrMalformed, "The token is malformed"},
	{token.ErrSignature, "The signature is invalid"},
	{token.ErrUnknownKey, "The signing key is unknown"},
	{token.ErrIssuer, "The token is from another issuer"},
	{token.ErrUse, "The token is for another use"},
	{token.ErrAudience, "The token is for another client"},
}
