package userpool

import (
	"context"
	"errors"

	"github.com/cenote-auth/cenote/store"
	"github.com/cenote-auth/cenote/trigger"
)

// customState is what a sign-in by CUSTOM_AUTH has been through. It travels in the sealed session.
type customState struct {
	History  []trigger.ChallengeResult `json:"h,omitempty"` // oldest first
	Private  map[string]string         `json:"p,omitempty"` // what the open question's answer is checked with (AUTH-235)
	Metadata *string                   `json:"m,omitempty"` // what the create function noted of the open question
	Right    bool                      `json:"r,omitempty"` // the last answer was right: it is not counted as a guess
}

const (
	maxCustomRounds = 100      // answers in one sign-in; AWS names no bound (AUTH-236)
	maxCustomState  = 64 << 10 // bytes of names and values that a create function returns
)

// after returns the state after one more step.
func (c customState) after(name ChallengeNameType, result bool) *customState {
	r := trigger.ChallengeResult{ChallengeName: string(name), ChallengeResult: result}
	if name == ChallengeNameTypeCustomChallenge {
		r.ChallengeMetadata = c.Metadata
	}
	return &customState{History: append(c.History[:len(c.History):len(c.History)], r), Right: c.Right}
}

// historicSteps are the challenges of the service that the functions hear of when they are over (AUTH-229, TRG-071): proofs, not a new
// password. Of a wrong password they hear nothing (AUTH-225, unconfirmed). CUSTOM_CHALLENGE notes its own, and a device is asked after
// the functions.
var historicSteps = []ChallengeNameType{
	ChallengeNameTypePasswordVerifier, ChallengeNameTypeSmsMfa, ChallengeNameTypeEmailOtp, ChallengeNameTypeSoftwareTokenMfa,
}

// srpFirst is the CHALLENGE_NAME, and the first element of the history, of a sign-in whose password is proven before the
// function's questions (AUTH-223).
const srpFirst = "SRP_A"

// beginCustom is CUSTOM_AUTH: the pool's functions decide what is asked (AUTH-221…224, TRG-143).
func (s *Service) beginCustom(ctx context.Context, in authStart, sc scope) (authAnswer, error) {
	if sc.pool.lambda().DefineAuthChallenge == "" {
		return authAnswer{}, errNoCustomTriggers
	}
	if err := s.checkSecretHash(ctx, sc, sc.name, in.params["SECRET_HASH"], true); err != nil {
		return authAnswer{}, err
	}
	if sc.user != nil && sc.user.Disabled && sc.client.hides() { // no password says who he is: he is nobody (H7)
		sc.user = nil
	}
	sc, err := s.admit(ctx, sc, in)
	if err != nil {
		return authAnswer{}, err
	}
	if sc.user != nil && !sc.client.hides() { // else when tokens are due, as after a password (AUTH-237)
		switch sc.user.Status {
		case UserStatusTypeUnconfirmed:
			return authAnswer{}, errNotConfirmed
		case UserStatusTypeResetRequired:
			return authAnswer{}, errResetRequired
		}
	}
	si, err := s.newSignIn(sc, in)
	if err != nil {
		return authAnswer{}, err
	}
	si.Custom = &customState{}
	if in.params["CHALLENGE_NAME"] == srpFirst {
		return s.beginCustomSRP(ctx, si, in.params["SRP_A"])
	}
	return s.advance(ctx, si, step{})
}

// beginCustomSRP lets the define function agree to the password first, and asks for it (AUTH-223, AUTH-224).
func (s *Service) beginCustomSRP(ctx context.Context, si signIn, publicKey string) (authAnswer, error) {
	if publicKey == "" {
		return authAnswer{}, errMissingParameter("SRP_A")
	}
	a, err := parsePublicKey(publicKey)
	if err != nil {
		return authAnswer{}, err
	}
	si.Custom = si.Custom.after(srpFirst, true)
	d, err := s.defineChallenge(ctx, si, si.user)
	switch {
	case err != nil:
		return authAnswer{}, err
	case isTrue(d.FailAuthentication):
		return authAnswer{}, errBadCredentials
	case isTrue(d.IssueTokens), d.ChallengeName == nil, *d.ChallengeName != string(ChallengeNameTypePasswordVerifier):
		return authAnswer{}, errUnrecognizable
	}
	return s.putSRP(ctx, si, a, true)
}

