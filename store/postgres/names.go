package postgres

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/jackc/pgx/v5"
)

// class says in which partition the records of a kind live. The first record of a kind decides.
type class int8

const (
	undecided class = iota // no record was ever put
	lasting
	expiring
)

// name is what the database knows about the name of a kind or an index. It never changes, but for a class that becomes
// decided.
type name struct {
	id    int32
	class class
}

// kinds returns the numbers under which records of the kind may stand. Before the first record decides, another node may
// be deciding either way, so whoever reads looks in both places.
func (n name) kinds() []int32 {
	switch n.class {
	case lasting:
		return []int32{n.id}
	case expiring:
		return []int32{-n.id}
	default:
		return []int32{n.id, -n.id}
	}
}

// registry is the part of table names that this node has seen.
type registry struct {
	mu sync.RWMutex
	m  map[string]name
}

func (r *registry) get(s string) (name, bool) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	n, ok := r.m[s]
	return n, ok
}

func (r *registry) put(s string, n name) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.m == nil {
		r.m = map[string]name{}
	}
	if old, ok := r.m[s]; !ok || old.class == undecided {
		r.m[s] = n
	}
}

// wanted are the names that a transaction needs to know, each with the class that it would decide.
type wanted map[string]class

// want adds a name. A class wins over none; between two, the first stays.
func (w *wanted) want(s string, c class) {
	if *w == nil {
		*w = wanted{}
	}
	if (*w)[s] == undecided {
		(*w)[s] = c
	}
}

// errLearn ends a run of an Update that met names which this node does not know. It is run again when it knows them. They
// are learnt between the runs, since a row of names must not go with a transaction that is rolled back.
type errLearn struct{ names wanted }

func (e *errLearn) Error() string { return fmt.Sprintf("%d names are not known yet", len(e.names)) }

// learn registers names, or finds what other nodes have registered. It must not be called by whoever holds a connection.
func (db *DB) learn(ctx context.Context, names wanted) error {
	if len(names) == 0 {
		return nil
	}
	order := make([]string, 0, len(names))
	for s := range names {
		order = append(order, s)
	}
	slices.SortFunc(order, strings.Compare) // nodes that learn the same names lock them in the same order
	found := make([]name, len(order))
	err := db.retry(ctx, func(ctx context.Context) error {
		return db.once(ctx, db.sql.beginPlain, func(b *pgx.Batch) {
			for i, text := range order {
				var expires *bool
				if c := names[text]; c != undecided {
					expires = new(c == expiring)
				}
				b.Queue(db.sql.learn, []byte(text), expires).QueryRow(func(r pgx.Row) (err error) {
					found[i], err = scanName(r)
					return err
				})
			}
		})
	})
	if err != nil {
		return fmt.Errorf("postgres: register names: %w", err)
	}
	for i, text := range order {
		db.names.put(text, found[i])
	}
	return nil
}

// loadNames fills the registry with what the database has.
func (db *DB) loadNames(ctx context.Context) error {
	rows, err := db.pool.Query(ctx, db.sql.allNames)
	if err != nil {
		return fmt.Errorf("postgres: load names: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var text []byte
		n, err := scanName(rows, &text)
		if err != nil {
			return fmt.Errorf("postgres: load names: %w", err)
		}
		db.names.put(string(text), n)
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("postgres: load names: %w", err)
	}
	return nil
}

// scanName reads the columns id and expires, and those after them into more.
func scanName(r pgx.Row, more ...any) (name, error) {
	var n name
	var expires *bool
	if err := r.Scan(append([]any{&n.id, &expires}, more...)...); err != nil {
		return name{}, err
	}
	if expires != nil {
		n.class = lasting
		if *expires {
			n.class = expiring
		}
	}
	return n, nil
}
