package userpool

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/cenote-auth/cenote/awsapi"
	"github.com/cenote-auth/cenote/message"
	"github.com/cenote-auth/cenote/store"
	"github.com/cenote-auth/cenote/trigger"
)

// ForgotPassword sends a code with which the user can set a new password (AUTH-425…432, AUTH-597). The old password works until
// then (AUTH-031).
func (s *Service) ForgotPassword(ctx context.Context, in *ForgotPasswordInput) (*ForgotPasswordOutput, error) {
	return call(ctx, s, opForgotPassword, in, s.forgotPassword)
}

func (s *Service) forgotPassword(ctx context.Context, in *ForgotPasswordInput) (*ForgotPasswordOutput, error) {
	sc, err := s.byClient(ctx, s.store.Read, in.ClientId, in.Username)
	if err != nil {
		return nil, err
	}
	if err := s.checkSecretHash(ctx, sc, in.Username, in.SecretHash, false); err != nil {
		return nil, err
	}
	if sc, err = s.watchFrom(ctx, sc, EventTypeForgotPassword, in.UserContextData); err != nil {
		return nil, err
	}
	if sc.pool.adminRecoveryOnly() {
		return nil, ErrNotAuthorized.New("Contact administrator to reset password.") // AUTH-429
	}
	if sc.client.hides() && sc.user == nil && sc.pool.lambda().UserMigration != "" { // before the function (H6)
		if sc, err = s.hide(ctx, sc); err != nil {
			return nil, err
		}
		if err := s.refuseEarly(ctx, sc.pool, sc.subject(), "ForgotPassword", s.cfg.limits.ForgotPassword); err != nil {
			return nil, err
		}
	}
	if sc, err = s.migrateUser(ctx, sc, "", nil, in.ClientMetadata); err != nil { // AUTH-432, TRG-141
		return nil, err
	}
	d, err := s.sendForgotten(ctx, sc, in.ClientMetadata)
	if sc.client.hides() && tellsWhoExists(err) { // ERR-071
		d, err = s.pretendCode(ctx, sc, codeReset, message.ForgotPassword, "ForgotPassword", s.cfg.limits.ForgotPassword)
	}
	if err != nil {
		return nil, err
	}
	return &ForgotPasswordOutput{CodeDeliveryDetails: d}, nil
}

// sendForgotten sends a reset code to a user who can get one.
func (s *Service) sendForgotten(ctx context.Context, sc scope, metadata map[string]string) (*CodeDeliveryDetailsType, error) {
	to, err := sc.pool.resettable(sc)
	if err != nil {
		return nil, err
	}
	err = s.sendReset(ctx, sc, to, metadata, func(_ *store.Tx, now scope) error {
		_, err := now.pool.resettable(now)
		return err
	})
	return to.details(), err
}

// sendReset sends a reset code; change refuses or changes the user in the Update that stores it.
func (s *Service) sendReset(ctx context.Context, sc scope, to contact, metadata map[string]string, change func(*store.Tx, scope) error) error {
	return s.sendCode(ctx, sc, codeRequest{
		purpose: codeReset, kind: message.ForgotPassword, to: to, metadata: metadata,
		limit: "ForgotPassword", max: s.cfg.limits.ForgotPassword, change: change,
	})
}

// resettable returns where a reset code goes, or why there can be none (AUTH-030, AUTH-430, USR-060).
func (p *poolRecord) resettable(sc scope) (contact, error) {
	switch {
	case sc.user == nil:
		return contact{}, errNameClientNotFound
	case sc.user.Disabled:
		return contact{}, errUserDisabled
	case sc.user.Status != UserStatusTypeConfirmed && sc.user.Status != UserStatusTypeResetRequired:
		return contact{}, errResetImpossible
	}
	to, ok := p.recoveryContact(sc.user)
	if !ok {
		return contact{}, errNoRecoveryContact
	}
	return to, nil
}

// adminRecoveryOnly reports whether only an administrator resets passwords.
func (p *poolRecord) adminRecoveryOnly() bool {
	r := p.Settings.AccountRecoverySetting
	return r != nil && slices.ContainsFunc(r.RecoveryMechanisms, func(m RecoveryOptionType) bool {
		return m.Name == RecoveryOptionNameTypeAdminOnly
	})
}

// recoveryContact returns where a reset code of the user goes: the first verified address in the pool's order, or without a
// setting the phone before the mail (AUTH-426…428). An address that is the user's second factor does not qualify.
func (p *poolRecord) recoveryContact(u *userRecord) (contact, bool) {
	order := []string{"phone_number", "email"}
	r := p.Settings.AccountRecoverySetting
	if r != nil {
		order = nil
		mechanisms := slices.SortedFunc(slices.Values(r.RecoveryMechanisms), func(a, b RecoveryOptionType) int {
			return cmp.Compare(a.Priority, b.Priority)
		})
		for _, m := range mechanisms {
			switch m.Name {
			case RecoveryOptionNameTypeVerifiedEmail:
				order = append(order, "email")
			case RecoveryOptionNameTypeVerifiedPhoneNumber:
				order = append(order, "phone_number")
			}
		}
	}
	for _, a := range order {
		if u.Attributes[a] != "" && u.verified(a) && (r == nil || !p.secondFactor(u, a)) {
			return contact{a, u.Attributes[a]}, true
		}
	}
	return contact{}, false
}

// secondFactor reports whether the user may prove a second factor by that address: it must not be the way to the first as well
// (AUTH-352).
func (p *poolRecord) secondFactor(u *userRecord, attribute string) bool {
	return slices.ContainsFunc(p.activeFactors(u).usable, func(f ChallengeNameType) bool {
		return codeFactors[f] != nil && codeFactors[f].attribute == attribute
	})
}

