package userpool

import (
	"context"

	"github.com/cenote-auth/cenote/message"
	"github.com/cenote-auth/cenote/store"
)

var errAlreadyConfirmed = ErrInvalidParameter.New("User is already confirmed.")

// ResendConfirmationCode sends another sign-up code, which replaces the former one (AUTH-115…118, AUTH-583).
func (s *Service) ResendConfirmationCode(ctx context.Context, in *ResendConfirmationCodeInput) (*ResendConfirmationCodeOutput, error) {
	return call(ctx, s, opResendConfirmationCode, in, s.resendConfirmationCode)
}

func (s *Service) resendConfirmationCode(ctx context.Context, in *ResendConfirmationCodeInput) (*ResendConfirmationCodeOutput, error) {
	sc, err := s.byClient(ctx, s.store.Read, in.ClientId, in.Username)
	if err != nil {
		return nil, err
	}
	if err := s.checkSecretHash(ctx, sc, in.Username, in.SecretHash, false); err != nil {
		return nil, err
	}
	if sc, err = s.watchFrom(ctx, sc, EventTypeResendCode, in.UserContextData); err != nil {
		return nil, err
	}
	switch {
	case sc.client.hides() && (sc.user == nil || sc.user.Disabled): // ERR-072
		d, err := s.pretendCode(ctx, sc, codeSignUp, message.ResendCode, "ResendConfirmationCode", s.cfg.limits.ResendConfirmationCode)
		if err != nil {
			return nil, err
		}
		return &ResendConfirmationCodeOutput{CodeDeliveryDetails: d}, nil
	case sc.user == nil:
		return nil, errNameClientNotFound
	case sc.user.Status != UserStatusTypeUnconfirmed:
		return nil, errAlreadyConfirmed
	}
	to, ok := sc.pool.signUpContact(sc.user)
	if !ok {
		return nil, ErrInvalidParameter.New("Cannot resend codes. Auto verification not turned on.")
	}
	err = s.sendCode(ctx, sc, codeRequest{
		purpose: codeSignUp, kind: message.ResendCode, to: to, metadata: in.ClientMetadata,
		limit: "ResendConfirmationCode", max: s.cfg.limits.ResendConfirmationCode,
		change: func(_ *store.Tx, now scope) error {
			if now.user.Status != UserStatusTypeUnconfirmed {
				return errAlreadyConfirmed
			}
			return nil
		},
	})
	if err != nil {
		return nil, err
	}
	return &ResendConfirmationCodeOutput{CodeDeliveryDetails: to.details()}, nil
}
