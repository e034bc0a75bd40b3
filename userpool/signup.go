package userpool

import (
	"context"
	"strings"

	"github.com/cenote-auth/cenote/internal/ident"
	"github.com/cenote-auth/cenote/message"
	"github.com/cenote-auth/cenote/store"
	"github.com/cenote-auth/cenote/trigger"
)

// SignUp registers a user in the pool that the app client belongs to (AUTH-091…107, USR-050…054). The user has to be confirmed
// before signing in, unless the pre sign-up function confirms.
func (s *Service) SignUp(ctx context.Context, in *SignUpInput) (*SignUpOutput, error) {
	return call(ctx, s, opSignUp, in, s.signUp)
}

func (s *Service) signUp(ctx context.Context, in *SignUpInput) (*SignUpOutput, error) {
	sc, err := s.byClient(ctx, s.store.Read, in.ClientId, in.Username)
	if err != nil {
		return nil, err
	}
	if err := s.checkSecretHash(ctx, sc, in.Username, in.SecretHash, false); err != nil {
		return nil, err
	}
	if sc, err = s.watchFrom(ctx, sc, EventTypeSignUp, in.UserContextData); err != nil {
		return nil, err
	}
	if err := sc.pool.signUpRefusal(); err != nil {
		return nil, err
	}
	if in.Password == "" && len(sc.pool.codeAttributes()) == 0 {
		return nil, errNoPassword // AUTH-093
	}
	attrs, err := sc.pool.signUpAttributes(sc.client, in)
	if err != nil {
		return nil, err
	}
	if sc.user != nil { // the unique index decides; this refuses before the arithmetic and the trigger
		return nil, sc.pool.existing(sc, false)
	}
	if sc, err = s.refuseCompromised(ctx, sc, EventFilterTypeSignUp, in.Password); err != nil {
		return nil, err
	}
	u, err := s.newUser(sc.pool, in.Username, attrs)
	if err != nil {
		return nil, err
	}
	u.Status = UserStatusTypeUnconfirmed
	if in.Password != "" {
		password, err := s.preparePassword(ctx, scope{pool: sc.pool}, u.Sub, u.name(), in.Password)
		if err != nil {
			return nil, err
		}
		u.Password = &passwordRecord{Salt: password.salt, Sealed: password.sealed, Set: password.at}
	}
	sc.user = u
	validation, err := attributeMap(in.ValidationData)
	if err != nil {
		return nil, err
	}
	answer, err := s.preSignUp(ctx, sc, trigger.PreSignUpSignUp, attrs, validation, in.ClientMetadata)
	if err != nil {
		return nil, err
	}
	if err := u.autoVerify(answer); err != nil {
		return nil, err
	}
	if answer.AutoConfirmUser {
		u.Status = UserStatusTypeConfirmed
	}
	delivery, err := s.storeSignUp(ctx, sc, in, answer)
	if err != nil {
		return nil, err
	}
	if answer.AutoConfirmUser { // TRG-042
		if err := s.postConfirmation(ctx, sc, trigger.PostConfirmationConfirmSignUp, in.ClientMetadata); err != nil {
			return nil, err
		}
	}
	out := &SignUpOutput{UserConfirmed: answer.AutoConfirmUser, UserSub: u.Sub, CodeDeliveryDetails: delivery}
	if delivery != nil { // else there is no code that confirms
		out.Session, err = s.signUpSession(ctx, sc, stepSignUp)
	}
	return out, err
}

// signUpRefusal refuses where only administrators make users (AUTH-091).
func (p *poolRecord) signUpRefusal() error {
	if c := p.Settings.AdminCreateUserConfig; c != nil && c.AllowAdminCreateUserOnly {
		return ErrNotAuthorized.New("SignUp is not permitted for this user pool")
	}
	return nil
}

// storeSignUp inserts the user, the code and the message that brings it, and returns where it goes. A message that cannot be
// sent for want of a sender leaves the user, who can ask again (AUTH-107).
func (s *Service) storeSignUp(ctx context.Context, sc scope, in *SignUpInput, answer trigger.PreSignUpResponse) (*CodeDeliveryDetailsType, error) {
	crypt, err := s.crypt(ctx, sc.pool)
	if err != nil {
		return nil, err
	}
	to, sends := sc.pool.signUpContact(sc.user)
	sends = sends && sc.user.Status == UserStatusTypeUnconfirmed
	var code string
	var msg outgoing
	var undeliverable error
	if sends {
		if code, err = s.newCode(); err != nil {
			return nil, err
		}
		if msg, undeliverable = s.compose(ctx, sc, message.SignUp, to, code, in.ClientMetadata); undeliverable != nil {
			sends = false
		}
	}
	insert := func(tx *store.Tx, blind bool) error {
		if answer.AutoVerifyEmail || answer.AutoVerifyPhone { // an alias may have to be taken from somebody (AUTH-059)
			if err := sc.pool.releaseAliases(ctx, tx, sc.user); err != nil {
				return err
			}
		}
		now, err := s.again(ctx, tx, scope{pool: sc.pool, client: sc.client, name: sc.name, proof: sc.proof, threat: sc.threat})
		if err != nil {
			return err
		}
		if err := now.pool.signUpRefusal(); err != nil { // closed while the trigger ran
			return err
		}
		now.user = sc.user
		if err := users.Of(now.pool.id()).Put(ctx, tx, sc.user); err != nil {
			return err
		}
		if err := s.record(ctx, tx, now, EventResponseTypePass); err != nil {
			return err
		}
		if !sends {
			return nil
		}
		first := s.codeOf(tx, crypt, now, codeSignUp, code, to.attribute, to.value)
		if err := codes.Of(now.pool.id()).Put(ctx, tx, first); err != nil { // a new user has no former one
			return err
		}
		return s.enqueue(ctx, tx, now.pool, crypt, msg, blind)
	}
	err = s.counted(ctx, insert)
	if c := store.AsConflict(err); c != nil {
		return nil, sc.pool.nameTaken(sc.user, c, false)
	}
	if err != nil {
		return nil, err
	}
	if undeliverable != nil {
		return nil, undeliverable
	}
	if !sends {
		return nil, nil
	}
	s.wakeRunner()
	return to.details(), nil
}