// nextCustom asks the pool's functions what comes next: another question, tokens (nil), or the end (AUTH-228, TRG-072). They are
// asked once for a step, however often it is decided anew.
func (s *Service) nextCustom(ctx context.Context, in signIn, next *userRecord, said *ending) (*ask, error) {
	if said.asked {
		return said.question, nil
	}
	d, err := s.defineChallenge(ctx, in, next)
	switch {
	case err != nil:
		return nil, err
	case isTrue(d.FailAuthentication): // wins over IssueTokens (unconfirmed)
		return nil, errBadCredentials
	case isTrue(d.IssueTokens) && next == nil: // AUTH-239
		return nil, errBadCredentials
	case isTrue(d.IssueTokens):
		said.asked = true
		return nil, nil
	case d.ChallengeName == nil:
		return nil, errUnrecognizable
	}
	q, err := s.customAsk(ctx, in, next, ChallengeNameType(*d.ChallengeName))
	if err == nil {
		said.asked, said.question = true, q
	}
	return q, err
}

// customAsk puts the challenge that the define function named: the create function's question, or one of the service's own
// (TRG-073).
func (s *Service) customAsk(ctx context.Context, in signIn, next *userRecord, name ChallengeNameType) (*ask, error) {
	switch name {
	case ChallengeNameTypeCustomChallenge:
		return s.createChallenge(ctx, in, next)
	case ChallengeNameTypeSmsMfa, ChallengeNameTypeEmailOtp, ChallengeNameTypeSoftwareTokenMfa:
		if next != nil && in.pool.canUse(next, name) {
			return askSecondFactor(in, next, name)
		}
	}
	return nil, errUnrecognizable
}

// canUse reports whether the user can prove a second factor that way, switched on or not.
func (p *poolRecord) canUse(u *userRecord, f ChallengeNameType) bool {
	switch f {
	case ChallengeNameTypeSmsMfa:
		return p.canSMS(u)
	case ChallengeNameTypeEmailOtp:
		return p.canEmail(u)
	case ChallengeNameTypeSoftwareTokenMfa:
		return u.hasTOTP()
	}
	return false
}

// answerCustom has the verify function check an answer. The session is used up before the function runs, and the answer is
// counted as a guess until it turns out to be right: racing answers, in one session or in many, are so many counted guesses
// (C3, AUTH-234). That it was right is noted when the next answer of the session comes, or tokens do: who goes away after a right
// answer leaves a guess behind for a day.
func (s *Service) answerCustom(ctx context.Context, in authAnswerInput, sc scope) (authAnswer, error) {
	si, v, err := s.resume(ctx, in, sc)
	if err != nil {
		return authAnswer{}, err
	}
	if si.Custom == nil {
		return authAnswer{}, errSessionInvalid
	}
	if len(si.Custom.History) >= maxCustomRounds {
		return authAnswer{}, errBadCredentials
	}
	si, h, err := s.consumeCustom(ctx, si, v)
	if err != nil {
		return authAnswer{}, err
	}
	right, err := s.verifyChallenge(ctx, si, in.responses["ANSWER"])
	if err != nil {
		return authAnswer{}, err
	}
	si.Custom.Right = right
	si.Custom = si.Custom.after(ChallengeNameTypeCustomChallenge, right)
	return s.advance(ctx, si, step{hold: h})
}

// consumeCustom uses a session up and counts its answer. It returns the sign-in as it was read for that.
func (s *Service) consumeCustom(ctx context.Context, in signIn, v session) (signIn, *hold, error) {
	h := &hold{subject: in.subject(), factor: factorCustom}
	o := v.useOf()
	err := s.store.Update(ctx, func(tx *store.Tx) error {
		found := h.find(in.pool)
		now, err := s.againShared(ctx, tx.Get, in.scope, found)
		if err != nil {
			return err
		}
		if now.user != nil && (now.user.Disabled || now.user.CredentialEpoch != v.Epoch) {
			return errSessionInvalid
		}
		if found.Got != nil && tx.Now().Before(s.cfg.limits.factorLockedUntil(found.Got.Attempts)) {
			return errFactorLocked
		}
		counted := found.Got.failed(tx.Now())
		if in.Custom.Right && found.Got != nil {
			counted.Attempts.Failed-- // the answer before was none
		}
		counted.Subject, counted.Factor, counted.Ends = h.subject, h.factor, tx.Now().Add(factorMemory)
		h.version = 1
		if found.Got != nil {
			h.version += found.Got.Version
		}
		if err := found.Got.put(ctx, tx, now.pool, counted); err != nil {
			return err
		}
		in.user, in.pool, in.client = now.user, now.pool, now.client
		return o.use(ctx, tx, now.pool)
	})
	switch {
	case usedBefore(err):
		return in, nil, o.again
	case errors.Is(err, ErrUserNotFound):
		return in, nil, errSessionInvalid
	}
	return in, h, err
}

