package userpool

import (
	"cmp"
	"context"
	"slices"

	"github.com/cenote-auth/cenote/internal/useragent"
	"github.com/cenote-auth/cenote/risk"
	"github.com/cenote-auth/cenote/store"
)

// assess asks how likely it is that the sign-in is not the user's own. An assessor that fails finds no risk.
func (s *Service) assess(ctx context.Context, t *threat, in signIn) (risk.Assessment, error) {
	if t.skipped { // AUTH-562
		return risk.Assessment{}, nil
	}
	history, err := s.history(ctx, in.scope)
	if err != nil {
		return risk.Assessment{}, err
	}
	found, err := s.cfg.assessor.Assess(ctx, risk.Attempt{
		PoolID: in.pool.id(), ClientID: in.client.id(), Sub: in.user.Sub, Username: in.user.name(), Flow: string(in.Flow),
		Event: risk.Event{
			Kind: string(EventTypeSignIn), At: s.store.Now(), IP: t.about.IP, Device: useragent.Name(t.about.UserAgent), Place: t.place,
		},
		UserAgent: t.about.UserAgent, Fingerprint: t.about.Device, History: history,
	})
	if err != nil {
		s.cfg.logger.WarnContext(ctx, "risk was not assessed: the sign-in goes on as one without", "pool", in.pool.id(), "err", err)
		return risk.Assessment{}, nil
	}
	found.Level = min(max(found.Level, risk.None), risk.High)
	if found.Level > risk.None {
		s.cfg.logger.DebugContext(ctx, "risk was found", "pool", in.pool.id(), "level", found.Level.String(), "reasons", found.Reasons)
	}
	return found, nil
}

// history returns what an assessor learns of the user's past, newest first.
func (s *Service) history(ctx context.Context, sc scope) ([]risk.Event, error) {
	var recent, lasting store.Page[authEvent]
	table := authEvents.Of(sc.pool.id())
	err := s.store.View(ctx, func(r *store.Reader) (err error) {
		sub := []string{sc.user.Sub}
		if recent, err = table.Scan(ctx, r, store.Query{Value: sub, Limit: risk.HistoryRecent, Reverse: true}); err != nil {
			return err
		}
		if recent.Next == "" { // all of it
			lasting = store.Page[authEvent]{}
			return nil
		}
		lasting, err = table.Scan(ctx, r, store.Query{Index: indexLasting, Value: sub, Limit: risk.HistoryLasting, Reverse: true})
		return err
	})
	if err != nil {
		return nil, err
	}
	all := recent.Records
	for _, e := range lasting.Records {
		if !slices.ContainsFunc(all, func(r *authEvent) bool { return r.ID == e.ID }) {
			all = append(all, e)
		}
	}
	slices.SortStableFunc(all, func(a, b *authEvent) int { return cmp.Or(b.At.Compare(a.At), cmp.Compare(b.ID, a.ID)) })
	out := make([]risk.Event, 0, len(all))
	for _, e := range all {
		out = append(out, e.past())
	}
	return out, nil
}

// past returns the event as assessors see it.
func (e *authEvent) past() risk.Event {
	out := risk.Event{Kind: string(e.Kind), At: e.At, IP: knownAddress(e.IP), Device: e.Device, Place: e.Place, Level: e.Level}
	switch e.Response {
	case EventResponseTypePass:
		out.Outcome = risk.Passed
	case EventResponseTypeFail:
		out.Outcome = risk.Failed
	}
	switch e.Feedback {
	case FeedbackValueTypeValid:
		out.Feedback = risk.Valid
	case FeedbackValueTypeInvalid:
		out.Feedback = risk.Invalid
	}
	return out
}
