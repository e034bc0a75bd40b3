package userpool_test

import (
	"encoding/base64"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/cenote-auth/cenote/internal/ident"
	"github.com/cenote-auth/cenote/token"
	"github.com/cenote-auth/cenote/userpool"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// claimsOf decodes the claims of a token without checking anything.
func claimsOf(t *testing.T, token string) map[string]any {
	t.Helper()
	return partOf(t, token, 1)
}

func partOf(t *testing.T, token string, i int) map[string]any {
	t.Helper()
	parts := strings.Split(token, ".")
	raw, err := base64.RawURLEncoding.DecodeString(parts[i])
	check(t, err)
	var m map[string]any
	check(t, json.Unmarshal(raw, &m))
	return m
}

// AUTH-471, AUTH-474, AUTH-476…491, AUTH-495…499, AUTH-502…504: the header and claims of ID and access tokens, against golden files in which ids
// that are random are replaced by their form.
func TestGoldenTokens(t *testing.T) {
	t.Parallel()
	b := setup(t)
	role := func(n string) string { return "arn:aws:iam::123456789012:role/" + n }
	rich := func(a app) {
		for _, g := range []userpool.CreateGroupInput{
			{GroupName: "editors", RoleArn: role("editor"), Precedence: new(int32(5))}, {GroupName: "admins", RoleArn: role("admin"), Precedence: new(int32(1))},
			{GroupName: "plain"}, {GroupName: "late", RoleArn: role("editor")},
		} {
			g.UserPoolId = a.pool
			_, err := a.CreateGroup(t.Context(), &g)
			check(t, err)
			_, err = a.AdminAddUserToGroup(t.Context(), &userpool.AdminAddUserToGroupInput{UserPoolId: a.pool, GroupName: g.GroupName, Username: "ada"})
			check(t, err)
		}
	}
	schema := func(in *userpool.CreateUserPoolInput) {
		in.Schema = []userpool.SchemaAttributeType{{Name: "size", AttributeDataType: userpool.AttributeDataTypeNumber}}
	}
	tests := []struct {
		name    string
		options []any
		user    string
		attrs   []string
		prepare func(a app)
	}{
		{"plain", nil, "ada", nil, func(app) {}},
		{"rich", []any{schema}, "ada", []string{
			"email", "ada@example.com", "phone_number", "+15550101234", "address", "1 Main St", "updated_at", "1700000000", "custom:size", "42", "name", "Ada",
		}, rich},
		{"by-email", []any{byEmail}, "ada@example.com", nil, func(app) {}},
		{"narrow", []any{func(in *userpool.CreateUserPoolClientInput) {
			in.ReadAttributes, in.EnableTokenRevocation = []string{"name"}, new(false)
		}}, "ada", []string{"email", "ada@example.com", "name", "Ada"}, func(app) {}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := b.fork(t)
			a := b.app(tt.options...)
			sub := a.user(tt.user, tt.attrs...)
			tt.prepare(a)
			tokens := a.signIn(tt.user)
			id, access := claimsOf(t, tokens.IdToken), claimsOf(t, tokens.AccessToken)
			if id["sub"] != sub || access["sub"] != sub || id["event_id"] != access["event_id"] || id["origin_jti"] != access["origin_jti"] ||
				id["jti"] != nil && id["jti"] == access["jti"] {
				t.Error("sub, event_id, origin_jti or jti of the two tokens do not fit")
			}
			headID, headAccess := partOf(t, tokens.IdToken, 0), partOf(t, tokens.AccessToken, 0)
			if headID["kid"] == headAccess["kid"] {
				t.Error("ID and access token are signed with one key (AUTH-471)")
			}
			golden(t, tt.name, map[string]any{
				"id header": headID, "id claims": id, "access header": headAccess, "access claims": access,
			}, map[string]string{a.pool: "POOL", a.client: "CLIENT"})
			check(t, verifyToken(t, a, tokens.IdToken, token.ID))
			check(t, verifyToken(t, a, tokens.AccessToken, token.Access))
		})
	}
}

func verifyToken(t *testing.T, a app, raw string, use token.Use) error {
	t.Helper()
	v, err := token.NewVerifier(token.VerifierConfig{
		Issuer: a.Issuer(a.pool), ClientIDs: []string{a.client}, Use: use, Keys: a.KeySet(a.pool), Now: a.clock.Now,
	})
	check(t, err)
	_, err = v.Verify(t.Context(), raw)
	return err
}

