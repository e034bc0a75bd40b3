package userpool

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
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

// checkSecretHash checks the SECRET_HASH that goes with name (AUTH-071…079). absent is the text for a client with a secret
// and no hash, which differs between families of operations (AUTH-076).
func (s *Service) checkSecretHash(ctx context.Context, sc scope, name, hash string, inAuth bool) error {
	id := sc.client.id()
	if len(sc.client.Secrets) == 0 {
		if hash != "" && hashWithoutSecretFails {
			return ErrNotAuthorized.Newf("Unable to verify secret hash for client %s", id)
		}
		return nil
	}
	if hash == "" {
		if inAuth {
			return ErrNotAuthorized.Newf("Client %s is configured with secret but SECRET_HASH was not received", id)
		}
		return ErrNotAuthorized.Newf("Unable to verify secret hash for client %s", id)
	}
	secrets, err := s.secrets(ctx, sc)
	if err != nil {
		return err
	}
	fits := 0
	for _, secret := range secrets { // each of them, whichever fits
		mac := hmac.New(sha256.New, []byte(secret))
		mac.Write([]byte(name + id))
		want := base64.StdEncoding.EncodeToString(mac.Sum(nil))
		fits |= subtle.ConstantTimeCompare([]byte(hash), []byte(want))
	}
	if fits != 1 {
		return ErrNotAuthorized.Newf("Unable to verify secret hash for client %s", id)
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
	given, fits := sha256.Sum256([]byte(secret)), 0
	for _, have := range secrets { // digests, which have one length (M9)
		want := sha256.Sum256([]byte(have))
		fits |= subtle.ConstantTimeCompare(given[:], want[:])
	}
	return fits == 1, nil
}
