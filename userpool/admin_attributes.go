package userpool

import (
	"context"
	"errors"
	"maps"
	"slices"

	"github.com/cenote-auth/cenote/message"
	"github.com/cenote-auth/cenote/store"
)

// AdminUpdateUserAttributes changes attributes of a user; an empty value deletes (USR-037, ATTR-037…040). A new address is
// unverified unless the call says otherwise, and gets a code if the pool verifies it (ATTR-050…053). An address that the call
// verifies is taken from whoever signs in by it (ATTR-057).
func (s *Service) AdminUpdateUserAttributes(ctx context.Context, in *AdminUpdateUserAttributesInput) (*AdminUpdateUserAttributesOutput, error) {
	return call(ctx, s, opAdminUpdateUserAttributes, in, s.adminUpdateUserAttributes)
}

func (s *Service) adminUpdateUserAttributes(ctx context.Context, in *AdminUpdateUserAttributesInput) (*AdminUpdateUserAttributesOutput, error) {
	sc, err := s.poolUser(ctx, in.UserPoolId, in.Username)
	if err != nil {
		return nil, err
	}
	given, err := attributeMap(in.UserAttributes)
	if err != nil {
		return nil, err
	}
	_, err = s.updateAttributes(ctx, sc, attributeUpdate{
		given: given, signed: true, metadata: in.ClientMetadata,
		allow: func(context.Context, *store.Tx, scope) error { return nil },
	})
	if err != nil {
		return nil, err
	}
	return &AdminUpdateUserAttributesOutput{}, nil
}

// UpdateUserAttributes changes attributes of the caller that the token's client may write, and answers where codes went
// (ATTR-039, ATTR-051).
func (s *Service) UpdateUserAttributes(ctx context.Context, in *UpdateUserAttributesInput) (*UpdateUserAttributesOutput, error) {
	return call(ctx, s, opUpdateUserAttributes, in, s.updateUserAttributes)
}

func (s *Service) updateUserAttributes(ctx context.Context, in *UpdateUserAttributesInput) (*UpdateUserAttributesOutput, error) {
	b, err := s.authorize(ctx, in.AccessToken)
	if err != nil {
		return nil, err
	}
	given, err := attributeMap(in.UserAttributes)
	if err != nil {
		return nil, err
	}
	sent, err := s.updateAttributes(ctx, b.scope, attributeUpdate{
		given: given, metadata: in.ClientMetadata,
		allow: func(ctx context.Context, tx *store.Tx, now scope) error { return s.stillBearer(ctx, tx, b, now) },
	})
	if err != nil {
		return nil, err
	}
	out := &UpdateUserAttributesOutput{CodeDeliveryDetailsList: make([]CodeDeliveryDetailsType, 0, len(sent))}
	for _, to := range sent {
		out.CodeDeliveryDetailsList = append(out.CodeDeliveryDetailsList, *to.details())
	}
	return out, nil
}

// attributeUpdate is what somebody wants of a user's attributes.
type attributeUpdate struct {
	given    map[string]string
	signed   bool // by an administrator
	metadata map[string]string
	allow    func(ctx context.Context, tx *store.Tx, now scope) error // refuses in the Update what is no longer allowed
}

// updateAttributes changes the attributes of the scope's user and queues the codes that verify new addresses, in one Update. It
// returns where the codes go. Messages are written before: if that fails nothing has changed (ERR-082).
func (s *Service) updateAttributes(ctx context.Context, sc scope, up attributeUpdate) ([]contact, error) {
	crypt, err := s.crypt(ctx, sc.pool)
	if err != nil {
		return nil, err
	}
	for range maxRegrants {
		plan, err := sc.planAttributes(up)
		if err != nil {
			return nil, err
		}
		if !up.signed && len(plan.verify) > 0 { // before the trigger (H6)
			if err := s.refuseEarly(ctx, sc.pool, sc.user.Sub, "AttributeUpdate", s.cfg.limits.AttributeUpdate); err != nil {
				return nil, limitAsThrottling(err)
			}
		}
		letters, err := s.writeCodes(ctx, sc, plan, up.metadata)
		if err != nil {
			return nil, err
		}
		var now scope
		err = s.store.Update(ctx, func(tx *store.Tx) error {
			var err error
			if now, err = s.again(ctx, tx, sc); err != nil {
				return err
			}
			if err := up.allow(ctx, tx, now); err != nil {
				return err
			}
			again, err := now.planAttributes(up)
			if err != nil {
				return err
			}
			if !slices.Equal(again.verify, plan.verify) { // other codes than those that were written
				return errChanged
			}
			return s.storeAttributes(ctx, tx, now, crypt, again, letters, up.signed)
		})
		if c := store.AsConflict(err); c != nil { // AUTH-060
			return nil, now.pool.aliasTaken(now.user, c)
		}
		if err == nil {
			s.wakeRunner()
			return plan.verify, nil
		}
		if !errors.Is(err, errChanged) {
			return nil, err
		}
		if sc, err = s.asIs(ctx, sc); err != nil {
			return nil, err
		}
	}
	return nil, errTooManyRequests
}

