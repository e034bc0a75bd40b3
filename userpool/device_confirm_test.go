package userpool_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"regexp"
	"testing"
	"time"

	"github.com/cenote-auth/cenote/awsapi"
	"github.com/cenote-auth/cenote/srp"
	"github.com/cenote-auth/cenote/trigger"
	"github.com/cenote-auth/cenote/userpool"
)

var (
	deviceKeyForm = regexp.MustCompile(`^us-east-1_[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)
	groupKeyForm  = regexp.MustCompile(`^-[0-9A-Za-z]{8}$`)
)

// AUTH-361, AUTH-362, AUTH-363, AUTH-364, AUTH-380, AUTH-501, POOL-033: every sign-in without a device key, by password or SRP,
// makes a device of its own in a pool that tracks them, under one group key; any configuration turns that on, none is off.
func TestNewDevices(t *testing.T) {
	t.Parallel()
	for name, option := range map[string]func(*userpool.CreateUserPoolInput){
		"an empty configuration": tracking(false, false), "on prompt": tracking(true, false), "replacing the second factor": tracking(false, true),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := setup(t).app(option)
			a.user("ada")
			first := a.newDevice("ada")
			out, err := a.srp("ada", password)
			check(t, err)
			second := a.deviceOf(out.AuthenticationResult)
			if !deviceKeyForm.MatchString(first.key) || len(first.key) > 55 || !groupKeyForm.MatchString(first.group) {
				t.Errorf("got %q in %q", first.key, first.group)
			}
			if first.key == second.key || first.group != second.group {
				t.Errorf("two sign-ins made %q in %q and %q in %q", first.key, first.group, second.key, second.group)
			}
			for _, d := range []device{first, second} {
				if got := claimsOf(t, d.made.AccessToken)["device_key"]; got != d.key {
					t.Errorf("device_key is %v, want %s", got, d.key)
				}
				if _, has := claimsOf(t, d.made.IdToken)["device_key"]; has {
					t.Error("the ID token has a device_key")
				}
			}
		})
	}
	a := setup(t).app()
	a.user("ada")
	if out := a.signIn("ada"); out.NewDeviceMetadata != nil || claimsOf(t, out.AccessToken)["device_key"] != nil {
		t.Error("a pool that tracks no devices made one")
	}
	other := setup(t).app(tracking(false, false))
	other.user("ada")
	mine := setup(t).app(tracking(false, false))
	mine.user("ada")
	if other.newDevice("ada").group == mine.newDevice("ada").group {
		t.Error("two pools have one group key")
	}
}

// AUTH-385, TRG-062: the post authentication trigger learns whether the sign-in makes a device.
func TestNewDeviceUsed(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var used []bool
	post := on(b, "post", func(_ context.Context, e trigger.PostAuthenticationEvent) (trigger.PostAuthenticationEvent, error) {
		used = append(used, e.Request.NewDeviceUsed)
		return e, nil
	})
	functions := lambdas(userpool.LambdaConfigType{PostAuthentication: post})
	for i, options := range [][]any{{functions}, {functions, tracking(false, false)}, {functions, tracking(true, true)}} {
		a := b.app(options...)
		a.user("ada")
		a.signIn("ada")
		if len(used) != i+1 || used[i] != (i > 0) {
			t.Errorf("sign-in %d: newDeviceUsed %v", i, used)
		}
	}
}

// AUTH-365, AUTH-370, AUTH-382, AUTH-609: a device is confirmed by the sign-in that made it, and remembered at once unless the
// user is asked.
func TestConfirmDevice(t *testing.T) {
	t.Parallel()
	for _, onPrompt := range []bool{false, true} {
		a := setup(t).app(tracking(onPrompt, false))
		a.user("ada")
		d := a.newDevice("ada")
		a.clock.Advance(time.Minute)
		out, err := a.ConfirmDevice(awsapi.WithCaller(t.Context(), awsapi.Caller{SourceIP: "192.0.2.7"}), &userpool.ConfirmDeviceInput{
			AccessToken: d.made.AccessToken, DeviceKey: d.key, DeviceName: "browser", DeviceSecretVerifierConfig: &d.secret,
		})
		check(t, err)
		if out.UserConfirmationNecessary != onPrompt {
			t.Errorf("UserConfirmationNecessary is %t, want %t", out.UserConfirmationNecessary, onPrompt)
		}
		got, want := a.seen("ada", d.key), "remembered"
		if onPrompt {
			want = "not_remembered"
		}
		for name, value := range map[string]string{
			"device_status": "valid", "device_name": "browser", "last_ip_used": "192.0.2.7", "dev:device_remembered_status": want,
		} {
			if got := valueOf(got.DeviceAttributes, name); got != value {
				t.Errorf("%s is %q, want %q", name, got, value)
			}
		}
		if now := a.clock.Now(); got.DeviceKey != d.key || !got.DeviceCreateDate.Equal(now.Add(-time.Minute)) ||
			!got.DeviceLastAuthenticatedDate.Equal(now.Add(-time.Minute)) || !got.DeviceLastModifiedDate.Equal(now) {
			t.Errorf("got %+v", got)
		}
		_, err = a.confirmDevice(d)
		refused(t, err, userpool.ErrDeviceKeyExists, "")
	}
}

// AUTH-366, AUTH-367: the check vector. What a client computes from the salt is the verifier that is confirmed.
func TestDeviceVector(t *testing.T) {
	t.Parallel()
	salt, err := base64.StdEncoding.DecodeString("AKGyw9Tl9gcYKTpLXG1+j5A=")
	check(t, err)
	v := srp.Device("-ABCDEFGH", "us-west-2_a1b2c3d4-5678-90ab-cdef-000000000001").Verifier("ZGV2aWNlLXBhc3N3b3Jk", salt)
	text := hex.EncodeToString(v)
	for text[0] == '0' { // "the lower-case hex of v" has no leading zeros
		text = text[1:]
	}
	if sum := sha256.Sum256([]byte(text)); hex.EncodeToString(sum[:]) != "4b95f0cfbc14ca04f2abfa4c721d0e9903bbd4a39397a5a39200857205858654" {
		t.Errorf("the verifier's hash is %x", sum)
	}
	a := setup(t).app(tracking(false, false))
	a.user("ada")
	d := a.newDevice("ada")
	d.secret.PasswordVerifier, d.secret.Salt = srp.EncodeDeviceVerifier(v, salt)
	if d.secret.Salt != "AKGyw9Tl9gcYKTpLXG1+j5A=" {
		t.Errorf("the salt is %s", d.secret.Salt)
	}
	_, err = a.confirmDevice(d)
	check(t, err)
}

// AUTH-366, AUTH-368, AUTH-609, POOL-034: what ConfirmDevice refuses, and in which order.
func TestConfirmDeviceRefusals(t *testing.T) {
	t.Parallel()
	a := setup(t).app(tracking(false, false))
	a.user("ada")
	a.user("eve")
	d, other, foreign := a.newDevice("ada"), a.newDevice("ada"), a.newDevice("eve")
	_, good := base64.StdEncoding.DecodeString(d.secret.Salt)
	check(t, good)
	set := func(salt, verifier string) func(*userpool.ConfirmDeviceInput) {
		return func(in *userpool.ConfirmDeviceInput) {
			in.DeviceSecretVerifierConfig = &userpool.DeviceSecretVerifierConfigType{Salt: salt, PasswordVerifier: verifier}
		}
	}
	negative := base64.StdEncoding.EncodeToString([]byte{0x80, 1})
	const missing = "Missing required parameter "
	for name, tt := range map[string]struct {
		change func(*userpool.ConfirmDeviceInput)
		code   awsapi.Code
		text   string
	}{
		"no token":              {func(in *userpool.ConfirmDeviceInput) { in.AccessToken = "x.y.z" }, userpool.ErrNotAuthorized, ""},
		"another sign-in's key": {func(in *userpool.ConfirmDeviceInput) { in.DeviceKey = other.key }, userpool.ErrInvalidParameter, deviceBadKey},
		"another user's key":    {func(in *userpool.ConfirmDeviceInput) { in.DeviceKey = foreign.key }, userpool.ErrInvalidParameter, deviceBadKey},
		"a key of nobody":       {func(in *userpool.ConfirmDeviceInput) { in.DeviceKey = "us-east-1_0-0" }, userpool.ErrInvalidParameter, deviceBadKey},
		"no secret": {
			func(in *userpool.ConfirmDeviceInput) { in.DeviceSecretVerifierConfig = nil }, userpool.ErrInvalidParameter, missing + "DeviceSecretVerifierConfig",
		},
		"no salt":             {set("", d.secret.PasswordVerifier), userpool.ErrInvalidParameter, missing + "Salt"},
		"no verifier":         {set(d.secret.Salt, ""), userpool.ErrInvalidParameter, missing + "PasswordVerifier"},
		"a negative salt":     {set(negative, d.secret.PasswordVerifier), userpool.ErrInvalidParameter, ""},
		"a negative verifier": {set(d.secret.Salt, negative), userpool.ErrInvalidParameter, ""},
		"no base64":           {set(d.secret.Salt, "!"), userpool.ErrInvalidParameter, ""},
		"zero":                {set(d.secret.Salt, "AA=="), userpool.ErrInvalidParameter, ""},
	} {
		in := &userpool.ConfirmDeviceInput{AccessToken: d.made.AccessToken, DeviceKey: d.key, DeviceSecretVerifierConfig: &d.secret}
		tt.change(in)
		t.Run(name, func(t *testing.T) {
			_, err := a.ConfirmDevice(t.Context(), in)
			refused(t, err, tt.code, tt.text)
		})
	}
	a.track(nil)
	_, err := a.confirmDevice(d)
	refused(t, err, userpool.ErrInvalidUserPoolConfiguration, noTracking)
	a.track(&userpool.DeviceConfigurationType{})
	_, err = a.confirmDevice(d)
	check(t, err)
}

// AUTH-366: the reported beginning of the text for negative numbers.
func TestNegativeDeviceSalt(t *testing.T) {
	t.Parallel()
	a := setup(t).app(tracking(false, false))
	a.user("ada")
	d := a.newDevice("ada")
	d.secret.Salt = base64.StdEncoding.EncodeToString([]byte{0xff, 2, 3})
	_, err := a.confirmDevice(d)
	refused(t, err, userpool.ErrInvalidParameter, "")
	if text := errorText(err); len(text) < 30 || text[:30] != "Negate value passed for salt o" {
		t.Errorf("got %q", text)
	}
}

// AUTH-362, AUTH-609: a device is confirmed while its sign-in lives, also by a refreshed token; not after sign-out, disabling or
// the end of the family.
func TestConfirmDeviceLives(t *testing.T) {
	t.Parallel()
	a := setup(t).app(tracking(false, false))
	a.user("ada")
	d := a.newDevice("ada")
	out := a.fork(t)
	_, err := out.GlobalSignOut(t.Context(), &userpool.GlobalSignOutInput{AccessToken: d.made.AccessToken})
	check(t, err)
	_, err = out.confirmDevice(d)
	refused(t, err, userpool.ErrNotAuthorized, "Access Token has been revoked")
	off := a.fork(t)
	off.disable("ada")
	_, err = off.confirmDevice(d)
	refused(t, err, userpool.ErrNotAuthorized, "")
	late := a.fork(t)
	late.clock.Advance(2 * time.Hour)
	_, err = late.confirmDevice(d)
	refused(t, err, userpool.ErrNotAuthorized, "Access Token has expired")
	gone := a.fork(t)
	gone.remove("ada")
	_, err = gone.confirmDevice(d)
	refused(t, err, userpool.ErrUserNotFound, "")
}

// AUTH-382: who confirms one device too many loses the one that he did not use for the longest time.
func TestDevicesPerUser(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *userpool.Config) { c.Limits.DevicesPerUser = 2 })
	a := b.app(tracking(false, false))
	a.user("ada")
	a.user("eve")
	kept := a.confirmedDevice("eve")
	var all []device
	for range 3 {
		b.clock.Advance(time.Minute)
		all = append(all, a.confirmedDevice("ada"))
	}
	_, err := a.AdminGetDevice(t.Context(), &userpool.AdminGetDeviceInput{UserPoolId: a.pool, Username: "ada", DeviceKey: all[0].key})
	refused(t, err, userpool.ErrResourceNotFound, deviceMissing)
	a.seen("ada", all[1].key)
	a.seen("ada", all[2].key)
	a.seen("eve", kept.key)
}
