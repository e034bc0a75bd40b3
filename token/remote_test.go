package token_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cenote-auth/cenote/token"
)

// issuerSite answers fetches of a key set, without a network.
type issuerSite struct {
	fetches atomic.Int32
	answer  func() (status int, body string)
	delay   time.Duration
}

func (s *issuerSite) RoundTrip(req *http.Request) (*http.Response, error) {
	s.fetches.Add(1)
	if s.delay > 0 {
		select {
		case <-time.After(s.delay):
		case <-req.Context().Done():
			return nil, req.Context().Err()
		}
	}
	status, body := s.answer()
	if status == 0 {
		return nil, errors.New("connection refused")
	}
	return &http.Response{StatusCode: status, Body: io.NopCloser(strings.NewReader(body)), Header: http.Header{}, Request: req}, nil
}

func keySet(t testing.TB, kids ...string) string {
	t.Helper()
	var keys []token.PublicKey
	for _, kid := range kids {
		keys = append(keys, token.PublicKey{ID: kid, Key: &testKeys()[1].PublicKey})
	}
	document, err := token.MarshalJWKS(keys)
	if err != nil {
		t.Fatal(err)
	}
	return string(document)
}

func remote(t testing.TB, site *issuerSite) *token.RemoteKeys {
	t.Helper()
	keys, err := token.NewRemoteKeys(token.RemoteKeysConfig{URL: issuer + "/.well-known/jwks.json", HTTPClient: &http.Client{Transport: site}})
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

// A flood of unknown kids causes one fetch per 30 seconds; a rotation is seen then.
func TestH6_UnknownKidsDoNotFlood(t *testing.T) {
	t.Parallel()
	testKeys()
	synctest.Test(t, func(t *testing.T) {
		kids := []string{"a"}
		site := &issuerSite{answer: func() (int, string) { return 200, keySet(t, kids...) }}
		keys := remote(t, site)
		expect := func(kid string, want error, fetches int32) {
			t.Helper()
			if _, err := keys.Key(t.Context(), kid); !errors.Is(err, want) {
				t.Errorf("%s: %v, want %v", kid, err, want)
			}
			if n := site.fetches.Load(); n != fetches {
				t.Errorf("%d fetches, want %d", n, fetches)
			}
		}
		expect("a", nil, 1)
		kids = append(kids, "b")
		for range 100 {
			expect("b", token.ErrUnknownKey, 1)
			expect("a", nil, 1)
		}
		time.Sleep(29 * time.Second)
		expect("b", token.ErrUnknownKey, 1)
		time.Sleep(time.Second)
		expect("b", nil, 2)
		expect("c", token.ErrUnknownKey, 2)
		time.Sleep(time.Hour)
		kids = []string{"b"}
		expect("a", token.ErrUnknownKey, 3) // removed keys are forgotten within the hour
	})
}

// Keys that were seen stay good while the issuer is away.
func TestRemoteKeysSurviveAnOutage(t *testing.T) {
	t.Parallel()
	testKeys()
	synctest.Test(t, func(t *testing.T) {
		status, body := 200, keySet(t, "a")
		site := &issuerSite{answer: func() (int, string) { return status, body }}
		keys := remote(t, site)
		if _, err := keys.Key(t.Context(), "a"); err != nil {
			t.Fatal(err)
		}
		for name, bad := range map[string]struct {
			status int
			body   string
		}{
			"connection refused": {0, ""}, "server error": {500, body}, "redirect": {302, body}, "no JSON": {200, "<html>"},
			"no keys": {200, `{"keys":[]}`}, "too long": {200, body + strings.Repeat(" ", 1<<20)},
		} {
			time.Sleep(2 * time.Hour)
			status, body = bad.status, bad.body
			before := site.fetches.Load()
			for range 3 {
				if _, err := keys.Key(t.Context(), "a"); err != nil {
					t.Errorf("%s: known key: %v", name, err)
				}
				if _, err := keys.Key(t.Context(), "b"); !errors.Is(err, token.ErrKeys) {
					t.Errorf("%s: unknown key: %v", name, err)
				}
			}
			if n := site.fetches.Load() - before; n != 1 {
				t.Errorf("%s: %d fetches", name, n)
			}
			body = keySet(t, "a")
		}
	})
}

// Many callers at once share one fetch; who cannot wait any longer leaves alone.
func TestRemoteKeysSingleFlight(t *testing.T) {
	t.Parallel()
	testKeys()
	synctest.Test(t, func(t *testing.T) {
		document := keySet(t, "a")
		site := &issuerSite{delay: 2 * time.Second, answer: func() (int, string) { return 200, document }}
		keys := remote(t, site)
		first, leave := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() { keys.Key(first, "a") })
		synctest.Wait()
		for range 50 {
			wg.Go(func() {
				if _, err := keys.Key(t.Context(), "a"); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Go(func() {
			short, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			if _, err := keys.Key(short, "a"); !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, token.ErrKeys) {
				t.Errorf("impatient: %v", err)
			}
		})
		leave() // the fetcher's own caller goes away; the others get their keys all the same
		wg.Wait()
		if n := site.fetches.Load(); n != 1 {
			t.Errorf("%d fetches", n)
		}
	})
}

func TestRemoteKeysTimeOut(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		keys, start := remote(t, &issuerSite{delay: time.Hour}), time.Now()
		if _, err := keys.Key(t.Context(), "a"); !errors.Is(err, token.ErrKeys) {
			t.Errorf("%v", err)
		}
		if d := time.Since(start); d != 5*time.Second {
			t.Errorf("took %v", d)
		}
	})
}

// The default client reads the issuer's document, follows no redirect, and a
// verifier made with nothing but the issuer works.
func TestVerifierFetches(t *testing.T) {
	t.Parallel()
	mux := http.NewServeMux()
	site := httptest.NewServer(mux)
	t.Cleanup(site.Close)
	mux.HandleFunc("/pool/.well-known/jwks.json", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, keySet(t, accessKid)) })
	mux.HandleFunc("/moved/.well-known/jwks.json", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/pool/.well-known/jwks.json", http.StatusFound)
	})
	for path, want := range map[string]error{"/pool": nil, "/moved": token.ErrKeys, "/missing": token.ErrKeys} {
		claims := accessClaims()
		claims.Issuer, claims.Expires = site.URL+path, time.Now().Add(time.Hour)
		v, err := token.NewVerifier(token.VerifierConfig{Issuer: site.URL + path, ClientIDs: []string{clientID}, Use: token.Access})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := v.Verify(t.Context(), issueAccess(t, claims)); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", path, err, want)
		}
	}
}
