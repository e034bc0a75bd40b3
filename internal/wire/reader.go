package wire

import (
	"math"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/cenote-auth/cenote/awsapi"
)

// maxDepth is how deep objects and arrays may nest. The deepest input of the models has six levels.
const maxDepth = 32

// errSyntax is the answer to bytes that are not JSON (ERR-010); AWS sends no text with it.
var errSyntax = awsapi.ErrSerialization.New("")

// reader reads JSON values one after the other. It is stricter than RFC 8259 demands of a parser: invalid UTF-8 and
// lone surrogates are refused, because two readers could otherwise see two different names.
type reader struct {
	data  []byte
	pos   int
	depth int
}

// peek skips white space and returns the next byte, and 0 at the end.
func (r *reader) peek() byte {
	for r.pos < len(r.data) {
		switch c := r.data[r.pos]; c {
		case ' ', '\t', '\n', '\r':
			r.pos++
		default:
			return c
		}
	}
	return 0
}

// expect consumes one punctuation byte.
func (r *reader) expect(c byte) error {
	if r.peek() != c {
		return errSyntax
	}
	r.pos++
	return nil
}

// open consumes the start of an object or array.
func (r *reader) open(c byte) error {
	if r.depth++; r.depth > maxDepth {
		return errSyntax
	}
	return r.expect(c)
}

// more reports whether another element follows before the closing byte, which it consumes otherwise. first says that
// no element was read yet.
func (r *reader) more(end byte, first bool) (bool, error) {
	switch c := r.peek(); {
	case c == end:
		r.pos++
		r.depth--
		return false, nil
	case first:
		return true, nil
	case c == ',':
		r.pos++
		if r.peek() == end {
			return false, errSyntax
		}
		return true, nil
	}
	return false, errSyntax
}

// key reads a member name and the colon after it. The bytes are valid until the next read.
func (r *reader) key() ([]byte, error) {
	if r.peek() != '"' {
		return nil, errSyntax
	}
	name, err := r.stringBytes()
	if err != nil {
		return nil, err
	}
	return name, r.expect(':')
}

// word consumes true, false or null.
func (r *reader) word(w string) error {
	if len(r.data)-r.pos < len(w) || string(r.data[r.pos:r.pos+len(w)]) != w {
		return errSyntax
	}
	r.pos += len(w)
	return nil
}

// stringBytes reads a string. Without escapes the result is a part of the input.
func (r *reader) stringBytes() ([]byte, error) {
	start := r.pos + 1 // after the quote
	high := byte(0)    // all bytes or-ed together: below 0x80 the string is ASCII
	for i := start; i < len(r.data); i++ {
		c := r.data[i]
		if c == '"' {
			s := r.data[start:i]
			r.pos = i + 1
			if high >= utf8.RuneSelf && !utf8.Valid(s) {
				return nil, errSyntax
			}
			return s, nil
		}
		if c == '\\' {
			r.pos = i
			return r.escapedString(start)
		}
		if c < ' ' {
			return nil, errSyntax
		}
		high |= c
	}
	return nil, errSyntax
}

// escapedString reads the rest of a string whose first escape is at the position.
func (r *reader) escapedString(start int) ([]byte, error) {
	out := append(make([]byte, 0, 2*(r.pos-start)+16), r.data[start:r.pos]...)
	for r.pos < len(r.data) {
		c := r.data[r.pos]
		r.pos++
		switch {
		case c == '"':
			if !utf8.Valid(out) {
				return nil, errSyntax
			}
			return out, nil
		case c < ' ':
			return nil, errSyntax
		case c != '\\':
			out = append(out, c)
		default:
			var err error
			if out, err = r.escape(out); err != nil {
				return nil, err
			}
		}
	}
	return nil, errSyntax
}

