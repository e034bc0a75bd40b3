package iam

import (
	"context"
	"net/textproto"
)

// Request is the part of a request that a signature covers, as it came over the wire, without the body.
type Request struct {
	Method   string
	Host     string              // the Host header as received, with its port if it had one
	Path     string              // still percent-encoded, without the query
	RawQuery string              // still percent-encoded, without the question mark
	Header   map[string][]string // under canonical MIME keys; an http.Header fits

	// Service is the signing name of the service that the request is for, such as "cognito-idp".
	Service string
	// Presigned says that the operation takes a signature in the query. Without it, such a signature does not count.
	Presigned bool
}

// values returns the lines of a header by its lower-case or canonical name.
func (r *Request) values(name string) []string {
	return r.Header[textproto.CanonicalMIMEHeaderKey(name)]
}

// Body returns the bytes of a request's body. It is called at most once, and only when nothing else speaks against the
// request, so that an adapter need not read the body of a request that is refused for its headers.
type Body func() ([]byte, error)

// Authenticator finds out who sent a request. Implementations MUST be safe for concurrent use and MUST return an error for
// everything that they do not positively recognise; errors meant for the caller are [awsapi.Error] values, all others are
// answered as internal errors. An error of body MUST be returned, wrapped or not. The principal is shared between requests
// and MUST NOT be changed afterwards.
type Authenticator interface {
	Authenticate(ctx context.Context, r *Request, body Body) (*Principal, error)
}

// Principal is an authenticated caller.
type Principal struct {
	ARN      string // "arn:aws:iam::123456789012:user/admin"
	Account  string // 12 digits
	Identity string // identity id, for the credentials of an identity pool
	// Keys are the condition keys that come with the principal, such as "aws:PrincipalTag/team" or
	// "aws:TokenIssueTime", for whoever evaluates policies.
	Keys map[string][]string
}

type principalKey struct{}

// WithPrincipal returns a context that carries the principal, for an [Authorizer] further down.
func WithPrincipal(ctx context.Context, p *Principal) context.Context {
	return context.WithValue(ctx, principalKey{}, p)
}

// PrincipalFrom returns the context's principal, or nil if nobody was authenticated.
func PrincipalFrom(ctx context.Context) *Principal {
	p, _ := ctx.Value(principalKey{}).(*Principal)
	return p
}
