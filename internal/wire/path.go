package wire

import (
	"encoding/binary"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// path is where in an input a value stands.
type path []step

// step goes to a member of a structure, an element of a list or an entry of a map.
type step struct {
	kind  Kind   // of what the step enters: Structure, List or Map
	name  string // member or key
	index int    // of the member or element
}

// String returns AWS's form: member names with a lower-case first letter, elements counted from 1 (ERR-042).
func (p path) String() string {
	var b strings.Builder
	for i, s := range p {
		if i > 0 {
			b.WriteByte('.')
		}
		switch s.kind {
		case List:
			b.WriteString(strconv.Itoa(s.index + 1))
			b.WriteString(".member")
		case Map:
			b.WriteString(s.name)
			b.WriteString(".member")
		default:
			first, size := utf8.DecodeRuneInString(s.name)
			b.WriteRune(unicode.ToLower(first))
			b.WriteString(s.name[size:])
		}
	}
	return b.String()
}

// key returns a text that is different for every place.
func (p path) key() string {
	var b []byte
	for _, s := range p {
		b = append(b, byte(s.kind))
		if s.kind == Map {
			b = binary.AppendUvarint(b, uint64(len(s.name)))
			b = append(b, s.name...)
		} else {
			b = binary.AppendUvarint(b, uint64(s.index))
		}
	}
	return string(b)
}

// Presence is what a decoded body said beyond the values: which plain members it carried although their value is zero.
// The zero Presence belongs to a struct made in Go, where a zero value means absent.
type Presence struct {
	decoded bool
	zeros   map[string]struct{}
}

// has reports whether the body carried the zero value at p.
func (p *Presence) has(at path) bool {
	if len(p.zeros) == 0 {
		return false
	}
	_, ok := p.zeros[at.key()]
	return ok
}

func (p *Presence) add(at path) {
	if p.zeros == nil {
		p.zeros = map[string]struct{}{}
	}
	p.zeros[at.key()] = struct{}{}
}
