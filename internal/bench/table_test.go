package bench_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

// A row is one line of the table. floor is empty where the bound is absolute, and bound is 0 where there is none: the line then
// explains another.
type row struct {
	what        string
	ours, floor string
	ratio       float64 // in the unit of the bound
	bound       float64
	unit        string // of ratio and bound: "" is times
	atLeast     bool   // the bound is a lower one
}

func (r row) ok() string {
	switch {
	case r.bound == 0:
		return ""
	case r.atLeast == (r.ratio >= r.bound):
		return "ok"
	}
	return "NO"
}

func (r row) value(v float64) string {
	switch {
	case v == 0:
		return ""
	case r.unit == "":
		return fmt.Sprintf("%.2f", v)
	}
	return fmt.Sprintf("%.3g %s", v, r.unit)
}

func (r row) limit() string {
	switch {
	case r.bound == 0:
		return ""
	case r.atLeast:
		return ">= " + r.value(r.bound)
	}
	return "<= " + r.value(r.bound)
}

// times is the line of a comparison.
func times(what string, c comparison, bound float64) row {
	return row{what: what, ours: micros(c.ours), floor: micros(c.floor), ratio: c.ratio, bound: bound}
}

// atMost is the line of something that is compared with a number.
func atMost(what string, d time.Duration, bound float64) row {
	return row{what: what, ours: micros(d), ratio: float64(d) / float64(time.Millisecond), bound: bound, unit: "ms"}
}

func micros(d time.Duration) string {
	return fmt.Sprintf("%.1f µs", float64(d)/float64(time.Microsecond))
}

// A section is a group of lines that share what has to be set up.
type section struct {
	name, title string
	rows        func(ctx context.Context, o options) ([]row, error)
}

// sections in the order of the table. Those that fill a disk are last: it is busy for a while after them.
var sections = []section{
	{"signin", "Server CPU of a sign-in against its cryptography", signInRows},
	{"http", "CPU of a request against an empty net/http handler, both with their client", httpRows},
	{"rounds", "CPU of an answer to a challenge beside the signatures of its tokens, against an empty net/http handler", roundRows},
	{"commits", "Durable commits", commitRows},
	{"start", "Starts", startRows},
	{"resident", "Memory", residentRows},
	{"memory", "Cost against the number of users, store in memory", memoryRows},
	{"pebble", "Cost against the number of users, store on disk", pebbleRows},
}

// report prints the table, section by section as it is measured.
func report(ctx context.Context, w io.Writer, o options, only string) error {
	began := time.Now()
	fmt.Fprintf(w, "%s, %s/%s, %d processors; medians of %d rounds, both sides in turns\n",
		runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.GOMAXPROCS(0), o.rounds)
	for _, s := range sections {
		if only != "" && !slices.Contains(strings.Split(only, ","), s.name) {
			continue
		}
		rows, err := s.rows(ctx, o)
		if err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		fmt.Fprintf(w, "\n%s\n", s.title)
		line(w, "", "ours", "floor", "ratio", "bound", "")
		for _, r := range rows {
			line(w, r.what, r.ours, r.floor, r.value(r.ratio), r.limit(), r.ok())
		}
		runtime.GC() // the next section starts without this one's garbage
	}
	fmt.Fprintf(w, "\n%.0f s\n", time.Since(began).Seconds())
	return nil
}

func line(w io.Writer, cells ...string) {
	text := fmt.Sprintf("  %-64s %13s %13s %11s %11s  %s", cells[0], cells[1], cells[2], cells[3], cells[4], cells[5])
	fmt.Fprintln(w, strings.TrimRight(text, " "))
}

// TestTable runs everything once, on little, so that the benchmark itself does not rot.
func TestTable(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	if err := report(t.Context(), &out, tiny, ""); err != nil {
		t.Fatal(err)
	}
	for _, s := range sections {
		if !strings.Contains(out.String(), s.title) {
			t.Errorf("the table lacks %q:\n%s", s.title, out.String())
		}
	}
}
