package userpool_test

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cenote-auth/cenote/risk"
	"github.com/cenote-auth/cenote/srp"
	"github.com/cenote-auth/cenote/token"
	"github.com/cenote-auth/cenote/userpool"
)

// kinds are the kind and the end of each event, newest first.
func kinds(list []userpool.AuthEventType) []string {
	var out []string
	for _, e := range list {
		text := string(e.EventType) + " " + string(e.EventResponse)
		for _, c := range e.ChallengeResponses {
			text += fmt.Sprintf(" %s:%s", c.ChallengeName, c.ChallengeResponse)
		}
		out = append(out, text)
	}
	return out
}

// AUTH-569, OBS-042: each operation leaves its event, with all that is known of it.
func TestAuthEvents(t *testing.T) {
	t.Parallel()
	a := protect(t, audit)
	ctx := a.via("192.0.2.1", "okhttp/4")
	tick := func() { a.clock.Advance(time.Second) }
	_, err := a.SignUp(ctx, &userpool.SignUpInput{
		ClientId: a.client, Username: "ada", Password: password, UserAttributes: attributes("email", "ada@example.com"),
	})
	check(t, err)
	tick()
	_, err = a.ResendConfirmationCode(ctx, &userpool.ResendConfirmationCodeInput{ClientId: a.client, Username: "ada"})
	check(t, err)
	check(t, a.confirm("ada", a.code("ada@example.com")))
	tick()
	_, err = a.passwordFrom(ctx, "ada", another)
	refused(t, err, userpool.ErrNotAuthorized, "")
	tick()
	in, err := a.passwordFrom(ctx, "ada", password)
	check(t, err)
	first := a.last("ada")
	want := userpool.AuthEventType{
		EventId: eventID(t, in.AuthenticationResult.AccessToken), EventType: "SignIn", CreationDate: a.clock.Now(), EventResponse: "Pass",
		EventRisk:          &userpool.EventRiskType{RiskDecision: "NoRisk", CompromisedCredentialsDetected: new(false)},
		ChallengeResponses: []userpool.ChallengeResponseType{{ChallengeName: "Password", ChallengeResponse: "Success"}},
		EventContextData:   &userpool.EventContextDataType{IpAddress: "192.0.2.1", DeviceName: "OkHttp / unknown", Timezone: "Europe/Berlin", City: "Köln", Country: "Germany"},
	}
	if !reflect.DeepEqual(first, want) { // AUTH-570: the id is that of the tokens
		t.Errorf("recorded %+v\nwant     %+v", first, want)
	}
	if id := eventID(t, in.AuthenticationResult.IdToken); id != want.EventId {
		t.Errorf("the ID token has %s", id)
	}
	tick()
	refused(t, a.change(in.AuthenticationResult.AccessToken, another, another), userpool.ErrNotAuthorized, "")
	tick()
	check(t, a.change(in.AuthenticationResult.AccessToken, password, another))
	tick()
	_, err = a.ForgotPassword(ctx, &userpool.ForgotPasswordInput{ClientId: a.client, Username: "ada"})
	check(t, err)
	code := a.code("ada@example.com")
	tick()
	refused(t, a.reset("ada", notCode(code), password), userpool.ErrCodeMismatch, "")
	tick()
	check(t, a.reset("ada", code, password))
	if got, want := kinds(a.events("ada")), []string{
		"ForgotPassword Pass", "ForgotPassword Fail", "ForgotPassword InProgress", "PasswordChange Pass",
		"PasswordChange Fail Password:Failure", "SignIn Pass Password:Success", "SignIn Fail Password:Failure",
		"ResendCode Pass", "SignUp Pass",
	}; !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	for _, e := range a.events("ada") {
		switch e.EventType {
		case "SignUp", "ResendCode", "SignIn":
			if e.EventContextData.IpAddress != "192.0.2.1" || e.EventContextData.City != "Köln" {
				t.Errorf("%s from %+v", e.EventType, *e.EventContextData)
			}
		}
	}
	_, err = a.refresh(in.AuthenticationResult.RefreshToken)
	check(t, err)
	if n := len(a.events("ada")); n != 9 { // a refresh is no event
		t.Errorf("%d events", n)
	}
}

