package iam_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cenote-auth/cenote/awsapi"
	"github.com/cenote-auth/cenote/iam"
)

const (
	mismatch     = "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details."
	unrecognized = "The security token included in the request is invalid."
)

// SIGV4-010, 013, 020, 021: known answers of the published examples.
func TestKnownAnswers(t *testing.T) {
	t.Parallel()
	at := time.Date(2015, 8, 30, 12, 36, 0, 0, time.UTC)
	keys, err := iam.NewStaticKeys(iam.AccessKey{ID: keyID, Secret: secret, Principal: iam.Principal{ARN: admin, Account: account}})
	require.NoError(t, err)
	v, err := iam.NewVerifier(iam.VerifierConfig{Keys: keys, Region: "us-east-1", Now: func() time.Time { return at }})
	require.NoError(t, err)
	tests := []struct {
		name, service, host, query, contentType, headers, signature string
	}{
		{
			"IAM ListUsers", "iam", "iam.amazonaws.com", "Action=ListUsers&Version=2010-05-08",
			"application/x-www-form-urlencoded; charset=utf-8", "content-type;host;x-amz-date",
			"5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7",
		},
		{
			"get-vanilla", "service", "example.amazonaws.com", "", "", "host;x-amz-date",
			"5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
		},
		{
			"get-vanilla-query-order-key-case", "service", "example.amazonaws.com", "Param2=value2&Param1=value1", "", "host;x-amz-date",
			"b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			h := map[string][]string{
				"X-Amz-Date": {"20150830T123600Z"},
				"Authorization": {fmt.Sprintf("AWS4-HMAC-SHA256 Credential=%s/20150830/us-east-1/%s/aws4_request, SignedHeaders=%s, Signature=%s",
					keyID, tt.service, tt.headers, tt.signature)},
			}
			if tt.contentType != "" {
				h["Content-Type"] = []string{tt.contentType}
			}
			p, err := v.Authenticate(t.Context(), &iam.Request{
				Method: "GET", Host: tt.host, Path: "/", RawQuery: tt.query, Header: h, Service: tt.service,
			}, bodyOf(""))
			require.NoError(t, err)
			require.Equal(t, admin, p.ARN)
		})
	}
}

// SIGV4-001, 002, 004, 005, 011, 012, 014, 016: what the AWS SDK signs is accepted.
func TestSDKSignatures(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		change func(r *http.Request)
		body   string
		with   signing
	}{
		{name: "JSON operation", body: `{"UserPoolId":"p"}`},
		{name: "empty body"},
		{name: "SIGV4-011 escaped colon in a Sync path", change: func(r *http.Request) {
			r.URL.Path, r.URL.RawPath = "/identitypools/us-east-1:25/identities", "/identitypools/us-east-1%3A25/identities"
		}},
		{name: "SIGV4-012 literal colon in a Sync path", change: func(r *http.Request) { r.URL.Path = "/identitypools/us-east-1:25" }},
		{name: "trailing slash and odd characters", change: func(r *http.Request) { r.URL.Path = "/a b/ü/~-_./" }},
		{name: "SIGV4-013 query", change: func(r *http.Request) { r.URL.RawQuery = "maxResults=5&nextToken=a%2Fb%3D%20c&a&A=2&a=0" }},
		{name: "SIGV4-014 spaces and repeated headers", change: func(r *http.Request) {
			r.Header["X-Amz-Meta"] = []string{"  a   b ", "c"}
		}},
		{name: "SIGV4-004 session token", with: signing{key: "ASIAEXAMPLE", secret: "temporary-secret", token: "the/token+of=the session"}},
		{name: "SIGV4-005 declared hash", body: "x", change: func(r *http.Request) {
			r.Header.Set("X-Amz-Content-Sha256", hashOf("x"))
		}},
		{name: "host with a port", change: func(r *http.Request) { r.Host = "localhost:9229" }},
		{name: "SIGV4-030 five minutes old", with: signing{at: noon.Add(-5 * time.Minute)}},
		{name: "SIGV4-030 five minutes early", with: signing{at: noon.Add(5 * time.Minute)}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w, r := setup(t), call()
			if tt.change != nil {
				tt.change(r)
			}
			w.sign(r, tt.body, tt.with)
			p, err := w.verify(view(r), tt.body)
			require.NoError(t, err)
			require.Equal(t, account, p.Account)
			require.Equal(t, tt.with.token != "", p.Identity != "")
		})
	}
}

