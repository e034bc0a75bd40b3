package awshttp_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cenote-auth/cenote/awsapi"
	"github.com/cenote-auth/cenote/awshttp"
	"github.com/cenote-auth/cenote/iam"
)

// ERR-001, 005: what success looks like.
func TestSuccess(t *testing.T) {
	t.Parallel()
	w := setup(t, nil)
	r := post(idp+"SignUp", `{"ClientId":"c"}`)
	r.RemoteAddr, r.Host = "203.0.113.9:4711", "example.com"
	r.Header.Set("User-Agent", "sdk/1")
	res := w.do(r)
	answer(t, res, 200, `{"ClientId":"c"}`)
	require.Equal(t, http.Header{
		"Content-Type":                  {json11},
		"Content-Length":                {"16"},
		"X-Amzn-Requestid":              {requestID},
		"Access-Control-Allow-Origin":   {"*"},
		"Access-Control-Expose-Headers": {"x-amzn-RequestId,x-amzn-ErrorType,x-amzn-ErrorMessage,Date"},
	}, res.Header)
	require.Equal(t, []served{{"SignUp", `{"ClientId":"c"}`,
		awsapi.Caller{SourceIP: "203.0.113.9", UserAgent: "sdk/1", RequestID: requestID}, nil}}, w.idp.served())
}

// ERR-001: operations without output answer nothing, others at least an object.
func TestEmptyOutput(t *testing.T) {
	t.Parallel()
	w := setup(t, nil)
	answer(t, w.do(sign(t, post(idp+"AdminDeleteUser", `{}`), "cognito-idp", `{}`)), 200, "")
	answer(t, w.do(post(idp+"SignUp", "")), 200, "{}")
}

// ERR-014, POOL-008: a signed operation carries its principal, to the service and to the authorizer.
func TestSignedOperation(t *testing.T) {
	t.Parallel()
	w := setup(t, nil)
	answer(t, w.do(sign(t, post(idp+"AdminGetUser", `{"Username":"ada"}`), "cognito-idp", `{"Username":"ada"}`)), 200, `{"Username":"ada"}`)
	got := w.idp.served()[0]
	require.Equal(t, admin, got.caller.ARN)
	require.Equal(t, account, got.caller.Account)
	require.Equal(t, admin, got.principal.ARN)
}

// IAM-099, POOL-008: a signature on a public operation is neither verified nor worth anything.
func TestPublicOperationIgnoresSignature(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"SignUp", "GetUser"} {
		w := setup(t, nil)
		r := post(idp+name, `{}`)
		r.Header.Set("Authorization", "AWS4-HMAC-SHA256 nonsense")
		answer(t, w.do(r), 200, `{}`)
		require.Empty(t, w.idp.served()[0].caller.ARN)
		require.Nil(t, w.idp.served()[0].principal)
	}
}

