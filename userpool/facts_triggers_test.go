package userpool_test

import (
	"context"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/cenote-auth/cenote/trigger"
	"github.com/cenote-auth/cenote/userpool"
)

// heard is one event that a function got.
type heard struct {
	source   trigger.Source
	userName string
	metadata map[string]string
	attrs    map[string]string
}

// ear hears every function that a pool of this version can have.
type ear struct{ events []heard }

func (e *ear) of(source trigger.Source) (found []heard) {
	for _, h := range e.events {
		if h.source == source {
			found = append(found, h)
		}
	}
	return found
}

// hear gives a pool all functions; answer decides what pre sign-up says.
func (e *ear) hear(b *bench, answer func(*preSignUp)) func(*userpool.CreateUserPoolInput) {
	add := func(s trigger.Source, name string, metadata map[string]string, attrs trigger.Attributes) {
		e.events = append(e.events, heard{s, name, metadata, maps.Clone(attrs)})
	}
	return lambdas(userpool.LambdaConfigType{
		PreSignUp: on(b, "presignup", func(_ context.Context, ev preSignUp) (preSignUp, error) {
			add(ev.TriggerSource, ev.UserName, ev.Request.ClientMetadata, ev.Request.UserAttributes)
			answer(&ev)
			return ev, nil
		}),
		PostConfirmation: on(b, "postconfirm", func(_ context.Context, ev trigger.PostConfirmationEvent) (trigger.PostConfirmationEvent, error) {
			add(ev.TriggerSource, ev.UserName, ev.Request.ClientMetadata, ev.Request.UserAttributes)
			return ev, nil
		}),
		PreAuthentication: on(b, "preauth", func(_ context.Context, ev trigger.PreAuthenticationEvent) (trigger.PreAuthenticationEvent, error) {
			add(ev.TriggerSource, ev.UserName, nil, ev.Request.UserAttributes)
			return ev, nil
		}),
		PostAuthentication: on(b, "postauth", func(_ context.Context, ev trigger.PostAuthenticationEvent) (trigger.PostAuthenticationEvent, error) {
			add(ev.TriggerSource, ev.UserName, ev.Request.ClientMetadata, ev.Request.UserAttributes)
			return ev, nil
		}),
		PreTokenGeneration: on(b, "pretoken", func(_ context.Context, ev preToken) (preToken, error) {
			add(ev.TriggerSource, ev.UserName, ev.Request.ClientMetadata, ev.Request.UserAttributes)
			return ev, nil
		}),
		CustomMessage: on(b, "message", func(_ context.Context, ev trigger.CustomMessageEvent) (trigger.CustomMessageEvent, error) {
			add(ev.TriggerSource, ev.UserName, ev.Request.ClientMetadata, ev.Request.UserAttributes)
			return ev, nil
		}),
	})
}

func nothing(*preSignUp) {}

// TRG-004: events name the user as he is stored, whatever was typed: by the sub where users are named by an address.
func TestNameInEvents(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		option func(*userpool.CreateUserPoolInput)
		made   string // the name that signs up
		signIn string
		want   func(sub string) string
	}{
		{"by address", byEmail, "ada@example.com", "ada@example.com", func(sub string) string { return sub }},
		{"by alias", emailAlias, "ada", "ada@example.com", func(string) string { return "ada" }},
		{"by name", func(*userpool.CreateUserPoolInput) {}, "Ada", "Ada", func(string) string { return "Ada" }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			b, e := setup(t), &ear{}
			a := b.app(tt.option, e.hear(b, nothing))
			sub := a.user(tt.made, "email", "ada@example.com")
			a.signIn(tt.signIn)
			sources := map[trigger.Source]bool{}
			for _, h := range e.events {
				sources[h.source] = true
				if h.userName != tt.want(sub) {
					t.Errorf("%s names %s, want %s", h.source, h.userName, tt.want(sub))
				}
			}
			if len(sources) != 6 {
				t.Errorf("heard of %v, want every kind", slices.Collect(maps.Keys(sources)))
			}
		})
	}
}

