package webhook_test

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/cenote-auth/cenote/message"
	"github.com/cenote-auth/cenote/message/webhook"
)

var (
	noon   = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	secret = []byte("0123456789abcdef")
)

// receive runs a receiver that answers with status and returns the sender for it, and what comes.
func receive(t *testing.T, status int) (*webhook.Sender, <-chan webhook.Payload) {
	t.Helper()
	came := make(chan webhook.Payload, 1)
	s := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err := errors.Join(err, webhook.Verify(secret, r.Header, body, noon)); err != nil {
			t.Error(err)
		}
		if r.Method != http.MethodPost || r.Header.Get("Content-Type") != "application/json" {
			t.Errorf("request was %s %v", r.Method, r.Header)
		}
		var p webhook.Payload
		if err := json.Unmarshal(body, &p); err != nil {
			t.Error(err)
		}
		came <- p
		w.WriteHeader(status)
		io.WriteString(w, "123456")
	}))
	t.Cleanup(s.Close)
	roots := x509.NewCertPool()
	roots.AddCert(s.Certificate())
	return newSender(t, webhook.Config{URL: s.URL + "/hook?token=t0ken", TLS: &tls.Config{RootCAs: roots}}), came
}

func newSender(t *testing.T, c webhook.Config) *webhook.Sender {
	t.Helper()
	c.Secret, c.Now = secret, func() time.Time { return noon }
	s, err := webhook.New(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

func sms() message.SMS {
	return message.SMS{Meta: message.Meta{ID: "m-1", Kind: message.SignUp, PoolID: "p", Code: "123456"}, To: "+14325551212", Text: "123456"}
}

func TestSend(t *testing.T) {
	t.Parallel()
	s, came := receive(t, http.StatusAccepted)
	if err := s.SendSMS(t.Context(), sms()); err != nil {
		t.Fatal(err)
	}
	want := webhook.Payload{
		ID: "m-1", Medium: message.MediumSMS, Kind: message.SignUp, To: "+14325551212", Text: "123456", Code: "123456", PoolID: "p",
	}
	if got := <-came; !reflect.DeepEqual(got, want) {
		t.Errorf("payload misses something: %t %t", got.Code == want.Code, got.To == want.To)
	}

	routed := sms()
	routed.EndUserMessaging = &message.EndUserMessaging{CallerARN: "arn:aws:iam::123456789012:role/sms", OriginationIdentity: "Example"}
	if err := s.SendSMS(t.Context(), routed); err != nil {
		t.Fatal(err)
	}
	want.EndUserMessaging = routed.EndUserMessaging
	if got := <-came; !reflect.DeepEqual(got, want) { // NEW-315
		t.Errorf("payload misses how the message travels: %+v", got.EndUserMessaging)
	}

	m := message.Email{
		Meta: message.Meta{ID: "m-2", Kind: message.ForgotPassword, PoolID: "p", ClientID: "c", UserSub: "u", Link: "https://x.example"},
		To:   "ada@example.com", From: "Example <no-reply@example.com>", ReplyTo: "help@example.com", Subject: "S", HTML: "<b>", Text: "b", ConfigurationSet: "set",
	}
	if err := s.SendEmail(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	want = webhook.Payload{
		ID: "m-2", Medium: message.MediumEmail, Kind: message.ForgotPassword, To: m.To, From: m.From, ReplyTo: m.ReplyTo, Subject: "S", HTML: "<b>", Text: "b",
		ConfigurationSet: "set", Link: m.Link, PoolID: "p", ClientID: "c", UserSub: "u",
	}
	if got := <-came; !reflect.DeepEqual(got, want) {
		t.Errorf("payload misses something: %t %t", got.Link == want.Link, got.To == want.To)
	}
}

func TestAnswers(t *testing.T) {
	t.Parallel()
	for status, refused := range map[int]bool{400: true, 404: true, 422: true, 408: false, 425: false, 429: false, 500: false, 503: false, 302: false} {
		s, _ := receive(t, status)
		err := s.SendSMS(t.Context(), sms())
		if err == nil || errors.Is(err, message.ErrRefused) != refused || !strings.Contains(err.Error(), fmt.Sprint(status)) {
			t.Errorf("%d: error is %v, want refused %v", status, err, refused)
		}
		if err != nil && (strings.Contains(err.Error(), "123456") || strings.Contains(err.Error(), "t0ken")) {
			t.Errorf("%d: secret in %v", status, err)
		}
	}
}

func TestUnreachable(t *testing.T) {
	t.Parallel()
	s := newSender(t, webhook.Config{URL: "http://127.0.0.1:1/?token=t0ken"})
	if err := s.SendSMS(t.Context(), sms()); err == nil || errors.Is(err, message.ErrRefused) || strings.Contains(err.Error(), "t0ken") {
		t.Errorf("error is %v", err)
	}
}

func TestH12_MalformedIsNotPosted(t *testing.T) {
	t.Parallel()
	s := newSender(t, webhook.Config{URL: "http://127.0.0.1:1/"})
	m := message.Email{To: "ada@example.com", Subject: "x\r\nBcc: eve@example.org", HTML: "x"}
	if err := s.SendEmail(t.Context(), m); !errors.Is(err, message.ErrRefused) {
		t.Errorf("e-mail: error is %v", err)
	}
	if err := s.SendSMS(t.Context(), message.SMS{To: "+1\r\n", Text: "x"}); !errors.Is(err, message.ErrRefused) {
		t.Errorf("SMS: error is %v", err)
	}
}

func TestH8_NoRedirect(t *testing.T) {
	t.Parallel()
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("redirect followed") }))
	t.Cleanup(elsewhere.Close)
	hook := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, elsewhere.URL, http.StatusPermanentRedirect)
	}))
	t.Cleanup(hook.Close)
	if err := newSender(t, webhook.Config{URL: hook.URL}).SendSMS(t.Context(), sms()); err == nil {
		t.Error("a redirect counts as delivery")
	}
}