// escape appends what the escape after a backslash stands for.
func (r *reader) escape(out []byte) ([]byte, error) {
	if r.pos == len(r.data) {
		return nil, errSyntax
	}
	c := r.data[r.pos]
	r.pos++
	switch c {
	case '"', '\\', '/':
		return append(out, c), nil
	case 'b':
		return append(out, '\b'), nil
	case 'f':
		return append(out, '\f'), nil
	case 'n':
		return append(out, '\n'), nil
	case 'r':
		return append(out, '\r'), nil
	case 't':
		return append(out, '\t'), nil
	case 'u':
		char, err := r.hex4()
		if err != nil {
			return nil, err
		}
		if utf16.IsSurrogate(char) {
			if r.word(`\u`) != nil {
				return nil, errSyntax
			}
			low, err := r.hex4()
			if err != nil {
				return nil, err
			}
			if char = utf16.DecodeRune(char, low); char == utf8.RuneError {
				return nil, errSyntax
			}
		}
		return utf8.AppendRune(out, char), nil
	}
	return nil, errSyntax
}

func (r *reader) hex4() (rune, error) {
	if len(r.data)-r.pos < 4 {
		return 0, errSyntax
	}
	var n rune
	for _, c := range r.data[r.pos : r.pos+4] {
		switch {
		case c >= '0' && c <= '9':
			n = n<<4 | rune(c-'0')
		case c >= 'a' && c <= 'f':
			n = n<<4 | rune(c-'a'+10)
		case c >= 'A' && c <= 'F':
			n = n<<4 | rune(c-'A'+10)
		default:
			return 0, errSyntax
		}
	}
	r.pos += 4
	return n, nil
}

// number reads a number as text; exact says that it has neither fraction nor exponent.
func (r *reader) number() (text []byte, exact bool, err error) {
	start := r.pos
	if r.data[r.pos] == '-' {
		r.pos++
	}
	if r.pos < len(r.data) && r.data[r.pos] == '0' {
		r.pos++
	} else if !r.digits() {
		return nil, false, errSyntax
	}
	exact = true
	if r.pos < len(r.data) && r.data[r.pos] == '.' {
		r.pos++
		exact = false
		if !r.digits() {
			return nil, false, errSyntax
		}
	}
	if r.pos < len(r.data) && (r.data[r.pos] == 'e' || r.data[r.pos] == 'E') {
		r.pos++
		exact = false
		if r.pos < len(r.data) && (r.data[r.pos] == '+' || r.data[r.pos] == '-') {
			r.pos++
		}
		if !r.digits() {
			return nil, false, errSyntax
		}
	}
	return r.data[start:r.pos], exact, nil
}

// digits consumes one digit or more.
func (r *reader) digits() bool {
	start := r.pos
	for r.pos < len(r.data) && r.data[r.pos] >= '0' && r.data[r.pos] <= '9' {
		r.pos++
	}
	return r.pos > start
}

// integer converts the text of a number; ok is false if it is no whole number of 64 bits. Whole numbers may be written
// with a fraction or an exponent as long as a float64 holds them exactly.
func integer(text []byte, exact bool) (n int64, ok bool) {
	if exact {
		n, err := strconv.ParseInt(string(text), 10, 64)
		return n, err == nil
	}
	f, err := strconv.ParseFloat(string(text), 64)
	if err != nil || f != math.Trunc(f) || math.Abs(f) > 1<<53 {
		return 0, false
	}
	return int64(f), true
}

// skip reads any value and checks its syntax.
func (r *reader) skip() error {
	switch c := r.peek(); {
	case c == '{':
		if err := r.open('{'); err != nil {
			return err
		}
		for first := true; ; first = false {
			if more, err := r.more('}', first); !more {
				return err
			}
			if _, err := r.key(); err != nil {
				return err
			}
			if err := r.skip(); err != nil {
				return err
			}
		}
	case c == '[':
		if err := r.open('['); err != nil {
			return err
		}
		for first := true; ; first = false {
			if more, err := r.more(']', first); !more {
				return err
			}
			if err := r.skip(); err != nil {
				return err
			}
		}
	case c == '"':
		_, err := r.stringBytes()
		return err
	case c == 't':
		return r.word("true")
	case c == 'f':
		return r.word("false")
	case c == 'n':
		return r.word("null")
	case c == '-' || c >= '0' && c <= '9':
		_, _, err := r.number()
		return err
	}
	return errSyntax
}
