package userpool_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/cenote-auth/cenote/awsapi"
	"github.com/cenote-auth/cenote/userpool"
)

// AUTH-306…311, AUTH-603, AUTH-604: one preference after another, by the user or by an administrator.
func TestMFAPreference(t *testing.T) {
	t.Parallel()
	every := []userpool.ChallengeNameType{smsMFA, totpMFA, emailMFA}
	base := setup(t).mfaApp(mfaOptional, every)
	base.user("ada", "phone_number", phone, "email", mail)
	base.token("ada")
	steps := []struct {
		set       func(*userpool.AdminSetUserMFAPreferenceInput)
		list      []string
		preferred string
	}{
		{all(), nil, ""},
		{useSMS(true, false), []string{"SMS_MFA"}, ""},
		{useTOTP(true, true), []string{"SMS_MFA", "SOFTWARE_TOKEN_MFA"}, "SOFTWARE_TOKEN_MFA"},
		{useEmail(true, false), []string{"SMS_MFA", "SOFTWARE_TOKEN_MFA", "EMAIL_OTP"}, "SOFTWARE_TOKEN_MFA"}, // AUTH-307
		{useEmail(true, true), []string{"SMS_MFA", "SOFTWARE_TOKEN_MFA", "EMAIL_OTP"}, "EMAIL_OTP"},           // AUTH-308
		{useEmail(true, false), []string{"SMS_MFA", "SOFTWARE_TOKEN_MFA", "EMAIL_OTP"}, ""},
		{useSMS(false, false), []string{"SOFTWARE_TOKEN_MFA", "EMAIL_OTP"}, ""},
		{useSMS(false, true), []string{"SMS_MFA", "SOFTWARE_TOKEN_MFA", "EMAIL_OTP"}, "SMS_MFA"}, // AUTH-308: preferred is enabled
		{useSMS(false, false), []string{"SOFTWARE_TOKEN_MFA", "EMAIL_OTP"}, ""},                  // AUTH-309
		{all(useTOTP(false, false), useEmail(true, true)), []string{"EMAIL_OTP"}, "EMAIL_OTP"},   // two members of one call
		{all(useTOTP(true, true), useEmail(false, false)), []string{"SOFTWARE_TOKEN_MFA"}, "SOFTWARE_TOKEN_MFA"},
		{useTOTP(false, false), nil, ""},
	}
	for _, by := range []string{"user", "administrator"} {
		t.Run(by, func(t *testing.T) {
			a := base.fork(t)
			access := a.signIn("ada").AccessToken
			for i, step := range steps {
				var err error
				if by == "user" {
					var in userpool.AdminSetUserMFAPreferenceInput
					step.set(&in)
					_, err = a.SetUserMFAPreference(t.Context(), &userpool.SetUserMFAPreferenceInput{
						AccessToken: access, SMSMfaSettings: in.SMSMfaSettings, SoftwareTokenMfaSettings: in.SoftwareTokenMfaSettings,
						EmailMfaSettings: in.EmailMfaSettings,
					})
				} else {
					err = a.prefer("ada", step.set)
				}
				check(t, err)
				own, err := a.getUser(access)
				check(t, err)
				if p := a.profile("ada"); !slices.Equal(p.UserMFASettingList, step.list) || p.PreferredMfaSetting != step.preferred ||
					!slices.Equal(own.UserMFASettingList, step.list) || own.PreferredMfaSetting != step.preferred || len(p.MFAOptions) != 0 {
					t.Errorf("step %d: %v, preferred %q; own %v", i, p.UserMFASettingList, p.PreferredMfaSetting, own.UserMFASettingList)
				}
			}
		})
	}
	raw, err := base.Invoke(t.Context(), "AdminGetUser", []byte(`{"UserPoolId":"`+base.pool+`","Username":"ada"}`))
	check(t, err)
	for _, member := range []string{"UserMFASettingList", "PreferredMfaSetting", "MFAOptions"} { // AUTH-306
		if strings.Contains(string(raw), member) {
			t.Errorf("%s is in %s", member, raw)
		}
	}
}

