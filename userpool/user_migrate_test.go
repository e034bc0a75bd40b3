package userpool_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/cenote-auth/cenote/awsapi"
	"github.com/cenote-auth/cenote/message"
	"github.com/cenote-auth/cenote/trigger"
	"github.com/cenote-auth/cenote/userpool"
)

type (
	migration = trigger.UserMigrationEvent
	migrated  = trigger.UserMigrationResponse
)

// directory is another directory of users, behind a migration function: it knows the password "old" for everybody in it.
type directory struct {
	mu     sync.Mutex
	heard  []migration
	people map[string]migrated
	fail   error
}

// old satisfies no policy.
const old = "old"

func (d *directory) answer(_ context.Context, e migration) (migration, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.heard = append(d.heard, e)
	if d.fail != nil {
		return e, d.fail
	}
	who, known := d.people[e.UserName]
	if known && e.Request.Password != nil && *e.Request.Password != old {
		return e, errors.New("Bad password")
	}
	e.Response = who
	return e, nil
}

func (d *directory) calls() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.heard)
}

// app makes an app whose pool asks the directory.
func (d *directory) app(b *bench, options ...any) app {
	return b.app(append([]any{lambdas(userpool.LambdaConfigType{UserMigration: on(b, "migrate", d.answer)}), legacy}, options...)...)
}

// person is an answer with attributes for somebody who may go on with the password.
func person(pairs ...string) migrated {
	return migrated{UserAttributes: asMap(pairs), FinalUserStatus: new("CONFIRMED"), MessageAction: new("SUPPRESS")}
}

func quiet(m migrated, status string) migrated {
	m.FinalUserStatus, m.MessageAction = &status, new("SUPPRESS")
	return m
}

// AUTH-148, TRG-100, TRG-101, TRG-102, AUTH-015: a user whom the pool does not know and the function vouches for is made and signs
// in at once with the password that was typed, which need not satisfy the policy (AUTH-416). The next sign-in asks nobody.
func TestMigrateAtSignIn(t *testing.T) {
	t.Parallel()
	for name, sign := range map[string]func(a app, name, password string) (string, error){
		"USER_PASSWORD_AUTH": func(a app, name, password string) (string, error) {
			out, err := a.tryPassword(name, password)
			return accessOf(out), err
		},
		"USER_AUTH": func(a app, name, password string) (string, error) {
			out, err := a.choose(name, "PREFERRED_CHALLENGE", "PASSWORD", "PASSWORD", password)
			return accessOf(out), err
		},
		"ADMIN_USER_PASSWORD_AUTH": func(a app, name, password string) (string, error) {
			out, err := a.adminBegin(userpool.AuthFlowTypeAdminUserPasswordAuth, "USERNAME", name, "PASSWORD", password)
			if err != nil || out.AuthenticationResult == nil {
				return "", err
			}
			return out.AuthenticationResult.AccessToken, nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, d := setup(t), &directory{people: map[string]migrated{"ada": person("email", "ada@example.com", "email_verified", "true", "name", "Ada")}}
			a := d.app(b, choosing)
			access, err := sign(a, "ada", old)
			check(t, err)
			u, err := a.getUser(access)
			check(t, err)
			if u.Username != "ada" || valueOf(u.UserAttributes, "name") != "Ada" || a.status("ada") != "CONFIRMED" {
				t.Errorf("the user is %+v, %s", u, a.status("ada"))
			}
			if d.calls() != 1 || d.heard[0].TriggerSource != trigger.UserMigrationAuthentication || *d.heard[0].Request.Password != old {
				t.Errorf("the function heard %+v", d.heard)
			}
			if _, err := sign(a, "ada", old); err != nil || d.calls() != 1 {
				t.Errorf("the next sign-in: %v after %d calls", err, d.calls())
			}
			_, err = sign(a, "ada", password)
			refused(t, err, userpool.ErrNotAuthorized, "Incorrect username or password.")
			if _, err := a.srp("ada", old); err != nil {
				t.Errorf("SRP with the migrated password: %v", err)
			}
			if b.deliver(); len(b.outbox.All()) != 0 {
				t.Errorf("messages in spite of SUPPRESS: %v", b.outbox.All())
			}
		})
	}
}

