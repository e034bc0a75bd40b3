package userpool

import (
	"context"

	"github.com/cenote-auth/cenote/store"
)

// ending is what the functions of a sign-in's end said, and what was composed for its next challenge. Functions run once, however
// often the step is decided anew.
type ending struct {
	authenticated bool // post authentication was told
	custom        *tokenCustomization
	message       *outgoing
	asked         bool         // the define function was asked,
	question      *ask         // and this is its question; nil: tokens
	verdict       *riskVerdict // of threat protection, on the first factor
}

// finish ends a sign-in: the triggers, the tokens, and the Update that makes them valid. Triggers run once and outside of any
// transaction. Tokens are signed before the commit (H5), for exactly the versions of pool, keys, client and user that the
// Update finds.
func (s *Service) finish(ctx context.Context, in signIn, next *userRecord, st step, said *ending) (authAnswer, error) {
	if !said.authenticated {
		if err := s.postAuthentication(ctx, in, next); err != nil {
			return authAnswer{}, err
		}
		said.authenticated = true
	}
	groups, err := s.groupsOf(ctx, s.store.Read, in.pool, next)
	if err != nil {
		return authAnswer{}, err
	}
	if said.custom == nil {
		if said.custom, err = s.preTokenGeneration(ctx, in, next, groups); err != nil {
			return authAnswer{}, err
		}
		if in.pool.hasTokenTrigger() { // it took its time: the groups may be others now
			if groups, err = s.groupsOf(ctx, s.store.Read, in.pool, next); err != nil {
				return authAnswer{}, err
			}
		}
	}
	keys, err := s.keysOf(ctx, in.pool)
	if err != nil {
		return authAnswer{}, err
	}
	f, tokens, err := s.issue(ctx, keys, in, next, groups, said.custom)
	if err != nil {
		return authAnswer{}, err
	}
	if err := s.grant(ctx, keys, in, next, f, st, s.visitor(ctx, in.pool, in.about)); err != nil {
		return authAnswer{}, err
	}
	return authAnswer{params: map[string]string{}, tokens: tokens}, nil
}

// grant stores a token family beside what the step changes. keys are those that signed.
func (s *Service) grant(ctx context.Context, keys *keysRecord, in signIn, next *userRecord, f *familyRecord, st step, who visitor) error {
	find := signingKeys.Of(in.pool.id()).Find()
	stored := keys
	err := s.commit(ctx, in, next, st, []store.Getter{find}, func(tx *store.Tx, now scope) error {
		if stored = find.Got; stored != keys {
			return errChanged
		}
		f, err := s.trackSession(ctx, tx, now, f, who)
		if err != nil {
			return err
		}
		if err := s.settleDevice(ctx, tx, in, now, f); err != nil {
			return err
		}
		return families.Of(now.pool.id()).Put(ctx, tx, f)
	})
	if stored != keys {
		s.keys.put(in.pool.id(), stored)
	}
	return err
}