var kidForm = regexp.MustCompile(`^[A-Za-z0-9+/]{15,43}=*$`)

// golden compares what was made with testdata/<name>.json, after naming what is random.
func golden(t *testing.T, name string, got map[string]any, known map[string]string) {
	t.Helper()
	var mask func(key string, v any) any
	mask = func(key string, v any) any {
		switch v := v.(type) {
		case map[string]any:
			out := make(map[string]any, len(v))
			for k, e := range v {
				out[k] = mask(k, e)
			}
			return out
		case []any:
			for i := range v {
				v[i] = mask("", v[i])
			}
			return v
		case string:
			switch {
			case known[v] != "":
				return known[v]
			case ident.IsUUID(v):
				return "UUID"
			case key == "kid" && kidForm.MatchString(v):
				return "KID"
			}
			for from, to := range known {
				v = strings.ReplaceAll(v, from, to)
			}
			return v
		}
		return v
	}
	text, err := json.MarshalIndent(mask("", got), "", "  ")
	check(t, err)
	text = append(text, '\n')
	file := filepath.Join("testdata", "tokens", name+".json")
	if *update {
		check(t, os.MkdirAll(filepath.Dir(file), 0o755))
		check(t, os.WriteFile(file, text, 0o644))
	}
	want, err := os.ReadFile(file)
	check(t, err)
	if string(want) != string(text) {
		t.Errorf("%s differs; got\n%s\nwant\n%s", file, text, want)
	}
}

// AUTH-510, AUTH-512, AUTH-514, AUTH-152: lifetimes come from the client as it is when a token is issued.
func TestTokenLifetimes(t *testing.T) {
	t.Parallel()
	units := &userpool.TokenValidityUnitsType{
		AccessToken: userpool.TimeUnitsTypeMinutes, IdToken: userpool.TimeUnitsTypeSeconds, RefreshToken: userpool.TimeUnitsTypeHours,
	}
	for name, tt := range map[string]struct {
		client      func(*userpool.CreateUserPoolClientInput)
		access, id  float64
		refreshLife time.Duration
	}{
		"AUTH-510 defaults": {func(*userpool.CreateUserPoolClientInput) {}, 3600, 3600, 30 * 24 * time.Hour},
		"AUTH-510 default units": {func(in *userpool.CreateUserPoolClientInput) {
			in.AccessTokenValidity, in.IdTokenValidity, in.RefreshTokenValidity = new(int32(2)), new(int32(3)), 5
		}, 7200, 10800, 5 * 24 * time.Hour},
		"AUTH-510 units": {func(in *userpool.CreateUserPoolClientInput) {
			in.AccessTokenValidity, in.IdTokenValidity, in.RefreshTokenValidity, in.TokenValidityUnits = new(int32(5)), new(int32(600)), 2, units
		}, 300, 600, 2 * time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := setup(t).app(tt.client)
			a.user("ada")
			tokens := a.signIn("ada")
			id, access := claimsOf(t, tokens.IdToken), claimsOf(t, tokens.AccessToken)
			if got := access["exp"].(float64) - access["iat"].(float64); got != tt.access || float64(tokens.ExpiresIn) != tt.access {
				t.Errorf("access token lives %v s, ExpiresIn %d; want %v", got, tokens.ExpiresIn, tt.access)
			}
			if got := id["exp"].(float64) - id["iat"].(float64); got != tt.id {
				t.Errorf("ID token lives %v s, want %v", got, tt.id)
			}
			if id["iat"] != float64(a.clock.Now().Unix()) || id["auth_time"] != id["iat"] { // AUTH-476
				t.Errorf("iat %v, auth_time %v", id["iat"], id["auth_time"])
			}
			a.clock.Advance(tt.refreshLife - time.Second)
			_, err := a.refresh(tokens.RefreshToken)
			check(t, err)
			a.clock.Advance(time.Second)
			_, err = a.refresh(tokens.RefreshToken)
			refused(t, err, userpool.ErrNotAuthorized, refreshOver)
		})
	}
}

