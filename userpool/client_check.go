package userpool

import (
	"slices"
	"strings"
	"time"
)

// The bounds of a token's life (AUTH-510, APP-006, APP-007).
const (
	minValidity        = 5 * time.Minute // of access and ID tokens
	maxValidity        = 24 * time.Hour
	minRefreshValidity = time.Hour
	maxRefreshValidity = 3650 * 24 * time.Hour // ten years
)

// checkClient refuses settings of a client that contradict each other, its pool, or this version. doing is what AWS's messages
// call the operation: "creating" or "updating".
func (p *poolRecord) checkClient(c *clientRecord, doing string) error {
	set := &c.Settings
	if isTrue(set.EnablePropagateAdditionalUserContextData) && len(c.Secrets) == 0 { // AUTH-564, APP-014 (unconfirmed text)
		return ErrInvalidParameter.New("EnablePropagateAdditionalUserContextData can only be enabled for clients with a client secret.")
	}
	if err := p.checkFlows(c); err != nil {
		return err
	}
	if err := checkClientAvailable(set); err != nil {
		return err
	}
	for _, name := range set.SupportedIdentityProviders { // APP-033 (unconfirmed text)
		if name != "COGNITO" {
			return ErrInvalidParameter.Newf("The provider %s does not exist for User Pool %s.", name, p.id())
		}
	}
	if err := checkValidity(set); err != nil {
		return err
	}
	return p.checkPermissions(set, doing)
}

// checkFlows checks which flows a client switches on (APP-011, APP-015, AUTH-132).
func (p *poolRecord) checkFlows(c *clientRecord) error {
	flows, present := c.Settings.ExplicitAuthFlows, 0
	for _, f := range flows {
		if strings.HasPrefix(string(f), "ALLOW_") {
			present++
		}
	}
	switch {
	case present > 0 && present < len(flows): // AUTH-132 (unconfirmed text)
		return ErrInvalidParameter.New("ExplicitAuthFlows cannot mix values with and without the ALLOW_ prefix.")
	case c.machine() && len(flows) > 1: // NEW-141 (unconfirmed text)
		return ErrInvalidParameter.New("ALLOW_CLIENT_TOKEN_AUTH cannot be combined with other values of ExplicitAuthFlows.")
	case c.machine() && len(c.Secrets) == 0: // NEW-141 (unconfirmed text)
		return ErrInvalidParameter.New("ALLOW_CLIENT_TOKEN_AUTH can only be enabled for clients with a client secret.")
	case slices.Contains(flows, ExplicitAuthFlowsTypeAllowUserAuth) && !p.hasTier(UserPoolTierTypeEssentials): // APP-011, POOL-053
		return errTier(p.Settings.UserPoolTier, string(ExplicitAuthFlowsTypeAllowUserAuth))
	}
	if rotates, _ := c.rotates(); rotates && c.allows(ExplicitAuthFlowsTypeAllowRefreshTokenAuth) { // AUTH-261 (unconfirmed text)
		return ErrInvalidParameter.New("Refresh token rotation cannot be enabled together with ALLOW_REFRESH_TOKEN_AUTH.")
	}
	return nil
}

// checkValidity checks how long the tokens of a client live: the product of number and unit counts (APP-006…009, AUTH-511).
func checkValidity(set *UserPoolClientType) error {
	units := unitsOf(set)
	access, ok := validityIn(set.AccessTokenValidity, units.AccessToken, defaultAccessValidity, minValidity, maxValidity)
	if !ok {
		return errValidityRange("accessTokenValidity")
	}
	id, ok := validityIn(set.IdTokenValidity, units.IdToken, defaultAccessValidity, minValidity, maxValidity)
	if !ok {
		return errValidityRange("idTokenValidity")
	}
	refresh, ok := validityIn(set.RefreshTokenValidity, units.RefreshToken, defaultRefreshValidity, minRefreshValidity, maxRefreshValidity)
	if !ok {
		return errValidityRange("refreshTokenValidity")
	}
	if refresh < access || refresh < id { // AUTH-511 (unconfirmed)
		return ErrInvalidParameter.New("Refresh token validity cannot be shorter than access token or ID token validity.")
	}
	return nil
}

// errValidityRange is a life outside of its bounds (unconfirmed text).
func errValidityRange(member string) error {
	return ErrInvalidParameter.Newf("Invalid range for token validity: %s.", member)
}

// validityIn returns n units and whether they are within the bounds. It compares before it multiplies: a number that the model
// allows can be more than a time.Duration holds.
func validityIn(n *int32, unit TimeUnitsType, def, low, high time.Duration) (time.Duration, bool) {
	if n == nil || *n == 0 {
		return def, true
	}
	if time.Duration(*n) > high/unitLength[unit] {
		return 0, false
	}
	d := time.Duration(*n) * unitLength[unit]
	return d, d >= low
}

// checkPermissions checks the lists of attributes that a client may read and write (APP-042…046).
func (p *poolRecord) checkPermissions(set *UserPoolClientType, doing string) error {
	for _, name := range set.ReadAttributes {
		if p.attribute(name) == nil {
			return ErrInvalidParameter.Newf("Invalid read attributes specified while %s a client", doing)
		}
	}
	if set.WriteAttributes == nil {
		return nil
	}
	invalid := ErrInvalidParameter.Newf("Invalid write attributes specified while %s a client", doing)
	for _, name := range set.WriteAttributes {
		if a := p.attribute(name); a == nil || neverWritable(a) {
			return invalid
		}
	}
	for _, a := range p.Schema {
		if isTrue(a.Required) && !neverWritable(&a) && !slices.Contains(set.WriteAttributes, a.Name) {
			return invalid
		}
	}
	return nil
}

// neverWritable reports whether no client can write an attribute: cenote does, or an administrator (APP-045, ATTR-011).
func neverWritable(a *SchemaAttributeType) bool {
	switch a.Name {
	case "sub", "identities", "email_verified", "phone_number_verified":
		return true
	}
	return isTrue(a.DeveloperOnlyAttribute)
}
