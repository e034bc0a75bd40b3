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
	origins []string // all that may use them
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

// relyingPartyOf returns what the pool's passkeys are made for, or says why it has none (AUTH-394). Without a RelyingPartyId it
// is the custom domain, which is the only domain that a pool could have (AUTH-392).
func (s *Service) relyingPartyOf(p *poolRecord) (relyingParty, error) {
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
	origins := append([]string{"https://" + id}, s.cfg.passkeyOrigins(p.id())...)
	return relyingParty{id: id, verify: rules.UserVerification, factors: rules.FactorConfiguration, origins: origins}, nil
}

// allows reports whether a passkey of the pool may be used at that place: compared as it is written, since browsers write an
// origin in one way only. A frame within another site is none of the pool's pages.
func (rp relyingParty) allows(c *protocol.CollectedClientData) bool {
	return slices.Contains(rp.origins, c.Origin) && !c.CrossOrigin && c.TopOrigin == ""
}
