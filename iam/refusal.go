package iam

import (
	"fmt"
	"time"

	"github.com/cenote-auth/cenote/awsapi"
)

// The sentences with which AWS refuses signatures.
const (
	textMissing      = "Missing Authentication Token"                                                                                                                                                       // SIGV4-040
	textUnrecognized = "The security token included in the request is invalid."                                                                                                                             // SIGV4-043
	textExpired      = "The security token included in the request is expired"                                                                                                                              // SIGV4-044
	textMismatch     = "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details." // SIGV4-042
)

// MissingToken is the refusal of a signed operation that came without any signature (ERR-012, SIGV4-040).
func MissingToken() *awsapi.Error { return awsapi.ErrMissingAuthentication.New(textMissing) }

// UnrecognizedClient is the refusal of credentials that nobody here knows (SIGV4-043).
func UnrecognizedClient() *awsapi.Error { return awsapi.ErrUnrecognizedClient.New(textUnrecognized) }

func mismatch() error { return awsapi.ErrInvalidSignature.New(textMismatch) }

func expiredToken() error { return awsapi.ErrExpiredToken.New(textExpired) }

// tooOld refuses a request whose window of the given length has closed (SIGV4-031, 033).
func tooOld(at, now time.Time, window time.Duration) error {
	return awsapi.ErrInvalidSignature.Newf("Signature expired: %s is now earlier than %s (%s - %s)",
		at.Format(isoBasic), now.Add(-window).Format(isoBasic), now.Format(isoBasic), span(window))
}

// tooNew refuses a request from the future (SIGV4-032).
func tooNew(at, now time.Time, window time.Duration) error {
	return awsapi.ErrInvalidSignature.Newf("Signature not yet current: %s is still later than %s (%s + %s)",
		at.Format(isoBasic), now.Add(window).Format(isoBasic), now.Format(isoBasic), span(window))
}

// span writes a duration as AWS does in these sentences: "5 min.".
func span(d time.Duration) string {
	if d%time.Minute == 0 {
		return fmt.Sprintf("%d min.", d/time.Minute)
	}
	return fmt.Sprintf("%d sec.", d/time.Second)
}
