package smtp_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/mail"
	"strings"
	"testing"
	"time"

	"github.com/cenote-auth/cenote/message"
	"github.com/cenote-auth/cenote/message/smtp"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func newSender(t *testing.T, s *server, change func(*smtp.Config)) *smtp.Sender {
	t.Helper()
	c := smtp.Config{
		Addr: s.addr, From: "Example <no-reply@example.com>", TLS: &tls.Config{RootCAs: s.root},
		Timeout: 5 * time.Second, Now: func() time.Time { return noon }, Rand: strings.NewReader("0123456789abcdef"),
	}
	if change != nil {
		change(&c)
	}
	sender, err := smtp.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return sender
}

func email() message.Email {
	return message.Email{
		Meta: message.Meta{ID: "m-1", Kind: message.SignUp, Code: "123456"},
		To:   "ada@example.org", Subject: "Your verification code", HTML: "<p>Your code is 123456.</p>\n.\n",
	}
}

func TestSendEmail(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name      string
		server    *server
		change    func(*smtp.Config)
		encrypted bool
	}{
		{"on this machine", &server{}, nil, false},
		{"StartTLS", &server{startTLS: true}, func(c *smtp.Config) { c.Encryption = smtp.StartTLS }, true},
		{"Implicit", &server{implicit: true}, func(c *smtp.Config) { c.Encryption = smtp.Implicit }, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := tt.server.start(t)
			m := email()
			m.From, m.ReplyTo, m.ConfigurationSet = "Zoë <zoe@example.com>", "help@example.net", "set-1"
			m.Text = "Your code is 123456."
			sender := newSender(t, s, func(c *smtp.Config) {
				c.Username, c.Password, c.LocalName = "example", "s3cret", "auth.example.com"
				if tt.change != nil {
					tt.change(c)
				}
			})
			if err := sender.SendEmail(t.Context(), m); err != nil {
				t.Fatal(err)
			}
			got := s.only(t)
			if got.encrypted != tt.encrypted || got.user != "example" || got.helo != "auth.example.com" ||
				!strings.HasPrefix(got.from, "FROM:<zoe@example.com>") || !strings.HasPrefix(got.to, "TO:<ada@example.org>") {
				t.Errorf("session was %+v", got)
			}
			msg, err := mail.ReadMessage(strings.NewReader(got.data))
			if err != nil {
				t.Fatal(err)
			}
			for name, want := range map[string]string{
				"From": "=?utf-8?q?Zo=C3=AB?= <zoe@example.com>", "To": "<ada@example.org>", "Reply-To": "<help@example.net>",
				"Subject": "Your verification code", "Date": "Sun, 01 Mar 2026 12:00:00 +0000", "Message-Id": "<m-1@example.com>",
				"Auto-Submitted": "auto-generated", "X-Ses-Configuration-Set": "set-1", "User-Agent": "", "X-Mailer": "",
			} {
				if got := msg.Header.Get(name); got != want {
					t.Errorf("%s is %q, want %q", name, got, want)
				}
			}
			plain, html := strings.Index(got.data, "text/plain"), strings.Index(got.data, "text/html")
			if !strings.HasPrefix(msg.Header.Get("Content-Type"), "multipart/alternative") || plain < 0 || html < plain {
				t.Errorf("body is\n%s", got.data)
			}
		})
	}
}

