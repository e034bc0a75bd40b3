package userpool

import "context"

// GetUserAuthFactors tells the caller by what he can sign in (AUTH-291, AUTH-606, NEW-162, NEW-163).
func (s *Service) GetUserAuthFactors(ctx context.Context, in *GetUserAuthFactorsInput) (*GetUserAuthFactorsOutput, error) {
	return call(ctx, s, opGetUserAuthFactors, in, s.getUserAuthFactors)
}

func (s *Service) getUserAuthFactors(ctx context.Context, in *GetUserAuthFactorsInput) (*GetUserAuthFactorsOutput, error) {
	b, err := s.authorize(ctx, in.AccessToken)
	if err != nil {
		return nil, err
	}
	return &GetUserAuthFactorsOutput{
		Username: b.user.name(), ConfiguredUserAuthFactors: b.pool.factorsOf(b.user),
		UserMFASettingList: b.user.MFA.list(), PreferredMfaSetting: string(b.user.MFA.Preferred),
	}, nil
}

// AdminGetUserAuthFactors is GetUserAuthFactors for any user, by name or alias (NEW-161).
func (s *Service) AdminGetUserAuthFactors(ctx context.Context, in *AdminGetUserAuthFactorsInput) (*AdminGetUserAuthFactorsOutput, error) {
	return call(ctx, s, opAdminGetUserAuthFactors, in, s.adminGetUserAuthFactors)
}

func (s *Service) adminGetUserAuthFactors(ctx context.Context, in *AdminGetUserAuthFactorsInput) (*AdminGetUserAuthFactorsOutput, error) {
	sc, err := s.poolUser(ctx, in.UserPoolId, in.Username)
	if err != nil {
		return nil, err
	}
	return &AdminGetUserAuthFactorsOutput{
		Username: sc.user.name(), ConfiguredUserAuthFactors: sc.pool.factorsOf(sc.user),
		UserMFASettingList: sc.user.MFA.list(), PreferredMfaSetting: string(sc.user.MFA.Preferred),
	}, nil
}

// factorsOf returns the factors that a user has, first ones and second ones. A code is one of them if the pool sends it as either and
// there is an address that it can go to (NEW-162).
func (p *poolRecord) factorsOf(u *userRecord) []AuthFactorType {
	var out []AuthFactorType
	add := func(f AuthFactorType, has bool) {
		if has {
			out = append(out, f)
		}
	}
	add(AuthFactorTypePassword, u.hasPassword())
	add(AuthFactorTypeEmailOtp, u.Attributes["email"] != "" && p.allowsFirst(AuthFactorTypeEmailOtp) || u.MFA.Email && p.canEmail(u))
	add(AuthFactorTypeSmsOtp, u.Attributes["phone_number"] != "" && p.allowsFirst(AuthFactorTypeSmsOtp) || u.MFA.SMS && p.canSMS(u))
	add(AuthFactorTypeSoftwareToken, u.hasTOTP())
	rp, err := p.relyingParty()
	add(AuthFactorTypeWebAuthn, err == nil && len(u.passkeysFor(rp)) > 0)
	return out
}
