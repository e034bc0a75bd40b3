package userpool_test

import (
	"context"
	"errors"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/cenote-auth/cenote/awshttp"
	"github.com/cenote-auth/cenote/store/driver"
	"github.com/cenote-auth/cenote/token"
	"github.com/cenote-auth/cenote/trigger"
	"github.com/cenote-auth/cenote/userpool"
)

// scopes are the scopes that a client may hold.
func scopes(list ...string) func(*userpool.CreateUserPoolClientInput) {
	return func(in *userpool.CreateUserPoolClientInput) { in.AllowedOAuthScopes = list }
}

// allOf applies several options to a client.
func allOf(options ...func(*userpool.CreateUserPoolClientInput)) func(*userpool.CreateUserPoolClientInput) {
	return func(in *userpool.CreateUserPoolClientInput) {
		for _, o := range options {
			o(in)
		}
	}
}

// machine is a client that gets tokens of its own, with these scopes.
func machine(list ...string) func(*userpool.CreateUserPoolClientInput) {
	return allOf(withSecret, flows("ALLOW_CLIENT_TOKEN_AUTH"), scopes(list...))
}

// withOrders is a pool that has the resource servers "orders" and "https://x.example/a", with a client of users.
func (b *bench) withOrders(options ...any) app {
	b.t.Helper()
	a := b.app(options...)
	check(b.t, a.resource("orders", "read", "write"))
	check(b.t, a.resource("https://x.example/a", "do"))
	return a
}

// clientToken asks for a token of the app's client.
func (a app) clientToken(list ...string) (*userpool.ClientAuthenticationResultType, error) {
	out, err := a.GetClientToken(a.t.Context(), &userpool.GetClientTokenInput{ClientId: a.client, Secret: a.secret, Scopes: list})
	if err != nil {
		return nil, err
	}
	return out.ClientAuthenticationResult, nil
}

// scopeOf returns the scope claim of a client's token, or the error.
func (a app) scopeOf(list ...string) string {
	a.t.Helper()
	out, err := a.clientToken(list...)
	if err != nil {
		return err.Error()
	}
	scope, _ := claimsOf(a.t, out.AccessToken)["scope"].(string)
	return scope
}

const clientInvalid = "Invalid client or secret"

// NEW-010, NEW-045, NEW-143, NEW-144, NEW-147, NEW-355, NEW-369, OIDC-102: the token of a client that has a secret, in a pool
// without a domain: its claims are these and no others. It verifies offline, and no session belongs to it.
func TestClientToken(t *testing.T) {
	t.Parallel()
	b := setup(t)
	a := b.withOrders()
	check(t, a.tracking(true, 20))
	a = a.sibling(machine("orders/read", "https://x.example/a/do"), func(in *userpool.CreateUserPoolClientInput) {
		in.AccessTokenValidity = new(int32(5))
		in.TokenValidityUnits = &userpool.TokenValidityUnitsType{AccessToken: userpool.TimeUnitsTypeMinutes}
	})
	if set := a.clientOf(a.client); strings.Join(set.AllowedOAuthScopes, " ") != "orders/read https://x.example/a/do" ||
		len(set.ExplicitAuthFlows) != 1 || set.ExplicitAuthFlows[0] != userpool.ExplicitAuthFlowsTypeAllowClientTokenAuth {
		t.Errorf("the client is told as %+v", set)
	}
	out, err := a.clientToken()
	check(t, err)
	if out.ExpiresIn != 300 || out.TokenType != "Bearer" {
		t.Errorf("got %d %s", out.ExpiresIn, out.TokenType)
	}
	now := float64(b.clock.Now().Unix())
	want := map[string]any{
		"sub": a.client, "client_id": a.client, "token_use": "access", "scope": "orders/read https://x.example/a/do", "auth_time": now,
		"iat": now, "exp": now + 300, "iss": a.Issuer(a.pool), "version": float64(2),
	}
	claims := claimsOf(t, out.AccessToken)
	if jti, _ := claims["jti"].(string); jti == "" {
		t.Error("no jti")
	}
	delete(claims, "jti")
	for name, v := range claims {
		if want[name] != v {
			t.Errorf("%s is %v, want %v", name, v, want[name])
		}
	}
	if len(claims) != len(want) {
		t.Errorf("%d claims, want %d", len(claims), len(want))
	}
	v, err := token.NewVerifier(token.VerifierConfig{
		Issuer: a.Issuer(a.pool), ClientIDs: []string{a.client}, Use: token.Access, Keys: a.KeySet(a.pool), Now: b.clock.Now,
	})
	check(t, err)
	_, err = v.Verify(t.Context(), out.AccessToken)
	check(t, err)
	body, err := a.Invoke(t.Context(), "GetClientToken", []byte(`{"ClientId":"`+a.client+`","Secret":"`+a.secret+`"}`))
	check(t, err)
	if got := string(body); strings.Contains(got, "IdToken") || strings.Contains(got, "RefreshToken") {
		t.Errorf("answered %s", got)
	}
	if n := b.records("family") + b.records("sso"); n != 0 {
		t.Errorf("%d records of sessions", n)
	}
	// It is good for nothing at the pool: not as a user's token, not as another kind of token.
	_, err = a.getUser(out.AccessToken)
	refused(t, err, userpool.ErrNotAuthorized, "Access Token does not have required scopes")
	_, err = a.ListUserSessions(t.Context(), &userpool.ListUserSessionsInput{AccessToken: out.AccessToken})
	refused(t, err, userpool.ErrNotAuthorized, "")
	_, err = a.GlobalSignOut(t.Context(), &userpool.GlobalSignOutInput{AccessToken: out.AccessToken})
	refused(t, err, userpool.ErrNotAuthorized, "")
}

