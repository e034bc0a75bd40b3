package token_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cenote-auth/cenote/token"
)

// Key generation is slow, so the tests share three keys.
var testKeys = sync.OnceValue(func() [3]*rsa.PrivateKey {
	var keys [3]*rsa.PrivateKey
	for i := range keys {
		key, err := token.GenerateKey()
		if err != nil {
			panic(err)
		}
		keys[i] = key
	}
	return keys
})

const (
	pool      = "us-east-1_Example01"
	issuer    = "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_Example01"
	clientID  = "1example23456789"
	idKid     = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
	accessKid = "BAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
)

var issued = time.Date(2026, 1, 3, 4, 5, 6, 0, time.UTC)

// source has keys for one pool: the first test key for ID tokens, the second for
// access tokens. The third is a stranger's.
type source struct{}

func (source) SigningKey(_ context.Context, p string, use token.Use) (token.SigningKey, error) {
	switch {
	case p != pool:
		return token.SigningKey{}, fmt.Errorf("no pool %s", p)
	case use == token.ID:
		return token.SigningKey{ID: idKid, Signer: testKeys()[0]}, nil
	}
	return token.SigningKey{ID: accessKid, Signer: testKeys()[1]}, nil
}

func (source) PublicKeys(_ context.Context, p string) ([]token.PublicKey, error) {
	if p != pool {
		return nil, fmt.Errorf("no pool %s", p)
	}
	return []token.PublicKey{{ID: idKid, Key: &testKeys()[0].PublicKey}, {ID: accessKid, Key: &testKeys()[1].PublicKey}}, nil
}

// AUTH-471: keys of 2,048 bits survive storage.
func TestPrivateKeyRoundTrip(t *testing.T) {
	t.Parallel()
	key := testKeys()[0]
	if key.N.BitLen() != 2048 {
		t.Errorf("%d bits", key.N.BitLen())
	}
	der, err := token.MarshalPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	again, err := token.ParsePrivateKey(der)
	if err != nil || !again.Equal(key) {
		t.Errorf("read back: %v", err)
	}
}

