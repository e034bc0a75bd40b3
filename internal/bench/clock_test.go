package bench_test

import "time"

// A clock says how much has been spent so far.
type clock func() time.Duration

var started = time.Now()

// wall is real time, for what waits for the disk or starts a process.
func wall() time.Duration { return time.Since(started) }
