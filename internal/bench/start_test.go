package bench_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/cenote-auth/cenote/cenotetest"
)

// startRows measures real time: how long somebody waits.
func startRows(ctx context.Context, o options) ([]row, error) {
	run, pool, err := testStarts(o)
	if err != nil {
		return nil, err
	}
	rows := []row{atMost("cenotetest.Run", run, 1), atMost("cenotetest's Pool, with a client", pool, 1)}
	if o.binary == "" {
		return rows, nil
	}
	var waits, used []time.Duration
	for range o.rounds {
		wait, cpu, err := coldStart(ctx, o.binary)
		if err != nil {
			return nil, fmt.Errorf("start %s: %w", o.binary, err)
		}
		waits, used = append(waits, wait), append(used, cpu)
	}
	return append(rows,
		atMost("cenote dev, from nothing to the first answered CreateUserPool", median(waits), 60),
		row{what: "    CPU of that process until it ended", ours: micros(median(used))}), nil
}

// test is what cenotetest asks of a test.
type test struct{ cleanups []func() }

func (t *test) Helper() {}

func (t *test) Cleanup(f func()) { t.cleanups = append(t.cleanups, f) }

func (t *test) Fatalf(format string, args ...any) { panic(fmt.Sprintf(format, args...)) }

func (t *test) end() {
	for _, f := range t.cleanups {
		f()
	}
}

// testStarts returns what a test waits for an instance and for a pool with a client in it.
func testStarts(o options) (run, pool time.Duration, err error) {
	t := &test{}
	run, err = single(o, on(wall, func(int) error {
		cenotetest.Run(t)
		return nil
	}))
	if err != nil {
		return 0, 0, err
	}
	var c *cenotetest.Cenote
	made := 0
	pool, err = single(o, func(n int) (spent time.Duration, _ error) {
		for range n {
			if made++; c == nil || made%500 == 0 { // an installation has room for a thousand
				c = cenotetest.Run(t)
			}
			began := wall()
			c.Pool(t, cenotetest.Pool{})
			spent += wall() - began
		}
		return spent, nil
	})
	t.end()
	return run, pool, err
}

// coldStart starts the command and returns when it has made a pool, and what CPU it had used when it ended.
func coldStart(ctx context.Context, binary string) (wait, cpu time.Duration, err error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	address, err := freeAddress(ctx)
	if err != nil {
		return 0, 0, err
	}
	dir, err := os.MkdirTemp("", "cenote-bench-")
	if err != nil {
		return 0, 0, err
	}
	defer os.RemoveAll(dir)
	if binary, err = filepath.Abs(binary); err != nil { // it runs elsewhere
		return 0, 0, err
	}
	body := encode(object{"PoolName": "first"})
	signed, err := request(ctx, "CreateUserPool", body, true) // dev takes any credentials
	if err != nil {
		return 0, 0, err
	}
	authorization, _, _ := strings.Cut(string(signed[bytes.Index(signed, []byte("Authorization: "))+len("Authorization: "):]), "\r\n")

	cmd := exec.CommandContext(ctx, binary, "dev", "--listen", address)
	cmd.Dir = dir
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &output
	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	began := wall()
	if err := cmd.Start(); err != nil {
		return 0, 0, err
	}
	for {
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+address+"/", bytes.NewReader(body))
		if err != nil {
			return 0, 0, err
		}
		r.Header.Set("Content-Type", "application/x-amz-json-1.1")
		r.Header.Set("X-Amz-Target", "AWSCognitoIdentityProviderService.CreateUserPool")
		r.Header.Set("Authorization", authorization)
		r.Header.Set("X-Amz-Date", time.Now().UTC().Format("20060102T150405Z"))
		res, err := client.Do(r)
		if err == nil {
			wait = wall() - began
			text, _ := io.ReadAll(res.Body)
			res.Body.Close()
			if res.StatusCode != http.StatusOK {
				_ = cmd.Process.Kill()
				return 0, 0, fmt.Errorf("%w: CreateUserPool answers %s", errRefused, text)
			}
			break
		}
		if ctx.Err() != nil {
			_ = cmd.Wait()
			return 0, 0, fmt.Errorf("it does not answer: %s", output.Bytes())
		}
		time.Sleep(200 * time.Microsecond)
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return 0, 0, err
	}
	if err := cmd.Wait(); err != nil && ctx.Err() != nil {
		return 0, 0, err
	}
	return wait, cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), nil
}

// freeAddress returns an address that nobody listens on.
func freeAddress(ctx context.Context) (string, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return "127.0.0.1:" + strconv.Itoa(l.Addr().(*net.TCPAddr).Port), nil
}
