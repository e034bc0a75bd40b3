// Package message is how codes, links and notifications reach people: what a message is, the two interfaces of those who
// deliver it, the rendering of Amazon Cognito's templates, and two senders that send nothing.
//
// An EmailSender or SMSSender belongs to whoever runs the service. message/smtp and message/webhook are senders for
// production; Log writes a line instead, and an Outbox keeps what was sent, for tests and for development:
//
//	var box message.Outbox
//	err := box.SendEmail(ctx, mail)
//	code := box.LastCode("ada@example.com")
//
// Messages carry secrets. Email, SMS and Message print redacted, so that neither %+v nor slog shows a code; only the
// fields themselves, and the JSON of an Outbox's Message, have it.
package message
