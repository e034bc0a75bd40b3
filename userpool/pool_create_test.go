package userpool_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/cenote-auth/cenote/awsapi"
	"github.com/cenote-auth/cenote/userpool"
)

// poolOf describes a pool.
func (b *bench) poolOf(id string) *userpool.UserPoolType {
	b.t.Helper()
	out, err := b.DescribeUserPool(b.t.Context(), &userpool.DescribeUserPoolInput{UserPoolId: id})
	check(b.t, err)
	return out.UserPool
}

// poolIDs lists the pools of the bench.
func (b *bench) poolIDs() []string {
	b.t.Helper()
	out, err := b.ListUserPools(b.t.Context(), &userpool.ListUserPoolsInput{MaxResults: 60})
	check(b.t, err)
	var ids []string
	for _, p := range out.UserPools {
		ids = append(ids, p.Id)
	}
	return ids
}

// told returns a pool as DescribeUserPool writes it, with names for what is new each time. The schema is left out.
func (b *bench) told(t *testing.T, id string) string {
	t.Helper()
	body, err := b.Invoke(t.Context(), "DescribeUserPool", fmt.Appendf(nil, `{"UserPoolId":%q}`, id))
	check(t, err)
	got := regexp.MustCompile(`"SchemaAttributes":\[.*?\],("AutoV|"Alias|"Username|"Sms|"Email|"Verif)`).ReplaceAllString(string(body), "$1")
	got = regexp.MustCompile(`(Date":)[0-9.]+`).ReplaceAllString(got, "${1}NOW")
	return strings.ReplaceAll(got, id, "ID")
}

// POOL-001, POOL-002, POOL-009, POOL-011, POOL-015, POOL-018, MSG-008, NEW-104: a pool with nothing but a name has the documented defaults,
// and the answer is what DescribeUserPool tells.
func TestNewPool(t *testing.T) {
	t.Parallel()
	b := setup(t)
	body, err := b.Invoke(t.Context(), "CreateUserPool", []byte(`{"PoolName":"people"}`))
	check(t, err)
	id := regexp.MustCompile(`"Id":"(us-east-1_[0-9A-Za-z]{9})"`).FindStringSubmatch(string(body))
	if id == nil {
		t.Fatalf("no id in %s", body)
	}
	want := `{"UserPool":{"Id":"ID","Name":"people","Policies":{"PasswordPolicy":{"MinimumLength":8,"RequireUppercase":true,` +
		`"RequireLowercase":true,"RequireNumbers":true,"RequireSymbols":true,"TemporaryPasswordValidityDays":7},` +
		`"SignInPolicy":{"AllowedFirstAuthFactors":["PASSWORD"]}},"DeletionProtection":"INACTIVE","LambdaConfig":{},` +
		`"LastModifiedDate":NOW,"CreationDate":NOW,"VerificationMessageTemplate":{"DefaultEmailOption":"CONFIRM_WITH_CODE"},` +
		`"MfaConfiguration":"OFF","EstimatedNumberOfUsers":0,"EmailConfiguration":{"EmailSendingAccount":"COGNITO_DEFAULT"},` +
		`"UserPoolTags":{},"AdminCreateUserConfig":{"AllowAdminCreateUserOnly":false,"UnusedAccountValidityDays":7},` +
		`"Arn":"arn:aws:cognito-idp:us-east-1:123456789012:userpool/ID","UserPoolTier":"ESSENTIALS",` +
		`"AcrConfiguration":{"Level1":{"AcrValue":"urn:cognito:loa:1"},"Level2":{"AcrValue":"urn:cognito:loa:2"},` +
		`"Level3":{"AcrValue":"urn:cognito:loa:3"},"Level4":{"AcrValue":"urn:cognito:loa:4"}}}}`
	if got := b.told(t, id[1]); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	again, err := b.Invoke(t.Context(), "DescribeUserPool", fmt.Appendf(nil, `{"UserPoolId":%q}`, id[1]))
	check(t, err)
	if string(again) != string(body) {
		t.Errorf("created  %s\ndescribed %s", body, again)
	}
}

