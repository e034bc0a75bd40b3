package userpool_test

import (
	"errors"
	"testing"

	"github.com/cenote-auth/cenote/userpool"
)

// TIER-001: a pool is on the plan that it asks for, and an update moves it.
func TestTier(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, tier := range []userpool.UserPoolTierType{
		userpool.UserPoolTierTypeLite, userpool.UserPoolTierTypeEssentials, userpool.UserPoolTierTypePlus,
	} {
		a := b.app(func(in *userpool.CreateUserPoolInput) { in.UserPoolTier = tier })
		if got := b.poolOf(a.pool).UserPoolTier; got != tier {
			t.Errorf("made on %s, asked for %s", got, tier)
		}
		a.update(func(in *userpool.CreateUserPoolInput) { in.UserPoolTier = userpool.UserPoolTierTypeLite })
		if got := b.poolOf(a.pool).UserPoolTier; got != userpool.UserPoolTierTypeLite {
			t.Errorf("moved from %s to %s", tier, got)
		}
	}
}

// NEW-262: a registration configuration that does not say whether it is on, is on, and so it is refused; one that is off is not,
// whatever the plan.
func TestRegistrationConfiguration(t *testing.T) {
	t.Parallel()
	b := setup(t)
	a := b.app()
	registration := func(c userpool.DcrConfigurationType, tier userpool.UserPoolTierType) (create, update error) {
		in := &userpool.CreateUserPoolInput{PoolName: "test", DcrConfiguration: &c, UserPoolTier: tier}
		_, create = b.CreateUserPool(t.Context(), in)
		_, update = b.UpdateUserPool(t.Context(), asPoolUpdate(in, a.pool))
		return create, update
	}
	for name, c := range map[string]userpool.DcrConfigurationType{
		"nothing": {}, "on": {EnableStatus: userpool.StatusTypeEnabled}, "open": {OpenDcrEnabled: true},
		"scopes although off": {EnableStatus: userpool.StatusTypeDisabled, AllowedScopes: []string{"openid"}},
	} {
		t.Run(name, func(t *testing.T) {
			for _, err := range both(registration(c, userpool.UserPoolTierTypeEssentials)) {
				refused(t, err, userpool.ErrInvalidParameter, "DcrConfiguration is not available in this version of cenote.")
			}
			for _, err := range both(registration(c, userpool.UserPoolTierTypeLite)) {
				refused(t, err, userpool.ErrFeatureUnavailableInTier, "")
			}
		})
	}
	for _, err := range both(registration(userpool.DcrConfigurationType{EnableStatus: userpool.StatusTypeDisabled}, userpool.UserPoolTierTypeLite)) {
		check(t, err)
	}
}

func both(create, update error) []error { return []error{create, update} }

// POOL-029: a recovery setting without mechanisms is none: the rule that holds without a setting does, and nobody is locked out.
func TestRecoveryWithoutMechanisms(t *testing.T) {
	t.Parallel()
	a := setup(t).app(recovery())
	if r := a.poolOf(a.pool).AccountRecoverySetting; r != nil {
		t.Errorf("told %+v", r)
	}
	a.user("ada", "email", "ada@example.com")
	_, err := a.ForgotPassword(t.Context(), &userpool.ForgotPasswordInput{ClientId: a.client, Username: "ada"})
	check(t, err)
	a.code("ada@example.com")
}

// POOL-010, MSG-009: a template is in force from the next message on, with the default sender as well.
func TestTemplateIsInForce(t *testing.T) {
	t.Parallel()
	a := setup(t).app()
	a.update(func(in *userpool.CreateUserPoolInput) {
		in.AutoVerifiedAttributes = []userpool.VerifiedAttributeType{userpool.VerifiedAttributeTypeEmail}
		in.EmailVerificationSubject, in.EmailVerificationMessage = "Welcome", "<b>{####}</b> opens the door"
	})
	a.signUp("ada", "email", "ada@example.com")
	a.deliver()
	sent := a.outbox.All()
	if len(sent) != 1 {
		t.Fatalf("%d messages", len(sent))
	}
	if want := "<b>" + sent[0].Code + "</b> opens the door"; sent[0].Subject != "Welcome" || sent[0].Body != want {
		t.Errorf("sent %q: %q", sent[0].Subject, sent[0].Body)
	}
}

// C2: of creations at once no more succeed than Limits allow.
func TestC2_PoolLimitAtOnce(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *userpool.Config) { c.Limits.Pools = 3 })
	made := 0
	for _, err := range race(8, func(int) error {
		_, err := b.CreateUserPool(t.Context(), &userpool.CreateUserPoolInput{PoolName: "test"})
		return err
	}) {
		if err == nil {
			made++
		} else if !errors.Is(err, userpool.ErrLimitExceeded) {
			t.Errorf("got %v", err)
		}
	}
	if n := len(b.poolIDs()); made != 3 || n != 3 {
		t.Errorf("%d creations succeeded, %d pools", made, n)
	}
}
