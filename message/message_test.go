package message_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/mail"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cenote-auth/cenote/message"
)

func email() message.Email {
	return message.Email{
		Meta: message.Meta{Kind: message.SignUp, PoolID: "eu-central-1_Example01", ClientID: "1example23456789", Code: "123456"},
		To:   "ada@example.com", Subject: "Your verification code", HTML: "Your verification code is 123456. ",
	}
}

func sms() message.SMS {
	return message.SMS{
		Meta: message.Meta{Kind: message.Authentication, PoolID: "eu-central-1_Example01", Code: "654321"},
		To:   "+14325551212", Text: "Your authentication code is 654321. ",
	}
}

func TestH12_HeaderInjection(t *testing.T) {
	t.Parallel()
	fields := map[string]func(*message.Email, string){
		"To":               func(m *message.Email, s string) { m.To += s },
		"From":             func(m *message.Email, s string) { m.From = "Example" + s + " <no-reply@example.com>" },
		"From, at the end": func(m *message.Email, s string) { m.From = "no-reply@example.com" + s },
		"ReplyTo":          func(m *message.Email, s string) { m.ReplyTo = "help@example.com" + s },
		"Subject":          func(m *message.Email, s string) { m.Subject += s },
		"ConfigurationSet": func(m *message.Email, s string) { m.ConfigurationSet = "set" + s },
	}
	attacks := []string{
		"\r\nBcc: eve@example.org", "\nBcc: eve@example.org", "\rBcc: eve@example.org", "\r\n\r\n<html>", "\x00", "\u2028Bcc: eve@example.org",
		"\u0085Bcc: eve@example.org", "\xff",
	}
	senders := map[string]message.EmailSender{"outbox": &message.Outbox{}, "log": message.Log{Logger: slog.New(slog.DiscardHandler)}}
	for field, set := range fields {
		for _, attack := range attacks {
			m := email()
			set(&m, attack)
			for sender, s := range senders {
				if err := s.SendEmail(t.Context(), m); !errors.Is(err, message.ErrRefused) {
					t.Errorf("%s took %q in %s: %v", sender, attack, field, err)
				}
			}
		}
	}
}

func TestEmailCheck(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		change func(*message.Email)
		ok     bool
	}{
		{"as it is", func(*message.Email) {}, true},
		{"From with a name", func(m *message.Email) { m.From = "Ada <ada@example.com>" }, true}, // MSG-031
		{"From in UTF-8", func(m *message.Email) { m.From = "Zoë <zoe@example.com>" }, true},
		{"From with two addresses", func(m *message.Email) { m.From = "a@example.com, b@example.com" }, false},
		{"ReplyTo", func(m *message.Email) { m.ReplyTo = "help@example.com" }, true}, // MSG-033
		{"ReplyTo with a name", func(m *message.Email) { m.ReplyTo = "Help <help@example.com>" }, false},
		{"To with a name", func(m *message.Email) { m.To = "Ada <ada@example.com>" }, false},
		{"To with two addresses", func(m *message.Email) { m.To = "ada@example.com,eve@example.org" }, false},
		{"To with a quoted address", func(m *message.Email) { m.To = `"eve@example.org> x"@example.com` }, false},
		{"To with a comment", func(m *message.Email) { m.To = "ada@example.com (Ada)" }, false},
		{"To empty", func(m *message.Email) { m.To = "" }, false},
		{"no subject", func(m *message.Email) { m.Subject = "" }, false},
		{"subject too long", func(m *message.Email) { m.Subject = strings.Repeat("x", 999) }, false},
		{"configuration set", func(m *message.Email) { m.ConfigurationSet = "a-B_9" }, true},
		{"configuration set of other characters", func(m *message.Email) { m.ConfigurationSet = "a b" }, false},
		{"only text", func(m *message.Email) { m.HTML, m.Text = "", "x" }, true},
		{"no body", func(m *message.Email) { m.HTML = "" }, false},
		{"body with line breaks", func(m *message.Email) { m.HTML = "a\r\nb\n.\r\n" }, true},
		{"body too long", func(m *message.Email) { m.HTML = strings.Repeat("x", 256<<10+1) }, false},
		{"body with NUL", func(m *message.Email) { m.HTML = "a\x00" }, false},
	} {
		m := email()
		tt.change(&m)
		err := m.Check()
		if (err == nil) != tt.ok || err != nil && !errors.Is(err, message.ErrRefused) {
			t.Errorf("%s: %v, want success %v", tt.name, err, tt.ok)
		}
	}
}

