package compromised_test

import (
	"bytes"
	"context"
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/cenote-auth/cenote/compromised"
	"github.com/cenote-auth/cenote/userpool"
)

var (
	_ userpool.CompromisedPasswords = (*compromised.List)(nil)
	_ userpool.CompromisedPasswords = (*compromised.Hashes)(nil)
	_ userpool.CompromisedPasswords = (*compromised.Range)(nil)
)

func sum(password string) string {
	s := sha1.Sum([]byte(password))
	return strings.ToUpper(hex.EncodeToString(s[:]))
}

func check(t *testing.T, source userpool.CompromisedPasswords, password string, want bool) {
	t.Helper()
	if got, err := source.Compromised(t.Context(), password); err != nil || got != want {
		t.Errorf("%q: got %v, %v, want %v", password, got, err, want)
	}
}

func TestList(t *testing.T) {
	t.Parallel()
	l, err := compromised.ReadList(strings.NewReader("hunter2\r\n\npässword \nlast"))
	if err != nil {
		t.Fatal(err)
	}
	for password, want := range map[string]bool{"hunter2": true, "pässword ": true, "last": true, "": false, "pässword": false, "hunter2\r": false} {
		check(t, l, password, want)
	}
	if _, err := compromised.ReadList(strings.NewReader(strings.Repeat("x", 5000))); err == nil {
		t.Error("took a line without end")
	}
	if _, err := compromised.ReadList(iotest.ErrReader(os.ErrClosed)); err == nil {
		t.Error("took half a list")
	}
}

// Every line of a file is found, however the file is written, and nothing else is.
func TestHashes(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, 1, 2, 3, 7, 500} {
		var sums []string
		for i := range n {
			sums = append(sums, sum(fmt.Sprint("password", i)))
		}
		slices.Sort(sums)
		for name, line := range map[string]func(i int, s string) string{
			"bare": func(_ int, s string) string { return s + "\n" }, "counts": func(i int, s string) string { return fmt.Sprintf("%s:%d\r\n", s, i*i*i) },
			"lower": func(_ int, s string) string { return strings.ToLower(s) + "\n" },
			"no end": func(i int, s string) string {
				if i == n-1 {
					return s
				}
				return s + "\n"
			},
		} {
			var text bytes.Buffer
			for i, s := range sums {
				text.WriteString(line(i, s))
			}
			path := filepath.Join(t.TempDir(), "hashes")
			if err := os.WriteFile(path, text.Bytes(), 0o600); err != nil {
				t.Fatal(err)
			}
			h, err := compromised.OpenHashes(path)
			if err != nil {
				t.Fatalf("%s, %d: %v", name, n, err)
			}
			for i := range n + 20 {
				check(t, h, fmt.Sprint("password", i), i < n)
			}
			if err := h.Close(); err != nil {
				t.Error(err)
			}
		}
	}
}

func TestHashesRefusesWhatIsNoList(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"words": "hunter2\n", "unsorted": sum("b") + "\n" + sum("a") + "\n" + strings.Repeat("0", 40) + "\n",
		"long line": strings.Repeat("A", 300), "not hex": strings.Repeat("G", 40) + "\n", "binary": strings.Repeat("\x00", 40),
	} {
		if _, err := compromised.NewHashes(strings.NewReader(text), int64(len(text))); err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := compromised.OpenHashes(t.TempDir()); err == nil {
		t.Error("opened a directory")
	}
	if _, err := compromised.OpenHashes(filepath.Join(t.TempDir(), "none")); err == nil {
		t.Error("opened nothing")
	}
	// Broken in the middle: an error, which lets the password pass, and not an answer.
	text := strings.Repeat("0", 40) + "\n" + strings.Repeat("x", 1000) + "\n" + strings.Repeat("F", 40) + "\n"
	h, err := compromised.NewHashes(strings.NewReader(text), int64(len(text)))
	if err != nil {
		t.Fatal(err)
	}
	if found, err := h.Compromised(t.Context(), "hunter2"); err == nil || found {
		t.Errorf("got %v, %v", found, err)
	}
}