// attributePlan is what an update makes of a user.
type attributePlan struct {
	apply  map[string]string // at once; an empty value deletes
	hold   map[string]string // addresses that wait for their code (ATTR-053)
	verify []contact         // addresses that get a code
}

// planAttributes checks an update of the scope's user and says what it comes to.
func (sc scope) planAttributes(up attributeUpdate) (attributePlan, error) {
	attrs := cloneMap(up.given)
	if !up.signed {
		if err := sc.pool.checkWritable(sc.client, attrs, false); err != nil {
			return attributePlan{}, err
		}
	}
	if err := sc.pool.checkChange(sc.user, attrs, up.signed); err != nil {
		return attributePlan{}, err
	}
	plan := attributePlan{apply: attrs, hold: map[string]string{}}
	for _, a := range []string{"email", "phone_number"} {
		v, given := attrs[a]
		if !given || v == "" || v == sc.user.Attributes[a] || attrs[a+"_verified"] == "true" { // ATTR-052
			continue
		}
		holds := sc.pool.verifiesFirst(a)
		if holds { // the flag of the request, if any, is about the new address
			plan.hold[a] = v
			delete(attrs, a)
			delete(attrs, a+"_verified")
		}
		if holds || sc.pool.autoVerifies(a) {
			plan.verify = append(plan.verify, contact{a, v})
		}
	}
	return plan, nil
}

// verifiesFirst reports whether a new address is in force only once it is verified (ATTR-053).
func (p *poolRecord) verifiesFirst(attribute string) bool {
	c := p.Settings.UserAttributeUpdateSettings
	return c != nil && slices.Contains(c.AttributesRequireVerificationBeforeUpdate, VerifiedAttributeType(attribute))
}

// codeLetter is a code and the message that brings it.
type codeLetter struct {
	code string
	msg  outgoing
}

// writeCodes writes the messages of a plan, for the user as it leaves him.
func (s *Service) writeCodes(ctx context.Context, sc scope, plan attributePlan, metadata map[string]string) ([]codeLetter, error) {
	if len(plan.verify) == 0 {
		return nil, nil
	}
	sc.user = sc.user.clone()
	sc.user.setAttributes(plan.apply)
	letters := make([]codeLetter, len(plan.verify))
	for i, to := range plan.verify {
		var err error
		if letters[i].code, err = s.newCode(); err != nil {
			return nil, err
		}
		if letters[i].msg, err = s.compose(ctx, sc, message.UpdateUserAttribute, to, letters[i].code, metadata); err != nil {
			return nil, err
		}
	}
	return letters, nil
}

// storeAttributes carries out a plan within an Update.
func (s *Service) storeAttributes(ctx context.Context, tx *store.Tx, now scope, c poolCrypt, plan attributePlan, letters []codeLetter, signed bool) error {
	if err := now.applyAttributes(ctx, tx, plan); err != nil {
		return err
	}
	if signed { // ATTR-057
		if err := now.pool.releaseAliases(ctx, tx, now.user); err != nil {
			return err
		}
	}
	if err := users.Of(now.pool.id()).Put(ctx, tx, now.user); err != nil {
		return err
	}
	for i, to := range plan.verify {
		if !signed { // an account is no licence to have messages sent all over the world (H12)
			if err := s.count(ctx, tx, now.pool, now.user.Sub, "AttributeUpdate", s.cfg.limits.AttributeUpdate); err != nil {
				return limitAsThrottling(err)
			}
		}
		purpose, _ := attributeCode(to.attribute)
		if err := s.putCode(ctx, tx, c, now, purpose, letters[i].code, to.attribute, to.value); err != nil {
			return err
		}
		if err := s.enqueue(ctx, tx, now.pool, c, letters[i].msg, false); err != nil {
			return limitAsThrottling(err)
		}
	}
	return nil
}

// applyAttributes carries out a plan on the scope's user, who is not put yet.
func (sc scope) applyAttributes(ctx context.Context, tx *store.Tx, plan attributePlan) error {
	u := sc.user
	email, phone := u.Attributes["email"], u.Attributes["phone_number"]
	u.change(plan)
	u.Modified = tx.Now()
	if u.Naming.attributeNames() && len(u.names()) == 1 { // only the sub is left
		return ErrInvalidParameter.New("The user has no other name than the attribute, which cannot be deleted.")
	}
	if u.Attributes["email"] == email && u.Attributes["phone_number"] == phone {
		return nil
	}
	return codes.Of(sc.pool.id()).Remove(ctx, tx, u.Sub, string(codeReset)) // C4: it may lie in a mailbox that is no longer his
}

// change applies a plan. Whatever is said about an address replaces one that waited.
func (u *userRecord) change(plan attributePlan) {
	for _, a := range []string{"email", "phone_number"} {
		if _, given := plan.apply[a]; given {
			delete(u.Pending, a)
		}
	}
	u.setAttributes(plan.apply)
	maps.Copy(u.Pending, plan.hold)
}
