package userpool

import (
	"context"

	"github.com/cenote-auth/cenote/store"
)

// UpdateDeviceStatus says whether a device of the caller is remembered (AUTH-370, AUTH-610). Pools that remember on prompt need
// it after ConfirmDevice; in the others it takes a device out, and in again.
func (s *Service) UpdateDeviceStatus(ctx context.Context, in *UpdateDeviceStatusInput) (*UpdateDeviceStatusOutput, error) {
	return call(ctx, s, opUpdateDeviceStatus, in, s.updateDeviceStatus)
}

func (s *Service) updateDeviceStatus(ctx context.Context, in *UpdateDeviceStatusInput) (*UpdateDeviceStatusOutput, error) {
	o, err := s.ownDevices(ctx, in.AccessToken)
	if err != nil {
		return nil, err
	}
	if err := s.rememberDevice(ctx, o, in.DeviceKey, in.DeviceRememberedStatus); err != nil {
		return nil, err
	}
	return &UpdateDeviceStatusOutput{}, nil
}

// AdminUpdateDeviceStatus says whether a device of a user is remembered (USR-043, AUTH-610).
func (s *Service) AdminUpdateDeviceStatus(ctx context.Context, in *AdminUpdateDeviceStatusInput) (*AdminUpdateDeviceStatusOutput, error) {
	return call(ctx, s, opAdminUpdateDeviceStatus, in, s.adminUpdateDeviceStatus)
}

func (s *Service) adminUpdateDeviceStatus(ctx context.Context, in *AdminUpdateDeviceStatusInput) (*AdminUpdateDeviceStatusOutput, error) {
	o, err := s.usersDevices(ctx, in.UserPoolId, in.Username)
	if err != nil {
		return nil, err
	}
	if err := s.rememberDevice(ctx, o, in.DeviceKey, in.DeviceRememberedStatus); err != nil {
		return nil, err
	}
	return &AdminUpdateDeviceStatusOutput{}, nil
}

func (s *Service) rememberDevice(ctx context.Context, o deviceOwner, key string, status DeviceRememberedStatusType) error {
	return s.changeDevice(ctx, o, key, func(tx *store.Tx, table store.Table[deviceRecord], d *deviceRecord) error {
		switch status {
		case "":
			return errMissingParameter("DeviceRememberedStatus") // the model lets it be absent, and there is no other thing to change
		case d.Status:
			return nil
		}
		d.Status, d.Modified = status, tx.Now()
		return table.Put(ctx, tx, d)
	})
}

// ForgetDevice deletes a device of the caller (AUTH-383, AUTH-611): it signs in like a new one, and the refresh tokens that are
// bound to it are good no longer (AUTH-537).
func (s *Service) ForgetDevice(ctx context.Context, in *ForgetDeviceInput) (*ForgetDeviceOutput, error) {
	return call(ctx, s, opForgetDevice, in, s.forgetDevice)
}

func (s *Service) forgetDevice(ctx context.Context, in *ForgetDeviceInput) (*ForgetDeviceOutput, error) {
	o, err := s.ownDevices(ctx, in.AccessToken)
	if err != nil {
		return nil, err
	}
	if err := s.dropDevice(ctx, o, in.DeviceKey); err != nil {
		return nil, err
	}
	return &ForgetDeviceOutput{}, nil
}

// AdminForgetDevice deletes a device of a user (USR-043, AUTH-383, AUTH-611).
func (s *Service) AdminForgetDevice(ctx context.Context, in *AdminForgetDeviceInput) (*AdminForgetDeviceOutput, error) {
	return call(ctx, s, opAdminForgetDevice, in, s.adminForgetDevice)
}

func (s *Service) adminForgetDevice(ctx context.Context, in *AdminForgetDeviceInput) (*AdminForgetDeviceOutput, error) {
	o, err := s.usersDevices(ctx, in.UserPoolId, in.Username)
	if err != nil {
		return nil, err
	}
	if err := s.dropDevice(ctx, o, in.DeviceKey); err != nil {
		return nil, err
	}
	return &AdminForgetDeviceOutput{}, nil
}

func (s *Service) dropDevice(ctx context.Context, o deviceOwner, key string) error {
	return s.changeDevice(ctx, o, key, func(tx *store.Tx, table store.Table[deviceRecord], d *deviceRecord) error {
		return table.Delete(ctx, tx, d)
	})
}

// changeDevice runs change on a confirmed device of the owner as the Update reads it.
func (s *Service) changeDevice(
	ctx context.Context, o deviceOwner, key string, change func(tx *store.Tx, table store.Table[deviceRecord], d *deviceRecord) error,
) error {
	table := devices.Of(o.pool.id())
	return s.store.Update(ctx, func(tx *store.Tx) error {
		find := table.Find(o.user.Sub, key)
		now, err := s.again(ctx, tx, o.scope, find)
		if err != nil {
			return err
		}
		if o.bearer != nil {
			if err := s.stillBearer(ctx, tx, *o.bearer, now); err != nil {
				return err
			}
		}
		if err := now.pool.needsTracking(); err != nil {
			return err
		}
		if find.Got == nil || !find.Got.confirmed() {
			return errDeviceNotFound
		}
		return change(tx, table, find.Got)
	})
}
