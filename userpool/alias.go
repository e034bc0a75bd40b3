package userpool

import (
	"context"

	"github.com/cenote-auth/cenote/store"
)

// releaseAliases takes the verified address aliases of u from other users, within an Update: their attribute stays, unverified,
// and no longer signs them in (AUTH-057, AUTH-059). Names that are no aliases, and addresses by which users are named, are
// never taken.
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
