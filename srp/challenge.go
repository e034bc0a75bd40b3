package srp

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
)

// ChallengeSize is the length in bytes of a Challenge's binary form.
const ChallengeSize = 32 + 32 + Size

// keyInfo is HKDF's info string, AUTH-186.
const keyInfo = "Caldera Derived Key"

// Challenge is what the server has to remember between PASSWORD_VERIFIER and its
// answer: its secret exponent b, u and A. From b and the B that was sent follows
// the verifier, so a Challenge leaves the process sealed or not at all.
type Challenge struct {
	secret [32]byte
	u      [32]byte
	a      Public
}

// NewChallenge answers the client's public key A: it returns the state to keep
// and the B to send. The verifier is that of [Identity.Verifier] or [Simulate];
// a nil random is the system's. It costs one exponentiation of the fixed base.
func NewChallenge(random io.Reader, a Public, verifier []byte) (*Challenge, Public, error) {
	v, err := parseVerifier(verifier)
	if err != nil {
		return nil, Public{}, err
	}
	if a == (Public{}) {
		return nil, Public{}, ErrZero
	}
	c := &Challenge{a: a}
	if err := read(random, c.secret[:]); err != nil {
		return nil, Public{}, fmt.Errorf("make challenge: %w", err)
	}
	var sum element
	sum.generate(&c.secret)
	v.mul(&v, &params().k)
	sum.add(&sum, &v)
	sum.leave(&sum)

	// One in 2^256 random secrets gives a B or u that the client refuses.
	var b Public
	if sum.put(b.bytes[:]); sum.isZero() {
		return nil, Public{}, errors.New("make challenge: B is zero")
	}
	if c.u = scramble(&a, &b); c.u == [32]byte{} {
		return nil, Public{}, errors.New("make challenge: u is zero")
	}
	return c, b, nil
}

// AppendBinary appends the ChallengeSize bytes that [ParseChallenge] reads. They
// are secret.
func (c *Challenge) AppendBinary(dst []byte) ([]byte, error) {
	dst = append(dst, c.secret[:]...)
	dst = append(dst, c.u[:]...)
	return append(dst, c.a.bytes[:]...), nil
}

// ParseChallenge reads the binary form of a Challenge.
func ParseChallenge(data []byte) (*Challenge, error) {
	if len(data) != ChallengeSize {
		return nil, fmt.Errorf("%w: challenge of %d bytes", ErrMalformed, len(data))
	}
	a, err := newPublic(data[64:])
	if err != nil {
		return nil, fmt.Errorf("parse challenge: %w", err)
	}
	c := &Challenge{secret: [32]byte(data), u: [32]byte(data[32:]), a: a}
	if c.u == [32]byte{} {
		return nil, fmt.Errorf("%w: challenge without u", ErrMalformed)
	}
	return c, nil
}

// Verify reports whether the claim was signed by somebody who knows the password
// behind the verifier. An error is ErrVerifier. It costs two exponentiations and
// takes the same time for right and wrong claims; the caller has checked the
// claim's time and that its secret block is the one of this challenge.
func (c *Challenge) Verify(verifier []byte, id Identity, claim *Claim) (bool, error) {
	v, err := parseVerifier(verifier)
	if err != nil {
		return false, err
	}
	a := c.a.element()
	var s element // (A·v^u)^b
	s.powerPublic(&v, c.u[:])
	s.mul(&s, &a)
	s.power(&s, c.secret[:])
	key, err := deriveKey(&s, &c.u)
	if err != nil {
		return false, err
	}
	want := sign(key, id, claim.SecretBlock, claim.Timestamp)
	return hmac.Equal(want[:], claim.signature[:]), nil
}

// Format keeps the secret out of logs.
func (c *Challenge) Format(f fmt.State, _ rune) { io.WriteString(f, "srp.Challenge{secret}") }

// ChallengeParams returns the ChallengeParameters of PASSWORD_VERIFIER (AUTH-172):
// the server's half of [Login.Respond]. block is the sealed [Challenge].
func ChallengeParams(username string, salt []byte, b Public, block []byte) map[string]string {
	m := exchangeParams(username, salt, b, block)
	m["USER_ID_FOR_SRP"] = username
	return m
}

// DeviceChallengeParams returns the ChallengeParameters of
// DEVICE_PASSWORD_VERIFIER (AUTH-373).
func DeviceChallengeParams(username, deviceKey string, salt []byte, b Public, block []byte) map[string]string {
	m := exchangeParams(username, salt, b, block)
	m["DEVICE_KEY"] = deviceKey
	return m
}

func exchangeParams(username string, salt []byte, b Public, block []byte) map[string]string {
	return map[string]string{
		"USERNAME":     username,
		"SALT":         hex.EncodeToString(salt),
		"SRP_B":        b.Hex(),
		"SECRET_BLOCK": base64.StdEncoding.EncodeToString(block),
	}
}

// scramble is u = H(pad(A) ‖ pad(B)), AUTH-184.
func scramble(a, b *Public) [32]byte {
	h := sha256.New()
	h.Write(pad(a.bytes[:]))
	h.Write(pad(b.bytes[:]))
	return [32]byte(h.Sum(nil))
}

// deriveKey is AUTH-186: sixteen bytes out of S (in Montgomery form) and u.
func deriveKey(s *element, u *[32]byte) ([]byte, error) {
	var plain element
	plain.leave(s)
	var raw [Size]byte
	plain.put(raw[:])
	key, err := hkdf.Key(sha256.New, pad(raw[:]), pad(u[:]), keyInfo, 16)
	if err != nil {
		return nil, fmt.Errorf("derive key: %w", err)
	}
	return key, nil
}

// sign is the claim's signature before base64, AUTH-187.
func sign(key []byte, id Identity, block []byte, timestamp string) [sha256.Size]byte {
	m := hmac.New(sha256.New, key)
	io.WriteString(m, id.Group)
	io.WriteString(m, id.Name)
	m.Write(block)
	io.WriteString(m, timestamp)
	return [sha256.Size]byte(m.Sum(nil))
}
