package userpool

import (
	"context"
	"encoding/hex"
	"time"

	"github.com/cenote-auth/cenote/store"
)

// Limits are the numbers that bound what one user, one destination or one pool may do. A zero field is the documented default; a
// negative one is no limit.
type Limits struct {
	// Per user and hour (QUO-010).
	ConfirmSignUp          int // 15
	ResendConfirmationCode int // 5
	ForgotPassword         int // 20, requests and confirmations together (AUTH-431)
	ChangePassword         int // 5
	AttributeCode          int // 5, GetUserAttributeVerificationCode
	AttributeUpdate        int // 20, codes that UpdateUserAttributes sends (H12)
	VerifyUserAttribute    int // 15

	// MessagesPerDestination bounds the messages to one address or number in an hour, whoever asks for them: 20.
	MessagesPerDestination int

	// Lock-out (AUTH-441…443): after FreeAttempts failed passwords (5) each further one locks the user for twice as long as
	// the one before, from one second up to MaxLock (15 minutes).
	FreeAttempts int
	MaxLock      time.Duration

	// WrongCodes is how many wrong guesses a code, or the session of a sign-in, survives: 10.
	WrongCodes int
	// WrongFactors is how many wrong answers to one kind of challenge (codes by e-mail or SMS, TOTP, passkeys) a user has over
	// all sign-ins before each further one locks that factor as passwords lock: 10. They are remembered for a day, or until a
	// right answer (C3).
	WrongFactors int

	// ArithmeticWait is how long a request waits for a processor for its expensive arithmetic before it is
	// TooManyRequestsException (H6): one second.
	ArithmeticWait time.Duration

	// UnknownRefreshTokens is how many refresh tokens that are not known any more an address may show to a pool in a minute, on one
	// node: 60. An IPv6 network of 64 bits is one address, and so are all callers without one (C5).
	UnknownRefreshTokens int

	Pools         int // of the installation: 1,000
	GroupsPerPool int // 10,000 (GRP-003)
	GroupsPerUser int // 100 (GRP-008)

	ResourceServersPerPool int // 25 (RS-004)
	// DevicesPerUser bounds the confirmed devices of a user: 500. One more takes the place of the one longest unused.
	DevicesPerUser int
}

func (l Limits) withDefaults() Limits {
	set := func(n *int, v int) {
		if *n == 0 {
			*n = v
		}
	}
	set(&l.ConfirmSignUp, 15)
	set(&l.ResendConfirmationCode, 5)
	set(&l.ForgotPassword, 20)
	set(&l.ChangePassword, 5)
	set(&l.AttributeCode, 5)
	set(&l.AttributeUpdate, 20)
	set(&l.VerifyUserAttribute, 15)
	set(&l.MessagesPerDestination, 20)
	set(&l.FreeAttempts, 5)
	set(&l.WrongCodes, 10)
	set(&l.WrongFactors, 10)
	set(&l.UnknownRefreshTokens, 60)
	set(&l.Pools, 1000)
	set(&l.GroupsPerPool, 10_000)
	set(&l.GroupsPerUser, 100)
	set(&l.ResourceServersPerPool, 25)
	set(&l.DevicesPerUser, 500)
	if l.MaxLock == 0 {
		l.MaxLock = 15 * time.Minute
	}
	return l
}

const limitWindow = time.Hour

// counted runs an Update that counts what rarely happened before. Its first try takes it that nothing was counted yet, blind:
// a closure that looks for what is not there conflicts with its neighbours on some engines, one that only inserts does not. If
// something was counted, the unique key says so, and the second try looks.
func (s *Service) counted(ctx context.Context, fn func(tx *store.Tx, blind bool) error) error {
	err := s.store.Update(ctx, func(tx *store.Tx) error { return fn(tx, true) })
	if c := store.AsConflict(err); c == nil || c.Kind != limits.Name() {
		return err
	}
	return s.store.Update(ctx, func(tx *store.Tx) error { return fn(tx, false) })
}

// countBlind is count for the blind try of counted.
func (s *Service) countBlind(ctx context.Context, tx *store.Tx, pool *poolRecord, subject, what string, max int, blind bool) error {
	if !blind || max < 0 {
		return s.count(ctx, tx, pool, subject, what, max)
	}
	now := tx.Now()
	return limits.Of(pool.id()).Put(ctx, tx, &limitRecord{Subject: subject, What: what, Times: []time.Time{now}, Ends: now.Add(limitWindow)})
}

// count records that subject did what once more, or refuses with LimitExceededException if it did it max times within the
// last hour. It is part of the Update that does it. A refusal is an error, which rolls the Update back: refused attempts do
// not push the hour forward.
func (s *Service) count(ctx context.Context, tx *store.Tx, pool *poolRecord, subject, what string, max int) error {
	if max < 0 {
		return nil
	}
	table := limits.Of(pool.id())
	old, err := table.Get(ctx, &tx.Reader, subject, what)
	if err != nil {
		return err
	}
	now := tx.Now()
	rec := &limitRecord{Subject: subject, What: what, Ends: now.Add(limitWindow)}
	if old != nil {
		rec.Times = old.recent(now)
	}
	if len(rec.Times) >= max {
		return errAttemptLimit
	}
	rec.Times = append(rec.Times, now)
	return table.Replace(ctx, tx, rec)
}

// refuseEarly refuses what count would refuse, before anything expensive is done for it (H6). count decides.
func (s *Service) refuseEarly(ctx context.Context, pool *poolRecord, subject, what string, max int) error {
	if max <= 0 {
		return nil
	}
	find := limits.Of(pool.id()).Find(subject, what)
	if err := s.store.Read(ctx, find); err != nil {
		return err
	}
	if find.Got != nil && len(find.Got.recent(s.store.Now())) >= max {
		return errAttemptLimit
	}
	return nil
}

// recent returns the times within the last hour.
func (l *limitRecord) recent(now time.Time) []time.Time {
	var out []time.Time
	for _, t := range l.Times {
		if now.Sub(t) < limitWindow {
			out = append(out, t)
		}
	}
	return out
}

// destinationKey names an address in a limit record without telling it.
func destinationKey(c poolCrypt, destination string) string {
	return hex.EncodeToString(c.key.MAC("destination", destination)[:16])
}

// lockedUntil returns when an account with these failures can be tried again (AUTH-441): n failures beyond the free ones lock
// for 2^n seconds.
func (l Limits) lockedUntil(a attempts) time.Time { return l.lockAfter(l.FreeAttempts, a) }

func (l Limits) lockAfter(free int, a attempts) time.Time {
	n := a.Failed - free
	if free < 0 || n < 0 {
		return time.Time{}
	}
	lock := l.MaxLock
	if n < 30 {
		lock = min(time.Second<<n, l.MaxLock)
	}
	return a.Last.Add(lock)
}

// failed returns the count after one more failure. A quarter of an hour without any attempt begins anew (AUTH-443).
func (l Limits) failed(a attempts, now time.Time) attempts {
	if now.Sub(a.Last) >= attemptMemory {
		a.Failed = 0
	}
	return attempts{Failed: a.Failed + 1, Last: now}
}

const attemptMemory = 15 * time.Minute
