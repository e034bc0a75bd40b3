package cenotetest

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// AWSConfig returns the configuration of an aws-sdk-go-v2 client of this instance: no socket, no retries, some credentials.
func (c *Cenote) AWSConfig() aws.Config {
	return aws.Config{
		Region:     c.region,
		HTTPClient: c.HTTPClient(),
		Retryer:    func() aws.Retryer { return aws.NopRetryer{} },
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "AKIDCENOTETEST", SecretAccessKey: "no secret at all", Source: "cenotetest"}, nil
		}),
	}
}

// HTTPClient returns a client whose requests to AWS's host names, the issuer's among them, are answered by the instance, in
// the caller's goroutine. Every other host is refused: a test reaches nothing by accident.
func (c *Cenote) HTTPClient() *http.Client {
	return &http.Client{
		Transport:     transport{c},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

type transport struct{ c *Cenote }

// answers reports whether a host is one of the services' in the instance's region.
func (t transport) answers(host string) bool {
	service, ok := strings.CutSuffix(host, "."+t.c.region+".amazonaws.com")
	return ok && (service == "cognito-idp" || service == "cognito-identity" || service == "cognito-sync")
}

// RoundTrip answers the request.
func (t transport) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		defer r.Body.Close()
	}
	if !t.answers(r.URL.Hostname()) {
		return nil, fmt.Errorf("cenotetest: %s is not a host of this instance", r.URL.Hostname())
	}
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	in := r.Clone(r.Context())
	in.RequestURI, in.RemoteAddr = r.URL.RequestURI(), "127.0.0.1:0"
	if in.Host == "" {
		in.Host = r.URL.Host
	}
	if in.Body == nil {
		in.Body = http.NoBody
	}
	w := httptest.NewRecorder()
	t.c.handler.ServeHTTP(w, in)
	if err := r.Context().Err(); err != nil { // as when a connection is given up
		return nil, err
	}
	out := w.Result()
	out.Request = r
	if r.Method == http.MethodHead {
		out.Body = io.NopCloser(strings.NewReader(""))
	}
	return out, nil
}
