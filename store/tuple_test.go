package store_test

import (
	"slices"
	"strings"
	"testing"
	"testing/quick"

	"github.com/cenote-auth/cenote/store"
)

// C8: encoded tuples sort as the sequences of strings do.
func TestC8_TuplesKeepOrder(t *testing.T) {
	t.Parallel()
	check := func(a, b []string) bool {
		got := strings.Compare(store.Tuple(a...), store.Tuple(b...))
		return got == slices.Compare(a, b)
	}
	if err := quick.Check(check, &quick.Config{MaxCount: 5000}); err != nil {
		t.Error(err)
	}
	hostile := []string{"", "\x00", "\x00\x00", "\x00\x01", "\x00\xff", "\x01", "a", "a\x00", "a\x00\x01", "a\x01", "ab", "\xff", "\xff\xff", "é"}
	for _, a := range hostile {
		for _, b := range hostile {
			for _, c := range hostile {
				for _, d := range hostile {
					if !check([]string{a, b}, []string{c, d}) || !check([]string{a}, []string{c, d}) {
						t.Fatalf("order of %q and %q differs", []string{a, b}, []string{c, d})
					}
				}
			}
		}
	}
}

// C8: no key of one owner falls into the range of another, whatever their names and keys are.
func TestC8_OwnersAreIsolated(t *testing.T) {
	t.Parallel()
	check := func(owner, other string, key []string) bool {
		if owner == other {
			return true
		}
		return !strings.HasPrefix(store.Tuple(append([]string{other}, key...)...), store.Tuple(owner))
	}
	if err := quick.Check(check, &quick.Config{MaxCount: 5000}); err != nil {
		t.Error(err)
	}
	for _, tt := range []struct{ owner, other, key string }{
		{"pool_a", "pool_ab", "x"}, {"pool_a", "pool_a\x00", "x"}, {"pool_a", "pool_a\x00\x01", "x"}, {"", "\x00", ""}, {"a", "", "a"},
		{"pool_a", "pool", "_a"}, {"a\x00", "a", "\x00"}, {"a\x00\x01b", "a", "b"},
	} {
		if !check(tt.owner, tt.other, []string{tt.key}) || !check(tt.other, tt.owner, []string{tt.key}) {
			t.Errorf("%q and %q share keys", tt.owner, tt.other)
		}
	}
}

func FuzzTuple(f *testing.F) {
	f.Add("a", "b", "c", "d")
	f.Add("a\x00", "", "a", "\x00")
	f.Fuzz(func(t *testing.T, a, b, c, d string) {
		same := a == c && b == d
		if (store.Tuple(a, b) == store.Tuple(c, d)) != same {
			t.Errorf("tuples of %q and %q", []string{a, b}, []string{c, d})
		}
	})
}
