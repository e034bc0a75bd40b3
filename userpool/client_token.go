package userpool

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/cenote-auth/cenote/awsapi"
	"github.com/cenote-auth/cenote/internal/ident"
	"github.com/cenote-auth/cenote/store"
	"github.com/cenote-auth/cenote/token"
	"github.com/cenote-auth/cenote/trigger"
)

// errClientToken is a secret that does not fit, or a client that has none or no tokens of its own (NEW-149).
var errClientToken = ErrNotAuthorized.New("Invalid client or secret")

// GetClientToken gives a client a token of its own, for services that it calls in nobody's name (NEW-141…150, NEW-369): an access
// token with custom scopes, which is good for no operation of the pool. A signature of the request, if there is one, is not looked
// at (NEW-003).
func (s *Service) GetClientToken(ctx context.Context, in *GetClientTokenInput) (*GetClientTokenOutput, error) {
	return call(ctx, s, opGetClientToken, in, s.getClientToken)
}

func (s *Service) getClientToken(ctx context.Context, in *GetClientTokenInput) (*GetClientTokenOutput, error) {
	var overrides *token.Overrides
	for {
		m, err := s.readMachine(ctx, in.ClientId)
		if err != nil {
			return nil, err
		}
		scopes, err := s.machineScopes(ctx, m, in)
		if err != nil {
			return nil, err
		}
		if overrides == nil {
			if overrides, err = s.customizeMachine(ctx, m, scopes, in.ClientMetadata); err != nil {
				return nil, err
			}
			if m.pool.asksForMachines() { // it took its time: decide on what is true now
				continue
			}
		}
		access, life, err := s.signMachine(ctx, m, scopes, *overrides)
		if err != nil {
			return nil, err
		}
		return &GetClientTokenOutput{ClientAuthenticationResult: &ClientAuthenticationResultType{
			AccessToken: access, ExpiresIn: int32(life / time.Second), TokenType: "Bearer",
		}}, nil
	}
}

// machine is what one snapshot says of a client that wants a token of its own.
type machine struct {
	scope
	keys    *keysRecord
	servers map[string]*store.Lookup[resourceServerRecord] // of the client's scopes, by identifier
}

// readMachine reads all that a client's own token is decided on, from one snapshot and, as a rule, in one round trip: which pool
// and resource servers belong to the client is guessed by what it was the last time. A wrong guess is corrected and read anew.
func (s *Service) readMachine(ctx context.Context, clientID string) (machine, error) {
	for {
		poolID, names := s.hints.of(clientID), s.hints.serversOf(clientID)
		if poolID == "" {
			if _, err := s.byClient(ctx, s.store.Read, clientID, ""); err != nil {
				return machine{}, err
			}
			continue // there is a hint now
		}
		servers, gets := findServers(poolID, names)
		c, p := clients.Of(store.Installation).Find(clientID), pools.Of(store.Installation).Find(poolID)
		k := signingKeys.Of(poolID).Find()
		if err := s.store.Read(ctx, append(gets, c, p, k)...); err != nil {
			return machine{}, err
		}
		switch {
		case c.Got == nil || c.Got.poolID() == poolID && (p.Got == nil || p.Got.Deleting):
			return machine{}, errClientNotFound(clientID)
		case c.Got.poolID() != poolID: // made again in another pool
			s.hints.forget(clientID)
			continue
		}
		if needs := serversOf(c.Got.Settings.AllowedOAuthScopes); !slices.Equal(needs, names) {
			s.hints.keepServers(clientID, needs)
			continue
		}
		return machine{scope{pool: p.Got, client: c.Got}, k.Got, servers}, nil
	}
}

