package userpool_test

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/cenote-auth/cenote/awsapi"
	"github.com/cenote-auth/cenote/userpool"
)

// clientOf describes a client of the app's pool.
func (a app) clientOf(id string) *userpool.UserPoolClientType {
	a.t.Helper()
	out, err := a.DescribeUserPoolClient(a.t.Context(), &userpool.DescribeUserPoolClientInput{UserPoolId: a.pool, ClientId: id})
	check(a.t, err)
	return out.UserPoolClient
}

// clientIDs lists the clients of the app's pool.
func (a app) clientIDs() []string {
	a.t.Helper()
	out, err := a.ListUserPoolClients(a.t.Context(), &userpool.ListUserPoolClientsInput{UserPoolId: a.pool})
	check(a.t, err)
	var ids []string
	for _, c := range out.UserPoolClients {
		ids = append(ids, c.ClientId)
	}
	return ids
}

// APP-001, APP-005, APP-006, APP-038, AUTH-081, AUTH-133, NEW-271: a client with nothing but a name has the documented defaults.
func TestNewClient(t *testing.T) {
	t.Parallel()
	a := setup(t).app()
	out, err := a.CreateUserPoolClient(t.Context(), &userpool.CreateUserPoolClientInput{
		UserPoolId: a.pool, ClientName: "web", GenerateSecret: true, ExplicitAuthFlows: []userpool.ExplicitAuthFlowsType{},
	})
	check(t, err)
	made := out.UserPoolClient
	if !regexp.MustCompile(`^[0-9a-z]{26}$`).MatchString(made.ClientId) {
		t.Errorf("the id is %q", made.ClientId)
	}
	if !regexp.MustCompile(`^[0-9a-z]{51}$`).MatchString(made.ClientSecret) {
		t.Error("the secret does not have 51 letters and digits")
	}
	body, err := a.Invoke(t.Context(), "DescribeUserPoolClient", fmt.Appendf(nil, `{"UserPoolId":%q,"ClientId":%q}`, a.pool, made.ClientId))
	check(t, err)
	seconds := fmt.Sprintf("%d", a.clock.Now().Unix())
	got := regexp.MustCompile(seconds+`(\.\d+)?`).ReplaceAllString(string(body), "NOW")
	for secret, by := range map[string]string{made.ClientSecret: "SECRET", made.ClientId: "ID", a.pool: "POOL"} {
		got = strings.ReplaceAll(got, secret, by)
	}
	want := `{"UserPoolClient":{"UserPoolId":"POOL","ClientName":"web","ClientId":"ID","ClientSecret":"SECRET",` +
		`"LastModifiedDate":NOW,"CreationDate":NOW,"RefreshTokenValidity":30,"TokenValidityUnits":{},` +
		`"AllowedOAuthFlowsUserPoolClient":false,"EnableTokenRevocation":true,"EnablePropagateAdditionalUserContextData":false,` +
		`"AuthSessionValidity":3,"ClientType":"REGULAR"}}`
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// APP-005, APP-006, APP-038: what was given is told as it was given.
func TestClientSettingsAreTold(t *testing.T) {
	t.Parallel()
	a := setup(t).app()
	a = a.sibling(rotating(20), hides, func(in *userpool.CreateUserPoolClientInput) {
		in.ClientName, in.ClientSecret = "mobile + web", strings.Repeat("s3", 12)
		in.RefreshTokenValidity, in.AccessTokenValidity, in.IdTokenValidity = 0, new(int32(30)), new(int32(1))
		in.TokenValidityUnits = &userpool.TokenValidityUnitsType{
			AccessToken: userpool.TimeUnitsTypeMinutes, RefreshToken: userpool.TimeUnitsTypeHours,
		}
		in.ReadAttributes, in.WriteAttributes = []string{"email"}, []string{"email", "name"}
		in.SupportedIdentityProviders = []string{"COGNITO"}
		in.EnableTokenRevocation, in.AuthSessionValidity = new(false), new(int32(5))
	})
	c := a.clientOf(a.client)
	switch {
	case c.ClientName != "mobile + web", c.ClientSecret != strings.Repeat("s3", 12), *c.RefreshTokenValidity != 720,
		*c.AccessTokenValidity != 30, *c.IdTokenValidity != 1, c.TokenValidityUnits.AccessToken != userpool.TimeUnitsTypeMinutes,
		c.TokenValidityUnits.IdToken != "", strings.Join(c.ReadAttributes, " ") != "email", strings.Join(c.WriteAttributes, " ") != "email name",
		c.SupportedIdentityProviders[0] != "COGNITO", *c.EnableTokenRevocation, *c.AuthSessionValidity != 5,
		c.PreventUserExistenceErrors != userpool.PreventUserExistenceErrorTypesEnabled, len(c.ExplicitAuthFlows) != 2,
		c.RefreshTokenRotation.Feature != userpool.FeatureTypeEnabled, *c.RefreshTokenRotation.RetryGracePeriodSeconds != 20:
		t.Errorf("got %+v", c)
	}
	c.ReadAttributes[0], *c.AccessTokenValidity, c.TokenValidityUnits.AccessToken = "phone_number", 7, ""
	if c := a.clientOf(a.client); c.ReadAttributes[0] != "email" || *c.AccessTokenValidity != 30 || c.TokenValidityUnits.AccessToken == "" {
		t.Error("what one caller does with his answer is what the next one gets")
	}
}

// clientRefusals are settings that neither a new client nor an old one can have. secret says that the client has one.
var clientRefusals = []struct {
	name   string
	secret bool
	set    func(in *userpool.CreateUserPoolClientInput)
	code   awsapi.Code
	text   string
}{
	{"AUTH-132 two spellings of flows", false, flows("ALLOW_USER_SRP_AUTH", "USER_PASSWORD_AUTH"), userpool.ErrInvalidParameter,
		"ExplicitAuthFlows cannot mix values with and without the ALLOW_ prefix."},
	{"AUTH-131 not a flow", false, flows("ALLOW_EVERYTHING"), userpool.ErrInvalidParameter, ""},
	{"AUTH-132 choice of factors", false, flows("ALLOW_USER_AUTH", "ADMIN_NO_SRP_AUTH"), userpool.ErrInvalidParameter,
		"ExplicitAuthFlows cannot mix values with and without the ALLOW_ prefix."},
	{"NEW-141 tokens for clients and a user's flow", true, flows("ALLOW_CLIENT_TOKEN_AUTH", "ALLOW_USER_SRP_AUTH"), userpool.ErrInvalidParameter,
		"ALLOW_CLIENT_TOKEN_AUTH cannot be combined with other values of ExplicitAuthFlows."},
	{"NEW-331 tokens for clients and refreshes", true, flows("ALLOW_REFRESH_TOKEN_AUTH", "ALLOW_CLIENT_TOKEN_AUTH"), userpool.ErrInvalidParameter,
		"ALLOW_CLIENT_TOKEN_AUTH cannot be combined with other values of ExplicitAuthFlows."},
	{"NEW-141 tokens for a public client", false, flows("ALLOW_CLIENT_TOKEN_AUTH"), userpool.ErrInvalidParameter,
		"ALLOW_CLIENT_TOKEN_AUTH can only be enabled for clients with a client secret."},
	{"custom scopes without tokens for clients", true, scopes("orders/read"),
		userpool.ErrInvalidParameter, "AllowedOAuthScopes is not available in this version of cenote."},
	{"the service's scopes with tokens for clients", true, allOf(flows("ALLOW_CLIENT_TOKEN_AUTH"), scopes("openid")),
		userpool.ErrInvalidParameter, "AllowedOAuthScopes is not available in this version of cenote."},
	{"NEW-266 the scope of registration", true, allOf(flows("ALLOW_CLIENT_TOKEN_AUTH"), scopes("aws.cognito/dcr/register")),
		userpool.ErrInvalidParameter, "AllowedOAuthScopes is not available in this version of cenote."},
	{"APP-027 scope of no resource server", true, allOf(flows("ALLOW_CLIENT_TOKEN_AUTH"), scopes("orders/read")),
		userpool.ErrScopeDoesNotExist, "Invalid scope requested: orders/read"},
	{"APP-027 scope without a resource server", true, allOf(flows("ALLOW_CLIENT_TOKEN_AUTH"), scopes("read")),
		userpool.ErrScopeDoesNotExist, "Invalid scope requested: read"},
	{"AUTH-261 rotation and refresh", false, func(in *userpool.CreateUserPoolClientInput) {
		in.ExplicitAuthFlows = []userpool.ExplicitAuthFlowsType{"ALLOW_REFRESH_TOKEN_AUTH"}
		in.RefreshTokenRotation = &userpool.RefreshTokenRotationType{Feature: userpool.FeatureTypeEnabled}
	}, userpool.ErrInvalidParameter, "Refresh token rotation cannot be enabled together with ALLOW_REFRESH_TOKEN_AUTH."},
	{"APP-015 rotation and refresh by default", false, func(in *userpool.CreateUserPoolClientInput) {
		in.ExplicitAuthFlows = nil
		in.RefreshTokenRotation = &userpool.RefreshTokenRotationType{Feature: userpool.FeatureTypeEnabled}
	}, userpool.ErrInvalidParameter, "Refresh token rotation cannot be enabled together with ALLOW_REFRESH_TOKEN_AUTH."},
	{"APP-015 rotation and the legacy spelling", false, func(in *userpool.CreateUserPoolClientInput) {
		in.ExplicitAuthFlows = []userpool.ExplicitAuthFlowsType{"USER_PASSWORD_AUTH"}
		in.RefreshTokenRotation = &userpool.RefreshTokenRotationType{Feature: userpool.FeatureTypeEnabled}
	}, userpool.ErrInvalidParameter, "Refresh token rotation cannot be enabled together with ALLOW_REFRESH_TOKEN_AUTH."},
	{"AUTH-260 rotation without its switch", false, func(in *userpool.CreateUserPoolClientInput) {
		in.RefreshTokenRotation = &userpool.RefreshTokenRotationType{}
	}, userpool.ErrInvalidParameter, ""},
	{"AUTH-260 grace of 61 seconds", false, rotating(61), userpool.ErrInvalidParameter, ""},
	{"AUTH-510 access token of 4 minutes", false, lifetimes(4, "minutes", 60, "minutes", 30, "days"), userpool.ErrInvalidParameter,
		"Invalid range for token validity: accessTokenValidity."},
	{"APP-007 access token of 25 hours", false, lifetimes(25, "", 1, "", 30, ""), userpool.ErrInvalidParameter,
		"Invalid range for token validity: accessTokenValidity."},
	{"AUTH-510 ID token of 299 seconds", false, lifetimes(1, "", 299, "seconds", 30, ""), userpool.ErrInvalidParameter,
		"Invalid range for token validity: idTokenValidity."},
	{"APP-007 ID token of two days", false, lifetimes(1, "", 2, "days", 30, ""), userpool.ErrInvalidParameter,
		"Invalid range for token validity: idTokenValidity."},
	{"APP-006 refresh token of 59 minutes", false, lifetimes(5, "minutes", 5, "minutes", 59, "minutes"), userpool.ErrInvalidParameter,
		"Invalid range for token validity: refreshTokenValidity."},
	{"APP-006 refresh token of 3651 days", false, lifetimes(1, "", 1, "", 3651, ""), userpool.ErrInvalidParameter,
		"Invalid range for token validity: refreshTokenValidity."},
	{"APP-008 more than the arithmetic holds", false, lifetimes(1, "", 1, "", 315360000, "days"), userpool.ErrInvalidParameter,
		"Invalid range for token validity: refreshTokenValidity."},
	{"APP-006 more than the model allows", false, lifetimes(1, "", 1, "", 315360001, "seconds"), userpool.ErrInvalidParameter, ""},
	{"AUTH-511 refresh shorter than access", false, lifetimes(2, "", 1, "", 1, "hours"), userpool.ErrInvalidParameter,
		"Refresh token validity cannot be shorter than access token or ID token validity."},
	{"APP-009 refresh shorter than ID", false, lifetimes(1, "", 2, "", 1, "hours"), userpool.ErrInvalidParameter,
		"Refresh token validity cannot be shorter than access token or ID token validity."},
	{"APP-008 unit of weeks", false, lifetimes(1, "weeks", 1, "", 30, ""), userpool.ErrInvalidParameter, ""},
	{"APP-010 session of 2 minutes", false, func(in *userpool.CreateUserPoolClientInput) { in.AuthSessionValidity = new(int32(2)) },
		userpool.ErrInvalidParameter, ""},
	{"APP-010 session of 16 minutes", false, func(in *userpool.CreateUserPoolClientInput) { in.AuthSessionValidity = new(int32(16)) },
		userpool.ErrInvalidParameter, ""},
	{"APP-012 hides a little", false, func(in *userpool.CreateUserPoolClientInput) { in.PreventUserExistenceErrors = "SOME" },
		userpool.ErrInvalidParameter, ""},
	{"APP-044 reads what is not there", false, func(in *userpool.CreateUserPoolClientInput) { in.ReadAttributes = []string{"custom:shoe"} },
		userpool.ErrInvalidParameter, "Invalid read attributes specified while DOING a client"},
	{"APP-044 writes what is not there", false, writable("name", "custom:shoe"),
		userpool.ErrInvalidParameter, "Invalid write attributes specified while DOING a client"},
	{"APP-044 does not write what is required", false, writable("email"),
		userpool.ErrInvalidParameter, "Invalid write attributes specified while DOING a client"},
	{"APP-044 writes nothing", false, writable(),
		userpool.ErrInvalidParameter, "Invalid write attributes specified while DOING a client"},
	{"APP-045 verifies an address", false, writable("name", "email_verified"),
		userpool.ErrInvalidParameter, "Invalid write attributes specified while DOING a client"},
	{"APP-045 verifies a number", false, writable("name", "phone_number_verified"),
		userpool.ErrInvalidParameter, "Invalid write attributes specified while DOING a client"},
	{"ATTR-011 writes what is for developers", false, writable("name", "dev:custom:risk"),
		userpool.ErrInvalidParameter, "Invalid write attributes specified while DOING a client"},
	{"writes sub", false, writable("name", "sub"), userpool.ErrInvalidParameter, "Invalid write attributes specified while DOING a client"},
	{"APP-033 another provider", false, func(in *userpool.CreateUserPoolClientInput) {
		in.SupportedIdentityProviders = []string{"COGNITO", "Google"}
	}, userpool.ErrInvalidParameter, "The provider Google does not exist for User Pool POOL."},
	{"AUTH-564 context of public clients", false, func(in *userpool.CreateUserPoolClientInput) {
		in.EnablePropagateAdditionalUserContextData = new(true)
	}, userpool.ErrInvalidParameter, "EnablePropagateAdditionalUserContextData can only be enabled for clients with a client secret."},
	{"OAuth", false, func(in *userpool.CreateUserPoolClientInput) { in.AllowedOAuthFlowsUserPoolClient = true },
		userpool.ErrInvalidParameter, "AllowedOAuthFlowsUserPoolClient is not available in this version of cenote."},
	{"OAuth flows", false, func(in *userpool.CreateUserPoolClientInput) { in.AllowedOAuthFlows = []userpool.OAuthFlowType{"code"} },
		userpool.ErrInvalidParameter, "AllowedOAuthFlows is not available in this version of cenote."},
	{"OAuth scopes", false, func(in *userpool.CreateUserPoolClientInput) { in.AllowedOAuthScopes = []string{"openid"} },
		userpool.ErrInvalidParameter, "AllowedOAuthScopes is not available in this version of cenote."},
	{"callbacks", false, func(in *userpool.CreateUserPoolClientInput) { in.CallbackURLs = []string{"https://example.com/"} },
		userpool.ErrInvalidParameter, "CallbackURLs is not available in this version of cenote."},
	{"log-out addresses", false, func(in *userpool.CreateUserPoolClientInput) { in.LogoutURLs = []string{"https://example.com/"} },
		userpool.ErrInvalidParameter, "LogoutURLs is not available in this version of cenote."},
	{"default redirect", false, func(in *userpool.CreateUserPoolClientInput) { in.DefaultRedirectURI = "https://example.com/" },
		userpool.ErrInvalidParameter, "DefaultRedirectURI is not available in this version of cenote."},
	{"analytics", false, func(in *userpool.CreateUserPoolClientInput) {
		in.AnalyticsConfiguration = &userpool.AnalyticsConfigurationType{ApplicationId: "0123456789abcdef0123456789abcdef"}
	}, userpool.ErrInvalidParameter, "AnalyticsConfiguration is not available in this version of cenote."},
}

// lifetimes sets how long access, ID and refresh tokens live.
func lifetimes(
	access int32, accessUnit userpool.TimeUnitsType, id int32, idUnit userpool.TimeUnitsType, refresh int32, refreshUnit userpool.TimeUnitsType,
) func(*userpool.CreateUserPoolClientInput) {
	return func(in *userpool.CreateUserPoolClientInput) {
		in.AccessTokenValidity, in.IdTokenValidity, in.RefreshTokenValidity = new(access), new(id), refresh
		in.TokenValidityUnits = &userpool.TokenValidityUnitsType{AccessToken: accessUnit, IdToken: idUnit, RefreshToken: refreshUnit}
	}
}

// writable sets what a client may write.
func writable(names ...string) func(*userpool.CreateUserPoolClientInput) {
	return func(in *userpool.CreateUserPoolClientInput) { in.WriteAttributes = append([]string{}, names...) }
}

// strict is a pool that requires a name and has an attribute for developers.
func strict(in *userpool.CreateUserPoolInput) {
	in.Schema = []userpool.SchemaAttributeType{
		{Name: "name", Required: new(true)},
		{Name: "risk", AttributeDataType: userpool.AttributeDataTypeString, DeveloperOnlyAttribute: new(true)},
		{Name: "badge", AttributeDataType: userpool.AttributeDataTypeString, Mutable: new(false)},
	}
}

// spoken fills in what a refusal says of its pool and operation.
func spoken(text, pool, doing string) string {
	return strings.NewReplacer("POOL", pool, "DOING", doing).Replace(text)
}

// Settings that contradict each other, the pool or this version make no client.
func TestCreateClientRefusals(t *testing.T) {
	t.Parallel()
	a := setup(t).app(strict)
	for _, tt := range clientRefusals {
		t.Run(tt.name, func(t *testing.T) {
			in := &userpool.CreateUserPoolClientInput{UserPoolId: a.pool, ClientName: "wrong", GenerateSecret: tt.secret}
			tt.set(in)
			_, err := a.CreateUserPoolClient(t.Context(), in)
			refused(t, err, tt.code, spoken(tt.text, a.pool, "creating"))
		})
	}
	for _, tt := range []struct {
		name string
		in   userpool.CreateUserPoolClientInput
		code awsapi.Code
		text string
	}{
		{"APP-002 no name", userpool.CreateUserPoolClientInput{UserPoolId: a.pool}, userpool.ErrInvalidParameter, ""},
		{"APP-002 name with a slash", userpool.CreateUserPoolClientInput{UserPoolId: a.pool, ClientName: "a/b"}, userpool.ErrInvalidParameter, ""},
		{"APP-002 name of 129 characters", userpool.CreateUserPoolClientInput{UserPoolId: a.pool, ClientName: strings.Repeat("n", 129)},
			userpool.ErrInvalidParameter, ""},
		{"no pool", userpool.CreateUserPoolClientInput{ClientName: "web"}, userpool.ErrInvalidParameter, ""},
		{"AUTH-082 unknown pool", userpool.CreateUserPoolClientInput{UserPoolId: "us-east-1_Nowhere00", ClientName: "web"},
			userpool.ErrResourceNotFound, "User pool us-east-1_Nowhere00 does not exist."},
		{"APP-003 two secrets", userpool.CreateUserPoolClientInput{
			UserPoolId: a.pool, ClientName: "web", GenerateSecret: true, ClientSecret: strings.Repeat("s", 24)},
			userpool.ErrInvalidParameter, "GenerateSecret and ClientSecret cannot be set together."},
		{"AUTH-081 secret of 23 characters", userpool.CreateUserPoolClientInput{
			UserPoolId: a.pool, ClientName: "web", ClientSecret: strings.Repeat("s", 23)}, userpool.ErrInvalidParameter, ""},
		{"id that is taken", userpool.CreateUserPoolClientInput{UserPoolId: a.pool, ClientName: "_custom_id_:" + a.client},
			userpool.ErrInvalidParameter, "User pool client " + a.client + " exists already."},
		{"id that is none", userpool.CreateUserPoolClientInput{UserPoolId: a.pool, ClientName: "_custom_id_:my-app"},
			userpool.ErrInvalidParameter, ""},
		{"id of no character", userpool.CreateUserPoolClientInput{UserPoolId: a.pool, ClientName: "_custom_id_:" + strings.Repeat("x", 101)},
			userpool.ErrInvalidParameter, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := a.CreateUserPoolClient(t.Context(), &tt.in)
			refused(t, err, tt.code, tt.text)
		})
	}
	t.Run("wrong type", func(t *testing.T) {
		_, err := a.Invoke(t.Context(), "CreateUserPoolClient", fmt.Appendf(nil, `{"UserPoolId":%q,"ClientName":5}`, a.pool))
		refused(t, err, awsapi.ErrSerialization, "")
	})
	if ids := a.clientIDs(); len(ids) != 1 {
		t.Errorf("refused requests left the clients %q", ids)
	}
}

