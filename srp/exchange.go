package srp

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"math/big"
	"time"
)

// Option is a setting of a client's sign-in.
type Option func(*exchange)

// WithClientSecret adds the SECRET_HASH that app clients with a secret demand.
func WithClientSecret(clientID, secret string) Option {
	return func(x *exchange) { x.clientID, x.clientSecret = clientID, secret }
}

// WithDevice adds the DEVICE_KEY of a remembered device to every map (AUTH-371).
func WithDevice(deviceKey string) Option {
	return func(x *exchange) { x.deviceKey = deviceKey }
}

// WithRand sets the source of the client's ephemeral key; the default is the
// system's.
func WithRand(random io.Reader) Option {
	return func(x *exchange) { x.random = random }
}

// exchange is the client's half of one key exchange, for users and for devices.
type exchange struct {
	clientID, clientSecret, deviceKey string
	random                            io.Reader

	secret [32]byte
	public Public
}

// start makes the ephemeral key. 256 bits are what RFC 5054 asks for; the public
// clients' 1,024 cost four times as much and are no safer in this group.
func (x *exchange) start(options []Option) error {
	for _, set := range options {
		set(x)
	}
	if err := read(x.random, x.secret[:]); err != nil {
		return fmt.Errorf("make ephemeral key: %w", err)
	}
	var a element
	a.generate(&x.secret)
	a.leave(&a)
	a.put(x.public.bytes[:])
	return nil
}

// common returns the members that every request of the sign-in carries.
func (x *exchange) common(username string) map[string]string {
	m := map[string]string{"USERNAME": username}
	if x.clientSecret != "" {
		m["SECRET_HASH"] = SecretHash(username, x.clientID, x.clientSecret)
	}
	if x.deviceKey != "" {
		m["DEVICE_KEY"] = x.deviceKey
	}
	return m
}

// params returns the request that carries A.
func (x *exchange) params(username string) map[string]string {
	m := x.common(username)
	m["SRP_A"] = x.public.Hex()
	return m
}

// respond returns the request that carries the claim.
func (x *exchange) respond(id Identity, password, username string, challenge map[string]string, now time.Time) (map[string]string, error) {
	salt, err := parseHex(challenge["SALT"])
	if err != nil {
		return nil, fmt.Errorf("read SALT: %w", err)
	}
	b, err := ParsePublic(challenge["SRP_B"])
	if err != nil {
		return nil, fmt.Errorf("read SRP_B: %w", err)
	}
	block, err := parseBase64(challenge["SECRET_BLOCK"])
	if err != nil {
		return nil, fmt.Errorf("read SECRET_BLOCK: %w", err)
	}
	key, err := x.key(id, password, salt, &b)
	if err != nil {
		return nil, err
	}
	timestamp := Timestamp(now)
	signature := sign(key, id, block, timestamp)
	m := x.common(username)
	m["PASSWORD_CLAIM_SECRET_BLOCK"] = challenge["SECRET_BLOCK"]
	m["PASSWORD_CLAIM_SIGNATURE"] = base64.StdEncoding.EncodeToString(signature[:])
	m["TIMESTAMP"] = timestamp
	return m, nil
}

// key derives the shared key: S = (B - k·g^x)^(a + u·x), AUTH-185.
func (x *exchange) key(id Identity, password string, salt []byte, b *Public) ([]byte, error) {
	u := scramble(&x.public, b)
	if u == [32]byte{} {
		return nil, errors.New("srp: u is zero")
	}
	private := id.exponent(password, salt)
	var s, v element
	v.generate(&private)
	v.mul(&v, &params().k)
	s = b.element()
	s.sub(&s, &v)

	e := new(big.Int).SetBytes(u[:])
	e.Mul(e, new(big.Int).SetBytes(private[:])).Add(e, new(big.Int).SetBytes(x.secret[:]))
	s.power(&s, e.FillBytes(make([]byte, 65)))
	return deriveKey(&s, &u)
}
