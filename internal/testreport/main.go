// Command testreport reads what `go test -json` writes and says what a reader wants to know: a line per package, the output
// of what failed, what was skipped and why, and at the end how many tests passed and failed.
//
//	go test -json ./... | go run ./internal/testreport
//
// It ends with status 1 if anything failed, did not build, or if there was no test at all.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
)

func main() {
	sum, err := report(os.Stdin, os.Stdout)
	if err != nil {
		fmt.Fprintln(os.Stderr, "testreport:", err)
		os.Exit(2)
	}
	if !sum.ok() {
		os.Exit(1)
	}
}

// An event is a line of `go test -json`, as `go doc test2json` describes it.
type event struct {
	Action      string
	Package     string
	ImportPath  string // of build output
	Test        string
	Elapsed     float64
	Output      string
	FailedBuild string
}

// A summary counts tests, subtests included, and packages.
type summary struct {
	passed, failed, skipped int
	packages, broken        int
}

func (s summary) ok() bool { return s.failed == 0 && s.broken == 0 && s.passed > 0 }

// A reporter keeps the output of a test until it is known whether somebody wants to read it.
type reporter struct {
	out     io.Writer
	sum     summary
	outputs map[[2]string][]string // by package and test
	builds  map[string][]string    // by import path
	failed  map[string]bool        // packages with a failed test
	skips   map[string]int         // how many tests, by package and reason
	faults  []string               // what failed tests said first
}

// report copies what matters of the events in r to w.
func report(r io.Reader, w io.Writer) (summary, error) {
	rep := &reporter{out: w, outputs: map[[2]string][]string{}, builds: map[string][]string{}, failed: map[string]bool{}, skips: map[string]int{}}
	lines := bufio.NewReader(r)
	for {
		line, err := lines.ReadBytes('\n')
		if len(bytes.TrimSpace(line)) > 0 {
			var e event
			if json.Unmarshal(line, &e) != nil || e.Action == "" {
				fmt.Fprintf(w, "%s\n", bytes.TrimSpace(line)) // go itself has something to say
			} else {
				rep.take(e)
			}
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			return rep.sum, err
		}
	}
	rep.finish()
	return rep.sum, nil
}

func (rep *reporter) take(e event) {
	key := [2]string{e.Package, e.Test}
	switch e.Action {
	case "output":
		rep.outputs[key] = append(rep.outputs[key], e.Output)
	case "build-output":
		rep.builds[e.ImportPath] = append(rep.builds[e.ImportPath], e.Output)
	case "pass", "fail", "skip":
		if e.Test == "" {
			rep.endPackage(e)
		} else {
			rep.endTest(e)
		}
		delete(rep.outputs, key)
	}
}

func (rep *reporter) endTest(e event) {
	output := rep.outputs[[2]string{e.Package, e.Test}]
	switch e.Action {
	case "pass":
		rep.sum.passed++
	case "skip":
		rep.sum.skipped++
		rep.skips[e.Package+": "+reason(output)]++
	case "fail":
		rep.sum.failed++
		rep.failed[e.Package] = true
		rep.faults = append(rep.faults, e.Package+" "+e.Test+firstFault(output))
		fmt.Fprintf(rep.out, "FAIL %s %s\n%s", e.Package, e.Test, strings.Join(output, ""))
	}
}

// place is where a test said something.
var place = regexp.MustCompile(`^[A-Za-z0-9_]+\.go:[0-9]+: `)

// firstFault returns the first line in which a test said where it was, or nothing: a subtest may have said it.
func firstFault(output []string) string {
	for _, line := range output {
		if line = strings.TrimSpace(line); place.MatchString(line) {
			return ": " + line
		}
	}
	return ""
}

// reason returns what a skipped test said, on one line.
func reason(output []string) string {
	var said []string
	for _, line := range output {
		line = strings.TrimSpace(line)
		if line != "" && !strings.HasPrefix(line, "===") && !strings.HasPrefix(line, "---") {
			said = append(said, place.ReplaceAllString(line, ""))
		}
	}
	return strings.Join(said, " ")
}

func (rep *reporter) endPackage(e event) {
	if e.Action == "skip" {
		return // it has no tests
	}
	rep.sum.packages++
	if e.Action == "pass" {
		fmt.Fprintf(rep.out, "ok   %s %.1fs\n", e.Package, e.Elapsed)
		return
	}
	rep.sum.broken++
	fmt.Fprintf(rep.out, "FAIL %s %.1fs\n", e.Package, e.Elapsed)
	fmt.Fprint(rep.out, strings.Join(rep.builds[e.FailedBuild], ""))
	// Without a failed test it is a panic, a deadline or a data race: then the output of whatever was running counts.
	if e.FailedBuild == "" && !rep.failed[e.Package] {
		rep.dump(e.Package)
	}
}

func (rep *reporter) dump(pkg string) {
	var tests []string
	for key := range rep.outputs {
		if key[0] == pkg {
			tests = append(tests, key[1])
		}
	}
	slices.Sort(tests)
	for _, test := range tests {
		fmt.Fprint(rep.out, strings.Join(rep.outputs[[2]string{pkg, test}], ""))
	}
}

func (rep *reporter) finish() {
	for _, why := range slices.Sorted(maps.Keys(rep.skips)) {
		fmt.Fprintf(rep.out, "skipped %d of %s\n", rep.skips[why], why)
	}
	for _, fault := range rep.faults { // again, where a reader of the end of a long log finds it
		fmt.Fprintf(rep.out, "failed %s\n", fault)
	}
	fmt.Fprintf(rep.out, "%d packages, %d of them failed\n", rep.sum.packages, rep.sum.broken)
	fmt.Fprintf(rep.out, "%d passed, %d failed, %d skipped\n", rep.sum.passed, rep.sum.failed, rep.sum.skipped)
}
