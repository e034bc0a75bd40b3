package userpool_test

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/cenote-auth/cenote/awsapi"
	"github.com/cenote-auth/cenote/userpool"
)

const addOnOff = "AdvancedSecurity is not enabled for the user pool"

// riskOps are the operations of threat protection, for one pool and user.
func (a app) riskOps(name string) map[string]func() error {
	return map[string]func() error{
		"SetRiskConfiguration": func() error {
			_, err := a.SetRiskConfiguration(a.t.Context(), &userpool.SetRiskConfigurationInput{UserPoolId: a.pool})
			return err
		},
		"DescribeRiskConfiguration": func() error { _, err := a.describeRisk(""); return err },
		"AdminListUserAuthEvents": func() error {
			_, err := a.AdminListUserAuthEvents(a.t.Context(), &userpool.AdminListUserAuthEventsInput{UserPoolId: a.pool, Username: name})
			return err
		},
		"AdminUpdateAuthEventFeedback": func() error { return a.feedback(name, "none", userpool.FeedbackValueTypeValid) },
		"UpdateAuthEventFeedback":      func() error { return a.userFeedback(name, "none", "none", userpool.FeedbackValueTypeValid) },
	}
}

func (a app) describeRisk(client string) (*userpool.RiskConfigurationType, error) {
	out, err := a.DescribeRiskConfiguration(a.t.Context(), &userpool.DescribeRiskConfigurationInput{UserPoolId: a.pool, ClientId: client})
	if err != nil {
		return nil, err
	}
	return out.RiskConfiguration, nil
}

func (a app) feedback(name, event string, v userpool.FeedbackValueType) error {
	_, err := a.AdminUpdateAuthEventFeedback(a.t.Context(), &userpool.AdminUpdateAuthEventFeedbackInput{
		UserPoolId: a.pool, Username: name, EventId: event, FeedbackValue: v,
	})
	return err
}

func (a app) userFeedback(name, event, token string, v userpool.FeedbackValueType) error {
	_, err := a.UpdateAuthEventFeedback(a.t.Context(), &userpool.UpdateAuthEventFeedbackInput{
		UserPoolId: a.pool, Username: name, EventId: event, FeedbackToken: token, FeedbackValue: v,
	})
	return err
}

// AUTH-552, TIER-006: without threat protection its operations are refused, whether anybody has the name or not. AUTH-618,
// AUTH-619, AUTH-620, AUTH-621: a pool or client that does not exist comes first.
func TestThreatProtectionOff(t *testing.T) {
	t.Parallel()
	a := setup(t).app(plus(userpool.AdvancedSecurityModeTypeOff))
	plain := a.bench.app()
	a.user("ada")
	for _, pool := range []app{a, plain} {
		for op, run := range pool.riskOps("ada") {
			t.Run(op, func(t *testing.T) { refused(t, run(), userpool.ErrUserPoolAddOnNotEnabled, addOnOff) })
		}
		_, err := pool.describeRisk("nobody")
		refused(t, err, userpool.ErrResourceNotFound, "User pool client nobody does not exist.")
	}
	gone := a
	gone.pool = "us-east-1_Nowhere01"
	for op, run := range gone.riskOps("ada") {
		t.Run("no pool/"+op, func(t *testing.T) {
			refused(t, run(), userpool.ErrResourceNotFound, "User pool us-east-1_Nowhere01 does not exist.")
		})
	}
}

// AUTH-551: each mode is on, that of custom authentication alone as well; what was set is told back.
func TestThreatProtectionModes(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, set := range []userpool.UserPoolAddOnsType{
		{AdvancedSecurityMode: audit}, {AdvancedSecurityMode: enforced},
		{AdvancedSecurityMode: userpool.AdvancedSecurityModeTypeOff, AdvancedSecurityAdditionalFlows: &userpool.AdvancedSecurityAdditionalFlowsType{
			CustomAuthMode: userpool.AdvancedSecurityEnabledModeTypeAudit,
		}},
	} {
		a := b.app(plus(audit), func(in *userpool.CreateUserPoolInput) { in.UserPoolAddOns = &set })
		if _, err := a.describeRisk(""); err != nil {
			t.Errorf("%+v: %v", set, err)
		}
		out, err := b.DescribeUserPool(t.Context(), &userpool.DescribeUserPoolInput{UserPoolId: a.pool})
		check(t, err)
		if !reflect.DeepEqual(*out.UserPool.UserPoolAddOns, set) {
			t.Errorf("told %+v, set %+v", *out.UserPool.UserPoolAddOns, set)
		}
	}
}

