package userpool_test

import (
	"context"
	"errors"
	"testing"

	"github.com/cenote-auth/cenote/awsapi"
	"github.com/cenote-auth/cenote/srp"
	"github.com/cenote-auth/cenote/trigger"
	"github.com/cenote-auth/cenote/userpool"
)

// adminBegin starts a sign-in by AdminInitiateAuth.
func (a app) adminBegin(flow userpool.AuthFlowType, pairs ...string) (*userpool.AdminInitiateAuthOutput, error) {
	params := asMap(pairs)
	if h := a.hash(params["USERNAME"]); h != "" && params["SECRET_HASH"] == "" {
		params["SECRET_HASH"] = h
	}
	return a.AdminInitiateAuth(a.t.Context(), &userpool.AdminInitiateAuthInput{
		UserPoolId: a.pool, ClientId: a.client, AuthFlow: flow, AuthParameters: params,
	})
}

func flows(f ...userpool.ExplicitAuthFlowsType) func(*userpool.CreateUserPoolClientInput) {
	return func(in *userpool.CreateUserPoolClientInput) { in.ExplicitAuthFlows = f }
}

// AUTH-151, AUTH-152, AUTH-201, AUTH-202, AUTH-139: the password flows answer tokens and an empty map of parameters.
func TestPasswordFlows(t *testing.T) {
	t.Parallel()
	b := setup(t)
	a := b.app()
	a.user("ada", "email", "ada@example.com")
	out, err := a.tryPassword("ada", password)
	check(t, err)
	r := out.AuthenticationResult
	if r == nil || r.AccessToken == "" || r.IdToken == "" || r.RefreshToken == "" || r.TokenType != "Bearer" || r.ExpiresIn != 3600 {
		t.Errorf("incomplete tokens %v", r != nil)
	}
	if out.ChallengeName != "" || out.Session != "" || out.ChallengeParameters == nil || len(out.ChallengeParameters) != 0 {
		t.Errorf("challenge %q, session %q, parameters %v; want an empty map only", out.ChallengeName, out.Session, out.ChallengeParameters)
	}
	for _, flow := range []userpool.AuthFlowType{userpool.AuthFlowTypeAdminUserPasswordAuth, userpool.AuthFlowTypeAdminNoSrpAuth} {
		out, err := a.adminBegin(flow, "USERNAME", "ada", "PASSWORD", password)
		check(t, err)
		if out.AuthenticationResult == nil || out.ChallengeParameters == nil {
			t.Errorf("%s gave no tokens", flow)
		}
	}
}

