package userpool

import (
	"context"

	"github.com/cenote-auth/cenote/awsapi"
	"github.com/cenote-auth/cenote/store"
)

// RevokeUserSession ends another session of the caller with all its tokens (NEW-063…067, NEW-367). His own is refused: that is
// what RevokeToken and GlobalSignOut are for.
func (s *Service) RevokeUserSession(ctx context.Context, in *RevokeUserSessionInput) (*RevokeUserSessionOutput, error) {
	return call(ctx, s, opRevokeUserSession, in, s.revokeUserSession)
}

func (s *Service) revokeUserSession(ctx context.Context, in *RevokeUserSessionInput) (*RevokeUserSessionOutput, error) {
	b, err := s.authorize(ctx, in.AccessToken)
	if err != nil {
		return nil, err
	}
	own := tokenSessionID(familyOfClaims(b.claims))
	err = s.store.Update(ctx, func(tx *store.Tx) error {
		now, err := s.again(ctx, tx, b.scope)
		if err != nil {
			return err
		}
		if err := s.stillBearer(ctx, tx, b, now); err != nil {
			return err
		}
		if !now.pool.Tracking.On {
			return errTrackingOff
		}
		if in.SessionId == own { // type and text unconfirmed (NEW-072)
			return ErrInvalidParameter.New("The current session cannot be revoked.")
		}
		return s.endSession(ctx, tx, now, in.SessionId, in.RevokeAssociatedSessions, own)
	})
	if err != nil {
		return nil, err
	}
	return &RevokeUserSessionOutput{}, nil
}

// AdminRevokeUserSession ends a session of a user (NEW-068, NEW-368).
func (s *Service) AdminRevokeUserSession(ctx context.Context, in *AdminRevokeUserSessionInput) (*AdminRevokeUserSessionOutput, error) {
	return call(ctx, s, opAdminRevokeUserSession, in, s.adminRevokeUserSession)
}

func (s *Service) adminRevokeUserSession(ctx context.Context, in *AdminRevokeUserSessionInput) (*AdminRevokeUserSessionOutput, error) {
	sc, err := s.poolUser(ctx, in.UserPoolId, in.Username)
	if err != nil {
		return nil, err
	}
	err = s.store.Update(ctx, func(tx *store.Tx) error {
		now, err := s.again(ctx, tx, sc)
		if err != nil {
			return err
		}
		if !now.pool.Tracking.On {
			return errTrackingOff
		}
		return s.endSession(ctx, tx, now, in.SessionId, in.RevokeAssociatedSessions, "")
	})
	if err != nil {
		return nil, err
	}
	return &AdminRevokeUserSessionOutput{}, nil
}

// endSession ends a session of the scope's user, and with LINKED what is directly linked to it: the SSO session that it came
// through, or the token sessions that came through it (NEW-065, NEW-066). spared is one that stays.
func (s *Service) endSession(ctx context.Context, tx *store.Tx, now scope, id string, linked RevokeAssociatedSessionsType, spared string) error {
	found, err := s.sessionsOf(ctx, &tx.Reader, now)
	if err != nil {
		return err
	}
	also := linked == RevokeAssociatedSessionsTypeLinked
	for _, f := range found.tokens {
		if tokenSessionID(f.ID) == id {
			origin := f.Session.Origin
			if also && origin != "" {
				if err := s.endSSO(ctx, tx, now.pool, origin, f.Sub); err != nil {
					return err
				}
			}
			f.revoke()
			return families.Of(now.pool.id()).Put(ctx, tx, f)
		}
	}
	for _, v := range found.sso {
		if v.ID != id {
			continue
		}
		for _, f := range found.tokens {
			if !also || f.Session.Origin != id || tokenSessionID(f.ID) == spared {
				continue
			}
			f.revoke()
			if err := families.Of(now.pool.id()).Put(ctx, tx, f); err != nil {
				return err
			}
		}
		return ssoSessions.Of(now.pool.id()).Delete(ctx, tx, v)
	}
	return errSessionNotFound(id)
}

// endSSO ends an SSO session, if it is still there and the user's: its cookie is worth nothing from then on (NEW-064).
func (s *Service) endSSO(ctx context.Context, tx *store.Tx, p *poolRecord, id, sub string) error {
	v, err := ssoSessions.Of(p.id()).Get(ctx, &tx.Reader, id)
	if err != nil || v == nil || v.Sub != sub {
		return err
	}
	return ssoSessions.Of(p.id()).Delete(ctx, tx, v)
}

// errSessionNotFound is a session that is unknown, somebody else's, expired or ended (NEW-068, NEW-069; type and text unconfirmed).
func errSessionNotFound(id string) *awsapi.Error {
	return ErrResourceNotFound.Newf("Session %s does not exist.", id)
}
