package userpool

import (
	"context"
	"encoding/base64"
	"slices"
	"strconv"

	"github.com/cenote-auth/cenote/store"
	"github.com/cenote-auth/cenote/store/driver"
)

const passkeyPage = 20 // AUTH-400 (unconfirmed)

var errPasskeyNotFound = ErrResourceNotFound.New("The WebAuthn credential does not exist.") // AUTH-401 (unconfirmed text)

// ListWebAuthnCredentials returns the caller's passkeys, oldest first (AUTH-400, AUTH-616).
func (s *Service) ListWebAuthnCredentials(ctx context.Context, in *ListWebAuthnCredentialsInput) (*ListWebAuthnCredentialsOutput, error) {
	return call(ctx, s, opListWebAuthnCredentials, in, s.listWebAuthnCredentials)
}

func (s *Service) listWebAuthnCredentials(ctx context.Context, in *ListWebAuthnCredentialsInput) (*ListWebAuthnCredentialsOutput, error) {
	b, err := s.authorize(ctx, in.AccessToken)
	if err != nil {
		return nil, err
	}
	key := pageOf(&opListWebAuthnCredentials.Operation, b.pool.id(), b.user.Sub)
	cursor, err := s.pageCursor(ctx, key, in.NextToken)
	if err != nil {
		return nil, err
	}
	after, _ := strconv.Atoi(string(cursor)) // the Serial of the last one told
	size := passkeyPage
	if in.MaxResults != nil && *in.MaxResults != 0 {
		size = int(*in.MaxResults)
	}
	out := &ListWebAuthnCredentialsOutput{Credentials: []WebAuthnCredentialDescription{}}
	for _, k := range b.user.Passkeys {
		if k.Serial <= after {
			continue
		}
		if len(out.Credentials) == size {
			out.NextToken, err = s.pageToken(ctx, key, driver.Cursor(strconv.Itoa(after)))
			return out, err
		}
		out.Credentials, after = append(out.Credentials, k.described()), k.Serial
	}
	return out, nil
}

// described returns the passkey as the API tells it.
func (k *passkeyRecord) described() WebAuthnCredentialDescription {
	return WebAuthnCredentialDescription{
		CredentialId: passkeyText(k.ID), FriendlyCredentialName: k.Name, RelyingPartyId: k.RPID,
		AuthenticatorAttachment: k.Attachment, AuthenticatorTransports: append([]string{}, k.Transports...), CreatedAt: k.Created,
	}
}

// DeleteWebAuthnCredential removes one of the caller's passkeys (AUTH-401, AUTH-617). Sign-ins under way that began with it end,
// and with them every other of this user: which proof a session rests on is not told apart (C4). Tokens live on.
func (s *Service) DeleteWebAuthnCredential(ctx context.Context, in *DeleteWebAuthnCredentialInput) (*DeleteWebAuthnCredentialOutput, error) {
	return call(ctx, s, opDeleteWebAuthnCredential, in, s.deleteWebAuthnCredential)
}

func (s *Service) deleteWebAuthnCredential(ctx context.Context, in *DeleteWebAuthnCredentialInput) (*DeleteWebAuthnCredentialOutput, error) {
	b, err := s.authorize(ctx, in.AccessToken)
	if err != nil {
		return nil, err
	}
	id, err := base64.RawURLEncoding.DecodeString(in.CredentialId)
	if err != nil || passkeyText(id) != in.CredentialId {
		return nil, errPasskeyNotFound
	}
	return &DeleteWebAuthnCredentialOutput{}, s.update(ctx, b.scope, func(tx *store.Tx, now scope) error {
		if err := s.stillBearer(ctx, tx, b, now); err != nil {
			return err
		}
		return now.user.dropPasskey(id, tx.Reader)
	})
}

// dropPasskey takes a passkey from the user.
func (u *userRecord) dropPasskey(id []byte, now store.Reader) error {
	k := u.passkey(id)
	if k == nil {
		return errPasskeyNotFound
	}
	serial := k.Serial
	u.Passkeys = slices.DeleteFunc(u.Passkeys, func(k passkeyRecord) bool { return k.Serial == serial })
	u.CredentialEpoch++
	u.Modified = now.Now()
	return nil
}
