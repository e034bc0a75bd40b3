package userpool

import (
	"context"

	"github.com/cenote-auth/cenote/risk"
)

// threat is what threat protection knows of a request before anything is proven: where it comes from and what the pool wants done. It
// travels in the scope. A nil threat is a request that it does not watch: then nothing is read, asked or written.
type threat struct {
	kind     EventType                // what the request is
	mode     AdvancedSecurityModeType // AUDIT or ENFORCED
	settings *RiskConfigurationType
	about    requestContext
	place    risk.Place
	blocked  bool // by an address list
	skipped  bool

	plain       bool // the request brought a password in clear, which was looked up if anybody knows
	compromised bool // it is known to attackers
}

// enforced reports whether what is found is acted upon; else it is only recorded (AUTH-551).
func (t *threat) enforced() bool { return t != nil && t.mode == AdvancedSecurityModeTypeEnforced }

// watch begins to watch a request, if the pool's mode says so: that for the flow of a sign-in, and else the one for flow "".
func (s *Service) watch(ctx context.Context, sc scope, kind EventType, flow AuthFlowType, about requestContext) (scope, error) {
	mode := sc.pool.threatMode(flow)
	if mode == AdvancedSecurityModeTypeOff {
		return sc, nil
	}
	settings, err := s.riskSettings(ctx, s.store.Read, sc)
	if err != nil {
		return sc, err
	}
	t := &threat{kind: kind, mode: mode, settings: settings, about: about, place: s.locate(ctx, about)}
	t.blocked, t.skipped = settings.exceptions(about.IP)
	sc.threat = t
	return sc, nil
}

// watchFrom is watch for public operations that are no sign-in, which say in UserContextData where they come from.
func (s *Service) watchFrom(ctx context.Context, sc scope, kind EventType, data *UserContextDataType) (scope, error) {
	about, err := s.requestOf(ctx, sc.client, data, nil)
	if err != nil {
		return sc, err
	}
	return s.watch(ctx, sc, kind, "", about)
}

// locate returns where an address is, as far as anybody knows.
func (s *Service) locate(ctx context.Context, about requestContext) risk.Place {
	if s.cfg.locator == nil || !about.IP.IsValid() {
		return risk.Place{}
	}
	place, err := s.cfg.locator.Locate(ctx, about.IP)
	if err != nil {
		s.cfg.logger.WarnContext(ctx, "address was not located", "err", err)
		return risk.Place{}
	}
	place.City, place.Country, place.Timezone = cut(place.City, maxPlaceName), cut(place.Country, maxPlaceName), cut(place.Timezone, maxPlaceName)
	return place
}

// refuseAddress refuses an address that the pool blocks (AUTH-560, AUTH-562). It comes before the pre authentication trigger and
// before any proof, and is the same whoever is named. Nothing is recorded: who is refused has proven nothing.
func (t *threat) refuseAddress() error {
	if t.enforced() && t.blocked {
		return errSecurity
	}
	return nil
}
