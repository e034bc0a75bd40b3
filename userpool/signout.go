package userpool

import (
	"context"
	"errors"
	"strings"

	"github.com/cenote-auth/cenote/store"
)

// signOut ends everything that the user's sign-ins gave out: one counter, however many there are (H3). Sessions of the hosted pages,
// once there are any, end with it (NEW-044, unconfirmed).
func (u *userRecord) signOut(now store.Reader) {
	u.TokenEpoch++
	u.SignedOut = now.Now()
}

// GlobalSignOut ends all tokens of the caller, over all clients (AUTH-522, AUTH-594). Tokens still verify offline until they
// expire (AUTH-521).
func (s *Service) GlobalSignOut(ctx context.Context, in *GlobalSignOutInput) (*GlobalSignOutOutput, error) {
	return call(ctx, s, opGlobalSignOut, in, s.globalSignOut)
}

func (s *Service) globalSignOut(ctx context.Context, in *GlobalSignOutInput) (*GlobalSignOutOutput, error) {
	b, err := s.authorize(ctx, in.AccessToken)
	if err != nil {
		return nil, err
	}
	return &GlobalSignOutOutput{}, s.update(ctx, b.scope, func(tx *store.Tx, now scope) error {
		now.user.signOut(tx.Reader)
		return nil
	})
}

// AdminUserGlobalSignOut ends all tokens of a user (USR-039). Doing it again does no harm.
func (s *Service) AdminUserGlobalSignOut(ctx context.Context, in *AdminUserGlobalSignOutInput) (*AdminUserGlobalSignOutOutput, error) {
	return call(ctx, s, opAdminUserGlobalSignOut, in, s.adminUserGlobalSignOut)
}

func (s *Service) adminUserGlobalSignOut(ctx context.Context, in *AdminUserGlobalSignOutInput) (*AdminUserGlobalSignOutOutput, error) {
	sc, err := s.poolUser(ctx, in.UserPoolId, in.Username)
	if err != nil {
		return nil, err
	}
	return &AdminUserGlobalSignOutOutput{}, s.update(ctx, sc, func(tx *store.Tx, now scope) error {
		now.user.signOut(tx.Reader)
		return nil
	})
}

// RevokeToken ends a refresh token and everything that was issued from the same sign-in (AUTH-526, AUTH-527, AUTH-593), with
// LINKED also the SSO session that it came through (NEW-071). A token that is unknown or ended before is no error.
func (s *Service) RevokeToken(ctx context.Context, in *RevokeTokenInput) (*RevokeTokenOutput, error) {
	return call(ctx, s, opRevokeToken, in, s.revokeToken)
}

func (s *Service) revokeToken(ctx context.Context, in *RevokeTokenInput) (*RevokeTokenOutput, error) {
	sc, err := s.byClient(ctx, s.store.Read, in.ClientId, "")
	if errors.Is(err, ErrResourceNotFound) {
		return nil, ErrUnauthorized.New("Invalid client")
	}
	if err != nil {
		return nil, err
	}
	if !sc.client.revokes() {
		return nil, ErrUnsupportedOperation.New("Token revocation is disabled for this client")
	}
	ok, err := s.checkSecret(ctx, sc, in.ClientSecret)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, ErrUnauthorized.New("Invalid client secret")
	}
	if strings.Count(in.Token, ".") == 2 { // a JWT: an ID or access token
		return nil, ErrUnsupportedTokenType.New("Unsupported token type")
	}
	f, err := s.familyOf(ctx, sc.pool, in.Token)
	if err != nil || f == nil || f.ClientID != sc.client.id() {
		return &RevokeTokenOutput{}, err
	}
	return &RevokeTokenOutput{}, s.revokeFamily(ctx, sc.pool, f, in.RevokeAssociatedSessions == RevokeAssociatedSessionsTypeLinked)
}

// familyOf returns the family that a refresh token belongs to, present, former or long rotated out, or nil.
func (s *Service) familyOf(ctx context.Context, p *poolRecord, text string) (f *familyRecord, err error) {
	err = s.store.View(ctx, func(r *store.Reader) error {
		page, err := families.Of(p.id()).Scan(ctx, r, store.Query{
			Index: indexToken, Value: []string{string(tokenSum(text))}, Exact: true, Limit: 1,
		})
		if err == nil && len(page.Records) > 0 {
			f = page.Records[0]
		}
		return err
	})
	if err != nil || f != nil {
		return f, err
	}
	id, err := s.openRefreshToken(ctx, p, text)
	if err != nil || id == "" {
		return nil, err
	}
	find := families.Of(p.id()).Find(id)
	err = s.store.Read(ctx, find)
	return find.Got, err
}
