package postgres

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"hash/fnv"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// migrations are the steps from an empty schema to the tables of this version: files N.sql, from 1 without gaps.
//
//go:embed migrations/*.sql
var migrations embed.FS

// version is the number of the newest migration.
const version = 1

// minServer is the oldest PostgreSQL that works, as server_version_num says it.
const minServer = 150000

// bodyQuote encloses the functions in the migrations.
const bodyQuote = "$cenote$"

// errReplica refuses a server that follows another: it does not show the newest commits and takes no writes.
var errReplica = errors.New("postgres: the server is a replica; connect to the primary")

// schema is the name of the schema that holds the tables, as given and quoted.
type schema struct{ name, quoted string }

func newSchema(name string) (schema, error) {
	if name == "" {
		name = DefaultSchema
	}
	switch {
	case len(name) > 63:
		return schema{}, fmt.Errorf("postgres: Config.Schema: %d bytes, at most 63", len(name))
	case strings.ContainsRune(name, 0) || strings.Contains(name, bodyQuote):
		return schema{}, fmt.Errorf("postgres: Config.Schema: NUL and %s are not allowed", bodyQuote)
	case strings.HasPrefix(name, "pg_"):
		return schema{}, errors.New("postgres: Config.Schema: names that begin with pg_ belong to PostgreSQL")
	}
	return schema{name, pgx.Identifier{name}.Sanitize()}, nil
}

// fill puts the schema's name into the placeholders of a statement: {schema} is an identifier, {literal} the same inside of
// a string literal.
func (s schema) fill(sql string) string {
	return strings.NewReplacer("{schema}", s.quoted, "{literal}", strings.ReplaceAll(s.quoted, "'", "''")).Replace(sql)
}

// Migrate brings the tables in a schema ("" is DefaultSchema) to this version, for deployments whose service runs with
// Config.SkipMigrate. Nodes that start at the same time wait for each other. It never goes back: tables of a newer version
// are an error.
func Migrate(ctx context.Context, pool *pgxpool.Pool, schemaName string) error {
	s, err := newSchema(schemaName)
	if err != nil {
		return err
	}
	return s.open(ctx, pool, true)
}

// open checks the server and the version of the tables, and migrates them if they are older and it may.
func (s schema) open(ctx context.Context, pool *pgxpool.Pool, migrate bool) error {
	var server int
	var replica bool
	err := pool.QueryRow(ctx, "select current_setting('server_version_num')::int4, pg_is_in_recovery()").Scan(&server, &replica)
	switch {
	case err != nil:
		return fmt.Errorf("postgres: connect: %w", err)
	case server < minServer:
		return fmt.Errorf("postgres: the server is version %d, at least %d is needed", server/10000, minServer/10000)
	case replica:
		return errReplica
	}
	have, err := s.version(ctx, pool)
	if err == nil && have < version && migrate {
		have, err = s.migrate(ctx, pool)
	}
	switch {
	case err != nil:
		return fmt.Errorf("postgres: migrate schema %s: %w", s.quoted, err)
	case have < version:
		return fmt.Errorf("postgres: schema %s has tables of version %d, but %d is needed: run the migration first", s.quoted, have, version)
	case have > version:
		return fmt.Errorf("postgres: schema %s has tables of version %d, newer than this program's %d", s.quoted, have, version)
	}
	return nil
}

// migrate applies the missing migrations in one transaction and returns the version that it leaves.
func (s schema) migrate(ctx context.Context, pool *pgxpool.Pool) (have int, err error) {
	err = pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "select pg_advisory_xact_lock($1)", s.lock()); err != nil {
			return err
		}
		if have, err = s.version(ctx, tx); err != nil {
			return err
		}
		for ; have < version; have++ {
			if err := s.step(ctx, tx, have+1); err != nil {
				return fmt.Errorf("step %d: %w", have+1, err)
			}
		}
		return nil
	})
	return have, err
}

// step applies one migration.
func (s schema) step(ctx context.Context, tx pgx.Tx, n int) error {
	if n == 1 {
		// Asked first, because CREATE SCHEMA IF NOT EXISTS needs the right to create one even if it exists.
		var exists bool
		if err := tx.QueryRow(ctx, "select exists (select from pg_namespace where nspname = $1)", s.name).Scan(&exists); err != nil {
			return err
		}
		if !exists {
			if _, err := tx.Exec(ctx, s.fill("create schema {schema}")); err != nil {
				return err
			}
		}
		if _, err := tx.Exec(ctx, s.fill("create table {schema}.migrations (version int4 primary key, at timestamptz not null default now())")); err != nil {
			return err
		}
	}
	text, err := migrations.ReadFile(fmt.Sprintf("migrations/%d.sql", n))
	if err != nil {
		return err
	}
	// Without arguments, several statements may come in one text.
	if _, err := tx.Conn().PgConn().Exec(ctx, s.fill(string(text))).ReadAll(); err != nil {
		return err
	}
	_, err = tx.Exec(ctx, s.fill("insert into {schema}.migrations (version) values ($1)"), n)
	return err
}

// version returns the version of the tables, 0 where there are none.
func (s schema) version(ctx context.Context, q interface {
	QueryRow(context.Context, string, ...any) pgx.Row
}) (n int, err error) {
	var exists bool
	err = q.QueryRow(ctx, `select exists (select from pg_class c join pg_namespace n on n.oid = c.relnamespace
		where n.nspname = $1 and c.relname = 'migrations')`, s.name).Scan(&exists)
	if err != nil || !exists {
		return 0, err
	}
	err = q.QueryRow(ctx, s.fill("select coalesce(max(version), 0) from {schema}.migrations")).Scan(&n)
	return n, err
}

// lock returns the number of the advisory lock under which the schema is migrated.
func (s schema) lock() int64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte("cenote migrate " + s.name)) // a hash.Hash never fails
	return int64(h.Sum64())
}