func TestSendEmailDefaults(t *testing.T) {
	t.Parallel()
	s := (&server{}).start(t)
	m := email()
	m.ID = "not fit\nfor a header"
	if err := newSender(t, s, nil).SendEmail(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	got := s.only(t)
	for _, want := range []string{
		"From: \"Example\" <no-reply@example.com>\n", "Message-ID: <30313233343536373839616263646566@example.com>\n", "Content-Type: text/html", "<p>Your code is 123456.</p>\n.\n",
	} {
		if !strings.Contains(got.data, want) {
			t.Errorf("%q is not in\n%s", want, got.data)
		}
	}
}

func TestH12_NothingHostileReachesTheServer(t *testing.T) {
	t.Parallel()
	s := (&server{}).start(t)
	sender := newSender(t, s, nil)
	for name, change := range map[string]func(*message.Email){
		"To":      func(m *message.Email) { m.To = "ada@example.org>\r\nRCPT TO:<eve@example.org" },
		"quoted":  func(m *message.Email) { m.To = "\"ada@example.org> \"@example.com" },
		"From":    func(m *message.Email) { m.From = "x\r\nBcc: eve@example.org <no-reply@example.com>" },
		"Subject": func(m *message.Email) { m.Subject = "x\r\nBcc: eve@example.org" },
		"ReplyTo": func(m *message.Email) { m.ReplyTo = "help@example.com\r\nBcc: eve@example.org" },
		"domain":  func(m *message.Email) { m.From = "ceo@bank.example" },
	} {
		m := email()
		change(&m)
		if err := sender.SendEmail(t.Context(), m); !errors.Is(err, message.ErrRefused) || strings.Contains(err.Error(), "eve") {
			t.Errorf("%s: error is %v, want ErrRefused", name, err)
		}
	}
	if heard := s.heard(); heard != "" {
		t.Errorf("the server heard\n%s", heard)
	}
}

func TestDomainOfAnotherScript(t *testing.T) {
	t.Parallel()
	s := (&server{}).start(t)
	m := email()
	m.From = "info@bücher.example"
	sender := newSender(t, s, func(c *smtp.Config) { c.From = "info@bücher.example" })
	if err := sender.SendEmail(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	if got := s.only(t); !strings.Contains(got.data, "Message-ID: <m-1@cenote.invalid>\n") {
		t.Errorf("mail is\n%s", got.data)
	}
}

func TestDomainsMayBeNamed(t *testing.T) {
	t.Parallel()
	s := (&server{}).start(t)
	m := email()
	m.From = "hello@Shop.example"
	sender := newSender(t, s, func(c *smtp.Config) { c.Domains = []string{"SHOP.example"} })
	if err := sender.SendEmail(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	if got := s.only(t); !strings.HasPrefix(got.from, "FROM:<hello@Shop.example>") {
		t.Errorf("sender was %s", got.from)
	}
}

// TestNoDowngrade: a server, or somebody in between, that does not offer STARTTLS gets neither credentials nor mail.
func TestNoDowngrade(t *testing.T) {
	t.Parallel()
	s := (&server{}).start(t)
	sender := newSender(t, s, func(c *smtp.Config) {
		c.Encryption, c.Username, c.Password = smtp.StartTLS, "example", "s3cret"
	})
	if err := sender.SendEmail(t.Context(), email()); err == nil {
		t.Error("sent without encryption")
	}
	if heard := s.heard(); strings.Contains(heard, "AUTH") || strings.Contains(heard, "MAIL") {
		t.Errorf("the server heard\n%s", heard)
	}
}

func TestUntrustedCertificate(t *testing.T) {
	t.Parallel()
	for name, s := range map[string]*server{"StartTLS": {startTLS: true}, "Implicit": {implicit: true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s.start(t)
			sender := newSender(t, s, func(c *smtp.Config) {
				c.TLS, c.Encryption = nil, smtp.StartTLS
				if s.implicit {
					c.Encryption = smtp.Implicit
				}
			})
			var unknown *tls.CertificateVerificationError
			if err := sender.SendEmail(t.Context(), email()); !errors.As(err, &unknown) {
				t.Errorf("error is %v", err)
			}
		})
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		server  *server
		change  func(*smtp.Config)
		refused bool
		text    string
	}{
		{"no such user", &server{rcpt: "550 5.1.1 <ada@example.org> unknown"}, nil, true, "550 5.1.1"},
		{"greylisted", &server{rcpt: "451 4.7.1 <ada@example.org> later"}, nil, false, "451 4.7.1"},
		{"spam", &server{final: "554 5.7.1 123456"}, nil, true, "554 5.7.1"},
		{"full", &server{final: "452 4.3.1 123456"}, nil, false, "452 4.3.1"},
		{"wrong password", &server{}, func(c *smtp.Config) { c.Username, c.Password = "example", "wrong" }, false, "535"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			err := newSender(t, tt.server.start(t), tt.change).SendEmail(t.Context(), email())
			if err == nil || errors.Is(err, message.ErrRefused) != tt.refused || !strings.Contains(err.Error(), tt.text) {
				t.Fatalf("error is %v, want %s and refused %v", err, tt.text, tt.refused)
			}
			if strings.Contains(err.Error(), "ada@") || strings.Contains(err.Error(), "123456") {
				t.Errorf("address or text in %v", err)
			}
		})
	}
}

func TestM8_TimeLimit(t *testing.T) {
	t.Parallel()
	s := (&server{silent: true}).start(t)
	err := newSender(t, s, func(c *smtp.Config) { c.Timeout = 50 * time.Millisecond }).SendEmail(t.Context(), email())
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error is %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(50*time.Millisecond, cancel)
	if err := newSender(t, s, nil).SendEmail(ctx, email()); !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v", err)
	}
}

