package userpool

import (
	"context"
	"errors"
	"slices"

	"github.com/cenote-auth/cenote/store"
)

// step is one proven step of a sign-in: what it uses up and what it changes, in the Update that also puts the next challenge or
// grants the tokens.
type step struct {
	once   *once                                                    // a session or secret block that is used up
	hold   *hold                                                    // the count that the proof was accepted under
	still  func(sc scope) error                                     // refuses what pool or user no longer allow; asked for each attempt
	change func(u *userRecord) error                                // applied to a fresh copy for each attempt; nil changes nothing
	then   *ask                                                     // what comes next, if the step itself says so
	also   func(ctx context.Context, tx *store.Tx, now scope) error // further writes
}

// maxRegrants bounds how often a step is decided anew because pool, client or user changed under it.
const maxRegrants = 8

// errChanged means that what a step was decided on is not what the Update found.
var errChanged = errors.New("changed since it was read")

// advance goes on with a sign-in after a proven step: to the next challenge, or to tokens. What comes next is decided from pool,
// client and the user as the step leaves him, and committed together with the step: one commit, and only if those have not
// changed meanwhile. If they have, everything is decided anew on what they are now (C2).
func (s *Service) advance(ctx context.Context, in signIn, st step) (authAnswer, error) {
	var said ending
	if in.Custom != nil && slices.Contains(historicSteps, in.answered) {
		in.Custom = in.Custom.after(in.answered, true)
	}
	for range maxRegrants {
		a, err := s.tryAdvance(ctx, in, st, &said)
		switch {
		case err == nil:
			return a, nil
		case usedBefore(err):
			return authAnswer{}, st.once.again
		case store.AsConflict(err) != nil && store.AsConflict(err).Kind == users.Name():
			next, _ := st.applied(in) // whose name it was
			return authAnswer{}, in.pool.aliasTaken(next, store.AsConflict(err))
		case !errors.Is(err, errChanged) && !errors.Is(err, store.ErrStale) && !toldBefore(err):
			return authAnswer{}, err
		}
		if err := s.refuseUsed(ctx, in.pool, st.once); err != nil {
			return authAnswer{}, err
		}
		if in.scope, err = s.reread(ctx, in.scope); err != nil {
			return authAnswer{}, err
		}
		if err := s.stillHeld(ctx, in.pool, st.hold); err != nil {
			return authAnswer{}, err
		}
		if err := s.mayGoOn(in); err != nil {
			return authAnswer{}, err
		}
	}
	return authAnswer{}, errTooManyRequests
}

func (s *Service) tryAdvance(ctx context.Context, in signIn, st step, said *ending) (authAnswer, error) {
	if st.still != nil {
		if err := st.still(in.scope); err != nil {
			return authAnswer{}, err
		}
	}
	next, err := st.applied(in)
	if err != nil {
		return authAnswer{}, err
	}
	if st.then != nil {
		return s.put(ctx, in, next, st, st.then, said)
	}
	in, st, q, err := s.nextWatched(ctx, in, next, st, said)
	switch {
	case err != nil:
		return authAnswer{}, err
	case q != nil:
		// The guesses of CUSTOM_AUTH are forgotten when the functions let the user in, which is before a risk or his device is asked about.
		if in.answered == ChallengeNameTypeCustomChallenge && in.Risk == riskUnknown && q.name != ChallengeNameTypeDeviceSrpAuth {
			st.hold = nil
		}
		return s.put(ctx, in, next, st, q, said)
	}
	return s.finish(ctx, in, next, st, said)
}

// applied returns the user as the step leaves him. Failed passwords are forgotten once the password was proven, and not because a
// sign-in begins or ends without one: either would be a way around the lock-out for whoever has the mailbox or a token (C3). Who is
// left as he was is not copied.
func (st step) applied(in signIn) (*userRecord, error) {
	if in.user == nil { // nobody
		return nil, nil
	}
	forget := in.user.Attempts != attempts{} && slices.Contains(in.fresh(), methodPassword)
	if st.change == nil && !forget {
		return in.user, nil
	}
	next := in.user.clone()
	if forget {
		next.Attempts = attempts{}
	}
	if st.change == nil {
		return next, nil
	}
	return next, st.change(next)
}

