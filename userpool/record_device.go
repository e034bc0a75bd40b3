package userpool

import (
	"time"

	"github.com/cenote-auth/cenote/store"
)

// deviceRecord is a device of a user. A sign-in makes it unconfirmed; ConfirmDevice gives it the verifier by which it proves
// itself from then on (AUTH-362, AUTH-365).
type deviceRecord struct {
	store.Meta
	Sub           string
	Key           string
	Name          string                     `json:",omitempty"`
	Salt          []byte                     `json:",omitempty"`
	Sealed        []byte                     `json:",omitempty"` // the verifier; none as long as it is not confirmed
	Status        DeviceRememberedStatusType `json:",omitempty"` // what somebody said; else the pool's rule decides
	Created       time.Time
	Modified      time.Time
	Authenticated time.Time // when a sign-in with it last ended in tokens
	IP            string    `json:",omitempty"` // from where
	Ends          time.Time `json:",omitzero"`  // of an unconfirmed one: with the token family that can confirm it
}

// indexConfirmed lists the confirmed devices of a user: the others are known to nobody but the sign-in that made them.
const indexConfirmed = "confirmed"

var devices = store.NewKind("device", store.Kind[deviceRecord]{
	Key: func(d *deviceRecord) []string { return []string{d.Sub, d.Key} },
	Index: func(d *deviceRecord) []store.Index {
		if !d.confirmed() {
			return nil
		}
		return []store.Index{{Name: indexConfirmed, Value: []string{d.Sub, d.Key}}}
	},
	Expires: func(d *deviceRecord) time.Time { return d.Ends },
})

// confirmed reports whether the device can prove itself.
func (d *deviceRecord) confirmed() bool { return len(d.Sealed) > 0 }

// remembered reports whether the device is remembered: as somebody said, or else in pools that always remember (AUTH-361,
// AUTH-365).
func (d *deviceRecord) remembered(p *poolRecord) bool {
	if d.Status != "" {
		return d.Status == DeviceRememberedStatusTypeRemembered
	}
	return !p.remembersOnPrompt()
}

// place is what a device's verifier is sealed for.
func (d *deviceRecord) place() string { return store.Tuple(d.Sub, d.Key) }

// deletedUser is a user who was deleted and whose devices are still to be removed. Nothing finds them any longer: no sub is
// dealt twice.
type deletedUser struct {
	store.Meta
	Pool string
	Sub  string
}

var deletedUsers = store.NewKind("deleteduser", store.Kind[deletedUser]{
	Key: func(u *deletedUser) []string { return []string{u.Pool, u.Sub} },
})
