package userpool

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/cenote-auth/cenote/awsapi"
	"github.com/cenote-auth/cenote/store"
)

var (
	errTokensOff      = ErrSoftwareTokenMFANotFound.New("Software Token MFA has not been enabled by the userPool")          // AUTH-348
	errNoPending      = ErrSoftwareTokenMFANotFound.New("Software token TOTP multi-factor authentication (MFA) not found.") // AUTH-351 (unconfirmed text)
	errWrongTOTP      = ErrCodeMismatch.New("Invalid code received for user")                                               // AUTH-340
	errWrongNewTOTP   = ErrEnableSoftwareTokenMFA.New("Code mismatch and fail enable Software Token MFA")                   // AUTH-350
	errUsedTOTP       = ErrExpiredCode.New("Your software token has already been used once.")                               // AUTH-342
	errTokenOrSession = ErrInvalidParameter.New("Exactly one of AccessToken and Session is required.")                      // AUTH-345 (unconfirmed text)
)

// AssociateSoftwareToken returns the secret of a new software token, for the bearer of an access token or within the challenge
// MFA_SETUP (AUTH-336, AUTH-344…348, AUTH-601). An earlier token works until a code has verified the new one (AUTH-347).
func (s *Service) AssociateSoftwareToken(ctx context.Context, in *AssociateSoftwareTokenInput) (*AssociateSoftwareTokenOutput, error) {
	return call(ctx, s, opAssociateSoftwareToken, in, s.associateSoftwareToken)
}

func (s *Service) associateSoftwareToken(ctx context.Context, in *AssociateSoftwareTokenInput) (*AssociateSoftwareTokenOutput, error) {
	if (in.AccessToken == "") == (in.Session == "") {
		return nil, errTokenOrSession
	}
	secret, err := newTOTPSecret(s.rand)
	if err != nil {
		return nil, err
	}
	out := &AssociateSoftwareTokenOutput{SecretCode: totpEncoding.EncodeToString(secret)}
	if in.Session != "" {
		out.Session, err = s.associateInSession(ctx, in.Session, secret)
	} else {
		err = s.associateByToken(ctx, in.AccessToken, secret)
	}
	if err != nil {
		return nil, err
	}
	return out, nil
}

// associateByToken keeps the secret at the user, as pending.
func (s *Service) associateByToken(ctx context.Context, access string, secret []byte) error {
	b, err := s.authorize(ctx, access)
	if err != nil {
		return asNotAuthorized(err)
	}
	if !b.pool.hasTOTP() {
		return errTokensOff
	}
	crypt, err := s.crypt(ctx, b.pool)
	if err != nil {
		return err
	}
	pending, err := crypt.seal(fieldTOTPNew, b.user.Sub, secret)
	if err != nil {
		return err
	}
	return asNotAuthorized(s.update(ctx, b.scope, func(tx *store.Tx, now scope) error {
		if err := s.stillBearer(ctx, tx, b, now); err != nil {
			return err
		}
		if !now.pool.hasTOTP() {
			return errTokensOff
		}
		if now.user.TOTP == nil {
			now.user.TOTP = &totpRecord{}
		}
		now.user.TOTP.Pending = pending
		return nil
	}))
}

// asNotAuthorized turns what the operation does not declare of an access token's user into what it does.
func asNotAuthorized(err error) error {
	for _, code := range []awsapi.Code{ErrUserNotFound, ErrPasswordResetRequired, ErrUserNotConfirmed} {
		if errors.Is(err, code) {
			return errAccessRevoked.With(err)
		}
	}
	return err
}

// associateInSession puts the secret into the session that goes on with MFA_SETUP.
func (s *Service) associateInSession(ctx context.Context, text string, secret []byte) (string, error) {
	si, v, err := s.resumeSetup(ctx, text)
	if err != nil {
		return "", err
	}
	a, err := s.advance(ctx, si, step{
		once: v.useOf(), still: stillSetsUp, then: askSetup(expectation{Choices: v.Choices, Secret: secret}),
	})
	return a.session, err
}

// askSetup goes on with MFA_SETUP: only the session is new.
func askSetup(e expectation) *ask { return &ask{name: ChallengeNameTypeMfaSetup, expect: e} }

// stillSetsUp refuses to set a software token up within a sign-in where the pool has none, or where the user has got a second factor
// since: that one is to be proven (C4).
func stillSetsUp(sc scope) error {
	switch {
	case !sc.pool.hasTOTP():
		return errTokensOff
	case len(sc.pool.secondFactors(sc.user).setUp) == 0:
		return errSessionInvalid
	}
	return nil
}

