package userpool

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/cenote-auth/cenote/internal/ident"
	"github.com/cenote-auth/cenote/message"
	"github.com/cenote-auth/cenote/trigger"
)

// contact is an address of a user that a message goes to.
type contact struct {
	attribute string // "email" or "phone_number"
	value     string
}

func (c contact) medium() DeliveryMediumType {
	if c.attribute == "phone_number" {
		return DeliveryMediumTypeSms
	}
	return DeliveryMediumTypeEmail
}

// carries reports whether a message to the contact has the part.
func (c contact) carries(p message.Part) bool {
	return (p == message.PartSMS) == (c.medium() == DeliveryMediumTypeSms)
}

// details tells the caller where a code went, masked (AUTH-103, AUTH-104).
func (c contact) details() *CodeDeliveryDetailsType {
	d := &CodeDeliveryDetailsType{AttributeName: c.attribute, DeliveryMedium: c.medium(), Destination: ident.MaskEmail(c.value)}
	if c.attribute == "phone_number" {
		d.Destination = ident.MaskPhone(c.value)
	}
	return d
}

// autoVerifies reports whether the pool verifies the attribute by itself.
func (p *poolRecord) autoVerifies(attribute string) bool {
	return slices.Contains(p.Settings.AutoVerifiedAttributes, VerifiedAttributeType(attribute))
}

// signUpContact returns where the code of a sign-up goes: the phone first, one message only (AUTH-101, AUTH-102). Addresses
// that are verified already get none.
func (p *poolRecord) signUpContact(u *userRecord) (contact, bool) {
	for _, a := range []string{"phone_number", "email"} {
		if v := u.Attributes[a]; v != "" && p.autoVerifies(a) && !u.verified(a) {
			return contact{a, v}, true
		}
	}
	return contact{}, false
}

// compose writes the message that brings a code, or a temporary password, to a contact: the pool's template for the
// occasion, or what the custom message trigger makes of it. It runs outside of any transaction.
func (s *Service) compose(ctx context.Context, sc scope, kind message.Kind, to contact, code string, metadata map[string]string) (outgoing, error) {
	if !s.delivers(sc.pool, to.medium()) {
		return outgoing{}, errCodeDeliveryFailure
	}
	text, err := s.customMessage(ctx, sc, kind, sc.pool.template(kind), metadata, to)
	if err != nil {
		return outgoing{}, err
	}
	return sc.written(kind, text, to, code, metadata), nil
}

// written fills a text in for one contact. Where a function delivers, it gets the code and writes the text itself (TRG-117).
func (sc scope) written(kind message.Kind, text message.Text, to contact, code string, metadata map[string]string) outgoing {
	m := outgoing{
		PoolID: sc.pool.id(), Sub: sc.user.Sub, Kind: kind, Medium: to.medium(), To: to.value, Code: code,
	}
	if sc.client != nil {
		m.ClientID = sc.client.id()
	}
	if m.Sender = sc.senderCall(kind, m.Medium, metadata); m.Sender != nil {
		return m
	}
	values := message.Values{Code: code}
	if kind == message.AdminCreateUser { // in other messages the placeholder is text like any other (MSG-001)
		values.Username = sc.greetedAs()
	}
	if to.medium() == DeliveryMediumTypeSms {
		m.Body = message.Render(text.SMS, message.Plain, values)
		return m
	}
	m.Subject = message.Render(text.Subject, message.Plain, values)
	m.Body = message.Render(text.Email, message.HTML, values)
	return m
}

// greetedAs is the {username} of an invitation: where users are named by an address, that address, which is what signs in.
func (sc scope) greetedAs() string {
	if sc.pool.Naming.attributeNames() && sc.name != "" {
		return sc.name
	}
	return sc.user.name()
}

// delivers reports whether there is a sender for the pool's messages of the medium: the pool's own or else the installation's.
func (s *Service) delivers(p *poolRecord, m DeliveryMediumType) bool {
	if p.senderOf(m) != "" {
		return s.cfg.senderKeys != nil
	}
	if m == DeliveryMediumTypeSms {
		return s.cfg.sms != nil
	}
	return s.cfg.email != nil
}

// template returns the pool's texts for an occasion; what it does not set is the default (MSG-006, MSG-007, section 7.2).
func (p *poolRecord) template(kind message.Kind) message.Text {
	t := message.DefaultText(kind)
	set := func(to *string, v string) {
		if v != "" {
			*to = v
		}
	}
	switch kind {
	case message.AdminCreateUser:
		if c := p.Settings.AdminCreateUserConfig; c != nil && c.InviteMessageTemplate != nil {
			set(&t.SMS, c.InviteMessageTemplate.SMSMessage)
			set(&t.Email, c.InviteMessageTemplate.EmailMessage)
			set(&t.Subject, c.InviteMessageTemplate.EmailSubject)
		}
	case message.Authentication:
		set(&t.SMS, p.Settings.SmsAuthenticationMessage)
		if e := p.MFA.Email; e != nil { // MSG-012
			set(&t.Email, e.Message)
			set(&t.Subject, e.Subject)
		}
	default:
		if v := p.Settings.VerificationMessageTemplate; v != nil {
			set(&t.SMS, v.SmsMessage)
			set(&t.Email, v.EmailMessage)
			set(&t.Subject, v.EmailSubject)
		}
	}
	return t
}