// SIGV4-042: whatever is signed cannot be changed.
func TestTampering(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		change func(r *iam.Request)
		body   string
	}{
		{"method", func(r *iam.Request) { r.Method = "GET" }, "{}"},
		{"path", func(r *iam.Request) { r.Path = "/x" }, "{}"},
		{"query", func(r *iam.Request) { r.RawQuery = "a=1" }, "{}"},
		{"query with a broken escape", func(r *iam.Request) { r.RawQuery = "a=%zz" }, "{}"},
		{"query that ends in an escape", func(r *iam.Request) { r.RawQuery = "a=%2" }, "{}"},
		{"host", func(r *iam.Request) { r.Host = "cognito-idp.us-east-1.amazonaws.com" }, "{}"},
		{"target", func(r *iam.Request) {
			r.Header["X-Amz-Target"] = []string{"AWSCognitoIdentityProviderService.AdminDeleteUser"}
		}, "{}"},
		{"content type", func(r *iam.Request) { r.Header["Content-Type"] = []string{"text/plain"} }, "{}"},
		{"signed header removed", func(r *iam.Request) { delete(r.Header, "Content-Type") }, "{}"},
		{"signed header repeated", func(r *iam.Request) { r.Header["Content-Type"] = append(r.Header["Content-Type"], "a") }, "{}"},
		{"time", func(r *iam.Request) { r.Header["X-Amz-Date"] = []string{"20260304T115959Z"} }, "{}"},
		{"body", func(*iam.Request) {}, "{ }"},
		{"body emptied", func(*iam.Request) {}, ""},
		{"signature", func(r *iam.Request) {
			a := r.Header["Authorization"][0]
			last := byte('0')
			if a[len(a)-1] == '0' {
				last = '1'
			}
			r.Header["Authorization"] = []string{a[:len(a)-1] + string(last)}
		}, "{}"},
		{"signature cut", func(r *iam.Request) {
			a := r.Header["Authorization"][0]
			r.Header["Authorization"] = []string{a[:len(a)-1]}
		}, "{}"},
		{"signed headers narrowed", func(r *iam.Request) {
			a := r.Header["Authorization"][0]
			r.Header["Authorization"] = []string{strings.Replace(a, "content-type;", "", 1)}
		}, "{}"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w, r := setup(t), call()
			w.sign(r, "{}", signing{})
			req := view(r)
			_, err := w.verify(req, "{}")
			require.NoError(t, err)
			tt.change(req)
			_, err = w.verify(req, tt.body)
			refused(t, err, awsapi.ErrInvalidSignature, mismatch)
		})
	}
}

