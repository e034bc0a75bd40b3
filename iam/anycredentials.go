package iam

import (
	"context"
	"fmt"
)

// AnyCredentials accepts every request that looks signed, whoever signed it and with whatever secret: it parses the
// Authorization header as strictly as a [Verifier] does, and then believes it. It exists for local development and for
// tests, where clients insist on signing but nobody has keys. It MUST NOT be reachable by anybody whom its operator does
// not trust with everything.
type AnyCredentials struct {
	Account string // account of the principal, empty means 123456789012
}

// Authenticate returns the account's root as principal.
func (a AnyCredentials) Authenticate(_ context.Context, r *Request, body Body) (*Principal, error) {
	if _, err := parseSignature(r); err != nil {
		return nil, err
	}
	if _, err := body(); err != nil {
		return nil, fmt.Errorf("read body: %w", err)
	}
	account := a.Account
	if account == "" {
		account = "123456789012"
	}
	return &Principal{ARN: "arn:aws:iam::" + account + ":root", Account: account}, nil
}
