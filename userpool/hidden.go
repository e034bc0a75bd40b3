package userpool

import (
	"context"
	"errors"
	"slices"

	"github.com/cenote-auth/cenote/awsapi"
	"github.com/cenote-auth/cenote/internal/ident"
	"github.com/cenote-auth/cenote/message"
	"github.com/cenote-auth/cenote/store"
)

// Where a client hides which users exist (AUTH-451), an operation under a name that nobody has goes the way of a user: the same
// arithmetic, as many Updates, the same limits and the same answers (H7). Whoever does not exist is a ghost: an id that follows
// from the name and the pool's key, and always was and will be the same.

// hide gives a scope without a user its ghost.
func (s *Service) hide(ctx context.Context, sc scope) (scope, error) {
	if sc.user != nil || sc.ghost != "" {
		return sc, nil
	}
	crypt, err := s.crypt(ctx, sc.pool)
	if err != nil {
		return sc, err
	}
	sc.ghost = sc.ghostOf(crypt)
	return sc, nil
}

// ghostOf returns the ghost that the scope's name stands for.
func (sc scope) ghostOf(c poolCrypt) string {
	return ident.UUIDFrom(c.key.MAC("ghost", sc.pool.Naming.fold(sc.name)))
}

// ghostName returns what a ghost goes by inside, where users have no name of their own.
func (c poolCrypt) ghostName(ghost string) string {
	return ident.UUIDFrom(c.key.MAC("ghost name", ghost))
}

// nobodyOf makes nobody of the scope's user, in a session: whoever the session is for, if it was given under this name, or under the
// one that he goes by inside; else another one. So a session of somebody else is refused under a name that nobody has as it is under
// a user's, and says nothing about names; and whoever was deleted goes on like everybody (H7).
func (s *Service) nobodyOf(ctx context.Context, sc scope, v session) (scope, error) {
	crypt, err := s.crypt(ctx, sc.pool)
	if err != nil {
		return sc, err
	}
	sc.user, sc.ghost = nil, sc.ghostOf(crypt)
	if sc.ghost == v.Ghost || sc.name == crypt.ghostName(v.Sub) {
		sc.ghost = v.Sub
	}
	return sc, nil
}

// subject names whose attempts are counted: the user's, or the ghost's.
func (sc scope) subject() string {
	if sc.user != nil {
		return sc.user.Sub
	}
	return sc.ghost
}

// impostor returns the scope with somebody in the user's place who only has a code that nobody was told. Codes that are
// pretended to be sent to a user who cannot get one are kept apart from his real ones.
func (sc scope) impostor(c poolCrypt) scope {
	sub := sc.ghost
	if sc.user != nil {
		sub = ident.UUIDFrom(c.key.MAC("impostor", sc.user.Sub))
	}
	sc.user = &userRecord{Sub: sub}
	return sc
}

// pretendCode answers a request for a code as if one had been sent.
func (s *Service) pretendCode(ctx context.Context, sc scope, p codePurpose, kind message.Kind, limit string, max int) (*CodeDeliveryDetailsType, error) {
	sc, err := s.hide(ctx, sc)
	if err != nil {
		return nil, err
	}
	crypt, err := s.crypt(ctx, sc.pool)
	if err != nil {
		return nil, err
	}
	to := sc.simulatedContact(crypt)
	if !s.delivers(sc.pool, to.medium()) { // as it would be for everybody
		return nil, errCodeDeliveryFailure
	}
	if err := s.refuseEarly(ctx, sc.pool, sc.subject(), limit, max); err != nil {
		return nil, err
	}
	code, err := s.newCode()
	if err != nil {
		return nil, err
	}
	msg := sc.impostor(crypt).written(kind, sc.pool.template(kind), to, code, nil)
	destination := destinationKey(crypt, to.value)
	if to.value != sc.name { // a made-up address is nobody else's
		destination = sc.subject()
	}
	err = s.store.Update(ctx, func(tx *store.Tx) error {
		if _, err := s.again(ctx, tx, scope{pool: sc.pool, client: sc.client, proof: sc.proof}); err != nil {
			return err
		}
		if err := s.count(ctx, tx, sc.pool, sc.subject(), limit, max); err != nil {
			return err
		}
		if err := s.enqueueNobody(ctx, tx, sc.pool, crypt, msg, destination); err != nil {
			return err
		}
		if err := s.record(ctx, tx, sc, p.asked()); err != nil {
			return err
		}
		return s.putCode(ctx, tx, crypt, sc.impostor(crypt), p, code, to.attribute, to.value)
	})
	if err == nil {
		s.wakeRunner()
	}
	return to.details(), err
}

