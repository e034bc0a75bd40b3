package pgtest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// startTimeout bounds initdb and the time until the server answers, on a busy machine and after a crash.
const startTimeout = 90 * time.Second

// Options are the settings of a Server.
type Options struct {
	Fsync    bool     // flush to disk at each commit, for tests about crashes; default off
	Settings []string // further settings, each as NAME=VALUE
}

// Server is a PostgreSQL server of one test or one test binary. It listens on a free loopback port and a Unix socket, and
// it ends with the process that started it, however that ends.
type Server struct {
	dir  string // holds the data, the socket and the log
	bin  string // PostgreSQL's binaries
	port int
	opts Options
	user *syscall.Credential // nil: our own

	mu    sync.Mutex
	guard *exec.Cmd     // the shell that watches over the server; nil: stopped
	alive io.Closer     // its standard input: when it closes, the server ends
	ended chan struct{} // closed when it has ended
}

// guardian is the shell script around a server. Its standard input is a pipe from this process: when that ends, even by
// SIGKILL, the read ends and so does the server. It exits when the server does.
const guardian = `exec 3<&0
"$@" 3<&- &
server=$!
{ cat <&3 >/dev/null; kill -QUIT $server 2>/dev/null; } &
watcher=$!
wait $server
kill $watcher 2>/dev/null`

// Start starts a server of the test's own, which it may crash. It ends with the test.
func Start(t testing.TB, opts Options) *Server {
	t.Helper()
	dir, err := os.MkdirTemp("", "pgtest") // t.TempDir's paths are too long for a Unix socket
	if err != nil {
		t.Fatalf("pgtest: %v", err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	s, err := start(dir, opts)
	if err != nil {
		t.Fatalf("pgtest: start PostgreSQL: %v", err)
	}
	t.Cleanup(func() {
		if err := s.Stop(); err != nil {
			t.Errorf("pgtest: %v", err)
		}
	})
	return s
}

func start(dir string, opts Options) (*Server, error) {
	bin, err := binaries()
	if err != nil {
		return nil, err
	}
	s := &Server{dir: dir, bin: bin, opts: opts}
	if s.user, err = unprivileged(); err != nil {
		return nil, err
	}
	if s.user != nil {
		if err := os.Chown(dir, int(s.user.Uid), int(s.user.Gid)); err != nil {
			return nil, err
		}
	}
	if s.port, err = freePort(); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	initdb := exec.CommandContext(ctx, filepath.Join(bin, "initdb"), "--pgdata", s.data(), "--username", "postgres",
		"--auth", "trust", "--encoding", "UTF8", "--no-locale", "--no-sync", "--no-instructions")
	initdb.Dir = dir
	initdb.SysProcAttr = &syscall.SysProcAttr{Credential: s.user}
	if out, err := initdb.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("initdb: %w\n%s", err, out)
	}
	return s, s.Restart()
}

// URL returns the connection string of a database on the server, over loopback TCP.
func (s *Server) URL(database string) string {
	u := url.URL{Scheme: "postgres", User: url.User("postgres"), Host: s.Addr(), Path: database, RawQuery: "sslmode=disable"}
	return u.String()
}

// Addr returns the server's TCP address, for a proxy in front of it.
func (s *Server) Addr() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(s.port)) }