// customMessage lets the pool's function change the texts of a message to some contacts (TRG-110…116).
func (s *Service) customMessage(
	ctx context.Context, sc scope, kind message.Kind, t message.Text, metadata map[string]string, to ...contact,
) (message.Text, error) {
	arn := sc.pool.lambda().CustomMessage
	if arn == "" {
		return t, nil
	}
	req := trigger.CustomMessageRequest{
		UserAttributes: sc.triggerAttributes(), CodeParameter: trigger.CodeParameter, LinkParameter: trigger.LinkParameter,
		ClientMetadata: metadata,
	}
	must := message.CodePlaceholder
	if kind == message.AdminCreateUser {
		req.UsernameParameter = new(trigger.UsernameParameter)
		must |= message.UsernamePlaceholder
	}
	event := trigger.CustomMessageEvent{Request: req}
	s.fillEvent(&event.Region, &event.UserPoolID, &event.UserName, &event.CallerContext, sc)
	event.TriggerSource = trigger.Source("CustomMessage_" + string(kind))
	answer, err := trigger.Run(ctx, s.triggers, arn, event)
	if err != nil {
		return t, err
	}
	for _, part := range []struct {
		name   message.Part
		text   *string
		to     *string
		needed message.Placeholders
	}{
		{message.PartSMS, answer.SMSMessage, &t.SMS, must}, {message.PartEmail, answer.EmailMessage, &t.Email, must},
		{message.PartSubject, answer.EmailSubject, &t.Subject, 0},
	} {
		if part.text == nil || *part.text == "" && !slices.ContainsFunc(to, func(c contact) bool { return c.carries(part.name) }) {
			continue // functions in Go return empty texts for null ones (TRG-011): it matters only in what is sent
		}
		if part.name.TooLong(*part.text) {
			return t, errUnrecognizableAnswer // TRG-113 (unconfirmed)
		}
		if err := part.name.Check(*part.text, part.needed); err != nil {
			return t, err
		}
		*part.to = *part.text
	}
	return t, nil
}

// send hands a message to the sender of its medium.
func (s *Service) send(ctx context.Context, id string, o outgoing) error {
	if o.Sender != nil {
		return s.sendByFunction(ctx, o)
	}
	meta := message.Meta{ID: id, Kind: o.Kind, PoolID: o.PoolID, ClientID: o.ClientID, UserSub: o.Sub, Code: o.Code, Link: o.Link}
	if o.Medium == DeliveryMediumTypeSms {
		if s.cfg.sms == nil {
			return errCodeDeliveryFailure
		}
		return s.cfg.sms.SendSMS(ctx, message.SMS{Meta: meta, To: o.To, Text: o.Body, SNS: o.SNS, EndUserMessaging: o.EUMS})
	}
	if s.cfg.email == nil {
		return errCodeDeliveryFailure
	}
	return s.cfg.email.SendEmail(ctx, message.Email{
		Meta: meta, To: o.To, From: o.From, ReplyTo: o.ReplyTo, ConfigurationSet: o.ConfigurationSet, Subject: o.Subject, HTML: o.Body,
		Text: o.Text,
	})
}

// smsFromPool fills in how the pool's SmsConfiguration says that its text messages travel, which is for the sender to heed (NEW-315).
func (o *outgoing) smsFromPool(c *SmsConfigurationType) {
	switch {
	case c == nil:
	case c.EumsSms != nil:
		e := c.EumsSms
		o.EUMS = &message.EndUserMessaging{
			CallerARN: e.CallerArn, ExternalID: e.ExternalId, OriginationIdentity: e.OriginationIdentity,
			ConfigurationSet: e.ConfigurationSetName, EntityID: e.InEntityId, TemplateID: e.InTemplateId, Region: e.Region,
		}
	default:
		o.SNS = &message.SNS{CallerARN: c.SnsCallerArn, ExternalID: c.ExternalId, Region: c.SnsRegion}
	}
}

// fromPool fills in what the pool's EmailConfiguration says of the sender. Only a pool that sends through its own account
// has a say in From and ConfigurationSet (POOL-048); the address that SourceArn names is the sender in both cases (MSG-030).
func (o *outgoing) fromPool(p *poolRecord) {
	if o.Medium == DeliveryMediumTypeSms {
		o.smsFromPool(p.Settings.SmsConfiguration)
		return
	}
	c := p.Settings.EmailConfiguration
	if c == nil || o.Medium != DeliveryMediumTypeEmail {
		return
	}
	o.ReplyTo = c.ReplyToEmailAddress
	if _, identity, _ := strings.Cut(c.SourceArn, ":identity/"); ident.IsEmail(identity) { // not a domain
		o.From = identity
	}
	if c.EmailSendingAccount == EmailSendingAccountTypeDeveloper {
		o.From, o.ConfigurationSet = cmp.Or(c.From, o.From), c.ConfigurationSet
	}
}
