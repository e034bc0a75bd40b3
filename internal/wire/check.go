package wire

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/cenote-auth/cenote/awsapi"
)

// maxMessage bounds what a message quotes: a body of a megabyte can hold violations for thirty. Later violations are
// counted, not quoted.
const maxMessage = 64 << 10

// Check compares in, a pointer to the Go struct of the Structure shape, with the constraints of the model. All
// violations stand in one error of the given code, in AWS's words (ERR-040 to ERR-048); nil means that there are none.
//
// The zero Presence belongs to a struct made in Go: zero values are absent, except that a required boolean or number
// counts as given, and its strings must be valid UTF-8 and its documents JSON, as a decoded body's are.
func Check(shape *Shape, code awsapi.Code, in any, presence Presence) error {
	c := &checker{presence: presence}
	c.structure(shape, reflect.ValueOf(in).Elem(), shape.Sensitive)
	switch {
	case c.malformed:
		return awsapi.ErrSerialization.New("Input is not valid UTF-8 or JSON")
	case c.count == 0:
		return nil
	case c.count == 1:
		return code.New("1 validation error detected: " + c.items.String())
	}
	return code.Newf("%d validation errors detected: %s", c.count, c.items.String())
}

type checker struct {
	presence  Presence
	path      path
	steps     [8]step
	count     int
	items     strings.Builder
	malformed bool
}

func (c *checker) push(s step) {
	if c.path == nil {
		c.path = c.steps[:0]
	}
	c.path = append(c.path, s)
}

func (c *checker) pop() { c.path = c.path[:len(c.path)-1] }

// add records a violation at the current place. value is the quoted value, or empty for a sensitive one.
func (c *checker) add(value, constraint string) {
	c.count++
	if c.items.Len() > maxMessage {
		return
	}
	if c.count > 1 {
		c.items.WriteString("; ")
	}
	c.items.WriteString("Value ")
	if value != "" {
		c.items.WriteString(value)
		c.items.WriteByte(' ')
	}
	c.items.WriteString("at '")
	c.items.WriteString(c.path.String())
	c.items.WriteString("' failed to satisfy constraint: ")
	c.items.WriteString(constraint)
}

func (c *checker) structure(shape *Shape, v reflect.Value, sensitive bool) {
	for i := range shape.Members {
		m, field := &shape.Members[i], v.Field(i)
		c.push(step{Structure, m.Name, i})
		switch {
		case c.given(m, field):
			c.value(m.Shape, field, sensitive || m.Shape.Sensitive)
		case m.Required:
			c.add("null", "Member must not be null")
		}
		c.pop()
	}
}

// given reports whether a member is there.
func (c *checker) given(m *Member, v reflect.Value) bool {
	if absent(m.Shape.Kind, v) {
		return v.Kind() != reflect.Pointer && c.presence.has(c.path)
	}
	switch m.Shape.Kind {
	case Boolean, Integer, Long:
		if v.Kind() != reflect.Pointer && v.IsZero() {
			return !c.presence.decoded && m.Required || c.presence.has(c.path)
		}
	}
	return true
}

// value checks one value; sensitive says that it must not be quoted.
func (c *checker) value(shape *Shape, v reflect.Value, sensitive bool) {
	if v.Kind() == reflect.Pointer {
		v = v.Elem()
	}
	switch shape.Kind {
	case Structure:
		c.structure(shape, v, sensitive)
	case List:
		c.length(shape, v, sensitive)
		c.list(shape, v, sensitive || shape.Elem.Sensitive)
	case Map:
		c.length(shape, v, sensitive)
		c.entries(shape, v, sensitive)
	case Document:
		c.malformed = c.malformed || !c.presence.decoded && !json.Valid(v.Bytes())
	default:
		c.scalar(shape, v, sensitive)
	}
}

// scalar checks the value of a string, number or blob: first pattern and enum, then length or range (ERR-047).
func (c *checker) scalar(shape *Shape, v reflect.Value, sensitive bool) {
	if c.satisfies(shape, v) {
		return
	}
	if shape.Kind == String {
		if shape.Enum != nil && !slices.Contains(shape.Enum, v.String()) {
			c.add(quote(shape, v, sensitive), enumConstraint(shape))
		}
		if shape.Pattern != nil && !shape.Pattern.Match(v.String()) {
			c.add(quote(shape, v, sensitive), patternConstraint(shape))
		}
	}
	c.length(shape, v, sensitive)
}

// satisfies reports whether a scalar violates nothing, which is the fast way through.
func (c *checker) satisfies(shape *Shape, v reflect.Value) bool {
	if shape.Kind != String {
		n := size(shape, v)
		return !(shape.HasMin && n < shape.Min) && !(shape.HasMax && n > shape.Max)
	}
	s := v.String()
	if !c.presence.decoded && !utf8.ValidString(s) {
		c.malformed = true
		return true
	}
	if shape.HasMin || shape.HasMax {
		if n := size(shape, v); shape.HasMin && n < shape.Min || shape.HasMax && n > shape.Max {
			return false
		}
	}
	return (shape.Enum == nil || slices.Contains(shape.Enum, s)) && (shape.Pattern == nil || shape.Pattern.Match(s))
}

