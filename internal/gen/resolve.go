package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/cenote-auth/cenote/internal/model"
)

// service is a model resolved into what Go code is written from.
type service struct {
	*model.Model
	overlay *model.Overlay
	name    string // signing name
	dir     string // of the package
	pkg     string // package clause

	shapes  []string                   // reachable from an operation, sorted
	inputs  map[string]bool            // reachable from an input
	uses    map[string]map[string]bool // operation → shapes
	structs []*goStruct                // in the order of shapes
	byShape map[string]*goStruct
	aliases []alias
	enums   []string // shapes
	ops     []*operation
}

// goStruct is a structure with its Go name.
type goStruct struct {
	shape  string
	goName string
	fields []field
	redact bool // something in it is sensitive
}

type field struct {
	wire     string
	goName   string
	goType   string
	ref      model.Ref
	shape    *model.Shape
	required bool
	secret   bool // by our own list
	redact   bool
}

// alias is a second name of a struct that has several roles.
type alias struct{ goName, of string }

type operation struct {
	model.Operation
	in, out  *goStruct
	noOutput bool
	auth     string
	readOnly bool
	built    bool
}

// method returns the name of the method that holds the operation's rules.
func (o *operation) method() string { return strings.ToLower(o.Name[:1]) + o.Name[1:] }

func resolve(name string, m *model.Model, o *model.Overlay) (*service, error) {
	pkg, ok := o.Operations.Packages[name]
	if !ok {
		return nil, fmt.Errorf("no package in operations.json")
	}
	s := &service{Model: m, overlay: o, name: name, dir: pkg.Dir, pkg: pkg.Name, byShape: map[string]*goStruct{}}
	for _, shape := range m.Shapes {
		if shape.Document {
			shape.Type = "document"
		}
	}
	s.reach()
	if err := s.resolveStructs(); err != nil {
		return nil, err
	}
	if err := s.resolveOperations(); err != nil {
		return nil, err
	}
	return s, s.checkOverlay()
}

// reach finds the shapes that operations use. An operation without output gets an empty one.
func (s *service) reach() {
	all := map[string]bool{}
	s.inputs, s.uses = map[string]bool{}, map[string]map[string]bool{}
	for _, key := range s.Operations.Keys {
		op := s.Operations.Map[key]
		used := map[string]bool{}
		s.walk(op.Input.Shape, s.inputs)
		s.walk(op.Input.Shape, used)
		if op.Output.Shape != "" {
			s.walk(op.Output.Shape, used)
		}
		s.uses[key] = used
		maps.Copy(all, used)
	}
	s.shapes = sortedKeys(all)
}

func (s *service) walk(name string, seen map[string]bool) {
	if seen[name] {
		return
	}
	seen[name] = true
	for _, ref := range s.Shapes[name].Refs() {
		s.walk(ref, seen)
	}
}

// resolveStructs names the structures. A shape that is one operation's input or output and nothing else is named after
// that role; a shape with several roles keeps the model's name, and the roles are aliases.
func (s *service) resolveStructs() error {
	roles := map[string][]string{}
	for _, key := range s.Operations.Keys {
		op := s.Operations.Map[key]
		roles[op.Input.Shape] = append(roles[op.Input.Shape], key+"Input")
		if op.Output.Shape != "" {
			roles[op.Output.Shape] = append(roles[op.Output.Shape], key+"Output")
		}
	}
	nested := map[string]bool{}
	for _, name := range s.shapes {
		for _, ref := range s.Shapes[name].Refs() {
			nested[ref] = true
		}
	}
	for _, name := range s.shapes {
		shape := s.Shapes[name]
		switch {
		case len(shape.Enum) > 0:
			s.enums = append(s.enums, name)
		case shape.Type == "structure":
			g := &goStruct{shape: name, goName: s.typeName(name)}
			if r := roles[name]; len(r) == 1 && !nested[name] {
				g.goName = r[0]
			} else {
				for _, role := range r {
					if role != g.goName {
						s.aliases = append(s.aliases, alias{role, g.goName})
					}
				}
			}
			s.structs = append(s.structs, g)
			s.byShape[name] = g
		}
	}
	for _, g := range s.structs {
		if err := s.resolveFields(g); err != nil {
			return err
		}
	}
	for _, g := range s.structs {
		g.redact = s.redacts(g.shape, map[string]bool{})
		for i := range g.fields {
			f := &g.fields[i]
			f.redact = f.secret || s.redacts(f.ref.Shape, map[string]bool{})
		}
	}
	return nil
}

func (s *service) resolveFields(g *goStruct) error {
	shape := s.Shapes[g.shape]
	if len(shape.Members.Keys) > 64 {
		return fmt.Errorf("%s has more members than the decoder keeps track of", g.shape)
	}
	for _, key := range shape.Members.Keys {
		ref := shape.Members.Map[key]
		f := field{
			wire: key, goName: strings.ToUpper(key[:1]) + key[1:], ref: ref, shape: s.Shapes[ref.Shape],
			required: slices.Contains(shape.Required, key),
			secret:   slices.Contains(s.overlay.Sensitive[s.name].Members, g.shape+"."+key),
		}
		f.goType = s.goType(ref.Shape)
		if s.isPointer(g.shape, f) {
			f.goType = "*" + f.goType
		}
		g.fields = append(g.fields, f)
	}
	return nil
}

