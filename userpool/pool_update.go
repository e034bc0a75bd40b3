package userpool

import (
	"context"

	"github.com/cenote-auth/cenote/store"
)

// UpdateUserPool replaces the settings of a pool: what is left out goes back to its default (POOL-012), except the name, the tier
// and the tags. It takes effect with the next request; nobody has to sign in again.
func (s *Service) UpdateUserPool(ctx context.Context, in *UpdateUserPoolInput) (*UpdateUserPoolOutput, error) {
	return call(ctx, s, opUpdateUserPool, in, s.updateUserPool)
}

func (s *Service) updateUserPool(ctx context.Context, in *UpdateUserPoolInput) (*UpdateUserPoolOutput, error) {
	err := s.changePool(ctx, in.UserPoolId, func(tx *store.Tx, p *poolRecord) (err error) {
		if s.secondary(p) {
			return s.updateSecondary(in, p)
		}
		if p.Settings, err = normalPool(updatedPool(in, &p.Settings)); err != nil {
			return err
		}
		if err := p.keepFactors(); err != nil {
			return err
		}
		p.Settings.LastModifiedDate = tx.Now()
		p.Devices = p.Devices || p.tracksDevices()
		if err := s.checkPool(p); err != nil {
			return err
		}
		return checkTierOfClients(ctx, tx, p)
	})
	return &UpdateUserPoolOutput{}, err
}

// changePool runs change on a copy of the pool as the Update reads it and stores the result. The copy is a shallow one: change
// replaces what a field points to and does not write through it, since the record that was read is shared.
func (s *Service) changePool(ctx context.Context, poolID string, change func(tx *store.Tx, p *poolRecord) error) error {
	sc, err := s.byPool(ctx, s.store.Read, poolID, "")
	if err != nil {
		return err
	}
	return s.store.Update(ctx, func(tx *store.Tx) error {
		now, err := s.again(ctx, tx, sc)
		if err != nil {
			return err
		}
		p := *now.pool
		if s.secondary(&p) && !s.isHere(&p) { // a replica that was deleted meanwhile
			return errPoolNotFound(poolID)
		}
		if err := change(tx, &p); err != nil {
			return err
		}
		return pools.Of(store.Installation).Put(ctx, tx, &p)
	})
}

// AddCustomAttributes adds attributes to the schema of a pool, all of them or none (ATTR-018). They can never be removed or
// changed again, and clients with lists of attributes cannot use them until their lists have them (ATTR-020).
func (s *Service) AddCustomAttributes(ctx context.Context, in *AddCustomAttributesInput) (*AddCustomAttributesOutput, error) {
	return call(ctx, s, opAddCustomAttributes, in, s.addCustomAttributes)
}

func (s *Service) addCustomAttributes(ctx context.Context, in *AddCustomAttributesInput) (*AddCustomAttributesOutput, error) {
	err := s.changePool(ctx, in.UserPoolId, func(tx *store.Tx, p *poolRecord) (err error) {
		p.Settings.LastModifiedDate = tx.Now()
		p.Schema, err = addCustom(p.Schema, in.CustomAttributes)
		return err
	})
	return &AddCustomAttributesOutput{}, err
}
