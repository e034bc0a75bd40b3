package userpool_test

import (
	"maps"
	"slices"
	"testing"

	"github.com/cenote-auth/cenote/awsapi"
	"github.com/cenote-auth/cenote/userpool"
)

// NEW-181, NEW-182, NEW-183, NEW-187, NEW-188, NEW-189, NEW-374, NEW-375, NEW-376: the life of a replica, as both Regions tell it.
func TestReplicaLife(t *testing.T) {
	t.Parallel()
	p := twoRegions(t)
	primary := userpool.UserPoolReplicaType{
		RegionName: "us-east-1", Role: userpool.ReplicaRoleTypePrimary, Status: userpool.ReplicaStatusTypeActive,
		UserPoolArn: "arn:aws:cognito-idp:us-east-1:123456789012:userpool/" + p.pool,
	}
	if got := p.replicas(p.app); len(got) != 1 || got[0] != primary {
		t.Errorf("a pool without replicas has %+v", got)
	}
	secondary := func(s userpool.ReplicaStatusType) userpool.UserPoolReplicaType {
		return userpool.UserPoolReplicaType{
			RegionName: secondRegion, Role: userpool.ReplicaRoleTypeSecondary, Status: s,
			UserPoolArn: "arn:aws:cognito-idp:eu-west-1:123456789012:userpool/" + p.pool,
		}
	}
	is := func(got *userpool.UserPoolReplicaType, err error, want userpool.ReplicaStatusType) {
		t.Helper()
		check(t, err)
		if *got != secondary(want) {
			t.Errorf("answered %+v, want %s", got, want)
		}
		for _, from := range []app{p.app, p.away} {
			if got := p.replicas(from); !slices.Equal(got, []userpool.UserPoolReplicaType{primary, secondary(want)}) {
				t.Errorf("listed %+v, want %s", got, want)
			}
		}
	}
	made, err := p.create()
	is(made, err, userpool.ReplicaStatusTypeCreating)
	_, err = p.turn(p.app, userpool.UpdateReplicaStatusTypeActive)
	refused(t, err, userpool.ErrInvalidParameter, "The replica in eu-west-1 is CREATING.")
	_, err = p.drop(p.app)
	refused(t, err, userpool.ErrInvalidParameter, "")

	check(t, p.MoveReplicas(t.Context()))
	for _, step := range []struct {
		from app
		to   userpool.UpdateReplicaStatusType
	}{{p.app, "INACTIVE"}, {p.app, "ACTIVE"}, {p.away, "ACTIVE"}, {p.away, "INACTIVE"}, {p.away, "ACTIVE"}} {
		got, err := p.turn(step.from, step.to)
		is(got, err, userpool.ReplicaStatusType(step.to))
	}
	_, err = p.drop(p.app)
	refused(t, err, userpool.ErrInvalidParameter, "The replica in eu-west-1 is ACTIVE: only an INACTIVE one can be deleted.")
	_, err = p.turn(p.app, userpool.UpdateReplicaStatusTypeInactive)
	check(t, err)
	_, err = p.drop(p.away)
	refused(t, err, userpool.ErrOperationNotEnabled, "")
	gone, err := p.drop(p.app)
	is(gone, err, userpool.ReplicaStatusTypeDeleting)
	_, err = p.turn(p.app, userpool.UpdateReplicaStatusTypeActive)
	refused(t, err, userpool.ErrInvalidParameter, "")

	check(t, p.MoveReplicas(t.Context()))
	if got := p.replicas(p.app); !slices.Equal(got, []userpool.UserPoolReplicaType{primary}) {
		t.Errorf("after the replica there is %+v", got)
	}
	_, err = p.drop(p.app)
	refused(t, err, userpool.ErrResourceNotFound, "")
	_, err = p.away.DescribeUserPool(t.Context(), &userpool.DescribeUserPoolInput{UserPoolId: p.pool})
	refused(t, err, userpool.ErrResourceNotFound, "")
	made, err = p.create() // another one
	is(made, err, userpool.ReplicaStatusTypeCreating)
}