// Restart starts the server again after Stop or Kill, and returns when it answers: crash recovery is over then.
func (s *Server) Restart() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.guard != nil {
		return errors.New("the server is running")
	}
	log, err := os.OpenFile(filepath.Join(s.dir, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	args := []string{"-c", guardian, "pgtest"}
	args = append(args, filepath.Join(s.bin, "postgres"), "-D", s.data(), "-k", s.dir, "-h", "127.0.0.1", "-p", strconv.Itoa(s.port))
	for _, set := range s.settings() {
		args = append(args, "-c", set)
	}
	guard := exec.Command("sh", args...)
	guard.Dir = s.dir
	guard.Stdout, guard.Stderr = log, log
	guard.SysProcAttr = &syscall.SysProcAttr{Credential: s.user, Setpgid: true} // a ^C at the terminal is ours to handle
	if s.alive, err = guard.StdinPipe(); err != nil {
		return err
	}
	if err := guard.Start(); err != nil {
		return err
	}
	s.guard, s.ended = guard, make(chan struct{})
	go func(ended chan struct{}) {
		defer close(ended)
		_ = guard.Wait() // the status of a server that was killed is of no interest
	}(s.ended)
	return s.await()
}

func (s *Server) settings() []string {
	onOff := map[bool]string{false: "off", true: "on"}[s.opts.Fsync]
	return append([]string{
		"fsync=" + onOff, "full_page_writes=" + onOff, "max_connections=200", "shared_buffers=64MB", "logging_collector=off",
		"max_wal_size=1GB", "log_min_messages=fatal", "log_min_error_statement=panic",
	}, s.opts.Settings...)
}

// await returns when the server answers.
func (s *Server) await() error {
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	for {
		conn, err := pgx.Connect(ctx, s.URL("postgres"))
		if err == nil {
			return conn.Close(ctx)
		}
		select {
		case <-s.ended:
			log, _ := os.ReadFile(filepath.Join(s.dir, "log"))
			return fmt.Errorf("the server ended\n%s", log)
		case <-ctx.Done():
			log, _ := os.ReadFile(filepath.Join(s.dir, "log"))
			return fmt.Errorf("no answer: %w\n%s", err, log)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// Stop ends the server without waiting for clients. Its data stay until the test ends.
func (s *Server) Stop() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.guard == nil {
		return nil
	}
	_ = s.alive.Close()
	<-s.ended
	s.guard = nil
	return nil
}

// Kill ends the server and all its backends at once, by SIGKILL, as a crash of the machine would. What the kernel was told
// to write stays.
func (s *Server) Kill() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.guard == nil {
		return errors.New("the server is not running")
	}
	master, err := s.postmaster()
	if err != nil {
		return err
	}
	// Stopped, it can neither start a backend nor tell them to finish in order.
	if err := syscall.Kill(master, syscall.SIGSTOP); err != nil {
		return fmt.Errorf("stop postmaster: %w", err)
	}
	pids, err := children(master)
	if err != nil {
		return err
	}
	for _, pid := range append(pids, master) {
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
			return fmt.Errorf("kill %d: %w", pid, err)
		}
	}
	_ = s.alive.Close()
	<-s.ended
	s.guard = nil
	return gone(pids)
}

// gone returns when none of the processes runs any more. Before that they hold the shared memory that a restart needs.
func gone(pids []int) error {
	for {
		states, err := processes("stat")
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(pids, func(pid int) bool { s, ok := states[pid]; return ok && !strings.HasPrefix(s, "Z") }) {
			return nil
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// Demote starts a stopped server as a replica: it answers readers, takes no writes and waits for a primary that is not there.
func (s *Server) Demote() error {
	signal := filepath.Join(s.data(), "standby.signal")
	if err := os.WriteFile(signal, nil, 0o600); err != nil {
		return err
	}
	if s.user != nil {
		if err := os.Chown(signal, int(s.user.Uid), int(s.user.Gid)); err != nil {
			return err
		}
	}
	return s.Restart()
}

func (s *Server) running() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.guard != nil
}

func (s *Server) data() string { return filepath.Join(s.dir, "data") }

// postmaster returns the process id of the server's first process.
func (s *Server) postmaster() (int, error) {
	text, err := os.ReadFile(filepath.Join(s.data(), "postmaster.pid"))
	if err != nil {
		return 0, err
	}
	first, _, _ := strings.Cut(string(text), "\n")
	return strconv.Atoi(strings.TrimSpace(first))
}

// children returns the process ids of a process's children. Backends are sessions of their own, so that a signal to the
// process group would miss them.
func children(parent int) ([]int, error) {
	parents, err := processes("ppid")
	if err != nil {
		return nil, err
	}
	var pids []int
	for pid, of := range parents {
		if of == strconv.Itoa(parent) {
			pids = append(pids, pid)
		}
	}
	return pids, nil
}

// processes returns what ps says about every process in one of its columns.
func processes(column string) (map[int]string, error) {
	out, err := exec.Command("ps", "-A", "-o", "pid=", "-o", column+"=").Output()
	if err != nil {
		return nil, fmt.Errorf("ps: %w", err)
	}
	found := map[int]string{}
	for line := range strings.Lines(string(out)) {
		if f := strings.Fields(line); len(f) == 2 {
			pid, err := strconv.Atoi(f[0])
			if err != nil {
				return nil, fmt.Errorf("ps: %w", err)
			}
			found[pid] = f[1]
		}
	}
	return found, nil
}

// freePort returns a TCP port that was free a moment ago.
func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// binaries returns the directory of PostgreSQL's programs: the newest Debian package, else where PATH finds initdb.
func binaries() (string, error) {
	dirs, err := filepath.Glob("/usr/lib/postgresql/*/bin")
	if err != nil {
		return "", err
	}
	version := func(dir string) int {
		n, _ := strconv.Atoi(filepath.Base(filepath.Dir(dir)))
		return n
	}
	slices.SortFunc(dirs, func(a, b string) int { return version(b) - version(a) })
	for _, dir := range dirs {
		if _, err := os.Stat(filepath.Join(dir, "initdb")); err == nil {
			return dir, nil
		}
	}
	path, err := exec.LookPath("initdb")
	if err != nil {
		return "", errors.New("PostgreSQL is not installed (apt-get install postgresql): no initdb under /usr/lib/postgresql/*/bin or in PATH")
	}
	if path, err = filepath.EvalSymlinks(path); err != nil {
		return "", err
	}
	return filepath.Dir(path), nil
}