// POOL-005, ERR-080: each call makes a pool, also under a name that is taken.
func TestPoolNamesAreNotUnique(t *testing.T) {
	t.Parallel()
	b := setup(t)
	if one, two := b.app().pool, b.app().pool; one == two || len(b.poolIDs()) != 2 {
		t.Errorf("got %s and %s", one, two)
	}
}

// POOL-022, POOL-023, POOL-028, POOL-031: what can be said in two places is told in both, and what a partial policy leaves out
// has its own defaults.
func TestPoolSettingsAreJoined(t *testing.T) {
	t.Parallel()
	b := setup(t)
	template := &userpool.VerificationMessageTemplateType{
		SmsMessage: "sms {####}", EmailMessage: "email {####}", EmailSubject: "subject",
	}
	for _, tt := range []struct {
		name string
		in   userpool.CreateUserPoolInput
		want []string
	}{
		{"POOL-031 template", userpool.CreateUserPoolInput{VerificationMessageTemplate: template}, []string{
			`"SmsVerificationMessage":"sms {####}"`, `"EmailVerificationMessage":"email {####}"`, `"EmailVerificationSubject":"subject"`,
		}},
		{"POOL-031 legacy", userpool.CreateUserPoolInput{
			SmsVerificationMessage: "sms {####}", EmailVerificationMessage: "email {####}", EmailVerificationSubject: "subject",
		}, []string{
			`"VerificationMessageTemplate":{"SmsMessage":"sms {####}","EmailMessage":"email {####}","EmailSubject":"subject",`,
		}},
		{"POOL-032 both alike", userpool.CreateUserPoolInput{VerificationMessageTemplate: template, EmailVerificationSubject: "subject"},
			[]string{`"EmailVerificationSubject":"subject"`}},
		{"POOL-022 partial policy", userpool.CreateUserPoolInput{Policies: &userpool.UserPoolPolicyType{
			PasswordPolicy: &userpool.PasswordPolicyType{RequireNumbers: true},
		}}, []string{`"PasswordPolicy":{"MinimumLength":8,"RequireUppercase":false,"RequireLowercase":false,"RequireNumbers":true,` +
			`"RequireSymbols":false,"TemporaryPasswordValidityDays":7}`}},
		{"POOL-028 legacy days", userpool.CreateUserPoolInput{AdminCreateUserConfig: &userpool.AdminCreateUserConfigType{
			UnusedAccountValidityDays: new(int32(3)),
		}}, []string{`"TemporaryPasswordValidityDays":3`, `"UnusedAccountValidityDays":3`}},
		{"POOL-028 both alike", userpool.CreateUserPoolInput{
			Policies:              &userpool.UserPoolPolicyType{PasswordPolicy: &userpool.PasswordPolicyType{TemporaryPasswordValidityDays: 9}},
			AdminCreateUserConfig: &userpool.AdminCreateUserConfigType{UnusedAccountValidityDays: new(int32(9))},
		}, []string{`"TemporaryPasswordValidityDays":9`, `"UnusedAccountValidityDays":9`}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.in.PoolName = "test"
			out, err := b.CreateUserPool(t.Context(), &tt.in)
			check(t, err)
			got := b.told(t, out.UserPool.Id)
			for _, want := range tt.want {
				if !strings.Contains(got, want) {
					t.Errorf("no %s in %s", want, got)
				}
			}
		})
	}
	if *template != (userpool.VerificationMessageTemplateType{SmsMessage: "sms {####}", EmailMessage: "email {####}", EmailSubject: "subject"}) {
		t.Error("the caller's input was changed")
	}
}

