package userpool_test

import (
	"context"
	"testing"
	"time"

	"github.com/cenote-auth/cenote/trigger"
	"github.com/cenote-auth/cenote/userpool"
)

// The rows of the state machine, AUTH-009…012, AUTH-018, AUTH-019, AUTH-021…023, AUTH-025…027, AUTH-029, AUTH-031, AUTH-032: what leads from
// one status to another, and that the date of change moves with it.
func TestLifecycle(t *testing.T) {
	t.Parallel()
	b := setup(t)
	confirms := on(b, "confirms", func(_ context.Context, e preSignUp) (preSignUp, error) {
		e.Response.AutoConfirmUser = true
		return e, nil
	})
	base := b.app(legacy)
	auto := b.app(lambdas(userpool.LambdaConfigType{PreSignUp: confirms}))
	const mail = "ada@example.com"
	reset := func(a app) {
		_, err := a.AdminResetUserPassword(a.t.Context(), &userpool.AdminResetUserPasswordInput{UserPoolId: a.pool, Username: "ada"})
		check(a.t, err)
	}
	setTo := func(permanent bool) func(a app) {
		return func(a app) {
			_, err := a.AdminSetUserPassword(a.t.Context(), &userpool.AdminSetUserPasswordInput{
				UserPoolId: a.pool, Username: "ada", Password: another, Permanent: permanent,
			})
			check(a.t, err)
		}
	}
	none := func(app) {}
	unconfirmed := func(a app) { a.signUp("ada", "email", mail) }
	confirmed := func(a app) { a.user("ada", "email", mail) }
	temporary := func(a app) { a.newcomer("ada", "email", mail, "email_verified", "true") }
	lost := func(a app) { confirmed(a); reset(a) }
	tests := []struct {
		name  string
		app   app
		from  func(a app)
		event func(a app)
		want  userpool.UserStatusType
		same  bool // the status does not change
	}{
		{"AUTH-010", base, none, unconfirmed, "UNCONFIRMED", false},
		{"AUTH-011", auto, none, func(a app) { a.signUp("ada") }, "CONFIRMED", false},
		{"AUTH-012", base, none, temporary, "FORCE_CHANGE_PASSWORD", false},
		{"AUTH-018", base, unconfirmed, func(a app) { check(a.t, a.confirm("ada", a.code(mail))) }, "CONFIRMED", false},
		{"AUTH-019", base, unconfirmed, func(a app) {
			_, err := a.AdminConfirmSignUp(a.t.Context(), &userpool.AdminConfirmSignUpInput{UserPoolId: a.pool, Username: "ada"})
			check(a.t, err)
		}, "CONFIRMED", false},
		{"AUTH-021", base, temporary, func(a app) {
			_, err := a.respond(newPassword, a.challenged("ada"), "USERNAME", "ada", "NEW_PASSWORD", another)
			check(a.t, err)
		}, "CONFIRMED", false},
		{"AUTH-022 from UNCONFIRMED", base, unconfirmed, setTo(true), "CONFIRMED", false},
		{"AUTH-022 from RESET_REQUIRED", base, lost, setTo(true), "CONFIRMED", false},
		{"AUTH-022 from FORCE_CHANGE_PASSWORD", base, temporary, setTo(true), "CONFIRMED", false},
		{"AUTH-023", base, confirmed, setTo(false), "FORCE_CHANGE_PASSWORD", false},
		{"AUTH-025", base, confirmed, reset, "RESET_REQUIRED", false},
		{"AUTH-026", base, lost, func(a app) { a.clock.Advance(time.Second); reset(a) }, "RESET_REQUIRED", true},
		{"AUTH-027 from RESET_REQUIRED", base, lost, func(a app) { check(a.t, a.reset("ada", a.code(mail), another)) }, "CONFIRMED", false},
		{"AUTH-027 from CONFIRMED", base, func(a app) {
			confirmed(a)
			_, err := a.forgot("ada")
			check(a.t, err)
		}, func(a app) { check(a.t, a.reset("ada", a.code(mail), another)) }, "CONFIRMED", true},
		{"AUTH-029", base, temporary, func(a app) {
			a.clock.Advance(8 * 24 * time.Hour)
			_, err := a.tryPassword("ada", password)
			refused(a.t, err, userpool.ErrNotAuthorized, "Temporary password has expired and must be reset by an administrator.")
		}, "FORCE_CHANGE_PASSWORD", true},
		{"AUTH-031", base, confirmed, func(a app) {
			_, err := a.forgot("ada")
			check(a.t, err)
			a.signIn("ada")
		}, "CONFIRMED", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := tt.app.fork(t)
			tt.from(a)
			a.clock.Advance(time.Minute)
			moment := a.clock.Now()
			tt.event(a)
			p := a.profile("ada")
			if p.UserStatus != tt.want || !p.Enabled {
				t.Errorf("status is %s, enabled %t; want %s", p.UserStatus, p.Enabled, tt.want)
			}
			if !tt.same && p.UserLastModifiedDate.Before(moment.Truncate(time.Second)) {
				t.Errorf("UserLastModifiedDate is %v, want %v or later", p.UserLastModifiedDate, moment)
			}
		})
	}
	a := base.fork(t)
	confirmed(a)
	a.remove("ada") // AUTH-032: although enabled
	_, err := a.tryPassword("ada", password)
	refused(t, err, userpool.ErrUserNotFound, "User does not exist.")
}

