package userpool

import (
	"context"
	"crypto/rsa"
	"fmt"

	"github.com/cenote-auth/cenote/store"
	"github.com/cenote-auth/cenote/token"
)

// JWKS returns the pool's key set as a JSON document (AUTH-473): every key that verifiers should know, read anew. An unknown
// pool is ResourceNotFoundException.
func (s *Service) JWKS(ctx context.Context, poolID string) ([]byte, error) {
	keys, err := s.publicKeys(ctx, poolID)
	if err != nil {
		return nil, err
	}
	return token.MarshalJWKS(keys)
}

func (s *Service) publicKeys(ctx context.Context, poolID string) ([]token.PublicKey, error) {
	sc, err := s.byPool(ctx, s.store.Read, poolID, "")
	if err != nil {
		return nil, err
	}
	keys, err := s.readKeys(ctx, sc.pool)
	if err != nil {
		return nil, err
	}
	crypt, err := s.crypt(ctx, sc.pool)
	if err != nil {
		return nil, err
	}
	return s.signerOf(sc.pool, keys, crypt).PublicKeys(ctx, poolID)
}

// KeySet returns the keys of a pool for a token.Verifier in the same process. It reads the store, so it knows of a rotation at
// once.
func (s *Service) KeySet(poolID string) token.KeySet { return keySet{s, poolID} }

type keySet struct {
	s    *Service
	pool string
}

// Key returns the public key of that kid.
func (k keySet) Key(ctx context.Context, kid string) (*rsa.PublicKey, error) {
	keys, err := k.s.publicKeys(ctx, k.pool)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", token.ErrKeys, err)
	}
	return token.StaticKeys(keys).Key(ctx, kid)
}

// Verifier returns a verifier of the pool's access tokens under both of its issuers, for the given clients or for all of them. It checks what a token
// says by itself; whether it was revoked is checked by the operations. For other rules give KeySet to token.NewVerifier.
func (s *Service) Verifier(poolID string, clientIDs ...string) *token.Verifier {
	v, err := token.NewVerifier(token.VerifierConfig{
		Issuer: s.cfg.issuer(poolID), AlsoIssuers: s.updatedIssuers(poolID), ClientIDs: clientIDs, AnyClient: len(clientIDs) == 0, Use: token.Access,
		Keys: s.KeySet(poolID), Now: s.store.Now,
	})
	if err != nil { // only for a configuration that this is not
		panic(err)
	}
	return v
}

// Exists reports whether there is a pool of that id.
func (s *Service) Exists(ctx context.Context, poolID string) (bool, error) {
	find := pools.Of(store.Installation).Find(poolID)
	if err := s.store.Read(ctx, find); err != nil {
		return false, err
	}
	return find.Got != nil && !find.Got.Deleting, nil
}
