package userpool

import (
	"context"
	"slices"

	"github.com/cenote-auth/cenote/store"
	"github.com/cenote-auth/cenote/trigger"
)

// AdminCreateUser makes a user who signs in with a temporary password and has to change it, and invites him; with RESEND it
// invites somebody once more (USR-010…022, AUTH-120…125, AUTH-585). Without a temporary password, in a pool whose sign-ins can begin
// with a one-time code, it makes one who has no password and needs none (AUTH-013).
func (s *Service) AdminCreateUser(ctx context.Context, in *AdminCreateUserInput) (*AdminCreateUserOutput, error) {
	return call(ctx, s, opAdminCreateUser, in, s.adminCreateUser)
}

func (s *Service) adminCreateUser(ctx context.Context, in *AdminCreateUserInput) (*AdminCreateUserOutput, error) {
	sc, err := s.byPool(ctx, s.store.Read, in.UserPoolId, in.Username)
	if err != nil {
		return nil, err
	}
	if in.MessageAction == MessageActionTypeResend {
		return s.inviteAgain(ctx, sc, in)
	}
	attrs, err := sc.pool.createdAttributes(in)
	if err != nil {
		return nil, err
	}
	validation, err := attributeMap(in.ValidationData)
	if err != nil {
		return nil, err
	}
	to, err := inviteTo(in, attrs)
	if err != nil {
		return nil, err
	}
	if sc.user != nil { // the unique index decides; this refuses before the arithmetic and the trigger
		return nil, sc.pool.existing(sc, true)
	}
	u, password, err := s.newInvited(ctx, sc, in, attrs)
	if err != nil {
		return nil, err
	}
	if !u.hasPassword() { // there is none to bring (unconfirmed)
		to = nil
	}
	sc.user = u
	// What the function says about confirming and verifying is ignored here (USR-021, AUTH-124); that it may refuse is not.
	if _, err := s.preSignUp(ctx, sc, trigger.PreSignUpAdminCreateUser, attrs, validation, in.ClientMetadata); err != nil {
		return nil, err
	}
	inv, err := s.writeInvitation(ctx, sc, to, password)
	if err != nil {
		return nil, err
	}
	if err := s.storeInvited(ctx, sc, in.ForceAliasCreation, inv); err != nil {
		return nil, err
	}
	made := u.described()
	return &AdminCreateUserOutput{User: &made}, nil
}

// createdAttributes returns the checked attributes of a user to be, in the order of USR-011. Required ones may be missing: they
// are asked for with the new password (USR-012, AUTH-123).
func (p *poolRecord) createdAttributes(in *AdminCreateUserInput) (map[string]string, error) {
	attrs, err := attributeMap(in.UserAttributes)
	if err != nil {
		return nil, err
	}
	if err := p.nameForm(in.Username, attrs); err != nil {
		return nil, err
	}
	if err := p.checkTemporary(in.TemporaryPassword); err != nil {
		return nil, err
	}
	if err := p.checkNew(attrs, true); err != nil {
		return nil, err
	}
	if !p.makesPasswordless(in) {
		return attrs, nil
	}
	if missing := p.missingAttributes(attrs); len(missing) > 0 { // nobody will ask for them later (AUTH-123)
		return nil, errRequired(missing)
	}
	return attrs, p.checkPasswordless(attrs)
}

// makesPasswordless reports whether the new user is to have no password (USR-014).
func (p *poolRecord) makesPasswordless(in *AdminCreateUserInput) bool {
	return in.TemporaryPassword == "" && len(p.codeAttributes()) > 0
}

// checkTemporary checks a temporary password; without one there is nothing to check.
func (p *poolRecord) checkTemporary(password string) error {
	if password == "" {
		return nil
	}
	return p.checkPassword(password)
}