func accessOf(out *userpool.InitiateAuthOutput) string {
	if out == nil || out.AuthenticationResult == nil {
		return ""
	}
	return out.AuthenticationResult.AccessToken
}

// TRG-100: flows that carry no password never ask.
func TestNoMigrationBySRP(t *testing.T) {
	t.Parallel()
	b, d := setup(t), &directory{people: map[string]migrated{"ada": person("name", "Ada")}}
	a := d.app(b)
	_, err := a.srp("ada", old)
	refused(t, err, userpool.ErrUserNotFound, "User does not exist.")
	if d.calls() != 0 {
		t.Errorf("the function was asked %d times", d.calls())
	}
}

// TRG-102, AUTH-016: any other status, or none, is a user who has to reset his password, and the sign-in says so.
func TestMigratedResetRequired(t *testing.T) {
	t.Parallel()
	b, d := setup(t), &directory{people: map[string]migrated{
		"none":  {UserAttributes: asMap([]string{"name", "A"}), MessageAction: new("SUPPRESS")},
		"other": quiet(migrated{UserAttributes: asMap([]string{"name", "A"})}, "ARCHIVED"),
		"case":  quiet(migrated{UserAttributes: asMap([]string{"name", "A"})}, "confirmed"),
		"reset": quiet(migrated{UserAttributes: asMap([]string{"email", "ada@example.com", "email_verified", "true"})}, "RESET_REQUIRED"),
	}}
	a := d.app(b)
	for _, name := range []string{"none", "other", "case", "reset"} {
		for _, c := range []app{a, a.sibling(hides)} { // the second time he is a user, who has proven the password
			_, err := c.tryPassword(name, old)
			refused(t, err, userpool.ErrPasswordResetRequired, "Password reset required for the user")
		}
		if a.status(name) != "RESET_REQUIRED" {
			t.Errorf("%s is %s", name, a.status(name))
		}
	}
	_, err := a.forgot("reset")
	check(t, err)
	check(t, a.reset("reset", a.code("ada@example.com"), another))
	_, err = a.tryPassword("reset", another)
	check(t, err)
}

// TRG-103: the new user is welcomed by SMS unless the function says otherwise. The welcome is the pool's invitation; the password
// that was typed is not in it.
func TestWelcome(t *testing.T) {
	t.Parallel()
	both := []string{"email", "ada@example.com", "phone_number", "+12065559934"}
	for name, tt := range map[string]struct {
		answer migrated
		want   []string
	}{
		"SMS by default":    {migrated{UserAttributes: asMap(both)}, []string{"+12065559934"}},
		"e-mail":            {migrated{UserAttributes: asMap(both), DesiredDeliveryMediums: []string{"EMAIL"}}, []string{"ada@example.com"}},
		"both, once each":   {migrated{UserAttributes: asMap(both), DesiredDeliveryMediums: []string{"EMAIL", "SMS", "EMAIL"}}, []string{"+12065559934", "ada@example.com"}},
		"no number":         {migrated{UserAttributes: asMap(both[:2])}, nil},
		"suppressed":        {migrated{UserAttributes: asMap(both), MessageAction: new("SUPPRESS"), DesiredDeliveryMediums: []string{"EMAIL"}}, nil},
		"action of no text": {migrated{UserAttributes: asMap(both), MessageAction: new("")}, []string{"+12065559934"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tt.answer.FinalUserStatus = new("CONFIRMED")
			b, d := setup(t), &directory{people: map[string]migrated{"ada": tt.answer}}
			a := d.app(b)
			_, err := a.tryPassword("ada", old)
			check(t, err)
			b.deliver()
			var to []string
			for _, m := range b.outbox.All() {
				to = append(to, m.Destination)
				if m.Body != "Your username is ada and temporary password is ********. " || m.Code != "" || m.Kind != message.AdminCreateUser {
					t.Errorf("the welcome is %+v", m)
				}
			}
			if slices.Sort(to); !slices.Equal(to, tt.want) {
				t.Errorf("welcomed at %v, want %v", to, tt.want)
			}
		})
	}
}

