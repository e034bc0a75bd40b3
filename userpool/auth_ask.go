package userpool

import (
	"context"

	"github.com/cenote-auth/cenote/message"
	"github.com/cenote-auth/cenote/store"
)

// ask is a challenge to put to whoever signs in.
type ask struct {
	name      ChallengeNameType
	params    map[string]string
	available []ChallengeNameType // what SELECT_CHALLENGE offers
	expect    expectation
	code      *codeAsk     // a code that goes out with it
	custom    *customState // what a question of the pool's functions adds to the progress
}

// codeAsk is a code that is sent with a challenge.
type codeAsk struct {
	to     contact
	digits int
}

// put answers with a challenge. It writes what the step used up or changed, the code's message and whatever does not fit into
// the session; if there is none of that, it writes nothing.
func (s *Service) put(ctx context.Context, in signIn, next *userRecord, st step, q *ask, said *ending) (authAnswer, error) {
	v, err := s.newSession(ctx, in, next, q.name)
	if err != nil {
		return authAnswer{}, err
	}
	v.expectation = q.expect
	if q.custom != nil {
		v.Custom = q.custom
	}
	crypt, err := s.crypt(ctx, in.pool)
	if err != nil {
		return authAnswer{}, err
	}
	if q.code != nil {
		if err := s.composeCode(ctx, in, next, q.code, said); err != nil {
			return authAnswer{}, err
		}
		v.Code = crypt.sessionCode(v, said.message.Code)
		v.Attribute, v.Value = q.code.to.attribute, q.code.to.value
	}
	text, stored, err := s.sealSession(ctx, v)
	if err != nil {
		return authAnswer{}, err
	}
	if q.name == ChallengeNameTypeDeviceSrpAuth {
		st.once = st.once.leadingTo(text)
	}
	if q.code != nil || stored != nil || st.writes(in.user, next) {
		err := s.commit(ctx, in, next, st, nil, func(tx *store.Tx, now scope) error {
			if stored != nil {
				if err := storedSessions.Of(now.pool.id()).Put(ctx, tx, stored); err != nil {
					return err
				}
			}
			if q.code == nil {
				return nil
			}
			return limitAsThrottling(s.enqueueFor(ctx, tx, in, now.pool, crypt, *said.message))
		})
		if err != nil {
			return authAnswer{}, err
		}
		if q.code != nil {
			s.wakeRunner()
		}
	}
	params := q.params
	if params == nil {
		params = map[string]string{}
	}
	return authAnswer{challenge: q.name, session: text, params: params, available: q.available}, nil
}

// composeCode makes a code and the message that brings it. For somebody who does not exist it makes both alike (H7).
func (s *Service) composeCode(ctx context.Context, in signIn, next *userRecord, c *codeAsk, said *ending) error {
	if said.message != nil && said.message.To == c.to.value {
		return nil
	}
	code, err := s.newCodeOf(c.digits)
	if err != nil {
		return err
	}
	if !s.delivers(in.pool, c.to.medium()) {
		return ErrInvalidUserPoolConfiguration.New("The user pool cannot deliver the code.") // AUTH-329 (unconfirmed)
	}
	sc := in.scope
	sc.user = next
	if next == nil || next.Disabled {
		sc.user = &userRecord{Sub: in.subject()}
		said.message = new(sc.written(message.Authentication, sc.pool.template(message.Authentication), c.to, code, nil))
		return nil
	}
	msg, err := s.compose(ctx, sc, message.Authentication, c.to, code, in.metadata)
	if err != nil {
		return err
	}
	said.message = &msg
	return nil
}

// enqueueFor queues the message of a challenge. One to somebody who does not exist costs the same and is not sent (H7, H12).
func (s *Service) enqueueFor(ctx context.Context, tx *store.Tx, in signIn, p *poolRecord, c poolCrypt, m outgoing) error {
	if in.user != nil && !in.user.Disabled {
		return s.enqueue(ctx, tx, p, c, m, false)
	}
	destination := destinationKey(c, m.To)
	if in.user == nil && m.To != in.name { // a made-up address is nobody else's
		destination = in.subject()
	}
	return s.enqueueNobody(ctx, tx, p, c, m, destination)
}
