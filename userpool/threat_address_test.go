package userpool_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/cenote-auth/cenote/awsapi"
	"github.com/cenote-auth/cenote/risk"
	"github.com/cenote-auth/cenote/trigger"
	"github.com/cenote-auth/cenote/userpool"
)

// AUTH-562: what is blocked is refused whatever else, what is skipped is not judged, and skipped wins. AUTH-560.
func TestAddressLists(t *testing.T) {
	t.Parallel()
	a := protect(t, enforced)
	a.user("ada")
	v4, v6 := []string{"192.0.2.0/24", "203.0.113.7/32"}, []string{"2001:db8:1::/48"}
	for _, tt := range []struct {
		name             string
		blocked, skipped []string
		ip               string
		want             string // "in", "blocked" or "judged", which is refused
	}{
		{"no lists", nil, nil, "192.0.2.9", "judged"},
		{"in a blocked range", v4, nil, "192.0.2.9", "blocked"},
		{"a blocked address", v4, nil, "203.0.113.7", "blocked"},
		{"beside a blocked address", v4, nil, "203.0.113.8", "judged"},
		{"IPv4 in the form of IPv6", v4, nil, "::ffff:192.0.2.9", "blocked"},
		{"a range in the form of IPv6", []string{"::ffff:192.0.2.0/120"}, nil, "192.0.2.9", "blocked"},
		{"beside a range in the form of IPv6", []string{"::ffff:192.0.2.0/120"}, nil, "192.0.3.9", "judged"},
		{"host bits", []string{"192.0.2.77/24"}, nil, "192.0.2.9", "blocked"},
		{"IPv6", v6, nil, "2001:db8:1:2::3", "blocked"},
		{"another IPv6", v6, nil, "2001:db8:2::3", "judged"},
		{"all of IPv6", []string{"::/0"}, nil, "192.0.2.9", "judged"},
		{"all of IPv4", []string{"0.0.0.0/0"}, nil, "192.0.2.9", "blocked"},
		{"skipped", nil, v4, "192.0.2.9", "in"},
		{"skipped and blocked", v4, []string{"192.0.2.9/32"}, "192.0.2.9", "in"},
		{"blocked beside what is skipped", v4, []string{"192.0.2.9/32"}, "192.0.2.8", "blocked"},
		{"nobody knows", []string{"0.0.0.0/0", "::/0"}, []string{"0.0.0.0/0", "::/0"}, "", "judged"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a := a
			a.app, a.stub.level = a.fork(t), risk.High
			a.setRisk(userpool.SetRiskConfigurationInput{
				RiskExceptionConfiguration: ranges(tt.blocked, tt.skipped), AccountTakeoverRiskConfiguration: actions("NO_ACTION", "NO_ACTION", "BLOCK"),
			})
			judged, events := len(a.stub.attempts()), len(a.events("ada"))
			_, err := a.passwordFrom(a.via(tt.ip, ""), "ada", password)
			if tt.want == "in" {
				check(t, err)
			} else {
				refused(t, err, userpool.ErrNotAuthorized, blockedText)
			}
			if n := len(a.stub.attempts()) - judged; (n == 1) != (tt.want == "judged") {
				t.Errorf("judged %d times", n)
			}
			if n := len(a.events("ada")) - events; (n == 0) != (tt.want == "blocked") {
				t.Errorf("%d events", n) // who is blocked by address leaves none: he has proven nothing
			}
			if e := a.last("ada"); tt.want == "in" && (e.EventRisk.RiskDecision != "NoRisk" || e.EventRisk.RiskLevel != "") {
				t.Errorf("recorded %+v", *e.EventRisk)
			}
		})
	}
}

