package smtp

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	netmail "net/mail"
	"strconv"
	"strings"
	"time"

	"github.com/wneessen/go-mail"

	"github.com/cenote-auth/cenote/message"
)

// Encryption says how the connection to the server is protected.
type Encryption int

// The ways.
const (
	Auto     Encryption = iota // Implicit on port 465, None on this machine, else StartTLS
	StartTLS                   // plain at first, then STARTTLS; a server without it gets nothing
	Implicit                   // TLS from the first byte (RFC 8314)
	None                       // no TLS; with a Username only on this machine
)

// Config is a mail server and the identity under which mail is handed to it.
type Config struct {
	Addr       string        // host:port; required
	From       string        // sender of messages that name none: "addr" or "Name <addr>"; required
	Domains    []string      // domains, besides From's, of which messages may name a sender of their own; others are refused
	Username   string        // empty: no authentication
	Password   string        // goes with Username
	Encryption Encryption    // zero is Auto
	TLS        *tls.Config   // nil is Go's default for the host, TLS 1.2 or later
	Timeout    time.Duration // for one message, from dialling to the server's word; 0 is 30 s
	LocalName  string        // what we call ourselves in EHLO: a host name; empty is this machine's

	Now  func() time.Time // stamps the messages; nil is time.Now
	Rand io.Reader        // for the ids of messages that have none; nil is crypto/rand
}

// String leaves out the credentials.
func (c Config) String() string {
	return fmt.Sprintf("smtp.Config{Addr: %q, From: %q}", c.Addr, c.From)
}

// GoString is String.
func (c Config) GoString() string { return c.String() }

// Sender is a message.EmailSender over SMTP.
type Sender struct {
	host, addr string
	implicit   bool
	tls        *tls.Config
	timeout    time.Duration
	options    []mail.Option
	from       string
	domains    []string
	now        func() time.Time
	rand       io.Reader
}

var _ message.EmailSender = (*Sender)(nil)

// New returns a Sender, or an error that names the field that is missing or out of bounds. It does not connect yet.
func New(c Config) (*Sender, error) {
	host, port, err := splitAddr(c.Addr)
	if err != nil {
		return nil, err
	}
	if err := message.CheckFrom(c.From); err != nil {
		return nil, fmt.Errorf("smtp: From: %w", err)
	}
	own := isLoopback(host)
	encryption := c.Encryption
	if encryption == Auto {
		switch {
		case port == 465:
			encryption = Implicit
		case own:
			encryption = None
		default:
			encryption = StartTLS
		}
	}
	switch {
	case encryption < Auto || encryption > None:
		return nil, fmt.Errorf("smtp: Encryption is %d, want Auto, StartTLS, Implicit or None", encryption)
	case (c.Username == "") != (c.Password == ""):
		return nil, errors.New("smtp: Username and Password go together")
	case encryption == None && c.Username != "" && !own:
		return nil, errors.New("smtp: Username needs Encryption, or a server on this machine")
	case c.Timeout < 0:
		return nil, fmt.Errorf("smtp: Timeout is %v, want 0 or more", c.Timeout)
	case !isHostName(c.LocalName):
		return nil, errors.New("smtp: LocalName is not a host name")
	}
	s := &Sender{
		host: host, addr: c.Addr, implicit: encryption == Implicit, tls: tlsConfig(c.TLS, host), timeout: c.Timeout,
		from: c.From, domains: []string{domainOf(c.From)}, now: c.Now, rand: c.Rand,
	}
	for _, d := range c.Domains {
		if d == "" || !isHostName(d) {
			return nil, errors.New("smtp: Domains has an entry that is not a domain")
		}
		s.domains = append(s.domains, strings.ToLower(d))
	}
	if s.timeout == 0 {
		s.timeout = 30 * time.Second
	}
	if s.now == nil {
		s.now = time.Now
	}
	if s.rand == nil {
		s.rand = rand.Reader
	}
	s.options = options(c, port, encryption, s)
	if _, err := mail.NewClient(host, s.options...); err != nil {
		return nil, fmt.Errorf("smtp: %w", err)
	}
	return s, nil
}

// options translates the configuration for go-mail. Its probes (NOOP, RSET) are useless on a connection that carries one
// message, and its own time limit is set so that SendEmail's ends first.
func options(c Config, port int, encryption Encryption, s *Sender) []mail.Option {
	o := []mail.Option{
		mail.WithPort(port), mail.WithTLSConfig(s.tls), mail.WithTimeout(s.timeout + time.Second), mail.WithoutNoop(), mail.WithoutRset(),
	}
	if c.LocalName != "" {
		o = append(o, mail.WithHELO(c.LocalName))
	}
	switch encryption {
	case StartTLS:
		o = append(o, mail.WithTLSPolicy(mail.TLSMandatory))
	case Implicit: // dialled here, so that go-mail has but to notice it
		o = append(o, mail.WithTLSPolicy(mail.TLSOpportunistic))
	default:
		o = append(o, mail.WithTLSPolicy(mail.NoTLS))
	}
	if c.Username != "" {
		kind := mail.SMTPAuthAutoDiscover
		if encryption == None {
			kind = mail.SMTPAuthPlainNoEnc // New has made sure that it does not leave the machine
		}
		o = append(o, mail.WithSMTPAuth(kind), mail.WithUsername(c.Username), mail.WithPassword(c.Password))
	}
	return o
}

func tlsConfig(c *tls.Config, host string) *tls.Config {
	if c == nil {
		return &tls.Config{ServerName: host, MinVersion: tls.VersionTLS12}
	}
	c = c.Clone()
	if c.ServerName == "" {
		c.ServerName = host
	}
	return c
}

func splitAddr(addr string) (host string, port int, err error) {
	host, text, err := net.SplitHostPort(addr)
	if err != nil {
		return "", 0, fmt.Errorf("smtp: Addr: %w", err)
	}
	number, err := strconv.ParseUint(text, 10, 16)
	if err != nil || number == 0 || host == "" || strings.ContainsAny(host, "/ \r\n") {
		return "", 0, errors.New("smtp: Addr is not host:port")
	}
	return host, int(number), nil
}

func isLoopback(host string) bool {
	return host == "localhost" || net.ParseIP(host).IsLoopback()
}

// isHostName reports whether s consists of what host names and address literals are made of; empty is allowed.
func isHostName(s string) bool {
	return len(s) <= 255 && !strings.ContainsFunc(s, func(r rune) bool {
		return !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune("-._:[]", r))
	})
}

// domainOf returns the domain of a sender that message.CheckFrom has passed, in lower case.
func domainOf(from string) string {
	a, err := netmail.ParseAddress(from)
	if err != nil {
		return ""
	}
	return strings.ToLower(a.Address[strings.LastIndexByte(a.Address, '@')+1:])
}

// dial connects to the server, inside TLS if that comes first.
func (s *Sender) dial(ctx context.Context) (net.Conn, error) {
	dialer := &net.Dialer{}
	if s.implicit {
		return (&tls.Dialer{NetDialer: dialer, Config: s.tls}).DialContext(ctx, "tcp", s.addr)
	}
	return dialer.DialContext(ctx, "tcp", s.addr)
}