// resumeSetup opens a session of MFA_SETUP for the operations that are told nothing else, and finds whose it is. Which family of
// operations began the sign-in is all the same to them.
func (s *Service) resumeSetup(ctx context.Context, text string) (signIn, session, error) {
	v, err := s.openText(ctx, text)
	if err != nil {
		return signIn{}, v, err
	}
	c, p := clients.Of(store.Installation).Find(v.Client), pools.Of(store.Installation).Find(v.Pool)
	u := users.Of(v.Pool).Find(v.Sub)
	if err := s.store.Read(ctx, c, p, u); err != nil {
		return signIn{}, v, err
	}
	switch {
	case p.Got == nil || p.Got.Deleting:
		return signIn{}, v, errPoolNotFound(v.Pool)
	case c.Got == nil:
		return signIn{}, v, errClientNotFound(v.Client)
	}
	if err := s.permitBearer(ctx, p.Got); err != nil {
		return signIn{}, v, err
	}
	if v, err = s.aliveSession(ctx, v); err != nil {
		return signIn{}, v, err
	}
	sc := scope{pool: p.Got, client: c.Got, user: u.Got}
	switch {
	case u.Got == nil || !v.fits(sc, ChallengeNameTypeMfaSetup, v.Signed, s.vault.Epoch()):
		return signIn{}, v, firstError(s.refuseUsed(ctx, sc.pool, v.useOf()), errSessionInvalid)
	case slices.Contains(v.Methods, methodTOTP): // done: only the answer to MFA_SETUP is missing
		return signIn{}, v, errSessionInvalid
	}
	si := signIn{scope: sc, progress: v.progress}
	return si, v, firstError(s.mayGoOn(si), stillSetsUp(sc))
}

// VerifySoftwareToken makes the token of an earlier AssociateSoftwareToken the user's, by its first code (AUTH-337, AUTH-349…351,
// AUTH-602). That code signs nobody in any more (AUTH-342).
func (s *Service) VerifySoftwareToken(ctx context.Context, in *VerifySoftwareTokenInput) (*VerifySoftwareTokenOutput, error) {
	return call(ctx, s, opVerifySoftwareToken, in, s.verifySoftwareToken)
}

func (s *Service) verifySoftwareToken(ctx context.Context, in *VerifySoftwareTokenInput) (*VerifySoftwareTokenOutput, error) {
	if (in.AccessToken == "") == (in.Session == "") {
		return nil, errTokenOrSession
	}
	if len(in.FriendlyDeviceName) > maxDeviceName {
		return nil, ErrInvalidParameter.Newf("FriendlyDeviceName is longer than %d bytes.", maxDeviceName)
	}
	out := &VerifySoftwareTokenOutput{Status: VerifySoftwareTokenResponseTypeSuccess}
	var err error
	if in.Session != "" {
		out.Session, err = s.verifyInSession(ctx, in)
	} else {
		err = s.verifyByToken(ctx, in)
	}
	if err != nil {
		return nil, err
	}
	return out, nil
}

// maxDeviceName bounds FriendlyDeviceName, which is part of a challenge's parameters. The model allows 128 KiB.
const maxDeviceName = 256

// verifyByToken makes the pending secret of the bearer his token.
func (s *Service) verifyByToken(ctx context.Context, in *VerifySoftwareTokenInput) error {
	b, err := s.authorize(ctx, in.AccessToken)
	if err != nil {
		return err
	}
	if !b.pool.hasTOTP() {
		return errTokensOff
	}
	crypt, err := s.crypt(ctx, b.pool)
	if err != nil {
		return err
	}
	var secret []byte
	var step int64
	si, h, err := s.proveFactor(ctx, signIn{scope: b.scope}, session{Epoch: b.user.CredentialEpoch}, factorSetUp,
		func(now signIn) (_ *awsapi.Error, err error) {
			if now.user.TOTP == nil || now.user.TOTP.Pending == nil {
				return nil, errNoPending
			}
			if secret, err = crypt.open(fieldTOTPNew, now.user.Sub, now.user.TOTP.Pending); err != nil {
				return nil, err
			}
			return checkNewTOTP(secret, in.UserCode, s.store.Now(), &step)
		})
	if err != nil {
		return err
	}
	verified, err := crypt.seal(fieldTOTP, b.user.Sub, secret)
	if err != nil {
		return err
	}
	pending := string(si.user.TOTP.Pending)
	return s.update(ctx, b.scope, func(tx *store.Tx, now scope) error {
		if err := s.stillBearer(ctx, tx, b, now); err != nil {
			return err
		}
		switch {
		case !now.pool.hasTOTP():
			return errTokensOff
		case now.user.TOTP == nil || string(now.user.TOTP.Pending) != pending:
			return errNoPending // another association came in between
		}
		if err := s.forgetFailures(ctx, tx, now.pool, h); err != nil {
			return err
		}
		now.user.setTOTP(now.pool, &totpRecord{Sealed: verified, Name: in.FriendlyDeviceName, Step: step}, tx.Now())
		return nil
	})
}

