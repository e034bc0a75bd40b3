package userpool_test

import (
	"testing"

	"github.com/cenote-auth/cenote/userpool"
)

// textMFA makes a pool that tracks devices and asks everybody for a code by SMS. ada has a number.
func textMFA(b *bench, options ...any) app {
	b.t.Helper()
	a := b.app(append(options, func(in *userpool.CreateUserPoolInput) { in.AutoVerifiedAttributes = nil })...)
	_, err := b.SetUserPoolMfaConfig(b.t.Context(), &userpool.SetUserPoolMfaConfigInput{
		UserPoolId: a.pool, MfaConfiguration: userpool.UserPoolMfaTypeOn, SmsMfaConfiguration: &userpool.SmsMfaConfigType{
			SmsConfiguration: &userpool.SmsConfigurationType{SnsCallerArn: "arn:aws:iam::123456789012:role/sns", ExternalId: "x"},
		},
	})
	check(b.t, err)
	a.user("ada", "phone_number", adasNumber)
	return a
}

const adasNumber = "+15550109876"

// text answers SMS_MFA with the code that was sent; pairs are further ChallengeResponses.
func (a app) text(session string, pairs ...string) *userpool.RespondToAuthChallengeOutput {
	a.t.Helper()
	out, err := a.respond("SMS_MFA", session, append(pairs, "USERNAME", "ada", "SMS_MFA_CODE", a.code(adasNumber))...)
	check(a.t, err)
	return out
}

// textedDevice signs ada in by password and SMS and confirms the device.
func (a app) textedDevice() device {
	a.t.Helper()
	out, err := a.tryPassword("ada", password)
	check(a.t, err)
	d := a.deviceOf(a.text(out.Session).AuthenticationResult)
	_, err = a.confirmDevice(d)
	check(a.t, err)
	return d
}

// asked fails the test unless a sign-in goes on with this challenge.
func asked(t *testing.T, out *userpool.InitiateAuthOutput, err error, want userpool.ChallengeNameType) string {
	t.Helper()
	check(t, err)
	if out.ChallengeName != want {
		t.Fatalf("got %q, want %s", out.ChallengeName, want)
	}
	return out.Session
}

// AUTH-325, AUTH-361, AUTH-377: with the flag a remembered device stands for the second factor, and no code is sent; also for
// somebody who has none by now.
func TestDeviceReplacesMFA(t *testing.T) {
	t.Parallel()
	a := textMFA(setup(t), tracking(false, true))
	d := a.textedDevice()
	a.deliver()
	sent := len(a.outbox.All())
	out, err := a.from("ada", d.key)
	tokens, err := a.through("ada", asked(t, out, err, "DEVICE_SRP_AUTH"), d)
	check(t, err)
	a.deliver()
	if n := len(a.outbox.All()); n != sent || tokens.NewDeviceMetadata != nil || claimsOf(t, tokens.AccessToken)["device_key"] != d.key {
		t.Errorf("%d messages more, metadata %v", n-sent, tokens.NewDeviceMetadata)
	}
	check(t, a.refreshOn(tokens.RefreshToken, d.key))
	out, err = a.tryPassword("ada", password) // without the device
	asked(t, out, err, "SMS_MFA")

	_, err = a.AdminDeleteUserAttributes(t.Context(), &userpool.AdminDeleteUserAttributesInput{
		UserPoolId: a.pool, Username: "ada", UserAttributeNames: []string{"phone_number"},
	})
	check(t, err)
	out, err = a.from("ada", d.key)
	_, err = a.through("ada", asked(t, out, err, "DEVICE_SRP_AUTH"), d)
	check(t, err)
}

// AUTH-361, AUTH-377: without the flag the device is asked after the second factor, which it does not replace. The session of the
// second factor, which amazon-cognito-identity-js sends, is as good as the new one.
func TestDeviceAfterMFA(t *testing.T) {
	t.Parallel()
	a := textMFA(setup(t), tracking(false, false))
	d := a.textedDevice()
	for _, own := range []bool{true, false} {
		out, err := a.from("ada", d.key)
		session := asked(t, out, err, "SMS_MFA")
		_, err = a.proveDevice("ada", d).start(session) // not before
		refused(t, err, userpool.ErrNotAuthorized, sessionBad)
		next := a.text(session, "DEVICE_KEY", d.key)
		if next.ChallengeName != "DEVICE_SRP_AUTH" {
			t.Fatalf("got %s", next.ChallengeName)
		}
		if own {
			session = next.Session
		}
		tokens, err := a.through("ada", session, d)
		check(t, err)
		if claimsOf(t, tokens.AccessToken)["device_key"] != d.key {
			t.Error("no device_key")
		}
	}
	out, err := a.from("ada", d.key)
	if dropped := a.text(asked(t, out, err, "SMS_MFA")); dropped.AuthenticationResult == nil || dropped.AuthenticationResult.NewDeviceMetadata == nil {
		t.Errorf("without the key in the last answer: %+v", dropped)
	}
}

