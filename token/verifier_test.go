package token_test

import (
	"crypto/x509"
	"encoding/base64"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/cenote-auth/cenote/token"
)

// newVerifier returns a verifier of access tokens that reads ten minutes after the
// issue; change alters its configuration.
func newVerifier(t testing.TB, change func(*token.VerifierConfig)) *token.Verifier {
	t.Helper()
	cfg := token.VerifierConfig{
		Issuer: issuer, ClientIDs: []string{"other", clientID}, Use: token.Access,
		Keys: token.PoolKeys(source{}, pool), Now: func() time.Time { return issued.Add(10 * time.Minute) },
	}
	if change != nil {
		change(&cfg)
	}
	v, err := token.NewVerifier(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestVerifyReturnsTheClaims(t *testing.T) {
	t.Parallel()
	access := accessClaims()
	access.Groups, access.Scopes, access.DeviceKey, access.Audience = []string{"admins"}, []string{"openid", "orders/read"}, "d", "https://api.example.com"
	access.Overrides.Set = map[string]any{"department": "R&D"}
	c, err := newVerifier(t, nil).Verify(t.Context(), issueAccess(t, access))
	if err != nil {
		t.Fatal(err)
	}
	b := access.Base
	switch {
	case c.Issuer != issuer, c.Subject != b.Subject, c.Use != token.Access, c.ClientID != clientID, c.Username != "ada",
		c.Scope != "openid orders/read", c.JTI != b.JTI, c.OriginJTI != b.OriginJTI, c.EventID != b.EventID, c.DeviceKey != "d",
		!c.IssuedAt.Equal(b.IssuedAt), !c.Expires.Equal(b.Expires), !c.AuthTime.Equal(b.AuthTime),
		!slices.Equal(c.Audience, []string{"https://api.example.com"}), c.Raw["department"] != "R&D":
		t.Errorf("claims %+v", c)
	}
	if !c.HasScope("orders/read") || c.HasScope("orders") || c.HasScope("") || !c.InGroup("admins") || c.InGroup("admin") {
		t.Errorf("scope %q, groups %v", c.Scope, c.Groups)
	}

	// AUTH-478, AUTH-481; a trigger's client_id and username mean nothing here.
	id := idClaims()
	id.Overrides.Set = map[string]any{"client_id": "other", "username": "eve"}
	c, err = newVerifier(t, func(cfg *token.VerifierConfig) { cfg.Use = token.ID }).Verify(t.Context(), issueID(t, id))
	if err != nil || c.ClientID != clientID || c.Username != "ada" {
		t.Errorf("claims %+v, %v", c, err)
	}
}

func TestVerifyRefuses(t *testing.T) {
	t.Parallel()
	at := func(d time.Duration) func(*token.VerifierConfig) {
		return func(cfg *token.VerifierConfig) { cfg.Now = func() time.Time { return base().Expires.Add(d) } }
	}
	access := issueAccess(t, accessClaims())
	bound := accessClaims()
	bound.Audience = "https://api.example.com"
	tests := []struct {
		name   string
		raw    string
		change func(*token.VerifierConfig)
		want   error // nil: accepted
	}{
		{"as it is", access, nil, nil},
		{"AUTH-514: a nanosecond before exp", access, at(-1), nil},
		{"AUTH-514: at exp", access, at(0), token.ErrExpired},
		{"within the leeway", access, func(cfg *token.VerifierConfig) { at(time.Minute - 1)(cfg); cfg.Leeway = time.Minute }, nil},
		{"after the leeway", access, func(cfg *token.VerifierConfig) { at(time.Minute)(cfg); cfg.Leeway = time.Minute }, token.ErrExpired},
		{"issuer with a slash more", access, func(cfg *token.VerifierConfig) { cfg.Issuer += "/" }, token.ErrIssuer},
		{"another client", access, func(cfg *token.VerifierConfig) { cfg.ClientIDs = []string{"other"} }, token.ErrAudience},
		{"any client", access, func(cfg *token.VerifierConfig) { cfg.ClientIDs, cfg.AnyClient = nil, true }, nil},
		{"an ID token for access", issueID(t, idClaims()), nil, token.ErrUse},
		{"an access token for identity", access, func(cfg *token.VerifierConfig) { cfg.Use = token.ID }, token.ErrUse},
		{"any use", issueID(t, idClaims()), func(cfg *token.VerifierConfig) { cfg.Use = token.AnyUse }, nil},
		{"a scope it has", access, func(cfg *token.VerifierConfig) { cfg.Scopes = []string{"aws.cognito.signin.user.admin"} }, nil},
		{"a scope it has not", access, func(cfg *token.VerifierConfig) { cfg.Scopes = []string{"aws.cognito.signin.user.admin", "openid"} }, token.ErrScope},
		{"AUTH-497: not bound", access, func(cfg *token.VerifierConfig) { cfg.Audience = "https://api.example.com" }, token.ErrAudience},
		{"AUTH-497: bound", issueAccess(t, bound), func(cfg *token.VerifierConfig) { cfg.Audience = "https://api.example.com" }, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c, err := newVerifier(t, tt.change).Verify(t.Context(), tt.raw)
			if !errors.Is(err, tt.want) || (c == nil) != (err != nil) {
				t.Errorf("%v, %v, want %v", c, err, tt.want)
			}
		})
	}
}

// forge signs like an attacker who has golang-jwt: any method, header and key.
func forge(t testing.TB, method jwt.SigningMethod, key any, header, claims map[string]any) string {
	t.Helper()
	token := jwt.NewWithClaims(method, jwt.MapClaims(claims))
	for k, v := range header {
		token.Header[k] = v
	}
	raw, err := token.SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func goodClaims() map[string]any {
	return map[string]any{
		"iss": issuer, "sub": "s", "client_id": clientID, "token_use": "access", "username": "ada",
		"iat": issued.Unix(), "exp": issued.Add(time.Hour).Unix(), "auth_time": issued.Unix(),
	}
}

// signText signs a payload that no JSON encoder writes.
func signText(t testing.TB, header, payload string) string {
	t.Helper()
	text := base64.RawURLEncoding.EncodeToString([]byte(header)) + "." + base64.RawURLEncoding.EncodeToString([]byte(payload))
	signature, err := jwt.SigningMethodRS256.Sign(text, testKeys()[1])
	if err != nil {
		t.Fatal(err)
	}
	return text + "." + base64.RawURLEncoding.EncodeToString(signature)
}

// The key goes by issuer and kid, the algorithm is RS256, and nothing in the token
// chooses otherwise.
func TestH5_HostileTokens(t *testing.T) {
	t.Parallel()
	ours, stranger := testKeys()[1], testKeys()[2]
	publicDER, err := x509.MarshalPKIXPublicKey(&ours.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	kid := map[string]any{"kid": accessKid}
	access := issueAccess(t, accessClaims())
	head, rest, _ := strings.Cut(access, ".")
	payload, signature, _ := strings.Cut(rest, ".")
	with := func(name string, value any) map[string]any {
		c := goodClaims()
		c[name] = value
		return c
	}
	without := func(name string) map[string]any {
		c := goodClaims()
		delete(c, name)
		return c
	}
	const header = `{"kid":"` + accessKid + `","alg":"RS256"}`
	const body = `"sub":"s","client_id":"` + clientID + `","token_use":"access","exp":1767500000`

	tests := []struct {
		name, raw string
		want      error
	}{
		{"alg none", forge(t, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, kid, goodClaims()), token.ErrSignature},
		{"HS256 under the public key", forge(t, jwt.SigningMethodHS256, publicDER, kid, goodClaims()), token.ErrSignature},
		{"RS512 by our key", forge(t, jwt.SigningMethodRS512, ours, kid, goodClaims()), token.ErrSignature},
		{"PS256 by our key", forge(t, jwt.SigningMethodPS256, ours, kid, goodClaims()), token.ErrSignature},
		{"unknown algorithm", signText(t, `{"kid":"`+accessKid+`","alg":"X"}`, `{"iss":"`+issuer+`",`+body+`}`), token.ErrSignature},
		{"no algorithm", signText(t, `{"kid":"`+accessKid+`"}`, `{"iss":"`+issuer+`",`+body+`}`), token.ErrSignature},
		{"our kid, a stranger's key", forge(t, jwt.SigningMethodRS256, stranger, kid, goodClaims()), token.ErrSignature},
		{"a stranger's kid", forge(t, jwt.SigningMethodRS256, stranger, map[string]any{"kid": "other"}, goodClaims()), token.ErrUnknownKey},
		{"the ID tokens' kid", forge(t, jwt.SigningMethodRS256, ours, map[string]any{"kid": idKid}, goodClaims()), token.ErrSignature},
		{"no kid", forge(t, jwt.SigningMethodRS256, ours, nil, goodClaims()), token.ErrMalformed},
		{"kid is a number", forge(t, jwt.SigningMethodRS256, ours, map[string]any{"kid": 1}, goodClaims()), token.ErrMalformed},
		{"embedded key", forge(t, jwt.SigningMethodRS256, stranger, map[string]any{"kid": accessKid, "jwk": map[string]string{"kty": "RSA"}, "jku": "https://evil.example.com"}, goodClaims()), token.ErrSignature},
		{"crit", forge(t, jwt.SigningMethodRS256, ours, map[string]any{"kid": accessKid, "crit": []string{"exp"}}, goodClaims()), token.ErrMalformed},
		{"b64", forge(t, jwt.SigningMethodRS256, ours, map[string]any{"kid": accessKid, "b64": false}, goodClaims()), token.ErrMalformed},
		{"alg twice", signText(t, `{"alg":"none","kid":"`+accessKid+`","alg":"RS256"}`, `{"iss":"`+issuer+`",`+body+`}`), token.ErrMalformed},
		{"claim twice", signText(t, header, `{"iss":"evil","iss":"`+issuer+`",`+body+`}`), token.ErrMalformed},
		{"claim twice, escaped", signText(t, header, `{"iss":"evil","\u0069ss":"`+issuer+`",`+body+`}`), token.ErrMalformed},
		{"claim in another case", signText(t, header, `{"ISS":"`+issuer+`",`+body+`}`), token.ErrIssuer},
		{"claims are null", signText(t, header, `null`), token.ErrMalformed},
		{"claims are a list", signText(t, header, `[{"iss":"x"}]`), token.ErrMalformed},
		{"claims are empty", signText(t, header, `{}`), token.ErrMalformed},
		{"two objects", signText(t, header, `{"iss":"`+issuer+`",`+body+`}{}`), token.ErrMalformed},
		{"header is a list", signText(t, `["RS256"]`, `{}`), token.ErrMalformed},
		{"no exp", forge(t, jwt.SigningMethodRS256, ours, kid, without("exp")), token.ErrMalformed},
		{"exp is text", forge(t, jwt.SigningMethodRS256, ours, kid, with("exp", "1767500000")), token.ErrMalformed},
		{"exp is huge", forge(t, jwt.SigningMethodRS256, ours, kid, with("exp", 1e300)), token.ErrMalformed},
		{"exp is negative", forge(t, jwt.SigningMethodRS256, ours, kid, with("exp", -1)), token.ErrMalformed},
		{"groups are text", forge(t, jwt.SigningMethodRS256, ours, kid, with("cognito:groups", "admins")), token.ErrMalformed},
		{"a group is a number", forge(t, jwt.SigningMethodRS256, ours, kid, with("cognito:groups", []any{1})), token.ErrMalformed},
		{"not yet", forge(t, jwt.SigningMethodRS256, ours, kid, with("nbf", issued.Add(time.Hour).Unix())), token.ErrNotYet},
		{"another issuer by our key", forge(t, jwt.SigningMethodRS256, ours, kid, with("iss", "https://evil.example.com")), token.ErrIssuer},
		{"no issuer", forge(t, jwt.SigningMethodRS256, ours, kid, without("iss")), token.ErrIssuer},
		{"no client", forge(t, jwt.SigningMethodRS256, ours, kid, without("client_id")), token.ErrAudience},
		{"aud for client_id", forge(t, jwt.SigningMethodRS256, ours, kid, map[string]any{"iss": issuer, "aud": clientID, "token_use": "access", "exp": 1767500000}), token.ErrAudience},
		{"resource named like a client", forge(t, jwt.SigningMethodRS256, ours, kid, map[string]any{"iss": issuer, "aud": []string{clientID, "x"}, "client_id": "y", "token_use": "access", "exp": 1767500000}), token.ErrAudience},
		{"signature stripped", head + "." + payload + ".", token.ErrSignature},
		{"signature cut", access[:len(access)-6], token.ErrSignature},
		{"payload of another token", head + "." + base64.RawURLEncoding.EncodeToString([]byte(`{"exp":1767500000,"iss":"`+issuer+`"}`)) + "." + signature, token.ErrSignature},
		{"padding", access + "==", token.ErrMalformed},
		{"line end in the signature", access[:len(access)-4] + "\n" + access[len(access)-4:], token.ErrMalformed},
		{"blank around", " " + access, token.ErrMalformed},
		{"empty", "", token.ErrMalformed},
		{"two parts", head + "." + payload, token.ErrMalformed},
		{"four parts", access + ".", token.ErrMalformed},
		{"M8: 16 KiB and one", access + strings.Repeat("A", 16<<10+1-len(access)), token.ErrMalformed},
		{"CVE-2025-30204: dots", strings.Repeat(".", 16<<10), token.ErrMalformed},
		{"CVE-2025-30204: a megabyte of dots", strings.Repeat(".", 1<<20), token.ErrMalformed},
		{"deep nesting", signText(t, header, strings.Repeat(`{"a":`, 2000)+"1"+strings.Repeat("}", 2000)), token.ErrMalformed},
	}
	v := newVerifier(t, nil)
	if _, err := v.Verify(t.Context(), forge(t, jwt.SigningMethodRS256, ours, kid, goodClaims())); err != nil {
		t.Fatalf("the model of all forgeries is refused: %v", err)
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c, err := v.Verify(t.Context(), tt.raw)
			if c != nil || !errors.Is(err, tt.want) {
				t.Errorf("%v, %v, want %v", c, err, tt.want)
			}
		})
	}
}

// CVE-2025-30204: refusing a text of dots must not cost memory.
func TestM8_DotsAreCheap(t *testing.T) {
	v, dots := newVerifier(t, nil), strings.Repeat(".", 16<<10)
	if n := testing.AllocsPerRun(100, func() { v.Verify(t.Context(), dots) }); n > 8 {
		t.Errorf("%v allocations", n)
	}
}

// Tokens of other issuers have no token_use, and aud may be a list.
func TestVerifyForeignTokens(t *testing.T) {
	t.Parallel()
	v := newVerifier(t, func(cfg *token.VerifierConfig) { cfg.Use = token.AnyUse })
	for name, tt := range map[string]struct {
		aud  any
		want error
	}{
		"text":       {clientID, nil},
		"list":       {[]string{"https://api.example.com", clientID}, nil},
		"other text": {"x", token.ErrAudience},
		"other list": {[]string{"x", "y"}, token.ErrAudience},
		"empty list": {[]string{}, token.ErrAudience},
		"absent":     {nil, token.ErrMalformed},
		"number":     {1, token.ErrMalformed},
	} {
		raw := forge(t, jwt.SigningMethodRS256, testKeys()[1], map[string]any{"kid": accessKid}, map[string]any{"iss": issuer, "aud": tt.aud, "exp": 1767500000.5})
		if _, err := v.Verify(t.Context(), raw); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", name, err, tt.want)
		}
	}
}

