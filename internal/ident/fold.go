// Package ident makes, checks and compares identifiers: the names by which people sign in, the ids that cenote deals, the
// addresses that it writes to.
package ident

import (
	"strings"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// FoldVersion is the version of Fold. Each pool stores the version that its index entries were made under, so that a later
// Unicode cannot give one name to two users unnoticed (C8).
const FoldVersion = 1

// Fold returns the form under which names are compared for uniqueness and look-up. It is the only place that folds: two
// places that disagree would give two users one name. Case-sensitive names are brought to Unicode normal form C only, so that
// a name typed with combining accents is the name typed without; others are also case-folded in full (ß is ss, the Kelvin
// sign is k, no language rules).
func Fold(name string, caseSensitive bool) string {
	if ascii(name) {
		if caseSensitive {
			return name
		}
		return lowerASCII(name)
	}
	name = norm.NFC.String(name)
	if caseSensitive {
		return name
	}
	folded := cases.Fold().String(norm.NFD.String(name)) // Unicode 3.13, D145: fold the decomposed form
	return norm.NFC.String(strings.Map(foldCherokee, folded))
}

// foldCherokee maps Cherokee's small letters to its capital ones, which is how Unicode folds that script. cases.Fold swaps
// the two instead, so that they would never be equal.
func foldCherokee(r rune) rune {
	switch {
	case 0xab70 <= r && r <= 0xabbf:
		return r - 0xab70 + 0x13a0
	case 0x13f8 <= r && r <= 0x13fd:
		return r - 8
	}
	return r
}

func ascii(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

func lowerASCII(s string) string {
	for i := range len(s) {
		if 'A' <= s[i] && s[i] <= 'Z' {
			b := []byte(s)
			for ; i < len(b); i++ {
				if 'A' <= b[i] && b[i] <= 'Z' {
					b[i] += 'a' - 'A'
				}
			}
			return string(b)
		}
	}
	return s
}
