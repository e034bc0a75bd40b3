package message

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/mail"
	"strings"
	"unicode/utf8"

	"github.com/cenote-auth/cenote/internal/ident"
)

// Medium is how a message travels, as the API spells it.
type Medium string

// The media.
const (
	MediumEmail Medium = "EMAIL"
	MediumSMS   Medium = "SMS"
)

// Kind is the occasion of a message, spelt as the second half of a custom sender's trigger source (TRG-120).
type Kind string

// The occasions.
const (
	SignUp                      Kind = "SignUp"
	ResendCode                  Kind = "ResendCode"
	ForgotPassword              Kind = "ForgotPassword"
	UpdateUserAttribute         Kind = "UpdateUserAttribute"
	VerifyUserAttribute         Kind = "VerifyUserAttribute"
	AdminCreateUser             Kind = "AdminCreateUser"
	Authentication              Kind = "Authentication"
	AccountTakeOverNotification Kind = "AccountTakeOverNotification"
)

// EmailSender delivers e-mail. SendEmail returns when somebody else has taken responsibility for the message, or with an
// error; one that is ErrRefused says that trying again is useless. It may be called again with the same Meta.ID after an
// error or a crash. It must be safe for concurrent use, end when ctx does, and neither log a message nor put one into an
// error.
type EmailSender interface {
	SendEmail(ctx context.Context, m Email) error
}

// SMSSender delivers text messages, under the rules of EmailSender.
type SMSSender interface {
	SendSMS(ctx context.Context, m SMS) error
}

// ErrRefused is the error of a sender for a message that cannot be delivered, however often it is tried.
var ErrRefused = errors.New("message refused")

// Meta is what a message is about. Senders may use it for routing and statistics.
type Meta struct {
	ID       string // the same in each attempt to deliver this message, and in no other message; may be empty
	Kind     Kind
	PoolID   string
	ClientID string // empty for administrative operations
	UserSub  string // empty if there is no user, or not yet
	Code     string // the code or temporary password inside the text; empty if there is none. Secret.
	Link     string // the link inside the text; empty if there is none. Secret.
}

// Email is one e-mail, to one address (MSG-036).
type Email struct {
	Meta
	To               string // a plain address
	From             string // "addr" or "Name <addr>"; empty leaves it to the sender
	ReplyTo          string // a plain address, or empty
	Subject          string
	HTML             string // the body (MSG-037)
	Text             string // the same as plain text; empty if there is none
	ConfigurationSet string // of the pool's EmailConfiguration; empty if there is none
}

// SMS is one text message.
type SMS struct {
	Meta
	To   string // E.164
	Text string

	// How the pool's SmsConfiguration says that its text messages travel, as it stands there: one of the two, or neither if the pool
	// has none. Senders that use neither service need not look (NEW-315).
	SNS              *SNS
	EndUserMessaging *EndUserMessaging
}

// SNS is the way of text messages through Amazon SNS.
type SNS struct {
	CallerARN  string `json:"callerArn"`
	ExternalID string `json:"externalId,omitempty"`
	Region     string `json:"region,omitempty"`
}

// EndUserMessaging is the way of text messages through AWS End User Messaging (NEW-312).
type EndUserMessaging struct {
	CallerARN           string `json:"callerArn"`
	ExternalID          string `json:"externalId,omitempty"`
	OriginationIdentity string `json:"originationIdentity,omitempty"` // a number, a sender id or a pool, plain or as an ARN
	ConfigurationSet    string `json:"configurationSet,omitempty"`
	EntityID            string `json:"entityId,omitempty"` // of the sender, and next of the text, as India wants them
	TemplateID          string `json:"templateId,omitempty"`
	Region              string `json:"region,omitempty"` // empty is the user pool's
}

const (
	maxBody = 256 << 10 // bytes; a template has at most 20,000 characters (MSG-002) and a link is not long
	maxLine = 998       // bytes of a header's value (RFC 5322 section 2.1.1)
	maxSMS  = 1600      // characters that carriers take for one message in several parts
)

