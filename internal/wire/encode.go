package wire

import (
	"encoding/base64"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"
)

// rooms are where answers grow before they are as long as they get. Longer ones than maxRoom are left to the collector.
var rooms = sync.Pool{New: func() any { return new([]byte) }}

const maxRoom = 64 << 10

// Encode writes v, a pointer to the Go struct of the Structure shape, as a JSON object with the members in the order of
// the model. Absent members are left out (ERR-007): nil pointers, lists, maps, blobs and documents, empty strings and
// zero times. Plain booleans and numbers always stand. Bytes of a string that are not UTF-8 become U+FFFD.
func Encode(shape *Shape, v any) []byte {
	room := rooms.Get().(*[]byte)
	b := appendValue((*room)[:0], shape, reflect.ValueOf(v).Elem())
	out := slices.Clone(b)
	if cap(b) <= maxRoom {
		clear(b) // there are secrets in it
		*room = b
		rooms.Put(room)
	}
	return out
}

func appendValue(b []byte, shape *Shape, v reflect.Value) []byte {
	if v.Kind() == reflect.Pointer {
		v = v.Elem()
	}
	switch shape.Kind {
	case Structure:
		return appendStructure(b, shape, v)
	case List:
		b = append(b, '[')
		for i := range v.Len() {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendValue(b, shape.Elem, v.Index(i))
		}
		return append(b, ']')
	case Map:
		return appendMap(b, shape, v)
	case String:
		return appendString(b, v.String())
	case Boolean:
		return strconv.AppendBool(b, v.Bool())
	case Integer, Long:
		return strconv.AppendInt(b, v.Int(), 10)
	case Timestamp:
		return appendTime(b, timeOf(v))
	case Blob:
		b = append(b, '"')
		b = base64.StdEncoding.AppendEncode(b, v.Bytes())
		return append(b, '"')
	default: // Document
		return append(b, v.Bytes()...)
	}
}

func appendStructure(b []byte, shape *Shape, v reflect.Value) []byte {
	b = append(b, '{')
	first := true
	for i := range shape.Members {
		m, field := &shape.Members[i], v.Field(i)
		if absent(m.Shape.Kind, field) {
			continue
		}
		if !first {
			b = append(b, ',')
		}
		first = false
		b = append(b, '"')
		b = append(b, m.Name...)
		b = append(b, '"', ':')
		b = appendValue(b, m.Shape, field)
	}
	return append(b, '}')
}

// absent reports whether a member's value says that it is not there.
func absent(kind Kind, v reflect.Value) bool {
	if v.Kind() == reflect.Pointer {
		return v.IsNil()
	}
	switch kind {
	case String:
		return v.Len() == 0
	case List, Map, Blob, Document:
		return v.IsNil()
	case Timestamp:
		return timeOf(v).IsZero()
	}
	return false
}

// timeOf returns the time in v, without an allocation where v has an address.
func timeOf(v reflect.Value) time.Time {
	if v.CanAddr() {
		return *v.Addr().Interface().(*time.Time)
	}
	return v.Interface().(time.Time)
}

func appendMap(b []byte, shape *Shape, v reflect.Value) []byte {
	b = append(b, '{')
	for i, key := range sortedKeys(v) {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendString(b, key.String())
		b = append(b, ':')
		b = appendValue(b, shape.Elem, v.MapIndex(key))
	}
	return append(b, '}')
}

func sortedKeys(m reflect.Value) []reflect.Value {
	keys := m.MapKeys()
	slices.SortFunc(keys, func(x, y reflect.Value) int { return strings.Compare(x.String(), y.String()) })
	return keys
}

// appendTime writes seconds since 1970 with up to three decimals.
func appendTime(b []byte, t time.Time) []byte {
	ms := t.UnixMilli()
	if ms < 0 {
		b = append(b, '-')
		ms = -ms
	}
	b = strconv.AppendInt(b, ms/1000, 10)
	if ms %= 1000; ms != 0 {
		digits := [4]byte{'.', byte('0' + ms/100), byte('0' + ms/10%10), byte('0' + ms%10)}
		n := len(digits)
		for digits[n-1] == '0' {
			n--
		}
		b = append(b, digits[:n]...)
	}
	return b
}

// appendString quotes s. Only what JSON demands is escaped: no HTML characters.
func appendString(b []byte, s string) []byte {
	const hex = "0123456789abcdef"
	b = append(b, '"')
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= utf8.RuneSelf {
			r, size := utf8.DecodeRuneInString(s[i:])
			if r == utf8.RuneError && size == 1 {
				b = append(b, s[start:i]...)
				b = utf8.AppendRune(b, utf8.RuneError)
				start = i + 1
			}
			i += size
			continue
		}
		if c >= ' ' && c != '"' && c != '\\' {
			i++
			continue
		}
		b = append(b, s[start:i]...)
		switch c {
		case '"', '\\':
			b = append(b, '\\', c)
		case '\n':
			b = append(b, '\\', 'n')
		case '\r':
			b = append(b, '\\', 'r')
		case '\t':
			b = append(b, '\\', 't')
		default:
			b = append(b, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		}
		i++
		start = i
	}
	b = append(b, s[start:]...)
	return append(b, '"')
}
