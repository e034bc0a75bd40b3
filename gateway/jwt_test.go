package gateway_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/cenote-auth/cenote/gateway"
	"github.com/cenote-auth/cenote/internal/testkeys"
	"github.com/cenote-auth/cenote/token"
)

func TestGoodTokensPass(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, scheme := range []string{"Bearer ", "bearer ", "BEARER   "} {
		raw := b.token(t, nil)
		w, passed := ask(t, gateway.Config{Verifier: b.verifier(t, nil)}, http.Header{"Authorization": {scheme + raw}})
		if w.Code != http.StatusNoContent || passed == nil {
			t.Fatalf("%q: answered %d %s", scheme, w.Code, w.Body)
		}
		c, ok := gateway.Claims(passed.Context())
		if !ok || c.Username != "ada" || !c.HasScope("orders/read") || !c.InGroup("admins") {
			t.Errorf("claims %+v, %t", c, ok)
		}
		if passed.Header.Get("Authorization") != scheme+raw {
			t.Error("the service did not get the header")
		}
	}
	if c, ok := gateway.Claims(t.Context()); ok || c != nil {
		t.Errorf("claims %+v without a token", c)
	}
}

// What a client learns of a refusal: status and challenge, by RFC 6750 section 3.
func TestRefusals(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, foreign, err := testkeys.Make(t.Context(), "us-east-1_Another01", token.Access)
	if err != nil {
		t.Fatal(err)
	}
	good := b.token(t, nil)
	parts := strings.Split(good, ".")
	symmetric := func() string { // HS256 under the public key's text, and alg none
		j := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims(claims(nil)))
		j.Header["kid"] = b.kid
		raw, err := j.SignedString(b.key.N.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		return raw
	}()
	none := base64.RawURLEncoding.EncodeToString([]byte(`{"kid":"`+b.kid+`","alg":"none"}`)) + "." + parts[1] + "."
	needs := func(scopes, groups []string) func(*gateway.Config) {
		return func(c *gateway.Config) { c.Scopes, c.Groups = scopes, groups }
	}
	const (
		invalid = `Bearer error="invalid_token", error_description=`
		request = `Bearer error="invalid_request", error_description=`
		little  = `Bearer error="insufficient_scope", error_description="The token grants too little"`
	)
	tests := []struct {
		name      string
		header    http.Header
		change    func(*gateway.Config)
		status    int
		challenge string
	}{
		{"no header", nil, nil, 401, `Bearer`},
		{"no header, a realm", nil, func(c *gateway.Config) { c.Realm = "orders" }, 401, `Bearer realm="orders"`},
		{"another scheme", http.Header{"Authorization": {"Basic YTpi"}}, nil, 401, `Bearer`},
		{"a scheme that begins alike", http.Header{"Authorization": {"BearerX " + good}}, nil, 401, `Bearer`},
		{"no scheme", http.Header{"Authorization": {good}}, nil, 401, `Bearer`},
		{"an empty header", http.Header{"Authorization": {""}}, nil, 401, `Bearer`},
		{"two headers", http.Header{"Authorization": {"Bearer " + good, "Bearer " + good}}, nil, 400, request + `"More than one Authorization header"`},
		{"two headers, one of them other", http.Header{"Authorization": {"Basic YTpi", "Bearer " + good}}, nil, 400, request + `"More than one Authorization header"`},
		{"no token", http.Header{"Authorization": {"Bearer"}}, nil, 400, request + `"The Authorization header is not a bearer token"`},
		{"blanks only", http.Header{"Authorization": {"Bearer  "}}, nil, 400, request + `"The Authorization header is not a bearer token"`},
		{"padding only", bearer("=="), nil, 400, request + `"The Authorization header is not a bearer token"`},
		{"two tokens", bearer(good + " " + good), nil, 400, request + `"The Authorization header is not a bearer token"`},
		{"two tokens by comma", bearer(good + "," + good), nil, 400, request + `"The Authorization header is not a bearer token"`},
		{"a tab", http.Header{"Authorization": {"Bearer\t" + good}}, nil, 401, `Bearer`},
		{"padding inside", bearer(parts[0] + "=." + parts[1] + "." + parts[2]), nil, 400, request + `"The Authorization header is not a bearer token"`},
		{"a letter that is none", bearer(good[:40] + "é" + good[40:]), nil, 400, request + `"The Authorization header is not a bearer token"`},
		{"a quote", bearer(good + `"`), nil, 400, request + `"The Authorization header is not a bearer token"`},
		{"M8: too long", bearer(strings.Repeat("a", token.MaxLength+1)), nil, 401, invalid + `"The token is too long"`},
		{"M8: as long as may be", bearer(strings.Repeat("a", token.MaxLength)), nil, 401, invalid + `"The token is malformed"`},
		{"M8: dots", bearer(strings.Repeat(".", token.MaxLength)), nil, 401, invalid + `"The token is malformed"`},
		{"no JWT", bearer("abc.def.ghi"), nil, 401, invalid + `"The token is malformed"`},
		{"padded", bearer(good + "="), nil, 401, invalid + `"The token is malformed"`},
		{"alg none", bearer(none), nil, 401, invalid + `"The signature is invalid"`},
		{"HS256", bearer(symmetric), nil, 401, invalid + `"The signature is invalid"`},
		{"another payload", bearer(parts[0] + "." + strings.Split(b.token(t, map[string]any{"username": "eve"}), ".")[1] + "." + parts[2]), nil, 401, invalid + `"The signature is invalid"`},
		{"another pool's key", bearer(b.signed(t, b.kid, foreign, nil)), nil, 401, invalid + `"The signature is invalid"`},
		{"an unknown key", bearer(b.signed(t, "other", foreign, nil)), nil, 401, invalid + `"The signing key is unknown"`},
		{"AUTH-514: expired now", bearer(b.token(t, map[string]any{"exp": now.Unix()})), nil, 401, invalid + `"The token has expired"`},
		{"not yet valid", bearer(b.token(t, map[string]any{"nbf": now.Add(time.Second).Unix()})), nil, 401, invalid + `"The token is not valid yet"`},
		{"no exp", bearer(b.token(t, map[string]any{"exp": nil})), nil, 401, invalid + `"The token is malformed"`},
		{"another issuer", bearer(b.token(t, map[string]any{"iss": issuer + "x"})), nil, 401, invalid + `"The token is from another issuer"`},
		{"an ID token", bearer(b.token(t, map[string]any{"token_use": "id", "aud": clientID})), nil, 401, invalid + `"The token is for another use"`},
		{"another client", bearer(b.token(t, map[string]any{"client_id": "2other"})), nil, 401, invalid + `"The token is for another client"`},
		{"a scope is missing", bearer(good), needs([]string{"orders/read", "orders/write"}, nil), 403, little + `, scope="orders/read orders/write"`},
		{"no scopes at all", bearer(b.token(t, map[string]any{"scope": nil})), needs([]string{"openid"}, nil), 403, little + `, scope="openid"`},
		{"a scope in another case", bearer(good), needs([]string{"OpenID"}, nil), 403, little + `, scope="OpenID"`},
		{"no group", bearer(b.token(t, map[string]any{"cognito:groups": nil})), needs(nil, []string{"admins"}), 403, little},
		{"another group", bearer(good), needs(nil, []string{"admin", "owners"}), 403, little},
		{"a group, no scope", bearer(good), needs([]string{"no"}, []string{"admins"}), 403, little + `, scope="no"`},
		{"a scope, no group", bearer(good), needs([]string{"openid"}, []string{"no"}), 403, little + `, scope="openid"`},
		{"scopes and one of the groups", bearer(good), needs([]string{"openid", "orders/read"}, []string{"owners", "staff"}), 204, ""},
		{"the verifier misses a scope", bearer(good), func(c *gateway.Config) {
			c.Verifier = b.verifier(t, func(v *token.VerifierConfig) { v.Scopes = []string{"orders/write"} })
		}, 403, little},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := gateway.Config{Verifier: b.verifier(t, nil)}
			if tt.change != nil {
				tt.change(&c)
			}
			w, passed := ask(t, c, tt.header)
			if w.Code != tt.status || w.Header().Get("WWW-Authenticate") != tt.challenge || (passed != nil) != (tt.status == 204) {
				t.Fatalf("answered %d %q, passed on: %t", w.Code, w.Header().Get("WWW-Authenticate"), passed != nil)
			}
			if tt.status == 204 {
				return
			}
			var body struct{ Message string }
			if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil || body.Message != http.StatusText(tt.status) {
				t.Errorf("body %s", w.Body)
			}
			if w.Header().Get("Content-Type") != "application/json" || w.Header().Get("Cache-Control") != "no-store" {
				t.Errorf("headers %v", w.Header())
			}
		})
	}
}

