package e2e_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/cenote-auth/cenote/internal/pgtest"
)

// startTimeout bounds the time until a server answers, on a busy machine and under the race detector.
const startTimeout = 60 * time.Second

// readyPath answers 200 when the server takes requests.
const readyPath = "/_cenote/ready"

// built is the directory of the binary, which the whole test run shares.
var built struct {
	sync.Mutex
	dir string
}

// TestMain removes the binary and the PostgreSQL server at the end.
func TestMain(m *testing.M) {
	lastPort.Store(20000 + rand.Uint32N(8000))
	code := pgtest.Main(m)
	_ = os.RemoveAll(built.dir)
	os.Exit(code)
}

// binary builds the command, with the race detector if the tests have it, and returns its path.
func binary(t *testing.T) string {
	t.Helper()
	built.Lock()
	defer built.Unlock()
	path := filepath.Join(built.dir, "cenote")
	if built.dir != "" {
		return path
	}
	dir, err := os.MkdirTemp("", "cenote-e2e")
	if err != nil {
		t.Fatal(err)
	}
	args := []string{"build", "-o", filepath.Join(dir, "cenote")}
	if raceEnabled {
		args = append(args, "-race")
	}
	out, err := exec.Command("go", append(args, "../cmd/cenote")...).CombinedOutput()
	if err != nil {
		_ = os.RemoveAll(dir)
		t.Fatalf("build the binary: %v\n%s", err, out)
	}
	built.dir = dir
	return filepath.Join(dir, "cenote")
}

// A server is a running process of the binary.
type server struct {
	url    string
	args   []string
	env    []string
	cmd    *exec.Cmd
	ended  chan struct{} // closed when the process has
	output *output
}

// An output is what a process has written so far.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// start runs the binary on a free loopback port and returns when it is ready. It ends with the test.
func start(t *testing.T, env []string, args ...string) *server {
	t.Helper()
	addr := freeAddr(t)
	s := &server{url: "http://" + addr, args: append(args, "--listen", addr), env: env, output: &output{}}
	s.restart(t)
	t.Cleanup(func() {
		s.stop(t)
		text := s.output.String()
		if strings.Contains(text, "DATA RACE") || strings.Contains(text, "panic:") {
			t.Errorf("the server's output:\n%s", text)
		} else if t.Failed() {
			t.Logf("the server's output:\n%s", text)
		}
	})
	return s
}

// restart starts the process, again after kill or stop, at the same address: it is the issuer of the tokens.
func (s *server) restart(t *testing.T) {
	t.Helper()
	s.cmd = exec.Command(binary(t), s.args...)
	s.cmd.Env = append(clean(os.Environ()), s.env...)
	s.cmd.Stdout, s.cmd.Stderr = s.output, s.output
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	s.ended = make(chan struct{})
	go func(cmd *exec.Cmd, ended chan struct{}) {
		_ = cmd.Wait()
		close(ended)
	}(s.cmd, s.ended)
	s.await(t)
}

// clean removes what would change the process's settings.
func clean(env []string) []string {
	var kept []string
	for _, v := range env {
		if !strings.HasPrefix(v, "CENOTE_") && !strings.HasPrefix(v, "AWS_") {
			kept = append(kept, v)
		}
	}
	return kept
}

// await returns when the server says that it is ready.
func (s *server) await(t *testing.T) {
	t.Helper()
	deadline := time.After(startTimeout)
	poll := time.NewTicker(10 * time.Millisecond)
	defer poll.Stop()
	for {
		select {
		case <-s.ended:
			t.Fatalf("the server ended: %v\n%s", s.cmd.ProcessState, s.output)
		case <-deadline:
			s.kill()
			t.Fatalf("the server is not ready after %v\n%s", startTimeout, s.output)
		case <-poll.C:
		}
		res, err := http.Get(s.url + readyPath)
		if err != nil {
			continue
		}
		_ = res.Body.Close()
		if res.StatusCode == http.StatusOK {
			return
		}
	}
}

// kill ends the process as a power cut would, for its part.
func (s *server) kill() {
	_ = s.cmd.Process.Kill()
	<-s.ended
}

// stop ends the process as an operator would.
func (s *server) stop(t *testing.T) {
	t.Helper()
	select {
	case <-s.ended:
		return
	default:
	}
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		t.Error(err)
	}
	select {
	case <-s.ended:
		if !s.cmd.ProcessState.Success() {
			t.Errorf("the server ended with %v", s.cmd.ProcessState)
		}
	case <-time.After(startTimeout):
		s.kill()
		t.Error("the server did not end by SIGTERM")
	}
}

// lastPort is the last port that a server was given. The ports lie below those that the kernel hands out by itself, from 32768:
// neither a connection of another test nor a listener on port 0 takes one between here and the start of the server.
var lastPort atomic.Uint32

func freeAddr(t *testing.T) string {
	t.Helper()
	for range 1000 {
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", lastPort.Add(1)))
		if err != nil {
			continue
		}
		defer l.Close()
		return fmt.Sprint(l.Addr())
	}
	t.Fatal("no port is free")
	return ""
}
