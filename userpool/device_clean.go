package userpool

import (
	"context"
	"fmt"

	"github.com/cenote-auth/cenote/store"
)

// CleanDevices removes the devices of users who were deleted. Run calls it; it can stop anywhere and go on later, on any node.
func (s *Service) CleanDevices(ctx context.Context) error {
	for {
		var found store.Page[deletedUser]
		err := s.store.View(ctx, func(r *store.Reader) (err error) {
			found, err = deletedUsers.Of(store.Installation).Scan(ctx, r, store.Query{Limit: 1})
			return err
		})
		if err != nil || len(found.Records) == 0 {
			return err
		}
		u := found.Records[0]
		for more := true; more; {
			if more, err = s.cleanDevices(ctx, u); err != nil {
				return fmt.Errorf("clean the devices of a deleted user of pool %s: %w", u.Pool, err)
			}
		}
	}
}

// cleanDevices removes some devices of a deleted user, and with the last one the note of him. A scan leaves out expired records,
// which the sweeper takes.
func (s *Service) cleanDevices(ctx context.Context, u *deletedUser) (more bool, err error) {
	table := devices.Of(u.Pool)
	err = s.store.Update(ctx, func(tx *store.Tx) error {
		page, err := table.Scan(ctx, &tx.Reader, store.Query{Value: []string{u.Sub}, Limit: cleanPage})
		if err != nil {
			return err
		}
		for _, d := range page.Records {
			if err := table.Delete(ctx, tx, d); err != nil {
				return err
			}
		}
		if more = page.Next != ""; more {
			return nil
		}
		return deletedUsers.Of(store.Installation).Remove(ctx, tx, u.Pool, u.Sub)
	})
	return more, err
}