// The three functions of the flow (TRG-070…077). Metadata is that of respond operations only.

func (s *Service) defineChallenge(ctx context.Context, in signIn, next *userRecord) (trigger.DefineAuthChallengeResponse, error) {
	event := trigger.DefineAuthChallengeEvent{TriggerSource: trigger.DefineAuthChallengeAuthentication}
	sc := in.as(next)
	event.Request = trigger.DefineAuthChallengeRequest{
		UserAttributes: sc.triggerAttributes(), Session: in.Custom.History, ClientMetadata: in.metadata, UserNotFound: sc.notFound(),
	}
	s.fillEvent(&event.Region, &event.UserPoolID, &event.UserName, &event.CallerContext, sc)
	return runCustom(ctx, s, in.pool.lambda().DefineAuthChallenge, event)
}

func (s *Service) createChallenge(ctx context.Context, in signIn, next *userRecord) (*ask, error) {
	event := trigger.CreateAuthChallengeEvent{TriggerSource: trigger.CreateAuthChallengeAuthentication}
	sc := in.as(next)
	event.Request = trigger.CreateAuthChallengeRequest{
		UserAttributes: sc.triggerAttributes(), ChallengeName: string(ChallengeNameTypeCustomChallenge), Session: in.Custom.History,
		ClientMetadata: in.metadata, UserNotFound: sc.notFound(),
	}
	s.fillEvent(&event.Region, &event.UserPoolID, &event.UserName, &event.CallerContext, sc)
	answer, err := runCustom(ctx, s, in.pool.lambda().CreateAuthChallenge, event)
	if err != nil {
		return nil, err
	}
	crypt, err := s.crypt(ctx, in.pool)
	if err != nil {
		return nil, err
	}
	size := 0
	params := map[string]string{}
	for k, v := range answer.PublicChallengeParameters {
		params[k] = v
		size += len(k) + len(v)
	}
	for k, v := range answer.PrivateChallengeParameters {
		size += len(k) + len(v)
	}
	if answer.ChallengeMetadata != nil {
		size += len(*answer.ChallengeMetadata)
	}
	if size > maxCustomState {
		return nil, errUnrecognizable
	}
	params["USERNAME"] = sc.internalName(crypt)
	state := *in.Custom
	state.Private, state.Metadata = answer.PrivateChallengeParameters, answer.ChallengeMetadata
	return &ask{name: ChallengeNameTypeCustomChallenge, params: params, custom: &state}, nil
}

func (s *Service) verifyChallenge(ctx context.Context, in signIn, answer string) (bool, error) {
	event := trigger.VerifyAuthChallengeResponseEvent{TriggerSource: trigger.VerifyAuthChallengeResponseAuthentication}
	event.Request = trigger.VerifyAuthChallengeResponseRequest{
		UserAttributes: in.triggerAttributes(), PrivateChallengeParameters: in.Custom.Private, ChallengeAnswer: answer,
		ClientMetadata: in.metadata, UserNotFound: in.notFound(),
	}
	s.fillEvent(&event.Region, &event.UserPoolID, &event.UserName, &event.CallerContext, in.scope)
	verdict, err := runCustom(ctx, s, in.pool.lambda().VerifyAuthChallengeResponse, event)
	return isTrue(verdict.AnswerCorrect), err
}

// runCustom runs one of the three functions; a pool that lacks it has no such flow (AUTH-221).
func runCustom[Req, Resp any](ctx context.Context, s *Service, arn string, event trigger.Event[Req, Resp]) (Resp, error) {
	if arn == "" {
		var none Resp
		return none, errNoCustomTriggers
	}
	return trigger.Run(ctx, s.triggers, arn, event)
}

var (
	errNoCustomTriggers = ErrInvalidParameter.New("Custom auth lambda trigger is not configured for the user pool.") // AUTH-221
	errUnrecognizable   = ErrInvalidLambdaResponse.New("Unrecognizable lambda output")
)

// as returns the scope with the user as a step leaves him.
func (in signIn) as(next *userRecord) scope {
	sc := in.scope
	sc.user = next
	return sc
}

// notFound is what events tell of who exists: only where the client hides it (TRG-060).
func (sc scope) notFound() *bool {
	if !sc.client.hides() {
		return nil
	}
	return new(sc.user == nil)
}
