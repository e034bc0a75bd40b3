package userpool

import (
	"cmp"
	"maps"
)

// createdPool are the settings that a new pool is asked to have.
func createdPool(in *CreateUserPoolInput) UserPoolType {
	return UserPoolType{
		Name: in.PoolName, Policies: in.Policies, DeletionProtection: in.DeletionProtection, LambdaConfig: in.LambdaConfig,
		AutoVerifiedAttributes: in.AutoVerifiedAttributes, AliasAttributes: absentIfEmpty(in.AliasAttributes),
		UsernameAttributes: absentIfEmpty(in.UsernameAttributes), UsernameConfiguration: in.UsernameConfiguration,
		SmsVerificationMessage: in.SmsVerificationMessage, EmailVerificationMessage: in.EmailVerificationMessage,
		EmailVerificationSubject: in.EmailVerificationSubject, VerificationMessageTemplate: in.VerificationMessageTemplate,
		SmsAuthenticationMessage: in.SmsAuthenticationMessage, MfaConfiguration: in.MfaConfiguration,
		UserAttributeUpdateSettings: in.UserAttributeUpdateSettings, DeviceConfiguration: in.DeviceConfiguration,
		EmailConfiguration: in.EmailConfiguration, SmsConfiguration: in.SmsConfiguration, UserPoolTags: in.UserPoolTags,
		AdminCreateUserConfig: in.AdminCreateUserConfig, UserPoolAddOns: in.UserPoolAddOns,
		AccountRecoverySetting: in.AccountRecoverySetting, UserPoolTier: in.UserPoolTier, AcrConfiguration: in.AcrConfiguration,
		DcrConfiguration: in.DcrConfiguration, IssuerConfiguration: in.IssuerConfiguration, KeyConfiguration: in.KeyConfiguration,
	}
}

// updatedPool are the settings that a pool with the settings was is asked to have from now on. What is left out goes back to its
// default, except what an update cannot express (POOL-013), the name, the tier (POOL-012), the tags (TAG-003), and what has to do
// with registration, issuer and keys (NEW-246, NEW-263).
func updatedPool(in *UpdateUserPoolInput, was *UserPoolType) UserPoolType {
	set := UserPoolType{
		Id: was.Id, Arn: was.Arn, CreationDate: was.CreationDate, Domain: was.Domain, CustomDomain: was.CustomDomain,
		AliasAttributes: was.AliasAttributes, UsernameAttributes: was.UsernameAttributes, UsernameConfiguration: was.UsernameConfiguration,

		Name: cmp.Or(in.PoolName, was.Name), UserPoolTier: cmp.Or(in.UserPoolTier, was.UserPoolTier), UserPoolTags: in.UserPoolTags,
		DcrConfiguration:    cmp.Or(in.DcrConfiguration, was.DcrConfiguration),
		IssuerConfiguration: cmp.Or(in.IssuerConfiguration, was.IssuerConfiguration),
		KeyConfiguration:    cmp.Or(in.KeyConfiguration, was.KeyConfiguration),

		Policies: in.Policies, DeletionProtection: in.DeletionProtection, LambdaConfig: in.LambdaConfig,
		AutoVerifiedAttributes: in.AutoVerifiedAttributes, SmsVerificationMessage: in.SmsVerificationMessage,
		EmailVerificationMessage: in.EmailVerificationMessage, EmailVerificationSubject: in.EmailVerificationSubject,
		VerificationMessageTemplate: in.VerificationMessageTemplate, SmsAuthenticationMessage: in.SmsAuthenticationMessage,
		MfaConfiguration: in.MfaConfiguration, UserAttributeUpdateSettings: in.UserAttributeUpdateSettings,
		DeviceConfiguration: in.DeviceConfiguration, EmailConfiguration: in.EmailConfiguration, SmsConfiguration: in.SmsConfiguration,
		AdminCreateUserConfig: in.AdminCreateUserConfig, UserPoolAddOns: in.UserPoolAddOns,
		AccountRecoverySetting: in.AccountRecoverySetting, AcrConfiguration: in.AcrConfiguration,
	}
	if in.UserPoolTags == nil {
		set.UserPoolTags = was.UserPoolTags
	}
	return set
}

