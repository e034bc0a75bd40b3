package token

import (
	"context"
	"crypto/rsa"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"
)

// The pace of fetching: a set is fetched again when it is asked after that age or
// for a kid that it has not, but never twice within the pause, whatever kids
// arrive and whether the last fetch went well.
const (
	remoteAge     = time.Hour
	remotePause   = 30 * time.Second
	remoteTimeout = 5 * time.Second
)

// RemoteKeysConfig is the configuration of [RemoteKeys].
type RemoteKeysConfig struct {
	// URL of the key set; required. It is https, or http to a loopback host, or
	// anywhere with AllowHTTP.
	URL       string
	AllowHTTP bool

	// HTTPClient fetches; nil is a client without proxy and without redirects, with
	// time-outs, that reads no environment. At most a megabyte is read, and no fetch
	// takes longer than 5 seconds, with either.
	HTTPClient *http.Client

	Now func() time.Time // nil is time.Now
}

// RemoteKeys is a KeySet that is fetched by the first caller who needs it, while
// others who need it wait. Keys that were seen stay good while the issuer cannot
// be reached.
type RemoteKeys struct {
	url    string
	client *http.Client
	now    func() time.Time

	mu      sync.Mutex // never held while fetching
	keys    StaticKeys
	fetched time.Time     // of keys; zero: never
	tried   time.Time     // of the last attempt
	err     error         // of the last attempt
	pending chan struct{} // closed when the attempt under way ends
}

// NewRemoteKeys returns the keys behind the URL. It connects to nothing yet.
func NewRemoteKeys(cfg RemoteKeysConfig) (*RemoteKeys, error) {
	u, err := url.Parse(cfg.URL)
	if err != nil {
		return nil, fmt.Errorf("token: key set URL: %w", err)
	}
	switch {
	case u.Host == "" || u.User != nil:
		return nil, fmt.Errorf("token: key set URL %q has no host, or a user", cfg.URL)
	case u.Scheme == "https":
	case u.Scheme == "http" && (cfg.AllowHTTP || loopback(u.Hostname())):
	default:
		return nil, fmt.Errorf("token: key set URL %q is not https", cfg.URL)
	}
	r := &RemoteKeys{url: cfg.URL, client: cfg.HTTPClient, now: cfg.Now}
	if r.client == nil {
		r.client = newClient()
	}
	if r.now == nil {
		r.now = time.Now
	}
	return r, nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func newClient() *http.Client {
	return &http.Client{
		Timeout:       remoteTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			DialContext:            (&net.Dialer{Timeout: remoteTimeout}).DialContext,
			ForceAttemptHTTP2:      true,
			TLSHandshakeTimeout:    remoteTimeout,
			ResponseHeaderTimeout:  remoteTimeout,
			MaxResponseHeaderBytes: 64 << 10,
			DisableKeepAlives:      true, // one request an hour; no connection and no goroutine stays
		},
	}
}

// Key implements [KeySet].
func (r *RemoteKeys) Key(ctx context.Context, kid string) (*rsa.PublicKey, error) {
	for {
		r.mu.Lock()
		now := r.now()
		key, err := r.keys.Key(ctx, kid)
		fresh := err == nil && now.Sub(r.fetched) < remoteAge
		paused := !r.tried.IsZero() && now.Sub(r.tried).Abs() < remotePause
		pending := r.pending
		switch {
		case fresh, err == nil && (paused || pending != nil):
			r.mu.Unlock()
			return key, nil
		case pending != nil:
			r.mu.Unlock()
			select {
			case <-pending:
				continue
			case <-ctx.Done():
				return nil, fmt.Errorf("%w: %w", ErrKeys, ctx.Err())
			}
		case paused:
			if r.err != nil {
				err = r.err
			}
			r.mu.Unlock()
			return nil, err
		}
		done := make(chan struct{})
		r.pending, r.tried = done, now
		r.mu.Unlock()
		r.refresh(ctx, done)
	}
}

// refresh fetches and records what came of it. A caller who goes away does not end
// it: others wait for the same answer, and the pause has begun.
func (r *RemoteKeys) refresh(ctx context.Context, done chan struct{}) {
	keys, err := StaticKeys(nil), fmt.Errorf("%w: the fetch panicked", ErrKeys)
	defer func() {
		r.mu.Lock()
		if r.err = err; err == nil {
			r.keys, r.fetched = keys, r.tried
		}
		r.pending = nil
		r.mu.Unlock()
		close(done)
	}()
	keys, err = r.fetch(context.WithoutCancel(ctx))
}

func (r *RemoteKeys) fetch(ctx context.Context) (StaticKeys, error) {
	ctx, cancel := context.WithTimeout(ctx, remoteTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, r.url, nil)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrKeys, err)
	}
	req.Header.Set("Accept", "application/json")
	res, err := r.client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrKeys, err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%w: %s answered %d", ErrKeys, r.url, res.StatusCode)
	}
	data, err := io.ReadAll(io.LimitReader(res.Body, maxKeySet+1))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrKeys, err)
	}
	keys, err := ParseJWKS(data)
	if err == nil && len(keys) == 0 {
		err = errors.New("the set has no key for RS256")
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrKeys, err)
	}
	return keys, nil
}
