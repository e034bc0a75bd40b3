package userpool

import (
	"context"
	"errors"
	"slices"

	"github.com/cenote-auth/cenote/risk"
	"github.com/cenote-auth/cenote/store"
)

// How threat protection takes part in a sign-in (AUTH-143): watchSignIn comes before any proof. When the first factor was right, weigh
// judges once, and refuses the sign-in, has it ask for a second factor, or lets it go on as it would; demanded sees to it that no
// tokens come before that. noted writes what became of it, each time in the commit of the step that it became so by.

// riskState is what threat protection demands of a sign-in. It travels in the session.
type riskState string

// The states. A sign-in that nobody has judged has none.
const (
	riskUnknown riskState = ""
	riskJudged  riskState = "j" // nothing more is demanded
	riskFactor  riskState = "f" // a second factor, if the user has one
	riskMust    riskState = "m" // a second factor, and without one the sign-in is refused
)

// errFactorMissing ends a sign-in that has to prove a second factor which its user does not have.
var errFactorMissing = errors.New("a second factor is demanded and there is none")

// riskVerdict is what came of judging a sign-in.
type riskVerdict struct {
	event  *authEvent
	action AccountTakeoverEventActionType // NO_ACTION if nothing was found, and where findings are only recorded
	notify *NotifyConfigurationType       // the texts that tell the user what followed; nil if none is to
	reset  bool                           // the password is compromised, and the pool lets nobody in by such a one
}

// watchSignIn begins to watch a sign-in that has proven nothing yet, if it was not begun before, and refuses an address that the pool
// blocks.
func (s *Service) watchSignIn(ctx context.Context, sc scope, flow AuthFlowType, about requestContext) (scope, error) {
	var err error
	if sc.threat == nil {
		sc, err = s.watch(ctx, sc, EventTypeSignIn, flow, about)
	}
	if err != nil {
		return sc, err
	}
	return sc, sc.threat.refuseAddress()
}

// nextWatched decides what a sign-in has to answer next: nextAsk, what a risk demands, and what the step records of it.
func (s *Service) nextWatched(ctx context.Context, in signIn, next *userRecord, st step, said *ending) (signIn, step, *ask, error) {
	var err error
	if in.Custom == nil {
		if in, err = s.weigh(ctx, in, next, st, said); err != nil {
			return in, st, nil, err
		}
	}
	q, err := s.nextAsk(ctx, &in, next, said)
	if in.Custom != nil && q == nil && err == nil { // the pool's functions let the user in: it is judged now (AUTH-240)
		in, err = s.weigh(ctx, in, next, st, said)
	}
	if err == nil {
		q, err = in.demanded(q, next)
	}
	if errors.Is(err, errFactorMissing) {
		err = s.refuse(ctx, in, st, said)
	}
	if err != nil {
		return in, st, nil, err
	}
	st, err = s.noted(ctx, in, st, q, said)
	return in, st, q, err
}

// weigh judges a sign-in once its first factor was proven, before anything is decided on second factors, and returns it with what is
// demanded of it from now on. The refusal of one that ends here is committed with the step.
func (s *Service) weigh(ctx context.Context, in signIn, next *userRecord, st step, said *ending) (signIn, error) {
	proven := in.Custom != nil || len(in.fresh()) > 0 // what an access token proved was judged then
	if !proven || in.Risk != riskUnknown || next == nil || in.pool.threatMode(in.Flow) == AdvancedSecurityModeTypeOff ||
		next.Status != UserStatusTypeConfirmed && next.Status != UserStatusTypeForceChangePassword {
		return in, nil
	}
	if in.threat == nil { // nothing came before
		var err error
		if in.scope, err = s.watch(ctx, in.scope, EventTypeSignIn, in.Flow, in.about); err != nil {
			return in, err
		}
	}
	if said.verdict == nil {
		v, err := s.riskOf(ctx, in, next)
		if err != nil {
			return in, err
		}
		said.verdict = &v
	}
	v := said.verdict
	factor := len(in.pool.riskFactors(in.progress, next)) > 0 || in.multiFactor()
	in.Risk = riskJudged
	switch v.action {
	case AccountTakeoverEventActionTypeBlock:
		return in, s.refuse(ctx, in, st, said)
	case AccountTakeoverEventActionTypeMfaRequired:
		if !factor && !in.mayBeExempt(next) {
			return in, s.refuse(ctx, in, st, said)
		}
		in.Risk = riskMust
	case AccountTakeoverEventActionTypeMfaIfConfigured:
		if factor {
			in.Risk = riskFactor
		}
	}
	if v.reset {
		return in, s.refuse(ctx, in, st, said)
	}
	return in, nil
}

// riskOf judges a sign-in. next is the user as the step leaves him. A password that was sent in clear was looked up before
// (AUTH-556).
func (s *Service) riskOf(ctx context.Context, in signIn, next *userRecord) (riskVerdict, error) {
	t := in.threat
	in.user = next
	found, err := s.assess(ctx, t, in)
	if err != nil {
		return riskVerdict{}, err
	}
	e := s.eventOf(in.scope, in.Event, EventResponseTypeInProgress)
	e.Level, e.Compromised = found.Level, t.compromised || found.Compromised && t.plain
	e.Challenges = firstAnswers(in.progress)
	v := riskVerdict{event: e, action: AccountTakeoverEventActionTypeNoAction}
	if found.Level > risk.None {
		e.Decision = RiskDecisionTypeAccountTakeover
		if t.enforced() {
			v.action, v.notify = t.settings.actionAt(found.Level)
		}
	}
	// Somebody with a temporary password has to change it anyway (AUTH-028).
	v.reset = e.Compromised && t.blocksCompromised() && next.Status == UserStatusTypeConfirmed
	return v, nil
}

