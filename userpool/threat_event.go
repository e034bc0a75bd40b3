package userpool

import (
	"context"
	"time"

	"github.com/cenote-auth/cenote/internal/ident"
	"github.com/cenote-auth/cenote/internal/useragent"
	"github.com/cenote-auth/cenote/risk"
	"github.com/cenote-auth/cenote/store"
)

const (
	eventYears = 2         // how long an event is kept (AUTH-570)
	ghostLife  = time.Hour // and one of somebody who does not exist, which is only there because one of a user would be (H7)

	maxEventChallenges = 20 // that an event tells of
)

// eventOf begins an event of what the scope's request is; nil if threat protection does not watch. Its id is that of the tokens
// which may come of it (AUTH-570).
func (s *Service) eventOf(sc scope, id string, response EventResponseType) *authEvent {
	t := sc.threat
	if t == nil {
		return nil
	}
	e := &authEvent{
		ID: id, Kind: t.kind, At: s.store.Now(), Response: response, Decision: RiskDecisionTypeNoRisk, Device: useragent.Name(t.about.UserAgent),
		Place: t.place, Compromised: t.compromised,
	}
	if t.about.IP.IsValid() {
		e.IP = t.about.IP.String()
	}
	if sc.client != nil {
		e.ClientID = sc.client.id()
	}
	return e
}

// record stores how the scope's request ended, in the Update of the step that it tells of, if threat protection watches. steps are
// the challenges that were answered.
func (s *Service) record(ctx context.Context, tx *store.Tx, sc scope, response EventResponseType, steps ...ChallengeResponseType) error {
	if sc.threat == nil {
		return nil
	}
	id, err := ident.UUID(s.rand)
	if err != nil {
		return err
	}
	e := s.eventOf(sc, id, response)
	e.Challenges = steps
	return s.recordEvent(ctx, tx, sc, e)
}

// asked is how a request for a code ends: a reset waits for the code.
func (p codePurpose) asked() EventResponseType {
	if p == codeReset {
		return EventResponseTypeInProgress
	}
	return EventResponseTypePass
}

// recordEvent stores an event of the scope's user, or of whoever stands for a name that does not exist. It changes no event that it
// gets.
func (s *Service) recordEvent(ctx context.Context, tx *store.Tx, sc scope, e *authEvent) error {
	if e == nil {
		return nil
	}
	rec := *e
	rec.Sub, rec.Ends = sc.subject(), rec.At.AddDate(eventYears, 0, 0)
	if sc.user == nil {
		rec.Ends = rec.At.Add(ghostLife)
	}
	return authEvents.Of(sc.pool.id()).Put(ctx, tx, &rec)
}

// changeEvent changes an event of the scope's user, if it is there.
func (s *Service) changeEvent(ctx context.Context, tx *store.Tx, sc scope, id string, change func(e *authEvent)) error {
	table := authEvents.Of(sc.pool.id())
	find := table.FindBy(indexEvent, id)
	if err := tx.Get(ctx, find); err != nil {
		return err
	}
	if find.Got == nil || find.Got.Sub != sc.subject() {
		return nil
	}
	rec := *find.Got
	change(&rec)
	return table.Put(ctx, tx, &rec)
}

// answered is one challenge of an event.
func answered(name ChallengeName, ok bool) ChallengeResponseType {
	if !ok {
		return ChallengeResponseType{ChallengeName: name, ChallengeResponse: ChallengeResponseFailure}
	}
	return ChallengeResponseType{ChallengeName: name, ChallengeResponse: ChallengeResponseSuccess}
}

var riskLevels = map[risk.Level]RiskLevelType{risk.Low: RiskLevelTypeLow, risk.Medium: RiskLevelTypeMedium, risk.High: RiskLevelTypeHigh}

// described returns the event as the API tells it (AUTH-569).
func (e *authEvent) described() AuthEventType {
	out := AuthEventType{
		EventId: e.ID, EventType: e.Kind, CreationDate: e.At, EventResponse: e.Response, ChallengeResponses: e.Challenges,
		EventRisk: &EventRiskType{RiskDecision: e.Decision, RiskLevel: riskLevels[e.Level], CompromisedCredentialsDetected: new(e.Compromised)},
		EventContextData: &EventContextDataType{
			IpAddress: e.IP, DeviceName: e.Device, Timezone: e.Place.Timezone, City: e.Place.City, Country: e.Place.Country,
		},
	}
	if e.Feedback != "" {
		out.EventFeedback = &EventFeedbackType{FeedbackValue: e.Feedback, Provider: e.FeedbackBy, FeedbackDate: e.FeedbackAt}
	}
	return out
}

// AdminListUserAuthEvents returns what a user did and what was done in his name, newest first, in pages of at most 60 (AUTH-570,
// AUTH-620).
func (s *Service) AdminListUserAuthEvents(ctx context.Context, in *AdminListUserAuthEventsInput) (*AdminListUserAuthEventsOutput, error) {
	return call(ctx, s, opAdminListUserAuthEvents, in, s.adminListUserAuthEvents)
}

func (s *Service) adminListUserAuthEvents(ctx context.Context, in *AdminListUserAuthEventsInput) (*AdminListUserAuthEventsOutput, error) {
	sc, err := s.protectedUser(ctx, in.UserPoolId, in.Username)
	if err != nil {
		return nil, err
	}
	if sc.user == nil {
		return nil, errUserNotFound
	}
	key := pageOf(&opAdminListUserAuthEvents.Operation, in.UserPoolId, sc.user.Sub)
	after, err := s.pageCursor(ctx, key, in.NextToken)
	if err != nil {
		return nil, err
	}
	var page store.Page[authEvent]
	err = s.store.View(ctx, func(r *store.Reader) (err error) {
		page, err = authEvents.Of(in.UserPoolId).Scan(ctx, r, store.Query{
			Value: []string{sc.user.Sub}, After: after, Limit: pageSize(in.MaxResults), Reverse: true,
		})
		return err
	})
	if err != nil {
		return nil, err
	}
	out := &AdminListUserAuthEventsOutput{AuthEvents: make([]AuthEventType, 0, len(page.Records))}
	for _, e := range page.Records {
		out.AuthEvents = append(out.AuthEvents, e.described())
	}
	out.NextToken, err = s.pageToken(ctx, key, page.Next)
	return out, err
}

// protectedUser reads the pool and the user of that name, if there is one, and refuses if the pool has no threat protection.
func (s *Service) protectedUser(ctx context.Context, poolID, name string) (scope, error) {
	sc, err := s.byPool(ctx, s.store.Read, poolID, name)
	if err == nil && !sc.pool.protected() {
		err = errAddOnNotEnabled
	}
	return sc, err
}
