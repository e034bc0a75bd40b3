package userpool

import (
	"context"
	"fmt"

	"github.com/cenote-auth/cenote/store"
)

// forgetEvents notes, in the Update that deletes a user, that his events are to go: they tell where he was for two years.
func (sc scope) forgetEvents(ctx context.Context, tx *store.Tx) error {
	if !sc.pool.protected() {
		return nil
	}
	return formerUsers.Of(store.Installation).Replace(ctx, tx, &formerUser{Pool: sc.pool.id(), Sub: sc.user.Sub})
}

// CleanEvents removes the events of users that were deleted. Run calls it; it can stop anywhere and go on later, on any node.
func (s *Service) CleanEvents(ctx context.Context) error {
	for {
		var found store.Page[formerUser]
		err := s.store.View(ctx, func(r *store.Reader) (err error) {
			found, err = formerUsers.Of(store.Installation).Scan(ctx, r, store.Query{Limit: 1})
			return err
		})
		if err != nil || len(found.Records) == 0 {
			return err
		}
		f := found.Records[0]
		for more := true; more; {
			if more, err = s.cleanEvents(ctx, f); err != nil {
				return fmt.Errorf("clean the events of a deleted user of pool %s: %w", f.Pool, err)
			}
		}
	}
}

// cleanEvents removes some events of a deleted user, and with the last ones the note of him.
func (s *Service) cleanEvents(ctx context.Context, f *formerUser) (more bool, err error) {
	table := authEvents.Of(f.Pool)
	err = s.store.Update(ctx, func(tx *store.Tx) error {
		page, err := table.Scan(ctx, &tx.Reader, store.Query{Value: []string{f.Sub}, Limit: cleanPage})
		if err != nil {
			return err
		}
		for _, e := range page.Records {
			if err := table.Delete(ctx, tx, e); err != nil {
				return err
			}
		}
		if more = page.Next != ""; more {
			return nil
		}
		return formerUsers.Of(store.Installation).Remove(ctx, tx, f.Pool, f.Sub)
	})
	return more, err
}
