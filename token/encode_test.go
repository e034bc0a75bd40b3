package token_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"math"
	"strings"
	"testing"

	"github.com/cenote-auth/cenote/token"
)

// TestClaimsAreEncodedAsByEncodingJSON checks that every kind of claim has the form that encoding/json gives it, and that names come
// in order.
func TestClaimsAreEncodedAsByEncodingJSON(t *testing.T) {
	t.Parallel()
	texts := []string{"", "plain", `"`, `\`, "<&>", "\x00\x1f", "\x7f", "é\u2028", "\xff", strings.Repeat("long ", 500)}
	claims := map[string]any{
		"true": true, "false": false, "min": int64(math.MinInt64), "max": int64(math.MaxInt64), "int": 7, "float": 1e21, "nil": nil,
		"list": texts, "map": map[string]string{"b": "<", "a": ">"}, "nested": map[string]any{"x": []any{1, "<", nil}},
		"linked": []token.LinkedIdentity{{UserID: "<1>", Primary: true}},
	}
	for _, text := range texts {
		claims["text "+text[:min(len(text), 10)]] = text
		claims[text[:min(len(text), 10)]] = int64(len(text))
	}
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	issuer, err := token.NewIssuer(token.IssuerConfig{Keys: noKeys{}})
	if err != nil {
		t.Fatal(err)
	}
	raw, err := issuer.Sign(t.Context(), "pool", token.SigningKey{ID: "kid", Signer: key}, claims)
	if err != nil {
		t.Fatal(err)
	}
	payload, err := base64.RawURLEncoding.DecodeString(strings.Split(raw, ".")[1])
	if err != nil {
		t.Fatal(err)
	}
	var want strings.Builder
	enc := json.NewEncoder(&want)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(claims); err != nil {
		t.Fatal(err)
	}
	if string(payload)+"\n" != want.String() {
		t.Errorf("encoded as\n%s\nwant\n%s", payload, want.String())
	}
}

type noKeys struct{ token.KeySource }

func (noKeys) SigningKey(context.Context, string, token.Use) (token.SigningKey, error) {
	return token.SigningKey{}, nil
}
