package userpool

import (
	"slices"
	"strings"

	"github.com/cenote-auth/cenote/internal/ident"
	"github.com/cenote-auth/cenote/message"
)

// checkPool refuses settings of a pool that contradict each other, its tier, or this version (POOL-040…057). They are normal,
// see normalPool. Texts without a mark in the specification are unconfirmed.
func (s *Service) checkPool(p *poolRecord) error {
	set := &p.Settings
	if err := checkTags(ErrUserPoolTagging, set.UserPoolTags); err != nil {
		return err
	}
	if err := p.checkNames(); err != nil {
		return err
	}
	if err := s.checkContacts(p); err != nil {
		return err
	}
	if err := p.checkMFA(); err != nil {
		return err
	}
	if err := checkRecovery(set.AccountRecoverySetting); err != nil {
		return err
	}
	if c := set.LambdaConfig.PreTokenGenerationConfig; c != nil { // POOL-051
		if legacy := set.LambdaConfig.PreTokenGeneration; legacy != "" && legacy != c.LambdaArn {
			return ErrInvalidParameter.New("PreTokenGeneration and PreTokenGenerationConfig.LambdaArn must be the same.")
		}
	}
	if err := p.checkFirstFactors(); err != nil {
		return err
	}
	if err := checkACR(set); err != nil {
		return err
	}
	if err := checkTier(p); err != nil {
		return err
	}
	if err := s.checkSenders(set.LambdaConfig); err != nil {
		return err
	}
	if p.Tracking.On { // not switched off silently (TIER-003)
		if err := p.checkTrackingTier(); err != nil {
			return err
		}
	}
	if err := p.checkReplica(); err != nil {
		return err
	}
	if err := s.checkIssuer(set); err != nil {
		return err
	}
	if err := s.checkKeyConfiguration(set.KeyConfiguration); err != nil {
		return err
	}
	return checkPoolAvailable(set)
}

// checkNames checks under which names users sign in (POOL-040, POOL-041).
func (p *poolRecord) checkNames() error {
	set := &p.Settings
	if len(set.AliasAttributes) > 0 && len(set.UsernameAttributes) > 0 {
		return ErrInvalidParameter.New("Only one of the aliasAttributes or usernameAttributes can be set in a user pool.")
	}
	if a := p.attribute("preferred_username"); isTrue(a.Required) && slices.Contains(set.AliasAttributes, AliasAttributeTypePreferredUsername) {
		return ErrInvalidParameter.New("preferred_username cannot be an alias and a required attribute.")
	}
	return nil
}

// checkFirstFactors checks what a sign-in may begin with (POOL-055, AUTH-271, NEW-164). Where everybody has to prove a second
// factor, nothing but a password can be the first one (AUTH-286), except passkeys that count as both (AUTH-406).
func (p *poolRecord) checkFirstFactors() error {
	set := &p.Settings
	required := set.MfaConfiguration == UserPoolMfaTypeOn
	password := false
	for _, f := range set.Policies.SignInPolicy.AllowedFirstAuthFactors {
		switch {
		case f == AuthFactorTypePassword:
			password = true
		case f == AuthFactorTypeSoftwareToken: // NEW-164 (unconfirmed type)
			return ErrInvalidParameter.New("SOFTWARE_TOKEN cannot be a first authentication factor.")
		case f == AuthFactorTypeSmsOtp && set.SmsConfiguration == nil:
			return ErrInvalidParameter.New("SMS configuration is required when SMS_OTP is a first authentication factor.")
		case required && !(f == AuthFactorTypeWebAuthn && p.MFA.passkeysCountAsBoth()):
			return ErrInvalidParameter.Newf("%s cannot be a first authentication factor when MFA is required.", f)
		}
	}
	if !password {
		return ErrInvalidParameter.New("AllowedFirstAuthFactors must include PASSWORD.")
	}
	return nil
}

// passkeysCountAsBoth reports whether a passkey that verifies its user is both factors of a sign-in (AUTH-391, AUTH-406).
func (m poolMFA) passkeysCountAsBoth() bool {
	return m.WebAuthn != nil && m.WebAuthn.FactorConfiguration == WebAuthnFactorConfigurationTypeMultiFactorWithUserVerification
}

