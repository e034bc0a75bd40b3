package seal_test

import (
	"bytes"
	"crypto/rand"
	"errors"
	"slices"
	"testing"

	"github.com/cenote-auth/cenote/internal/seal"
)

func key(t testing.TB, b byte) *seal.Key {
	t.Helper()
	k, err := seal.NewKey(bytes.Repeat([]byte{b}, seal.KeySize))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// C7: a sealed value opens under its key, for its purpose, at its place, unchanged, and in no other way.
func TestC7_ValueIsBoundToKeyPurposeAndPlace(t *testing.T) {
	t.Parallel()
	at := seal.Place{Kind: "user", Key: "u1", Field: "verifier"}
	sealed, err := key(t, 1).Seal(rand.Reader, "srp", at, []byte("secret"))
	if err != nil {
		t.Fatal(err)
	}
	plain, err := key(t, 1).Open("srp", at, sealed)
	if err != nil || string(plain) != "secret" {
		t.Fatalf("Open = %q, %v", plain, err)
	}
	changed := slices.Clone(sealed)
	changed[len(changed)-1] ^= 1
	for _, tt := range []struct {
		name    string
		key     *seal.Key
		purpose string
		at      seal.Place
		sealed  []byte
	}{
		{"another key", key(t, 2), "srp", at, sealed},
		{"another purpose", key(t, 1), "totp", at, sealed},
		{"another record", key(t, 1), "srp", seal.Place{Kind: "user", Key: "u2", Field: "verifier"}, sealed},
		{"another kind", key(t, 1), "srp", seal.Place{Kind: "client", Key: "u1", Field: "verifier"}, sealed},
		{"another field", key(t, 1), "srp", seal.Place{Kind: "user", Key: "u1", Field: "history"}, sealed},
		{"parts shifted", key(t, 1), "srp", seal.Place{Kind: "use", Key: "ru1", Field: "verifier"}, sealed},
		{"changed", key(t, 1), "srp", at, changed},
		{"cut short", key(t, 1), "srp", at, sealed[:20]},
		{"empty", key(t, 1), "srp", at, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if _, err := tt.key.Open(tt.purpose, tt.at, tt.sealed); !errors.Is(err, seal.ErrOpen) {
				t.Errorf("Open = %v, want ErrOpen", err)
			}
		})
	}
}

// C7: rotating the master key wraps anew; keys wrapped under an older one still open while it is in the ring.
func TestC7_MasterKeyRotation(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	oldKey, newKey := bytes.Repeat([]byte{1}, 32), bytes.Repeat([]byte{2}, 32)
	ring := func(keys ...[]byte) seal.KeyRing {
		r, err := seal.NewKeys(rand.Reader, keys...)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	data := bytes.Repeat([]byte{9}, 32)
	before, err := ring(oldKey).Wrap(ctx, data, []byte("pool"))
	if err != nil {
		t.Fatal(err)
	}
	both := ring(newKey, oldKey)
	got, err := both.Unwrap(ctx, before, []byte("pool"))
	if err != nil || !bytes.Equal(got, data) {
		t.Fatalf("Unwrap under the older key = %x, %v", got, err)
	}
	if both.Current(before) {
		t.Error("a key wrapped under the older master key counts as current")
	}
	after, err := both.Wrap(ctx, data, []byte("pool"))
	if err != nil || !both.Current(after) {
		t.Fatalf("rewrapped key is not current: %v", err)
	}
	if _, err := ring(newKey).Unwrap(ctx, before, []byte("pool")); !errors.Is(err, seal.ErrOpen) {
		t.Errorf("a retired master key opens: %v", err)
	}
	if _, err := both.Unwrap(ctx, after, []byte("other")); !errors.Is(err, seal.ErrOpen) {
		t.Errorf("a wrapped key opens for another owner: %v", err)
	}
}

func TestNewKeysRefusesBadKeys(t *testing.T) {
	t.Parallel()
	if _, err := seal.NewKeys(rand.Reader); err == nil {
		t.Error("no key was accepted")
	}
	if _, err := seal.NewKeys(rand.Reader, make([]byte, 16)); err == nil {
		t.Error("a short key was accepted")
	}
}

func TestMACSeparatesParts(t *testing.T) {
	t.Parallel()
	k := key(t, 1)
	if bytes.Equal(k.MAC("code", "ab", "c"), k.MAC("code", "a", "bc")) {
		t.Error("parts run into each other")
	}
	if bytes.Equal(k.MAC("code", "a"), k.MAC("salt", "a")) {
		t.Error("purposes share a key")
	}
}

func FuzzOpen(f *testing.F) {
	k := key(f, 1)
	at := seal.Place{Kind: "k", Key: "r", Field: "f"}
	good, err := k.Seal(bytes.NewReader(make([]byte, 64)), "p", at, []byte("x")) // the same in each process that fuzzes
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add([]byte{1})
	f.Fuzz(func(t *testing.T, b []byte) {
		if plain, err := k.Open("p", at, b); err == nil && !bytes.Equal(b, good) {
			t.Errorf("forged value opened as %q", plain)
		}
	})
}
