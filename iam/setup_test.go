package iam_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/stretchr/testify/require"

	"github.com/cenote-auth/cenote/awsapi"
	"github.com/cenote-auth/cenote/iam"
)

const (
	keyID   = "AKIDEXAMPLE"
	secret  = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
	account = "123456789012"
	admin   = "arn:aws:iam::" + account + ":user/admin"
	region  = "eu-central-1"
)

var noon = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

// world is a verifier with one administrator key, one temporary key, and a clock that stands still.
type world struct {
	t        testing.TB
	verifier *iam.Verifier
	keys     *source
	now      time.Time
}

// source is an AccessKeys with a temporary key beside the static ones.
type source struct {
	iam.AccessKeys
	temporary iam.AccessKey
	token     string
	fail      error
	calls     int
}

func (s *source) Lookup(ctx context.Context, id, token string) (iam.AccessKey, error) {
	s.calls++
	switch {
	case s.fail != nil:
		return iam.AccessKey{}, s.fail
	case id == s.temporary.ID && token == s.token:
		return s.temporary, nil
	case id == s.temporary.ID:
		return iam.AccessKey{}, iam.ErrUnknownKey
	}
	return s.AccessKeys.Lookup(ctx, id, token)
}

func setup(t testing.TB) *world {
	t.Helper()
	static, err := iam.NewStaticKeys(iam.AccessKey{
		ID: keyID, Secret: secret, Principal: iam.Principal{ARN: admin, Account: account},
	})
	require.NoError(t, err)
	w := &world{t: t, now: noon, keys: &source{
		AccessKeys: static,
		token:      "the/token+of=the session",
		temporary: iam.AccessKey{
			ID: "ASIAEXAMPLE", Secret: "temporary-secret", Expires: noon.Add(time.Hour),
			Principal: iam.Principal{ARN: "arn:aws:sts::123456789012:assumed-role/guest/s", Account: account, Identity: "eu-central-1:1"},
		},
	}}
	w.verifier, err = iam.NewVerifier(iam.VerifierConfig{Keys: w.keys, Region: region, Now: func() time.Time { return w.now }})
	require.NoError(t, err)
	return w
}

// call is a request to cognito-idp before it is signed.
func call() *http.Request {
	r, err := http.NewRequest(http.MethodPost, "https://cognito-idp.eu-central-1.amazonaws.com/", http.NoBody)
	if err != nil {
		panic(err)
	}
	r.Header.Set("Content-Type", "application/x-amz-json-1.1")
	r.Header.Set("X-Amz-Target", "AWSCognitoIdentityProviderService.AdminGetUser")
	return r
}

type signing struct {
	key, secret, token, service, region string
	at                                  time.Time
}

// sign signs as the AWS SDK for Go does.
func (w *world) sign(r *http.Request, body string, with signing) {
	w.t.Helper()
	if with.key == "" {
		with.key, with.secret = keyID, secret
	}
	if with.service == "" {
		with.service = "cognito-idp"
	}
	if with.region == "" {
		with.region = region
	}
	if with.at.IsZero() {
		with.at = w.now
	}
	r.Body = io.NopCloser(strings.NewReader(body))
	r.ContentLength = int64(len(body))
	creds := aws.Credentials{AccessKeyID: with.key, SecretAccessKey: with.secret, SessionToken: with.token}
	require.NoError(w.t, v4.NewSigner().SignHTTP(w.t.Context(), creds, r, hashOf(body), with.service, with.region, with.at))
}

func hashOf(body string) string {
	h := sha256.Sum256([]byte(body))
	return hex.EncodeToString(h[:])
}

// view is the request as the verifier sees it.
func view(r *http.Request) *iam.Request {
	host := r.Host
	if host == "" {
		host = r.URL.Host
	}
	return &iam.Request{
		Method: r.Method, Host: host, Path: r.URL.EscapedPath(), RawQuery: r.URL.RawQuery,
		Header: r.Header, Service: "cognito-idp",
	}
}

func bodyOf(s string) iam.Body { return func() ([]byte, error) { return []byte(s), nil } }

func (w *world) verify(r *iam.Request, body string) (*iam.Principal, error) {
	return w.verifier.Authenticate(w.t.Context(), r, bodyOf(body))
}

// refused checks the code and the text of a refusal.
func refused(t *testing.T, err error, code awsapi.Code, text string) {
	t.Helper()
	require.ErrorIs(t, err, code)
	require.Equal(t, text, awsapi.AsError(err).Message)
	require.Equal(t, http.StatusBadRequest, awsapi.AsError(err).HTTPStatus())
}
