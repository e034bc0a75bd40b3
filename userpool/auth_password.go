package userpool

import (
	"context"
	"crypto/subtle"
	"errors"

	"github.com/cenote-auth/cenote/store"
)

// beginPassword is USER_PASSWORD_AUTH and its signed twin: one call with the password leads to tokens or the next challenge
// (AUTH-201, AUTH-202).
func (s *Service) beginPassword(ctx context.Context, in authStart, sc scope) (authAnswer, error) {
	if err := s.checkSecretHash(ctx, sc, sc.name, in.params["SECRET_HASH"], true); err != nil {
		return authAnswer{}, err
	}
	sc, err := s.watch(ctx, sc, EventTypeSignIn, in.flow, in.about)
	if err != nil {
		return authAnswer{}, err
	}
	sc, err = s.migrateUser(ctx, sc, in.params["PASSWORD"], in.metadata, nil)
	if err != nil {
		return authAnswer{}, err
	}
	if sc, err = s.admit(ctx, sc, in); err != nil {
		return authAnswer{}, err
	}
	sc, err = s.provePassword(ctx, sc, in.params["PASSWORD"])
	if err != nil {
		return authAnswer{}, err
	}
	si, err := s.newSignIn(sc, in)
	if err != nil {
		return authAnswer{}, err
	}
	si.progress = si.proven(methodPassword)
	return s.advance(ctx, si, step{})
}

// admit is what comes before any proof: does the user exist, may he try at all, what does the pre authentication trigger say
// (AUTH-143). A client that hides who exists lets unknown names go on; everybody else is told.
func (s *Service) admit(ctx context.Context, sc scope, in authStart) (scope, error) {
	switch {
	case sc.user == nil && !sc.client.hides():
		return sc, errUserNotFound
	case sc.user != nil && sc.user.Disabled && !sc.client.hides():
		return sc, errUserDisabled // with hides: after the password, as for everybody (H7)
	}
	sc, err := s.hide(ctx, sc)
	if err != nil {
		return sc, err
	}
	if sc, err = s.watchSignIn(ctx, sc, in.flow, in.about); err != nil {
		return sc, err
	}
	return sc, s.preAuthentication(ctx, sc, in.metadata)
}

// provePassword checks a password that was sent in clear, with the lock-out, and returns the scope as it was read for it. The
// path of a name that does not exist is the same arithmetic and the same counting (H7).
func (s *Service) provePassword(ctx context.Context, sc scope, password string) (scope, error) {
	proof := func(sc scope) (bool, error) { return s.passwordFits(ctx, sc, password) }
	sc, err := s.prove(ctx, sc, proof)
	if err == nil && sc.threat != nil && sc.threat.kind == EventTypeSignIn {
		sc = s.lookUp(ctx, sc, EventFilterTypeSignIn, password)
	}
	return sc, err
}

// prove runs one proof of somebody's password: one at a time per user, not while locked out, and counted if it fails (C3).
// proof says whether it holds for the scope that it gets, which is read anew once the turn has come.
func (s *Service) prove(ctx context.Context, sc scope, proof func(scope) (bool, error)) (scope, error) {
	leave, err := s.slots.take(ctx, sc.pool.id(), sc.subject())
	if err != nil {
		return sc, err
	}
	defer leave()
	sc, tries, err := s.readAttempts(ctx, sc)
	if err != nil {
		return sc, err
	}
	if !sc.counted && s.store.Now().Before(s.cfg.limits.lockedUntil(tries)) {
		return sc, errLockedOut
	}
	if sc.user != nil && sc.user.Status == UserStatusTypeResetRequired && !sc.client.hides() {
		return sc, errResetRequired // AUTH-147
	}
	ok, err := proof(sc)
	if err != nil {
		return sc, err
	}
	if ok && sc.user != nil && sc.user.Disabled {
		return sc, errUserDisabled
	}
	if sc.counted {
		return sc, errBadCredentials
	}
	if !ok || sc.user == nil {
		if err := s.countFailure(ctx, sc); err != nil {
			return sc, err
		}
		return sc, errBadCredentials
	}
	return sc, nil
}

// passwordFits compares a password with the user's verifier; for names without one it does the same work.
func (s *Service) passwordFits(ctx context.Context, sc scope, password string) (bool, error) {
	p, err := s.passwordOf(ctx, sc)
	if err != nil {
		return false, err
	}
	v, err := s.verifierOf(ctx, sc.pool, p.id, password, p.salt)
	if err != nil {
		return false, err
	}
	return subtle.ConstantTimeCompare(v, p.verifier) == 1 && p.real, nil
}

// readAttempts reads the user anew and how often somebody failed to be him.
func (s *Service) readAttempts(ctx context.Context, sc scope) (scope, attempts, error) {
	if sc.user != nil {
		u := users.Of(sc.pool.id()).Find(sc.user.Sub)
		if err := s.store.Read(ctx, u); err != nil {
			return sc, attempts{}, err
		}
		sc.user = u.Got
		if u.Got == nil {
			return sc, attempts{}, errBadCredentials // deleted this very moment
		}
		return sc, u.Got.Attempts, nil
	}
	g := ghosts.Of(sc.pool.id()).Find(sc.ghost)
	if err := s.store.Read(ctx, g); err != nil {
		return sc, attempts{}, err
	}
	if g.Got == nil {
		return sc, attempts{}, nil
	}
	return sc, g.Got.Attempts, nil
}

// countFailure commits one failed attempt. If the last one that was free was made on another node meanwhile, this one finds the lock.
func (s *Service) countFailure(ctx context.Context, sc scope) error {
	if sc.user != nil {
		err := s.update(ctx, sc, func(tx *store.Tx, now scope) error {
			if tx.Now().Before(s.cfg.limits.lockedUntil(now.user.Attempts)) {
				return errLockedOut
			}
			now.user.Attempts = s.cfg.limits.failed(now.user.Attempts, tx.Now())
			return s.record(ctx, tx, now, EventResponseTypeFail, answered(ChallengeNamePassword, false))
		})
		if errors.Is(err, ErrUserNotFound) {
			return nil
		}
		return err
	}
	table := ghosts.Of(sc.pool.id())
	return s.store.Update(ctx, func(tx *store.Tx) error {
		g, err := table.Get(ctx, &tx.Reader, sc.ghost)
		if err != nil {
			return err
		}
		next := &ghostRecord{Key: sc.ghost}
		if g != nil {
			next.Attempts = g.Attempts
		}
		if tx.Now().Before(s.cfg.limits.lockedUntil(next.Attempts)) {
			return errLockedOut
		}
		next.Attempts = s.cfg.limits.failed(next.Attempts, tx.Now())
		next.Ends = tx.Now().Add(s.cfg.limits.MaxLock + attemptMemory)
		if err := s.record(ctx, tx, sc, EventResponseTypeFail, answered(ChallengeNamePassword, false)); err != nil {
			return err
		}
		return table.Replace(ctx, tx, next)
	})
}
