package postgres

import "sync/atomic"

// counters count what a store did, for tests and measurements.
type counters struct {
	runs       atomic.Int64 // of closures of Update
	retries    atomic.Int64 // runs after the first, but for those that only had to learn names
	roundTrips atomic.Int64 // requests to the server that were waited for
	inDoubt    atomic.Int64 // COMMITs whose answer got lost
}
