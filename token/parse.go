package token

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/golang-jwt/jwt/v5"
)

// parse takes the token apart, and checks its signature unless key is nil. Each part
// is decoded once, and signatures are golang-jwt's; claims are validated by the
// Verifier, on its clock and with its errors. The content that key gets is not
// verified.
func parse(raw string, key func(kid string, content map[string]any) (any, error)) (*Claims, error) {
	if len(raw) > MaxLength {
		return nil, fmt.Errorf("%w: %d characters", ErrMalformed, len(raw))
	}
	if strings.Count(raw, ".") != 2 || strings.ContainsAny(raw, "\r\n") { // base64 skips line ends
		return nil, fmt.Errorf("%w: not three parts on one line", ErrMalformed)
	}
	end := strings.LastIndexByte(raw, '.')
	head, body, _ := strings.Cut(raw[:end], ".")
	// RFC 7515 section 4.1.11: nobody here knows an extension.
	header, err := decodePart(head, "crit", "b64", "zip")
	if err != nil {
		return nil, fmt.Errorf("%w: header: %w", ErrMalformed, err)
	}
	alg, ok := header["alg"].(string)
	if !ok || jwt.GetSigningMethod(alg) == nil {
		return nil, fmt.Errorf("%w: algorithm %.20q", ErrSignature, alg)
	}
	content, err := decodePart(body)
	if err != nil {
		return nil, fmt.Errorf("%w: claims: %w", ErrMalformed, err)
	}
	signature, err := part.DecodeString(raw[end+1:])
	if err != nil {
		return nil, fmt.Errorf("%w: signature: %w", ErrMalformed, err)
	}
	if key != nil {
		if alg != jwt.SigningMethodRS256.Alg() {
			return nil, fmt.Errorf("%w: algorithm %s", ErrSignature, alg)
		}
		kid, ok := header["kid"].(string)
		if !ok {
			return nil, fmt.Errorf("%w: no kid", ErrMalformed)
		}
		k, err := key(kid, content)
		if err != nil {
			return nil, err
		}
		if err := jwt.SigningMethodRS256.Verify(raw[:end], signature, k); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrSignature, err)
		}
	}
	return readClaims(content)
}

// part is how the parts of a token are encoded, in one way only.
var part = base64.RawURLEncoding.Strict()

// decodePart decodes a part that is a JSON object. It refuses one that says a thing
// twice, because another reader of the token might believe the other one, and one
// that has a refused member.
func decodePart(text string, refused ...string) (map[string]any, error) {
	data, err := part.DecodeString(text)
	if err != nil {
		return nil, err
	}
	var object any // decodes without reflection, where a map would not
	if err := json.Unmarshal(data, &object); err != nil {
		return nil, err
	}
	if err := checkMembers(data, refused...); err != nil {
		return nil, err
	}
	members, ok := object.(map[string]any)
	if !ok {
		return nil, errNoObject
	}
	return members, nil
}

var errNoObject = errors.New("not an object")

// checkMembers reports an error if valid JSON is not an object, or is one with the
// same member twice or with a refused one. Only the object itself is looked at,
// not what is inside. Names are compared as they are after unescaping.
func checkMembers(data []byte, refused ...string) error {
	var few [32][]byte
	names := few[:0]
	depth, isName := 0, false
	for i := 0; i < len(data); i++ {
		switch data[i] {
		case '{', '[':
			if depth == 0 && data[i] == '[' {
				return fmt.Errorf("%w: not an object", ErrMalformed)
			}
			depth++
			isName = depth == 1
		case '}', ']':
			depth--
		case ',':
			isName = depth == 1
		case '"':
			start, escaped := i, false
			for i++; data[i] != '"'; i++ {
				if data[i] == '\\' {
					i++
					escaped = true
				}
			}
			if !isName {
				continue
			}
			isName = false
			name := data[start+1 : i]
			if escaped {
				var text string
				if err := json.Unmarshal(data[start:i+1], &text); err != nil {
					return fmt.Errorf("%w: %w", ErrMalformed, err)
				}
				name = []byte(text)
			}
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return fmt.Errorf("%w: not an object with members", ErrMalformed)
	}
	slices.SortFunc(names, bytes.Compare)
	for i, name := range names {
		if i > 0 && bytes.Equal(name, names[i-1]) {
			return fmt.Errorf("%w: %q twice", ErrMalformed, name)
		}
		if slices.Contains(refused, string(name)) {
			return fmt.Errorf("%w: header %q", ErrMalformed, name)
		}
	}
	return nil
}

// Unverified returns the claims of a token WITHOUT checking its signature or
// anything else. It is for finding out whom to ask, for example which pool the
// issuer is; nothing may be granted by it.
func Unverified(raw string) (*Claims, error) { return parse(raw, nil) }
