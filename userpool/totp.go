package userpool

import (
	"crypto/subtle"
	"encoding/base32"
	"fmt"
	"io"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"
)

// Codes of software tokens are those of RFC 6238 with its defaults, so that every app has them (AUTH-343).
const (
	totpPeriod     = 30 * time.Second
	totpWindow     = 1  // steps before and after the present one
	totpSecretSize = 32 // bytes (AUTH-344)
)

var (
	totpCode     = hotp.ValidateOpts{Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1}
	totpEncoding = base32.StdEncoding.WithPadding(base32.NoPadding)
)

// totpStepEnd is when no code of the step is accepted any more.
func totpStepEnd(step int64) time.Time {
	return time.Unix((step+1+totpWindow)*int64(totpPeriod/time.Second), 0)
}

// newTOTPSecret returns the secret of a new software token.
func newTOTPSecret(random io.Reader) ([]byte, error) {
	secret := make([]byte, totpSecretSize)
	if _, err := io.ReadFull(random, secret); err != nil {
		return nil, fmt.Errorf("make a TOTP secret: %w", err)
	}
	return secret, nil
}

// totpStep returns the time step whose code it is, the latest if several have it, or 0 if none around now has. Only who has the
// right code can tell from the time it takes which step that was.
func totpStep(secret []byte, code string, now time.Time) (int64, error) {
	text := totpEncoding.EncodeToString(secret)
	present := now.Unix() / int64(totpPeriod/time.Second)
	for step := present + totpWindow; step >= present-totpWindow; step-- {
		want, err := hotp.GenerateCodeCustom(text, uint64(step), totpCode)
		if err != nil {
			return 0, fmt.Errorf("compute a TOTP code: %w", err)
		}
		if subtle.ConstantTimeCompare([]byte(want), []byte(code)) == 1 {
			return step, nil
		}
	}
	return 0, nil
}
