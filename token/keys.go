package token

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
)

// Use is what a token is for, the claim token_use.
type Use string

// The uses of tokens. AnyUse is for a [Verifier] only.
const (
	ID     Use = "id"
	Access Use = "access"
	AnyUse Use = "any"
)

// keyBits is the size of the keys that are made and the least that is taken
// (AUTH-471).
const keyBits = 2048

// KeySource is where the keys of pools come from. Implementations MUST keep the
// keys of one pool from another and be safe for concurrent use.
type KeySource interface {
	// SigningKey returns the key that signs the pool's tokens of the use now. ID
	// and access tokens have different keys (AUTH-471).
	SigningKey(ctx context.Context, pool string, use Use) (SigningKey, error)

	// PublicKeys returns all keys that a verifier of the pool's tokens should
	// know: those that sign, those that will, and those whose tokens may live.
	PublicKeys(ctx context.Context, pool string) ([]PublicKey, error)
}

// SigningKey is a private RSA key, or a handle to one in a KMS.
type SigningKey struct {
	ID     string        // kid
	Signer crypto.Signer // its public key is an *rsa.PublicKey
}

// PublicKey is a key of a key set.
type PublicKey struct {
	ID  string // kid
	Key *rsa.PublicKey
}

// GenerateKey makes a signing key of 2,048 bits. It takes some 50 ms or more of a
// processor, and its randomness is always the system's.
func GenerateKey() (*rsa.PrivateKey, error) {
	key, err := rsa.GenerateKey(rand.Reader, keyBits)
	if err != nil {
		return nil, fmt.Errorf("generate signing key: %w", err)
	}
	return key, nil
}

// NewKeyID makes a kid: base64 of 32 random bytes, 44 characters that end in "="
// (AUTH-472). A nil random is the system's.
func NewKeyID(random io.Reader) (string, error) {
	if random == nil {
		random = rand.Reader
	}
	var id [32]byte
	if _, err := io.ReadFull(random, id[:]); err != nil {
		return "", fmt.Errorf("make key id: %w", err)
	}
	return base64.StdEncoding.EncodeToString(id[:]), nil
}

// MarshalPrivateKey returns the key in PKCS #8, DER. The bytes are secret.
func MarshalPrivateKey(key *rsa.PrivateKey) ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("marshal signing key: %w", err)
	}
	return der, nil
}

// ParsePrivateKey reads what [MarshalPrivateKey] wrote. A key that is not RSA, or
// has fewer than 2,048 bits, is an error.
func ParsePrivateKey(der []byte) (*rsa.PrivateKey, error) {
	parsed, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, fmt.Errorf("parse signing key: %w", err)
	}
	key, ok := parsed.(*rsa.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("parse signing key: %T is not an RSA key", parsed)
	}
	if err := checkPublicKey(&key.PublicKey); err != nil {
		return nil, fmt.Errorf("parse signing key: %w", err)
	}
	return key, nil
}

// MarshalPublicKey returns an RSA key in PKIX, DER. A key that is not RSA, or has
// fewer than 2,048 bits, is an error.
func MarshalPublicKey(key crypto.PublicKey) ([]byte, error) {
	public, ok := key.(*rsa.PublicKey)
	if !ok {
		return nil, fmt.Errorf("marshal public key: %T is not an RSA key", key)
	}
	if err := checkPublicKey(public); err != nil {
		return nil, fmt.Errorf("marshal public key: %w", err)
	}
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		return nil, fmt.Errorf("marshal public key: %w", err)
	}
	return der, nil
}

// ParsePublicKey reads what [MarshalPublicKey] wrote.
func ParsePublicKey(der []byte) (*rsa.PublicKey, error) {
	parsed, err := x509.ParsePKIXPublicKey(der)
	if err != nil {
		return nil, fmt.Errorf("parse public key: %w", err)
	}
	key, ok := parsed.(*rsa.PublicKey)
	if !ok {
		return nil, fmt.Errorf("parse public key: %T is not an RSA key", parsed)
	}
	if err := checkPublicKey(key); err != nil {
		return nil, fmt.Errorf("parse public key: %w", err)
	}
	return key, nil
}

// maxKeyBits bounds what one verification may cost.
const maxKeyBits = 8192

func checkPublicKey(key *rsa.PublicKey) error {
	switch n := key.N.BitLen(); {
	case n < keyBits:
		return fmt.Errorf("%d bits are less than %d", n, keyBits)
	case n > maxKeyBits:
		return fmt.Errorf("%d bits are more than %d", n, maxKeyBits)
	case key.E < 3 || key.E&1 == 0:
		return errors.New("the public exponent is not an odd number above 2")
	}
	return nil
}