// The whole of C9's list of what signing has to cover.
func TestC9_WhatMustBeSigned(t *testing.T) {
	t.Parallel()
	const tooMany = "Header '%s' must not be repeated."
	tests := []struct {
		name   string
		remove string               // before signing
		change func(r *iam.Request) // after signing
		token  string
		code   awsapi.Code
		text   string
	}{
		{name: "target added after signing", remove: "X-Amz-Target", change: func(r *iam.Request) {
			r.Header["X-Amz-Target"] = []string{"AWSCognitoIdentityProviderService.AdminDeleteUser"}
		}, code: awsapi.ErrInvalidSignature, text: "'X-Amz-Target' must be a 'SignedHeader' in the AWS Authorization."},
		{name: "token added after signing", change: func(r *iam.Request) {
			r.Header["X-Amz-Security-Token"] = []string{"t"}
		}, code: awsapi.ErrInvalidSignature, text: "'X-Amz-Security-Token' must be a 'SignedHeader' in the AWS Authorization."},
		{name: "date not signed", change: func(r *iam.Request) {
			r.Header["Authorization"][0] = strings.Replace(r.Header["Authorization"][0], ";x-amz-date", "", 1)
		}, code: awsapi.ErrInvalidSignature, text: "'X-Amz-Date' must be a 'SignedHeader' in the AWS Authorization."},
		{name: "fallback date not signed", change: func(r *iam.Request) {
			r.Header["Date"] = r.Header["X-Amz-Date"]
			delete(r.Header, "X-Amz-Date")
		}, code: awsapi.ErrInvalidSignature, text: "'Date' must be a 'SignedHeader' in the AWS Authorization."},
		{name: "host not signed", change: func(r *iam.Request) {
			r.Header["Authorization"][0] = strings.Replace(r.Header["Authorization"][0], "host;", "", 1)
		}, code: awsapi.ErrInvalidSignature, text: "'Host' must be a 'SignedHeader' in the AWS Authorization."},
		{name: "two targets", change: func(r *iam.Request) {
			r.Header["X-Amz-Target"] = append(r.Header["X-Amz-Target"], "x")
		}, code: awsapi.ErrIncompleteSignature, text: fmt.Sprintf(tooMany, "X-Amz-Target")},
		{name: "two dates", change: func(r *iam.Request) {
			r.Header["X-Amz-Date"] = append(r.Header["X-Amz-Date"], "x")
		}, code: awsapi.ErrIncompleteSignature, text: fmt.Sprintf(tooMany, "X-Amz-Date")},
		{name: "two tokens", change: func(r *iam.Request) {
			r.Header["X-Amz-Security-Token"] = []string{"a", "b"}
		}, code: awsapi.ErrIncompleteSignature, text: fmt.Sprintf(tooMany, "X-Amz-Security-Token")},
		{name: "two hashes", change: func(r *iam.Request) {
			r.Header["X-Amz-Content-Sha256"] = []string{hashOf("{}"), "UNSIGNED-PAYLOAD"}
		}, code: awsapi.ErrIncompleteSignature, text: fmt.Sprintf(tooMany, "X-Amz-Content-Sha256")},
		{name: "unsigned payload", change: func(r *iam.Request) {
			r.Header["X-Amz-Content-Sha256"] = []string{"UNSIGNED-PAYLOAD"}
		}, code: awsapi.ErrInvalidSignature, text: "x-amz-content-sha256 must be the hex SHA-256 of the body."},
		{name: "streaming payload", change: func(r *iam.Request) {
			r.Header["X-Amz-Content-Sha256"] = []string{"STREAMING-AWS4-HMAC-SHA256-PAYLOAD"}
		}, code: awsapi.ErrInvalidSignature, text: "x-amz-content-sha256 must be the hex SHA-256 of the body."},
		{name: "hash of another body", change: func(r *iam.Request) {
			r.Header["X-Amz-Content-Sha256"] = []string{hashOf("[]")}
		}, code: awsapi.ErrInvalidSignature, text: "The provided 'x-amz-content-sha256' header does not match what was computed."},
		{name: "SIGV4-024 header and query", change: func(r *iam.Request) { r.RawQuery = "X-Amz-Signature=00" },
			code: awsapi.ErrIncompleteSignature, text: onlyOne},
		{name: "SIGV4-024 header and escaped lower-case query", change: func(r *iam.Request) { r.RawQuery = "x%2damz%2Dcredential=00" },
			code: awsapi.ErrIncompleteSignature, text: onlyOne},
		{name: "two Authorization headers", change: func(r *iam.Request) {
			r.Header["Authorization"] = append(r.Header["Authorization"], r.Header["Authorization"][0])
		}, code: awsapi.ErrIncompleteSignature, text: "Only one Authorization header is allowed."},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w, r := setup(t), call()
			r.Header.Del(tt.remove)
			w.sign(r, "{}", signing{})
			req := view(r)
			tt.change(req)
			_, err := w.verify(req, "{}")
			refused(t, err, tt.code, tt.text)
		})
	}
}

