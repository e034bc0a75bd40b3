//go:build !linux

package bench_test

import "time"

// Elsewhere real time has to do: leave the machine alone meanwhile.

func process() time.Duration { return wall() }

func thread() time.Duration { return wall() }
