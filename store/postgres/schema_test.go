package postgres_test

import (
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/cenote-auth/cenote/internal/pgtest"
	"github.com/cenote-auth/cenote/store/driver"
	"github.com/cenote-auth/cenote/store/postgres"
)

func newPool(t testing.TB, url string) *pgxpool.Pool {
	t.Helper()
	pool, err := pgxpool.New(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return pool
}

// TestSchemaNames checks that any name of a schema is only ever a name, and that two schemas in one database are two stores.
func TestSchemaNames(t *testing.T) {
	t.Parallel()
	pool := newPool(t, pgtest.NewDatabase(t))
	names := []string{"", "auth", "Mixed Case", `a"; drop schema public; --`, "o'clock", "größe", "{schema}", "$1", "select"}
	for _, name := range names {
		db, err := postgres.New(t.Context(), pool, postgres.Config{Schema: name})
		if err != nil {
			t.Errorf("%q: %v", name, err)
			continue
		}
		put(t, db, driver.Record{Kind: "k", Key: "same", Data: []byte(name)})
		recs, err := db.Read(t.Context(), driver.Ref{Kind: "k", Value: "same"})
		if err != nil || string(recs[0].Data) != name {
			t.Errorf("%q: read %+v, %v", name, recs, err)
		}
		if want := name; want != "" {
			var exists bool
			if err := pool.QueryRow(t.Context(), "select exists (select from pg_namespace where nspname = $1)", want).Scan(&exists); err != nil || !exists {
				t.Errorf("%q: exists %t, %v", name, exists, err)
			}
		}
	}
	for _, name := range []string{strings.Repeat("x", 64), "a\x00b", "pg_catalog", "a$cenote$b"} {
		if _, err := postgres.New(t.Context(), pool, postgres.Config{Schema: name}); err == nil {
			t.Errorf("%q was accepted", name)
		}
	}
}

// TestPoolBelongsToItsOpener checks that Close leaves a pool open that was given to New.
func TestPoolBelongsToItsOpener(t *testing.T) {
	t.Parallel()
	pool := newPool(t, pgtest.NewDatabase(t))
	db, err := postgres.New(t.Context(), pool, postgres.Config{})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if err := pool.Ping(t.Context()); err != nil {
		t.Errorf("the pool went with the store: %v", err)
	}
	if err := db.Ping(t.Context()); err == nil {
		t.Error("the store answers after Close")
	}
}

// TestSimpleProtocolIsRefused: that mode builds SQL from values on the client's side.
func TestSimpleProtocolIsRefused(t *testing.T) {
	t.Parallel()
	url := pgtest.NewDatabase(t) + "&default_query_exec_mode=simple_protocol"
	if _, err := postgres.Open(t.Context(), url, postgres.Config{}); err == nil || !strings.Contains(err.Error(), "simple_protocol") {
		t.Errorf("Open: %v", err)
	}
	if _, err := postgres.New(t.Context(), newPool(t, url), postgres.Config{}); err == nil || !strings.Contains(err.Error(), "simple_protocol") {
		t.Errorf("New: %v", err)
	}
}

// TestOtherExecModes checks the modes that poolers in front of PostgreSQL ask for.
func TestOtherExecModes(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"exec", "describe_exec", "cache_describe"} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			db := open(t, pgtest.NewDatabase(t)+"&default_query_exec_mode="+mode)
			for range 3 {
				if err := add(t.Context(), db, "n"); err != nil {
					t.Fatal(err)
				}
			}
			put(t, db, driver.Record{Kind: "k", Key: "\x00\xff", Expires: future, Index: []driver.Entry{{Index: "i", Value: "\xff\x00", Unique: true}}})
			recs, err := db.Read(t.Context(), driver.Ref{Kind: "k", Index: "i", Value: "\xff\x00"})
			if err != nil || recs[0].Key != "\x00\xff" || !recs[0].Expires.Equal(future) {
				t.Errorf("read %+v, %v", recs, err)
			}
			if n, err := db.Sweep(t.Context(), future.AddDate(1, 0, 0), 10); n != 1 || err != nil {
				t.Errorf("swept %d, %v", n, err)
			}
			if n := value(t, db, "n"); n != 3 {
				t.Errorf("the counter stands at %d", n)
			}
		})
	}
}

