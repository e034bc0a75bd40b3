package token

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"
)

// VerifierConfig is the configuration of a [Verifier].
type VerifierConfig struct {
	Issuer string // required; compared as it stands
	// AlsoIssuers are accepted as Issuer is, under the same Keys: other names of one issuer, as of a user pool whose
	// issuer was changed.
	AlsoIssuers []string

	// ClientIDs are the app clients whose tokens are accepted: client_id of access
	// tokens, aud of others. An empty list is an error, unless AnyClient says that it
	// is meant.
	ClientIDs []string
	AnyClient bool

	Use      Use      // required: ID, Access or AnyUse
	Audience string   // if set, aud must contain it: the resource of a bound access token
	Scopes   []string // all of them must have been granted

	// Keys are the issuer's keys. nil fetches them, see RemoteKeys, from
	// Issuer/.well-known/jwks.json with HTTPClient (nil: a client of its own, see
	// RemoteKeysConfig). AllowHTTP allows an issuer without TLS on another host
	// than this one.
	Keys       KeySet
	HTTPClient *http.Client
	AllowHTTP  bool

	Now    func() time.Time // nil is time.Now
	Leeway time.Duration    // added to exp and taken from nbf; default 0 (AUTH-514)
}

// Verifier checks the tokens of one issuer. It is safe for concurrent use.
type Verifier struct {
	cfg VerifierConfig
}

// NewVerifier returns a Verifier. It connects to nothing yet.
func NewVerifier(cfg VerifierConfig) (*Verifier, error) {
	switch {
	case cfg.Issuer == "":
		return nil, errors.New("token: VerifierConfig.Issuer is required")
	case len(cfg.ClientIDs) == 0 && !cfg.AnyClient:
		return nil, errors.New("token: VerifierConfig.ClientIDs is empty and AnyClient is not set")
	case len(cfg.ClientIDs) > 0 && cfg.AnyClient:
		return nil, errors.New("token: VerifierConfig.ClientIDs and AnyClient exclude each other")
	case cfg.Use != ID && cfg.Use != Access && cfg.Use != AnyUse:
		return nil, fmt.Errorf("token: VerifierConfig.Use %q is none of id, access, any", cfg.Use)
	case cfg.Leeway < 0:
		return nil, fmt.Errorf("token: VerifierConfig.Leeway %v is negative", cfg.Leeway)
	}
	cfg.ClientIDs, cfg.Scopes, cfg.AlsoIssuers = slices.Clone(cfg.ClientIDs), slices.Clone(cfg.Scopes), slices.Clone(cfg.AlsoIssuers)
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Keys == nil {
		keys, err := NewRemoteKeys(RemoteKeysConfig{
			URL: cfg.Issuer + "/.well-known/jwks.json", HTTPClient: cfg.HTTPClient, AllowHTTP: cfg.AllowHTTP, Now: cfg.Now,
		})
		if err != nil {
			return nil, err
		}
		cfg.Keys = keys
	}
	return &Verifier{cfg}, nil
}

// Verify returns the claims of the token if its signature, issuer, use, client,
// scopes and times are right, and else one of this package's errors. It says
// nothing about revocation, which only the issuer knows of.
func (v *Verifier) Verify(ctx context.Context, raw string) (*Claims, error) {
	c, err := parse(raw, func(kid string, _ map[string]any) (any, error) { return v.cfg.Keys.Key(ctx, kid) })
	if err != nil {
		return nil, err
	}
	if err := v.check(c); err != nil {
		return nil, err
	}
	return c, nil
}

// VerifyBy is [Verifier.Verify] for whoever has several issuers: choose returns the
// Verifier that decides, after what the token says of itself. Nothing of that is
// true yet; it may only say where to look. An error of choose comes out unchanged.
func VerifyBy(ctx context.Context, raw string, choose func(unverified *Claims) (*Verifier, error)) (*Claims, error) {
	var by *Verifier
	c, err := parse(raw, func(kid string, content map[string]any) (any, error) {
		unverified, err := readClaims(content)
		if err != nil {
			return nil, err
		}
		if by, err = choose(unverified); err != nil {
			return nil, err
		}
		return by.cfg.Keys.Key(ctx, kid)
	})
	if err != nil {
		return nil, err
	}
	if err := by.check(c); err != nil {
		return nil, err
	}
	return c, nil
}

// Recheck returns why claims that Verify returned earlier do not hold any longer, or
// for this Verifier: everything is checked but the signature, which is for the
// caller to know.
func (v *Verifier) Recheck(c *Claims) error { return v.check(c) }

func (v *Verifier) check(c *Claims) error {
	if c.Issuer != v.cfg.Issuer && !slices.Contains(v.cfg.AlsoIssuers, c.Issuer) {
		return fmt.Errorf("%w: %q", ErrIssuer, c.Issuer)
	}
	if v.cfg.Use != AnyUse && c.Use != v.cfg.Use {
		return fmt.Errorf("%w: %q", ErrUse, c.Use)
	}
	if !v.cfg.AnyClient && !slices.ContainsFunc(v.cfg.ClientIDs, c.isFor) {
		return fmt.Errorf("%w: client %q, audience %q", ErrAudience, c.ClientID, c.Audience)
	}
	if v.cfg.Audience != "" && !slices.Contains(c.Audience, v.cfg.Audience) {
		return fmt.Errorf("%w: not for %q", ErrAudience, v.cfg.Audience)
	}
	now := v.cfg.Now()
	if !now.Before(c.Expires.Add(v.cfg.Leeway)) { // dead at exp, AUTH-514
		return fmt.Errorf("%w at %s", ErrExpired, c.Expires.Format(time.RFC3339))
	}
	if nbf, _ := c.Raw["nbf"].(float64); float64(now.Add(v.cfg.Leeway).Unix()) < nbf {
		return ErrNotYet
	}
	for _, s := range v.cfg.Scopes {
		if !c.HasScope(s) {
			return fmt.Errorf("%w: %s", ErrScope, s)
		}
	}
	return nil
}
