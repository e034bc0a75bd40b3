package iam

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"
)

// canonicalRequest builds the text whose hash is signed (SIGV4-010). It reports false for a request that has no canonical
// form: a broken percent-encoding, or a signed header that is not there.
func canonicalRequest(r *Request, sig *signature, body []byte) ([]byte, bool) {
	b := make([]byte, 0, 1024)
	b = append(append(b, r.Method...), '\n')
	b = append(appendCanonicalPath(b, r.Path), '\n')
	b, ok := appendCanonicalQuery(b, r.RawQuery, sig.presigned)
	if !ok {
		return nil, false
	}
	b = append(b, '\n')
	for _, name := range sig.headers {
		b = append(append(b, name...), ':')
		switch lines := r.values(name); {
		case name == "host":
			b = append(b, strings.TrimSpace(r.Host)...)
		case len(lines) > 0:
			b = appendCanonicalValues(b, lines)
		case name == "content-length": // transports that keep it beside the headers
			b = strconv.AppendInt(b, int64(len(body)), 10)
		default:
			return nil, false
		}
		b = append(b, '\n')
	}
	b = append(b, '\n')
	for i, name := range sig.headers {
		if i > 0 {
			b = append(b, ';')
		}
		b = append(b, name...)
	}
	b = append(b, '\n')
	hash := sha256.Sum256(body)
	return hex.AppendEncode(b, hash[:]), true
}

// appendCanonicalPath normalises the path as it came over the wire and encodes each segment once more (SIGV4-011, 012).
func appendCanonicalPath(b []byte, path string) []byte {
	var segments []string
	for s := range strings.SplitSeq(path, "/") {
		switch s {
		case "", ".":
		case "..":
			segments = segments[:max(0, len(segments)-1)]
		default:
			segments = append(segments, s)
		}
	}
	for _, s := range segments {
		b = appendEscaped(append(b, '/'), s)
	}
	if len(segments) == 0 || strings.HasSuffix(path, "/") {
		b = append(b, '/')
	}
	return b
}

// appendCanonicalQuery sorts and re-encodes the query; X-Amz-Signature of a presigned request is left out (SIGV4-013).
func appendCanonicalQuery(b []byte, rawQuery string, presigned bool) ([]byte, bool) {
	if rawQuery == "" {
		return b, true
	}
	type pair struct{ name, value string }
	var pairs []pair
	for part := range strings.SplitSeq(rawQuery, "&") {
		if part == "" {
			continue
		}
		rawName, rawValue, _ := strings.Cut(part, "=")
		name, ok1 := unescapeQuery(rawName)
		value, ok2 := unescapeQuery(rawValue)
		if !ok1 || !ok2 {
			return b, false
		}
		if presigned && name == "X-Amz-Signature" {
			continue
		}
		pairs = append(pairs, pair{string(appendEscaped(nil, name)), string(appendEscaped(nil, value))})
	}
	slices.SortFunc(pairs, func(x, y pair) int {
		return cmp.Or(strings.Compare(x.name, y.name), strings.Compare(x.value, y.value))
	})
	for i, p := range pairs {
		if i > 0 {
			b = append(b, '&')
		}
		b = append(append(append(b, p.name...), '='), p.value...)
	}
	return b, true
}

// appendCanonicalValues joins the lines of a header with commas, trims them and collapses runs of spaces (SIGV4-014).
func appendCanonicalValues(b []byte, lines []string) []byte {
	for i, line := range lines {
		if i > 0 {
			b = append(b, ',')
		}
		space := false
		for _, c := range []byte(strings.Trim(line, " \t")) {
			if c != ' ' || !space {
				b = append(b, c)
			}
			space = c == ' '
		}
	}
	return b
}

const upperHex = "0123456789ABCDEF"

// appendEscaped percent-encodes everything but RFC 3986's unreserved characters.
func appendEscaped(b []byte, s string) []byte {
	for _, c := range []byte(s) {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '_', c == '.', c == '~':
			b = append(b, c)
		default:
			b = append(b, '%', upperHex[c>>4], upperHex[c&15])
		}
	}
	return b
}

// unescapeQuery decodes percent-encodings and plus signs, as net/url does for queries, so that what is signed is what is
// read. It reports false for a broken encoding.
func unescapeQuery(s string) (string, bool) {
	if !strings.ContainsAny(s, "%+") {
		return s, true
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '%':
			if i+2 >= len(s) {
				return "", false
			}
			c, err := strconv.ParseUint(s[i+1:i+3], 16, 8)
			if err != nil {
				return "", false
			}
			b = append(b, byte(c))
			i += 2
		case '+':
			b = append(b, ' ')
		default:
			b = append(b, s[i])
		}
	}
	return string(b), true
}

// sign returns the signature that the holder of the secret puts under a canonical request, in hex (SIGV4-020, 021).
//
// The derived key is not cached: it costs four short HMACs, some 2 µs, and a cache would answer known keys faster than
// unknown ones.
func sign(secret Secret, sig *signature, canonical []byte) []byte {
	c := sig.credential
	hash := sha256.Sum256(canonical)
	text := make([]byte, 0, 192)
	text = append(append(append(text, algorithm...), '\n'), sig.stamp...)
	text = append(append(append(text, '\n'), c.date...), '/')
	text = append(append(append(text, c.region...), '/'), c.service...)
	text = append(append(append(text, '/'), c.terminator...), '\n')
	text = hex.AppendEncode(text, hash[:])

	key := append([]byte("AWS4"), secret...)
	for _, step := range []string{c.date, c.region, c.service, c.terminator} {
		key = mac(key, []byte(step))
	}
	return hex.AppendEncode(nil, mac(key, text))
}

func mac(key, text []byte) []byte {
	h := hmac.New(sha256.New, key)
	h.Write(text)
	return h.Sum(nil)
}
