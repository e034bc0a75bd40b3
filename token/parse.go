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

// content receives the claims. It satisfies jwt.Claims for golang-jwt's sake,
// which asks nothing of it when validation is off.
type content struct {
	jwt.MapClaims
}

// UnmarshalJSON decodes an object and refuses what says a thing twice: another
// reader of the token might believe the other one.
func (c *content) UnmarshalJSON(data []byte) error {
	if err := checkMembers(data); err != nil {
		return err
	}
	var object any // decodes without reflection, where a map would not
	if err := json.Unmarshal(data, &object); err != nil {
		return err
	}
	c.MapClaims, _ = object.(map[string]any)
	return nil
}

// parse takes the token apart, and checks its signature unless key is nil. It is
// golang-jwt with everything switched off that is decided elsewhere: claims are
// validated by the Verifier, on its clock and with its errors. The content that
// key gets is not verified.
func parse(raw string, key func(kid string, content map[string]any) (any, error)) (*Claims, error) {
	if err := checkShape(raw); err != nil {
		return nil, err
	}
	parser := jwt.NewParser(jwt.WithValidMethods([]string{"RS256"}), jwt.WithoutClaimsValidation(), jwt.WithStrictDecoding())
	var c content
	var err, keyErr error
	if key == nil {
		_, _, err = parser.ParseUnverified(raw, &c)
	} else {
		_, err = parser.ParseWithClaims(raw, &c, func(t *jwt.Token) (k any, _ error) {
			kid, ok := t.Header["kid"].(string)
			if !ok {
				keyErr = fmt.Errorf("%w: no kid", ErrMalformed)
			} else {
				k, keyErr = key(kid, c.MapClaims)
			}
			return k, keyErr
		})
	}
	switch {
	case keyErr != nil:
		return nil, keyErr
	case errors.Is(err, jwt.ErrTokenSignatureInvalid), errors.Is(err, jwt.ErrTokenUnverifiable):
		return nil, fmt.Errorf("%w: %w", ErrSignature, err)
	case err != nil:
		return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	case c.MapClaims == nil:
		return nil, fmt.Errorf("%w: no claims", ErrMalformed)
	}
	return readClaims(c.MapClaims)
}

// checkShape refuses, before anything is decoded, what is too long or has not
// three parts, and then a header that says a thing twice or asks for extensions
// (RFC 7515 section 4.1.11), which golang-jwt would let pass.
func checkShape(raw string) error {
	if len(raw) > MaxLength {
		return fmt.Errorf("%w: %d characters", ErrMalformed, len(raw))
	}
	if strings.Count(raw, ".") != 2 || strings.ContainsAny(raw, "\r\n") { // base64 skips line ends
		return fmt.Errorf("%w: not three parts on one line", ErrMalformed)
	}
	head, _, _ := strings.Cut(raw, ".")
	header, err := base64.RawURLEncoding.Strict().DecodeString(head)
	if err != nil {
		return fmt.Errorf("%w: header: %w", ErrMalformed, err)
	}
	if !json.Valid(header) {
		return fmt.Errorf("%w: header is not JSON", ErrMalformed)
	}
	return checkMembers(header, "crit", "b64", "zip")
}

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
