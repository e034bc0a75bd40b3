package store

import (
	"crypto/sha256"
	"strings"

	"github.com/cenote-auth/cenote/store/driver"
)

// Tuples are the keys and index values of all records: a sequence of strings, encoded so that encoded tuples sort as the
// sequences do and no tuple is a prefix of another of the same length. Each 0x00 inside a part becomes 0x00 0xFF; each part
// ends with 0x00 0x01, which sorts before any continuation of the part.
const (
	escape     = "\x00\xff"
	terminator = "\x00\x01"
)

// Tuple returns the encoding of the parts.
func Tuple(parts ...string) string {
	n := 0
	for _, p := range parts {
		n += len(p) + len(terminator)
	}
	var b strings.Builder
	b.Grow(n)
	for _, p := range parts {
		writePart(&b, p)
		b.WriteString(terminator)
	}
	return b.String()
}

// tuplePrefix returns the prefix of all tuples that begin with the parts and whose next part begins with prefix.
func tuplePrefix(parts []string, prefix string) string {
	var b strings.Builder
	b.WriteString(Tuple(parts...))
	writePart(&b, prefix)
	return b.String()
}

func writePart(b *strings.Builder, p string) {
	if strings.IndexByte(p, 0) < 0 {
		b.WriteString(p)
		return
	}
	for i := range len(p) {
		if p[i] == 0 {
			b.WriteString(escape)
		} else {
			b.WriteByte(p[i])
		}
	}
}

// maxPlain is how much of a longer value stays readable before the digest that stands for the rest.
const maxPlain = driver.MaxValue - sha256.Size - 8

// fit makes a value fit driver.MaxValue: what is too long keeps its beginning, for the order and for prefixes, and a digest
// of the whole, for equality. Different values stay different.
func fit(value string) string {
	if len(value) <= driver.MaxValue {
		return value
	}
	sum := sha256.Sum256([]byte(value))
	return value[:maxPlain] + string(sum[:])
}

// fitPrefix makes a prefix fit: one that is too long becomes a shorter one, which matches more. The second result says that
// matches have to be checked again.
func fitPrefix(prefix string) (string, bool) {
	if len(prefix) <= maxPlain {
		return prefix, false
	}
	return prefix[:maxPlain], true
}
