package userpool

import (
	"cmp"
	"context"

	"github.com/cenote-auth/cenote/store"
)

// GetUserPoolMfaConfig returns which second factors the pool asks for (AUTH-608).
func (s *Service) GetUserPoolMfaConfig(ctx context.Context, in *GetUserPoolMfaConfigInput) (*GetUserPoolMfaConfigOutput, error) {
	return call(ctx, s, opGetUserPoolMfaConfig, in, s.getUserPoolMfaConfig)
}

func (s *Service) getUserPoolMfaConfig(ctx context.Context, in *GetUserPoolMfaConfigInput) (*GetUserPoolMfaConfigOutput, error) {
	sc, err := s.byPool(ctx, s.store.Read, in.UserPoolId, "")
	if err != nil {
		return nil, err
	}
	return sc.pool.mfaConfig()
}

// mfaConfig returns the configuration as the API tells it. It shares nothing with the record.
func (p *poolRecord) mfaConfig() (*GetUserPoolMfaConfigOutput, error) {
	out := GetUserPoolMfaConfigOutput{
		MfaConfiguration: p.Settings.MfaConfiguration, SoftwareTokenMfaConfiguration: p.MFA.TOTP,
		EmailMfaConfiguration: p.MFA.Email, WebAuthnConfiguration: p.MFA.WebAuthn,
	}
	if p.MFA.SMS {
		out.SmsMfaConfiguration = &SmsMfaConfigType{
			SmsAuthenticationMessage: p.Settings.SmsAuthenticationMessage, SmsConfiguration: p.Settings.SmsConfiguration,
		}
	}
	out, err := detached(out)
	return &out, err
}

// SetUserPoolMfaConfig says which second factors the pool asks for: all of them anew, what is left out is switched off (AUTH-301…
// 303, AUTH-607). An MfaConfiguration that is left out stays, and so does WebAuthnConfiguration, which is no factor: a call that is
// about passkeys does not switch second factors off.
func (s *Service) SetUserPoolMfaConfig(ctx context.Context, in *SetUserPoolMfaConfigInput) (*SetUserPoolMfaConfigOutput, error) {
	return call(ctx, s, opSetUserPoolMfaConfig, in, s.setUserPoolMfaConfig)
}

func (s *Service) setUserPoolMfaConfig(ctx context.Context, in *SetUserPoolMfaConfigInput) (*SetUserPoolMfaConfigOutput, error) {
	var now *GetUserPoolMfaConfigOutput
	err := s.changePool(ctx, in.UserPoolId, func(tx *store.Tx, p *poolRecord) (err error) {
		if s.secondary(p) {
			return errOwnSettings("SetUserPoolMfaConfig")
		}
		if err := p.setFactors(in); err != nil {
			return err
		}
		p.Settings.LastModifiedDate = tx.Now()
		if err := s.checkPool(p); err != nil {
			return err
		}
		now, err = p.mfaConfig()
		return err
	})
	if err != nil {
		return nil, err
	}
	return new(SetUserPoolMfaConfigOutput(*now)), nil
}

// setFactors replaces the pool's second factors.
func (p *poolRecord) setFactors(in *SetUserPoolMfaConfigInput) error {
	level := cmp.Or(in.MfaConfiguration, p.Settings.MfaConfiguration)
	sms, totp, email := in.SmsMfaConfiguration, in.SoftwareTokenMfaConfiguration, in.EmailMfaConfiguration
	inForce := p.MFA.SMS && p.Settings.MfaConfiguration != UserPoolMfaTypeOff
	switch on := level != UserPoolMfaTypeOff; {
	case on && sms == nil && totp == nil && email == nil:
		return ErrInvalidParameter.New("At least one of [SmsMfaConfiguration] or [SoftwareTokenMfaConfiguration] must be provided.")
	case sms != nil && sms.SmsConfiguration == nil: // the name in brackets is AWS's
		return ErrInvalidParameter.New("[SmsConfiguration] is a required member of [SoftwareTokenMfaConfiguration].")
	case on && sms == nil && inForce: // POOL-044
		return ErrInvalidParameter.New("Can't turn off SMS_MFA when SMS configuration is set for the user pool")
	case on && sms == nil && email == nil && !totp.Enabled: // POOL-045
		return ErrInvalidParameter.New("Invalid MFA configuration given, can't disable all MFAs with a required or optional configuration.")
	}
	p.Settings.MfaConfiguration = level
	p.MFA.SMS, p.MFA.TOTP, p.MFA.Email = sms != nil, totp, email
	if sms != nil { // left out, they stay for other messages
		p.Settings.SmsConfiguration, p.Settings.SmsAuthenticationMessage = sms.SmsConfiguration, sms.SmsAuthenticationMessage
	}
	if in.WebAuthnConfiguration == nil {
		return nil
	}
	rules, err := normalWebAuthn(in.WebAuthnConfiguration)
	p.MFA.WebAuthn = rules
	return err
}

// otherFactors reports whether the pool has a second factor beside text messages.
func (p *poolRecord) otherFactors() bool { return p.hasTOTP() || p.MFA.Email != nil }

// keepFactors fits the second factors to new settings of UpdateUserPool, which can name none but text messages: the others stay
// (POOL-013). Text messages need their SmsConfiguration, and are the factor of a pool that has no other.
func (p *poolRecord) keepFactors() error {
	on := p.Settings.MfaConfiguration != UserPoolMfaTypeOff
	switch sms := p.Settings.SmsConfiguration != nil; {
	case sms:
		p.MFA.SMS = p.MFA.SMS || on && !p.otherFactors()
	case p.MFA.SMS && on && p.otherFactors(): // POOL-044
		return ErrInvalidParameter.New("MFA cannot be turned off if an SMS role is configured")
	default:
		p.MFA.SMS = false
	}
	return nil
}

// checkMFA refuses a factor that the pool's other settings do not carry. AWS's guide asks for an own sender of mail (AUTH-301,
// unconfirmed).
func (p *poolRecord) checkMFA() error {
	own := p.Settings.EmailConfiguration.EmailSendingAccount == EmailSendingAccountTypeDeveloper
	if p.MFA.Email != nil && p.Settings.MfaConfiguration != UserPoolMfaTypeOff && !own {
		return ErrInvalidParameter.New("EmailMfaConfiguration requires EmailSendingAccount DEVELOPER.")
	}
	return nil
}
