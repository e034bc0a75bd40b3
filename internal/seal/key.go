package seal

import (
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
	"sync"

	"golang.org/x/crypto/chacha20poly1305"
)

// Place says where a sealed value lives. It is bound to the value as associated data.
type Place struct{ Kind, Key, Field string }

// aad is an unambiguous encoding: each part with its length in front.
func (p Place) aad() []byte {
	b := make([]byte, 0, len(p.Kind)+len(p.Key)+len(p.Field)+12)
	for _, s := range []string{p.Kind, p.Key, p.Field} {
		b = binary.BigEndian.AppendUint32(b, uint32(len(s)))
		b = append(b, s...)
	}
	return b
}

// Key is a data key. Values are sealed under sub-keys of it, one for each purpose. It is safe for concurrent use.
type Key struct {
	raw  []byte
	subs sync.Map // purpose → cipher.AEAD
	macs sync.Map // purpose → []byte
}

// NewKey returns the data key with the given KeySize bytes.
func NewKey(raw []byte) (*Key, error) {
	if len(raw) != KeySize {
		return nil, fmt.Errorf("data key has %d bytes, want %d", len(raw), KeySize)
	}
	return &Key{raw: raw}, nil
}

const sealVersion = 1

// Seal seals plain for one purpose and place. The result is 41 bytes longer than plain.
func (k *Key) Seal(rand io.Reader, purpose string, at Place, plain []byte) ([]byte, error) {
	aead, err := k.aead(purpose)
	if err != nil {
		return nil, err
	}
	out := make([]byte, 1, 1+chacha20poly1305.NonceSizeX+len(plain)+chacha20poly1305.Overhead)
	out[0] = sealVersion
	return sealTo(out, rand, aead, plain, at.aad())
}

// Open opens what Seal sealed for the same purpose and place; anything else is ErrOpen.
func (k *Key) Open(purpose string, at Place, sealed []byte) ([]byte, error) {
	if len(sealed) == 0 || sealed[0] != sealVersion {
		return nil, ErrOpen
	}
	aead, err := k.aead(purpose)
	if err != nil {
		return nil, err
	}
	return openFrom(aead, sealed[1:], at.aad())
}

// MAC returns HMAC-SHA-256 over the parts, each with its length in front, under the sub-key of the purpose.
func (k *Key) MAC(purpose string, parts ...string) []byte {
	h := hmac.New(sha256.New, k.macKey(purpose))
	var n [4]byte
	for _, p := range parts {
		binary.BigEndian.PutUint32(n[:], uint32(len(p)))
		h.Write(n[:])
		io.WriteString(h, p)
	}
	return h.Sum(nil)
}

func (k *Key) aead(purpose string) (cipher.AEAD, error) {
	if a, ok := k.subs.Load(purpose); ok {
		return a.(cipher.AEAD), nil
	}
	aead, err := chacha20poly1305.NewX(k.derive("seal " + purpose))
	if err != nil {
		return nil, fmt.Errorf("sub-key for %s: %w", purpose, err)
	}
	a, _ := k.subs.LoadOrStore(purpose, aead)
	return a.(cipher.AEAD), nil
}

func (k *Key) macKey(purpose string) []byte {
	if m, ok := k.macs.Load(purpose); ok {
		return m.([]byte)
	}
	m, _ := k.macs.LoadOrStore(purpose, k.derive("mac "+purpose))
	return m.([]byte)
}

// derive returns the sub-key with that label.
func (k *Key) derive(label string) []byte {
	sub, err := hkdf.Key(sha256.New, k.raw, nil, "cenote "+label, KeySize)
	if err != nil { // only for lengths that HKDF cannot make
		panic(err)
	}
	return sub
}