// isPointer applies the rules of presence: structures are pointers; numbers and booleans are plain if they are
// required, only in outputs, or default to zero, else pointers; everything else is plain, because its zero is absent.
func (s *service) isPointer(shape string, f field) bool {
	if f.shape.Type == "structure" {
		return true
	}
	if s.overlay.Pointers[s.name][shape+"."+f.wire] != "" {
		return true
	}
	switch f.shape.Type {
	case "boolean", "integer", "long":
		defaulted := slices.Contains(s.overlay.Defaults[s.name], f.ref.Shape) && !f.ref.Box
		return !f.required && s.inputs[shape] && !defaulted
	}
	return false
}

// goType returns the Go type of a shape, without the pointer of a structure.
func (s *service) goType(name string) string {
	shape := s.Shapes[name]
	switch shape.Type {
	case "string":
		if len(shape.Enum) > 0 {
			return s.typeName(name)
		}
		return "string"
	case "boolean":
		return "bool"
	case "integer":
		return "int32"
	case "long":
		return "int64"
	case "timestamp":
		return "time.Time"
	case "blob":
		return "[]byte"
	case "document":
		return "json.RawMessage"
	case "list":
		return "[]" + s.goType(shape.Member.Shape)
	case "map":
		return "map[string]" + s.goType(shape.Value.Shape)
	case "structure":
		return s.byShape[name].goName
	}
	panic("unknown type " + shape.Type + " of " + name)
}

// typeName is the Go name of an enum or a structure.
func (s *service) typeName(shape string) string {
	if name := s.overlay.Names.Shapes[s.name][shape]; name != "" {
		return name
	}
	return shape
}

// redacts reports whether values of the shape hold anything sensitive.
func (s *service) redacts(name string, seen map[string]bool) bool {
	shape := s.Shapes[name]
	if shape.Sensitive || slices.Contains(s.overlay.Sensitive[s.name].Shapes, name) {
		return true
	}
	if seen[name] {
		return false
	}
	seen[name] = true
	for _, member := range shape.Members.Keys {
		if slices.Contains(s.overlay.Sensitive[s.name].Members, name+"."+member) {
			return true
		}
	}
	return slices.ContainsFunc(shape.Refs(), func(ref string) bool { return s.redacts(ref, seen) })
}

func (s *service) resolveOperations() error {
	for _, key := range s.Operations.Keys {
		op := &operation{Operation: s.Operations.Map[key], auth: "awsapi.AuthSigV4"}
		op.built = !slices.Contains(s.overlay.Unbuilt[s.name], key)
		op.in = s.byShape[op.Input.Shape]
		if op.Output.Shape == "" {
			op.noOutput = true
			op.out = &goStruct{goName: key + "Output"}
			s.structs = append(s.structs, op.out)
		} else {
			op.out = s.byShape[op.Output.Shape]
		}
		if op.AuthType == "none" {
			op.auth = "awsapi.AuthNone"
			if slices.Contains(s.Shapes[op.Input.Shape].Required, "AccessToken") {
				op.auth = "awsapi.AuthAccessToken"
			}
		}
		op.readOnly = s.overlay.Operations.Writes[s.name][key] == "" && slices.ContainsFunc(s.overlay.Operations.ReadOnlyVerbs,
			func(verb string) bool { return strings.HasPrefix(key, verb) })
		s.ops = append(s.ops, op)
	}
	return nil
}

// checkOverlay refuses exceptions about things that do not exist.
func (s *service) checkOverlay() error {
	for name := range s.overlay.Pointers[s.name] {
		if err := s.checkMember(name); err != nil {
			return fmt.Errorf("pointers.json: %w", err)
		}
	}
	for _, name := range s.overlay.Sensitive[s.name].Members {
		if err := s.checkMember(name); err != nil {
			return fmt.Errorf("sensitive.json: %w", err)
		}
	}
	for _, name := range slices.Concat(s.overlay.Sensitive[s.name].Shapes, s.overlay.Defaults[s.name]) {
		if !slices.Contains(s.shapes, name) {
			return fmt.Errorf("sensitive.json or defaults.json: no shape %s", name)
		}
	}
	for name := range s.overlay.Patterns.Wider[s.name] {
		if !slices.Contains(s.shapes, name) {
			return fmt.Errorf("patterns.json: no shape %s", name)
		}
	}
	for _, name := range s.overlay.Unbuilt[s.name] {
		if !slices.Contains(s.Operations.Keys, name) {
			return fmt.Errorf("unbuilt.json: no operation %s", name)
		}
	}
	for name := range s.overlay.Operations.Writes[s.name] {
		if !slices.Contains(s.Operations.Keys, name) {
			return fmt.Errorf("operations.json: no operation %s", name)
		}
	}
	return nil
}

func (s *service) checkMember(name string) error {
	shape, member, _ := strings.Cut(name, ".")
	g := s.byShape[shape]
	if g == nil || !slices.ContainsFunc(g.fields, func(f field) bool { return f.wire == member }) {
		return fmt.Errorf("no member %s", name)
	}
	return nil
}
