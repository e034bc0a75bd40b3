package postgres_test

import (
	"context"
	"errors"
	"net"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/cenote-auth/cenote/internal/pgtest"
	"github.com/cenote-auth/cenote/store/driver"
	"github.com/cenote-auth/cenote/store/postgres"
)

// wire counts how often a connection turns from writing to reading: the round trips on the network, whoever made them.
type wire struct {
	net.Conn
	wrote atomic.Bool
	trips *atomic.Int64
}

func (w *wire) Write(b []byte) (int, error) {
	w.wrote.Store(true)
	return w.Conn.Write(b)
}

func (w *wire) Read(b []byte) (int, error) {
	n, err := w.Conn.Read(b)
	if n > 0 && w.wrote.Swap(false) {
		w.trips.Add(1)
	}
	return n, err
}

// TestRoundTrips counts on the wire what each call costs on a warm connection.
func TestRoundTrips(t *testing.T) {
	t.Parallel()
	cfg, err := pgxpool.ParseConfig(pgtest.NewDatabase(t) + "&pool_max_conns=1")
	if err != nil {
		t.Fatal(err)
	}
	var trips atomic.Int64
	cfg.ConnConfig.DialFunc = func(ctx context.Context, network, addr string) (net.Conn, error) {
		c, err := (&net.Dialer{}).DialContext(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		return &wire{Conn: c, trips: &trips}, nil
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
	ctx, n := t.Context(), int64(0)
	get := func(r driver.Reader) (driver.Record, error) {
		recs, err := r.Get(ctx, driver.Ref{Kind: "user", Value: "pool/user-00000001"}, driver.Ref{Kind: "user", Index: "name", Value: "none"})
		if err != nil {
			return driver.Record{}, err
		}
		return recs[0], nil
	}
	refused := errors.New("refused")
	for _, tt := range []struct {
		name string
		want int64
		do   func() error
	}{
		{"insert-only update of many records", 1, func() error {
			return db.Update(ctx, func(tx driver.Tx) error {
				for range 5 {
					if err := tx.Put(ctx, user(n)); err != nil {
						return err
					}
					n++
				}
				return nil
			})
		}},
		{"update that reads and replaces", 2, func() error {
			return db.Update(ctx, func(tx driver.Tx) error {
				rec, err := get(tx)
				if err != nil {
					return err
				}
				next := user(1)
				next.Version = rec.Version
				return tx.Put(ctx, next)
			})
		}},
		{"update that refuses after a read", 2, func() error {
			err := db.Update(ctx, func(tx driver.Tx) error { _, err := get(tx); return errors.Join(err, refused) })
			if errors.Is(err, refused) {
				return nil
			}
			return err
		}},
		{"own writes are read for nothing", 1, func() error {
			return db.Update(ctx, func(tx driver.Tx) error {
				n++
				if err := tx.Put(ctx, user(n)); err != nil {
					return err
				}
				recs, err := tx.Get(ctx, driver.Ref{Kind: "user", Value: user(n).Key})
				if err == nil && recs[0].Version != 1 {
					err = errors.New("own write not seen")
				}
				return err
			})
		}},
		{"update that does nothing", 0, func() error { return db.Update(ctx, func(driver.Tx) error { return nil }) }},
		{"read of many references", 1, func() error {
			_, err := db.Read(ctx, driver.Ref{Kind: "user", Value: "a"}, driver.Ref{Kind: "user", Index: "mail", Value: "b"}, driver.Ref{Kind: "user", Value: "c"})
			return err
		}},
		{"view with one call, and its end", 2, func() error {
			return db.View(ctx, func(r driver.Reader) error { _, err := get(r); return err })
		}},
	} {
		for range 2 { // the first learns names and prepares statements
			if err := tt.do(); err != nil {
				t.Fatalf("%s: %v", tt.name, err)
			}
		}
		before, counted := trips.Load(), db.Stats().RoundTrips
		if err := tt.do(); err != nil {
			t.Fatalf("%s: %v", tt.name, err)
		}
		if got, own := trips.Load()-before, db.Stats().RoundTrips-counted; got != tt.want || own != tt.want {
			t.Errorf("%s: %d round trips on the wire, %d by the store's count, want %d", tt.name, got, own, tt.want)
		}
	}
}
