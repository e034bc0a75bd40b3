package userpool

import "strings"

// rateCategory is a category of operations that share a rate (QUO-001).
type rateCategory struct {
	name       string
	free       int32 // requests per second, without being raised
	adjustable bool
	operations string
}

// rateCategories has every operation in one category. Those that AWS has published no category for are where QUO-007 and NEW-351 put
// them; UserFederation is for endpoints that are no operations.
var rateCategories = []rateCategory{
	{"UserAuthentication", 120, true, `InitiateAuth AdminInitiateAuth RespondToAuthChallenge AdminRespondToAuthChallenge GetTokensFromRefreshToken`},
	{"UserCreation", 50, true, `SignUp ConfirmSignUp AdminCreateUser AdminConfirmSignUp`},
	{"UserFederation", 25, true, ``},
	{"UserAccountRecovery", 30, false, `ChangePassword ConfirmForgotPassword ForgotPassword AdminResetUserPassword AdminSetUserPassword`},
	{"UserRead", 120, true, `AdminGetUser GetUser GetUserAuthFactors AdminGetUserAuthFactors ListUserSessions AdminListUserSessions`},
	{"UserUpdate", 25, false, `AdminAddUserToGroup AdminRemoveUserFromGroup AdminDeleteUserAttributes AdminUpdateUserAttributes AdminDeleteUser
		AdminDisableUser AdminEnableUser AdminLinkProviderForUser AdminDisableProviderForUser VerifyUserAttribute DeleteUser
		DeleteUserAttributes UpdateUserAttributes AdminUserGlobalSignOut GlobalSignOut`},
	{"UserToken", 120, true, `RevokeToken RevokeUserSession AdminRevokeUserSession`},
	{"UserResourceRead", 50, true, `AdminGetDevice AdminListGroupsForUser AdminListDevices GetDevice ListDevices GetUserAttributeVerificationCode
		ResendConfirmationCode AdminListUserAuthEvents ListWebAuthnCredentials`},
	{"UserResourceUpdate", 25, false, `AdminForgetDevice AdminUpdateAuthEventFeedback AdminSetUserMFAPreference AdminSetUserSettings
		AdminUpdateDeviceStatus UpdateDeviceStatus UpdateAuthEventFeedback ConfirmDevice SetUserMFAPreference SetUserSettings VerifySoftwareToken
		AssociateSoftwareToken ForgetDevice AdminDeleteSoftwareToken StartWebAuthnRegistration CompleteWebAuthnRegistration
		DeleteWebAuthnCredential`},
	{"UserList", 30, false, `ListUsers ListUsersInGroup`},
	{"UserPoolRead", 15, false, `DescribeUserPool ListUserPools ListUserPoolReplicas GetUserPoolSessionConfiguration
		GetUserPoolClientSessionConfiguration GetProvisionedLimit`},
	{"UserPoolUpdate", 15, false, `CreateUserPool UpdateUserPool DeleteUserPool CreateUserPoolReplica UpdateUserPoolReplica DeleteUserPoolReplica
		SetUserPoolSessionConfiguration SetUserPoolClientSessionConfiguration UpdateProvisionedLimit`},
	{"UserPoolResourceRead", 20, false, `DescribeIdentityProvider DescribeResourceServer DescribeUserImportJob DescribeUserPoolDomain GetCSVHeader
		GetGroup GetSigningCertificate GetIdentityProviderByIdentifier GetUserPoolMfaConfig ListGroups ListIdentityProviders ListResourceServers
		ListTagsForResource ListUserImportJobs DescribeRiskConfiguration GetUICustomization DescribeManagedLoginBranding
		DescribeManagedLoginBrandingByClient DescribeTerms DescribeTermsByClient ListTerms GetLogDeliveryConfiguration`},
	{"UserPoolResourceUpdate", 15, false, `AddCustomAttributes CreateGroup UpdateGroup DeleteGroup CreateIdentityProvider UpdateIdentityProvider
		DeleteIdentityProvider CreateResourceServer UpdateResourceServer DeleteResourceServer CreateUserImportJob StartUserImportJob
		StopUserImportJob CreateUserPoolDomain UpdateUserPoolDomain DeleteUserPoolDomain SetUserPoolMfaConfig SetRiskConfiguration
		SetUICustomization TagResource UntagResource CreateManagedLoginBranding UpdateManagedLoginBranding DeleteManagedLoginBranding
		CreateTerms UpdateTerms DeleteTerms SetLogDeliveryConfiguration`},
	{"UserPoolClientRead", 15, false, `DescribeUserPoolClient ListUserPoolClients ListUserPoolClientSecrets`},
	{"UserPoolClientUpdate", 15, false, `CreateUserPoolClient UpdateUserPoolClient DeleteUserPoolClient AddUserPoolClientSecret
		DeleteUserPoolClientSecret`},
	{"ClientAuthentication", 150, false, `GetClientToken`},
}

// The categories that answers to challenges count in.
const (
	categorySignIn   = "UserAuthentication"
	categoryRecovery = "UserAccountRecovery"
)

// categoryOf has the category of each operation.
var categoryOf = func() map[string]*rateCategory {
	out := map[string]*rateCategory{}
	for i := range rateCategories {
		for _, op := range strings.Fields(rateCategories[i].operations) {
			out[op] = &rateCategories[i]
		}
	}
	return out
}()

// findCategory returns the category of that name, or nil.
func findCategory(name string) *rateCategory {
	for i := range rateCategories {
		if rateCategories[i].name == name {
			return &rateCategories[i]
		}
	}
	return nil
}
