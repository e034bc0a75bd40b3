package userpool

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/cenote-auth/cenote/store"
)

const (
	maxPasskeys         = 20              // of a user (AUTH-399, unconfirmed)
	passkeyLife         = 5 * time.Minute // of a registration under way (AUTH-398, unconfirmed)
	passkeyRegisterTime = 60_000          // ms that the browser gives the user (AUTH-395, unconfirmed)
	passkeyNonce        = 32              // bytes of a challenge
)

// Unconfirmed texts.
var (
	errPasskeyLimit     = ErrLimitExceeded.New("Maximum number of WebAuthn credentials has been reached.")
	errPasskeyChallenge = ErrWebAuthnChallengeNotFound.New("The challenge was not found or has expired.")
	errPasskeyClient    = ErrWebAuthnClientMismatch.New("The access token is for another client than the one that began the registration.")
)

// creationOptions are what a browser makes a passkey from (AUTH-395).
type creationOptions struct {
	RP                     passkeyParty        `json:"rp"`
	User                   passkeyUser         `json:"user"`
	Challenge              string              `json:"challenge"`
	PubKeyCredParams       []passkeyAlgorithm  `json:"pubKeyCredParams"`
	Timeout                int                 `json:"timeout"`
	ExcludeCredentials     []passkeyDescriptor `json:"excludeCredentials"`
	AuthenticatorSelection passkeySelection    `json:"authenticatorSelection"`
}

type passkeyParty struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

type passkeyUser struct {
	ID          string `json:"id"`
	Name        string `json:"name"`
	DisplayName string `json:"displayName"`
}

type passkeyAlgorithm struct {
	Type string `json:"type"`
	Alg  int    `json:"alg"`
}

// passkeyDescriptor names a passkey in options of both kinds.
type passkeyDescriptor struct {
	ID         string   `json:"id"`
	Type       string   `json:"type"`
	Transports []string `json:"transports,omitempty"`
}

type passkeySelection struct {
	RequireResidentKey bool                 `json:"requireResidentKey"`
	ResidentKey        string               `json:"residentKey"`
	UserVerification   UserVerificationType `json:"userVerification"`
}

const publicKey = "public-key"

// StartWebAuthnRegistration begins the making of a passkey by the caller: the options are for the browser (AUTH-393…395,
// AUTH-614). Whoever begins again has given up what he began before.
func (s *Service) StartWebAuthnRegistration(ctx context.Context, in *StartWebAuthnRegistrationInput) (*StartWebAuthnRegistrationOutput, error) {
	return call(ctx, s, opStartWebAuthnRegistration, in, s.startWebAuthnRegistration)
}

func (s *Service) startWebAuthnRegistration(ctx context.Context, in *StartWebAuthnRegistrationInput) (*StartWebAuthnRegistrationOutput, error) {
	b, err := s.authorize(ctx, in.AccessToken)
	if err != nil {
		return nil, err
	}
	if _, err := b.pool.relyingParty(); err != nil {
		return nil, err
	}
	challenge, err := s.passkeyChallenge()
	if err != nil {
		return nil, err
	}
	var options creationOptions
	err = s.store.Update(ctx, func(tx *store.Tx) error {
		now, err := s.again(ctx, tx, b.scope)
		if err != nil {
			return err
		}
		if err := s.stillBearer(ctx, tx, b, now); err != nil {
			return err
		}
		rp, err := now.pool.relyingParty()
		if err != nil {
			return err
		}
		if len(now.user.Passkeys) >= maxPasskeys {
			return errPasskeyLimit
		}
		options = rp.creationOptions(now.user, challenge)
		return passkeyChallenges.Of(now.pool.id()).Replace(ctx, tx, &passkeyChallenge{
			Sub: now.user.Sub, Challenge: challenge, ClientID: now.client.id(), Serial: now.client.Serial, RPID: rp.id,
			Verify: rp.verify == UserVerificationTypeRequired, Epoch: now.user.CredentialEpoch, Ends: tx.Now().Add(passkeyLife),
		})
	})
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(options)
	if err != nil {
		return nil, fmt.Errorf("encode creation options: %w", err)
	}
	return &StartWebAuthnRegistrationOutput{CredentialCreationOptions: text}, nil
}

