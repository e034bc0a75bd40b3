package userpool

import (
	"context"
	"errors"

	"github.com/cenote-auth/cenote/store"
)

// step is the last step of a sign-in: what it uses up and what it changes in the user, in the Update that grants the tokens.
type step struct {
	once   *once
	change func(u *userRecord) error // applied to a fresh copy for each attempt; nil changes nothing
}

// maxRegrants bounds how often a sign-in is decided anew because pool, client or user changed under it.
const maxRegrants = 8

// errChanged means that what a grant was decided on is not what the Update found.
var errChanged = errors.New("changed since it was read")

// complete ends a sign-in: the triggers, the tokens, and the Update that makes them valid. Triggers run once and outside of
// any transaction. Tokens are signed before the commit (H5), for exactly the versions of pool, keys, client and user that the
// Update finds: if one of them has changed meanwhile, everything is decided anew on the new one (C2).
func (s *Service) complete(ctx context.Context, in signIn, st step) (authAnswer, error) {
	if err := s.postAuthentication(ctx, in); err != nil {
		return authAnswer{}, err
	}
	var custom *tokenCustomization
	for range maxRegrants {
		next, groups, err := s.prospect(ctx, in, st)
		if err != nil {
			return authAnswer{}, err
		}
		if custom == nil {
			if custom, err = s.preTokenGeneration(ctx, in, next, groups); err != nil {
				return authAnswer{}, err
			}
			if in.pool.hasTokenTrigger() { // it took its time: the groups may be others now
				if next, groups, err = s.prospect(ctx, in, st); err != nil {
					return authAnswer{}, err
				}
			}
		}
		keys, err := s.keysOf(ctx, in.pool)
		if err != nil {
			return authAnswer{}, err
		}
		f, tokens, err := s.issue(ctx, keys, in, next, groups, custom)
		if err != nil {
			return authAnswer{}, err
		}
		err = s.grant(ctx, keys, in, next, f, st)
		switch {
		case err == nil:
			return authAnswer{params: map[string]string{}, tokens: tokens}, nil
		case usedBefore(err):
			return authAnswer{}, st.once.again
		case store.AsConflict(err) != nil:
			return authAnswer{}, in.pool.aliasTaken(next, store.AsConflict(err))
		case !errors.Is(err, errChanged) && !errors.Is(err, store.ErrStale):
			return authAnswer{}, err
		}
		if err := s.refuseUsed(ctx, in.pool, st.once); err != nil {
			return authAnswer{}, err
		}
		if in.scope, err = s.reread(ctx, in.scope); err != nil {
			return authAnswer{}, err
		}
		if err := in.client.allowsFlow(in.flow); err != nil { // switched off meanwhile
			return authAnswer{}, err
		}
	}
	return authAnswer{}, errTooManyRequests
}

// prospect returns the user as the step leaves him, and his groups.
func (s *Service) prospect(ctx context.Context, in signIn, st step) (*userRecord, []*groupRecord, error) {
	next := in.user.clone()
	if st.change != nil {
		if err := st.change(next); err != nil {
			return nil, nil, err
		}
	}
	next.Attempts = attempts{}
	groups, err := s.groupsOf(ctx, s.store.Read, in.pool, next)
	return next, groups, err
}

// grant stores a token family, and the user if the step changed him, provided that nothing has changed since. keys are those
// that signed.
func (s *Service) grant(ctx context.Context, keys *keysRecord, in signIn, next *userRecord, f *familyRecord, st step) error {
	stored := keys
	err := s.store.Update(ctx, func(tx *store.Tx) error {
		find := signingKeys.Of(in.pool.id()).Find()
		now, err := s.again(ctx, tx, in.scope, find)
		if err != nil {
			return err
		}
		stored = find.Got
		if now.pool.Version != in.pool.Version || now.client.Version != in.client.Version || now.user.Version != in.user.Version ||
			stored != keys {
			return errChanged
		}
		if st.change != nil || now.user.Attempts.Failed > 0 {
			if err := users.Of(now.pool.id()).Put(ctx, tx, next); err != nil {
				return err
			}
		}
		if err := st.once.use(ctx, tx, now.pool); err != nil {
			return err
		}
		return families.Of(now.pool.id()).Put(ctx, tx, f)
	})
	if stored != keys {
		s.keys.put(in.pool.id(), stored)
	}
	return err
}

// reread reads a scope anew by id and refuses if what is found no longer allows what was proven for it.
func (s *Service) reread(ctx context.Context, sc scope) (now scope, err error) {
	err = s.store.View(ctx, func(r *store.Reader) error {
		now, err = s.againIn(ctx, r.Get, sc)
		return err
	})
	if err == nil {
		err = s.stillGood(sc, now)
	}
	return now, err
}

// stillGood refuses what was proven for a user who is now disabled, locked out, or has other credentials (C2, C3, C4).
func (s *Service) stillGood(was, now scope) error {
	switch {
	case now.user.Disabled:
		return errUserDisabled
	case now.user.CredentialEpoch != was.user.CredentialEpoch || now.user.TokenEpoch != was.user.TokenEpoch:
		return errBadCredentials
	case now.user.Status != was.user.Status:
		return errBadCredentials
	case now.user.Attempts != was.user.Attempts && s.store.Now().Before(s.cfg.limits.lockedUntil(now.user.Attempts)):
		return errLockedOut
	}
	return nil
}