func eventID(t *testing.T, text string) string {
	t.Helper()
	claims, err := token.Unverified(text)
	check(t, err)
	return claims.EventID
}

// A sign-in in several steps is one event, which is in progress until its end.
func TestAuthEventInProgress(t *testing.T) {
	t.Parallel()
	a := protect(t, audit)
	a.newcomer("new")
	out, err := a.tryPassword("new", password)
	check(t, err)
	begun := a.last("new")
	if got := kinds(a.events("new")); !slices.Equal(got, []string{"SignIn InProgress Password:Success"}) {
		t.Errorf("got %q", got)
	}
	a.clock.Advance(time.Minute)
	done, err := a.respond("NEW_PASSWORD_REQUIRED", out.Session, "USERNAME", "new", "NEW_PASSWORD", another)
	check(t, err)
	ended := a.last("new")
	if ended.EventId != eventID(t, done.AuthenticationResult.AccessToken) || ended.EventId != begun.EventId || !ended.CreationDate.Equal(begun.CreationDate) {
		t.Errorf("began as %+v, ended as %+v", begun, ended)
	}
	if got := kinds(a.events("new")); !slices.Equal(got, []string{"SignIn Pass Password:Success"}) {
		t.Errorf("got %q", got)
	}
	if n := len(a.stub.attempts()); n != 1 {
		t.Errorf("judged %d times", n)
	}
}

// AUTH-570, AUTH-620, USR-042, M5: newest first, at most 60 a page, for two years; a page token is good for its user only.
func TestM5_AuthEventPages(t *testing.T) {
	t.Parallel()
	a := protect(t, audit, func(c *userpool.Config) { c.Limits.FreeAttempts = -1 })
	a.user("ada")
	a.user("bob")
	started := a.clock.Now()
	const n = 65
	for range n - 1 {
		a.clock.Advance(time.Second)
		_, err := a.tryPassword("ada", another)
		refused(t, err, userpool.ErrNotAuthorized, "")
	}
	list := func(name string, max *int32, next string) *userpool.AdminListUserAuthEventsOutput {
		t.Helper()
		out, err := a.AdminListUserAuthEvents(t.Context(), &userpool.AdminListUserAuthEventsInput{
			UserPoolId: a.pool, Username: name, MaxResults: max, NextToken: next,
		})
		check(t, err)
		return out
	}
	for _, max := range []*int32{nil, new(int32(0)), new(int32(60))} {
		if out := list("ada", max, ""); len(out.AuthEvents) != 60 || out.NextToken == "" {
			t.Errorf("%d events", len(out.AuthEvents))
		}
	}
	all := a.events("ada")
	if len(all) != n || !slices.IsSortedFunc(all, func(x, y userpool.AuthEventType) int { return y.CreationDate.Compare(x.CreationDate) }) {
		t.Errorf("%d events", len(all))
	}
	page := list("ada", new(int32(7)), "")
	if len(page.AuthEvents) != 7 || !reflect.DeepEqual(list("ada", new(int32(7)), page.NextToken).AuthEvents, all[7:14]) {
		t.Error("the second page does not go on")
	}
	_, err := a.AdminListUserAuthEvents(t.Context(), &userpool.AdminListUserAuthEventsInput{UserPoolId: a.pool, Username: "bob", NextToken: page.NextToken})
	refused(t, err, userpool.ErrInvalidParameter, "")
	_, err = a.AdminListUserAuthEvents(t.Context(), &userpool.AdminListUserAuthEventsInput{UserPoolId: a.pool, Username: "ada", MaxResults: new(int32(61))})
	refused(t, err, userpool.ErrInvalidParameter, "")
	_, err = a.AdminListUserAuthEvents(t.Context(), &userpool.AdminListUserAuthEventsInput{UserPoolId: a.pool, Username: "nobody"})
	refused(t, err, userpool.ErrUserNotFound, "User does not exist.")

	a.clock.Advance(started.AddDate(2, 0, 0).Add(30 * time.Second).Sub(a.clock.Now()))
	left := 0
	for _, e := range a.events("ada") {
		if !e.CreationDate.AddDate(2, 0, 0).After(a.clock.Now()) {
			t.Fatalf("kept %v", e.CreationDate)
		}
		left++
	}
	if left != 34 { // of the 35th second on
		t.Errorf("%d events are left", left)
	}
}