// AUTH-002: enabling and disabling leave the status alone, whatever it is.
func TestEnabledIsNotAStatus(t *testing.T) {
	t.Parallel()
	a := setup(t).app()
	a.signUp("unconfirmed")
	a.user("confirmed")
	a.newcomer("temporary")
	for name, want := range map[string]userpool.UserStatusType{
		"unconfirmed": "UNCONFIRMED", "confirmed": "CONFIRMED", "temporary": "FORCE_CHANGE_PASSWORD",
	} {
		a.disable(name)
		if p := a.profile(name); p.UserStatus != want || p.Enabled {
			t.Errorf("%s: status %s, enabled %t after disabling", name, p.UserStatus, p.Enabled)
		}
		_, err := a.AdminEnableUser(t.Context(), &userpool.AdminEnableUserInput{UserPoolId: a.pool, Username: name})
		check(t, err)
		if p := a.profile(name); p.UserStatus != want || !p.Enabled {
			t.Errorf("%s: status %s, enabled %t after enabling", name, p.UserStatus, p.Enabled)
		}
	}
	a.signIn("confirmed") // AUTH-529
}

// AUTH-045, AUTH-050, AUTH-051, AUTH-061, AUTH-062: under which names a user signs in; tokens have the stored spelling.
func TestSignInNames(t *testing.T) {
	t.Parallel()
	insensitive := func(in *userpool.CreateUserPoolInput) {
		in.UsernameConfiguration = &userpool.UsernameConfigurationType{CaseSensitive: false}
	}
	aliases := func(in *userpool.CreateUserPoolInput) {
		in.AliasAttributes = []userpool.AliasAttributeType{
			userpool.AliasAttributeTypeEmail, userpool.AliasAttributeTypePhoneNumber, userpool.AliasAttributeTypePreferredUsername,
		}
	}
	for name, tt := range map[string]struct {
		options  []any
		user     string
		yes, not []string
	}{
		"AUTH-045 plain":            {nil, "Ada", []string{"Ada"}, []string{"ada", "Ada@Example.com"}},
		"AUTH-061 insensitive":      {[]any{insensitive}, "Ada", []string{"Ada", "ada", "ADA"}, []string{"ada@example.com"}},
		"AUTH-051 aliases":          {[]any{aliases}, "Ada", []string{"Ada", "Ada@Example.com", "lovelace"}, []string{"ada@example.com", "+15550101234"}},
		"AUTH-061 folded aliases":   {[]any{aliases, insensitive}, "Ada", []string{"ada", "ADA@example.com", "LoveLace"}, []string{"+15550101234"}},
		"AUTH-050 named by address": {[]any{byEmail, insensitive}, "Ada@Example.com", []string{"ada@example.com"}, []string{"lovelace"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := setup(t).app(append(tt.options, legacy)...)
			attrs := []string{"phone_number", "+15550101234"}
			if tt.user == "Ada" {
				attrs = append(attrs, "email", "Ada@Example.com")
			}
			sub := a.user(tt.user, attrs...)
			a.setAttributes(sub, "preferred_username", "lovelace")
			want := "Ada"
			if tt.user != "Ada" {
				want = sub
			}
			for _, n := range tt.yes {
				tokens := a.signIn(n)
				if got := claimsOf(t, tokens.IdToken)["cognito:username"]; got != want {
					t.Errorf("cognito:username is %v, want %s", got, want)
				}
				if _, err := a.srp(n, password); err != nil {
					t.Errorf("%s by SRP: %v", n, err)
				}
			}
			for _, n := range tt.not {
				_, err := a.tryPassword(n, password)
				refused(t, err, userpool.ErrUserNotFound, "User does not exist.")
			}
		})
	}
}

