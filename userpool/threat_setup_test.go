package userpool_test

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"sync"
	"testing"

	"github.com/cenote-auth/cenote/awsapi"
	"github.com/cenote-auth/cenote/message"
	"github.com/cenote-auth/cenote/risk"
	"github.com/cenote-auth/cenote/userpool"
)

// protected is an app whose pool has threat protection, with an assessor that finds what it is told to.
type protected struct {
	app
	stub *stubAssessor
}

type stubAssessor struct {
	mu    sync.Mutex
	level risk.Level
	known bool
	err   error
	seen  []risk.Attempt
}

func (s *stubAssessor) Assess(_ context.Context, a risk.Attempt) (risk.Assessment, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seen = append(s.seen, a)
	return risk.Assessment{Level: s.level, Compromised: s.known}, s.err
}

// attempts returns what was assessed.
func (s *stubAssessor) attempts() []risk.Attempt {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.seen)
}

// places is a Locator.
type places map[string]risk.Place

func (p places) Locate(_ context.Context, ip netip.Addr) (risk.Place, error) {
	if place, ok := p[ip.String()]; ok {
		return place, nil
	}
	return risk.Place{}, errors.New("nobody lives there")
}

var homes = places{
	"192.0.2.1":    {Country: "Germany", City: "Köln", Timezone: "Europe/Berlin", Latitude: 50.9, Longitude: 6.9, Located: true},
	"198.51.100.1": {Country: "Australia", City: "Sydney", Latitude: -33.9, Longitude: 151.2, Located: true},
	"2001:db8::1":  {Country: "<b>Utopia</b>\r\nBcc: eve@example.org", City: "Amaurot"},
}

// knownPasswords are compromised.
type knownPasswords struct {
	list []string
	err  error
	mu   sync.Mutex
	n    int
}

func (k *knownPasswords) Compromised(_ context.Context, password string) (bool, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.n++
	return slices.Contains(k.list, password), k.err
}

func (k *knownPasswords) asked() int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.n
}

// plus gives the pool threat protection.
func plus(mode userpool.AdvancedSecurityModeType) func(*userpool.CreateUserPoolInput) {
	return func(in *userpool.CreateUserPoolInput) {
		in.UserPoolTier = userpool.UserPoolTierTypePlus
		in.UserPoolAddOns = &userpool.UserPoolAddOnsType{AdvancedSecurityMode: mode}
	}
}

const (
	audit    = userpool.AdvancedSecurityModeTypeAudit
	enforced = userpool.AdvancedSecurityModeTypeEnforced
)

// protect makes an app with threat protection. Options are those of setup and of app.
func protect(t *testing.T, mode userpool.AdvancedSecurityModeType, options ...any) protected {
	t.Helper()
	p := protected{stub: &stubAssessor{}}
	configure := []func(*userpool.Config){func(c *userpool.Config) { c.RiskAssessor, c.Locator = p.stub, homes }}
	for _, o := range options {
		if f, ok := o.(func(*userpool.Config)); ok {
			configure = append(configure, f)
		}
	}
	p.app = setup(t, configure...).app(append([]any{plus(mode)}, options...)...)
	return p
}

// via is the context of a request over a connection.
func (a app) via(ip, agent string) context.Context {
	return awsapi.WithCaller(a.t.Context(), awsapi.Caller{SourceIP: ip, UserAgent: agent})
}

// passwordFrom signs in by USER_PASSWORD_AUTH over a connection.
func (a app) passwordFrom(ctx context.Context, name, password string) (*userpool.InitiateAuthOutput, error) {
	params := map[string]string{"USERNAME": name, "PASSWORD": password}
	if a.secret != "" {
		params["SECRET_HASH"] = a.hash(name)
	}
	return a.InitiateAuth(ctx, &userpool.InitiateAuthInput{
		ClientId: a.client, AuthFlow: userpool.AuthFlowTypeUserPasswordAuth, AuthParameters: params,
	})
}

