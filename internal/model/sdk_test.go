package model_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/cenote-auth/cenote/internal/model"
	"github.com/cenote-auth/cenote/userpool"
)

const sdkModule = "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"

// sdk is what the source of the vendor's client declares.
type sdk struct {
	constants map[string]string            // name → value
	structs   map[string]map[string]string // name → field → type
}

func loadSDK(t *testing.T) sdk {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Dir}}", sdkModule).Output()
	if err != nil {
		t.Fatalf("find %s: %v", sdkModule, err)
	}
	dir := strings.TrimSpace(string(out))
	files, err := filepath.Glob(filepath.Join(dir, "api_op_*.go"))
	if err != nil {
		t.Fatal(err)
	}
	files = append(files, filepath.Join(dir, "types", "types.go"), filepath.Join(dir, "types", "enums.go"))
	s := sdk{map[string]string{}, map[string]map[string]string{}}
	set := token.NewFileSet()
	for _, file := range files {
		f, err := parser.ParseFile(set, file, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, s.visit)
	}
	return s
}

func (s sdk) visit(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.ValueSpec:
		if len(n.Values) == 1 {
			if lit, ok := n.Values[0].(*ast.BasicLit); ok && lit.Kind == token.STRING {
				s.constants[n.Names[0].Name], _ = strconv.Unquote(lit.Value)
			}
		}
	case *ast.TypeSpec:
		if st, ok := n.Type.(*ast.StructType); ok {
			fields := map[string]string{}
			for _, f := range st.Fields.List {
				if len(f.Names) == 1 && f.Names[0].IsExported() && f.Names[0].Name != "ResultMetadata" {
					fields[f.Names[0].Name] = typeText(f.Type)
				}
			}
			s.structs[n.Name.Name] = fields
		}
	case *ast.FuncDecl:
		return false
	}
	return true
}

func typeText(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.StarExpr:
		return "*" + typeText(e.X)
	case *ast.ArrayType:
		return "[]" + typeText(e.Elt)
	case *ast.MapType:
		return "map[" + typeText(e.Key) + "]" + typeText(e.Value)
	case *ast.SelectorExpr:
		return e.Sel.Name
	case *ast.Ident:
		return e.Name
	}
	return ""
}

// ours collects the structs that the operations reach, by name: all of them, and those that inputs reach.
func ours(t *testing.T) (all, inputs map[string]reflect.Type) {
	t.Helper()
	s, err := services["cognito-idp"](pass)
	if err != nil {
		t.Fatal(err)
	}
	all, inputs = map[string]reflect.Type{}, map[string]reflect.Type{}
	for _, op := range userpool.Operations() {
		in, out := types(s, op.Name)
		collect(in, inputs)
		collect(in, all)
		collect(out, all)
	}
	return all, inputs
}

func collect(typ reflect.Type, into map[string]reflect.Type) {
	switch typ.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map:
		collect(typ.Elem(), into)
	case reflect.Struct:
		if typ.PkgPath() != reflect.TypeFor[userpool.SignUpInput]().PkgPath() || into[typ.Name()] != nil {
			return
		}
		into[typ.Name()] = typ
		for f := range typ.Fields() {
			collect(f.Type, into)
		}
	}
}

// Who comes from the vendor's client finds every type and every member under the same name. The rules of presence
// differ on purpose: strings, enums and times are plain here.
func TestTypesAreNamedAsInTheSDK(t *testing.T) {
	t.Parallel()
	want := loadSDK(t)
	have, inputs := ours(t)
	overlay, err := model.LoadOverlay()
	if err != nil {
		t.Fatal(err)
	}
	m, err := model.Load("cognito-idp")
	if err != nil {
		t.Fatal(err)
	}
	if len(want.structs) < 300 {
		t.Fatalf("read %d structs only", len(want.structs))
	}
	for name, fields := range want.structs {
		typ := have[name]
		if typ == nil {
			if strings.HasSuffix(name, "Input") || strings.HasSuffix(name, "Output") || strings.HasSuffix(name, "Type") {
				t.Errorf("no %s", name)
			}
			continue
		}
		for field, sdkType := range fields {
			f, ok := typ.FieldByName(field)
			if !ok {
				t.Errorf("%s has no %s", name, field)
				continue
			}
			checkFieldType(t, name, f, sdkType)
			if sdkPointer := strings.HasPrefix(sdkType, "*"); isNumber(f.Type) && (f.Type.Kind() == reflect.Pointer) != sdkPointer {
				plainOnPurpose := sdkPointer && (inputs[name] == nil || anyRole(name, func(shape string) bool {
					return m.Shapes[shape] != nil && slices.Contains(m.Shapes[shape].Required, field)
				}))
				pointerOnPurpose := !sdkPointer && anyRole(name, func(shape string) bool { return overlay.Pointers["cognito-idp"][shape+"."+field] != "" })
				if !plainOnPurpose && !pointerOnPurpose {
					t.Errorf("%s.%s is %s, in the SDK %s", name, field, f.Type, sdkType)
				}
			}
		}
	}
}

// checkFieldType compares the type of a member, pointers aside.
func checkFieldType(t *testing.T, owner string, f reflect.StructField, sdkType string) {
	t.Helper()
	typ := f.Type
	if typ.Kind() == reflect.Pointer {
		typ = typ.Elem()
	}
	got := typ.Name()
	switch {
	case got == "RawMessage":
		got = "Interface" // the SDK's document.Interface
	case typ.Kind() == reflect.Slice:
		got = "[]" + typ.Elem().Name()
	case typ.Kind() == reflect.Map:
		got = "map[string]" + typ.Elem().Name()
	}
	if want := strings.ReplaceAll(strings.TrimPrefix(sdkType, "*"), "byte", "uint8"); got != want {
		t.Errorf("%s.%s is %s, in the SDK %s", owner, f.Name, got, want)
	}
}

// isNumber reports whether a member is a number or a boolean, whose presence needs a rule.
func isNumber(typ reflect.Type) bool {
	if typ.Kind() == reflect.Pointer {
		typ = typ.Elem()
	}
	return typ.Kind() == reflect.Bool || typ.Kind() == reflect.Int32 || typ.Kind() == reflect.Int64
}

// anyRole asks about a struct under each name that the model may have for it.
func anyRole(name string, ask func(shape string) bool) bool {
	base := strings.TrimSuffix(strings.TrimSuffix(name, "Input"), "Output")
	return slices.ContainsFunc([]string{name, base + "Request", base + "Response"}, ask)
}

func TestEnumConstantsAreNamedAsInTheSDK(t *testing.T) {
	t.Parallel()
	want := loadSDK(t)
	have := sdk{map[string]string{}, map[string]map[string]string{}}
	f, err := parser.ParseFile(token.NewFileSet(), filepath.Join("..", "..", "userpool", "enums_gen.go"), nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(f, have.visit)
	if len(want.constants) < 150 {
		t.Fatalf("read %d constants only", len(want.constants))
	}
	for name, value := range want.constants {
		if have.constants[name] != value {
			t.Errorf("%s is %q, in the SDK %q", name, have.constants[name], value)
		}
	}
}