// newInvited returns a user that is not stored yet, with the temporary password that was given or a new one, or without any
// (USR-014, AUTH-013).
func (s *Service) newInvited(ctx context.Context, sc scope, in *AdminCreateUserInput, attrs map[string]string) (*userRecord, string, error) {
	u, err := s.newUser(sc.pool, in.Username, attrs)
	if err != nil {
		return nil, "", err
	}
	if sc.pool.makesPasswordless(in) {
		u.Status = UserStatusTypeConfirmed
		return u, "", nil
	}
	password, err := s.temporaryOr(sc.pool, in.TemporaryPassword)
	if err != nil {
		return nil, "", err
	}
	p, err := s.computePassword(ctx, scope{pool: sc.pool}, u.Sub, u.name(), password)
	if err != nil {
		return nil, "", err
	}
	u.Password = &passwordRecord{Salt: p.salt, Sealed: p.sealed, Set: p.at}
	u.Status = UserStatusTypeForceChangePassword
	return u, password, nil
}

// temporaryOr returns the given temporary password, or makes one.
func (s *Service) temporaryOr(p *poolRecord, given string) (string, error) {
	if given != "" {
		return given, nil
	}
	return s.temporaryPassword(p)
}

// storeInvited inserts a user and the messages that invite him. A message that cannot be sent for want of a sender leaves the
// user, who can be invited again (USR-017). With force, addresses that are verified are taken from whoever holds them (USR-015,
// AUTH-057, AUTH-058).
func (s *Service) storeInvited(ctx context.Context, sc scope, force bool, inv invitation) error {
	crypt, err := s.crypt(ctx, sc.pool)
	if err != nil {
		return err
	}
	err = s.store.Update(ctx, func(tx *store.Tx) error {
		now, err := s.again(ctx, tx, scope{pool: sc.pool, name: sc.name})
		if err != nil {
			return err
		}
		if force {
			if err := now.pool.releaseAliases(ctx, tx, sc.user); err != nil {
				return err
			}
		}
		if err := users.Of(now.pool.id()).Put(ctx, tx, sc.user); err != nil {
			return err
		}
		return s.enqueueInvitation(ctx, tx, now.pool, crypt, inv)
	})
	if c := store.AsConflict(err); c != nil {
		return sc.pool.nameTaken(sc.user, c, true)
	}
	if err != nil {
		return err
	}
	s.wakeRunner()
	return inv.undeliverable
}

// inviteAgain gives somebody who never signed in another temporary password and sends the invitation (USR-019, AUTH-121).
// Attributes of the request are ignored and the pre sign-up function does not run.
func (s *Service) inviteAgain(ctx context.Context, sc scope, in *AdminCreateUserInput) (*AdminCreateUserOutput, error) {
	if err := sc.pool.checkTemporary(in.TemporaryPassword); err != nil {
		return nil, err
	}
	if sc.user == nil {
		return nil, errUserNotFound
	}
	if err := sc.invitable(); err != nil {
		return nil, err
	}
	to, err := inviteTo(in, sc.user.Attributes)
	if err != nil {
		return nil, err
	}
	password, err := s.temporaryOr(sc.pool, in.TemporaryPassword)
	if err != nil {
		return nil, err
	}
	inv, err := s.writeInvitation(ctx, sc, to, password)
	if err != nil {
		return nil, err
	}
	given, err := s.givePassword(ctx, sc, gift{
		status: UserStatusTypeForceChangePassword,
		prepare: func(sc scope) (newPassword, error) {
			if sc.user.Password != nil { // the history is no concern of temporary passwords here, the salt stays (H13)
				sc.user = sc.user.clone()
				sc.user.Password.History = nil
			}
			return s.computePassword(ctx, sc, sc.user.Sub, sc.user.name(), password)
		},
		also: func(ctx context.Context, tx *store.Tx, now scope, c poolCrypt) error {
			if err := now.invitable(); err != nil {
				return err
			}
			if !slices.Equal(contactsOf(to, now.user.Attributes), to) { // another address by now: the invitation is not for it
				return errTooManyRequests
			}
			return s.enqueueInvitation(ctx, tx, now.pool, c, inv)
		},
	})
	if err != nil {
		return nil, err
	}
	s.wakeRunner()
	if inv.undeliverable != nil {
		return nil, inv.undeliverable
	}
	user := given.user.described()
	return &AdminCreateUserOutput{User: &user}, nil
}

// invitable refuses to invite somebody who has signed in or signed up by himself.
func (sc scope) invitable() error {
	if sc.user.Status == UserStatusTypeForceChangePassword {
		return nil
	}
	return ErrUnsupportedUserState.Newf("Resend not possible. %s status is not FORCE_CHANGE_PASSWORD", sc.name)
}
