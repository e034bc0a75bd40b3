package awshttp_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cenote-auth/cenote/awshttp"
	"github.com/cenote-auth/cenote/iam"
)

const shaped = "AWS4-HMAC-SHA256 Credential=test/20260304/us-east-1/cognito-idp/aws4_request, SignedHeaders=host;x-amz-date, Signature=00"

func devGuard(t testing.TB) *awshttp.DevGuard {
	t.Helper()
	g, err := awshttp.NewDevGuard(awshttp.DevConfig{Regions: []string{"eu-central-1"}, AllowHosts: []string{"dev.example"}})
	require.NoError(t, err)
	return g
}

// dev is a handler as a server for development has it.
func dev(t testing.TB) *world {
	t.Helper()
	return setup(t, func(c *awshttp.Config) { c.Authenticator, c.Dev = iam.AnyCredentials{}, devGuard(t) })
}

// local is a JSON 1.1 request that any program may send to such a server.
func local(op string) *http.Request {
	r := post(idp+op, `{}`)
	r.Host = "localhost:9229"
	r.Header.Set("Authorization", shaped)
	r.Header.Set("X-Amz-Date", "20260304T120000Z")
	return r
}

// The names that a server for development answers to. DNS rebinding ends here.
func TestC1_KnownHosts(t *testing.T) {
	t.Parallel()
	for host, known := range map[string]bool{
		"localhost": true, "localhost:9229": true, "LOCALHOST.": true, "people.localhost:9229": true,
		"127.0.0.1": true, "127.8.9.10:80": true, "[::1]:9229": true, "dev.example:9229": true,
		"cognito-idp.eu-central-1.amazonaws.com": true, "cognito-identity.eu-central-1.amazonaws.com": true,
		"cognito-sync.eu-central-1.amazonaws.com": true, "sts.eu-central-1.amazonaws.com": true,
		"": false, "evil.example": false, "localhost.evil.example": false, "evillocalhost": false, "127.0.0.1.evil.example": false,
		"127.0.0.1.nip.io": false, "0.0.0.0": false, "192.168.1.5:9229": false, "169.254.169.254": false, "[::ffff:8.8.8.8]": false,
		"cognito-idp.us-east-1.amazonaws.com": false, "x.dev.example": false, "localhost:9229@evil.example": false, "127.1": false, "2130706433": false,
	} {
		t.Run(host, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, known, devGuard(t).Known(host))
			for _, op := range []string{"SignUp", "AdminGetUser"} {
				w, r := dev(t), local(op)
				r.Host = host
				res := w.do(r)
				require.Equal(t, known, len(w.idp.served()) == 1)
				if !known {
					require.Equal(t, 421, res.StatusCode)
					require.Empty(t, res.Header.Get("Access-Control-Allow-Origin"))
				}
			}
		})
	}
}

// A page of somebody else runs no signed operation and reads no answer of one; public operations stay open to pages.
func TestC1_ForeignPages(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, origin, site string
		foreign            bool
	}{
		{"program", "", "", false},
		{"own page", "http://localhost:9229", "same-origin", false},
		{"front end on another port", "http://localhost:5173", "same-site", false},
		{"front end by address", "http://127.0.0.1:5173", "", false},
		{"allowed host", "https://dev.example", "same-site", false},
		{"address bar", "", "none", false},
		{"foreign origin", "https://evil.example", "", true},
		{"foreign origin, old browser", "http://evil.example:9229", "", true},
		{"foreign origin, said to be same-site", "https://evil.example", "same-site", true},
		{"cross-site without origin", "", "cross-site", true},
		{"cross-site from localhost", "http://localhost:1", "cross-site", true},
		{"sandboxed frame", "null", "cross-site", true},
		{"sandboxed frame, old browser", "null", "", true},
		{"extension", "chrome-extension://localhost", "", true},
		{"look-alike", "http://localhost.evil.example", "", true},
		{"user part", "http://localhost@evil.example", "", true},
		{"AWS name", "https://cognito-idp.eu-central-1.amazonaws.com", "", true},
		{"not an origin", "%", "", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			set := func(r *http.Request) *http.Request {
				if tt.origin != "" {
					r.Header.Set("Origin", tt.origin)
				}
				if tt.site != "" {
					r.Header.Set("Sec-Fetch-Site", tt.site)
				}
				return r
			}
			w := dev(t)
			res := w.do(set(local("AdminGetUser")))
			if tt.foreign {
				answer(t, res, 403, `{"__type":"AccessDeniedException","message":"A page of another site must not call signed operations of a server for development."}`)
				require.Empty(t, w.idp.served())
				require.Empty(t, res.Header.Get("Access-Control-Allow-Origin"))
			} else {
				answer(t, res, 200, `{}`)
				require.Equal(t, tt.origin, res.Header.Get("Access-Control-Allow-Origin"))
			}
			require.Equal(t, "Origin", res.Header.Get("Vary"))

			res = w.do(set(local("SignUp")))
			answer(t, res, 200, `{}`)
			require.Equal(t, "*", res.Header.Get("Access-Control-Allow-Origin"))

			wrapped := httptest.NewRecorder()
			devGuard(t).Wrap(http.NotFoundHandler()).ServeHTTP(wrapped, set(local("")))
			require.Equal(t, map[bool]int{true: 403, false: 404}[tt.foreign], wrapped.Code)
		})
	}
	r, rec := local(""), httptest.NewRecorder()
	r.Host = "evil.example"
	devGuard(t).Wrap(http.NotFoundHandler()).ServeHTTP(rec, r)
	require.Equal(t, 421, rec.Code)
}

