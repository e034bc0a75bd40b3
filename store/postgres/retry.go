package postgres

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// patience bounds how long a transaction is run again and again for a caller whose context has no deadline.
const patience = 10 * time.Second

// The pause before the nth run is random, up to firstPause doubled n-1 times but never above longestPause.
const (
	firstPause   = 2 * time.Millisecond
	longestPause = 250 * time.Millisecond
)

// SQLSTATE codes: those of PostgreSQL that are not final, and our own from the functions in the migrations.
const (
	codeSerialization = "40001"
	codeDeadlock      = "40P01"
	codeTooMany       = "53300" // connections
	codeShutdown      = "57P01"
	codeCrash         = "57P02"
	codeStarting      = "57P03"
	codeTaken         = "CN001" // constraint: "0" is the key, else the position of the entry
	codeStale         = "CN002"
	codeBarred        = "CN003" // the writer's last transaction is not what it thinks
)

// retry runs fn again while it loses races or its connection, with random pauses, until the context ends or, if that has no
// deadline, for the time of patience. fn must have had no effect when it fails so.
func (db *DB) retry(ctx context.Context, fn func(context.Context) error) error {
	bound := ctx
	if _, ok := ctx.Deadline(); !ok {
		var cancel context.CancelFunc
		bound, cancel = context.WithTimeout(ctx, patience)
		defer cancel()
	}
	for n := 1; ; n++ {
		err := fn(ctx)
		if err == nil || !transient(err) {
			return err
		}
		select {
		case <-bound.Done():
			if ctx.Err() != nil {
				return fmt.Errorf("%w in run %d: %w", ctx.Err(), n, err)
			}
			return fmt.Errorf("gave up after %d runs: %w", n, err)
		case <-time.After(pause(n)):
		}
		db.count.retries.Add(1)
	}
}

// pause returns how long to wait after the nth run.
func pause(n int) time.Duration {
	longest := min(firstPause<<min(n-1, 16), longestPause)
	return rand.N(longest) + time.Microsecond
}

// transient reports whether a transaction that failed with err had no effect and may succeed if it is run again.
func transient(err error) bool {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return false
	}
	if _, ok := errors.AsType[*lostError](err); ok {
		return true
	}
	switch sqlState(err) {
	case codeSerialization, codeDeadlock, codeTooMany, codeShutdown, codeCrash, codeStarting, codeBarred:
		return true
	case "":
		_, ok := errors.AsType[*pgconn.ConnectError](err) // not even an answer
		return ok
	default:
		return false
	}
}