// checkContacts checks how the pool reaches its users; second factors that need no text messages can do without (POOL-042, POOL-043, POOL-048, POOL-052, NEW-311, NEW-313).
func (s *Service) checkContacts(p *poolRecord) error {
	set := &p.Settings
	sms := set.SmsConfiguration
	switch {
	case sms != nil && (sms.SnsCallerArn == "") == (sms.EumsSms == nil):
		return ErrInvalidParameter.New("SmsConfiguration must have either SnsCallerArn or EumsSms.")
	case sms != nil && sms.EumsSms != nil && sms.EumsSms.Region != "" && sms.EumsSms.Region != s.cfg.region: // NEW-313
		return ErrInvalidParameter.Newf("EumsSms.Region must be the Region of the user pool, %s.", s.cfg.region)
	case sms == nil && !p.otherFactors() && set.MfaConfiguration == UserPoolMfaTypeOn:
		return ErrInvalidParameter.New("SMS configuration and Auto verification for phone_number are required when MFA is required")
	case sms == nil && !p.otherFactors() && set.MfaConfiguration == UserPoolMfaTypeOptional:
		return ErrInvalidParameter.New("SMS configuration and Auto verification for phone_number are required when MFA is optional")
	case sms == nil && slices.Contains(set.AutoVerifiedAttributes, VerifiedAttributeTypePhoneNumber):
		return ErrInvalidParameter.New("SMS configuration is required when phone_number is selected for auto verification")
	}
	if u := set.UserAttributeUpdateSettings; u != nil {
		for _, a := range u.AttributesRequireVerificationBeforeUpdate {
			if !slices.Contains(set.AutoVerifiedAttributes, a) {
				return ErrInvalidParameter.Newf("AttributesRequireVerificationBeforeUpdate has %s, which is not an auto-verified attribute.", a)
			}
		}
	}
	return s.checkEmail(set.EmailConfiguration)
}

// sesRegions send for pools of any region, beside the pool's own (MSG-032).
var sesRegions = []string{"us-east-1", "us-west-2", "eu-west-1"}

func (s *Service) checkEmail(c *EmailConfigurationType) error {
	if c.EmailSendingAccount == EmailSendingAccountTypeDeveloper && c.SourceArn == "" { // POOL-048
		return ErrInvalidParameter.New("SourceArn is required when EmailSendingAccount is DEVELOPER.")
	}
	if c.SourceArn != "" {
		if region := arnPart(c.SourceArn, 3); region != s.cfg.region && !slices.Contains(sesRegions, region) {
			return ErrInvalidParameter.Newf("Emails cannot be sent through %s.", c.SourceArn)
		}
	}
	if c.From != "" && message.CheckFrom(c.From) != nil {
		return ErrInvalidParameter.New("From must be an email address, or a name with an email address in angle brackets.")
	}
	if c.ReplyToEmailAddress != "" && !ident.IsEmail(c.ReplyToEmailAddress) {
		return ErrInvalidParameter.New("ReplyToEmailAddress must be an email address.")
	}
	return nil
}

// arnPart returns the n-th part of an ARN, the first being "arn"; "" if there is none.
func arnPart(arn string, n int) string {
	if parts := strings.SplitN(arn, ":", 6); n < len(parts) {
		return parts[n]
	}
	return ""
}

// checkRecovery checks in which order users get their accounts back (POOL-029).
func checkRecovery(r *AccountRecoverySettingType) error {
	if r == nil {
		return nil
	}
	for i, m := range r.RecoveryMechanisms {
		if m.Name == RecoveryOptionNameTypeAdminOnly && len(r.RecoveryMechanisms) > 1 {
			return ErrInvalidParameter.New("Recovery mechanism admin_only cannot be combined with others.")
		}
		for _, other := range r.RecoveryMechanisms[:i] {
			if m.Name == other.Name || m.Priority == other.Priority {
				return ErrInvalidParameter.New("Recovery mechanisms must have different names and priorities.")
			}
		}
	}
	return nil
}
