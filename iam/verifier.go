package iam

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/cenote-auth/cenote/awsapi"
)

// VerifierConfig configures a [Verifier].
type VerifierConfig struct {
	Keys    AccessKeys       // required
	Region  string           // required: the only region that a credential scope may name
	MaxSkew time.Duration    // how far a request's time may be off, 0 means 5 minutes (SIGV4-030)
	Now     func() time.Time // nil means time.Now
}

// Verifier checks AWS Signature Version 4. It is safe for concurrent use and keeps nothing between requests, so that a key
// that is switched off is dead at once.
type Verifier struct {
	keys   AccessKeys
	region string
	skew   time.Duration
	now    func() time.Time
}

var regionName = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[a-z0-9-]{1,32}$`) })

// NewVerifier returns a verifier, or an error that names the field that is wrong.
func NewVerifier(cfg VerifierConfig) (*Verifier, error) {
	v := &Verifier{keys: cfg.Keys, region: cfg.Region, skew: cfg.MaxSkew, now: cfg.Now}
	if v.skew == 0 {
		v.skew = 5 * time.Minute
	}
	if v.now == nil {
		v.now = time.Now
	}
	switch {
	case v.keys == nil:
		return nil, errors.New("iam: VerifierConfig.Keys is nil")
	case !regionName().MatchString(v.region):
		return nil, fmt.Errorf("iam: VerifierConfig.Region %q is not a region name", v.region)
	case v.skew < 0 || v.skew > 24*time.Hour:
		return nil, fmt.Errorf("iam: VerifierConfig.MaxSkew %v is not between 0 and 24 hours", v.skew)
	}
	return v, nil
}

// decoy stands in for the secret of an unknown key, so that the arithmetic is the same.
const decoy Secret = "an access key that does not exist has this one"

// Authenticate returns the principal that signed the request. Refusals are [awsapi.Error] values with AWS's codes and
// sentences, in the order of SIGV4-046: presence, form, time format, scope, key, token, expiry, time window, signature.
// The body is read after the scope was found to be right.
func (v *Verifier) Authenticate(ctx context.Context, r *Request, body Body) (*Principal, error) {
	sig, err := parseSignature(r)
	if err != nil {
		return nil, err
	}
	if err := v.checkScope(r, sig); err != nil {
		return nil, err
	}
	if err := checkSignedHeaders(r, sig); err != nil {
		return nil, err
	}
	declared, err := declaredHash(r)
	if err != nil {
		return nil, err
	}
	payload, err := body()
	if err != nil {
		return nil, fmt.Errorf("read body: %w", err)
	}

	key, err := v.keys.Lookup(ctx, sig.credential.keyID, sig.token)
	unknown := errors.Is(err, ErrUnknownKey)
	switch {
	case unknown:
		key = AccessKey{Secret: decoy}
	case err != nil:
		return nil, fmt.Errorf("look up access key: %w", err)
	}
	canonical, ok := canonicalRequest(r, sig, payload)
	same := subtle.ConstantTimeCompare(sign(key.Secret, sig, canonical), []byte(sig.mac)) == 1
	now := v.now().UTC()
	if unknown {
		return nil, UnrecognizedClient()
	}
	if !key.Expires.IsZero() && !now.Before(key.Expires) {
		return nil, expiredToken()
	}
	if err := v.checkTime(sig, now); err != nil {
		return nil, err
	}
	if !ok || !same {
		return nil, mismatch()
	}
	if !bytes.HasSuffix(canonical, []byte(declared)) { // the canonical request ends with the hash of the body
		return nil, awsapi.ErrInvalidSignature.New(
			"The provided 'x-amz-content-sha256' header does not match what was computed.")
	}
	return &key.Principal, nil
}

// checkScope compares the credential scope with the endpoint and with the request's time (SIGV4-022, 045).
func (v *Verifier) checkScope(r *Request, sig *signature) error {
	c := sig.credential
	var faults []string
	if c.region != v.region {
		faults = append(faults, fmt.Sprintf("Credential should be scoped to a valid region, not '%s'.", c.region))
	}
	if c.service != r.Service {
		faults = append(faults, fmt.Sprintf("Credential should be scoped to correct service: '%s'.", r.Service))
	}
	if c.terminator != terminator {
		faults = append(faults, fmt.Sprintf("Credential should be scoped with a valid terminator: '%s', not '%s'.",
			terminator, c.terminator))
	}
	if day := sig.stamp[:len("20060102")]; c.date != day {
		faults = append(faults, fmt.Sprintf("Date in Credential scope does not match YYYYMMDD from ISO-8601 version of "+
			"date from HTTP: '%s' != '%s', from '%s'.", c.date, day, sig.stamp))
	}
	if faults == nil {
		return nil
	}
	return awsapi.ErrInvalidSignature.New(strings.Join(faults, " "))
}

// checkSignedHeaders demands that the headers which give a request its meaning are signed and there once. AWS is content
// with host (SIGV4-015); then a captured request for one operation is good for another.
func checkSignedHeaders(r *Request, sig *signature) error {
	signed := make(map[string]bool, len(sig.headers))
	for _, name := range sig.headers {
		signed[name] = true
	}
	demand := []string{"X-Amz-Target", "X-Amz-Security-Token"}
	if !sig.presigned {
		date := "X-Amz-Date"
		if len(r.Header[date]) == 0 {
			date = "Date"
		}
		demand = append(demand, date)
	}
	if !signed["host"] {
		return notSigned("Host")
	}
	for _, name := range demand {
		switch n := len(r.Header[name]); {
		case n > 1:
			return onceOnly(name)
		case n == 1 && !signed[strings.ToLower(name)]:
			return notSigned(name)
		}
	}
	return nil
}

func notSigned(header string) error {
	return awsapi.ErrInvalidSignature.Newf("'%s' must be a 'SignedHeader' in the AWS Authorization.", header)
}

// declaredHash returns X-Amz-Content-Sha256, or "" if the client did not send it. Forms that leave the body unsigned are
// refused (SIGV4-005).
func declaredHash(r *Request) (string, error) {
	lines := r.Header["X-Amz-Content-Sha256"]
	if len(lines) == 0 {
		return "", nil
	}
	if len(lines) > 1 {
		return "", onceOnly("X-Amz-Content-Sha256")
	}
	if _, err := hex.DecodeString(lines[0]); err != nil || len(lines[0]) != 2*sha256.Size {
		return "", awsapi.ErrInvalidSignature.New("x-amz-content-sha256 must be the hex SHA-256 of the body.")
	}
	return lines[0], nil
}

// checkTime compares the request's time with the clock (SIGV4-030 to 033).
func (v *Verifier) checkTime(sig *signature, now time.Time) error {
	window := v.skew
	if sig.presigned {
		window = sig.expires
	}
	switch {
	case sig.time.Before(now.Add(-window).Truncate(time.Second)):
		return tooOld(sig.time, now, window)
	case sig.time.After(now.Add(v.skew)):
		return tooNew(sig.time, now, v.skew)
	}
	return nil
}