// AUTH-143, AUTH-562: the block list comes before the pre authentication function and before any proof, and is the same for every
// name that a client hides (H7). Where findings are only recorded it refuses nobody (AUTH-551).
func TestH7_BlockListTellsNothing(t *testing.T) {
	t.Parallel()
	for _, mode := range []userpool.AdvancedSecurityModeType{audit, enforced} {
		calls := 0
		b := setup(t)
		arn := on(b, "pre", func(_ context.Context, e trigger.PreAuthenticationEvent) (trigger.PreAuthenticationEvent, error) {
			calls++
			return e, nil
		})
		a := b.app(plus(mode), hides, lambdas(userpool.LambdaConfigType{PreAuthentication: arn}))
		a.user("ada")
		a.user("gone")
		a.disable("gone")
		a.setRisk(userpool.SetRiskConfigurationInput{RiskExceptionConfiguration: ranges([]string{"192.0.2.0/24"}, nil)})
		for _, name := range []string{"ada", "gone", "nobody"} {
			_, err := a.passwordFrom(a.via("192.0.2.9", ""), name, another)
			want := blockedText
			if mode == audit {
				want = "Incorrect username or password."
			}
			refused(t, err, userpool.ErrNotAuthorized, want)
		}
		if (calls == 0) != (mode == enforced) {
			t.Errorf("%s: the function ran %d times", mode, calls)
		}
		claim, err := a.srpStart("ada", password)
		check(t, err)
		_, err = a.RespondToAuthChallenge(a.via("192.0.2.9", ""), claim) // moved to a blocked address between the steps
		if mode == enforced {
			refused(t, err, userpool.ErrNotAuthorized, blockedText)
		} else {
			check(t, err)
		}
	}
}

// AUTH-554: the lists of a client are in place of its pool's.
func TestAddressListsOfClients(t *testing.T) {
	t.Parallel()
	a := protect(t, enforced)
	a.user("ada")
	other := a.sibling()
	a.setRisk(userpool.SetRiskConfigurationInput{RiskExceptionConfiguration: ranges([]string{"192.0.2.0/24"}, nil)})
	a.setRisk(userpool.SetRiskConfigurationInput{ClientId: other.client, RiskExceptionConfiguration: ranges([]string{"198.51.100.0/24"}, nil)})
	for _, tt := range []struct {
		app app
		ip  string
		in  bool
	}{{a.app, "192.0.2.9", false}, {a.app, "198.51.100.9", true}, {other, "192.0.2.9", true}, {other, "198.51.100.9", false}} {
		_, err := tt.app.passwordFrom(a.via(tt.ip, ""), "ada", password)
		if (err == nil) != tt.in {
			t.Errorf("%s from %s: %v", tt.app.client, tt.ip, err)
		}
	}
}

func propagates(in *userpool.CreateUserPoolClientInput) {
	in.EnablePropagateAdditionalUserContextData = new(true)
}