// ConfirmForgotPassword sets a new password by the code that ForgotPassword or an administrator sent (AUTH-433…436, AUTH-598).
func (s *Service) ConfirmForgotPassword(ctx context.Context, in *ConfirmForgotPasswordInput) (*ConfirmForgotPasswordOutput, error) {
	return call(ctx, s, opConfirmForgotPassword, in, s.confirmForgotPassword)
}

func (s *Service) confirmForgotPassword(ctx context.Context, in *ConfirmForgotPasswordInput) (*ConfirmForgotPasswordOutput, error) {
	sc, err := s.byClient(ctx, s.store.Read, in.ClientId, in.Username)
	if err != nil {
		return nil, err
	}
	if err := s.checkSecretHash(ctx, sc, in.Username, in.SecretHash, false); err != nil {
		return nil, err
	}
	if sc, err = s.watchFrom(ctx, sc, EventTypeForgotPassword, in.UserContextData); err != nil {
		return nil, err
	}
	if err := sc.resetRefusal(); err != nil {
		if sc.client.hides() {
			return nil, s.confirmHiddenReset(ctx, sc, in)
		}
		return nil, err
	}
	if err := s.refuseEarly(ctx, sc.pool, sc.user.Sub, "ForgotPassword", s.cfg.limits.ForgotPassword); err != nil {
		return nil, err
	}
	if sc, err = s.checkNewPassword(ctx, sc, in.Password); err != nil {
		return nil, err
	}
	next, err := s.preparePassword(ctx, sc, sc.user.Sub, sc.user.name(), in.Password) // before the code, which survives a refusal
	if err != nil {
		return nil, err
	}
	done, err := s.resetByCode(ctx, sc, next, in.ConfirmationCode)
	if sc.client.hides() && tellsWhoExists(err) { // gone or disabled this very moment
		err = errCodeMismatch
	}
	if err != nil {
		return nil, err
	}
	return &ConfirmForgotPasswordOutput{}, s.postConfirmation(ctx, done, trigger.PostConfirmationConfirmForgotPassword, in.ClientMetadata)
}

// confirmHiddenReset answers ConfirmForgotPassword under a name of which the caller must not learn whether it exists: the
// policy, the work and the counting are those of a user, and the code is wrong (AUTH-457, H7).
func (s *Service) confirmHiddenReset(ctx context.Context, sc scope, in *ConfirmForgotPasswordInput) error {
	sc, err := s.hide(ctx, sc)
	if err != nil {
		return err
	}
	if err := s.refuseEarly(ctx, sc.pool, sc.subject(), "ForgotPassword", s.cfg.limits.ForgotPassword); err != nil {
		return err
	}
	if sc, err = s.checkNewPassword(ctx, sc, in.Password); err != nil {
		return err
	}
	if _, err := s.preparePassword(ctx, scope{pool: sc.pool}, "", sc.name, in.Password); err != nil {
		return err
	}
	return s.pretendCheck(ctx, sc, codeReset, in.ConfirmationCode, "ForgotPassword", s.cfg.limits.ForgotPassword)
}

// resetRefusal says why a reset code cannot be answered for the scope's user.
func (sc scope) resetRefusal() error {
	switch {
	case sc.user == nil:
		return errNameClientNotFound
	case sc.user.Disabled:
		return errUserDisabled
	case sc.user.Status == UserStatusTypeUnconfirmed:
		return errNotConfirmed // AUTH-434 (unconfirmed)
	}
	return nil
}

// resetByCode checks and uses up the code and sets the password, in one Update.
func (s *Service) resetByCode(ctx context.Context, sc scope, next newPassword, code string) (now scope, err error) {
	crypt, err := s.crypt(ctx, sc.pool)
	if err != nil {
		return scope{}, err
	}
	var verdict *awsapi.Error
	err = s.store.Update(ctx, func(tx *store.Tx) error {
		verdict = nil
		var err error
		if now, err = s.again(ctx, tx, sc); err != nil {
			return err
		}
		if err := now.resetRefusal(); err != nil {
			return err
		}
		if err := s.count(ctx, tx, now.pool, now.user.Sub, "ForgotPassword", s.cfg.limits.ForgotPassword); err != nil {
			return err
		}
		rec, wrong, err := s.checkCode(ctx, tx, crypt, now, codeReset, code)
		if err == nil && wrong != nil && errors.Is(wrong, errCodeExpired) && now.client.hides() { // or one that was never sent, since there is nowhere to
			wrong, err = s.checkPretended(ctx, tx, crypt, now, codeReset, code)
		}
		if err != nil || wrong != nil {
			verdict = wrong
			return firstError(err, s.record(ctx, tx, now, EventResponseTypeFail))
		}
		if now.user.CredentialEpoch != sc.user.CredentialEpoch { // the history was checked on another password
			verdict = errCodeExpired
			return nil
		}
		if err := now.user.setPassword(crypt, now.pool, next); err != nil {
			return err
		}
		now.user.Status, now.user.Modified = UserStatusTypeConfirmed, tx.Now()
		if err := s.record(ctx, tx, now, EventResponseTypePass); err != nil {
			return err
		}
		if err := s.takeCode(ctx, tx, now, rec); err != nil {
			return err
		}
		return users.Of(now.pool.id()).Put(ctx, tx, now.user)
	})
	if err == nil && verdict != nil {
		return now, verdict
	}
	return now, err
}
