package userpool_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/cenote-auth/cenote/awsapi"
	"github.com/cenote-auth/cenote/message"
	"github.com/cenote-auth/cenote/userpool"
)

// asPoolUpdate is an update that asks for the same as a creation.
func asPoolUpdate(in *userpool.CreateUserPoolInput, id string) *userpool.UpdateUserPoolInput {
	return &userpool.UpdateUserPoolInput{
		UserPoolId: id, PoolName: in.PoolName, Policies: in.Policies, DeletionProtection: in.DeletionProtection,
		LambdaConfig: in.LambdaConfig, AutoVerifiedAttributes: in.AutoVerifiedAttributes,
		SmsVerificationMessage: in.SmsVerificationMessage, EmailVerificationMessage: in.EmailVerificationMessage,
		EmailVerificationSubject: in.EmailVerificationSubject, VerificationMessageTemplate: in.VerificationMessageTemplate,
		SmsAuthenticationMessage: in.SmsAuthenticationMessage, UserAttributeUpdateSettings: in.UserAttributeUpdateSettings,
		MfaConfiguration: in.MfaConfiguration, DeviceConfiguration: in.DeviceConfiguration, EmailConfiguration: in.EmailConfiguration,
		SmsConfiguration: in.SmsConfiguration, UserPoolTags: in.UserPoolTags, AdminCreateUserConfig: in.AdminCreateUserConfig,
		UserPoolAddOns: in.UserPoolAddOns, AccountRecoverySetting: in.AccountRecoverySetting, UserPoolTier: in.UserPoolTier,
		AcrConfiguration: in.AcrConfiguration, DcrConfiguration: in.DcrConfiguration, IssuerConfiguration: in.IssuerConfiguration,
		KeyConfiguration: in.KeyConfiguration,
	}
}

// update changes the app's pool; what the function leaves alone goes back to its default.
func (a app) update(set func(*userpool.CreateUserPoolInput)) {
	a.t.Helper()
	in := &userpool.CreateUserPoolInput{}
	set(in)
	_, err := a.UpdateUserPool(a.t.Context(), asPoolUpdate(in, a.pool))
	check(a.t, err)
}

// everySetting gives a pool all that an update can change.
func everySetting(in *userpool.CreateUserPoolInput) {
	withSMS(in)
	policy(userpool.PasswordPolicyType{MinimumLength: new(int32(12)), TemporaryPasswordValidityDays: 3, PasswordHistorySize: new(int32(2))})(in)
	lambda(userpool.LambdaConfigType{PreSignUp: someARN})(in)
	recovery("verified_email", 1)(in)
	in.PoolName, in.DeletionProtection = "all", userpool.DeletionProtectionTypeActive
	in.AutoVerifiedAttributes = []userpool.VerifiedAttributeType{userpool.VerifiedAttributeTypeEmail}
	in.EmailVerificationMessage, in.SmsAuthenticationMessage = "code {####}", "auth {####}"
	in.UserAttributeUpdateSettings = &userpool.UserAttributeUpdateSettingsType{
		AttributesRequireVerificationBeforeUpdate: []userpool.VerifiedAttributeType{userpool.VerifiedAttributeTypeEmail},
	}
	in.EmailConfiguration = &userpool.EmailConfigurationType{ReplyToEmailAddress: "help@example.com"}
	in.AdminCreateUserConfig = &userpool.AdminCreateUserConfigType{AllowAdminCreateUserOnly: true}
	in.UserPoolTags, in.UserPoolTier = map[string]string{"cost": "1"}, userpool.UserPoolTierTypePlus
}

