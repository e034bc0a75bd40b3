package userpool

import (
	"context"
	"slices"

	"github.com/cenote-auth/cenote/internal/ident"
	"github.com/cenote-auth/cenote/store"
)

// CreateUserPool makes a pool (POOL-011, POOL-015). Settings that are left out have the documented defaults.
func (s *Service) CreateUserPool(ctx context.Context, in *CreateUserPoolInput) (*CreateUserPoolOutput, error) {
	return call(ctx, s, opCreateUserPool, in, s.createUserPool)
}

func (s *Service) createUserPool(ctx context.Context, in *CreateUserPoolInput) (*CreateUserPoolOutput, error) {
	p, err := s.makePool(ctx, in, "")
	if err != nil {
		return nil, err
	}
	pool := p.described()
	return &CreateUserPoolOutput{UserPool: &pool}, nil
}

// makePool stores a new pool under the given id, or under a new one if that is empty. Its data key is stored with it.
func (s *Service) makePool(ctx context.Context, in *CreateUserPoolInput, id string) (*poolRecord, error) {
	var err error
	if id == "" && s.cfg.customIDs {
		id = customID(in.UserPoolTags)
	}
	if id == "" {
		if id, err = ident.PoolID(s.rand, s.cfg.region); err != nil {
			return nil, err
		}
	}
	p, err := s.newPool(in, id)
	if err != nil {
		return nil, err
	}
	key, err := s.vault.NewKey(ctx, id)
	if err != nil {
		return nil, err
	}
	p.KeyID = key.ID
	err = s.store.Update(ctx, func(tx *store.Tx) error {
		if err := key.Put(ctx, tx); err != nil {
			return err
		}
		return pools.Of(store.Installation).Put(ctx, tx, p)
	})
	if store.AsConflict(err) != nil {
		return nil, ErrInvalidParameter.Newf("User pool %s exists already.", id)
	}
	if err != nil {
		return nil, err
	}
	s.wantKeys.add(id)
	s.wakeRunner()
	return p, nil
}

// customID returns the id that the tags of other emulators ask for.
func customID(tags map[string]string) string {
	for _, tag := range []string{"_custom_id_", "floci:override-id"} {
		if id := tags[tag]; id != "" {
			return id
		}
	}
	return ""
}

// newPool returns the record of a pool that is not stored yet.
func (s *Service) newPool(in *CreateUserPoolInput, id string) (*poolRecord, error) {
	schema, err := newSchema(in.Schema)
	if err != nil {
		return nil, err
	}
	if len(in.AliasAttributes) > 0 && len(in.UsernameAttributes) > 0 {
		return nil, ErrInvalidParameter.New("Only one of the aliasAttributes or usernameAttributes can be set in a user pool.")
	}
	now := s.store.Now()
	p := &poolRecord{Schema: schema, Naming: namingOf(in), Fold: ident.FoldVersion, Settings: UserPoolType{
		Id: id, Name: in.PoolName, Arn: s.poolARN(id), CreationDate: now, LastModifiedDate: now, Policies: in.Policies,
		DeletionProtection: in.DeletionProtection, LambdaConfig: in.LambdaConfig, AutoVerifiedAttributes: in.AutoVerifiedAttributes,
		AliasAttributes: in.AliasAttributes, UsernameAttributes: in.UsernameAttributes, UsernameConfiguration: in.UsernameConfiguration,
		VerificationMessageTemplate: in.VerificationMessageTemplate, UserAttributeUpdateSettings: in.UserAttributeUpdateSettings,
		EmailConfiguration: in.EmailConfiguration, SmsConfiguration: in.SmsConfiguration, UserPoolTags: in.UserPoolTags,
		AdminCreateUserConfig: in.AdminCreateUserConfig, AccountRecoverySetting: in.AccountRecoverySetting, UserPoolTier: in.UserPoolTier,
		MfaConfiguration: UserPoolMfaTypeOff,
	}}
	return p, nil
}

// namingOf returns under which names the users of a new pool are found.
func namingOf(in *CreateUserPoolInput) naming {
	var n naming
	set := func(bit naming, on bool) {
		if on {
			n |= bit
		}
	}
	set(foldCase, in.UsernameConfiguration != nil && !in.UsernameConfiguration.CaseSensitive)
	set(aliasEmail, slices.Contains(in.AliasAttributes, AliasAttributeTypeEmail))
	set(aliasPhone, slices.Contains(in.AliasAttributes, AliasAttributeTypePhoneNumber))
	set(aliasPreferred, slices.Contains(in.AliasAttributes, AliasAttributeTypePreferredUsername))
	set(nameIsEmail, slices.Contains(in.UsernameAttributes, UsernameAttributeTypeEmail))
	set(nameIsPhone, slices.Contains(in.UsernameAttributes, UsernameAttributeTypePhoneNumber))
	return n
}

// described returns the pool as DescribeUserPool tells it, without what is counted.
func (p *poolRecord) described() UserPoolType {
	out := p.Settings
	out.SchemaAttributes = p.Schema
	return out
}