// AUTH-563, AUTH-564, APP-014: whose word counts for where a request comes from. AUTH-167: the word of others changes nothing.
func TestAddressSource(t *testing.T) {
	t.Parallel()
	base := protect(t, audit)
	base.user("ada")
	told := func(ip string) *userpool.UserContextDataType { return &userpool.UserContextDataType{IpAddress: ip} }
	server := func(ip string) *userpool.ContextDataType {
		return &userpool.ContextDataType{
			IpAddress: ip, ServerName: "app", ServerPath: "/login", EncodedData: "print",
			HttpHeaders: []userpool.HttpHeader{{HeaderName: "user-agent", HeaderValue: "okhttp/4"}},
		}
	}
	for _, tt := range []struct {
		name    string
		client  []any
		signed  bool
		caller  awsapi.Caller
		user    *userpool.UserContextDataType
		server  *userpool.ContextDataType
		ip, dev string
		refused bool
	}{
		{"the connection", nil, false, awsapi.Caller{SourceIP: "192.0.2.1", UserAgent: "curl/8"}, nil, nil, "192.0.2.1", "curl / unknown", false},
		{"no secret", nil, false, awsapi.Caller{SourceIP: "192.0.2.1", UserAgent: "curl/8"}, told("198.51.100.1"), nil, "192.0.2.1", "curl / unknown", false},
		{"no secret, no address", nil, false, awsapi.Caller{SourceIP: "192.0.2.1"}, told("home"), nil, "192.0.2.1", "", false},
		{"a secret, not propagated", []any{withSecret}, false, awsapi.Caller{SourceIP: "192.0.2.1"}, told("198.51.100.1"), nil, "192.0.2.1", "", false},
		{"propagated", []any{withSecret, propagates}, false, awsapi.Caller{SourceIP: "192.0.2.1"}, told("198.51.100.1"), nil, "198.51.100.1", "", false},
		{"propagated IPv6", []any{withSecret, propagates}, false, awsapi.Caller{}, told("2001:DB8:0::1"), nil, "2001:db8::1", "", false},
		{"nothing to propagate", []any{withSecret, propagates}, false, awsapi.Caller{SourceIP: "192.0.2.1"}, told(""), nil, "192.0.2.1", "", false},
		{"propagated nonsense", []any{withSecret, propagates}, false, awsapi.Caller{}, told("home"), nil, "", "", true},
		{"propagated zone", []any{withSecret, propagates}, false, awsapi.Caller{}, told("fe80::1%eth0"), nil, "", "", true},
		{"propagated range", []any{withSecret, propagates}, false, awsapi.Caller{}, told("192.0.2.0/24"), nil, "", "", true},
		{"a server", nil, true, awsapi.Caller{ARN: "arn:x", SourceIP: "192.0.2.1", UserAgent: "curl/8"}, nil, server("198.51.100.1"), "198.51.100.1", "OkHttp / unknown", false},
		{"a server's nonsense", nil, true, awsapi.Caller{ARN: "arn:x"}, nil, server("home"), "", "", true},
		{"a server's silence", nil, true, awsapi.Caller{ARN: "arn:x", SourceIP: "192.0.2.1", UserAgent: "curl/8"}, nil, nil, "", "", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a := base.fork(t).sibling(tt.client...)
			a.clock.Advance(1)
			ctx := awsapi.WithCaller(t.Context(), tt.caller)
			params := map[string]string{"USERNAME": "ada", "PASSWORD": password}
			if h := a.hash("ada"); h != "" {
				params["SECRET_HASH"] = h
			}
			var err error
			if tt.signed {
				_, err = a.AdminInitiateAuth(ctx, &userpool.AdminInitiateAuthInput{
					UserPoolId: a.pool, ClientId: a.client, AuthFlow: userpool.AuthFlowTypeAdminUserPasswordAuth, AuthParameters: params, ContextData: tt.server,
				})
			} else {
				_, err = a.InitiateAuth(ctx, &userpool.InitiateAuthInput{
					ClientId: a.client, AuthFlow: userpool.AuthFlowTypeUserPasswordAuth, AuthParameters: params, UserContextData: tt.user,
				})
			}
			if tt.refused {
				refused(t, err, userpool.ErrInvalidParameter, "Invalid IP address.")
				return
			}
			check(t, err)
			if e := a.last("ada").EventContextData; e.IpAddress != tt.ip || e.DeviceName != tt.dev {
				t.Errorf("recorded %+v", *e)
			}
		})
	}
}

// AUTH-565: ContextData says where, at which server, by which request; the fingerprint may be anything.
func TestContextDataMembers(t *testing.T) {
	t.Parallel()
	a := protect(t, audit)
	a.user("ada")
	full := map[string]string{
		"IpAddress": `"192.0.2.1"`, "ServerName": `"app"`, "ServerPath": `"/"`, "HttpHeaders": `[]`, "EncodedData": `"\u0000\n{}<>"`,
	}
	for missing := range full {
		body, sep := "", ""
		for k, v := range full {
			if k != missing {
				body += sep + fmt.Sprintf("%q:%s", k, v)
				sep = ","
			}
		}
		_, err := a.Invoke(t.Context(), "AdminInitiateAuth", fmt.Appendf(nil,
			`{"UserPoolId":%q,"ClientId":%q,"AuthFlow":"ADMIN_USER_PASSWORD_AUTH","AuthParameters":{"USERNAME":"ada","PASSWORD":%q},"ContextData":{%s}}`,
			a.pool, a.client, password, body))
		if missing == "EncodedData" {
			check(t, err)
		} else {
			refused(t, err, userpool.ErrInvalidParameter, "")
		}
	}
}

// A device has a name without versions, so that an update makes no new one; where nothing can be told it has none.
func TestDeviceNames(t *testing.T) {
	t.Parallel()
	a := protect(t, audit)
	a.user("ada")
	for agent, want := range map[string]string{
		"": "", "\r\nX: y": "", "Bücher/1": "", "okhttp/4.12": "OkHttp / unknown",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36": "Chrome / Windows",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/127.0.0.0 Safari/537.36": "Chrome / Windows",
	} {
		a.clock.Advance(1)
		_, err := a.passwordFrom(a.via("", agent), "ada", password)
		check(t, err)
		if got := a.last("ada").EventContextData.DeviceName; got != want {
			t.Errorf("%q: got %q, want %q", agent, got, want)
		}
	}
}
