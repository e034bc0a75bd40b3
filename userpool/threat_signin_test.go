package userpool_test

import (
	"errors"
	"fmt"
	"net/netip"
	"reflect"
	"testing"
	"time"

	"github.com/cenote-auth/cenote/risk"
	"github.com/cenote-auth/cenote/userpool"
)

var (
	levels     = []risk.Level{risk.None, risk.Low, risk.Medium, risk.High}
	levelNames = []userpool.RiskLevelType{"", "Low", "Medium", "High"}
	allActions = []userpool.AccountTakeoverEventActionType{"NO_ACTION", "MFA_IF_CONFIGURED", "MFA_REQUIRED", "BLOCK"}
	atLevel    = map[risk.Level]func(*userpool.AccountTakeoverActionsType, *userpool.AccountTakeoverActionType){
		risk.Low: func(a *userpool.AccountTakeoverActionsType, x *userpool.AccountTakeoverActionType) { a.LowAction = x },
		risk.Medium: func(a *userpool.AccountTakeoverActionsType, x *userpool.AccountTakeoverActionType) {
			a.MediumAction = x
		},
		risk.High: func(a *userpool.AccountTakeoverActionsType, x *userpool.AccountTakeoverActionType) { a.HighAction = x },
	}
)

// only is a configuration in which a level and those above it have an action.
func only(l risk.Level, action userpool.AccountTakeoverEventActionType) *userpool.AccountTakeoverRiskConfigurationType {
	c := actions("NO_ACTION", "NO_ACTION", "NO_ACTION")
	for ; l <= risk.High; l++ {
		atLevel[l](c.Actions, &userpool.AccountTakeoverActionType{EventAction: action, Notify: true})
	}
	return c
}

// AUTH-551, AUTH-558, AUTH-559, AUTH-560: what follows each level with each action, for a user who has no second factor; where
// findings are only recorded, nothing follows. AUTH-567: each outcome has its notice.
func TestRiskWithoutSecondFactor(t *testing.T) {
	t.Parallel()
	for _, mode := range []userpool.AdvancedSecurityModeType{audit, enforced} {
		base := protect(t, mode)
		base.user("ada", "email", "ada@example.com")
		for _, found := range levels[1:] {
			for _, action := range allActions {
				for _, configured := range levels[1:] {
					t.Run(fmt.Sprintf("%s/%s/%s at %s", mode, found, action, configured), func(t *testing.T) {
						a := base
						a.app = base.fork(t)
						a.stub.level = found
						a.setRisk(userpool.SetRiskConfigurationInput{AccountTakeoverRiskConfiguration: only(configured, action)})
						a.clock.Advance(time.Second)
						acts := mode == enforced && found >= configured
						blocks := acts && (action == "BLOCK" || action == "MFA_REQUIRED")
						out, err := a.tryPassword("ada", password)
						want := userpool.AuthEventType{
							EventType: "SignIn", EventResponse: "Pass", CreationDate: a.clock.Now(),
							EventRisk:          &userpool.EventRiskType{RiskDecision: "AccountTakeover", RiskLevel: levelNames[found], CompromisedCredentialsDetected: new(false)},
							ChallengeResponses: []userpool.ChallengeResponseType{{ChallengeName: "Password", ChallengeResponse: "Success"}},
							EventContextData:   &userpool.EventContextDataType{},
						}
						if blocks {
							refused(t, err, userpool.ErrNotAuthorized, blockedText)
							want.EventResponse, want.EventRisk.RiskDecision = "Fail", "Block"
						} else {
							check(t, err)
							if out.AuthenticationResult == nil {
								t.Fatalf("goes on with %s", out.ChallengeName)
							}
						}
						got := a.last("ada")
						want.EventId = got.EventId
						if !reflect.DeepEqual(got, want) {
							t.Errorf("recorded %+v %+v\nwant     %+v %+v", got, *got.EventRisk, want, *want.EventRisk)
						}
						notice := "no action"
						if blocks {
							notice = "blocked ada"
						}
						switch sent := a.notices("ada@example.com"); {
						case mode == audit && len(sent) > 0:
							t.Errorf("sent %+v", sent)
						case mode == enforced && (len(sent) != 1 || sent[0].Subject != notice):
							t.Errorf("sent %+v, want %q", sent, notice)
						}
					})
				}
			}
		}
	}
}