// FuzzEmailCheck looks for addresses and headers that pass and yet hold more than one line or one address.
func FuzzEmailCheck(f *testing.F) {
	f.Add("ada@example.com", "Ada <ada@example.com>", "subject")
	f.Add("\"a b\"@example.com", "a@example.com, b@example.com", "x\r\nBcc: y")
	f.Add("a@[127.0.0.1]", "=?utf-8?q?=0D=0ABcc:_x?= <a@example.com>", "=?utf-8?q?=0D=0A?=")
	f.Fuzz(func(t *testing.T, to, from, subject string) {
		m := message.Email{To: to, From: from, Subject: subject, HTML: "x"}
		if m.Check() != nil {
			return
		}
		if all := to + from + subject; strings.ContainsAny(all, "\r\n\x00") || strings.ContainsAny(to, " <>,;\"") {
			t.Fatalf("passed: %q %q %q", to, from, subject)
		}
		if from == "" {
			return
		}
		list, err := mail.ParseAddressList(from)
		if err != nil || len(list) != 1 || strings.ContainsAny(list[0].Name+list[0].Address, "\r\n\x00") {
			t.Fatalf("passed: From %q, which is %v, %v", from, list, err)
		}
	})
}

func TestSMSCheck(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, to, text string
		ok             bool
	}{
		{"as it is", "+14325551212", "x", true},
		{"lines", "+14325551212", "a\nb", true},
		{"no plus", "14325551212", "x", false},
		{"injection", "+14325551212\r\n", "x", false},
		{"empty", "+14325551212", "", false},
		{"1,600 characters", "+14325551212", strings.Repeat("é", 1600), true},
		{"1,601 characters", "+14325551212", strings.Repeat("é", 1601), false},
		{"no text", "+14325551212", "\xff", false},
	} {
		err := message.SMS{To: tt.to, Text: tt.text}.Check()
		if (err == nil) != tt.ok || err != nil && !errors.Is(err, message.ErrRefused) {
			t.Errorf("%s: %v, want success %v", tt.name, err, tt.ok)
		}
	}
}

func TestH16_MessagesPrintRedacted(t *testing.T) {
	t.Parallel()
	m, s := email(), sms()
	m.Link, m.Text, m.UserSub = "https://example.com/confirm?c=123456", "plain 123456", "sub"
	box := message.Outbox{}
	if err := errors.Join(box.SendEmail(t.Context(), m), box.SendSMS(t.Context(), s)); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	log := slog.New(slog.NewJSONHandler(&out, nil))
	values := []any{m, &m, s, &s, m.Meta, box.All(), struct{ M message.Email }{m}, map[string]any{"m": box.All()[0]}}
	for _, v := range values {
		fmt.Fprintf(&out, "%v %+v %#v %s\n", v, v, v, v)
	}
	log.Info("x", "m", m, "s", s, "meta", m.Meta, "kept", box.All()[0])
	if err := (message.Log{Logger: log}).SendEmail(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	if err := (message.Log{Logger: log}).SendSMS(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{"123456.", "123456\"", "plain", "654321", "confirm?c", "ada@example.com", "+14325551212"} {
		if strings.Contains(out.String(), secret) {
			t.Errorf("%q in\n%s", secret, &out)
		}
	}
	if !strings.Contains(out.String(), "a***@e***") || !strings.Contains(out.String(), "+*******1212") {
		t.Errorf("masked addresses are not in\n%s", &out)
	}
}

func TestLogReveals(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	l := message.Log{Logger: slog.New(slog.NewTextHandler(&out, nil)), Reveal: true}
	if err := errors.Join(l.SendEmail(t.Context(), email()), l.SendSMS(t.Context(), sms())); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"message.code=123456", "message.code=654321", "message.destination=ada@example.com", "message.kind=SignUp"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%s is not in\n%s", want, &out)
		}
	}
}

