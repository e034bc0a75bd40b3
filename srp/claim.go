package srp

import (
	"crypto/sha256"
	"fmt"
	"strings"
	"time"
)

// timestampLayout is AUTH-189: English names, the day without leading zero.
const timestampLayout = "Mon Jan 2 15:04:05 UTC 2006"

// maxSecretBlock bounds the text of a SECRET_BLOCK.
const maxSecretBlock = 8192

// Claim is the client's answer to PASSWORD_VERIFIER or DEVICE_PASSWORD_VERIFIER.
type Claim struct {
	SecretBlock []byte // the bytes behind PASSWORD_CLAIM_SECRET_BLOCK
	Timestamp   string // TIMESTAMP as it was sent, which is what is signed

	signature [sha256.Size]byte
	at        time.Time
}

// ParseClaim reads PASSWORD_CLAIM_SECRET_BLOCK, PASSWORD_CLAIM_SIGNATURE and
// TIMESTAMP. It returns ErrMalformed if one of them has not its form; nothing is
// verified yet.
func ParseClaim(secretBlock, signature, timestamp string) (*Claim, error) {
	at, err := ParseTimestamp(timestamp)
	if err != nil {
		return nil, err
	}
	if len(secretBlock) > maxSecretBlock {
		return nil, fmt.Errorf("%w: secret block of %d characters", ErrMalformed, len(secretBlock))
	}
	block, err := parseBase64(secretBlock)
	if err != nil {
		return nil, fmt.Errorf("secret block: %w", err)
	}
	if len(signature) > 64 {
		return nil, fmt.Errorf("%w: signature of %d characters", ErrMalformed, len(signature))
	}
	mac, err := parseBase64(signature)
	if err != nil {
		return nil, fmt.Errorf("signature: %w", err)
	}
	if len(mac) != sha256.Size {
		return nil, fmt.Errorf("%w: signature of %d bytes", ErrMalformed, len(mac))
	}
	return &Claim{SecretBlock: block, Timestamp: timestamp, signature: [sha256.Size]byte(mac), at: at}, nil
}

// Time returns the client's time, in UTC, to the second.
func (c *Claim) Time() time.Time { return c.at }

// Within reports whether the client's time is at most skew before or after now.
func (c *Claim) Within(now time.Time, skew time.Duration) bool {
	return now.Sub(c.at).Abs() <= skew
}

// Timestamp writes a TIMESTAMP, for example "Sat Jan 3 04:05:06 UTC 2026".
func Timestamp(t time.Time) string { return t.UTC().Format(timestampLayout) }

// ParseTimestamp reads a TIMESTAMP. Only the exact form that [Timestamp] writes
// is taken: a padded day, other names or a weekday of another date are
// ErrMalformed.
func ParseTimestamp(text string) (time.Time, error) {
	t, err := time.Parse(timestampLayout, text)
	if err != nil || t.Format(timestampLayout) != text {
		return time.Time{}, fmt.Errorf("%w: timestamp %q", ErrMalformed, strings.ToValidUTF8(text[:min(len(text), 40)], "?"))
	}
	return t, nil
}
