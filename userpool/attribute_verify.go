package userpool

import (
	"context"
	"errors"

	"github.com/cenote-auth/cenote/awsapi"
	"github.com/cenote-auth/cenote/message"
	"github.com/cenote-auth/cenote/store"
)

var errNotVerifiable = ErrInvalidParameter.New("Only email and phone_number can be verified.") // ATTR-058 (unconfirmed text)

// attributeCode returns the purpose of the codes that verify an attribute.
func attributeCode(attribute string) (codePurpose, bool) {
	switch p := codePurpose(attribute); p {
	case codeEmail, codePhone:
		return p, true
	}
	return "", false
}

// GetUserAttributeVerificationCode sends the caller a code for an address (AUTH-126, AUTH-586). Of a new address that waits for
// verification the code goes there, not to the one that is still in force (ATTR-053).
func (s *Service) GetUserAttributeVerificationCode(ctx context.Context, in *GetUserAttributeVerificationCodeInput) (*GetUserAttributeVerificationCodeOutput, error) {
	return call(ctx, s, opGetUserAttributeVerificationCode, in, s.getUserAttributeVerificationCode)
}

func (s *Service) getUserAttributeVerificationCode(ctx context.Context, in *GetUserAttributeVerificationCodeInput) (*GetUserAttributeVerificationCodeOutput, error) {
	for range maxRegrants {
		b, err := s.authorize(ctx, in.AccessToken)
		if err != nil {
			return nil, err
		}
		purpose, ok := attributeCode(in.AttributeName)
		if !ok {
			return nil, errNotVerifiable
		}
		to, ok := b.user.unverifiedContact(in.AttributeName)
		if !ok {
			return nil, ErrInvalidParameter.Newf("User has no %s to verify.", in.AttributeName) // ATTR-058 (unconfirmed text)
		}
		err = s.sendCode(ctx, b.scope, codeRequest{
			purpose: purpose, kind: message.VerifyUserAttribute, to: to, metadata: in.ClientMetadata,
			limit: "AttributeCode", max: s.cfg.limits.AttributeCode,
			change: func(tx *store.Tx, now scope) error {
				if still, _ := now.user.unverifiedContact(in.AttributeName); still != to {
					return errChanged
				}
				return s.stillBearer(ctx, tx, b, now)
			},
		})
		if errors.Is(err, errChanged) { // another address by now: the code belongs there
			continue
		}
		if err != nil {
			return nil, err
		}
		return &GetUserAttributeVerificationCodeOutput{CodeDeliveryDetails: to.details()}, nil
	}
	return nil, errTooManyRequests
}

// unverifiedContact returns the address that a code for the attribute verifies: the one that waits, or the one in force.
func (u *userRecord) unverifiedContact(attribute string) (contact, bool) {
	v := u.Pending[attribute]
	if v == "" {
		v = u.Attributes[attribute]
	}
	return contact{attribute, v}, v != ""
}

// VerifyUserAttribute verifies the caller's address by the code that went there; an address that waited is in force from now
// on (AUTH-126, AUTH-587, ATTR-053, ATTR-056).
func (s *Service) VerifyUserAttribute(ctx context.Context, in *VerifyUserAttributeInput) (*VerifyUserAttributeOutput, error) {
	return call(ctx, s, opVerifyUserAttribute, in, s.verifyUserAttribute)
}

func (s *Service) verifyUserAttribute(ctx context.Context, in *VerifyUserAttributeInput) (*VerifyUserAttributeOutput, error) {
	b, err := s.authorize(ctx, in.AccessToken)
	if err != nil {
		return nil, err
	}
	purpose, ok := attributeCode(in.AttributeName)
	if !ok {
		return nil, errNotVerifiable
	}
	if err := s.verifyByCode(ctx, b, purpose, in); err != nil {
		return nil, err
	}
	return &VerifyUserAttributeOutput{}, nil
}

// verifyByCode checks and uses up the code and marks its address, in one Update. A wrong guess is committed before it is told.
func (s *Service) verifyByCode(ctx context.Context, b bearer, purpose codePurpose, in *VerifyUserAttributeInput) error {
	crypt, err := s.crypt(ctx, b.pool)
	if err != nil {
		return err
	}
	var verdict *awsapi.Error
	var now scope
	err = s.store.Update(ctx, func(tx *store.Tx) error {
		verdict = nil
		var err error
		if now, err = s.again(ctx, tx, b.scope); err != nil {
			return err
		}
		if err := s.stillBearer(ctx, tx, b, now); err != nil {
			return err
		}
		if err := s.count(ctx, tx, now.pool, now.user.Sub, "VerifyUserAttribute", s.cfg.limits.VerifyUserAttribute); err != nil {
			return err
		}
		code, wrong, err := s.checkCode(ctx, tx, crypt, now, purpose, in.Code)
		if err != nil || wrong != nil {
			verdict = wrong
			return err
		}
		if !now.user.markVerified(in.AttributeName, code.Value) { // the code is for an address that is no longer his
			verdict = errCodeExpired
			return nil
		}
		now.user.Modified = tx.Now()
		if err := s.takeCode(ctx, tx, now, code); err != nil {
			return err
		}
		return users.Of(now.pool.id()).Put(ctx, tx, now.user)
	})
	if c := store.AsConflict(err); c != nil { // the code is as good as before
		return now.pool.aliasTaken(now.user, c)
	}
	if err == nil && verdict != nil {
		return verdict
	}
	return err
}

// markVerified verifies an address and puts it in force if it waited. It reports whether the address is the user's.
func (u *userRecord) markVerified(attribute, value string) bool {
	switch value {
	case u.Pending[attribute]:
		u.Attributes[attribute] = value
		delete(u.Pending, attribute)
	case u.Attributes[attribute]:
	default:
		return false
	}
	u.Attributes[attribute+"_verified"] = "true"
	return true
}