// nextAsk decides what a sign-in has to answer next, or nil if nothing is missing any more: the status of the user, the second
// factor, the questions of the pool's functions, the device, then tokens (AUTH-143, AUTH-226, AUTH-377). next is the user as the
// step leaves him. What the claimed device is, it notes in the sign-in.
func (s *Service) nextAsk(ctx context.Context, in *signIn, next *userRecord, said *ending) (*ask, error) {
	// A device is asked for when they are over, and a risk is judged (AUTH-240).
	questions := in.Custom != nil && in.Device == "" && in.Risk == riskUnknown
	if in.Custom != nil && len(in.Methods) == 0 { // no password was asked for: the status counts when tokens are due (AUTH-237)
		if questions {
			if q, err := s.nextCustom(ctx, *in, next, said); q != nil || err != nil {
				return q, err
			}
		}
		if q, err := s.askStatus(*in, next); q != nil || err != nil {
			return q, err
		}
		return s.askDevice(ctx, in, next)
	}
	if in.choice != nil {
		return s.askChosen(ctx, *in, next)
	}
	switch {
	case next == nil:
		return nil, errBadCredentials
	case next.Disabled:
		return nil, errUserDisabled
	}
	if q, err := s.askStatus(*in, next); q != nil || err != nil {
		return q, err
	}
	device, err := s.askDevice(ctx, in, next)
	if err != nil {
		return nil, err
	}
	if len(in.Targets) > 0 {
		if q, err := s.askTowards(ctx, *in, next); q != nil || err != nil {
			return q, err
		}
	} else if in.onlyPassword() && !in.deviceStandsIn() {
		if q, err := in.pool.secondFactors(next).ask(*in, next); q != nil || err != nil {
			return q, err
		}
	}
	if questions {
		if q, err := s.nextCustom(ctx, *in, next, said); q != nil || err != nil {
			return q, err
		}
	}
	if device == nil {
		return nil, mayEnd(*in, next)
	}
	return device, nil
}

// askStatus asks or refuses what the status of a user demands.
func (s *Service) askStatus(in signIn, next *userRecord) (*ask, error) {
	switch next.Status {
	case UserStatusTypeConfirmed:
		return nil, nil
	case UserStatusTypeUnconfirmed:
		return nil, errNotConfirmed // only after a right password (AUTH-146, AUTH-463)
	case UserStatusTypeResetRequired:
		return nil, errResetRequired
	case UserStatusTypeForceChangePassword:
		if in.Custom != nil && !slices.Contains(in.Methods, methodPassword) { // AUTH-238: nobody gave the temporary password
			return nil, nil
		}
		if !s.store.Now().Before(in.pool.temporaryEnd(next.Password.Set)) {
			return nil, errTemporaryExpired
		}
		return askNewPassword(in, next)
	}
	return nil, errUserDisabled // AUTH-008 (unconfirmed): statuses that no operation gives
}

// onlyPassword reports whether a password is all that was proven so far: what asks for a second factor (AUTH-286; a
// function's questions alone do not, AUTH-242, unconfirmed).
func (p progress) onlyPassword() bool { return slices.Equal(p.Methods, []string{methodPassword}) }

// commit runs the Update of a step, provided that pool, client and user are still what it was decided on. more are look-ups
// that ride along, extra is what the step leads to.
func (s *Service) commit(ctx context.Context, in signIn, next *userRecord, st step, more []store.Getter, extra func(tx *store.Tx, now scope) error) error {
	return s.store.Update(ctx, func(tx *store.Tx) error {
		gets := more
		held := st.hold.find(in.pool)
		if held != nil {
			gets = append(slices.Clone(more), held)
		}
		family := families.Of(in.pool.id()).Find(in.Credit.family())
		if in.Credit != nil {
			gets = append(slices.Clone(gets), family)
		}
		now, err := s.againShared(ctx, tx.Get, in.scope, gets...)
		if err != nil {
			return err
		}
		if now.pool.Version != in.pool.Version || now.client.Version != in.client.Version ||
			in.user != nil && now.user.Version != in.user.Version {
			return errChanged
		}
		if err := in.stillCredited(now, family.Got); err != nil {
			return err
		}
		if err := st.hold.settle(ctx, tx, now.pool, held); err != nil {
			return err
		}
		if in.user != nil && (st.change != nil || now.user.Attempts != next.Attempts) {
			if err := users.Of(now.pool.id()).Put(ctx, tx, next); err != nil {
				return err
			}
		}
		if err := st.once.use(ctx, tx, now.pool); err != nil {
			return err
		}
		if st.also != nil {
			if err := st.also(ctx, tx, now); err != nil {
				return err
			}
		}
		return extra(tx, now)
	})
}

// writes reports whether the step has anything to commit by itself.
func (st step) writes(u, next *userRecord) bool {
	return st.once != nil || st.change != nil || st.also != nil || st.hold != nil && (st.hold.version != 0 || st.hold.step != 0) ||
		u != nil && u.Attempts != next.Attempts
}

// reread reads a scope anew by id and refuses if what is found no longer allows what was proven for it.
func (s *Service) reread(ctx context.Context, sc scope) (now scope, err error) {
	err = s.store.View(ctx, func(r *store.Reader) error {
		now, err = s.againIn(ctx, r.Get, sc)
		return err
	})
	now.ghost = sc.ghost
	if err == nil && sc.user != nil {
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