// adminPassword signs in by ADMIN_USER_PASSWORD_AUTH.
func (a app) adminPassword(name, password string, data *userpool.ContextDataType) (*userpool.AdminInitiateAuthOutput, error) {
	return a.AdminInitiateAuth(a.t.Context(), &userpool.AdminInitiateAuthInput{
		UserPoolId: a.pool, ClientId: a.client, AuthFlow: userpool.AuthFlowTypeAdminUserPasswordAuth, ContextData: data,
		AuthParameters: map[string]string{"USERNAME": name, "PASSWORD": password},
	})
}

// setRisk sets the pool's risk configuration.
func (a app) setRisk(in userpool.SetRiskConfigurationInput) {
	a.t.Helper()
	if in.UserPoolId == "" {
		in.UserPoolId = a.pool
	}
	if _, err := a.SetRiskConfiguration(a.t.Context(), &in); err != nil {
		a.t.Fatal(err)
	}
}

// actions is a risk configuration with an action for each level, and a notice of each.
func actions(low, medium, high userpool.AccountTakeoverEventActionType) *userpool.AccountTakeoverRiskConfigurationType {
	at := func(a userpool.AccountTakeoverEventActionType) *userpool.AccountTakeoverActionType {
		return &userpool.AccountTakeoverActionType{EventAction: a, Notify: true}
	}
	return &userpool.AccountTakeoverRiskConfigurationType{
		Actions: &userpool.AccountTakeoverActionsType{LowAction: at(low), MediumAction: at(medium), HighAction: at(high)},
		NotifyConfiguration: &userpool.NotifyConfigurationType{
			SourceArn: "arn:aws:ses:us-east-1:123456789012:identity/security@example.com", ReplyTo: "help@example.com",
			BlockEmail:    &userpool.NotifyEmailType{Subject: "blocked {username}", HtmlBody: "blocked <i>{ip-address}</i> {city}"},
			MfaEmail:      &userpool.NotifyEmailType{Subject: "mfa", HtmlBody: "mfa for {username}"},
			NoActionEmail: &userpool.NotifyEmailType{Subject: "no action", TextBody: "no action, {username}"},
		},
	}
}

// blocksKnown is a configuration that blocks compromised passwords.
func blocksKnown(filter ...userpool.EventFilterType) *userpool.CompromisedCredentialsRiskConfigurationType {
	return &userpool.CompromisedCredentialsRiskConfigurationType{
		EventFilter: filter,
		Actions:     &userpool.CompromisedCredentialsActionsType{EventAction: userpool.CompromisedCredentialsEventActionTypeBlock},
	}
}

// ranges is a configuration of address lists.
func ranges(blocked, skipped []string) *userpool.RiskExceptionConfigurationType {
	return &userpool.RiskExceptionConfigurationType{BlockedIPRangeList: blocked, SkippedIPRangeList: skipped}
}

// events returns all events of a user, newest first.
func (a app) events(name string) []userpool.AuthEventType {
	a.t.Helper()
	var out []userpool.AuthEventType
	for token := ""; ; {
		page, err := a.AdminListUserAuthEvents(a.t.Context(), &userpool.AdminListUserAuthEventsInput{
			UserPoolId: a.pool, Username: name, NextToken: token,
		})
		check(a.t, err)
		out = append(out, page.AuthEvents...)
		if token = page.NextToken; token == "" {
			return out
		}
	}
}

// last returns the newest event of a user.
func (a app) last(name string) userpool.AuthEventType {
	a.t.Helper()
	list := a.events(name)
	if len(list) == 0 {
		a.t.Fatalf("%s has no events", name)
	}
	return list[0]
}

// notices delivers and returns the notices to an address.
func (a app) notices(to string) []message.Message {
	a.t.Helper()
	a.deliver()
	var out []message.Message
	for _, m := range a.outbox.All() {
		if m.Destination == to && m.Kind == message.AccountTakeOverNotification {
			out = append(out, m)
		}
	}
	return out
}

const blockedText = "Unable to login because of security reasons."