// TRG-008: ClientMetadata goes to the functions as it is, whatever it holds, and is stored nowhere.
func TestClientMetadata(t *testing.T) {
	t.Parallel()
	b, e := setup(t), &ear{}
	a := b.app(e.hear(b, nothing))
	const mark = "metadata-\u2603-\"<>-mark"
	metadata := map[string]string{"k": mark, "empty": ""}
	_, err := a.SignUp(t.Context(), &userpool.SignUpInput{
		ClientId: a.client, Username: "ada", Password: password, UserAttributes: attributes("email", "ada@example.com"), ClientMetadata: metadata,
	})
	check(t, err)
	_, err = a.ConfirmSignUp(t.Context(), &userpool.ConfirmSignUpInput{
		ClientId: a.client, Username: "ada", ConfirmationCode: a.code("ada@example.com"), ClientMetadata: metadata,
	})
	check(t, err)
	for _, source := range []trigger.Source{trigger.PreSignUpSignUp, trigger.CustomMessageSignUp, trigger.PostConfirmationConfirmSignUp} {
		if got := e.of(source); len(got) != 1 || !maps.Equal(got[0].metadata, metadata) {
			t.Errorf("%s heard %+v", source, got)
		}
	}
	a.signIn("ada")
	a.signUp("eve", "email", "eve@example.com") // leaves a message that waits
	if text := dump(t, a); strings.Contains(text, "metadata-") {
		t.Error("the metadata was stored")
	}
}

// TRG-030: what administrators do and what concerns only passwords, groups and sign-outs runs no function.
func TestNoTrigger(t *testing.T) {
	t.Parallel()
	b, e := setup(t), &ear{}
	a := b.app(e.hear(b, nothing))
	a.user("ada", "email", "ada@example.com")
	access := a.signIn("ada").AccessToken
	if len(e.events) == 0 {
		t.Fatal("no function was heard")
	}
	e.events = nil
	check(t, a.change(access, password, another))
	check(t, a.trySetPassword("ada", password, true))
	a.group("crew")
	a.join("ada", "crew")
	a.members("crew")
	a.groupsOf("ada")
	check(t, a.tryLeave("ada", "crew"))
	a.deleteGroup("crew")
	a.disable("ada")
	_, err := a.AdminEnableUser(t.Context(), &userpool.AdminEnableUserInput{UserPoolId: a.pool, Username: "ada"})
	check(t, err)
	_, err = a.AdminUserGlobalSignOut(t.Context(), &userpool.AdminUserGlobalSignOutInput{UserPoolId: a.pool, Username: "ada"})
	check(t, err)
	if len(e.events) != 0 {
		t.Errorf("functions heard %+v", e.events)
	}
	access = a.signIn("ada").AccessToken
	e.events = nil
	_, err = a.GlobalSignOut(t.Context(), &userpool.GlobalSignOutInput{AccessToken: access})
	check(t, err)
	a.remove("ada")
	if len(e.events) != 0 {
		t.Errorf("functions heard %+v", e.events)
	}
}

// TRG-044: a function that verifies without confirming leaves an unconfirmed user. Codes go only to what else the pool verifies.
func TestVerifiedWithoutConfirmation(t *testing.T) {
	t.Parallel()
	b, e := setup(t), &ear{}
	functions := e.hear(b, func(ev *preSignUp) { ev.Response.AutoVerifyEmail = true })
	mail := b.app(functions)
	both := b.app(functions, withSMS, func(in *userpool.CreateUserPoolInput) {
		in.AutoVerifiedAttributes = []userpool.VerifiedAttributeType{"email", "phone_number"}
	})
	for name, a := range map[string]app{"mail": mail, "both": both} {
		t.Run(name, func(t *testing.T) {
			a := a.fork(t)
			a.signUp("ada", "email", "ada@example.com", "phone_number", "+12065559934")
			if a.status("ada") != "UNCONFIRMED" || a.value("ada", "email_verified") != "true" || a.value("ada", "phone_number_verified") == "true" {
				t.Errorf("%s, attributes are %v", a.status("ada"), a.profile("ada").UserAttributes)
			}
			a.deliver()
			var to []string
			for _, m := range a.outbox.All() {
				to = append(to, m.Destination)
			}
			if want := map[string][]string{"both": {"+12065559934"}}[name]; !slices.Equal(to, want) {
				t.Errorf("codes went to %v, want %v", to, want)
			}
		})
	}
}

