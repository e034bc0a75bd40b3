package userpool

import (
	"context"
	"encoding/binary"
	"math"
	"slices"

	"github.com/cenote-auth/cenote/store"
	"github.com/cenote-auth/cenote/store/driver"
)

// AdminAddUserToGroup adds a user to a group; adding somebody twice is no error (GRP-007, GRP-008). Tokens that were issued
// before do not show it (GRP-014).
func (s *Service) AdminAddUserToGroup(ctx context.Context, in *AdminAddUserToGroupInput) (*AdminAddUserToGroupOutput, error) {
	return call(ctx, s, opAdminAddUserToGroup, in, s.adminAddUserToGroup)
}

func (s *Service) adminAddUserToGroup(ctx context.Context, in *AdminAddUserToGroupInput) (*AdminAddUserToGroupOutput, error) {
	err := s.changeMembership(ctx, in.UserPoolId, in.GroupName, in.Username, func(tx *store.Tx, now scope, g *groupRecord) (bool, error) {
		u := now.user
		if slices.ContainsFunc(u.Groups, g.holds) {
			return false, nil
		}
		if max := s.cfg.limits.GroupsPerUser; max >= 0 && len(u.Groups) >= max {
			live, err := s.groupsOf(ctx, tx.Get, now.pool, u) // memberships of deleted groups do not count
			if err != nil {
				return false, err
			}
			if len(live) >= max {
				return false, ErrInvalidParameter.New("Maximum number of groups of the user has been reached.") // GRP-008 (unconfirmed)
			}
		}
		u.Groups = append(u.Groups, groupRef{ID: g.ID, Name: g.Name})
		return true, nil
	})
	if err != nil {
		return nil, err
	}
	return &AdminAddUserToGroupOutput{}, nil
}

// AdminRemoveUserFromGroup removes a user from a group; removing somebody who is not in it is no error (GRP-009).
func (s *Service) AdminRemoveUserFromGroup(ctx context.Context, in *AdminRemoveUserFromGroupInput) (*AdminRemoveUserFromGroupOutput, error) {
	return call(ctx, s, opAdminRemoveUserFromGroup, in, s.adminRemoveUserFromGroup)
}

func (s *Service) adminRemoveUserFromGroup(ctx context.Context, in *AdminRemoveUserFromGroupInput) (*AdminRemoveUserFromGroupOutput, error) {
	err := s.changeMembership(ctx, in.UserPoolId, in.GroupName, in.Username, func(_ *store.Tx, now scope, g *groupRecord) (bool, error) {
		before := len(now.user.Groups)
		now.user.Groups = slices.DeleteFunc(now.user.Groups, g.holds)
		return len(now.user.Groups) < before, nil
	})
	if err != nil {
		return nil, err
	}
	return &AdminRemoveUserFromGroupOutput{}, nil
}

// holds reports whether a membership is one of this group.
func (g *groupRecord) holds(r groupRef) bool { return r.ID == g.ID }

// changeMembership runs change on a fresh copy of the user. Pool, group and user are checked in this order (GRP-007), and the
// group is read in the Update as well, so that nobody joins one that is deleted this very moment.
func (s *Service) changeMembership(
	ctx context.Context, poolID, group, name string, change func(tx *store.Tx, now scope, g *groupRecord) (bool, error),
) error {
	if _, _, err := s.poolGroup(ctx, s.store.Read, poolID, group); err != nil {
		return err
	}
	sc, err := s.poolUser(ctx, poolID, name)
	if err != nil {
		return err
	}
	return s.updateIf(ctx, sc, func(tx *store.Tx, now scope) (bool, error) {
		g, err := groups.Of(poolID).Get(ctx, &tx.Reader, group)
		if err != nil {
			return false, err
		}
		if g == nil {
			return false, errGroupNotFound
		}
		return change(tx, now, g)
	})
}

// AdminListGroupsForUser returns the groups of a user by precedence, those without one last (GRP-010).
func (s *Service) AdminListGroupsForUser(ctx context.Context, in *AdminListGroupsForUserInput) (*AdminListGroupsForUserOutput, error) {
	return call(ctx, s, opAdminListGroupsForUser, in, s.adminListGroupsForUser)
}

func (s *Service) adminListGroupsForUser(ctx context.Context, in *AdminListGroupsForUserInput) (*AdminListGroupsForUserOutput, error) {
	sc, err := s.poolUser(ctx, in.UserPoolId, in.Username)
	if err != nil {
		return nil, err
	}
	key := pageOf(&opAdminListGroupsForUser.Operation, in.UserPoolId, sc.user.Sub)
	after, err := s.pageCursor(ctx, key, in.NextToken)
	if err != nil {
		return nil, err
	}
	list, err := s.groupsOf(ctx, s.store.Read, sc.pool, sc.user)
	if err != nil {
		return nil, err
	}
	list = slices.DeleteFunc(list, func(g *groupRecord) bool { return g.rank() <= after })
	next := driver.Cursor("")
	if n := pageSize(in.Limit); n < len(list) {
		list = list[:n]
		next = list[n-1].rank()
	}
	out := &AdminListGroupsForUserOutput{Groups: make([]GroupType, 0, len(list))}
	for _, g := range list {
		out.Groups = append(out.Groups, g.described(in.UserPoolId))
	}
	out.NextToken, err = s.pageToken(ctx, key, next)
	return out, err
}

// rank is the group's place among the groups of a user: byte order is the order of groupsOf. It is never empty.
func (g *groupRecord) rank() driver.Cursor {
	precedence := uint32(math.MaxUint32)
	if g.Precedence != nil {
		precedence = uint32(*g.Precedence)
	}
	return driver.Cursor(binary.BigEndian.AppendUint32(nil, precedence)) + driver.Cursor(g.Name)
}

// ListUsersInGroup returns the members of a group, in pages of at most 60 (USR-084).
func (s *Service) ListUsersInGroup(ctx context.Context, in *ListUsersInGroupInput) (*ListUsersInGroupOutput, error) {
	return call(ctx, s, opListUsersInGroup, in, s.listUsersInGroup)
}

func (s *Service) listUsersInGroup(ctx context.Context, in *ListUsersInGroupInput) (*ListUsersInGroupOutput, error) {
	_, g, err := s.poolGroup(ctx, s.store.Read, in.UserPoolId, in.GroupName)
	if err != nil {
		return nil, err
	}
	key := pageOf(&opListUsersInGroup.Operation, in.UserPoolId, g.ID)
	after, err := s.pageCursor(ctx, key, in.NextToken)
	if err != nil {
		return nil, err
	}
	var page store.Page[userRecord]
	err = s.store.View(ctx, func(r *store.Reader) (err error) {
		page, err = users.Of(in.UserPoolId).Scan(ctx, r, store.Query{
			Index: indexGroup, Value: []string{g.ID}, Exact: true, After: after, Limit: pageSize(in.Limit),
		})
		return err
	})
	if err != nil {
		return nil, err
	}
	out := &ListUsersInGroupOutput{Users: make([]UserType, 0, len(page.Records))}
	for _, u := range page.Records {
		out.Users = append(out.Users, u.described())
	}
	out.NextToken, err = s.pageToken(ctx, key, page.Next)
	return out, err
}
