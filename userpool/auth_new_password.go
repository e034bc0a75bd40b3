package userpool

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/cenote-auth/cenote/trigger"
)

// attributeKey begins the keys of ChallengeResponses that give attributes (AUTH-213).
const attributeKey = "userAttributes."

// askNewPassword asks for NEW_PASSWORD_REQUIRED after a right temporary password (AUTH-211, AUTH-212). The client sees of the
// profile what it may read (ATTR-041).
func askNewPassword(in signIn, next *userRecord) (*ask, error) {
	missing := in.pool.missingAttributes(next.Attributes)
	for i, name := range missing {
		missing[i] = attributeKey + name
	}
	required, err := json.Marshal(append([]string{}, missing...))
	if err != nil {
		return nil, fmt.Errorf("encode required attributes: %w", err)
	}
	current, err := json.Marshal(in.pool.readable(in.client, next.Attributes))
	if err != nil {
		return nil, fmt.Errorf("encode attributes: %w", err)
	}
	return &ask{name: ChallengeNameTypeNewPasswordRequired, params: map[string]string{
		"USER_ID_FOR_SRP": next.name(), "requiredAttributes": string(required), "userAttributes": string(current),
	}}, nil
}

// answerNewPassword sets the password that NEW_PASSWORD_REQUIRED asked for, and the attributes that came with it (AUTH-213…218).
func (s *Service) answerNewPassword(ctx context.Context, in authAnswerInput, sc scope) (authAnswer, error) {
	si, v, err := s.resume(ctx, in, sc)
	if err != nil {
		return authAnswer{}, err
	}
	if sc.user == nil || sc.user.Status != UserStatusTypeForceChangePassword { // nil: deleted, and the client hides that

		return authAnswer{}, errSessionInvalid
	}
	if _, err := newPasswordAttributes(sc, in.responses); err != nil {
		return authAnswer{}, err
	}
	if si.scope, err = s.watch(ctx, si.scope, EventTypeSignIn, "", si.about); err != nil {
		return authAnswer{}, err
	}
	if si.scope, err = s.checkNewPassword(ctx, si.scope, in.responses["NEW_PASSWORD"]); err != nil {
		return authAnswer{}, err
	}
	next, err := s.preparePassword(ctx, sc, sc.user.Sub, sc.user.name(), in.responses["NEW_PASSWORD"])
	if err != nil {
		return authAnswer{}, err
	}
	crypt, err := s.crypt(ctx, sc.pool)
	if err != nil {
		return authAnswer{}, err
	}
	si.Source = trigger.TokenGenerationNewPasswordChallenge
	return s.advance(ctx, si, step{once: v.useOf(), change: func(u *userRecord) error {
		now := sc
		now.user = u // an administrator may have given him attributes meanwhile (C2)
		attrs, err := newPasswordAttributes(now, in.responses)
		if err != nil {
			return err
		}
		if err := u.setPassword(crypt, sc.pool, next); err != nil {
			return err
		}
		u.setAttributes(attrs)
		u.Status = UserStatusTypeConfirmed
		u.Modified = s.store.Now()
		return nil
	}})
}

// newPasswordAttributes returns the checked attributes of an answer. Required ones that have a value may not be given again
// (AUTH-214), the others must be (AUTH-215). What has a value is changed under the rules of a change: an immutable attribute
// stays what the administrator made it (ATTR-037).
func newPasswordAttributes(sc scope, responses map[string]string) (map[string]string, error) {
	attrs := map[string]string{}
	for key, v := range responses {
		if name, ok := strings.CutPrefix(key, attributeKey); ok {
			attrs[name] = v
		}
	}
	for _, name := range slices.Sorted(maps.Keys(attrs)) {
		if a := sc.pool.attribute(name); a != nil && isTrue(a.Required) && sc.user.Attributes[name] != "" {
			return nil, ErrNotAuthorized.Newf("Cannot modify an already provided %s", name)
		}
	}
	for _, name := range sc.pool.missingAttributes(sc.user.Attributes) {
		if attrs[name] == "" {
			return nil, ErrInvalidParameter.Newf("Invalid attributes given, %s is missing", name)
		}
	}
	if err := sc.pool.checkWritable(sc.client, attrs, true); err != nil {
		return nil, err
	}
	fresh, changed := map[string]string{}, map[string]string{}
	for name, v := range attrs {
		if sc.user.Attributes[name] == "" {
			fresh[name] = v
		} else {
			changed[name] = v
		}
	}
	if err := firstError(sc.pool.checkNew(fresh, false), sc.pool.checkChange(sc.user, changed, false)); err != nil {
		return nil, err
	}
	maps.Copy(fresh, changed) // checking has normalised the values
	return fresh, nil
}
