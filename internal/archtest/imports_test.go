package archtest_test

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
)

// A listed package is what `go list` says about it, of the module or not.
type listed struct {
	ImportPath string
	Standard   bool
	Imports    []string // without those of its tests
	Deps       []string // transitively
	Module     *struct{ Path string }
}

// list returns every package of the module and everything that these are built from, by import path.
var list = sync.OnceValues(func() (map[string]*listed, error) {
	cmd := exec.Command("go", "list", "-e", "-deps", "-json=ImportPath,Standard,Imports,Deps,Module", "./...")
	cmd.Dir = "../.."
	out, err := cmd.Output()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return nil, errors.New("go list: " + string(exit.Stderr))
	}
	if err != nil {
		return nil, err
	}
	packages := map[string]*listed{}
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		p := new(listed)
		if err := dec.Decode(p); errors.Is(err, io.EOF) {
			return packages, nil
		} else if err != nil {
			return nil, err
		}
		packages[p.ImportPath] = p
	}
})

// ours returns all packages and the paths of the module's own below its root ("." is the root), sorted.
func ours(t *testing.T) (map[string]*listed, []string) {
	t.Helper()
	packages, err := list()
	if err != nil {
		t.Fatal(err)
	}
	var paths []string
	for path := range packages {
		if short, ok := inModule(path); ok {
			paths = append(paths, short)
		}
	}
	slices.Sort(paths)
	if len(paths) < 5 {
		t.Fatalf("go list found %d packages of the module", len(paths))
	}
	return packages, paths
}

// inModule returns the path below the module's root, "." for the root itself.
func inModule(path string) (string, bool) {
	if path == module {
		return ".", true
	}
	return strings.CutPrefix(path, module+"/")
}

func full(short string) string {
	if short == "." {
		return module
	}
	return module + "/" + short
}

// match tells whether a package fits a pattern, and how exact the pattern is.
func match(pattern, path string) (exact int, ok bool) {
	if pattern == "*" {
		return 0, true
	}
	if stem, tree := strings.CutSuffix(pattern, "/..."); tree {
		return len(stem), path == stem || strings.HasPrefix(path, stem+"/")
	}
	return len(pattern) + 1000, path == pattern
}

func matchAny(patterns []string, path string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool {
		_, ok := match(p, path)
		return ok
	})
}

// layerOf returns the index of a package's layer: that of the most exact pattern.
func layerOf(path string) (int, bool) {
	found, best := -1, -1
	for i, l := range layers {
		for _, pattern := range l.packages {
			if exact, ok := match(pattern, path); ok && exact > best {
				found, best = i, exact
			}
		}
	}
	return found, found >= 0
}

// together tells whether two packages are parts of one in the sense of within.
func together(a, b string) bool {
	return slices.ContainsFunc(within, func(stem string) bool {
		_, inA := match(stem+"/...", a)
		_, inB := match(stem+"/...", b)
		return inA && inB
	})
}

func TestImportsPointDownwards(t *testing.T) {
	t.Parallel()
	packages, paths := ours(t)
	for _, path := range paths {
		from, ok := layerOf(path)
		if !ok {
			t.Errorf("package %s is in no layer: give it a place in rules_test.go and in docs/architecture.md", path)
			continue
		}
		for _, imported := range packages[full(path)].Imports {
			target, own := inModule(imported)
			if !own || together(path, target) {
				continue
			}
			to, ok := layerOf(target)
			if ok && (to > from || to == from && layers[from].siblings) {
				continue
			}
			t.Errorf("%s imports %s, which is not below it: declare a small interface where it is used and satisfy it in the root", path, target)
		}
	}
}

func TestServicesDoNotKnowHTTP(t *testing.T) {
	t.Parallel()
	packages, paths := ours(t)
	for _, path := range paths {
		if slices.Contains(withoutHTTP, path) && slices.Contains(packages[full(path)].Imports, "net/http") {
			t.Errorf("%s imports net/http", path)
		}
	}
}

func TestThirdPartyModulesHaveOwners(t *testing.T) {
	t.Parallel()
	packages, paths := ours(t)
	for _, path := range paths {
		for _, imported := range packages[full(path)].Imports {
			p := packages[imported]
			if p == nil || p.Standard || p.Module == nil || p.Module.Path == module {
				continue
			}
			allowed, known := owners[owned(p.Module.Path)]
			switch {
			case !known:
				t.Errorf("%s imports %s: module %s has no owner in rules_test.go", path, imported, p.Module.Path)
			case !matchAny(allowed, path):
				t.Errorf("%s imports %s: module %s belongs to %s", path, imported, p.Module.Path, strings.Join(allowed, ", "))
			}
		}
	}
}

// owned returns the module that stands for mod in owners: AWS's SDK is many modules.
func owned(mod string) string {
	if strings.HasPrefix(mod, "github.com/aws/aws-sdk-go-v2/") {
		return "github.com/aws/aws-sdk-go-v2"
	}
	return mod
}

func TestImportersCompileNoEdges(t *testing.T) {
	t.Parallel()
	packages, paths := ours(t)
	for _, path := range paths {
		if !slices.Contains(embeddable, path) {
			continue
		}
		for _, dep := range packages[full(path)].Deps {
			for _, edge := range edges {
				if dep == edge || strings.HasPrefix(dep, strings.TrimSuffix(edge, "/")+"/") {
					t.Errorf("importing %s compiles %s", path, dep)
				}
			}
		}
	}
}

func TestLeavesBringFewModules(t *testing.T) {
	t.Parallel()
	packages, paths := ours(t)
	for _, path := range paths {
		allowed, bounded := fewModules[path]
		if !bounded {
			continue
		}
		for _, dep := range packages[full(path)].Deps {
			p := packages[dep]
			if p == nil || p.Standard || p.Module == nil {
				continue
			}
			if !slices.Contains(allowed, p.Module.Path) {
				t.Errorf("%s brings %s along, of %s", path, dep, p.Module.Path)
			}
		}
	}
}
