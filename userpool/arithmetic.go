package userpool

import (
	"context"
	"errors"
	"time"

	"github.com/cenote-auth/cenote/internal/gate"
	"github.com/cenote-auth/cenote/token"
)

// What passes the gate, by cost (H6).
const (
	costVerifier  = gate.PasswordCheck
	costChallenge = gate.SRPChallenge
	costClaim     = gate.SRPVerify
	costSignature = gate.Signature
	costKeyPair   = gate.KeyGeneration
)

// expensive runs arithmetic through the process's gate, fairly among pools. When the gate is full the answer is
// TooManyRequestsException, and nothing cheap waited.
func (s *Service) expensive(ctx context.Context, poolID string, cost time.Duration, work func() error) error {
	err := s.gate.Do(ctx, poolID, cost, work)
	if errors.Is(err, gate.ErrFull) {
		return errTooManyRequests.With(err)
	}
	return err
}

// signatures is the gate of private-key operations. Those of a pool whose keys are all kept elsewhere cost this process nothing
// and have none.
func (s *Service) signatures(k *keysRecord) token.Gate {
	if len(k.Private) == 0 {
		return nil
	}
	return func(ctx context.Context, poolID string, work func() error) error {
		return s.expensive(ctx, poolID, costSignature, work)
	}
}
