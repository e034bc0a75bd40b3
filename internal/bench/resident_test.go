package bench_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"

	"github.com/cenote-auth/cenote/store/memory"
)

const residentUsers = 100_000

// footprint is the memory per user of a process that has filled a store in memory.
type footprint struct {
	Grown    float64 // resident, right after the last user came
	Settled  float64 // resident, after a collection that gave back what was free
	Live     float64 // of the heap, after the collection
	Resident float64 // MiB of the whole process at the end
}

// residentRows measures in processes of their own, because what a collection leaves depends on when it came.
func residentRows(ctx context.Context, o options) ([]row, error) {
	users := min(residentUsers, o.large)
	all := make([]footprint, min(o.rounds, 5))
	for i := range all {
		var err error
		if all[i], err = measureProcess(ctx, users); err != nil {
			return nil, fmt.Errorf("measure a process: %w", err)
		}
	}
	slices.SortFunc(all, func(a, b footprint) int { return cmp.Compare(a.Settled, b.Settled) })
	f := all[len(all)/2]
	const bound = 2.5
	kib := func(what string, v, bound float64) row {
		return row{what: what, ratio: v / 1024, bound: bound, unit: "KiB/user"}
	}
	return []row{
		kib(fmt.Sprintf("resident, %d users in memory", users), f.Settled, bound),
		kib("    as the process grew, free heap included", f.Grown, 0),
		kib("    live heap", f.Live, 0),
		{what: "    whole process", ours: fmt.Sprintf("%.0f MiB", f.Resident/(1<<20))},
	}, nil
}

func measureProcess(ctx context.Context, users int) (f footprint, err error) {
	self, err := os.Executable()
	if err != nil {
		return f, err
	}
	cmd := exec.CommandContext(ctx, self, "-resident", strconv.Itoa(users))
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return f, err
	}
	return f, json.Unmarshal(out, &f)
}

// fillAndReport is that process.
func fillAndReport(ctx context.Context, count string) error {
	users, err := strconv.Atoi(count)
	if err != nil {
		return err
	}
	db := memory.New(memory.Config{})
	w, err := newWorld(ctx, db)
	if err != nil {
		return err
	}
	debug.FreeOSMemory()
	empty, err := residentNow()
	if err != nil {
		return err
	}
	heap := liveHeap()
	if _, err := w.load(ctx, users); err != nil {
		return err
	}
	grown, err := residentNow()
	if err != nil {
		return err
	}
	debug.FreeOSMemory()
	settled, err := residentNow()
	if err != nil {
		return err
	}
	per := func(bytes float64) float64 { return bytes / float64(users) }
	f := footprint{Grown: per(grown - empty), Settled: per(settled - empty), Live: per(liveHeap() - heap), Resident: settled}
	runtime.KeepAlive(db)
	return json.NewEncoder(os.Stdout).Encode(f)
}

func liveHeap() float64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc)
}

var errNoProc = errors.New("/proc/self/statm is not as expected")

// residentNow is the resident memory of this process in bytes.
func residentNow() (float64, error) {
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0, err
	}
	fields := bytes.Fields(text)
	if len(fields) < 2 {
		return 0, errNoProc
	}
	pages, err := strconv.Atoi(string(fields[1]))
	if err != nil {
		return 0, errNoProc
	}
	return float64(pages * os.Getpagesize()), nil
}
