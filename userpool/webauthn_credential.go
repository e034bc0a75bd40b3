package userpool

import (
	"crypto/sha256"
	"crypto/subtle"
	"math/big"
	"slices"

	"github.com/cenote-auth/cenote/awsapi"
	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/protocol/webauthncose"
)

// Unconfirmed texts.
var (
	errPasskeyMalformed = ErrInvalidParameter.New("Invalid credential.")
	errPasskeyParty     = ErrWebAuthnRelyingPartyMismatch.New("The credential is for another relying party.")
	errPasskeyOrigin    = ErrWebAuthnOriginNotAllowed.New("The origin is not allowed.")
	errPasskeyKind      = ErrWebAuthnCredentialNotSupported.New("The credential is not supported.")
	errPasskeyKnown     = ErrWebAuthnCredentialNotSupported.New("The credential is registered already.")
)

// passkeyAlgorithms are the signatures that passkeys make, the preferred one first (AUTH-395).
var passkeyAlgorithms = []protocol.CredentialParameter{
	{Type: protocol.PublicKeyCredentialType, Algorithm: webauthncose.AlgES256},
	{Type: protocol.PublicKeyCredentialType, Algorithm: webauthncose.AlgRS256},
}

// passkeyTransports are what is believed of how an authenticator is reached; other words are left out.
var passkeyTransports = []protocol.AuthenticatorTransport{
	protocol.USB, protocol.NFC, protocol.BLE, protocol.SmartCard, protocol.Hybrid, protocol.Internal,
}

// RSA keys of passkeys, in bits. A shorter one is no proof, a longer one costs us at each sign-in whatever its owner liked.
const (
	minPasskeyModulus = 2048
	maxPasskeyModulus = 4096
)

// A registration is what a browser says of a passkey that it made, parsed and not yet believed (AUTH-396).
type registration struct {
	*protocol.ParsedCredentialCreationData
}

func parseRegistration(credential []byte) (registration, error) {
	d, err := protocol.ParseCredentialCreationResponseBytes(credential)
	if err != nil {
		return registration{}, errPasskeyMalformed.With(err)
	}
	return registration{d}, nil
}

// check compares a registration with what was begun and returns the passkey, or the first error in the order of AUTH-615. further
// are the origins beside the relying party's. It is pure: the Update that stores the passkey decides by it, as often as it runs.
func (r registration) check(pending *passkeyChallenge, now scope, rp relyingParty, further []string) (passkeyRecord, error) {
	client, data := &r.Response.CollectedClientData, &r.Response.AttestationObject.AuthData
	switch {
	case pending == nil || pending.Epoch != now.user.CredentialEpoch || !sameChallenge(client, pending.Challenge):
		return passkeyRecord{}, errPasskeyChallenge
	case pending.ClientID != now.client.id() || pending.Serial != now.client.Serial:
		return passkeyRecord{}, errPasskeyClient
	case pending.RPID != rp.id || !isFor(data, rp):
		return passkeyRecord{}, errPasskeyParty
	case !rp.allows(client, further):
		return passkeyRecord{}, errPasskeyOrigin
	}
	// We ask for no attestation, and nothing rests on one. Formats with certificates would be believed without their roots being
	// checked, by the machine's clock: they are refused.
	o := &r.Response.AttestationObject
	if _, certified := o.AttStatement["x5c"]; certified || o.Format != "none" && o.Format != "packed" {
		return passkeyRecord{}, errPasskeyKind
	}
	if err := checkPasskeyKey(data.AttData.CredentialPublicKey); err != nil {
		return passkeyRecord{}, err
	}
	if data.Flags.HasBackupState() && !data.Flags.HasBackupEligible() {
		return passkeyRecord{}, errPasskeyKind
	}
	if now.user.passkey(data.AttData.CredentialID) != nil {
		return passkeyRecord{}, errPasskeyKnown
	}
	verify := pending.Verify || rp.verify == UserVerificationTypeRequired
	_, err := r.Verify(passkeyText(pending.Challenge), rp.id, []string{client.Origin}, []string{client.Origin}, nil,
		protocol.TopOriginExplicitVerificationMode, false, verify, true, nil, passkeyAlgorithms, protocol.AttestationPolicy{},
		protocol.SignaturePolicy{})
	if err != nil {
		return passkeyRecord{}, errPasskeyKind.With(err)
	}
	return passkeyRecord{
		ID: data.AttData.CredentialID, Key: data.AttData.CredentialPublicKey, Count: data.Counter, RPID: rp.id,
		Name: passkeyName(data.AttData.AAGUID, r.AuthenticatorAttachment), Attachment: string(r.AuthenticatorAttachment),
		Transports: r.transports(), Verified: data.Flags.HasUserVerified(), Eligible: data.Flags.HasBackupEligible(),
		BackedUp: data.Flags.HasBackupState(),
	}, nil
}

// sameChallenge compares what was signed with what was asked to be.
func sameChallenge(c *protocol.CollectedClientData, challenge []byte) bool {
	return len(challenge) > 0 && subtle.ConstantTimeCompare([]byte(c.Challenge), []byte(passkeyText(challenge))) == 1
}

// isFor reports whether an authenticator speaks to the relying party.
func isFor(d *protocol.AuthenticatorData, rp relyingParty) bool {
	want := sha256.Sum256([]byte(rp.id))
	return subtle.ConstantTimeCompare(d.RPIDHash, want[:]) == 1
}

// checkPasskeyKey refuses keys that the options did not ask for, that are no keys, or that are expensive to use.
func checkPasskeyKey(cose []byte) *awsapi.Error {
	key, err := webauthncose.ParsePublicKey(cose)
	if err != nil {
		return errPasskeyKind.With(err)
	}
	ok := false
	switch k := key.(type) {
	case webauthncose.EC2PublicKeyData:
		ok = k.Algorithm == int64(webauthncose.AlgES256) // whose curve the parser has checked
	case webauthncose.RSAPublicKeyData:
		bits := new(big.Int).SetBytes(k.Modulus).BitLen()
		ok = k.Algorithm == int64(webauthncose.AlgRS256) && bits >= minPasskeyModulus && bits <= maxPasskeyModulus
	}
	if !ok {
		return errPasskeyKind
	}
	return nil
}

// transports returns those that are known, each once.
func (r registration) transports() []string {
	out := []string{}
	for _, t := range passkeyTransports {
		if slices.Contains(r.Response.Transports, t) {
			out = append(out, string(t))
		}
	}
	return out
}
