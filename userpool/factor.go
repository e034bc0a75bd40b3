package userpool

import (
	"context"
	"encoding/hex"
	"time"

	"github.com/cenote-auth/cenote/awsapi"
	"github.com/cenote-auth/cenote/store"
)

// factorRecord counts wrong answers to one kind of challenge: of a user, or of somebody who does not exist, over all his
// sessions, and of one session (C3). It is not part of the user record, which only those who can sign in change.
type factorRecord struct {
	store.Meta
	Subject  string // sub, ghost, or the hex of a session's id
	Factor   string
	Attempts attempts
	Step     int64 `json:",omitempty"` // of a software token: the last time step whose code signed in (M2)
	Ends     time.Time
}

var factors = store.NewKind("factor", store.Kind[factorRecord]{
	Key:     func(f *factorRecord) []string { return []string{f.Subject, f.Factor} },
	Expires: func(f *factorRecord) time.Time { return f.Ends },
	Cached:  true, // within a sign-in: it is looked at before the answer is, and when the answer is committed
})

// What wrong answers are counted under. First and second factor by one way are one: what is guessed is the same.
const (
	factorEmail   = "email"
	factorSMS     = "sms"
	factorTOTP    = "totp"
	factorSetUp   = "totp setup" // apart: who sets a token up must not lock it for a sign-in
	factorPasskey = "passkey"
	factorCustom  = "custom"
	factorSession = "session"
)

// factorMemory is how long a wrong answer is remembered, if no right one follows.
const factorMemory = 24 * time.Hour

// hold is the count that a proof was accepted under. The Update that grants what was proven finds it unchanged, and ends it.
type hold struct {
	subject, factor string
	version         int64
	last            int64 // the Step of the record
	step            int64 // becomes it
}

// find returns the look-up of the count; of no hold, nil.
func (h *hold) find(p *poolRecord) *store.Lookup[factorRecord] {
	if h == nil {
		return nil
	}
	return factors.Of(p.id()).Find(h.subject, h.factor)
}

// settle forgets the failures, since the proof succeeded, and notes the step that it used up. errChanged: somebody failed, or
// succeeded, meanwhile.
func (h *hold) settle(ctx context.Context, tx *store.Tx, p *poolRecord, found *store.Lookup[factorRecord]) error {
	if h == nil {
		return nil
	}
	table := factors.Of(p.id())
	switch {
	case found.Got == nil && h.version != 0 || found.Got != nil && found.Got.Version != h.version:
		return errChanged
	case h.step != 0:
		ends := totpStepEnd(h.step).Add(time.Minute)
		return found.Got.put(ctx, tx, p, &factorRecord{Subject: h.subject, Factor: h.factor, Step: h.step, Ends: ends})
	case found.Got == nil:
		return nil
	}
	return table.Delete(ctx, tx, found.Got)
}

// proof decides on one answer for the sign-in as it was read for it. wrong is a wrong answer, which counts; err is any other
// failure, which does not.
type proof func(now signIn) (wrong *awsapi.Error, err error)

// proveFactor runs one proof: one at a time per user, not while the factor is locked, and counted if it fails, per user and
// factor over all sessions, and per session. A failure is committed before the next proof begins (C3). A wrong answer leaves
// the session as good as it was (AUTH-162). The returned sign-in is the one that the proof was made for; the step that goes on
// with it takes the hold. A proof outside of a sign-in has a session without ID.
func (s *Service) proveFactor(ctx context.Context, in signIn, v session, factor string, p proof) (signIn, *hold, error) {
	leave, err := s.slots.take(ctx, in.pool.id(), in.subject())
	if err != nil {
		return in, nil, err
	}
	defer leave()
	h := &hold{subject: in.subject(), factor: factor}
	byUser := h.find(in.pool)
	bySession := factors.Of(in.pool.id()).Find(hex.EncodeToString(v.ID), factorSession)
	before := used.Of(in.pool.id()).Find(hex.EncodeToString(v.ID))
	gets := []store.Getter{byUser}
	if v.ID != nil {
		gets = append(gets, bySession, before)
	}
	var u *store.Lookup[userRecord]
	if in.user != nil {
		u = users.Of(in.pool.id()).Find(in.user.Sub)
		gets = append(gets, u)
	}
	if err := s.store.Read(ctx, gets...); err != nil {
		return in, nil, err
	}
	if before.Got != nil {
		return in, nil, errSessionUsed
	}
	if err := s.cfg.limits.refuseGuess(byUser.Got, bySession.Got, s.store.Now()); err != nil {
		return in, nil, err
	}
	if byUser.Got != nil {
		h.version, h.last = byUser.Got.Version, byUser.Got.Step
	}
	if u != nil {
		if u.Got == nil {
			return in, nil, errSessionInvalid // deleted this very moment
		}
		in.user = u.Got
		if in.user.CredentialEpoch != v.Epoch {
			return in, nil, errSessionInvalid
		}
	}
	wrong, err := p(in)
	if err != nil {
		return in, nil, err
	}
	if wrong != nil {
		if err := s.countWrong(ctx, in, v, h); err != nil {
			return in, nil, err
		}
		return in, nil, wrong
	}
	return in, h, nil
}