// size is what the bounds of a shape are about: characters, bytes, elements or the number itself.
func size(shape *Shape, v reflect.Value) int64 {
	switch shape.Kind {
	case String:
		return int64(utf8.RuneCountInString(v.String()))
	case Blob, List, Map:
		return int64(v.Len())
	case Integer, Long:
		return v.Int()
	}
	return 0
}

func (c *checker) length(shape *Shape, v reflect.Value, sensitive bool) {
	if !shape.HasMin && !shape.HasMax {
		return
	}
	n := size(shape, v)
	if shape.HasMax && n > shape.Max {
		c.add(quote(shape, v, sensitive), maxConstraint(shape))
	}
	if shape.HasMin && n < shape.Min {
		c.add(quote(shape, v, sensitive), minConstraint(shape))
	}
}

// list checks the elements. Those of a list of scalars share one item, with the whole list as value (ERR-044).
func (c *checker) list(shape *Shape, v reflect.Value, sensitive bool) {
	elem := shape.Elem
	switch elem.Kind {
	case Structure, List, Map:
		for i := range v.Len() {
			c.push(step{kind: List, index: i})
			c.value(elem, v.Index(i), sensitive)
			c.pop()
		}
		return
	}
	for i := range v.Len() {
		if !c.satisfies(elem, v.Index(i)) {
			c.add(quote(shape, v, sensitive), "Member must satisfy constraint: "+constraints(elem))
			return
		}
	}
}

// entries checks keys and values of a map in the order of the keys.
func (c *checker) entries(shape *Shape, v reflect.Value, sensitive bool) {
	badKey, badValue := false, false
	secret := sensitive || shape.Key.Sensitive || shape.Elem.Sensitive
	for _, key := range sortedKeys(v) {
		badKey = badKey || !c.satisfies(shape.Key, key)
		switch shape.Elem.Kind {
		case Structure, List, Map:
			c.push(step{kind: Map, name: key.String()})
			c.value(shape.Elem, v.MapIndex(key), secret)
			c.pop()
		default:
			badValue = badValue || !c.satisfies(shape.Elem, v.MapIndex(key))
		}
	}
	if badKey {
		c.add(quote(shape, v, secret), "Map keys must satisfy constraint: "+constraints(shape.Key))
	}
	if badValue {
		c.add(quote(shape, v, secret), "Map value must satisfy constraint: "+constraints(shape.Elem))
	}
}

func maxConstraint(s *Shape) string {
	if s.Kind == Integer || s.Kind == Long {
		return fmt.Sprintf("Member must have value less than or equal to %d", s.Max)
	}
	return fmt.Sprintf("Member must have length less than or equal to %d", s.Max)
}

func minConstraint(s *Shape) string {
	if s.Kind == Integer || s.Kind == Long {
		return fmt.Sprintf("Member must have value greater than or equal to %d", s.Min)
	}
	return fmt.Sprintf("Member must have length greater than or equal to %d", s.Min)
}

func patternConstraint(s *Shape) string {
	return "Member must satisfy regular expression pattern: " + s.Pattern.Text
}

func enumConstraint(s *Shape) string {
	return "Member must satisfy enum value set: [" + strings.Join(s.Enum, ", ") + "]"
}

// constraints lists everything that the model demands of an element, whichever part of it failed.
func constraints(s *Shape) string {
	var all []string
	if s.HasMax {
		all = append(all, maxConstraint(s))
	}
	if s.HasMin {
		all = append(all, minConstraint(s))
	}
	if s.Pattern != nil {
		all = append(all, patternConstraint(s))
	}
	if s.Enum != nil {
		all = append(all, enumConstraint(s))
	}
	return "[" + strings.Join(all, ", ") + "]"
}

// quote renders a value as the service, which is written in Java, prints it. Lists and maps of structures are not
// quoted: there the service prints addresses.
func quote(shape *Shape, v reflect.Value, sensitive bool) string {
	if sensitive {
		return ""
	}
	switch shape.Kind {
	case String:
		return "'" + v.String() + "'"
	case Integer, Long:
		return "'" + strconv.FormatInt(v.Int(), 10) + "'"
	case Blob:
		return fmt.Sprintf("'java.nio.HeapByteBuffer[pos=0 lim=%d cap=%d]'", v.Len(), v.Len())
	}
	if shape.Elem.Kind != String || shape.Elem.Sensitive {
		return ""
	}
	var parts []string
	if shape.Kind == List {
		for i := range v.Len() {
			parts = append(parts, v.Index(i).String())
		}
		return "'[" + strings.Join(parts, ", ") + "]'"
	}
	for _, key := range sortedKeys(v) {
		parts = append(parts, key.String()+"="+v.MapIndex(key).String())
	}
	return "'{" + strings.Join(parts, ", ") + "}'"
}
