package userpool

import (
	"context"
	"slices"
	"time"

	"github.com/cenote-auth/cenote/store"
)

// AdminSetUserSettings turns text messages as a second factor on or off, in the form that came before SetUserMFAPreference
// (USR-040, AUTH-313, AUTH-605). It leaves the other factors alone.
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
	err = s.updateIf(ctx, sc, func(tx *store.Tx, now scope) (bool, error) { return now.setOptions(in.MFAOptions, tx.Now()) })
	if err != nil {
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
		return now.setOptions(in.MFAOptions, tx.Now())
	})
	if err != nil {
		return nil, err
	}
	return &SetUserSettingsOutput{}, nil
}

// optionsRefusal refuses all but what the legacy form can say.
func optionsRefusal(options []MFAOptionType) error {
	sms := MFAOptionType{DeliveryMedium: DeliveryMediumTypeSms, AttributeName: "phone_number"}
	if len(options) > 1 || len(options) == 1 && options[0] != sms {
		return ErrInvalidParameter.New("MFAOptions must be empty, or one option of DeliveryMedium SMS and AttributeName phone_number.") // unconfirmed text
	}
	return nil
}

// setOptions is prefer in the legacy form. Only this form shows up in MFAOptions.
func (sc scope) setOptions(options []MFAOptionType, now time.Time) (changed bool, err error) {
	was := len(sc.user.MFAOptions)
	prefers := len(options) > 0 && sc.user.MFA.Preferred == ChallengeNameTypeSmsMfa
	changed, err = sc.prefer([]wantedFactor{{ChallengeNameTypeSmsMfa, len(options) > 0, prefers}}, now)
	if err != nil {
		return false, err
	}
	sc.user.MFAOptions = slices.Clone(options)
	if was != len(options) {
		sc.user.Modified, changed = now, true
	}
	return changed, nil
}