// POOL-012, POOL-013, POOL-015, TAG-003: an update takes everything back that it does not say, except the name, the tier, the tags
// and what only a creation can say.
func TestUpdatePoolReplaces(t *testing.T) {
	t.Parallel()
	b := setup(t)
	schema := func(in *userpool.CreateUserPoolInput) {
		in.Schema = []userpool.SchemaAttributeType{{Name: "level", AttributeDataType: userpool.AttributeDataTypeNumber}}
		in.UsernameConfiguration = &userpool.UsernameConfigurationType{CaseSensitive: false}
	}
	full := b.app(schema, emailAlias, everySetting)
	bare := b.app(schema, emailAlias, func(in *userpool.CreateUserPoolInput) {
		in.PoolName, in.AutoVerifiedAttributes = "all", nil
		in.UserPoolTags, in.UserPoolTier = map[string]string{"cost": "1"}, userpool.UserPoolTierTypePlus
	})
	created := b.poolOf(full.pool).CreationDate
	b.clock.Advance(time.Hour)
	body, err := b.Invoke(t.Context(), "UpdateUserPool", fmt.Appendf(nil, `{"UserPoolId":%q}`, full.pool))
	check(t, err)
	if string(body) != "{}" {
		t.Errorf("answered %s", body)
	}
	if got, want := b.told(t, full.pool), b.told(t, bare.pool); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	p := b.poolOf(full.pool)
	if !p.CreationDate.Equal(created) || p.LastModifiedDate.Sub(created) != time.Hour {
		t.Errorf("created %v, modified %v", p.CreationDate, p.LastModifiedDate)
	}
	if len(p.SchemaAttributes) != len(b.poolOf(bare.pool).SchemaAttributes) {
		t.Error("the schema has changed")
	}
}

// POOL-005, POOL-014: what DescribeUserPool tells can be sent to UpdateUserPool, which then changes nothing.
func TestUpdatePoolRoundTrip(t *testing.T) {
	t.Parallel()
	b := setup(t)
	a := b.app(everySetting)
	before, p := b.told(t, a.pool), b.poolOf(a.pool)
	b.clock.Advance(time.Hour)
	update := samePool(p)
	_, err := b.UpdateUserPool(t.Context(), update)
	check(t, err)
	if after := b.told(t, a.pool); after != before {
		t.Errorf("before %s\nafter  %s", before, after)
	}
	update.PoolName = "another"
	_, err = b.UpdateUserPool(t.Context(), update)
	check(t, err)
	if got := b.poolOf(a.pool).Name; got != "another" {
		t.Errorf("the name is %q", got)
	}
}

// What CreateUserPool refuses, UpdateUserPool refuses as well; TIER-003: also a tier that does not have what the pool has. A refused
// call changes nothing.
func TestUpdatePoolRefusals(t *testing.T) {
	t.Parallel()
	b := setup(t)
	a := b.app(everySetting)
	before := b.told(t, a.pool)
	b.clock.Advance(time.Hour)
	onlyCreation := map[string]bool{"no name": true, "POOL-040": true, "POOL-041": true}
	for _, tt := range refusedPools {
		if onlyCreation[tt.name] {
			continue
		}
		t.Run(tt.name, func(t *testing.T) {
			in := &userpool.CreateUserPoolInput{UserPoolTier: userpool.UserPoolTierTypeEssentials}
			tt.set(in)
			_, err := b.UpdateUserPool(t.Context(), asPoolUpdate(in, a.pool))
			refused(t, err, tt.code, tt.text)
		})
	}
	lower := &userpool.CreateUserPoolInput{}
	everySetting(lower)
	lower.UserPoolTier = userpool.UserPoolTierTypeLite
	_, err := b.UpdateUserPool(t.Context(), asPoolUpdate(lower, a.pool))
	refused(t, err, userpool.ErrFeatureUnavailableInTier,
		"The following features need to be disabled for the LITE pricing tier configured: Password History")
	if after := b.told(t, a.pool); after != before {
		t.Errorf("before %s\nafter  %s", before, after)
	}
}

// POOL-064, POOL-065: no operation on a pool finds one that does not exist or has another region's id; ERR-010, ERR-040: nor one
// whose id is misspelt.
func TestForeignPool(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.app()
	calls := map[string]string{
		"DescribeUserPool": "", "UpdateUserPool": "", "DeleteUserPool": "", "GetUserPoolMfaConfig": "", "SetUserPoolMfaConfig": "",
		"AddCustomAttributes":  `,"CustomAttributes":[{"Name":"a","AttributeDataType":"String"}]`,
		"CreateUserPoolClient": `,"ClientName":"web"`,
	}
	for op, more := range calls {
		for _, id := range []string{"us-east-1_Nowhere00", "eu-west-1_Nowhere00"} {
			_, err := b.Invoke(t.Context(), op, fmt.Appendf(nil, `{"UserPoolId":%q%s}`, id, more))
			refused(t, err, userpool.ErrResourceNotFound, "User pool "+id+" does not exist.")
		}
		for _, id := range []string{`""`, `"nowhere"`, `"` + strings.Repeat("a", 54) + `_1"`, `null`} {
			_, err := b.Invoke(t.Context(), op, fmt.Appendf(nil, `{"UserPoolId":%s%s}`, id, more))
			refused(t, err, userpool.ErrInvalidParameter, "")
		}
		_, err := b.Invoke(t.Context(), op, fmt.Appendf(nil, `{"UserPoolId":7%s}`, more))
		refused(t, err, awsapi.ErrSerialization, "")
	}
}

