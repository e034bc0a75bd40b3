package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// The headers of a signed request.
const (
	TimestampHeader = "Cenote-Timestamp" // Unix seconds
	SignatureHeader = "Cenote-Signature" // "v1=" and hexadecimal digits
)

// Tolerance is how far a timestamp may be from the receiver's clock, either way.
const Tolerance = 5 * time.Minute

// ErrSignature is Verify's error. It does not say what was wrong.
var ErrSignature = errors.New("webhook: signature is missing, wrong or too old")

const signaturePrefix = "v1="

// Verify is for receivers: it reports whether the request's headers sign body under the secret, at a time within
// Tolerance of now. A message may come twice; Payload.ID tells.
func Verify(secret []byte, h http.Header, body []byte, now time.Time) error {
	if len(h.Values(TimestampHeader)) != 1 || len(h.Values(SignatureHeader)) != 1 || len(secret) < minSecret {
		return ErrSignature
	}
	stamp := h.Get(TimestampHeader)
	seconds, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil || stamp != strconv.FormatInt(seconds, 10) {
		return ErrSignature
	}
	text, ok := strings.CutPrefix(h.Get(SignatureHeader), signaturePrefix)
	given, err := hex.DecodeString(text)
	if !ok || err != nil || !hmac.Equal(given, sign(secret, stamp, body)) {
		return ErrSignature
	}
	if now.Sub(time.Unix(seconds, 0)).Abs() > Tolerance {
		return ErrSignature
	}
	return nil
}

func sign(secret []byte, stamp string, body []byte) []byte {
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(stamp))
	mac.Write([]byte{'.'})
	mac.Write(body)
	return mac.Sum(nil)
}
