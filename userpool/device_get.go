package userpool

import (
	"context"

	"github.com/cenote-auth/cenote/store"
)

// deviceOwner is the user whose devices an operation is about: the caller, or whom an administrator named. Only confirmed
// devices exist for these operations.
type deviceOwner struct {
	scope
	bearer *bearer // nil for an administrator
}

// ownDevices is how the caller gets at his devices.
func (s *Service) ownDevices(ctx context.Context, accessToken string) (deviceOwner, error) {
	b, err := s.authorize(ctx, accessToken)
	if err != nil {
		return deviceOwner{}, err
	}
	return deviceOwner{b.scope, &b}, b.pool.needsTracking()
}

// usersDevices is how an administrator does.
func (s *Service) usersDevices(ctx context.Context, poolID, name string) (deviceOwner, error) {
	sc, err := s.poolUser(ctx, poolID, name)
	if err != nil {
		return deviceOwner{}, err
	}
	return deviceOwner{sc, nil}, sc.pool.needsTracking()
}

// deviceSDK is what dev:device_sdk says (unconfirmed).
const deviceSDK = "aws-sdk"

// described returns a device as the owner sees it; administrators see more (AUTH-382, partly unconfirmed).
func (s *Service) described(o deviceOwner, d *deviceRecord) DeviceType {
	list := []AttributeType{{Name: "device_status", Value: "valid"}}
	add := func(name, value string) {
		if value != "" {
			list = append(list, AttributeType{Name: name, Value: value})
		}
	}
	add("device_name", d.Name)
	add("last_ip_used", d.IP)
	if o.bearer == nil {
		status, owner := DeviceRememberedStatusTypeNotRemembered, o.user.name()+"."+o.pool.id()
		if d.remembered(o.pool) {
			status = DeviceRememberedStatusTypeRemembered
		}
		add("dev:device_arn", "arn:aws:cognito-idp:"+s.cfg.region+":"+s.cfg.account+":owner/"+owner+"/device/"+d.Key)
		add("dev:device_owner", owner)
		add("dev:device_remembered_status", string(status))
		add("dev:device_sdk", deviceSDK)
	}
	return DeviceType{
		DeviceKey: d.Key, DeviceAttributes: list, DeviceCreateDate: d.Created, DeviceLastModifiedDate: d.Modified,
		DeviceLastAuthenticatedDate: d.Authenticated,
	}
}

// GetDevice returns a device of the caller (AUTH-382, AUTH-612).
func (s *Service) GetDevice(ctx context.Context, in *GetDeviceInput) (*GetDeviceOutput, error) {
	return call(ctx, s, opGetDevice, in, s.getDevice)
}

func (s *Service) getDevice(ctx context.Context, in *GetDeviceInput) (*GetDeviceOutput, error) {
	o, err := s.ownDevices(ctx, in.AccessToken)
	if err != nil {
		return nil, err
	}
	d, err := s.oneDevice(ctx, o, in.DeviceKey)
	return &GetDeviceOutput{Device: d}, err
}

// AdminGetDevice returns a device of a user (USR-043, AUTH-612).
func (s *Service) AdminGetDevice(ctx context.Context, in *AdminGetDeviceInput) (*AdminGetDeviceOutput, error) {
	return call(ctx, s, opAdminGetDevice, in, s.adminGetDevice)
}

func (s *Service) adminGetDevice(ctx context.Context, in *AdminGetDeviceInput) (*AdminGetDeviceOutput, error) {
	o, err := s.usersDevices(ctx, in.UserPoolId, in.Username)
	if err != nil {
		return nil, err
	}
	d, err := s.oneDevice(ctx, o, in.DeviceKey)
	return &AdminGetDeviceOutput{Device: d}, err
}

func (s *Service) oneDevice(ctx context.Context, o deviceOwner, key string) (*DeviceType, error) {
	find := devices.Of(o.pool.id()).Find(o.user.Sub, key)
	if err := s.store.Read(ctx, find); err != nil {
		return nil, err
	}
	if find.Got == nil || !find.Got.confirmed() {
		return nil, errDeviceNotFound
	}
	d := s.described(o, find.Got)
	return &d, nil
}

// ListDevices returns the caller's devices, in pages of at most 60 (AUTH-383, AUTH-613).
func (s *Service) ListDevices(ctx context.Context, in *ListDevicesInput) (*ListDevicesOutput, error) {
	return call(ctx, s, opListDevices, in, s.listDevices)
}

func (s *Service) listDevices(ctx context.Context, in *ListDevicesInput) (*ListDevicesOutput, error) {
	o, err := s.ownDevices(ctx, in.AccessToken)
	if err != nil {
		return nil, err
	}
	key := pageOf(&opListDevices.Operation, o.pool.id(), o.user.Sub)
	out := &ListDevicesOutput{}
	out.Devices, out.PaginationToken, err = s.devicePage(ctx, o, key, in.Limit, in.PaginationToken)
	return out, err
}

// AdminListDevices returns a user's devices, in pages of at most 60 (USR-043, AUTH-383, AUTH-613).
func (s *Service) AdminListDevices(ctx context.Context, in *AdminListDevicesInput) (*AdminListDevicesOutput, error) {
	return call(ctx, s, opAdminListDevices, in, s.adminListDevices)
}

func (s *Service) adminListDevices(ctx context.Context, in *AdminListDevicesInput) (*AdminListDevicesOutput, error) {
	o, err := s.usersDevices(ctx, in.UserPoolId, in.Username)
	if err != nil {
		return nil, err
	}
	key := pageOf(&opAdminListDevices.Operation, o.pool.id(), o.user.Sub)
	out := &AdminListDevicesOutput{}
	out.Devices, out.PaginationToken, err = s.devicePage(ctx, o, key, in.Limit, in.PaginationToken)
	return out, err
}

// devicePage returns one page of the owner's devices, by key, and the token of the next.
func (s *Service) devicePage(ctx context.Context, o deviceOwner, key pageKey, limit *int32, token string) ([]DeviceType, string, error) {
	after, err := s.pageCursor(ctx, key, token)
	if err != nil {
		return nil, "", err
	}
	var page store.Page[deviceRecord]
	err = s.store.View(ctx, func(r *store.Reader) (err error) {
		page, err = devices.Of(o.pool.id()).Scan(ctx, r, store.Query{
			Index: indexConfirmed, Value: []string{o.user.Sub}, After: after, Limit: pageSize(limit),
		})
		return err
	})
	if err != nil {
		return nil, "", err
	}
	list := make([]DeviceType, 0, len(page.Records))
	for _, d := range page.Records {
		list = append(list, s.described(o, d))
	}
	next, err := s.pageToken(ctx, key, page.Next)
	return list, next, err
}
