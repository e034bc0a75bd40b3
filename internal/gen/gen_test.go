package main

import (
	"cmp"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/cenote-auth/cenote/internal/model"
	"github.com/cenote-auth/cenote/internal/wire"
)

// What is in the tree is what the models give.
func TestGeneratedFilesAreCurrent(t *testing.T) {
	t.Parallel()
	if err := run(filepath.Join("..", ".."), true); err != nil {
		t.Error(err)
	}
}

func TestCheckFindsEveryDifference(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	files := map[string][]byte{"a_gen.go": []byte("package a"), "b_gen.go": []byte("package a\n")}
	if err := write(dir, files, true); err == nil || !strings.Contains(err.Error(), "a_gen.go") || !strings.Contains(err.Error(), "b_gen.go") {
		t.Errorf("missing files: %v", err)
	}
	if err := write(dir, files, false); err != nil {
		t.Fatal(err)
	}
	for _, change := range []struct{ file, text string }{{"b_gen.go", "package b"}, {"old_gen.go", "package a"}} {
		path := filepath.Join(dir, change.file)
		if err := os.WriteFile(path, []byte(change.text), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := write(dir, files, true); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v", change.file, err)
		}
		if err := write(dir, files, false); err != nil {
			t.Fatal(err)
		}
		if err := write(dir, files, true); err != nil {
			t.Errorf("%s was not put right: %v", change.file, err)
		}
	}
	byHand := filepath.Join(dir, "hand.go")
	if err := os.WriteFile(byHand, []byte("package a"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := write(dir, files, false); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(byHand); err != nil {
		t.Errorf("a file written by hand is gone: %v", err)
	}
}

// ERR-046: every pattern of the models has a form that Go can match.
func TestEveryPatternCompiles(t *testing.T) {
	t.Parallel()
	o, err := model.LoadOverlay()
	if err != nil {
		t.Fatal(err)
	}
	used := map[string]bool{}
	for _, service := range model.Services() {
		m, err := model.Load(service)
		if err != nil {
			t.Fatal(err)
		}
		for name, shape := range m.Shapes {
			if shape.Pattern == "" {
				continue
			}
			used[shape.Pattern] = true
			func() {
				defer func() {
					if p := recover(); p != nil {
						t.Errorf("%s: %s: %v", name, shape.Pattern, p)
					}
				}()
				(&wire.Pattern{Text: shape.Pattern, RE2: cmp.Or(o.Patterns.Wider[service][name].Pattern, o.Patterns.RE2[shape.Pattern])}).Match("x")
			}()
		}
	}
	for pattern := range o.Patterns.RE2 {
		if !used[pattern] {
			t.Errorf("patterns.json has %s, which no model has", pattern)
		}
	}
}

// The lookbehind of bucket names, which RE2 lacks, in its other form.
func TestPatternWithoutLookbehind(t *testing.T) {
	t.Parallel()
	o, err := model.LoadOverlay()
	if err != nil {
		t.Fatal(err)
	}
	text := `^[0-9A-Za-z\.\-_]*(?<!\.)$`
	p := &wire.Pattern{Text: text, RE2: o.Patterns.RE2[text]}
	for s, want := range map[string]bool{"": true, "a": true, "a.b": true, "-": true, "a_": true, "a.": false, ".": false, "a b": false} {
		if p.Match(s) != want {
			t.Errorf("%q: got %v", s, !want)
		}
	}
}

// An exception from the rules names a fact that the specification has.
func TestExceptionsRestOnFacts(t *testing.T) {
	t.Parallel()
	o, err := model.LoadOverlay()
	if err != nil {
		t.Fatal(err)
	}
	facts := map[string]bool{}
	files, err := filepath.Glob(filepath.Join("..", "..", "docs", "spec", "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`\*\*([A-Z]+[0-9]*-[0-9]+)\*\*`).FindAllStringSubmatch(string(text), -1) {
			facts[m[1]] = true
		}
	}
	check := func(what, fact string) {
		if !facts[fact] {
			t.Errorf("%s rests on %s, which the specification does not have", what, fact)
		}
	}
	for _, service := range model.Services() {
		for member, fact := range o.Pointers[service] {
			check(member, fact)
		}
		for op, fact := range o.Operations.Writes[service] {
			check(op, fact)
		}
		for shape, wider := range o.Patterns.Wider[service] {
			check(shape, wider.Fact)
		}
		check(service, o.Operations.Validation[service].Fact)
	}
}

func TestEnumSuffix(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]string{
		"USER_SRP_AUTH": "UserSrpAuth", "NoRisk": "NoRisk", "phone_number": "PhoneNumber", "MD5": "Md5", "pt-BR": "PtBr", "TLS_V1_2_2021": "TlsV122021",
	} {
		if got := enumSuffix(value); got != want {
			t.Errorf("%s: got %s, want %s", value, got, want)
		}
	}
}
