package storetest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/cenote-auth/cenote/store/driver"
)

// The same histories run on every driver: their seeds are fixed.
const (
	historySeeds   = 6
	historyLength  = 120 // transactions
	shrinkAttempts = 100 // replays that a failure may cost
)

func (h Harness) histories() []entry {
	var entries []entry
	for seed := range uint64(historySeeds) {
		entries = append(entries, entry{fmt.Sprint("against a model, seed ", seed), h.testHistory(seed)})
	}
	for seed := range uint64(2) {
		entries = append(entries, entry{fmt.Sprint("serializable, seed ", seed), onOneNode(testSerializable(seed))})
	}
	return entries
}

// A transaction of a history. Its steps are worked out against the model when it runs, so that a history makes sense with
// any of its transactions left out.
type transaction struct {
	steps []step
	abort bool // the closure returns an error at the end
	view  bool // a View: reads only
}

type step struct {
	verb  string // insert, replace, stale, delete, delete stale, remove, get, scan, count
	rec   driver.Record
	refs  []driver.Ref
	rng   driver.Range
	stale int64 // how far off the version is
}

func (s step) String() string {
	switch s.verb {
	case "get":
		return fmt.Sprintf("get %+q", s.refs)
	case "scan", "count":
		return fmt.Sprintf("%s %#v", s.verb, s.rng)
	default:
		return fmt.Sprintf("%s %s/%q %q %#v", s.verb, s.rec.Kind, s.rec.Key, s.rec.Data, s.rec.Index)
	}
}

// testHistory runs a random history and compares every answer with the model's. A failure prints the seed and the shortest
// history found that fails as well.
func (h Harness) testHistory(seed uint64) func(*testing.T, driver.DB) {
	return func(t *testing.T, db driver.DB) {
		history := newHistory(seed, historyLength)
		at, err := replay(t.Context(), db, history)
		if err == nil {
			return
		}
		shortest := history[:at+1]
		for i, attempts := 0, 0; i < len(shortest)-1 && attempts < shrinkAttempts; attempts++ {
			without := slices.Delete(slices.Clone(shortest), i, i+1)
			if at, fails := replay(t.Context(), h.Open(t), without); fails != nil {
				shortest, err = without[:at+1], fails
			} else {
				i++
			}
		}
		var b strings.Builder
		for i, tx := range shortest {
			fmt.Fprintf(&b, "\n%3d: view %v, abort %v", i, tx.view, tx.abort)
			for _, s := range tx.steps {
				fmt.Fprintf(&b, "\n     %v", s)
			}
		}
		t.Errorf("seed %d, failed at transaction %d. The shortest history that fails:%s\n%v", seed, at, b.String(), err)
	}
}

var (
	historyKinds  = []string{"a", "ab"}
	historyValues = []string{"", "\x00", "B", "a", "a\x00", "ab", "é", "\xff", "\xff\xff"}
)

func newHistory(seed uint64, length int) []transaction {
	r := rand.New(rand.NewPCG(seed, 1)) //nolint:gosec // histories have to be repeatable
	pick := func(from ...string) string { return from[r.IntN(len(from))] }
	kind := func() string { return pick(historyKinds...) }
	value := func() string { return pick(historyValues...) }
	out := make([]transaction, length)
	for i := range out {
		tx := &out[i]
		tx.view, tx.abort = r.IntN(5) == 0, r.IntN(6) == 0
		for n := range 1 + r.IntN(6) {
			verbs := []string{"get", "scan", "count"}
			if !tx.view {
				verbs = append(verbs, "insert", "insert", "insert", "replace", "replace", "replace", "remove", "delete")
				if r.IntN(20) == 0 {
					verbs = []string{"stale", "delete stale", "insert"}
				}
			}
			s := step{verb: pick(verbs...), stale: []int64{-1, 1, 1, 2}[r.IntN(4)]}
			s.rec = driver.Record{Kind: kind(), Key: value(), Data: fmt.Appendf(nil, "%d.%d", i, n)}
			for range r.IntN(4) {
				e := plain(pick("p", "q"), value())
				if r.IntN(3) == 0 {
					e = unique("u", fmt.Sprint(r.IntN(40)))
				}
				if !slices.Contains(s.rec.Index, e) {
					s.rec.Index = append(s.rec.Index, e)
				}
			}
			for range r.IntN(4) {
				s.refs = append(s.refs, byKey(kind(), value()), byIndex(kind(), "u", fmt.Sprint(r.IntN(40))))
			}
			s.rng = driver.Range{
				Kind: kind(), Index: pick("", "p", "q", "u"), Value: pick(value(), "", ""),
				Exact: r.IntN(4) == 0, Reverse: r.IntN(2) == 0, KeysOnly: r.IntN(4) == 0, Limit: 1 + r.IntN(6),
			}
			tx.steps = append(tx.steps, s)
		}
	}
	return out
}