// TestH8_NoProxy is not parallel: it sets the environment.
func TestH8_NoProxy(t *testing.T) {
	proxy := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("proxy asked") }))
	t.Cleanup(proxy.Close)
	t.Setenv("HTTPS_PROXY", proxy.URL)
	t.Setenv("https_proxy", proxy.URL)
	// A name that never resolves (RFC 6761): Go asks no proxy for loopback literals.
	if err := newSender(t, webhook.Config{URL: "https://hook.invalid"}).SendSMS(t.Context(), sms()); err == nil {
		t.Error("delivered to nowhere")
	}
}

func TestM8_TimeLimit(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	hook := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	t.Cleanup(hook.Close)
	t.Cleanup(func() { close(release) })
	s := newSender(t, webhook.Config{URL: hook.URL, Timeout: 50 * time.Millisecond})
	if err := s.SendSMS(t.Context(), sms()); err == nil || errors.Is(err, message.ErrRefused) {
		t.Errorf("error is %v", err)
	}
}

func TestVerify(t *testing.T) {
	t.Parallel()
	const body = `{"code":"123456"}`
	good := http.Header{
		"Cenote-Timestamp": {"1772366400"},
		// printf '1772366400.{"code":"123456"}' | openssl dgst -sha256 -hmac 0123456789abcdef
		"Cenote-Signature": {"v1=df313d6960b7112160e6e86df0e229c962cf229103035d80a9d599a123cde34c"},
	}
	for _, tt := range []struct {
		name   string
		header func(http.Header)
		secret []byte
		body   string
		now    time.Time
		ok     bool
	}{
		{"as it is", nil, secret, body, noon, true},
		{"a little early", nil, secret, body, noon.Add(-webhook.Tolerance), true},
		{"too early", nil, secret, body, noon.Add(-webhook.Tolerance - time.Second), false},
		{"too late", nil, secret, body, noon.Add(webhook.Tolerance + time.Second), false},
		{"other body", nil, secret, body + " ", noon, false},
		{"other secret", nil, []byte("0123456789abcdeX"), body, noon, false},
		{"no secret", nil, nil, body, noon, false},
		{"other time", func(h http.Header) { h.Set(webhook.TimestampHeader, "1772366401") }, secret, body, noon, false},
		{"time of another form", func(h http.Header) { h.Set(webhook.TimestampHeader, "+1772366400") }, secret, body, noon, false},
		{"no time", func(h http.Header) { h.Del(webhook.TimestampHeader) }, secret, body, noon, false},
		{"time far away", func(h http.Header) { h.Set(webhook.TimestampHeader, "9223372036854775807") }, secret, body, noon, false},
		{"two signatures", func(h http.Header) { h.Add(webhook.SignatureHeader, "v1=00") }, secret, body, noon, false},
		{"other version", func(h http.Header) { h.Set(webhook.SignatureHeader, "v2="+h.Get(webhook.SignatureHeader)[3:]) }, secret, body, noon, false},
		{"part of a signature", func(h http.Header) { h.Set(webhook.SignatureHeader, h.Get(webhook.SignatureHeader)[:35]) }, secret, body, noon, false},
		{"no digits", func(h http.Header) { h.Set(webhook.SignatureHeader, "v1=zz") }, secret, body, noon, false},
	} {
		h := good.Clone()
		if tt.header != nil {
			tt.header(h)
		}
		if err := webhook.Verify(tt.secret, h, []byte(tt.body), tt.now); (err == nil) != tt.ok {
			t.Errorf("%s: %v, want success %v", tt.name, err, tt.ok)
		}
	}
}

