package userpool

import (
	"context"
	"fmt"
	"slices"

	"github.com/cenote-auth/cenote/store"
)

// DeleteGroup deletes a group. Its members lose it at once (GRP-006): memberships name the group by an id that is never dealt
// again. Run removes what is left of them, page by page.
func (s *Service) DeleteGroup(ctx context.Context, in *DeleteGroupInput) (*DeleteGroupOutput, error) {
	return call(ctx, s, opDeleteGroup, in, s.deleteGroup)
}

func (s *Service) deleteGroup(ctx context.Context, in *DeleteGroupInput) (*DeleteGroupOutput, error) {
	err := s.store.Update(ctx, func(tx *store.Tx) error {
		_, g, err := s.poolGroup(ctx, tx.Get, in.UserPoolId, in.GroupName)
		if err != nil {
			return err
		}
		if err := groups.Of(in.UserPoolId).Delete(ctx, tx, g); err != nil {
			return err
		}
		return deletedGroups.Of(store.Installation).Put(ctx, tx, &deletedGroup{Pool: in.UserPoolId, ID: g.ID})
	})
	if err != nil {
		return nil, err
	}
	s.wakeRunner()
	return &DeleteGroupOutput{}, nil
}

// cleanPage is how many members of a deleted group one Update frees.
const cleanPage = 100

// CleanGroups removes the memberships of groups that were deleted. Run calls it; it can stop anywhere and go on later, on any
// node.
func (s *Service) CleanGroups(ctx context.Context) error {
	for {
		var found store.Page[deletedGroup]
		err := s.store.View(ctx, func(r *store.Reader) (err error) {
			found, err = deletedGroups.Of(store.Installation).Scan(ctx, r, store.Query{Limit: 1})
			return err
		})
		if err != nil || len(found.Records) == 0 {
			return err
		}
		g := found.Records[0]
		for more := true; more; {
			if more, err = s.cleanGroup(ctx, g); err != nil {
				return fmt.Errorf("clean a deleted group of pool %s: %w", g.Pool, err)
			}
		}
	}
}

// cleanGroup removes some memberships of a deleted group, and with the last one the note of the group.
func (s *Service) cleanGroup(ctx context.Context, g *deletedGroup) (more bool, err error) {
	table := users.Of(g.Pool)
	err = s.store.Update(ctx, func(tx *store.Tx) error {
		page, err := table.Scan(ctx, &tx.Reader, store.Query{Index: indexGroup, Value: []string{g.ID}, Exact: true, Limit: cleanPage})
		if err != nil {
			return err
		}
		for _, u := range page.Records {
			u.Groups = slices.DeleteFunc(u.Groups, func(r groupRef) bool { return r.ID == g.ID })
			if err := table.Put(ctx, tx, u); err != nil {
				return err
			}
		}
		if more = page.Next != ""; more {
			return nil
		}
		return deletedGroups.Of(store.Installation).Remove(ctx, tx, g.Pool, g.ID)
	})
	return more, err
}
