package userpool

import (
	"context"
	"crypto/sha256"
	"strings"
	"time"

	"github.com/cenote-auth/cenote/internal/ident"
	"github.com/cenote-auth/cenote/token"
)

// issue signs the tokens of a completed sign-in with the given keys and returns the family that the Update has to store to make
// them valid.
func (s *Service) issue(ctx context.Context, keys *keysRecord, in signIn, u *userRecord, list []*groupRecord, custom *tokenCustomization) (*familyRecord, *AuthenticationResultType, error) {
	now := s.store.Now()
	_, _, refresh := in.client.validity()
	acr, amr := in.pool.authClaims(in.Methods)
	f := &familyRecord{
		ACR: acr, AMR: amr,
		ID: familyID(in.Event), ClientID: in.client.id(), Serial: in.client.Serial, Sub: u.Sub, TokenEpoch: u.TokenEpoch,
		Epoch: s.vault.Epoch(), EventID: in.Event,
		AuthTime:  now, // of a step-up, too (NEW-100, unconfirmed)
		DeviceKey: in.Device, Scope: adminScope, Generation: 1, RefreshEnd: now.Add(refresh),
		Ends: now.Add(refresh + maxTokenLife), // a refresh at the last moment still gives tokens that live on
	}
	told, err := s.newDevice(ctx, in, f)
	if err != nil {
		return nil, nil, err
	}
	signed, err := s.signTokens(ctx, keys, in.scope, f, u, list, custom)
	if err != nil {
		return nil, nil, err
	}
	signed.NewDeviceMetadata = told
	if signed.RefreshToken, err = s.refreshToken(ctx, in.pool, f); err != nil {
		return nil, nil, err
	}
	f.Token = tokenSum(signed.RefreshToken)
	return f, signed, nil
}

// familyID returns the id of the family that a sign-in leads to: one, however often its tokens are made.
func familyID(event string) string {
	sum := sha256.Sum256([]byte("family of " + event))
	return ident.UUIDFrom(sum[:])
}

// tokenSum is what finds a refresh token (C5).
func tokenSum(text string) []byte {
	sum := sha256.Sum256([]byte(text))
	return sum[:]
}

// signTokens signs an ID and an access token of a family (AUTH-477…503). What they say comes from the family and the user as
// he is now, never from another token.
func (s *Service) signTokens(ctx context.Context, keys *keysRecord, sc scope, f *familyRecord, u *userRecord, list []*groupRecord, custom *tokenCustomization) (*AuthenticationResultType, error) {
	if err := s.refuseTestKeys(keys); err != nil {
		return nil, err
	}
	crypt, err := s.crypt(ctx, sc.pool)
	if err != nil {
		return nil, err
	}
	now := s.store.Now()
	issuer, err := token.NewIssuer(token.IssuerConfig{
		Keys: s.signerOf(sc.pool, keys, crypt), Rand: s.rand, Gate: s.signatures(keys),
	})
	if err != nil {
		return nil, err
	}
	access, idLife, _ := sc.client.validity()
	base := token.Base{
		Issuer: s.issuer(sc.pool), Subject: u.Sub, ClientID: sc.client.id(), IssuedAt: now, AuthTime: f.AuthTime, EventID: f.EventID,
	}
	base.ACR, base.AMR = f.ACR, f.AMR
	g := claimsOfGroups(list)
	if custom.groups != nil {
		g = *custom.groups
	}
	base.Groups = g.names
	if base, err = s.tokenIDs(base, sc.client, f); err != nil {
		return nil, err
	}
	base.Expires = now.Add(idLife)
	out := &AuthenticationResultType{ExpiresIn: int32(access / time.Second), TokenType: "Bearer"}
	// The name is as it was given, also where its case does not matter (AUTH-062, unconfirmed).
	out.IdToken, err = issuer.ID(ctx, sc.pool.id(), &token.IDClaims{
		Base: base, Username: u.name(), Roles: g.roles, PreferredRole: g.preferred, Attributes: sc.pool.readable(sc.client, u.Attributes),
		Overrides: custom.id,
	})
	if err != nil {
		return nil, custom.blamed(err)
	}
	if base, err = s.tokenIDs(base, sc.client, f); err != nil {
		return nil, err
	}
	base.Expires = now.Add(access)
	out.AccessToken, err = issuer.Access(ctx, sc.pool.id(), &token.AccessClaims{
		Base: base, Username: u.name(), Scopes: strings.Fields(f.Scope), DeviceKey: f.DeviceKey, Overrides: custom.access,
	})
	return out, custom.blamed(err)
}

// tokenIDs gives a token its own jti and the family's origin_jti, if the client's tokens can be revoked (AUTH-482).
func (s *Service) tokenIDs(b token.Base, c *clientRecord, f *familyRecord) (token.Base, error) {
	if !c.revokes() {
		return b, nil
	}
	jti, err := ident.UUID(s.rand)
	b.JTI, b.OriginJTI = jti, f.ID
	return b, err
}
