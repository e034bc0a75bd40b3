package userpool_test

import (
	"testing"
	"time"

	"github.com/cenote-auth/cenote/userpool"
)

// What threat protection costs: nothing where it is off, and nowhere another commit. The names are those of a user and of nobody,
// who cost the same (H7).
func TestH7_CostOfThreatProtection(t *testing.T) {
	t.Parallel()
	measure := func(options ...any) map[string]cost {
		w := &trips{}
		b := setup(t, w.watch, func(c *userpool.Config) { c.Locator = homes })
		a := b.app(append([]any{hides}, options...)...)
		a.user("ada", "email", "ada@example.com")
		a.user("once", "email", "once@example.com")
		tokens := a.signIn("ada")
		_, err := a.srpStart("ada", password) // makes the day's key
		check(t, err)
		out := map[string]cost{}
		do := func(name string, call func() error) {
			b.clock.Advance(10 * time.Minute)
			out[name] = w.of(func() {
				if err := call(); err != nil && name[0] != '!' {
					t.Errorf("%s: %v", name, err)
				}
			})
		}
		do("password", func() error { _, err := a.tryPassword("ada", password); return err })
		do("SRP", func() error { _, err := a.srp("ada", password); return err })
		do("refresh", func() error { _, err := a.refresh(tokens.RefreshToken); return err })
		for _, name := range []string{"ada", "nobody"} {
			do("!wrong password of "+name, func() error { _, err := a.tryPassword(name, another); return err })
			do("!wrong SRP of "+name, func() error { _, err := a.srp(name, another); return err })
			do("code for "+name, func() error { _, err := a.forgot(name); return err })
			do("!wrong code of "+name, func() error { return a.reset(name, "000000", another) })
		}
		do("sign-up", func() error {
			_, err := a.SignUp(t.Context(), &userpool.SignUpInput{ClientId: a.client, Username: "new", Password: password, UserAttributes: attributes("email", "new@example.com")})
			return err
		})
		do("resend", func() error { _, err := a.resend("new"); return err })
		access := a.signIn("ada").AccessToken
		do("change", func() error { return a.change(access, password, another) })
		return out
	}
	plain, off, on := measure(), measure(plus(userpool.AdvancedSecurityModeTypeOff)), measure(plus(enforced))
	for name, want := range plain {
		if off[name] != want {
			t.Errorf("%s: %+v with the add-on off, %+v without", name, off[name], want)
		}
		if on[name].commits != want.commits {
			t.Errorf("%s: %d commits with the add-on, %d without", name, on[name].commits, want.commits)
		}
		if extra := on[name].looks() - want.looks(); extra < 0 || extra > 3 {
			t.Errorf("%s: %d reads more with the add-on", name, extra)
		}
	}
	for _, what := range []string{"!wrong password of ", "!wrong SRP of ", "code for ", "!wrong code of "} {
		extra := func(name string) int64 { return on[what+name].trips - plain[what+name].trips }
		if extra("ada") != extra("nobody") || on[what+"ada"].commits != on[what+"nobody"].commits {
			t.Errorf("%s: %+v for a user, %+v for nobody", what, on[what+"ada"], on[what+"nobody"])
		}
	}
	t.Logf("password sign-in: %+v without, %+v with", plain["password"], on["password"])
}

// What is kept of nobody is as much as of a user, and not for long (H7); what is kept of a deleted user goes with him.
func TestEventsThatGo(t *testing.T) {
	t.Parallel()
	a := protect(t, audit, hides)
	a.user("ada")
	kept := func() int { return a.records("authevent") }
	before := kept()
	for _, name := range []string{"ada", "nobody"} {
		_, err := a.tryPassword(name, another)
		refused(t, err, userpool.ErrNotAuthorized, "")
		_, err = a.forgot(name)
		check(t, err)
	}
	if n := kept() - before; n != 4 {
		t.Errorf("%d events of two attempts and two codes", n)
	}
	a.clock.Advance(2 * time.Hour)
	_, err := a.db.Sweep(t.Context(), a.clock.Now(), 1000)
	check(t, err)
	if n := kept() - before; n != 2 {
		t.Errorf("%d events are left", n)
	}
	for range 120 { // more than one page
		a.clock.Advance(time.Minute)
		_, err := a.tryPassword("ada", password)
		check(t, err)
	}
	a.user("bob")
	a.remove("ada")
	check(t, a.CleanEvents(t.Context()))
	if n := kept(); n != 1 || a.records("formeruser") != 0 {
		t.Errorf("%d events and %d notes are left", n, a.records("formeruser"))
	}
	a.remove("bob")
	check(t, a.CleanEvents(t.Context()))
	if n := kept(); n != 0 {
		t.Errorf("%d events are left", n)
	}
}

// A deleted pool leaves nothing of it.
func TestThreatRecordsGoWithThePool(t *testing.T) {
	t.Parallel()
	a := protect(t, enforced)
	a.user("ada")
	a.setRisk(userpool.SetRiskConfigurationInput{RiskExceptionConfiguration: ranges([]string{"192.0.2.0/24"}, nil)})
	a.setRisk(userpool.SetRiskConfigurationInput{ClientId: a.client, RiskExceptionConfiguration: ranges([]string{"192.0.2.0/24"}, nil)})
	if a.records("riskconfig") != 2 || a.records("authevent") != 1 {
		t.Fatal("nothing to delete")
	}
	_, err := a.DeleteUserPool(t.Context(), &userpool.DeleteUserPoolInput{UserPoolId: a.pool})
	check(t, err)
	check(t, a.DeletePools(t.Context()))
	if n := a.records("riskconfig") + a.records("authevent"); n != 0 {
		t.Errorf("%d records are left", n)
	}
}