const onlyOne = "Only one auth mechanism allowed: either the Authorization header or the X-Amz-Signature query parameter."

// SIGV4-022, 030, 031, 032, 042, 043, 044, 045, 046.
func TestRefusals(t *testing.T) {
	t.Parallel()
	temporary := signing{key: "ASIAEXAMPLE", secret: "temporary-secret", token: "the/token+of=the session"}
	at := func(s signing, t time.Time) signing { s.at = t; return s }
	tests := []struct {
		name string
		with signing
		now  time.Time
		code awsapi.Code
		text string
	}{
		{name: "SIGV4-042 wrong secret", with: signing{key: keyID, secret: "x"}, code: awsapi.ErrInvalidSignature, text: mismatch},
		{name: "SIGV4-043 unknown key", with: signing{key: "AKIAOTHER", secret: secret}, code: awsapi.ErrUnrecognizedClient, text: unrecognized},
		{name: "SIGV4-043 token with a long-term key", with: signing{key: keyID, secret: secret, token: "t"},
			code: awsapi.ErrUnrecognizedClient, text: unrecognized},
		{name: "SIGV4-043 token of somebody else", with: signing{key: "ASIAEXAMPLE", secret: "temporary-secret", token: "t"},
			code: awsapi.ErrUnrecognizedClient, text: unrecognized},
		{name: "SIGV4-050 temporary key without token", with: signing{key: "ASIAEXAMPLE", secret: "temporary-secret"},
			code: awsapi.ErrUnrecognizedClient, text: unrecognized},
		{name: "SIGV4-044 expired", with: temporary, now: noon.Add(time.Hour), code: awsapi.ErrExpiredToken,
			text: "The security token included in the request is expired"},
		{name: "SIGV4-045 region", with: signing{region: "us-east-1"}, code: awsapi.ErrInvalidSignature,
			text: "Credential should be scoped to a valid region, not 'us-east-1'."},
		{name: "SIGV4-045 service", with: signing{service: "sts"}, code: awsapi.ErrInvalidSignature,
			text: "Credential should be scoped to correct service: 'cognito-idp'."},
		{name: "SIGV4-045 region and service", with: signing{region: "us-east-1", service: "sts"}, code: awsapi.ErrInvalidSignature,
			text: "Credential should be scoped to a valid region, not 'us-east-1'. Credential should be scoped to correct service: 'cognito-idp'."},
		{name: "SIGV4-031 too old", with: signing{at: noon.Add(-5*time.Minute - time.Second)}, now: noon, code: awsapi.ErrInvalidSignature,
			text: "Signature expired: 20260304T115459Z is now earlier than 20260304T115500Z (20260304T120000Z - 5 min.)"},
		{name: "SIGV4-032 not yet", with: signing{at: noon.Add(5*time.Minute + time.Second)}, now: noon, code: awsapi.ErrInvalidSignature,
			text: "Signature not yet current: 20260304T120501Z is still later than 20260304T120500Z (20260304T120000Z + 5 min.)"},
		{name: "SIGV4-046 scope before key", with: signing{key: "AKIAOTHER", secret: secret, service: "sts"}, code: awsapi.ErrInvalidSignature,
			text: "Credential should be scoped to correct service: 'cognito-idp'."},
		{name: "SIGV4-046 key before time", with: signing{key: "AKIAOTHER", secret: secret, at: noon.Add(-time.Hour)}, now: noon,
			code: awsapi.ErrUnrecognizedClient, text: unrecognized},
		{name: "SIGV4-046 expiry before time", with: at(temporary, noon), now: noon.Add(2 * time.Hour), code: awsapi.ErrExpiredToken,
			text: "The security token included in the request is expired"},
		{name: "SIGV4-046 time before signature", with: signing{key: keyID, secret: "x", at: noon.Add(-time.Hour)}, now: noon,
			code: awsapi.ErrInvalidSignature,
			text: "Signature expired: 20260304T110000Z is now earlier than 20260304T115500Z (20260304T120000Z - 5 min.)"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w, r := setup(t), call()
			if !tt.now.IsZero() {
				w.now = tt.now
			}
			w.sign(r, "{}", tt.with)
			_, err := w.verify(view(r), "{}")
			refused(t, err, tt.code, tt.text)
		})
	}
}

