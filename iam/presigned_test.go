package iam_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/stretchr/testify/require"

	"github.com/cenote-auth/cenote/awsapi"
	"github.com/cenote-auth/cenote/iam"
)

// presign is a GET of Sync, signed in its query by the AWS SDK for Go.
func (w *world) presign(token string) *iam.Request {
	w.t.Helper()
	r, err := http.NewRequest(http.MethodGet,
		"https://cognito-sync.eu-central-1.amazonaws.com/identitypools/eu-central-1%3A25?maxResults=5&X-Amz-Expires=60", http.NoBody)
	require.NoError(w.t, err)
	creds := aws.Credentials{AccessKeyID: keyID, SecretAccessKey: secret}
	if token != "" {
		creds = aws.Credentials{AccessKeyID: "ASIAEXAMPLE", SecretAccessKey: "temporary-secret", SessionToken: token}
	}
	uri, header, err := v4.NewSigner().PresignHTTP(w.t.Context(), creds, r, hashOf(""), "cognito-sync", region, noon)
	require.NoError(w.t, err)
	u, err := url.Parse(uri)
	require.NoError(w.t, err)
	header.Del("Host")
	return &iam.Request{
		Method: http.MethodGet, Host: u.Host, Path: u.EscapedPath(), RawQuery: u.RawQuery, Header: header,
		Service: "cognito-sync", Presigned: true,
	}
}

// SIGV4-013, 023: the query form.
func TestPresigned(t *testing.T) {
	t.Parallel()
	for name, token := range map[string]string{"long-term key": "", "temporary key": "the/token+of=the session"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := setup(t)
			p, err := w.verify(w.presign(token), "")
			require.NoError(t, err)
			require.Equal(t, account, p.Account)
		})
	}
}

// SIGV4-023, 032, 033: validity and faults of the query form.
func TestPresignedRefusals(t *testing.T) {
	t.Parallel()
	replace := func(old, with string) func(*iam.Request) {
		return func(r *iam.Request) { r.RawQuery = strings.Replace(r.RawQuery, old, with, 1) }
	}
	const seconds = "X-Amz-Expires must be a number of seconds from 1 to 604800."
	tests := []struct {
		name   string
		change func(*iam.Request)
		body   string
		now    time.Time
		code   awsapi.Code
		text   string
	}{
		{name: "C9 operation takes no presigned form", change: func(r *iam.Request) { r.Presigned = false },
			code: awsapi.ErrMissingAuthentication, text: "Missing Authentication Token"},
		{name: "SIGV4-033 expired", now: noon.Add(61 * time.Second), code: awsapi.ErrInvalidSignature,
			text: "Signature expired: 20260304T120000Z is now earlier than 20260304T120001Z (20260304T120101Z - 1 min.)"},
		{name: "SIGV4-032 not yet", now: noon.Add(-5*time.Minute - time.Second), code: awsapi.ErrInvalidSignature,
			text: "Signature not yet current: 20260304T120000Z is still later than 20260304T115959Z (20260304T115459Z + 5 min.)"},
		{name: "longer life", change: replace("Expires=60", "Expires=61"), code: awsapi.ErrInvalidSignature, text: mismatch},
		{name: "no life", change: replace("Expires=60", "Expires=0"), code: awsapi.ErrIncompleteSignature, text: seconds},
		{name: "negative life", change: replace("Expires=60", "Expires=-60"), code: awsapi.ErrIncompleteSignature, text: seconds},
		{name: "eternal life", change: replace("Expires=60", "Expires=604801"), code: awsapi.ErrIncompleteSignature, text: seconds},
		{name: "another body", body: "x", code: awsapi.ErrInvalidSignature, text: mismatch},
		{name: "another parameter", change: replace("maxResults=5", "maxResults=6"), code: awsapi.ErrInvalidSignature, text: mismatch},
		{name: "another path", change: func(r *iam.Request) { r.Path += "/x" }, code: awsapi.ErrInvalidSignature, text: mismatch},
		{name: "no signature", change: replace("X-Amz-Signature", "X-Signature"), code: awsapi.ErrIncompleteSignature,
			text: "AWS query-string parameters must include 'X-Amz-Signature'. Re-examine the query-string parameters."},
		{name: "other algorithm", change: replace("HMAC-SHA256", "HMAC-SHA1"), code: awsapi.ErrIncompleteSignature,
			text: "Unsupported AWS 'algorithm': 'AWS4-HMAC-SHA1'."},
		{name: "parameter twice", change: func(r *iam.Request) { r.RawQuery += "&X-Amz-Date=20260304T120000Z" },
			code: awsapi.ErrIncompleteSignature, text: "Query parameter 'X-Amz-Date' must not be repeated."},
		{name: "broken escape", change: func(r *iam.Request) { r.RawQuery += "&a=%" },
			code: awsapi.ErrIncompleteSignature, text: "The query has an invalid percent-encoding."},
		{name: "date in the header too", change: func(r *iam.Request) { r.Header["X-Amz-Date"] = []string{"20260304T120000Z"} },
			code: awsapi.ErrIncompleteSignature, text: "'X-Amz-Date' must not be in both the query and the headers."},
		{name: "token in the header", change: func(r *iam.Request) { r.Header["X-Amz-Security-Token"] = []string{"t"} },
			code: awsapi.ErrIncompleteSignature, text: "'X-Amz-Security-Token' must not be in both the query and the headers."},
		{name: "long query", change: func(r *iam.Request) { r.RawQuery += "&a=" + strings.Repeat("b", 16<<10) },
			code: awsapi.ErrIncompleteSignature, text: "The request's path or query is too long to be signed."},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := setup(t)
			r := w.presign("")
			if tt.change != nil {
				tt.change(r)
			}
			if !tt.now.IsZero() {
				w.now = tt.now
			}
			_, err := w.verify(r, tt.body)
			refused(t, err, tt.code, tt.text)
		})
	}
}
