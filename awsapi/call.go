package awsapi

import "context"

// Call is one operation under way, as interceptors see it.
type Call struct {
	Op       *Operation
	Input    any    // pointer to the operation's input struct
	Resource string // ARN of the pool or identity pool that the call is about, if the input names one
	Caller   Caller
}

// Next runs the rest of the chain.
type Next func(ctx context.Context, c *Call) (any, error)

// Interceptor wraps every operation, refused requests included. Audit, metrics, quotas, web-ACL rules and fault injection
// are interceptors. It must call next at most once.
type Interceptor func(ctx context.Context, c *Call, next Next) (any, error)

// Guard decides whether a call that came over a wire may run, as a rule by asking an authorizer for the caller, the
// operation and the resource. It runs after the decode, which gave it the resource, and before every other check; an
// error ends the call and is the answer.
type Guard func(ctx context.Context, c *Call) error

// Caller is who calls. The zero Caller is the host program and is trusted: Invoke and the typed methods authorise nobody.
type Caller struct {
	ARN       string // IAM principal, set by whoever authenticated the request
	Account   string
	Identity  string // identity id, for calls with an identity pool's credentials
	SourceIP  string
	UserAgent string
	RequestID string
}

type callerKey struct{}

// WithCaller returns a context that carries the caller.
func WithCaller(ctx context.Context, c Caller) context.Context {
	return context.WithValue(ctx, callerKey{}, c)
}

// CallerFrom returns the caller of the context, or the zero Caller.
func CallerFrom(ctx context.Context) Caller {
	c, _ := ctx.Value(callerKey{}).(Caller)
	return c
}
