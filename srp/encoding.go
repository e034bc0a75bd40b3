package srp

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"math/big"
	"strings"
)

var (
	// ErrMalformed is the error of texts and numbers that no client of the
	// protocol sends: bad hexadecimal or base64, numbers out of range or too long.
	ErrMalformed = errors.New("srp: malformed value")

	// ErrZero is the error of a public key that is 0 modulo N. It would fix S
	// whatever the password is.
	ErrZero = errors.New("srp: public key is zero")

	// ErrNegative is the error of a device's salt or verifier whose sign bit is
	// set; see AUTH-366.
	ErrNegative = errors.New("srp: negative number")
)

// maxHex bounds the digits of a public key: all of N and a sign byte.
const maxHex = 2*Size + 2

// Public is a public key of the exchange, A or B: a number above 0 and below N.
// The zero Public is not valid.
type Public struct{ bytes [Size]byte }

// ParsePublic reads SRP_A or SRP_B: hexadecimal of either case, with or without
// leading zeros, of even or odd length, at most 770 digits (AUTH-182). It returns
// ErrZero for multiples of N and ErrMalformed for everything else that is not
// below N.
func ParsePublic(text string) (Public, error) {
	raw, err := parseHex(text)
	if err != nil {
		return Public{}, err
	}
	return newPublic(raw)
}

func newPublic(raw []byte) (Public, error) {
	raw = bytes.TrimLeft(raw, "\x00")
	var p Public
	var e element
	if len(raw) <= Size {
		copy(p.bytes[Size-len(raw):], raw)
		if e.set(p.bytes[:]) {
			if e.isZero() {
				return Public{}, ErrZero
			}
			return p, nil
		}
	}
	var n [Size]byte
	modulus.put(n[:])
	x := new(big.Int).SetBytes(raw) // public, and of bounded length
	if x.Mod(x, new(big.Int).SetBytes(n[:])).Sign() == 0 {
		return Public{}, ErrZero
	}
	return Public{}, fmt.Errorf("%w: public key is not below N", ErrMalformed)
}

// Hex returns the key in lower-case hexadecimal without leading zeros, the form
// of SRP_A and SRP_B on the wire (AUTH-182, AUTH-183).
func (p Public) Hex() string {
	return strings.TrimLeft(hex.EncodeToString(p.bytes[:]), "0")
}

// Bytes returns the key as Size bytes, big-endian.
func (p Public) Bytes() []byte { return bytes.Clone(p.bytes[:]) }

// element returns the key in Montgomery form.
func (p *Public) element() (e element) {
	e.set(p.bytes[:])
	e.enter(&e)
	return e
}

// parseHex reads a non-negative number of at most maxHex digits.
func parseHex(text string) ([]byte, error) {
	if text == "" || len(text) > maxHex {
		return nil, fmt.Errorf("%w: %d hexadecimal digits", ErrMalformed, len(text))
	}
	if len(text)%2 == 1 {
		text = "0" + text
	}
	raw, err := hex.DecodeString(text)
	if err != nil {
		return nil, fmt.Errorf("%w: not hexadecimal", ErrMalformed)
	}
	return raw, nil
}

// pad returns the shortest big-endian two's-complement encoding of the
// non-negative number in raw, as AUTH-176 demands of everything that is hashed.
func pad(raw []byte) []byte {
	raw = bytes.TrimLeft(raw, "\x00")
	if len(raw) == 0 || raw[0]&0x80 != 0 {
		return append([]byte{0}, raw...)
	}
	return raw
}

// parseBase64 reads standard or URL-safe base64, padded or not (AUTH-188).
func parseBase64(text string) ([]byte, error) {
	text = strings.NewReplacer("-", "+", "_", "/").Replace(strings.TrimRight(text, "="))
	raw, err := base64.RawStdEncoding.DecodeString(text)
	if err != nil {
		return nil, fmt.Errorf("%w: not base64", ErrMalformed)
	}
	return raw, nil
}
