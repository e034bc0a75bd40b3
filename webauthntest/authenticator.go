package webauthntest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
)

// An Algorithm is a COSE number of a signature algorithm.
type Algorithm int

// The algorithms that user pools ask for, and one that they do not.
const (
	ES256 Algorithm = -7
	RS256 Algorithm = -257
	ES384 Algorithm = -35
)

// Config says what device it is. Its zero value, with an Origin, is a phone or a laptop that keeps a counter.
type Config struct {
	Origin     string    // of the page, as in "https://example.com". Required
	Algorithm  Algorithm // of new credentials; 0 is ES256
	Roaming    bool      // a security key ("cross-platform"); else it is part of the machine ("platform")
	AAGUID     [16]byte  // the make; zero tells nothing
	NoCounter  bool      // the counter stays 0, as with passkeys that are synchronised between devices
	Unverified bool      // has neither PIN nor fingerprint: cannot verify its user
	Rand       io.Reader // of credential ids; nil is crypto/rand.Reader
}

// Authenticator is a device with its credentials. It is for one goroutine at a time.
type Authenticator struct {
	cfg         Config
	credentials []*credential
}

type credential struct {
	id        []byte
	rpID      string
	user      []byte
	algorithm Algorithm
	key       crypto.Signer
	count     uint32
}

// New returns a device without credentials.
func New(c Config) *Authenticator {
	if c.Algorithm == 0 {
		c.Algorithm = ES256
	}
	if c.Rand == nil {
		c.Rand = rand.Reader
	}
	return &Authenticator{cfg: c}
}

// Clone returns a copy of the device as somebody would make it who got at the keys: both count on by themselves from here.
func (a *Authenticator) Clone() *Authenticator {
	c := &Authenticator{cfg: a.cfg}
	for _, k := range a.credentials {
		copied := *k
		c.credentials = append(c.credentials, &copied)
	}
	return c
}

// IDs returns the ids of the device's credentials in the order of their creation, in the base64url that the API uses.
func (a *Authenticator) IDs() []string {
	var ids []string
	for _, k := range a.credentials {
		ids = append(ids, encode(k.id))
	}
	return ids
}

// A Ceremony is what goes into an answer. Edits change it before it is signed.
type Ceremony struct {
	// What the browser says.
	Type        string // "webauthn.create" or "webauthn.get"
	Challenge   string
	Origin      string
	CrossOrigin bool
	TopOrigin   string // told if it is not empty
	Attachment  string // "platform" or "cross-platform"; "" is not told
	Transports  []string

	// What the authenticator says.
	RPID           string // is hashed
	UserPresent    bool
	UserVerified   bool
	BackupEligible bool
	BackedUp       bool
	Count          uint32
	CredentialID   []byte
	UserHandle     []byte // Get only; nil is not told
	AAGUID         [16]byte
	Format         string // of the attestation: "none", or "packed" for one by the credential's own key
	PublicKey      []byte // COSE, Create only

	Spoil bool // turns a bit of the signature over
}

var (
	// ErrExcluded means that the device already has a credential of those that the options exclude.
	ErrExcluded = errors.New("webauthntest: the device has a credential that the options exclude")
	// ErrNoCredential means that the device has no credential of those that the options allow.
	ErrNoCredential = errors.New("webauthntest: the device has no credential that the options allow")
)

// options are the members of both kinds of options that a device looks at.
type options struct {
	Challenge string `json:"challenge"`
	RPID      string `json:"rpId"`
	RP        struct {
		ID string `json:"id"`
	} `json:"rp"`
	User struct {
		ID string `json:"id"`
	} `json:"user"`
	PubKeyCredParams []struct {
		Alg Algorithm `json:"alg"`
	} `json:"pubKeyCredParams"`
	AllowCredentials   []descriptor `json:"allowCredentials"`
	ExcludeCredentials []descriptor `json:"excludeCredentials"`
}

type descriptor struct {
	ID   string `json:"id"`
	Type string `json:"type"`
}

// Create answers creation options (navigator.credentials.create) with a Credential and keeps its key. It refuses what a device
// would: an algorithm that the options do not list, and a second credential where they exclude the first.
func (a *Authenticator) Create(creation []byte, edits ...func(*Ceremony)) ([]byte, error) {
	o, err := parse(creation)
	if err != nil {
		return nil, err
	}
	listed := slices.ContainsFunc(o.PubKeyCredParams, func(p struct {
		Alg Algorithm `json:"alg"`
	}) bool {
		return p.Alg == a.cfg.Algorithm
	})
	if !listed && a.cfg.Algorithm != ES384 { // that one is there to be forced upon the server
		return nil, fmt.Errorf("webauthntest: the options do not list algorithm %d", a.cfg.Algorithm)
	}
	for _, e := range o.ExcludeCredentials {
		if a.find(o.RP.ID, e.ID) != nil {
			return nil, ErrExcluded
		}
	}
	k, err := a.newCredential(o)
	if err != nil {
		return nil, err
	}
	c := a.ceremony("webauthn.create", o.Challenge, o.RP.ID, k)
	c.PublicKey, c.Format = coseKey(k), "none"
	for _, edit := range edits {
		edit(&c)
	}
	client, err := c.clientData()
	if err != nil {
		return nil, err
	}
	data := append(c.authData(true), c.attested()...)
	statement := cborMap{}
	if c.Format == "packed" {
		sig, err := k.sign(a.cfg.Rand, data, client, c.Spoil)
		if err != nil {
			return nil, err
		}
		statement = cborMap{{"alg", int(k.algorithm)}, {"sig", sig}}
	}
	object := cborMap{{"fmt", c.Format}, {"attStmt", statement}, {"authData", data}}.encode()
	a.credentials = append(a.credentials, k)
	k.id, k.count = c.CredentialID, c.Count
	return c.answer(map[string]any{
		"clientDataJSON": encode(client), "attestationObject": encode(object), "transports": c.Transports,
		"publicKeyAlgorithm": int(k.algorithm), "authenticatorData": encode(data),
	})
}