// A welcome that nobody can send turns nobody away who has proven the password.
func TestWelcomeWithoutSender(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *userpool.Config) { c.SMS = nil })
	d := &directory{people: map[string]migrated{"ada": {UserAttributes: asMap([]string{"phone_number", "+12065559934"}), FinalUserStatus: new("CONFIRMED")}}}
	_, err := d.app(b).tryPassword("ada", old)
	check(t, err)
}

// H12: welcomes to one address are bounded like other messages; whoever gets none signs in all the same.
func TestH12_Welcomes(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *userpool.Config) { c.Limits.MessagesPerDestination = 1 })
	answer := migrated{UserAttributes: asMap([]string{"phone_number", "+12065559934"}), FinalUserStatus: new("CONFIRMED")}
	a := (&directory{people: map[string]migrated{"ada": answer, "bob": answer}}).app(b)
	for _, name := range []string{"ada", "bob"} {
		_, err := a.tryPassword(name, old)
		check(t, err)
	}
	if a.deliver(); len(a.outbox.All()) != 1 {
		t.Errorf("%d welcomes were sent, want 1", len(a.outbox.All()))
	}
}

// TRG-104: an address that somebody holds as a verified alias is taken over only if the function says so; else there is no migration.
func TestMigratedAliases(t *testing.T) {
	t.Parallel()
	answer := person("email", "shared@example.com", "email_verified", "true")
	forced := answer
	forced.ForceAliasCreation = new(true)
	b, d := setup(t), &directory{people: map[string]migrated{"ada": answer, "bob": forced}}
	a := d.app(b, emailAlias)
	a.user("holder", "email", "shared@example.com")
	_, err := a.tryPassword("ada", old)
	refused(t, err, userpool.ErrUserNotFound, "Exception migrating user in app client "+a.client)
	_, err = a.sibling(hides).tryPassword("ada", old)
	refused(t, err, userpool.ErrNotAuthorized, "Incorrect username or password.")
	if a.value("holder", "email_verified") != "true" {
		t.Error("the holder lost the address to a failed migration")
	}
	_, err = a.tryPassword("bob", old)
	check(t, err)
	if a.value("holder", "email_verified") != "false" || a.value("shared@example.com", "email_verified") != "true" {
		t.Error("the address was not taken over")
	}
	if _, err := a.AdminGetUser(t.Context(), &userpool.AdminGetUserInput{UserPoolId: a.pool, Username: "ada"}); err == nil {
		t.Error("the refused user was made")
	}
}

// TRG-105: the name may be another than what was typed only if what was typed finds the user; where users are named by an address,
// the address is what was typed.
func TestMigratedNames(t *testing.T) {
	t.Parallel()
	mail := func(pairs ...string) migrated { return person(append([]string{"email_verified", "true"}, pairs...)...) }
	for name, tt := range map[string]struct {
		option func(*userpool.CreateUserPoolInput)
		typed  string
		answer migrated
		want   string // the user's name; "sub"; or "" for a refusal
	}{
		"typed name":                    {byName, "ada", person("name", "Ada"), "ada"},
		"the same name":                 {byName, "ada", person("username", "ada", "name", "Ada"), "ada"},
		"another name":                  {byName, "ada", person("username", "root", "name", "Ada"), ""},
		"no name at all":                {byName, "a da", person("name", "Ada"), ""},
		"long name":                     {byName, strings.Repeat("a", 129), person("name", "Ada"), ""},
		"alias and name":                {emailAlias, "ada@example.com", mail("username", "ada", "email", "ada@example.com"), "ada"},
		"alias in other letters":        {emailAlias, "ADA@example.com", mail("username", "ada", "email", "ada@example.com"), ""},
		"alias, letters alike":          {anyCase, "ADA@example.com", mail("username", "ada", "email", "ada@example.com"), "ada"},
		"alias that is not verified":    {emailAlias, "ada@example.com", person("username", "ada", "email", "ada@example.com"), ""},
		"alias of somebody else":        {emailAlias, "ada@example.com", mail("username", "ada", "email", "eve@example.com"), ""},
		"alias as a name":               {emailAlias, "ada@example.com", mail("email", "ada@example.com"), ""},
		"address":                       {byEmail, "ada@example.com", mail("email", "ada@example.com"), "sub"},
		"address is another":            {byEmail, "ada@example.com", mail("email", "eve@example.com"), ""},
		"address only typed":            {byEmail, "ada@example.com", person("name", "Ada"), "sub"},
		"no address":                    {byEmail, "ada", mail("email", "ada@example.com"), ""},
		"address and name of no matter": {byEmail, "ada@example.com", mail("username", "eve@example.com"), ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, d := setup(t), &directory{people: map[string]migrated{tt.typed: tt.answer}}
			a := d.app(b, tt.option)
			out, err := a.tryPassword(tt.typed, old)
			if tt.want == "" {
				refused(t, err, userpool.ErrUserNotFound, "Exception migrating user in app client "+a.client)
				if list, err := a.ListUsers(t.Context(), &userpool.ListUsersInput{UserPoolId: a.pool}); err != nil || len(list.Users) != 0 {
					t.Errorf("there are users: %v, %v", list, err)
				}
				return
			}
			check(t, err)
			u, err := a.getUser(accessOf(out))
			check(t, err)
			if want := strings.Replace(tt.want, "sub", valueOf(u.UserAttributes, "sub"), 1); u.Username != want {
				t.Errorf("the user is %s, want %s", u.Username, want)
			}
		})
	}
}

func byName(*userpool.CreateUserPoolInput) {}

func anyCase(in *userpool.CreateUserPoolInput) {
	emailAlias(in)
	in.UsernameConfiguration = &userpool.UsernameConfigurationType{CaseSensitive: false}
}

// TRG-107, ERR-074: an empty answer is nobody; attributes that cannot be stored are AWS's one error for that. A client that hides
// who exists tells neither from a wrong password, and what the function says to refuse does not reach it (AUTH-148, H7).
func TestH7_UnusableMigrations(t *testing.T) {
	t.Parallel()
	failed := "Exception migrating user in app client "
	for name, tt := range map[string]struct {
		answer migrated
		fail   error
		code   awsapi.Code
		text   string // ends with the client if it is failed
	}{
		"null":                   {migrated{}, nil, userpool.ErrUserNotFound, "User does not exist."},
		"empty":                  {person(), nil, userpool.ErrUserNotFound, "User does not exist."},
		"unknown attribute":      {person("colour", "red"), nil, userpool.ErrUserNotFound, failed},
		"bad address":            {person("email", "nowhere"), nil, userpool.ErrUserNotFound, failed},
		"protected attribute":    {person("sub", "1"), nil, userpool.ErrUserNotFound, failed},
		"flag without address":   {person("email_verified", "true"), nil, userpool.ErrUserNotFound, failed},
		"long value":             {person("name", strings.Repeat("x", 2049)), nil, userpool.ErrUserNotFound, failed},
		"second factor, no pool": {secondFactor("phone_number", "+12065559934"), nil, userpool.ErrUserNotFound, failed},
		"second factor, no number": {
			secondFactor("name", "Ada"), nil, userpool.ErrUserNotFound, failed,
		},
		"refusal": {migrated{}, errors.New("no such user"), userpool.ErrUserLambdaValidation, "UserMigration failed with error no such user."},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, d := setup(t), &directory{people: map[string]migrated{"ada": tt.answer}, fail: tt.fail}
			a := d.app(b)
			text := tt.text
			if text == failed {
				text += a.client
			}
			_, err := a.tryPassword("ada", old)
			refused(t, err, tt.code, text)
			_, err = a.forgot("ada")
			if text == "User does not exist." {
				text = "Username/client id combination not found."
			}
			refused(t, err, tt.code, text)

			hiding := a.sibling(hides)
			_, err = hiding.tryPassword("ada", old)
			refused(t, err, userpool.ErrNotAuthorized, "Incorrect username or password.")
			out, err := hiding.forgot("ada")
			if err != nil || out == nil {
				t.Errorf("ForgotPassword of a client that hides: %v, %v", out, err)
			}
			if d.calls() != 4 {
				t.Errorf("the function was asked %d times, want 4", d.calls())
			}
		})
	}
}

func secondFactor(pairs ...string) migrated {
	m := person(pairs...)
	m.EnableSMSMFA = new(true)
	return m
}

// TRG-025: members with words that mean nothing make the answer one of the wrong form.
func TestUnrecognizableMigration(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*migrated){
		"action": func(m *migrated) { m.MessageAction = new("RESEND") },
		"medium": func(m *migrated) { m.MessageAction, m.DesiredDeliveryMediums = nil, []string{"PIGEON"} },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := person("name", "Ada")
			change(&m)
			b, d := setup(t), &directory{people: map[string]migrated{"ada": m}}
			_, err := d.app(b).tryPassword("ada", old)
			refused(t, err, userpool.ErrInvalidLambdaResponse, "Unrecognizable lambda output")
		})
	}
}

// A required attribute that the function left out would be asked for by nobody.
func TestMigrationNeedsRequiredAttributes(t *testing.T) {
	t.Parallel()
	b, d := setup(t), &directory{people: map[string]migrated{"ada": person("name", "Ada"), "bob": person("email", "bob@example.com")}}
	a := d.app(b, func(in *userpool.CreateUserPoolInput) {
		in.Schema = []userpool.SchemaAttributeType{{Name: "email", Required: new(true)}}
	})
	_, err := a.tryPassword("ada", old)
	refused(t, err, userpool.ErrUserNotFound, "Exception migrating user in app client "+a.client)
	_, err = a.tryPassword("bob", old)
	check(t, err)
}

// TRG-106, AUTH-432: a forgotten password asks without one, makes the user, and sends the code if an address is verified. Without
// one the user is not made: nobody could ever sign in as him.
func TestMigrateForgotten(t *testing.T) {
	t.Parallel()
	b, d := setup(t), &directory{people: map[string]migrated{
		"ada": person("email", "ada@example.com", "email_verified", "true"), "bob": person("email", "bob@example.com"),
	}}
	a := d.app(b)
	out, err := a.ForgotPassword(t.Context(), &userpool.ForgotPasswordInput{
		ClientId: a.client, Username: "ada", ClientMetadata: map[string]string{"k": "v"},
	})
	check(t, err)
	if out.CodeDeliveryDetails.Destination != "a***@e***" {
		t.Errorf("the code went to %s", out.CodeDeliveryDetails.Destination)
	}
	e := d.heard[0]
	if e.TriggerSource != trigger.UserMigrationForgotPassword || e.Request.Password != nil || e.Request.ClientMetadata["k"] != "v" || e.Request.ValidationData != nil {
		t.Errorf("the function heard %+v", e)
	}
	for _, word := range []string{old, ""} { // there is no password yet
		_, err = a.tryPassword("ada", word+"x")
		refused(t, err, userpool.ErrNotAuthorized, "Incorrect username or password.")
	}
	check(t, a.reset("ada", a.code("ada@example.com"), another))
	_, err = a.tryPassword("ada", another)
	check(t, err)

	_, err = a.forgot("bob")
	refused(t, err, userpool.ErrUserNotFound, "Exception migrating user in app client "+a.client)
	_, err = a.tryPassword("bob", old) // he can still be migrated by his password
	check(t, err)
}

// TRG-108: making the user runs no pre sign-up and no post confirmation function; the others follow in the same sign-in, and see
// him as he is now.
func TestFunctionsAfterMigration(t *testing.T) {
	t.Parallel()
	b, e := setup(t), &ear{}
	d := &directory{people: map[string]migrated{"ada": person("email", "ada@example.com")}}
	all := e.hear(b, nothing)
	a := b.app(legacy, func(in *userpool.CreateUserPoolInput) {
		all(in)
		in.LambdaConfig.UserMigration = on(b, "migrate", d.answer)
	})
	_, err := a.tryPassword("ada", old)
	check(t, err)
	var order []trigger.Source
	for _, h := range e.events {
		order = append(order, h.source)
		if h.attrs["email"] != "ada@example.com" || h.attrs["cognito:user_status"] != "CONFIRMED" {
			t.Errorf("%s sees %v", h.source, h.attrs)
		}
	}
	want := []trigger.Source{trigger.PreAuthenticationAuthentication, trigger.PostAuthenticationAuthentication, trigger.TokenGenerationAuthentication}
	if !slices.Equal(order, want) {
		t.Errorf("functions ran in the order %v, want %v", order, want)
	}
}