func TestOutbox(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.FixedZone("CET", 3600))
	box := message.Outbox{Now: func() time.Time { return at }}
	invitation := email()
	invitation.Kind, invitation.Code, invitation.Link = message.AdminCreateUser, "", "https://example.com/c"
	if err := errors.Join(box.SendEmail(t.Context(), email()), box.SendSMS(t.Context(), sms()), box.SendEmail(t.Context(), invitation)); err != nil {
		t.Fatal(err)
	}
	if got := box.LastCode("ADA@example.com"); got != "123456" {
		t.Errorf("code of the newest message with one is %q", got)
	}
	if got := box.LastCode("eve@example.org"); got != "" {
		t.Errorf("code for nobody is %q", got)
	}
	if m, ok := box.Last("ada@example.com"); !ok || m.Link != "https://example.com/c" || m.Kind != message.AdminCreateUser {
		t.Errorf("last is %#v, %v", m, ok)
	}
	if _, ok := box.Last("eve@example.org"); ok {
		t.Error("message for nobody")
	}
	raw, err := json.Marshal(box.All()[1])
	const want = `{"destination":"+14325551212","medium":"SMS","kind":"Authentication","subject":"",` +
		`"body":"Your authentication code is 654321. ","code":"654321","link":"","at":"2026-03-01T11:00:00Z"}`
	if err != nil || string(raw) != want {
		t.Errorf("JSON is %s, %v, want %s", raw, err, want)
	}
	box.Reset()
	if n := len(box.All()); n != 0 {
		t.Errorf("%d messages after Reset", n)
	}
}

func TestOutboxForgetsTheOldest(t *testing.T) {
	t.Parallel()
	for capacity, want := range map[int]int{3: 3, 0: message.DefaultCapacity, -1: message.DefaultCapacity} {
		box := message.Outbox{Capacity: capacity}
		for i := range want + 2 {
			m := email()
			m.Code = fmt.Sprint(i)
			if err := box.SendEmail(t.Context(), m); err != nil {
				t.Fatal(err)
			}
		}
		all := box.All()
		if len(all) != want || all[0].Code != "2" || all[want-1].Code != fmt.Sprint(want+1) {
			t.Errorf("capacity %d: %d messages, first %q, last %q", capacity, len(all), all[0].Code, all[len(all)-1].Code)
		}
	}
}

func TestOutboxClone(t *testing.T) {
	t.Parallel()
	box := &message.Outbox{Capacity: 2}
	send := func(o *message.Outbox, code string) {
		m := email()
		m.Code = code
		if err := o.SendEmail(t.Context(), m); err != nil {
			t.Error(err)
		}
	}
	send(box, "1")
	fork := box.Clone()
	var wg sync.WaitGroup
	wg.Go(func() { send(box, "2") })
	wg.Go(func() { send(fork, "3") })
	wg.Wait()
	if a, b := box.LastCode("ada@example.com"), fork.LastCode("ada@example.com"); a != "2" || b != "3" {
		t.Errorf("last codes are %s and %s, want 2 and 3", a, b)
	}
	send(fork, "4")
	if all := fork.All(); len(all) != 2 || all[0].Code != "3" {
		t.Errorf("the clone does not have the capacity: %d messages", len(all))
	}
}

func TestOutboxConcurrently(t *testing.T) {
	t.Parallel()
	var box message.Outbox
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			for range 20 {
				if err := box.SendSMS(t.Context(), sms()); err != nil {
					t.Error(err)
				}
				box.LastCode("+14325551212")
			}
		})
	}
	wg.Wait()
	if n := len(box.All()); n != 320 {
		t.Errorf("%d messages, want 320", n)
	}
}