// TestMigrate checks that nodes which start together migrate once, that SkipMigrate does not, and that newer tables are
// refused.
func TestMigrate(t *testing.T) {
	t.Parallel()
	url := pgtest.NewDatabase(t)
	pool := newPool(t, url)
	if _, err := postgres.New(t.Context(), pool, postgres.Config{SkipMigrate: true}); err == nil {
		t.Error("a store without tables was opened")
	}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if err := postgres.Migrate(t.Context(), pool, ""); err != nil {
				t.Errorf("migrate: %v", err)
			}
		})
	}
	wg.Wait()
	db, err := postgres.New(t.Context(), pool, postgres.Config{SkipMigrate: true})
	if err != nil {
		t.Fatal(err)
	}
	put(t, db, driver.Record{Kind: "k", Key: "k"})
	if _, err := pool.Exec(t.Context(), "insert into cenote.migrations (version) values (999)"); err != nil {
		t.Fatal(err)
	}
	for _, skip := range []bool{false, true} {
		if _, err := postgres.New(t.Context(), pool, postgres.Config{SkipMigrate: skip}); err == nil || !strings.Contains(err.Error(), "newer") {
			t.Errorf("tables of a newer version: %v", err)
		}
	}
}

// TestReplicaIsRefused: a replica may lack commits that have been acknowledged.
func TestReplicaIsRefused(t *testing.T) {
	t.Parallel()
	server := pgtest.Start(t, pgtest.Options{Fsync: true})
	url := server.NewDatabase(t)
	pool := newPool(t, url)
	db, err := postgres.New(t.Context(), pool, postgres.Config{})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(server.Stop(), server.Demote()); err != nil {
		t.Fatal(err)
	}
	pool.Reset()
	for what, err := range map[string]error{
		"Ping":   db.Ping(t.Context()),
		"New":    second(postgres.New(t.Context(), pool, postgres.Config{SkipMigrate: true})),
		"Open":   second(postgres.Open(t.Context(), url, postgres.Config{SkipMigrate: true})),
		"Update": db.Update(t.Context(), func(tx driver.Tx) error { return tx.Put(t.Context(), driver.Record{Kind: "k", Key: "k"}) }),
	} {
		if err == nil {
			t.Errorf("%s works on a replica", what)
		}
	}
}

func second(_ *postgres.DB, err error) error { return err }

// TestRoleWithoutDDL checks that the rights which Config.SkipMigrate lists are enough.
func TestRoleWithoutDDL(t *testing.T) {
	t.Parallel()
	url := pgtest.NewDatabase(t)
	pool := newPool(t, url)
	if err := postgres.Migrate(t.Context(), pool, "auth"); err != nil {
		t.Fatal(err)
	}
	role := "service_" + strings.TrimPrefix(pool.Config().ConnConfig.Database, "test_")
	for _, sql := range []string{
		"create role " + role + " login", "grant usage on schema auth to " + role, "grant usage on all sequences in schema auth to " + role,
		"grant select, insert, update, delete on all tables in schema auth to " + role,
	} {
		if _, err := pool.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() {
		admin, err := pgx.Connect(t.Context(), url)
		if err == nil {
			_, _ = admin.Exec(t.Context(), "drop owned by "+role) // the server goes anyway
			_ = admin.Close(t.Context())
		}
	})
	db, err := postgres.Open(t.Context(), strings.Replace(url, "postgres@", role+"@", 1), postgres.Config{Schema: "auth", SkipMigrate: true})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for range 2 {
		if err := add(t.Context(), db, "n"); err != nil {
			t.Fatal(err)
		}
	}
	put(t, db, driver.Record{Kind: "k", Key: "k", Expires: future})
	if n, err := db.Sweep(t.Context(), future.AddDate(1, 0, 0), 10); n != 1 || err != nil {
		t.Errorf("swept %d, %v", n, err)
	}
}

// TestC8_TenantKeysAreBytes checks that keys and values are bytes to the database, whatever outsiders put into them.
func TestC8_TenantKeysAreBytes(t *testing.T) {
	t.Parallel()
	pool := newPool(t, pgtest.NewDatabase(t))
	if err := postgres.Migrate(t.Context(), pool, ""); err != nil {
		t.Fatal(err)
	}
	rows, err := pool.Query(t.Context(), `select table_name || '.' || column_name from information_schema.columns
		where table_schema = 'cenote' and (data_type like '%char%' or data_type = 'text')`)
	if err != nil {
		t.Fatal(err)
	}
	texts, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil || len(texts) > 0 {
		t.Errorf("columns that have an encoding or a collation: %v, %v", texts, err)
	}
}
