package userpool_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/cenote-auth/cenote/awsapi"
	"github.com/cenote-auth/cenote/userpool"
)

// The flows of sign-ins, with what a client that lacks one answers (AUTH-137, AUTH-140) and the operations that have it (AUTH-138).
var signInFlows = []struct {
	flow           userpool.AuthFlowType
	public, signed bool
	refusal        string
}{
	{"USER_PASSWORD_AUTH", true, false, "USER_PASSWORD_AUTH flow not enabled for this client"},
	{"USER_SRP_AUTH", true, true, "USER_SRP_AUTH is not enabled for the client."},
	{"CUSTOM_AUTH", true, true, "CUSTOM_AUTH is not enabled for the client."},
	{"USER_AUTH", true, true, "USER_AUTH flow not enabled for this client"},
	{"ADMIN_USER_PASSWORD_AUTH", false, true, "Auth flow not enabled for this client"},
	{"ADMIN_NO_SRP_AUTH", false, true, "Auth flow not enabled for this client"},
	{"REFRESH_TOKEN_AUTH", true, true, "Auth flow not enabled for this client"},
	{"REFRESH_TOKEN", true, true, "Auth flow not enabled for this client"},
}

// allowedFlows returns the flows that a client has.
func (a app) allowedFlows(t *testing.T) string {
	t.Helper()
	params := map[string]string{"USERNAME": "nobody", "PASSWORD": password, "SRP_A": "abcdef", "REFRESH_TOKEN": "x"}
	var out []string
	for _, f := range signInFlows {
		_, public := a.InitiateAuth(t.Context(), &userpool.InitiateAuthInput{ClientId: a.client, AuthFlow: f.flow, AuthParameters: params})
		_, signed := a.AdminInitiateAuth(t.Context(), &userpool.AdminInitiateAuthInput{
			UserPoolId: a.pool, ClientId: a.client, AuthFlow: f.flow, AuthParameters: params,
		})
		allowed := 0
		for i, err := range []error{public, signed} {
			e, ok := errors.AsType[*awsapi.Error](err)
			has := []bool{f.public, f.signed}[i]
			switch {
			case !ok:
				t.Errorf("%s: %v", f.flow, err)
			case !has && e.Message == "Initiate Auth method not supported":
			case !has:
				t.Errorf("%s: %v", f.flow, err)
			case e.Code != userpool.ErrInvalidParameter || strings.HasPrefix(e.Message, "Custom auth lambda trigger"):
				allowed++
			case e.Message != f.refusal:
				t.Errorf("%s: %v, want %s", f.flow, err, f.refusal)
			}
		}
		switch want := map[bool]int{true: 1}[f.public] + map[bool]int{true: 1}[f.signed]; allowed {
		case want:
			out = append(out, string(f.flow))
		case 0:
		default:
			t.Errorf("%s in %d of %d operations", f.flow, allowed, want)
		}
	}
	return strings.Join(out, " ")
}

// AUTH-131, AUTH-133…140, APP-011: every set of legacy switches and every set of present ones, and the flows that each allows. An empty
// list is as good as none; legacy switches add to what is on anyhow; each present one is its flow and no other.
func TestEveryFlowSwitch(t *testing.T) {
	t.Parallel()
	const always = "USER_SRP_AUTH CUSTOM_AUTH "
	const refresh = "REFRESH_TOKEN_AUTH REFRESH_TOKEN"
	legacySets := map[string]string{
		"":                                     always + refresh,
		"ADMIN_NO_SRP_AUTH":                    always + "ADMIN_USER_PASSWORD_AUTH ADMIN_NO_SRP_AUTH " + refresh,
		"USER_PASSWORD_AUTH":                   "USER_PASSWORD_AUTH " + always + refresh,
		"ADMIN_NO_SRP_AUTH USER_PASSWORD_AUTH": "USER_PASSWORD_AUTH " + always + "ADMIN_USER_PASSWORD_AUTH ADMIN_NO_SRP_AUTH " + refresh,
		"CUSTOM_AUTH_FLOW_ONLY":                "CUSTOM_AUTH " + refresh,
		"CUSTOM_AUTH_FLOW_ONLY ADMIN_NO_SRP_AUTH":                    "CUSTOM_AUTH " + refresh,
		"CUSTOM_AUTH_FLOW_ONLY USER_PASSWORD_AUTH":                   "CUSTOM_AUTH " + refresh,
		"USER_PASSWORD_AUTH ADMIN_NO_SRP_AUTH CUSTOM_AUTH_FLOW_ONLY": "CUSTOM_AUTH " + refresh,
	}
	present := []struct{ name, flows string }{
		{"ALLOW_USER_PASSWORD_AUTH", "USER_PASSWORD_AUTH"},
		{"ALLOW_USER_SRP_AUTH", "USER_SRP_AUTH"},
		{"ALLOW_CUSTOM_AUTH", "CUSTOM_AUTH"},
		{"ALLOW_USER_AUTH", "USER_AUTH"},
		{"ALLOW_ADMIN_USER_PASSWORD_AUTH", "ADMIN_USER_PASSWORD_AUTH ADMIN_NO_SRP_AUTH"},
		{"ALLOW_REFRESH_TOKEN_AUTH", refresh},
	}
	sets := map[string]string{}
	for names, want := range legacySets {
		sets[names] = want
	}
	for bits := 1; bits < 1<<len(present); bits++ {
		var names, want []string
		for i, p := range present {
			if bits&(1<<i) != 0 {
				names, want = append(names, p.name), append(want, p.flows)
			}
		}
		sets[strings.Join(names, " ")] = strings.Join(want, " ")
	}
	base := setup(t).app(legacy)
	for names, want := range sets {
		list := []userpool.ExplicitAuthFlowsType{}
		for _, n := range strings.Fields(names) {
			list = append(list, userpool.ExplicitAuthFlowsType(n))
		}
		a := base.sibling(legacy, flows(list...))
		if got := a.allowedFlows(t); got != want {
			t.Errorf("[%s] allows %s, want %s", names, got, want)
		}
		slices.Reverse(list) // the order says nothing
		if got := base.sibling(legacy, flows(list...)).allowedFlows(t); got != want {
			t.Errorf("[%s] reversed allows %s, want %s", names, got, want)
		}
	}
	if got := base.sibling(legacy, flows()).allowedFlows(t); got != legacySets[""] {
		t.Errorf("no list allows %s", got)
	}
}

