package webhook

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/cenote-auth/cenote/message"
)

const (
	minSecret = 16      // bytes
	maxBody   = 1 << 20 // of a request, in bytes
	maxAnswer = 4 << 10 // of a response, in bytes; what it says is not looked at
)

// Config is where messages are posted.
type Config struct {
	URL     string        // https, or http on this machine; no user or fragment; required
	Secret  []byte        // shared with the receiver, 16 bytes or more; required
	TLS     *tls.Config   // nil is Go's default
	Timeout time.Duration // for one message; 0 is 10 s

	Now func() time.Time // stamps the requests; nil is time.Now
}

// Payload is the body of a request. It carries the code, for receivers that have templates of their own.
type Payload struct {
	ID               string         `json:"id"` // the same when a delivery is repeated; may be empty
	Medium           message.Medium `json:"medium"`
	Kind             message.Kind   `json:"kind"`
	To               string         `json:"to"`
	From             string         `json:"from,omitempty"`
	ReplyTo          string         `json:"replyTo,omitempty"`
	Subject          string         `json:"subject,omitempty"`
	HTML             string         `json:"html,omitempty"`
	Text             string         `json:"text,omitempty"`
	ConfigurationSet string         `json:"configurationSet,omitempty"`
	Code             string         `json:"code,omitempty"`
	Link             string         `json:"link,omitempty"`
	PoolID           string         `json:"poolId"`
	ClientID         string         `json:"clientId,omitempty"`
	UserSub          string         `json:"userSub,omitempty"`

	SNS              *message.SNS              `json:"sns,omitempty"` // of a text message, or the next
	EndUserMessaging *message.EndUserMessaging `json:"endUserMessaging,omitempty"`
}

// String leaves out the secret.
func (c Config) String() string { return "webhook.Config{URL: ***, Secret: ***}" }

// GoString is String.
func (c Config) GoString() string { return c.String() }

// LogValue leaves out text, code, link and address.
func (p Payload) LogValue() slog.Value {
	return message.Meta{Kind: p.Kind, PoolID: p.PoolID, ClientID: p.ClientID}.LogValue()
}

// String is LogValue as text.
func (p Payload) String() string { return p.LogValue().String() }

// GoString is String.
func (p Payload) GoString() string { return p.String() }

// Sender posts messages. It is a message.EmailSender and a message.SMSSender.
type Sender struct {
	url     string
	secret  []byte
	timeout time.Duration
	now     func() time.Time
	client  *http.Client
}

var (
	_ message.EmailSender = (*Sender)(nil)
	_ message.SMSSender   = (*Sender)(nil)
)

// New returns a Sender, or an error that names the field that is missing or out of bounds. It does not connect yet. Its
// requests go to the URL only: the proxies of the environment are not asked and redirects are not followed.
func New(c Config) (*Sender, error) {
	u, err := url.Parse(c.URL)
	switch {
	case err != nil: // its text would repeat the address, which may hold a secret
		return nil, errors.New("webhook: URL does not parse")
	case u.Hostname() == "" || u.Scheme != "https" && !(u.Scheme == "http" && isLoopback(u.Hostname())):
		return nil, errors.New("webhook: URL must be https://, or http:// on this machine")
	case u.User != nil || u.Fragment != "":
		return nil, errors.New("webhook: URL must not have a user or fragment")
	case len(c.Secret) < minSecret:
		return nil, fmt.Errorf("webhook: Secret has %d bytes, want %d or more", len(c.Secret), minSecret)
	case c.Timeout < 0:
		return nil, fmt.Errorf("webhook: Timeout is %v, want 0 or more", c.Timeout)
	}
	s := &Sender{
		url: c.URL, secret: slices.Clone(c.Secret), timeout: c.Timeout, now: c.Now,
		client: &http.Client{
			Transport: &http.Transport{
				DialContext:            (&net.Dialer{}).DialContext,
				TLSClientConfig:        c.TLS.Clone(),
				ForceAttemptHTTP2:      true,
				DisableCompression:     true,
				MaxIdleConnsPerHost:    8,
				IdleConnTimeout:        90 * time.Second,
				MaxResponseHeaderBytes: 16 << 10,
			},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
	if s.timeout == 0 {
		s.timeout = 10 * time.Second
	}
	if s.now == nil {
		s.now = time.Now
	}
	return s, nil
}

func isLoopback(host string) bool {
	return host == "localhost" || net.ParseIP(host).IsLoopback()
}

// Close closes connections that are not in use.
func (s *Sender) Close() { s.client.CloseIdleConnections() }

// SendEmail posts the e-mail. The error is message.ErrRefused if the message is malformed or if the receiver answers with a
// 4xx other than 408, 425 and 429. Errors hold nothing of the message or of the answer's body.
func (s *Sender) SendEmail(ctx context.Context, m message.Email) error {
	if err := m.Check(); err != nil {
		return err
	}
	p := about(m.Meta)
	p.Medium, p.To, p.From, p.ReplyTo = message.MediumEmail, m.To, m.From, m.ReplyTo
	p.Subject, p.HTML, p.Text, p.ConfigurationSet = m.Subject, m.HTML, m.Text, m.ConfigurationSet
	return s.post(ctx, p)
}

// SendSMS posts the text message. Errors are those of SendEmail.
func (s *Sender) SendSMS(ctx context.Context, m message.SMS) error {
	if err := m.Check(); err != nil {
		return err
	}
	p := about(m.Meta)
	p.Medium, p.To, p.Text = message.MediumSMS, m.To, m.Text
	p.SNS, p.EndUserMessaging = m.SNS, m.EndUserMessaging
	return s.post(ctx, p)
}

func about(m message.Meta) Payload {
	return Payload{
		ID: m.ID, Kind: m.Kind, Code: m.Code, Link: m.Link, PoolID: m.PoolID, ClientID: m.ClientID, UserSub: m.UserSub,
	}
}

func (s *Sender) post(ctx context.Context, p Payload) error {
	body, err := json.Marshal(p)
	if err != nil {
		return fmt.Errorf("webhook: encode: %w", err)
	}
	if len(body) > maxBody {
		return fmt.Errorf("%w: more than %d bytes", message.ErrRefused, maxBody)
	}
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url, bytes.NewReader(body))
	if err != nil { // New has parsed the URL; the text would repeat it
		return errors.New("webhook: make request")
	}
	stamp := strconv.FormatInt(s.now().Unix(), 10)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set(TimestampHeader, stamp)
	req.Header.Set(SignatureHeader, signaturePrefix+hex.EncodeToString(sign(s.secret, stamp, body)))

	resp, err := s.client.Do(req)
	if err != nil {
		if e, ok := errors.AsType[*url.Error](err); ok { // it repeats the URL, whose query may hold a secret
			err = e.Err
		}
		return fmt.Errorf("webhook: post: %w", err)
	}
	defer resp.Body.Close()
	_, _ = io.CopyN(io.Discard, resp.Body, maxAnswer) // so that the connection can be used again
	return verdict(resp.StatusCode)
}

func verdict(status int) error {
	switch {
	case status >= 200 && status <= 299:
		return nil
	case status == http.StatusRequestTimeout, status == http.StatusTooEarly, status == http.StatusTooManyRequests,
		status < 400, status > 499:
		return fmt.Errorf("webhook: receiver answered %d", status)
	default:
		return fmt.Errorf("%w: webhook: receiver answered %d", message.ErrRefused, status)
	}
}