// Events belong to the user and not to his name: whoever has the name next has none of them.
func TestAuthEventsOfAFormerUser(t *testing.T) {
	t.Parallel()
	a := protect(t, audit)
	a.user("ada")
	a.signIn("ada")
	old := a.last("ada")
	a.remove("ada")
	a.newcomer("ada")
	if got := a.events("ada"); len(got) != 0 {
		t.Errorf("got %+v", got)
	}
	refused(t, a.feedback("ada", old.EventId, userpool.FeedbackValueTypeInvalid), userpool.ErrResourceNotFound, "Event does not exist.")
}

// Without threat protection nothing is written or asked, and events from before stay as they are.
func TestAuthEventsOnlyWithTheAddOn(t *testing.T) {
	t.Parallel()
	a := protect(t, audit)
	a.user("ada")
	a.signIn("ada")
	before := a.events("ada")
	addOn := func(mode userpool.AdvancedSecurityModeType) {
		_, err := a.UpdateUserPool(t.Context(), &userpool.UpdateUserPoolInput{
			UserPoolId: a.pool, UserPoolAddOns: &userpool.UserPoolAddOnsType{AdvancedSecurityMode: mode},
		})
		check(t, err)
	}
	addOn(userpool.AdvancedSecurityModeTypeOff)
	a.stub.seen = nil
	a.signIn("ada")
	_, err := a.srp("ada", password)
	check(t, err)
	_, err = a.tryPassword("ada", another)
	refused(t, err, userpool.ErrNotAuthorized, "")
	addOn(audit)
	if after := a.events("ada"); !reflect.DeepEqual(after, before) || len(a.stub.attempts()) != 0 {
		t.Errorf("recorded %+v, judged %d times", after, len(a.stub.attempts()))
	}
}

// H7: attempts under a name that does not exist do the work of a user's, and leave nothing behind for long.
func TestH7_EventsOfNobody(t *testing.T) {
	t.Parallel()
	a := protect(t, audit, hides)
	a.user("ada", "email", "ada@example.com")
	for _, name := range []string{"ada", "nobody"} {
		for _, try := range []func() error{
			func() error { _, err := a.tryPassword(name, another); return err },
			func() error { _, err := a.srp(name, another); return err },
			func() error { return a.reset(name, "123456", another) },
		} {
			if err := try(); err == nil {
				t.Error("let in")
			}
		}
		_, err := a.forgot(name)
		check(t, err)
	}
	_, err := a.AdminListUserAuthEvents(t.Context(), &userpool.AdminListUserAuthEventsInput{UserPoolId: a.pool, Username: "nobody"})
	refused(t, err, userpool.ErrUserNotFound, "")
	for range 10 {
		a.clock.Advance(time.Minute)
		_, err = a.tryPassword("nobody", another)
		refused(t, err, userpool.ErrNotAuthorized, "")
	}
}

