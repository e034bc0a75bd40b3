package userpool

import (
	"context"
	"errors"

	"github.com/cenote-auth/cenote/awsapi"
	"github.com/cenote-auth/cenote/store"
	"github.com/cenote-auth/cenote/trigger"
)

// ConfirmSignUp confirms a user by the code that sign-up sent, and verifies the address that got it (AUTH-109…114, AUTH-582).
func (s *Service) ConfirmSignUp(ctx context.Context, in *ConfirmSignUpInput) (*ConfirmSignUpOutput, error) {
	return call(ctx, s, opConfirmSignUp, in, s.confirmSignUp)
}

func (s *Service) confirmSignUp(ctx context.Context, in *ConfirmSignUpInput) (*ConfirmSignUpOutput, error) {
	sc, err := s.byClient(ctx, s.store.Read, in.ClientId, in.Username)
	if err != nil {
		return nil, err
	}
	if err := s.checkSecretHash(ctx, sc, in.Username, in.SecretHash, false); err != nil {
		return nil, err
	}
	confirmed, attribute, err := s.confirmByCodeOrPretend(ctx, sc, in)
	if err != nil {
		return nil, err
	}
	if err := s.postConfirmation(ctx, confirmed, trigger.PostConfirmationConfirmSignUp, in.ClientMetadata); err != nil {
		return nil, err
	}
	session, err := s.confirmedSession(ctx, confirmed, in.Session, attribute)
	return &ConfirmSignUpOutput{Session: session}, err
}

// confirmByCodeOrPretend is confirmByCode, also for names that do not exist. At a client that hides who exists every code that is not the
// right one is a wrong one, whether somebody signed up lately, long ago or never (AUTH-459, H7).
func (s *Service) confirmByCodeOrPretend(ctx context.Context, sc scope, in *ConfirmSignUpInput) (now scope, attribute string, err error) {
	hides := sc.client.hides()
	switch {
	case sc.user != nil:
		now, attribute, err = s.confirmByCode(ctx, sc, in)
	case hides:
		err = s.pretendCheck(ctx, sc, codeSignUp, in.ConfirmationCode, "ConfirmSignUp", s.cfg.limits.ConfirmSignUp)
	default:
		err = errNameClientNotFound
	}
	if hides && (errors.Is(err, errCodeExpired) || errors.Is(err, errUserNotFound)) { // deleted this very moment
		err = errCodeMismatch
	}
	return now, attribute, err
}

// confirmByCode checks and uses up the code and confirms the user, in one Update, and returns the attribute that the code went to. A
// wrong guess is committed before it is told.
func (s *Service) confirmByCode(ctx context.Context, sc scope, in *ConfirmSignUpInput) (now scope, attribute string, err error) {
	crypt, err := s.crypt(ctx, sc.pool)
	if err != nil {
		return scope{}, "", err
	}
	var verdict *awsapi.Error
	err = s.store.Update(ctx, func(tx *store.Tx) error {
		verdict = nil
		var err error
		if now, err = s.again(ctx, tx, sc); err != nil {
			return err
		}
		u := now.user
		switch {
		case u.Disabled:
			return errUserDisabled // AUTH-113 (unconfirmed)
		case u.Status != UserStatusTypeUnconfirmed:
			return errCannotConfirm(u.Status)
		}
		if err := s.count(ctx, tx, now.pool, u.Sub, "ConfirmSignUp", s.cfg.limits.ConfirmSignUp); err != nil {
			return err
		}
		code, wrong, err := s.checkCode(ctx, tx, crypt, now, codeSignUp, in.ConfirmationCode)
		if err != nil || wrong != nil {
			verdict = wrong
			return err
		}
		u.Status, u.Modified = UserStatusTypeConfirmed, tx.Now()
		attribute = code.Attribute
		if code.Attribute != "" && u.Attributes[code.Attribute] == code.Value {
			u.Attributes[code.Attribute+"_verified"] = "true"
		}
		if in.ForceAliasCreation { // AUTH-057
			if err := now.pool.releaseAliases(ctx, tx, u); err != nil {
				return err
			}
		}
		if err := s.takeCode(ctx, tx, now, code); err != nil {
			return err
		}
		return users.Of(now.pool.id()).Put(ctx, tx, u)
	})
	if c := store.AsConflict(err); c != nil { // the code is as good as before (AUTH-114)
		return now, "", now.pool.aliasTaken(now.user, c)
	}
	if err == nil && verdict != nil {
		return now, "", verdict
	}
	return now, attribute, err
}

// AdminConfirmSignUp confirms a user without a code; nothing becomes verified (AUTH-119, USR-033).
func (s *Service) AdminConfirmSignUp(ctx context.Context, in *AdminConfirmSignUpInput) (*AdminConfirmSignUpOutput, error) {
	return call(ctx, s, opAdminConfirmSignUp, in, s.adminConfirmSignUp)
}

func (s *Service) adminConfirmSignUp(ctx context.Context, in *AdminConfirmSignUpInput) (*AdminConfirmSignUpOutput, error) {
	sc, err := s.poolUser(ctx, in.UserPoolId, in.Username)
	if err != nil {
		return nil, err
	}
	var confirmed scope
	err = s.update(ctx, sc, func(tx *store.Tx, now scope) error {
		if now.user.Status != UserStatusTypeUnconfirmed {
			return errCannotConfirm(now.user.Status)
		}
		now.user.Status, now.user.Modified = UserStatusTypeConfirmed, tx.Now()
		confirmed = now
		return codes.Of(now.pool.id()).Remove(ctx, tx, now.user.Sub, string(codeSignUp))
	})
	if err != nil {
		return nil, err
	}
	return &AdminConfirmSignUpOutput{}, s.postConfirmation(ctx, confirmed, trigger.PostConfirmationConfirmSignUp, in.ClientMetadata)
}