// Get answers request options (navigator.credentials.get) with an assertion by a credential that they allow, or by any of the
// relying party's if they allow any.
func (a *Authenticator) Get(request []byte, edits ...func(*Ceremony)) ([]byte, error) {
	o, err := parse(request)
	if err != nil {
		return nil, err
	}
	k := a.choose(o)
	if k == nil {
		return nil, ErrNoCredential
	}
	if !a.cfg.NoCounter {
		k.count++
	}
	c := a.ceremony("webauthn.get", o.Challenge, o.RPID, k)
	c.UserHandle = k.user
	for _, edit := range edits {
		edit(&c)
	}
	client, err := c.clientData()
	if err != nil {
		return nil, err
	}
	data := c.authData(false)
	sig, err := k.sign(a.cfg.Rand, data, client, c.Spoil)
	if err != nil {
		return nil, err
	}
	response := map[string]any{"clientDataJSON": encode(client), "authenticatorData": encode(data), "signature": encode(sig)}
	if c.UserHandle != nil {
		response["userHandle"] = encode(c.UserHandle)
	}
	return c.answer(response)
}

// find returns the device's credential of that id, or nil.
func (a *Authenticator) find(rpID, id string) *credential {
	for _, k := range a.credentials {
		if k.rpID == rpID && encode(k.id) == id {
			return k
		}
	}
	return nil
}

func (a *Authenticator) choose(o options) *credential {
	for _, allowed := range o.AllowCredentials {
		if k := a.find(o.RPID, allowed.ID); k != nil {
			return k
		}
	}
	if len(o.AllowCredentials) == 0 {
		for _, k := range a.credentials {
			if k.rpID == o.RPID {
				return k
			}
		}
	}
	return nil
}

func (a *Authenticator) newCredential(o options) (*credential, error) {
	user, err := base64.RawURLEncoding.DecodeString(o.User.ID)
	if err != nil {
		return nil, fmt.Errorf("webauthntest: user.id: %w", err)
	}
	k := &credential{id: make([]byte, 20), rpID: o.RP.ID, user: user, algorithm: a.cfg.Algorithm}
	if _, err := io.ReadFull(a.cfg.Rand, k.id); err != nil {
		return nil, err
	}
	switch a.cfg.Algorithm { // Go makes keys from its own randomness, whatever Rand is
	case ES256:
		k.key, err = ecdsa.GenerateKey(elliptic.P256(), a.cfg.Rand)
	case ES384:
		k.key, err = ecdsa.GenerateKey(elliptic.P384(), a.cfg.Rand)
	case RS256:
		k.key, err = rsa.GenerateKey(a.cfg.Rand, 2048)
	default:
		err = fmt.Errorf("webauthntest: algorithm %d is not one of its constants", a.cfg.Algorithm)
	}
	return k, err
}

// ceremony is what an honest device says.
func (a *Authenticator) ceremony(what, challenge, rpID string, k *credential) Ceremony {
	c := Ceremony{
		Type: what, Challenge: challenge, Origin: a.cfg.Origin, Attachment: "platform", Transports: []string{"internal"},
		RPID: rpID, UserPresent: true, UserVerified: !a.cfg.Unverified, BackupEligible: a.cfg.NoCounter, BackedUp: a.cfg.NoCounter,
		Count: k.count, CredentialID: k.id, AAGUID: a.cfg.AAGUID,
	}
	switch {
	case a.cfg.Roaming:
		c.Attachment, c.Transports = "cross-platform", []string{"usb", "nfc"}
	case a.cfg.NoCounter:
		c.Transports = []string{"hybrid", "internal"}
	}
	return c
}

func (c *Ceremony) clientData() ([]byte, error) {
	d := map[string]any{"type": c.Type, "challenge": c.Challenge, "origin": c.Origin, "crossOrigin": c.CrossOrigin}
	if c.TopOrigin != "" {
		d["topOrigin"] = c.TopOrigin
	}
	return json.Marshal(d)
}

// answer is the credential as PublicKeyCredential.toJSON gives it.
func (c *Ceremony) answer(response map[string]any) ([]byte, error) {
	out := map[string]any{
		"id": encode(c.CredentialID), "rawId": encode(c.CredentialID), "type": "public-key", "clientExtensionResults": map[string]any{},
		"response": response,
	}
	if c.Attachment != "" {
		out["authenticatorAttachment"] = c.Attachment
	}
	return json.Marshal(out)
}

// sign signs what an authenticator signs: its data and the hash of the browser's.
func (k *credential) sign(random io.Reader, data, client []byte, spoil bool) ([]byte, error) {
	hash := sha256.Sum256(client)
	sum := sha256.Sum256(slices.Concat(data, hash[:]))
	sig, err := k.key.Sign(random, sum[:], crypto.SHA256)
	if err == nil && spoil {
		sig[len(sig)-1] ^= 1
	}
	return sig, err
}

func parse(text []byte) (options, error) {
	var o options
	if err := json.Unmarshal(text, &o); err != nil {
		return o, fmt.Errorf("webauthntest: options: %w", err)
	}
	return o, nil
}

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }
