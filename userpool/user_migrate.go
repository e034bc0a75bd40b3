package userpool

import (
	"context"
	"errors"
	"maps"
	"slices"

	"github.com/cenote-auth/cenote/awsapi"
	"github.com/cenote-auth/cenote/internal/wire"
	"github.com/cenote-auth/cenote/store"
	"github.com/cenote-auth/cenote/trigger"
)

// migrateUser asks the pool's function about somebody whom the pool does not know: who signs in with a password, or has forgotten
// it, which is the empty one (AUTH-148, TRG-100…108). Whoever the function vouches for becomes a user of the pool, and the scope's.
// A scope that comes back without a user is one that nobody knows, and the caller goes on as for such a one; a client that hides
// who exists learns of nothing else, as long as the function works.
func (s *Service) migrateUser(ctx context.Context, sc scope, password string, validation, metadata map[string]string) (scope, error) {
	arn := sc.pool.lambda().UserMigration
	if sc.user != nil || arn == "" || s.secondary(sc.pool) { // a secondary replica makes nobody, and does not tell whom it lacks (NEW-211, H7)
		return sc, nil
	}
	if password != "" {
		var err error
		if sc, err = s.countGuess(ctx, sc); err != nil {
			return sc, err
		}
	}
	answer, err := s.userMigration(ctx, sc, arn, password, validation, metadata)
	if errors.Is(err, ErrUserLambdaValidation) && sc.client.hides() { // as a wrong password would be (AUTH-148, H7)
		return sc, nil
	}
	if err != nil || len(answer.UserAttributes) == 0 { // TRG-107
		return sc, err
	}
	now, err := s.storeMigrated(ctx, sc, arn, answer, password)
	if e, ok := errors.AsType[*awsapi.Error](err); ok && e.Code == ErrUserNotFound && sc.client.hides() {
		return sc, nil
	}
	return now, err
}

// userMigration calls the function.
func (s *Service) userMigration(
	ctx context.Context, sc scope, arn, password string, validation, metadata map[string]string,
) (trigger.UserMigrationResponse, error) {
	event := trigger.UserMigrationEvent{
		TriggerSource: trigger.UserMigrationForgotPassword,
		Request:       trigger.UserMigrationRequest{ValidationData: validation, ClientMetadata: metadata},
	}
	if password != "" {
		event.TriggerSource, event.Request.Password = trigger.UserMigrationAuthentication, &password
	}
	s.fillEvent(&event.Region, &event.UserPoolID, &event.UserName, &event.CallerContext, sc)
	return trigger.Run(ctx, s.triggers, arn, event)
}

// countGuess counts an attempt on a name that nobody has, before the function is asked: it says of a password whether it is right,
// and no turn may be kept while a function runs (C3, H15). Whoever becomes a user begins without attempts.
func (s *Service) countGuess(ctx context.Context, sc scope) (scope, error) {
	sc, err := s.hide(ctx, sc)
	if err != nil {
		return sc, err
	}
	leave, err := s.slots.take(ctx, sc.pool.id(), sc.subject())
	if err != nil {
		return sc, err
	}
	defer leave()
	_, tries, err := s.readAttempts(ctx, sc)
	if err != nil {
		return sc, err
	}
	if s.store.Now().Before(s.cfg.limits.lockedUntil(tries)) {
		return sc, errLockedOut
	}
	sc.counted = true
	return sc, s.countFailure(ctx, sc)
}

// storeMigrated makes the user whom the function described, with the welcome message. What cannot be a user, and an address that
// somebody else holds, is the error that AWS has for both.
func (s *Service) storeMigrated(ctx context.Context, sc scope, arn string, answer trigger.UserMigrationResponse, password string) (scope, error) {
	to, err := welcomeTo(answer)
	if err != nil {
		return sc, err
	}
	u, err := s.migratedUser(sc, answer, password == "")
	if err != nil {
		return sc, errNotMigrated(sc, err)
	}
	if password != "" { // the policy is not for passwords that were good elsewhere (TRG-102, AUTH-416)
		p, err := s.computePassword(ctx, scope{pool: sc.pool}, u.Sub, u.name(), password)
		if err != nil {
			return sc, err
		}
		u.Password = &passwordRecord{Salt: p.salt, Sealed: p.sealed, Set: p.at}
	}
	made := sc
	made.user = u
	inv, err := s.writeWelcome(ctx, made, contactsOf(to, u.Attributes))
	if err != nil {
		return sc, err
	}
	crypt, err := s.crypt(ctx, sc.pool)
	if err != nil {
		return sc, err
	}
	err = s.store.Update(ctx, func(tx *store.Tx) error {
		now, err := s.again(ctx, tx, scope{pool: sc.pool, client: sc.client, name: sc.name, proof: sc.proof})
		if err != nil {
			return err
		}
		if now.pool.lambda().UserMigration != arn { // its word counts no longer
			return errNotMigrated(sc, nil)
		}
		if isTrue(answer.ForceAliasCreation) {
			if err := now.pool.releaseAliases(ctx, tx, u); err != nil {
				return err
			}
		}
		if err := users.Of(now.pool.id()).Put(ctx, tx, u); err != nil {
			return err
		}
		if sc.ghost != "" {
			if err := ghosts.Of(now.pool.id()).Remove(ctx, tx, sc.ghost); err != nil {
				return err
			}
		}
		for _, m := range inv.messages {
			// An address that has got too many messages is no reason to turn its owner away.
			if err := s.enqueue(ctx, tx, now.pool, crypt, m, false); err != nil && !errors.Is(err, errAttemptLimit) {
				return err
			}
		}
		return nil
	})
	if c := store.AsConflict(err); c != nil {
		return s.migratedBefore(ctx, sc, c)
	}
	if err != nil {
		return sc, err
	}
	s.wakeRunner()
	made.ghost, made.counted = "", false
	return made, nil
}

