package main

import (
	"fmt"
	"io"
	"os"

	"github.com/cenote-auth/cenote/awsapi"
	"github.com/cenote-auth/cenote/identitypool"
	cognitosync "github.com/cenote-auth/cenote/sync"
	"github.com/cenote-auth/cenote/userpool"
)

type opsCommand struct{}

// Run lists every operation as done or not, from the tables that the server dispatches by.
func (opsCommand) Run() error { return listOperations(os.Stdout) }

func listOperations(w io.Writer) error {
	done, all := 0, 0
	for _, list := range [][]*awsapi.Operation{userpool.Operations(), identitypool.Operations(), cognitosync.Operations()} {
		for _, op := range list {
			state := "-"
			if op.Built {
				state = "done"
				done++
			}
			all++
			if _, err := fmt.Fprintf(w, "%-4s  %s\n", state, op.Action()); err != nil {
				return err
			}
		}
	}
	_, err := fmt.Fprintf(w, "%d of %d operations done\n", done, all)
	return err
}
