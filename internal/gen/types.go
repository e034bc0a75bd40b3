package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/cenote-auth/cenote/internal/model"
)

// isRole reports whether a struct is the input or output of one operation, and which.
func (s *service) isRole(g *goStruct) (op *operation, input, ok bool) {
	for _, op := range s.ops {
		if op.in == g && g.goName == op.Name+"Input" {
			return op, true, true
		}
		if op.out == g && g.goName == op.Name+"Output" {
			return op, false, true
		}
	}
	return nil, false, false
}

// writeTypes writes the structures that operations share, and the aliases of those with several roles.
func (s *service) writeTypes(f *source) {
	for _, g := range s.structs {
		if _, _, ok := s.isRole(g); !ok {
			f.p("// %s is a structure of the API, in use by %s.", g.goName, s.users(g.shape))
			s.writeStruct(f, g)
		}
	}
	for _, a := range s.aliases {
		f.p("// %s is %s: one type in the model, one type in Go.", a.goName, a.of)
		f.p("type %s = %s\n", a.goName, a.of)
	}
}

// writeRequests writes the inputs and outputs in the order of the operations.
func (s *service) writeRequests(f *source) {
	for _, op := range s.ops {
		for _, g := range []*goStruct{op.in, op.out} {
			owner, input, ok := s.isRole(g)
			if !ok || owner != op {
				continue
			}
			switch {
			case input:
				f.p("// %s is what %s is asked.", g.goName, op.Name)
			case op.noOutput:
				f.p("// %s is empty: %s answers with an empty body.", g.goName, op.Name)
			default:
				f.p("// %s is what %s answers.", g.goName, op.Name)
			}
			s.writeStruct(f, g)
		}
	}
}

func (s *service) writeStruct(f *source, g *goStruct) {
	f.p("type %s struct {", g.goName)
	for _, field := range g.fields {
		f.p("%s %s // %s", field.goName, field.goType, s.describe(field))
	}
	f.p("}\n")
}

// users names the operations that use a shape, the first three of them.
func (s *service) users(shape string) string {
	var names []string
	for _, op := range s.ops {
		if s.uses[op.Name][shape] {
			names = append(names, op.Name)
		}
	}
	switch n := len(names); {
	case n == 1:
		return names[0]
	case n <= 3:
		return strings.Join(names[:n-1], ", ") + " and " + names[n-1]
	default:
		return fmt.Sprintf("%s and %d more operations", strings.Join(names[:3], ", "), n-3)
	}
}

// describe says what the model demands of a member.
func (s *service) describe(f field) string {
	var parts []string
	if f.required {
		parts = append(parts, "required")
	} else {
		parts = append(parts, "optional")
	}
	if f.ref.Deprecated {
		parts = append(parts, "deprecated")
	}
	if r := bounds(f.shape); r != "" {
		parts = append(parts, r)
	}
	if f.shape.Member != nil {
		if r := bounds(s.Shapes[f.shape.Member.Shape]); r != "" {
			parts = append(parts, "each "+r)
		}
	}
	if p := f.shape.Pattern; p != "" && len(p) <= 60 {
		parts = append(parts, p)
	}
	if f.redact {
		parts = append(parts, "redacted in logs")
	}
	return strings.Join(parts, "; ")
}

// bounds words the limits of a shape.
func bounds(s *model.Shape) string {
	unit := map[string]string{"string": " characters", "blob": " bytes", "list": " elements", "map": " entries"}[s.Type]
	switch {
	case len(s.Enum) > 0 || s.Min == nil && s.Max == nil:
		return ""
	case s.Min == nil:
		return fmt.Sprintf("at most %d%s", *s.Max, unit)
	case s.Max == nil:
		return fmt.Sprintf("at least %d%s", *s.Min, unit)
	case *s.Min == *s.Max:
		return fmt.Sprintf("%d%s", *s.Min, unit)
	default:
		return fmt.Sprintf("%d to %d%s", *s.Min, *s.Max, unit)
	}
}

// writeEnums writes the enum types with their constants.
func (s *service) writeEnums(f *source) {
	for _, name := range s.enums {
		goName := s.typeName(name)
		f.p("// %s is an enum of the API, in use by %s.", goName, s.users(name))
		f.p("type %s string\n", goName)
		f.p("// The values of %s.", goName)
		f.p("const (")
		for _, value := range s.Shapes[name].Enum {
			constant := name + enumSuffix(value)
			if special := s.overlay.Names.EnumConstants[name+"."+value]; special != "" {
				constant = special
			}
			f.p("%s %s = %q", constant, goName, value)
		}
		f.p(")\n")
	}
}

// enumSuffix names a value as aws-sdk-go-v2 does: words in capitals become title case, other words keep their inner
// capitals.
func enumSuffix(value string) string {
	var b strings.Builder
	for word := range strings.FieldsFuncSeq(value, func(r rune) bool { return !isAlnum(r) }) {
		if word == strings.ToUpper(word) {
			word = strings.ToLower(word)
		}
		b.WriteString(strings.ToUpper(word[:1]) + word[1:])
	}
	return b.String()
}

func isAlnum(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
}

// writeErrors writes the codes of the service's exceptions, for errors.Is and for raising them.
func (s *service) writeErrors(f *source) {
	var names []string
	for name, shape := range s.Shapes {
		if shape.Exception {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	f.p("// The exceptions of the API: errors.Is(err, %s) asks for one.", codeConstant(names[0]))
	f.p("const (")
	for _, name := range names {
		f.p("%s awsapi.Code = %q", codeConstant(name), name)
	}
	f.p(")")
}

func codeConstant(exception string) string { return "Err" + strings.TrimSuffix(exception, "Exception") }