func FuzzVerify(f *testing.F) {
	f.Add("1772366400", "v1=00", "{}")
	f.Add("-1", "v1=", "")
	f.Fuzz(func(t *testing.T, stamp, signature, body string) {
		h := http.Header{"Cenote-Timestamp": {stamp}, "Cenote-Signature": {signature}}
		if webhook.Verify(secret, h, []byte(body), noon) == nil {
			t.Fatalf("forged: %q %q %q", stamp, signature, body)
		}
	})
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		config webhook.Config
		ok     bool
	}{
		{"https", webhook.Config{URL: "https://hook.example.com/a?b=c", Secret: secret}, true},
		{"this machine", webhook.Config{URL: "http://localhost:8080", Secret: secret}, true},
		{"URL", webhook.Config{URL: "http://hook.example.com", Secret: secret}, false},
		{"URL", webhook.Config{URL: "https://user:hunter2@hook.example.com", Secret: secret}, false},
		{"URL", webhook.Config{URL: "https://hook.example.com:hunter2", Secret: secret}, false},
		{"URL", webhook.Config{URL: "", Secret: secret}, false},
		{"Secret", webhook.Config{URL: "https://hook.example.com", Secret: secret[:15]}, false},
		{"Timeout", webhook.Config{URL: "https://hook.example.com", Secret: secret, Timeout: -1}, false},
	} {
		_, err := webhook.New(tt.config)
		if (err == nil) != tt.ok || err != nil && (!strings.Contains(err.Error(), tt.name) || strings.Contains(err.Error(), "hunter2")) {
			t.Errorf("%s: error is %v, want success %v", tt.name, err, tt.ok)
		}
	}
}

func TestH16_PrintsRedacted(t *testing.T) {
	t.Parallel()
	p := webhook.Payload{Code: "123456", Text: "123456", To: "+14325551212"}
	c := webhook.Config{URL: "https://hook.example.com/?t=123456", Secret: []byte("123456")}
	if s := fmt.Sprintf("%v %+v %#v %v %+v %#v", p, &p, p, c, &c, c); strings.Contains(s, "123456") || strings.Contains(s, "1212") {
		t.Error(s)
	}
}