func TestNewVerifierRefuses(t *testing.T) {
	t.Parallel()
	clients := []string{clientID}
	for name, cfg := range map[string]token.VerifierConfig{
		"no issuer":         {ClientIDs: clients, Use: token.ID},
		"no client":         {Issuer: issuer, Use: token.ID},
		"any and one":       {Issuer: issuer, ClientIDs: clients, AnyClient: true, Use: token.ID},
		"no use":            {Issuer: issuer, ClientIDs: clients},
		"negative leeway":   {Issuer: issuer, ClientIDs: clients, Use: token.ID, Leeway: -1},
		"http issuer":       {Issuer: "http://example.com", ClientIDs: clients, Use: token.ID},
		"issuer is no URL":  {Issuer: "example", ClientIDs: clients, Use: token.ID},
		"issuer has a user": {Issuer: "https://a:b@example.com", ClientIDs: clients, Use: token.ID},
	} {
		if _, err := token.NewVerifier(cfg); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	for _, ok := range []token.VerifierConfig{
		{Issuer: "http://localhost:9229/pool", ClientIDs: clients, Use: token.ID},
		{Issuer: "http://[::1]:9229/pool", ClientIDs: clients, Use: token.ID},
		{Issuer: "http://cenote:9229/pool", ClientIDs: clients, Use: token.ID, AllowHTTP: true},
		{Issuer: issuer, ClientIDs: clients, Use: token.ID},
	} {
		if _, err := token.NewVerifier(ok); err != nil {
			t.Errorf("%s: %v", ok.Issuer, err)
		}
	}
}

func TestUnverified(t *testing.T) {
	t.Parallel()
	c, err := token.Unverified(forge(t, jwt.SigningMethodRS256, testKeys()[2], nil, goodClaims()))
	if err != nil || c.Issuer != issuer {
		t.Errorf("%v, %v", c, err)
	}
	if _, err := token.Unverified("a.b.c"); !errors.Is(err, token.ErrMalformed) {
		t.Errorf("garbage: %v", err)
	}
}

func FuzzVerify(f *testing.F) {
	f.Add(issueAccess(f, accessClaims()))
	f.Add(forge(f, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, map[string]any{"kid": accessKid}, goodClaims()))
	f.Add(signText(f, `{"alg":"RS256","kid":"`+accessKid+`"}`, `{"a":"\"","b":[{},"}"]}`))
	f.Add("..")
	v, good := newVerifier(f, nil), issueAccess(f, accessClaims())
	f.Fuzz(func(t *testing.T, raw string) {
		if c, err := v.Verify(t.Context(), raw); err == nil && raw != good {
			t.Errorf("accepted %q as %v", raw, c)
		}
		if c, err := token.Unverified(raw); err == nil && c.Expires.IsZero() {
			t.Errorf("%q has no exp", raw)
		}
	})
}

func BenchmarkVerify(b *testing.B) {
	v, raw := newVerifier(b, nil), issueAccess(b, accessClaims())
	b.ReportAllocs()
	for b.Loop() {
		if _, err := v.Verify(b.Context(), raw); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkIssue(b *testing.B) {
	i, claims := newIssuer(b), accessClaims()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := i.Access(b.Context(), pool, claims); err != nil {
			b.Fatal(err)
		}
	}
}
