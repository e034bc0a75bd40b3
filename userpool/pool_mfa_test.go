package userpool_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/cenote-auth/cenote/awsapi"
	"github.com/cenote-auth/cenote/userpool"
)

const smsRole = `"SmsConfiguration":{"SnsCallerArn":"arn:aws:iam::123456789012:role/sns","ExternalId":"x"}`

// setMFA calls SetUserPoolMfaConfig with members in JSON and returns the answer in JSON.
func (a app) setMFA(members string) (string, error) {
	out, err := a.Invoke(a.t.Context(), "SetUserPoolMfaConfig", fmt.Appendf(nil, `{"UserPoolId":%q%s}`, a.pool, members))
	return string(out), err
}

// AUTH-301, AUTH-303, AUTH-607, AUTH-608: what is set is told back, by every operation alike; what is left out is unset.
func TestPoolMfaConfig(t *testing.T) {
	t.Parallel()
	a := setup(t).app(ownMail)
	sms := `"SmsMfaConfiguration":{"SmsAuthenticationMessage":"now {####}",` + smsRole + `}`
	totp := `"SoftwareTokenMfaConfiguration":{"Enabled":true}`
	email := `"EmailMfaConfiguration":{"Message":"mail {####}","Subject":"code"}`
	for i, step := range []struct{ set, want string }{
		{``, `{"MfaConfiguration":"OFF"}`}, // AUTH-301: the default
		{`,"MfaConfiguration":"OFF"`, `{"MfaConfiguration":"OFF"}`},
		{`,"MfaConfiguration":"ON",` + sms + `,` + totp + `,` + email, `{` + sms + `,` + totp + `,` + email + `,"MfaConfiguration":"ON"}`},
		{`,"MfaConfiguration":"OPTIONAL",` + sms, `{` + sms + `,"MfaConfiguration":"OPTIONAL"}`}, // AUTH-303
		{`,` + sms + `,` + email, `{` + sms + `,` + email + `,"MfaConfiguration":"OPTIONAL"}`},   // the level stays
		{`,"MfaConfiguration":"OFF",` + totp, `{` + totp + `,"MfaConfiguration":"OFF"}`},
		{`,"MfaConfiguration":"ON",` + totp, `{` + totp + `,"MfaConfiguration":"ON"}`},
		{`,"MfaConfiguration":"ON","EmailMfaConfiguration":{}`, `{"EmailMfaConfiguration":{},"MfaConfiguration":"ON"}`},
		{`,"MfaConfiguration":"OFF","SoftwareTokenMfaConfiguration":{"Enabled":false}`, `{"SoftwareTokenMfaConfiguration":{"Enabled":false},"MfaConfiguration":"OFF"}`},
	} {
		a.clock.Advance(time.Minute)
		got, err := a.setMFA(step.set)
		check(t, err)
		if got != step.want {
			t.Errorf("step %d: answered %s, want %s", i, got, step.want)
		}
		told, err := a.Invoke(t.Context(), "GetUserPoolMfaConfig", fmt.Appendf(nil, `{"UserPoolId":%q}`, a.pool))
		check(t, err)
		if string(told) != step.want {
			t.Errorf("step %d: told %s, want %s", i, told, step.want)
		}
		p := a.poolOf(a.pool)
		if level := fmt.Sprintf(`"MfaConfiguration":%q`, p.MfaConfiguration); !strings.Contains(step.want, level) || !p.LastModifiedDate.Equal(a.clock.Now()) {
			t.Errorf("step %d: DescribeUserPool tells %s of %s", i, level, p.LastModifiedDate)
		}
		if strings.Contains(step.want, "now {####}") != (p.SmsAuthenticationMessage == "now {####}") && i < 4 {
			t.Errorf("step %d: DescribeUserPool tells %q", i, p.SmsAuthenticationMessage)
		}
	}
}