// NEW-146, RS-002, RS-006, RS-007, RS-008: which scopes a token has.
func TestClientTokenScopes(t *testing.T) {
	t.Parallel()
	a := setup(t).withOrders().sibling(machine("orders/read", "orders/write", "https://x.example/a/do"))
	const all = "orders/read orders/write https://x.example/a/do"
	expect := func(want string, list ...string) {
		t.Helper()
		if got := a.scopeOf(list...); got != want {
			t.Errorf("asked for %q: got %q, want %q", list, got, want)
		}
	}
	expect(all)
	expect("orders/write", "orders/write")
	expect("https://x.example/a/do orders/read", "https://x.example/a/do", "orders/read", "orders/read")
	for _, foreign := range []string{"orders/delete", "openid", "aws.cognito.signin.user.admin", "orders", "orders/", "other/read"} {
		_, err := a.clientToken("orders/read", foreign)
		refused(t, err, userpool.ErrInvalidParameter, "Invalid scope requested: "+foreign)
	}
	_, err := a.clientToken(strings.Repeat("s", 257))
	refused(t, err, userpool.ErrInvalidParameter, "")
	_, err = a.clientToken(numbered(51)...)
	refused(t, err, userpool.ErrInvalidParameter, "")

	check(t, a.setScopes("orders", "read"))
	expect("orders/read https://x.example/a/do")
	expect("", "orders/write")
	expect("orders/read", "orders/write", "orders/read")
	check(t, a.dropResource("orders"))
	expect("https://x.example/a/do")
	check(t, a.resource("orders", "read", "write"))
	expect(all)
	if got := strings.Join(a.clientOf(a.client).AllowedOAuthScopes, " "); got != all {
		t.Errorf("the client holds %q", got)
	}
	// A client that holds fewer gets fewer, at once and on every node.
	node := a.node()
	if got := node.scopeOf(); got != all {
		t.Errorf("on another node: %q", got)
	}
	_, err = a.UpdateUserPoolClient(t.Context(), &userpool.UpdateUserPoolClientInput{
		UserPoolId: a.pool, ClientId: a.client, AllowedOAuthScopes: []string{"https://x.example/a/do"},
		ExplicitAuthFlows: []userpool.ExplicitAuthFlowsType{userpool.ExplicitAuthFlowsTypeAllowClientTokenAuth},
	})
	check(t, err)
	for _, at := range []app{a, node} {
		if got := at.scopeOf(); got != "https://x.example/a/do" {
			t.Errorf("after the update: %q", got)
		}
		_, err = at.clientToken("orders/read")
		refused(t, err, userpool.ErrInvalidParameter, "")
	}
	// A client without scopes has tokens without.
	bare := a.sibling(machine())
	if got := bare.scopeOf(); got != "" {
		t.Errorf("a client without scopes: %q", got)
	}
	_, err = bare.clientToken("orders/read")
	refused(t, err, userpool.ErrInvalidParameter, "")
}

