package userpool

import (
	"context"
	"crypto/subtle"
	"encoding/base64"

	"github.com/cenote-auth/cenote/store"
)

var (
	errEventNotFound = ErrResourceNotFound.New("Event does not exist.")      // AUTH-571 (unconfirmed text)
	errFeedbackToken = ErrNotAuthorized.New("Invalid feedback token given.") // AUTH-571 (unconfirmed)
)

// Who says whether an event was the user's (AUTH-571, unconfirmed).
const (
	feedbackAdmin = "Admin"
	feedbackUser  = "User"
)

// AdminUpdateAuthEventFeedback records whether an event was the user's own (AUTH-571, AUTH-621). Later assessments take it into
// account (AUTH-572).
func (s *Service) AdminUpdateAuthEventFeedback(ctx context.Context, in *AdminUpdateAuthEventFeedbackInput) (*AdminUpdateAuthEventFeedbackOutput, error) {
	return call(ctx, s, opAdminUpdateAuthEventFeedback, in, s.adminUpdateAuthEventFeedback)
}

func (s *Service) adminUpdateAuthEventFeedback(ctx context.Context, in *AdminUpdateAuthEventFeedbackInput) (*AdminUpdateAuthEventFeedbackOutput, error) {
	sc, err := s.protectedUser(ctx, in.UserPoolId, in.Username)
	if err != nil {
		return nil, err
	}
	if sc.user == nil {
		return nil, errUserNotFound
	}
	return &AdminUpdateAuthEventFeedbackOutput{}, s.judge(ctx, sc, in.EventId, in.FeedbackValue, feedbackAdmin)
}

// UpdateAuthEventFeedback is AdminUpdateAuthEventFeedback for the user, who has the token from a notice. Nobody else learns from it
// who exists: an unknown name is a wrong token (H7).
func (s *Service) UpdateAuthEventFeedback(ctx context.Context, in *UpdateAuthEventFeedbackInput) (*UpdateAuthEventFeedbackOutput, error) {
	return call(ctx, s, opUpdateAuthEventFeedback, in, s.updateAuthEventFeedback)
}

func (s *Service) updateAuthEventFeedback(ctx context.Context, in *UpdateAuthEventFeedbackInput) (*UpdateAuthEventFeedbackOutput, error) {
	sc, err := s.protectedUser(ctx, in.UserPoolId, in.Username)
	if err != nil {
		return nil, err
	}
	if sc, err = s.hide(ctx, sc); err != nil {
		return nil, err
	}
	crypt, err := s.crypt(ctx, sc.pool)
	if err != nil {
		return nil, err
	}
	want := crypt.feedbackToken(sc.subject(), in.EventId)
	if subtle.ConstantTimeCompare([]byte(in.FeedbackToken), []byte(want)) != 1 || sc.user == nil {
		return nil, errFeedbackToken
	}
	return &UpdateAuthEventFeedbackOutput{}, s.judge(ctx, sc, in.EventId, in.FeedbackValue, feedbackUser)
}

// feedbackToken lets whoever has it say whether an event was the user's, either way, and do nothing else. It is a MAC under the
// pool's key over user and event, and ends with the event.
func (c poolCrypt) feedbackToken(sub, event string) string {
	return base64.RawURLEncoding.EncodeToString(c.key.MAC("event feedback", sub, event))
}

// judge stores feedback on an event of the scope's user.
func (s *Service) judge(ctx context.Context, sc scope, id string, value FeedbackValueType, by string) error {
	table := authEvents.Of(sc.pool.id())
	return s.store.Update(ctx, func(tx *store.Tx) error {
		find := table.FindBy(indexEvent, id)
		now, err := s.again(ctx, tx, sc, find)
		if err != nil {
			return err
		}
		if find.Got == nil || find.Got.Sub != now.user.Sub {
			return errEventNotFound
		}
		rec := *find.Got
		rec.Feedback, rec.FeedbackBy, rec.FeedbackAt = value, by, tx.Now()
		return table.Put(ctx, tx, &rec)
	})
}
