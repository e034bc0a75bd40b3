package userpool

import "strings"

// atSecondary says when an operation works at a secondary replica; the zero value is never.
type atSecondary int

const (
	describing atSecondary = iota + 1 // also while the replica is being made or deleted
	settled                           // INACTIVE and ACTIVE
	serving                           // ACTIVE
)

// secondaryOperations are the operations that work at a secondary replica; every other one works at the primary alone (NEW-201…
// 206). What is newer than AWS's list is not on it (NEW-206, unconfirmed).
var secondaryOperations = func() map[string]atSecondary {
	out := map[string]atSecondary{}
	for when, names := range map[atSecondary]string{
		describing: `DescribeUserPool ListUserPoolReplicas ListUserPools`,
		settled: `AdminGetDevice AdminGetUser AdminListDevices AdminListGroupsForUser AdminListUserAuthEvents DescribeIdentityProvider
			DescribeManagedLoginBranding DescribeManagedLoginBrandingByClient DescribeResourceServer DescribeRiskConfiguration DescribeTerms
			DescribeUserPoolClient DescribeUserPoolDomain GetGroup GetLogDeliveryConfiguration GetSigningCertificate GetUICustomization
			GetUserPoolMfaConfig ListGroups ListIdentityProviders ListResourceServers ListTagsForResource ListTerms ListUserPoolClientSecrets
			ListUserPoolClients ListUsers ListUsersInGroup
			CreateUserPoolDomain DeleteUserPoolDomain UpdateUserPoolDomain SetLogDeliveryConfiguration SetRiskConfiguration
			SetUserPoolMfaConfig TagResource UntagResource UpdateUserPool UpdateUserPoolReplica`,
		serving: `AdminInitiateAuth AdminRespondToAuthChallenge AdminUpdateAuthEventFeedback AdminUserGlobalSignOut GetDevice
			GetIdentityProviderByIdentifier GetTokensFromRefreshToken GetUser GetUserAuthFactors GlobalSignOut InitiateAuth ListDevices
			ListWebAuthnCredentials RespondToAuthChallenge RevokeToken UpdateAuthEventFeedback`,
	} {
		for _, name := range strings.Fields(names) {
			out[name] = when
		}
	}
	return out
}()

// primaryChallenges are the challenges whose answer changes the user, and those of software tokens: a secondary replica does not
// take them (NEW-209, NEW-211; places and error unconfirmed).
var primaryChallenges = map[ChallengeNameType]bool{
	ChallengeNameTypeSoftwareTokenMfa: true, ChallengeNameTypeNewPasswordRequired: true, ChallengeNameTypeMfaSetup: true,
}

// works reports whether an operation works at a secondary replica in a state (NEW-186; of CREATING and DELETING unconfirmed).
func (a atSecondary) works(s ReplicaStatusType) bool {
	switch s {
	case ReplicaStatusTypeActive:
		return a != 0
	case ReplicaStatusTypeInactive:
		return a == settled || a == describing
	}
	return a == describing
}