// NEW-144, NEW-145, NEW-149, NEW-150: the secret decides; either of two is good, and of several errors the client's comes first and the
// scopes' last.
func TestClientTokenRefusals(t *testing.T) {
	t.Parallel()
	b := setup(t)
	users := b.withOrders()
	a := users.sibling(machine("orders/read"))
	with := func(a app, secret string) app { a.secret = secret; return a }
	wrong := strings.Repeat("w", 51)
	for name, at := range map[string]app{
		"wrong secret":                  with(a, wrong),
		"another client's":              with(a, users.sibling(machine()).secret),
		"a client without secret":       with(users, wrong),
		"a client of users":             users.sibling(withSecret),
		"a client of another pool's":    with(b.withOrders().sibling(machine()), a.secret),
		"a client of users, no scopes,": with(users.sibling(withSecret), wrong),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := at.clientToken("no/scope")
			refused(t, err, userpool.ErrNotAuthorized, clientInvalid)
		})
	}
	_, err := app{bench: b, client: "nobody", secret: wrong}.clientToken()
	refused(t, err, userpool.ErrResourceNotFound, "User pool client nobody does not exist.")
	for _, short := range []string{"", strings.Repeat("s", 23), strings.Repeat("s", 65), strings.Repeat("-", 30)} {
		_, err := with(a, short).clientToken()
		refused(t, err, userpool.ErrInvalidParameter, "")
	}
	added, err := a.addSecret("")
	check(t, err)
	for _, secret := range []string{a.secret, added.ClientSecretValue} {
		_, err := with(a, secret).clientToken()
		check(t, err)
	}
	check(t, a.deleteSecret(a.secretIDs()[0]))
	_, err = a.clientToken()
	refused(t, err, userpool.ErrNotAuthorized, clientInvalid)
	a = with(a, added.ClientSecretValue)
	_, err = a.clientToken()
	check(t, err)
	_, err = a.DeleteUserPoolClient(t.Context(), &userpool.DeleteUserPoolClientInput{UserPoolId: a.pool, ClientId: a.client})
	check(t, err)
	_, err = a.clientToken()
	refused(t, err, userpool.ErrResourceNotFound, "")
}

// NEW-142: a client with tokens of its own runs no user's flow, not even for tokens that it got before it became one.
func TestClientTokensAreExclusive(t *testing.T) {
	t.Parallel()
	a := setup(t).withOrders()
	a.user("ada")
	m := a.sibling(machine("orders/read"))
	for flow, pairs := range map[userpool.AuthFlowType][]string{
		"USER_PASSWORD_AUTH": {"USERNAME", "ada", "PASSWORD", password}, "USER_SRP_AUTH": {"USERNAME", "ada", "SRP_A", "abcdef"},
		"CUSTOM_AUTH": {"USERNAME", "ada"}, "REFRESH_TOKEN_AUTH": {"REFRESH_TOKEN", "x"}, "REFRESH_TOKEN": {"REFRESH_TOKEN", "x"},
	} {
		_, err := m.begin(flow, pairs...)
		if !errors.Is(err, userpool.ErrInvalidParameter) || !strings.Contains(errorText(err), "not enabled for th") {
			t.Errorf("%s: got %v", flow, err)
		}
	}
	for _, flow := range []userpool.AuthFlowType{"ADMIN_USER_PASSWORD_AUTH", "ADMIN_NO_SRP_AUTH"} {
		_, err := m.adminBegin(flow, "USERNAME", "ada", "PASSWORD", password)
		refused(t, err, userpool.ErrInvalidParameter, "Auth flow not enabled for this client")
	}
	was := a.sibling(withSecret, flows("ALLOW_USER_PASSWORD_AUTH"))
	tokens := was.signIn("ada")
	_, err := was.rotate(tokens.RefreshToken)
	check(t, err)
	_, err = a.UpdateUserPoolClient(t.Context(), &userpool.UpdateUserPoolClientInput{
		UserPoolId: was.pool, ClientId: was.client, ExplicitAuthFlows: []userpool.ExplicitAuthFlowsType{userpool.ExplicitAuthFlowsTypeAllowClientTokenAuth},
	})
	check(t, err)
	_, err = was.rotate(tokens.RefreshToken)
	refused(t, err, userpool.ErrInvalidParameter, "Auth flow not enabled for this client")
	_, err = was.clientToken()
	check(t, err)
}

