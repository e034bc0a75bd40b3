package srp

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"strings"
)

// SaltSize is the length of the salts made here, in bytes (AUTH-181).
const SaltSize = 16

// maxSalt bounds the salts that are taken from others.
const maxSalt = 256

// ErrVerifier is the error of a stored verifier that is not a number above 0 and
// below N in Size bytes. It means damaged storage, never a wrong password.
var ErrVerifier = errors.New("srp: invalid verifier")

// Identity is whom a verifier belongs to. Both parts enter every hash: a verifier
// is worth nothing under another name or in another pool (AUTH-179, AUTH-180).
type Identity struct {
	Group string // the pool's name, or a device's group key
	Name  string // the internal username, or the device key
}

// User is the identity of a user: the internal username, never an alias, in the
// pool with the id.
func User(poolID, username string) Identity {
	return Identity{Group: PoolName(poolID), Name: username}
}

// Device is the identity of a remembered device (AUTH-374).
func Device(groupKey, deviceKey string) Identity {
	return Identity{Group: groupKey, Name: deviceKey}
}

// PoolName returns the part of a user pool id after the first underscore, and
// all of it if there is none (AUTH-178).
func PoolName(poolID string) string {
	if _, name, ok := strings.Cut(poolID, "_"); ok {
		return name
	}
	return poolID
}

// NewSalt returns SaltSize random bytes; a nil random is the system's.
func NewSalt(random io.Reader) ([]byte, error) {
	salt := make([]byte, SaltSize)
	if err := read(random, salt); err != nil {
		return nil, fmt.Errorf("make salt: %w", err)
	}
	return salt, nil
}

// Verifier returns v = g^x mod N as Size bytes, big-endian (AUTH-179, AUTH-181).
// The salt counts as a number: leading zero bytes have no meaning. It costs one
// exponentiation of the fixed base, the cheapest of the package.
func (id Identity) Verifier(password string, salt []byte) []byte {
	x := id.exponent(password, salt)
	var v element
	v.generate(&x)
	v.leave(&v)
	out := make([]byte, Size)
	v.put(out)
	return out
}

// Matches reports whether the verifier is that of the password, in a time that
// does not depend on either. It costs what Verifier costs.
func (id Identity) Matches(verifier []byte, password string, salt []byte) bool {
	return subtle.ConstantTimeCompare(verifier, id.Verifier(password, salt)) == 1
}

// exponent is x = H(pad(salt) ‖ H(group ‖ name ‖ ":" ‖ password)).
func (id Identity) exponent(password string, salt []byte) [32]byte {
	inner := sha256.Sum256([]byte(id.Group + id.Name + ":" + password))
	h := sha256.New()
	h.Write(pad(salt))
	h.Write(inner[:])
	return [32]byte(h.Sum(nil))
}

// Simulate returns salt and verifier for an identity that does not exist. They
// are always the same for the same secret and identity, have the form of real
// ones, and match no known password (AUTH-196). The secret should have 32 random
// bytes and never change; it costs two hashes, like reading a real verifier.
func Simulate(secret []byte, id Identity) (salt, verifier []byte) {
	stream := func(label string, n int) []byte {
		var out []byte
		for i := byte(0); len(out) < n; i++ {
			m := hmac.New(sha256.New, secret)
			fmt.Fprintf(m, "%s %d %d:%s%s", label, i, len(id.Group), id.Group, id.Name)
			out = m.Sum(out)
		}
		return out[:n]
	}
	salt, verifier = stream("srp salt", SaltSize), stream("srp verifier", Size)
	verifier[0] &= 0x7f // below N
	verifier[Size-1] |= 1
	return salt, verifier
}

// parseVerifier returns the verifier in Montgomery form.
func parseVerifier(verifier []byte) (v element, err error) {
	if len(verifier) != Size {
		return v, fmt.Errorf("%w: %d bytes", ErrVerifier, len(verifier))
	}
	if !v.set(verifier) || v.isZero() {
		return v, ErrVerifier
	}
	v.enter(&v)
	return v, nil
}

// read fills b from random, or from the system if that is nil.
func read(random io.Reader, b []byte) error {
	if random == nil {
		random = rand.Reader
	}
	_, err := io.ReadFull(random, b)
	return err
}