// Without a risk nothing follows whatever is configured, and nothing without a configuration whatever is found (AUTH-558).
func TestRiskWithoutConsequence(t *testing.T) {
	t.Parallel()
	a := protect(t, enforced)
	a.user("ada", "email", "ada@example.com")
	a.stub.level = risk.High
	a.signIn("ada")
	a.setRisk(userpool.SetRiskConfigurationInput{AccountTakeoverRiskConfiguration: &userpool.AccountTakeoverRiskConfigurationType{
		Actions: &userpool.AccountTakeoverActionsType{},
	}})
	a.signIn("ada")
	a.setRisk(userpool.SetRiskConfigurationInput{AccountTakeoverRiskConfiguration: actions("BLOCK", "BLOCK", "BLOCK")})
	a.stub.level = risk.None
	a.signIn("ada")
	if e := a.events("ada"); *e[len(e)-1].EventRisk.CompromisedCredentialsDetected || len(a.notices("ada@example.com")) != 0 {
		t.Errorf("recorded %+v, sent %+v", e, a.notices("ada@example.com"))
	}
	a.stub.level, a.stub.err = risk.High, errors.New("down")
	a.signIn("ada") // an assessor that is down locks nobody out
	a.stub.level, a.stub.err = 17, nil
	_, err := a.tryPassword("ada", password)
	refused(t, err, userpool.ErrNotAuthorized, blockedText)
}

// AUTH-553: the flows that are judged, each sign-in once, and none of them before its first factor is right. A refresh is none.
func TestRiskFlows(t *testing.T) {
	t.Parallel()
	a := protect(t, enforced)
	a.user("ada")
	a.setRisk(userpool.SetRiskConfigurationInput{AccountTakeoverRiskConfiguration: actions("NO_ACTION", "NO_ACTION", "BLOCK")})
	for _, tt := range []struct {
		flow string
		run  func(password string) error
	}{
		{"USER_PASSWORD_AUTH", func(p string) error { _, err := a.tryPassword("ada", p); return err }},
		{"ADMIN_USER_PASSWORD_AUTH", func(p string) error { _, err := a.adminPassword("ada", p, nil); return err }},
		{"USER_SRP_AUTH", func(p string) error { _, err := a.srp("ada", p); return err }},
	} {
		a.stub.level = risk.High
		before := len(a.stub.attempts())
		refused(t, tt.run(another), userpool.ErrNotAuthorized, "Incorrect username or password.")
		if n := len(a.stub.attempts()) - before; n != 0 {
			t.Errorf("%s: judged %d times without the right password", tt.flow, n)
		}
		refused(t, tt.run(password), userpool.ErrNotAuthorized, blockedText)
		a.stub.level = risk.None
		check(t, tt.run(password))
		seen := a.stub.attempts()[before:]
		if len(seen) != 2 || seen[1].Flow != tt.flow || seen[1].PoolID != a.pool || seen[1].ClientID != a.client || seen[1].Username != "ada" {
			t.Errorf("%s: judged %+v", tt.flow, seen)
		}
		a.clock.Advance(time.Minute)
	}
	a.stub.level = risk.High
	refused(t, a.adminSRP("ada"), userpool.ErrNotAuthorized, blockedText)
	a.stub.level = risk.None
	tokens := a.signIn("ada")
	before := len(a.stub.attempts())
	a.stub.level = risk.High
	_, err := a.refresh(tokens.RefreshToken)
	check(t, err)
	if len(a.stub.attempts()) != before {
		t.Error("a refresh was judged")
	}
}

// A secret block whose sign-in was refused is used up: nobody tries it again when the risk is over (C2).
func TestC2_RefusedProofIsUsedUp(t *testing.T) {
	t.Parallel()
	a := protect(t, enforced)
	a.user("ada")
	a.setRisk(userpool.SetRiskConfigurationInput{AccountTakeoverRiskConfiguration: actions("BLOCK", "BLOCK", "BLOCK")})
	claim, err := a.srpStart("ada", password)
	check(t, err)
	a.stub.level = risk.Low
	_, err = a.RespondToAuthChallenge(t.Context(), claim)
	refused(t, err, userpool.ErrNotAuthorized, blockedText)
	a.stub.level = risk.None
	_, err = a.RespondToAuthChallenge(t.Context(), claim)
	refused(t, err, userpool.ErrNotAuthorized, "Incorrect username or password.")
	if n := len(a.events("ada")); n != 2 { // the sign-up and the refused sign-in
		t.Errorf("%d events", n)
	}
}

