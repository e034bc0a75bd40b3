package archtest_test

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// A source is one parsed Go file of the module.
type source struct {
	name    string // path below the module's root, with slashes
	pkg     string // path of its package, "." for the root
	test    bool
	lines   int
	file    *ast.File
	set     *token.FileSet
	imports map[string]string // import path by the name it has in the file
}

// sources parses every Go file of the module.
func sources(t *testing.T) []*source {
	t.Helper()
	var found []*source
	err := filepath.WalkDir("../..", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			base := d.Name()
			if base == "testdata" || base == "node_modules" || name != "../.." && strings.HasPrefix(base, ".") {
				return filepath.SkipDir
			}
			if name == filepath.FromSlash("../../tools") { // a module of its own
				return filepath.SkipDir
			}
			return nil
		}
		if filepath.Ext(name) != ".go" {
			return nil
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		set := token.NewFileSet()
		file, err := parser.ParseFile(set, name, text, parser.SkipObjectResolution|parser.ParseComments)
		if err != nil {
			return err
		}
		short, err := filepath.Rel("../..", name)
		if err != nil {
			return err
		}
		short = filepath.ToSlash(short)
		found = append(found, &source{
			name: short, pkg: path.Dir(short), test: strings.HasSuffix(short, "_test.go"),
			lines: bytes.Count(text, []byte("\n")), file: file, set: set, imports: importsOf(file),
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(found) < 20 {
		t.Fatalf("found %d Go files", len(found))
	}
	return found
}

func importsOf(file *ast.File) map[string]string {
	names := map[string]string{}
	for _, spec := range file.Imports {
		target, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			continue // the parser has accepted it
		}
		local := path.Base(target)
		if local == "v2" || local == "v3" || local == "v4" || local == "v5" {
			local = path.Base(path.Dir(target))
		}
		if spec.Name != nil {
			local = spec.Name.Name
		}
		names[local] = target
	}
	return names
}

// at returns where a node stands, as path:line.
func (s *source) at(n ast.Node) string {
	return s.name + ":" + strconv.Itoa(s.set.Position(n.Pos()).Line)
}

// used returns the import path and name that an expression selects, if it selects from an imported package.
func (s *source) used(n ast.Node) (target, selected string) {
	sel, ok := n.(*ast.SelectorExpr)
	if !ok {
		return "", ""
	}
	id, ok := sel.X.(*ast.Ident)
	if !ok {
		return "", ""
	}
	return s.imports[id.Name], sel.Sel.Name
}

// H8 (requests to unchecked addresses), M10 (uuid's global randomness), and the one clock of each instance.
func TestH8_ForbiddenNames(t *testing.T) {
	t.Parallel()
	for _, src := range sources(t) {
		if src.test || matchAny(programs, src.pkg) {
			continue
		}
		var parents []ast.Node
		ast.Inspect(src.file, func(n ast.Node) bool {
			if n == nil {
				parents = parents[:len(parents)-1]
				return true
			}
			if rule := src.broken(n, parents); rule != nil {
				target, selected := src.used(n)
				t.Errorf("%s uses %s.%s: use %s", src.at(n), target, selected, rule.instead)
			}
			parents = append(parents, n)
			return true
		})
	}
}

// broken returns the rule that a node breaks where it stands, or nil.
func (s *source) broken(n ast.Node, parents []ast.Node) *name {
	target, selected := s.used(n)
	if target == "" {
		return nil
	}
	for i := range forbidden {
		rule := &forbidden[i]
		if rule.path != target || matchAny(rule.except, s.pkg) || slices.Contains(rule.except, s.name) {
			continue
		}
		if rule.names != "*" && !slices.Contains(strings.Fields(rule.names), selected) {
			continue
		}
		if !rule.allowed.fits(n, parents[len(parents)-1]) {
			return rule
		}
	}
	return nil
}

// fits tells whether n, below parent, is used in the allowed way.
func (u use) fits(n, parent ast.Node) bool {
	switch u {
	case asDefault:
		switch p := parent.(type) {
		case *ast.AssignStmt, *ast.ReturnStmt, *ast.KeyValueExpr, *ast.ValueSpec:
			return true
		case *ast.CallExpr: // crypto's own operations ignore the reader that they are given
			sel, ok := p.Fun.(*ast.SelectorExpr)
			return ok && p.Fun != n && slices.Contains([]string{"GenerateKey", "Sign", "SignPKCS1v15", "EncryptOAEP"}, sel.Sel.Name)
		}
		return false
	case asType:
		switch p := parent.(type) {
		case *ast.CompositeLit:
			return p.Type != n
		case *ast.CallExpr: // new(http.Client), http.Client{}.Do
			return !slices.Contains(p.Args, n.(ast.Expr))
		case *ast.ValueSpec: // var c http.Client
			return p.Type != n
		}
		return true
	case never:
	}
	return false
}

func TestNoInitFunctions(t *testing.T) {
	t.Parallel()
	for _, src := range sources(t) {
		for _, decl := range src.file.Decls {
			if f, ok := decl.(*ast.FuncDecl); ok && f.Recv == nil && f.Name.Name == "init" {
				t.Errorf("%s: importing a package does nothing; make it a function that somebody calls, or sync.OnceValue", src.at(f))
			}
		}
	}
}

// A test that sleeps is slow or flaky, unless its clock is synctest's; one that skips without a reason looks passed.
func TestTestsNeitherSleepNorSkip(t *testing.T) {
	t.Parallel()
	for _, src := range sources(t) {
		if !src.test {
			continue
		}
		bubble := matchAny(maySleep, src.pkg)
		for _, target := range src.imports {
			bubble = bubble || target == "testing/synctest"
		}
		ast.Inspect(src.file, func(n ast.Node) bool {
			if target, selected := src.used(n); target == "time" && selected == "Sleep" && !bubble {
				t.Errorf("%s sleeps outside of testing/synctest", src.at(n))
			}
			if call, ok := n.(*ast.CallExpr); ok {
				if sel, ok := call.Fun.(*ast.SelectorExpr); ok && (sel.Sel.Name == "SkipNow" || sel.Sel.Name == "Skip" && len(call.Args) == 0) {
					t.Errorf("%s skips without a reason", src.at(n))
				}
			}
			return true
		})
	}
}

func TestFilesAreOneIdea(t *testing.T) {
	t.Parallel()
	for _, src := range sources(t) {
		if src.lines > maxLines && !ast.IsGenerated(src.file) {
			t.Errorf("%s has %d lines, the limit is %d: which idea should leave?", src.name, src.lines, maxLines)
		}
	}
}