// ERR-002, 003, 004, 006, 010 to 013: the forms of errors.
func TestErrors(t *testing.T) {
	t.Parallel()
	signed := func(body string) func(t *testing.T) *http.Request {
		return func(t *testing.T) *http.Request { return sign(t, post(idp+"AdminGetUser", body), "cognito-idp", body) }
	}
	public := func(*testing.T) *http.Request { return post(idp+"SignUp", `{}`) }
	fails := func(err error) func(*world) {
		return func(w *world) {
			w.idp.do = func(context.Context, *awsapi.Operation, []byte) ([]byte, error) { return nil, err }
		}
	}
	tests := []struct {
		name    string
		request func(t *testing.T) *http.Request
		prepare func(*world)
		status  int
		code    string
		message string // in the header
		body    string
	}{
		{"ERR-002 client error", public, fails(awsapi.Code("InvalidParameterException").New("Error while parsing filter.")), 400,
			"InvalidParameterException", "Error while parsing filter.", `{"__type":"InvalidParameterException","message":"Error while parsing filter."}`},
		{"ERR-004 reason", public, fails(&awsapi.Error{Code: "InvalidParameterException", Message: "m", Reason: "r"}), 400,
			"InvalidParameterException", "m", `{"__type":"InvalidParameterException","message":"m","reasonCode":"r"}`},
		{"ERR-006 anything else", public, fails(errors.New("disk full")), 500,
			"InternalErrorException", "An internal error occurred.", `{"__type":"InternalErrorException","message":"An internal error occurred."}`},
		{"ERR-003 message with line breaks", public, fails(awsapi.Code("X").New("a\r\nSet-Cookie: b\x00ü")), 400,
			"X", "a  Set-Cookie: b   ", `{"__type":"X","message":"a\r\nSet-Cookie: b\u0000ü"}`},
		{"ERR-010 not JSON", func(*testing.T) *http.Request { return post(idp+"SignUp", `{`) }, nil, 400,
			"SerializationException", "", `{"__type":"SerializationException"}`},
		{"ERR-011 unknown operation", func(*testing.T) *http.Request { return post(idp+"Nope", `{}`) }, nil, 400,
			"UnknownOperationException", "", `{"__type":"UnknownOperationException"}`},
		{"ERR-011 other prefix", func(*testing.T) *http.Request { return post("SignUp", `{}`) }, nil, 400,
			"UnknownOperationException", "", `{"__type":"UnknownOperationException"}`},
		{"ERR-011 no target", func(*testing.T) *http.Request { return post("", `{}`) }, nil, 400,
			"UnknownOperationException", "", `{"__type":"UnknownOperationException"}`},
		{"ERR-012 unsigned", func(*testing.T) *http.Request { return post(idp+"AdminGetUser", `{}`) }, nil, 400,
			"MissingAuthenticationTokenException", "Missing Authentication Token",
			`{"__type":"MissingAuthenticationTokenException","message":"Missing Authentication Token"}`},
		{"ERR-013 bearer token", func(*testing.T) *http.Request {
			r := post(idp+"AdminGetUser", `{}`)
			r.Header.Set("Authorization", "Bearer x")
			r.Header.Set("X-Amz-Date", "20260304T120000Z")
			return r
		}, nil, 400, "IncompleteSignatureException",
			"Authorization header requires 'Credential' parameter. Authorization header requires 'Signature' parameter. Authorization header requires 'SignedHeaders' parameter. Authorization=Bearer x",
			`{"__type":"IncompleteSignatureException","message":"Authorization header requires 'Credential' parameter. Authorization header requires 'Signature' parameter. Authorization header requires 'SignedHeaders' parameter. Authorization=Bearer x"}`},
		{"ERR-013 signed for another operation", func(t *testing.T) *http.Request {
			r := signed(`{}`)(t)
			r.Header.Set("X-Amz-Target", idp+"AdminDeleteUser")
			return r
		}, nil, 400, "InvalidSignatureException",
			"The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.",
			`{"__type":"InvalidSignatureException","message":"The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details."}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := setup(t, nil)
			if tt.prepare != nil {
				tt.prepare(w)
			}
			res := w.do(tt.request(t))
			answer(t, res, tt.status, tt.body)
			require.Equal(t, json11, res.Header.Get("Content-Type"))
			require.Equal(t, tt.code+":", res.Header.Get("X-Amzn-ErrorType"))
			require.Equal(t, tt.message, res.Header.Get("X-Amzn-ErrorMessage"))
			require.Equal(t, requestID, res.Header.Get("X-Amzn-RequestId"))
			require.Equal(t, "*", res.Header.Get("Access-Control-Allow-Origin"))
		})
	}
}

// ERR-011: requests of no known protocol.
func TestNoProtocol(t *testing.T) {
	t.Parallel()
	tests := map[string]func(*http.Request){
		"GET":                     func(r *http.Request) { r.Method = "GET" },
		"PUT":                     func(r *http.Request) { r.Method = "PUT" },
		"form":                    func(r *http.Request) { r.Header.Set("Content-Type", "application/x-www-form-urlencoded") },
		"plain text":              func(r *http.Request) { r.Header.Set("Content-Type", "text/plain") },
		"JSON 1.0":                func(r *http.Request) { r.Header.Set("Content-Type", "application/x-amz-json-1.0") },
		"no content type":         func(r *http.Request) { r.Header.Del("Content-Type") },
		"two content types":       func(r *http.Request) { r.Header.Add("Content-Type", json11) },
		"GET of something else":   func(r *http.Request) { r.Method = "GET"; r.URL.Path = "/favicon.ico"; r.Header.Del("X-Amz-Target") },
		"unknown Sync operation":  func(r *http.Request) { r.Method = "PATCH"; r.URL.Path = "/identitypools"; r.Header.Del("X-Amz-Target") },
		"form without any target": func(r *http.Request) { r.Header.Set("Content-Type", "x/y"); r.Header.Del("X-Amz-Target") },
	}
	for name, change := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, r := setup(t, nil), post(idp+"SignUp", `{}`)
			change(r)
			res := w.do(r)
			answer(t, res, 404, "<UnknownOperationException/>\n")
			require.Equal(t, "UnknownOperationException:", res.Header.Get("X-Amzn-ErrorType"))
			require.Empty(t, w.idp.served())
		})
	}
}

// A target counts once, exactly as it is, and at the root.
func TestC9_OneTarget(t *testing.T) {
	t.Parallel()
	tests := map[string]func(*http.Request){
		"two targets":   func(r *http.Request) { r.Header.Add("X-Amz-Target", idp+"SignUp") },
		"empty target":  func(r *http.Request) { r.Header.Set("X-Amz-Target", "") },
		"other case":    func(r *http.Request) { r.Header.Set("X-Amz-Target", strings.ToLower(idp+"SignUp")) },
		"spaces":        func(r *http.Request) { r.Header.Set("X-Amz-Target", " "+idp+"SignUp") },
		"no operation":  func(r *http.Request) { r.Header.Set("X-Amz-Target", idp) },
		"a list":        func(r *http.Request) { r.Header.Set("X-Amz-Target", idp+"SignUp,"+idp+"SignUp") },
		"below a path":  func(r *http.Request) { r.URL.Path = "/identitypools" },
		"too long":      func(r *http.Request) { r.Header.Set("X-Amz-Target", idp+strings.Repeat("A", 1<<16)) },
		"not printable": func(r *http.Request) { r.Header.Set("X-Amz-Target", "\xff\x00") },
	}
	for name, change := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, r := setup(t, nil), post(idp+"SignUp", `{}`)
			change(r)
			answer(t, w.do(r), 400, `{"__type":"UnknownOperationException"}`)
			require.Empty(t, w.idp.served())
		})
	}
}

// Without an Authenticator or an Authorizer no signed operation runs, and public ones do.
func TestC9_NilRefusesSigned(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		change func(*awshttp.Config)
		code   string
	}{
		{"no Authenticator", func(c *awshttp.Config) { c.Authenticator = nil }, "UnrecognizedClientException:"},
		{"no Authorizer", func(c *awshttp.Config) { c.Authorizer = nil }, "AccessDeniedException:"},
		{"neither", func(c *awshttp.Config) { c.Authenticator, c.Authorizer = nil, nil }, "UnrecognizedClientException:"},
		{"Authenticator without answer", func(c *awshttp.Config) { c.Authenticator = answers{} }, "InternalErrorException:"},
		{"Authenticator without ARN", func(c *awshttp.Config) { c.Authenticator = answers{p: &iam.Principal{}} }, "InternalErrorException:"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := setup(t, tt.change)
			for _, op := range []string{"AdminGetUser", "AdminDeleteUser"} {
				res := w.do(sign(t, post(idp+op, `{}`), "cognito-idp", `{}`))
				require.Equal(t, tt.code, res.Header.Get("X-Amzn-ErrorType"))
			}
			require.Empty(t, w.idp.served())
			answer(t, w.do(post(idp+"SignUp", `{}`)), 200, `{}`)
		})
	}
	w := setup(t, func(c *awshttp.Config) { c.Authenticator = nil })
	require.Equal(t, "MissingAuthenticationTokenException:", w.do(post(idp+"AdminGetUser", `{}`)).Header.Get("X-Amzn-ErrorType"))
}

// answers is an authenticator with a fixed answer.
type answers struct{ p *iam.Principal }

func (a answers) Authenticate(context.Context, *iam.Request, iam.Body) (*iam.Principal, error) {
	return a.p, nil
}

// ERR-013: the authorizer's refusal, in AWS's words.
func TestAccessDenied(t *testing.T) {
	t.Parallel()
	w := setup(t, func(c *awshttp.Config) { c.Authorizer = nil })
	answer(t, w.do(sign(t, post(idp+"AdminGetUser", `{}`), "cognito-idp", `{}`)), 400,
		`{"__type":"AccessDeniedException","message":"User: `+admin+` is not authorized to perform: cognito-idp:AdminGetUser on resource: `+
			poolARN+` because no identity-based policy allows the cognito-idp:AdminGetUser action"}`)
}

// Access logs have the operation and the outcome, and nothing that a client sent.
func TestH16_AccessLog(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	w := setup(t, func(c *awshttp.Config) {
		c.Logger = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey {
				return slog.Attr{}
			}
			return a
		}}))
	})
	w.do(post(idp+"SignUp", `{"Password":"canary"}`))
	w.do(post(idp+"canary", `{"Password":"canary"}`))
	r := httptest.NewRequest("GET", "/identitypools?nextToken=canary", nil)
	r.Header.Set("Authorization", "canary")
	r.Header.Set("User-Agent", "canary")
	w.do(r)
	require.Equal(t, `level=INFO msg=request op=cognito-idp:SignUp status=200 code="" duration=0s request=`+requestID+`
level=INFO msg=request op=- status=400 code=UnknownOperationException duration=0s request=`+requestID+`
level=INFO msg=request op=cognito-sync:ListIdentityPoolUsage status=400 code=IncompleteSignatureException duration=0s request=`+requestID+"\n", log.String())
}