// firstAnswers are what an event tells of the first factor; the API has words for passwords and codes only.
func firstAnswers(p progress) []ChallengeResponseType {
	if len(p.Methods) == 0 {
		return nil
	}
	switch p.Methods[0] {
	case methodPassword:
		return []ChallengeResponseType{answered(ChallengeNamePassword, true)}
	case methodSMS, methodEmail:
		return []ChallengeResponseType{answered(ChallengeNameMfa, true)}
	}
	return nil
}

// riskFactors are the second factors that a user can prove beside what was proven, switched on or not (AUTH-559). A pool without
// second factors has none (AUTH-561).
func (p *poolRecord) riskFactors(in progress, u *userRecord) []ChallengeNameType {
	if p.Settings.MfaConfiguration == UserPoolMfaTypeOff {
		return nil
	}
	var out []ChallengeNameType
	for _, f := range []struct {
		name   ChallengeNameType
		method string
		usable bool
	}{
		{ChallengeNameTypeSmsMfa, methodSMS, p.canSMS(u)}, {ChallengeNameTypeSoftwareTokenMfa, methodTOTP, u.hasTOTP()},
		{ChallengeNameTypeEmailOtp, methodEmail, p.canEmail(u)},
	} {
		if f.usable && !slices.Contains(in.Methods, f.method) {
			out = append(out, f.name)
		}
	}
	if slices.Contains(out, u.MFA.Preferred) {
		return []ChallengeNameType{u.MFA.Preferred}
	}
	return out
}

// multiFactor reports whether what was proven is worth two factors: two methods, or one that is no password and no code. The
// questions of a pool's functions are the first factor of their flow.
func (p progress) multiFactor() bool {
	weak := []string{methodPassword, methodSMS, methodEmail, methodTOTP}
	if p.Custom != nil {
		return slices.ContainsFunc(p.Methods, func(m string) bool { return m != methodPassword })
	}
	return len(p.Methods) > 1 || len(p.Methods) == 1 && !slices.Contains(weak, p.Methods[0])
}

// owesFactor reports whether a second factor is demanded and was not proven yet. A device that replaces second factors replaces this
// one as well (AUTH-379, AUTH-573).
func (in signIn) owesFactor() bool {
	return (in.Risk == riskFactor || in.Risk == riskMust) && !in.multiFactor() && !(in.Device != "" && in.pool.devicesExempt())
}

// mayBeExempt reports whether a device may yet prove itself that exempts from the demand.
func (in signIn) mayBeExempt(next *userRecord) bool {
	return in.Claimed != "" && in.pool.devicesExempt() && next.Status == UserStatusTypeConfirmed
}

// devicesExempt reports whether remembered devices are exempt from second factors that a risk demands: where devices are always
// remembered and replace second factors (AUTH-379, AUTH-573).
func (p *poolRecord) devicesExempt() bool {
	d := p.Settings.DeviceConfiguration
	return d != nil && d.ChallengeRequiredOnNewDevice && !d.DeviceOnlyRememberedOnUserPrompt
}

// demanded adds what a risk demands to what comes next: before tokens, before a device that does not spare it, and in place of a
// first second factor to set up, one that the user has. errFactorMissing: he has none and has to prove one.
func (in signIn) demanded(q *ask, next *userRecord) (*ask, error) {
	if !in.owesFactor() || q != nil && q.name != ChallengeNameTypeMfaSetup &&
		(q.name != ChallengeNameTypeDeviceSrpAuth || in.pool.devicesExempt()) {
		return q, nil
	}
	if list := in.pool.riskFactors(in.progress, next); len(list) > 0 {
		return secondFactorPlan{usable: list}.ask(in, next)
	}
	if in.Risk == riskMust {
		return nil, errFactorMissing
	}
	return q, nil
}

// refuse ends a sign-in whose proofs were right, in one commit with what the step used up: the event, the notice, and a status that
// asks for another password if this one is compromised (AUTH-028, AUTH-557, AUTH-560).
func (s *Service) refuse(ctx context.Context, in signIn, st step, said *ending) error {
	v := said.verdict
	end := step{once: st.once, hold: st.hold}
	var err error
	reset := v != nil && v.reset
	if reset {
		end.change = func(u *userRecord) error {
			u.Status, u.Modified = UserStatusTypeResetRequired, s.store.Now()
			u.CredentialEpoch++
			return nil
		}
	}
	end.also, err = s.noteRefusal(ctx, in, v)
	if err != nil {
		return err
	}
	next, err := end.applied(in)
	if err != nil {
		return err
	}
	if err := s.commit(ctx, in, next, end, nil, func(*store.Tx, scope) error { return nil }); err != nil {
		return err
	}
	s.wakeRunner()
	if reset && v.action != AccountTakeoverEventActionTypeBlock {
		return errResetRequired
	}
	return errSecurity
}
