package userpool_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/cenote-auth/cenote/userpool"
)

// begins is the first request of a sign-in of ada.
func begins(flow userpool.AuthFlowType, pairs ...string) func(s side, _ hands) open {
	return func(side, hands) open {
		return open{right: func(on app) error {
			_, err := on.begin(flow, append([]string{"USERNAME", "ada"}, pairs...)...)
			return err
		}}
	}
}

// withPassword is one with her password.
func withPassword(pairs ...string) func(s side, _ hands) open {
	return begins(passwordAuth, append(pairs, "PASSWORD", password)...)
}

// withSRP is one by SRP.
func withSRP(flow userpool.AuthFlowType, pairs ...string) func(s side, _ hands) open {
	return func(s side, k hands) open {
		return begins(flow, append(pairs, "SRP_A", s.login("ada", password).Params()["SRP_A"])...)(s, k)
	}
}

// wishes is a USER_AUTH that wants to be asked for something.
func wishes(c userpool.ChallengeNameType) func(s side, _ hands) open {
	return begins(userAuth, "PREFERRED_CHALLENGE", string(c))
}

// bearing is a call by a new access token of ada.
func bearing(call func(on app, access string) error) func(s side, _ hands) open {
	return byAccess(func(_ side, access string) open {
		return open{right: func(on app) error { return call(on, access) }}
	})
}

// refreshing uses a refresh token of ada and her device, by a client with other settings.
func refreshing(use func(on app, from device) error, options ...any) func(s side, _ hands) open {
	return func(s side, _ hands) open {
		by := s.sibling(options...)
		from := by.confirmedDevice("ada")
		return open{right: func(on app) error {
			on.client = by.client
			return use(on, from)
		}}
	}
}

// stepCosts are the steps in groups, with what each of a group may cost at most. What is written is exact.
var stepCosts = []struct {
	what           string
	steps          []way
	commits, trips int64
}{
	{"begins a sign-in and asks", starts, 0, 3}, // H2
	{"begins one and sends a code", sends, 1, 4},
	{"answers, proves or takes a code", ways(), 1, 8},
	{"changes something by a token", changing, 1, 9},
	{"reads", reading, 0, 3},
}

// Those that commit twice.
var twice = map[string]string{
	"CUSTOM_CHALLENGE": "the session is used up before the function is asked (C3), the tokens are granted after it",
	"ChangePassword":   "the attempt is counted before the password is looked at (AUTH-446), the new one is stored after it",
}

// starts are the requests that begin a sign-in and lead to a challenge without a message: they write nothing (H2).
var starts = []way{
	{name: "USER_SRP_AUTH", seed: adaHasBoth, open: withSRP(userpool.AuthFlowTypeUserSrpAuth)},
	{name: "USER_PASSWORD_AUTH, leads to SOFTWARE_TOKEN_MFA", seed: preferring(useTOTP(true, false)), open: withPassword()},
	{name: "USER_PASSWORD_AUTH, leads to SELECT_MFA_TYPE", seed: preferring(useTOTP(true, false), useSMS(true, false)), open: withPassword()},
	{name: "USER_PASSWORD_AUTH, leads to NEW_PASSWORD_REQUIRED", seed: challengeNamed("NEW_PASSWORD_REQUIRED").seed, open: withPassword()},
	{name: "USER_PASSWORD_AUTH, leads to MFA_SETUP", demanding: true, seed: adaHasNothing, open: withPassword()},
	{name: "USER_PASSWORD_AUTH, leads to DEVICE_SRP_AUTH", seed: adaHasDevice, open: func(s side, k hands) open {
		return withPassword("DEVICE_KEY", k.device.key)(s, k)
	}},
	{name: "USER_AUTH, leads to SELECT_CHALLENGE", seed: adaHasBoth, open: begins(userAuth)},
	{name: "USER_AUTH, leads to PASSWORD", seed: adaHasBoth, open: wishes(byPass)},
	{name: "USER_AUTH with SRP_A", seed: adaHasBoth, open: withSRP(userAuth, "PREFERRED_CHALLENGE", string(bySRP))},
	{name: "USER_AUTH, leads to WEB_AUTHN", seed: adaHasPasskey, open: wishes(webAuthn)},
	{name: "CUSTOM_AUTH", seed: adaHasBoth, open: begins(customAuth)},
	{name: "CUSTOM_AUTH with SRP_A", seed: adaHasBoth, open: withSRP(customAuth, "CHALLENGE_NAME", "SRP_A")},
}

// sends are those that lead to a challenge with a message.
var sends = []way{
	{name: "USER_PASSWORD_AUTH, leads to SMS_MFA", seed: preferring(useSMS(true, false)), open: withPassword()},
	{name: "USER_PASSWORD_AUTH, leads to EMAIL_OTP", seed: preferring(useEmail(true, false)), open: withPassword()},
	{name: "USER_AUTH, leads to EMAIL_OTP", seed: adaHasBoth, open: wishes(byMail)},
	{name: "USER_AUTH, leads to SMS_OTP", seed: adaHasBoth, open: wishes(bySMS)},
}

