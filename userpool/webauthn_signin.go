package userpool

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/cenote-auth/cenote/awsapi"
	"github.com/cenote-auth/cenote/store"
	"github.com/go-webauthn/webauthn/protocol"
)

const passkeySignInTime = 180_000 // ms that the browser gives the user (AUTH-402, unconfirmed)

// requestOptions are what a browser makes an assertion from (AUTH-402).
type requestOptions struct {
	Challenge        string               `json:"challenge"`
	RPID             string               `json:"rpId"`
	Timeout          int                  `json:"timeout"`
	AllowCredentials []passkeyDescriptor  `json:"allowCredentials"`
	UserVerification UserVerificationType `json:"userVerification"`
}

// passkeysFor returns the user's passkeys that the relying party can ask for.
func (u *userRecord) passkeysFor(rp relyingParty) []passkeyRecord {
	return slices.DeleteFunc(slices.Clone(u.Passkeys), func(k passkeyRecord) bool { return k.RPID != rp.id })
}

// passkeysOf returns the passkeys that the scope's user is asked for. Somebody who does not exist has one that is made up,
// always the same, whose key nobody holds: answering costs as much as a user's (H7).
func (s *Service) passkeysOf(ctx context.Context, sc scope, rp relyingParty) ([]passkeyRecord, error) {
	if sc.user != nil {
		return sc.user.passkeysFor(rp), nil
	}
	crypt, err := s.crypt(ctx, sc.pool)
	if err != nil {
		return nil, err
	}
	id := crypt.key.MAC("ghost passkey", sc.subject(), rp.id)[:20]
	return []passkeyRecord{{
		ID: id, Key: []byte(nobodysKey), RPID: rp.id, Transports: []string{string(protocol.Hybrid), string(protocol.Internal)}, Eligible: true,
	}}, nil
}

// passkeyOptions returns CREDENTIAL_REQUEST_OPTIONS for the scope's user.
func (s *Service) passkeyOptions(ctx context.Context, sc scope, rp relyingParty, challenge []byte) (string, error) {
	keys, err := s.passkeysOf(ctx, sc, rp)
	if err != nil {
		return "", err
	}
	o := requestOptions{
		Challenge: passkeyText(challenge), RPID: rp.id, Timeout: passkeySignInTime, AllowCredentials: []passkeyDescriptor{},
		UserVerification: rp.verify,
	}
	for _, k := range keys {
		o.AllowCredentials = append(o.AllowCredentials, passkeyDescriptor{ID: passkeyText(k.ID), Type: publicKey, Transports: k.Transports})
	}
	text, err := json.Marshal(o)
	if err != nil {
		return "", fmt.Errorf("encode request options: %w", err)
	}
	return string(text), nil
}

// mayBegin reports whether a sign-in of the user may begin with a passkey. Where he has to prove a second factor one does only if
// it counts as both: by the pool's rules, and because he said so (AUTH-286, AUTH-326, AUTH-406, AUTH-407).
func (rp relyingParty) mayBegin(p *poolRecord, u *userRecord) bool {
	return !p.secondFactorDue(u) || rp.countsAsBoth(u)
}

// countsAsBoth reports whether a passkey of the user is both factors of a sign-in.
func (rp relyingParty) countsAsBoth(u *userRecord) bool {
	return rp.factors == WebAuthnFactorConfigurationTypeMultiFactorWithUserVerification && u.MFA.WebAuthn
}

// verifies reports what the authenticator of the user, or of nobody, has to do.
func (rp relyingParty) verifies(u *userRecord) UserVerificationType {
	if u != nil && rp.countsAsBoth(u) {
		return UserVerificationTypeRequired
	}
	return rp.verify
}

// offersPasskey reports whether a sign-in of the user, or of nobody, can go on with WEB_AUTHN (AUTH-274). Half of those who do not
// exist have a passkey, always the same ones: from having one or not it cannot be told who exists (H7).
func (s *Service) offersPasskey(ctx context.Context, in signIn, u *userRecord) (bool, error) {
	rp, err := in.pool.relyingParty()
	if err != nil { // the pool has none
		return false, nil
	}
	if u == nil {
		crypt, err := s.crypt(ctx, in.pool)
		return err == nil && crypt.key.MAC("ghost passkey", in.subject())[0]%2 == 0, err
	}
	return u.Status == UserStatusTypeConfirmed && len(u.passkeysFor(rp)) > 0 && (len(in.Methods) > 0 || rp.mayBegin(in.pool, u)), nil
}

// askPasskey asks for WEB_AUTHN (AUTH-280, AUTH-402). next is the user, or nil for somebody who does not exist: he gets options as
// a user does. Asking writes nothing (H2).
func (s *Service) askPasskey(ctx context.Context, in signIn, next *userRecord) (*ask, error) {
	rp, err := in.pool.relyingParty()
	if err != nil {
		return nil, err
	}
	rp.verify = rp.verifies(next)
	challenge, err := s.passkeyChallenge()
	if err != nil {
		return nil, err
	}
	sc := in.scope
	sc.user = next
	options, err := s.passkeyOptions(ctx, sc, rp, challenge)
	return &ask{
		name: ChallengeNameTypeWebAuthn, params: map[string]string{"CREDENTIAL_REQUEST_OPTIONS": options},
		expect: expectation{Passkey: challenge, Verify: rp.verify == UserVerificationTypeRequired},
	}, err
}

