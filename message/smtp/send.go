package smtp

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"

	"github.com/wneessen/go-mail"

	"github.com/cenote-auth/cenote/message"
)

// SendEmail hands the message to the server and returns once the server has answered for it. The error is message.ErrRefused
// if the message is malformed, names a sender of a foreign domain, or if the server refuses it for good. Errors name
// neither the address nor anything of the text.
func (s *Sender) SendEmail(ctx context.Context, m message.Email) error {
	msg, err := s.build(m)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()

	// go-mail leaves the connection open when the greeting, STARTTLS or the authentication fails, and does not look at ctx
	// once it is connected.
	conn, err := s.dial(ctx)
	if err != nil {
		return fmt.Errorf("smtp: connect: %w", err)
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()

	client, err := mail.NewClient(s.host, append(slices.Clip(s.options), mail.WithDialContextFunc(
		func(context.Context, string, string) (net.Conn, error) { return conn, nil }))...)
	if err != nil {
		return fmt.Errorf("smtp: %w", err)
	}
	session, err := client.DialToSMTPClientWithContext(ctx)
	if err != nil {
		return ended(ctx, fmt.Errorf("smtp: open session: %w", err))
	}
	err = client.SendWithSMTPClient(session, msg)
	if msg.IsDelivered() { // whatever came after that: a second attempt would be a second mail
		_ = client.CloseWithSMTPClient(session)
		return nil
	}
	return ended(ctx, verdict(err))
}

// ended adds why ctx ended, which is why the connection was closed.
func ended(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return errors.Join(context.Cause(ctx), err)
	}
	return err
}

// verdict keeps of the server's answer what helps and identifies nobody. 5xx is for good (RFC 5321 section 4.2.1).
func verdict(err error) error {
	e, ok := errors.AsType[*mail.SendError](err)
	if !ok || e.ErrorCode() == 0 {
		return errors.New("smtp: connection lost while sending")
	}
	err = fmt.Errorf("smtp: server answered %s", strings.TrimSpace(fmt.Sprintf("%d %s", e.ErrorCode(), e.EnhancedStatusCode())))
	if e.ErrorCode() >= 500 && !e.IsTemp() {
		err = fmt.Errorf("%w: %w", message.ErrRefused, err)
	}
	return err
}

func (s *Sender) build(m message.Email) (*mail.Msg, error) {
	if err := m.Check(); err != nil {
		return nil, err
	}
	from := s.from
	if m.From != "" {
		if !slices.Contains(s.domains, domainOf(m.From)) {
			return nil, fmt.Errorf("%w: From is of a domain that this sender does not send for", message.ErrRefused)
		}
		from = m.From
	}
	id, err := s.messageID(m.ID)
	if err != nil {
		return nil, err
	}
	msg := mail.NewMsg(mail.WithNoDefaultUserAgent())
	err = errors.Join(msg.From(from), msg.To(m.To))
	if m.ReplyTo != "" {
		err = errors.Join(err, msg.ReplyTo(m.ReplyTo))
	}
	if err != nil { // its text has the addresses
		return nil, fmt.Errorf("%w: go-mail does not take its addresses", message.ErrRefused)
	}
	msg.Subject(m.Subject)
	msg.SetDateWithValue(s.now())
	msg.SetMessageIDWithValue(id + "@" + idDomain(from))
	msg.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834: nobody's absence note shall answer
	if m.ConfigurationSet != "" {
		msg.SetGenHeader("X-SES-CONFIGURATION-SET", m.ConfigurationSet) // Amazon SES reads it, others ignore it
	}
	switch {
	case m.HTML == "":
		msg.SetBodyString(mail.TypeTextPlain, m.Text)
	case m.Text == "":
		msg.SetBodyString(mail.TypeTextHTML, m.HTML)
	default: // the best version stands last (RFC 2046 section 5.1.4)
		msg.SetBodyString(mail.TypeTextPlain, m.Text)
		msg.AddAlternativeString(mail.TypeTextHTML, m.HTML)
	}
	return msg, nil
}

// messageID returns the message's own id, so that a repeated delivery can be told from another message, or a random one.
func (s *Sender) messageID(id string) (string, error) {
	fits := id != "" && len(id) <= 64 && !strings.ContainsFunc(id, func(r rune) bool {
		return !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || r == '-' || r == '_')
	})
	if fits {
		return id, nil
	}
	raw := make([]byte, 16)
	if _, err := io.ReadFull(s.rand, raw); err != nil {
		return "", fmt.Errorf("smtp: make message id: %w", err)
	}
	return hex.EncodeToString(raw), nil
}

// idDomain returns what stands behind the @ of a message id, which go-mail would encode if it were not ASCII.
func idDomain(from string) string {
	if d := domainOf(from); isHostName(d) {
		return d
	}
	return "cenote.invalid"
}
