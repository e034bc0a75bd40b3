package userpool

import (
	"slices"
	"strings"
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
	{"Custom ACR Names", UserPoolTierTypeEssentials, func(p *UserPoolType) bool { return len(p.AcrConfiguration) > 0 }},
	{"Dynamic Client Registration", UserPoolTierTypeEssentials, asksRegistration},
}

// checkTier refuses settings that the pool's plan does not have; nothing is switched off silently (POOL-053, TIER-003).
func checkTier(pool *poolRecord) error {
	p := &pool.Settings
	var missing []string
	for _, f := range tierFeatures {
		if slices.Index(tierOrder, p.UserPoolTier) < slices.Index(tierOrder, f.lowest) && f.asked(p) {
			missing = append(missing, f.name)
		}
	}
	if pool.MFA.Email != nil && p.UserPoolTier == UserPoolTierTypeLite { // AUTH-301
		missing = append(missing, "Email MFA")
	}
	if len(missing) == 0 {
		return nil
	}
	return ErrFeatureUnavailableInTier.Newf("The following features need to be disabled for the %s pricing tier configured: %s",
		p.UserPoolTier, strings.Join(missing, ", "))
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
