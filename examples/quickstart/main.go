// Quickstart is a web service with a user pool inside: no second server, no account anywhere. It answers what Amplify, the
// AWS SDKs and amazon-cognito-identity-js ask when people sign up and sign in, and its own API asks for their tokens.
//
//	export MASTER_KEY=$(openssl rand -base64 32)   # keep it: the data cannot be read without
//	go run ./examples/quickstart
//
// The codes that people would get by e-mail are in the log.
package main

import (
	"cmp"
	"context"
	_ "embed"
	"encoding/base64"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"time"

	"github.com/cenote-auth/cenote"
	"github.com/cenote-auth/cenote/awshttp"
	"github.com/cenote-auth/cenote/gateway"
	"github.com/cenote-auth/cenote/message"
	"github.com/cenote-auth/cenote/store/pebble"
	"github.com/cenote-auth/cenote/trigger"
	"github.com/cenote-auth/cenote/userpool"
)

// The pool and its client, with the ids that a front end is configured with.
const (
	poolID   = "us-east-1_Quickstrt"
	clientID = "1quickstart23456789"
)

//go:embed pool.json
var pool string

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	key, err := base64.StdEncoding.DecodeString(os.Getenv("MASTER_KEY"))
	if err != nil || len(key) != 32 {
		log.Fatal("MASTER_KEY has to be 32 bytes in base64: export MASTER_KEY=$(openssl rand -base64 32)")
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", cmp.Or(os.Getenv("LISTEN"), "127.0.0.1:8080"))
	if err != nil {
		log.Fatal(err)
	}
	dir := cmp.Or(os.Getenv("DATA"), "quickstart-data")
	mail := message.Log{Reveal: true} // in place of smtp.New(…)
	if err := run(ctx, l, dir, key, mail, slog.Default()); err != nil {
		log.Fatal(err)
	}
}

// run serves on l, which it closes, until ctx ends.
func run(ctx context.Context, l net.Listener, dir string, masterKey []byte, mail message.EmailSender, log *slog.Logger) (err error) {
	defer l.Close()
	db, err := pebble.Open(dir, pebble.Config{Logger: log})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }() // who opens a store closes it

	url := "http://" + l.Addr().String()
	functions := &trigger.Mux{}
	functions.Handle("only-ours", trigger.Func(onlyOurs))
	auth, err := cenote.New(cenote.Config{
		Store: db, MasterKeys: [][]byte{masterKey}, Email: mail, Triggers: functions, Logger: log,
		Issuer: func(poolID string) string { return url + "/" + poolID },
	})
	if err != nil {
		return err
	}
	if err := auth.UserPools.Import(ctx, strings.NewReader(pool)); err != nil { // adds what is not there yet
		return err
	}
	h, err := handler(auth, log)
	if err != nil {
		return err
	}

	srv := &http.Server{Handler: h, ReadHeaderTimeout: 5 * time.Second, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn)}
	ctx, stop := context.WithCancel(ctx)
	served := make(chan error, 1)
	go func() {
		defer stop()
		served <- srv.Serve(l)
	}()
	log.Info("serving", "url", url, "pool", poolID, "client", clientID)
	err = auth.Run(ctx) // delivers messages and cleans up, until ctx ends
	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	err = errors.Join(err, srv.Shutdown(end))
	if failed := <-served; !errors.Is(failed, http.ErrServerClosed) {
		err = errors.Join(err, failed)
	}
	return err
}

// handler is the pool's public operations and documents at /, and the service's own API, for people who are signed in.
func handler(auth *cenote.Instance, log *slog.Logger) (http.Handler, error) {
	public, err := auth.Handler(awshttp.Config{ // without an Authenticator nobody administers the pool from outside
		Hosts: []string{"127.0.0.1", "localhost"}, Logger: log,
	})
	if err != nil {
		return nil, err
	}
	people := gateway.RequireJWT(gateway.Config{Verifier: auth.UserPools.Verifier(poolID, clientID), Logger: log})
	mux := http.NewServeMux()
	mux.Handle("/", public)
	mux.Handle("GET /api/orders", people(orders(auth.UserPools)))
	return mux, nil
}

// orders answers the orders of whoever asks. The token names the user; what else is known of him, the pool tells.
func orders(users *userpool.Service) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		claims, _ := gateway.Claims(r.Context())
		user, err := users.AdminGetUser(r.Context(), &userpool.AdminGetUserInput{UserPoolId: poolID, Username: claims.Username})
		if errors.Is(err, userpool.ErrUserNotFound) { // deleted since
			http.Error(w, "not found", http.StatusNotFound)
			return
		}
		if err != nil {
			http.Error(w, "internal error", http.StatusInternalServerError)
			return
		}
		for _, a := range user.UserAttributes {
			if a.Name == "email" {
				fmt.Fprintf(w, "orders of %s: none yet\n", a.Value)
			}
		}
	}
}

// onlyOurs is asked before anybody is signed up, like a Lambda function.
func onlyOurs(_ context.Context, e trigger.PreSignUpEvent) (trigger.PreSignUpEvent, error) {
	if email := e.Request.UserAttributes["email"]; !strings.HasSuffix(fmt.Sprint(email), "@example.com") {
		return e, errors.New("only example.com")
	}
	return e, nil
}
