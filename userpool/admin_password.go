package userpool

import (
	"context"
	"errors"

	"github.com/cenote-auth/cenote/store"
)

// AdminSetUserPassword sets a password: with a permanent one the user is CONFIRMED, a temporary one has to be changed at the
// next sign-in (USR-036, AUTH-022…024, AUTH-423, AUTH-599). No trigger runs and nobody is told.
func (s *Service) AdminSetUserPassword(ctx context.Context, in *AdminSetUserPasswordInput) (*AdminSetUserPasswordOutput, error) {
	return call(ctx, s, opAdminSetUserPassword, in, s.adminSetUserPassword)
}

func (s *Service) adminSetUserPassword(ctx context.Context, in *AdminSetUserPasswordInput) (*AdminSetUserPasswordOutput, error) {
	sc, err := s.poolUser(ctx, in.UserPoolId, in.Username)
	if err != nil {
		return nil, err
	}
	g := gift{
		status: UserStatusTypeForceChangePassword,
		prepare: func(sc scope) (newPassword, error) {
			return s.preparePassword(ctx, sc, sc.user.Sub, sc.user.name(), in.Password)
		},
	}
	if in.Permanent {
		g.status = UserStatusTypeConfirmed
	}
	if _, err := s.givePassword(ctx, sc, g); err != nil {
		return nil, err
	}
	return &AdminSetUserPasswordOutput{}, nil
}

// gift is a password that an administrator gives to somebody.
type gift struct {
	status  UserStatusType                                                        // the user's from then on
	prepare func(sc scope) (newPassword, error)                                   // outside of the Update
	also    func(ctx context.Context, tx *store.Tx, now scope, c poolCrypt) error // within it, before the change; may be nil
}

// givePassword sets a password that was computed outside of the Update for the credentials that the user had then. If he has
// others by now, it is computed anew: the history would have been checked on another password. It returns the scope as stored.
func (s *Service) givePassword(ctx context.Context, sc scope, g gift) (scope, error) {
	crypt, err := s.crypt(ctx, sc.pool)
	if err != nil {
		return scope{}, err
	}
	for range maxRegrants {
		next, err := g.prepare(sc)
		if err != nil {
			return scope{}, err
		}
		var given scope
		err = s.update(ctx, sc, func(tx *store.Tx, now scope) error {
			if now.user.CredentialEpoch != sc.user.CredentialEpoch {
				return errChanged
			}
			if g.also != nil {
				if err := g.also(ctx, tx, now, crypt); err != nil {
					return err
				}
			}
			if err := now.user.setPassword(crypt, now.pool, next); err != nil {
				return err
			}
			now.user.Status, now.user.Modified = g.status, tx.Now()
			given = now
			return nil
		})
		if !errors.Is(err, errChanged) {
			return given, err
		}
		if sc, err = s.asIs(ctx, sc); err != nil {
			return scope{}, err
		}
	}
	return scope{}, errTooManyRequests
}

// asIs reads a scope anew, by id.
func (s *Service) asIs(ctx context.Context, sc scope) (now scope, err error) {
	err = s.store.View(ctx, func(r *store.Reader) error {
		now, err = s.againIn(ctx, r.Get, sc)
		return err
	})
	return now, err
}

// AdminResetUserPassword makes a password worthless and sends the code with which ConfirmForgotPassword sets another (USR-034,
// AUTH-025, AUTH-026, AUTH-424, AUTH-600).
func (s *Service) AdminResetUserPassword(ctx context.Context, in *AdminResetUserPasswordInput) (*AdminResetUserPasswordOutput, error) {
	return call(ctx, s, opAdminResetUserPassword, in, s.adminResetUserPassword)
}

func (s *Service) adminResetUserPassword(ctx context.Context, in *AdminResetUserPasswordInput) (*AdminResetUserPasswordOutput, error) {
	sc, err := s.poolUser(ctx, in.UserPoolId, in.Username)
	if err != nil {
		return nil, err
	}
	to, err := sc.pool.resettable(sc)
	if err != nil {
		return nil, resetByAdmin(err)
	}
	err = s.sendReset(ctx, sc, to, in.ClientMetadata, func(tx *store.Tx, now scope) error {
		if _, err := now.pool.resettable(now); err != nil {
			return resetByAdmin(err)
		}
		now.user.Status, now.user.Modified = UserStatusTypeResetRequired, tx.Now()
		now.user.CredentialEpoch++ // C4: ends sign-ins under way and earlier codes
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &AdminResetUserPasswordOutput{}, nil
}

// resetByAdmin gives the refusal of a disabled user the text that AdminResetUserPassword has for it (AUTH-424).
func resetByAdmin(err error) error {
	if errors.Is(err, errUserDisabled) {
		return ErrNotAuthorized.New("User is disabled")
	}
	return err
}
