package userpool

import (
	"context"
	"maps"
	"strings"

	"github.com/cenote-auth/cenote/store"
)

// AdminDeleteUserAttributes deletes attributes of a user; those that he does not have are ignored (USR-038, ATTR-036).
func (s *Service) AdminDeleteUserAttributes(ctx context.Context, in *AdminDeleteUserAttributesInput) (*AdminDeleteUserAttributesOutput, error) {
	return call(ctx, s, opAdminDeleteUserAttributes, in, s.adminDeleteUserAttributes)
}

func (s *Service) adminDeleteUserAttributes(ctx context.Context, in *AdminDeleteUserAttributesInput) (*AdminDeleteUserAttributesOutput, error) {
	sc, err := s.poolUser(ctx, in.UserPoolId, in.Username)
	if err != nil {
		return nil, err
	}
	err = s.updateIf(ctx, sc, func(tx *store.Tx, now scope) (bool, error) {
		return deleteAttributes(ctx, tx, now, in.UserAttributeNames, true)
	})
	if err != nil {
		return nil, err
	}
	return &AdminDeleteUserAttributesOutput{}, nil
}

// DeleteUserAttributes deletes attributes of the caller that the token's client may write (USR-057, ATTR-036, ATTR-039).
func (s *Service) DeleteUserAttributes(ctx context.Context, in *DeleteUserAttributesInput) (*DeleteUserAttributesOutput, error) {
	return call(ctx, s, opDeleteUserAttributes, in, s.deleteUserAttributes)
}

func (s *Service) deleteUserAttributes(ctx context.Context, in *DeleteUserAttributesInput) (*DeleteUserAttributesOutput, error) {
	b, err := s.authorize(ctx, in.AccessToken)
	if err != nil {
		return nil, err
	}
	err = s.updateIf(ctx, b.scope, func(tx *store.Tx, now scope) (bool, error) {
		if err := s.stillBearer(ctx, tx, b, now); err != nil {
			return false, err
		}
		return deleteAttributes(ctx, tx, now, in.UserAttributeNames, false)
	})
	if err != nil {
		return nil, err
	}
	return &DeleteUserAttributesOutput{}, nil
}

// deleteAttributes deletes attributes of the scope's user within an Update and reports whether he had any of them. Required and
// immutable ones, and the last address that names him, stay (USR-038, unconfirmed).
func deleteAttributes(ctx context.Context, tx *store.Tx, now scope, names []string, signed bool) (bool, error) {
	if err := now.pool.unknownAttributes(names); err != nil {
		return false, err
	}
	named, gone := map[string]string{}, map[string]string{}
	for _, name := range names {
		named[name] = ""
		_, has := now.user.Attributes[name]
		if has || now.user.Pending[name] != "" || name == "sub" || !signed && reserved(name) {
			gone[name] = ""
		}
	}
	maps.DeleteFunc(gone, func(name, _ string) bool { // goes with its address
		address, isFlag := strings.CutSuffix(name, "_verified")
		_, both := gone[address]
		return isFlag && both && signed
	})
	if !signed {
		if err := now.pool.checkWritable(now.client, named, false); err != nil {
			return false, err
		}
	}
	if err := now.pool.checkChange(now.user, gone, signed); err != nil || len(gone) == 0 {
		return false, err
	}
	return true, now.applyAttributes(ctx, tx, attributePlan{apply: gone})
}

// unknownAttributes refuses names that the schema does not have, all of them in one text (ATTR-036).
func (p *poolRecord) unknownAttributes(names []string) error {
	var b strings.Builder
	for _, name := range names {
		if p.attribute(name) == nil {
			b.WriteString("user." + name + ": Attribute does not exist in the schema.\n")
		}
	}
	if b.Len() == 0 {
		return nil
	}
	return ErrInvalidParameter.New("Invalid user attributes: " + b.String())
}
