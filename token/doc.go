// Package token makes and checks the tokens of user pools: ID and access tokens
// (JWTs, signed RS256), the key sets they are checked with, and the envelope of
// refresh tokens (JWE). It imports nothing else of this module, so that a service
// that only wants to check tokens gets no more than that.
//
// # Checking
//
// A [Verifier] checks the tokens of one issuer:
//
//	v, err := token.NewVerifier(token.VerifierConfig{
//		Issuer: issuer, ClientIDs: []string{clientID}, Use: token.Access,
//	})
//	claims, err := v.Verify(ctx, raw)
//	if errors.Is(err, token.ErrExpired) { … }
//
// By default it fetches the issuer's key set over HTTPS ([RemoteKeys]) and keeps
// it; who runs the pools gives it a [KeySet] of theirs ([PoolKeys]).
//
// # Issuing
//
// An [Issuer] signs [IDClaims] and [AccessClaims] with the keys of a [KeySource].
// Claims that a trigger may not touch are protected here and nowhere else, see
// [Overrides]. A [Ring] says which of a pool's keys signs and which are
// published; [Refresh] and [RefreshSealer] are the refresh token.
package token
