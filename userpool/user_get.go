package userpool

import "context"

// GetUser returns the caller's own profile: the attributes that the token's client may read, and always sub (AUTH-306, AUTH-547,
// AUTH-622).
func (s *Service) GetUser(ctx context.Context, in *GetUserInput) (*GetUserOutput, error) {
	return call(ctx, s, opGetUser, in, s.getUser)
}

func (s *Service) getUser(ctx context.Context, in *GetUserInput) (*GetUserOutput, error) {
	b, err := s.authorize(ctx, in.AccessToken)
	if err != nil {
		return nil, err
	}
	return &GetUserOutput{
		Username: b.user.name(), UserAttributes: attributeList(b.user.Sub, b.pool.readable(b.client, b.user.Attributes)),
		MFAOptions: b.user.MFAOptions, PreferredMfaSetting: string(b.user.MFA.Preferred), UserMFASettingList: b.user.MFA.list(),
	}, nil
}
