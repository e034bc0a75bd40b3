package pgtest_test

import (
	"os"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/cenote-auth/cenote/internal/pgtest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

func TestDatabasesAreEmptyAndApart(t *testing.T) {
	t.Parallel()
	for range 2 {
		conn := connect(t, pgtest.NewDatabase(t))
		if _, err := conn.Exec(t.Context(), "create table t (n int)"); err != nil {
			t.Fatal(err)
		}
	}
}

func TestKillAndRestart(t *testing.T) {
	t.Parallel()
	server := pgtest.Start(t, pgtest.Options{Fsync: true})
	url := server.NewDatabase(t)
	conn := connect(t, url)
	if _, err := conn.Exec(t.Context(), "create table t (n int)"); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Exec(t.Context(), "insert into t values (7)"); err != nil {
		t.Fatal(err)
	}
	if err := server.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := conn.Ping(t.Context()); err == nil {
		t.Fatal("the killed server answers")
	}
	if err := server.Restart(); err != nil {
		t.Fatal(err)
	}
	var n int
	if err := connect(t, url).QueryRow(t.Context(), "select n from t").Scan(&n); err != nil || n != 7 {
		t.Fatalf("after the crash: %d, %v", n, err)
	}
}

func connect(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(t.Context()) })
	return conn
}