// reading is what only reads.
var reading = []way{
	{name: "DEVICE_SRP_AUTH", seed: adaHasDevice, open: challengeNamed("DEVICE_SRP_AUTH").open},
	{name: "GetUser", seed: adaHasBoth, open: bearing(func(on app, access string) error { _, err := on.getUser(access); return err })},
	{name: "GetUserAuthFactors", seed: adaHasBoth, open: bearing(func(on app, access string) error {
		_, err := on.GetUserAuthFactors(on.t.Context(), &userpool.GetUserAuthFactorsInput{AccessToken: access})
		return err
	})},
	{name: "ListDevices", seed: adaHasDevice, open: bearing(func(on app, access string) error {
		_, err := on.ListDevices(on.t.Context(), &userpool.ListDevicesInput{AccessToken: access})
		return err
	})},
	{name: "GetDevice", seed: adaHasDevice, open: func(_ side, k hands) open {
		return open{right: func(on app) error {
			_, err := on.GetDevice(on.t.Context(), &userpool.GetDeviceInput{AccessToken: k.device.made.AccessToken, DeviceKey: k.device.key})
			return err
		}}
	}},
	{name: "ListWebAuthnCredentials", seed: adaHasPasskey, open: bearing(func(on app, access string) error {
		_, err := on.ListWebAuthnCredentials(on.t.Context(), &userpool.ListWebAuthnCredentialsInput{AccessToken: access})
		return err
	})},
}

// changing is what changes something else than a sign-in.
var changing = []way{
	{name: "REFRESH_TOKEN_AUTH", seed: adaHasBoth, open: refreshing(func(on app, from device) error {
		return on.refreshOn(from.made.RefreshToken, from.key)
	})},
	{name: "GetTokensFromRefreshToken", seed: adaHasBoth, open: refreshing(func(on app, from device) error {
		_, err := on.GetTokensFromRefreshToken(on.t.Context(), &userpool.GetTokensFromRefreshTokenInput{
			ClientId: on.client, RefreshToken: from.made.RefreshToken, DeviceKey: from.key,
		})
		return err
	}, rotating(0))},
	{name: "AssociateSoftwareToken by token", seed: adaHasBoth, open: bearing(func(on app, access string) error { _, err := on.associate(access); return err })},
	{name: "StartWebAuthnRegistration", seed: adaHasBoth, open: bearing(func(on app, access string) error {
		_, err := on.StartWebAuthnRegistration(on.t.Context(), &userpool.StartWebAuthnRegistrationInput{AccessToken: access})
		return err
	})},
	{name: "UpdateDeviceStatus", seed: adaHasDevice, open: func(_ side, k hands) open {
		return open{right: func(on app) error { return on.remember(k.device, userpool.DeviceRememberedStatusTypeNotRemembered) }}
	}},
	{name: "ForgetDevice", seed: adaHasDevice, open: func(_ side, k hands) open {
		return open{right: func(on app) error { return on.forget(k.device) }}
	}},
}

// H2, C3: what each step of each flow asks of the store. To begin by a password, SRP or a passkey writes nothing, an answer is one
// commit, right or wrong. docs/benchmarks.md has the counts.
func TestH2_StoreCostOfSteps(t *testing.T) {
	t.Parallel()
	usual := newHostileBench(t, userpool.AuthFactorTypeEmailOtp, userpool.AuthFactorTypeSmsOtp, userpool.AuthFactorTypeWebAuthn)
	demanding := newHostileBench(t)
	var table strings.Builder
	for _, g := range stepCosts {
		fmt.Fprintf(&table, "| **%s** | | | |\n", g.what)
		for _, w := range g.steps {
			world := usual
			if w.demanding {
				world = demanding
			}
			s := side{world.fork(t).app, false}
			k := w.seed(s.app)
			s.deliver()
			x := w.open(s, k)
			if w.several || x.right == nil {
				continue
			}
			commits := g.commits
			if twice[w.name] != "" {
				commits = 2
			}
			right, wrong := s.costOf(func(on app) { check(t, x.right(on)) }), ""
			if right.commits != commits || right.trips > g.trips {
				t.Errorf("%s costs %+v, not %d commits and at most %d round trips %s", w.name, right, commits, g.trips, twice[w.name])
			}
			if w.guesses != nil {
				c := s.costOf(func(on app) {
					if err := x.wrong(on); errorText(err) != w.guesses.wrong {
						t.Errorf("%s: a wrong answer gets %v", w.name, err)
					}
				})
				if w.name == "CUSTOM_CHALLENGE" { // another question leads to no tokens
					commits = 1
				}
				if c.commits != commits || c.trips > right.trips {
					t.Errorf("a wrong answer to %s costs %+v, a right one %+v", w.name, c, right)
				}
				wrong = fmt.Sprintf("%d, %d ", c.commits, c.trips)
			}
			fmt.Fprintf(&table, "| %s | %d | %d | %s|\n", w.name, right.commits, right.trips, wrong)
		}
	}
	doc, err := os.ReadFile("../docs/benchmarks.md")
	check(t, err)
	if !strings.Contains(string(doc)+"\n", "\n| --- | --- | --- | --- |\n"+table.String()+"\n") {
		t.Errorf("docs/benchmarks.md has another table than this:\n%s", table.String())
	}
}

// costOf returns what a call costs on a node that has done it before. The call is undone.
func (a app) costOf(call func(on app)) cost {
	a.t.Helper()
	w := &trips{}
	b := *a.bench
	w.watch(&b.config)
	b.start()
	a.bench = &b
	before := b.db.Snapshot()
	defer b.db.Restore(before)
	call(a)
	b.db.Restore(before)
	return w.of(func() { call(a) })
}