// AUTH-308, AUTH-310…312, AUTH-603, AUTH-604: what cannot be preferred; a refused call changes nothing.
func TestMFAPreferenceRefusals(t *testing.T) {
	t.Parallel()
	const undelivered = "User does not have delivery config set to turn on "
	every := []userpool.ChallengeNameType{smsMFA, totpMFA, emailMFA}
	a := setup(t).mfaApp(mfaOptional, every)
	a.user("bare")
	a.user("ada", "phone_number", phone, "email", mail)
	check(t, a.prefer("ada", useSMS(true, true)))
	refusals := []struct {
		name string
		set  func(*userpool.AdminSetUserMFAPreferenceInput)
		text string
	}{
		{"bare", useSMS(true, false), undelivered + "SMS_MFA"}, // AUTH-310
		{"bare", useTOTP(true, false), undelivered + "SOFTWARE_TOKEN_MFA"},
		{"bare", useEmail(false, true), undelivered + "EMAIL_OTP"},
		{"ada", all(useSMS(true, true), useEmail(true, true)), "Only one MFA method can be preferred."}, // AUTH-308
		{"ada", all(useEmail(true, false), useTOTP(true, false)), undelivered + "SOFTWARE_TOKEN_MFA"},   // all or nothing
		{"ada", func(in *userpool.AdminSetUserMFAPreferenceInput) {
			in.WebAuthnMfaSettings = &userpool.WebAuthnMfaSettingsType{Enabled: true}
		}, undelivered + "WEB_AUTHN"}, // AUTH-312: the pool has no such rule
	}
	for _, r := range refusals {
		refused(t, a.prefer(r.name, r.set), userpool.ErrInvalidParameter, r.text)
	}
	if p := a.profile("ada"); !slices.Equal(p.UserMFASettingList, []string{"SMS_MFA"}) || p.PreferredMfaSetting != "SMS_MFA" {
		t.Errorf("a refused call changed %+v", p)
	}

	// AUTH-311: where everybody has to, text messages stay on; what is preferred may change.
	required := a.fork(t)
	required.mfa(mfaOn, every...)
	refused(t, required.prefer("ada", useSMS(false, false)), userpool.ErrInvalidParameter, "SMS_MFA cannot be turned off where MFA is required.")
	check(t, required.prefer("ada", useEmail(true, true)))
	if p := required.profile("ada"); p.PreferredMfaSetting != "EMAIL_OTP" || !slices.Equal(p.UserMFASettingList, []string{"SMS_MFA", "EMAIL_OTP"}) {
		t.Errorf("%v, preferred %q", p.UserMFASettingList, p.PreferredMfaSetting)
	}

	// What the pool does not have cannot be chosen, until it asks for nothing at all (AUTH-304).
	narrow := a.fork(t)
	narrow.mfa(mfaOff)
	check(t, narrow.prefer("ada", useEmail(true, false)))
	narrow.mfa(mfaOn, totpMFA)
	for _, set := range []func(*userpool.AdminSetUserMFAPreferenceInput){useEmail(true, false), useSMS(true, false)} {
		refused(t, narrow.prefer("ada", set), userpool.ErrInvalidParameter, "")
	}

	own := func(access string) error {
		_, err := a.SetUserMFAPreference(t.Context(), &userpool.SetUserMFAPreferenceInput{AccessToken: access})
		return err
	}
	refused(t, own("nonsense"), userpool.ErrNotAuthorized, "Invalid Access Token") // AUTH-603
	access := a.signIn("bare").AccessToken
	_, err := a.GlobalSignOut(t.Context(), &userpool.GlobalSignOutInput{AccessToken: access})
	check(t, err)
	refused(t, own(access), userpool.ErrNotAuthorized, accessRevoked)
	for name, want := range map[string]awsapi.Code{"nobody": userpool.ErrUserNotFound, "ada": userpool.ErrResourceNotFound} { // AUTH-604
		in := &userpool.AdminSetUserMFAPreferenceInput{UserPoolId: a.pool, Username: name}
		if want == userpool.ErrResourceNotFound {
			in.UserPoolId = "us-east-1_Nowhere00"
		}
		useTOTP(true, true)(in)
		_, err := a.AdminSetUserMFAPreference(t.Context(), in)
		refused(t, err, want, "")
	}
}