// Check reports whether the e-mail can be handed on: addresses parse strictly, header values are one line of valid UTF-8, and
// there is a body of at most 256 KiB. Errors name the field, not its value, and are ErrRefused.
func (m Email) Check() error {
	if !ident.IsEmail(m.To) {
		return refuse("To is not a plain e-mail address")
	}
	if m.From != "" {
		if err := CheckFrom(m.From); err != nil {
			return err
		}
	}
	if m.ReplyTo != "" && !ident.IsEmail(m.ReplyTo) {
		return refuse("ReplyTo is not a plain e-mail address")
	}
	if m.Subject == "" || !oneLine(m.Subject) {
		return refuse("Subject is empty or not one line of text")
	}
	if len(m.ConfigurationSet) > 64 || strings.ContainsFunc(m.ConfigurationSet, notInConfigurationSet) {
		return refuse("ConfigurationSet is not made of letters, digits, _ and -")
	}
	if m.HTML == "" && m.Text == "" {
		return refuse("no body")
	}
	if !isBody(m.HTML) || !isBody(m.Text) {
		return refuse("body is too long or not text")
	}
	return nil
}

// CheckFrom reports whether from is "addr" or "Name <addr>" (MSG-031), one line, and nothing besides. Its error is ErrRefused.
func CheckFrom(from string) error {
	if oneLine(from) {
		a, err := mail.ParseAddress(from)
		if err == nil && ident.IsEmail(a.Address) && oneLine(a.Name) {
			return nil
		}
	}
	return refuse("From is neither an address nor a name with an address")
}

// Check reports whether the text message can be handed on: an E.164 number, and 1 to 1,600 characters of valid UTF-8. Errors
// name the field, not its value, and are ErrRefused.
func (m SMS) Check() error {
	switch {
	case !ident.IsPhone(m.To):
		return refuse("To is not a phone number")
	case m.Text == "" || !isBody(m.Text) || utf8.RuneCountInString(m.Text) > maxSMS:
		return refuse("text is empty, too long or not text")
	}
	return nil
}

func refuse(why string) error { return fmt.Errorf("%w: %s", ErrRefused, why) }

// oneLine reports whether s can be the value of a header: no CR, LF or other control character, also none of Unicode's line
// separators.
func oneLine(s string) bool {
	return len(s) <= maxLine && utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool {
		return r < ' ' || 0x7f <= r && r <= 0x9f || r == 0x2028 || r == 0x2029
	})
}

func isBody(s string) bool {
	return len(s) <= maxBody && utf8.ValidString(s) && !strings.ContainsRune(s, 0)
}

func notInConfigurationSet(r rune) bool {
	return !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || r == '_' || r == '-')
}

// masked returns an address as it may stand in a log (AUTH-104).
func masked(medium Medium, to string) string {
	if medium == MediumSMS {
		return ident.MaskPhone(to)
	}
	return ident.MaskEmail(to)
}

func redacted(medium Medium, to string, m Meta) slog.Value {
	return slog.GroupValue(
		slog.String("medium", string(medium)), slog.String("destination", masked(medium, to)),
		slog.String("kind", string(m.Kind)), slog.String("pool", m.PoolID), slog.String("client", m.ClientID),
	)
}

// LogValue leaves out text, code, link and most of the address.
func (m Email) LogValue() slog.Value { return redacted(MediumEmail, m.To, m.Meta) }

// String is LogValue as text.
func (m Email) String() string { return m.LogValue().String() }

// GoString is String.
func (m Email) GoString() string { return m.String() }

// LogValue leaves out text, code, link and most of the number.
func (m SMS) LogValue() slog.Value { return redacted(MediumSMS, m.To, m.Meta) }

// String is LogValue as text.
func (m SMS) String() string { return m.LogValue().String() }

// GoString is String.
func (m SMS) GoString() string { return m.String() }

// LogValue leaves out code and link.
func (m Meta) LogValue() slog.Value {
	return slog.GroupValue(slog.String("kind", string(m.Kind)), slog.String("pool", m.PoolID), slog.String("client", m.ClientID))
}

// String is LogValue as text.
func (m Meta) String() string { return m.LogValue().String() }

// GoString is String.
func (m Meta) GoString() string { return m.String() }
