package userpool

import (
	"context"
	"reflect"
	"slices"

	"github.com/cenote-auth/cenote/store"
)

// poolReplica is the secondary replica of a pool: another Service on the same store, whose Config.Region is this one's. The pool has
// at most one (NEW-181).
type poolReplica struct {
	Region string
	Status ReplicaStatusType
	Tags   map[string]string `json:",omitempty"` // its own (NEW-185)
}

func (r *poolReplica) moving() bool {
	return r != nil && (r.Status == ReplicaStatusTypeCreating || r.Status == ReplicaStatusTypeDeleting)
}

// poolARNIn returns the ARN that the pool has in a Region: each replica has its own (NEW-181).
func (s *Service) poolARNIn(region, poolID string) string {
	return "arn:aws:cognito-idp:" + region + ":" + s.cfg.account + ":userpool/" + poolID
}

func (s *Service) describedReplica(p *poolRecord) *UserPoolReplicaType {
	r := p.Replica
	return &UserPoolReplicaType{
		RegionName: r.Region, Role: ReplicaRoleTypeSecondary, Status: r.Status, UserPoolArn: s.poolARNIn(r.Region, p.id()),
	}
}

// CreateUserPoolReplica makes the secondary replica of a pool (NEW-183, NEW-184). Run has it ready, INACTIVE, soon after.
func (s *Service) CreateUserPoolReplica(ctx context.Context, in *CreateUserPoolReplicaInput) (*CreateUserPoolReplicaOutput, error) {
	return call(ctx, s, opCreateUserPoolReplica, in, s.createUserPoolReplica)
}

func (s *Service) createUserPoolReplica(ctx context.Context, in *CreateUserPoolReplicaInput) (*CreateUserPoolReplicaOutput, error) {
	if !regionForm().MatchString(in.RegionName) { // unconfirmed text, as are the others
		return nil, ErrInvalidParameter.Newf("%s is not a Region.", in.RegionName)
	}
	var made *UserPoolReplicaType
	err := s.changePool(ctx, in.UserPoolId, func(_ *store.Tx, p *poolRecord) error {
		switch {
		case in.RegionName == p.region():
			return ErrInvalidParameter.Newf("The user pool is in %s already.", in.RegionName)
		case !p.keyInRegions():
			return ErrInvalidParameter.New("A user pool with a replica needs a multi-Region key in its KeyConfiguration.")
		case !p.hasTier(UserPoolTierTypeEssentials):
			return errTier(p.Settings.UserPoolTier, featureReplicas)
		case p.Replica != nil:
			return ErrLimitExceeded.New("A user pool can have one secondary replica.")
		}
		if err := checkTags(ErrUserPoolTagging, in.UserPoolTags); err != nil {
			return err
		}
		p.Replica = &poolReplica{Region: in.RegionName, Status: ReplicaStatusTypeCreating, Tags: in.UserPoolTags}
		made = s.describedReplica(p)
		return nil
	})
	if err != nil {
		return nil, err
	}
	s.wakeRunner()
	return &CreateUserPoolReplicaOutput{UserPoolReplica: made}, nil
}

const featureReplicas = "Multi-Region Replication" // in the message about plans (unconfirmed)

// keyInRegions reports whether the pool's secrets are kept under a key that other Regions have (NEW-184).
func (p *poolRecord) keyInRegions() bool {
	k := p.Settings.KeyConfiguration
	return k != nil && k.KeyType == EncryptionKeyTypeCustomerManagedKey && multiRegion(k.KmsKeyArn)
}

// checkReplica refuses settings that a pool with a replica needs otherwise.
func (p *poolRecord) checkReplica() error {
	switch {
	case p.Replica == nil:
		return nil
	case !p.hasTier(UserPoolTierTypeEssentials):
		return errTier(p.Settings.UserPoolTier, featureReplicas)
	case !p.keyInRegions():
		return ErrInvalidParameter.New("A user pool with a replica needs a multi-Region key in its KeyConfiguration.")
	}
	return nil
}

