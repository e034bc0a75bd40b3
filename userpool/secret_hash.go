package userpool

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"slices"

	"github.com/cenote-auth/cenote/awsapi"
)

// secrets opens the client's secrets: none, one, or two while they are exchanged (AUTH-080).
func (s *Service) secrets(ctx context.Context, sc scope) ([]string, error) {
	if len(sc.client.Secrets) == 0 {
		return nil, nil
	}
	crypt, err := s.crypt(ctx, sc.pool)
	if err != nil {
		return nil, err
	}
	out := make([]string, len(sc.client.Secrets))
	for i, secret := range sc.client.Secrets {
		plain, err := crypt.open(fieldSecret, sc.client.id()+"/"+secret.ID, secret.Sealed)
		if err != nil {
			return nil, err
		}
		out[i] = string(plain)
	}
	return out, nil
}

// secretProof is which of the client's secrets the caller has shown to know. All copies of a scope share it. Who reads the client
// anew finds out whether that secret is still one: who deletes it ends what began under it (C2, C4).
type secretProof struct{ id string }

func (p *secretProof) set(secret clientSecret) {
	if p != nil {
		p.id = secret.ID
	}
}

// stillGood refuses if the secret that was shown is deleted by now.
func (p *secretProof) stillGood(c *clientRecord) error {
	if p == nil || p.id == "" || slices.ContainsFunc(c.Secrets, func(s clientSecret) bool { return s.ID == p.id }) {
		return nil
	}
	return errSecretHash(c)
}

// errSecretHash is a hash, or a secret, that does not fit (AUTH-076).
func errSecretHash(c *clientRecord) *awsapi.Error {
	return ErrNotAuthorized.Newf("Unable to verify secret hash for client %s", c.id())
}

// checkSecretHash checks the SECRET_HASH that goes with name (AUTH-071…079). absent is the text for a client with a secret
// and no hash, which differs between families of operations (AUTH-076).
func (s *Service) checkSecretHash(ctx context.Context, sc scope, name, hash string, inAuth bool) error {
	id := sc.client.id()
	if len(sc.client.Secrets) == 0 {
		if hash != "" && hashWithoutSecretFails {
			return errSecretHash(sc.client)
		}
		return nil
	}
	if hash == "" {
		if inAuth {
			return ErrNotAuthorized.Newf("Client %s is configured with secret but SECRET_HASH was not received", id)
		}
		return errSecretHash(sc.client)
	}
	secrets, err := s.secrets(ctx, sc)
	if err != nil {
		return err
	}
	fits := false
	for i, secret := range secrets { // each of them, whichever fits
		mac := hmac.New(sha256.New, []byte(secret))
		mac.Write([]byte(name + id))
		want := base64.StdEncoding.EncodeToString(mac.Sum(nil))
		if subtle.ConstantTimeCompare([]byte(hash), []byte(want)) == 1 {
			fits = true
			sc.proof.set(sc.client.Secrets[i])
		}
	}
	if !fits {
		return errSecretHash(sc.client)
	}
	return nil
}

// hashWithoutSecretFails: a hash that is sent to a client without a secret is refused (AUTH-077, unconfirmed).
const hashWithoutSecretFails = true

// checkSecret checks the plain ClientSecret of operations that take it instead of a hash (AUTH-075). It says only whether it
// fits: the operations answer different errors.
func (s *Service) checkSecret(ctx context.Context, sc scope, secret string) (bool, error) {
	if len(sc.client.Secrets) == 0 {
		return secret == "", nil
	}
	secrets, err := s.secrets(ctx, sc)
	if err != nil {
		return false, err
	}
	given, fits := sha256.Sum256([]byte(secret)), false
	for i, have := range secrets { // digests, which have one length (M9)
		want := sha256.Sum256([]byte(have))
		if subtle.ConstantTimeCompare(given[:], want[:]) == 1 {
			fits = true
			sc.proof.set(sc.client.Secrets[i])
		}
	}
	return fits, nil
}