// Config.CustomIDs takes the id of a pool from the tags of other emulators; it has to be free and of the form of POOL-001.
func TestCustomPoolID(t *testing.T) {
	t.Parallel()
	tag := func(key, id string) func(*userpool.CreateUserPoolInput) {
		return func(in *userpool.CreateUserPoolInput) { in.UserPoolTags = map[string]string{key: id} }
	}
	b := setup(t)
	for key, id := range map[string]string{"_custom_id_": "us-east-1_mypool", "floci:override-id": "local_1"} {
		if a := b.app(tag(key, id)); a.pool != id || b.poolOf(id).UserPoolTags[key] != id {
			t.Errorf("%s: got pool %s", key, a.pool)
		}
	}
	for name, id := range map[string]string{
		"taken": "local_1", "no underscore": "mypool", "long": strings.Repeat("a", 54) + "_1", "slash": "a/b_1", "end": "local_1-",
	} {
		t.Run(name, func(t *testing.T) {
			in := &userpool.CreateUserPoolInput{PoolName: "test"}
			tag("_custom_id_", id)(in)
			_, err := b.CreateUserPool(t.Context(), in)
			refused(t, err, userpool.ErrInvalidParameter, "")
		})
	}
	if n := len(b.poolIDs()); n != 2 {
		t.Errorf("%d pools", n)
	}
	plain := setup(t, func(c *userpool.Config) { c.CustomIDs = false })
	if a := plain.app(tag("_custom_id_", "us-east-1_mypool")); a.pool == "us-east-1_mypool" {
		t.Error("a tag chose the id without CustomIDs")
	}
}

// QUO: an installation has as many pools as Limits say.
func TestPoolLimit(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *userpool.Config) { c.Limits.Pools = 2 })
	b.app()
	last := b.app().pool
	_, err := b.CreateUserPool(t.Context(), &userpool.CreateUserPoolInput{PoolName: "test"})
	refused(t, err, userpool.ErrLimitExceeded, "")
	_, err = b.DeleteUserPool(t.Context(), &userpool.DeleteUserPoolInput{UserPoolId: last})
	check(t, err)
	b.app()
}

// refusedPool is what CreateUserPool, and where it can be said there UpdateUserPool, refuse.
type refusedPool struct {
	name string
	set  func(in *userpool.CreateUserPoolInput)
	code awsapi.Code
	text string
}

// unavailable is a setting that this version does not have.
func unavailable(name, member string, set func(in *userpool.CreateUserPoolInput)) refusedPool {
	return refusedPool{name, set, userpool.ErrInvalidParameter, member + " is not available in this version of cenote."}
}

// withoutKeys is a setting that an installation without SenderKeys does not have.
func withoutKeys(name, member string, set func(in *userpool.CreateUserPoolInput)) refusedPool {
	return refusedPool{name, set, userpool.ErrInvalidParameter, member + " is not available: this installation of cenote has no SenderKeys."}
}

// lambda is a pool with functions.
func lambda(c userpool.LambdaConfigType) func(*userpool.CreateUserPoolInput) {
	return func(in *userpool.CreateUserPoolInput) { in.LambdaConfig = &c }
}

const someARN = "arn:aws:lambda:us-east-1:123456789012:function:some"