func TestParsePrivateKeyRefuses(t *testing.T) {
	t.Parallel()
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	other, err := x509.MarshalPKCS8PrivateKey(ec)
	if err != nil {
		t.Fatal(err)
	}
	for name, der := range map[string][]byte{"garbage": {1, 2, 3}, "empty": nil, "elliptic curve": other} {
		if _, err := token.ParsePrivateKey(der); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// AUTH-472.
func TestNewKeyID(t *testing.T) {
	t.Parallel()
	id, err := token.NewKeyID(nil)
	if err != nil || len(id) != 44 || !strings.HasSuffix(id, "=") {
		t.Errorf("%q, %v", id, err)
	}
	if other, _ := token.NewKeyID(nil); other == id {
		t.Error("two ids are equal")
	}
	if id, _ := token.NewKeyID(bytes.NewReader(make([]byte, 32))); id != idKid {
		t.Errorf("injected randomness gives %s", id)
	}
	if _, err := token.NewKeyID(bytes.NewReader(nil)); err == nil {
		t.Error("an id without randomness")
	}
}

// AUTH-473, OIDC-009, OIDC-010.
func TestJWKS(t *testing.T) {
	t.Parallel()
	keys, err := source{}.PublicKeys(t.Context(), pool)
	if err != nil {
		t.Fatal(err)
	}
	document, err := token.MarshalJWKS(keys)
	if err != nil {
		t.Fatal(err)
	}
	var set struct{ Keys []map[string]string }
	if err := json.Unmarshal(document, &set); err != nil {
		t.Fatal(err)
	}
	if len(set.Keys) != 2 {
		t.Fatalf("%d keys", len(set.Keys))
	}
	for i, k := range set.Keys {
		if len(k) != 6 || k["alg"] != "RS256" || k["e"] != "AQAB" || k["kty"] != "RSA" || k["use"] != "sig" || k["kid"] != keys[i].ID || len(k["n"]) != 342 {
			t.Errorf("key %d: %v", i, k)
		}
	}
	if !bytes.HasPrefix(document, []byte(`{"keys":[{"alg":"RS256","e":"AQAB","kid":"`+idKid+`","kty":"RSA","n":"`)) {
		t.Errorf("document begins %.80s", document)
	}
	parsed, err := token.ParseJWKS(document)
	if err != nil || len(parsed) != 2 {
		t.Fatalf("%d keys, %v", len(parsed), err)
	}
	for i, k := range parsed {
		if k.ID != keys[i].ID || !k.Key.Equal(keys[i].Key) {
			t.Errorf("key %d differs", i)
		}
	}
	if none, err := token.MarshalJWKS(nil); err != nil || string(none) != `{"keys":[]}` {
		t.Errorf("no keys: %s, %v", none, err)
	}
}

func TestParseJWKSPassesOver(t *testing.T) {
	t.Parallel()
	n := strings.Repeat("_", 341) + "w"
	good := `{"kty":"RSA","kid":"good","n":"` + n + `","e":"AQAB"}`
	tests := []struct {
		name, key string
		want      int
	}{
		{"without use and alg", good, 1},
		{"for encryption", `{"kty":"RSA","kid":"k","use":"enc","n":"` + n + `","e":"AQAB"}`, 0},
		{"of another algorithm", `{"kty":"RSA","kid":"k","alg":"PS256","n":"` + n + `","e":"AQAB"}`, 0},
		{"of another type", `{"kty":"EC","kid":"k","crv":"P-256","x":"AA","y":"AA"}`, 0},
		{"symmetric", `{"kty":"oct","kid":"k","k":"AAAA"}`, 0},
		{"without kid", `{"kty":"RSA","n":"` + n + `","e":"AQAB"}`, 0},
		{"small", `{"kty":"RSA","kid":"k","n":"AQAB","e":"AQAB"}`, 0},
		{"huge", `{"kty":"RSA","kid":"k","n":"` + strings.Repeat("_", 4000) + `","e":"AQAB"}`, 0},
		{"exponent one", `{"kty":"RSA","kid":"k","n":"` + n + `","e":"AQ"}`, 0},
		{"even exponent", `{"kty":"RSA","kid":"k","n":"` + n + `","e":"BA"}`, 0},
		{"huge exponent", `{"kty":"RSA","kid":"k","n":"` + n + `","e":"` + n + `"}`, 0},
		{"not base64", `{"kty":"RSA","kid":"k","n":"*","e":"AQAB"}`, 0},
	}
	for _, tt := range tests {
		keys, err := token.ParseJWKS([]byte(`{"keys":[` + tt.key + `]}`))
		if err != nil || len(keys) != tt.want {
			t.Errorf("%s: %d keys, %v", tt.name, len(keys), err)
		}
	}
	for name, document := range map[string]string{
		"not JSON":      `{`,
		"kid twice":     `{"keys":[` + good + `,` + good + `]}`,
		"too many keys": `{"keys":[` + strings.Repeat(`{},`, 100) + `{}]}`,
		"too long":      `{"keys":[]}` + strings.Repeat(" ", 1<<20),
	} {
		if _, err := token.ParseJWKS([]byte(document)); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestPoolKeys(t *testing.T) {
	t.Parallel()
	keys := token.PoolKeys(source{}, pool)
	if key, err := keys.Key(t.Context(), accessKid); err != nil || !key.Equal(&testKeys()[1].PublicKey) {
		t.Errorf("known kid: %v", err)
	}
	if _, err := keys.Key(t.Context(), "other"); !errors.Is(err, token.ErrUnknownKey) {
		t.Errorf("unknown kid: %v", err)
	}
	if _, err := token.PoolKeys(source{}, "us-east-1_Other").Key(t.Context(), accessKid); !errors.Is(err, token.ErrKeys) {
		t.Errorf("unknown pool: %v", err)
	}
}

func FuzzParseJWKS(f *testing.F) {
	f.Add([]byte(`{"keys":[{"kty":"RSA","kid":"k","n":"AQAB","e":"AQAB"}]}`))
	f.Add([]byte(`null`))
	f.Fuzz(func(t *testing.T, data []byte) {
		keys, err := token.ParseJWKS(data)
		if err != nil {
			return
		}
		for _, k := range keys {
			if k.ID == "" || k.Key.N.BitLen() < 2048 || k.Key.E < 3 {
				t.Errorf("took key %q of %d bits, exponent %d", k.ID, k.Key.N.BitLen(), k.Key.E)
			}
		}
		if document, err := token.MarshalJWKS(keys); err != nil {
			t.Error(err)
		} else if again, err := token.ParseJWKS(document); err != nil || len(again) != len(keys) {
			t.Errorf("%d keys became %d, %v", len(keys), len(again), err)
		}
	})
}

func TestPublicKeyRoundTrip(t *testing.T) {
	t.Parallel()
	key := &testKeys()[0].PublicKey
	der, err := token.MarshalPublicKey(key)
	if err != nil {
		t.Fatal(err)
	}
	again, err := token.ParsePublicKey(der)
	if err != nil || !again.Equal(key) {
		t.Errorf("read back: %v", err)
	}
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := token.MarshalPublicKey(ec.Public()); err == nil {
		t.Error("an elliptic curve's key was taken")
	}
	other, err := x509.MarshalPKIXPublicKey(ec.Public())
	if err != nil {
		t.Fatal(err)
	}
	for name, der := range map[string][]byte{"garbage": {1, 2, 3}, "empty": nil, "elliptic curve": other} {
		if _, err := token.ParsePublicKey(der); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
