package userpool

import (
	"context"

	"github.com/cenote-auth/cenote/message"
	"github.com/cenote-auth/cenote/store"
)

// codeRequest is a code that somebody asked for.
type codeRequest struct {
	purpose  codePurpose
	kind     message.Kind
	to       contact
	metadata map[string]string
	limit    string // counted under this name, if max is not 0
	max      int
	// change is applied to the user in the Update that stores the code; nil changes nothing. It refuses what the user's state
	// no longer allows.
	change func(tx *store.Tx, now scope) error
}

// sendCode makes a code, stores it and queues the message that brings it, in one Update.
func (s *Service) sendCode(ctx context.Context, sc scope, r codeRequest) error {
	crypt, err := s.crypt(ctx, sc.pool)
	if err != nil {
		return err
	}
	if err := s.refuseEarly(ctx, sc.pool, sc.user.Sub, r.limit, r.max); err != nil { // before the trigger (H6)
		return err
	}
	code, err := s.newCode()
	if err != nil {
		return err
	}
	msg, err := s.compose(ctx, sc, r.kind, r.to, code, r.metadata)
	if err != nil {
		return err
	}
	err = s.store.Update(ctx, func(tx *store.Tx) error { // one for everybody, so that none tells what was counted before (H7)
		now, err := s.again(ctx, tx, sc)
		if err != nil {
			return err
		}
		before := now.user.clone()
		if err := r.change(tx, now); err != nil {
			return err
		}
		if r.max != 0 {
			if err := s.count(ctx, tx, now.pool, now.user.Sub, r.limit, r.max); err != nil {
				return err
			}
		}
		if before.differs(now.user) {
			if err := users.Of(now.pool.id()).Put(ctx, tx, now.user); err != nil {
				return err
			}
		}
		if err := s.record(ctx, tx, now, r.purpose.asked()); err != nil {
			return err
		}
		if err := s.putCode(ctx, tx, crypt, now, r.purpose, code, r.to.attribute, r.to.value); err != nil {
			return err
		}
		return s.enqueue(ctx, tx, now.pool, crypt, msg, false)
	})
	if err == nil {
		s.wakeRunner()
	}
	return err
}

// differs reports whether a change of state has to be stored.
func (u *userRecord) differs(next *userRecord) bool {
	return u.Status != next.Status || u.CredentialEpoch != next.CredentialEpoch || !u.Modified.Equal(next.Modified)
}
