package ident

import (
	"net/mail"
	"strings"
	"unicode/utf8"
)

// IsEmail reports whether s is a plain e-mail address: one local part, one domain, no display name, no comment, no white
// space or control character, at most 254 bytes.
func IsEmail(s string) bool {
	if len(s) > 254 || !utf8.ValidString(s) || strings.ContainsFunc(s, blank) {
		return false
	}
	at := strings.LastIndexByte(s, '@')
	if at <= 0 || at == len(s)-1 || strings.HasPrefix(s, `"`) || strings.ContainsAny(s, "<>()[],;:\\") {
		return false
	}
	a, err := mail.ParseAddress(s)
	return err == nil && a.Name == "" && a.Address == s
}

func blank(r rune) bool { return r <= ' ' || r == 0x7f || r == 0xa0 || r == 0x2028 || r == 0x2029 }

// IsPhone reports whether s is a phone number as Cognito takes it: a plus sign and 1 to 15 digits (ATTR-031).
func IsPhone(s string) bool {
	if len(s) < 2 || len(s) > 16 || s[0] != '+' {
		return false
	}
	for i := 1; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

// MaskEmail returns the form in which an address is told to the caller: "t***@t***" (AUTH-104).
func MaskEmail(s string) string {
	at := strings.LastIndexByte(s, '@')
	if at < 0 {
		return first(s) + "***@***"
	}
	return first(s[:at]) + "***@" + first(s[at+1:]) + "***"
}

// MaskPhone returns the form in which a number is told to the caller: "+*******9934" (AUTH-104).
func MaskPhone(s string) string {
	s = strings.TrimPrefix(s, "+")
	return "+*******" + s[max(0, len(s)-4):]
}

func first(s string) string {
	_, n := utf8.DecodeRuneInString(s)
	return s[:n]
}
