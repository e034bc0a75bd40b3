package userpool

import (
	"cmp"
	"context"
	"slices"

	"github.com/cenote-auth/cenote/store"
)

// ListUserSessions returns the sessions of the caller, over all clients of the pool, the last used first (NEW-061, NEW-365).
func (s *Service) ListUserSessions(ctx context.Context, in *ListUserSessionsInput) (*ListUserSessionsOutput, error) {
	return call(ctx, s, opListUserSessions, in, s.listUserSessions)
}

func (s *Service) listUserSessions(ctx context.Context, in *ListUserSessionsInput) (*ListUserSessionsOutput, error) {
	b, err := s.authorize(ctx, in.AccessToken)
	if err != nil {
		return nil, err
	}
	list, err := s.listSessions(ctx, b.scope, tokenSessionID(familyOfClaims(b.claims)), in.NextToken)
	return &ListUserSessionsOutput{Sessions: list}, err
}

// AdminListUserSessions returns the sessions of a user (NEW-062, NEW-366). None of them is the caller's.
func (s *Service) AdminListUserSessions(ctx context.Context, in *AdminListUserSessionsInput) (*AdminListUserSessionsOutput, error) {
	return call(ctx, s, opAdminListUserSessions, in, s.adminListUserSessions)
}

func (s *Service) adminListUserSessions(ctx context.Context, in *AdminListUserSessionsInput) (*AdminListUserSessionsOutput, error) {
	sc, err := s.poolUser(ctx, in.UserPoolId, in.Username)
	if err != nil {
		return nil, err
	}
	list, err := s.listSessions(ctx, sc, "", in.NextToken)
	return &AdminListUserSessionsOutput{Sessions: list}, err
}

// listSessions returns the sessions of the scope's user. They fit on one page, so that every page token is a wrong one.
func (s *Service) listSessions(ctx context.Context, sc scope, current, page string) ([]SessionDescriptionType, error) {
	if !sc.pool.Tracking.On {
		return nil, errTrackingOff
	}
	if page != "" {
		return nil, errPageToken
	}
	var list []SessionDescriptionType
	err := s.store.View(ctx, func(r *store.Reader) error {
		list = []SessionDescriptionType{}
		now, err := s.againIn(ctx, r.Get, sc)
		if err != nil {
			return err
		}
		if !now.pool.Tracking.On {
			return errTrackingOff
		}
		found, err := s.sessionsOf(ctx, r, now)
		for _, f := range found.tokens {
			d := f.Session.activity.described(tokenSessionID(f.ID), SessionTypeTypeToken, f.ClientID)
			d.OriginSessionId, d.IsCurrentSession = f.Session.Origin, d.SessionId == current
			list = append(list, d)
		}
		for _, v := range found.sso {
			list = append(list, v.activity.described(v.ID, SessionTypeTypeSso, v.ClientID))
		}
		return err
	})
	slices.SortStableFunc(list, func(a, b SessionDescriptionType) int {
		return cmp.Or(b.LastActiveDate.Compare(a.LastActiveDate), cmp.Compare(a.SessionId, b.SessionId))
	})
	return list, err
}

// userSessions are the sessions of one user.
type userSessions struct {
	tokens []*familyRecord
	sso    []*ssoRecord
}

// sessionsOf reads the sessions of the scope's user, as many as a listing holds (NEW-039).
func (s *Service) sessionsOf(ctx context.Context, r *store.Reader, now scope) (found userSessions, err error) {
	if found.tokens, _, err = s.tokenSessions(ctx, r, now.pool, now.user.Sub, now.user.TokenEpoch); err != nil {
		return found, err
	}
	page, err := ssoSessions.Of(now.pool.id()).Scan(ctx, r, store.Query{
		Index: indexSession, Value: sessionsOf(now.user.Sub, now.pool.Tracking.Run, now.user.TokenEpoch, s.vault.Epoch()),
		Limit: maxSSOSessions, Reverse: true,
	})
	found.sso = page.Records
	return found, err
}

// described returns the session as lists tell it (NEW-049…054).
func (a *activity) described(id string, kind SessionTypeType, client string) SessionDescriptionType {
	return SessionDescriptionType{
		SessionId: id, SessionType: kind, ClientId: client, CreateDate: a.Created, LastActiveDate: a.Active,
		DeviceType: a.Device, LastIPAddress: a.Address,
		LastLocation: &SessionLocationType{City: a.City, Country: cmp.Or(a.Country, unknownCountry)},
	}
}

// unknownCountry is the country of an address of which nothing is known (NEW-054).
const unknownCountry = "unknown"
