package storetest_test

import (
	"context"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/cenote-auth/cenote/store/driver"
	"github.com/cenote-auth/cenote/store/memory"
	"github.com/cenote-auth/cenote/store/storetest"
)

// TestSuite runs the whole suite, crashes and nodes included, on a driver that is right: the memory store, whose forks stand
// for what a disk holds after a crash, and which is a second node of itself.
func TestSuite(t *testing.T) {
	t.Parallel()
	storetest.Run(t, sound(func() hooks { return hooks{} }))
}

// sound returns the harness of a driver that is as right as its hooks.
func sound(newHooks func() hooks) storetest.Harness {
	return storetest.Harness{
		Open: func(testing.TB) driver.DB { return &hooked{memory.New(memory.Config{}), newHooks()} },
		Reopen: func(_ testing.TB, db driver.DB) driver.DB {
			old := db.(*hooked)
			defer func() { _ = old.Close() }()
			return &hooked{old.DB.Fork().(*memory.DB), old.hooks}
		},
		Second: func(_ testing.TB, db driver.DB) driver.DB { return &hooked{db.(*hooked).DB, db.(*hooked).hooks} },
	}
}

// child names, in the environment, the broken driver that a process of this test has to run the suite on.
const child = "STORETEST_BROKEN_DRIVER"

// TestBrokenDrivers checks that the suite can fail: on each of these drivers, in each category that covers what is broken. The
// suite runs in a process of its own, so that its failures are not those of this test.
func TestBrokenDrivers(t *testing.T) {
	t.Parallel()
	wanted, isChild := os.LookupEnv(child)
	for _, b := range broken {
		if isChild {
			if b.name == wanted {
				t.Run("driver", func(t *testing.T) { storetest.Run(t, b.harness) })
			}
			continue
		}
		t.Run(b.name, func(t *testing.T) {
			t.Parallel()
			output := runChild(t, b)
			for _, category := range b.fails {
				if !strings.Contains(output, "--- FAIL: TestBrokenDrivers/driver/"+string(category)+" ") {
					t.Errorf("the category %s passes:\n%.3000s", category, output)
				}
			}
		})
	}
}

// TestC8_ConcatenatedNames checks that a driver whose names run into one another fails where kinds have to be apart.
func TestC8_ConcatenatedNames(t *testing.T) {
	t.Parallel()
	if output := runChild(t, concatenating); !strings.Contains(output, "--- FAIL: TestBrokenDrivers/driver/semantics/kinds_are_apart ") {
		t.Errorf("it passes:\n%.3000s", output)
	}
}

// runChild runs the categories that have to fail and returns what was printed.
func runChild(t *testing.T, b brokenDriver) string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	var categories []string
	for _, category := range b.fails {
		categories = append(categories, string(category))
	}
	pattern := "^TestBrokenDrivers$/^driver$/^(" + strings.Join(categories, "|") + ")$"
	cmd := exec.CommandContext(t.Context(), self, "-test.run="+pattern, "-test.timeout=1m")
	cmd.Env = append(os.Environ(), child+"="+b.name)
	output, err := cmd.CombinedOutput()
	if err == nil {
		t.Fatalf("the suite passes:\n%s", output)
	}
	return string(output)
}

// hooks replace calls of a driver by wrong ones. A nil hook leaves the call as it is.
type hooks struct {
	read   func(ctx context.Context, db *memory.DB, refs []driver.Ref) ([]driver.Record, error)
	view   func(ctx context.Context, db *memory.DB, fn func(driver.Reader) error) error
	update func(ctx context.Context, db *memory.DB, fn func(driver.Tx) error) error
	get    func(ctx context.Context, r driver.Reader, refs []driver.Ref) ([]driver.Record, error)
	scan   func(ctx context.Context, r driver.Reader, rng driver.Range) ([]driver.Record, driver.Cursor, error)
	count  func(ctx context.Context, r driver.Reader, rng driver.Range) (int64, error)
	put    func(ctx context.Context, tx driver.Tx, rec driver.Record) error
	delete func(ctx context.Context, tx driver.Tx, kind, key string, version int64) error
}

// A hooked driver keeps the powers of the memory store.
type hooked struct {
	*memory.DB
	hooks hooks
}

func (d *hooked) Read(ctx context.Context, refs ...driver.Ref) (recs []driver.Record, err error) {
	if d.hooks.read != nil {
		return d.hooks.read(ctx, d.DB, refs)
	}
	err = d.View(ctx, func(r driver.Reader) (err error) {
		recs, err = r.Get(ctx, refs...)
		return err
	})
	return recs, err
}

func (d *hooked) View(ctx context.Context, fn func(driver.Reader) error) error {
	view := (*memory.DB).View
	if d.hooks.view != nil {
		view = func(db *memory.DB, ctx context.Context, fn func(driver.Reader) error) error {
			return d.hooks.view(ctx, db, fn)
		}
	}
	return view(d.DB, ctx, func(r driver.Reader) error { return fn(&hookedReader{r, &d.hooks}) })
}

func (d *hooked) Update(ctx context.Context, fn func(driver.Tx) error) error {
	inner := func(tx driver.Tx) error { return fn(&hookedTx{hookedReader{tx, &d.hooks}, tx}) }
	if d.hooks.update != nil {
		return d.hooks.update(ctx, d.DB, inner)
	}
	return d.DB.Update(ctx, inner)
}

type hookedReader struct {
	driver.Reader
	hooks *hooks
}

func (r *hookedReader) Get(ctx context.Context, refs ...driver.Ref) ([]driver.Record, error) {
	if r.hooks.get != nil {
		return r.hooks.get(ctx, r.Reader, refs)
	}
	return r.Reader.Get(ctx, refs...)
}

func (r *hookedReader) Scan(ctx context.Context, rng driver.Range) ([]driver.Record, driver.Cursor, error) {
	if r.hooks.scan != nil {
		return r.hooks.scan(ctx, r.Reader, rng)
	}
	return r.Reader.Scan(ctx, rng)
}

func (r *hookedReader) Count(ctx context.Context, rng driver.Range) (int64, error) {
	if r.hooks.count != nil {
		return r.hooks.count(ctx, r.Reader, rng)
	}
	return r.Reader.Count(ctx, rng)
}

type hookedTx struct {
	hookedReader
	tx driver.Tx
}

func (t *hookedTx) Put(ctx context.Context, rec driver.Record) error {
	if t.hooks.put != nil {
		return t.hooks.put(ctx, t.tx, rec)
	}
	return t.tx.Put(ctx, rec)
}

func (t *hookedTx) Delete(ctx context.Context, kind, key string, version int64) error {
	if t.hooks.delete != nil {
		return t.hooks.delete(ctx, t.tx, kind, key, version)
	}
	return t.tx.Delete(ctx, kind, key, version)
}