// AUTH-475: a refresh token is a compact JWE with a fixed header and tells nobody anything.
func TestRefreshTokenForm(t *testing.T) {
	t.Parallel()
	a := setup(t).app()
	sub := a.user("ada")
	text := a.signIn("ada").RefreshToken
	head, err := base64.RawURLEncoding.DecodeString(strings.Split(text, ".")[0])
	check(t, err)
	var header map[string]string
	check(t, json.Unmarshal(head, &header))
	if strings.Count(text, ".") != 4 || len(header) != 3 || header["cty"] != "JWT" || header["enc"] != "A256GCM" || header["alg"] != "RSA-OAEP" ||
		!regexp.MustCompile(`^[A-Za-z0-9-_=.]+$`).MatchString(text) || strings.Contains(text, sub) {
		t.Errorf("header %v, %d dots", header, strings.Count(text, "."))
	}
}

// AUTH-486, GRP-013: the preferred role on a tie, and without precedence.
func TestPreferredRole(t *testing.T) {
	t.Parallel()
	b := setup(t)
	role := func(n string) string { return "arn:aws:iam::123456789012:role/" + n }
	for name, tt := range map[string]struct {
		groups []userpool.CreateGroupInput
		want   any
	}{
		"lowest wins": {[]userpool.CreateGroupInput{{GroupName: "a", RoleArn: role("x"), Precedence: new(int32(2))},
			{GroupName: "b", RoleArn: role("y"), Precedence: new(int32(1))}}, role("y")},
		"tie of two roles": {[]userpool.CreateGroupInput{{GroupName: "a", RoleArn: role("x"), Precedence: new(int32(1))},
			{GroupName: "b", RoleArn: role("y"), Precedence: new(int32(1))}}, nil},
		"tie of one role": {[]userpool.CreateGroupInput{{GroupName: "a", RoleArn: role("x"), Precedence: new(int32(1))},
			{GroupName: "b", RoleArn: role("x"), Precedence: new(int32(1))}}, role("x")},
		"any precedence before none": {[]userpool.CreateGroupInput{{GroupName: "a", RoleArn: role("x")},
			{GroupName: "b", RoleArn: role("y"), Precedence: new(int32(100))}}, role("y")},
		"no roles": {[]userpool.CreateGroupInput{{GroupName: "a"}}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			a := b.fork(t).app()
			a.user("ada")
			for _, g := range tt.groups {
				g.UserPoolId = a.pool
				_, err := a.CreateGroup(t.Context(), &g)
				check(t, err)
				_, err = a.AdminAddUserToGroup(t.Context(), &userpool.AdminAddUserToGroupInput{UserPoolId: a.pool, GroupName: g.GroupName, Username: "ada"})
				check(t, err)
			}
			tokens := a.signIn("ada")
			id, access := claimsOf(t, tokens.IdToken), claimsOf(t, tokens.AccessToken)
			if id["cognito:preferred_role"] != tt.want || access["cognito:preferred_role"] != nil || access["cognito:roles"] != nil { // AUTH-503
				t.Errorf("preferred role %v, want %v; roles in the access token %v", id["cognito:preferred_role"], tt.want, access["cognito:roles"])
			}
		})
	}
}

// Two pools have different keys, and a token of one says nothing in the other (H5); the JWKS has both keys of its pool
// (AUTH-473).
func TestH5_KeysOfPools(t *testing.T) {
	t.Parallel()
	b := setup(t)
	one, two := b.app(), b.app()
	kids := map[string]bool{}
	for _, a := range []app{one, two} {
		a.user("ada")
		tokens := a.signIn("ada")
		raw, err := a.JWKS(t.Context(), a.pool)
		check(t, err)
		var set struct {
			Keys []map[string]string `json:"keys"`
		}
		check(t, json.Unmarshal(raw, &set))
		mine := map[string]bool{}
		for _, k := range set.Keys {
			if k["alg"] != "RS256" || k["kty"] != "RSA" || k["use"] != "sig" || k["e"] != "AQAB" || k["n"] == "" || len(k) != 6 {
				t.Errorf("key %v", k)
			}
			if kids[k["kid"]] {
				t.Error("two pools share a kid")
			}
			kids[k["kid"]], mine[k["kid"]] = true, true
		}
		if len(set.Keys) != 2 || !mine[partOf(t, tokens.IdToken, 0)["kid"].(string)] || !mine[partOf(t, tokens.AccessToken, 0)["kid"].(string)] {
			t.Errorf("%d keys", len(set.Keys))
		}
	}
	tokens := one.signIn("ada")
	v := two.Verifier(two.pool)
	if _, err := v.Verify(t.Context(), tokens.AccessToken); err == nil {
		t.Error("the other pool's verifier takes the token")
	}
}
