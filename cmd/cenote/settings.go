package main

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"strings"

	"github.com/cenote-auth/cenote"
	"github.com/cenote-auth/cenote/compromised"
	"github.com/cenote-auth/cenote/message/smtp"
	"github.com/cenote-auth/cenote/message/webhook"
	"github.com/cenote-auth/cenote/store/driver"
	"github.com/cenote-auth/cenote/store/pebble"
	"github.com/cenote-auth/cenote/store/postgres"
	"github.com/cenote-auth/cenote/trigger"
	"github.com/cenote-auth/cenote/userpool"
)

// settings are the flags that both servers have.
type settings struct {
	Listen         string   `default:"127.0.0.1:9229" help:"Address to listen on."`
	Data           string   `help:"Directory of the embedded store." placeholder:"DIR"`
	Store          string   `help:"PostgreSQL store, instead of the embedded one." placeholder:"postgres://…"`
	LambdaEndpoint string   `help:"Address of a server that speaks AWS Lambda's Invoke API, for triggers." placeholder:"URL"`
	SenderKeyFile  string   `help:"File with a key, base64 of 32 bytes, that codes for custom senders are encrypted under, as by a raw AES keyring with the name space cenote and the name senders." placeholder:"FILE"`
	Region         string   `default:"us-east-1" help:"AWS region that is answered for."`
	AccountID      string   `default:"123456789012" help:"AWS account that is answered for." name:"account-id"`
	IssuerURL      string   `help:"Public address of this server; the issuer of a pool's tokens is this and the pool's id. Default: what Amazon Cognito has (serve), the address listened on (dev)." name:"issuer-url" placeholder:"URL"`
	PasskeyOrigin  []string `help:"Further place where passkeys may be used, beside https:// and the relying party id: https://host, http://localhost:port, android:apk-key-hash:…. Default (dev): http://localhost with the port listened on and with 3000, 4200, 5173, 8000 and 8080." placeholder:"ORIGIN"`
	KnownHashes    string   `help:"Sorted file of SHA-1 hashes of compromised passwords, for pools with threat protection." name:"compromised-hashes" placeholder:"FILE"`
	KnownURL       string   `help:"Service that is asked for compromised passwords instead, by the first five digits of a hash." name:"compromised-url" placeholder:"URL"`
	LogFormat      string   `default:"text" enum:"text,json" help:"Form of the log: text or json."`
	LogLevel       string   `default:"info" enum:"debug,info,warn,error" help:"Least severe record that is logged."`
}

// logger writes to standard error.
func (s *settings) logger() *slog.Logger {
	var level slog.Level
	_ = level.UnmarshalText([]byte(s.LogLevel)) // one of the flag's values
	options := &slog.HandlerOptions{Level: level}
	if s.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(os.Stderr, options))
	}
	return slog.New(slog.NewTextHandler(os.Stderr, options))
}

// config returns what the flags say of an instance.
func (s *settings) config(log *slog.Logger) (cenote.Config, error) {
	c := cenote.Config{Region: s.Region, AccountID: s.AccountID, Logger: log}
	if s.IssuerURL != "" {
		u, err := url.Parse(s.IssuerURL)
		if err != nil || u.Host == "" || u.RawQuery != "" || u.Fragment != "" || u.Scheme != "https" && u.Scheme != "http" {
			return c, fmt.Errorf("--issuer-url %q is not an address of the form https://host/path", s.IssuerURL)
		}
		base := strings.TrimSuffix(s.IssuerURL, "/") + "/"
		c.Issuer = func(poolID string) string { return base + poolID }
	}
	for _, o := range s.PasskeyOrigin {
		if err := checkOrigin(o); err != nil {
			return c, err
		}
	}
	c.UserPools.PasskeyOrigins = func(string) []string { return s.PasskeyOrigin }
	if s.LambdaEndpoint != "" {
		e, err := trigger.NewEndpoint(trigger.EndpointConfig{URL: s.LambdaEndpoint})
		if err != nil {
			return c, fmt.Errorf("--lambda-endpoint: %w", err)
		}
		c.Triggers = e
	}
	if s.SenderKeyFile != "" {
		keys, err := senderKeys(s.SenderKeyFile)
		if err != nil {
			return c, fmt.Errorf("--sender-key-file: %w", err)
		}
		c.UserPools.SenderKeys = keys
	}
	known, err := s.compromised()
	if known != nil {
		c.UserPools.CompromisedPasswords = known
	}
	return c, err
}