// errNotMigrated is AWS's error for an answer that cannot become a user (TRG-107).
func errNotMigrated(sc scope, cause error) error {
	return ErrUserNotFound.Newf("Exception migrating user in app client %s", sc.client.id()).With(cause)
}

// migratedBefore settles a name that is taken: by the same person, whom another call has migrated meanwhile and whose password is
// checked like any other, or by somebody else (TRG-104).
func (s *Service) migratedBefore(ctx context.Context, sc scope, c *store.ConflictError) (scope, error) {
	now, err := s.byClient(ctx, s.store.Read, sc.client.id(), sc.name)
	if err == nil && now.user == nil {
		err = errNotMigrated(sc, c)
	}
	now.threat = sc.threat
	return now, err
}

// migratedUser returns the user whom the function described, not stored yet and without a password. forgotten is whether a code is
// to be sent next: then there has to be somewhere to send it (TRG-106), or else nobody could ever sign in as this user.
func (s *Service) migratedUser(sc scope, answer trigger.UserMigrationResponse, forgotten bool) (*userRecord, error) {
	attrs := maps.Clone(answer.UserAttributes)
	maps.DeleteFunc(attrs, func(_, v string) bool { return v == "" })
	name := sc.name
	if given, ok := attrs["username"]; ok { // of somebody who typed an alias
		name = given
		delete(attrs, "username")
	}
	if err := modelFits(sc.pool, name, attrs); err != nil {
		return nil, err
	}
	if err := sc.pool.nameForm(name, attrs); err != nil {
		return nil, err
	}
	if err := sc.pool.checkNew(attrs, true); err != nil {
		return nil, err
	}
	if missing := sc.pool.missingAttributes(attrs); len(missing) > 0 { // nothing would ask for them
		return nil, errRequired(missing)
	}
	u, err := s.newUser(sc.pool, name, attrs)
	if err != nil {
		return nil, err
	}
	if !slices.Contains(u.names(), u.Naming.fold(sc.name)) { // TRG-105: whom what was typed does not find, it has not proven
		return nil, ErrInvalidParameter.New("the user is not found under the name that was typed")
	}
	u.Status = UserStatusTypeResetRequired
	if answer.FinalUserStatus != nil && *answer.FinalUserStatus == string(UserStatusTypeConfirmed) {
		u.Status = UserStatusTypeConfirmed
	}
	if isTrue(answer.EnableSMSMFA) {
		if err := sc.pool.enableSMSMFA(u); err != nil {
			return nil, err
		}
	}
	if _, ok := sc.pool.recoveryContact(u); forgotten && !ok {
		return nil, errNoRecoveryContact
	}
	return u, nil
}

// modelFits refuses a name or attributes that AdminCreateUser could not be asked for: neither what is typed at a sign-in nor what a
// function returns has been compared with the model.
func modelFits(p *poolRecord, name string, attrs map[string]string) error {
	in := &AdminCreateUserInput{UserPoolId: p.id(), Username: name}
	for n, v := range attrs {
		in.UserAttributes = append(in.UserAttributes, AttributeType{Name: n, Value: v})
	}
	return wire.Check(opAdminCreateUser.Input, service.Validation, in, wire.Presence{})
}

// enableSMSMFA makes the user's phone number a second factor, which needs a number and a pool that sends codes to it (TRG-104).
func (p *poolRecord) enableSMSMFA(u *userRecord) error {
	if p.Settings.MfaConfiguration == UserPoolMfaTypeOff || !p.canSMS(u) {
		return ErrInvalidParameter.New("enableSMSMFA needs a phone_number, and a pool with MFA by SMS")
	}
	u.MFA.SMS = true
	return nil
}

// welcomeTo returns by which media the new user is welcomed: none if the function says so, SMS unless it names others (TRG-103).
// Words that mean nothing are an answer of the wrong form.
func welcomeTo(answer trigger.UserMigrationResponse) ([]contact, error) {
	var to []contact
	media := answer.DesiredDeliveryMediums
	if len(media) == 0 {
		media = []string{string(DeliveryMediumTypeSms)}
	}
	for _, m := range media {
		var c contact
		switch DeliveryMediumType(m) {
		case DeliveryMediumTypeSms:
			c.attribute = "phone_number"
		case DeliveryMediumTypeEmail:
			c.attribute = "email"
		default:
			return nil, errUnrecognizableAnswer
		}
		if !slices.Contains(to, c) {
			to = append(to, c)
		}
	}
	switch a := answer.MessageAction; {
	case a == nil || *a == "":
		return to, nil
	case *a == string(MessageActionTypeSuppress):
		return nil, nil
	}
	return nil, errUnrecognizableAnswer
}

// writeWelcome writes the messages that welcome a migrated user: the pool's invitations, but with a mask where the temporary
// password would be, since there is none and the user's own is nothing to send around. A medium that cannot be had is left out:
// somebody who has the right password is not to be turned away for it.
func (s *Service) writeWelcome(ctx context.Context, sc scope, to []contact) (invitation, error) {
	to = slices.DeleteFunc(to, func(c contact) bool {
		if c.value != "" && !s.delivers(sc.pool, c.medium()) {
			s.cfg.logger.WarnContext(ctx, "welcome message has no sender", "pool", sc.pool.id(), "medium", c.medium())
			return true
		}
		return c.value == ""
	})
	inv, err := s.writeInvitation(ctx, sc, to, welcomeMask)
	for i := range inv.messages {
		inv.messages[i].Code = ""
	}
	return inv, err
}

// welcomeMask stands in a welcome message where an invitation has the temporary password.
const welcomeMask = "********"
