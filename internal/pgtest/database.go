package pgtest

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// shared is the server of the test binary. It exists because initdb takes a second, which nobody wants to pay per test.
var shared struct {
	sync.Mutex
	server *Server
	err    error
}

// databases numbers the databases of this process, so that their names differ on every server.
var databases atomic.Int64

// Main runs the tests of a binary and then stops the server that they shared, if they started one. It returns the exit
// status for TestMain.
func Main(m *testing.M) int {
	status := m.Run()
	shared.Lock()
	defer shared.Unlock()
	if shared.server != nil {
		if err := shared.server.Stop(); err != nil {
			fmt.Fprintf(os.Stderr, "pgtest: %v\n", err)
		}
		_ = os.RemoveAll(shared.server.dir)
	}
	return status
}

// NewDatabase creates an empty database on the server that all tests of the binary share and returns its URL. The database
// goes with the test, the server with Main. That server runs without fsync: it survives its own crash, but not that of the
// machine.
func NewDatabase(t testing.TB) string {
	t.Helper()
	shared.Lock()
	if shared.server == nil && shared.err == nil {
		shared.server, shared.err = startShared()
	}
	server, err := shared.server, shared.err
	shared.Unlock()
	if err != nil {
		t.Fatalf("pgtest: start PostgreSQL: %v", err)
	}
	return server.NewDatabase(t)
}

func startShared() (*Server, error) {
	dir, err := os.MkdirTemp("", "pgtest")
	if err != nil {
		return nil, err
	}
	s, err := start(filepath.Clean(dir), Options{})
	if err != nil {
		_ = os.RemoveAll(dir)
	}
	return s, err
}

// NewDatabase creates an empty database on the server and returns its URL. The database goes with the test.
func (s *Server) NewDatabase(t testing.TB) string {
	t.Helper()
	name := fmt.Sprintf("test_%d_%d", os.Getpid(), databases.Add(1))
	if err := s.exec("create database " + name); err != nil {
		t.Fatalf("pgtest: create database: %v", err)
	}
	t.Cleanup(func() {
		if s.running() {
			_ = s.exec("drop database if exists " + name + " with (force)") // the server's directory goes anyway
		}
	})
	return s.URL(name)
}

// exec runs one statement in the maintenance database.
func (s *Server) exec(sql string) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	conn, err := pgx.Connect(ctx, s.URL("postgres"))
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	_, err = conn.Exec(ctx, sql)
	return err
}
