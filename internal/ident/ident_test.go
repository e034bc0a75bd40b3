package ident_test

import (
	"bytes"
	"crypto/rand"
	"regexp"
	"strings"
	"testing"
	"unicode"

	"github.com/cenote-auth/cenote/internal/ident"
)

// C8: one fold decides which names are the same.
func TestC8_Fold(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, a, b      string
		sensitive, same bool
	}{
		{"case", "Ada", "aDA", false, true},
		{"case, sensitive pool", "Ada", "ada", true, false},
		{"kelvin sign", "\u212Aelvin", "kelvin", false, true},
		{"sharp s", "stra\u00dfe", "STRASSE", false, true},
		{"composed and decomposed", "Jos\u00e9", "Jose\u0301", true, true},
		{"composed and decomposed, folded", "JOS\u00c9", "jose\u0301", false, true},
		{"dotless i is another letter", "\u0131da", "ida", false, false},
		{"final sigma", "\u03a3\u03a3", "\u03c3\u03c2", false, true},
		{"ligature is not compatible", "\ufb01le", "\uff46ile", true, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := ident.Fold(tt.a, tt.sensitive) == ident.Fold(tt.b, tt.sensitive); got != tt.same {
				t.Errorf("same(%q, %q) = %v, want %v", tt.a, tt.b, got, tt.same)
			}
		})
	}
}

// Every letter folds to something that folds to itself, and to what its other cases fold to.
func TestC8_EveryLetterFoldsOnce(t *testing.T) {
	t.Parallel()
	for r := rune(0x80); r <= unicode.MaxRune; r++ {
		if !unicode.IsLetter(r) {
			continue
		}
		once := ident.Fold(string(r), false)
		if again := ident.Fold(once, false); again != once {
			t.Errorf("Fold(%q) = %q, then %q", r, once, again)
		}
		if next := unicode.SimpleFold(r); next >= 0x80 && ident.Fold(string(next), false) != once {
			t.Errorf("Fold(%q) = %q, Fold(%q) = %q", r, once, next, ident.Fold(string(next), false))
		}
	}
}

func FuzzFoldIsStable(f *testing.F) {
	f.Add("Ada", false)
	f.Add("\u1fb3\u0345", false)
	f.Add("\u13ac\uab7c", false)
	f.Fuzz(func(t *testing.T, s string, sensitive bool) {
		once := ident.Fold(s, sensitive)
		if again := ident.Fold(once, sensitive); again != once {
			t.Errorf("Fold(%q) = %q, then %q", s, once, again)
		}
	})
}

// POOL-001, POOL-004, AUTH-081: the forms of generated ids.
func TestGeneratedIDs(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, pattern string
		make          func() (string, error)
	}{
		{"pool", `^eu-central-1_[0-9A-Za-z]{9}$`, func() (string, error) { return ident.PoolID(rand.Reader, "eu-central-1") }},
		{"client", `^[0-9a-z]{26}$`, func() (string, error) { return ident.ClientID(rand.Reader) }},
		{"secret", `^[0-9a-z]{51}$`, func() (string, error) { return ident.ClientSecret(rand.Reader) }},
		{"code", `^[0-9]{6}$`, func() (string, error) { return ident.Code(rand.Reader, 6) }},
		{"uuid", `^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`, func() (string, error) { return ident.UUID(rand.Reader) }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			seen := map[string]bool{}
			for range 100 {
				s, err := tt.make()
				if err != nil {
					t.Fatal(err)
				}
				if !regexp.MustCompile(tt.pattern).MatchString(s) {
					t.Errorf("%q does not match %s", s, tt.pattern)
				}
				seen[s] = true
			}
			if len(seen) < 95 {
				t.Errorf("only %d different of 100", len(seen))
			}
		})
	}
}

// AUTH-417: a temporary password has every class that a policy can ask for.
func TestTemporaryPassword(t *testing.T) {
	t.Parallel()
	for _, n := range []int{6, 8, 99} {
		p, err := ident.TemporaryPassword(rand.Reader, n)
		if err != nil {
			t.Fatal(err)
		}
		if len(p) < n {
			t.Errorf("%d characters, want at least %d", len(p), n)
		}
		for _, class := range []string{"[A-Z]", "[a-z]", "[0-9]", `[!#$%*+.?@_-]`} {
			if !regexp.MustCompile(class).MatchString(p) {
				t.Errorf("no character of %s", class)
			}
		}
	}
}

func TestRandomSourceFails(t *testing.T) {
	t.Parallel()
	if _, err := ident.ClientID(bytes.NewReader([]byte("short"))); err == nil {
		t.Error("an exhausted source of randomness must be an error")
	}
}

// ATTR-031, AUTH-063: forms of addresses.
func TestContacts(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]bool{
		"ada@example.com": true, "a.b+c@sub.example.co": true, "ada@localhost": true, "": false, "ada": false, "@example.com": false,
		"ada@": false, "Ada <ada@example.com>": false, "ada@example.com\r\nBcc: x@y.z": false, "a b@example.com": false,
		"ada@example.com,eve@example.com": false, `"ada"@example.com`: false, strings.Repeat("a", 251) + "@b.c": false,
	} {
		if got := ident.IsEmail(s); got != want {
			t.Errorf("IsEmail(%q) = %v", s, got)
		}
	}
	for s, want := range map[string]bool{
		"+12065550100": true, "+1": true, "12065550100": false, "+": false, "+1206555O100": false, "+1 206": false, "+1234567890123456": false,
	} {
		if got := ident.IsPhone(s); got != want {
			t.Errorf("IsPhone(%q) = %v", s, got)
		}
	}
}

// AUTH-104, USR-058: masks.
func TestMasks(t *testing.T) {
	t.Parallel()
	if got := ident.MaskEmail("test@test.com"); got != "t***@t***" {
		t.Error(got)
	}
	if got := ident.MaskPhone("+12065559934"); got != "+*******9934" {
		t.Error(got)
	}
	if got := ident.MaskPhone("+1"); got != "+*******1" {
		t.Error(got)
	}
}
