package userpool

import (
	"context"

	"github.com/cenote-auth/cenote/store"
)

// AdminSetUserSettings turns off text messages as a second factor, in the form that came before SetUserMFAPreference (USR-040,
// AUTH-605). Turning them on is not available: only the empty list is accepted.
func (s *Service) AdminSetUserSettings(ctx context.Context, in *AdminSetUserSettingsInput) (*AdminSetUserSettingsOutput, error) {
	return call(ctx, s, opAdminSetUserSettings, in, s.adminSetUserSettings)
}

func (s *Service) adminSetUserSettings(ctx context.Context, in *AdminSetUserSettingsInput) (*AdminSetUserSettingsOutput, error) {
	sc, err := s.poolUser(ctx, in.UserPoolId, in.Username)
	if err != nil {
		return nil, err
	}
	if err := optionsRefusal(in.MFAOptions); err != nil {
		return nil, err
	}
	if err := s.updateIf(ctx, sc, clearOptions); err != nil {
		return nil, err
	}
	return &AdminSetUserSettingsOutput{}, nil
}

// SetUserSettings is AdminSetUserSettings for the caller (USR-040, AUTH-605).
func (s *Service) SetUserSettings(ctx context.Context, in *SetUserSettingsInput) (*SetUserSettingsOutput, error) {
	return call(ctx, s, opSetUserSettings, in, s.setUserSettings)
}

func (s *Service) setUserSettings(ctx context.Context, in *SetUserSettingsInput) (*SetUserSettingsOutput, error) {
	b, err := s.authorize(ctx, in.AccessToken)
	if err != nil {
		return nil, err
	}
	if err := optionsRefusal(in.MFAOptions); err != nil {
		return nil, err
	}
	err = s.updateIf(ctx, b.scope, func(tx *store.Tx, now scope) (bool, error) {
		if err := s.stillBearer(ctx, tx, b, now); err != nil {
			return false, err
		}
		return clearOptions(tx, now)
	})
	if err != nil {
		return nil, err
	}
	return &SetUserSettingsOutput{}, nil
}

func optionsRefusal(options []MFAOptionType) error {
	if len(options) > 0 {
		return ErrInvalidParameter.New("MFAOptions is not available in this version of cenote.")
	}
	return nil
}

func clearOptions(tx *store.Tx, now scope) (bool, error) {
	if len(now.user.MFAOptions) == 0 {
		return false, nil
	}
	now.user.MFAOptions, now.user.Modified = nil, tx.Now()
	return true, nil
}
