package identitypool

import (
	"context"

	"github.com/cenote-auth/cenote/internal/wire"
)

// Service answers the operations of the API.
type Service struct{}

func call[I, O any](ctx context.Context, _ *Service, _ *wire.Op, in *I, run func(context.Context, *I) (*O, error)) (*O, error) {
	return run(ctx, in)
}
