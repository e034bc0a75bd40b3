package userpool

import (
	"cmp"
	"slices"
	"strings"

	"github.com/go-webauthn/webauthn/protocol"
)

// normalWebAuthn checks how passkeys are to work in a pool and fills in the defaults (AUTH-391).
func normalWebAuthn(in *WebAuthnConfigurationType) (*WebAuthnConfigurationType, error) {
	c := *in
	c.UserVerification = cmp.Or(c.UserVerification, UserVerificationTypePreferred)
	c.FactorConfiguration = cmp.Or(c.FactorConfiguration, WebAuthnFactorConfigurationTypeSingleFactor)
	// Browsers compare the id with their host name, which has lower case: any other would never fit.
	if id := c.RelyingPartyId; id != "" && (protocol.ValidateRPID(id) != nil || id != strings.ToLower(id)) {
		return nil, ErrInvalidParameter.Newf("RelyingPartyId %q is not a valid domain name.", id) // unconfirmed text
	}
	return &c, nil
}

// relyingParty is what the passkeys of a pool are made for.
type relyingParty struct {
	id      string
	verify  UserVerificationType
	factors WebAuthnFactorConfigurationType
}

var (
	errPasskeysOff       = ErrWebAuthnNotEnabled.New("WebAuthn is not enabled for the user pool.")                 // AUTH-394 (unconfirmed text)
	errNoRelyingParty    = ErrWebAuthnConfigurationMissing.New("The user pool has no relying party ID or domain.") // AUTH-394 (unconfirmed text)
	defaultWebAuthnRules = WebAuthnConfigurationType{
		UserVerification: UserVerificationTypePreferred, FactorConfiguration: WebAuthnFactorConfigurationTypeSingleFactor,
	}
)

// allowsFirst reports whether a sign-in to the pool may begin with that factor.
func (p *poolRecord) allowsFirst(f AuthFactorType) bool {
	return slices.Contains(p.Settings.Policies.SignInPolicy.AllowedFirstAuthFactors, f)
}

// relyingParty returns what the pool's passkeys are made for, or says why it has none (AUTH-394). Without a RelyingPartyId it
// is the custom domain, which is the only domain that a pool could have (AUTH-392).
func (p *poolRecord) relyingParty() (relyingParty, error) {
	if !p.allowsFirst(AuthFactorTypeWebAuthn) {
		return relyingParty{}, errPasskeysOff
	}
	rules := defaultWebAuthnRules
	if p.MFA.WebAuthn != nil {
		rules = *p.MFA.WebAuthn
	}
	id := cmp.Or(rules.RelyingPartyId, p.Settings.CustomDomain)
	if id == "" {
		return relyingParty{}, errNoRelyingParty
	}
	return relyingParty{id: id, verify: rules.UserVerification, factors: rules.FactorConfiguration}, nil
}

// allows reports whether a passkey of the pool may be used at that place: on the site of the relying party or at one of the further
// origins, compared as they are written, since browsers write an origin in one way only. A frame within another site is none of the
// pool's pages.
func (rp relyingParty) allows(c *protocol.CollectedClientData, further []string) bool {
	return (c.Origin == "https://"+rp.id || slices.Contains(further, c.Origin)) && !c.CrossOrigin && c.TopOrigin == ""
}
