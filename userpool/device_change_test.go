package userpool_test

import (
	"errors"
	"testing"
	"time"

	"github.com/cenote-auth/cenote/userpool"
)

// AUTH-370, AUTH-610: owner and administrator say whether a device is remembered; what nobody said follows from the pool.
func TestDeviceStatus(t *testing.T) {
	t.Parallel()
	a := setup(t).app(tracking(true, false))
	a.user("ada")
	d := a.confirmedDevice("ada")
	status := func(want string) {
		t.Helper()
		if got := valueOf(a.seen("ada", d.key).DeviceAttributes, "dev:device_remembered_status"); got != want {
			t.Errorf("the status is %s, want %s", got, want)
		}
	}
	status("not_remembered")
	a.track(&userpool.DeviceConfigurationType{})
	status("remembered")
	a.track(&userpool.DeviceConfigurationType{DeviceOnlyRememberedOnUserPrompt: true})
	a.clock.Advance(time.Minute)
	check(t, a.remember(d, userpool.DeviceRememberedStatusTypeRemembered))
	status("remembered")
	if got := a.seen("ada", d.key).DeviceLastModifiedDate; !got.Equal(a.clock.Now()) {
		t.Errorf("modified %v", got)
	}
	_, err := a.AdminUpdateDeviceStatus(t.Context(), &userpool.AdminUpdateDeviceStatusInput{
		UserPoolId: a.pool, Username: "ada", DeviceKey: d.key, DeviceRememberedStatus: userpool.DeviceRememberedStatusTypeNotRemembered,
	})
	check(t, err)
	status("not_remembered")
	a.track(&userpool.DeviceConfigurationType{})
	status("not_remembered")
}

// AUTH-204, AUTH-251, AUTH-256, AUTH-381, AUTH-384, AUTH-537: a refresh needs the device of its sign-in, confirmed and not
// forgotten; a new password changes nothing about that. Rotation asks the same.
func TestRefreshNeedsTheDevice(t *testing.T) {
	t.Parallel()
	a := setup(t).app(tracking(false, false))
	a.user("ada")
	d, other := a.newDevice("ada"), a.confirmedDevice("ada")
	rotates := a.sibling(rotating(0))
	rotated := rotates.confirmedDevice("ada")
	rotate := func(token, key string) (*userpool.AuthenticationResultType, error) {
		out, err := rotates.GetTokensFromRefreshToken(t.Context(), &userpool.GetTokensFromRefreshTokenInput{
			ClientId: rotates.client, RefreshToken: token, DeviceKey: key,
		})
		if err != nil {
			return nil, err
		}
		return out.AuthenticationResult, nil
	}
	token := d.made.RefreshToken
	refused(t, a.refreshOn(token, d.key), userpool.ErrNotAuthorized, refreshBad) // not confirmed
	refused(t, a.refreshOn(token, ""), userpool.ErrNotAuthorized, refreshBad)
	_, err := a.confirmDevice(d)
	check(t, err)
	refused(t, a.refreshOn(token, ""), userpool.ErrNotAuthorized, refreshBad)
	refused(t, a.refreshOn(token, other.key), userpool.ErrNotAuthorized, refreshBad)
	check(t, a.refreshOn(token, d.key))
	a.setPassword("ada", another)
	check(t, a.refreshOn(token, d.key))
	_, err = rotate(rotated.made.RefreshToken, "")
	refused(t, err, userpool.ErrNotAuthorized, refreshBad)
	next, err := rotate(rotated.made.RefreshToken, rotated.key)
	check(t, err)
	if got := claimsOf(t, next.AccessToken)["device_key"]; got != rotated.key || next.NewDeviceMetadata != nil {
		t.Errorf("after a rotation device_key is %v, metadata %v", got, next.NewDeviceMetadata)
	}

	untracked := a.fork(t)
	untracked.track(nil)
	check(t, untracked.refreshOn(token, ""))

	check(t, a.forget(d))
	refused(t, a.refreshOn(token, d.key), userpool.ErrNotAuthorized, refreshBad)
	check(t, a.refreshOn(other.made.RefreshToken, other.key))
	_, err = a.getUser(d.made.AccessToken) // AUTH-537: unaffected
	check(t, err)
	_, err = a.AdminForgetDevice(t.Context(), &userpool.AdminForgetDeviceInput{UserPoolId: a.pool, Username: "ada", DeviceKey: rotated.key})
	check(t, err)
	_, err = rotate(next.RefreshToken, rotated.key)
	refused(t, err, userpool.ErrNotAuthorized, refreshBad)

	refused(t, a.forget(d), userpool.ErrResourceNotFound, deviceMissing)
	_, err = a.confirmDevice(d) // what was forgotten does not come back
	refused(t, err, userpool.ErrInvalidParameter, deviceBadKey)
}

// AUTH-256: tokens from before the pool tracked devices are bound to none.
func TestRefreshFromBeforeTracking(t *testing.T) {
	t.Parallel()
	a := setup(t).app()
	a.user("ada")
	out := a.signIn("ada")
	a.track(&userpool.DeviceConfigurationType{})
	check(t, a.refreshOn(out.RefreshToken, ""))
}

// C2: forgetting races with changes of the status; whatever comes last, the device is gone.
func TestC2_ForgetRaces(t *testing.T) {
	t.Parallel()
	a := setup(t).app(tracking(false, false))
	a.user("ada")
	d := a.confirmedDevice("ada")
	forgotten := 0
	for _, err := range race(8, func(i int) error {
		if i%2 == 0 {
			return a.forget(d)
		}
		err := a.remember(d, userpool.DeviceRememberedStatusTypeNotRemembered)
		if err == nil {
			err = errDone
		}
		return err
	}) {
		switch {
		case err == nil:
			forgotten++
		case !errors.Is(err, errDone) && errorText(err) != deviceMissing:
			t.Errorf("got %v", err)
		}
	}
	if forgotten != 1 {
		t.Errorf("forgotten %d times", forgotten)
	}
}

var errDone = errors.New("done")

// AUTH-530: the devices of a deleted user are removed, whoever has his name then.
func TestDeletedUsersDevices(t *testing.T) {
	t.Parallel()
	a := setup(t).app(tracking(false, false))
	a.user("ada")
	a.user("eve")
	d, kept := a.confirmedDevice("ada"), a.confirmedDevice("eve")
	a.newDevice("ada")
	before := a.records("device")
	a.remove("ada")
	_, err := a.GetDevice(t.Context(), &userpool.GetDeviceInput{AccessToken: d.made.AccessToken, DeviceKey: d.key})
	refused(t, err, userpool.ErrUserNotFound, "User does not exist.")
	a.user("ada")
	_, err = a.AdminGetDevice(t.Context(), &userpool.AdminGetDeviceInput{UserPoolId: a.pool, Username: "ada", DeviceKey: d.key})
	refused(t, err, userpool.ErrResourceNotFound, deviceMissing)
	a.track(nil) // what was tracked before is cleaned all the same
	_, err = a.DeleteUser(t.Context(), &userpool.DeleteUserInput{AccessToken: kept.made.AccessToken})
	check(t, err)
	check(t, a.CleanDevices(t.Context()))
	if after := a.records("device"); before != 3 || after != 0 || a.records("deleteduser") != 0 {
		t.Errorf("%d devices before, %d after", before, after)
	}
	check(t, a.CleanDevices(t.Context())) // nothing to do
}
