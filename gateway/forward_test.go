package gateway_test

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"reflect"
	"strings"
	"testing"

	"github.com/cenote-auth/cenote/gateway"
	"github.com/cenote-auth/cenote/token"
)

func (b *bench) forwarding(t testing.TB) gateway.Config {
	t.Helper()
	return gateway.Config{
		Verifier: b.verifier(t, nil), DropToken: true,
		Forward: map[string]func(*token.Claims) string{
			"x-forwarded-user": func(c *token.Claims) string { return c.Username },
			"X-Device":         func(c *token.Claims) string { return c.DeviceKey },
		},
	}
}

// H9: what the service believes comes from the token, however a client spells its own claim to be somebody.
func TestH9_ForgedHeadersDoNotGetThrough(t *testing.T) {
	t.Parallel()
	b := setup(t)
	tests := []struct {
		name   string
		forged http.Header
		want   http.Header
	}{
		{"nothing forged", nil, http.Header{"X-Forwarded-User": {"ada"}}},
		{"as it is", http.Header{"X-Forwarded-User": {"root"}}, http.Header{"X-Forwarded-User": {"ada"}}},
		{"twice", http.Header{"X-Forwarded-User": {"root", "toor"}}, http.Header{"X-Forwarded-User": {"ada"}}},
		{"with underscores", http.Header{"X_forwarded_user": {"root"}, "X_Forwarded-User": {"root"}}, http.Header{"X-Forwarded-User": {"ada"}}},
		{"not canonical", http.Header{"x-FORWARDED-user": {"root"}}, http.Header{"X-Forwarded-User": {"ada"}}},
		{"what the token does not say", http.Header{"X-Device": {"mine"}}, http.Header{"X-Forwarded-User": {"ada"}}},
		{"others pass", http.Header{"X-Other": {"1", "2"}, "X-Forwarded-User2": {"3"}},
			http.Header{"X-Forwarded-User": {"ada"}, "X-Other": {"1", "2"}, "X-Forwarded-User2": {"3"}}},
		{"named in Connection", http.Header{"Connection": {"x-forwarded-user, keep-alive", "X_Forwarded_User,,X-Other"}},
			http.Header{"X-Forwarded-User": {"ada"}, "Connection": {"keep-alive, X-Other"}}},
		{"nothing else in Connection", http.Header{"Connection": {"X-Forwarded-User"}}, http.Header{"X-Forwarded-User": {"ada"}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			header := bearer(b.token(t, nil))
			maps.Copy(header, tt.forged)
			before := header.Clone()
			w, passed := ask(t, b.forwarding(t), header)
			if passed == nil {
				t.Fatalf("answered %d", w.Code)
			}
			if !reflect.DeepEqual(passed.Header, tt.want) {
				t.Errorf("the service got %v, want %v", passed.Header, tt.want)
			}
			if !reflect.DeepEqual(header, before) {
				t.Error("the caller's headers were changed")
			}
		})
	}
}

// A reverse proxy drops what Connection names, and carries trailers along.
func TestH9_ForgedHeadersThroughAProxy(t *testing.T) {
	t.Parallel()
	b := setup(t)
	type arrived struct{ header, trailer http.Header }
	got := make(chan arrived, 1)
	service := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var body strings.Builder
		r.Write(&body) // reads the trailers
		got <- arrived{r.Header, r.Trailer}
	}))
	t.Cleanup(service.Close)
	target, err := url.Parse(service.URL)
	if err != nil {
		t.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) }}
	front := httptest.NewServer(gateway.RequireJWT(b.forwarding(t))(proxy))
	t.Cleanup(front.Close)

	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, front.URL, struct{ *strings.Reader }{strings.NewReader("order")})
	if err != nil {
		t.Fatal(err)
	}
	r.Header = bearer(b.token(t, nil))
	r.Header.Set("Connection", "X-Forwarded-User")
	r.Trailer = http.Header{"X-Forwarded-User": {"root"}}
	res, err := front.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	a := <-got
	if res.StatusCode != http.StatusOK || !reflect.DeepEqual(a.header["X-Forwarded-User"], []string{"ada"}) || len(a.trailer) > 0 {
		t.Errorf("answered %d; the service got %v, trailers %v", res.StatusCode, a.header, a.trailer)
	}
	if a.header.Get("Authorization") != "" {
		t.Error("the token was passed on")
	}
}

func TestDropTokenAlone(t *testing.T) {
	t.Parallel()
	b := setup(t)
	header := bearer(b.token(t, nil))
	header["X-Forwarded-User"], header["Connection"] = []string{"as it came"}, []string{"close"}
	_, passed := ask(t, gateway.Config{Verifier: b.verifier(t, nil), DropToken: true}, header)
	want := http.Header{"X-Forwarded-User": {"as it came"}, "Connection": {"close"}}
	if passed == nil || !reflect.DeepEqual(passed.Header, want) {
		t.Errorf("passed on %+v", passed)
	}
}

// A name with a line end would be a second header.
func TestValuesThatAreNoHeaderAreRefused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, name := range []string{"ada\r\nX-Admin: 1", "ada\x00", "ada\u0085"} {
		w, passed := ask(t, b.forwarding(t), bearer(b.token(t, map[string]any{"username": name})))
		if w.Code != http.StatusUnauthorized || passed != nil || w.Header().Get("WWW-Authenticate") != `Bearer error="invalid_token", error_description="The token does not fit this service"` {
			t.Errorf("%q: answered %d %v", name, w.Code, w.Header())
		}
	}
}
