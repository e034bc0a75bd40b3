package engine

import (
	"context"
	"fmt"

	"github.com/cenote-auth/cenote/awsapi"
	"github.com/cenote-auth/cenote/internal/wire"
)

// Run calls the rules of an operation with an input of unknown type, which must be *I. A failed run has no output: the
// result is nil, never a nil pointer in an interface; rules without anything to say may return nil for the empty output.
func Run[I, O any](ctx context.Context, in any, run func(context.Context, *I) (*O, error)) (any, error) {
	input, ok := in.(*I)
	if !ok {
		return nil, fmt.Errorf("engine: input is %T, the operation takes %T", in, input)
	}
	out, err := run(ctx, input)
	if err != nil {
		return nil, err
	}
	if out == nil {
		return new(O), nil
	}
	return out, nil
}

// Unbuilt is the answer of an operation that this version of cenote does not have.
func Unbuilt(op *wire.Op) error {
	return awsapi.ErrOperationNotImplemented.Newf("Operation %s is not available in this version of cenote.", op.Name)
}
