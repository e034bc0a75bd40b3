// Package gateway stands in front of HTTP services whose users are in a user pool: net/http middleware that lets requests
// through if they carry a token of the pool, and tells the service behind it who asks.
//
//	v, err := token.NewVerifier(token.VerifierConfig{Issuer: issuer, ClientIDs: []string{clientID}, Use: token.Access})
//	…
//	guard := gateway.RequireJWT(gateway.Config{Verifier: v, Scopes: []string{"orders/read"}})
//	mux.Handle("/orders/", guard(orders)) // orders asks gateway.Claims(r.Context())
//
// The pool may be one of cenote or of Amazon Cognito: the token decides, not who issued it. Nothing here logs a token, a claim
// or a path.
package gateway
