package userpool

import (
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/cenote-auth/cenote/internal/ident"
	"github.com/cenote-auth/cenote/store"
)

// maxSecrets is how many secrets of a client are good at a time: two, while they are exchanged (AUTH-080).
const maxSecrets = 2

// sealSecret returns the record of a further secret of the client. Its id tells when it was made, to the second; of two within
// one second the later one is told to be of the next (AUTH-080).
func (c *clientRecord) sealSecret(crypt poolCrypt, secret string, now time.Time) (clientSecret, error) {
	at := now.Unix()
	id := func() string { return c.id() + "--" + strconv.FormatInt(at, 10) }
	for slices.ContainsFunc(c.Secrets, func(s clientSecret) bool { return s.ID == id() }) {
		at++
	}
	sealed, err := crypt.seal(fieldSecret, c.id()+"/"+id(), []byte(secret))
	return clientSecret{ID: id(), Sealed: sealed, Created: now}, err
}

// AddUserPoolClientSecret gives a client that has a secret a second one, so that it can be exchanged without a pause: both are
// good until one is deleted (POOL-070, APP-004). The answer tells a generated value; it is never told again by this family of
// operations.
func (s *Service) AddUserPoolClientSecret(ctx context.Context, in *AddUserPoolClientSecretInput) (*AddUserPoolClientSecretOutput, error) {
	return call(ctx, s, opAddUserPoolClientSecret, in, s.addUserPoolClientSecret)
}

func (s *Service) addUserPoolClientSecret(ctx context.Context, in *AddUserPoolClientSecretInput) (*AddUserPoolClientSecretOutput, error) {
	sc, err := s.poolClient(ctx, s.store.Read, in.UserPoolId, in.ClientId)
	if err != nil {
		return nil, err
	}
	crypt, err := s.crypt(ctx, sc.pool)
	if err != nil {
		return nil, err
	}
	secret := in.ClientSecret
	if secret == "" {
		if secret, err = ident.ClientSecret(s.rand); err != nil {
			return nil, err
		}
	}
	var added clientSecret
	_, err = s.changeClient(ctx, sc, func(tx *store.Tx, now scope) (err error) {
		c := now.client
		switch {
		case len(c.Secrets) == 0: // unconfirmed text
			return ErrInvalidParameter.Newf("User pool client %s does not have a client secret.", c.id())
		case len(c.Secrets) >= maxSecrets: // unconfirmed text
			return ErrLimitExceeded.Newf("User pool client %s already has %d client secrets.", c.id(), maxSecrets)
		}
		if added, err = c.sealSecret(crypt, secret, tx.Now()); err != nil {
			return err
		}
		c.Secrets = append(c.Secrets, added)
		return nil
	})
	if err != nil {
		return nil, err
	}
	out := added.described()
	if in.ClientSecret == "" {
		out.ClientSecretValue = secret
	}
	return &AddUserPoolClientSecretOutput{ClientSecretDescriptor: &out}, nil
}

// described returns the secret as the API tells it, without its value.
func (c clientSecret) described() ClientSecretDescriptorType {
	return ClientSecretDescriptorType{ClientSecretId: c.ID, ClientSecretCreateDate: c.Created}
}

// ListUserPoolClientSecrets returns which secrets a client has, the oldest first and never their values (APP-004). They fit on
// one page.
func (s *Service) ListUserPoolClientSecrets(ctx context.Context, in *ListUserPoolClientSecretsInput) (*ListUserPoolClientSecretsOutput, error) {
	return call(ctx, s, opListUserPoolClientSecrets, in, s.listUserPoolClientSecrets)
}

func (s *Service) listUserPoolClientSecrets(ctx context.Context, in *ListUserPoolClientSecretsInput) (*ListUserPoolClientSecretsOutput, error) {
	key := pageOf(&opListUserPoolClientSecrets.Operation, in.UserPoolId, in.ClientId)
	if _, err := s.pageCursor(ctx, key, in.NextToken); err != nil {
		return nil, err
	}
	sc, err := s.poolClient(ctx, s.store.Read, in.UserPoolId, in.ClientId)
	if err != nil {
		return nil, err
	}
	out := &ListUserPoolClientSecretsOutput{ClientSecrets: make([]ClientSecretDescriptorType, 0, len(sc.client.Secrets))}
	for _, secret := range sc.client.Secrets {
		out.ClientSecrets = append(out.ClientSecrets, secret.described())
	}
	return out, nil
}

// DeleteUserPoolClientSecret deletes one of two secrets, which is refused from then on. The last one stays: a client does not
// become public (APP-004, AUTH-080).
func (s *Service) DeleteUserPoolClientSecret(ctx context.Context, in *DeleteUserPoolClientSecretInput) (*DeleteUserPoolClientSecretOutput, error) {
	return call(ctx, s, opDeleteUserPoolClientSecret, in, s.deleteUserPoolClientSecret)
}

func (s *Service) deleteUserPoolClientSecret(ctx context.Context, in *DeleteUserPoolClientSecretInput) (*DeleteUserPoolClientSecretOutput, error) {
	sc, err := s.poolClient(ctx, s.store.Read, in.UserPoolId, in.ClientId)
	if err != nil {
		return nil, err
	}
	_, err = s.changeClient(ctx, sc, func(_ *store.Tx, now scope) error {
		c := now.client
		i := slices.IndexFunc(c.Secrets, func(s clientSecret) bool { return s.ID == in.ClientSecretId })
		switch {
		case i < 0: // unconfirmed text
			return ErrResourceNotFound.Newf("User pool client secret %s does not exist.", in.ClientSecretId)
		case len(c.Secrets) == 1: // unconfirmed text
			return ErrInvalidParameter.New("The last client secret of a user pool client cannot be deleted.")
		}
		c.Secrets = slices.Delete(c.Secrets, i, i+1)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &DeleteUserPoolClientSecretOutput{}, nil
}