// USR-040, AUTH-313, AUTH-605: the legacy form switches text messages and nothing else; only it shows in MFAOptions.
func TestUserSettings(t *testing.T) {
	t.Parallel()
	base := setup(t).mfaApp(mfaOptional, []userpool.ChallengeNameType{smsMFA, totpMFA})
	base.user("ada", "phone_number", phone)
	base.user("bare")
	base.token("ada")
	check(t, base.prefer("ada", useTOTP(true, true)))
	sms := []userpool.MFAOptionType{{DeliveryMedium: userpool.DeliveryMediumTypeSms, AttributeName: "phone_number"}}
	for _, by := range []string{"user", "administrator"} {
		t.Run(by, func(t *testing.T) {
			a := base.fork(t)
			check(t, a.prefer("ada", useTOTP(false, false)))
			access := a.signIn("ada").AccessToken
			check(t, a.prefer("ada", useTOTP(true, true)))
			set := func(options []userpool.MFAOptionType) (err error) {
				if by == "user" {
					_, err = a.SetUserSettings(t.Context(), &userpool.SetUserSettingsInput{AccessToken: access, MFAOptions: options})
					return err
				}
				_, err = a.AdminSetUserSettings(t.Context(), &userpool.AdminSetUserSettingsInput{UserPoolId: a.pool, Username: "ada", MFAOptions: options})
				return err
			}
			for _, options := range [][]userpool.MFAOptionType{
				nil, // required
				{{DeliveryMedium: userpool.DeliveryMediumTypeEmail, AttributeName: "email"}},
				{{DeliveryMedium: userpool.DeliveryMediumTypeSms, AttributeName: "email"}},
				{{DeliveryMedium: userpool.DeliveryMediumTypeSms}}, {{}}, append(sms, sms...),
			} {
				refused(t, set(options), userpool.ErrInvalidParameter, "")
			}
			check(t, set(sms))
			if p := a.profile("ada"); !slices.Equal(p.MFAOptions, sms) || !slices.Equal(p.UserMFASettingList, []string{"SMS_MFA", "SOFTWARE_TOKEN_MFA"}) ||
				p.PreferredMfaSetting != "SOFTWARE_TOKEN_MFA" {
				t.Errorf("on: %+v", p)
			}
			check(t, set([]userpool.MFAOptionType{}))
			if p := a.profile("ada"); len(p.MFAOptions) != 0 || !slices.Equal(p.UserMFASettingList, []string{"SOFTWARE_TOKEN_MFA"}) {
				t.Errorf("off: %+v", p)
			}
			check(t, set(sms))
			check(t, a.prefer("ada", useSMS(false, false))) // the newer form ends the older one
			if p := a.profile("ada"); len(p.MFAOptions) != 0 || !slices.Equal(p.UserMFASettingList, []string{"SOFTWARE_TOKEN_MFA"}) {
				t.Errorf("off by the newer form: %+v", p)
			}
			check(t, a.prefer("ada", useTOTP(false, false)))
			check(t, set(sms))
			a.signedIn(a.respond(smsMFA, a.challenge("ada", smsMFA).Session, "USERNAME", "ada", "SMS_MFA_CODE", a.code(phone)))
		})
	}
	_, err := base.AdminSetUserSettings(t.Context(), &userpool.AdminSetUserSettingsInput{UserPoolId: base.pool, Username: "bare", MFAOptions: sms})
	refused(t, err, userpool.ErrInvalidParameter, "User does not have delivery config set to turn on SMS_MFA")
}