// NEW-148, TRG-085: the function of V3_0 is asked, with the scopes and the metadata, and changes what it may. Older versions are
// not asked.
func TestClientTokenFunction(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var events []trigger.PreTokenGenerationV2Event
	fails := ""
	arn := on(b, "pre", func(_ context.Context, e trigger.PreTokenGenerationV2Event) (trigger.PreTokenGenerationV2Event, error) {
		events = append(events, e)
		switch fails {
		case "refuses":
			return e, errors.New("not today")
		case "is not there":
			return e, &trigger.InvokeError{Name: "ServiceException"}
		}
		e.Response.ClaimsAndScopeOverrideDetails = &trigger.ClaimsAndScopeOverrideDetails{
			IDTokenGeneration: &trigger.IDTokenGeneration{ClaimsToAddOrOverride: map[string]any{"id": "x"}},
			AccessTokenGeneration: &trigger.AccessTokenGeneration{
				ClaimsToAddOrOverride: map[string]any{"tenant": "acme", "sub": "ada", "username": "ada", "client_id": "x", "version": 3, "cognito:groups": []string{"admins"}},
				ClaimsToSuppress:      []string{"auth_time", "jti", "iss"},
				ScopesToAdd:           []string{"extra/scope", "aws.cognito.signin.user.admin"}, ScopesToSuppress: []string{"orders/write"},
			},
		}
		return e, nil
	})
	config := func(version userpool.PreTokenGenerationLambdaVersionType) func(*userpool.CreateUserPoolInput) {
		return lambdas(userpool.LambdaConfigType{PreTokenGenerationConfig: &userpool.PreTokenGenerationVersionConfigType{LambdaArn: arn, LambdaVersion: version}})
	}
	for _, version := range []userpool.PreTokenGenerationLambdaVersionType{"V1_0", "V2_0"} {
		a := b.withOrders(config(version)).sibling(machine("orders/read"))
		if got := a.scopeOf(); got != "orders/read" || len(events) != 0 {
			t.Errorf("%s: scope %q, asked %d times", version, got, len(events))
		}
	}
	a := b.withOrders(config("V3_0")).sibling(machine("orders/read", "orders/write"))
	ask := func() (*userpool.GetClientTokenOutput, error) {
		return a.GetClientToken(t.Context(), &userpool.GetClientTokenInput{
			ClientId: a.client, Secret: a.secret, ClientMetadata: map[string]string{"for": "tests"},
		})
	}
	out, err := ask()
	check(t, err)
	claims := claimsOf(t, out.ClientAuthenticationResult.AccessToken)
	if claims["scope"] != "orders/read extra/scope" || claims["tenant"] != "acme" || claims["sub"] != a.client || claims["username"] != nil ||
		claims["client_id"] != a.client || claims["version"] != float64(2) || claims["cognito:groups"] != nil || claims["id"] != nil ||
		claims["auth_time"] == nil || claims["jti"] == nil || claims["iss"] == nil {
		t.Errorf("the claims are %v", claims)
	}
	if len(events) != 1 {
		t.Fatalf("asked %d times", len(events))
	}
	e := events[0]
	if e.TriggerSource != "TokenGeneration_ClientCredentials" || e.Version != trigger.Version3 || e.CallerContext.ClientID != a.client ||
		strings.Join(e.Request.Scopes, " ") != "orders/read orders/write" || e.Request.ClientMetadata["for"] != "tests" || len(e.Request.UserAttributes) != 0 {
		t.Errorf("asked with %+v", e)
	}
	_, err = a.getUser(out.ClientAuthenticationResult.AccessToken)
	refused(t, err, userpool.ErrNotAuthorized, "Access Token does not have required scopes")
	fails = "refuses"
	_, err = ask()
	refused(t, err, userpool.ErrNotAuthorized, "PreTokenGeneration failed with error not today.")
	fails = "is not there"
	_, err = ask()
	refused(t, err, userpool.ErrInternalError, "")
}

// C2, H4: what changes while the function runs is seen.
func TestC2_ClientChangesDuringClientToken(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		do    func(a app) error
		code  error
		scope string
	}{
		"secret deleted": {func(a app) error {
			if _, err := a.addSecret(""); err != nil {
				return err
			}
			return a.deleteSecret(a.secretIDs()[0])
		}, userpool.ErrNotAuthorized, ""},
		"client deleted": {func(a app) error {
			_, err := a.DeleteUserPoolClient(a.t.Context(), &userpool.DeleteUserPoolClientInput{UserPoolId: a.pool, ClientId: a.client})
			return err
		}, userpool.ErrResourceNotFound, ""},
		"scope removed": {func(a app) error { return a.setScopes("orders", "write") }, nil, "https://x.example/a/do"},
		"pool deleted": {func(a app) error {
			_, err := a.DeleteUserPool(a.t.Context(), &userpool.DeleteUserPoolInput{UserPoolId: a.pool})
			return err
		}, userpool.ErrResourceNotFound, ""},
		"keys replaced": {func(a app) error { return a.ReplaceSigningKeys(a.t.Context(), a.pool) }, nil, "orders/read https://x.example/a/do"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, manyKeys)
			var a app
			armed := false
			arn := on(b, "pre", func(_ context.Context, e trigger.PreTokenGenerationV2Event) (trigger.PreTokenGenerationV2Event, error) {
				if armed {
					check(t, tt.do(a))
				}
				return e, nil
			})
			a = b.withOrders(lambdas(userpool.LambdaConfigType{PreTokenGenerationConfig: &userpool.PreTokenGenerationVersionConfigType{
				LambdaArn: arn, LambdaVersion: "V3_0",
			}})).sibling(machine("orders/read", "https://x.example/a/do"))
			_, err := a.clientToken()
			check(t, err)
			armed = true
			out, err := a.clientToken()
			if tt.code != nil {
				if !errors.Is(err, tt.code) {
					t.Errorf("got %v", err)
				}
				return
			}
			check(t, err)
			if got := claimsOf(t, out.AccessToken)["scope"]; got != tt.scope {
				t.Errorf("the scope is %v", got)
			}
			v, err := token.NewVerifier(token.VerifierConfig{
				Issuer: a.Issuer(a.pool), ClientIDs: []string{a.client}, Use: token.Access, Keys: a.KeySet(a.pool), Now: a.clock.Now,
			})
			check(t, err)
			_, err = v.Verify(t.Context(), out.AccessToken)
			check(t, err)
		})
	}
}

