package userpool

import (
	"context"
	"slices"
	"strings"

	"github.com/cenote-auth/cenote/store"
)

// tierOrder has the feature plans from the smallest to the largest (TIER-001).
var tierOrder = []UserPoolTierType{UserPoolTierTypeLite, UserPoolTierTypeEssentials, UserPoolTierTypePlus}

// tierFeatures are the settings of a pool that need a plan, with their names in AWS's message; that of threat protection is
// known, the others are unconfirmed (TIER-002, NEW-352).
var tierFeatures = []struct {
	name   string
	lowest UserPoolTierType
	asked  func(p *UserPoolType) bool
}{
	{"Threat Protection", UserPoolTierTypePlus, asksThreatProtection},
	{"Password History", UserPoolTierTypeEssentials, func(p *UserPoolType) bool {
		n := p.Policies.PasswordPolicy.PasswordHistorySize
		return n != nil && *n > 0
	}},
	{"Access Token Customization", UserPoolTierTypeEssentials, func(p *UserPoolType) bool {
		c := p.LambdaConfig.PreTokenGenerationConfig
		return c != nil && c.LambdaVersion != PreTokenGenerationLambdaVersionTypeV10
	}},
	{"Choice-Based Authentication", UserPoolTierTypeEssentials, asksFirstFactors},
	{"Custom ACR Names", UserPoolTierTypeEssentials, asksACRNames},
	{"Updated Issuer", updatedIssuerTier, asksUpdatedIssuer},
	{"Dynamic Client Registration", UserPoolTierTypeEssentials, asksRegistration},
}

// checkTier refuses settings that the pool's plan does not have; nothing is switched off silently (POOL-053, TIER-003).
func checkTier(pool *poolRecord) error {
	p := &pool.Settings
	var missing []string
	for _, f := range tierFeatures {
		if !tierHas(p.UserPoolTier, f.lowest) && f.asked(p) {
			missing = append(missing, f.name)
		}
	}
	if pool.MFA.Email != nil && p.UserPoolTier == UserPoolTierTypeLite { // AUTH-301
		missing = append(missing, "Email MFA")
	}
	if len(missing) == 0 {
		return nil
	}
	return errTier(p.UserPoolTier, missing...)
}

func errTier(tier UserPoolTierType, features ...string) error {
	return ErrFeatureUnavailableInTier.Newf("The following features need to be disabled for the %s pricing tier configured: %s",
		tier, strings.Join(features, ", "))
}

// checkTierOfClients refuses a plan that a client of the pool needs more than (TIER-003).
func checkTierOfClients(ctx context.Context, tx *store.Tx, p *poolRecord) error {
	if p.hasTier(UserPoolTierTypeEssentials) {
		return nil
	}
	page, err := clients.Of(store.Installation).Scan(ctx, &tx.Reader, store.Query{Index: indexPool, Value: []string{p.id()}, Limit: maxClients})
	if err != nil {
		return err
	}
	for _, c := range page.Records {
		if err := p.checkFlows(c); err != nil {
			return err
		}
	}
	return nil
}

// tierHas reports whether a plan has what begins with the plan lowest.
func tierHas(tier, lowest UserPoolTierType) bool {
	return slices.Index(tierOrder, tier) >= slices.Index(tierOrder, lowest)
}

// hasTier reports whether the pool has what begins with the plan lowest.
func (p *poolRecord) hasTier(lowest UserPoolTierType) bool {
	return tierHas(p.Settings.UserPoolTier, lowest)
}

func asksThreatProtection(p *UserPoolType) bool {
	a := p.UserPoolAddOns
	return a != nil && (a.AdvancedSecurityMode != AdvancedSecurityModeTypeOff || a.AdvancedSecurityAdditionalFlows != nil)
}

// asksFirstFactors reports whether anything but a password can begin a sign-in.
func asksFirstFactors(p *UserPoolType) bool {
	return slices.ContainsFunc(p.Policies.SignInPolicy.AllowedFirstAuthFactors, func(f AuthFactorType) bool {
		return f != AuthFactorTypePassword
	})
}

// asksRegistration reports whether clients may register themselves: a configuration that does not say otherwise is on (NEW-262).
func asksRegistration(p *UserPoolType) bool {
	d := p.DcrConfiguration
	return d != nil && (d.EnableStatus != StatusTypeDisabled || d.OpenDcrEnabled || len(d.AllowedScopes) > 0 ||
		len(d.AuthenticatedGrantTypes) > 0 || len(d.OpenDcrGrantTypes) > 0)
}
