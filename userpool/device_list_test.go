package userpool_test

import (
	"slices"
	"testing"

	"github.com/cenote-auth/cenote/awsapi"
	"github.com/cenote-auth/cenote/userpool"
)

// namesOf returns the names of attributes.
func namesOf(list []userpool.AttributeType) []string {
	var out []string
	for _, a := range list {
		out = append(out, a.Name)
	}
	return out
}

// AUTH-382, AUTH-612: the owner does not see what only administrators see.
func TestGetDevice(t *testing.T) {
	t.Parallel()
	a := setup(t).app(tracking(false, false))
	a.user("ada")
	d := a.confirmedDevice("ada")
	out, err := a.GetDevice(t.Context(), &userpool.GetDeviceInput{AccessToken: d.made.AccessToken, DeviceKey: d.key})
	check(t, err)
	if names := namesOf(out.Device.DeviceAttributes); out.Device.DeviceKey != d.key || !slices.Equal(names, []string{"device_status", "device_name"}) {
		t.Errorf("the owner sees %s with %v", out.Device.DeviceKey, names)
	}
	list := a.seen("ada", d.key).DeviceAttributes
	owner := "ada." + a.pool
	for name, value := range map[string]string{
		"device_status": "valid", "device_name": "browser", "dev:device_remembered_status": "remembered", "dev:device_owner": owner,
		"dev:device_arn": "arn:aws:cognito-idp:us-east-1:123456789012:owner/" + owner + "/device/" + d.key, "dev:device_sdk": "aws-sdk",
	} {
		if got := valueOf(list, name); got != value {
			t.Errorf("%s is %q, want %q", name, got, value)
		}
	}
}

// AUTH-383, AUTH-613, M5: lists in pages, of one user and only what he confirmed; a token is good for its own list.
func TestListDevices(t *testing.T) {
	t.Parallel()
	a := setup(t).app(tracking(true, false))
	a.user("ada")
	a.user("eve")
	var want []string
	var first device
	for i := range 5 {
		d := a.confirmedDevice("ada")
		want = append(want, d.key)
		if i == 0 {
			first = d
		}
	}
	a.newDevice("ada") // never confirmed
	foreign := a.confirmedDevice("eve")
	slices.Sort(want)

	var own, admins []string
	for d, err := range userpool.All(t.Context(), a.ListDevices, &userpool.ListDevicesInput{AccessToken: first.made.AccessToken, Limit: new(int32(2))}) {
		check(t, err)
		own = append(own, d.DeviceKey)
		if slices.ContainsFunc(namesOf(d.DeviceAttributes), func(n string) bool { return n[:3] == "dev" && n[3] == ':' }) {
			t.Errorf("the owner sees %v", namesOf(d.DeviceAttributes))
		}
	}
	for d, err := range userpool.All(t.Context(), a.AdminListDevices, &userpool.AdminListDevicesInput{UserPoolId: a.pool, Username: "ada", Limit: new(int32(3))}) {
		check(t, err)
		admins = append(admins, d.DeviceKey)
		if valueOf(d.DeviceAttributes, "dev:device_remembered_status") != "not_remembered" {
			t.Errorf("an administrator sees %v", d.DeviceAttributes)
		}
	}
	if !slices.Equal(own, want) || !slices.Equal(admins, want) {
		t.Errorf("listed %v and %v, want %v", own, admins, want)
	}
	all, err := a.ListDevices(t.Context(), &userpool.ListDevicesInput{AccessToken: first.made.AccessToken, Limit: new(int32(0))})
	check(t, err)
	if len(all.Devices) != 5 || all.PaginationToken != "" {
		t.Errorf("without a limit %d devices", len(all.Devices))
	}

	page, err := a.ListDevices(t.Context(), &userpool.ListDevicesInput{AccessToken: first.made.AccessToken, Limit: new(int32(1))})
	check(t, err)
	_, err = a.ListDevices(t.Context(), &userpool.ListDevicesInput{AccessToken: foreign.made.AccessToken, PaginationToken: page.PaginationToken})
	refused(t, err, userpool.ErrInvalidParameter, "")
	_, err = a.AdminListDevices(t.Context(), &userpool.AdminListDevicesInput{UserPoolId: a.pool, Username: "ada", PaginationToken: page.PaginationToken})
	refused(t, err, userpool.ErrInvalidParameter, "")
	_, err = a.ListDevices(t.Context(), &userpool.ListDevicesInput{AccessToken: first.made.AccessToken, Limit: new(int32(61))})
	refused(t, err, userpool.ErrInvalidParameter, "")
}