// Keys that cannot be had are nobody's fault who asks: 503, and a line for the operator.
func TestKeysUnavailable(t *testing.T) {
	t.Parallel()
	for _, cause := range []error{fmt.Errorf("%w: connection refused", token.ErrKeys), errors.New("an error of the operator's own KeySet")} {
		b := setup(t)
		b.keys = brokenKeys{cause}
		var log bytes.Buffer
		c := gateway.Config{Verifier: b.verifier(t, nil), Logger: slog.New(slog.NewTextHandler(&log, nil))}
		w, passed := ask(t, c, bearer(b.token(t, nil)))
		if w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") != "30" || w.Header().Get("WWW-Authenticate") != "" || passed != nil {
			t.Errorf("%v: answered %d %v", cause, w.Code, w.Header())
		}
		if strings.Contains(w.Body.String(), cause.Error()) || !strings.Contains(log.String(), cause.Error()) {
			t.Errorf("body %s, log %s", w.Body, &log)
		}
	}
}

func TestClientsThatLeaveAreNotLogged(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.keys = brokenKeys{fmt.Errorf("%w: %w", token.ErrKeys, context.Canceled)}
	var log bytes.Buffer
	h := gateway.RequireJWT(gateway.Config{Verifier: b.verifier(t, nil), Logger: slog.New(slog.NewTextHandler(&log, nil))})(nil)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r := httptest.NewRequestWithContext(ctx, http.MethodGet, "/", nil)
	r.Header = bearer(b.token(t, nil))
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if w.Code != http.StatusServiceUnavailable || log.Len() > 0 {
		t.Errorf("answered %d, logged %q", w.Code, &log)
	}
}

