package message

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"
)

// DefaultCapacity is how many messages an Outbox keeps unless told otherwise.
const DefaultCapacity = 1000

// Outbox keeps what was sent instead of sending it. The zero value is ready; it is safe for concurrent use and must not be
// copied, see Clone.
type Outbox struct {
	Capacity int              // how many messages it keeps, the newest ones; 0 or less is DefaultCapacity. Set it before use.
	Now      func() time.Time // stamps the messages; nil is time.Now. Set it before use.

	mu       sync.Mutex
	messages []Message // oldest first
}

var (
	_ EmailSender = (*Outbox)(nil)
	_ SMSSender   = (*Outbox)(nil)
)

// Message is one message that was sent. Its JSON is the form in which the binary shows its outbox; everything else that
// prints it leaves out the secrets.
type Message struct {
	Destination string    `json:"destination"`
	Medium      Medium    `json:"medium"`
	Kind        Kind      `json:"kind"`
	Subject     string    `json:"subject"` // empty for SMS
	Body        string    `json:"body"`    // HTML for e-mail, plain for SMS
	Code        string    `json:"code"`    // code or temporary password; empty if there is none
	Link        string    `json:"link"`    // empty if there is none
	At          time.Time `json:"at"`      // UTC
}

// SendEmail keeps the e-mail if it is fit to be sent.
func (o *Outbox) SendEmail(ctx context.Context, m Email) error {
	if err := m.Check(); err != nil {
		return err
	}
	body := m.HTML
	if body == "" {
		body = m.Text
	}
	return o.add(ctx, Message{
		Destination: m.To, Medium: MediumEmail, Kind: m.Kind, Subject: m.Subject, Body: body, Code: m.Code, Link: m.Link,
	})
}

// SendSMS keeps the text message if it is fit to be sent.
func (o *Outbox) SendSMS(ctx context.Context, m SMS) error {
	if err := m.Check(); err != nil {
		return err
	}
	return o.add(ctx, Message{Destination: m.To, Medium: MediumSMS, Kind: m.Kind, Body: m.Text, Code: m.Code, Link: m.Link})
}

func (o *Outbox) add(ctx context.Context, m Message) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	now := o.Now
	if now == nil {
		now = time.Now
	}
	m.At = now().UTC()
	capacity := o.Capacity
	if capacity <= 0 {
		capacity = DefaultCapacity
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if drop := len(o.messages) + 1 - capacity; drop > 0 {
		o.messages = slices.Delete(o.messages, 0, drop)
	}
	o.messages = append(o.messages, m)
	return nil
}

// All returns the messages, oldest first.
func (o *Outbox) All() []Message {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Clone(o.messages)
}

// Last returns the newest message to the destination, an address or a number in any case.
func (o *Outbox) Last(to string) (m Message, ok bool) {
	return o.newest(func(m *Message) bool { return strings.EqualFold(m.Destination, to) })
}

// LastCode returns the code or temporary password of the newest message to the destination that has one, or "".
func (o *Outbox) LastCode(to string) string {
	m, _ := o.newest(func(m *Message) bool { return m.Code != "" && strings.EqualFold(m.Destination, to) })
	return m.Code
}

func (o *Outbox) newest(match func(*Message) bool) (m Message, ok bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for i := len(o.messages) - 1; i >= 0; i-- {
		if match(&o.messages[i]) {
			return o.messages[i], true
		}
	}
	return Message{}, false
}

// Reset forgets all messages.
func (o *Outbox) Reset() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.messages = nil
}

// Clone returns an Outbox with the same settings and messages that goes its own way from here.
func (o *Outbox) Clone() *Outbox {
	return &Outbox{Capacity: o.Capacity, Now: o.Now, messages: o.All()}
}

// LogValue leaves out subject, body, code, link and most of the address.
func (m Message) LogValue() slog.Value {
	return redacted(m.Medium, m.Destination, Meta{Kind: m.Kind})
}

// String is LogValue as text.
func (m Message) String() string { return m.LogValue().String() }

// GoString is String.
func (m Message) GoString() string { return m.String() }

// Replace makes the outbox hold what another one holds, as when a kept state is brought back.
func (o *Outbox) Replace(with *Outbox) {
	kept := with.All()
	o.mu.Lock()
	defer o.mu.Unlock()
	o.messages = kept
}
