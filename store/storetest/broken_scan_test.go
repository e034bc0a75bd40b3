package storetest_test

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/cenote-auth/cenote/store/driver"
	"github.com/cenote-auth/cenote/store/storetest"
)

// Drivers that find the wrong records, or find them in the wrong order.

// concatenating writes kinds, index names and values one after the other.
var concatenating = brokenDriver{"names are concatenated", categories(storetest.Semantics), with(hooks{
	put: func(ctx context.Context, tx driver.Tx, rec driver.Record) error {
		index := make([]driver.Entry, len(rec.Index))
		for i, e := range rec.Index {
			index[i] = driver.Entry{Index: "i", Value: rec.Kind + e.Index + e.Value, Unique: e.Unique}
		}
		rec.Kind, rec.Key, rec.Index = "", rec.Kind+rec.Key, index
		return tx.Put(ctx, rec)
	},
	delete: func(ctx context.Context, tx driver.Tx, kind, key string, version int64) error {
		return tx.Delete(ctx, "", kind+key, version)
	},
	get: func(ctx context.Context, r driver.Reader, refs []driver.Ref) ([]driver.Record, error) {
		together := make([]driver.Ref, len(refs))
		for i, ref := range refs {
			together[i] = driver.Ref{Value: ref.Kind + ref.Index + ref.Value}
			if ref.Index != "" {
				together[i].Index = "i"
			}
		}
		recs, err := r.Get(ctx, together...)
		for i, ref := range refs {
			if err == nil && recs[i].Version > 0 {
				recs[i].Kind, recs[i].Key = ref.Kind, strings.TrimPrefix(recs[i].Key, ref.Kind)
			}
		}
		return recs, err
	},
	scan: func(ctx context.Context, r driver.Reader, rng driver.Range) ([]driver.Record, driver.Cursor, error) {
		recs, next, err := r.Scan(ctx, together(rng))
		for i := range recs {
			recs[i].Kind, recs[i].Key = rng.Kind, strings.TrimPrefix(recs[i].Key, rng.Kind)
		}
		return recs, next, err
	},
	count: func(ctx context.Context, r driver.Reader, rng driver.Range) (int64, error) {
		return r.Count(ctx, together(rng))
	},
})}

func together(rng driver.Range) driver.Range {
	rng.Value = rng.Kind + rng.Index + rng.Value
	if rng.Kind = ""; rng.Index != "" {
		rng.Index = "i"
	}
	return rng
}

// everything returns a whole range.
func everything(ctx context.Context, r driver.Reader, rng driver.Range) ([]driver.Record, error) {
	rng.After, rng.Limit = "", 1<<20
	recs, _, err := r.Scan(ctx, rng)
	return recs, err
}

// page returns the part of a range that a cursor and a limit ask for, the cursor being an offset.
func page(recs []driver.Record, rng driver.Range) ([]driver.Record, driver.Cursor, error) {
	start, _ := strconv.Atoi(string(rng.After))
	start = min(max(start, 0), len(recs))
	end := min(start+max(rng.Limit, 0), len(recs))
	if end == len(recs) || end == start {
		return recs[start:end], "", nil
	}
	return recs[start:end], driver.Cursor(strconv.Itoa(end)), nil
}

func textOrder(ctx context.Context, r driver.Reader, rng driver.Range) ([]driver.Record, driver.Cursor, error) {
	recs, err := everything(ctx, r, rng)
	if err != nil {
		return nil, "", err
	}
	if rng.Index == "" {
		slices.SortStableFunc(recs, func(a, b driver.Record) int {
			c := strings.Compare(strings.ToLower(a.Key), strings.ToLower(b.Key))
			if rng.Reverse {
				return -c
			}
			return c
		})
	}
	return page(recs, rng)
}

func tossed() hooks {
	var mu sync.Mutex
	calls := 0
	return hooks{scan: func(ctx context.Context, r driver.Reader, rng driver.Range) ([]driver.Record, driver.Cursor, error) {
		recs, err := everything(ctx, r, rng)
		mu.Lock()
		defer mu.Unlock()
		if calls++; rng.Exact && calls%2 == 0 {
			slices.Reverse(recs)
		}
		if err != nil {
			return nil, "", err
		}
		return page(recs, rng)
	}}
}

func offsetScan(ctx context.Context, r driver.Reader, rng driver.Range) ([]driver.Record, driver.Cursor, error) {
	recs, err := everything(ctx, r, rng)
	if err != nil {
		return nil, "", err
	}
	return page(recs, rng)
}

func needyScan(ctx context.Context, r driver.Reader, rng driver.Range) ([]driver.Record, driver.Cursor, error) {
	recs, err := everything(ctx, r, rng)
	if err != nil {
		return nil, "", err
	}
	start := 0
	if rng.After != "" {
		start = 1 + slices.IndexFunc(recs, func(rec driver.Record) bool { return rec.Key == string(rng.After) })
	}
	rng.After = driver.Cursor(strconv.Itoa(start))
	recs, next, err := page(recs, rng)
	if next != "" {
		next = driver.Cursor(recs[len(recs)-1].Key)
	}
	return recs, next, err
}

func endlessScan(ctx context.Context, r driver.Reader, rng driver.Range) ([]driver.Record, driver.Cursor, error) {
	recs, err := everything(ctx, r, rng)
	if err != nil {
		return nil, "", err
	}
	whole := len(recs)
	recs, next, err := page(recs, rng)
	if next == "" && len(recs) == rng.Limit {
		next = driver.Cursor(strconv.Itoa(whole))
	}
	return recs, next, err
}

func fullScan(ctx context.Context, r driver.Reader, rng driver.Range) ([]driver.Record, driver.Cursor, error) {
	rng.KeysOnly = false
	return r.Scan(ctx, rng)
}

func fullCount(ctx context.Context, r driver.Reader, rng driver.Range) (int64, error) {
	rng.Limit = 0
	return r.Count(ctx, rng)
}
