package userpool

import (
	"cmp"
	"context"

	"github.com/cenote-auth/cenote/store"
)

// UpdateUserPoolClient replaces the settings of a client: what is left out goes back to its default, except the name. Id, secrets
// and date of creation stay (APP-037).
func (s *Service) UpdateUserPoolClient(ctx context.Context, in *UpdateUserPoolClientInput) (*UpdateUserPoolClientOutput, error) {
	return call(ctx, s, opUpdateUserPoolClient, in, s.updateUserPoolClient)
}

func (s *Service) updateUserPoolClient(ctx context.Context, in *UpdateUserPoolClientInput) (*UpdateUserPoolClientOutput, error) {
	sc, err := s.poolClient(ctx, s.store.Read, in.UserPoolId, in.ClientId)
	if err != nil {
		return nil, err
	}
	sc, err = s.changeClient(ctx, sc, func(tx *store.Tx, now scope) error {
		was := &now.client.Settings
		set := updatedSettings(in)
		set.ClientName = cmp.Or(set.ClientName, was.ClientName)
		set.ClientId, set.CreationDate, set.LastModifiedDate = was.ClientId, was.CreationDate, tx.Now()
		now.client.Settings = set
		if err := now.pool.checkClient(now.client, "updating"); err != nil {
			return err
		}
		return s.checkScopes(ctx, tx, now.pool, now.client)
	})
	if err != nil {
		return nil, err
	}
	secret, err := s.shownSecret(ctx, sc)
	if err != nil {
		return nil, err
	}
	return &UpdateUserPoolClientOutput{UserPoolClient: sc.client.described(secret)}, nil
}

// changeClient runs change on a fresh copy of the scope's client and stores the result, in one Update. It returns what it stored.
func (s *Service) changeClient(ctx context.Context, sc scope, change func(tx *store.Tx, now scope) error) (scope, error) {
	var stored scope
	err := s.store.Update(ctx, func(tx *store.Tx) error {
		now, err := s.again(ctx, tx, sc)
		if err != nil {
			return err
		}
		now.client = now.client.clone()
		if err := change(tx, now); err != nil {
			return err
		}
		stored = now
		return clients.Of(store.Installation).Put(ctx, tx, now.client)
	})
	return stored, err
}

// clone returns a copy that can be changed and put back: a client that was read is shared.
func (c *clientRecord) clone() *clientRecord {
	out := *c
	out.Secrets = append([]clientSecret(nil), c.Secrets...)
	return &out
}

// updatedSettings are the settings that a client is asked to have from now on.
func updatedSettings(in *UpdateUserPoolClientInput) UserPoolClientType {
	return normalClient(UserPoolClientType{
		UserPoolId: in.UserPoolId, ClientName: in.ClientName, RefreshTokenValidity: new(in.RefreshTokenValidity),
		AccessTokenValidity: in.AccessTokenValidity, IdTokenValidity: in.IdTokenValidity, TokenValidityUnits: in.TokenValidityUnits,
		ReadAttributes: in.ReadAttributes, WriteAttributes: in.WriteAttributes, ExplicitAuthFlows: in.ExplicitAuthFlows,
		SupportedIdentityProviders: in.SupportedIdentityProviders, CallbackURLs: in.CallbackURLs, LogoutURLs: in.LogoutURLs,
		DefaultRedirectURI: in.DefaultRedirectURI, AllowedOAuthFlows: in.AllowedOAuthFlows, AllowedOAuthScopes: in.AllowedOAuthScopes,
		AllowedOAuthFlowsUserPoolClient: new(in.AllowedOAuthFlowsUserPoolClient), AnalyticsConfiguration: in.AnalyticsConfiguration,
		PreventUserExistenceErrors: in.PreventUserExistenceErrors, EnableTokenRevocation: in.EnableTokenRevocation,
		EnablePropagateAdditionalUserContextData: in.EnablePropagateAdditionalUserContextData,
		AuthSessionValidity:                      in.AuthSessionValidity, RefreshTokenRotation: in.RefreshTokenRotation,
	})
}

// DeleteUserPoolClient deletes a client. Its tokens are good for nothing at the service from then on (APP-040).
func (s *Service) DeleteUserPoolClient(ctx context.Context, in *DeleteUserPoolClientInput) (*DeleteUserPoolClientOutput, error) {
	return call(ctx, s, opDeleteUserPoolClient, in, s.deleteUserPoolClient)
}

func (s *Service) deleteUserPoolClient(ctx context.Context, in *DeleteUserPoolClientInput) (*DeleteUserPoolClientOutput, error) {
	err := s.store.Update(ctx, func(tx *store.Tx) error {
		sc, err := s.poolClient(ctx, tx.Get, in.UserPoolId, in.ClientId)
		if err != nil {
			return err
		}
		if err := riskConfigs.Of(in.UserPoolId).Remove(ctx, tx, riskKey(in.ClientId)...); err != nil {
			return err
		}
		return clients.Of(store.Installation).Delete(ctx, tx, sc.client)
	})
	if err != nil {
		return nil, err
	}
	s.hints.forget(in.ClientId)
	return &DeleteUserPoolClientOutput{}, nil
}
