package userpool

import (
	"context"

	"github.com/cenote-auth/cenote/store"
)

// takingAliases runs an Update that makes u own the verified addresses that sign in, and takes them first from whoever holds
// them: his attribute stays, unverified, and no longer signs him in (AUTH-057, AUTH-059).
func (s *Service) takingAliases(ctx context.Context, p *poolRecord, u *userRecord, change func(tx *store.Tx) error) error {
	return s.store.Update(ctx, func(tx *store.Tx) error {
		if err := p.releaseAliases(ctx, tx, u); err != nil {
			return err
		}
		return change(tx)
	})
}

// releaseAliases takes the verified address aliases of u from other users, within an Update. Names that are no aliases, and
// addresses by which users are named, are never taken.
func (p *poolRecord) releaseAliases(ctx context.Context, tx *store.Tx, u *userRecord) error {
	table := users.Of(p.id())
	for _, a := range []struct {
		attribute string
		alias     naming
	}{{"email", aliasEmail}, {"phone_number", aliasPhone}} {
		if !p.Naming.has(a.alias) || !u.verified(a.attribute) || u.Attributes[a.attribute] == "" {
			continue
		}
		holder := table.FindBy(indexLogin, p.Naming.fold(u.Attributes[a.attribute]))
		if err := tx.Get(ctx, holder); err != nil {
			return err
		}
		h := holder.Got
		if h == nil || h.Sub == u.Sub || !h.verified(a.attribute) || p.Naming.fold(h.Attributes[a.attribute]) != p.Naming.fold(u.Attributes[a.attribute]) {
			continue
		}
		h = h.clone()
		h.Attributes[a.attribute+"_verified"] = "false"
		h.Modified = tx.Now()
		if err := table.Put(ctx, tx, h); err != nil {
			return err
		}
	}
	return nil
}
