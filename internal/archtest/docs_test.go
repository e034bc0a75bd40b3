package archtest_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// shown marks a code block that is a file: a comment with the path, then the block.
var shown = regexp.MustCompile("(?s)<!-- ([^ ]+) -->\n```[a-z]*\n(.*?)```")

// link is a link of Markdown to another place than the web or the same page.
var link = regexp.MustCompile(`\]\(([^)#:]+)(?:#[^)]*)?\)`)

// documents are what people read, with their paths below the module's root. docs/spec came as it is.
func documents(t *testing.T) map[string]string {
	t.Helper()
	texts := map[string]string{}
	for _, pattern := range []string{"../../*.md", "../../docs/*.md"} {
		names, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			texts[strings.TrimPrefix(filepath.ToSlash(name), "../../")] = string(text)
		}
	}
	if len(texts) < 5 {
		t.Fatalf("found %d documents", len(texts))
	}
	return texts
}

// What a document shows is the file that the tests run.
func TestShownCodeIsTheFile(t *testing.T) {
	t.Parallel()
	blocks := 0
	for name, text := range documents(t) {
		for _, m := range shown.FindAllStringSubmatch(text, -1) {
			blocks++
			file, err := os.ReadFile(filepath.Join("../..", filepath.FromSlash(m[1])))
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			if string(file) != m[2] {
				t.Errorf("%s shows another text than %s has", name, m[1])
			}
		}
	}
	if blocks == 0 {
		t.Error("no document shows a file")
	}
}

func TestLinksLeadSomewhere(t *testing.T) {
	t.Parallel()
	for name, text := range documents(t) {
		for _, m := range link.FindAllStringSubmatch(text, -1) {
			target := filepath.Join("../..", filepath.Dir(filepath.FromSlash(name)), filepath.FromSlash(m[1]))
			if _, err := os.Stat(target); err != nil {
				t.Errorf("%s links to %s: %v", name, m[1], err)
			}
		}
	}
}

// verb is a use of make in a document, target a rule of the Makefile.
var (
	verb   = regexp.MustCompile("(?:`|^|\\$ )make ([a-z]+)")
	target = regexp.MustCompile(`(?m)^([a-z]+):`)
)

func TestVerbsExist(t *testing.T) {
	t.Parallel()
	makefile, err := os.ReadFile("../../Makefile")
	if err != nil {
		t.Fatal(err)
	}
	rules := map[string]bool{}
	for _, m := range target.FindAllStringSubmatch(string(makefile), -1) {
		rules[m[1]] = true
	}
	for name, text := range documents(t) {
		for _, m := range verb.FindAllStringSubmatch(text, -1) {
			if !rules[m[1]] {
				t.Errorf("%s says make %s, which the Makefile does not have", name, m[1])
			}
		}
	}
}