// AUTH-301, AUTH-302, POOL-044, POOL-045, AUTH-607: what SetUserPoolMfaConfig refuses, in this order; it then changes nothing.
func TestPoolMfaConfigRefusals(t *testing.T) {
	t.Parallel()
	const nothing = "At least one of [SmsMfaConfiguration] or [SoftwareTokenMfaConfiguration] must be provided."
	const disabled = "Invalid MFA configuration given, can't disable all MFAs with a required or optional configuration."
	const roleMissing = "[SmsConfiguration] is a required member of [SoftwareTokenMfaConfiguration]."
	b := setup(t)
	plain, own := b.app(), b.app(ownMail)
	lite := b.app(ownMail, func(in *userpool.CreateUserPoolInput) { in.UserPoolTier = userpool.UserPoolTierTypeLite })
	texting := b.app(withSMS, func(in *userpool.CreateUserPoolInput) { in.MfaConfiguration = mfaOptional })
	for _, tt := range []struct {
		a    app
		set  string
		code awsapi.Code
		text string
	}{
		{plain, `,"MfaConfiguration":"ON"`, userpool.ErrInvalidParameter, nothing},
		{plain, `,"MfaConfiguration":"OPTIONAL"`, userpool.ErrInvalidParameter, nothing},
		{texting, ``, userpool.ErrInvalidParameter, nothing}, // the level stays: it is not switched off by leaving it out
		{plain, `,"MfaConfiguration":"ON","SmsMfaConfiguration":{}`, userpool.ErrInvalidParameter, roleMissing},
		{texting, `,"MfaConfiguration":"ON","SmsMfaConfiguration":{"SmsAuthenticationMessage":"a {####}"}`, userpool.ErrInvalidParameter, roleMissing},
		{plain, `,"MfaConfiguration":"OFF","SmsMfaConfiguration":{}`, userpool.ErrInvalidParameter, roleMissing},
		{plain, `,"MfaConfiguration":"ON","SmsMfaConfiguration":{"SmsConfiguration":{}}`, userpool.ErrInvalidParameter, ""},
		{plain, `,"MfaConfiguration":"ON","SoftwareTokenMfaConfiguration":{"Enabled":false}`, userpool.ErrInvalidParameter, disabled},
		{texting, `,"MfaConfiguration":"ON","SoftwareTokenMfaConfiguration":{"Enabled":true}`, userpool.ErrInvalidParameter,
			"Can't turn off SMS_MFA when SMS configuration is set for the user pool"},
		{plain, `,"MfaConfiguration":"on","SoftwareTokenMfaConfiguration":{"Enabled":true}`, userpool.ErrInvalidParameter,
			"1 validation error detected: Value 'on' at 'mfaConfiguration' failed to satisfy constraint: Member must satisfy enum value set: [OFF, ON, OPTIONAL]"},
		{plain, `,"MfaConfiguration":"ON","EmailMfaConfiguration":{}`, userpool.ErrInvalidParameter, "EmailMfaConfiguration requires EmailSendingAccount DEVELOPER."},
		{own, `,"MfaConfiguration":"ON","EmailMfaConfiguration":{"Message":"{####"}`, userpool.ErrInvalidParameter, ""},  // MSG-012
		{own, `,"MfaConfiguration":"ON","EmailMfaConfiguration":{"Message":"######"}`, userpool.ErrInvalidParameter, ""}, // no placeholder
		{own, `,"MfaConfiguration":"ON","EmailMfaConfiguration":{"Message":"{####}` + strings.Repeat("x", 20000) + `"}`, userpool.ErrInvalidParameter, ""},
		{lite, `,"MfaConfiguration":"ON","EmailMfaConfiguration":{}`, userpool.ErrFeatureUnavailableInTier,
			"The following features need to be disabled for the LITE pricing tier configured: Email MFA"},
	} {
		before, err := tt.a.GetUserPoolMfaConfig(t.Context(), &userpool.GetUserPoolMfaConfigInput{UserPoolId: tt.a.pool})
		check(t, err)
		_, err = tt.a.setMFA(tt.set)
		refused(t, err, tt.code, tt.text)
		after, err := tt.a.GetUserPoolMfaConfig(t.Context(), &userpool.GetUserPoolMfaConfigInput{UserPoolId: tt.a.pool})
		check(t, err)
		if before.MfaConfiguration != after.MfaConfiguration || (before.SmsMfaConfiguration == nil) != (after.SmsMfaConfiguration == nil) ||
			after.EmailMfaConfiguration != nil || after.SoftwareTokenMfaConfiguration != nil {
			t.Errorf("%s changed %+v to %+v", tt.set, before, after)
		}
	}
	_, err := lite.setMFA(`,"MfaConfiguration":"ON","SoftwareTokenMfaConfiguration":{"Enabled":true}`) // every tier has tokens
	check(t, err)
	nowhere := plain
	nowhere.pool = "us-east-1_Nowhere00"
	_, err = nowhere.setMFA(`,"MfaConfiguration":"ON"`)
	refused(t, err, userpool.ErrResourceNotFound, "User pool us-east-1_Nowhere00 does not exist.")
	_, err = b.GetUserPoolMfaConfig(t.Context(), &userpool.GetUserPoolMfaConfigInput{UserPoolId: nowhere.pool})
	refused(t, err, userpool.ErrResourceNotFound, "User pool us-east-1_Nowhere00 does not exist.")
}

// POOL-043, NEW-323: a pool that is made with a second factor has text messages, and needs what they need.
func TestPoolMadeWithMFA(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, level := range []userpool.UserPoolMfaType{mfaOn, mfaOptional} {
		a := b.app(withSMS, func(in *userpool.CreateUserPoolInput) {
			in.MfaConfiguration, in.SmsAuthenticationMessage, in.AutoVerifiedAttributes = level, "made with {####}", nil
		})
		got, err := b.GetUserPoolMfaConfig(t.Context(), &userpool.GetUserPoolMfaConfigInput{UserPoolId: a.pool})
		check(t, err)
		if s := got.SmsMfaConfiguration; got.MfaConfiguration != level || s == nil || *s.SmsConfiguration != *roleSMS() || s.SmsAuthenticationMessage != "made with {####}" {
			t.Errorf("%s: %+v", level, got)
		}
		a.user("ada", "phone_number", phone)
		if level == mfaOptional {
			check(t, a.prefer("ada", useSMS(true, false)))
		}
		a.challenge("ada", smsMFA)
		a.deliver()
		if m, _ := a.outbox.Last(phone); m.Body != "made with "+m.Code {
			t.Errorf("the message is %q", m.Body)
		}
	}
}

