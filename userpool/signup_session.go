package userpool

import (
	"context"
	"errors"
	"slices"
)

// Who signs up and confirms by the code that came is signed in without another one: SignUp gives a session that ConfirmSignUp takes,
// ConfirmSignUp one of its own, and USER_AUTH takes that, once (AUTH-106, AUTH-109, AUTH-288). Both live as long as sessions of the client do.

// The steps of these sessions. They are no challenges: nobody can answer them.
const (
	stepSignUp    ChallengeNameType = "SIGN_UP"
	stepConfirmed ChallengeNameType = "CONFIRM_SIGN_UP"
)

// signsInAfterSignUp reports whether the scope's sign-ups lead to a sign-in: not where everybody has to prove a second factor
// (AUTH-286).
func (sc scope) signsInAfterSignUp() bool {
	return sc.allowsFlow(AuthFlowTypeUserAuth) == nil && sc.pool.Settings.MfaConfiguration != UserPoolMfaTypeOn
}

// signUpSession returns the session of a step, for the scope's user.
func (s *Service) signUpSession(ctx context.Context, sc scope, step ChallengeNameType, methods ...string) (string, error) {
	if !sc.signsInAfterSignUp() {
		return "", nil
	}
	v, err := s.newSession(ctx, signIn{scope: sc, progress: progress{Flow: AuthFlowTypeUserAuth, Methods: methods}}, sc.user, step)
	if err != nil {
		return "", err
	}
	text, _, err := s.sealSession(ctx, v)
	return text, err
}

// confirmedSession returns the session that ConfirmSignUp gives. That of SignUp need not be sent: AWS's own library does not. One that is
// somebody else's gives none, and the user is confirmed all the same: the code says who he is. sc is the scope as it was stored,
// attribute the one that the code went to.
func (s *Service) confirmedSession(ctx context.Context, sc scope, text, attribute string) (string, error) {
	if text != "" {
		v, err := s.openSession(ctx, sc, text)
		if !errors.Is(err, errSessionExpired) && (err != nil || !v.fits(sc, stepSignUp, false, s.vault.Epoch())) {
			return "", nil //nolint:nilerr // see above
		}
	}
	for name, f := range codeFactors {
		if f.attribute == attribute && name != ChallengeNameTypeSmsMfa {
			return s.signUpSession(ctx, sc, stepConfirmed, f.method)
		}
	}
	return "", nil
}

// beginConfirmed is USER_AUTH with the session of ConfirmSignUp: the code that confirmed is the first factor (AUTH-288). What an access
// token has proven does not count beside it.
func (s *Service) beginConfirmed(ctx context.Context, in authStart, sc scope, a aim) (authAnswer, error) {
	v, err := s.openSession(ctx, sc, in.session)
	if err != nil {
		return authAnswer{}, err
	}
	if !v.fits(sc, stepConfirmed, false, s.vault.Epoch()) {
		return authAnswer{}, firstError(s.refuseUsed(ctx, sc.pool, v.useOf()), errSessionInvalid)
	}
	si, err := s.newSignIn(sc, in)
	if err != nil {
		return authAnswer{}, err
	}
	si.Methods, si.Targets, si.confirmed = slices.Clone(v.Methods), a.targets, true
	if err := s.mayGoOn(si); err != nil {
		return authAnswer{}, err
	}
	return s.advance(ctx, si, step{once: v.useOf()})
}
