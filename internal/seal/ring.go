// Package seal keeps secrets at rest: envelope keys under a master key, and values sealed under those (C7).
//
// A KeyRing wraps random data keys, one for the installation and one for each pool. A data key is never used itself: HKDF
// makes a sub-key for each purpose. Values are sealed with XChaCha20-Poly1305, whose 192-bit nonces may be random, with the
// place of the value (kind, record key, field) as associated data, so that a value cannot be moved to another row.
package seal

import (
	"bytes"
	"context"
	"crypto/cipher"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"

	"golang.org/x/crypto/chacha20poly1305"
)

// KeySize is the length of master keys and data keys in bytes.
const KeySize = 32

// ErrOpen means that a sealed value was not made under this key for this place, or was changed since.
var ErrOpen = errors.New("sealed value cannot be opened: wrong key, wrong place or changed")

// KeyRing wraps data keys under master keys that it may keep elsewhere, in a file or a key management service. aad is bound to
// the wrapped key: Unwrap MUST fail if it differs. Implementations are safe for concurrent use.
type KeyRing interface {
	Wrap(ctx context.Context, key, aad []byte) ([]byte, error)
	Unwrap(ctx context.Context, wrapped, aad []byte) ([]byte, error)
	// Current reports whether a wrapped key is wrapped under the key that Wrap uses now. Rotation rewraps the others.
	Current(wrapped []byte) bool
}

const (
	ringVersion = 1
	idSize      = 8
)

type masterKey struct {
	id   [idSize]byte
	aead cipher.AEAD
}

type keys struct {
	rand io.Reader
	keys []masterKey
}

// NewKeys returns the KeyRing of master keys held in memory, of KeySize bytes each: the first wraps, all unwrap.
func NewKeys(rand io.Reader, master ...[]byte) (KeyRing, error) {
	if len(master) == 0 {
		return nil, errors.New("no master key")
	}
	r := &keys{rand: rand}
	for i, m := range master {
		if len(m) != KeySize {
			return nil, fmt.Errorf("master key %d has %d bytes, want %d", i+1, len(m), KeySize)
		}
		aead, err := chacha20poly1305.NewX(m)
		if err != nil {
			return nil, fmt.Errorf("master key %d: %w", i+1, err)
		}
		sum := sha256.Sum256(append([]byte("cenote master key id\x00"), m...))
		r.keys = append(r.keys, masterKey{id: [idSize]byte(sum[:idSize]), aead: aead})
	}
	return r, nil
}

func (r *keys) Wrap(_ context.Context, key, aad []byte) ([]byte, error) {
	m := r.keys[0]
	out := append([]byte{ringVersion}, m.id[:]...)
	return sealTo(out, r.rand, m.aead, key, aad)
}

func (r *keys) Unwrap(_ context.Context, wrapped, aad []byte) ([]byte, error) {
	const head = 1 + idSize
	if len(wrapped) < head || wrapped[0] != ringVersion {
		return nil, ErrOpen
	}
	for _, m := range r.keys {
		if bytes.Equal(m.id[:], wrapped[1:head]) {
			return openFrom(m.aead, wrapped[head:], aad)
		}
	}
	return nil, fmt.Errorf("no master key with id %x: %w", wrapped[1:head], ErrOpen)
}

func (r *keys) Current(wrapped []byte) bool {
	return len(wrapped) > idSize && bytes.Equal(wrapped[1:1+idSize], r.keys[0].id[:])
}

// sealTo appends nonce and ciphertext to dst.
func sealTo(dst []byte, rand io.Reader, aead cipher.AEAD, plain, aad []byte) ([]byte, error) {
	var nonce [chacha20poly1305.NonceSizeX]byte
	if _, err := io.ReadFull(rand, nonce[:]); err != nil {
		return nil, fmt.Errorf("read random nonce: %w", err)
	}
	return aead.Seal(append(dst, nonce[:]...), nonce[:], plain, aad), nil
}

func openFrom(aead cipher.AEAD, sealed, aad []byte) ([]byte, error) {
	if len(sealed) < chacha20poly1305.NonceSizeX {
		return nil, ErrOpen
	}
	nonce, text := sealed[:chacha20poly1305.NonceSizeX], sealed[chacha20poly1305.NonceSizeX:]
	plain, err := aead.Open(nil, nonce, text, aad)
	if err != nil {
		return nil, ErrOpen
	}
	return plain, nil
}
