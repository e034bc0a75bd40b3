package userpool

import (
	"context"
	"errors"

	"github.com/cenote-auth/cenote/store"
	"github.com/cenote-auth/cenote/trigger"
)

var (
	errRefreshInvalid = ErrNotAuthorized.New("Invalid Refresh Token")
	errRefreshRevoked = ErrNotAuthorized.New("Refresh Token has been revoked")
	errRefreshExpired = ErrNotAuthorized.New("Refresh Token has expired")
	errRefreshReused  = ErrRefreshTokenReuse.New("Refresh token has been invalidated by rotation")
)

// beginRefresh is REFRESH_TOKEN_AUTH: new ID and access tokens, no new refresh token (AUTH-251, AUTH-252).
func (s *Service) beginRefresh(ctx context.Context, in authStart, sc scope) (authAnswer, error) {
	if rotates, _ := sc.client.rotates(); rotates { // AUTH-261 (unconfirmed)
		return authAnswer{}, ErrUnsupportedOperation.New("Refresh token rotation is enabled for this client: use GetTokensFromRefreshToken")
	}
	tokens, err := s.refresh(ctx, sc, refreshRequest{
		token: in.params["REFRESH_TOKEN"], device: in.params["DEVICE_KEY"], about: in.about, source: trigger.TokenGenerationRefreshTokens,
		allowed: func(sc scope) error { // the hash is over the internal username (AUTH-079)
			return s.checkSecretHash(ctx, sc, sc.user.name(), in.params["SECRET_HASH"], true)
		},
		// Without a user there is no name that a hash could be over: a client with a secret has to bring one all the same.
		allowedNobody: func() error { return s.checkSecretHash(ctx, sc, "", in.params["SECRET_HASH"], true) },
	})
	return authAnswer{params: map[string]string{}, tokens: tokens}, err
}

// GetTokensFromRefreshToken refreshes a sign-in; with rotation it answers a new refresh token as well (AUTH-259…264, AUTH-592).
func (s *Service) GetTokensFromRefreshToken(ctx context.Context, in *GetTokensFromRefreshTokenInput) (*GetTokensFromRefreshTokenOutput, error) {
	return call(ctx, s, opGetTokensFromRefreshToken, in, s.getTokensFromRefreshToken)
}

func (s *Service) getTokensFromRefreshToken(ctx context.Context, in *GetTokensFromRefreshTokenInput) (*GetTokensFromRefreshTokenOutput, error) {
	sc, err := s.byClient(ctx, s.store.Read, in.ClientId, "")
	if err != nil {
		return nil, err
	}
	ok, err := s.checkSecret(ctx, sc, in.ClientSecret)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, ErrNotAuthorized.Newf("Unable to verify secret hash for client %s", in.ClientId)
	}
	about, err := s.requestOf(ctx, sc.client, nil, nil)
	if err != nil {
		return nil, err
	}
	tokens, err := s.refresh(ctx, sc, refreshRequest{
		token: in.RefreshToken, device: in.DeviceKey, about: about, metadata: in.ClientMetadata, source: trigger.TokenGenerationAuthentication,
		rotate: true,
	})
	return &GetTokensFromRefreshTokenOutput{AuthenticationResult: tokens}, err
}

// refreshRequest is one use of a refresh token.
type refreshRequest struct {
	token    string
	device   string
	metadata map[string]string
	source   trigger.Source
	about    requestContext
	rotate   bool // give out the successor, if the client rotates

	allowed       func(sc scope) error // checks what depends on the owner; nil allows
	allowedNobody func() error         // the same for tokens without one
}

// refreshState is what one snapshot says of a refresh token.
type refreshState struct {
	scope
	family *familyRecord
	groups []*groupRecord
	keys   *keysRecord
	device *deviceRecord // that it is bound to; nil if there is none, or none any longer
}

// refresh uses a refresh token. Everything is decided on one snapshot; a rotation is stored by compare-and-swap, so that of two
// uses at once one rotates and the other finds it done.
func (s *Service) refresh(ctx context.Context, sc scope, r refreshRequest) (*AuthenticationResultType, error) {
	var custom *tokenCustomization
	who := s.visitor(ctx, sc.pool, r.about)
	for range maxRegrants {
		st, err := s.readRefresh(ctx, sc, r)
		if err != nil {
			return nil, err
		}
		if custom == nil {
			si := signIn{scope: st.scope, progress: progress{Source: r.source}, metadata: r.metadata}
			if custom, err = s.preTokenGeneration(ctx, si, st.user, st.groups); err != nil {
				return nil, err
			}
			if st.pool.hasTokenTrigger() { // it took its time: decide on what is true now
				continue
			}
		}
		tokens, err := s.signTokens(ctx, st.keys, st.scope, st.family, st.user, st.groups, custom)
		if err != nil {
			return nil, err
		}
		if rotates, grace := st.client.rotates(); r.rotate && rotates {
			tokens.RefreshToken, err = s.rotate(ctx, st, r, grace, who)
		} else {
			err = s.touchSession(ctx, st, r, who)
		}
		if errors.Is(err, store.ErrStale) {
			continue
		}
		if err != nil {
			return nil, err
		}
		return tokens, nil
	}
	return nil, errTooManyRequests
}