// AUTH-138, AUTH-140, AUTH-141, AUTH-205, AUTH-588, AUTH-589: what is refused before anybody is looked up, in that order.
func TestInitiateAuthRefusals(t *testing.T) {
	t.Parallel()
	b := setup(t)
	all, other := b.app(legacy), b.app(legacy)
	none := all.sibling(flows(userpool.ExplicitAuthFlowsTypeAllowCustomAuth))
	all.user("ada", "email", "ada@example.com")
	login, err := srp.NewLogin(all.pool, "ada", password)
	check(t, err)
	a := login.Params()["SRP_A"]

	tests := []struct {
		name   string
		app    app
		signed bool
		flow   userpool.AuthFlowType
		params []string
		code   awsapi.Code
		text   string
	}{
		{"AUTH-138 signed flow unsigned", all, false, userpool.AuthFlowTypeAdminUserPasswordAuth, []string{"USERNAME", "ada", "PASSWORD", password},
			userpool.ErrInvalidParameter, "Initiate Auth method not supported"},
		{"AUTH-138 its other name", all, false, userpool.AuthFlowTypeAdminNoSrpAuth, []string{"USERNAME", "ada", "PASSWORD", password},
			userpool.ErrInvalidParameter, "Initiate Auth method not supported"},
		{"AUTH-138 unsigned flow signed", all, true, userpool.AuthFlowTypeUserPasswordAuth, []string{"USERNAME", "ada", "PASSWORD", password},
			userpool.ErrInvalidParameter, "Initiate Auth method not supported"},
		{"AUTH-140 password", none, false, userpool.AuthFlowTypeUserPasswordAuth, nil,
			userpool.ErrInvalidParameter, "USER_PASSWORD_AUTH flow not enabled for this client"},
		{"AUTH-140 SRP", none, false, userpool.AuthFlowTypeUserSrpAuth, nil,
			userpool.ErrInvalidParameter, "USER_SRP_AUTH is not enabled for the client."},
		{"AUTH-140 admin", none, true, userpool.AuthFlowTypeAdminUserPasswordAuth, nil,
			userpool.ErrInvalidParameter, "Auth flow not enabled for this client"},
		{"AUTH-135 refresh", none, false, userpool.AuthFlowTypeRefreshTokenAuth, nil,
			userpool.ErrInvalidParameter, "Auth flow not enabled for this client"},
		{"AUTH-141 USERNAME", all, false, userpool.AuthFlowTypeUserPasswordAuth, []string{"PASSWORD", password},
			userpool.ErrInvalidParameter, "Missing required parameter USERNAME"},
		{"AUTH-205 PASSWORD", all, false, userpool.AuthFlowTypeUserPasswordAuth, []string{"USERNAME", "ada", "PASSWORD", ""},
			userpool.ErrInvalidParameter, "Missing required parameter PASSWORD"},
		{"AUTH-141 SRP_A", all, false, userpool.AuthFlowTypeUserSrpAuth, []string{"USERNAME", "ada"},
			userpool.ErrInvalidParameter, "Missing required parameter SRP_A"},
		{"AUTH-141 REFRESH_TOKEN", all, false, userpool.AuthFlowTypeRefreshTokenAuth, nil,
			userpool.ErrInvalidParameter, "Missing required parameter REFRESH_TOKEN"},
		{"AUTH-142 not a flow", all, false, "MAGIC", nil, userpool.ErrInvalidParameter, ""},
		{"AUTH-082 client", app{bench: b, client: "nobody"}, false, userpool.AuthFlowTypeUserPasswordAuth, nil,
			userpool.ErrResourceNotFound, "User pool client nobody does not exist."},
		{"AUTH-082 pool", app{bench: b, client: all.client, pool: "us-east-1_Nowhere00"}, true, userpool.AuthFlowTypeAdminUserPasswordAuth, nil,
			userpool.ErrResourceNotFound, "User pool us-east-1_Nowhere00 does not exist."},
		{"AUTH-083 client of another pool", app{bench: b, client: other.client, pool: all.pool}, true, userpool.AuthFlowTypeAdminUserPasswordAuth,
			nil, userpool.ErrResourceNotFound, "User pool client " + other.client + " does not exist."},
		{"AUTH-192 SRP_A", all, false, userpool.AuthFlowTypeUserSrpAuth, []string{"USERNAME", "ada", "SRP_A", "xyz"}, userpool.ErrInvalidParameter, ""},
		{"AUTH-182 A is zero", all, false, userpool.AuthFlowTypeUserSrpAuth, []string{"USERNAME", "ada", "SRP_A", "0"},
			userpool.ErrNotAuthorized, "Incorrect username or password."},
		{"AUTH-065 unknown user", all, false, userpool.AuthFlowTypeUserPasswordAuth, []string{"USERNAME", "nobody", "PASSWORD", password},
			userpool.ErrUserNotFound, "User does not exist."},
		{"AUTH-453 unknown user by SRP", all, false, userpool.AuthFlowTypeUserSrpAuth, []string{"USERNAME", "nobody", "SRP_A", a},
			userpool.ErrUserNotFound, "User does not exist."},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var err error
			if tt.signed {
				_, err = tt.app.adminBegin(tt.flow, tt.params...)
			} else {
				_, err = tt.app.begin(tt.flow, tt.params...)
			}
			refused(t, err, tt.code, tt.text)
		})
	}
}