var refusedPools = []refusedPool{
	{"no name", func(in *userpool.CreateUserPoolInput) { in.PoolName = "" }, userpool.ErrInvalidParameter,
		"1 validation error detected: Value null at 'poolName' failed to satisfy constraint: Member must not be null"},
	{"odd name", func(in *userpool.CreateUserPoolInput) { in.PoolName = "a/b" }, userpool.ErrInvalidParameter, ""},
	{"long name", func(in *userpool.CreateUserPoolInput) { in.PoolName = strings.Repeat("a", 129) }, userpool.ErrInvalidParameter, ""},
	{"POOL-040", func(in *userpool.CreateUserPoolInput) { byEmail(in); emailAlias(in) }, userpool.ErrInvalidParameter,
		"Only one of the aliasAttributes or usernameAttributes can be set in a user pool."},
	{"POOL-041", func(in *userpool.CreateUserPoolInput) {
		in.AliasAttributes = []userpool.AliasAttributeType{userpool.AliasAttributeTypePreferredUsername}
		in.Schema = []userpool.SchemaAttributeType{{Name: "preferred_username", Required: new(true)}}
	}, userpool.ErrInvalidParameter, ""},
	{"POOL-042", func(in *userpool.CreateUserPoolInput) {
		in.AutoVerifiedAttributes = []userpool.VerifiedAttributeType{userpool.VerifiedAttributeTypePhoneNumber}
	}, userpool.ErrInvalidParameter, "SMS configuration is required when phone_number is selected for auto verification"},
	{"POOL-043 required", func(in *userpool.CreateUserPoolInput) { in.MfaConfiguration = userpool.UserPoolMfaTypeOn },
		userpool.ErrInvalidParameter, "SMS configuration and Auto verification for phone_number are required when MFA is required"},
	{"POOL-043 optional", func(in *userpool.CreateUserPoolInput) { in.MfaConfiguration = userpool.UserPoolMfaTypeOptional },
		userpool.ErrInvalidParameter, "SMS configuration and Auto verification for phone_number are required when MFA is optional"},
	{"NEW-311 neither", func(in *userpool.CreateUserPoolInput) {
		in.SmsConfiguration = &userpool.SmsConfigurationType{ExternalId: "x"}
	},
		userpool.ErrInvalidParameter, ""},
	{"POOL-048", func(in *userpool.CreateUserPoolInput) {
		in.EmailConfiguration = &userpool.EmailConfigurationType{EmailSendingAccount: userpool.EmailSendingAccountTypeDeveloper}
	}, userpool.ErrInvalidParameter, ""},
	{"MSG-031 from", func(in *userpool.CreateUserPoolInput) {
		in.EmailConfiguration = &userpool.EmailConfigurationType{From: "ada@example.com\r\nBcc: eve@example.com"}
	}, userpool.ErrInvalidParameter, ""},
	{"MSG-031 reply to", func(in *userpool.CreateUserPoolInput) {
		in.EmailConfiguration = &userpool.EmailConfigurationType{ReplyToEmailAddress: "<ada>@example.com"}
	}, userpool.ErrInvalidParameter, ""},
	{"MSG-032", func(in *userpool.CreateUserPoolInput) {
		in.EmailConfiguration = &userpool.EmailConfigurationType{SourceArn: "arn:aws:ses:eu-south-1:123456789012:identity/a@example.com"}
	}, userpool.ErrInvalidParameter, ""},
	{"POOL-056 before POOL-048", func(in *userpool.CreateUserPoolInput) {
		in.EmailConfiguration = &userpool.EmailConfigurationType{EmailSendingAccount: userpool.EmailSendingAccountTypeDeveloper}
		in.LambdaConfig = &userpool.LambdaConfigType{PreSignUp: "not the ARN of anything"}
	}, userpool.ErrInvalidParameter, "1 validation error detected: Value 'not the ARN of anything' at 'lambdaConfig.preSignUp' failed to satisfy constraint: " +
		`Member must satisfy regular expression pattern: arn:[\w+=/,.@-]+:[\w+=/,.@-]+:([\w+=/,.@-]*)?:[0-9]+:[\w+=/,.@-]+(:[\w+=/,.@-]+)?(:[\w+=/,.@-]+)?`},
	{"POOL-051", lambda(userpool.LambdaConfigType{
		PreTokenGeneration: someARN, PreTokenGenerationConfig: &userpool.PreTokenGenerationVersionConfigType{
			LambdaArn: someARN + "-other", LambdaVersion: userpool.PreTokenGenerationLambdaVersionTypeV10,
		},
	}), userpool.ErrInvalidParameter, ""},
	{"POOL-052", func(in *userpool.CreateUserPoolInput) {
		in.UserAttributeUpdateSettings = &userpool.UserAttributeUpdateSettingsType{
			AttributesRequireVerificationBeforeUpdate: []userpool.VerifiedAttributeType{userpool.VerifiedAttributeTypeEmail},
		}
	}, userpool.ErrInvalidParameter, ""},
	{"POOL-029 admin_only beside another", recovery("admin_only", 1, "verified_email", 2), userpool.ErrInvalidParameter, ""},
	{"POOL-029 one name twice", recovery("verified_email", 1, "verified_email", 2), userpool.ErrInvalidParameter, ""},
	{"POOL-029 one priority twice", recovery("verified_phone_number", 1, "verified_email", 1), userpool.ErrInvalidParameter, ""},
	{"POOL-029 priority 3", recovery("verified_phone_number", 1, "verified_email", 3), userpool.ErrInvalidParameter, ""},
	{"POOL-020 length 5", policy(userpool.PasswordPolicyType{MinimumLength: new(int32(5))}), userpool.ErrInvalidParameter,
		"1 validation error detected: Value '5' at 'policies.passwordPolicy.minimumLength' failed to satisfy constraint: " +
			"Member must have value greater than or equal to 6"},
	{"POOL-020 length 100", policy(userpool.PasswordPolicyType{MinimumLength: new(int32(100))}), userpool.ErrInvalidParameter, ""},
	{"POOL-023 366 days", policy(userpool.PasswordPolicyType{TemporaryPasswordValidityDays: 366}), userpool.ErrInvalidParameter, ""},
	{"POOL-024 history of 25", policy(userpool.PasswordPolicyType{PasswordHistorySize: new(int32(25))}), userpool.ErrInvalidParameter, ""},
	{"POOL-028", func(in *userpool.CreateUserPoolInput) {
		policy(userpool.PasswordPolicyType{TemporaryPasswordValidityDays: 9})(in)
		in.AdminCreateUserConfig = &userpool.AdminCreateUserConfigType{UnusedAccountValidityDays: new(int32(7))}
	}, userpool.ErrInvalidParameter, "Please use TemporaryPasswordValidityDays in PasswordPolicy instead of UnusedAccountValidityDays"},
	{"POOL-032", func(in *userpool.CreateUserPoolInput) {
		in.EmailVerificationSubject = "one"
		in.VerificationMessageTemplate = &userpool.VerificationMessageTemplateType{EmailSubject: "two"}
	}, userpool.ErrInvalidParameter, ""},
	{"MSG-002 no code in e-mail", func(in *userpool.CreateUserPoolInput) { in.EmailVerificationMessage = "welcome" }, userpool.ErrInvalidParameter, ""},
	{"MSG-002 long subject", func(in *userpool.CreateUserPoolInput) { in.EmailVerificationSubject = strings.Repeat("a", 141) },
		userpool.ErrInvalidParameter, ""},
	{"MSG-003 control character", func(in *userpool.CreateUserPoolInput) { in.EmailVerificationMessage = "code {####}\x07" },
		userpool.ErrInvalidParameter, ""},
	{"MSG-004 two lines", func(in *userpool.CreateUserPoolInput) { in.SmsVerificationMessage = "code\n{####}" }, userpool.ErrInvalidParameter, ""},
	{"TAG-002 aws:", tags("aws:cost", "1"), userpool.ErrUserPoolTagging, ""},
	{"TAG-002 character", tags("cost;center", "1"), userpool.ErrUserPoolTagging, ""},

	{"POOL-053, TIER-002 threat protection", addOns(userpool.AdvancedSecurityModeTypeEnforced), userpool.ErrFeatureUnavailableInTier,
		"The following features need to be disabled for the ESSENTIALS pricing tier configured: Threat Protection"},
	{"POOL-053, TIER-002 two", func(in *userpool.CreateUserPoolInput) {
		in.UserPoolTier = userpool.UserPoolTierTypeLite
		addOns(userpool.AdvancedSecurityModeTypeAudit)(in)
		policy(userpool.PasswordPolicyType{PasswordHistorySize: new(int32(1))})(in)
	}, userpool.ErrFeatureUnavailableInTier,
		"The following features need to be disabled for the LITE pricing tier configured: Threat Protection, Password History"},
	{"TIER-002 tokens of version 2", func(in *userpool.CreateUserPoolInput) {
		in.UserPoolTier = userpool.UserPoolTierTypeLite
		lambda(userpool.LambdaConfigType{PreTokenGenerationConfig: &userpool.PreTokenGenerationVersionConfigType{
			LambdaArn: someARN, LambdaVersion: userpool.PreTokenGenerationLambdaVersionTypeV20,
		}})(in)
	}, userpool.ErrFeatureUnavailableInTier, ""},
	{"TIER-002 first factors", func(in *userpool.CreateUserPoolInput) {
		in.UserPoolTier = userpool.UserPoolTierTypeLite
		factors(userpool.AuthFactorTypePassword, userpool.AuthFactorTypeEmailOtp)(in)
	}, userpool.ErrFeatureUnavailableInTier, ""},
	{"POOL-055 no password", factors(userpool.AuthFactorTypeEmailOtp), userpool.ErrInvalidParameter, ""},
	{"NEW-164 NEW-332", factors(userpool.AuthFactorTypePassword, userpool.AuthFactorTypeSoftwareToken), userpool.ErrInvalidParameter, ""},

	{"POOL-055 codes by SMS without SMS", factors(userpool.AuthFactorTypePassword, userpool.AuthFactorTypeSmsOtp), userpool.ErrInvalidParameter, ""},
	{"POOL-055 codes where MFA is required", func(in *userpool.CreateUserPoolInput) {
		withSMS(in)
		in.MfaConfiguration = userpool.UserPoolMfaTypeOn
		factors(userpool.AuthFactorTypePassword, userpool.AuthFactorTypeEmailOtp)(in)
	}, userpool.ErrInvalidParameter, "EMAIL_OTP cannot be a first authentication factor when MFA is required."},
	{"NEW-106 one name twice", acr("Level1", "low", "Level2", "low"), userpool.ErrInvalidParameter, ""},
	{"NEW-106 the name of another level", acr("Level1", "urn:cognito:loa:2"), userpool.ErrInvalidParameter, ""},
	{"NEW-105 blank", acr("Level1", "very low"), userpool.ErrInvalidParameter, ""},
	{"NEW-105 quote", acr("Level1", `"low"`), userpool.ErrInvalidParameter, ""},
	{"NEW-105 backslash", acr("Level1", `l\ow`), userpool.ErrInvalidParameter, ""},
	{"NEW-105 too long", acr("Level1", strings.Repeat("x", 65)), userpool.ErrInvalidParameter, ""},
	{"NEW-105 empty", acr("Level1", ""), userpool.ErrInvalidParameter, ""},
	{"NEW-109 not a level", acr("Level5", "high"), userpool.ErrInvalidParameter, ""},
	{"NEW-107 TIER-002", func(in *userpool.CreateUserPoolInput) {
		in.UserPoolTier = userpool.UserPoolTierTypeLite
		acr("Level1", "low")(in)
	}, userpool.ErrFeatureUnavailableInTier, "The following features need to be disabled for the LITE pricing tier configured: Custom ACR Names"},
	unavailable("registration", "DcrConfiguration", func(in *userpool.CreateUserPoolInput) {
		in.DcrConfiguration = &userpool.DcrConfigurationType{EnableStatus: userpool.StatusTypeEnabled}
	}),
	unavailable("links", "VerificationMessageTemplate.DefaultEmailOption CONFIRM_WITH_LINK", func(in *userpool.CreateUserPoolInput) {
		in.VerificationMessageTemplate = &userpool.VerificationMessageTemplateType{DefaultEmailOption: userpool.DefaultEmailOptionTypeConfirmWithLink}
	}),
	withoutKeys("own e-mail", "LambdaConfig.CustomEmailSender", lambda(userpool.LambdaConfigType{
		CustomEmailSender: &userpool.CustomEmailLambdaVersionConfigType{LambdaArn: someARN, LambdaVersion: "V1_0"},
	})),
	withoutKeys("own SMS", "LambdaConfig.CustomSMSSender", lambda(userpool.LambdaConfigType{
		CustomSMSSender: &userpool.CustomSMSLambdaVersionConfigType{LambdaArn: someARN, LambdaVersion: "V1_0"},
	})),
	unavailable("federation", "LambdaConfig.InboundFederation", lambda(userpool.LambdaConfigType{
		InboundFederation: &userpool.InboundFederationLambdaType{LambdaArn: someARN, LambdaVersion: "V1_0"},
	})),
	withoutKeys("key of senders", "LambdaConfig.KMSKeyID", lambda(userpool.LambdaConfigType{KMSKeyID: "arn:aws:kms:us-east-1:123456789012:key/1"})),
}

