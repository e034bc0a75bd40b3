package userpool

import (
	"context"
	"regexp"
	"sync"

	"github.com/cenote-auth/cenote/internal/ident"
	"github.com/cenote-auth/cenote/store"
)

// maxClients is how many clients a pool has (APP-018).
const maxClients = 1000

// CreateUserPoolClient makes an app client (APP-001…018). The answer tells its secret, as DescribeUserPoolClient does later.
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
	c := &clientRecord{Settings: createdSettings(in)}
	if id, err = s.clientID(id, &c.Settings); err != nil {
		return nil, err
	}
	if c.Serial, err = ident.ClientID(s.rand); err != nil {
		return nil, err
	}
	now := s.store.Now()
	c.Settings.ClientId, c.Settings.CreationDate, c.Settings.LastModifiedDate = id, now, now
	secret, err := s.firstSecret(in)
	if err != nil {
		return nil, err
	}
	if secret != "" {
		crypt, err := s.crypt(ctx, sc.pool)
		if err != nil {
			return nil, err
		}
		sealed, err := c.sealSecret(crypt, secret, now)
		if err != nil {
			return nil, err
		}
		c.Secrets = []clientSecret{sealed}
	}
	table := clients.Of(store.Installation)
	err = s.store.Update(ctx, func(tx *store.Tx) error {
		same := table.Find(id)
		fresh, err := s.again(ctx, tx, sc, same)
		if err != nil {
			return err
		}
		if same.Got != nil {
			return ErrInvalidParameter.Newf("User pool client %s exists already.", id)
		}
		if err := fresh.pool.checkClient(c, "creating"); err != nil {
			return err
		}
		if err := s.checkScopes(ctx, tx, fresh.pool, c); err != nil {
			return err
		}
		n, err := table.Count(ctx, &tx.Reader, store.Query{Index: indexPool, Value: []string{sc.pool.id()}, Limit: maxClients})
		if err != nil {
			return err
		}
		if n >= maxClients {
			return ErrLimitExceeded.New("Maximum number of clients in the user pool has been reached.") // APP-018 (unconfirmed text)
		}
		return table.Put(ctx, tx, c)
	})
	if err != nil {
		return nil, err
	}
	return c.described(secret), nil
}

// createdSettings are the settings that a new client is asked to have.
func createdSettings(in *CreateUserPoolClientInput) UserPoolClientType {
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

// firstSecret returns the secret that a new client gets: the supplied one, a new one, or none (APP-003).
func (s *Service) firstSecret(in *CreateUserPoolClientInput) (string, error) {
	switch {
	case in.GenerateSecret && in.ClientSecret != "":
		return "", ErrInvalidParameter.New("GenerateSecret and ClientSecret cannot be set together.") // unconfirmed text
	case in.GenerateSecret:
		return ident.ClientSecret(s.rand)
	}
	return in.ClientSecret, nil
}

// clientIDForm is a client id. The model allows 128 characters; a chosen id leaves room for the suffix of its secrets' ids.
var clientIDForm = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[0-9A-Za-z_+]{1,100}$`) })

// clientID returns the id of a new client: the given one, the one that its name asks for, or a new one.
func (s *Service) clientID(id string, set *UserPoolClientType) (string, error) {
	if id == "" && s.cfg.customIDs {
		id = customClientID(set.ClientName)
	}
	switch {
	case id == "":
		return ident.ClientID(s.rand)
	case !clientIDForm().MatchString(id):
		return "", ErrInvalidParameter.Newf("%q cannot be the id of a client: want 1 to 100 letters, digits, underscores or plus signs.", id)
	}
	return id, nil
}