// APP-011: a LITE pool does not have the choice of factors in the first place.
func TestClientTier(t *testing.T) {
	t.Parallel()
	a := setup(t).app(func(in *userpool.CreateUserPoolInput) { in.UserPoolTier = userpool.UserPoolTierTypeLite })
	_, err := a.CreateUserPoolClient(t.Context(), &userpool.CreateUserPoolClientInput{
		UserPoolId: a.pool, ClientName: "web", ExplicitAuthFlows: []userpool.ExplicitAuthFlowsType{"ALLOW_USER_AUTH"},
	})
	refused(t, err, userpool.ErrFeatureUnavailableInTier,
		"The following features need to be disabled for the LITE pricing tier configured: ALLOW_USER_AUTH")
}

// APP-042, APP-046, AUTH-510, AUTH-511: the bounds themselves are within, and what switches nothing on is no request for it.
func TestClientBounds(t *testing.T) {
	t.Parallel()
	a := setup(t).app(strict)
	for name, set := range map[string]func(*userpool.CreateUserPoolClientInput){
		"AUTH-510 shortest":            lifetimes(5, "minutes", 300, "seconds", 60, "minutes"),
		"AUTH-510 longest":             lifetimes(1, "days", 86400, "seconds", 3650, ""),
		"AUTH-511 equal":               lifetimes(1, "", 60, "minutes", 3600, "seconds"),
		"APP-046 writes the immutable": writable("name", "custom:badge"),
		"ATTR-011 reads everything": func(in *userpool.CreateUserPoolClientInput) {
			in.ReadAttributes = []string{"sub", "email_verified", "dev:custom:risk", "custom:badge"}
		},
		"nothing switched on": func(in *userpool.CreateUserPoolClientInput) {
			in.CallbackURLs, in.LogoutURLs, in.AllowedOAuthFlows = []string{}, []string{}, []userpool.OAuthFlowType{}
			in.AllowedOAuthScopes, in.EnablePropagateAdditionalUserContextData = []string{}, new(false)
			in.RefreshTokenRotation = &userpool.RefreshTokenRotationType{Feature: userpool.FeatureTypeDisabled}
		},
	} {
		t.Run(name, func(t *testing.T) {
			in := &userpool.CreateUserPoolClientInput{UserPoolId: a.pool, ClientName: "edge"}
			set(in)
			_, err := a.CreateUserPoolClient(t.Context(), in)
			check(t, err)
		})
	}
}

