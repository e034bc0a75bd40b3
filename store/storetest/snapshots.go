package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/cenote-auth/cenote/store/driver"
)

var snapshots = []entry{
	{"a view stays what it was", testViewStays},
	{"a view does not stop writers", testViewStopsNobody},
	{"sums are constant in every snapshot", onOneNode(testConstantSum)},
	{"acknowledged writes are seen at once", onOneNode(testAcknowledged)},
	{"index and record agree", testIndexAgrees},
	{"nothing is seen before its commit", testUncommitted},
}

func testViewStays(t *testing.T, db driver.DB) {
	ctx := t.Context()
	put(t, db, record("user", "a", unique("name", "a"), plain("p", "x")), record("user", "b", plain("p", "x")))
	view(t, db, func(r driver.Reader) error {
		look := func() (string, error) {
			recs, err := r.Get(ctx, byKey("user", "a"), byKey("user", "b"), byKey("user", "c"), byIndex("user", "name", "a"))
			if err != nil {
				return "", err
			}
			listed, err := pages(ctx, r, driver.Range{Kind: "user", Index: "p", Limit: 1})
			if err != nil {
				return "", err
			}
			n, err := r.Count(ctx, driver.Range{Kind: "user"})
			return fmt.Sprint(recs, keysOf(listed), n), err
		}
		before, err := look()
		if err != nil {
			return err
		}
		err = elsewhere(func() error {
			return errors.Join(
				tryPut(ctx, db, at(1, record("user", "a", unique("name", "other"))), record("user", "c", unique("name", "a"), plain("p", "x"))),
				tryDelete(ctx, db, "user", "b", 1),
			)
		})
		if err != nil {
			return err
		}
		after, err := look()
		if after != before {
			t.Errorf("the snapshot has changed:\nfirst %s\n then %s", before, after)
		}
		return err
	})
	if n := count(t, db, driver.Range{Kind: "user", Index: "p"}); n != 1 {
		t.Errorf("a new snapshot has %d entries, want 1", n)
	}
}

// elsewhere runs do on another goroutine, because transactions do not nest.
func elsewhere(do func() error) error {
	done := make(chan error, 1)
	go func() { done <- do() }()
	return <-done
}

// testViewStopsNobody writes while one view is open, and again while a second one is.
func testViewStopsNobody(t *testing.T, db driver.DB) {
	ctx := t.Context()
	put(t, db, record("counter", "n"))
	var writeBehind func(views int) error
	writeBehind = func(views int) error {
		if views == 0 {
			return nil
		}
		return elsewhere(func() error {
			return db.View(ctx, func(r driver.Reader) error {
				first, err := getOne(ctx, r, byKey("counter", "n"))
				if err != nil {
					return err
				}
				write := func() error { return tryPut(ctx, db, at(first.Version, record("counter", "n"))) }
				if err := errors.Join(elsewhere(write), writeBehind(views-1)); err != nil {
					return err
				}
				again, err := getOne(ctx, r, byKey("counter", "n"))
				if again.Version != first.Version {
					t.Errorf("version %d became %d inside a view", first.Version, again.Version)
				}
				return err
			})
		})
	}
	if err := writeBehind(2); err != nil {
		t.Fatal(err)
	}
	if got := read(t, db, byKey("counter", "n")); got.Version != 3 {
		t.Errorf("version %d, want 3", got.Version)
	}
}

// testConstantSum moves money between accounts while readers add it all up, by refs and by scan, in views and updates.
func testConstantSum(t *testing.T, nodes ...driver.DB) {
	const accounts, start, transfers, writers = 6, 100, 25, 4
	ctx := t.Context()
	var refs []driver.Ref
	account := func(i int, version int64, amount int) driver.Record {
		return driver.Record{
			Kind: "account", Key: strconv.Itoa(i), Version: version, Data: strconv.AppendInt(nil, int64(amount), 10),
			Index: []driver.Entry{plain("rich", strconv.FormatBool(amount >= start))},
		}
	}
	for i := range accounts {
		put(t, nodes[0], account(i, 0, start))
		refs = append(refs, byKey("account", strconv.Itoa(i)))
	}
	check := func(where string, recs []driver.Record, err error) {
		sum, rich := 0, 0
		for _, rec := range recs {
			n, _ := strconv.Atoi(string(rec.Data))
			sum += n
			rich++
		}
		if err != nil || sum != accounts*start || rich != accounts {
			t.Errorf("%s: %d accounts hold %d (%v), want %d holding %d", where, rich, sum, err, accounts, accounts*start)
		}
	}
	byWealth := func(r driver.Reader) ([]driver.Record, error) {
		poor, err := pages(ctx, r, driver.Range{Kind: "account", Index: "rich", Value: "false", Exact: true, Limit: 2})
		rich, err2 := pages(ctx, r, driver.Range{Kind: "account", Index: "rich", Value: "true", Exact: true, Limit: 2})
		return append(poor, rich...), errors.Join(err, err2)
	}

	readers := newCrew()
	defer readers.dismiss()
	for i, db := range []driver.DB{nodes[0], nodes[len(nodes)-1]} {
		readers.work(func() bool {
			recs, err := db.Read(ctx, refs...)
			check("Read", recs, err)
			err = db.View(ctx, func(r driver.Reader) error {
				recs, err := byWealth(r)
				check("View", recs, err)
				return err
			})
			if i == 0 {
				err = errors.Join(err, db.Update(ctx, func(tx driver.Tx) (err error) {
					recs, err = byWealth(tx)
					return err
				}))
				check("Update", recs, err)
			}
			return err == nil && !t.Failed()
		})
	}
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			bustling(t, transfers, func(n int) bool {
				from, to := (w+n)%accounts, (w*3+n*5+1)%accounts
				if from == to {
					return true
				}
				err := nodes[w%len(nodes)].Update(ctx, func(tx driver.Tx) error {
					recs, err := tx.Get(ctx, refs[from], refs[to])
					if err != nil {
						return err
					}
					a, _ := strconv.Atoi(string(recs[0].Data))
					b, _ := strconv.Atoi(string(recs[1].Data))
					return errors.Join(tx.Put(ctx, account(from, recs[0].Version, a-n)), tx.Put(ctx, account(to, recs[1].Version, b+n)))
				})
				if err != nil {
					t.Errorf("transfer: %v", err)
				}
				return err == nil && !t.Failed()
			})
		})
	}
	wg.Wait()
}