// AUTH-370, AUTH-371, AUTH-383, AUTH-610…613, USR-043, POOL-034: what the operations refuse, in the order of the tables: the
// token or the pool, the user, the pool's configuration, the device.
func TestDeviceRefusals(t *testing.T) {
	t.Parallel()
	a := setup(t).app(tracking(false, false))
	a.user("ada")
	a.user("eve")
	d, unconfirmed, foreign := a.confirmedDevice("ada"), a.newDevice("ada"), a.confirmedDevice("eve")
	ctx := t.Context()
	remembered := userpool.DeviceRememberedStatusTypeRemembered
	own := map[string]func(a app, token, key string) error{
		"GetDevice": func(a app, token, key string) error {
			_, err := a.GetDevice(ctx, &userpool.GetDeviceInput{AccessToken: token, DeviceKey: key})
			return err
		},
		"ForgetDevice": func(a app, token, key string) error {
			_, err := a.ForgetDevice(ctx, &userpool.ForgetDeviceInput{AccessToken: token, DeviceKey: key})
			return err
		},
		"UpdateDeviceStatus": func(a app, token, key string) error {
			_, err := a.UpdateDeviceStatus(ctx, &userpool.UpdateDeviceStatusInput{AccessToken: token, DeviceKey: key, DeviceRememberedStatus: remembered})
			return err
		},
		"ListDevices": func(a app, token, _ string) error {
			_, err := a.ListDevices(ctx, &userpool.ListDevicesInput{AccessToken: token, PaginationToken: "x"})
			return err
		},
	}
	admins := map[string]func(a app, pool, name, key string) error{
		"AdminGetDevice": func(a app, pool, name, key string) error {
			_, err := a.AdminGetDevice(ctx, &userpool.AdminGetDeviceInput{UserPoolId: pool, Username: name, DeviceKey: key})
			return err
		},
		"AdminForgetDevice": func(a app, pool, name, key string) error {
			_, err := a.AdminForgetDevice(ctx, &userpool.AdminForgetDeviceInput{UserPoolId: pool, Username: name, DeviceKey: key})
			return err
		},
		"AdminUpdateDeviceStatus": func(a app, pool, name, key string) error {
			_, err := a.AdminUpdateDeviceStatus(ctx, &userpool.AdminUpdateDeviceStatusInput{UserPoolId: pool, Username: name, DeviceKey: key, DeviceRememberedStatus: remembered})
			return err
		},
		"AdminListDevices": func(a app, pool, name, _ string) error {
			_, err := a.AdminListDevices(ctx, &userpool.AdminListDevicesInput{UserPoolId: pool, Username: name, PaginationToken: "x"})
			return err
		},
	}
	off := a.fork(t)
	off.track(nil)
	missing := func(op string) (awsapi.Code, string) {
		if op == "ListDevices" || op == "AdminListDevices" {
			return userpool.ErrInvalidParameter, ""
		}
		return userpool.ErrResourceNotFound, deviceMissing
	}
	for op, call := range own {
		code, text := missing(op)
		refused(t, call(off, "x.y.z", d.key), userpool.ErrNotAuthorized, "")
		refused(t, call(off, d.made.AccessToken, foreign.key), userpool.ErrInvalidUserPoolConfiguration, noTracking)
		for _, key := range []string{foreign.key, unconfirmed.key, "us-east-1_0-0"} {
			refused(t, call(a, d.made.AccessToken, key), code, text)
		}
	}
	for op, call := range admins {
		code, text := missing(op)
		refused(t, call(off, "us-east-1_Nowhere1", "nobody", d.key), userpool.ErrResourceNotFound, "User pool us-east-1_Nowhere1 does not exist.")
		refused(t, call(off, a.pool, "nobody", d.key), userpool.ErrUserNotFound, "User does not exist.")
		refused(t, call(off, a.pool, "ada", foreign.key), userpool.ErrInvalidUserPoolConfiguration, noTracking)
		for _, key := range []string{foreign.key, unconfirmed.key, "us-east-1_0-0"} {
			refused(t, call(a, a.pool, "ada", key), code, text)
		}
	}
	for _, err := range []error{
		func() error { _, err := a.GetDevice(ctx, &userpool.GetDeviceInput{DeviceKey: d.key}); return err }(),
		func() error { _, err := a.ForgetDevice(ctx, &userpool.ForgetDeviceInput{DeviceKey: d.key}); return err }(),
	} {
		refused(t, err, userpool.ErrNotAuthorized, "") // the model lets the token be absent
	}
	refused(t, a.remember(d, ""), userpool.ErrInvalidParameter, "Missing required parameter DeviceRememberedStatus")
}