// SIGV4-045: faults of the scope that no SDK produces.
func TestForgedScope(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ from, to, text string }{
		"terminator": {"aws4_request", "aws5_request", "Credential should be scoped with a valid terminator: 'aws4_request', not 'aws5_request'."},
		"date": {"/20260304/", "/20260303/", "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: " +
			"'20260303' != '20260304', from '20260304T120000Z'."},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, r := setup(t), call()
			w.sign(r, "{}", signing{})
			r.Header.Set("Authorization", strings.Replace(r.Header.Get("Authorization"), tt.from, tt.to, 1))
			_, err := w.verify(view(r), "{}")
			refused(t, err, awsapi.ErrInvalidSignature, tt.text)
		})
	}
}

// SIGV4-030: the skew is a setting.
func TestSkewSetting(t *testing.T) {
	t.Parallel()
	w, r := setup(t), call()
	v, err := iam.NewVerifier(iam.VerifierConfig{Keys: w.keys, Region: region, MaxSkew: 15 * time.Minute, Now: func() time.Time { return noon }})
	require.NoError(t, err)
	w.sign(r, "", signing{at: noon.Add(-14 * time.Minute)})
	_, err = v.Authenticate(t.Context(), view(r), bodyOf(""))
	require.NoError(t, err)
	w.sign(r, "", signing{at: noon.Add(-16 * time.Minute)})
	_, err = v.Authenticate(t.Context(), view(r), bodyOf(""))
	refused(t, err, awsapi.ErrInvalidSignature,
		"Signature expired: 20260304T114400Z is now earlier than 20260304T114500Z (20260304T120000Z - 15 min.)")
}

// Neither the body nor the store of keys is touched for a request whose headers already condemn it.
func TestH6_CheapChecksFirst(t *testing.T) {
	t.Parallel()
	unread := func() ([]byte, error) { return nil, errors.New("the body was read") }
	w, r := setup(t), call()
	_, err := w.verifier.Authenticate(t.Context(), view(r), unread)
	refused(t, err, awsapi.ErrMissingAuthentication, "Missing Authentication Token")
	w.sign(r, "{}", signing{service: "sts"})
	_, err = w.verifier.Authenticate(t.Context(), view(r), unread)
	require.ErrorIs(t, err, awsapi.ErrInvalidSignature)
	require.Zero(t, w.keys.calls)
}

// What goes wrong inside is not told as a refusal.
func TestFailuresInside(t *testing.T) {
	t.Parallel()
	w, r := setup(t), call()
	w.sign(r, "{}", signing{})
	broken := errors.New("connection reset")
	_, err := w.verifier.Authenticate(t.Context(), view(r), func() ([]byte, error) { return nil, broken })
	require.ErrorIs(t, err, broken)
	w.keys.fail = context.DeadlineExceeded
	_, err = w.verify(view(r), "{}")
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.Equal(t, awsapi.ErrInternal, awsapi.AsError(err).Code)
}

func TestVerifierConfig(t *testing.T) {
	t.Parallel()
	keys, err := iam.NewStaticKeys()
	require.NoError(t, err)
	for name, cfg := range map[string]iam.VerifierConfig{
		"Keys":    {Region: region},
		"Region":  {Keys: keys},
		"MaxSkew": {Keys: keys, Region: region, MaxSkew: -1},
	} {
		_, err := iam.NewVerifier(cfg)
		require.ErrorContains(t, err, "VerifierConfig."+name)
	}
}
