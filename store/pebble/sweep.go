package pebble

import (
	"context"
	"fmt"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"github.com/cenote-auth/cenote/store/driver"
)

// sweepBatch is how many records one transaction of a sweep deletes. It bounds how long other writers wait.
const sweepBatch = 256

// Sweep deletes up to limit records whose Expires is before now, oldest first, and returns how many it deleted. It does so in
// small transactions, so after an error some may be gone; their number is returned with it.
func (db *DB) Sweep(ctx context.Context, now time.Time, limit int) (int, error) {
	swept := 0
	for swept < limit {
		batch := min(limit-swept, sweepBatch)
		due, err := db.due(ctx, now, batch)
		if err != nil || len(due) == 0 {
			return swept, err
		}
		deleted := 0
		err = db.Update(ctx, func(t driver.Tx) error {
			var err error
			deleted, err = t.(*tx).sweep(ctx, now, due)
			return err
		})
		if err != nil {
			return swept, fmt.Errorf("sweep: %w", err)
		}
		swept += deleted
		if len(due) < batch || deleted == 0 { // all of it renewed, or swept by somebody else
			break
		}
	}
	return swept, nil
}

// due returns up to limit records that expired before now, as readers see them: looking for them holds up no writer.
func (db *DB) due(ctx context.Context, now time.Time, limit int) (due []driver.Ref, err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	v, err := db.durable.acquire()
	if err != nil {
		return nil, err
	}
	defer db.durable.release(v)
	it, err := v.snap.NewIter(&pebble.IterOptions{
		LowerBound: []byte{spaceExpiry},
		UpperBound: appendExpiryTime([]byte{spaceExpiry}, now),
	})
	if err != nil {
		return nil, fmt.Errorf("look for expired records: %w", err)
	}
	for ok := it.First(); ok && len(due) < limit; ok = it.Next() {
		var ref driver.Ref
		if ref.Kind, ref.Value, err = cutExpiryKey(it.Key()); err != nil {
			break
		}
		due = append(due, ref)
	}
	if cerr := it.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return nil, fmt.Errorf("look for expired records: %w", err)
	}
	return due, nil
}

// sweep deletes those of the records that are still expired: one may have been renewed since it was found.
func (t *tx) sweep(ctx context.Context, now time.Time, due []driver.Ref) (deleted int, err error) {
	for _, ref := range due {
		old, err := t.stored(appendRecordKey(nil, ref.Kind, ref.Value), ref.Kind, ref.Value)
		if err != nil {
			return 0, err
		}
		if old.Expires.IsZero() || !old.Expires.Before(now) {
			continue
		}
		if err := t.Delete(ctx, ref.Kind, ref.Value, old.Version); err != nil {
			return 0, err
		}
		deleted++
	}
	return deleted, nil
}