// compromised returns what knows compromised passwords, if the flags name it.
func (s *settings) compromised() (userpool.CompromisedPasswords, error) {
	switch {
	case s.KnownHashes != "" && s.KnownURL != "":
		return nil, errors.New("--compromised-hashes and --compromised-url exclude each other")
	case s.KnownHashes != "":
		h, err := compromised.OpenHashes(s.KnownHashes)
		if err != nil {
			return nil, fmt.Errorf("--compromised-hashes: %w", err)
		}
		return h, nil
	case s.KnownURL != "":
		r, err := compromised.NewRange(compromised.RangeConfig{BaseURL: s.KnownURL})
		if err != nil {
			return nil, fmt.Errorf("--compromised-url: %w", err)
		}
		return r, nil
	}
	return nil, nil
}

// senderKeys reads the key that codes for custom senders are encrypted under.
func senderKeys(file string) (*userpool.RawSenderKeys, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	key, err := base64.StdEncoding.DecodeString(strings.TrimSpace(string(text)))
	if err != nil {
		return nil, errors.New("the key is not base64")
	}
	return userpool.NewRawSenderKeys("cenote", "senders", key, nil)
}

// checkOrigin refuses what no browser and no app would call itself: it would never fit.
func checkOrigin(origin string) error {
	if strings.HasPrefix(origin, "android:apk-key-hash:") {
		return nil
	}
	u, err := url.Parse(origin)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.Scheme+"://"+strings.ToLower(u.Host) != origin {
		return fmt.Errorf("--passkey-origin %q is not an origin of the form https://host", origin)
	}
	return nil
}

// openStore opens the store that the flags name; nil means a store in memory.
func (s *settings) openStore(ctx context.Context, log *slog.Logger) (driver.DB, error) {
	switch {
	case s.Store != "" && s.Data != "":
		return nil, errors.New("--store and --data exclude each other")
	case s.Store != "":
		return postgres.Open(ctx, s.Store, postgres.Config{})
	case s.Data != "":
		return pebble.Open(s.Data, pebble.Config{Logger: log})
	}
	return nil, nil
}

// senders are the flags that say how messages leave.
type senders struct {
	SMTPAddr      string `help:"Mail server, host:port." name:"smtp-addr" placeholder:"ADDR"`
	SMTPFrom      string `help:"Sender of e-mail." name:"smtp-from" placeholder:"ADDRESS"`
	SMTPUsername  string `help:"User name at the mail server." name:"smtp-username"`
	SMTPPassword  string `help:"Password at the mail server." name:"smtp-password"`
	WebhookURL    string `help:"Address that text messages, and e-mail without --smtp-addr, are posted to." name:"webhook-url" placeholder:"URL"`
	WebhookSecret string `help:"Secret that signs what is posted to --webhook-url." name:"webhook-secret"`
}

// apply sets the senders of a configuration. Without one, operations that have to send a message fail.
func (s *senders) apply(c *cenote.Config) error {
	if s.WebhookURL != "" {
		hook, err := webhook.New(webhook.Config{URL: s.WebhookURL, Secret: []byte(s.WebhookSecret)})
		if err != nil {
			return fmt.Errorf("--webhook-url: %w", err)
		}
		c.SMS, c.Email = hook, hook
	}
	if s.SMTPAddr != "" {
		mail, err := smtp.New(smtp.Config{Addr: s.SMTPAddr, From: s.SMTPFrom, Username: s.SMTPUsername, Password: s.SMTPPassword})
		if err != nil {
			return fmt.Errorf("--smtp-addr: %w", err)
		}
		c.Email = mail
	}
	return nil
}

type migrateCommand struct {
	Store string `required:"" help:"PostgreSQL store." placeholder:"postgres://…"`
}

// Run brings the tables up to date.
func (c *migrateCommand) Run(ctx context.Context) error {
	if err := migrate(ctx, c.Store); err != nil {
		return err
	}
	fmt.Println("the tables are up to date")
	return nil
}