// testAcknowledged checks that whoever begins after a write was acknowledged sees it, whoever wrote it and however he reads.
func testAcknowledged(t *testing.T, nodes ...driver.DB) {
	const writes = 60
	ctx := t.Context()
	put(t, nodes[0], record("counter", "n"))
	var acknowledged atomic.Int64
	acknowledged.Store(1)
	readers := newCrew()
	defer readers.dismiss()
	for i := range 6 {
		db := nodes[i%len(nodes)]
		readers.work(func() bool {
			want := acknowledged.Load()
			got, err := readBy(ctx, db, i%3, byKey("counter", "n"))
			if err != nil || got.Version < want {
				t.Errorf("reader %d sees version %d (%v) after %d was acknowledged", i, got.Version, err, want)
				return false
			}
			return true
		})
	}
	bustling(t, writes, func(n int) bool {
		version := int64(n) + 1
		if err := tryPut(ctx, nodes[n%len(nodes)], at(version, record("counter", "n"))); err != nil {
			t.Errorf("write %d: %v", n, err)
			return false
		}
		acknowledged.Store(version + 1)
		return !t.Failed()
	})
}

// readBy reads one record in one of the three ways.
func readBy(ctx context.Context, db driver.DB, way int, ref driver.Ref) (rec driver.Record, err error) {
	switch way {
	case 0:
		recs, err := db.Read(ctx, ref)
		if err != nil || len(recs) != 1 {
			return driver.Record{}, err
		}
		return recs[0], nil
	case 1:
		err = db.View(ctx, func(r driver.Reader) (err error) {
			rec, err = getOne(ctx, r, ref)
			return err
		})
	default:
		err = db.Update(ctx, func(tx driver.Tx) (err error) {
			rec, err = getOne(ctx, tx, ref)
			return err
		})
	}
	return rec, err
}

// testIndexAgrees changes an indexed value again and again; no reader may find a record where it no longer is, or miss it.
func testIndexAgrees(t *testing.T, db driver.DB) {
	const changes = 60
	ctx := t.Context()
	rec := func(version int64) driver.Record {
		value := strconv.FormatInt(version%2, 10)
		return driver.Record{
			Kind: "user", Key: "k", Version: version, Data: []byte(value),
			Index: []driver.Entry{unique("u", value), plain("p", value)},
		}
	}
	put(t, db, rec(0))
	readers := newCrew()
	defer readers.dismiss()
	for range 3 {
		readers.work(func() bool {
			recs, err := db.Read(ctx, byIndex("user", "u", "0"), byIndex("user", "u", "1"))
			if err != nil || (recs[0].Version == 0) == (recs[1].Version == 0) {
				t.Errorf("by unique index: %v, %v, want the record at one value exactly", recs, err)
				return false
			}
			var found []string
			err = db.View(ctx, func(r driver.Reader) error {
				for _, value := range []string{"0", "1"} {
					recs, err := pages(ctx, r, driver.Range{Kind: "user", Index: "p", Value: value, Exact: true, Limit: 5})
					if err != nil {
						return err
					}
					for _, rec := range recs {
						found = append(found, value+string(rec.Data))
					}
				}
				return nil
			})
			if err != nil || len(found) != 1 || !slices.Contains([]string{"00", "11"}, found[0]) {
				t.Errorf("by index: %v, %v, want the record at its value, once", found, err)
				return false
			}
			return true
		})
	}
	bustling(t, changes, func(n int) bool {
		if err := tryPut(ctx, db, rec(int64(n)+1)); err != nil {
			t.Errorf("change %d: %v", n, err)
			return false
		}
		return !t.Failed()
	})
}

// testUncommitted looks from outside while a transaction has written but not committed.
func testUncommitted(t *testing.T, db driver.DB) {
	ctx := t.Context()
	put(t, db, record("user", "k", plain("p", "x")))
	mine := errors.New("mine")
	err := db.Update(ctx, func(tx driver.Tx) error {
		err := errors.Join(
			tx.Put(ctx, at(1, record("user", "k"))),
			tx.Put(ctx, record("user", "new", unique("name", "new"), plain("p", "x"))),
		)
		if err != nil {
			return err
		}
		var recs []driver.Record
		err = elsewhere(func() (err error) {
			recs, err = db.Read(ctx, byKey("user", "k"), byKey("user", "new"), byIndex("user", "name", "new"))
			return err
		})
		if err != nil {
			return err
		}
		if recs[0].Version != 1 || recs[1].Version != 0 || recs[2].Version != 0 {
			t.Errorf("from outside: versions %d, %d, %d, want 1, 0, 0", recs[0].Version, recs[1].Version, recs[2].Version)
		}
		return mine
	})
	if !errors.Is(err, mine) {
		t.Error(err)
	}
	if n := count(t, db, driver.Range{Kind: "user", Index: "p"}); n != 1 {
		t.Errorf("%d entries after the rollback, want 1", n)
	}
}