// What fails while authenticating is logged and not told.
func TestAuthenticatorFailure(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	w := setup(t, func(c *awshttp.Config) {
		c.Authenticator, c.Logger = answers{}, slog.New(slog.NewTextHandler(&log, nil))
	})
	answer(t, w.do(post(idp+"AdminGetUser", `{}`)), 500, `{"__type":"InternalErrorException","message":"An internal error occurred."}`)
	require.Contains(t, log.String(), "returned no principal and no error")
}

// Request ids are random by themselves.
func TestRequestIDs(t *testing.T) {
	t.Parallel()
	w := setup(t, func(c *awshttp.Config) { c.Rand = nil })
	seen := map[string]bool{}
	for range 100 {
		seen[w.do(post(idp+"SignUp", `{}`)).Header.Get("X-Amzn-RequestId")] = true
	}
	require.Len(t, seen, 100)
}

// Below a prefix the signature covers the path of the wire, the route the rest of it.
func TestBelowPrefix(t *testing.T) {
	t.Parallel()
	w := setup(t, nil)
	mux := http.NewServeMux()
	mux.Handle("/aws/", http.StripPrefix("/aws", w.handler))
	body := `{"Username":"ada"}`
	r := httptest.NewRequest("POST", "/aws/", strings.NewReader(body))
	r.Header.Set("Content-Type", json11)
	r.Header.Set("X-Amz-Target", idp+"AdminGetUser")
	rec := httptest.NewRecorder()
	mux.ServeHTTP(rec, sign(t, r, "cognito-idp", body))
	answer(t, rec.Result(), 200, body)
}

