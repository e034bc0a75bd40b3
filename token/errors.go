package token

import "errors"

// What a [Verifier] finds wrong with a token. Errors are wrapped with what was
// found; ask with errors.Is. All but ErrKeys mean that the token is not to be
// accepted by anybody asking the same; ErrKeys means that nobody can tell now.
var (
	ErrMalformed  = errors.New("token: malformed")           // not a JWT of the form we take, or too long
	ErrSignature  = errors.New("token: invalid signature")   // or another algorithm than RS256
	ErrUnknownKey = errors.New("token: unknown signing key") // the issuer has no key of that kid
	ErrKeys       = errors.New("token: signing keys not available")
	ErrIssuer     = errors.New("token: wrong issuer")
	ErrUse        = errors.New("token: wrong token use")
	ErrAudience   = errors.New("token: wrong client or audience")
	ErrScope      = errors.New("token: scope missing")
	ErrExpired    = errors.New("token: expired")
	ErrNotYet     = errors.New("token: not valid yet")
)

// ErrTooLong is the error of an [Issuer] for claims that make a token longer than
// MaxLength.
var ErrTooLong = errors.New("token: too long")

// ErrRefresh is the error of a text that is not a refresh token that the
// [RefreshSealer] made for the pool. It does not tell why.
var ErrRefresh = errors.New("token: invalid refresh token")
