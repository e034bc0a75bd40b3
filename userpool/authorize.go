package userpool

import (
	"context"
	"crypto/sha256"
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
	family *familyRecord
}

// accessCheck is an access token under examination.
type accessCheck struct {
	bearer
	keys    *accessKeys // of its pool
	refusal error       // ours, which comes out as it is
}

// authorize is how every operation that takes an access token learns who calls: signature, issuer, use, time, revocation and
// scope, in the order of AUTH-543, then the user (AUTH-544). All that is stored is read in one snapshot.
func (s *Service) authorize(ctx context.Context, raw string) (bearer, error) {
	var c accessCheck
	claims, err := s.verifyAccess(ctx, raw, &c)
	switch {
	case c.refusal != nil:
		return bearer{}, c.refusal
	case errors.Is(err, token.ErrExpired):
		return bearer{}, errAccessExpired
	case errors.Is(err, token.ErrMalformed), errors.Is(err, token.ErrUse), errors.Is(err, token.ErrNotYet):
		return bearer{}, errAccessInvalid.With(err)
	case err != nil:
		return bearer{}, errAccessSignature.With(err)
	}
	c.claims = claims
	return c.bearer, s.bearerRefusal(c.bearer)
}

// verifyAccess returns the claims of a token, verified under the keys of the pool that it claims to be from. A signature that
// was found right before is not computed again.
func (s *Service) verifyAccess(ctx context.Context, raw string, c *accessCheck) (*token.Claims, error) {
	choose := func(claimed *token.Claims) (*token.Verifier, error) {
		v, err := s.verifierFor(ctx, claimed, c)
		c.refusal = err
		return v, err
	}
	sum := sha256.Sum256([]byte(raw))
	if t, ok := s.seen.get(sum); ok {
		v, err := choose(t.claims)
		if err != nil {
			return nil, err
		}
		if c.keys.verified(ctx, t) {
			return t.claims, v.Recheck(t.claims)
		}
	}
	claims, err := token.VerifyBy(ctx, raw, choose)
	if err == nil && len(raw) <= maxSeenLength {
		s.seen.put(sum, seenToken{claims: claims, keys: c.keys.stored, kid: c.keys.asked})
	}
	return claims, err
}

// verifierFor reads whom a token claims to be from, and returns what verifies it under the keys of that one pool: the key is
// chosen by pool and kid, never by kid alone (H5).
func (s *Service) verifierFor(ctx context.Context, claimed *token.Claims, c *accessCheck) (*token.Verifier, error) {
	if claimed.Use != token.Access {
		return nil, errAccessInvalid
	}
	b, stored, err := s.readBearer(ctx, claimed)
	if err != nil {
		return nil, err
	}
	if b.pool != nil {
		if err := s.permitBearer(ctx, b.pool); err != nil {
			return nil, err
		}
	}
	if b.pool == nil || stored == nil || !s.issued(b.pool, claimed.Issuer) {
		return nil, errAccessSignature
	}
	crypt, err := s.crypt(ctx, b.pool)
	if err != nil {
		return nil, err
	}
	published, err := s.signerOf(b.pool, stored, crypt).PublicKeys(ctx, b.pool.id())
	if err != nil {
		return nil, err
	}
	c.bearer, c.keys = b, &accessKeys{stored: stored, published: published}
	return token.NewVerifier(token.VerifierConfig{
		Issuer: claimed.Issuer, AnyClient: true, Use: token.Access, Keys: c.keys, Now: s.store.Now,
	})
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
		f := families.Of(poolID).Find(familyOfClaims(c))
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

// familyOfClaims returns the id of the family that a token is from. The tokens of a client that cannot revoke do not name it
// (AUTH-482); it follows from their sign-in, so that they end as others do: with their client, with their session.
func familyOfClaims(c *token.Claims) string {
	if c.OriginJTI != "" {
		return c.OriginJTI
	}
	return familyID(c.EventID)
}

// bearerRefusal says why a token that is genuine is not good (any longer).
func (s *Service) bearerRefusal(b bearer) error {
	u := b.user
	switch {
	case b.claims.Username == "": // a client's own (OIDC-102)
		return errAccessScope
	case u == nil:
		return errUserNotFound
	case b.family == nil || b.family.Revoked || b.family.Sub != u.Sub || b.family.Serial != b.client.Serial ||
		b.family.TokenEpoch != u.TokenEpoch || b.family.Epoch != s.vault.Epoch():
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
	f, err := families.Of(now.pool.id()).Get(ctx, &tx.Reader, familyOfClaims(b.claims))
	if err != nil {
		return err
	}
	return s.bearerRefusal(bearer{scope: now, claims: b.claims, family: f})
}