// A name can choose the id as it does with other emulators; without Config.CustomIDs its colon is refused as the API does.
func TestCustomClientID(t *testing.T) {
	t.Parallel()
	a := setup(t).app()
	out, err := a.Invoke(t.Context(), "CreateUserPoolClient", fmt.Appendf(nil, `{"UserPoolId":%q,"ClientName":"_custom_id_:myapp"}`, a.pool))
	check(t, err)
	if !strings.Contains(string(out), `"ClientId":"myapp"`) || !strings.Contains(string(out), `"ClientName":"_custom_id_:myapp"`) {
		t.Errorf("got %s", out)
	}
	in := &userpool.UpdateUserPoolClientInput{UserPoolId: a.pool, ClientId: "myapp", ClientName: "_custom_id_:myapp"}
	_, err = a.UpdateUserPoolClient(t.Context(), in)
	check(t, err)
	if name := a.clientOf("myapp").ClientName; name != in.ClientName || name != "_custom_id_:myapp" {
		t.Errorf("the name is %q", name)
	}
	plain := setup(t, func(c *userpool.Config) { c.CustomIDs = false }).app()
	_, err = plain.CreateUserPoolClient(t.Context(), &userpool.CreateUserPoolClientInput{
		UserPoolId: plain.pool, ClientName: "_custom_id_:myapp",
	})
	refused(t, err, userpool.ErrInvalidParameter, "")
}

// APP-018: a pool has 1,000 clients, and other pools have theirs.
func TestClientQuota(t *testing.T) {
	t.Parallel()
	a := setup(t).app()
	in := &userpool.CreateUserPoolClientInput{UserPoolId: a.pool, ClientName: "one of many"}
	for range 999 {
		_, err := a.CreateUserPoolClient(t.Context(), in)
		check(t, err)
	}
	_, err := a.CreateUserPoolClient(t.Context(), in)
	refused(t, err, userpool.ErrLimitExceeded, "Maximum number of clients in the user pool has been reached.")
	a.app()
}

// Of many who ask for one id at the same time, one gets it.
func TestCustomClientIDRace(t *testing.T) {
	t.Parallel()
	a := setup(t).app()
	won := 0
	for _, err := range race(8, func(int) error {
		_, err := a.CreateUserPoolClient(t.Context(), &userpool.CreateUserPoolClientInput{UserPoolId: a.pool, ClientName: "_custom_id_:wanted"})
		return err
	}) {
		switch {
		case err == nil:
			won++
		case !errors.Is(err, userpool.ErrInvalidParameter):
			t.Error(err)
		}
	}
	if won != 1 {
		t.Errorf("%d got the id", won)
	}
}
