package userpool

import (
	"context"
	"errors"

	"github.com/cenote-auth/cenote/store"
	"github.com/cenote-auth/cenote/token"
)

var (
	errAccessInvalid   = ErrNotAuthorized.New("Invalid Access Token")
	errAccessSignature = ErrNotAuthorized.New("Could not verify signature for Access Token")
	errAccessExpired   = ErrNotAuthorized.New("Access Token has expired")
	errAccessRevoked   = ErrNotAuthorized.New("Access Token has been revoked")
	errAccessScope     = ErrNotAuthorized.New("Access Token does not have required scopes")
)

// bearer is a caller who proved himself by an access token.
type bearer struct {
	scope
	claims *token.Claims
	family *familyRecord // nil if the client's tokens cannot be revoked one by one
}

// authorize is how every operation that takes an access token learns who calls: signature, issuer, use, time, revocation and
// scope, in the order of AUTH-543, then the user (AUTH-544). All that is stored is read in one snapshot.
func (s *Service) authorize(ctx context.Context, raw string) (bearer, error) {
	var b bearer
	var refusal error
	claims, err := token.VerifyBy(ctx, raw, func(unverified *token.Claims) (v *token.Verifier, err error) {
		b, v, err = s.verifierFor(ctx, unverified)
		refusal = err
		return v, err
	})
	switch {
	case refusal != nil:
		return bearer{}, refusal
	case errors.Is(err, token.ErrExpired):
		return bearer{}, errAccessExpired
	case errors.Is(err, token.ErrMalformed), errors.Is(err, token.ErrUse), errors.Is(err, token.ErrNotYet):
		return bearer{}, errAccessInvalid.With(err)
	case err != nil:
		return bearer{}, errAccessSignature.With(err)
	}
	b.claims = claims
	return b, s.bearerRefusal(b)
}

// verifierFor reads whom a token claims to be from, and returns what verifies it under the keys of that one pool: the key is
// chosen by pool and kid, never by kid alone (H5).
func (s *Service) verifierFor(ctx context.Context, unverified *token.Claims) (bearer, *token.Verifier, error) {
	if unverified.Use != token.Access {
		return bearer{}, nil, errAccessInvalid
	}
	b, keys, err := s.readBearer(ctx, unverified)
	if err != nil {
		return bearer{}, nil, err
	}
	if b.pool == nil || keys == nil || unverified.Issuer != s.cfg.issuer(b.pool.id()) {
		return bearer{}, nil, errAccessSignature
	}
	crypt, err := s.crypt(ctx, b.pool)
	if err != nil {
		return bearer{}, nil, err
	}
	published, err := poolSigner{keys, crypt, s.store.Now()}.PublicKeys(ctx, b.pool.id())
	if err != nil {
		return bearer{}, nil, err
	}
	v, err := token.NewVerifier(token.VerifierConfig{
		Issuer: unverified.Issuer, AnyClient: true, Use: token.Access, Keys: token.StaticKeys(published), Now: s.store.Now,
	})
	return b, v, err
}

// readBearer reads whom a token claims to be from. Nothing in the token is believed yet: it only says where to look.
func (s *Service) readBearer(ctx context.Context, c *token.Claims) (b bearer, keys *keysRecord, err error) {
	for {
		poolID := s.hints.of(c.ClientID)
		if poolID == "" {
			sc, err := s.byClient(ctx, s.store.Read, c.ClientID, "")
			if errors.Is(err, ErrResourceNotFound) {
				return b, nil, errAccessSignature
			}
			if err != nil {
				return b, nil, err
			}
			poolID = sc.pool.id()
		}
		cl, p := clients.Of(store.Installation).Find(c.ClientID), pools.Of(store.Installation).Find(poolID)
		u, k := users.Of(poolID).Find(c.Subject), signingKeys.Of(poolID).Find()
		f := families.Of(poolID).Find(c.OriginJTI)
		if err := s.store.Read(ctx, cl, p, u, k, f); err != nil {
			return b, nil, err
		}
		if cl.Got == nil {
			return b, nil, errAccessSignature // AUTH-531 (unconfirmed)
		}
		if cl.Got.poolID() != poolID { // made again in another pool
			s.hints.forget(c.ClientID)
			continue
		}
		if p.Got == nil || p.Got.Deleting {
			return b, nil, errAccessSignature
		}
		return bearer{scope: scope{pool: p.Got, client: cl.Got, user: u.Got}, family: f.Got}, k.Got, nil
	}
}

// bearerRefusal says why a token that is genuine is not good (any longer).
func (s *Service) bearerRefusal(b bearer) error {
	u := b.user
	if u == nil {
		return errUserNotFound
	}
	switch {
	case b.claims.OriginJTI != "" && (b.family == nil || b.family.Revoked || b.family.Sub != u.Sub || b.family.Serial != b.client.Serial ||
		b.family.TokenEpoch != u.TokenEpoch || b.family.Epoch != s.vault.Epoch()):
		return errAccessRevoked
	case b.claims.OriginJTI == "" && !u.SignedOut.IsZero() && b.claims.IssuedAt.Unix() <= u.SignedOut.Unix(): // H3
		return errAccessRevoked
	case !b.claims.HasScope(adminScope):
		return errAccessScope
	case u.Disabled:
		return errUserDisabled
	case u.Status == UserStatusTypeResetRequired:
		return errResetRequired
	case u.Status == UserStatusTypeUnconfirmed:
		return errNotConfirmed
	}
	return nil
}

// stillBearer refuses within an Update if the token that let the caller in is no longer good: signed out, revoked or disabled
// meanwhile (C2). now is the scope as the Update read it.
func (s *Service) stillBearer(ctx context.Context, tx *store.Tx, b bearer, now scope) error {
	f, err := families.Of(now.pool.id()).Get(ctx, &tx.Reader, b.claims.OriginJTI)
	if err != nil {
		return err
	}
	return s.bearerRefusal(bearer{scope: now, claims: b.claims, family: f})
}
