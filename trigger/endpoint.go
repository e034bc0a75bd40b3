package trigger

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// maxErrorBody bounds what is read of an answer that is no function's answer, in bytes.
const maxErrorBody = 64 << 10

// EndpointConfig says where functions run and how they are reached.
type EndpointConfig struct {
	// URL is the address below which AWS Lambda's Invoke API is spoken, for example http://127.0.0.1:3001: http or https,
	// a host, perhaps a path; no user, query or fragment. Required.
	URL string
	// Sign, if set, completes each request before it is sent, for endpoints that want it signed (SigV4) or a token. Its
	// errors fail the call.
	Sign func(r *http.Request, body []byte) error
	// TLS is used for https; nil is Go's default.
	TLS *tls.Config
}

// Endpoint sends calls to AWS Lambda's Invoke API on an address of the operator's: every well-formed ARN names a function
// there, by name and qualifier. Events and passwords go to that address, and to no other: the proxies of the environment
// are not asked and redirects are not followed. Calls end with their context; a Runner gives them one that does.
type Endpoint struct {
	base   *url.URL
	sign   func(*http.Request, []byte) error
	client *http.Client
}

var _ Functions = (*Endpoint)(nil)

// NewEndpoint returns an Endpoint. It does not connect yet.
func NewEndpoint(c EndpointConfig) (*Endpoint, error) {
	base, err := url.Parse(c.URL)
	switch {
	case err != nil: // its text would repeat the address, which may hold a secret
		return nil, errors.New("trigger: URL does not parse")
	case base.Scheme != "http" && base.Scheme != "https", base.Hostname() == "":
		return nil, errors.New("trigger: URL must be http:// or https:// and have a host")
	case base.User != nil, base.RawQuery != "", base.ForceQuery, base.Fragment != "":
		return nil, errors.New("trigger: URL must not have a user, query or fragment")
	}
	dialer := &net.Dialer{Timeout: 5 * time.Second}
	return &Endpoint{
		base: base,
		sign: c.Sign,
		client: &http.Client{
			Transport: &http.Transport{
				DialContext:            dialer.DialContext,
				TLSClientConfig:        c.TLS.Clone(),
				TLSHandshakeTimeout:    5 * time.Second,
				ForceAttemptHTTP2:      true,
				DisableCompression:     true, // so that the cap on bodies is one on memory
				MaxIdleConnsPerHost:    32,
				IdleConnTimeout:        90 * time.Second,
				MaxResponseHeaderBytes: 64 << 10,
			},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}, nil
}

// Function returns the function that arn names; that it exists is only known when it is called.
func (e *Endpoint) Function(arn string) (Handler, error) {
	name, qualifier, err := ParseARN(arn)
	if err != nil {
		return nil, err
	}
	u := e.base.JoinPath("2015-03-31", "functions", name, "invocations")
	if qualifier != "" {
		u.RawQuery = url.Values{"Qualifier": {qualifier}}.Encode()
	}
	return remote{e, u.String()}, nil
}

// Close closes connections that are not in use.
func (e *Endpoint) Close() { e.client.CloseIdleConnections() }

// remote is one function at an Endpoint.
type remote struct {
	endpoint *Endpoint
	url      string
}

// Invoke posts the event. A transport that fails may be tried again, a server error may not (TRG-020).
func (f remote) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, f.url, bytes.NewReader(payload))
	if err != nil {
		return nil, &InvokeError{Name: nameService, Cause: err}
	}
	kind := "RequestResponse"
	if queued, _ := ctx.Value(queuedKey{}).(bool); queued {
		kind = "Event"
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-Amz-Invocation-Type", kind)
	if f.endpoint.sign != nil {
		if err := f.endpoint.sign(req, payload); err != nil {
			return nil, &InvokeError{Name: nameDenied, Cause: fmt.Errorf("sign request: %w", err)}
		}
	}
	resp, err := f.endpoint.client.Do(req)
	if err != nil {
		return nil, &InvokeError{Name: nameService, Retry: true, Cause: err}
	}
	defer resp.Body.Close()

	switch {
	case resp.StatusCode < 200 || resp.StatusCode > 299:
		return nil, statusError(resp)
	case kind == "Event":
		return nil, nil
	}
	body, err := readAll(resp.Body, MaxPayload)
	if err != nil {
		return nil, err
	}
	if resp.Header.Get("X-Amz-Function-Error") != "" {
		return nil, functionError(body)
	}
	return body, nil
}

// readAll returns at most limit+1 bytes, so that the Runner sees that an answer is too long.
func readAll(r io.Reader, limit int64) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err != nil {
		return nil, &InvokeError{Name: nameService, Retry: true, Cause: fmt.Errorf("read answer: %w", err)}
	}
	return body, nil
}

// functionError reads the error of a function that answered 200 with X-Amz-Function-Error (TRG-010).
func functionError(body []byte) error {
	var e struct {
		Message string `json:"errorMessage"`
		Type    string `json:"errorType"`
	}
	if err := json.Unmarshal(body, &e); err != nil || e.Message == "" {
		e.Message = e.Type
	}
	if e.Message == "" {
		e.Message = "Unhandled"
	}
	return &FunctionError{Message: e.Message, Type: e.Type}
}

// statusError names the error of an answer that is not a 2xx, from AWS's header or body or else by the status. The rest of
// the body is not looked at.
func statusError(resp *http.Response) error {
	name, _, _ := strings.Cut(resp.Header.Get("X-Amzn-Errortype"), ":")
	if name == "" {
		body, err := io.ReadAll(io.LimitReader(resp.Body, maxErrorBody))
		var e struct {
			Type string `json:"__type"`
		}
		if err == nil && json.Unmarshal(body, &e) == nil {
			name = e.Type[strings.LastIndexByte(e.Type, '#')+1:]
		}
	}
	if name == "" {
		name = nameOfStatus(resp.StatusCode)
	}
	return &InvokeError{
		Name:  name,
		Retry: resp.StatusCode == http.StatusTooManyRequests,
		Cause: fmt.Errorf("endpoint answered %d", resp.StatusCode),
	}
}

func nameOfStatus(status int) string {
	switch status {
	case http.StatusUnauthorized, http.StatusForbidden:
		return nameDenied
	case http.StatusNotFound:
		return nameNotFound
	case http.StatusRequestEntityTooLarge:
		return nameTooLarge
	case http.StatusTooManyRequests:
		return nameThrottled
	default:
		return nameService
	}
}
