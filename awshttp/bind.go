package awshttp

import (
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/cenote-auth/cenote/awsapi"
)

// bind appends to dst the body with the members that travel in the path, the query and the headers merged into it
// (rest-json). The service decodes the result as strictly as any other body, and a body that carries such a member itself
// is refused.
func (r *route) bind(dst []byte, req *http.Request, body []byte) ([]byte, error) {
	rest, err := r.checkBody(body)
	if err != nil {
		return nil, err
	}
	members := binder{dst: append(dst, '{')}
	path := strings.TrimPrefix(req.URL.EscapedPath(), "/")
	for _, s := range r.segments {
		part, after, _ := strings.Cut(path, "/")
		path = after
		if s.member == "" {
			continue
		}
		value, err := url.PathUnescape(part)
		if err != nil {
			return nil, badMember(s.member)
		}
		if err := members.add(awsapi.Binding{Member: s.member}, value); err != nil {
			return nil, err
		}
	}
	if len(r.query) > 0 && req.URL.RawQuery != "" {
		values, err := url.ParseQuery(req.URL.RawQuery)
		if err != nil {
			return nil, awsapi.ErrSerialization.New("The query is malformed.")
		}
		if err := members.addAll(r.query, values); err != nil {
			return nil, err
		}
	}
	for _, b := range r.header {
		if err := members.addLines(b, req.Header.Values(b.Name)); err != nil {
			return nil, err
		}
	}
	if members.some && rest[0] != '}' {
		members.dst = append(members.dst, ',')
	}
	return append(members.dst, rest...), nil
}

// binder writes members of a JSON object.
type binder struct {
	dst  []byte
	some bool
}

func (m *binder) addAll(bindings []awsapi.Binding, values map[string][]string) error {
	for _, b := range bindings {
		if err := m.addLines(b, values[b.Name]); err != nil {
			return err
		}
	}
	return nil
}

// addLines adds a member that may be absent and may not be repeated.
func (m *binder) addLines(b awsapi.Binding, values []string) error {
	switch len(values) {
	case 0:
		return nil
	case 1:
		return m.add(b, values[0])
	}
	return badMember(b.Member)
}

func (m *binder) add(b awsapi.Binding, value string) error {
	if b.Number && !isInteger(value) || !utf8.ValidString(value) {
		return badMember(b.Member)
	}
	if m.some {
		m.dst = append(m.dst, ',')
	}
	m.some = true
	m.dst = append(appendString(m.dst, b.Member), ':')
	if b.Number {
		m.dst = append(m.dst, value...)
	} else {
		m.dst = appendString(m.dst, value)
	}
	return nil
}

func badMember(name string) error {
	return awsapi.ErrSerialization.Newf("Member %s of the request is malformed.", name)
}

// isInteger reports whether s is a JSON integer of at most 19 digits.
func isInteger(s string) bool {
	s = strings.TrimPrefix(s, "-")
	if len(s) == 0 || len(s) > 19 || s[0] == '0' && s != "0" {
		return false
	}
	for _, c := range []byte(s) {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}

// appendString appends a JSON string. The text is valid UTF-8.
func appendString(b []byte, s string) []byte {
	const hex = "0123456789abcdef"
	b = append(b, '"')
	for _, c := range []byte(s) {
		switch {
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
		case c < 0x20:
			b = append(b, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		default:
			b = append(b, c)
		}
	}
	return append(b, '"')
}

var emptyObject = []byte("}")

// checkBody checks that the body is nothing or an object without bound members, and returns what follows its opening
// brace and the white space behind that.
func (r *route) checkBody(body []byte) (rest []byte, err error) {
	body = skipSpace(body)
	if len(body) == 0 {
		return emptyObject, nil
	}
	rest, err = eachMember(body, func(name string) error {
		for _, b := range r.op.Bindings {
			if b.Member == name {
				return awsapi.ErrSerialization.Newf("Member %s must not be in the body.", name)
			}
		}
		return nil
	})
	return rest, err
}
