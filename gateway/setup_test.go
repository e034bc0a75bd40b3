package gateway_test

import (
	"context"
	"crypto/rsa"
	"maps"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/cenote-auth/cenote/gateway"
	"github.com/cenote-auth/cenote/internal/testkeys"
	"github.com/cenote-auth/cenote/token"
)

const (
	issuer   = "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_Example01"
	clientID = "1example23456789"
)

var now = time.Date(2026, 1, 3, 4, 10, 0, 0, time.UTC)

// tb is what the bench needs of a test, or of an example.
type tb interface {
	Helper()
	Fatal(...any)
}

// bench is a pool's keys and a service behind them.
type bench struct {
	kid  string
	key  *rsa.PrivateKey
	keys token.KeySet // nil is the pool's
}

func setup(t tb) *bench {
	t.Helper()
	kid, key, err := testkeys.Make(context.Background(), "us-east-1_Example01", token.Access)
	if err != nil {
		t.Fatal(err)
	}
	return &bench{kid: kid, key: key}
}

// verifier is one of the pool's access tokens; change alters its configuration.
func (b *bench) verifier(t tb, change func(*token.VerifierConfig)) *token.Verifier {
	t.Helper()
	cfg := token.VerifierConfig{
		Issuer: issuer, ClientIDs: []string{clientID}, Use: token.Access, Now: func() time.Time { return now },
		Keys: token.StaticKeys{{ID: b.kid, Key: &b.key.PublicKey}},
	}
	if b.keys != nil {
		cfg.Keys = b.keys
	}
	if change != nil {
		change(&cfg)
	}
	v, err := token.NewVerifier(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// claims are those of a good access token, with changes; nil deletes one.
func claims(changes map[string]any) map[string]any {
	c := map[string]any{
		"iss": issuer, "sub": "4f0a2f0e-7c1d-4b7c-9a53-000000000001", "token_use": "access", "client_id": clientID, "username": "ada",
		"scope": "openid orders/read", "cognito:groups": []string{"staff", "admins"},
		"iat": now.Add(-time.Minute).Unix(), "exp": now.Add(time.Hour).Unix(),
	}
	maps.Copy(c, changes)
	maps.DeleteFunc(c, func(_ string, v any) bool { return v == nil })
	return c
}

// token signs the claims of a good access token with the changes.
func (b *bench) token(t tb, changes map[string]any) string {
	t.Helper()
	return b.signed(t, b.kid, b.key, changes)
}

func (b *bench) signed(t tb, kid string, key *rsa.PrivateKey, changes map[string]any) string {
	t.Helper()
	i, err := token.NewIssuer(token.IssuerConfig{Keys: noKeys{}})
	if err != nil {
		t.Fatal(err)
	}
	raw, err := i.Sign(context.Background(), "us-east-1_Example01", token.SigningKey{ID: kid, Signer: key}, claims(changes))
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

type noKeys struct{ token.KeySource }

// brokenKeys is a KeySet that can tell nothing.
type brokenKeys struct{ err error }

func (k brokenKeys) Key(context.Context, string) (*rsa.PublicKey, error) { return nil, k.err }

// ask sends a request with the headers through the middleware. passed is the request as the service got it, or nil.
func ask(t testing.TB, c gateway.Config, header http.Header) (w *httptest.ResponseRecorder, passed *http.Request) {
	t.Helper()
	h := gateway.RequireJWT(c)(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		passed = r
		w.WriteHeader(http.StatusNoContent)
	}))
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/orders?access_token=in-the-query", nil)
	maps.Copy(r.Header, header)
	w = httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w, passed
}

func bearer(raw string) http.Header { return http.Header{"Authorization": {"Bearer " + raw}} }
