package bench_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"

	"github.com/cenote-auth/cenote/store/driver"
)

// points reads, past the service, one record by its key and one by a unique entry.
func (p *population) points(ctx context.Context) work {
	refs := make([][2]driver.Ref, len(p.targets))
	for i, user := range p.targets {
		rec := p.pattern.user(user)
		refs[i] = [2]driver.Ref{{Kind: rec.Kind, Value: rec.Key}, {Kind: rec.Kind, Index: rec.Index[1].Index, Value: rec.Index[1].Value}}
	}
	return on(thread, func(i int) error {
		recs, err := p.db.Read(ctx, refs[i%len(refs)][:]...)
		if err == nil && (recs[0].Version == 0 || recs[1].Version == 0) {
			err = errRefused
		}
		return err
	})
}

// pointRows compares point reads among many users with those among few, in the store and in Go's maps. What grows in a map, too,
// is the cost of a cache that is smaller than the data: no store in memory is without it. Where everybody is asked for in turn it is
// all that there is to see, so these lines have no bound, as those of operations have none.
func pointRows(ctx context.Context, o options, few, many *population) ([]row, error) {
	fewMapped, err := few.mapped(ctx)
	if err != nil {
		return nil, err
	}
	manyMapped, err := many.mapped(ctx)
	if err != nil {
		return nil, err
	}
	runtime.GC() // what filling the maps began must not run beside the reads, nor have them help
	var rows []row
	for _, m := range []struct {
		what    string
		users   int
		bounded bool
	}{
		{"a record by key and one by unique entry, from the store alone", hot, true},
		{"everybody in turn: the same", o.large, false},
	} {
		pair := func(few, many *population) [2]work {
			return [2]work{many.asking(m.users).points(ctx), few.asking(m.users).points(ctx)}
		}
		all, err := compareAll(o, pair(few, many), pair(fewMapped, manyMapped))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", m.what, err)
		}
		c, floor := all[0], all[1]
		bound := 0.0
		if m.bounded {
			bound = max(1.5, floor.ratio)
		}
		rows = append(rows, times(m.what, c, bound), times("    a Go map's own growth", floor, 0))
	}
	return rows, nil
}

// goMaps answers Read from plain maps, one for each index: the least that a store in memory could do.
type goMaps struct {
	driver.DB
	indexes map[mapped]map[string]*driver.Record
}

type mapped struct{ kind, index string }

var errUnmapped = errors.New("the user is not in the store")

// mapped returns the population over maps that hold the store's own records.
func (p *population) mapped(ctx context.Context) (*population, error) {
	m := goMaps{DB: p.db, indexes: map[mapped]map[string]*driver.Record{}}
	add := func(at mapped, value string, rec *driver.Record) {
		if m.indexes[at] == nil {
			m.indexes[at] = map[string]*driver.Record{}
		}
		m.indexes[at][value] = rec
	}
	for i := range p.size {
		user := p.pattern.user(i)
		recs, err := p.db.Read(ctx, driver.Ref{Kind: user.Kind, Value: user.Key})
		if err != nil {
			return nil, err
		}
		if recs[0].Version == 0 {
			return nil, errUnmapped
		}
		add(mapped{user.Kind, ""}, recs[0].Key, &recs[0])
		for _, e := range user.Index {
			if e.Unique {
				add(mapped{user.Kind, e.Index}, e.Value, &recs[0])
			}
		}
	}
	c := *p
	w := *p.world
	w.db, c.world = m, &w
	return &c, nil
}

func (m goMaps) Read(ctx context.Context, refs ...driver.Ref) ([]driver.Record, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	out := make([]driver.Record, len(refs))
	for i, ref := range refs {
		if rec := m.indexes[mapped{ref.Kind, ref.Index}][ref.Value]; rec != nil {
			out[i] = *rec
		}
	}
	return out, nil
}
