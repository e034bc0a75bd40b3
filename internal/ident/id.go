package ident

import (
	"crypto/sha256"
	"fmt"
	"io"
	"math/big"
	"strings"

	"github.com/google/uuid"
)

const (
	digits    = "0123456789"
	lower     = "abcdefghijklmnopqrstuvwxyz"
	upper     = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	lowerAlnu = digits + lower
	alnum     = digits + lower + upper
)

// PoolID returns a new user pool id: the region, an underscore and nine letters or digits (POOL-001).
func PoolID(rand io.Reader, region string) (string, error) {
	s, err := pick(rand, alnum, 9)
	return region + "_" + s, err
}

// ClientID returns a new app client id: 26 lower-case letters or digits (POOL-004).
func ClientID(rand io.Reader) (string, error) { return pick(rand, lowerAlnu, 26) }

// ClientSecret returns a new app client secret: 51 lower-case letters or digits, 263 bits (AUTH-081).
func ClientSecret(rand io.Reader) (string, error) { return pick(rand, lowerAlnu, 51) }

// Code returns n decimal digits (MSG-013).
func Code(rand io.Reader, n int) (string, error) { return pick(rand, digits, n) }

// UUID returns a random UUID (version 4).
func UUID(rand io.Reader) (string, error) {
	id, err := uuid.NewRandomFromReader(rand) // not SetRand, which is global (M10)
	if err != nil {
		return "", fmt.Errorf("make a UUID: %w", err)
	}
	return id.String(), nil
}

// UUIDFrom makes the version 4 UUID whose random bits are those of seed, which has at least 16 bytes.
func UUIDFrom(seed []byte) string {
	id := uuid.UUID(seed[:16])
	id[6] = id[6]&0x0f | 0x40
	id[8] = id[8]&0x3f | 0x80
	return id.String()
}

// IsUUID reports whether s is a UUID in its usual form of 36 characters.
func IsUUID(s string) bool {
	return len(s) == 36 && uuid.Validate(s) == nil
}

// PoolSuffix returns the part of a pool id after the underscore, which SRP calls the pool's name (AUTH-178).
func PoolSuffix(poolID string) string {
	_, suffix, _ := strings.Cut(poolID, "_")
	return suffix
}

// TemporaryPassword returns a random password of at least n characters that has an upper-case and a lower-case letter, a
// digit and a symbol, so that it satisfies every policy (AUTH-417).
func TemporaryPassword(rand io.Reader, n int) (string, error) {
	const symbols = "!#$%*+-.?@_"
	classes := []string{upper, lower, digits, symbols}
	n = max(n, 8)
	var b strings.Builder
	for i := range n {
		set := alnum + symbols
		if i < len(classes) {
			set = classes[i]
		}
		c, err := pick(rand, set, 1)
		if err != nil {
			return "", err
		}
		b.WriteString(c)
	}
	return shuffle(rand, b.String())
}

func shuffle(rand io.Reader, s string) (string, error) {
	b := []byte(s)
	for i := len(b) - 1; i > 0; i-- {
		j, err := below(rand, i+1)
		if err != nil {
			return "", err
		}
		b[i], b[j] = b[j], b[i]
	}
	return string(b), nil
}

// pick returns n characters of set, each with the same probability.
func pick(rand io.Reader, set string, n int) (string, error) {
	out := make([]byte, n)
	for i := range out {
		j, err := below(rand, len(set))
		if err != nil {
			return "", err
		}
		out[i] = set[j]
	}
	return string(out), nil
}

// below returns a uniform number in [0, n), n at most 256, by throwing away the bytes that would favour some.
func below(rand io.Reader, n int) (int, error) {
	limit := 256 - 256%n
	var b [1]byte
	for {
		if _, err := io.ReadFull(rand, b[:]); err != nil {
			return 0, fmt.Errorf("read random bytes: %w", err)
		}
		if int(b[0]) < limit {
			return int(b[0]) % n, nil
		}
	}
}

// Derived returns n lower-case letters or digits that follow from seed, n at most 40. They tell nothing of it.
func Derived(seed string, n int) string {
	sum := sha256.Sum256([]byte(seed))
	text := new(big.Int).SetBytes(sum[:]).Text(36) // some 50 digits
	text = strings.Repeat("0", max(0, n-len(text))) + text
	return text[len(text)-n:]
}