// Nothing of a token reaches a log or an answer, whatever is wrong with it.
func TestH16_NothingOfATokenIsToldOrLogged(t *testing.T) {
	t.Parallel()
	b := setup(t)
	const canary = "c4n4ry"
	secret := map[string]any{"username": canary, "sub": canary, "scope": canary, "cognito:groups": []string{canary}, "jti": canary}
	with := func(name string, value any) map[string]any {
		c := map[string]any{name: value}
		for k, v := range secret {
			c[k] = v
		}
		return c
	}
	hostile := []http.Header{
		bearer(canary), {"Authorization": {"Bearer " + canary + " " + canary}}, {"Authorization": {canary + " x"}},
		bearer(b.token(t, with("iss", canary))), bearer(b.token(t, with("token_use", canary))), bearer(b.token(t, with("client_id", canary))),
		bearer(b.token(t, with("exp", 1))), bearer(b.token(t, secret)), bearer(b.signed(t, canary, b.key, nil)),
	}
	for i, header := range hostile {
		for _, keys := range []token.KeySet{nil, brokenKeys{token.ErrKeys}} {
			b := *b
			b.keys = keys
			var log bytes.Buffer
			logger := slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
			w, passed := ask(t, gateway.Config{Verifier: b.verifier(t, nil), Scopes: []string{"s"}, Groups: []string{"g"}, Logger: logger}, header)
			answer := fmt.Sprint(w.Header(), w.Body)
			for _, text := range []string{canary, "in-the-query", "eyJ"} {
				if passed != nil || strings.Contains(answer, text) || strings.Contains(log.String(), text) {
					t.Errorf("%d: answered %s, logged %q, passed on: %t", i, answer, &log, passed != nil)
				}
			}
		}
	}
}

