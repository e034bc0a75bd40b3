package archtest_test

import (
	"fmt"
	"go/ast"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// An acceptanceLine is a line of the acceptance list that ends a specification.
type acceptanceLine struct {
	name string // its range of facts, as the list has it
	factsOf
}

// factsOf are those of a family from one number to another.
type factsOf struct {
	family   string
	from, to int
}

var (
	acceptable  = regexp.MustCompile(`(?m)^- \*\*(([A-Z]+)-(\d{3})…[A-Z]+-(\d{3}))\*\* `)
	factRange   = regexp.MustCompile(`\b([A-Z][A-Z0-9]{1,6})-(\d{3})(?:(?:…|\.\.|–)(?:[A-Z][A-Z0-9]{1,6}-)?(\d{3}))?`)
	unconfirmed = regexp.MustCompile(`(?m)^(?:- \*\*|\| *)([A-Z]+-\d{3})\b.*\([^()]*\bunconfirmed\b[^()]*\)`)
)

// acceptanceLines reads the lists of the specifications of user pool authentication.
func acceptanceLines(t *testing.T) (lines []acceptanceLine, guessed map[string]bool) {
	t.Helper()
	guessed = map[string]bool{}
	for _, spec := range []string{"userpool-auth", "userpool-newer"} {
		text := read(t, "docs/spec/"+spec+".md")
		for _, m := range unconfirmed.FindAllStringSubmatch(text, -1) {
			guessed[m[1]] = true
		}
		_, list, found := strings.Cut(text, ". Acceptance list\n")
		if !found {
			t.Fatalf("%s has no acceptance list", spec)
		}
		for _, m := range acceptable.FindAllStringSubmatch(list, -1) {
			from, _ := strconv.Atoi(m[3])
			to, _ := strconv.Atoi(m[4])
			lines = append(lines, acceptanceLine{m[1], factsOf{m[2], from, to}})
		}
	}
	return lines, guessed
}

func (f factsOf) has(id string) bool {
	family, number, _ := strings.Cut(id, "-")
	n, err := strconv.Atoi(number)
	return err == nil && family == f.family && f.from <= n && n <= f.to
}

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("../..", filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// named returns the facts that a text names, those within a range included.
func named(text string) map[string]bool {
	ids := map[string]bool{}
	for _, m := range factRange.FindAllStringSubmatch(text, -1) {
		from, _ := strconv.Atoi(m[2])
		to := from
		if m[3] != "" {
			to, _ = strconv.Atoi(m[3])
		}
		for n := from; n <= to; n++ {
			ids[fmt.Sprintf("%s-%03d", m[1], n)] = true
		}
	}
	return ids
}

// TestAcceptance has a test for each line of the acceptance lists: that each of the line's facts is named by a test, or by the record of
// what is done otherwise; that what the specification marks as unconfirmed is named where the code decides it; and that the tests
// which acceptedBy lists for what the line says exist and name facts of it.
func TestAcceptance(t *testing.T) {
	t.Parallel()
	facts, _ := facts(t)
	lines, guessed := acceptanceLines(t)
	divergences := named(read(t, "docs/divergences.md"))
	tests, code := map[string]bool{}, map[string]bool{}
	functions := map[string]map[string]bool{} // the facts that a test function names, by its name
	for _, src := range sources(t) {
		if src.pkg == "internal/archtest" { // which checks texts, not facts
			continue
		}
		text := read(t, src.name)
		into := code
		if src.test {
			into = tests
			for name, body := range testFunctions(src, text) {
				if functions[name] == nil {
					functions[name] = map[string]bool{}
				}
				maps.Copy(functions[name], named(body))
			}
		}
		maps.Copy(into, named(text))
	}
	for _, l := range lines {
		t.Run(l.name, func(t *testing.T) {
			t.Parallel()
			n := 0
			for id := range facts {
				if !l.has(id) {
					continue
				}
				n++
				if !tests[id] && !divergences[id] {
					t.Errorf("no test names %s, and docs/divergences.md does not either", id)
				}
				if guessed[id] && !code[id] && !divergences[id] {
					t.Errorf("%s is unconfirmed, and no code says where it is decided", id)
				}
			}
			if n == 0 {
				t.Error("the specification has none of these facts")
			}
			l.check(t, functions, divergences)
		})
	}
	if len(acceptedBy) != len(lines) {
		t.Errorf("acceptedBy has %d lines, the lists %d", len(acceptedBy), len(lines))
	}
}

// check looks for the tests that the line is accepted by.
func (l acceptanceLine) check(t *testing.T, functions map[string]map[string]bool, divergences map[string]bool) {
	t.Helper()
	a, found := acceptedBy[l.factsOf]
	if !found {
		t.Fatal("acceptedBy has nothing for this line")
	}
	for _, name := range strings.Fields(a.tests) {
		ids, exists := functions[name]
		if !exists {
			t.Errorf("there is no %s", name)
		}
		cites := false
		for id := range ids {
			cites = cites || l.has(id)
		}
		if exists && !cites {
			t.Errorf("%s names none of the line's facts", name)
		}
	}
	if a.tests == "" && a.absent == "" {
		t.Error("the line is accepted by nothing")
	}
	if a.absent != "" && !slices.ContainsFunc(slices.Collect(maps.Keys(divergences)), l.has) {
		t.Errorf("docs/divergences.md says nothing of what is absent: %s", a.absent)
	}
}

// testFunctions returns the text of each test function of a file, with the comment above it.
func testFunctions(src *source, text string) map[string]string {
	out := map[string]string{}
	for _, d := range src.file.Decls {
		f, ok := d.(*ast.FuncDecl)
		if !ok || f.Recv != nil || !strings.HasPrefix(f.Name.Name, "Test") {
			continue
		}
		from := f.Pos()
		if f.Doc != nil {
			from = f.Doc.Pos()
		}
		out[f.Name.Name] += text[src.set.Position(from).Offset:src.set.Position(f.End()).Offset]
	}
	return out
}
