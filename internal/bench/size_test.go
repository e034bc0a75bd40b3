package bench_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/cenote-auth/cenote/store/driver"
	"github.com/cenote-auth/cenote/store/memory"
	"github.com/cenote-auth/cenote/store/pebble"
	"github.com/cenote-auth/cenote/userpool"
)

// memoryRows compares a large pool with one of a thousand users in memory.
func memoryRows(ctx context.Context, o options) ([]row, error) {
	small, large := memory.New(memory.Config{}), memory.New(memory.Config{})
	rows, err := sizeRows(ctx, o, small, large, pointRows)
	if err != nil {
		return nil, err
	}
	kept, err := single(o, on(wall, func(int) error {
		large.Restore(large.Snapshot())
		return nil
	}))
	if err != nil {
		return nil, err
	}
	return append(rows, atMost(fmt.Sprintf("snapshot and restore of the store, %d users", o.large), kept, 1)), nil
}

// pebbleRows is the same on disk. What a store has just been filled with is in memory, and being sorted in the background: both
// are measured after they were closed and opened again, when that has come to rest.
func pebbleRows(ctx context.Context, o options) ([]row, error) {
	dir, err := os.MkdirTemp("", "cenote-bench-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	small := &reopened{dir: filepath.Join(dir, "small")}
	large := &reopened{dir: filepath.Join(dir, "large")}
	for _, db := range []*reopened{small, large} {
		if err := db.reopen(); err != nil {
			return nil, err
		}
		defer func() { db.Close() }()
	}
	return sizeRows(ctx, o, small, large, nil)
}

// reopened is a store on disk that can be closed and opened again under those who use it.
type reopened struct {
	driver.DB
	dir string
}

func (r *reopened) reopen() error {
	if r.DB != nil {
		if err := r.DB.Close(); err != nil {
			return err
		}
	}
	db, err := pebble.Open(r.dir, pebble.Config{})
	r.DB = db
	return err
}

// atRest waits until the process does next to nothing, but not for ever.
func atRest() {
	const look = 200 * time.Millisecond
	for range 100 {
		began := process()
		time.Sleep(look)
		if process()-began < look/20 {
			return
		}
	}
}

// A population is a pool with many users, and those of them that are asked for in turn.
type population struct {
	*world
	pattern *pattern
	size    int
	targets []int
}

func newPopulation(ctx context.Context, db driver.DB, size int) (*population, error) {
	w, err := newWorld(ctx, db)
	if err != nil {
		return nil, err
	}
	p, err := w.load(ctx, size)
	if err != nil {
		return nil, err
	}
	return &population{world: w, pattern: p, size: size}, nil
}

// hot is how many users are asked for in turn where a pool's usual traffic is meant: who is asked for often is in some cache,
// however many there are. They are spread over the pool.
const hot = 100

// asking returns the population with n of its users as targets, or everybody if it has fewer, in a fixed order without order.
func (p *population) asking(n int) *population {
	c := *p
	c.targets = nil
	order := rand.New(rand.NewPCG(1, 2)).Perm(p.size) //nolint:gosec // any order does
	c.targets = order[:min(n, p.size)]
	return &c
}

func (p *population) target(i int) int { return p.targets[i%len(p.targets)] }

// list is ListUsers with a filter, which has to find so many users.
func (p *population) list(ctx context.Context, found int, filter func(user int) string) work {
	return on(thread, func(i int) error {
		out, err := p.users.ListUsers(ctx, &userpool.ListUsersInput{UserPoolId: p.pool, Filter: filter(p.target(i))})
		if err == nil && len(out.Users) != found {
			err = fmt.Errorf("%s finds %d users, want %d", filter(p.target(i)), len(out.Users), found)
		}
		return err
	})
}

func (p *population) equal(ctx context.Context) work {
	return p.list(ctx, 1, func(user int) string { return `email = "` + userEmail(user) + `"` })
}

func (p *population) prefix(ctx context.Context) work {
	return p.list(ctx, 10, func(user int) string {
		name := userName(user)
		return `email ^= "` + name[:len(name)-1] + `"`
	})
}

func (p *population) get(ctx context.Context) work {
	return on(thread, func(i int) error {
		_, err := p.users.AdminGetUser(ctx, &userpool.AdminGetUserInput{UserPoolId: p.pool, Username: userName(p.target(i))})
		return err
	})
}

// signIn is the sign-in of the one user who can.
func (p *population) signIn(ctx context.Context) work {
	body := p.passwordBody(patternUser)
	return on(thread, func(int) error {
		_, err := p.users.Invoke(ctx, "InitiateAuth", body)
		return err
	})
}

// byKey reads a record past the service.
func (p *population) byKey(ctx context.Context) work {
	refs := make([]driver.Ref, len(p.targets))
	for i, user := range p.targets {
		rec := p.pattern.user(user)
		refs[i] = driver.Ref{Kind: rec.Kind, Value: rec.Key}
	}
	return on(thread, func(i int) error {
		recs, err := p.db.Read(ctx, refs[i%len(refs)])
		if err == nil && recs[0].Version == 0 {
			err = errRefused
		}
		return err
	})
}

// sizeRows fills one store with few users and one with many, and compares the cost of the large one with that of the small one.
// It is the calling thread's, so that what a store does in the background counts for neither. more adds lines, if it is not nil.
func sizeRows(
	ctx context.Context, o options, small, large driver.DB,
	more func(ctx context.Context, o options, few, many *population) ([]row, error),
) ([]row, error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	few, err := newPopulation(ctx, small, smallPool)
	if err != nil {
		return nil, err
	}
	began := wall()
	many, err := newPopulation(ctx, large, o.large)
	if err != nil {
		return nil, err
	}
	inserted := (wall() - began) / time.Duration(o.large)
	for _, db := range []driver.DB{small, large} {
		if r, ok := db.(*reopened); ok {
			if err := r.reopen(); err != nil {
				return nil, err
			}
		}
	}
	if o.rounds > 1 {
		atRest()
	}
	rows := []row{{what: fmt.Sprintf("insert a user, %d in all", o.large), ours: micros(inserted)}}
	for _, m := range []struct {
		what  string
		of    func(*population, context.Context) work
		users int
		bound float64
	}{
		{`ListUsers, email = "…"`, (*population).equal, hot, 1.5},
		{`ListUsers, email ^= "…", 10 users`, (*population).prefix, hot, 1.5},
		{"AdminGetUser", (*population).get, hot, 1.5},
		{"sign-in by password", (*population).signIn, hot, 1.5},
		{"a record by its key, from the store alone", (*population).byKey, hot, 1.5},
		{`everybody in turn: ListUsers, email = "…"`, (*population).equal, o.large, 0},
		{`everybody in turn: ListUsers, email ^= "…"`, (*population).prefix, o.large, 0},
		{"everybody in turn: AdminGetUser", (*population).get, o.large, 0},
	} {
		c, err := compare(o, m.of(many.asking(m.users), ctx), m.of(few.asking(m.users), ctx))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", m.what, err)
		}
		rows = append(rows, times(m.what, c, m.bound))
	}
	if more == nil {
		return rows, nil
	}
	added, err := more(ctx, o, few, many)
	return append(rows, added...), err
}
