package message

import (
	"context"
	"log/slog"
)

// Log writes a line per message instead of sending it. Without Reveal nobody can sign in with its help, which is what a
// log that others read should be like.
type Log struct {
	Logger *slog.Logger // nil is slog.Default
	Reveal bool         // write the whole message, codes and links included: for a developer's own terminal only
}

var (
	_ EmailSender = Log{}
	_ SMSSender   = Log{}
)

// SendEmail logs the e-mail if it is fit to be sent.
func (l Log) SendEmail(ctx context.Context, m Email) error {
	if err := m.Check(); err != nil {
		return err
	}
	if !l.Reveal {
		l.write(ctx, slog.Any("message", m))
		return nil
	}
	body := m.Text
	if body == "" {
		body = m.HTML
	}
	l.write(ctx, open(MediumEmail, m.To, m.Subject, body, m.Meta))
	return nil
}

// SendSMS logs the text message if it is fit to be sent.
func (l Log) SendSMS(ctx context.Context, m SMS) error {
	if err := m.Check(); err != nil {
		return err
	}
	if !l.Reveal {
		l.write(ctx, slog.Any("message", m))
		return nil
	}
	l.write(ctx, open(MediumSMS, m.To, "", m.Text, m.Meta))
	return nil
}

func (l Log) write(ctx context.Context, attr slog.Attr) {
	log := l.Logger
	if log == nil {
		log = slog.Default()
	}
	log.LogAttrs(ctx, slog.LevelInfo, "message not sent, only logged", attr)
}

func open(medium Medium, to, subject, body string, m Meta) slog.Attr {
	return slog.Group("message",
		"medium", medium, "destination", to, "kind", m.Kind, "pool", m.PoolID, "client", m.ClientID,
		"subject", subject, "body", body, "code", m.Code, "link", m.Link)
}