// AUTH-566: what an assessor learns of a sign-in and of the past.
func TestAssessorInput(t *testing.T) {
	t.Parallel()
	a := protect(t, audit)
	a.user("ada")
	a.clock.Advance(time.Minute)
	const firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
	_, err := a.passwordFrom(a.via("192.0.2.1", firefox), "ada", another)
	refused(t, err, userpool.ErrNotAuthorized, "")
	a.clock.Advance(time.Minute)
	_, err = a.InitiateAuth(a.via("::ffff:192.0.2.1", firefox), &userpool.InitiateAuthInput{
		ClientId: a.client, AuthFlow: userpool.AuthFlowTypeUserPasswordAuth, AuthParameters: map[string]string{"USERNAME": "ada", "PASSWORD": password},
		UserContextData: &userpool.UserContextDataType{EncodedData: "whatever"},
	})
	check(t, err)
	seen := a.stub.attempts()
	if len(seen) != 1 {
		t.Fatalf("judged %d times", len(seen))
	}
	got := seen[0]
	now := risk.Event{Kind: "SignIn", At: a.clock.Now(), IP: netip.MustParseAddr("192.0.2.1"), Device: "Firefox / Linux", Place: homes["192.0.2.1"]}
	if got.Event != now || got.UserAgent != firefox || got.Fingerprint != "whatever" {
		t.Errorf("judged %+v", got)
	}
	failed := now
	failed.At, failed.Outcome = now.At.Add(-time.Minute), risk.Failed
	if len(got.History) != 2 || got.History[0] != failed || got.History[1].Kind != "SignUp" || got.History[1].Outcome != risk.Passed {
		t.Errorf("the past is %+v", got.History)
	}
}

// Failures of others do not push out of sight what a user did himself.
func TestHistoryKeepsWhatLasts(t *testing.T) {
	t.Parallel()
	a := protect(t, audit, func(c *userpool.Config) { c.Limits.FreeAttempts = -1 })
	a.user("ada")
	for range 20 {
		a.clock.Advance(time.Minute)
		_, err := a.passwordFrom(a.via("192.0.2.1", "Firefox/1"), "ada", password)
		check(t, err)
	}
	for range 40 {
		a.clock.Advance(time.Minute)
		_, err := a.passwordFrom(a.via("198.51.100.1", "curl/8"), "ada", another)
		refused(t, err, userpool.ErrNotAuthorized, "")
	}
	a.signIn("ada")
	seen := a.stub.attempts()
	history := seen[len(seen)-1].History
	passed := 0
	for i, e := range history {
		if e.Outcome == risk.Passed {
			passed++
		}
		if i > 0 && e.At.After(history[i-1].At) {
			t.Fatal("not the newest first")
		}
	}
	if passed != risk.HistoryLasting || len(history) != risk.HistoryRecent+risk.HistoryLasting {
		t.Errorf("%d events, %d passed", len(history), passed)
	}
}

// The rules that are in force unless Config says otherwise (AUTH-572): a stranger abroad is stopped, until the user says that it
// was him.
func TestDefaultAssessor(t *testing.T) {
	t.Parallel()
	a := protect(t, enforced, func(c *userpool.Config) { c.RiskAssessor = nil })
	a.user("ada")
	a.setRisk(userpool.SetRiskConfigurationInput{AccountTakeoverRiskConfiguration: actions("NO_ACTION", "NO_ACTION", "BLOCK")})
	home, abroad := a.via("192.0.2.1", "Firefox/1"), a.via("198.51.100.1", "curl/8")
	_, err := a.passwordFrom(home, "ada", password)
	check(t, err)
	a.clock.Advance(time.Hour)
	_, err = a.passwordFrom(abroad, "ada", password)
	refused(t, err, userpool.ErrNotAuthorized, blockedText)
	blocked := a.last("ada")
	if blocked.EventRisk.RiskLevel != "High" {
		t.Errorf("recorded %+v", blocked)
	}
	a.clock.Advance(time.Minute)
	_, err = a.passwordFrom(home, "ada", password)
	check(t, err)
	check(t, a.feedback("ada", blocked.EventId, userpool.FeedbackValueTypeValid))
	a.clock.Advance(48 * time.Hour)
	_, err = a.passwordFrom(abroad, "ada", password)
	check(t, err)
	if got := a.last("ada"); got.EventRisk.RiskDecision != "NoRisk" {
		t.Errorf("recorded %+v", *got.EventRisk)
	}
	check(t, a.feedback("ada", a.last("ada").EventId, userpool.FeedbackValueTypeInvalid)) // no, it was not
	a.clock.Advance(48 * time.Hour)
	_, err = a.passwordFrom(abroad, "ada", password)
	refused(t, err, userpool.ErrNotAuthorized, blockedText)
}