func TestConfigsThatCannotWorkPanic(t *testing.T) {
	t.Parallel()
	b := setup(t)
	v := b.verifier(t, nil)
	user := func(c *token.Claims) string { return c.Username }
	tests := []struct {
		name   string
		config gateway.Config
		want   string
	}{
		{"no verifier", gateway.Config{}, "Verifier is required"},
		{"an empty scope", gateway.Config{Verifier: v, Scopes: []string{""}}, `Scopes has ""`},
		{"two scopes in one", gateway.Config{Verifier: v, Scopes: []string{"a b"}}, `Scopes has "a b"`},
		{"a quote in a scope", gateway.Config{Verifier: v, Scopes: []string{`a"b`}}, `Scopes has "a\"b"`},
		{"a line end in the realm", gateway.Config{Verifier: v, Realm: "a\r\nSet-Cookie: x"}, "Realm is"},
		{"no value", gateway.Config{Verifier: v, Forward: map[string]func(*token.Claims) string{"X-User": nil}}, `Forward has "X-User"`},
		{"no name", gateway.Config{Verifier: v, Forward: map[string]func(*token.Claims) string{"": user}}, `Forward has ""`},
		{"no header's name", gateway.Config{Verifier: v, Forward: map[string]func(*token.Claims) string{"X User": user}}, `Forward has "X User"`},
		{"the token's own header", gateway.Config{Verifier: v, Forward: map[string]func(*token.Claims) string{"authorization": user}}, `Forward has "authorization"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			defer func() {
				if got := fmt.Sprint(recover()); !strings.Contains(got, tt.want) {
					t.Errorf("panic %q, want %q", got, tt.want)
				}
			}()
			gateway.RequireJWT(tt.config)
		})
	}
}

// A caller who changes its slices afterwards changes nothing.
func TestConfigIsCopied(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := gateway.Config{Verifier: b.verifier(t, nil), Scopes: []string{"no"}, Groups: []string{"no"}}
	h := gateway.RequireJWT(c)(http.NotFoundHandler())
	c.Scopes[0], c.Groups[0] = "openid", "admins"
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
	r.Header = bearer(b.token(t, nil))
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if w.Code != http.StatusForbidden {
		t.Errorf("answered %d", w.Code)
	}
}

func FuzzAuthorization(f *testing.F) {
	b := setup(f)
	good := "Bearer " + b.token(f, nil)
	c := gateway.Config{Verifier: b.verifier(f, nil), Scopes: []string{"openid"}}
	for _, s := range []string{good, "", "Bearer", "bearer x.y.z", "Basic YTpi", good + "=", good + " x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, header string) {
		w, passed := ask(t, c, http.Header{"Authorization": {header}})
		scheme, rest, _ := strings.Cut(header, " ")
		same := strings.EqualFold(scheme, "Bearer") && "Bearer "+strings.TrimLeft(rest, " ") == good
		if (passed != nil) != same {
			t.Fatalf("%q: passed on: %t", header, passed != nil)
		}
		if challenge := w.Header().Get("WWW-Authenticate"); passed == nil && !strings.HasPrefix(challenge, "Bearer") {
			t.Errorf("%q: challenge %q", header, challenge)
		}
	})
}
