package userpool

import (
	"regexp"
	"sync"

	"github.com/cenote-auth/cenote/internal/ident"
)

// What the DeviceConfiguration of a pool means (AUTH-361, POOL-033).

var (
	errNoTracking     = ErrInvalidUserPoolConfiguration.New("User pool does not have device tracking enabled") // POOL-034 (unconfirmed text)
	errDeviceNotFound = ErrResourceNotFound.New("Device does not exist.")
)

// tracksDevices reports whether the pool knows devices at all: any DeviceConfiguration, even an empty one, turns that on.
func (p *poolRecord) tracksDevices() bool { return p.Settings.DeviceConfiguration != nil }

// remembersOnPrompt reports whether a device is remembered only if the user says so.
func (p *poolRecord) remembersOnPrompt() bool {
	c := p.Settings.DeviceConfiguration
	return c != nil && c.DeviceOnlyRememberedOnUserPrompt
}

// deviceReplacesMFA reports whether a remembered device that proved itself stands for the second factor (AUTH-377).
func (p *poolRecord) deviceReplacesMFA() bool {
	c := p.Settings.DeviceConfiguration
	return c != nil && c.ChallengeRequiredOnNewDevice
}

// needsTracking refuses what has to do with devices where the pool does not track them.
func (p *poolRecord) needsTracking() error {
	if !p.tracksDevices() {
		return errNoTracking
	}
	return nil
}

// deviceGroupKey is what the pool's devices are one group under: "-" and eight letters or digits, always the same for a pool
// (AUTH-363).
func (c poolCrypt) deviceGroupKey() string {
	const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	key := []byte{'-'}
	for _, b := range c.key.MAC("device group")[:8] {
		key = append(key, alphabet[int(b)%len(alphabet)])
	}
	return string(key)
}

// deviceKeyForm is the model's DeviceKeyType, in length 1 to maxDeviceKey.
var deviceKeyForm = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[\w-]+_[0-9a-f-]+$`) })

const maxDeviceKey = 55

// newDeviceKey deals a key: the region and a UUID (AUTH-363).
func (s *Service) newDeviceKey() (string, error) {
	id, err := ident.UUID(s.rand)
	return s.cfg.region + "_" + id, err
}