// Config mistakes are named.
func TestConfig(t *testing.T) {
	t.Parallel()
	guard, err := awshttp.NewDevGuard(awshttp.DevConfig{})
	require.NoError(t, err)
	rest := &awsapi.Service{Name: "s", Protocol: awsapi.RESTJSON}
	ops := func(list ...*awsapi.Operation) []awshttp.Service { return []awshttp.Service{&fake{ops: list}} }
	good := []awshttp.Service{userPools()}
	for name, tt := range map[string]struct {
		cfg  awshttp.Config
		text string
	}{
		"no services":    {awshttp.Config{}, "Config.Services offers no operation"},
		"service twice":  {awshttp.Config{Services: []awshttp.Service{userPools(), userPools()}}, "SignUp: target " + idp + "SignUp is taken"},
		"no protocol":    {awshttp.Config{Services: ops(&awsapi.Operation{Name: "X", Service: &awsapi.Service{}})}, `X: unknown protocol ""`},
		"no service":     {awshttp.Config{Services: ops(&awsapi.Operation{Name: "X"})}, "X: has no service"},
		"relative path":  {awshttp.Config{Services: ops(&awsapi.Operation{Name: "X", Service: rest, Path: "a"})}, "does not begin with a slash"},
		"unbound":        {awshttp.Config{Services: ops(&awsapi.Operation{Name: "X", Service: rest, Path: "/{A}"})}, "no member is bound to {A}"},
		"not in path":    {awshttp.Config{Services: ops(&awsapi.Operation{Name: "X", Service: rest, Path: "/", Bindings: []awsapi.Binding{{Member: "A", Place: awsapi.InURI, Name: "A"}}})}, "lacks bound members"},
		"odd place":      {awshttp.Config{Services: ops(&awsapi.Operation{Name: "X", Service: rest, Path: "/", Bindings: []awsapi.Binding{{Member: "A", Place: "cookie"}}})}, `travels in "cookie"`},
		"path twice":     {awshttp.Config{Services: ops(&awsapi.Operation{Name: "X", Service: rest, Path: "/a"}, &awsapi.Operation{Name: "Y", Service: rest, Path: "/a"})}, "path /a is taken by X"},
		"MaxBody":        {awshttp.Config{Services: good, MaxBody: -1}, "Config.MaxBody -1"},
		"Hosts":          {awshttp.Config{Services: good, Hosts: []string{"a b"}}, `Config.Hosts: "a b"`},
		"AllowOrigins":   {awshttp.Config{Services: good, AllowOrigins: []string{"https://a/"}}, `Config.AllowOrigins: "https://a/"`},
		"Dev and Hosts":  {awshttp.Config{Services: good, Dev: guard, Hosts: []string{"a"}}, "Config.Dev has its own rules"},
		"TrustedProxies": {awshttp.Config{Services: good, TrustedProxies: make([]netip.Prefix, 1)}, "Config.TrustedProxies"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := awshttp.New(tt.cfg)
			require.ErrorContains(t, err, tt.text)
		})
	}
}

// A minimal configuration works: nil means the defaults.
func TestZeroConfig(t *testing.T) {
	t.Parallel()
	h, err := awshttp.New(awshttp.Config{Services: []awshttp.Service{userPools()}})
	require.NoError(t, err)
	srv := httptest.NewServer(h)
	defer srv.Close()
	req, err := http.NewRequestWithContext(t.Context(), "POST", srv.URL, strings.NewReader(`{}`))
	require.NoError(t, err)
	req.Header.Set("Content-Type", json11+"; charset=utf-8")
	req.Header.Set("X-Amz-Target", idp+"SignUp")
	res, err := srv.Client().Do(req)
	require.NoError(t, err)
	defer res.Body.Close()
	answer(t, res, 200, `{}`)
	date, err := time.Parse(time.RFC1123, res.Header.Get("Date"))
	require.NoError(t, err)
	require.WithinDuration(t, time.Now(), date, time.Minute)
}
