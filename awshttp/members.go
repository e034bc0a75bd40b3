package awshttp

import (
	"bytes"
	"encoding/json"

	"github.com/cenote-auth/cenote/awsapi"
)

var errNotObject = awsapi.ErrSerialization.New("The body is not a JSON object.")

// eachMember calls visit with the name of each member of the object in body, and returns what follows the opening brace
// and the white space behind that. It finds the members of every valid object; what it lets pass beyond those is for the
// decoder to refuse.
func eachMember(body []byte, visit func(name string) error) ([]byte, error) {
	if len(body) == 0 || body[0] != '{' {
		return nil, errNotObject
	}
	rest := skipSpace(body[1:])
	if len(rest) > 0 && rest[0] == '}' {
		return rest, nil
	}
	for b := rest; ; {
		n := stringEnd(b)
		if n < 0 {
			return nil, errNotObject
		}
		var name string
		if err := json.Unmarshal(b[:n], &name); err != nil {
			return nil, errNotObject
		}
		if err := visit(name); err != nil {
			return nil, err
		}
		b = skipSpace(b[n:])
		if len(b) == 0 || b[0] != ':' {
			return nil, errNotObject
		}
		if b = skipValue(b[1:]); len(b) == 0 {
			return nil, errNotObject
		}
		if b[0] == '}' {
			return rest, nil
		}
		b = skipSpace(b[1:]) // a comma
	}
}

// stringEnd returns the length of the string literal that b begins with, or -1.
func stringEnd(b []byte) int {
	if len(b) == 0 || b[0] != '"' {
		return -1
	}
	for i := 1; i < len(b); i++ {
		switch b[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return -1
}

// skipValue returns b from the comma or the brace that ends the value at its beginning, or nothing.
func skipValue(b []byte) []byte {
	depth := 0
	for i := 0; i < len(b); i++ {
		switch b[i] {
		case '"':
			n := stringEnd(b[i:])
			if n < 0 {
				return nil
			}
			i += n - 1
		case '{', '[':
			depth++
		case ',':
			if depth == 0 {
				return b[i:]
			}
		case '}', ']':
			if depth == 0 {
				return b[i:]
			}
			depth--
		}
	}
	return nil
}

func skipSpace(b []byte) []byte { return bytes.TrimLeft(b, " \t\r\n") }
