package token_test

import (
	"context"
	"crypto"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cenote-auth/cenote/token"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func newIssuer(t testing.TB) *token.Issuer {
	t.Helper()
	i, err := token.NewIssuer(token.IssuerConfig{Keys: source{}})
	if err != nil {
		t.Fatal(err)
	}
	return i
}

func base() token.Base {
	return token.Base{
		Issuer: issuer, Subject: "4f0a2f0e-7c1d-4b7c-9a53-000000000001", ClientID: clientID,
		IssuedAt: issued.Add(time.Minute), Expires: issued.Add(61 * time.Minute), AuthTime: issued,
		JTI: "11111111-1111-4111-8111-111111111111", OriginJTI: "22222222-2222-4222-8222-222222222222",
		EventID: "33333333-3333-4333-8333-333333333333",
	}
}

func idClaims() *token.IDClaims {
	return &token.IDClaims{Base: base(), Username: "ada"}
}

func accessClaims() *token.AccessClaims {
	return &token.AccessClaims{Base: base(), Username: "ada", Scopes: []string{"aws.cognito.signin.user.admin"}}
}

func issueID(t testing.TB, c *token.IDClaims) string {
	t.Helper()
	raw, err := newIssuer(t).ID(t.Context(), pool, c)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func issueAccess(t testing.TB, c *token.AccessClaims) string {
	t.Helper()
	raw, err := newIssuer(t).Access(t.Context(), pool, c)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// decode returns the header and the indented claims of a JWT.
func decode(t testing.TB, raw string) (header, claims string, members map[string]any) {
	t.Helper()
	parts := strings.Split(raw, ".")
	if len(parts) != 3 {
		t.Fatalf("%d parts", len(parts))
	}
	head, err := base64.RawURLEncoding.DecodeString(parts[0])
	if err != nil {
		t.Fatal(err)
	}
	body, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(body, &members); err != nil {
		t.Fatal(err)
	}
	var pretty strings.Builder
	enc := json.NewEncoder(&pretty)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(json.RawMessage(body)); err != nil {
		t.Fatal(err)
	}
	return string(head), pretty.String(), members
}

// The golden files are the content of each kind of token. AUTH-471, AUTH-476 to
// AUTH-501, AUTH-503, OIDC-101 to OIDC-103, NEW-097.
func TestGolden(t *testing.T) {
	t.Parallel()
	full := base()
	full.Groups, full.ACR, full.AMR, full.SessionID = []string{"admins", "staff"}, "urn:cognito:loa:4", []string{"pwd", "otp", "mfa"}, "session-1"
	bare := base()
	bare.JTI, bare.OriginJTI, bare.EventID = "", "", ""

	tests := []struct {
		name   string
		id     *token.IDClaims
		access *token.AccessClaims
	}{
		{name: "id_least", id: &token.IDClaims{Base: bare, Username: "ada"}},
		{name: "id_full", id: &token.IDClaims{
			Base: full, Username: "ada", Roles: []string{"arn:aws:iam::123456789012:role/a"},
			PreferredRole: "arn:aws:iam::123456789012:role/a", Nonce: "n-0S6_WzA2Mj", AtHash: token.AtHash("access"),
			Identities: []token.LinkedIdentity{
				{UserID: "42", ProviderName: "Google", ProviderType: "Google", Primary: true, DateCreated: issued},
				{UserID: "x&y", ProviderName: "corp", ProviderType: "SAML", Issuer: "http://corp.example.com", DateCreated: issued},
			},
			Attributes: map[string]string{
				"email": "ada@example.com", "email_verified": "true", "phone_number": "+15555550100", "phone_number_verified": "false",
				"address": "1 Main St <B>", "updated_at": "1767413106", "custom:age": "36", "name": "Ada",
			},
		}},
		{name: "access_api", access: &token.AccessClaims{Base: base(), Username: "ada", Scopes: []string{"aws.cognito.signin.user.admin"}}},
		{name: "access_oauth", access: &token.AccessClaims{
			Base: full, Username: "ada", Scopes: []string{"openid", "email"}, Version: 2, DeviceKey: "us-east-1_d", Audience: "https://api.example.com",
		}},
		{name: "access_client", access: &token.AccessClaims{
			Base:   token.Base{Issuer: issuer, Subject: clientID, ClientID: clientID, JTI: full.JTI, IssuedAt: issued, AuthTime: issued, Expires: issued.Add(time.Hour)},
			Scopes: []string{"orders/read"}, Version: 2,
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var raw, kid string
			if tt.id != nil {
				raw, kid = issueID(t, tt.id), idKid
			} else {
				raw, kid = issueAccess(t, tt.access), accessKid
			}
			header, claims, _ := decode(t, raw)
			if want := `{"kid":"` + kid + `","alg":"RS256"}`; header != want {
				t.Errorf("header %s, want %s", header, want)
			}
			file := filepath.Join("testdata", tt.name+".json")
			if *update {
				if err := os.WriteFile(file, []byte(claims), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if claims != string(want) {
				t.Errorf("claims:\n%swant:\n%s", claims, want)
			}
		})
	}
}

// AUTH-505, AUTH-507, OIDC-110, NEW-101: what triggers try on protected claims is
// without effect.
func TestM7_ProtectedClaims(t *testing.T) {
	t.Parallel()
	both := []string{"acr", "amr", "aud", "at_hash", "auth_time", "azp", "cognito:username", "exp", "iat", "identities",
		"iss", "jti", "nbf", "nonce", "origin_jti", "sub", "token_use", "sid"}
	accessOnly := []string{"client_id", "device_key", "event_id", "scope", "username", "version", "cognito:groups", "cognito:roles", "cognito:other"}
	attack := func(names []string) token.Overrides {
		o := token.Overrides{Set: map[string]any{"department": "x"}, Suppress: names}
		for _, name := range names {
			o.Set[name] = "forged"
		}
		return o
	}
	b := base()
	b.SessionID, b.ACR, b.AMR, b.Groups = "s", "a", []string{"pwd"}, []string{"g"}

	id := &token.IDClaims{Base: b, Username: "ada"}
	_, before, _ := decode(t, issueID(t, id))
	id.Overrides = attack(both)
	_, _, got := decode(t, issueID(t, id))
	if got["department"] != "x" {
		t.Error("ID token: the harmless claim is missing")
	}
	delete(got, "department")
	assertSame(t, "ID token", before, got)

	access := &token.AccessClaims{Base: b, Username: "ada", Scopes: []string{"s"}, Version: 2, DeviceKey: "d"}
	_, before, _ = decode(t, issueAccess(t, access))
	access.Overrides = attack(append(both, accessOnly...))
	_, _, got = decode(t, issueAccess(t, access))
	delete(got, "department")
	assertSame(t, "access token", before, got)
}

func assertSame(t *testing.T, name, want string, got map[string]any) {
	t.Helper()
	var members map[string]any
	if err := json.Unmarshal([]byte(want), &members); err != nil {
		t.Fatal(err)
	}
	a, _ := json.Marshal(members)
	b, _ := json.Marshal(got)
	if string(a) != string(b) {
		t.Errorf("%s became %s, want %s", name, b, a)
	}
}

// AUTH-506, AUTH-509.
func TestOverrides(t *testing.T) {
	t.Parallel()
	id := idClaims()
	id.Attributes = map[string]string{"email": "a@example.com", "email_verified": "true", "custom:x": "1", "sub": "forged", "cognito:roles": "forged"}
	id.Overrides = token.Overrides{
		Set: map[string]any{
			"email": "b@example.com", "list": []any{1, "two"}, "object": map[string]any{"a": true}, "null": nil, "": "x",
			"email_verified": map[string]any{"a": 1}, "both": 1, "address": []string{"x"}, "event_id": "mine",
		},
		Suppress: []string{"custom:x", "both", "not there"},
	}
	_, claims, m := decode(t, issueID(t, id))
	for name, want := range map[string]string{
		"email": `"b@example.com"`, "list": `[1,"two"]`, "object": `{"a":true}`, "email_verified": `true`, "event_id": `"mine"`,
		"sub": `"4f0a2f0e-7c1d-4b7c-9a53-000000000001"`,
	} {
		if got, _ := json.Marshal(m[name]); string(got) != want {
			t.Errorf("%s is %s, want %s", name, got, want)
		}
	}
	for _, name := range []string{"custom:x", "both", "null", "", "address", "cognito:roles"} {
		if _, ok := m[name]; ok {
			t.Errorf("%q is in %s", name, claims)
		}
	}

	access := accessClaims()
	access.Scopes = []string{"openid", "email"}
	access.Overrides = token.Overrides{
		AddScopes:      []string{"orders/read", "two words", "aws.cognito.signin.user.admin", "", "openid"},
		SuppressScopes: []string{"email"},
	}
	if _, _, m := decode(t, issueAccess(t, access)); m["scope"] != "openid orders/read" {
		t.Errorf("scope %q", m["scope"])
	}
	access.Overrides = token.Overrides{SuppressScopes: access.Scopes}
	if _, _, m := decode(t, issueAccess(t, access)); m["scope"] != nil {
		t.Errorf("scope %q", m["scope"])
	}
}

func TestIssueRefuses(t *testing.T) {
	t.Parallel()
	change := func(f func(*token.IDClaims)) *token.IDClaims {
		c := idClaims()
		f(c)
		return c
	}
	tests := []struct {
		name   string
		claims *token.IDClaims
	}{
		{"no issuer", change(func(c *token.IDClaims) { c.Issuer = "" })},
		{"no subject", change(func(c *token.IDClaims) { c.Subject = "" })},
		{"no client", change(func(c *token.IDClaims) { c.ClientID = "" })},
		{"no username", change(func(c *token.IDClaims) { c.Username = "" })},
		{"no time of issue", change(func(c *token.IDClaims) { c.IssuedAt = time.Time{} })},
		{"no time of authentication", change(func(c *token.IDClaims) { c.AuthTime = time.Time{} })},
		{"dead at birth", change(func(c *token.IDClaims) { c.Expires = c.IssuedAt })},
		{"a claim that is not JSON", change(func(c *token.IDClaims) { c.Overrides.Set = map[string]any{"f": func() {}} })},
		{"M8: longer than anybody reads", change(func(c *token.IDClaims) { c.Attributes = map[string]string{"x": strings.Repeat("x", 16<<10)} })},
	}
	for _, tt := range tests {
		if raw, err := newIssuer(t).ID(t.Context(), pool, tt.claims); err == nil {
			t.Errorf("%s: %s", tt.name, raw)
		}
	}
	if _, err := newIssuer(t).Access(t.Context(), "us-east-1_Other", accessClaims()); err == nil {
		t.Error("a token of a pool without keys")
	}
	if _, err := token.NewIssuer(token.IssuerConfig{}); err == nil {
		t.Error("an issuer without keys")
	}
}

// kms is a signer that is no *rsa.PrivateKey.
type kms struct {
	key *rsa.PrivateKey
	err error
}

func (k kms) Public() crypto.PublicKey { return &k.key.PublicKey }

func (k kms) Sign(random io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	if k.err != nil {
		return nil, k.err
	}
	return k.key.Sign(random, digest, opts)
}

// Signatures pass the gate, whoever makes them; its refusal is the caller's error.
func TestH6_SignaturesPassTheGate(t *testing.T) {
	t.Parallel()
	passed, full, broken := 0, errors.New("full"), errors.New("KMS is down")
	var refuse error
	i, err := token.NewIssuer(token.IssuerConfig{Keys: source{}, Gate: func(_ context.Context, p string, work func() error) error {
		passed++
		if p != pool {
			t.Errorf("gate of pool %q", p)
		}
		if refuse != nil {
			return refuse
		}
		return work()
	}})
	if err != nil {
		t.Fatal(err)
	}
	raw, err := i.Sign(t.Context(), pool, token.SigningKey{ID: accessKid, Signer: kms{key: testKeys()[1]}}, map[string]any{"iss": issuer, "exp": 1e9})
	if err != nil || passed != 1 {
		t.Fatalf("%v, passed %d", err, passed)
	}
	if direct := mustSign(t, map[string]any{"iss": issuer, "exp": 1e9}); raw != direct {
		t.Error("the KMS signs another way")
	}
	if _, err := i.Sign(t.Context(), pool, token.SigningKey{ID: accessKid, Signer: kms{testKeys()[1], broken}}, map[string]any{}); !errors.Is(err, broken) {
		t.Errorf("broken KMS: %v", err)
	}
	refuse = full
	if _, err := i.ID(t.Context(), pool, idClaims()); !errors.Is(err, full) {
		t.Errorf("full gate: %v", err)
	}
}

// mustSign signs claims of any shape with the pool's key for access tokens.
func mustSign(t testing.TB, claims map[string]any) string {
	t.Helper()
	raw, err := newIssuer(t).Sign(t.Context(), pool, token.SigningKey{ID: accessKid, Signer: testKeys()[1]}, claims)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// OpenID Connect Core, appendix A.3, has this access token and hash.
func TestAtHash(t *testing.T) {
	t.Parallel()
	if got, want := token.AtHash("jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y"), "77QmUPtjPfzWtF2AnpK9RQ"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
