package token

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"sync"
)

// MaxLength is the longest token that is made or looked at, in bytes.
const MaxLength = 16 << 10

// Gate runs work of the pool when its turn has come; it is how private-key
// operations are kept from crowding out everything else. It returns work's error,
// or its own without having run work.
type Gate func(ctx context.Context, pool string, work func() error) error

// IssuerConfig is the configuration of an [Issuer].
type IssuerConfig struct {
	Keys KeySource // required
	Gate Gate      // passed by every signature; nil runs them at once
	Rand io.Reader // handed to signers; nil is the system's
}

// Issuer signs tokens. It holds no state of its own.
type Issuer struct {
	keys   KeySource
	gate   Gate
	random io.Reader
}

// NewIssuer returns an Issuer.
func NewIssuer(cfg IssuerConfig) (*Issuer, error) {
	if cfg.Keys == nil {
		return nil, errors.New("token: IssuerConfig.Keys is required")
	}
	i := &Issuer{keys: cfg.Keys, gate: cfg.Gate, random: cfg.Rand}
	if i.gate == nil {
		i.gate = ungated
	}
	if i.random == nil {
		i.random = rand.Reader
	}
	return i, nil
}

func ungated(_ context.Context, _ string, work func() error) error { return work() }

// ID signs an ID token with the pool's key for them.
func (i *Issuer) ID(ctx context.Context, pool string, claims *IDClaims) (string, error) {
	members, err := claims.members()
	if err != nil {
		return "", fmt.Errorf("make ID token: %w", err)
	}
	return i.sign(ctx, pool, ID, members)
}

// Access signs an access token with the pool's key for them.
func (i *Issuer) Access(ctx context.Context, pool string, claims *AccessClaims) (string, error) {
	members, err := claims.members()
	if err != nil {
		return "", fmt.Errorf("make access token: %w", err)
	}
	return i.sign(ctx, pool, Access, members)
}

func (i *Issuer) sign(ctx context.Context, pool string, use Use, members map[string]any) (string, error) {
	key, err := i.keys.SigningKey(ctx, pool, use)
	if err != nil {
		return "", fmt.Errorf("find key for %s token: %w", use, err)
	}
	raw, err := i.Sign(ctx, pool, key, members)
	if err != nil {
		return "", fmt.Errorf("sign %s token: %w", use, err)
	}
	return raw, nil
}

// Sign returns the claims as a JWT under the key, a pool's own. It is what ID and Access rest
// on, for tokens of another shape; it checks and protects nothing. The header has
// exactly the members kid and alg, in this order (AUTH-471): golang-jwt would sort
// them and add typ, and hand the key to no KMS.
func (i *Issuer) Sign(ctx context.Context, pool string, key SigningKey, claims map[string]any) (string, error) {
	public, ok := key.Signer.Public().(*rsa.PublicKey)
	if !ok {
		return "", fmt.Errorf("key %s is not an RSA key", key.ID)
	}
	if err := checkPublicKey(public); err != nil {
		return "", fmt.Errorf("key %s: %w", key.ID, err)
	}
	r := rooms.Get().(*room)
	defer r.leave()
	if err := encodeHeader(&r.text, key.ID); err != nil {
		return "", err
	}
	split := r.text.Len()
	if err := encodeClaims(&r.text, claims); err != nil {
		return "", err
	}
	e, text := base64.RawURLEncoding, r.text.Bytes()
	size := e.EncodedLen(split) + 1 + e.EncodedLen(len(text)-split) + 1 + e.EncodedLen(public.Size())
	if size > MaxLength {
		return "", fmt.Errorf("%w: %d characters are more than %d", ErrTooLong, size, MaxLength)
	}
	raw := append(e.AppendEncode(r.raw[:0], text[:split]), '.')
	raw = e.AppendEncode(raw, text[split:])
	r.raw = raw
	digest := sha256.Sum256(raw)

	var signature []byte
	err := i.gate(ctx, pool, func() (err error) {
		signature, err = key.Signer.Sign(i.random, digest[:], crypto.SHA256)
		return err
	})
	if err != nil {
		return "", err
	}
	r.raw = e.AppendEncode(append(raw, '.'), signature)
	return string(r.raw), nil
}

// A room is where a token is put together. Whoever comes next uses it again.
type room struct {
	text bytes.Buffer // header and claims
	raw  []byte
}

var rooms = sync.Pool{New: func() any { return new(room) }}

func (r *room) leave() {
	if r.text.Cap() > 2*MaxLength {
		return
	}
	clear(r.text.Bytes())
	clear(r.raw) // a token is a secret
	r.text.Reset()
	rooms.Put(r)
}
