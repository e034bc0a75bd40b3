// Command cenote is a server that speaks Amazon Cognito: `cenote serve` for production, `cenote dev` for a developer's machine.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"
)

// cli is the command line. Each flag can be set by a CENOTE_ variable of the environment as well.
type cli struct {
	Serve   serveCommand   `cmd:"" help:"Run a server for production: requests of administrators are signed, data is durable."`
	Dev     devCommand     `cmd:"" help:"Run a server for development on this machine: any AWS credentials are accepted, messages stay in an outbox."`
	Migrate migrateCommand `cmd:"" help:"Make or bring up to date the tables of a PostgreSQL store, for deployments whose server has no right to."`
	Ops     opsCommand     `cmd:"" help:"List the operations and which of them are done."`
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Exit); err != nil {
		fmt.Fprintln(os.Stderr, "cenote:", err)
		os.Exit(1)
	}
}

// run parses the command line and runs its command until that is done or ctx ends.
func run(ctx context.Context, args []string, exit func(int)) error {
	var c cli
	parser, err := kong.New(&c,
		kong.Name("cenote"), kong.Description("Amazon Cognito's semantics as a server."), kong.UsageOnError(),
		kong.DefaultEnvars("CENOTE"), kong.Exit(exit), kong.BindTo(ctx, (*context.Context)(nil)))
	if err != nil {
		return err
	}
	parsed, err := parser.Parse(args)
	if err != nil {
		parser.FatalIfErrorf(err) // prints the usage
		return err
	}
	return parsed.Run()
}
