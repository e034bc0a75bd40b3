// Package driver is the seam between cenote and a database. A driver knows kinds, keys, index entries and bytes; it never
// knows users. Whoever writes one runs package storetest against it: a driver is finished when that suite passes.
package driver

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"
)

// DB is a store of records with ordered, optionally unique index entries. All methods are safe for concurrent use.
//
// Every engine is serializable: no write skew, no phantoms, no lost update. View and Read see one snapshot of what is on
// disk, which MUST include every write that was acknowledged before they began. Transactions do not nest. The error of fn
// rolls back and comes out of View and Update unchanged. Waiting for another writer ends with the context.
type DB interface {
	// Read returns the records that refs name, in their order, from one snapshot, in one round trip. An absent record is
	// the zero Record (Version 0).
	Read(ctx context.Context, refs ...Ref) ([]Record, error)
	// View runs fn on a consistent, durable snapshot.
	View(ctx context.Context, fn func(Reader) error) error
	// Update runs fn in a serializable transaction and returns once the commit is durable. fn may run more than once, so
	// nothing in it may leave the process, and it must set its results anew on each run.
	//
	// A write-write race is run again by the driver, with jitter, within the context's deadline or a bounded time. A
	// unique violation is never run again; but a closure that found a key or an entry absent, and then loses the race to
	// insert it, has met a race and no violation: no serial order has it find nothing and collide.
	Update(ctx context.Context, fn func(Tx) error) error
	// Close ends the use of the database. Calls after Close fail.
	Close() error
}

// Reader reads from one snapshot.
type Reader interface {
	// Get returns the records that refs name, in their order. An absent record is the zero Record (Version 0).
	Get(ctx context.Context, refs ...Ref) ([]Record, error)
	// Scan returns up to r.Limit records of a range in order, and the cursor after the last one, which is "" when the range
	// is exhausted. Order is by value in byte order; equal values stand in a stable order of the driver's choosing. A
	// cursor survives the deletion of the record it stands on.
	Scan(ctx context.Context, r Range) ([]Record, Cursor, error)
	// Count counts the entries of a range and stops at r.Limit, if that is positive.
	Count(ctx context.Context, r Range) (int64, error)
}

// Tx reads and writes. Its reads see its own writes. Writes may be buffered until commit: *ConflictError and ErrStale come
// from Put, from Delete or from Update itself. Either dooms the transaction, also when fn swallows it. The first violated
// entry in the order of the Puts is named, the key of a record before its entries.
//
// Each Put is judged against what the calls before it have made of the store: an entry that an earlier Put or Delete gave up
// is free, one that a later call gives up is taken.
type Tx interface {
	Reader
	// Put inserts the record if its Version is 0 and otherwise replaces the record of exactly that version.
	Put(ctx context.Context, rec Record) error
	// Delete removes the record of exactly that version; version 0 removes whatever is there, nothing included.
	Delete(ctx context.Context, kind, key string, version int64) error
}

// Record is what a driver keeps. Drivers MUST NOT hold on to Data of a record passed to Put, and callers must not change
// Data of a record they got.
type Record struct {
	Kind, Key string
	Version   int64     // set by the driver: 1 at insert, one more at each replacement
	Data      []byte    // opaque, up to MaxData bytes
	Index     []Entry   // replaces the record's former entries; not returned by reads
	Expires   time.Time // a hint for sweepers; whoever reads decides. Zero is never. Kept to the microsecond, read in UTC
}

// MaxData is the largest Record.Data that every driver takes.
const MaxData = 1 << 20

// MaxValue is the longest key or index value, in bytes, that every driver takes.
const MaxValue = 1024

// MaxEntries is the largest number of index entries that every driver takes with one record.
const MaxEntries = 1000

// Check returns why no driver takes the record, whatever is in the store, or nil.
func (r Record) Check() error {
	switch {
	case r.Version < 0 || r.Version == math.MaxInt64:
		return fmt.Errorf("%s: version %d", r.Kind, r.Version)
	case len(r.Data) > MaxData:
		return fmt.Errorf("%s: data of %d bytes, at most %d fit", r.Kind, len(r.Data), MaxData)
	case len(r.Key) > MaxValue:
		return fmt.Errorf("%s: key of %d bytes, at most %d fit", r.Kind, len(r.Key), MaxValue)
	case len(r.Index) > MaxEntries:
		return fmt.Errorf("%s: %d index entries, at most %d fit", r.Kind, len(r.Index), MaxEntries)
	}
	for _, e := range r.Index {
		if e.Index == "" {
			return fmt.Errorf("%s: an index entry without the name of its index", r.Kind)
		}
		if len(e.Value) > MaxValue {
			return fmt.Errorf("%s: value of %d bytes in index %s, at most %d fit", r.Kind, len(e.Value), e.Index, MaxValue)
		}
	}
	return nil
}

// Entry is one index entry of a record. Among the records of a kind at most one has a given Unique entry.
type Entry struct {
	Index, Value string
	Unique       bool
}

// Ref names one record: by key if Index is "", else by the value of a unique index.
type Ref struct{ Kind, Index, Value string }

// Cursor is a position in a Range, opaque to callers. It is valid only with the Range it came from, whatever its Limit.
type Cursor string

// Range names the records of a kind in the order of their keys or of an index.
type Range struct {
	Kind, Index string // Index "" is the key
	Value       string // prefix of the value, or the whole value if Exact
	Exact       bool
	After       Cursor // "" is the start
	Limit       int    // for Scan: 0 or less returns nothing
	Reverse     bool
	KeysOnly    bool // leave out Data
}

// ConflictError is a unique violation: another record of the kind holds the entry; Index "" is the key itself.
type ConflictError struct{ Kind, Index, Value string }

// Error names kind and index. It leaves the value out, which may be somebody's e-mail address.
func (e *ConflictError) Error() string {
	if e.Index == "" {
		return fmt.Sprintf("%s: key is taken", e.Kind)
	}
	return fmt.Sprintf("%s: value of index %s is taken", e.Kind, e.Index)
}

// ErrStale means that a Put or Delete named a version that is older than the transaction's view of the record.
var ErrStale = errors.New("stale version")

// The optional powers of a DB. Package store looks for each of them once, when it opens.
type (
	// Sweeper deletes up to limit records whose Expires is before now, and returns how many it deleted.
	Sweeper interface {
		Sweep(ctx context.Context, now time.Time, limit int) (int, error)
	}
	// Snapshotter keeps and brings back states of the whole store in constant time.
	Snapshotter interface {
		Snapshot() Snapshot
		Restore(Snapshot)
		Fork() DB // an independent copy-on-write copy
	}
	// Pinger says whether the database answers, for readiness probes.
	Pinger interface {
		Ping(ctx context.Context) error
	}
	// Rehearser says whether the database runs closures twice to find faults, so that others check what they rely on as well.
	Rehearser interface {
		Rehearses() bool
	}
	// Backuper writes a consistent copy of the store to a directory that does not exist yet.
	Backuper interface {
		Backup(ctx context.Context, dir string) error
	}
)

// Snapshot is a kept state, opaque to callers.
type Snapshot any