// hasTokenTrigger reports whether a function has a say in tokens.
func (p *poolRecord) hasTokenTrigger() bool {
	return p.lambda().PreTokenGeneration != "" || p.lambda().PreTokenGenerationConfig != nil
}

// readRefresh reads everything about a refresh token from one snapshot and refuses if it is not good.
func (s *Service) readRefresh(ctx context.Context, sc scope, r refreshRequest) (st refreshState, err error) {
	sum := tokenSum(r.token)
	err = s.store.View(ctx, func(rd *store.Reader) error {
		st = refreshState{}
		page, err := families.Of(sc.pool.id()).Scan(ctx, rd, store.Query{Index: indexToken, Value: []string{string(sum)}, Exact: true, Limit: 1})
		if err != nil || len(page.Records) == 0 {
			return err
		}
		st.family = page.Records[0]
		keys := signingKeys.Of(sc.pool.id()).Find()
		device, more := st.family.findDevice(sc.pool, keys)
		st.scope, err = s.againIn(ctx, rd.Get, scope{pool: sc.pool, client: sc.client, user: &userRecord{Sub: st.family.Sub}, proof: sc.proof}, more...)
		if err != nil {
			return err
		}
		st.device = device.Got
		if st.keys = keys.Got; st.keys == nil {
			return errors.New("a pool with tokens has no signing keys")
		}
		st.groups, err = s.groupsOf(ctx, rd.Get, st.pool, st.user)
		return err
	})
	if err != nil {
		return st, err
	}
	if st.family == nil {
		if r.allowedNobody != nil {
			if err := r.allowedNobody(); err != nil {
				return st, err
			}
		}
		return st, s.unknownRefresh(ctx, sc, r.token)
	}
	if r.allowed != nil {
		if err := r.allowed(st.scope); err != nil {
			return st, err
		}
	}
	if err := s.refreshRefusal(st, r, sum); err != nil {
		if errors.Is(err, ErrRefreshTokenReuse) {
			return st, firstError(s.revokeFamily(ctx, st.pool, st.family, false), err)
		}
		return st, err
	}
	return st, nil
}

// refreshRefusal says why a refresh token that belongs to a family is not good (AUTH-255…257, AUTH-263).
func (s *Service) refreshRefusal(st refreshState, r refreshRequest, sum []byte) error {
	f, u, now := st.family, st.user, s.store.Now()
	switch {
	case st.client.machine(): // has no users, also if it had some before (NEW-142)
		return st.allowsFlow(AuthFlowTypeRefreshTokenAuth)
	case f.ClientID != st.client.id():
		return errRefreshInvalid
	case u.Disabled:
		return errUserDisabled
	case f.Revoked || f.Serial != st.client.Serial || f.TokenEpoch != u.TokenEpoch || f.Epoch != s.vault.Epoch():
		return errRefreshRevoked
	case !now.Before(f.RefreshEnd):
		return errRefreshExpired
	case !f.accepts(sum, now):
		return errRefreshReused
	case !f.deviceHolds(st.pool, st.device) || f.bound(st.pool) && r.device != f.DeviceKey:
		return errRefreshInvalid // AUTH-256
	case u.Status == UserStatusTypeUnconfirmed:
		return errNotConfirmed
	case u.Status == UserStatusTypeResetRequired:
		return errResetRequired
	}
	return nil
}

// unknownRefresh says what is wrong with a text that finds no family: garbage, the token of a family that is over, or one that
// was rotated out long ago. The last means that two people have it: the family ends (C5, H3).
func (s *Service) unknownRefresh(ctx context.Context, sc scope, text string) error {
	id, err := s.openRefreshToken(ctx, sc.pool, text)
	if err != nil || id == "" {
		return firstError(err, errRefreshInvalid)
	}
	find := families.Of(sc.pool.id()).Find(id)
	if err := s.store.Read(ctx, find); err != nil {
		return err
	}
	switch f := find.Got; {
	case f == nil:
		return errRefreshExpired
	case f.ClientID != sc.client.id():
		return errRefreshInvalid
	case f.Revoked:
		return errRefreshRevoked
	default:
		return firstError(s.revokeFamily(ctx, sc.pool, f, false), errRefreshReused)
	}
}