// AUTH-554: a client's configuration is in place of the pool's; a call that sets nothing takes it back. AUTH-618, AUTH-619.
func TestRiskConfiguration(t *testing.T) {
	t.Parallel()
	a := protect(t, enforced)
	other := a.sibling()
	described := func(client string) *userpool.RiskConfigurationType {
		t.Helper()
		out, err := a.describeRisk(client)
		check(t, err)
		return out
	}
	for _, client := range []string{"", a.client} {
		if got := described(client); !reflect.DeepEqual(got, &userpool.RiskConfigurationType{UserPoolId: a.pool}) {
			t.Errorf("never set: %+v", got)
		}
	}
	pool := &userpool.RiskConfigurationType{
		UserPoolId: a.pool, LastModifiedDate: a.clock.Now(), AccountTakeoverRiskConfiguration: actions("NO_ACTION", "MFA_REQUIRED", "BLOCK"),
		CompromisedCredentialsRiskConfiguration: blocksKnown("SIGN_IN"), RiskExceptionConfiguration: ranges([]string{"192.0.2.0/24"}, nil),
	}
	set, err := a.SetRiskConfiguration(t.Context(), &userpool.SetRiskConfigurationInput{
		UserPoolId: a.pool, AccountTakeoverRiskConfiguration: pool.AccountTakeoverRiskConfiguration,
		CompromisedCredentialsRiskConfiguration: pool.CompromisedCredentialsRiskConfiguration, RiskExceptionConfiguration: pool.RiskExceptionConfiguration,
	})
	check(t, err)
	if got := described(""); !reflect.DeepEqual(got, pool) || !reflect.DeepEqual(set.RiskConfiguration, pool) {
		t.Errorf("answered  %+v\ndescribed %+v\nwant      %+v", set.RiskConfiguration, got, pool)
	}
	described("").AccountTakeoverRiskConfiguration.Actions.LowAction.EventAction = "BLOCK" // changes nobody's but the caller's
	described("").RiskExceptionConfiguration.BlockedIPRangeList[0] = "0.0.0.0/0"

	a.setRisk(userpool.SetRiskConfigurationInput{ClientId: a.client, RiskExceptionConfiguration: ranges(nil, []string{"2001:db8::/32"})})
	own := &userpool.RiskConfigurationType{
		UserPoolId: a.pool, ClientId: a.client, LastModifiedDate: a.clock.Now(), RiskExceptionConfiguration: ranges(nil, []string{"2001:db8::/32"}),
	}
	if got := described(a.client); !reflect.DeepEqual(got, own) {
		t.Errorf("the client has %+v, want %+v", got, own)
	}
	if got := described(other.client); !reflect.DeepEqual(got, pool) {
		t.Errorf("the other client has %+v, want %+v", got, pool)
	}
	a.setRisk(userpool.SetRiskConfigurationInput{ClientId: a.client})
	if got := described(a.client); !reflect.DeepEqual(got, pool) {
		t.Errorf("the client has %+v after its own was taken back", got)
	}
	a.setRisk(userpool.SetRiskConfigurationInput{RiskExceptionConfiguration: ranges(nil, nil)}) // replaces all of it
	if got := described(""); got.AccountTakeoverRiskConfiguration != nil || got.CompromisedCredentialsRiskConfiguration != nil {
		t.Errorf("left %+v", got)
	}
	a.setRisk(userpool.SetRiskConfigurationInput{})
	if got := described(""); !reflect.DeepEqual(got, &userpool.RiskConfigurationType{UserPoolId: a.pool}) {
		t.Errorf("reset to %+v", got)
	}
}

// A client that is made anew under an id does not inherit what was set for the former one.
func TestRiskConfigurationEndsWithItsClient(t *testing.T) {
	t.Parallel()
	a := protect(t, enforced)
	named := func(in *userpool.CreateUserPoolClientInput) { in.ClientName = "_custom_id_:again" }
	c := a.sibling(named)
	if c.client == "" || c.client == a.client {
		t.Fatal("no client of its own")
	}
	c.setRisk(userpool.SetRiskConfigurationInput{ClientId: c.client, RiskExceptionConfiguration: ranges([]string{"0.0.0.0/0"}, nil)})
	_, err := a.DeleteUserPoolClient(t.Context(), &userpool.DeleteUserPoolClientInput{UserPoolId: a.pool, ClientId: c.client})
	check(t, err)
	_, err = a.describeRisk(c.client)
	refused(t, err, userpool.ErrResourceNotFound, "")
	again := a.sibling(named)
	got, err := again.describeRisk(again.client)
	check(t, err)
	if got.RiskExceptionConfiguration != nil {
		t.Errorf("inherited %+v", got)
	}
}

