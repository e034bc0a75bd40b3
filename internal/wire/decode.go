package wire

import (
	"encoding/base64"
	"math"
	"reflect"
	"strconv"
	"time"

	"github.com/cenote-auth/cenote/awsapi"
)

// Decode reads a JSON object into in, a pointer to the Go struct of the Structure shape. Member names count exactly; a
// name that comes twice is refused, so that no two readers of one body can see two different inputs (security rule
// C9); unknown members and nulls are ignored (ERR-008). No bytes at all are the empty object. Errors are *awsapi.Error
// with code SerializationException. Constraints are not checked: Check does that, with what the Presence knows.
func Decode(shape *Shape, body []byte, in any) (Presence, error) {
	d := &decoder{reader: reader{data: body}, presence: Presence{decoded: true}}
	if len(body) == 0 {
		return d.presence, nil
	}
	if err := d.value(shape, reflect.ValueOf(in).Elem()); err != nil {
		return Presence{}, err
	}
	if d.peek() != 0 || d.pos < len(d.data) {
		return Presence{}, errSyntax
	}
	return d.presence, nil
}

type decoder struct {
	reader
	presence Presence
	path     path
	steps    [8]step
}

// value reads a value that is not null into v.
func (d *decoder) value(shape *Shape, v reflect.Value) error {
	if v.Kind() == reflect.Pointer {
		v.Set(reflect.New(v.Type().Elem()))
		v = v.Elem()
		if shape.Kind != Structure {
			return d.scalar(shape, v)
		}
	}
	c := d.peek()
	switch shape.Kind {
	case Structure, Map:
		if c != '{' {
			return d.mismatch(shape)
		}
		if shape.Kind == Map {
			return d.entries(shape, v)
		}
		return d.structure(shape, v)
	case List:
		if c != '[' {
			return d.mismatch(shape)
		}
		return d.list(shape, v)
	case Document:
		start := d.pos
		if err := d.skip(); err != nil {
			return err
		}
		v.SetBytes(append([]byte(nil), d.data[start:d.pos]...))
		return nil
	}
	if err := d.scalar(shape, v); err != nil {
		return err
	}
	if len(d.path) > 0 && d.path[len(d.path)-1].kind == Structure && v.IsZero() {
		d.presence.add(d.path)
	}
	return nil
}

func (d *decoder) structure(shape *Shape, v reflect.Value) error {
	if err := d.open('{'); err != nil {
		return err
	}
	var seen uint64
	next := 0 // where the search for a name starts: most clients send the members in the order of the model
	for first := true; ; first = false {
		if more, err := d.more('}', first); !more {
			return err
		}
		name, err := d.key()
		if err != nil {
			return err
		}
		i := shape.member(name, next)
		if i < 0 {
			if err := d.skip(); err != nil {
				return err
			}
			continue
		}
		if seen&(1<<i) != 0 {
			return awsapi.ErrSerialization.Newf("Member %s occurs more than once", shape.Members[i].Name)
		}
		seen |= 1 << i
		next = i + 1
		if d.peek() == 'n' {
			if err := d.word("null"); err != nil {
				return err
			}
			continue
		}
		d.push(step{Structure, shape.Members[i].Name, i})
		if err := d.value(shape.Members[i].Shape, v.Field(i)); err != nil {
			return err
		}
		d.pop()
	}
}

// member returns the index of the member with the given name, and -1 if there is none. It looks from start on first.
func (s *Shape) member(name []byte, start int) int {
	for n := range s.Members {
		i := start + n
		if i >= len(s.Members) {
			i -= len(s.Members)
		}
		if s.Members[i].Name == string(name) {
			return i
		}
	}
	return -1
}

func (d *decoder) list(shape *Shape, v reflect.Value) error {
	if err := d.open('['); err != nil {
		return err
	}
	v.Set(reflect.MakeSlice(v.Type(), 0, 0))
	for n := 0; ; n++ {
		if more, err := d.more(']', n == 0); !more {
			return err
		}
		v.Grow(1)
		v.SetLen(n + 1)
		d.push(step{kind: List, index: n})
		if err := d.value(shape.Elem, v.Index(n)); err != nil { // a null has no place in a list
			return err
		}
		d.pop()
	}
}

func (d *decoder) entries(shape *Shape, v reflect.Value) error {
	if err := d.open('{'); err != nil {
		return err
	}
	v.Set(reflect.MakeMap(v.Type()))
	plain, _ := v.Addr().Interface().(*map[string]string)
	var elem reflect.Value
	if plain == nil {
		elem = reflect.New(v.Type().Elem()).Elem()
	}
	for first := true; ; first = false {
		if more, err := d.more('}', first); !more {
			return err
		}
		raw, err := d.key()
		if err != nil {
			return err
		}
		key := string(raw)
		if d.peek() == 'n' {
			if err := d.word("null"); err != nil {
				return err
			}
			continue // like an absent member
		}
		if plain != nil {
			if _, ok := (*plain)[key]; ok {
				return errDuplicateKey
			}
			s, err := d.text(shape.Elem)
			if err != nil {
				return err
			}
			(*plain)[key] = s
			continue
		}
		if v.MapIndex(reflect.ValueOf(key)).IsValid() {
			return errDuplicateKey
		}
		elem.SetZero()
		d.push(step{kind: Map, name: key})
		if err := d.value(shape.Elem, elem); err != nil {
			return err
		}
		d.pop()
		v.SetMapIndex(reflect.ValueOf(key), elem)
	}
}

