package userpool

import (
	"context"
	"strings"
	"time"

	"github.com/cenote-auth/cenote/internal/ident"
	"github.com/cenote-auth/cenote/store"
)

// CreateUserPoolClient makes an app client. The answer is the only place where a generated secret can be read again and again:
// DescribeUserPoolClient tells it as well.
func (s *Service) CreateUserPoolClient(ctx context.Context, in *CreateUserPoolClientInput) (*CreateUserPoolClientOutput, error) {
	return call(ctx, s, opCreateUserPoolClient, in, s.createUserPoolClient)
}

func (s *Service) createUserPoolClient(ctx context.Context, in *CreateUserPoolClientInput) (*CreateUserPoolClientOutput, error) {
	c, err := s.makeClient(ctx, in, "")
	if err != nil {
		return nil, err
	}
	return &CreateUserPoolClientOutput{UserPoolClient: c}, nil
}

// makeClient stores a new client under the given id, or under a new one if that is empty, and returns it with its secret.
func (s *Service) makeClient(ctx context.Context, in *CreateUserPoolClientInput, id string) (*UserPoolClientType, error) {
	sc, err := s.byPool(ctx, s.store.Read, in.UserPoolId, "")
	if err != nil {
		return nil, err
	}
	if custom, ok := strings.CutPrefix(in.ClientName, "_custom_id_:"); ok && id == "" && s.cfg.customIDs {
		id = custom
	}
	if id == "" {
		if id, err = ident.ClientID(s.rand); err != nil {
			return nil, err
		}
	}
	now := s.store.Now()
	c := &clientRecord{Settings: UserPoolClientType{
		UserPoolId: in.UserPoolId, ClientName: in.ClientName, ClientId: id, CreationDate: now, LastModifiedDate: now,
		RefreshTokenValidity: new(in.RefreshTokenValidity), AccessTokenValidity: in.AccessTokenValidity, IdTokenValidity: in.IdTokenValidity,
		TokenValidityUnits: in.TokenValidityUnits, ReadAttributes: in.ReadAttributes, WriteAttributes: in.WriteAttributes,
		ExplicitAuthFlows: in.ExplicitAuthFlows, PreventUserExistenceErrors: in.PreventUserExistenceErrors,
		EnableTokenRevocation: in.EnableTokenRevocation, AuthSessionValidity: in.AuthSessionValidity,
		RefreshTokenRotation: in.RefreshTokenRotation,
	}}
	shown := c.Settings
	if in.GenerateSecret {
		secret, err := ident.ClientSecret(s.rand)
		if err != nil {
			return nil, err
		}
		crypt, err := s.crypt(ctx, sc.pool)
		if err != nil {
			return nil, err
		}
		sealed, err := s.sealSecret(crypt, id, secret, now)
		if err != nil {
			return nil, err
		}
		c.Secrets, shown.ClientSecret = []clientSecret{sealed}, secret
	}
	err = s.store.Update(ctx, func(tx *store.Tx) error {
		if _, err := s.again(ctx, tx, sc); err != nil {
			return err
		}
		return clients.Of(store.Installation).Put(ctx, tx, c)
	})
	if store.AsConflict(err) != nil {
		return nil, ErrInvalidParameter.Newf("User pool client %s exists already.", id)
	}
	return &shown, err
}

// sealSecret returns the record of a client's secret (AUTH-080).
func (s *Service) sealSecret(c poolCrypt, clientID, secret string, now time.Time) (clientSecret, error) {
	id := clientID + "--" + now.Format("20060102150405")
	sealed, err := c.seal(fieldSecret, clientID+"/"+id, []byte(secret))
	return clientSecret{ID: id, Sealed: sealed, Created: now}, err
}