// POOL-012, POOL-013, POOL-043, POOL-044: what UpdateUserPool does with the second factors of a pool.
func TestUpdatePoolWithMFA(t *testing.T) {
	t.Parallel()
	b := setup(t)
	texts := `"SmsMfaConfiguration":{` + smsRole + `}`
	both := func(in *userpool.CreateUserPoolInput) { ownMail(in); withSMS(in) }
	const on = `,"MfaConfiguration":"ON","SoftwareTokenMfaConfiguration":{"Enabled":true}`
	for _, tt := range []struct {
		name   string
		before string
		update func(*userpool.CreateUserPoolInput)
		want   string // what is in force then
		text   string // or why not
	}{
		{"MFA is left out", on + `,` + texts, both, `{` + texts + `,"SoftwareTokenMfaConfiguration":{"Enabled":true},"MfaConfiguration":"OFF"}`, ""},
		{"all is left out", on + `,` + texts, func(*userpool.CreateUserPoolInput) {},
			`{"SoftwareTokenMfaConfiguration":{"Enabled":true},"MfaConfiguration":"OFF"}`, ""},
		{"a pool with tokens only", on, func(in *userpool.CreateUserPoolInput) { in.MfaConfiguration = mfaOn },
			`{"SoftwareTokenMfaConfiguration":{"Enabled":true},"MfaConfiguration":"ON"}`, ""},
		{"text messages for other things", on, func(in *userpool.CreateUserPoolInput) { withSMS(in); in.MfaConfiguration = mfaOptional },
			`{"SoftwareTokenMfaConfiguration":{"Enabled":true},"MfaConfiguration":"OPTIONAL"}`, ""},
		{"text messages as the only factor", `,"MfaConfiguration":"OFF"`, func(in *userpool.CreateUserPoolInput) { withSMS(in); in.MfaConfiguration = mfaOn },
			`{` + texts + `,"MfaConfiguration":"ON"}`, ""},
		{"POOL-043 no factor", `,"MfaConfiguration":"OFF"`, func(in *userpool.CreateUserPoolInput) { in.MfaConfiguration = mfaOn }, "",
			"SMS configuration and Auto verification for phone_number are required when MFA is required"},
		{"POOL-044 text messages lost", on + `,` + texts, func(in *userpool.CreateUserPoolInput) { in.MfaConfiguration = mfaOn }, "",
			"MFA cannot be turned off if an SMS role is configured"},
		{"e-mail without its sender", `,"MfaConfiguration":"ON","EmailMfaConfiguration":{}`, func(in *userpool.CreateUserPoolInput) { in.MfaConfiguration = mfaOn }, "",
			"EmailMfaConfiguration requires EmailSendingAccount DEVELOPER."},
		{"e-mail sleeps without its sender", `,"MfaConfiguration":"ON","EmailMfaConfiguration":{}`, func(*userpool.CreateUserPoolInput) {},
			`{"EmailMfaConfiguration":{},"MfaConfiguration":"OFF"}`, ""},
		{"TIER-003 e-mail in a smaller tier", `,"MfaConfiguration":"ON","EmailMfaConfiguration":{}`, func(in *userpool.CreateUserPoolInput) {
			ownMail(in)
			in.MfaConfiguration, in.UserPoolTier = mfaOn, userpool.UserPoolTierTypeLite
		}, "", "The following features need to be disabled for the LITE pricing tier configured: Email MFA"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a := b.app(ownMail)
			before, err := a.setMFA(tt.before)
			check(t, err)
			in := &userpool.CreateUserPoolInput{}
			tt.update(in)
			_, err = a.UpdateUserPool(t.Context(), asPoolUpdate(in, a.pool))
			want := tt.want
			if tt.text != "" {
				want = before
				if e := errorText(err); e != tt.text {
					t.Errorf("got %q, want %q", e, tt.text)
				}
			} else {
				check(t, err)
			}
			told, err := a.Invoke(t.Context(), "GetUserPoolMfaConfig", fmt.Appendf(nil, `{"UserPoolId":%q}`, a.pool))
			check(t, err)
			if string(told) != want {
				t.Errorf("in force is %s, want %s", told, want)
			}
			if p := a.poolOf(a.pool); !strings.Contains(want, `"MfaConfiguration":"`+string(p.MfaConfiguration)+`"`) {
				t.Errorf("DescribeUserPool tells %s", p.MfaConfiguration)
			}
		})
	}
}
