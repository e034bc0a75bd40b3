package userpool

import (
	"context"
	"errors"
	"strings"
	"unicode"

	"github.com/cenote-auth/cenote/internal/ident"
	"github.com/cenote-auth/cenote/message"
	"github.com/cenote-auth/cenote/risk"
	"github.com/cenote-auth/cenote/store"
)

// noticeTime is how notices write when a sign-in was (unconfirmed).
const noticeTime = "Mon Jan 02 15:04:05 UTC 2006"

// noticeText returns the text that tells of what followed a risk, or nil if the pool has none for it (AUTH-567).
func (n *NotifyConfigurationType) noticeText(action AccountTakeoverEventActionType) *NotifyEmailType {
	switch action {
	case AccountTakeoverEventActionTypeBlock:
		return n.BlockEmail
	case AccountTakeoverEventActionTypeMfaIfConfigured, AccountTakeoverEventActionTypeMfaRequired:
		return n.MfaEmail
	}
	return n.NoActionEmail
}

// notice writes the e-mail that tells a user of a risky sign-in and of what followed; nil if none is due: the level does not
// notify, there is no text, or the user no verified address (AUTH-567). Where a function delivers it gets the facts, and writes the
// text itself (TRG-125).
func (s *Service) notice(c poolCrypt, in signIn, v *riskVerdict, action AccountTakeoverEventActionType) *outgoing {
	n := v.notify
	if n == nil || !s.delivers(in.pool, DeliveryMediumTypeEmail) || !in.user.verified("email") {
		return nil
	}
	facts := eventFacts(c, in.user, v.event, action)
	m := &outgoing{
		PoolID: in.pool.id(), ClientID: in.client.id(), Sub: in.user.Sub, Kind: message.AccountTakeOverNotification,
		Medium: DeliveryMediumTypeEmail, To: in.user.Attributes["email"],
	}
	if m.Sender = in.senderCall(m.Kind, m.Medium, in.metadata); m.Sender != nil {
		m.Sender.Attributes = facts
		return m
	}
	text := n.noticeText(action)
	if text == nil {
		return nil
	}
	values := message.Values{Username: in.user.name(), Facts: noticeFacts(facts)}
	m.Subject, m.Body = message.Render(text.Subject, message.Plain, values), message.Render(text.HtmlBody, message.HTML, values)
	m.Text = message.Render(text.TextBody, message.Plain, values)
	m.From, m.ReplyTo = n.From, n.ReplyTo
	if _, identity, _ := strings.Cut(n.SourceArn, ":identity/"); m.From == "" && ident.IsEmail(identity) { // not a domain
		m.From = identity
	}
	return m
}

// eventFacts is what a notice can tell of an event, under the names of a custom sender's event (TRG-125, unconfirmed). The links are
// empty: they need a domain of the pool (AUTH-568).
func eventFacts(c poolCrypt, u *userRecord, e *authEvent, action AccountTakeoverEventActionType) map[string]string {
	return map[string]string{
		"EVENT_ID": e.ID, "USER_NAME": u.name(), "IP_ADDRESS": e.IP, "ACTION": string(action),
		"CITY": oneLine(e.Place.City), "COUNTRY": oneLine(e.Place.Country),
		"LOGIN_TIME": e.At.UTC().Format(noticeTime), "DEVICE_NAME": e.Device, "RISK_LEVEL": strings.ToUpper(e.Level.String()),
		"ONE_CLICK_LINK_VALID": "", "ONE_CLICK_LINK_INVALID": "", "FEEDBACK_TOKEN": c.feedbackToken(u.Sub, e.ID),
	}
}

// noticeFacts are the facts under the names of placeholders (AUTH-568, MSG-011).
func noticeFacts(facts map[string]string) map[string]string {
	return map[string]string{
		"ip-address": facts["IP_ADDRESS"], "city": facts["CITY"], "country": facts["COUNTRY"], "login-time": facts["LOGIN_TIME"],
		"device-name": facts["DEVICE_NAME"], "event-id": facts["EVENT_ID"], "feedback-token": facts["FEEDBACK_TOKEN"],
		"one-click-link-valid": facts["ONE_CLICK_LINK_VALID"], "one-click-link-invalid": facts["ONE_CLICK_LINK_INVALID"],
	}
}

const maxFact = 200 // bytes of a place's name

// oneLine makes a name that comes from a Locator fit for a header (H12).
func oneLine(text string) string {
	text = strings.ToValidUTF8(text[:min(len(text), maxFact)], "")
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, text)
}

// enqueueNotice queues a notice in the Update of what it tells of. Notices to one address are counted for themselves, so that they
// use up nobody's codes, and one too many is left out: it is no reason to refuse anything.
func (s *Service) enqueueNotice(ctx context.Context, tx *store.Tx, p *poolRecord, c poolCrypt, m *outgoing) error {
	if m == nil {
		return nil
	}
	err := s.count(ctx, tx, p, destinationKey(c, m.To), "notice", s.cfg.limits.MessagesPerDestination)
	if errors.Is(err, errAttemptLimit) {
		return nil
	}
	if err != nil {
		return err
	}
	return s.queue(ctx, tx, p, c, *m)
}

// actionAt returns what the configuration has for a level, and the texts if the user is to be told of it; NO_ACTION and nothing to
// tell if it has none (AUTH-558).
func (r *RiskConfigurationType) actionAt(l risk.Level) (AccountTakeoverEventActionType, *NotifyConfigurationType) {
	a := r.AccountTakeoverRiskConfiguration
	if a == nil || a.Actions == nil {
		return AccountTakeoverEventActionTypeNoAction, nil
	}
	at := map[risk.Level]*AccountTakeoverActionType{
		risk.Low: a.Actions.LowAction, risk.Medium: a.Actions.MediumAction, risk.High: a.Actions.HighAction,
	}[l]
	switch {
	case at == nil:
		return AccountTakeoverEventActionTypeNoAction, nil
	case !at.Notify:
		return at.EventAction, nil
	}
	return at.EventAction, a.NotifyConfiguration
}