func many(n int) []string {
	var out []string
	for i := range n {
		out = append(out, fmt.Sprintf("10.0.%d.0/24", i))
	}
	return out
}

// What SetRiskConfiguration refuses; a refused call changes nothing.
func TestRiskConfigurationRefusals(t *testing.T) {
	t.Parallel()
	a := protect(t, enforced)
	milder := "The action for a risk level cannot be milder than the action for a lower one."
	notify := func(change func(*userpool.NotifyConfigurationType)) *userpool.AccountTakeoverRiskConfigurationType {
		c := actions("NO_ACTION", "NO_ACTION", "NO_ACTION")
		change(c.NotifyConfiguration)
		return c
	}
	for _, tt := range []struct {
		name string
		in   userpool.SetRiskConfigurationInput
		code awsapi.Code
		text string
	}{
		{"AUTH-558 milder when higher", userpool.SetRiskConfigurationInput{AccountTakeoverRiskConfiguration: actions("BLOCK", "MFA_REQUIRED", "BLOCK")},
			userpool.ErrInvalidParameter, milder},
		{"AUTH-558 none when higher", userpool.SetRiskConfigurationInput{AccountTakeoverRiskConfiguration: &userpool.AccountTakeoverRiskConfigurationType{
			Actions: &userpool.AccountTakeoverActionsType{LowAction: &userpool.AccountTakeoverActionType{EventAction: "MFA_IF_CONFIGURED"}},
		}}, userpool.ErrInvalidParameter, milder},
		{"AUTH-558 no such action", userpool.SetRiskConfigurationInput{AccountTakeoverRiskConfiguration: actions("NO_ACTION", "NO_ACTION", "LAUGH")},
			userpool.ErrInvalidParameter, ""},
		{"AUTH-555 no such event", userpool.SetRiskConfigurationInput{CompromisedCredentialsRiskConfiguration: blocksKnown("SIGN_OUT")},
			userpool.ErrInvalidParameter, ""},
		{"AUTH-555 no such action", userpool.SetRiskConfigurationInput{CompromisedCredentialsRiskConfiguration: &userpool.CompromisedCredentialsRiskConfigurationType{
			Actions: &userpool.CompromisedCredentialsActionsType{EventAction: "MFA_REQUIRED"},
		}}, userpool.ErrInvalidParameter, ""},
		{"AUTH-562 201 ranges", userpool.SetRiskConfigurationInput{RiskExceptionConfiguration: ranges(many(201), nil)}, userpool.ErrInvalidParameter, ""},
		{"AUTH-562 201 skipped ranges", userpool.SetRiskConfigurationInput{RiskExceptionConfiguration: ranges(nil, many(201))}, userpool.ErrInvalidParameter, ""},
		{"AUTH-562 a word", userpool.SetRiskConfigurationInput{RiskExceptionConfiguration: ranges([]string{"home"}, nil)},
			userpool.ErrInvalidParameter, `"home" is not an IP address range in CIDR notation.`},
		{"AUTH-562 an address", userpool.SetRiskConfigurationInput{RiskExceptionConfiguration: ranges(nil, []string{"192.0.2.1"})}, userpool.ErrInvalidParameter, ""},
		{"AUTH-562 too many bits", userpool.SetRiskConfigurationInput{RiskExceptionConfiguration: ranges(nil, []string{"192.0.2.1/33"})}, userpool.ErrInvalidParameter, ""},
		{"AUTH-562 a zone", userpool.SetRiskConfigurationInput{RiskExceptionConfiguration: ranges(nil, []string{"fe80::1%eth0/64"})}, userpool.ErrInvalidParameter, ""},
		{"AUTH-562 empty", userpool.SetRiskConfigurationInput{RiskExceptionConfiguration: ranges(nil, []string{""})}, userpool.ErrInvalidParameter, ""},
		{"AUTH-567 no SourceArn", userpool.SetRiskConfigurationInput{AccountTakeoverRiskConfiguration: notify(func(n *userpool.NotifyConfigurationType) { n.SourceArn = "" })},
			userpool.ErrInvalidParameter, ""},
		{"AUTH-567 another region's SourceArn", userpool.SetRiskConfigurationInput{AccountTakeoverRiskConfiguration: notify(func(n *userpool.NotifyConfigurationType) {
			n.SourceArn = "arn:aws:ses:ap-south-2:123456789012:identity/a@example.com"
		})}, userpool.ErrInvalidParameter, "Emails cannot be sent through arn:aws:ses:ap-south-2:123456789012:identity/a@example.com."},
		{"AUTH-567 no subject", userpool.SetRiskConfigurationInput{AccountTakeoverRiskConfiguration: notify(func(n *userpool.NotifyConfigurationType) { n.MfaEmail.Subject = "" })},
			userpool.ErrInvalidParameter, ""},
		{"AUTH-567 long subject", userpool.SetRiskConfigurationInput{AccountTakeoverRiskConfiguration: notify(func(n *userpool.NotifyConfigurationType) {
			n.MfaEmail.Subject = strings.Repeat("x", 141)
		})}, userpool.ErrInvalidParameter, ""},
		{"AUTH-567 short body", userpool.SetRiskConfigurationInput{AccountTakeoverRiskConfiguration: notify(func(n *userpool.NotifyConfigurationType) { n.MfaEmail.HtmlBody = "short" })},
			userpool.ErrInvalidParameter, ""},
		{"AUTH-567 long body", userpool.SetRiskConfigurationInput{AccountTakeoverRiskConfiguration: notify(func(n *userpool.NotifyConfigurationType) {
			n.MfaEmail.TextBody = strings.Repeat("x", 20001)
		})}, userpool.ErrInvalidParameter, ""},
		{"no body", userpool.SetRiskConfigurationInput{AccountTakeoverRiskConfiguration: notify(func(n *userpool.NotifyConfigurationType) { n.BlockEmail.HtmlBody = "" })},
			userpool.ErrInvalidParameter, "BlockEmail must have an HtmlBody or a TextBody."},
		{"H12 From of two lines", userpool.SetRiskConfigurationInput{AccountTakeoverRiskConfiguration: notify(func(n *userpool.NotifyConfigurationType) {
			n.From = "a@example.com\r\nBcc: eve@example.org"
		})}, userpool.ErrInvalidParameter, ""},
		{"H12 ReplyTo of two lines", userpool.SetRiskConfigurationInput{AccountTakeoverRiskConfiguration: notify(func(n *userpool.NotifyConfigurationType) {
			n.ReplyTo = "a@example.com\r\nBcc: eve@example.org"
		})}, userpool.ErrInvalidParameter, ""},
		{"AUTH-618 no such client", userpool.SetRiskConfigurationInput{ClientId: "nobody"}, userpool.ErrResourceNotFound, "User pool client nobody does not exist."},
		{"AUTH-618 another pool's client", userpool.SetRiskConfigurationInput{ClientId: a.bench.app().client}, userpool.ErrResourceNotFound, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.in.UserPoolId = a.pool
			_, err := a.SetRiskConfiguration(t.Context(), &tt.in)
			refused(t, err, tt.code, tt.text)
		})
	}
	if got, err := a.describeRisk(""); err != nil || !reflect.DeepEqual(got, &userpool.RiskConfigurationType{UserPoolId: a.pool}) {
		t.Errorf("left %+v, %v", got, err)
	}
	// What is at the bounds is taken (AUTH-562, AUTH-567).
	a.setRisk(userpool.SetRiskConfigurationInput{
		RiskExceptionConfiguration: ranges(many(200), slices.Concat(many(198), []string{"2001:db8::/32", "::ffff:192.0.2.0/120"})),
		AccountTakeoverRiskConfiguration: notify(func(n *userpool.NotifyConfigurationType) {
			n.MfaEmail = &userpool.NotifyEmailType{Subject: strings.Repeat("x", 140), HtmlBody: "6 long", TextBody: strings.Repeat("x", 20000)}
		}),
	})
}

// A configuration of notices that nobody could send is refused (AUTH-618).
func TestRiskNoticesNeedASender(t *testing.T) {
	t.Parallel()
	a := protect(t, enforced, func(c *userpool.Config) { c.Email = nil }, func(in *userpool.CreateUserPoolInput) { in.AutoVerifiedAttributes = nil })
	_, err := a.SetRiskConfiguration(t.Context(), &userpool.SetRiskConfigurationInput{
		UserPoolId: a.pool, AccountTakeoverRiskConfiguration: actions("NO_ACTION", "NO_ACTION", "BLOCK"),
	})
	refused(t, err, userpool.ErrCodeDeliveryFailure, "")
}