func TestUnreachable(t *testing.T) {
	t.Parallel()
	sender, err := smtp.New(smtp.Config{Addr: "127.0.0.1:1", From: "no-reply@example.com"})
	if err != nil {
		t.Fatal(err)
	}
	if err := sender.SendEmail(t.Context(), email()); err == nil || errors.Is(err, message.ErrRefused) {
		t.Errorf("error is %v, want one that is worth another try", err)
	}
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		change func(*smtp.Config)
		ok     bool
	}{
		{"as it is", func(*smtp.Config) {}, true},
		{"Addr", func(c *smtp.Config) { c.Addr = "" }, false},
		{"Addr", func(c *smtp.Config) { c.Addr = "smtp.example.com" }, false},
		{"Addr", func(c *smtp.Config) { c.Addr = "smtp.example.com:0" }, false},
		{"Addr", func(c *smtp.Config) { c.Addr = "smtp.example.com:smtp" }, false},
		{"Addr", func(c *smtp.Config) { c.Addr = ":587" }, false},
		{"Addr", func(c *smtp.Config) { c.Addr = "/run/mail:587" }, false},
		{"From", func(c *smtp.Config) { c.From = "" }, false},
		{"From", func(c *smtp.Config) { c.From = "a@example.com\r\nBcc: b@example.com" }, false},
		{"Username", func(c *smtp.Config) { c.Password = "" }, false},
		{"Username", func(c *smtp.Config) { c.Encryption = smtp.None }, false},
		{"this machine", func(c *smtp.Config) { c.Encryption, c.Addr = smtp.None, "localhost:25" }, true},
		{"this machine", func(c *smtp.Config) { c.Encryption, c.Addr = smtp.None, "[::1]:25" }, true},
		{"Encryption", func(c *smtp.Config) { c.Encryption = 9 }, false},
		{"Encryption", func(c *smtp.Config) { c.Encryption = -1 }, false},
		{"Timeout", func(c *smtp.Config) { c.Timeout = -1 }, false},
		{"LocalName", func(c *smtp.Config) { c.LocalName = "a\r\nMAIL" }, false},
		{"Domains", func(c *smtp.Config) { c.Domains = []string{""} }, false},
		{"Domains", func(c *smtp.Config) { c.Domains = []string{"a b"} }, false},
	} {
		c := smtp.Config{Addr: "smtp.example.com:587", From: "no-reply@example.com", Username: "example", Password: "s3cret"}
		tt.change(&c)
		_, err := smtp.New(c)
		if (err == nil) != tt.ok || err != nil && !strings.Contains(err.Error(), tt.name) {
			t.Errorf("%s: error is %v, want success %v", tt.name, err, tt.ok)
		}
	}
}

func TestH16_ConfigPrintsRedacted(t *testing.T) {
	t.Parallel()
	c := smtp.Config{Addr: "smtp.example.com:587", Username: "example", Password: "s3cret"}
	if s := fmt.Sprintf("%v %+v %#v %s", c, c, &c, c); strings.Contains(s, "s3cret") {
		t.Error(s)
	}
}
