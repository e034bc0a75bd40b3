package userpool

import (
	"cmp"
	"context"
	"regexp"
	"slices"
	"sync"

	"github.com/cenote-auth/cenote/internal/ident"
	"github.com/cenote-auth/cenote/store"
)

// CreateUserPool makes a pool. Settings that are left out have the documented defaults (POOL-011); those that this version does
// not have are refused. Each call makes a pool: names are not unique (POOL-005).
func (s *Service) CreateUserPool(ctx context.Context, in *CreateUserPoolInput) (*CreateUserPoolOutput, error) {
	return call(ctx, s, opCreateUserPool, in, s.createUserPool)
}

func (s *Service) createUserPool(ctx context.Context, in *CreateUserPoolInput) (*CreateUserPoolOutput, error) {
	p, err := s.makePool(ctx, in, "")
	if err != nil {
		return nil, err
	}
	pool, err := p.described()
	if err != nil {
		return nil, err
	}
	return &CreateUserPoolOutput{UserPool: &pool}, nil
}

// makePool stores a new pool under the given id, or under a new one if that is empty. Its data key is stored with it.
func (s *Service) makePool(ctx context.Context, in *CreateUserPoolInput, id string) (*poolRecord, error) {
	id, err := s.poolID(id, in.UserPoolTags)
	if err != nil {
		return nil, err
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
	table := pools.Of(store.Installation)
	err = s.store.Update(ctx, func(tx *store.Tx) error {
		if most := s.cfg.limits.Pools; most > 0 {
			n, err := table.Count(ctx, &tx.Reader, store.Query{Index: indexLive, Limit: most})
			if err != nil {
				return err
			}
			if n >= int64(most) {
				return ErrLimitExceeded.New("Maximum number of user pools has been reached.") // unconfirmed text
			}
		}
		if err := key.Put(ctx, tx); err != nil {
			return err
		}
		return table.Put(ctx, tx, p)
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

// poolIDForm is what the model allows as the id of a pool, in length 1 to 55 (POOL-001).
var poolIDForm = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[\w-]+_[0-9a-zA-Z]+$`) })

const maxPoolID = 55

// poolID returns the id of a new pool: the given one, the one that a tag of other emulators asks for if Config.CustomIDs allows
// that, or a new one.
func (s *Service) poolID(id string, tags map[string]string) (string, error) {
	if id == "" && s.cfg.customIDs {
		id = cmp.Or(tags["_custom_id_"], tags["floci:override-id"])
	}
	switch {
	case id == "":
		return ident.PoolID(s.rand, s.cfg.region)
	case len(id) > maxPoolID || !poolIDForm().MatchString(id):
		return "", ErrInvalidParameter.Newf("%q cannot be the id of a user pool: want something like %s_Example01.", id, s.cfg.region)
	}
	return id, nil
}

// newPool returns the record of a pool that is not stored yet.
func (s *Service) newPool(in *CreateUserPoolInput, id string) (*poolRecord, error) {
	schema, err := newSchema(in.Schema)
	if err != nil {
		return nil, err
	}
	set, err := normalPool(createdPool(in))
	if err != nil {
		return nil, err
	}
	set.Id, set.Arn, set.CreationDate = id, s.poolARN(id), s.store.Now()
	set.LastModifiedDate = set.CreationDate
	p := &poolRecord{Schema: schema, Naming: namingOf(&set), Fold: ident.FoldVersion, Settings: set}
	p.MFA.SMS = set.MfaConfiguration != UserPoolMfaTypeOff // the only factor that can be named here (NEW-323)
	p.Devices = p.tracksDevices()
	return p, s.checkPool(p)
}

// namingOf returns under which names the users of a new pool are found.
func namingOf(p *UserPoolType) naming {
	var n naming
	set := func(bit naming, on bool) {
		if on {
			n |= bit
		}
	}
	set(foldCase, p.UsernameConfiguration != nil && !p.UsernameConfiguration.CaseSensitive)
	set(aliasEmail, slices.Contains(p.AliasAttributes, AliasAttributeTypeEmail))
	set(aliasPhone, slices.Contains(p.AliasAttributes, AliasAttributeTypePhoneNumber))
	set(aliasPreferred, slices.Contains(p.AliasAttributes, AliasAttributeTypePreferredUsername))
	set(nameIsEmail, slices.Contains(p.UsernameAttributes, UsernameAttributeTypeEmail))
	set(nameIsPhone, slices.Contains(p.UsernameAttributes, UsernameAttributeTypePhoneNumber))
	return n
}
