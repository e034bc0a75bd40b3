package token

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
)

// encodeClaims appends the claims as encode would, sorted by name. What nearly all claims are, plain text, whole numbers, and
// booleans, is written here: encoding/json needs several allocations for each of them.
func encodeClaims(b *bytes.Buffer, claims map[string]any) error {
	var room [usualMembers]string
	names := slices.AppendSeq(room[:0], maps.Keys(claims))
	slices.Sort(names)
	b.WriteByte('{')
	for i, name := range names {
		if i > 0 {
			b.WriteByte(',')
		}
		if err := encodeText(b, name); err != nil {
			return err
		}
		b.WriteByte(':')
		if err := encodeClaim(b, claims[name]); err != nil {
			return err
		}
	}
	b.WriteByte('}')
	return nil
}

func encodeClaim(b *bytes.Buffer, v any) error {
	switch v := v.(type) {
	case string:
		return encodeText(b, v)
	case int64:
		b.Write(strconv.AppendInt(b.AvailableBuffer(), v, 10))
		return nil
	case bool:
		b.Write(strconv.AppendBool(b.AvailableBuffer(), v))
		return nil
	}
	return encode(b, v)
}

func encodeText(b *bytes.Buffer, text string) error {
	if !isPlain(text) {
		return encode(b, text)
	}
	b.WriteByte('"')
	b.WriteString(text)
	b.WriteByte('"')
	return nil
}

// encodeHeader appends the header of a JWT that the key signs.
func encodeHeader(b *bytes.Buffer, keyID string) error {
	b.WriteString(`{"kid":`)
	err := encodeText(b, keyID)
	b.WriteString(`,"alg":"RS256"}`)
	return err
}

// isPlain reports whether text is its own JSON between quotes: printable ASCII without quotes and backslashes.
func isPlain(text string) bool {
	for i := range len(text) {
		if c := text[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			return false
		}
	}
	return true
}

// encode appends the JSON of v, without HTML's escapes.
func encode(b *bytes.Buffer, v any) error {
	enc := json.NewEncoder(b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return err
	}
	b.Truncate(b.Len() - len("\n"))
	return nil
}

// marshal is encode into bytes of their own.
func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	err := encode(&b, v)
	return b.Bytes(), err
}