// passkeyChallenge makes what an authenticator has to sign.
func (s *Service) passkeyChallenge() ([]byte, error) {
	b := make([]byte, passkeyNonce)
	if _, err := io.ReadFull(s.rand, b); err != nil {
		return nil, fmt.Errorf("make a passkey challenge: %w", err)
	}
	return b, nil
}

func (rp relyingParty) creationOptions(u *userRecord, challenge []byte) creationOptions {
	o := creationOptions{
		RP:        passkeyParty{ID: rp.id, Name: rp.id},
		User:      passkeyUser{ID: passkeyText([]byte(u.Sub)), Name: u.name(), DisplayName: u.name()},
		Challenge: passkeyText(challenge), Timeout: passkeyRegisterTime, ExcludeCredentials: []passkeyDescriptor{},
		AuthenticatorSelection: passkeySelection{RequireResidentKey: true, ResidentKey: "required", UserVerification: rp.verify},
	}
	for _, p := range passkeyAlgorithms {
		o.PubKeyCredParams = append(o.PubKeyCredParams, passkeyAlgorithm{Type: publicKey, Alg: int(p.Algorithm)})
	}
	for _, k := range u.Passkeys {
		o.ExcludeCredentials = append(o.ExcludeCredentials, passkeyDescriptor{ID: passkeyText(k.ID), Type: publicKey})
	}
	return o
}

// passkeyText is how bytes are written in everything that has to do with passkeys.
func passkeyText(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// CompleteWebAuthnRegistration stores the passkey that the caller's browser made from the options (AUTH-396…400, AUTH-615). The
// challenge is used up by the registration that succeeds; the passkey counts from then on, and sign-ins under way go on.
func (s *Service) CompleteWebAuthnRegistration(ctx context.Context, in *CompleteWebAuthnRegistrationInput) (*CompleteWebAuthnRegistrationOutput, error) {
	return call(ctx, s, opCompleteWebAuthnRegistration, in, s.completeWebAuthnRegistration)
}

func (s *Service) completeWebAuthnRegistration(ctx context.Context, in *CompleteWebAuthnRegistrationInput) (*CompleteWebAuthnRegistrationOutput, error) {
	b, err := s.authorize(ctx, in.AccessToken)
	if err != nil {
		return nil, err
	}
	if !b.pool.allowsFirst(AuthFactorTypeWebAuthn) {
		return nil, errPasskeysOff
	}
	made, err := parseRegistration(in.Credential)
	if err != nil {
		return nil, err
	}
	further := s.cfg.passkeyOrigins(b.pool.id())
	err = s.store.Update(ctx, func(tx *store.Tx) error {
		now, err := s.again(ctx, tx, b.scope)
		if err != nil {
			return err
		}
		if err := s.stillBearer(ctx, tx, b, now); err != nil {
			return err
		}
		rp, err := now.pool.relyingParty()
		if errors.Is(err, errNoRelyingParty) { // taken away since; the model has no such error here
			return errPasskeyParty
		}
		if err != nil {
			return err
		}
		table := passkeyChallenges.Of(now.pool.id())
		pending, err := table.Get(ctx, &tx.Reader, now.user.Sub)
		if err != nil {
			return err
		}
		key, err := made.check(pending, now, rp, further)
		if err != nil {
			return err
		}
		if len(now.user.Passkeys) >= maxPasskeys {
			return errPasskeyLimit
		}
		now.user.addPasskey(key, tx.Now())
		if err := table.Delete(ctx, tx, pending); err != nil {
			return err
		}
		return users.Of(now.pool.id()).Put(ctx, tx, now.user)
	})
	if c := store.AsConflict(err); c != nil { // of all that changes only the credential id can be somebody else's
		return nil, errPasskeyKnown.With(c)
	}
	return &CompleteWebAuthnRegistrationOutput{}, err
}

// addPasskey gives the user a passkey. It makes no earlier proof worthless: the CredentialEpoch stays (C4).
func (u *userRecord) addPasskey(k passkeyRecord, at time.Time) {
	k.Created, k.Serial = at, 1
	if n := len(u.Passkeys); n > 0 {
		k.Serial = u.Passkeys[n-1].Serial + 1
	}
	u.Passkeys = append(u.Passkeys, k)
	u.Modified = at
}

// passkey returns the user's passkey with that id, or nil.
func (u *userRecord) passkey(id []byte) *passkeyRecord {
	for i := range u.Passkeys {
		if bytes.Equal(u.Passkeys[i].ID, id) {
			return &u.Passkeys[i]
		}
	}
	return nil
}
