package userpool

import (
	"context"
	"time"

	"github.com/cenote-auth/cenote/store"
)

// SetUserMFAPreference says which second factors the caller uses and which first (AUTH-307…312, AUTH-603).
func (s *Service) SetUserMFAPreference(ctx context.Context, in *SetUserMFAPreferenceInput) (*SetUserMFAPreferenceOutput, error) {
	return call(ctx, s, opSetUserMFAPreference, in, s.setUserMFAPreference)
}

func (s *Service) setUserMFAPreference(ctx context.Context, in *SetUserMFAPreferenceInput) (*SetUserMFAPreferenceOutput, error) {
	b, err := s.authorize(ctx, in.AccessToken)
	if err != nil {
		return nil, err
	}
	wanted := wantedFactors(in.SMSMfaSettings, in.SoftwareTokenMfaSettings, in.EmailMfaSettings, in.WebAuthnMfaSettings)
	err = s.updateIf(ctx, b.scope, func(tx *store.Tx, now scope) (bool, error) {
		if err := s.stillBearer(ctx, tx, b, now); err != nil {
			return false, err
		}
		return now.prefer(wanted, tx.Now())
	})
	if err != nil {
		return nil, err
	}
	return &SetUserMFAPreferenceOutput{}, nil
}

// AdminSetUserMFAPreference is SetUserMFAPreference for any user (AUTH-604).
func (s *Service) AdminSetUserMFAPreference(ctx context.Context, in *AdminSetUserMFAPreferenceInput) (*AdminSetUserMFAPreferenceOutput, error) {
	return call(ctx, s, opAdminSetUserMFAPreference, in, s.adminSetUserMFAPreference)
}

func (s *Service) adminSetUserMFAPreference(ctx context.Context, in *AdminSetUserMFAPreferenceInput) (*AdminSetUserMFAPreferenceOutput, error) {
	sc, err := s.poolUser(ctx, in.UserPoolId, in.Username)
	if err != nil {
		return nil, err
	}
	wanted := wantedFactors(in.SMSMfaSettings, in.SoftwareTokenMfaSettings, in.EmailMfaSettings, in.WebAuthnMfaSettings)
	err = s.updateIf(ctx, sc, func(tx *store.Tx, now scope) (bool, error) { return now.prefer(wanted, tx.Now()) })
	if err != nil {
		return nil, err
	}
	return &AdminSetUserMFAPreferenceOutput{}, nil
}

// wantedFactor is what a request says of one second factor.
type wantedFactor struct {
	factor        ChallengeNameType
	on, preferred bool
}

// wantedFactors lists what was said; a factor that was left out stays as it is (AUTH-307). Whoever prefers one wants it
// (AUTH-308).
func wantedFactors(
	sms *SMSMfaSettingsType, totp *SoftwareTokenMfaSettingsType, email *EmailMfaSettingsType, passkey *WebAuthnMfaSettingsType,
) []wantedFactor {
	var out []wantedFactor
	add := func(f ChallengeNameType, on, preferred bool) {
		out = append(out, wantedFactor{f, on || preferred, preferred})
	}
	if sms != nil {
		add(ChallengeNameTypeSmsMfa, sms.Enabled, sms.PreferredMfa)
	}
	if totp != nil {
		add(ChallengeNameTypeSoftwareTokenMfa, totp.Enabled, totp.PreferredMfa)
	}
	if email != nil {
		add(ChallengeNameTypeEmailOtp, email.Enabled, email.PreferredMfa)
	}
	if passkey != nil {
		add(ChallengeNameTypeWebAuthn, passkey.Enabled, false)
	}
	return out
}