// NEW-184, NEW-187, NEW-189, NEW-373, NEW-374, NEW-376: what the operations refuse, and of several faults the first.
func TestReplicaRefusals(t *testing.T) {
	t.Parallel()
	p := twoRegions(t)
	create := func(pool, region string, tags map[string]string) error {
		_, err := p.CreateUserPoolReplica(t.Context(), &userpool.CreateUserPoolReplicaInput{UserPoolId: pool, RegionName: region, UserPoolTags: tags})
		return err
	}
	bad := map[string]string{"aws:x": "y"}
	refused(t, create("us-east-1_Nowhere00", "x", bad), userpool.ErrInvalidParameter, "")
	refused(t, create("us-east-1_Nowhere00", "moon-1", bad), userpool.ErrInvalidParameter, "moon-1 is not a Region.")
	refused(t, create("us-east-1_Nowhere00", secondRegion, bad), userpool.ErrResourceNotFound, "")
	refused(t, create(p.pool, "us-east-1", bad), userpool.ErrInvalidParameter, "")
	refused(t, create(p.pool, secondRegion, bad), userpool.ErrUserPoolTagging, "")
	unkeyed := p.bench.app()
	refused(t, create(unkeyed.pool, secondRegion, nil), userpool.ErrInvalidParameter, "A user pool with a replica needs a multi-Region key in its KeyConfiguration.")
	lite, err := p.CreateUserPool(t.Context(), &userpool.CreateUserPoolInput{
		PoolName: "lite", UserPoolTier: userpool.UserPoolTierTypeLite, KeyConfiguration: p.poolOf(p.pool).KeyConfiguration,
	})
	check(t, err)
	refused(t, create(lite.UserPool.Id, secondRegion, bad), userpool.ErrFeatureUnavailableInTier, "")
	if got := p.replicas(p.app); len(got) != 1 {
		t.Errorf("a refused call made %+v", got)
	}
	_, err = p.turn(p.app, userpool.UpdateReplicaStatusTypeActive)
	refused(t, err, userpool.ErrResourceNotFound, "")

	p.bring(userpool.ReplicaStatusTypeInactive)
	refused(t, create(p.pool, "ap-south-1", bad), userpool.ErrLimitExceeded, "")
	_, err = p.UpdateUserPoolReplica(t.Context(), &userpool.UpdateUserPoolReplicaInput{UserPoolId: p.pool, RegionName: "us-east-1", Status: "INACTIVE"})
	refused(t, err, userpool.ErrInvalidParameter, "us-east-1 is the Region of the primary replica.")
	_, err = p.turn(p.app, "CREATING")
	refused(t, err, userpool.ErrInvalidParameter, "")
	for pool, want := range map[string]awsapi.Code{p.pool: userpool.ErrInvalidParameter, "us-east-1_Nowhere00": userpool.ErrResourceNotFound} {
		_, err = p.ListUserPoolReplicas(t.Context(), &userpool.ListUserPoolReplicasInput{UserPoolId: pool, NextToken: "x"})
		refused(t, err, want, "")
	}
	for name, in := range map[string]*userpool.UpdateUserPoolInput{
		"a plan without":    {UserPoolId: p.pool, UserPoolTier: userpool.UserPoolTierTypeLite},
		"no key of Regions": {UserPoolId: p.pool, KeyConfiguration: &userpool.KeyConfigurationType{KeyType: userpool.EncryptionKeyTypeAwsOwnedKey}},
	} {
		if _, err := p.UpdateUserPool(t.Context(), in); err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
}

// NEW-190, NEW-321: a pool with a replica stays; both Regions list it and where its replica is.
func TestReplicaInLists(t *testing.T) {
	t.Parallel()
	p := twoRegions(t)
	list := func(from app) map[string][]string {
		t.Helper()
		out, err := from.ListUserPools(t.Context(), &userpool.ListUserPoolsInput{MaxResults: 60})
		check(t, err)
		got := map[string][]string{}
		for _, d := range out.UserPools {
			got[d.Id] = d.ReplicaRegions
		}
		return got
	}
	same := func(got, want map[string][]string) {
		t.Helper()
		if !maps.EqualFunc(got, want, slices.Equal) {
			t.Errorf("listed %v, want %v", got, want)
		}
	}
	same(list(p.app), map[string][]string{p.pool: nil})
	same(list(p.away), map[string][]string{})
	own := p.away.bench.app()
	p.bring(userpool.ReplicaStatusTypeActive)
	same(list(p.app), map[string][]string{p.pool: {secondRegion}})
	same(list(p.away), map[string][]string{p.pool: {secondRegion}, own.pool: nil})
	_, err := p.DeleteUserPool(t.Context(), &userpool.DeleteUserPoolInput{UserPoolId: p.pool})
	refused(t, err, userpool.ErrInvalidParameter, "User pool cannot be deleted. It has a replica that should be deleted first.")
	_, err = p.away.DeleteUserPool(t.Context(), &userpool.DeleteUserPoolInput{UserPoolId: p.pool})
	refused(t, err, userpool.ErrOperationNotEnabled, "")
	_, err = p.turn(p.away, userpool.UpdateReplicaStatusTypeInactive)
	check(t, err)
	_, err = p.drop(p.app)
	check(t, err)
	check(t, p.MoveReplicas(t.Context()))
	_, err = p.DeleteUserPool(t.Context(), &userpool.DeleteUserPoolInput{UserPoolId: p.pool})
	check(t, err)
}

// NEW-185, NEW-207, NEW-208, NEW-246: at a secondary the tags are its own; what is the pool's has to be sent as it is; settings of
// its own are refused by name; nothing of it changes the primary.
func TestSettingsOfReplica(t *testing.T) {
	t.Parallel()
	p := twoRegions(t)
	p.bring(userpool.ReplicaStatusTypeInactive)
	tagsOf := func(from app, region string) map[string]string {
		t.Helper()
		arn := "arn:aws:cognito-idp:" + region + ":123456789012:userpool/" + p.pool
		out, err := from.ListTagsForResource(t.Context(), &userpool.ListTagsForResourceInput{ResourceArn: arn})
		check(t, err)
		told := from.poolOf(p.pool)
		if told.Arn != arn || !maps.Equal(told.UserPoolTags, out.Tags) {
			t.Errorf("%s tells %s, %v", region, told.Arn, told.UserPoolTags)
		}
		return out.Tags
	}
	tagged := func(home, away string) {
		t.Helper()
		if h, a := tagsOf(p.app, "us-east-1"), tagsOf(p.away, secondRegion); h["at"] != home || a["at"] != away {
			t.Errorf("tags %v and %v, want %s and %s", h, a, home, away)
		}
	}
	tagged("home", "sea")
	_, err := p.away.TagResource(t.Context(), &userpool.TagResourceInput{
		ResourceArn: "arn:aws:cognito-idp:eu-west-1:123456789012:userpool/" + p.pool, Tags: map[string]string{"at": "shore"},
	})
	check(t, err)
	tagged("home", "shore")
	_, err = p.away.ListTagsForResource(t.Context(), &userpool.ListTagsForResourceInput{ResourceArn: p.poolOf(p.pool).Arn})
	refused(t, err, userpool.ErrResourceNotFound, "")

	was := p.poolOf(p.pool)
	full := func(change func(in *userpool.UpdateUserPoolInput)) error {
		in := samePool(was)
		in.UserPoolTags = map[string]string{"at": "lake"}
		change(in)
		_, err := p.away.UpdateUserPool(t.Context(), in)
		return err
	}
	for member, change := range map[string]func(in *userpool.UpdateUserPoolInput){
		"IssuerConfiguration": func(in *userpool.UpdateUserPoolInput) {
			in.IssuerConfiguration = &userpool.IssuerConfigurationType{Type: userpool.IssuerTypeUpdated}
		},
		"KeyConfiguration": func(in *userpool.UpdateUserPoolInput) {
			in.KeyConfiguration = &userpool.KeyConfigurationType{KeyType: userpool.EncryptionKeyTypeAwsOwnedKey}
		},
		"DeletionProtection":     func(in *userpool.UpdateUserPoolInput) { in.DeletionProtection = userpool.DeletionProtectionTypeActive },
		"AutoVerifiedAttributes": func(in *userpool.UpdateUserPoolInput) { in.AutoVerifiedAttributes = nil },
	} {
		refused(t, full(change), userpool.ErrInvalidParameter, member+" can only be changed in the Region of the primary replica.")
	}
	for member, change := range map[string]func(in *userpool.UpdateUserPoolInput){
		"EmailConfiguration": func(in *userpool.UpdateUserPoolInput) {
			in.EmailConfiguration = &userpool.EmailConfigurationType{ReplyToEmailAddress: "sea@example.com"}
		},
		"SmsConfiguration": func(in *userpool.UpdateUserPoolInput) {
			in.SmsConfiguration = &userpool.SmsConfigurationType{SnsCallerArn: "arn:aws:iam::123456789012:role/sea"}
		},
		"LambdaConfig": func(in *userpool.UpdateUserPoolInput) {
			in.LambdaConfig = &userpool.LambdaConfigType{PreSignUp: someARN}
		},
	} {
		refused(t, full(change), userpool.ErrInvalidParameter, member+" of a replica's own is not available in this version of cenote.")
	}
	refused(t, full(func(in *userpool.UpdateUserPoolInput) { in.UserPoolTags = map[string]string{"aws:x": "y"} }), userpool.ErrUserPoolTagging, "")
	tagged("home", "shore")
	check(t, full(func(*userpool.UpdateUserPoolInput) {}))
	tagged("home", "lake")
	if now := p.poolOf(p.pool); now.LastModifiedDate != was.LastModifiedDate || now.DeletionProtection != was.DeletionProtection {
		t.Errorf("the primary is %+v", now)
	}
	_, err = p.away.SetUserPoolMfaConfig(t.Context(), &userpool.SetUserPoolMfaConfigInput{UserPoolId: p.pool, MfaConfiguration: "OFF"})
	refused(t, err, userpool.ErrInvalidParameter, "SetUserPoolMfaConfig at a replica is not available in this version of cenote.")
}

// NEW-208: threat protection of a replica's own is refused by name, that of the pool works there.
func TestThreatProtectionOfReplica(t *testing.T) {
	t.Parallel()
	p := twoRegions(t, addOns(userpool.AdvancedSecurityModeTypeEnforced), func(in *userpool.CreateUserPoolInput) { in.UserPoolTier = userpool.UserPoolTierTypePlus })
	p.bring(userpool.ReplicaStatusTypeInactive)
	in := &userpool.SetRiskConfigurationInput{UserPoolId: p.pool, RiskExceptionConfiguration: &userpool.RiskExceptionConfigurationType{BlockedIPRangeList: []string{"192.0.2.0/24"}}}
	_, err := p.away.SetRiskConfiguration(t.Context(), in)
	refused(t, err, userpool.ErrInvalidParameter, "SetRiskConfiguration at a replica is not available in this version of cenote.")
	_, err = p.SetRiskConfiguration(t.Context(), in)
	check(t, err)
	out, err := p.away.DescribeRiskConfiguration(t.Context(), &userpool.DescribeRiskConfigurationInput{UserPoolId: p.pool})
	check(t, err)
	if r := out.RiskConfiguration.RiskExceptionConfiguration; r == nil || len(r.BlockedIPRangeList) != 1 {
		t.Errorf("the replica tells %+v", r)
	}
}