// AUTH-132, APP-011: each legacy switch beside each present one is refused, for a new client and for an old one.
func TestMixedFlowSwitches(t *testing.T) {
	t.Parallel()
	a := setup(t).app()
	for _, old := range []userpool.ExplicitAuthFlowsType{"ADMIN_NO_SRP_AUTH", "CUSTOM_AUTH_FLOW_ONLY", "USER_PASSWORD_AUTH"} {
		for _, now := range []userpool.ExplicitAuthFlowsType{
			"ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_CUSTOM_AUTH", "ALLOW_USER_PASSWORD_AUTH", "ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH", "ALLOW_USER_AUTH",
		} {
			for _, list := range [][]userpool.ExplicitAuthFlowsType{{old, now}, {now, old}} {
				_, err := a.CreateUserPoolClient(t.Context(), &userpool.CreateUserPoolClientInput{
					UserPoolId: a.pool, ClientName: "mixed", ExplicitAuthFlows: list,
				})
				refused(t, err, userpool.ErrInvalidParameter, "ExplicitAuthFlows cannot mix values with and without the ALLOW_ prefix.")
				_, err = a.UpdateUserPoolClient(t.Context(), &userpool.UpdateUserPoolClientInput{
					UserPoolId: a.pool, ClientId: a.client, ExplicitAuthFlows: list,
				})
				refused(t, err, userpool.ErrInvalidParameter, "")
			}
		}
	}
}

// AUTH-271, TIER-002, TIER-003: choices of factors need a plan, and a plan without them is refused while a client has the flow.
func TestChoiceNeedsPlan(t *testing.T) {
	t.Parallel()
	b := setup(t)
	a := b.app(choosing)
	lower := func() error {
		_, err := a.UpdateUserPool(t.Context(), &userpool.UpdateUserPoolInput{UserPoolId: a.pool, UserPoolTier: userpool.UserPoolTierTypeLite})
		return err
	}
	const needs = "The following features need to be disabled for the LITE pricing tier configured: "
	refused(t, lower(), userpool.ErrFeatureUnavailableInTier, needs+"ALLOW_USER_AUTH")
	a.setFlows("ALLOW_USER_SRP_AUTH")
	check(t, lower())
	_, err := a.UpdateUserPoolClient(t.Context(), &userpool.UpdateUserPoolClientInput{
		UserPoolId: a.pool, ClientId: a.client, ExplicitAuthFlows: []userpool.ExplicitAuthFlowsType{"ALLOW_USER_AUTH"},
	})
	refused(t, err, userpool.ErrFeatureUnavailableInTier, needs+"ALLOW_USER_AUTH")
	for name, factor := range map[string]userpool.AuthFactorType{"mail": "EMAIL_OTP", "SMS": "SMS_OTP", "passkey": "WEB_AUTHN"} {
		in := &userpool.CreateUserPoolInput{PoolName: "lite", UserPoolTier: userpool.UserPoolTierTypeLite}
		withSMS(in)
		factors("PASSWORD", factor)(in)
		_, err := b.CreateUserPool(t.Context(), in)
		refused(t, err, userpool.ErrFeatureUnavailableInTier, needs+"Choice-Based Authentication")
		if t.Failed() {
			t.Fatal(fmt.Sprint(name, " is free"))
		}
	}
}
