package iam

import (
	"context"

	"github.com/cenote-auth/cenote/awsapi"
)

// Authorizer decides whether a caller may run an operation. The call is decoded, and nothing has been done for it yet:
// c.Op.Action() is the action, c.Resource the ARN it is about, c.Caller who calls, and [PrincipalFrom] gives the condition
// keys that came with the credentials. A nil error lets the call through; a refusal is [Denied]. Implementations MUST be
// safe for concurrent use and MUST NOT change the call.
type Authorizer interface {
	Authorize(ctx context.Context, c *awsapi.Call) error
}

// AllowAll lets every authenticated principal do everything. It is right where each access key belongs to an
// administrator, and wrong as soon as one key does not.
type AllowAll struct{}

// Authorize refuses callers without a principal and nobody else.
func (AllowAll) Authorize(_ context.Context, c *awsapi.Call) error {
	if c.Caller.ARN == "" {
		return Denied(c)
	}
	return nil
}

// Denied is the refusal of a call that no policy allows (ERR-013, IAM-091, IAM-092).
func Denied(c *awsapi.Call) *awsapi.Error {
	who, resource := c.Caller.ARN, c.Resource
	if who == "" {
		who = "anonymous"
	}
	if resource == "" {
		resource = "*"
	}
	action := c.Op.Action()
	return awsapi.ErrAccessDenied.Newf(
		"User: %s is not authorized to perform: %s on resource: %s because no identity-based policy allows the %s action",
		who, action, resource, action)
}
