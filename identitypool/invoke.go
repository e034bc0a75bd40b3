package identitypool

import (
	"context"

	"github.com/cenote-auth/cenote/awsapi"
	"github.com/cenote-auth/cenote/internal/engine"
	"github.com/cenote-auth/cenote/internal/wire"
)

// call is the way of every typed method to its rules.
func call[I, O any](ctx context.Context, s *Service, op *wire.Op, in *I, run func(context.Context, *I) (*O, error)) (*O, error) {
	return engine.Call(ctx, s.engine, op, in, run)
}

// Operation returns the description of the operation with the given name, and nil if there is none.
func (s *Service) Operation(name string) *awsapi.Operation { return Operation(name) }

// Operations returns the descriptions of all operations in the order of the model.
func (s *Service) Operations() []*awsapi.Operation { return Operations() }

// Invoke runs the named operation on a JSON body and returns the JSON answer; nil if the operation has no output. It
// authorises nobody: the caller is whoever the context says. Errors are *awsapi.Error; awsapi.WireError puts them on
// the wire.
func (s *Service) Invoke(ctx context.Context, name string, body []byte) ([]byte, error) {
	op := findOperation(name)
	if op == nil {
		return nil, awsapi.ErrUnknownOperation.New("")
	}
	return engine.Serve(ctx, s.engine, op, body, nil, s.dispatch)
}

// Serve is Invoke for an adapter: guard decides about the decoded call before any check or rule of the operation runs,
// and nil lets every call pass. Members that travel outside of the body (Operation.Bindings) have to be in the body.
func (s *Service) Serve(ctx context.Context, op *awsapi.Operation, body []byte, guard awsapi.Guard) ([]byte, error) {
	found := findOperation(op.Name)
	if found == nil || &found.Operation != op {
		return nil, awsapi.ErrUnknownOperation.New("")
	}
	return engine.Serve(ctx, s.engine, found, body, guard, s.dispatch)
}
