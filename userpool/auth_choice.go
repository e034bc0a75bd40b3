package userpool

import (
	"context"
	"slices"

	"github.com/cenote-auth/cenote/store"
)

// USER_AUTH lets whoever signs in choose how: the first factors of the pool that he has (AUTH-271…291). A sign-in towards a level
// (step_up.go) chooses among the ways to that level by the same means.

// choice is what a request wants to be asked.
type choice struct {
	wish   ChallengeNameType // "" is any
	strict bool              // the wish was offered before: there is nothing to fall back to
}

// proofs are what may come with a choice (AUTH-277…279).
type proofs struct{ password, srpA string }

func proofsIn(params map[string]string) proofs {
	return proofs{password: params["PASSWORD"], srpA: params["SRP_A"]}
}

var (
	errNotOffered   = ErrInvalidParameter.New("The selected challenge is not available.") // AUTH-281 (unconfirmed text)
	errBadPreferred = ErrInvalidParameter.New("Invalid PREFERRED_CHALLENGE.")             // unconfirmed text
)

// preferable are the values of PREFERRED_CHALLENGE (AUTH-272).
var preferable = []ChallengeNameType{
	ChallengeNameTypePassword, ChallengeNameTypePasswordSrp, ChallengeNameTypeEmailOtp, ChallengeNameTypeSmsOtp, ChallengeNameTypeWebAuthn,
}

// beginChoice is USER_AUTH. Without a choice it asks for one, or puts the only challenge there is (AUTH-275); a preference that the
// user has not falls back to that (AUTH-276). What comes with a preferred password is taken at once (AUTH-277, AUTH-278).
func (s *Service) beginChoice(ctx context.Context, in authStart, sc scope) (authAnswer, error) {
	if err := s.checkSecretHash(ctx, sc, sc.name, in.params["SECRET_HASH"], true); err != nil {
		return authAnswer{}, err
	}
	wish := ChallengeNameType(in.params["PREFERRED_CHALLENGE"])
	if wish != "" && !slices.Contains(preferable, wish) {
		return authAnswer{}, errBadPreferred
	}
	aim, err := s.stepUpOf(ctx, sc, in.params)
	if err != nil {
		return authAnswer{}, err
	}
	if given := proofsIn(in.params).password; wish == ChallengeNameTypePassword && given != "" { // AUTH-148
		if sc, err = s.watch(ctx, sc, EventTypeSignIn, in.flow, in.about); err != nil {
			return authAnswer{}, err
		}
		if sc, err = s.migrateUser(ctx, sc, given, in.metadata, nil); err != nil {
			return authAnswer{}, err
		}
	}
	if sc, err = s.admit(ctx, sc, in); err != nil {
		return authAnswer{}, err
	}
	if in.session != "" {
		return s.beginConfirmed(ctx, in, sc, aim)
	}
	if sc.user != nil && sc.user.Status == UserStatusTypeResetRequired && !sc.client.hides() {
		return authAnswer{}, errResetRequired // AUTH-147
	}
	si, err := s.newSignIn(sc, in)
	if err != nil {
		return authAnswer{}, err
	}
	si.progress = si.towards(aim)
	if err := s.alreadyThere(ctx, &si, aim); err != nil {
		return authAnswer{}, err
	}
	offered, err := s.offers(ctx, si, sc.user)
	if err != nil {
		return authAnswer{}, err
	}
	if given := proofsIn(in.params); si.suits(wish, offered, given) {
		a, err := s.take(ctx, si, wish, given, nil)
		if a.challenge == ChallengeNameTypePasswordVerifier {
			a.available = offered
		}
		return a, err
	}
	si.choice = &choice{wish: wish}
	return s.advance(ctx, si, step{})
}

// suits reports whether a wish comes with its proof.
func (in signIn) suits(wish ChallengeNameType, offered []ChallengeNameType, given proofs) bool {
	return slices.Contains(offered, wish) && (wish == ChallengeNameTypePassword && given.password != "" ||
		wish == ChallengeNameTypePasswordSrp && given.srpA != "")
}

// take goes the chosen way. o is the session that the choice uses up, or nil at the beginning.
func (s *Service) take(ctx context.Context, si signIn, name ChallengeNameType, given proofs, o *once) (authAnswer, error) {
	switch {
	case name == ChallengeNameTypePassword && given.password != "":
		return s.takePassword(ctx, si, given.password, o)
	case name == ChallengeNameTypePasswordSrp && given.srpA != "":
		return s.takeSRP(ctx, si, given.srpA, o)
	}
	si.choice = &choice{wish: name, strict: true}
	return s.advance(ctx, si, step{once: o})
}

// takePassword goes on from a right password as the classic flows do (AUTH-287). A wrong one leaves the session and counts.
func (s *Service) takePassword(ctx context.Context, si signIn, password string, o *once) (authAnswer, error) {
	if err := s.refuseUsed(ctx, si.pool, o); err != nil {
		return authAnswer{}, err
	}
	var err error
	if si.scope, err = s.watchSignIn(ctx, si.scope, si.Flow, si.about); err != nil {
		return authAnswer{}, err
	}
	if si.scope, err = s.provePassword(ctx, si.scope, password); err != nil {
		return authAnswer{}, err
	}
	si.progress = si.proven(methodPassword)
	return s.advance(ctx, si, step{once: o})
}