// machineScopes returns the scopes of a client's own token: those that it asks for, or all that it holds. Those that its resource
// servers no longer have are left out (NEW-146, RS-006, RS-007).
func (s *Service) machineScopes(ctx context.Context, m machine, in *GetClientTokenInput) ([]string, error) {
	ok, err := s.checkSecret(ctx, m.scope, in.Secret)
	if err != nil {
		return nil, err
	}
	if !ok || !m.client.machine() {
		return nil, errClientToken
	}
	holds, asks := m.client.Settings.AllowedOAuthScopes, in.Scopes
	if len(asks) == 0 {
		asks = holds
	}
	var out []string
	for _, scope := range asks {
		if !slices.Contains(holds, scope) { // type and text unconfirmed
			return nil, ErrInvalidParameter.Newf("Invalid scope requested: %s", scope)
		}
		id, name := partScope(scope)
		if find := m.servers[id]; find != nil && find.Got.has(name) && !slices.Contains(out, scope) {
			out = append(out, scope)
		}
	}
	return out, nil
}

// asksForMachines reports whether the pool's pre token generation function has a say in clients' own tokens (NEW-148).
func (p *poolRecord) asksForMachines() bool {
	c := p.lambda().PreTokenGenerationConfig
	return c != nil && c.LambdaVersion == PreTokenGenerationLambdaVersionTypeV30
}

// customizeMachine asks the pool's function what a client's own token shall say (TRG-085). What the function does wrong is answered
// by what the operation declares: its own refusal is the caller's, all else is ours.
func (s *Service) customizeMachine(ctx context.Context, m machine, scopes []string, metadata map[string]string) (*token.Overrides, error) {
	if !m.pool.asksForMachines() {
		return &token.Overrides{}, nil
	}
	event := trigger.PreTokenGenerationV2Event{
		Version: trigger.Version3, TriggerSource: trigger.TokenGenerationClientCredentials, Request: trigger.PreTokenGenerationV2Request{
			UserAttributes: trigger.Attributes{}, Scopes: scopes, ClientMetadata: metadata,
		},
	}
	m.name = m.client.id()
	s.fillEvent(&event.Region, &event.UserPoolID, &event.UserName, &event.CallerContext, m.scope)
	answer, err := trigger.Run(ctx, s.triggers, m.pool.lambda().PreTokenGenerationConfig.LambdaArn, event)
	switch {
	case errors.Is(err, ErrUserLambdaValidation):
		return nil, ErrNotAuthorized.New(awsapi.AsError(err).Message).With(err)
	case err != nil:
		return nil, ErrInternalError.New("An internal error occurred.").With(err)
	}
	return new(customizeV2(answer.ClaimsAndScopeOverrideDetails).access), nil
}

// signMachine signs a client's own token (OIDC-102). No session belongs to it (NEW-045), and nothing is stored.
func (s *Service) signMachine(ctx context.Context, m machine, scopes []string, o token.Overrides) (string, time.Duration, error) {
	keys := m.keys
	if keys == nil { // the pool's first token
		var err error
		if keys, err = s.keysOf(ctx, m.pool); err != nil {
			return "", 0, err
		}
	}
	if err := s.refuseTestKeys(keys); err != nil {
		return "", 0, err
	}
	crypt, err := s.crypt(ctx, m.pool)
	if err != nil {
		return "", 0, err
	}
	now := s.store.Now()
	issuer, err := token.NewIssuer(token.IssuerConfig{Keys: s.signerOf(m.pool, keys, crypt), Rand: s.rand, Gate: s.signatures(keys)})
	if err != nil {
		return "", 0, err
	}
	life, _, _ := m.client.validity()
	base := token.Base{
		Issuer: s.issuer(m.pool), Subject: m.client.id(), ClientID: m.client.id(), IssuedAt: now, Expires: now.Add(life), AuthTime: now,
	}
	if base.JTI, err = ident.UUID(s.rand); err != nil {
		return "", 0, err
	}
	raw, err := issuer.Access(ctx, m.pool.id(), &token.AccessClaims{Base: base, Version: machineVersion, Scopes: scopes, Overrides: o})
	return raw, life, err
}

// machineVersion is the claim version of clients' own tokens (OIDC-102).
const machineVersion = 2

// machine reports whether the client has tokens of its own, and no users (NEW-141, NEW-142).
func (c *clientRecord) machine() bool {
	return slices.Contains(c.Settings.ExplicitAuthFlows, ExplicitAuthFlowsTypeAllowClientTokenAuth)
}
