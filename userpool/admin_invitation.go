package userpool

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/cenote-auth/cenote/message"
	"github.com/cenote-auth/cenote/store"
)

// invitation is what brings a temporary password to a user.
type invitation struct {
	messages      []outgoing
	undeliverable error // a medium without a sender; what can be sent is
}

// inviteTo returns where an invitation goes: to each medium that the request names and the user has an address for (USR-016,
// USR-018, AUTH-120). Without naming one it goes by SMS, and a user without a number gets none; a repeated invitation, which
// would be pointless then, goes by e-mail. Media that are named and cannot reach the user at all are refused (AUTH-585).
func inviteTo(in *AdminCreateUserInput, attrs map[string]string) ([]contact, error) {
	if in.MessageAction == MessageActionTypeSuppress {
		return nil, nil
	}
	media := in.DesiredDeliveryMediums
	again := in.MessageAction == MessageActionTypeResend
	if len(media) == 0 {
		media = []DeliveryMediumType{DeliveryMediumTypeSms}
		if again && attrs["phone_number"] == "" {
			media = []DeliveryMediumType{DeliveryMediumTypeEmail}
		}
	}
	var to []contact
	for _, medium := range media {
		c := contact{attribute: "email"}
		if medium == DeliveryMediumTypeSms {
			c.attribute = "phone_number"
		}
		c.value = attrs[c.attribute]
		if c.value != "" && !slices.Contains(to, c) {
			to = append(to, c)
		}
	}
	if len(to) == 0 && (again || len(in.DesiredDeliveryMediums) > 0) {
		return nil, ErrInvalidParameter.Newf("User does not have delivery mediums: %v", media) // unconfirmed text
	}
	return to, nil
}

// contactsOf returns the same contacts with the addresses that they have in attrs.
func contactsOf(list []contact, attrs map[string]string) []contact {
	out := slices.Clone(list)
	for i := range out {
		out[i].value = attrs[out[i].attribute]
	}
	return out
}

// writeInvitation writes the messages that bring a temporary password to the scope's user. The custom message function is asked
// once, whatever the media. ClientMetadata is for the pre sign-up function alone (matrix in section 6.13).
func (s *Service) writeInvitation(ctx context.Context, sc scope, to []contact, password string) (invitation, error) {
	var inv invitation
	if len(to) == 0 {
		return inv, nil
	}
	text, err := s.customMessage(ctx, sc, message.AdminCreateUser, sc.pool.template(message.AdminCreateUser), nil, to...)
	if err != nil {
		return inv, err
	}
	for _, c := range to {
		if !s.delivers(sc.pool, c.medium()) {
			inv.undeliverable = errCodeDeliveryFailure
			continue
		}
		inv.messages = append(inv.messages, sc.written(message.AdminCreateUser, text, c, password, nil))
	}
	return inv, nil
}

// enqueueInvitation stores the messages of an invitation within an Update. An address that has got too many is
// TooManyRequestsException: AdminCreateUser has no LimitExceededException.
func (s *Service) enqueueInvitation(ctx context.Context, tx *store.Tx, p *poolRecord, c poolCrypt, inv invitation) error {
	for _, m := range inv.messages {
		if err := s.enqueue(ctx, tx, p, c, m, false); err != nil {
			return limitAsThrottling(fmt.Errorf("invite: %w", err))
		}
	}
	return nil
}

// limitAsThrottling translates a limit for operations whose model has no LimitExceededException.
func limitAsThrottling(err error) error {
	if errors.Is(err, errAttemptLimit) {
		return errTooManyRequests
	}
	return err
}
