package userpool

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/cenote-auth/cenote/internal/seal"
	"github.com/cenote-auth/cenote/internal/vault"
)

// poolCrypt seals what belongs to one pool, under that pool's data key (C7).
type poolCrypt struct {
	rand io.Reader
	key  *seal.Key
}

// crypt returns the pool's seal. A pool whose key was destroyed meanwhile does not exist.
func (s *Service) crypt(ctx context.Context, p *poolRecord) (poolCrypt, error) {
	k, err := s.vault.Key(ctx, p.KeyID)
	if errors.Is(err, vault.ErrNoKey) {
		return poolCrypt{}, errPoolNotFound(p.id())
	}
	if err != nil {
		return poolCrypt{}, err
	}
	return poolCrypt{s.rand, k}, nil
}

// The fields that are sealed, with the kind of record they are in. The field is the purpose of the sub-key as well.
var (
	fieldVerifier  = sealedField{"user", "verifier"}
	fieldHistory   = sealedField{"user", "history"}
	fieldSecret    = sealedField{"client", "secret"}
	fieldSigning   = sealedField{"keys", "private"}
	fieldSuccessor = sealedField{"family", "successor"}
	fieldTOTP      = sealedField{"user", "totp"}
	fieldTOTPNew   = sealedField{"user", "totp_pending"}
	fieldMessage   = sealedField{"message", "body"}
	fieldDevice    = sealedField{"device", "verifier"}
)

type sealedField struct{ kind, field string }

func (c poolCrypt) seal(f sealedField, key string, plain []byte) ([]byte, error) {
	b, err := c.key.Seal(c.rand, f.field, seal.Place{Kind: f.kind, Key: key, Field: f.field}, plain)
	if err != nil {
		return nil, fmt.Errorf("seal %s of a %s: %w", f.field, f.kind, err)
	}
	return b, nil
}

func (c poolCrypt) open(f sealedField, key string, sealed []byte) ([]byte, error) {
	b, err := c.key.Open(f.field, seal.Place{Kind: f.kind, Key: key, Field: f.field}, sealed)
	if err != nil {
		return nil, fmt.Errorf("open %s of a %s: %w", f.field, f.kind, err)
	}
	return b, nil
}