// A signed operation needs an Authorization header and a content type that no browser sends without asking.
func TestC1_SignedShape(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		request func() *http.Request
		status  int
	}{
		{"as the SDK sends it", func() *http.Request { return local("AdminGetUser") }, 200},
		{"no Authorization", func() *http.Request { r := local("AdminGetUser"); r.Header.Del("Authorization"); return r }, 400},
		{"basic", func() *http.Request { r := local("AdminGetUser"); r.SetBasicAuth("a", "b"); return r }, 400},
		{"plain text", func() *http.Request { r := local("AdminGetUser"); r.Header.Set("Content-Type", "text/plain"); return r }, 404},
		{"form", func() *http.Request {
			r := local("AdminGetUser")
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			return r
		}, 404},
		{"a link with a signature", func() *http.Request {
			r := httptest.NewRequest("GET", "http://localhost/identitypools?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=a%2F20260304%2Fb%2Fcognito-sync%2Faws4_request"+
				"&X-Amz-Date=20260304T120000Z&X-Amz-Expires=60&X-Amz-SignedHeaders=host&X-Amz-Signature=00", nil)
			return r
		}, 403},
		{"Sync body without content type", func() *http.Request {
			r := rest(t, "POST", dataset, `{}`)
			r.Host = "localhost"
			r.Header.Del("Content-Type")
			return r
		}, 415},
		{"Sync body", func() *http.Request { r := rest(t, "POST", dataset, `{}`); r.Host = "localhost"; return r }, 200},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := dev(t)
			require.Equal(t, tt.status, w.do(tt.request()).StatusCode)
			require.Len(t, append(w.idp.served(), w.sync.served()...), map[bool]int{true: 1}[tt.status == 200])
		})
	}
}

// A foreign page is not even allowed to send what a signed request has.
func TestC1_Preflight(t *testing.T) {
	t.Parallel()
	for origin, allowed := range map[string]string{
		"https://evil.example":  "content-type,x-amz-target",
		"http://localhost:5173": "authorization,content-type,x-amz-date,x-amz-target",
	} {
		r := httptest.NewRequest("OPTIONS", "http://localhost:9229/", nil)
		r.Header.Set("Origin", origin)
		r.Header.Set("Access-Control-Request-Method", "POST")
		r.Header.Set("Access-Control-Request-Headers", "authorization,content-type,x-amz-date,x-amz-target")
		res := dev(t).do(r)
		require.Equal(t, 200, res.StatusCode)
		require.Equal(t, allowed, res.Header.Get("Access-Control-Allow-Headers"))
	}
}

func TestDevConfig(t *testing.T) {
	t.Parallel()
	for text, cfg := range map[string]awshttp.DevConfig{
		`Regions: ""`:             {Regions: []string{""}},
		`Regions: "a.evil"`:       {Regions: []string{"a.evil"}},
		`Regions: "EU"`:           {Regions: []string{"EU"}},
		`AllowHosts: "http://a/"`: {AllowHosts: []string{"http://a/"}},
	} {
		_, err := awshttp.NewDevGuard(cfg)
		require.ErrorContains(t, err, "DevConfig."+text)
	}
}
