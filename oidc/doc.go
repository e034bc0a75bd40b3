// Package oidc serves what hangs off a user pool's issuer over HTTP: the discovery document and the key set by which anybody
// verifies the pool's tokens.
//
//	mux.Handle("/auth/", service.PoolHandler("eu-central-1_Example01", "https://example.com/auth/"))
package oidc