// NEW-003: a signature makes no difference, whether it is good, bad or no signature at all.
func TestClientTokenSigned(t *testing.T) {
	t.Parallel()
	a := setup(t).withOrders().sibling(machine("orders/read"))
	handler, err := awshttp.New(awshttp.Config{Services: []awshttp.Service{a.Service}, Now: a.clock.Now})
	check(t, err)
	for _, header := range []string{
		"", "Bearer x", "AWS4-HMAC-SHA256 garbage",
		"AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260103/us-east-1/cognito-idp/aws4_request, SignedHeaders=host;x-amz-date, Signature=" + strings.Repeat("0", 64),
	} {
		r := httptest.NewRequest("POST", "http://cognito-idp.us-east-1.amazonaws.com/", strings.NewReader(`{"ClientId":"`+a.client+`","Secret":"`+a.secret+`"}`))
		r.Header.Set("Content-Type", "application/x-amz-json-1.1")
		r.Header.Set("X-Amz-Target", "AWSCognitoIdentityProviderService.GetClientToken")
		if header != "" {
			r.Header.Set("Authorization", header)
		}
		rec := httptest.NewRecorder()
		handler.ServeHTTP(rec, r)
		if rec.Code != 200 || !strings.Contains(rec.Body.String(), `"AccessToken"`) {
			t.Errorf("%q: %d %s", header, rec.Code, rec.Body)
		}
	}
}

// counting counts the round trips to a store.
type counting struct {
	driver.DB
	reads, views, updates atomic.Int32
}

func (c *counting) watch(cfg *userpool.Config) { c.DB, cfg.Store = cfg.Store, c }

func (c *counting) Read(ctx context.Context, refs ...driver.Ref) ([]driver.Record, error) {
	c.reads.Add(1)
	return c.DB.Read(ctx, refs...)
}

func (c *counting) View(ctx context.Context, fn func(driver.Reader) error) error {
	c.views.Add(1)
	return c.DB.View(ctx, fn)
}

func (c *counting) Update(ctx context.Context, fn func(driver.Tx) error) error {
	c.updates.Add(1)
	return c.DB.Update(ctx, fn)
}

// take returns what was counted since the last time.
func (c *counting) take() [3]int32 {
	return [3]int32{c.reads.Swap(0), c.views.Swap(0), c.updates.Swap(0)}
}

// A client's token costs one read and no write, from the second one on; a refresh of a pool that tracks no sessions one View more
// than the read of its client, and no write either.
func TestCostOfTokens(t *testing.T) {
	t.Parallel()
	var c counting
	a := setup(t, c.watch).withOrders()
	a.user("ada")
	m := a.sibling(machine("orders/read", "https://x.example/a/do"))
	_, err := m.clientToken()
	check(t, err)
	refresh := a.signIn("ada").RefreshToken
	_, err = a.refresh(refresh)
	check(t, err)
	c.take()
	for range 2 {
		_, err = m.clientToken("orders/read")
		check(t, err)
		if got := c.take(); got != [3]int32{1, 0, 0} {
			t.Errorf("a client's token took %v reads, views and updates", got)
		}
		_, err = a.refresh(refresh)
		check(t, err)
		if got := c.take(); got != [3]int32{1, 1, 0} {
			t.Errorf("a refresh took %v reads, views and updates", got)
		}
	}
}
