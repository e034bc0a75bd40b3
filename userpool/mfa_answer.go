package userpool

import (
	"context"
	"slices"

	"github.com/cenote-auth/cenote/awsapi"
)

// stillSecond refuses a proof of a second factor that the pool no longer has or the user can no longer give. What he switches off
// or puts behind another ends the sign-in by its epoch (C4).
func (s *Service) stillSecond(p progress, f ChallengeNameType) func(sc scope) error {
	return func(sc scope) error {
		switch {
		case len(p.Targets) > 0 && len(p.Methods) > 0: // a step up, for which a code may be one that could begin a sign-in
			if s.leadsOn(sc, p, f) || sc.pool.canUse(sc.user, f) {
				return nil
			}
			return errSessionInvalid
		case f == ChallengeNameTypeSmsOtp || f == ChallengeNameTypeEmailOtp && len(p.Methods) == 0 && p.Custom == nil: // a first factor
			return nil
		case p.NewEmail != "" && sc.pool.MFA.Email != nil, sc.pool.canUse(sc.user, f):
			return nil
		}
		return errSessionInvalid
	}
}

// answerTOTP checks the code of a software token. A step's code is accepted once, and none of an earlier step after it: the record
// that counts failures keeps the last one, and is compared and swapped by the Update that grants (AUTH-340, AUTH-342, M2).
func (s *Service) answerTOTP(ctx context.Context, in authAnswerInput, sc scope) (authAnswer, error) {
	si, v, err := s.resume(ctx, in, sc)
	if err != nil {
		return authAnswer{}, err
	}
	crypt, err := s.crypt(ctx, si.pool)
	if err != nil {
		return authAnswer{}, err
	}
	var accepted int64
	si, h, err := s.proveFactor(ctx, si, v, factorTOTP, func(now signIn) (_ *awsapi.Error, err error) {
		secret := make([]byte, totpSecretSize) // of somebody who has none, for the same work (H7)
		if now.user != nil && now.user.hasTOTP() {
			if secret, err = crypt.open(fieldTOTP, now.user.Sub, now.user.TOTP.Sealed); err != nil {
				return nil, err
			}
		}
		accepted, err = totpStep(secret, in.responses["SOFTWARE_TOKEN_MFA_CODE"], s.store.Now())
		switch {
		case err != nil:
			return nil, err
		case accepted == 0 || now.user == nil || !now.user.hasTOTP():
			return errWrongTOTP, nil
		}
		return nil, nil
	})
	switch {
	case err != nil:
		return authAnswer{}, err
	case accepted <= max(h.last, si.user.TOTP.Step):
		return authAnswer{}, errUsedTOTP
	}
	h.step = accepted
	st := step{once: v.useOf(), hold: h, still: s.stillSecond(si.progress, in.challenge)}
	si.progress = si.proven(methodTOTP)
	return s.advance(ctx, si, st)
}

// answerSelectMFA goes on with the factor that the user chose. Only now is a code sent (AUTH-333, AUTH-334).
func (s *Service) answerSelectMFA(ctx context.Context, in authAnswerInput, sc scope) (authAnswer, error) {
	si, v, err := s.resume(ctx, in, sc)
	if err != nil {
		return authAnswer{}, err
	}
	if si.user == nil { // deleted, and the client hides that
		return authAnswer{}, errSessionInvalid
	}
	si.Chosen = ChallengeNameType(in.responses["ANSWER"])
	if !slices.Contains(v.Choices, si.Chosen) {
		return authAnswer{}, ErrInvalidParameter.New("ANSWER must be one of MFAS_CAN_CHOOSE.") // AUTH-334 (unconfirmed text)
	}
	return s.advance(ctx, si, step{once: v.useOf()})
}

// answerMFASetup ends MFA_SETUP once a code has verified a software token, or sends one to the address that is to become a factor
// (AUTH-336, AUTH-338, AUTH-339).
func (s *Service) answerMFASetup(ctx context.Context, in authAnswerInput, sc scope) (authAnswer, error) {
	si, v, err := s.resume(ctx, in, sc)
	if err != nil {
		return authAnswer{}, err
	}
	email := in.responses["EMAIL"]
	switch {
	case si.user == nil: // deleted, and the client hides that
		return authAnswer{}, errSessionInvalid
	case slices.Contains(v.Methods, methodTOTP):
		return s.advance(ctx, si, step{once: v.useOf()})
	case email == "" || !slices.Contains(v.Choices, ChallengeNameTypeEmailOtp):
		return authAnswer{}, errSessionInvalid
	}
	attrs := map[string]string{"email": email}
	if err := firstError(si.pool.checkWritable(si.client, attrs, true), si.pool.checkNew(attrs, false)); err != nil {
		return authAnswer{}, err
	}
	si.NewEmail = attrs["email"] // as checkNew normalised it
	return s.advance(ctx, si, step{once: v.useOf(), still: func(now scope) error {
		if now.user.Attributes["email"] != "" { // somebody gave him one since: the plan has other rules now
			return errSessionInvalid
		}
		return nil
	}})
}
