package storetest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/cenote-auth/cenote/store/driver"
)

// A committed transaction, as it looked from inside. Absent records count as version 0, so that looking for one is a read
// like any other.
type committed struct {
	id         int
	reads      map[string]int64  // version of each key that was read
	writers    map[string]string // and who wrote it, as its data says
	writes     map[string]int64  // version that each write made
	begin, end int64             // on the clock of the test, around Update
}

const (
	serialWriters = 8
	serialEach    = 30
	serialKeys    = 6
)

// testSerializable lets goroutines run random transactions over few records and then looks for an order of them that
// explains every version that was read and written, and in which nobody comes before who had ended when he began. The
// versions of a record tell who wrote before whom, so that there is such an order exactly if the dependencies have no cycle.
func testSerializable(seed uint64) func(*testing.T, ...driver.DB) {
	return func(t *testing.T, nodes ...driver.DB) {
		ctx := t.Context()
		var clock atomic.Int64
		var mu sync.Mutex
		var history []*committed
		var wg sync.WaitGroup
		for w := range serialWriters {
			wg.Go(func() {
				r := rand.New(rand.NewPCG(seed, uint64(w))) //nolint:gosec // histories have to be repeatable
				for n := range serialEach {
					tx := randomTransaction(r)
					id := w*serialEach + n + 1
					begin := clock.Add(1)
					var seen *committed // by the run that commits
					err := nodes[w%len(nodes)].Update(ctx, func(dtx driver.Tx) (err error) {
						seen, err = tx.run(ctx, dtx, id)
						return err
					})
					if err != nil {
						t.Errorf("seed %d, transaction %d: %v", seed, id, err)
						return
					}
					seen.begin, seen.end = begin, clock.Add(1)
					mu.Lock()
					history = append(history, seen)
					mu.Unlock()
				}
			})
		}
		wg.Wait()
		if err := serialOrder(history); err != nil && !t.Failed() {
			t.Errorf("seed %d: %v", seed, err)
		}
	}
}

// A serialTx is drawn before it runs, because it may run several times.
type serialTx struct {
	list   bool  // reads everything by a scan, else the keys
	keys   []int // to read
	writes []int // to write: keys that were read
	pause  bool  // between reads and writes, for others to get in between
}

func randomTransaction(r *rand.Rand) serialTx {
	tx := serialTx{list: r.IntN(4) == 0, keys: r.Perm(serialKeys)[:1+r.IntN(3)], pause: r.IntN(4) == 0}
	tx.writes = tx.keys[:r.IntN(len(tx.keys)+1)]
	return tx
}

func (x serialTx) run(ctx context.Context, tx driver.Tx, id int) (*committed, error) {
	seen := &committed{id: id, reads: map[string]int64{}, writers: map[string]string{}, writes: map[string]int64{}}
	if x.list {
		for key := range serialKeys {
			seen.reads[strconv.Itoa(key)] = 0 // unless the scan finds it
		}
		recs, err := pages(ctx, tx, driver.Range{Kind: "k", Index: "all", Value: "x", Exact: true, Limit: 4})
		if err != nil {
			return nil, err
		}
		for _, rec := range recs {
			seen.reads[rec.Key], seen.writers[rec.Key] = rec.Version, string(rec.Data)
		}
	} else {
		for _, key := range x.keys {
			name := strconv.Itoa(key)
			rec, err := getOne(ctx, tx, byKey("k", name))
			if err != nil {
				return nil, err
			}
			seen.reads[name], seen.writers[name] = rec.Version, string(rec.Data)
		}
	}
	if x.pause {
		newMeeting(2, shortly).wait()
	}
	for _, key := range x.writes {
		name := strconv.Itoa(key)
		rec := driver.Record{Kind: "k", Key: name, Version: seen.reads[name], Data: strconv.AppendInt(nil, int64(id), 10), Index: []driver.Entry{plain("all", "x")}}
		if err := tx.Put(ctx, rec); err != nil {
			return nil, err
		}
		seen.writes[name] = seen.reads[name] + 1
	}
	return seen, nil
}

// serialOrder returns why a history has no serial order, or nil.
func serialOrder(history []*committed) error {
	writer := map[string]map[int64]*committed{}
	for _, tx := range history {
		for key, version := range tx.writes {
			if writer[key] == nil {
				writer[key] = map[int64]*committed{}
			}
			if other := writer[key][version]; other != nil {
				return fmt.Errorf("transactions %d and %d both made version %d of %s: a lost update", other.id, tx.id, version, key)
			}
			writer[key][version] = tx
		}
	}
	after := map[*committed][]*committed{}
	edge := func(a, b *committed) {
		if a != nil && b != nil && a != b {
			after[a] = append(after[a], b)
		}
	}
	for key, versions := range writer {
		for version := int64(1); version <= int64(len(versions)); version++ {
			if versions[version] == nil {
				return fmt.Errorf("nobody made version %d of %s, although there are %d", version, key, len(versions))
			}
			edge(versions[version], versions[version+1])
		}
	}
	for _, tx := range history {
		for key, version := range tx.reads {
			w := writer[key][version]
			switch {
			case version > 0 && w == nil:
				return fmt.Errorf("transaction %d read version %d of %s, which nobody committed", tx.id, version, key)
			case version > 0 && tx.writers[key] != strconv.Itoa(w.id):
				return fmt.Errorf("transaction %d read version %d of %s by %s, which %d made", tx.id, version, key, tx.writers[key], w.id)
			}
			edge(w, tx)
			edge(tx, writer[key][version+1])
		}
		for _, other := range history {
			if tx.end < other.begin {
				edge(tx, other)
			}
		}
	}
	if cycle := findCycle(history, after); cycle != nil {
		return fmt.Errorf("no serial order explains %v", cycle)
	}
	return nil
}

// String tells a transaction in a cycle.
func (c *committed) String() string {
	return fmt.Sprintf("\n  %d (%d to %d) read %v wrote %v", c.id, c.begin, c.end, c.reads, c.writes)
}

// findCycle returns transactions that each have to come before the next, and the last before the first, or nil.
func findCycle(history []*committed, after map[*committed][]*committed) []*committed {
	const visiting, done = 1, 2
	state := map[*committed]int{}
	var path, cycle []*committed
	var visit func(tx *committed)
	visit = func(tx *committed) {
		state[tx] = visiting
		path = append(path, tx)
		for _, next := range after[tx] {
			switch {
			case cycle != nil:
				return
			case state[next] == visiting:
				cycle = slices.Clone(path[slices.Index(path, next):])
				return
			case state[next] == 0:
				visit(next)
			}
		}
		state[tx] = done
		path = path[:len(path)-1]
	}
	for _, tx := range history {
		if state[tx] == 0 && cycle == nil {
			visit(tx)
		}
	}
	return cycle
}
