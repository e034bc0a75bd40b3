package postgres_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"testing"
	"time"

	"github.com/cenote-auth/cenote/internal/pgtest"
	"github.com/cenote-auth/cenote/store/driver"
	"github.com/cenote-auth/cenote/store/postgres"
)

// childURL is the environment variable that makes the test binary a node of TestTwoProcesses: its database.
const childURL = "CENOTE_TEST_NODE"

func TestMain(m *testing.M) {
	if url := os.Getenv(childURL); url != "" {
		if err := node(url, os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(pgtest.Main(m))
}

// contested is how many records two processes race for.
const contested = 300

// won is what a process got.
type won struct{ Taken, Names []int }

// TestTwoProcesses lets two processes race for the same records: each is taken by exactly one of them, and each name
// belongs to exactly one.
func TestTwoProcesses(t *testing.T) {
	t.Parallel()
	url := pgtest.NewDatabase(t)
	var recs []driver.Record
	for i := range contested {
		recs = append(recs, driver.Record{Kind: "code", Key: fmt.Sprint(i), Expires: future})
	}
	put(t, open(t, url), recs...)

	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	type child struct {
		cmd *exec.Cmd
		in  io.WriteCloser
		out *bufio.Reader
	}
	var children []child
	for range 2 {
		cmd := exec.CommandContext(ctx, os.Args[0])
		cmd.Env = append(os.Environ(), childURL+"="+url)
		cmd.Stderr = os.Stderr
		in, inErr := cmd.StdinPipe()
		out, outErr := cmd.StdoutPipe()
		if err := errors.Join(inErr, outErr, cmd.Start()); err != nil {
			t.Fatal(err)
		}
		children = append(children, child{cmd, in, bufio.NewReader(out)})
	}
	for _, c := range children { // both are connected
		if line, err := c.out.ReadString('\n'); line != "ready\n" {
			t.Fatalf("child says %q, %v", line, err)
		}
	}
	for _, c := range children {
		if _, err := io.WriteString(c.in, "go\n"); err != nil {
			t.Fatal(err)
		}
	}
	var taken, names []int
	for _, c := range children {
		var got won
		if err := errors.Join(json.NewDecoder(c.out).Decode(&got), c.cmd.Wait()); err != nil {
			t.Fatal(err)
		}
		if len(got.Taken) == 0 && len(got.Names) == 0 {
			t.Error("one process won nothing: they did not race")
		}
		taken, names = append(taken, got.Taken...), append(names, got.Names...)
	}
	for what, got := range map[string][]int{"records taken": taken, "names held": names} {
		if slices.Sort(got); len(got) != contested || len(slices.Compact(got)) != contested {
			t.Errorf("%s: %d, want each of %d once", what, len(got), contested)
		}
	}
}

// node is one of the two processes.
func node(url string, in io.Reader, out io.Writer) error {
	ctx := context.Background()
	db, err := postgres.Open(ctx, url, postgres.Config{})
	if err != nil {
		return err
	}
	defer db.Close()
	if _, err := fmt.Fprintln(out, "ready"); err != nil {
		return err
	}
	if _, err := bufio.NewReader(in).ReadString('\n'); err != nil {
		return err
	}
	var got won
	for i := range contested {
		var mine bool
		err := db.Update(ctx, func(tx driver.Tx) error {
			recs, err := tx.Get(ctx, driver.Ref{Kind: "code", Value: fmt.Sprint(i)})
			if mine = err == nil && recs[0].Version > 0; !mine {
				return err
			}
			return tx.Delete(ctx, "code", fmt.Sprint(i), recs[0].Version)
		})
		if err != nil {
			return err
		}
		if mine {
			got.Taken = append(got.Taken, i)
		}
		err = db.Update(ctx, func(tx driver.Tx) error {
			return tx.Put(ctx, driver.Record{Kind: "user", Key: fmt.Sprintf("%d of %d", i, os.Getpid()),
				Index: []driver.Entry{{Index: "name", Value: fmt.Sprint(i), Unique: true}}})
		})
		if err == nil {
			got.Names = append(got.Names, i)
		} else if _, ok := errors.AsType[*driver.ConflictError](err); !ok {
			return err
		}
	}
	return json.NewEncoder(out).Encode(got)
}
