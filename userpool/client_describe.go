package userpool

import (
	"context"
	"slices"

	"github.com/cenote-auth/cenote/store"
)

// DescribeUserPoolClient returns a client with its secret in clear (APP-005, APP-038).
func (s *Service) DescribeUserPoolClient(ctx context.Context, in *DescribeUserPoolClientInput) (*DescribeUserPoolClientOutput, error) {
	return call(ctx, s, opDescribeUserPoolClient, in, s.describeUserPoolClient)
}

func (s *Service) describeUserPoolClient(ctx context.Context, in *DescribeUserPoolClientInput) (*DescribeUserPoolClientOutput, error) {
	sc, err := s.poolClient(ctx, s.store.Read, in.UserPoolId, in.ClientId)
	if err != nil {
		return nil, err
	}
	secret, err := s.shownSecret(ctx, sc)
	if err != nil {
		return nil, err
	}
	return &DescribeUserPoolClientOutput{UserPoolClient: sc.client.described(secret)}, nil
}

// shownSecret returns the secret that answers about a client tell: the older one of two, or "" if it has none.
func (s *Service) shownSecret(ctx context.Context, sc scope) (string, error) {
	secrets, err := s.secrets(ctx, sc)
	if err != nil || len(secrets) == 0 {
		return "", err
	}
	return secrets[0], nil
}

// described returns the client as the API tells it. Some settings are told with their defaults, the others only if they were
// given (APP-038). It shares nothing with the record, which everybody reads.
func (c *clientRecord) described(secret string) *UserPoolClientType {
	out := c.Settings
	out.ReadAttributes, out.WriteAttributes = slices.Clone(out.ReadAttributes), slices.Clone(out.WriteAttributes)
	out.ExplicitAuthFlows = slices.Clone(out.ExplicitAuthFlows)
	out.SupportedIdentityProviders = slices.Clone(out.SupportedIdentityProviders)
	out.AllowedOAuthScopes = slices.Clone(out.AllowedOAuthScopes)
	out.AccessTokenValidity, out.IdTokenValidity = cloned(out.AccessTokenValidity), cloned(out.IdTokenValidity)
	out.RefreshTokenValidity, out.AuthSessionValidity = cloned(out.RefreshTokenValidity), cloned(out.AuthSessionValidity)
	out.TokenValidityUnits = cloned(out.TokenValidityUnits)
	if out.RefreshTokenRotation = cloned(out.RefreshTokenRotation); out.RefreshTokenRotation != nil {
		out.RefreshTokenRotation.RetryGracePeriodSeconds = cloned(out.RefreshTokenRotation.RetryGracePeriodSeconds)
	}
	out.ClientSecret, out.ClientType = secret, ClientTypeTypeRegular // NEW-271
	if out.RefreshTokenValidity == nil || *out.RefreshTokenValidity == 0 {
		out.RefreshTokenValidity = new(int32(defaultRefreshValidity / unitLength[unitsOf(&out).RefreshToken]))
	}
	if out.TokenValidityUnits == nil {
		out.TokenValidityUnits = &TokenValidityUnitsType{}
	}
	if out.AuthSessionValidity == nil {
		out.AuthSessionValidity = new(int32(defaultSessionMinutes))
	}
	out.EnableTokenRevocation = new(c.revokes())
	out.EnablePropagateAdditionalUserContextData = new(isTrue(out.EnablePropagateAdditionalUserContextData))
	out.AllowedOAuthFlowsUserPoolClient = new(isTrue(out.AllowedOAuthFlowsUserPoolClient))
	return &out
}

func cloned[T any](p *T) *T {
	if p == nil {
		return nil
	}
	return new(*p)
}

// normalClient returns settings as they are stored. A list that says nothing is stored as an absent one (AUTH-133), except those
// of attributes: an empty one of these is a client that may read or write none.
func normalClient(set UserPoolClientType) UserPoolClientType {
	set.ClientName = spokenClientName(set.ClientName)
	set.ExplicitAuthFlows = absentIfEmpty(set.ExplicitAuthFlows)
	set.SupportedIdentityProviders = absentIfEmpty(set.SupportedIdentityProviders)
	set.CallbackURLs, set.LogoutURLs = absentIfEmpty(set.CallbackURLs), absentIfEmpty(set.LogoutURLs)
	set.AllowedOAuthFlows, set.AllowedOAuthScopes = absentIfEmpty(set.AllowedOAuthFlows), absentIfEmpty(set.AllowedOAuthScopes)
	return set
}

func absentIfEmpty[T any](list []T) []T {
	if len(list) == 0 {
		return nil
	}
	return list
}

// ListUserPoolClients returns the clients of a pool by id, in pages of at most 60 (APP-041). Every client is REGULAR, so that the
// filter DCR finds none (NEW-272).
func (s *Service) ListUserPoolClients(ctx context.Context, in *ListUserPoolClientsInput) (*ListUserPoolClientsOutput, error) {
	return call(ctx, s, opListUserPoolClients, in, s.listUserPoolClients)
}

func (s *Service) listUserPoolClients(ctx context.Context, in *ListUserPoolClientsInput) (*ListUserPoolClientsOutput, error) {
	key := pageOf(&opListUserPoolClients.Operation, in.UserPoolId, string(in.ClientType))
	after, err := s.pageCursor(ctx, key, in.NextToken)
	if err != nil {
		return nil, err
	}
	var page store.Page[clientRecord]
	err = s.store.View(ctx, func(r *store.Reader) error {
		page = store.Page[clientRecord]{}
		if _, err := s.byPool(ctx, r.Get, in.UserPoolId, ""); err != nil || in.ClientType == ClientTypeTypeDcr {
			return err
		}
		page, err = clients.Of(store.Installation).Scan(ctx, r, store.Query{
			Index: indexPool, Value: []string{in.UserPoolId}, After: after, Limit: pageSize(in.MaxResults),
		})
		return err
	})
	if err != nil {
		return nil, err
	}
	out := &ListUserPoolClientsOutput{UserPoolClients: make([]UserPoolClientDescription, 0, len(page.Records))}
	for _, c := range page.Records {
		out.UserPoolClients = append(out.UserPoolClients, UserPoolClientDescription{
			ClientId: c.id(), UserPoolId: c.poolID(), ClientName: c.Settings.ClientName,
		})
	}
	out.NextToken, err = s.pageToken(ctx, key, page.Next)
	return out, err
}