// AUTH-043: the name of somebody who was deleted is free, and means somebody else from then on (C4).
func TestC4_NameMadeAgain(t *testing.T) {
	t.Parallel()
	a := setup(t).app()
	first := a.user("ada")
	tokens := a.signIn("ada")
	a.remove("ada")
	second := a.user("ada")
	if first == second {
		t.Error("the sub was used again")
	}
	_, err := a.getUser(tokens.AccessToken)
	refused(t, err, userpool.ErrUserNotFound, "User does not exist.")
	_, err = a.refresh(tokens.RefreshToken)
	refused(t, err, userpool.ErrUserNotFound, "User does not exist.")
}

// AUTH-143, AUTH-588: of several reasons to refuse a sign-in the first in order is told.
func TestSignInOrder(t *testing.T) {
	t.Parallel()
	b := setup(t)
	veto := on(b, "veto", func(context.Context, trigger.PreAuthenticationEvent) (trigger.PreAuthenticationEvent, error) {
		return trigger.PreAuthenticationEvent{}, context.DeadlineExceeded
	})
	a := b.app(legacy, withSecret, lambdas(userpool.LambdaConfigType{PreAuthentication: veto}))
	shut := a.sibling(legacy, withSecret, flows(userpool.ExplicitAuthFlowsTypeAllowUserSrpAuth))
	a.user("off")
	a.disable("off")
	a.user("ada")
	try := func(x app, flow userpool.AuthFlowType, params map[string]string) string {
		_, err := x.InitiateAuth(t.Context(), &userpool.InitiateAuthInput{ClientId: x.client, AuthFlow: flow, AuthParameters: params})
		return errorText(err)
	}
	pw := userpool.AuthFlowTypeUserPasswordAuth
	for i, step := range []struct{ got, want string }{
		{try(app{bench: b, client: "nobody"}, userpool.AuthFlowTypeAdminNoSrpAuth, nil), "User pool client nobody does not exist."},
		{try(shut, pw, nil), "USER_PASSWORD_AUTH flow not enabled for this client"},
		{try(a, pw, map[string]string{"USERNAME": "off"}), "Missing required parameter PASSWORD"},
		{try(a, pw, map[string]string{"USERNAME": "nobody", "PASSWORD": another}),
			"Client " + a.client + " is configured with secret but SECRET_HASH was not received"},
		{try(a, pw, map[string]string{"USERNAME": "nobody", "PASSWORD": another, "SECRET_HASH": a.hash("nobody")}), "User does not exist."},
		{try(a, pw, map[string]string{"USERNAME": "off", "PASSWORD": another, "SECRET_HASH": a.hash("off")}), "User is disabled."},
		{try(a, pw, map[string]string{"USERNAME": "ada", "PASSWORD": another, "SECRET_HASH": a.hash("ada")}),
			"PreAuthentication failed with error context deadline exceeded."},
	} {
		if step.got != step.want {
			t.Errorf("step %d: got %q, want %q", i, step.got, step.want)
		}
	}
}

// AUTH-167: what only threat protection reads changes no result.
func TestContextDataIsIgnored(t *testing.T) {
	t.Parallel()
	a := setup(t).app()
	a.user("ada")
	_, err := a.InitiateAuth(t.Context(), &userpool.InitiateAuthInput{
		ClientId: a.client, AuthFlow: userpool.AuthFlowTypeUserPasswordAuth, AuthParameters: map[string]string{"USERNAME": "ada", "PASSWORD": password},
		UserContextData: &userpool.UserContextDataType{EncodedData: "whatever", IpAddress: "not an address"}, AnalyticsMetadata: &userpool.AnalyticsMetadataType{AnalyticsEndpointId: "x"},
	})
	check(t, err)
}