var errDuplicateKey = awsapi.ErrSerialization.New("Map key occurs more than once")

// scalar reads a string, boolean, number, timestamp or blob.
func (d *decoder) scalar(shape *Shape, v reflect.Value) error {
	switch shape.Kind {
	case String:
		s, err := d.text(shape)
		if err != nil {
			return err
		}
		v.SetString(s)
	case Boolean:
		switch d.peek() {
		case 't':
			v.SetBool(true)
			return d.word("true")
		case 'f':
			v.SetBool(false)
			return d.word("false")
		}
		return d.mismatch(shape)
	case Integer, Long:
		text, exact, err := d.numeral(shape)
		if err != nil {
			return err
		}
		n, ok := integer(text, exact)
		if !ok || shape.Kind == Integer && (n < math.MinInt32 || n > math.MaxInt32) {
			return awsapi.ErrSerialization.Newf("NUMBER_VALUE can not be converted to %s", article[shape.Kind])
		}
		v.SetInt(n)
	case Timestamp:
		text, exact, err := d.numeral(shape)
		if err != nil {
			return err
		}
		t, ok := epoch(text, exact)
		if !ok {
			return awsapi.ErrSerialization.Newf("NUMBER_VALUE can not be converted to %s", article[shape.Kind])
		}
		v.Set(reflect.ValueOf(t))
	case Blob:
		s, err := d.text(shape)
		if err != nil {
			return err
		}
		data, err := base64.StdEncoding.Strict().DecodeString(s)
		if err != nil {
			return awsapi.ErrSerialization.Newf("STRING_VALUE can not be converted to %s", article[shape.Kind])
		}
		v.SetBytes(data)
	}
	return nil
}

func (d *decoder) text(shape *Shape) (string, error) {
	if d.peek() != '"' {
		return "", d.mismatch(shape)
	}
	s, err := d.stringBytes()
	return string(s), err
}

func (d *decoder) numeral(shape *Shape) ([]byte, bool, error) {
	if c := d.peek(); c != '-' && (c < '0' || c > '9') {
		return nil, false, d.mismatch(shape)
	}
	return d.number()
}

// epoch converts seconds since 1970, with or without a fraction, of the years 1 to 9999.
func epoch(text []byte, exact bool) (time.Time, bool) {
	const earliest, latest = -62135596800, 253402300799
	if n, ok := integer(text, exact); ok {
		return time.Unix(n, 0).UTC(), n >= earliest && n <= latest
	}
	f, err := strconv.ParseFloat(string(text), 64)
	if err != nil || f < earliest || f > latest {
		return time.Time{}, false
	}
	return time.UnixMilli(int64(math.Round(f * 1000))).UTC(), true // services count milliseconds
}

// article names kinds as AWS's messages do (ERR-010).
var article = [...]string{
	String: "a String", Boolean: "a Boolean", Integer: "an Integer", Long: "a Long", Timestamp: "a Timestamp", Blob: "a Blob",
}

// mismatch is the answer to a value of another JSON type than the shape's. A value that is no JSON at all is a syntax
// error first.
func (d *decoder) mismatch(shape *Shape) error {
	c := d.peek()
	if err := d.skip(); err != nil {
		return err
	}
	switch {
	case c == '{':
		return awsapi.ErrSerialization.New("Start of structure or map found where not expected.")
	case c == '[':
		return awsapi.ErrSerialization.New("Start of list found where not expected.")
	case shape.Kind == List:
		return awsapi.ErrSerialization.New("Expected list or null")
	case shape.Kind == Structure || shape.Kind == Map:
		return awsapi.ErrSerialization.New("Expected structure or map, or null")
	}
	token := map[byte]string{'"': "STRING_VALUE", 't': "TRUE_VALUE", 'f': "FALSE_VALUE", 'n': "NULL_VALUE"}[c]
	if token == "" {
		token = "NUMBER_VALUE"
	}
	return awsapi.ErrSerialization.Newf("%s can not be converted to %s", token, article[shape.Kind])
}

func (d *decoder) push(s step) {
	if d.path == nil {
		d.path = d.steps[:0]
	}
	d.path = append(d.path, s)
}

func (d *decoder) pop() { d.path = d.path[:len(d.path)-1] }