// answerPasskey checks the assertion that WEB_AUTHN asked for (AUTH-403…405). What it grants is decided on the user as the Update
// finds him: the passkey is still his, its counter where it was, and it may still begin a sign-in (C2, M1).
func (s *Service) answerPasskey(ctx context.Context, in authAnswerInput, sc scope) (authAnswer, error) {
	si, v, err := s.resume(ctx, in, sc)
	if err != nil {
		return authAnswer{}, err
	}
	rp, err := si.pool.relyingParty()
	if err != nil { // switched off since
		return authAnswer{}, errSessionInvalid.With(err)
	}
	further := s.cfg.passkeyOrigins(si.pool.id())
	var found *passkeyProof
	si, h, err := s.proveFactor(ctx, si, v, factorPasskey, func(now signIn) (*awsapi.Error, error) {
		keys, err := s.passkeysOf(ctx, now.scope, rp)
		if err != nil {
			return nil, err
		}
		found = rp.checkPasskey(keys, now.subject(), v.expectation, further, in.responses["CREDENTIAL"])
		if found == nil || now.user == nil || now.user.Disabled {
			return errBadCredentials, nil // AUTH-405 (unconfirmed text)
		}
		return nil, nil
	})
	if err != nil {
		return authAnswer{}, err
	}
	first := len(si.Methods) == 0
	si.progress = si.proven(found.method)
	st := step{once: v.useOf(), hold: h, also: func(_ context.Context, _ *store.Tx, now scope) error {
		return stillProves(found, first, now)
	}}
	if found.moves(si.user) {
		st.change = found.use
	}
	return s.advance(ctx, si, st)
}

// stillProves refuses a passkey that proves nothing any more, or can no longer be the first factor, as the Update finds pool and
// user.
func stillProves(found *passkeyProof, first bool, now scope) error {
	rp, err := now.pool.relyingParty()
	switch {
	case err != nil || rp.id != found.rpID:
		return errSessionInvalid
	case rp.verifies(now.user) == UserVerificationTypeRequired && !found.verified:
		return errSessionInvalid
	case first && !rp.mayBegin(now.pool, now.user):
		return errSessionInvalid
	}
	return found.use(now.user.clone()) // only whether it may be used: the change is in what the step stores
}

// A passkeyProof is an assertion that was found right.
type passkeyProof struct {
	id       []byte
	rpID     string
	count    uint32
	backedUp bool
	verified bool   // the authenticator verified its user
	method   string // as amr spells it
}

// checkPasskey checks an assertion by one of the keys (AUTH-403, AUTH-404): nil means that it proves nothing. The caller decides
// whether somebody is behind the keys.
func (rp relyingParty) checkPasskey(keys []passkeyRecord, sub string, want expectation, further []string, credential string) *passkeyProof {
	a, err := protocol.ParseCredentialRequestResponseBytes([]byte(credential))
	if err != nil {
		return nil
	}
	i := slices.IndexFunc(keys, func(k passkeyRecord) bool { return bytes.Equal(k.ID, a.RawID) })
	if i < 0 || len(a.Response.UserHandle) > 0 && string(a.Response.UserHandle) != sub {
		return nil
	}
	k, client, data := keys[i], &a.Response.CollectedClientData, &a.Response.AuthenticatorData
	if !sameChallenge(client, want.Passkey) || !isFor(data, rp) || !rp.allows(client, further) {
		return nil
	}
	err = a.Verify(passkeyText(want.Passkey), rp.id, "", []string{client.Origin}, []string{client.Origin}, nil,
		protocol.TopOriginExplicitVerificationMode, false, want.Verify, true, k.Key, protocol.SignaturePolicy{})
	if err != nil {
		return nil
	}
	p := &passkeyProof{
		id: k.ID, rpID: rp.id, count: data.Counter, backedUp: data.Flags.HasBackupState(), verified: data.Flags.HasUserVerified(),
		method: methodPlatform,
	}
	if k.Attachment == string(protocol.CrossPlatform) {
		p.method = methodRoaming
	}
	if data.Flags.HasBackupEligible() != k.Eligible || p.backedUp && !k.Eligible || k.counted(p.count) != nil {
		return nil
	}
	return p
}

// counted returns an error if a counter does not go on from where it was: then there are two of a kind (AUTH-404, M1). One that
// is always zero is none.
func (k *passkeyRecord) counted(n uint32) error {
	if (n != 0 || k.Count != 0) && n <= k.Count {
		return errBadCredentials
	}
	return nil
}

// use moves the user's passkey on, in the Update that grants what it proved: it must still be his, and its counter where it was
// or further (C2, M1).
func (p *passkeyProof) use(u *userRecord) error {
	k := u.passkey(p.id)
	if k == nil {
		return errBadCredentials
	}
	if err := k.counted(p.count); err != nil {
		return err
	}
	k.Count, k.BackedUp = p.count, p.backedUp
	return nil
}

// moves reports whether the proof changes anything of the user: a passkey without a counter does not, and its sign-ins need not
// write him.
func (p *passkeyProof) moves(u *userRecord) bool {
	k := u.passkey(p.id)
	return k == nil || k.Count != p.count || k.BackedUp != p.backedUp
}

// nobodysKey stands for the key of somebody who does not exist, so that a signature is checked for him as well (H7): the base
// point of P-256, as COSE has it. Its private half is the number one, so that what it signs proves nothing.
const nobodysKey = "\xa5\x01\x02\x03\x26\x20\x01\x21\x58\x20" +
	"\x6b\x17\xd1\xf2\xe1\x2c\x42\x47\xf8\xbc\xe6\xe5\x63\xa4\x40\xf2\x77\x03\x7d\x81\x2d\xeb\x33\xa0\xf4\xa1\x39\x45\xd8\x98\xc2\x96" +
	"\x22\x58\x20" +
	"\x4f\xe3\x42\xe2\xfe\x1a\x7f\x9b\x8e\xe7\xeb\x4a\x7c\x0f\x9e\x16\x2b\xce\x33\x57\x6b\x31\x5e\xce\xcb\xb6\x40\x68\x37\xbf\x51\xf5"