// verifyInSession makes the secret in the session the user's token, which stands even if the sign-in goes no further (AUTH-337).
func (s *Service) verifyInSession(ctx context.Context, in *VerifySoftwareTokenInput) (string, error) {
	si, v, err := s.resumeSetup(ctx, in.Session)
	if err != nil {
		return "", err
	}
	if v.Secret == nil {
		return "", errNoPending
	}
	crypt, err := s.crypt(ctx, si.pool)
	if err != nil {
		return "", err
	}
	var accepted int64
	si, h, err := s.proveFactor(ctx, si, v, factorSetUp, func(signIn) (*awsapi.Error, error) {
		return checkNewTOTP(v.Secret, in.UserCode, s.store.Now(), &accepted)
	})
	if err != nil {
		return "", err
	}
	verified, err := crypt.seal(fieldTOTP, si.user.Sub, v.Secret)
	if err != nil {
		return "", err
	}
	pool := si.pool
	st := step{once: v.useOf(), hold: h, then: askSetup(expectation{Choices: v.Choices})}
	st.still = func(now scope) error {
		pool = now.pool
		return stillSetsUp(now)
	}
	st.change = func(u *userRecord) error {
		u.setTOTP(pool, &totpRecord{Sealed: verified, Name: in.FriendlyDeviceName, Step: accepted}, s.store.Now())
		return nil
	}
	si.progress = si.proven(methodTOTP)
	a, err := s.advance(ctx, si, st)
	return a.session, err
}

// checkNewTOTP checks the first code of a secret and says which step's it is.
func checkNewTOTP(secret []byte, code string, now time.Time, step *int64) (wrong *awsapi.Error, err error) {
	if *step, err = totpStep(secret, code, now); err == nil && *step == 0 {
		wrong = errWrongNewTOTP
	}
	return wrong, err
}

// setTOTP gives the user a verified software token in place of any other. Where everybody has to prove a second factor it is
// switched on with it; else SetUserMFAPreference does that (AUTH-349).
func (u *userRecord) setTOTP(p *poolRecord, t *totpRecord, now time.Time) {
	u.TOTP = t
	if p.Settings.MfaConfiguration == UserPoolMfaTypeOn {
		u.MFA.TOTP = true
	}
	u.factorsChanged(now)
}

// AdminDeleteSoftwareToken removes a user's software token, and whatever was chosen about it (NEW-165…168). Tokens that were
// issued stay; sign-ins under way do not (C4).
func (s *Service) AdminDeleteSoftwareToken(ctx context.Context, in *AdminDeleteSoftwareTokenInput) (*AdminDeleteSoftwareTokenOutput, error) {
	return call(ctx, s, opAdminDeleteSoftwareToken, in, s.adminDeleteSoftwareToken)
}

func (s *Service) adminDeleteSoftwareToken(ctx context.Context, in *AdminDeleteSoftwareTokenInput) (*AdminDeleteSoftwareTokenOutput, error) {
	sc, err := s.poolUser(ctx, in.UserPoolId, in.Username)
	if err != nil {
		return nil, err
	}
	err = s.updateIf(ctx, sc, func(tx *store.Tx, now scope) (bool, error) {
		u := now.user
		switch {
		case u.Status == UserStatusTypeUnconfirmed:
			return false, errNotConfirmed
		case u.Status == UserStatusTypeExternalProvider:
			return false, ErrInvalidParameter.New("Federated users have no software token.") // NEW-167 (unconfirmed text)
		case u.TOTP == nil:
			return false, nil
		}
		u.TOTP = nil
		u.MFA.set(ChallengeNameTypeSoftwareTokenMfa, false, false)
		u.factorsChanged(tx.Now())
		return true, nil
	})
	if err != nil {
		return nil, err
	}
	return &AdminDeleteSoftwareTokenOutput{}, nil
}
