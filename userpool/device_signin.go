package userpool

import (
	"cmp"
	"context"
	"errors"

	"github.com/cenote-auth/cenote/store"
)

// noDeviceKey stands for a DEVICE_KEY that is too long to be carried along. No key has its form.
const noDeviceKey = "?"

// claiming returns the progress with the DEVICE_KEY of a request. What counts is what the last one said: a client that learned
// that its device is forgotten repeats its answer without the key (AUTH-371).
func (p progress) claiming(params map[string]string) progress {
	if p.Claimed = params["DEVICE_KEY"]; len(p.Claimed) > maxDeviceKey {
		p.Claimed = noDeviceKey
	}
	return p
}

// deviceClaim is what the DEVICE_KEY that somebody sends with a sign-in turns out to be. Sending it proves nothing.
type deviceClaim int

const (
	deviceUnknown    deviceClaim = iota // none, or one that was never confirmed: the sign-in ends with a new device (AUTH-362)
	deviceUnprompted                    // confirmed and not remembered: no challenge (AUTH-372), no new device, no device_key
	deviceRemembered                    // has to prove itself by DEVICE_SRP_AUTH, and is the sign-in's device then
)

// knownDevice looks up the device that a sign-in of the user claims to come from. A key that is not one of his is
// ResourceNotFoundException (AUTH-371), which clients answer by dropping the key and repeating the step. So it is asked before
// anything of the step is committed, and not before a first factor was proven: it says something of the user (H7). Pools that
// do not track devices ignore keys.
func (s *Service) knownDevice(ctx context.Context, get getFunc, p *poolRecord, u *userRecord, key string) (deviceClaim, *deviceRecord, error) {
	if key == "" || !p.tracksDevices() {
		return deviceUnknown, nil, nil
	}
	if len(key) > maxDeviceKey || !deviceKeyForm().MatchString(key) {
		return deviceUnknown, nil, errDeviceNotFound
	}
	find := devices.Of(p.id()).Find(u.Sub, key)
	if err := get(ctx, find); err != nil {
		return deviceUnknown, nil, err
	}
	switch d := find.Got; {
	case d == nil:
		return deviceUnknown, nil, errDeviceNotFound
	case !d.confirmed():
		return deviceUnknown, nil, nil
	case !d.remembered(p):
		return deviceUnprompted, d, nil
	default:
		return deviceRemembered, d, nil
	}
}

// rememberedDevice is knownDevice for a device that has to prove itself: anything else does not exist for it, or no longer.
func (s *Service) rememberedDevice(ctx context.Context, get getFunc, p *poolRecord, u *userRecord, key string) (*deviceRecord, error) {
	claim, d, err := s.knownDevice(ctx, get, p, u, key)
	if err == nil && claim != deviceRemembered {
		err = errDeviceNotFound
	}
	return d, err
}

// makesDevice reports whether the sign-in ends with a new device: the pool tracks them, and it came with none (AUTH-362).
func (in signIn) makesDevice() bool {
	return in.pool.tracksDevices() && in.Device == "" && in.claim == deviceUnknown
}

// deviceStandsIn reports whether a device takes the place of a second factor (AUTH-325, AUTH-377): one that proved itself, or one
// that is about to, since the sign-in does not end before.
func (in signIn) deviceStandsIn() bool {
	return in.pool.deviceReplacesMFA() && (in.Device != "" || in.claim == deviceRemembered)
}

// newDevice gives the family of a sign-in that makes one its device, and returns what the client is told of it (AUTH-363).
func (s *Service) newDevice(ctx context.Context, in signIn, f *familyRecord) (*NewDeviceMetadataType, error) {
	if !in.makesDevice() {
		return nil, nil
	}
	crypt, err := s.crypt(ctx, in.pool)
	if err != nil {
		return nil, err
	}
	if f.DeviceKey, err = s.newDeviceKey(); err != nil {
		return nil, err
	}
	return &NewDeviceMetadataType{DeviceKey: f.DeviceKey, DeviceGroupKey: crypt.deviceGroupKey()}, nil
}

// settleDevice is what the Update of a grant does about devices. A new one lives as long as the family unless it is confirmed
// before. One that proved itself has to be remembered still, and is noted to have been used (AUTH-376).
func (s *Service) settleDevice(ctx context.Context, tx *store.Tx, in signIn, now scope, f *familyRecord) error {
	table := devices.Of(now.pool.id())
	switch {
	case in.Device == "" && in.claim == deviceRemembered:
		return errors.New("a sign-in ends before its device has proven itself")
	case in.makesDevice():
		return table.Put(ctx, tx, &deviceRecord{
			Sub: f.Sub, Key: f.DeviceKey, Created: f.AuthTime, Modified: f.AuthTime, Authenticated: f.AuthTime, IP: in.about.address(),
			Ends: f.Ends,
		})
	case in.Device == "":
		return nil
	}
	d, err := s.rememberedDevice(ctx, tx.Get, now.pool, now.user, in.Device)
	if err != nil {
		return err
	}
	d.Authenticated, d.IP = f.AuthTime, cmp.Or(in.about.address(), d.IP)
	return table.Put(ctx, tx, d)
}

// findDevice names the device that a refresh token is bound to, among other look-ups. Without one nothing is read for it.
func (f *familyRecord) findDevice(p *poolRecord, more ...store.Getter) (*store.Lookup[deviceRecord], []store.Getter) {
	find := devices.Of(p.id()).Find(f.Sub, f.DeviceKey)
	if f.DeviceKey != "" {
		more = append(more, find)
	}
	return find, more
}

// boundTo reports whether refreshing takes a device: it does while the pool tracks them (AUTH-256).
func (f *familyRecord) bound(p *poolRecord) bool { return f.DeviceKey != "" && p.tracksDevices() }

// deviceHolds reports whether a family may be refreshed as far as its device goes, which findDevice found: it has to be confirmed
// (AUTH-381), and not forgotten since (AUTH-537).
func (f *familyRecord) deviceHolds(p *poolRecord, d *deviceRecord) bool {
	return !f.bound(p) || d != nil && d.confirmed()
}
