package token_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"github.com/cenote-auth/cenote/token"
)

var refreshSecret = bytes.Repeat([]byte{42}, 32)

func newSealer(t testing.TB, change func(*token.RefreshConfig)) *token.RefreshSealer {
	t.Helper()
	cfg := token.RefreshConfig{Key: testKeys()[2], Secret: refreshSecret}
	if change != nil {
		change(&cfg)
	}
	s, err := token.NewRefreshSealer(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// AUTH-475.
func TestRefreshTokenForm(t *testing.T) {
	t.Parallel()
	s, want := newSealer(t, nil), token.Refresh{Family: "4f0a2f0e-7c1d-4b7c-9a53-000000000001", Generation: 7}
	raw, err := s.Seal(pool, want)
	if err != nil {
		t.Fatal(err)
	}
	if !regexp.MustCompile(`^[A-Za-z0-9-_=.]+$`).MatchString(raw) || strings.Count(raw, ".") != 4 {
		t.Errorf("form of %s", raw)
	}
	head, _, _ := strings.Cut(raw, ".")
	if header, _ := base64.RawURLEncoding.DecodeString(head); string(header) != `{"cty":"JWT","enc":"A256GCM","alg":"RSA-OAEP"}` {
		t.Errorf("header %s", header)
	}
	got, err := s.Open(t.Context(), pool, raw)
	if err != nil || got != want {
		t.Errorf("%v, %v", got, err)
	}
	again, err := s.Seal(pool, want)
	if err != nil || again == raw || token.RefreshDigest(again) == token.RefreshDigest(raw) {
		t.Errorf("a second one is equal, or %v", err)
	}
	if strings.Contains(raw, "4f0a2f0e") {
		t.Error("the family shows")
	}
}

// One content key serves many tokens and not too many; whatever it is, another sealer with the same keys opens them.
func TestRefreshContentKey(t *testing.T) {
	t.Parallel()
	s, want := newSealer(t, nil), token.Refresh{Family: "family"}
	wrapped, nonces := map[string]int{}, map[string]bool{}
	for range 1<<16 + 1 {
		raw, err := s.Seal(pool, want)
		if err != nil {
			t.Fatal(err)
		}
		parts := strings.Split(raw, ".")
		if wrapped[parts[1]]++; wrapped[parts[1]] == 1 {
			if got, err := newSealer(t, nil).Open(t.Context(), pool, raw); err != nil || got != want {
				t.Errorf("%v, %v", got, err)
			}
		}
		nonces[parts[2]] = true
	}
	if len(wrapped) != 2 || len(nonces) != 1<<16+1 {
		t.Errorf("%d content keys and %d nonces for %d tokens", len(wrapped), len(nonces), 1<<16+1)
	}
}

// encrypt makes a JWE by the public key, as anybody could who has it.
func encrypt(t testing.TB, alg jose.KeyAlgorithm, enc jose.ContentEncryption, zip jose.CompressionAlgorithm, content []byte) string {
	t.Helper()
	e, err := jose.NewEncrypter(enc, jose.Recipient{Algorithm: alg, Key: &testKeys()[2].PublicKey}, (&jose.EncrypterOptions{Compression: zip}).WithContentType("JWT"))
	if err != nil {
		t.Fatal(err)
	}
	o, err := e.Encrypt(content)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := o.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// The envelope proves nothing: what counts is the MAC inside.
func TestC5_ForgedRefreshTokens(t *testing.T) {
	t.Parallel()
	s := newSealer(t, nil)
	raw, err := s.Seal(pool, token.Refresh{Family: "family", Generation: 1})
	if err != nil {
		t.Fatal(err)
	}
	other, err := newSealer(t, func(c *token.RefreshConfig) { c.Secret = bytes.Repeat([]byte{43}, 32) }).Seal(pool, token.Refresh{Family: "family", Generation: 1})
	if err != nil {
		t.Fatal(err)
	}
	content := make([]byte, 8+6+32)
	rand.Read(content)
	parts := strings.Split(raw, ".")
	header := func(h string) string {
		return base64.RawURLEncoding.EncodeToString([]byte(h)) + "." + strings.Join(parts[1:], ".")
	}
	flipped := []byte(raw)
	flipped[len(flipped)-30] ^= 1
	tests := []struct{ name, raw string }{
		{"by somebody with the public key", encrypt(t, jose.RSA_OAEP, jose.A256GCM, jose.NONE, content)},
		{"compressed", encrypt(t, jose.RSA_OAEP, jose.A256GCM, jose.DEFLATE, content)},
		{"another key algorithm", encrypt(t, jose.RSA_OAEP_256, jose.A256GCM, jose.NONE, content)},
		{"another content algorithm", encrypt(t, jose.RSA_OAEP, jose.A128GCM, jose.NONE, content)},
		{"under another secret", other},
		{"a bit flipped", string(flipped)},
		{"header in another order", header(`{"alg":"RSA-OAEP","enc":"A256GCM","cty":"JWT"}`)},
		{"header with zip", header(`{"cty":"JWT","enc":"A256GCM","alg":"RSA-OAEP","zip":"DEF"}`)},
		{"CVE-2026-34986: no wrapped key", parts[0] + ".." + strings.Join(parts[2:], ".")},
		{"no tag", strings.Join(parts[:4], ".") + "."},
		{"a line end", raw[:len(raw)-2] + "\n" + raw[len(raw)-2:]},
		{"padding", raw + "=="},
		{"blank around", " " + raw},
		{"JSON form", `{"protected":"` + parts[0] + `"}`},
		{"four parts", strings.Join(parts[:4], ".")},
		{"six parts", raw + ".AAAA"},
		{"empty", ""},
		{"M8: too long", parts[0] + "." + strings.Repeat("A", 5000) + "..."},
		{"M8: dots", strings.Repeat(".", 1<<20)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got, err := s.Open(t.Context(), pool, tt.raw); err != token.ErrRefresh || got != (token.Refresh{}) {
				t.Errorf("%v, %v", got, err)
			}
		})
	}
	if _, err := s.Open(t.Context(), "us-east-1_Other", raw); !errors.Is(err, token.ErrRefresh) {
		t.Errorf("another pool: %v", err)
	}
	if _, err := newSealer(t, func(c *token.RefreshConfig) { c.Key = testKeys()[0] }).Open(t.Context(), pool, raw); !errors.Is(err, token.ErrRefresh) {
		t.Errorf("another key: %v", err)
	}
}

// Only decryption is expensive, and what has not the form does not get there.
func TestH6_DecryptionPassesTheGate(t *testing.T) {
	t.Parallel()
	passed, full := 0, errors.New("full")
	var refuse error
	s := newSealer(t, func(c *token.RefreshConfig) {
		c.Gate = func(_ context.Context, _ string, work func() error) error {
			if passed++; refuse != nil {
				return refuse
			}
			return work()
		}
	})
	raw, err := s.Seal(pool, token.Refresh{Family: "f"})
	if err != nil {
		t.Fatal(err)
	}
	s.Open(t.Context(), pool, "garbage")
	if _, err := s.Open(t.Context(), pool, raw); err != nil || passed != 1 {
		t.Errorf("%v, passed %d", err, passed)
	}
	refuse = full
	if _, err := s.Open(t.Context(), pool, raw); !errors.Is(err, full) || errors.Is(err, token.ErrRefresh) {
		t.Errorf("full gate: %v", err)
	}
}

func TestRefreshSealerRefuses(t *testing.T) {
	t.Parallel()
	for name, cfg := range map[string]token.RefreshConfig{
		"no key": {Secret: refreshSecret}, "no secret": {Key: testKeys()[2]}, "short secret": {Key: testKeys()[2], Secret: refreshSecret[:31]},
	} {
		if _, err := token.NewRefreshSealer(cfg); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	s := newSealer(t, nil)
	for _, family := range []string{"", strings.Repeat("x", 256)} {
		if _, err := s.Seal(pool, token.Refresh{Family: family}); err == nil {
			t.Errorf("a family of %d bytes", len(family))
		}
	}
	if _, err := newSealer(t, func(c *token.RefreshConfig) { c.Rand = strings.NewReader("") }).Seal(pool, token.Refresh{Family: "f"}); err == nil {
		t.Error("a token without randomness")
	}
	if text := fmt.Sprintf("%+v", s); text != "token.RefreshSealer{secret}" {
		t.Errorf("prints %s", text)
	}
}

func FuzzOpenRefresh(f *testing.F) {
	s := newSealer(f, nil)
	good, err := s.Seal(pool, token.Refresh{Family: "f", Generation: 1})
	if err != nil {
		f.Fatal(err)
	}
	head, _, _ := strings.Cut(good, ".")
	f.Add(good)
	f.Add(head + "....")
	f.Add("....")
	f.Fuzz(func(t *testing.T, raw string) {
		if r, err := s.Open(t.Context(), pool, raw); err == nil && raw != good {
			t.Errorf("opened %q as %v", raw, r)
		}
	})
}