// Settings take effect with the next request.
func TestUpdatePoolTakesEffect(t *testing.T) {
	t.Parallel()
	b := setup(t)
	signUp := func(a app, name string) error {
		_, err := a.SignUp(t.Context(), &userpool.SignUpInput{
			ClientId: a.client, Username: name, Password: password, UserAttributes: attributes("email", name+"@example.com"),
		})
		return err
	}
	a := b.app()
	check(t, signUp(a, "one"))
	a.update(policy(userpool.PasswordPolicyType{MinimumLength: new(int32(20))}))
	refused(t, signUp(a, "two"), userpool.ErrInvalidPassword, "Password did not conform with policy: Password not long enough")
	a.update(func(in *userpool.CreateUserPoolInput) { // POOL-027
		in.AdminCreateUserConfig = &userpool.AdminCreateUserConfigType{AllowAdminCreateUserOnly: true}
	})
	refused(t, signUp(a, "two"), userpool.ErrNotAuthorized, "SignUp is not permitted for this user pool")
	a.update(recovery("admin_only", 1)) // POOL-030
	_, err := a.ForgotPassword(t.Context(), &userpool.ForgotPasswordInput{ClientId: a.client, Username: "one"})
	refused(t, err, userpool.ErrNotAuthorized, "Contact administrator to reset password.")
	b.deliver()
	b.outbox.Reset()
	a.update(func(*userpool.CreateUserPoolInput) {})
	check(t, signUp(a, "two"))
	b.deliver()
	if n := len(b.outbox.All()); n != 0 {
		t.Errorf("%d messages although nothing is verified any longer", n)
	}
	a.update(lambda(userpool.LambdaConfigType{PreSignUp: someARN})) // POOL-057: stored unseen, fails when it runs
	if err := signUp(a, "three"); !errors.Is(err, userpool.ErrUnexpectedLambda) {
		t.Errorf("got %v from a function that does not exist", err)
	}
}

// envelopes keeps e-mails whole.
type envelopes []message.Email

func (e *envelopes) SendEmail(_ context.Context, m message.Email) error {
	*e = append(*e, m)
	return nil
}

// POOL-048, MSG-030, MSG-031, MSG-033: who an e-mail is from.
func TestEmailConfiguration(t *testing.T) {
	t.Parallel()
	const source = "arn:aws:ses:us-east-1:123456789012:identity/"
	developer := userpool.EmailSendingAccountTypeDeveloper
	for _, tt := range []struct {
		name string
		c    userpool.EmailConfigurationType
		want message.Email
	}{
		{"nothing", userpool.EmailConfigurationType{}, message.Email{}},
		{"reply to only", userpool.EmailConfigurationType{ReplyToEmailAddress: "help@example.com"}, message.Email{ReplyTo: "help@example.com"}},
		{"without an account of its own", userpool.EmailConfigurationType{From: "Shop <shop@example.com>", ConfigurationSet: "set"}, message.Email{}},
		{"identity", userpool.EmailConfigurationType{SourceArn: source + "shop@example.com"}, message.Email{From: "shop@example.com"}},
		{"domain", userpool.EmailConfigurationType{SourceArn: source + "example.com"}, message.Email{}},
		{"developer", userpool.EmailConfigurationType{
			EmailSendingAccount: developer, SourceArn: source + "shop@example.com", From: "Shop <shop@example.com>", ConfigurationSet: "set",
		}, message.Email{From: "Shop <shop@example.com>", ConfigurationSet: "set"}},
		{"developer without from", userpool.EmailConfigurationType{EmailSendingAccount: developer, SourceArn: source + "shop@example.com"},
			message.Email{From: "shop@example.com"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var sent envelopes
			a := setup(t, func(c *userpool.Config) { c.Email = &sent }).app(func(in *userpool.CreateUserPoolInput) { in.EmailConfiguration = &tt.c })
			a.signUp("ada", "email", "ada@example.com")
			a.deliver()
			if len(sent) != 1 {
				t.Fatalf("%d e-mails", len(sent))
			}
			if got := sent[0]; got.From != tt.want.From || got.ReplyTo != tt.want.ReplyTo || got.ConfigurationSet != tt.want.ConfigurationSet {
				t.Errorf("from %q, reply to %q, set %q", got.From, got.ReplyTo, got.ConfigurationSet)
			}
		})
	}
}

