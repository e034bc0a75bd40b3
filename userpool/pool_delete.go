package userpool

import (
	"context"
	"errors"
	"fmt"

	"github.com/cenote-auth/cenote/store"
)

// DeleteUserPool deletes a pool with everything in it (POOL-060…063). For callers it is gone at once; what it held is deleted
// in pages by Run, and its data key is destroyed, which is what makes its secrets unreadable for ever (C7).
func (s *Service) DeleteUserPool(ctx context.Context, in *DeleteUserPoolInput) (*DeleteUserPoolOutput, error) {
	return call(ctx, s, opDeleteUserPool, in, s.deleteUserPool)
}

func (s *Service) deleteUserPool(ctx context.Context, in *DeleteUserPoolInput) (*DeleteUserPoolOutput, error) {
	sc, err := s.byPool(ctx, s.store.Read, in.UserPoolId, "")
	if err != nil {
		return nil, err
	}
	err = s.store.Update(ctx, func(tx *store.Tx) error {
		now, err := s.again(ctx, tx, sc)
		if err != nil {
			return err
		}
		switch {
		case now.pool.Settings.DeletionProtection == DeletionProtectionTypeActive:
			return ErrInvalidParameter.New("The user pool cannot be deleted because deletion protection is activated. Deletion protection must be inactivated first.")
		case now.pool.Settings.Domain != "" || now.pool.Settings.CustomDomain != "":
			return ErrInvalidParameter.New("User pool cannot be deleted. It has a domain configured that should be deleted first.")
		case now.pool.Replica != nil: // NEW-190 (unconfirmed text)
			return ErrInvalidParameter.New("User pool cannot be deleted. It has a replica that should be deleted first.")
		}
		marked := *now.pool
		marked.Deleting = true
		if err := s.vault.Destroy(ctx, tx, marked.KeyID); err != nil {
			return err
		}
		return pools.Of(store.Installation).Put(ctx, tx, &marked)
	})
	if err == nil {
		s.hints.leaveHome(in.UserPoolId)
		s.wakeRunner()
	}
	return &DeleteUserPoolOutput{}, err
}

const purgePage = 1000

// DeletePools deletes what the pools held that were deleted, page by page. Run calls it; it can stop anywhere and go on later,
// on any node.
func (s *Service) DeletePools(ctx context.Context) error {
	for {
		var found store.Page[poolRecord]
		err := s.store.View(ctx, func(r *store.Reader) (err error) {
			found, err = pools.Of(store.Installation).Scan(ctx, r, store.Query{Index: indexDeleting, Limit: 1})
			return err
		})
		if err != nil || len(found.Records) == 0 {
			return err
		}
		if err := s.purge(ctx, found.Records[0]); err != nil {
			return fmt.Errorf("delete pool %s: %w", found.Records[0].id(), err)
		}
	}
}

// purger is a table of a pool that can be emptied.
type purger interface {
	Purge(ctx context.Context, s *store.Store, limit int) (more bool, err error)
}

// purge empties the tables of a pool, its clients, and at last the pool itself.
func (s *Service) purge(ctx context.Context, p *poolRecord) error {
	id := p.id()
	for _, table := range []purger{
		users.Of(id), groups.Of(id), resourceServers.Of(id), families.Of(id), ssoSessions.Of(id), codes.Of(id), ghosts.Of(id), used.Of(id), limits.Of(id), signingKeys.Of(id),
		passkeyChallenges.Of(id), devices.Of(id),
		riskConfigs.Of(id), authEvents.Of(id),
	} {
		for more := true; more; {
			var err error
			if more, err = table.Purge(ctx, s.store, purgePage); err != nil {
				return err
			}
		}
	}
	for more := true; more; {
		err := s.store.Update(ctx, func(tx *store.Tx) error {
			page, err := clients.Of(store.Installation).Scan(ctx, &tx.Reader, store.Query{Index: indexPool, Value: []string{id}, Limit: purgePage})
			more = page.Next != ""
			for _, c := range page.Records {
				err = errors.Join(err, clients.Of(store.Installation).Delete(ctx, tx, c))
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	return s.store.Update(ctx, func(tx *store.Tx) error { return pools.Of(store.Installation).Remove(ctx, tx, id) })
}
