package userpool

import "context"

// GetUserPoolMfaConfig returns which second factors the pool asks for: none in this version.
func (s *Service) GetUserPoolMfaConfig(ctx context.Context, in *GetUserPoolMfaConfigInput) (*GetUserPoolMfaConfigOutput, error) {
	return call(ctx, s, opGetUserPoolMfaConfig, in, s.getUserPoolMfaConfig)
}

func (s *Service) getUserPoolMfaConfig(ctx context.Context, in *GetUserPoolMfaConfigInput) (*GetUserPoolMfaConfigOutput, error) {
	sc, err := s.byPool(ctx, s.store.Read, in.UserPoolId, "")
	if err != nil {
		return nil, err
	}
	return &GetUserPoolMfaConfigOutput{MfaConfiguration: sc.pool.Settings.MfaConfiguration}, nil
}

// SetUserPoolMfaConfig says which second factors the pool asks for. This version has none: it accepts OFF and refuses the rest,
// since a pool that promises a second factor and asks for none would be worse than an error.
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
		{"WebAuthnConfiguration", in.WebAuthnConfiguration != nil},
	} {
		if u.asked {
			return nil, ErrInvalidParameter.Newf("%s is not available in this version of cenote.", u.member)
		}
	}
	return &SetUserPoolMfaConfigOutput{MfaConfiguration: sc.pool.Settings.MfaConfiguration}, nil
}
