package userpool

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/cenote-auth/cenote/srp"
	"github.com/cenote-auth/cenote/store"
)

var (
	errDeviceKey       = ErrInvalidParameter.New("Invalid device key given.")
	errDeviceConfirmed = ErrDeviceKeyExists.New("Device already exists.") // AUTH-368 (unconfirmed text)
)

// ConfirmDevice gives the device of the caller's sign-in the verifier of its secret (AUTH-365, AUTH-609). Only the key that this
// very sign-in was given is good, and only once. In pools that always remember the device is remembered at once.
func (s *Service) ConfirmDevice(ctx context.Context, in *ConfirmDeviceInput) (*ConfirmDeviceOutput, error) {
	return call(ctx, s, opConfirmDevice, in, s.confirmDevice)
}

func (s *Service) confirmDevice(ctx context.Context, in *ConfirmDeviceInput) (*ConfirmDeviceOutput, error) {
	o, err := s.ownDevices(ctx, in.AccessToken)
	if err != nil {
		return nil, err
	}
	if in.DeviceKey != o.bearer.claims.DeviceKey {
		return nil, errDeviceKey
	}
	verifier, salt, err := parseDeviceSecret(in.DeviceSecretVerifierConfig)
	if err != nil {
		return nil, err
	}
	crypt, err := s.crypt(ctx, o.pool)
	if err != nil {
		return nil, err
	}
	about, err := s.requestOf(ctx, o.client, nil, nil)
	if err != nil {
		return nil, err
	}
	made := &deviceRecord{Sub: o.user.Sub, Key: in.DeviceKey, Name: in.DeviceName, Salt: salt, IP: about.address()}
	if made.Sealed, err = crypt.seal(fieldDevice, made.place(), verifier); err != nil {
		return nil, err
	}
	out := &ConfirmDeviceOutput{}
	err = s.store.Update(ctx, func(tx *store.Tx) error {
		now, err := s.confirmIn(ctx, tx, o, made)
		if err == nil {
			out.UserConfirmationNecessary = now.pool.remembersOnPrompt()
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// parseDeviceSecret reads the verifier of a device (AUTH-366).
func parseDeviceSecret(c *DeviceSecretVerifierConfigType) (verifier, salt []byte, err error) {
	switch {
	case c == nil:
		return nil, nil, errMissingParameter("DeviceSecretVerifierConfig")
	case c.PasswordVerifier == "":
		return nil, nil, errMissingParameter("PasswordVerifier")
	case c.Salt == "":
		return nil, nil, errMissingParameter("Salt")
	}
	verifier, salt, err = srp.ParseDeviceVerifier(c.PasswordVerifier, c.Salt)
	switch {
	case errors.Is(err, srp.ErrNegative): // the end of the text is unconfirmed
		return nil, nil, ErrInvalidParameter.New("Negate value passed for salt or password verifier.").With(err)
	case err != nil:
		return nil, nil, ErrInvalidParameter.New("Invalid device secret verifier given.").With(err) // unconfirmed text
	}
	return verifier, salt, nil
}

// confirmIn confirms a device within an Update. An unconfirmed one has to be there: a device that was forgotten does not come
// back by an old access token.
func (s *Service) confirmIn(ctx context.Context, tx *store.Tx, o deviceOwner, made *deviceRecord) (scope, error) {
	table := devices.Of(o.pool.id())
	find := table.Find(made.Sub, made.Key)
	now, err := s.again(ctx, tx, o.scope, find)
	if err != nil {
		return now, err
	}
	if err := s.stillBearer(ctx, tx, *o.bearer, now); err != nil {
		return now, err
	}
	switch err := now.pool.needsTracking(); {
	case err != nil:
		return now, err
	case find.Got == nil:
		return now, errDeviceKey
	case find.Got.confirmed():
		return now, errDeviceConfirmed
	}
	if err := s.makeRoom(ctx, tx, table, made.Sub); err != nil {
		return now, err
	}
	d := *find.Got
	d.Name, d.Salt, d.Sealed, d.Modified, d.Ends = made.Name, made.Salt, made.Sealed, tx.Now(), time.Time{}
	d.IP = cmp.Or(made.IP, d.IP)
	return now, table.Put(ctx, tx, &d)
}

// makeRoom forgets the device of a user that was not used for the longest time, if he has as many as he may. Clients confirm on
// their own and fail if they cannot, so that refusing would lock a user out of his sign-in.
func (s *Service) makeRoom(ctx context.Context, tx *store.Tx, table store.Table[deviceRecord], sub string) error {
	max := s.cfg.limits.DevicesPerUser
	if max < 0 {
		return nil
	}
	all := store.Query{Index: indexConfirmed, Value: []string{sub}, Limit: max}
	n, err := table.Count(ctx, &tx.Reader, all)
	if err != nil || n < int64(max) {
		return err
	}
	var oldest *deviceRecord
	for more := true; more; more = all.After != "" {
		page, err := table.Scan(ctx, &tx.Reader, all)
		if err != nil {
			return err
		}
		for _, d := range page.Records {
			if oldest == nil || d.Authenticated.Before(oldest.Authenticated) {
				oldest = d
			}
		}
		all.After = page.Next
	}
	if oldest == nil {
		return nil
	}
	return table.Delete(ctx, tx, oldest)
}