func FuzzHashes(f *testing.F) {
	f.Add([]byte(sum("a") + ":3\r\n" + sum("b") + "\n"))
	f.Add([]byte("\n\n\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		h, err := compromised.NewHashes(bytes.NewReader(text), int64(len(text)))
		if err != nil {
			return
		}
		if found, err := h.Compromised(t.Context(), "a"); found && (err != nil || !bytes.Contains(bytes.ToUpper(text), []byte(sum("a")))) {
			t.Errorf("found what is not there: %v", err)
		}
	})
}

// The service learns five digits and is asked to pad; the rest is decided here.
func TestRange(t *testing.T) {
	t.Parallel()
	s := sum("hunter2")
	answer := func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/range/"+s[:5] && r.URL.Path != "/range/"+sum("padding")[:5] || r.Header.Get("Add-Padding") != "true" || r.Method != http.MethodGet {
			http.Error(w, "no", http.StatusBadRequest)
			return
		}
		fmt.Fprintf(w, "%s:0\r\n%s:12\r\n%s:1", sum("padding")[5:], s[5:], strings.Repeat("F", 35))
	}
	srv := httptest.NewServer(http.HandlerFunc(answer))
	t.Cleanup(srv.Close)
	for _, base := range []string{srv.URL + "/range", srv.URL + "/range/"} {
		for _, client := range []*http.Client{nil, srv.Client()} {
			r, err := compromised.NewRange(compromised.RangeConfig{BaseURL: base, Client: client})
			if err != nil {
				t.Fatal(err)
			}
			check(t, r, "hunter2", true)
			check(t, r, "padding", false) // only there to make the answer longer
		}
	}
}

// What goes wrong is an error that says nothing of the password.
func TestH8_RangeFails(t *testing.T) {
	t.Parallel()
	s := sum("hunter2")
	elsewhere := 0
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		elsewhere++
		fmt.Fprintf(w, "%s:1\n", s[5:])
	}))
	t.Cleanup(other.Close)
	for name, answer := range map[string]http.HandlerFunc{
		"error": func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, "secret of the service", http.StatusTeapot)
		},
		"redirect":   func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, other.URL, http.StatusFound) },
		"no content": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) },
		"endless": func(w http.ResponseWriter, _ *http.Request) {
			line := []byte(strings.Repeat("0", 35) + ":1\n")
			for {
				if _, err := w.Write(line); err != nil {
					return
				}
			}
		},
		"long line": func(w http.ResponseWriter, _ *http.Request) { w.Write(bytes.Repeat([]byte("0"), 10_000)) },
		"broken": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1000")
			fmt.Fprintf(w, "%s:1\n", s[5:])
		},
	} {
		t.Run(name, func(t *testing.T) {
			srv := httptest.NewServer(answer)
			defer srv.Close()
			client := srv.Client()
			client.CheckRedirect = func(*http.Request, []*http.Request) error { return nil } // what a client brings does not count
			r, err := compromised.NewRange(compromised.RangeConfig{BaseURL: srv.URL, Client: client})
			if err != nil {
				t.Fatal(err)
			}
			found, err := r.Compromised(t.Context(), "hunter2")
			if err == nil || found {
				t.Fatalf("got %v, %v", found, err)
			}
			for _, secret := range []string{"hunter2", s[:5], s[5:], "secret of the service"} {
				if strings.Contains(err.Error(), secret) {
					t.Errorf("the error says %q", err)
				}
			}
		})
	}
	if elsewhere != 0 {
		t.Error("followed a redirect")
	}
	r, err := compromised.NewRange(compromised.RangeConfig{BaseURL: other.URL})
	if err != nil {
		t.Fatal(err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := r.Compromised(ended, "hunter2"); err == nil || strings.Contains(err.Error(), s[:5]) {
		t.Errorf("got %v", err)
	}
}

func TestRangeConfig(t *testing.T) {
	t.Parallel()
	for base, ok := range map[string]bool{
		"https://api.example.com/range": true, "http://127.0.0.1:1/x": true, "http://[::1]:1": true, "http://localhost": true,
		"": false, "http://api.example.com": false, "ftp://api.example.com": false, "https://": false, "https://a:b@example.com": false,
		"https://example.com?x=1": false, "https://example.com#x": false, "://": false, "http://169.254.169.254/": false,
	} {
		if _, err := compromised.NewRange(compromised.RangeConfig{BaseURL: base}); (err == nil) != ok {
			t.Errorf("%q: %v", base, err)
		}
	}
}