// AUTH-352, AUTH-426, AUTH-427: the way to a second factor is not the way to a new password.
func TestRecoveryWithoutSecondFactor(t *testing.T) {
	t.Parallel()
	every := []userpool.ChallengeNameType{smsMFA, totpMFA, emailMFA}
	phoneFirst := recovery("verified_phone_number", 1, "verified_email", 2)
	mailFirst := recovery("verified_phone_number", 2, "verified_email", 1)
	nothing := func(*userpool.AdminSetUserMFAPreferenceInput) {}
	for _, tt := range []struct {
		name   string
		order  func(*userpool.CreateUserPoolInput)
		level  userpool.UserPoolMfaType
		prefer func(*userpool.AdminSetUserMFAPreferenceInput)
		want   string
	}{
		{"no factor", phoneFirst, mfaOptional, nothing, "phone_number"},
		{"SMS", phoneFirst, mfaOptional, useSMS(true, false), "email"},
		{"SMS, e-mail first", mailFirst, mfaOptional, useSMS(true, false), "email"},
		{"e-mail", mailFirst, mfaOptional, useEmail(true, false), "phone_number"},
		{"both", phoneFirst, mfaOptional, all(useSMS(true, false), useEmail(true, false)), ""},
		{"both, one preferred", phoneFirst, mfaOptional, all(useSMS(true, false), useEmail(true, true)), ""},
		{"SMS by demand", phoneFirst, mfaOn, nothing, "email"},
		{"AUTH-304 off", phoneFirst, mfaOff, useSMS(true, false), "phone_number"},
		{"AUTH-427 no setting", func(*userpool.CreateUserPoolInput) {}, mfaOptional, useSMS(true, false), "phone_number"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			a := setup(t).mfaApp(mfaOptional, every, legacy, tt.order)
			a.user("ada", "phone_number", phone, "email", mail)
			_, err := a.AdminUpdateUserAttributes(t.Context(), &userpool.AdminUpdateUserAttributesInput{
				UserPoolId: a.pool, Username: "ada", UserAttributes: attributes("email_verified", "true", "phone_number_verified", "true"),
			})
			check(t, err)
			check(t, a.prefer("ada", tt.prefer))
			a.mfa(tt.level, every...)
			d, err := a.forgot("ada")
			if tt.want == "" {
				refused(t, err, userpool.ErrInvalidParameter, "")
				return
			}
			check(t, err)
			if d.AttributeName != tt.want {
				t.Errorf("the code goes to %s, want %s", d.AttributeName, tt.want)
			}
		})
	}
}

// AUTH-312: a passkey counts as both factors only where the pool says so, and beside another active factor.
func TestPasskeyAsSecondFactor(t *testing.T) {
	t.Parallel()
	passkey := func(in *userpool.AdminSetUserMFAPreferenceInput) {
		in.WebAuthnMfaSettings = &userpool.WebAuthnMfaSettingsType{Enabled: true}
	}
	a := setup(t).mfaApp(mfaOptional, []userpool.ChallengeNameType{smsMFA})
	a.user("ada", "phone_number", phone)
	refused(t, a.prefer("ada", all(useSMS(true, false), passkey)), userpool.ErrInvalidParameter, "User does not have delivery config set to turn on WEB_AUTHN")
	_, err := a.setMFA(`,"SmsMfaConfiguration":{` + smsRole + `},"WebAuthnConfiguration":{"RelyingPartyId":"example.com","FactorConfiguration":"MULTI_FACTOR_WITH_USER_VERIFICATION"}`)
	check(t, err)
	refused(t, a.prefer("ada", passkey), userpool.ErrInvalidParameter, "Another MFA method has to be active to turn on WEB_AUTHN")
	check(t, a.prefer("ada", all(useSMS(true, false), passkey)))
	if p := a.profile("ada"); !slices.Equal(p.UserMFASettingList, []string{"SMS_MFA"}) { // AUTH-306: it is not in the list
		t.Errorf("the settings are %v", p.UserMFASettingList)
	}
	required := a.fork(t)
	required.user("bob", "phone_number", "+15550105555")
	required.mfa(mfaOn, smsMFA)
	check(t, required.prefer("bob", passkey)) // text messages are active by demand
	if got, err := required.setMFA(`,"SmsMfaConfiguration":{` + smsRole + `}`); err != nil || !strings.Contains(got, `"RelyingPartyId":"example.com"`) {
		t.Errorf("answered %s, %v: passkeys were left out and are gone", got, err)
	}
}
