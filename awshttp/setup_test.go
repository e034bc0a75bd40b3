package awshttp_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/stretchr/testify/require"

	"github.com/cenote-auth/cenote/awsapi"
	"github.com/cenote-auth/cenote/awshttp"
	"github.com/cenote-auth/cenote/iam"
)

const (
	region  = "eu-central-1"
	account = "123456789012"
	admin   = "arn:aws:iam::123456789012:user/admin"
	keyID   = "AKIDEXAMPLE"
	secret  = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
	idp     = "AWSCognitoIdentityProviderService."
	poolARN = "arn:aws:cognito-idp:eu-central-1:123456789012:userpool/eu-central-1_Example01"

	json11 = "application/x-amz-json-1.1"
)

var noon = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

// fake is a service that remembers what reached it.
type fake struct {
	ops []*awsapi.Operation
	do  func(ctx context.Context, op *awsapi.Operation, body []byte) ([]byte, error) // nil echoes the body

	mu    sync.Mutex
	calls []served
}

type served struct {
	op, body  string
	caller    awsapi.Caller
	principal *iam.Principal
}

func (f *fake) Operations() []*awsapi.Operation { return f.ops }

func (f *fake) Serve(ctx context.Context, op *awsapi.Operation, body []byte, guard awsapi.Guard) ([]byte, error) {
	var in map[string]any
	if len(body) > 0 && json.Unmarshal(body, &in) != nil {
		return nil, awsapi.ErrSerialization
	}
	c := &awsapi.Call{Op: op, Input: in, Resource: poolARN, Caller: awsapi.CallerFrom(ctx)}
	if err := guard(ctx, c); err != nil {
		return nil, err
	}
	f.mu.Lock()
	f.calls = append(f.calls, served{op.Name, string(body), c.Caller, iam.PrincipalFrom(ctx)})
	f.mu.Unlock()
	if f.do != nil {
		return f.do(ctx, op, body)
	}
	return bytes.Clone(body), nil
}

func (f *fake) served() []served {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.calls
}

// userPools offers one operation of each kind over JSON 1.1.
func userPools() *fake {
	svc := &awsapi.Service{Name: "cognito-idp", TargetPrefix: "AWSCognitoIdentityProviderService", Protocol: awsapi.JSON11}
	op := func(name string, auth awsapi.Auth) *awsapi.Operation {
		return &awsapi.Operation{Name: name, Service: svc, Auth: auth, Method: "POST", Path: "/", Status: 200}
	}
	remove := op("AdminDeleteUser", awsapi.AuthSigV4)
	remove.NoOutput = true
	return &fake{ops: []*awsapi.Operation{
		op("SignUp", awsapi.AuthNone), op("GetUser", awsapi.AuthAccessToken), op("AdminGetUser", awsapi.AuthSigV4), remove,
	}}
}

// syncService offers rest-json operations of Cognito Sync.
func syncService() *fake {
	svc := &awsapi.Service{Name: "cognito-sync", Protocol: awsapi.RESTJSON, Statuses: []awsapi.CodeStatus{
		{Code: "NotAuthorizedException", Status: 403}, {Code: "ResourceNotFoundException", Status: 404}, {Code: awsapi.ErrAccessDenied, Status: 403},
		{Code: "ResourceConflictException", Status: 409}, {Code: awsapi.ErrTooManyRequests, Status: 429}, {Code: "LambdaThrottledException", Status: 429},
	}}
	uri := func(names ...string) (b []awsapi.Binding) {
		for _, n := range names {
			b = append(b, awsapi.Binding{Member: n, Place: awsapi.InURI, Name: n})
		}
		return b
	}
	paging := []awsapi.Binding{
		{Member: "NextToken", Place: awsapi.InQuery, Name: "nextToken"},
		{Member: "MaxResults", Place: awsapi.InQuery, Name: "maxResults", Number: true},
	}
	op := func(name, method, path string, b ...awsapi.Binding) *awsapi.Operation {
		return &awsapi.Operation{Name: name, Service: svc, Auth: awsapi.AuthSigV4, Method: method, Path: path, Bindings: b, Status: 200}
	}
	const pool = "/identitypools/{IdentityPoolId}"
	const dataset = pool + "/identities/{IdentityId}/datasets/{DatasetName}"
	names := uri("IdentityPoolId", "IdentityId", "DatasetName")
	events := op("SetCognitoEvents", "POST", pool+"/events", uri("IdentityPoolId")...)
	events.NoOutput = true
	return &fake{ops: []*awsapi.Operation{
		op("ListIdentityPoolUsage", "GET", "/identitypools", paging...),
		op("DescribeIdentityPoolUsage", "GET", pool, uri("IdentityPoolId")...),
		op("ListRecords", "GET", dataset+"/records", append(paging, names...)...),
		op("DeleteDataset", "DELETE", dataset, names...),
		op("UpdateRecords", "POST", dataset, append(names, awsapi.Binding{
			Member: "ClientContext", Place: awsapi.InHeader, Name: "x-amz-Client-Context",
		})...),
		events,
	}}
}

// world is a handler over fake services.
type world struct {
	t       testing.TB
	handler *awshttp.Handler
	idp     *fake
	sync    *fake
}

func setup(t testing.TB, change func(*awshttp.Config)) *world {
	t.Helper()
	w := &world{t: t, idp: userPools(), sync: syncService()}
	keys, err := iam.NewStaticKeys(iam.AccessKey{ID: keyID, Secret: secret, Principal: iam.Principal{ARN: admin, Account: account}})
	require.NoError(t, err)
	verifier, err := iam.NewVerifier(iam.VerifierConfig{Keys: keys, Region: region, Now: func() time.Time { return noon }})
	require.NoError(t, err)
	cfg := awshttp.Config{
		Services:      []awshttp.Service{w.idp, w.sync},
		Authenticator: verifier,
		Authorizer:    iam.AllowAll{},
		Now:           func() time.Time { return noon },
		Rand:          zeros{},
	}
	if change != nil {
		change(&cfg)
	}
	w.handler, err = awshttp.New(cfg)
	require.NoError(t, err)
	return w
}

// zeros is a source of randomness without any.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

const requestID = "00000000-0000-4000-8000-000000000000" // of zeros

// post is a JSON 1.1 request.
func post(target, body string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "http://cognito-idp.eu-central-1.amazonaws.com/", strings.NewReader(body))
	r.Header.Set("Content-Type", json11)
	if target != "" {
		r.Header.Set("X-Amz-Target", target)
	}
	return r
}

// sign signs a request as the AWS SDK for Go does.
func sign(t testing.TB, r *http.Request, service, body string) *http.Request {
	t.Helper()
	hash := sha256.Sum256([]byte(body))
	creds := aws.Credentials{AccessKeyID: keyID, SecretAccessKey: secret}
	out := r.Clone(t.Context())
	out.RequestURI = ""
	require.NoError(t, v4.NewSigner().SignHTTP(t.Context(), creds, out, hex.EncodeToString(hash[:]), service, region, noon))
	r.Header = out.Header
	return r
}

func (w *world) do(r *http.Request) *http.Response {
	rec := httptest.NewRecorder()
	w.handler.ServeHTTP(rec, r)
	return rec.Result()
}

// answer checks the status and the body of an answer.
func answer(t testing.TB, res *http.Response, status int, body string) {
	t.Helper()
	got, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	require.Equal(t, body, string(got))
	require.Equal(t, status, res.StatusCode)
}