var errAbort = errors.New("abort")

// replay runs a history on an empty database. It returns the first transaction that does not do what the model does, and
// how they differ.
func replay(ctx context.Context, db driver.DB, history []transaction) (int, error) {
	m := model{}
	for i, tx := range history {
		next, err := tx.run(ctx, db, m)
		if err != nil {
			return i, err
		}
		m = next
	}
	for _, kind := range historyKinds { // and all that is left
		for _, index := range []string{"", "p", "q", "u"} {
			s := step{verb: "scan", rng: driver.Range{Kind: kind, Index: index, Limit: 1000}}
			if _, err := (transaction{steps: []step{s}, view: true}).run(ctx, db, m); err != nil {
				return len(history) - 1, fmt.Errorf("at the end: %w", err)
			}
		}
	}
	return 0, nil
}

// run runs one transaction on the database and on a copy of m, and returns the copy, or m if the transaction had to fail.
func (x transaction) run(ctx context.Context, db driver.DB, m model) (model, error) {
	var next model       // set anew by each run of the closure, as are all results
	var want, diff error // what Update has to return, and what was wrong before
	body := func(r driver.Reader, tx driver.Tx) error {
		next, want, diff = m.clone(), nil, nil
		for _, s := range x.steps {
			var got error
			if got, want, diff = s.run(ctx, r, tx, next); diff != nil {
				diff = fmt.Errorf("%v: %w", s, diff)
				return errAbort
			}
			if want != nil || got != nil {
				return got // nil if the driver says it at the commit
			}
		}
		if x.abort {
			want = errAbort
		}
		return want
	}
	var got error
	if x.view {
		got = db.View(ctx, func(r driver.Reader) error { return body(r, nil) })
	} else {
		got = db.Update(ctx, func(tx driver.Tx) error { return body(tx, tx) })
	}
	switch {
	case diff != nil:
		return nil, diff
	case !sameError(got, want):
		return nil, fmt.Errorf("the transaction returned %v, want %v", describe(got), describe(want))
	case want != nil:
		return m, nil
	}
	return next, nil
}

func sameError(got, want error) bool {
	if c := isConflict(want); c != nil {
		d := isConflict(got)
		return d != nil && *c == *d
	}
	return errors.Is(got, want) // also when both are nil
}

// describe adds to a conflict the value that its text leaves out.
func describe(err error) string {
	if c := isConflict(err); c != nil {
		return fmt.Sprintf("%v %+q", err, *c)
	}
	return fmt.Sprint(err)
}

// run runs one step on a transaction and on its model. It returns what a write got and wanted; what was read and should not
// have been is diff.
func (s step) run(ctx context.Context, r driver.Reader, tx driver.Tx, m model) (got, want, diff error) {
	current := m[modelKey{s.rec.Kind, s.rec.Key}].Version
	off := max(current+s.stale, 1)
	if off == current {
		off = current + 1
	}
	rec := s.rec
	switch s.verb {
	case "get":
		recs, err := r.Get(ctx, s.refs...)
		if err != nil {
			return nil, nil, err
		}
		if len(recs) != len(s.refs) {
			return nil, nil, fmt.Errorf("got %d records for %d refs", len(recs), len(s.refs))
		}
		for i, ref := range s.refs {
			if diff = sameRecord(recs[i], m.get(ref), false); diff != nil {
				return nil, nil, diff
			}
		}
		return nil, nil, nil
	case "scan":
		recs, err := pages(ctx, r, s.rng)
		if err != nil {
			return nil, nil, err
		}
		return nil, nil, m.sameScan(s.rng, recs)
	case "count":
		n, err := r.Count(ctx, s.rng)
		if want := min(len(m.scan(s.rng)), s.rng.Limit); err == nil && n != int64(want) {
			err = fmt.Errorf("counted %d, want %d", n, want)
		}
		return nil, nil, err
	case "insert":
	case "replace":
		rec.Version = current // of an absent record that is an insert
	case "stale":
		rec.Version = off
	case "delete":
		return tx.Delete(ctx, rec.Kind, rec.Key, current), m.delete(rec.Kind, rec.Key, current), nil
	case "delete stale":
		return tx.Delete(ctx, rec.Kind, rec.Key, off), m.delete(rec.Kind, rec.Key, off), nil
	case "remove":
		return tx.Delete(ctx, rec.Kind, rec.Key, 0), m.delete(rec.Kind, rec.Key, 0), nil
	}
	return tx.Put(ctx, rec), m.put(rec), nil
}
