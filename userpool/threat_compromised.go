package userpool

import (
	"context"
	"slices"
)

// CompromisedPasswords knows which passwords are in the hands of attackers. Package compromised has some.
type CompromisedPasswords interface {
	// Compromised reports whether a password is known. It is asked wherever threat protection is on and a password reaches the
	// service in clear, after everything that is cheaper, and outside of any transaction. It MUST be safe for concurrent use, end
	// when ctx does, and neither keep nor log a password nor put one into an error. An error lets the password pass, with a line
	// in the log: a source that is down locks nobody out.
	Compromised(ctx context.Context, password string) (bool, error)
}

var errCompromised = ErrInvalidPassword.New("Provided password cannot be used for security reasons.") // AUTH-557

// lookUp finds out whether a password is compromised, on an occasion at which the pool looks (AUTH-555, AUTH-556). The scope that
// it returns knows.
func (s *Service) lookUp(ctx context.Context, sc scope, at EventFilterType, password string) scope {
	if sc.threat == nil || !sc.threat.settings.looksAt(at) {
		return sc
	}
	t := *sc.threat
	t.plain = true
	sc.threat = &t
	if s.cfg.compromised == nil {
		return sc
	}
	known, err := s.cfg.compromised.Compromised(ctx, password)
	if err != nil {
		s.cfg.logger.WarnContext(ctx, "compromised passwords were not looked up: the password passes", "err", err)
		return sc
	}
	t.compromised = known
	return sc
}

// refuseCompromised is lookUp for a password that is to be set: it refuses one that the pool blocks (AUTH-557).
func (s *Service) refuseCompromised(ctx context.Context, sc scope, at EventFilterType, password string) (scope, error) {
	if sc = s.lookUp(ctx, sc, at, password); sc.threat != nil && sc.threat.compromised && sc.threat.blocksCompromised() {
		return sc, errCompromised
	}
	return sc, nil
}

// checkNewPassword refuses a password that somebody chooses in place of another, if it violates the policy or is compromised. Whoever
// is looked up elsewhere is first held against what costs nothing.
func (s *Service) checkNewPassword(ctx context.Context, sc scope, password string) (scope, error) {
	if sc.threat == nil {
		return sc, nil
	}
	if err := sc.pool.checkPassword(password); err != nil {
		return sc, err
	}
	return s.refuseCompromised(ctx, sc, EventFilterTypePasswordChange, password)
}

// looksAt reports whether passwords are looked up on an occasion; without a filter on all.
func (r *RiskConfigurationType) looksAt(at EventFilterType) bool {
	c := r.CompromisedCredentialsRiskConfiguration
	return c == nil || len(c.EventFilter) == 0 || slices.Contains(c.EventFilter, at)
}

// blocksCompromised reports whether a compromised password is refused, and not only recorded.
func (t *threat) blocksCompromised() bool {
	if !t.enforced() {
		return false
	}
	c := t.settings.CompromisedCredentialsRiskConfiguration
	return c != nil && c.Actions.EventAction == CompromisedCredentialsEventActionTypeBlock
}