// TRG-045: AdminCreateUser does not do what the function says about confirming and verifying.
func TestFlagsOfAdminCreateUser(t *testing.T) {
	t.Parallel()
	b, e := setup(t), &ear{}
	a := b.app(e.hear(b, func(ev *preSignUp) {
		ev.Response = trigger.PreSignUpResponse{AutoConfirmUser: true, AutoVerifyEmail: true, AutoVerifyPhone: true}
	}))
	_, err := a.create("ada", having("email", "ada@example.com"))
	check(t, err)
	if a.status("ada") != "FORCE_CHANGE_PASSWORD" || a.value("ada", "email_verified") == "true" {
		t.Errorf("%s, email_verified %s", a.status("ada"), a.value("ada", "email_verified"))
	}
	if len(e.of(trigger.PreSignUpAdminCreateUser)) != 1 || len(e.of(trigger.PostConfirmationConfirmSignUp)) != 0 {
		t.Errorf("functions heard %+v", e.events)
	}
}

// TRG-051: the post confirmation function runs after each way to be confirmed, and not after a new user's first password.
func TestWhenPostConfirmationRuns(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		act  func(a app)
		want []trigger.Source
	}{
		"ConfirmSignUp": {func(a app) {
			a.signUp("ada", "email", "ada@example.com")
			check(a.t, a.confirm("ada", a.code("ada@example.com")))
		}, []trigger.Source{trigger.PostConfirmationConfirmSignUp}},
		"AdminConfirmSignUp":       {func(a app) { a.user("ada") }, []trigger.Source{trigger.PostConfirmationConfirmSignUp}},
		"confirmed by pre sign-up": {func(a app) { a.signUp("auto") }, []trigger.Source{trigger.PostConfirmationConfirmSignUp}},
		"ConfirmForgotPassword": {func(a app) {
			a.user("ada", "email", "ada@example.com")
			_, err := a.forgot("ada")
			check(a.t, err)
			check(a.t, a.reset("ada", a.code("ada@example.com"), another))
		}, []trigger.Source{trigger.PostConfirmationConfirmSignUp, trigger.PostConfirmationConfirmForgotPassword}},
		"AdminCreateUser and its first password": {func(a app) {
			a.newcomer("ada")
			_, err := a.respond(newPassword, a.challenged("ada"), "USERNAME", "ada", "NEW_PASSWORD", another)
			check(a.t, err)
			if a.status("ada") != "CONFIRMED" {
				a.t.Errorf("status is %s", a.status("ada"))
			}
		}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, e := setup(t), &ear{}
			tt.act(b.app(e.hear(b, func(ev *preSignUp) { ev.Response.AutoConfirmUser = ev.UserName == "auto" })))
			var got []trigger.Source
			for _, h := range e.events {
				if strings.HasPrefix(string(h.source), "PostConfirmation_") {
					got = append(got, h.source)
				}
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("heard %v, want %v", got, tt.want)
			}
		})
	}
}

// TRG-092: the pre token generation function sees every attribute, also those that the client cannot read.
func TestTokenTriggerSeesAll(t *testing.T) {
	t.Parallel()
	b, e := setup(t), &ear{}
	a := b.app(e.hear(b, nothing), func(in *userpool.CreateUserPoolClientInput) { in.ReadAttributes = []string{"email"} })
	a.user("ada", "email", "ada@example.com", "nickname", "nick")
	tokens := a.signIn("ada")
	if claims := claimsOf(t, tokens.IdToken); claims["nickname"] != nil || claims["email"] != "ada@example.com" {
		t.Errorf("claims are %v: the client can read what it may not", claims)
	}
	got := e.of(trigger.TokenGenerationAuthentication)
	if len(got) != 1 || got[0].attrs["nickname"] != "nick" || got[0].attrs["email"] != "ada@example.com" {
		t.Errorf("the function heard %+v", got)
	}
}
