package token

import (
	"context"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
)

// KeySet finds the keys of one issuer. Implementations MUST know no other issuer's
// keys, return ErrUnknownKey for a kid that the issuer has not, ErrKeys when they
// cannot tell, and be safe for concurrent use.
type KeySet interface {
	Key(ctx context.Context, kid string) (*rsa.PublicKey, error)
}

// PoolKeys is the KeySet of one pool of a source.
func PoolKeys(source KeySource, pool string) KeySet { return poolKeys{source, pool} }

type poolKeys struct {
	source KeySource
	pool   string
}

func (p poolKeys) Key(ctx context.Context, kid string) (*rsa.PublicKey, error) {
	keys, err := p.source.PublicKeys(ctx, p.pool)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrKeys, err)
	}
	return StaticKeys(keys).Key(ctx, kid)
}

// StaticKeys is a KeySet that never changes.
type StaticKeys []PublicKey

// Key implements [KeySet].
func (s StaticKeys) Key(_ context.Context, kid string) (*rsa.PublicKey, error) {
	for _, k := range s {
		if k.ID == kid {
			return k.Key, nil
		}
	}
	return nil, fmt.Errorf("%w: %q", ErrUnknownKey, kid)
}

// The bounds of a key set of others.
const (
	maxKeySet = 1 << 20 // bytes
	maxKeys   = 100
)

// jwk is one key of a set, with the members in the order of OIDC-009.
type jwk struct {
	Alg string `json:"alg"`
	E   string `json:"e"`
	Kid string `json:"kid"`
	Kty string `json:"kty"`
	N   string `json:"n"`
	Use string `json:"use"`
}

type jwks struct {
	Keys []jwk `json:"keys"`
}

// MarshalJWKS returns the keys as a JSON Web Key Set: exactly the members alg, e,
// kid, kty, n and use, for signatures by RS256 (AUTH-473, OIDC-009).
func MarshalJWKS(keys []PublicKey) ([]byte, error) {
	set := jwks{Keys: make([]jwk, len(keys))}
	for i, k := range keys {
		set.Keys[i] = jwk{
			Alg: "RS256", Kty: "RSA", Use: "sig", Kid: k.ID,
			E: base64.RawURLEncoding.EncodeToString(big.NewInt(int64(k.Key.E)).Bytes()),
			N: base64.RawURLEncoding.EncodeToString(k.Key.N.Bytes()),
		}
	}
	out, err := marshal(set)
	if err != nil {
		return nil, fmt.Errorf("marshal key set: %w", err)
	}
	return out, nil
}

// ParseJWKS reads the keys of a JSON Web Key Set that can check RS256. Others are
// passed over: of another type, use or algorithm, without kid, or of a size that
// we do not take. A kid that stands twice is an error, as is a set of more than a
// megabyte or 100 keys.
func ParseJWKS(data []byte) (StaticKeys, error) {
	if len(data) > maxKeySet {
		return nil, fmt.Errorf("parse key set: %d bytes", len(data))
	}
	var set jwks
	if err := json.Unmarshal(data, &set); err != nil {
		return nil, fmt.Errorf("parse key set: %w", err)
	}
	if len(set.Keys) > maxKeys {
		return nil, fmt.Errorf("parse key set: %d keys", len(set.Keys))
	}
	var keys StaticKeys
	seen := make(map[string]bool)
	for _, k := range set.Keys {
		if k.Kty != "RSA" || k.Kid == "" || k.Use != "" && k.Use != "sig" || k.Alg != "" && k.Alg != "RS256" {
			continue
		}
		if seen[k.Kid] {
			return nil, fmt.Errorf("parse key set: kid %q twice", k.Kid)
		}
		seen[k.Kid] = true
		if public, err := k.public(); err == nil {
			keys = append(keys, PublicKey{ID: k.Kid, Key: public})
		}
	}
	return keys, nil
}

func (k *jwk) public() (*rsa.PublicKey, error) {
	n, err := base64.RawURLEncoding.DecodeString(k.N)
	if err != nil {
		return nil, err
	}
	e, err := base64.RawURLEncoding.DecodeString(k.E)
	if err != nil {
		return nil, err
	}
	exponent := new(big.Int).SetBytes(e)
	if exponent.BitLen() > 31 { // crypto/rsa takes no more
		return nil, errors.New("the public exponent is too large")
	}
	key := &rsa.PublicKey{N: new(big.Int).SetBytes(n), E: int(exponent.Int64())}
	if err := checkPublicKey(key); err != nil {
		return nil, err
	}
	return key, nil
}
