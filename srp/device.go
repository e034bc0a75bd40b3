package srp

import (
	"encoding/base64"
	"fmt"
	"io"
	"time"
)

// devicePasswordSize is the length of a device's random password, in bytes.
const devicePasswordSize = 40

// DeviceSecret is what a client makes for the device it was given in
// NewDeviceMetadata (AUTH-366).
type DeviceSecret struct {
	// Password stays on the device.
	Password string

	// PasswordVerifier and Salt are the members of ConfirmDevice's
	// DeviceSecretVerifierConfig, as they stand: base64 of signed big-endian
	// numbers.
	PasswordVerifier, Salt string
}

// NewDeviceSecret makes a password for the device and its verifier. A nil random
// is the system's.
func NewDeviceSecret(random io.Reader, groupKey, deviceKey string) (*DeviceSecret, error) {
	raw := make([]byte, devicePasswordSize)
	if err := read(random, raw); err != nil {
		return nil, fmt.Errorf("make device password: %w", err)
	}
	salt, err := NewSalt(random)
	if err != nil {
		return nil, err
	}
	password := base64.StdEncoding.EncodeToString(raw)
	verifier := Device(groupKey, deviceKey).Verifier(password, salt)
	passwordVerifier, saltText := EncodeDeviceVerifier(verifier, salt)
	return &DeviceSecret{Password: password, PasswordVerifier: passwordVerifier, Salt: saltText}, nil
}

// Format keeps the password out of logs.
func (DeviceSecret) Format(f fmt.State, _ rune) { io.WriteString(f, "srp.DeviceSecret{secret}") }

// EncodeDeviceVerifier returns the members of a DeviceSecretVerifierConfig.
func EncodeDeviceVerifier(verifier, salt []byte) (passwordVerifier, saltText string) {
	return base64.StdEncoding.EncodeToString(pad(verifier)), base64.StdEncoding.EncodeToString(pad(salt))
}

// ParseDeviceVerifier reads the members of ConfirmDevice's
// DeviceSecretVerifierConfig: the verifier in Size bytes, and the salt. It
// returns ErrNegative if a sign bit is set, and ErrMalformed for what is not
// base64, empty, too long, or no element of the group.
func ParseDeviceVerifier(passwordVerifier, saltText string) (verifier, salt []byte, err error) {
	if salt, err = parseSigned(saltText, maxSalt); err != nil {
		return nil, nil, fmt.Errorf("salt: %w", err)
	}
	raw, err := parseSigned(passwordVerifier, Size+1)
	if err != nil {
		return nil, nil, fmt.Errorf("verifier: %w", err)
	}
	v, err := newPublic(raw)
	if err != nil {
		return nil, nil, fmt.Errorf("%w: verifier is no element of the group", ErrMalformed)
	}
	return v.Bytes(), salt, nil
}

// parseSigned reads base64 of a signed big-endian number of at most limit bytes.
func parseSigned(text string, limit int) ([]byte, error) {
	if text == "" || len(text) > base64.StdEncoding.EncodedLen(limit) {
		return nil, fmt.Errorf("%w: %d characters", ErrMalformed, len(text))
	}
	raw, err := parseBase64(text)
	switch {
	case err != nil:
		return nil, err
	case len(raw) == 0 || len(raw) > limit:
		return nil, fmt.Errorf("%w: %d bytes", ErrMalformed, len(raw))
	case raw[0]&0x80 != 0:
		return nil, ErrNegative
	}
	return raw, nil
}

// DeviceLogin is the client's side of the DEVICE_SRP_AUTH challenge and of the
// DEVICE_PASSWORD_VERIFIER that follows it. It must not be used twice.
type DeviceLogin struct {
	exchange
	id                 Identity
	username, password string
}

// NewDeviceLogin starts the proof that the device is at hand. username is the
// USER_ID_FOR_SRP of the sign-in; password is [DeviceSecret.Password].
func NewDeviceLogin(groupKey, deviceKey, username, password string, options ...Option) (*DeviceLogin, error) {
	l := &DeviceLogin{id: Device(groupKey, deviceKey), username: username, password: password}
	if err := l.start(options); err != nil {
		return nil, err
	}
	l.deviceKey = deviceKey
	return l, nil
}

// Params returns the ChallengeResponses to DEVICE_SRP_AUTH (AUTH-373).
func (l *DeviceLogin) Params() map[string]string { return l.params(l.username) }

// Respond returns the ChallengeResponses to DEVICE_PASSWORD_VERIFIER (AUTH-374).
func (l *DeviceLogin) Respond(challenge map[string]string, now time.Time) (map[string]string, error) {
	return l.respond(l.id, l.password, l.username, challenge, now)
}

// Format keeps the password out of logs.
func (l *DeviceLogin) Format(f fmt.State, _ rune) { io.WriteString(f, "srp.DeviceLogin{secret}") }
