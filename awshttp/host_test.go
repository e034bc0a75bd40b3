package awshttp_test

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cenote-auth/cenote/awshttp"
)

// Hosts match exactly after one normalisation; everything else is refused before it is routed.
func TestH9_Hosts(t *testing.T) {
	t.Parallel()
	w := setup(t, func(c *awshttp.Config) {
		c.Hosts = []string{"Cognito-IDP.eu-central-1.amazonaws.com", "auth.example.com.", "[::1]:80", "10.0.0.1"}
	})
	for host, known := range map[string]bool{
		"cognito-idp.eu-central-1.amazonaws.com":     true,
		"COGNITO-idp.eu-central-1.amazonaws.com.":    true,
		"cognito-idp.eu-central-1.amazonaws.com:443": true,
		"auth.example.com:":                          true, "[::1]": true, "[::1]:9229": true, "10.0.0.1:80": true,
		"": false, ".": false, "example.com": false, "x.auth.example.com": false, "auth.example.com..": false,
		"auth.example.com:80:80": false, "auth.example.com:x": false, "auth.example.com/": false, "auth.example.com@evil.example": false,
		"evil.example#auth.example.com": false, "auth.example.com evil": false, "::1": false, "[::1": false, "[::1]x": false, "[10.0.0.1]": false,
		"auth.example.com:123456": false, "auth\u212Aexample.com": false,
	} {
		t.Run(host, func(t *testing.T) {
			t.Parallel()
			r := post(idp+"SignUp", `{}`)
			r.Host = host
			r.Header.Set("X-Forwarded-Host", "auth.example.com")
			res := w.do(r)
			if known {
				answer(t, res, 200, `{}`)
				return
			}
			answer(t, res, 421, "Misdirected Request\n")
			require.Empty(t, res.Header.Get("Access-Control-Allow-Origin"))
		})
	}
}

// An unknown host is refused before anything else happens, preflights included.
func TestH9_HostBeforeRouting(t *testing.T) {
	t.Parallel()
	w := setup(t, func(c *awshttp.Config) { c.Hosts = []string{"a.example"} })
	for _, method := range []string{"OPTIONS", "GET", "POST"} {
		r := post("", "")
		r.Method = method
		require.Equal(t, 421, w.do(r).StatusCode)
	}
}

// Only those whom the operator trusts can say who the client is.
func TestH9_ForwardedFor(t *testing.T) {
	t.Parallel()
	proxies := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}
	tests := []struct {
		name, remote string
		forwarded    []string
		want         string
	}{
		{"direct", "203.0.113.9:1", nil, "203.0.113.9"},
		{"direct, with a header", "203.0.113.9:1", []string{"1.2.3.4"}, "203.0.113.9"},
		{"proxy without header", "10.0.0.1:1", nil, "10.0.0.1"},
		{"proxy", "10.0.0.1:1", []string{"1.2.3.4"}, "1.2.3.4"},
		{"two proxies", "10.0.0.1:1", []string{"1.2.3.4, 10.0.0.2"}, "1.2.3.4"},
		{"forged entries on the left", "10.0.0.1:1", []string{"6.6.6.6,1.2.3.4", "10.0.0.2"}, "1.2.3.4"},
		{"all trusted", "10.0.0.1:1", []string{"10.0.0.3, 10.0.0.2"}, "10.0.0.3"},
		{"nonsense", "10.0.0.1:1", []string{"1.2.3.4, unknown"}, "10.0.0.1"},
		{"empty entry", "10.0.0.1:1", []string{"1.2.3.4,"}, "10.0.0.1"},
		{"with port", "10.0.0.1:1", []string{"1.2.3.4:99"}, "1.2.3.4"},
		{"IPv6", "[fd00::1]:1", []string{"2001:db8::1"}, "2001:db8::1"},
		{"IPv6 with port", "[fd00::1]:1", []string{"[2001:db8::1]:99"}, "2001:db8::1"},
		{"IPv4 in IPv6", "[::ffff:10.0.0.1]:1", []string{"::ffff:1.2.3.4"}, "1.2.3.4"},
		{"zone", "[fe80::1%eth0]:1", nil, "fe80::1"},
		{"no address", "@", []string{"1.2.3.4"}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := setup(t, func(c *awshttp.Config) { c.TrustedProxies = proxies })
			r := post(idp+"SignUp", `{}`)
			r.RemoteAddr, r.Header["X-Forwarded-For"] = tt.remote, tt.forwarded
			w.do(r)
			require.Equal(t, tt.want, w.idp.served()[0].caller.SourceIP)
		})
	}
}

func FuzzHost(f *testing.F) {
	for _, s := range []string{"localhost:1", "[::1]", "a..", "[", "127.0.0.1.", "x.localhost"} {
		f.Add(s)
	}
	guard, err := awshttp.NewDevGuard(awshttp.DevConfig{AllowHosts: []string{"dev.example"}})
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, host string) {
		w := setup(t, func(c *awshttp.Config) { c.Dev = guard })
		r := post(idp+"SignUp", `{}`)
		r.Host = host
		require.Equal(t, guard.Known(host), w.do(r).StatusCode == 200)
	})
}
