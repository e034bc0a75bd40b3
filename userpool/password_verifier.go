package userpool

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/cenote-auth/cenote/internal/ident"
	"github.com/cenote-auth/cenote/srp"
)

// knownPassword is what a proof of somebody's password is checked against. For a name that does not exist, or a user who has
// no password, it is made up: always the same for the same name, and real is false (AUTH-196, H7).
type knownPassword struct {
	id       srp.Identity
	salt     []byte
	verifier []byte
	real     bool
}

// passwordOf opens the password of the scope's user, or makes one up.
func (s *Service) passwordOf(ctx context.Context, sc scope) (knownPassword, error) {
	crypt, err := s.crypt(ctx, sc.pool)
	if err != nil {
		return knownPassword{}, err
	}
	if sc.user != nil && sc.user.Password != nil {
		v, err := crypt.open(fieldVerifier, sc.user.Sub, sc.user.Password.Sealed)
		if err != nil {
			return knownPassword{}, err
		}
		return knownPassword{srp.User(sc.pool.id(), sc.user.name()), sc.user.Password.Salt, v, true}, nil
	}
	id := srp.User(sc.pool.id(), sc.internalName(crypt))
	salt, v := srp.Simulate(crypt.key.MAC("simulate"), id)
	return knownPassword{id: id, salt: salt, verifier: v}, nil
}

// internalName returns the name that the user goes by inside; for a name that does not exist, what a real user who typed it
// would go by (H7): itself where names are free, a UUID where it is an address.
func (sc scope) internalName(c poolCrypt) string {
	if sc.user != nil {
		return sc.user.name()
	}
	n := sc.pool.Naming
	if n.attributeNames() || n.has(aliasEmail) && ident.IsEmail(sc.name) || n.has(aliasPhone) && ident.IsPhone(sc.name) {
		return c.ghostName(cmp.Or(sc.ghost, sc.ghostOf(c)))
	}
	return sc.name
}

// verifierOf computes the verifier of a password, through the gate.
func (s *Service) verifierOf(ctx context.Context, p *poolRecord, id srp.Identity, password string, salt []byte) (v []byte, err error) {
	err = s.expensive(ctx, p.id(), costVerifier, func() error {
		v = id.Verifier(password, salt)
		return nil
	})
	return v, err
}

// newPassword is a password that was computed and sealed and waits to be set.
type newPassword struct {
	salt     []byte
	sealed   []byte
	verifier []byte
	at       time.Time
}

// preparePassword checks a password against the policy and the history of the user and computes its record, outside of any
// transaction. sc.user may be nil for somebody who is being made under the given name and sub.
func (s *Service) preparePassword(ctx context.Context, sc scope, sub, name, password string) (newPassword, error) {
	if err := sc.pool.checkPassword(password); err != nil {
		return newPassword{}, err
	}
	return s.computePassword(ctx, sc, sub, name, password)
}

// computePassword is preparePassword without the policy, for passwords that are not checked (AUTH-416).
func (s *Service) computePassword(ctx context.Context, sc scope, sub, name, password string) (newPassword, error) {
	crypt, err := s.crypt(ctx, sc.pool)
	if err != nil {
		return newPassword{}, err
	}
	p := newPassword{at: s.store.Now()}
	if sc.user != nil && sc.user.Password != nil {
		p.salt = sc.user.Password.Salt // one salt for life (H13)
	} else if p.salt, err = srp.NewSalt(s.rand); err != nil {
		return p, err
	}
	if p.verifier, err = s.verifierOf(ctx, sc.pool, srp.User(sc.pool.id(), name), password, p.salt); err != nil {
		return p, err
	}
	if sc.user != nil {
		if err := sc.pool.checkHistory(crypt, sc.user, p.verifier); err != nil {
			return p, err
		}
	}
	p.sealed, err = crypt.seal(fieldVerifier, sub, p.verifier)
	return p, err
}

// historySize is how many passwords may not be used again, the current one included (AUTH-418).
func (p *poolRecord) historySize() int {
	if n := p.passwordPolicy().PasswordHistorySize; n != nil {
		return int(*n)
	}
	return 0
}

// checkHistory refuses a password that the user had before: one comparison for each, since all have one salt.
func (p *poolRecord) checkHistory(c poolCrypt, u *userRecord, verifier []byte) error {
	n := p.historySize()
	if n == 0 || u.Password == nil {
		return nil
	}
	reused := false
	if u.Status != UserStatusTypeForceChangePassword { // temporary passwords do not count (AUTH-418, unconfirmed)
		v, err := c.open(fieldVerifier, u.Sub, u.Password.Sealed)
		if err != nil {
			return err
		}
		reused = slices.Equal(v, verifier)
		n--
	}
	for _, sealed := range u.Password.History[:min(n, len(u.Password.History))] {
		v, err := c.open(fieldHistory, u.Sub, sealed)
		if err != nil {
			return err
		}
		reused = reused || slices.Equal(v, verifier)
	}
	if reused {
		return ErrPasswordHistoryPolicyViolation.New("Password has previously been used")
	}
	return nil
}

// setPassword gives the user a prepared password. Everything that the former one opened is closed: the CredentialEpoch rises
// (C4). It is part of an Update, on a copy of the user whose Version the caller compares.
func (u *userRecord) setPassword(c poolCrypt, p *poolRecord, next newPassword) error {
	rec := &passwordRecord{Salt: next.salt, Sealed: next.sealed, Set: next.at}
	if old := u.Password; old != nil {
		rec.History = old.History
		if u.Status != UserStatusTypeForceChangePassword && p.historySize() > 0 {
			v, err := c.open(fieldVerifier, u.Sub, old.Sealed)
			if err != nil {
				return err
			}
			sealed, err := c.seal(fieldHistory, u.Sub, v)
			if err != nil {
				return err
			}
			rec.History = append([][]byte{sealed}, rec.History...)
		}
		rec.History = rec.History[:min(len(rec.History), p.historySize())]
	}
	u.Password = rec
	u.CredentialEpoch++ // and neither TokenEpoch nor devices: a new password signs nobody out (AUTH-384, AUTH-532, unconfirmed)
	u.Attempts = attempts{}
	return nil
}
