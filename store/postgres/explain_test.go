package postgres_test

import (
	"fmt"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/cenote-auth/cenote/internal/pgtest"
	"github.com/cenote-auth/cenote/store/driver"
	"github.com/cenote-auth/cenote/store/postgres"
)

// plans collects the plans of all statements, those inside of functions too, which the server's module auto_explain sends
// as notices.
type plans struct {
	mu  sync.Mutex
	all []string
}

func (p *plans) notice(_ *pgconn.PgConn, n *pgconn.Notice) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if strings.HasPrefix(n.Message, "duration:") {
		p.all = append(p.all, n.Message)
	}
}

// take returns the plans since the last call.
func (p *plans) take() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	all := p.all
	p.all = nil
	return all
}

// explained opens a store whose plans are collected.
func explained(t testing.TB, url string) (*postgres.DB, *plans) {
	t.Helper()
	cfg, err := pgxpool.ParseConfig(url)
	if err != nil {
		t.Fatal(err)
	}
	p := &plans{}
	cfg.ConnConfig.OnNotice = p.notice
	for setting, to := range map[string]string{
		"session_preload_libraries": "auto_explain", "auto_explain.log_min_duration": "0", "auto_explain.log_nested_statements": "on",
		"auto_explain.log_analyze": "on", "auto_explain.log_timing": "off", "auto_explain.log_level": "notice",
	} {
		cfg.ConnConfig.RuntimeParams[setting] = to
	}
	pool, err := pgxpool.NewWithConfig(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	db, err := postgres.New(t.Context(), pool, postgres.Config{})
	if err != nil {
		t.Fatal(err)
	}
	return db, p
}

var (
	seqScan = regexp.MustCompile(`Seq Scan on (records|entries)`)
	rows    = regexp.MustCompile(`(?:Index|Index Only) Scan.*actual rows=(\d+)`)
	removed = regexp.MustCompile(`Rows Removed by (?:Index Recheck|Filter|Join Filter): (\d+)`)
)

// TestEveryStatementWalksAnIndex runs all that the driver can do, against 5,000 records with one value in common, and reads
// the plans: nothing is read from end to end, and nothing touches more rows than it returns (or the record has entries).
func TestEveryStatementWalksAnIndex(t *testing.T) {
	t.Parallel()
	const many, page = 5000, 20
	url := pgtest.NewDatabase(t)
	plain := open(t, url)
	for from := range many / 500 {
		var recs []driver.Record
		for i := range 500 {
			n := from*500 + i
			for _, kind := range []string{"user", "code"} {
				rec := driver.Record{Kind: kind, Key: fmt.Sprintf("%05d", n), Index: []driver.Entry{
					{Index: "name", Value: fmt.Sprintf("name %05d", n), Unique: true}, {Index: "status", Value: "same"}}}
				if kind == "code" {
					rec.Expires = future
				}
				recs = append(recs, rec)
			}
		}
		put(t, plain, recs...)
	}
	db, plans := explained(t, url)
	ctx := t.Context()

	check := func(what string, most int, do func() error) {
		t.Helper()
		plans.take()
		if err := do(); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		got := plans.take()
		if len(got) == 0 {
			t.Fatalf("%s: no plan was seen", what)
		}
		for _, plan := range got {
			if seqScan.MatchString(plan) || strings.Contains(plan, "Bitmap") {
				t.Errorf("%s: not by index:\n%s", what, plan)
			}
			for _, m := range append(rows.FindAllStringSubmatch(plan, -1), removed.FindAllStringSubmatch(plan, -1)...) {
				var n int
				if _, err := fmt.Sscan(m[1], &n); err != nil || n > most {
					t.Errorf("%s: touches %s rows, at most %d are needed:\n%s", what, m[1], most, plan)
				}
			}
		}
	}
	for _, kind := range []string{"user", "code"} {
		check("read "+kind, 1, func() error {
			_, err := db.Read(ctx, driver.Ref{Kind: kind, Value: "00007"}, driver.Ref{Kind: kind, Index: "name", Value: "name 00042"})
			return err
		})
		for _, base := range []driver.Range{
			{Value: ""}, {Value: "03"}, {Value: "00003", Exact: true}, {Index: "name", Value: "name 03"}, {Index: "status", Value: ""},
			{Index: "status", Value: "same"}, {Index: "status", Value: "same", Exact: true},
		} {
			for _, reverse := range []bool{false, true} {
				for _, keysOnly := range []bool{false, true} {
					r := base
					r.Kind, r.Reverse, r.KeysOnly, r.Limit = kind, reverse, keysOnly, page
					check(fmt.Sprintf("scan %+v", r), page+1, func() error {
						return db.View(ctx, func(v driver.Reader) error {
							for range 3 {
								_, next, err := v.Scan(ctx, r)
								if err != nil || next == "" {
									return err
								}
								r.After = next
							}
							return nil
						})
					})
				}
				r := base
				r.Kind, r.Reverse, r.Limit = kind, reverse, page
				check(fmt.Sprintf("count %+v", r), page, func() error {
					return db.View(ctx, func(v driver.Reader) error { _, err := v.Count(ctx, r); return err })
				})
			}
		}
		check("replace "+kind, 4, func() error {
			return db.Update(ctx, func(tx driver.Tx) error {
				return tx.Put(ctx, driver.Record{Kind: kind, Key: "00100", Version: 1, Expires: future, Index: []driver.Entry{{Index: "name", Value: "new", Unique: true}}})
			})
		})
		check("insert and delete "+kind, 1, func() error {
			return db.Update(ctx, func(tx driver.Tx) error {
				if err := tx.Put(ctx, driver.Record{Kind: kind, Key: "x", Expires: future, Index: []driver.Entry{{Index: "status", Value: "same"}}}); err != nil {
					return err
				}
				return tx.Delete(ctx, kind, "00200", 0)
			})
		})
		check("own writes in a scan of "+kind, page+1, func() error {
			return db.Update(ctx, func(tx driver.Tx) error {
				if err := tx.Put(ctx, driver.Record{Kind: kind, Key: "00300", Version: 1, Expires: future, Index: []driver.Entry{{Index: "status", Value: "same"}}}); err != nil {
					return err
				}
				r := driver.Range{Kind: kind, Index: "status", Value: "same", Limit: page}
				if _, _, err := tx.Scan(ctx, r); err != nil {
					return err
				}
				_, err := tx.Count(ctx, r)
				return err
			})
		})
	}
	check("sweep", 10, func() error { _, err := db.Sweep(ctx, future.AddDate(1, 0, 0), 10); return err })
}

// TestSmallTablesAreNotReadFromEndToEnd checks the same where the planner would rather read a table of one page as a whole:
// the predicate lock on it would put every writer in every other's way.
func TestSmallTablesAreNotReadFromEndToEnd(t *testing.T) {
	t.Parallel()
	url := pgtest.NewDatabase(t)
	put(t, open(t, url), user(1), user(2), user(3))
	if _, err := newPool(t, url).Exec(t.Context(), "vacuum analyze"); err != nil {
		t.Fatal(err)
	}
	db, plans := explained(t, url)
	ctx := t.Context()
	for range 3 {
		err := db.Update(ctx, func(tx driver.Tx) error {
			recs, err := tx.Get(ctx, driver.Ref{Kind: "user", Index: "name", Value: "pool/user-00000002"}, driver.Ref{Kind: "user", Value: user(1).Key})
			if err != nil {
				return err
			}
			if _, _, err := tx.Scan(ctx, driver.Range{Kind: "user", Index: "status", Limit: 10}); err != nil {
				return err
			}
			next := user(2)
			next.Version, next.Index = recs[0].Version, next.Index[:1]
			return tx.Put(ctx, next)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	got := plans.take()
	if len(got) == 0 {
		t.Fatal("no plan was seen")
	}
	for _, plan := range got {
		if seqScan.MatchString(plan) {
			t.Errorf("not by index:\n%s", plan)
		}
	}
}