// AUTH-371: a key that is unknown refuses the answer to the second factor before it is used up.
func TestUnknownDeviceAfterMFA(t *testing.T) {
	t.Parallel()
	a := textMFA(setup(t), tracking(false, false))
	out, err := a.tryPassword("ada", password)
	session, code := asked(t, out, err, "SMS_MFA"), a.code(adasNumber)
	_, err = a.respond("SMS_MFA", session, "USERNAME", "ada", "SMS_MFA_CODE", code, "DEVICE_KEY", "us-east-1_0-0")
	refused(t, err, userpool.ErrResourceNotFound, deviceMissing)
	_, err = a.respond("SMS_MFA", session, "USERNAME", "ada", "SMS_MFA_CODE", code)
	check(t, err)
}

// AUTH-378: whatever the flag, a device that is not confirmed or not remembered passes the second factor.
func TestStrangeDevicesPassMFA(t *testing.T) {
	t.Parallel()
	for _, replaces := range []bool{false, true} {
		a := textMFA(setup(t), tracking(true, replaces))
		out, err := a.tryPassword("ada", password)
		unconfirmed := a.deviceOf(a.text(asked(t, out, err, "SMS_MFA")).AuthenticationResult)
		quiet := a.textedDevice()
		for _, d := range []device{unconfirmed, quiet} {
			out, err := a.from("ada", d.key)
			done := a.text(asked(t, out, err, "SMS_MFA"), "DEVICE_KEY", d.key)
			if done.AuthenticationResult == nil || (done.AuthenticationResult.NewDeviceMetadata == nil) != (d.key == quiet.key) {
				t.Errorf("got %+v", done)
			}
		}
	}
}

// C2, C4: the way around the second factor ends with what it rests on: the device, its status, the flag, the tracking. A session
// that waits for the device answers nothing else.
func TestC2_DeviceInPlaceOfMFA(t *testing.T) {
	t.Parallel()
	a := textMFA(setup(t), tracking(false, true))
	d := a.textedDevice()
	out, err := a.from("ada", d.key)
	session := asked(t, out, err, "DEVICE_SRP_AUTH")
	p := a.proveDevice("ada", d)
	challenge, err := p.start(session)
	check(t, err)
	claim := p.claim(challenge)
	_, err = a.respond("SMS_MFA", session, "USERNAME", "ada", "SMS_MFA_CODE", "123456")
	refused(t, err, userpool.ErrNotAuthorized, sessionBad)
	configure := func(a app, c *userpool.DeviceConfigurationType) {
		_, err := a.UpdateUserPool(t.Context(), &userpool.UpdateUserPoolInput{
			UserPoolId: a.pool, DeviceConfiguration: c, MfaConfiguration: userpool.UserPoolMfaTypeOn,
			SmsConfiguration: &userpool.SmsConfigurationType{SnsCallerArn: "arn:aws:iam::123456789012:role/sns", ExternalId: "x"},
		})
		check(t, err)
	}
	for name, change := range map[string]func(a app){
		"forgotten":      func(a app) { check(t, a.forget(d)) },
		"not remembered": func(a app) { check(t, a.remember(d, userpool.DeviceRememberedStatusTypeNotRemembered)) },
		"not tracked":    func(a app) { configure(a, nil) },
		"on prompt": func(a app) {
			configure(a, &userpool.DeviceConfigurationType{DeviceOnlyRememberedOnUserPrompt: true, ChallengeRequiredOnNewDevice: true})
		},
	} {
		t.Run(name, func(t *testing.T) {
			a := a.fork(t)
			change(a)
			_, err := a.proveDevice("ada", d).finish(claim)
			refused(t, err, userpool.ErrResourceNotFound, deviceMissing)
			_, err = a.proveDevice("ada", d).start(session)
			refused(t, err, userpool.ErrResourceNotFound, deviceMissing)
		})
	}
	off := a.fork(t)
	configure(off, &userpool.DeviceConfigurationType{})
	next, err := off.proveDevice("ada", d).finish(claim)
	check(t, err)
	if next.ChallengeName != "SMS_MFA" {
		t.Fatalf("without the flag: %+v", next)
	}
	gone := off.fork(t)
	done := off.text(next.Session)
	if claimsOf(t, done.AuthenticationResult.AccessToken)["device_key"] != d.key {
		t.Error("the device that proved itself before is not the sign-in's")
	}
	check(t, gone.forget(d))
	_, err = gone.respond("SMS_MFA", next.Session, "USERNAME", "ada", "SMS_MFA_CODE", gone.code(adasNumber))
	refused(t, err, userpool.ErrResourceNotFound, deviceMissing)
}
