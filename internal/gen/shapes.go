package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// writeShapes writes the tables that the wire engine walks.
func (s *service) writeShapes(f *source) {
	for _, name := range s.shapes {
		s.writeShape(f, name)
	}
	if slices.ContainsFunc(s.ops, func(op *operation) bool { return op.noOutput }) {
		f.p("var shapeNoOutput = wire.Shape{Name: \"NoOutput\", Kind: wire.Structure}")
	}
}

func (s *service) writeShape(f *source, name string) {
	shape := s.Shapes[name]
	kind := strings.ToUpper(shape.Type[:1]) + shape.Type[1:]
	parts := []string{fmt.Sprintf("Name: %q, Kind: wire.%s", name, kind)}
	if shape.Key != nil {
		parts = append(parts, "Key: &shape"+shape.Key.Shape, "Elem: &shape"+shape.Value.Shape)
	}
	if shape.Member != nil {
		parts = append(parts, "Elem: &shape"+shape.Member.Shape)
	}
	if shape.Min != nil {
		parts = append(parts, fmt.Sprintf("Min: %d, HasMin: true", *shape.Min))
	}
	if shape.Max != nil {
		parts = append(parts, fmt.Sprintf("Max: %d, HasMax: true", *shape.Max))
	}
	if shape.Pattern != "" {
		pattern := "Text: " + literal(shape.Pattern)
		if form := cmp.Or(s.overlay.Patterns.Wider[s.name][name].Pattern, s.overlay.Patterns.RE2[shape.Pattern]); form != "" {
			pattern += ", RE2: " + literal(form)
		}
		parts = append(parts, "Pattern: &wire.Pattern{"+pattern+"}")
	}
	if len(shape.Enum) > 0 {
		parts = append(parts, fmt.Sprintf("Enum: %#v", shape.Enum))
	}
	if shape.Sensitive {
		parts = append(parts, "Sensitive: true")
	}
	if slices.Contains(s.overlay.Sensitive[s.name].Shapes, name) {
		parts = append(parts, "Secret: true")
	}
	if shape.Type != "structure" {
		f.p("var shape%s = wire.Shape{%s}\n", name, strings.Join(parts, ", "))
		return
	}
	f.p("var shape%s = wire.Shape{%s, Members: []wire.Member{", name, strings.Join(parts, ", "))
	for _, field := range s.byShape[name].fields {
		extra := ""
		if field.required {
			extra += ", Required: true"
		}
		if field.secret {
			extra += ", Secret: true"
		}
		f.p("{Name: %q, Shape: &shape%s%s},", field.wire, field.ref.Shape, extra)
	}
	f.p("}}\n")
}

// literal quotes a pattern so that it reads as in the model.
func literal(s string) string {
	if strings.Contains(s, "`") {
		return fmt.Sprintf("%q", s)
	}
	return "`" + s + "`"
}

// writeRedaction writes the methods that keep sensitive members out of logs, for every structure that holds some.
func (s *service) writeRedaction(f *source) {
	for _, g := range s.structs {
		if !g.redact {
			continue
		}
		f.p("// String returns the members without the sensitive ones.")
		f.p("func (v %s) String() string { return wire.Redact(&shape%s, v) }\n", g.goName, g.shape)
		f.p("// GoString returns what String returns.")
		f.p("func (v %s) GoString() string { return v.String() }\n", g.goName)
		f.p("// Format writes what String returns, whatever the verb.")
		f.p("func (v %s) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, v.String()) }\n", g.goName)
		f.p("// LogValue returns what String returns.")
		f.p("func (v %s) LogValue() slog.Value { return slog.StringValue(v.String()) }\n", g.goName)
	}
}