// takeSRP asks for the proof of a password. The session of the choice is used up; at the beginning nothing is written.
func (s *Service) takeSRP(ctx context.Context, si signIn, srpA string, o *once) (authAnswer, error) {
	a, err := parsePublicKey(srpA)
	if err != nil {
		return authAnswer{}, err
	}
	if err := s.refuseUsed(ctx, si.pool, o); err != nil {
		return authAnswer{}, err
	}
	answer, err := s.putSRP(ctx, si, a, true)
	if err != nil || o == nil {
		return answer, err
	}
	err = s.store.Update(ctx, func(tx *store.Tx) error {
		if _, err := s.again(ctx, tx, si.scope); err != nil {
			return err
		}
		return o.use(ctx, tx, si.pool)
	})
	switch {
	case usedBefore(err):
		return authAnswer{}, o.again
	case err != nil:
		return authAnswer{}, err
	}
	return answer, nil
}

// answerChoice is the answer to SELECT_CHALLENGE: a choice, and perhaps its proof (AUTH-279). Without the proof that challenge is
// put (AUTH-280; for passwords unconfirmed).
func (s *Service) answerChoice(ctx context.Context, in authAnswerInput, sc scope) (authAnswer, error) {
	si, v, err := s.resume(ctx, in, sc)
	if err != nil {
		return authAnswer{}, err
	}
	name := ChallengeNameType(in.responses["ANSWER"])
	if !slices.Contains(v.Choices, name) {
		return authAnswer{}, errNotOffered
	}
	return s.take(ctx, si, name, proofsIn(in.responses), v.useOf())
}

// answerPassword is the answer to PASSWORD and PASSWORD_SRP.
func (s *Service) answerPassword(ctx context.Context, in authAnswerInput, sc scope) (authAnswer, error) {
	si, v, err := s.resume(ctx, in, sc)
	if err != nil {
		return authAnswer{}, err
	}
	return s.take(ctx, si, in.challenge, proofsIn(in.responses), v.useOf())
}

// askChosen puts what the request chose, if it is still to be had: decided anew with every attempt to commit (C2). next is the
// user, or nil for somebody who does not exist, who is asked like everybody (AUTH-289, H7).
func (s *Service) askChosen(ctx context.Context, in signIn, next *userRecord) (*ask, error) {
	offered, err := s.offers(ctx, in, next)
	if err != nil {
		return nil, err
	}
	wish := in.choice.wish
	switch {
	case slices.Contains(offered, wish):
		q, err := s.askFor(ctx, in, next, wish)
		if err == nil && !in.choice.strict {
			q.available = offered // AUTH-273
		}
		return q, err
	case in.choice.strict:
		return nil, errSessionInvalid
	}
	return s.askOneOf(ctx, in, next, offered)
}

// askOneOf puts the only challenge, or lets the caller choose one (AUTH-275).
func (s *Service) askOneOf(ctx context.Context, in signIn, next *userRecord, offered []ChallengeNameType) (*ask, error) {
	switch len(offered) {
	case 0:
		return nil, errBadCredentials // has nothing to sign in with
	case 1:
		q, err := s.askFor(ctx, in, next, offered[0])
		if err == nil && in.choice != nil {
			q.available = offered
		}
		return q, err
	}
	return &ask{name: ChallengeNameTypeSelectChallenge, available: offered, expect: expectation{Choices: offered}}, nil
}

// askFor puts one challenge.
func (s *Service) askFor(ctx context.Context, in signIn, next *userRecord, name ChallengeNameType) (*ask, error) {
	switch name {
	case ChallengeNameTypePassword, ChallengeNameTypePasswordSrp:
		return &ask{name: name}, nil
	case ChallengeNameTypeSoftwareTokenMfa, ChallengeNameTypeSmsMfa:
		return askSecondFactor(in, next, name)
	case ChallengeNameTypeWebAuthn:
		return s.askPasskey(ctx, in, next)
	case ChallengeNameTypeEmailOtp, ChallengeNameTypeSmsOtp:
		return s.askFirstCode(ctx, in, next, name)
	}
	return nil, errSessionInvalid
}

// askFirstCode asks for a one-time code. A client that does not hide who exists tells at once who could not sign in with it; every
// other one tells the owner of the address, who has the code.
func (s *Service) askFirstCode(ctx context.Context, in signIn, next *userRecord, name ChallengeNameType) (*ask, error) {
	attribute := codeFactors[name].attribute
	if next == nil {
		crypt, err := s.crypt(ctx, in.pool)
		if err != nil {
			return nil, err
		}
		return askCode(in, name, in.simulatedAddress(crypt, attribute)), nil
	}
	if !in.client.hides() && next.Status != UserStatusTypeConfirmed {
		if q, err := s.askStatus(in, next); q != nil || err != nil {
			return q, err
		}
	}
	return askCode(in, name, contact{attribute, next.Attributes[attribute]}), nil
}