// POOL-016, ERR-081, C2: updates at once take turns and none is lost: each adds an attribute or a tag, and all of them are there.
func TestUpdatePoolAtOnce(t *testing.T) {
	t.Parallel()
	a := setup(t).app()
	arn := a.poolOf(a.pool).Arn
	const n = 8
	for _, err := range race(2*n, func(i int) error {
		if i < n {
			_, err := a.AddCustomAttributes(t.Context(), &userpool.AddCustomAttributesInput{
				UserPoolId: a.pool, CustomAttributes: []userpool.SchemaAttributeType{
					{Name: fmt.Sprint("a", i), AttributeDataType: userpool.AttributeDataTypeString},
				},
			})
			return err
		}
		_, err := a.TagResource(t.Context(), &userpool.TagResourceInput{ResourceArn: arn, Tags: map[string]string{fmt.Sprint(i): ""}})
		return err
	}) {
		check(t, err)
	}
	p := a.poolOf(a.pool)
	custom := 0
	for _, s := range p.SchemaAttributes {
		if strings.HasPrefix(s.Name, "custom:") {
			custom++
		}
	}
	if custom != n || len(p.UserPoolTags) != n {
		t.Errorf("%d attributes and %d tags", custom, len(p.UserPoolTags))
	}
}

// What an answer holds is the caller's: changing it changes no pool.
func TestPoolAnswersAreCopies(t *testing.T) {
	t.Parallel()
	b := setup(t)
	a := b.app(everySetting)
	before := b.told(t, a.pool)
	for range 2 {
		p := b.poolOf(a.pool)
		p.Policies.PasswordPolicy.MinimumLength, p.LambdaConfig.PreSignUp, p.EmailConfiguration.From = new(int32(6)), "", "x"
		p.SchemaAttributes[0].Name, p.AutoVerifiedAttributes[0] = "x", "x"
		maps.Copy(p.UserPoolTags, map[string]string{"more": "2"})
		out, err := b.ListUserPools(t.Context(), &userpool.ListUserPoolsInput{MaxResults: 1})
		check(t, err)
		out.UserPools[0].LambdaConfig.PreSignUp = ""
	}
	if after := b.told(t, a.pool); after != before || b.poolOf(a.pool).SchemaAttributes[0].Name != "sub" {
		t.Errorf("before %s\nafter  %s", before, after)
	}
}

// samePool is an update of a pool that changes nothing.
func samePool(p *userpool.UserPoolType) *userpool.UpdateUserPoolInput {
	return &userpool.UpdateUserPoolInput{
		UserPoolId: p.Id, PoolName: p.Name, Policies: p.Policies, DeletionProtection: p.DeletionProtection, LambdaConfig: p.LambdaConfig,
		AutoVerifiedAttributes: p.AutoVerifiedAttributes, SmsVerificationMessage: p.SmsVerificationMessage,
		EmailVerificationMessage: p.EmailVerificationMessage, EmailVerificationSubject: p.EmailVerificationSubject,
		VerificationMessageTemplate: p.VerificationMessageTemplate, SmsAuthenticationMessage: p.SmsAuthenticationMessage,
		UserAttributeUpdateSettings: p.UserAttributeUpdateSettings, MfaConfiguration: p.MfaConfiguration,
		EmailConfiguration: p.EmailConfiguration, SmsConfiguration: p.SmsConfiguration, UserPoolTags: p.UserPoolTags,
		AdminCreateUserConfig: p.AdminCreateUserConfig, AccountRecoverySetting: p.AccountRecoverySetting, UserPoolTier: p.UserPoolTier,
	}
}