// AUTH-133…135: which flows the switches of a client allow, in the present spelling and the legacy one.
func TestFlowSwitches(t *testing.T) {
	t.Parallel()
	const (
		pw, srpFlow, admin, refresh = 1, 2, 4, 8
	)
	tests := []struct {
		name  string
		flows []userpool.ExplicitAuthFlowsType
		want  int
	}{
		{"AUTH-133 absent", nil, srpFlow | refresh},
		{"AUTH-134 legacy admin", []userpool.ExplicitAuthFlowsType{userpool.ExplicitAuthFlowsTypeAdminNoSrpAuth}, srpFlow | refresh | admin},
		{"AUTH-134 legacy password", []userpool.ExplicitAuthFlowsType{userpool.ExplicitAuthFlowsTypeUserPasswordAuth}, srpFlow | refresh | pw},
		{"AUTH-134 custom only", []userpool.ExplicitAuthFlowsType{userpool.ExplicitAuthFlowsTypeCustomAuthFlowOnly}, refresh},
		{"AUTH-134 custom only beside a password", []userpool.ExplicitAuthFlowsType{
			userpool.ExplicitAuthFlowsTypeUserPasswordAuth, userpool.ExplicitAuthFlowsTypeCustomAuthFlowOnly,
		}, refresh},
		{"AUTH-135 password", []userpool.ExplicitAuthFlowsType{userpool.ExplicitAuthFlowsTypeAllowUserPasswordAuth}, pw},
		{"AUTH-135 SRP", []userpool.ExplicitAuthFlowsType{userpool.ExplicitAuthFlowsTypeAllowUserSrpAuth}, srpFlow},
		{"AUTH-135 admin and refresh", []userpool.ExplicitAuthFlowsType{
			userpool.ExplicitAuthFlowsTypeAllowAdminUserPasswordAuth, userpool.ExplicitAuthFlowsTypeAllowRefreshTokenAuth}, admin | refresh},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			a := setup(t).app(flows(tt.flows...))
			a.user("ada")
			on := func(err error) bool {
				e, _ := errors.AsType[*awsapi.Error](err)
				return err == nil || e.Code != userpool.ErrInvalidParameter
			}
			got := 0
			_, err := a.tryPassword("ada", password)
			if on(err) {
				got |= pw
			}
			if _, err = a.srp("ada", password); on(err) {
				got |= srpFlow
			}
			if _, err = a.adminBegin(userpool.AuthFlowTypeAdminUserPasswordAuth, "USERNAME", "ada", "PASSWORD", password); on(err) {
				got |= admin
			}
			if _, err = a.begin(userpool.AuthFlowTypeRefreshToken, "REFRESH_TOKEN", "x"); on(err) {
				got |= refresh
			}
			if got != tt.want {
				t.Errorf("flows %04b, want %04b", got, tt.want)
			}
		})
	}
}

// AUTH-003…007, AUTH-144…147, AUTH-462…464, AUTH-206: what a sign-in answers in each state, with a right and with a wrong
// password, in clear and by SRP, with and without hiding who exists.
func TestSignInStates(t *testing.T) {
	t.Parallel()
	type answer struct {
		code awsapi.Code
		text string
	}
	var (
		tokens      = answer{}
		wrong       = answer{userpool.ErrNotAuthorized, "Incorrect username or password."}
		disabled    = answer{userpool.ErrNotAuthorized, "User is disabled."}
		unconfirmed = answer{userpool.ErrUserNotConfirmed, "User is not confirmed."}
		reset       = answer{userpool.ErrPasswordResetRequired, "Password reset required for the user"}
		unknown     = answer{userpool.ErrUserNotFound, "User does not exist."}
	)
	b := setup(t, func(c *userpool.Config) { c.Limits.FreeAttempts = -1 })
	open := b.app(legacy)
	hidden := open.sibling(hides)
	open.user("fine")
	open.signUp("fresh")
	open.user("off")
	open.disable("off")
	open.user("lost", "email", "lost@example.com")
	_, err := open.AdminResetUserPassword(t.Context(), &userpool.AdminResetUserPasswordInput{UserPoolId: open.pool, Username: "lost"})
	check(t, err)

	tests := []struct {
		name     string
		app      app
		user     string
		password string
		want     answer
	}{
		{"AUTH-004 legacy", open, "fine", password, tokens},
		{"AUTH-145 legacy", open, "fine", another, wrong},
		{"AUTH-206 trailing space", open, "fine", password + " ", wrong},
		{"AUTH-003 legacy", open, "fresh", password, unconfirmed},
		{"AUTH-146 legacy", open, "fresh", another, wrong},
		{"AUTH-144 legacy", open, "off", password, disabled},
		{"AUTH-006 legacy", open, "lost", password, reset},
		{"AUTH-147 legacy", open, "lost", another, reset},
		{"AUTH-452 legacy", open, "nobody", password, unknown},
		{"AUTH-004 hidden", hidden, "fine", password, tokens},
		{"AUTH-145 hidden", hidden, "fine", another, wrong},
		{"AUTH-463 hidden, right", hidden, "fresh", password, unconfirmed},
		{"AUTH-463 hidden, wrong", hidden, "fresh", another, wrong},
		{"AUTH-464 hidden, right", hidden, "off", password, disabled},
		{"AUTH-464 hidden, wrong", hidden, "off", another, wrong},
		{"AUTH-462 hidden, right", hidden, "lost", password, reset},
		{"AUTH-462 hidden, wrong", hidden, "lost", another, wrong},
		{"AUTH-452 hidden", hidden, "nobody", password, wrong},
	}
	ways := map[string]func(a app, name, password string) error{
		"password": func(a app, name, password string) error { _, err := a.tryPassword(name, password); return err },
		"srp":      func(a app, name, password string) error { _, err := a.srp(name, password); return err },
		"admin": func(a app, name, password string) error {
			_, err := a.adminBegin(userpool.AuthFlowTypeAdminUserPasswordAuth, "USERNAME", name, "PASSWORD", password)
			return err
		},
	}
	for _, tt := range tests {
		for way, signIn := range ways {
			t.Run(tt.name+"/"+way, func(t *testing.T) {
				err := signIn(tt.app, tt.user, tt.password)
				if tt.want == tokens {
					check(t, err)
					return
				}
				refused(t, err, tt.want.code, tt.want.text)
			})
		}
	}
}

