package userpool

import (
	"context"

	"github.com/cenote-auth/cenote/store"
)

// GetUserPoolMfaConfig returns which second factors the pool asks for, none in this version, and how passkeys work (AUTH-391).
func (s *Service) GetUserPoolMfaConfig(ctx context.Context, in *GetUserPoolMfaConfigInput) (*GetUserPoolMfaConfigOutput, error) {
	return call(ctx, s, opGetUserPoolMfaConfig, in, s.getUserPoolMfaConfig)
}

func (s *Service) getUserPoolMfaConfig(ctx context.Context, in *GetUserPoolMfaConfigInput) (*GetUserPoolMfaConfigOutput, error) {
	sc, err := s.byPool(ctx, s.store.Read, in.UserPoolId, "")
	if err != nil {
		return nil, err
	}
	return &GetUserPoolMfaConfigOutput{
		MfaConfiguration: sc.pool.Settings.MfaConfiguration, WebAuthnConfiguration: sc.pool.MFA.WebAuthn,
	}, nil
}

// SetUserPoolMfaConfig says which second factors the pool asks for, and how passkeys work. This version has no second factors: it
// accepts OFF and refuses the rest, since a pool that promises a second factor and asks for none would be worse than an error.
func (s *Service) SetUserPoolMfaConfig(ctx context.Context, in *SetUserPoolMfaConfigInput) (*SetUserPoolMfaConfigOutput, error) {
	return call(ctx, s, opSetUserPoolMfaConfig, in, s.setUserPoolMfaConfig)
}

func (s *Service) setUserPoolMfaConfig(ctx context.Context, in *SetUserPoolMfaConfigInput) (*SetUserPoolMfaConfigOutput, error) {
	sc, err := s.byPool(ctx, s.store.Read, in.UserPoolId, "")
	if err != nil {
		return nil, err
	}
	for _, u := range []struct {
		member string
		asked  bool
	}{
		{"MfaConfiguration", in.MfaConfiguration != "" && in.MfaConfiguration != UserPoolMfaTypeOff},
		{"SmsMfaConfiguration", in.SmsMfaConfiguration != nil},
		{"SoftwareTokenMfaConfiguration", in.SoftwareTokenMfaConfiguration != nil && in.SoftwareTokenMfaConfiguration.Enabled},
		{"EmailMfaConfiguration", in.EmailMfaConfiguration != nil},
	} {
		if u.asked {
			return nil, ErrInvalidParameter.Newf("%s is not available in this version of cenote.", u.member)
		}
	}
	out := &SetUserPoolMfaConfigOutput{MfaConfiguration: sc.pool.Settings.MfaConfiguration}
	if in.WebAuthnConfiguration == nil {
		out.WebAuthnConfiguration = sc.pool.MFA.WebAuthn
		return out, nil
	}
	if out.WebAuthnConfiguration, err = normalWebAuthn(in.WebAuthnConfiguration); err != nil {
		return nil, err
	}
	return out, s.changePool(ctx, in.UserPoolId, func(tx *store.Tx, p *poolRecord) error {
		p.MFA.WebAuthn, p.Settings.LastModifiedDate = out.WebAuthnConfiguration, tx.Now()
		return nil
	})
}
