package pebble_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/cenote-auth/cenote/store/pebble"
)

// childDir is the environment variable that turns this test binary into the program that TestKill kills.
const childDir = "CENOTE_PEBBLE_TEST_CHILD"

func TestMain(m *testing.M) {
	if dir := os.Getenv(childDir); dir != "" {
		if err := writeUntilKilled(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	os.Exit(m.Run())
}

// writeUntilKilled writes pairs and prints the number of each that was acknowledged.
func writeUntilKilled(dir string) error {
	db, err := pebble.Open(dir, pebble.Config{})
	if err != nil {
		return err
	}
	w := pairWriter{name: "child"}
	last, err := w.check(context.Background(), db)
	for n := last + 1; err == nil; n++ {
		if err = w.step(context.Background(), db, n); err == nil {
			fmt.Println(n)
		}
	}
	return err
}

// A process that is killed in the middle of its writes leaves a directory that opens, with all that it had acknowledged.
func TestKill(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "store")
	var acked int64
	for round := range 5 {
		child := exec.CommandContext(t.Context(), os.Args[0])
		child.Env = append(os.Environ(), childDir+"="+dir)
		child.Stderr = os.Stderr
		out, err := child.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		for n := 0; lines.Scan(); n++ {
			if acked, err = strconv.ParseInt(lines.Text(), 10, 64); err != nil {
				t.Fatal(err)
			}
			if n == 100 {
				if _, err := pebble.Open(dir, pebble.Config{}); !errors.Is(err, pebble.ErrInUse) {
					t.Errorf("the directory of another process: %v, want %v", err, pebble.ErrInUse)
				}
			}
			if n == 400+37*round {
				if err := child.Process.Kill(); err != nil {
					t.Fatal(err)
				}
			}
		}
		_ = child.Wait() // killed
		db, err := pebble.Open(dir, pebble.Config{})
		if err != nil {
			t.Fatal(err)
		}
		w := pairWriter{name: "child"}
		last, err := w.check(t.Context(), db)
		if err != nil {
			t.Error(err)
		}
		if last < acked || acked == 0 {
			t.Errorf("round %d: pair %d was acknowledged, found %d", round, acked, last)
		}
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}
}
