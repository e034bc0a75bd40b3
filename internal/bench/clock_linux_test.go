package bench_test

import (
	"syscall"
	"time"
)

const ownThread = 1 // RUSAGE_THREAD

// process is the CPU time of the whole process, collection of garbage included.
func process() time.Duration { return usage(syscall.RUSAGE_SELF) }

// thread is the CPU time of the caller's thread, to which he is locked: without what a store or the collector do beside him.
func thread() time.Duration { return usage(ownThread) }

func usage(who int) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(who, &u); err != nil {
		panic(err) // not for these two
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
