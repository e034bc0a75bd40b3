package userpool

import (
	"context"
	"slices"

	"github.com/cenote-auth/cenote/store"
)

// noteFunc are writes of threat protection in the commit of a step.
type noteFunc = func(ctx context.Context, tx *store.Tx, now scope) error

// noted adds to a step what records how a watched sign-in stands after it: it waits for q, or has come to its end.
func (s *Service) noted(ctx context.Context, in signIn, st step, q *ask, said *ending) (step, error) {
	if in.Risk == riskUnknown || in.pool.threatMode(in.Flow) == AdvancedSecurityModeTypeOff {
		return st, nil
	}
	response := EventResponseTypePass
	if q != nil {
		response = EventResponseTypeInProgress
	}
	var note noteFunc
	if v := said.verdict; v != nil {
		action := AccountTakeoverEventActionTypeNoAction
		if in.Risk == riskFactor || in.Risk == riskMust {
			action = v.action
		}
		var err error
		if note, err = s.noteEvent(ctx, in, v, action, response, v.event.Decision); err != nil {
			return st, err
		}
	} else {
		note = s.noteAnswer(in, response, true)
	}
	before := st.also
	st.also = func(ctx context.Context, tx *store.Tx, now scope) error {
		if before != nil {
			if err := before(ctx, tx, now); err != nil {
				return err
			}
		}
		return note(ctx, tx, now)
	}
	return st, nil
}

// toldBefore reports whether err is a second event of one sign-in: somebody else has answered with the same proof.
func toldBefore(err error) bool {
	c := store.AsConflict(err)
	return c != nil && c.Kind == authEvents.Name()
}

// noteRefusal records that a sign-in was refused: by the verdict of this very step, or of an earlier one if v is nil.
func (s *Service) noteRefusal(ctx context.Context, in signIn, v *riskVerdict) (noteFunc, error) {
	if v == nil {
		return func(ctx context.Context, tx *store.Tx, now scope) error {
			return s.changeEvent(ctx, tx, now, in.Event, func(e *authEvent) {
				e.Response, e.Decision = EventResponseTypeFail, RiskDecisionTypeBlock
			})
		}, nil
	}
	return s.noteEvent(ctx, in, v, AccountTakeoverEventActionTypeBlock, EventResponseTypeFail, RiskDecisionTypeBlock)
}

// noteEvent records the event of a verdict, and queues the notice of what followed.
func (s *Service) noteEvent(
	ctx context.Context, in signIn, v *riskVerdict, action AccountTakeoverEventActionType, response EventResponseType, decision RiskDecisionType,
) (noteFunc, error) {
	crypt, err := s.crypt(ctx, in.pool)
	if err != nil {
		return nil, err
	}
	event := *v.event
	event.Response, event.Decision = response, decision
	mail := s.notice(crypt, in, v, action)
	return func(ctx context.Context, tx *store.Tx, now scope) error {
		if err := s.recordEvent(ctx, tx, now, &event); err != nil {
			return err
		}
		return s.enqueueNotice(ctx, tx, now.pool, crypt, mail)
	}, nil
}

// secondFactorAnswers are the challenges that an event calls Mfa.
var secondFactorAnswers = []ChallengeNameType{
	ChallengeNameTypeSmsMfa, ChallengeNameTypeEmailOtp, ChallengeNameTypeSoftwareTokenMfa,
}

// noteAnswer records a later step in the event that the first one began.
func (s *Service) noteAnswer(in signIn, response EventResponseType, right bool) noteFunc {
	return func(ctx context.Context, tx *store.Tx, now scope) error {
		return s.changeEvent(ctx, tx, now, in.Event, func(e *authEvent) {
			e.Response = response
			e.Compromised = e.Compromised || now.threat != nil && now.threat.compromised
			if slices.Contains(secondFactorAnswers, in.answered) && len(e.Challenges) < maxEventChallenges {
				e.Challenges = append(slices.Clone(e.Challenges), answered(ChallengeNameMfa, right))
			}
		})
	}
}

// noteWrong records a wrong answer, in the Update that counts it: in the event of a sign-in whose first factor was right, else as one
// of its own, for somebody who does not exist as well (H7).
func (s *Service) noteWrong(ctx context.Context, tx *store.Tx, in signIn) error {
	if in.pool.threatMode(in.Flow) == AdvancedSecurityModeTypeOff {
		return nil
	}
	if in.Risk == riskUnknown {
		return s.record(ctx, tx, in.scope, EventResponseTypeFail, answered(ChallengeNameMfa, false))
	}
	return s.noteAnswer(in, EventResponseTypeFail, false)(ctx, tx, in.scope)
}