// countWrong commits one wrong answer. If the last one that was free was given on another node meanwhile, this one is refused and not
// counted: nobody learns that it was wrong.
func (s *Service) countWrong(ctx context.Context, in signIn, v session, h *hold) error {
	p := in.pool
	table := factors.Of(p.id())
	return s.store.Update(ctx, func(tx *store.Tx) error {
		byUser, bySession := h.find(p), table.Find(hex.EncodeToString(v.ID), factorSession)
		if err := tx.Get(ctx, byUser, bySession); err != nil {
			return err
		}
		now := tx.Now()
		if err := s.cfg.limits.refuseGuess(byUser.Got, bySession.Got, now); err != nil {
			return err
		}
		ofUser := byUser.Got.failed(now)
		ofUser.Subject, ofUser.Factor, ofUser.Ends = h.subject, h.factor, now.Add(factorMemory)
		if err := byUser.Got.put(ctx, tx, p, ofUser); err != nil || v.ID == nil {
			return err
		}
		ofSession := bySession.Got.failed(now)
		ofSession.Subject, ofSession.Factor, ofSession.Ends = hex.EncodeToString(v.ID), factorSession, time.Unix(v.Ends, 0).Add(time.Minute)
		if err := bySession.Got.put(ctx, tx, p, ofSession); err != nil {
			return err
		}
		return s.noteWrong(ctx, tx, in)
	})
}

// forgetFailures is settle outside of a sign-in, for a proof that nobody wins by guessing.
func (s *Service) forgetFailures(ctx context.Context, tx *store.Tx, p *poolRecord, h *hold) error {
	found, err := factors.Of(p.id()).Get(ctx, &tx.Reader, h.subject, h.factor)
	if err != nil || found == nil {
		return err
	}
	return factors.Of(p.id()).Delete(ctx, tx, found)
}

// failed returns the count after one more failure.
func (f *factorRecord) failed(now time.Time) *factorRecord {
	next := &factorRecord{Attempts: attempts{Failed: 1, Last: now}}
	if f != nil {
		next.Attempts.Failed += f.Attempts.Failed
		next.Step = f.Step
	}
	return next
}

// put writes next in place of the record that this Update has read: its version rises. One that was not found may have expired
// and not been swept yet.
func (f *factorRecord) put(ctx context.Context, tx *store.Tx, p *poolRecord, next *factorRecord) error {
	if f == nil {
		return factors.Of(p.id()).Replace(ctx, tx, next)
	}
	next.Meta = f.Meta
	return factors.Of(p.id()).Put(ctx, tx, next)
}

// stillHeld reads the count anew after something has changed: nil if the proof is as good as before.
func (s *Service) stillHeld(ctx context.Context, p *poolRecord, h *hold) error {
	if h == nil {
		return nil
	}
	found := h.find(p)
	if err := s.store.Read(ctx, found); err != nil {
		return err
	}
	h.version = 0
	if found.Got == nil {
		return nil
	}
	if s.store.Now().Before(s.cfg.limits.factorLockedUntil(found.Got.Attempts)) {
		return errFactorLocked
	}
	if h.step != 0 && h.step <= found.Got.Step {
		return errUsedTOTP
	}
	h.version = found.Got.Version
	return nil
}

// refuseGuess says why no further answer is looked at after those that the records count, if so.
func (l Limits) refuseGuess(byUser, bySession *factorRecord, now time.Time) error {
	switch {
	case bySession != nil && l.WrongCodes >= 0 && bySession.Attempts.Failed >= l.WrongCodes:
		return errSessionInvalid
	case byUser != nil && now.Before(l.factorLockedUntil(byUser.Attempts)):
		return errFactorLocked
	}
	return nil
}

// factorLockedUntil returns when a factor with these failures can be tried again: as passwords lock, after WrongFactors free
// ones.
func (l Limits) factorLockedUntil(a attempts) time.Time {
	return l.lockAfter(l.WrongFactors, a)
}
