package userpool

import (
	"context"
	"crypto"
	"crypto/rsa"
	"fmt"

	"github.com/cenote-auth/cenote/token"
)

// Signers keeps the private keys that sign pools' tokens outside of the store and of this process, in a key management service for
// example. The store knows the public halves. Signers MUST be safe for concurrent use and the same for every node.
//
// A key that a pool no longer publishes, and all of a pool that is deleted, are theirs to remove.
type Signers interface {
	// NewSigner makes a key for tokens of one use of a pool, RSA of 2,048 bits or more. Its ID becomes their kid: 1 to 128 characters
	// that no other key has. The first two are made when a pool first needs them, others when its keys are rotated.
	NewSigner(ctx context.Context, poolID string, use token.Use) (token.SigningKey, error)

	// Signer returns a key that NewSigner made, by its ID. It is asked once for each key that signs in a process. Sign gets a SHA-256
	// digest and returns a signature of RFC 8017 §8.2 (RS256).
	Signer(ctx context.Context, poolID, kid string) (crypto.Signer, error)
}

const maxKeyID = 128

// makeKeptKey has Config.Signers make a key.
func (s *Service) makeKeptKey(ctx context.Context, p *poolRecord, use token.Use) (newKey, error) {
	key, err := s.cfg.signers.NewSigner(ctx, p.id(), use)
	if err != nil {
		return newKey{}, fmt.Errorf("Signers.NewSigner: %w", err)
	}
	if n := len(key.ID); n == 0 || n > maxKeyID {
		return newKey{}, fmt.Errorf("Signers.NewSigner: an id of %d characters", n)
	}
	der, err := token.MarshalPublicKey(key.Signer.Public())
	if err != nil {
		return newKey{}, fmt.Errorf("Signers.NewSigner: %w", err)
	}
	return newKey{kid: key.ID, kept: der}, nil
}

// kept returns a key that Config.Signers keeps, if it is the one that verifiers know.
func (p poolSigner) kept(ctx context.Context, kid string, der []byte) (crypto.Signer, error) {
	if p.signers == nil {
		return nil, fmt.Errorf("signing key %s is kept outside of the store, and Config.Signers is not set", kid)
	}
	key, err := p.signers.Signer(ctx, p.pool, kid)
	if err != nil {
		return nil, fmt.Errorf("Signers.Signer: %w", err)
	}
	public, err := token.ParsePublicKey(der)
	if err != nil {
		return nil, err
	}
	if has, ok := key.Public().(*rsa.PublicKey); !ok || !public.Equal(has) {
		return nil, fmt.Errorf("Signers.Signer: the key %s is not the one that was made", kid)
	}
	return key, nil
}
