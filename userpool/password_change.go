package userpool

import (
	"context"

	"github.com/cenote-auth/cenote/store"
)

// ChangePassword replaces the caller's password, or sets the first one of somebody who has none (AUTH-420…422, AUTH-596).
// Tokens live on. A wrong previous password counts as a failed sign-in, so that a stolen token is no way around the lock-out
// (C3).
func (s *Service) ChangePassword(ctx context.Context, in *ChangePasswordInput) (*ChangePasswordOutput, error) {
	return call(ctx, s, opChangePassword, in, s.changePassword)
}

func (s *Service) changePassword(ctx context.Context, in *ChangePasswordInput) (*ChangePasswordOutput, error) {
	b, err := s.authorize(ctx, in.AccessToken)
	if err != nil {
		return nil, err
	}
	if b.user.Status == UserStatusTypeExternalProvider { // AUTH-548 (unconfirmed type)
		return nil, errResetImpossible
	}
	if in.PreviousPassword == "" && b.user.Password != nil {
		return nil, errMissingParameter("PreviousPassword")
	}
	err = s.store.Update(ctx, func(tx *store.Tx) error {
		return s.count(ctx, tx, b.pool, b.user.Sub, "ChangePassword", s.cfg.limits.ChangePassword)
	})
	if err != nil {
		return nil, err
	}
	if b.scope, err = s.watchFrom(ctx, b.scope, EventTypePasswordChange, nil); err != nil {
		return nil, err
	}
	if in.PreviousPassword != "" {
		if b.scope, err = s.provePassword(ctx, b.scope, in.PreviousPassword); err != nil {
			return nil, err
		}
		if b.user.Status == UserStatusTypeForceChangePassword && !s.store.Now().Before(b.pool.temporaryEnd(b.user.Password.Set)) {
			return nil, errTemporaryExpired
		}
	}
	if b.scope, err = s.checkNewPassword(ctx, b.scope, in.ProposedPassword); err != nil {
		return nil, err
	}
	next, err := s.preparePassword(ctx, b.scope, b.user.Sub, b.user.name(), in.ProposedPassword)
	if err != nil {
		return nil, err
	}
	return &ChangePasswordOutput{}, s.replacePassword(ctx, b, next)
}

// replacePassword sets a prepared password, provided that token and proof are still good when it is stored (C2).
func (s *Service) replacePassword(ctx context.Context, b bearer, next newPassword) error {
	crypt, err := s.crypt(ctx, b.pool)
	if err != nil {
		return err
	}
	return s.update(ctx, b.scope, func(tx *store.Tx, now scope) error {
		if err := s.stillBearer(ctx, tx, b, now); err != nil {
			return err
		}
		if err := s.stillGood(b.scope, now); err != nil {
			return err
		}
		if err := now.user.setPassword(crypt, now.pool, next); err != nil {
			return err
		}
		now.user.Status, now.user.Modified = UserStatusTypeConfirmed, tx.Now() // AUTH-422 (unconfirmed)
		return s.record(ctx, tx, now, EventResponseTypePass)
	})
}
