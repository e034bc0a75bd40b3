package archtest_test

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// A fact of docs/spec is defined where its id stands in bold or opens a row, and cited anywhere else.
var (
	defined = regexp.MustCompile(`(?m)(?:\*\*|^\| *)([A-Z][A-Z0-9]{1,6})-([0-9]{3})\b`)
	cited   = regexp.MustCompile(`\b([A-Z][A-Z0-9]{1,6})-([0-9]{3})\b`)
)

// facts returns the ids that docs/spec defines, and their families.
func facts(t *testing.T) (ids, families map[string]bool) {
	t.Helper()
	files, err := filepath.Glob("../../docs/spec/*.md")
	if err != nil {
		t.Fatal(err)
	}
	ids, families = map[string]bool{}, map[string]bool{}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range defined.FindAllStringSubmatch(string(text), -1) {
			ids[m[1]+"-"+m[2]] = true
			families[m[1]] = true
		}
	}
	if len(ids) < 1000 {
		t.Fatalf("docs/spec defines %d facts", len(ids))
	}
	return ids, families
}

// A test that names a fact which does not exist checks something that nobody can look up.
func TestCitedFactsExist(t *testing.T) {
	t.Parallel()
	ids, families := facts(t)
	texts := map[string]string{}
	for _, src := range sources(t) {
		texts[src.name] = ""
	}
	docs, err := filepath.Glob("../../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range docs {
		texts[strings.TrimPrefix(filepath.ToSlash(name), "../../")] = ""
	}
	for _, name := range slices.Sorted(maps.Keys(texts)) {
		text, err := os.ReadFile(filepath.Join("../..", filepath.FromSlash(name)))
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range cited.FindAllStringSubmatch(string(text), -1) {
			if id := m[1] + "-" + m[2]; families[m[1]] && !ids[id] {
				t.Errorf("%s cites %s, which docs/spec does not define", name, id)
			}
		}
	}
}