// normalPool fills in the defaults of what was left out (POOL-011) and joins what can be said in two places; two different values
// are an error. It changes nothing that set points to: that is the caller's.
func normalPool(set UserPoolType) (UserPoolType, error) {
	set.DeletionProtection = cmp.Or(set.DeletionProtection, DeletionProtectionTypeInactive)
	set.MfaConfiguration = cmp.Or(set.MfaConfiguration, UserPoolMfaTypeOff)
	set.UserPoolTier = cmp.Or(set.UserPoolTier, UserPoolTierTypeEssentials)
	set.AutoVerifiedAttributes = absentIfEmpty(set.AutoVerifiedAttributes)
	if r := set.AccountRecoverySetting; r != nil && len(r.RecoveryMechanisms) == 0 { // says nothing: the rule without a setting
		set.AccountRecoverySetting = nil
	}
	if set.LambdaConfig == nil {
		set.LambdaConfig = &LambdaConfigType{}
	}
	if set.UserPoolTags = maps.Clone(set.UserPoolTags); set.UserPoolTags == nil {
		set.UserPoolTags = map[string]string{}
	}
	email := EmailConfigurationType{}
	if set.EmailConfiguration != nil {
		email = *set.EmailConfiguration
	}
	email.EmailSendingAccount = cmp.Or(email.EmailSendingAccount, EmailSendingAccountTypeCognitoDefault)
	set.EmailConfiguration = &email
	if err := joinTemplates(&set); err != nil {
		return set, err
	}
	return set, joinPolicies(&set)
}

// joinTemplates makes one of the two places that hold the texts of verification messages (POOL-031, POOL-032).
func joinTemplates(set *UserPoolType) error {
	t := VerificationMessageTemplateType{}
	if set.VerificationMessageTemplate != nil {
		t = *set.VerificationMessageTemplate
	}
	t.DefaultEmailOption = cmp.Or(t.DefaultEmailOption, DefaultEmailOptionTypeConfirmWithCode)
	for _, both := range []struct {
		member      string
		legacy, now *string
	}{
		{"SmsVerificationMessage", &set.SmsVerificationMessage, &t.SmsMessage},
		{"EmailVerificationMessage", &set.EmailVerificationMessage, &t.EmailMessage},
		{"EmailVerificationSubject", &set.EmailVerificationSubject, &t.EmailSubject},
	} {
		if *both.legacy != "" && *both.now != "" && *both.legacy != *both.now { // unconfirmed text
			return ErrInvalidParameter.Newf("%s and VerificationMessageTemplate cannot have different values.", both.member)
		}
		text := cmp.Or(*both.now, *both.legacy)
		*both.legacy, *both.now = text, text
	}
	set.VerificationMessageTemplate = &t
	return nil
}

// joinPolicies fills in the policies and makes one of the two places that say how long a temporary password works (POOL-022,
// POOL-023, POOL-028).
func joinPolicies(set *UserPoolType) error {
	policies := UserPoolPolicyType{}
	if set.Policies != nil {
		policies = *set.Policies
	}
	if policies.SignInPolicy == nil {
		policies.SignInPolicy = &SignInPolicyType{AllowedFirstAuthFactors: []AuthFactorType{AuthFactorTypePassword}}
	}
	password := defaultPasswordPolicy()
	given := int32(0)
	if policies.PasswordPolicy != nil {
		password = *policies.PasswordPolicy
		given = password.TemporaryPasswordValidityDays
		if password.MinimumLength == nil {
			password.MinimumLength = new(int32(defaultMinimumLength))
		}
	}
	admin := AdminCreateUserConfigType{}
	if set.AdminCreateUserConfig != nil {
		admin = *set.AdminCreateUserConfig
	}
	if legacy := admin.UnusedAccountValidityDays; legacy != nil {
		if given != 0 && given != *legacy {
			return ErrInvalidParameter.New("Please use TemporaryPasswordValidityDays in PasswordPolicy instead of UnusedAccountValidityDays")
		}
		given = *legacy
	}
	password.TemporaryPasswordValidityDays = cmp.Or(given, defaultTemporaryDays)
	admin.UnusedAccountValidityDays = new(password.TemporaryPasswordValidityDays)
	policies.PasswordPolicy = &password
	set.Policies, set.AdminCreateUserConfig = &policies, &admin
	return nil
}