func recovery(pairs ...any) func(*userpool.CreateUserPoolInput) {
	return func(in *userpool.CreateUserPoolInput) {
		in.AccountRecoverySetting = &userpool.AccountRecoverySettingType{}
		for i := 0; i < len(pairs); i += 2 {
			in.AccountRecoverySetting.RecoveryMechanisms = append(in.AccountRecoverySetting.RecoveryMechanisms, userpool.RecoveryOptionType{
				Name: userpool.RecoveryOptionNameType(pairs[i].(string)), Priority: int32(pairs[i+1].(int)),
			})
		}
	}
}

func policy(p userpool.PasswordPolicyType) func(*userpool.CreateUserPoolInput) {
	return func(in *userpool.CreateUserPoolInput) { in.Policies = &userpool.UserPoolPolicyType{PasswordPolicy: &p} }
}

// acr names levels; pairs are keys and names.
func acr(pairs ...string) func(*userpool.CreateUserPoolInput) {
	return func(in *userpool.CreateUserPoolInput) {
		in.AcrConfiguration = map[string]userpool.AcrLevelConfigType{}
		for k, v := range asMap(pairs) {
			in.AcrConfiguration[k] = userpool.AcrLevelConfigType{AcrValue: v}
		}
	}
}

func factors(list ...userpool.AuthFactorType) func(*userpool.CreateUserPoolInput) {
	return func(in *userpool.CreateUserPoolInput) {
		in.Policies = &userpool.UserPoolPolicyType{SignInPolicy: &userpool.SignInPolicyType{AllowedFirstAuthFactors: list}}
	}
}