// UpdateUserPoolReplica switches the secondary replica on or off, from either Region (NEW-187).
func (s *Service) UpdateUserPoolReplica(ctx context.Context, in *UpdateUserPoolReplicaInput) (*UpdateUserPoolReplicaOutput, error) {
	return call(ctx, s, opUpdateUserPoolReplica, in, s.updateUserPoolReplica)
}

func (s *Service) updateUserPoolReplica(ctx context.Context, in *UpdateUserPoolReplicaInput) (*UpdateUserPoolReplicaOutput, error) {
	var now *UserPoolReplicaType
	err := s.changeReplica(ctx, in.UserPoolId, in.RegionName, func(p *poolRecord, r *poolReplica) error {
		if r.moving() { // unconfirmed
			return ErrInvalidParameter.Newf("The replica in %s is %s.", r.Region, r.Status)
		}
		r.Status = ReplicaStatusType(in.Status)
		now = s.describedReplica(p)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &UpdateUserPoolReplicaOutput{UserPoolReplica: now}, nil
}

// DeleteUserPoolReplica takes an INACTIVE secondary replica away, from the primary's Region (NEW-188).
func (s *Service) DeleteUserPoolReplica(ctx context.Context, in *DeleteUserPoolReplicaInput) (*DeleteUserPoolReplicaOutput, error) {
	return call(ctx, s, opDeleteUserPoolReplica, in, s.deleteUserPoolReplica)
}

func (s *Service) deleteUserPoolReplica(ctx context.Context, in *DeleteUserPoolReplicaInput) (*DeleteUserPoolReplicaOutput, error) {
	var gone *UserPoolReplicaType
	err := s.changeReplica(ctx, in.UserPoolId, in.RegionName, func(p *poolRecord, r *poolReplica) error {
		if r.Status != ReplicaStatusTypeInactive {
			return ErrInvalidParameter.Newf("The replica in %s is %s: only an INACTIVE one can be deleted.", r.Region, r.Status)
		}
		r.Status = ReplicaStatusTypeDeleting
		gone = s.describedReplica(p)
		return nil
	})
	if err != nil {
		return nil, err
	}
	s.wakeRunner()
	return &DeleteUserPoolReplicaOutput{UserPoolReplica: gone}, nil
}

// changeReplica runs change on copies of the pool and of its replica in the named Region, and stores them. Where the operation is
// called from is decided anew in the Update.
func (s *Service) changeReplica(ctx context.Context, poolID, region string, change func(p *poolRecord, r *poolReplica) error) error {
	return s.changePool(ctx, poolID, func(_ *store.Tx, p *poolRecord) error {
		switch {
		case region == p.region():
			return ErrInvalidParameter.Newf("%s is the Region of the primary replica.", region)
		case p.Replica == nil || p.Replica.Region != region:
			return ErrResourceNotFound.Newf("User pool %s has no replica in %s.", poolID, region)
		}
		r := *p.Replica
		p.Replica = &r
		return change(p, &r)
	})
}

// ListUserPoolReplicas returns the replicas of a pool, the primary first (NEW-189). They fit on one page.
func (s *Service) ListUserPoolReplicas(ctx context.Context, in *ListUserPoolReplicasInput) (*ListUserPoolReplicasOutput, error) {
	return call(ctx, s, opListUserPoolReplicas, in, s.listUserPoolReplicas)
}

func (s *Service) listUserPoolReplicas(ctx context.Context, in *ListUserPoolReplicasInput) (*ListUserPoolReplicasOutput, error) {
	sc, err := s.byPool(ctx, s.store.Read, in.UserPoolId, "")
	if err != nil {
		return nil, err
	}
	if in.NextToken != "" {
		return nil, errPageToken
	}
	p := sc.pool
	out := []UserPoolReplicaType{{
		RegionName: p.region(), Role: ReplicaRoleTypePrimary, Status: ReplicaStatusTypeActive, UserPoolArn: s.poolARNIn(p.region(), p.id()),
	}}
	if p.Replica != nil {
		out = append(out, *s.describedReplica(p))
	}
	return &ListUserPoolReplicasOutput{UserPoolReplicas: out}, nil
}

// MoveReplicas brings replicas from CREATING to INACTIVE, and takes those away that are DELETING: their data is the primary's, so
// there is nothing to copy or to clear. Run calls it.
func (s *Service) MoveReplicas(ctx context.Context) error {
	for {
		var found store.Page[poolRecord]
		err := s.store.View(ctx, func(r *store.Reader) (err error) {
			found, err = pools.Of(store.Installation).Scan(ctx, r, store.Query{Index: indexMoving, Limit: 1})
			return err
		})
		if err != nil || len(found.Records) == 0 {
			return err
		}
		err = s.store.Update(ctx, func(tx *store.Tx) error {
			now, err := pools.Of(store.Installation).Get(ctx, &tx.Reader, found.Records[0].id())
			if err != nil || now == nil || !now.Replica.moving() {
				return err
			}
			p, r := *now, *now.Replica
			if p.Replica = nil; r.Status == ReplicaStatusTypeCreating {
				r.Status = ReplicaStatusTypeInactive
				p.Replica = &r
			}
			return pools.Of(store.Installation).Put(ctx, tx, &p)
		})
		if err != nil {
			return err
		}
	}
}

// here returns the settings of the pool as this Region tells them: a secondary replica has an ARN and tags of its own.
func (s *Service) here(p *poolRecord) *poolRecord {
	if !s.secondary(p) || p.Replica == nil {
		return p
	}
	out := *p
	out.Settings.Arn, out.Settings.UserPoolTags = s.poolARNIn(p.Replica.Region, p.id()), p.Replica.Tags
	if out.Settings.UserPoolTags == nil {
		out.Settings.UserPoolTags = map[string]string{}
	}
	return &out
}

// isHere reports whether the pool, or a replica of it, is in this Region.
func (s *Service) isHere(p *poolRecord) bool {
	return !s.secondary(p) || p.Replica != nil && p.Replica.Region == s.cfg.region
}

// replicaRegions is absent without a replica (NEW-321, unconfirmed).
func (p *poolRecord) replicaRegions() []string {
	if p.Replica == nil {
		return nil
	}
	return []string{p.Replica.Region}
}

// updateSecondary is UpdateUserPool at a secondary replica: what is the pool's has to be sent as it is, and the tags are the replica's
// (NEW-207). E-mail, text messages and functions of a replica's own are not available.
func (s *Service) updateSecondary(in *UpdateUserPoolInput, p *poolRecord) error {
	want, err := normalPool(updatedPool(in, &p.Settings))
	if err != nil {
		return err
	}
	tags := in.UserPoolTags
	if tags == nil {
		tags = p.Replica.Tags
	}
	if err := checkTags(ErrUserPoolTagging, tags); err != nil {
		return err
	}
	same := func(a, b any) bool { return reflect.DeepEqual(a, b) }
	for _, own := range []struct {
		member string
		same   bool
	}{
		{"EmailConfiguration", same(want.EmailConfiguration, p.Settings.EmailConfiguration)},
		{"SmsConfiguration", same(want.SmsConfiguration, p.Settings.SmsConfiguration)},
		{"LambdaConfig", same(want.LambdaConfig, p.Settings.LambdaConfig)},
	} {
		if !own.same {
			return ErrInvalidParameter.Newf("%s of a replica's own is not available in this version of cenote.", own.member)
		}
	}
	want.UserPoolTags, want.LastModifiedDate = p.Settings.UserPoolTags, p.Settings.LastModifiedDate
	want.SchemaAttributes = p.Settings.SchemaAttributes
	if a, b := reflect.ValueOf(want), reflect.ValueOf(p.Settings); !same(want, p.Settings) {
		i := slices.IndexFunc(reflect.VisibleFields(a.Type()), func(f reflect.StructField) bool {
			return !same(a.FieldByIndex(f.Index).Interface(), b.FieldByIndex(f.Index).Interface())
		})
		return ErrInvalidParameter.Newf("%s can only be changed in the Region of the primary replica.", a.Type().Field(i).Name)
	}
	r := *p.Replica
	r.Tags = tags
	p.Replica = &r
	return nil
}

// errOwnSettings refuses settings that a replica would have for itself alone.
func errOwnSettings(operation string) error {
	return ErrInvalidParameter.Newf("%s at a replica is not available in this version of cenote.", operation)
}