// AUTH-571, AUTH-621: feedback of administrators and of users, by whom and when; the newer one counts.
func TestFeedback(t *testing.T) {
	t.Parallel()
	a := protect(t, enforced)
	other := a.bench.app(plus(enforced))
	a.user("ada", "email", "ada@example.com")
	a.user("bob")
	other.user("ada")
	c := actions("BLOCK", "BLOCK", "BLOCK")
	c.NotifyConfiguration.BlockEmail.HtmlBody = "{event-id}|{feedback-token}"
	a.setRisk(userpool.SetRiskConfigurationInput{AccountTakeoverRiskConfiguration: c})
	a.stub.level = risk.Low
	block := func() (id, token string) {
		t.Helper()
		a.clock.Advance(time.Minute)
		_, err := a.tryPassword("ada", password)
		refused(t, err, userpool.ErrNotAuthorized, blockedText)
		sent := a.notices("ada@example.com")
		id, token, _ = strings.Cut(sent[len(sent)-1].Body, "|")
		return id, token
	}
	id, token := block()
	id2, token2 := block()
	if e := a.last("ada"); e.EventId != id2 || e.EventFeedback != nil {
		t.Errorf("the notice is of %s, the event %+v", id2, e)
	}
	invalid := "Invalid feedback token given."
	for _, tt := range []struct {
		name           string
		app            app
		user, id, with string
	}{
		{"of another event", a.app, "ada", id, token2}, {"of another user", a.app, "bob", id, token}, {"of another pool", other, "ada", id, token},
		{"changed", a.app, "ada", id, strings.ToUpper(token)}, {"cut", a.app, "ada", id, token[1:]}, {"made up", a.app, "ada", id, "x"},
		{"of an event that is not there", a.app, "ada", "nothing", token},
		{"under a name that does not exist (H7)", a.app, "nobody", id, token},
	} {
		t.Run(tt.name, func(t *testing.T) {
			refused(t, tt.app.userFeedback(tt.user, tt.id, tt.with, "Invalid"), userpool.ErrNotAuthorized, invalid)
		})
	}
	a.clock.Advance(time.Hour)
	check(t, a.userFeedback("ada", id2, token2, "Invalid"))
	if got := a.last("ada").EventFeedback; *got != (userpool.EventFeedbackType{FeedbackValue: "Invalid", Provider: "User", FeedbackDate: a.clock.Now()}) {
		t.Errorf("got %+v", *got)
	}
	a.clock.Advance(time.Hour)
	check(t, a.userFeedback("ada", id2, token2, "Valid")) // changed his mind
	check(t, a.feedback("ada", id2, "Invalid"))
	if got := a.last("ada").EventFeedback; *got != (userpool.EventFeedbackType{FeedbackValue: "Invalid", Provider: "Admin", FeedbackDate: a.clock.Now()}) {
		t.Errorf("got %+v", *got)
	}
	if got := a.events("ada")[1].EventFeedback; got != nil {
		t.Errorf("the other event has %+v", *got)
	}
	refused(t, a.feedback("nobody", id, "Valid"), userpool.ErrUserNotFound, "User does not exist.")
	refused(t, a.feedback("bob", id, "Valid"), userpool.ErrResourceNotFound, "Event does not exist.")
	refused(t, a.feedback("ada", "nothing", "Valid"), userpool.ErrResourceNotFound, "Event does not exist.")
	refused(t, a.feedback("ada", id, "Perhaps"), userpool.ErrInvalidParameter, "")

	a.clock.Advance(3 * 365 * 24 * time.Hour) // the token ends with its event
	refused(t, a.userFeedback("ada", id, token, "Valid"), userpool.ErrResourceNotFound, "Event does not exist.")
}

// C2: what is recorded is recorded with its effect: of racing answers to one challenge one passes, and there is one event.
func TestC2_OneEventForOneSignIn(t *testing.T) {
	t.Parallel()
	a := protect(t, audit)
	a.user("ada")
	a.clock.Advance(time.Second)
	login, err := srp.NewLogin(a.pool, "ada", password)
	check(t, err)
	begun, err := a.begin(userpool.AuthFlowTypeUserSrpAuth, pairs(login.Params())...)
	check(t, err)
	responses, err := login.Respond(begun.ChallengeParameters, a.clock.Now())
	check(t, err)
	errs := race(8, func(int) error {
		_, err := a.respond(begun.ChallengeName, "", pairs(responses)...)
		return err
	})
	passed := 0
	for _, err := range errs {
		if err == nil {
			passed++
		}
	}
	list := a.events("ada")
	if passed != 1 || len(list) != 2 || list[0].EventResponse != "Pass" {
		t.Errorf("%d passed, events %q", passed, kinds(list))
	}
}

func pairs(m map[string]string) []string {
	var out []string
	for k, v := range m {
		out = append(out, k, v)
	}
	return out
}
