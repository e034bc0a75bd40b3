package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"

	"github.com/cenote-auth/cenote"
	"github.com/cenote-auth/cenote/awshttp"
	"github.com/cenote-auth/cenote/iam"
	"github.com/cenote-auth/cenote/message"
	"github.com/cenote-auth/cenote/userpool"
)

// devCommand is the server for a developer's machine.
type devCommand struct {
	settings
	Fixtures    string   `help:"File of pools, clients and users for a new store, instead of the demo pool." placeholder:"FILE"`
	AllowHost   []string `help:"Further name that the server answers to." placeholder:"NAME"`
	AllowRemote bool     `help:"Listen on an address that other machines reach. They can then do everything."`
}

// Run serves until ctx ends.
func (c *devCommand) Run(ctx context.Context) error {
	log := c.logger()
	l, err := listen(c.Listen, c.AllowRemote)
	if err != nil {
		return err
	}
	defer l.Close()
	c.defaultIssuer(l)
	c.defaultOrigins(l)
	cfg, err := c.config(log)
	if err != nil {
		return err
	}
	outbox := &message.Outbox{}
	cfg.Mode, cfg.CustomIDs, cfg.Email, cfg.SMS = userpool.ModeDev, true, outbox, outbox
	old := c.Data != "" && !empty(c.Data)
	db, err := c.openDevStore(ctx, &cfg)
	if err != nil {
		return err
	}
	defer db.Close()
	i, err := cenote.New(cfg)
	if err != nil {
		return err
	}
	if err := c.seed(ctx, i, l.Addr().String(), old, os.Stdout); err != nil {
		return err
	}
	h, err := c.handler(i, cfg, outbox)
	if err != nil {
		return err
	}
	return serveUntil(ctx, i, log, listener{Listener: l, handler: h})
}

// defaultIssuer makes the address that is listened on the issuer, so that verifiers find the keys there.
func (c *devCommand) defaultIssuer(l net.Listener) {
	if c.IssuerURL == "" {
		_, port, _ := net.SplitHostPort(l.Addr().String())
		c.IssuerURL = "http://localhost:" + port
	}
}

// defaultOrigins lets passkeys of localhost be used on this server's own pages and on those of the usual development servers.
func (c *devCommand) defaultOrigins(l net.Listener) {
	if len(c.PasskeyOrigin) > 0 {
		return
	}
	_, own, _ := net.SplitHostPort(l.Addr().String())
	for _, port := range []string{own, "3000", "4200", "5173", "8000", "8080"} {
		c.PasskeyOrigin = append(c.PasskeyOrigin, "http://localhost:"+port)
	}
}

// openDevStore opens the store. One on disk gets a master key of its own, beside it.
func (c *devCommand) openDevStore(ctx context.Context, cfg *cenote.Config) (io.Closer, error) {
	if c.Data == "" && c.Store == "" {
		return io.NopCloser(nil), nil
	}
	keyFile, fresh := "cenote-dev.key", true
	if c.Data != "" {
		keyFile, fresh = c.Data+".key", empty(c.Data)
	}
	keys, err := keysFrom(keyFile, fresh, cfg.Logger)
	if err != nil {
		return nil, err
	}
	cfg.MasterKeys = keys
	db, err := c.openStore(ctx, cfg.Logger)
	if err != nil {
		return nil, err
	}
	cfg.Store = db
	return db, nil
}

// handler accepts any credentials, and for that only requests of this machine's programs and pages (C1).
func (c *devCommand) handler(i *cenote.Instance, cfg cenote.Config, outbox *message.Outbox) (http.Handler, error) {
	guard, err := awshttp.NewDevGuard(awshttp.DevConfig{Regions: []string{c.Region}, AllowHosts: c.AllowHost})
	if err != nil {
		return nil, err
	}
	h, err := i.Handler(awshttp.Config{
		Authenticator: iam.AnyCredentials{Account: c.AccountID}, Authorizer: iam.AllowAll{}, Dev: guard, Logger: cfg.Logger,
	})
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("/", h)
	own := http.NewServeMux()
	probes(own, i)
	own.HandleFunc("GET /_cenote/outbox", func(w http.ResponseWriter, r *http.Request) { showOutbox(w, r, outbox) })
	mux.Handle("/_cenote/", guard.Wrap(own))
	return mux, nil
}

// showOutbox answers the last message to a destination, or all messages, newest last.
func showOutbox(w http.ResponseWriter, r *http.Request, outbox *message.Outbox) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	encode := json.NewEncoder(w)
	to := r.URL.Query().Get("destination")
	if to == "" {
		_ = encode.Encode(outbox.All())
		return
	}
	m, ok := outbox.Last(to)
	if !ok {
		w.WriteHeader(http.StatusNotFound)
		_ = encode.Encode(map[string]string{"message": "no message to this destination"})
		return
	}
	_ = encode.Encode(m)
}

// The demo pool, whose ids stay the same, so that the README's lines work.
const (
	demoPool     = "_CenoteDemo" // after the region
	demoClient   = "cenotedemo"
	demoUser     = "ada@example.com"
	demoPassword = "Correct-Horse-9"
)

// seed loads the fixtures into a new store, or makes the demo pool unless it is there, and says what to try next. An old store
// has its fixtures, and what has become of them since.
func (c *devCommand) seed(ctx context.Context, i *cenote.Instance, addr string, old bool, out io.Writer) error {
	if c.Fixtures != "" && old {
		fmt.Fprintf(out, "cenote dev listens on http://%s; %s has data, the fixtures were not loaded again\n", addr, c.Data)
		return nil
	}
	if c.Fixtures != "" {
		f, err := os.Open(c.Fixtures)
		if err != nil {
			return fmt.Errorf("--fixtures: %w", err)
		}
		defer f.Close()
		if err := i.UserPools.Import(ctx, f); err != nil {
			return fmt.Errorf("--fixtures %s: %w", c.Fixtures, err)
		}
		fmt.Fprintf(out, "cenote dev listens on http://%s\n", addr)
		return nil
	}
	poolID := c.Region + demoPool
	if ok, err := i.UserPools.Exists(ctx, poolID); err != nil {
		return err
	} else if !ok {
		if err := makeDemo(ctx, i.UserPools, poolID); err != nil {
			return fmt.Errorf("make the demo pool: %w", err)
		}
	}
	fmt.Fprintf(out, demoText, addr, poolID, demoClient, demoUser, demoPassword, addr, c.Region)
	return nil
}

const demoText = `cenote dev listens on http://%[1]s

There is a pool %[2]s with the client %[3]s and the user %[4]s, password %[5]s.
Sign in:

  aws cognito-idp initiate-auth --endpoint-url http://%[1]s --region %[7]s --no-sign-request \
    --client-id %[3]s --auth-flow USER_PASSWORD_AUTH \
    --auth-parameters USERNAME=%[4]s,PASSWORD=%[5]s

`

func makeDemo(ctx context.Context, users *userpool.Service, poolID string) error {
	return users.Import(ctx, demoFixture(poolID))
}