// AUTH-149, TRG-060, TRG-061, AUTH-166: the pre authentication function runs before any proof and may refuse; it gets the
// metadata of the initiating call as validationData. For a name that nobody has it runs only where that is hidden.
func TestPreAuthentication(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var asked []trigger.PreAuthenticationEvent
	arn := on(b, "pre", func(_ context.Context, e trigger.PreAuthenticationEvent) (trigger.PreAuthenticationEvent, error) {
		asked = append(asked, e)
		if e.Request.ValidationData["deny"] != "" {
			return e, errors.New("not today")
		}
		return e, nil
	})
	a := b.app(legacy, lambdas(userpool.LambdaConfigType{PreAuthentication: arn}))
	sub := a.user("ada")
	_, err := a.InitiateAuth(t.Context(), &userpool.InitiateAuthInput{
		ClientId: a.client, AuthFlow: userpool.AuthFlowTypeUserPasswordAuth, ClientMetadata: map[string]string{"deny": "yes"},
		AuthParameters: map[string]string{"USERNAME": "ada", "PASSWORD": password},
	})
	refused(t, err, userpool.ErrUserLambdaValidation, "PreAuthentication failed with error not today.")
	if len(asked) != 1 || asked[0].UserName != "ada" || asked[0].Request.UserAttributes["sub"] != sub || asked[0].Request.UserNotFound != nil {
		t.Errorf("the function was asked %+v", asked)
	}
	_, err = a.tryPassword("nobody", password)
	refused(t, err, userpool.ErrUserNotFound, "")
	tokens := a.signIn("ada")
	if len(asked) != 2 {
		t.Errorf("the function ran %d times, want 2", len(asked))
	}
	_, err = a.refresh(tokens.RefreshToken)
	check(t, err)
	if len(asked) != 2 {
		t.Error("the function ran on a refresh")
	}
	hidden := a.sibling(hides)
	_, err = hidden.tryPassword("nobody", password)
	refused(t, err, userpool.ErrNotAuthorized, "Incorrect username or password.")
	if e := asked[2]; e.Request.UserNotFound == nil || !*e.Request.UserNotFound || len(e.Request.UserAttributes) != 0 || e.UserName != "nobody" {
		t.Errorf("for a name that nobody has the function was asked %+v", e)
	}
	_, err = hidden.tryPassword("ada", password)
	check(t, err)
	if e := asked[3]; e.Request.UserNotFound == nil || *e.Request.UserNotFound {
		t.Error("userNotFound is not false for a user")
	}
}
