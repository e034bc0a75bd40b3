package userpool

import (
	"context"

	"github.com/cenote-auth/cenote/store"
)

// described returns the user as lists tell him (USR-004).
func (u *userRecord) described() UserType {
	return UserType{
		Username: u.name(), Attributes: attributeList(u.Sub, u.Attributes), UserCreateDate: u.Created, UserLastModifiedDate: u.Modified,
		Enabled: !u.Disabled, UserStatus: u.Status, MFAOptions: u.MFAOptions,
	}
}

// AdminGetUser returns a user's whole profile (USR-004, USR-030).
func (s *Service) AdminGetUser(ctx context.Context, in *AdminGetUserInput) (*AdminGetUserOutput, error) {
	return call(ctx, s, opAdminGetUser, in, s.adminGetUser)
}

func (s *Service) adminGetUser(ctx context.Context, in *AdminGetUserInput) (*AdminGetUserOutput, error) {
	sc, err := s.poolUser(ctx, in.UserPoolId, in.Username)
	if err != nil {
		return nil, err
	}
	u := sc.user.described()
	return &AdminGetUserOutput{
		Username: u.Username, UserAttributes: u.Attributes, UserCreateDate: u.UserCreateDate,
		UserLastModifiedDate: u.UserLastModifiedDate, Enabled: u.Enabled, UserStatus: u.UserStatus, MFAOptions: u.MFAOptions,
		PreferredMfaSetting: string(sc.user.MFA.Preferred), UserMFASettingList: sc.user.MFA.list(),
	}, nil
}

// AdminDisableUser keeps a user from signing in and ends all tokens, codes and sign-ins under way (USR-032, AUTH-529, AUTH-623).
// The status stays (AUTH-002). Doing it again does no harm.
func (s *Service) AdminDisableUser(ctx context.Context, in *AdminDisableUserInput) (*AdminDisableUserOutput, error) {
	return call(ctx, s, opAdminDisableUser, in, s.adminDisableUser)
}

func (s *Service) adminDisableUser(ctx context.Context, in *AdminDisableUserInput) (*AdminDisableUserOutput, error) {
	sc, err := s.poolUser(ctx, in.UserPoolId, in.Username)
	if err != nil {
		return nil, err
	}
	err = s.updateIf(ctx, sc, func(tx *store.Tx, now scope) (bool, error) {
		u := now.user
		if u.Disabled {
			return false, nil
		}
		u.Disabled, u.Modified = true, tx.Now()
		u.CredentialEpoch++
		u.signOut(tx.Reader)
		return true, nil
	})
	if err != nil {
		return nil, err
	}
	return &AdminDisableUserOutput{}, nil
}

// AdminEnableUser lets a disabled user sign in again. Tokens from before stay dead (AUTH-529, AUTH-623).
func (s *Service) AdminEnableUser(ctx context.Context, in *AdminEnableUserInput) (*AdminEnableUserOutput, error) {
	return call(ctx, s, opAdminEnableUser, in, s.adminEnableUser)
}

func (s *Service) adminEnableUser(ctx context.Context, in *AdminEnableUserInput) (*AdminEnableUserOutput, error) {
	sc, err := s.poolUser(ctx, in.UserPoolId, in.Username)
	if err != nil {
		return nil, err
	}
	err = s.updateIf(ctx, sc, func(tx *store.Tx, now scope) (bool, error) {
		if !now.user.Disabled {
			return false, nil
		}
		now.user.Disabled, now.user.Modified = false, tx.Now()
		return true, nil
	})
	if err != nil {
		return nil, err
	}
	return &AdminEnableUserOutput{}, nil
}

// AdminDeleteUser deletes a user, disabled or not (USR-031, AUTH-032, AUTH-624). The names are free again, for somebody with a
// new sub (AUTH-043); tokens answer UserNotFoundException (AUTH-530).
func (s *Service) AdminDeleteUser(ctx context.Context, in *AdminDeleteUserInput) (*AdminDeleteUserOutput, error) {
	return call(ctx, s, opAdminDeleteUser, in, s.adminDeleteUser)
}

func (s *Service) adminDeleteUser(ctx context.Context, in *AdminDeleteUserInput) (*AdminDeleteUserOutput, error) {
	sc, err := s.poolUser(ctx, in.UserPoolId, in.Username)
	if err != nil {
		return nil, err
	}
	err = s.store.Update(ctx, func(tx *store.Tx) error {
		now, err := s.again(ctx, tx, sc)
		if err != nil {
			return err
		}
		return now.deleteUser(ctx, tx)
	})
	if err != nil {
		return nil, err
	}
	return &AdminDeleteUserOutput{}, nil
}

// DeleteUser deletes the caller (USR-057, AUTH-624).
func (s *Service) DeleteUser(ctx context.Context, in *DeleteUserInput) (*DeleteUserOutput, error) {
	return call(ctx, s, opDeleteUser, in, s.deleteUser)
}

func (s *Service) deleteUser(ctx context.Context, in *DeleteUserInput) (*DeleteUserOutput, error) {
	b, err := s.authorize(ctx, in.AccessToken)
	if err != nil {
		return nil, err
	}
	err = s.store.Update(ctx, func(tx *store.Tx) error {
		now, err := s.again(ctx, tx, b.scope)
		if err != nil {
			return err
		}
		if err := s.stillBearer(ctx, tx, b, now); err != nil {
			return err
		}
		return now.deleteUser(ctx, tx)
	})
	if err != nil {
		return nil, err
	}
	return &DeleteUserOutput{}, nil
}

// deleteUser deletes the scope's user, with his codes and a registration of a passkey under way, within an Update. Memberships are
// part of him (GRP-016), his devices are removed by Run; token families and what was counted of him end by themselves. Nothing finds
// them for anybody else, since no sub is dealt twice (C4).
func (sc scope) deleteUser(ctx context.Context, tx *store.Tx) error {
	for _, p := range []codePurpose{codeSignUp, codeReset, codeEmail, codePhone} {
		if err := codes.Of(sc.pool.id()).Remove(ctx, tx, sc.user.Sub, string(p)); err != nil {
			return err
		}
	}
	if err := passkeyChallenges.Of(sc.pool.id()).Remove(ctx, tx, sc.user.Sub); err != nil {
		return err
	}
	if sc.pool.Devices {
		if err := deletedUsers.Of(store.Installation).Put(ctx, tx, &deletedUser{Pool: sc.pool.id(), Sub: sc.user.Sub}); err != nil {
			return err
		}
	}
	if err := sc.forgetEvents(ctx, tx); err != nil {
		return err
	}
	return users.Of(sc.pool.id()).Delete(ctx, tx, sc.user)
}
