package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"

	"github.com/cenote-auth/cenote"
	"github.com/cenote-auth/cenote/awshttp"
	"github.com/cenote-auth/cenote/iam"
	"github.com/cenote-auth/cenote/userpool"
)

// serveCommand is the production server.
type serveCommand struct {
	settings
	senders
	MasterKey     []string `help:"Master keys, base64 of 32 bytes each: the first seals, all open. Better given by CENOTE_MASTER_KEY." placeholder:"KEY"`
	MasterKeyFile string   `help:"File of master keys, one a line. Default: beside --data, made for a new store." placeholder:"FILE"`
	AdminKeys     string   `help:"File of administrators' access keys, in the form of AWS's credentials file. Default: beside --data, made for a new store." placeholder:"FILE"`
	Host          []string `help:"Name under which clients reach the server." placeholder:"NAME"`
	TLSCert       string   `help:"Certificate chain, PEM." name:"tls-cert" placeholder:"FILE"`
	TLSKey        string   `help:"Private key, PEM." name:"tls-key" placeholder:"FILE"`
	TrustedProxy  []string `help:"Network whose X-Forwarded-For counts." placeholder:"CIDR"`
	RateLimit     float64  `default:"50" help:"Requests a second from one address; 0 is no limit."`
	PoolRateLimit float64  `default:"1000" help:"Requests a second for one pool; 0 is no limit."`
	MetricsListen string   `help:"Address on which Prometheus finds /metrics, for no client to reach. Default: none." placeholder:"ADDR"`
}

const defaultData = "cenote-data"

// Run serves until ctx ends.
func (c *serveCommand) Run(ctx context.Context) error {
	log := c.logger()
	if c.Store == "" && c.Data == "" {
		c.Data = defaultData
	}
	cfg, err := c.config(log)
	if err != nil {
		return err
	}
	cfg.Mode = userpool.ModeServe
	if err := c.senders.apply(&cfg); err != nil {
		return err
	}
	secrets, err := c.secrets(log)
	if err != nil {
		return err
	}
	cfg.MasterKeys = secrets.master
	db, err := c.openStore(ctx, log)
	if err != nil {
		return err
	}
	defer db.Close()
	cfg.Store = db
	beside, err := c.metrics(&cfg)
	if err != nil {
		return err
	}
	for _, l := range beside {
		defer l.Close()
	}
	i, err := cenote.New(cfg)
	if err != nil {
		return err
	}
	h, err := c.handler(i, cfg, secrets)
	if err != nil {
		return err
	}
	t, err := c.tls()
	if err != nil {
		return err
	}
	l, err := listen(c.Listen, true)
	if err != nil {
		return err
	}
	log.Info("serving", "address", l.Addr().String(), "tls", t != nil)
	return serveUntil(ctx, i, log, append(beside, listener{l, h, t})...)
}

// metrics has the instance counted, if somebody is to see it, and returns where.
func (c *serveCommand) metrics(cfg *cenote.Config) ([]listener, error) {
	if c.MetricsListen == "" {
		return nil, nil
	}
	m, err := newMetrics()
	if err != nil {
		return nil, err
	}
	l, err := m.listen(c.MetricsListen)
	if err != nil {
		return nil, fmt.Errorf("--metrics-listen: %w", err)
	}
	cfg.MeterProvider = m.provider
	cfg.Logger.Info("metrics", "address", l.Addr().String())
	return []listener{l}, nil
}

// handler puts the instance behind SigV4, known names and rate limits.
func (c *serveCommand) handler(i *cenote.Instance, cfg cenote.Config, s secrets) (http.Handler, error) {
	keys, err := iam.NewStaticKeys(s.admins...)
	if err != nil {
		return nil, err
	}
	verifier, err := iam.NewVerifier(iam.VerifierConfig{Keys: keys, Region: c.Region})
	if err != nil {
		return nil, err
	}
	hosts, err := c.hosts()
	if err != nil {
		return nil, err
	}
	limits, err := awshttp.NewRateLimits(awshttp.RateConfig{PerAddress: rate(c.RateLimit), PerPool: rate(c.PoolRateLimit)})
	if err != nil {
		return nil, err
	}
	api := awshttp.Config{Authenticator: verifier, Authorizer: iam.AllowAll{}, Hosts: hosts, Limiter: limits, Logger: cfg.Logger}
	for _, network := range c.TrustedProxy {
		p, err := netip.ParsePrefix(network)
		if err != nil {
			return nil, fmt.Errorf("--trusted-proxy: %w", err)
		}
		api.TrustedProxies = append(api.TrustedProxies, p)
	}
	h, err := i.Handler(api)
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("/", h)
	probes(mux, i)
	return mux, nil
}

// rate returns n a second, with bursts of twice that.
func rate(n float64) awshttp.Rate { return awshttp.Rate{PerSecond: n, Burst: int(2 * n)} }

// hosts returns the names that the server answers to: AWS's, the issuer's, those given, and on a loopback address its own.
func (c *serveCommand) hosts() ([]string, error) {
	var out []string
	for _, service := range []string{"cognito-idp", "cognito-identity", "cognito-sync"} {
		out = append(out, service+"."+c.Region+".amazonaws.com")
	}
	out = append(out, c.Host...)
	if c.IssuerURL != "" {
		u, err := url.Parse(c.IssuerURL)
		if err != nil {
			return nil, fmt.Errorf("--issuer-url: %w", err)
		}
		out = append(out, u.Hostname())
	}
	host, _, err := net.SplitHostPort(c.Listen)
	if err != nil {
		return nil, fmt.Errorf("--listen: %w", err)
	}
	if ip := net.ParseIP(host); host == "localhost" || ip != nil && ip.IsLoopback() {
		out = append(out, "localhost", "127.0.0.1", "[::1]")
	}
	return out, nil
}

func (c *serveCommand) tls() (*tls.Config, error) {
	if c.TLSCert == "" && c.TLSKey == "" {
		return nil, nil
	}
	if c.TLSCert == "" || c.TLSKey == "" {
		return nil, errors.New("--tls-cert and --tls-key go together")
	}
	pair, err := tls.LoadX509KeyPair(c.TLSCert, c.TLSKey)
	if err != nil {
		return nil, fmt.Errorf("--tls-cert: %w", err)
	}
	return &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}, nil
}