// enqueueNobody queues a message to somebody who does not exist: counted, sealed and written as one to a user, so that it costs as
// much, and thrown away when its turn comes (H7, H12).
func (s *Service) enqueueNobody(ctx context.Context, tx *store.Tx, p *poolRecord, c poolCrypt, m outgoing, destination string) error {
	if err := s.count(ctx, tx, p, destination, "message", s.cfg.limits.MessagesPerDestination); err != nil {
		return err
	}
	m.Nobody = true
	m.fromPool(p)
	return s.queue(ctx, tx, p, c, m)
}

// pretendCheck answers a code as if it could be right: expired if none was asked for, else wrong, and counted.
func (s *Service) pretendCheck(ctx context.Context, sc scope, p codePurpose, code, limit string, max int) error {
	sc, err := s.hide(ctx, sc)
	if err != nil {
		return err
	}
	crypt, err := s.crypt(ctx, sc.pool)
	if err != nil {
		return err
	}
	var verdict *awsapi.Error
	err = s.store.Update(ctx, func(tx *store.Tx) (err error) {
		if _, err := s.again(ctx, tx, scope{pool: sc.pool, client: sc.client, proof: sc.proof}); err != nil {
			return err
		}
		if err := s.count(ctx, tx, sc.pool, sc.subject(), limit, max); err != nil {
			return err
		}
		if err := s.record(ctx, tx, sc, EventResponseTypeFail); err != nil {
			return err
		}
		verdict, err = s.checkPretended(ctx, tx, crypt, sc, p, code)
		return err
	})
	if err != nil {
		return err
	}
	return verdict
}

// checkPretended is checkCode for a code that was never sent. Whoever guesses it is told that it is wrong.
func (s *Service) checkPretended(ctx context.Context, tx *store.Tx, c poolCrypt, sc scope, p codePurpose, code string) (*awsapi.Error, error) {
	_, wrong, err := s.checkCode(ctx, tx, c, sc.impostor(c), p, code)
	if wrong == nil {
		wrong = errCodeMismatch
	}
	return wrong, err
}

// simulatedContact is where a code would go for a name that does not exist, or a user who cannot get one: it follows from what
// was typed and the pool's settings, and is the same every time (AUTH-461).
func (sc scope) simulatedContact(c poolCrypt) contact {
	switch {
	case ident.IsEmail(sc.name):
		return contact{"email", sc.name}
	case ident.IsPhone(sc.name):
		return contact{"phone_number", sc.name}
	case sc.pool.autoVerifies("phone_number") && !sc.pool.autoVerifies("email"):
		return sc.simulatedAddress(c, "phone_number")
	}
	return sc.simulatedAddress(c, "email")
}

// simulatedAddress is the address of one kind that somebody who does not exist has: what was typed, if it is one.
func (sc scope) simulatedAddress(c poolCrypt, attribute string) contact {
	if ident.IsEmail(sc.name) && attribute == "email" || ident.IsPhone(sc.name) && attribute == "phone_number" {
		return contact{attribute, sc.name}
	}
	mac := c.key.MAC("ghost contact", sc.pool.Naming.fold(sc.name))
	if attribute == "phone_number" {
		number := []byte("+10000000000")
		for i := range 4 {
			number[len(number)-4+i] = '0' + mac[i]%10
		}
		return contact{"phone_number", string(number)}
	}
	const letters = "abcdefghijklmnopqrstuvwxyz"
	return contact{"email", string(letters[mac[0]%26]) + "@" + string(letters[mac[1]%26])}
}

// tellsWhoExists reports whether an error says something of a user that a client may hide.
func tellsWhoExists(err error) bool {
	return slices.ContainsFunc([]error{
		errUserNotFound, errNameClientNotFound, errUserDisabled, errResetImpossible, errNoRecoveryContact, errNotConfirmed,
	}, func(e error) bool { return errors.Is(err, e) })
}