func addOns(mode userpool.AdvancedSecurityModeType) func(*userpool.CreateUserPoolInput) {
	return func(in *userpool.CreateUserPoolInput) {
		in.UserPoolAddOns = &userpool.UserPoolAddOnsType{AdvancedSecurityMode: mode}
	}
}

func tags(key, value string) func(*userpool.CreateUserPoolInput) {
	return func(in *userpool.CreateUserPoolInput) { in.UserPoolTags = map[string]string{key: value} }
}

// withSMS lets a pool send text messages.
func withSMS(in *userpool.CreateUserPoolInput) {
	in.SmsConfiguration = &userpool.SmsConfigurationType{SnsCallerArn: "arn:aws:iam::123456789012:role/sns", ExternalId: "x"}
}

// What CreateUserPool refuses; a refused call makes no pool.
func TestCreatePoolRefusals(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, tt := range refusedPools {
		t.Run(tt.name, func(t *testing.T) {
			in := &userpool.CreateUserPoolInput{PoolName: "test"}
			tt.set(in)
			_, err := b.CreateUserPool(t.Context(), in)
			refused(t, err, tt.code, tt.text)
		})
	}
	_, err := b.Invoke(t.Context(), "CreateUserPool", []byte(`{"PoolName":7}`))
	refused(t, err, awsapi.ErrSerialization, "")
	if n := len(b.poolIDs()); n != 0 {
		t.Errorf("%d pools were made", n)
	}
}

// Settings that say what is so anyhow are accepted, also those of features that this version does not have.
func TestHarmlessPoolSettings(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.app(factors(userpool.AuthFactorTypePassword), addOns(userpool.AdvancedSecurityModeTypeOff), withSMS, func(in *userpool.CreateUserPoolInput) {
		in.MfaConfiguration = userpool.UserPoolMfaTypeOff
		in.SmsAuthenticationMessage = "Your code is {####}"
		in.AcrConfiguration = map[string]userpool.AcrLevelConfigType{}
		in.DcrConfiguration = &userpool.DcrConfigurationType{EnableStatus: userpool.StatusTypeDisabled}
		in.IssuerConfiguration = &userpool.IssuerConfigurationType{Type: userpool.IssuerTypeOriginal}
		in.KeyConfiguration = &userpool.KeyConfigurationType{KeyType: userpool.EncryptionKeyTypeAwsOwnedKey}
		in.VerificationMessageTemplate = &userpool.VerificationMessageTemplateType{ // POOL-049
			EmailMessage: "code {####}", EmailMessageByLink: "click {##here##}", EmailSubjectByLink: "link",
		}
	})
}
