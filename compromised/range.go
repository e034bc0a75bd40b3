package compromised

import (
	"bufio"
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const (
	prefixDigits = 5       // of the hash, which is all that leaves the process
	maxAnswer    = 1 << 20 // bytes of an answer
	rangeTimeout = 5 * time.Second
)

// RangeConfig says which service is asked.
type RangeConfig struct {
	// BaseURL is the service: {BaseURL}/{first 5 digits of the SHA-1} answers the rest of the hashes that begin so, one a line.
	// It is https, or http on this machine, without user, query and fragment. Required.
	BaseURL string
	// Client sends the requests; its redirects are not followed. nil is a client without the proxies of the environment.
	Client *http.Client
}

// Range asks a service that knows compromised passwords and does not learn which one is meant (k-anonymity): it is told five
// digits of a hash, and asked to pad its answer, so that neither it nor whoever sees the length of the answer knows more. An
// answer has 5 seconds and 1 MiB.
type Range struct {
	base   string
	client *http.Client
}

// NewRange returns the source, or an error that names the field that is wrong.
func NewRange(c RangeConfig) (*Range, error) {
	u, err := url.Parse(c.BaseURL)
	switch {
	case err != nil: // its text would repeat the address
		return nil, errors.New("compromised: BaseURL does not parse")
	case u.Hostname() == "" || u.Scheme != "https" && !(u.Scheme == "http" && isLoopback(u.Hostname())):
		return nil, errors.New("compromised: BaseURL must be https://, or http:// on this machine")
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return nil, errors.New("compromised: BaseURL must not have a user, query or fragment")
	}
	r := &Range{base: strings.TrimRight(c.BaseURL, "/") + "/"}
	if c.Client != nil {
		own := *c.Client
		r.client = &own
	} else {
		r.client = &http.Client{Transport: &http.Transport{
			DialContext:            (&net.Dialer{}).DialContext,
			ForceAttemptHTTP2:      true,
			MaxIdleConnsPerHost:    8,
			IdleConnTimeout:        90 * time.Second,
			MaxResponseHeaderBytes: 16 << 10,
		}}
	}
	r.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return r, nil
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// Compromised reports whether the service knows the password's hash.
func (r *Range) Compromised(ctx context.Context, password string) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, rangeTimeout)
	defer cancel()
	sum := sumOf(password)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, r.base+sum[:prefixDigits], nil)
	if err != nil {
		return false, errors.New("compromised: make a request")
	}
	req.Header.Set("Add-Padding", "true")
	req.Header.Set("Accept", "text/plain")
	req.Header.Set("User-Agent", "cenote")
	res, err := r.client.Do(req)
	if err != nil {
		return false, fmt.Errorf("compromised: ask: %w", withoutURL(err))
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return false, fmt.Errorf("compromised: the service answers %d", res.StatusCode)
	}
	return find(res.Body, sum[prefixDigits:])
}

// withoutURL leaves out the address, which has a part of the hash.
func withoutURL(err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		return u.Err
	}
	return err
}

// find looks for a hash without its first digits. All lines are read, found or not: how long it takes does not tell. Lines whose
// count is 0 are padding.
func find(answer io.Reader, suffix string) (bool, error) {
	found := 0
	limited := &io.LimitedReader{R: answer, N: maxAnswer + 1}
	lines := bufio.NewScanner(limited)
	lines.Buffer(nil, maxLine)
	for lines.Scan() {
		line := lines.Bytes()
		if len(line) < len(suffix) {
			continue
		}
		rest, counted := strings.CutPrefix(string(line[len(suffix):]), ":")
		if rest != "" && !counted || strings.TrimLeft(rest, "0") == "" && counted {
			continue
		}
		found |= subtle.ConstantTimeCompare([]byte(strings.ToUpper(string(line[:len(suffix)]))), []byte(suffix))
	}
	if err := lines.Err(); err != nil {
		return false, fmt.Errorf("compromised: read an answer: %w", withoutURL(err))
	}
	if limited.N == 0 {
		return false, errors.New("compromised: the answer is too long")
	}
	return found == 1, nil
}