// prefer applies what was asked to the scope's user and reports whether that changed anything.
func (sc scope) prefer(wanted []wantedFactor, now time.Time) (changed bool, err error) {
	u := sc.user
	was := *u
	preferred := 0
	for _, w := range wanted {
		if w.preferred {
			preferred++
		}
		if w.on {
			err = sc.pool.mayTurnOn(u, w.factor)
		} else {
			err = sc.pool.mayTurnOff(u, w.factor)
		}
		if err != nil {
			return false, err
		}
		u.MFA.set(w.factor, w.on, w.preferred)
	}
	if preferred > 1 {
		return false, ErrInvalidParameter.New("Only one MFA method can be preferred.") // AUTH-308 (unconfirmed text)
	}
	if u.MFA.WebAuthn && !was.MFA.WebAuthn && len(u.MFA.list())+len(sc.pool.activeFactors(u).usable) == 0 {
		return false, ErrInvalidParameter.New("Another MFA method has to be active to turn on WEB_AUTHN") // AUTH-312 (unconfirmed text)
	}
	if !u.MFA.SMS {
		u.MFAOptions = nil
	}
	if u.MFA == was.MFA && len(u.MFAOptions) == len(was.MFAOptions) {
		return false, nil
	}
	u.factorsChanged(now)
	return true, nil
}

// mayTurnOn refuses a factor that the user cannot prove, or that his pool does not have (AUTH-310, AUTH-312). In a pool without
// second factors choices are kept for the day when it has some (AUTH-304).
func (p *poolRecord) mayTurnOn(u *userRecord, f ChallengeNameType) error {
	off := p.Settings.MfaConfiguration == UserPoolMfaTypeOff
	var ok bool
	switch f {
	case ChallengeNameTypeSmsMfa:
		ok = u.Attributes["phone_number"] != "" && (off || p.MFA.SMS)
	case ChallengeNameTypeSoftwareTokenMfa:
		ok = u.hasTOTP()
	case ChallengeNameTypeEmailOtp:
		ok = u.Attributes["email"] != "" && (off || p.MFA.Email != nil)
	case ChallengeNameTypeWebAuthn:
		ok = p.MFA.WebAuthn != nil && p.MFA.WebAuthn.FactorConfiguration == WebAuthnFactorConfigurationTypeMultiFactorWithUserVerification
	}
	if !ok {
		return ErrInvalidParameter.Newf("User does not have delivery config set to turn on %s", f)
	}
	return nil
}

// mayTurnOff refuses to end text messages in a pool that demands a second factor (AUTH-311).
func (p *poolRecord) mayTurnOff(u *userRecord, f ChallengeNameType) error {
	if f == ChallengeNameTypeSmsMfa && u.MFA.SMS && p.MFA.SMS && p.Settings.MfaConfiguration == UserPoolMfaTypeOn {
		return ErrInvalidParameter.New("SMS_MFA cannot be turned off where MFA is required.") // unconfirmed text
	}
	return nil
}

// set switches a factor on or off. One that is off, or is not preferred any more, ends its preference (AUTH-308, AUTH-309).
func (m *mfaSettings) set(f ChallengeNameType, on, preferred bool) {
	switch f {
	case ChallengeNameTypeSmsMfa:
		m.SMS = on
	case ChallengeNameTypeSoftwareTokenMfa:
		m.TOTP = on
	case ChallengeNameTypeEmailOtp:
		m.Email = on
	case ChallengeNameTypeWebAuthn:
		m.WebAuthn = on
	}
	switch {
	case preferred:
		m.Preferred = f
	case m.Preferred == f:
		m.Preferred = ""
	}
}

// list returns the UserMFASettingList of GetUser (AUTH-306).
func (m mfaSettings) list() []string {
	var out []string
	for _, f := range []struct {
		factor ChallengeNameType
		on     bool
	}{{ChallengeNameTypeSmsMfa, m.SMS}, {ChallengeNameTypeSoftwareTokenMfa, m.TOTP}, {ChallengeNameTypeEmailOtp, m.Email}} {
		if f.on {
			out = append(out, string(f.factor))
		}
	}
	return out
}

// factorsChanged notes that the user's second factors are not what they were. Whatever began under the old ones ends (C4): a
// sign-in that would not have to prove the new factor, or has proven one that is none any more. The code of a sign-up goes on: it
// proves an address, and nobody is signed in by it.
func (u *userRecord) factorsChanged(now time.Time) {
	u.Modified = now
	if u.Status != UserStatusTypeUnconfirmed {
		u.CredentialEpoch++
	}
}
