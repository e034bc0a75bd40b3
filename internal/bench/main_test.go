package bench_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"testing"
)

// options is how thorough a run is.
type options struct {
	rounds int     // of which the median counts
	block  float64 // milliseconds that one round spends on each side
	large  int     // users in the large pool
	binary string  // path of the command, "" leaves its start out
}

var (
	full  = options{rounds: 21, block: 50, large: 1_000_000}
	short = options{rounds: 9, block: 25, large: 100_000}
	tiny  = options{rounds: 1, block: 0.1, large: smallPool * 2} // only shows that everything runs
)

var (
	table    = flag.Bool("table", false, "print the table of docs/benchmarks.md instead of running tests")
	binary   = flag.String("cenote", "", "path of the command whose start is measured")
	only     = flag.String("only", "", "sections of the table, separated by commas; all if empty")
	resident = flag.String("resident", "", "in a process of its own: fill a store and report the memory that it takes")
)

func TestMain(m *testing.M) {
	flag.Parse()
	var err error
	switch {
	case *resident != "":
		err = fillAndReport(context.Background(), *resident)
	case *table:
		o := full
		if testing.Short() {
			o = short
		}
		o.binary = *binary
		err = report(context.Background(), os.Stdout, o, *only)
	default:
		os.Exit(m.Run())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
