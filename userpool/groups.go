package userpool

import (
	"context"

	"github.com/cenote-auth/cenote/internal/ident"
	"github.com/cenote-auth/cenote/store"
)

// described returns the group as the API tells it (GRP-002).
func (g *groupRecord) described(poolID string) GroupType {
	return GroupType{
		GroupName: g.Name, UserPoolId: poolID, Description: g.Description, RoleArn: g.RoleArn, Precedence: g.Precedence,
		CreationDate: g.Created, LastModifiedDate: g.Modified,
	}
}

// CreateGroup makes a group, which is empty also if a former one had its name (GRP-001…003).
func (s *Service) CreateGroup(ctx context.Context, in *CreateGroupInput) (*CreateGroupOutput, error) {
	return call(ctx, s, opCreateGroup, in, s.createGroup)
}

func (s *Service) createGroup(ctx context.Context, in *CreateGroupInput) (*CreateGroupOutput, error) {
	sc, err := s.byPool(ctx, s.store.Read, in.UserPoolId, "")
	if err != nil {
		return nil, err
	}
	id, err := ident.UUID(s.rand)
	if err != nil {
		return nil, err
	}
	now := s.store.Now()
	g := &groupRecord{
		ID: id, Name: in.GroupName, Description: in.Description, RoleArn: in.RoleArn, Precedence: in.Precedence, Created: now, Modified: now,
	}
	table := groups.Of(in.UserPoolId)
	err = s.store.Update(ctx, func(tx *store.Tx) error {
		same := table.Find(g.Name)
		if _, err := s.again(ctx, tx, sc, same); err != nil {
			return err
		}
		if same.Got != nil {
			return ErrGroupExists.New("A group with the name already exists.")
		}
		if max := s.cfg.limits.GroupsPerPool; max >= 0 {
			n, err := table.Count(ctx, &tx.Reader, store.Query{Limit: max})
			if err != nil {
				return err
			}
			if n >= int64(max) {
				return ErrLimitExceeded.New("Maximum number of groups in the user pool has been reached.") // GRP-003 (unconfirmed text)
			}
		}
		return table.Put(ctx, tx, g)
	})
	if err != nil {
		return nil, err
	}
	made := g.described(in.UserPoolId)
	return &CreateGroupOutput{Group: &made}, nil
}

// GetGroup returns a group (GRP-002, GRP-004).
func (s *Service) GetGroup(ctx context.Context, in *GetGroupInput) (*GetGroupOutput, error) {
	return call(ctx, s, opGetGroup, in, s.getGroup)
}

func (s *Service) getGroup(ctx context.Context, in *GetGroupInput) (*GetGroupOutput, error) {
	sc, g, err := s.poolGroup(ctx, s.store.Read, in.UserPoolId, in.GroupName)
	if err != nil {
		return nil, err
	}
	found := g.described(sc.pool.id())
	return &GetGroupOutput{Group: &found}, nil
}

// poolGroup reads a pool and one of its groups. Of two unknown things the pool is told (GRP-004, POOL-064).
func (s *Service) poolGroup(ctx context.Context, get getFunc, poolID, name string) (scope, *groupRecord, error) {
	p, g := pools.Of(store.Installation).Find(poolID), groups.Of(poolID).Find(name)
	if err := get(ctx, p, g); err != nil {
		return scope{}, nil, err
	}
	if p.Got == nil || p.Got.Deleting {
		return scope{}, nil, errPoolNotFound(poolID)
	}
	if g.Got == nil {
		return scope{}, nil, errGroupNotFound
	}
	return scope{pool: p.Got}, g.Got, nil
}

// UpdateGroup changes the members of a group that are given and keeps the others (GRP-005). An empty description clears it.
func (s *Service) UpdateGroup(ctx context.Context, in *UpdateGroupInput) (*UpdateGroupOutput, error) {
	return call(ctx, s, opUpdateGroup, in, s.updateGroup)
}

func (s *Service) updateGroup(ctx context.Context, in *UpdateGroupInput) (*UpdateGroupOutput, error) {
	var changed GroupType
	err := s.store.Update(ctx, func(tx *store.Tx) error {
		_, g, err := s.poolGroup(ctx, tx.Get, in.UserPoolId, in.GroupName)
		if err != nil {
			return err
		}
		if in.Description != nil {
			g.Description = *in.Description
		}
		if in.RoleArn != "" {
			g.RoleArn = in.RoleArn
		}
		if in.Precedence != nil {
			g.Precedence = in.Precedence
		}
		g.Modified = tx.Now()
		changed = g.described(in.UserPoolId)
		return groups.Of(in.UserPoolId).Put(ctx, tx, g)
	})
	if err != nil {
		return nil, err
	}
	return &UpdateGroupOutput{Group: &changed}, nil
}

// ListGroups returns the groups of a pool by name, in pages of at most 60 (GRP-010).
func (s *Service) ListGroups(ctx context.Context, in *ListGroupsInput) (*ListGroupsOutput, error) {
	return call(ctx, s, opListGroups, in, s.listGroups)
}

func (s *Service) listGroups(ctx context.Context, in *ListGroupsInput) (*ListGroupsOutput, error) {
	key := pageOf(&opListGroups.Operation, in.UserPoolId)
	after, err := s.pageCursor(ctx, key, in.NextToken)
	if err != nil {
		return nil, err
	}
	var page store.Page[groupRecord]
	err = s.store.View(ctx, func(r *store.Reader) error {
		if _, err := s.byPool(ctx, r.Get, in.UserPoolId, ""); err != nil {
			return err
		}
		page, err = groups.Of(in.UserPoolId).Scan(ctx, r, store.Query{After: after, Limit: pageSize(in.Limit)})
		return err
	})
	if err != nil {
		return nil, err
	}
	out := &ListGroupsOutput{Groups: make([]GroupType, 0, len(page.Records))}
	for _, g := range page.Records {
		out.Groups = append(out.Groups, g.described(in.UserPoolId))
	}
	out.NextToken, err = s.pageToken(ctx, key, page.Next)
	return out, err
}

// pageSize returns how many items a page of users or groups has: what was asked for, or 60 (USR-071).
func pageSize(limit *int32) int {
	if limit == nil || *limit == 0 {
		return 60
	}
	return int(*limit)
}
