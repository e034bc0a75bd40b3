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

// won says what a process got of one number.
type won struct{ Taken, Named bool }

// TestTwoProcesses lets two processes race for the same records, number by number: each record is taken by exactly one of
// them, and each name belongs to exactly one.
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
		out *json.Decoder
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
		children = append(children, child{cmd, in, json.NewDecoder(out)})
	}
	for i := range contested {
		for _, c := range children {
			if _, err := fmt.Fprintln(c.in, i); err != nil {
				t.Fatal(err)
			}
		}
		taken, named := 0, 0
		for _, c := range children {
			var got won
			if err := c.out.Decode(&got); err != nil {
				t.Fatal(err)
			}
			if got.Taken {
				taken++
			}
			if got.Named {
				named++
			}
		}
		if taken != 1 || named != 1 {
			t.Errorf("number %d: taken by %d, name held by %d, want 1 and 1", i, taken, named)
		}
	}
	for _, c := range children {
		if err := errors.Join(c.in.Close(), c.cmd.Wait()); err != nil {
			t.Error(err)
		}
	}
}

// node is one of the two processes: it races for each number that it reads.
func node(url string, in io.Reader, out io.Writer) error {
	ctx := context.Background()
	db, err := postgres.Open(ctx, url, postgres.Config{})
	if err != nil {
		return err
	}
	defer db.Close()
	answers := json.NewEncoder(out)
	for numbers := bufio.NewScanner(in); numbers.Scan(); {
		i := numbers.Text()
		var got won
		err := db.Update(ctx, func(tx driver.Tx) error {
			recs, err := tx.Get(ctx, driver.Ref{Kind: "code", Value: i})
			if got.Taken = err == nil && recs[0].Version > 0; !got.Taken {
				return err
			}
			return tx.Delete(ctx, "code", i, recs[0].Version)
		})
		if err != nil {
			return err
		}
		err = db.Update(ctx, func(tx driver.Tx) error {
			return tx.Put(ctx, driver.Record{Kind: "user", Key: fmt.Sprintf("%s of %d", i, os.Getpid()),
				Index: []driver.Entry{{Index: "name", Value: i, Unique: true}}})
		})
		if _, taken := errors.AsType[*driver.ConflictError](err); err != nil && !taken {
			return err
		}
		got.Named = err == nil
		if err := answers.Encode(got); err != nil {
			return err
		}
	}
	return nil
}