// signUpAttributes returns the checked attributes of a sign-up. In a pool whose users are named by an address the name is one
// of them (AUTH-046).
func (p *poolRecord) signUpAttributes(c *clientRecord, in *SignUpInput) (map[string]string, error) {
	attrs, err := attributeMap(in.UserAttributes)
	if err != nil {
		return nil, err
	}
	if err := p.nameForm(in.Username, attrs); err != nil {
		return nil, err
	}
	if in.Password == "" {
		if err := p.checkPasswordless(attrs); err != nil {
			return nil, err
		}
	} else if err := p.checkPassword(in.Password); err != nil {
		return nil, err
	}
	if err := p.checkWritable(c, attrs, true); err != nil {
		return nil, err
	}
	if _, given := attrs["preferred_username"]; given && p.Naming.has(aliasPreferred) { // AUTH-054
		return nil, ErrInvalidParameter.New("preferred_username can be set only after confirmation, since it is an alias.")
	}
	if err := p.checkNew(attrs, false); err != nil {
		return nil, err
	}
	if missing := p.missingAttributes(attrs); len(missing) > 0 {
		return nil, errRequired(missing)
	}
	return attrs, nil
}

// nameForm checks the form of a new user's name and, where users are named by an address, makes it an attribute (AUTH-046,
// AUTH-047, AUTH-053).
func (p *poolRecord) nameForm(name string, attrs map[string]string) error {
	email, phone := ident.IsEmail(name), ident.IsPhone(name)
	n := p.Naming
	switch {
	case !n.attributeNames():
		if email && n.has(aliasEmail) {
			return ErrInvalidParameter.New("Username cannot be of email format, since user pool is configured for email alias.")
		}
		if phone && n.has(aliasPhone) {
			return ErrInvalidParameter.New("Username cannot be of phone number format, since user pool is configured for phone number alias.")
		}
		return nil
	case email && n.has(nameIsEmail):
		return nameAttribute("email", name, n, attrs)
	case phone && n.has(nameIsPhone):
		return nameAttribute("phone_number", name, n, attrs)
	case !n.has(nameIsPhone):
		return ErrInvalidParameter.New("Username should be an email.")
	case !n.has(nameIsEmail):
		return ErrInvalidParameter.New("Username should be a phone number.")
	}
	return ErrInvalidParameter.New("Username should be either an email or a phone number.")
}

// nameAttribute puts the name among the attributes, which may repeat it but not contradict it.
func nameAttribute(attribute, name string, n naming, attrs map[string]string) error {
	if v, given := attrs[attribute]; given && n.fold(v) != n.fold(name) {
		return ErrInvalidParameter.Newf("User pool does not allow a %s that differs from the username.", attribute)
	}
	attrs[attribute] = name
	return nil
}

// newUser returns a user that is not stored yet. Where users are named by an address the name is the sub.
func (s *Service) newUser(p *poolRecord, name string, attrs map[string]string) (*userRecord, error) {
	sub, err := ident.UUID(s.rand)
	if err != nil {
		return nil, err
	}
	now := s.store.Now()
	u := &userRecord{Sub: sub, Naming: p.Naming, Created: now, Modified: now}
	if !p.Naming.attributeNames() {
		u.Username = name
	}
	u.setAttributes(attrs)
	return u, nil
}

// autoVerify marks what the pre sign-up function verified. There has to be something to verify (AUTH-059, TRG-043).
func (u *userRecord) autoVerify(answer trigger.PreSignUpResponse) error {
	for _, a := range []struct {
		attribute string
		verify    bool
	}{{"email", answer.AutoVerifyEmail}, {"phone_number", answer.AutoVerifyPhone}} {
		if !a.verify {
			continue
		}
		if u.Attributes[a.attribute] == "" {
			return ErrUserLambdaValidation.Newf("PreSignUp failed with error %s is required to be auto verified.",
				strings.ReplaceAll(a.attribute, "_", " "))
		}
		u.Attributes[a.attribute+"_verified"] = "true"
	}
	return nil
}

// existing is the answer to making a user whose name somebody has.
func (p *poolRecord) existing(sc scope, admin bool) error {
	switch {
	case p.Naming.attributeNames() && ident.IsEmail(sc.name):
		return errGivenExists(ErrUsernameExists, "email")
	case p.Naming.attributeNames() && ident.IsPhone(sc.name):
		return errGivenExists(ErrUsernameExists, "phone_number")
	case admin:
		return ErrUsernameExists.New("User account already exists")
	}
	return ErrUsernameExists.New("User already exists")
}
