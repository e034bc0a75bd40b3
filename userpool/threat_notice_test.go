package userpool_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cenote-auth/cenote/message"
	"github.com/cenote-auth/cenote/risk"
	"github.com/cenote-auth/cenote/trigger"
	"github.com/cenote-auth/cenote/userpool"
)

// mails keeps e-mails with their senders.
type mails struct {
	mu   sync.Mutex
	list []message.Email
}

func (m *mails) SendEmail(_ context.Context, e message.Email) error {
	if err := e.Check(); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.list = append(m.list, e)
	return nil
}

// last returns the newest notice.
func (m *mails) last(t *testing.T) message.Email {
	t.Helper()
	m.mu.Lock()
	defer m.mu.Unlock()
	for i := len(m.list) - 1; i >= 0; i-- {
		if m.list[i].Kind == message.AccountTakeOverNotification {
			return m.list[i]
		}
	}
	t.Fatal("no notice was sent")
	return message.Email{}
}

const everything = "{username}|{ip-address}|{city}|{country}|{login-time}|{device-name}|{one-click-link-valid}|{one-click-link-invalid}|{event-id}|{feedback-token}|{password}"

// AUTH-568, MSG-011: every placeholder in every part; what comes from outside is escaped in HTML, and nothing breaks a header (H12).
// AUTH-567: from whom notices come.
func TestNoticeTexts(t *testing.T) {
	t.Parallel()
	box := &mails{}
	a := protect(t, enforced, func(c *userpool.Config) { c.Email = box })
	a.newcomer("a<b>&c", "email", "ada@example.com", "email_verified", "true")
	a.setPassword("a<b>&c", password)
	set := func(from, source string) {
		c := actions("BLOCK", "BLOCK", "BLOCK")
		c.NotifyConfiguration = &userpool.NotifyConfigurationType{
			From: from, ReplyTo: "help@example.com", SourceArn: source,
			BlockEmail: &userpool.NotifyEmailType{Subject: "S {username}|{event-id}|{feedback-token}|{country}", HtmlBody: "<b>H</b> " + everything, TextBody: "T " + everything},
		}
		a.setRisk(userpool.SetRiskConfigurationInput{AccountTakeoverRiskConfiguration: c})
	}
	a.stub.level = risk.Medium
	block := func(ip string) message.Email {
		t.Helper()
		a.clock.Advance(time.Second)
		_, err := a.passwordFrom(a.via(ip, "okhttp/4"), "a<b>&c", password)
		refused(t, err, userpool.ErrNotAuthorized, blockedText)
		a.deliver()
		return box.last(t)
	}
	set("", "arn:aws:ses:us-east-1:123456789012:identity/security@example.com")
	m := block("192.0.2.1")
	id := a.last("a<b>&c").EventId
	token := m.Subject[strings.Index(m.Subject, id)+len(id)+1:]
	token = token[:strings.Index(token, "|")]
	facts := "192.0.2.1|Köln|Germany|" + a.clock.Now().UTC().Format("Mon Jan 02 15:04:05 UTC 2006") + "|OkHttp / unknown|||" + id + "|" + token + "|{password}"
	if m.Subject != "S a<b>&c|"+id+"|"+token+"|Germany" || m.HTML != "<b>H</b> a&lt;b&gt;&amp;c|"+facts || m.Text != "T a<b>&c|"+facts {
		t.Errorf("subject %q\nHTML    %q\ntext    %q", m.Subject, m.HTML, m.Text)
	}
	if m.To != "ada@example.com" || m.From != "security@example.com" || m.ReplyTo != "help@example.com" || m.ClientID != a.client || m.PoolID != a.pool {
		t.Errorf("sent to %s from %s, answers to %s", m.To, m.From, m.ReplyTo)
	}
	check(t, a.userFeedback("a<b>&c", id, token, "Valid"))

	set("Example <no-reply@example.com>", "arn:aws:ses:us-east-1:123456789012:identity/example.com")
	if m := block("2001:db8::1"); m.From != "Example <no-reply@example.com>" ||
		!strings.Contains(m.HTML, "|&lt;b&gt;Utopia&lt;/b&gt;  Bcc: eve@example.org|") || !strings.HasSuffix(m.Subject, "|<b>Utopia</b>  Bcc: eve@example.org") {
		t.Errorf("from %q: %q\n%q", m.From, m.Subject, m.HTML)
	}
	set("", "arn:aws:ses:us-east-1:123456789012:identity/example.com") // a domain is no address: the sender's own
	if m := block("198.51.100.7"); m.From != "" || !strings.Contains(m.HTML, "|198.51.100.7|||") {
		t.Errorf("from %q: %q", m.From, m.HTML)
	}
}

// AUTH-567: who gets no notice.
func TestNoNotice(t *testing.T) {
	t.Parallel()
	quiet := actions("BLOCK", "BLOCK", "BLOCK")
	for _, l := range []**userpool.AccountTakeoverActionType{&quiet.Actions.LowAction, &quiet.Actions.MediumAction, &quiet.Actions.HighAction} {
		*l = &userpool.AccountTakeoverActionType{EventAction: "BLOCK"}
	}
	textless := actions("BLOCK", "BLOCK", "BLOCK")
	textless.NotifyConfiguration.BlockEmail = nil
	senderless := actions("BLOCK", "BLOCK", "BLOCK")
	senderless.NotifyConfiguration = nil
	loud := actions("BLOCK", "BLOCK", "BLOCK")
	for _, tt := range []struct {
		name       string
		set        *userpool.AccountTakeoverRiskConfigurationType
		attributes []string
		sent       int
	}{
		{"told", loud, []string{"email", "ada@example.com", "email_verified", "true"}, 1},
		{"no Notify", quiet, []string{"email", "ada@example.com", "email_verified", "true"}, 0},
		{"no text", textless, []string{"email", "ada@example.com", "email_verified", "true"}, 0},
		{"no NotifyConfiguration", senderless, []string{"email", "ada@example.com", "email_verified", "true"}, 0},
		{"not verified", loud, []string{"email", "ada@example.com"}, 0},
		{"no address", loud, nil, 0},
	} {
		a := protect(t, enforced)
		a.newcomer("ada", tt.attributes...)
		a.setPassword("ada", password)
		a.setRisk(userpool.SetRiskConfigurationInput{AccountTakeoverRiskConfiguration: tt.set})
		a.stub.level = risk.Low
		_, err := a.tryPassword("ada", password)
		refused(t, err, userpool.ErrNotAuthorized, blockedText)
		if sent := a.notices("ada@example.com"); len(sent) != tt.sent {
			t.Errorf("%s: sent %+v", tt.name, sent)
		}
	}
}

// H12: notices to one address are bounded, and use up nobody's codes; one too many changes no answer.
func TestH12_NoticesAreBounded(t *testing.T) {
	t.Parallel()
	a := protect(t, enforced, func(c *userpool.Config) { c.Limits.MessagesPerDestination = 3 })
	a.user("ada", "email", "ada@example.com")
	a.setRisk(userpool.SetRiskConfigurationInput{AccountTakeoverRiskConfiguration: actions("BLOCK", "BLOCK", "BLOCK")})
	a.stub.level = risk.Low
	for range 5 {
		a.clock.Advance(time.Second)
		_, err := a.tryPassword("ada", password)
		refused(t, err, userpool.ErrNotAuthorized, blockedText)
	}
	if sent := a.notices("ada@example.com"); len(sent) != 3 {
		t.Errorf("sent %d notices", len(sent))
	}
	_, err := a.forgot("ada")
	check(t, err)
}

// TRG-125, AUTH-568: where a function delivers the pool's mail it gets the facts of the event, no code, and needs no text of the pool.
func TestNoticeByAFunction(t *testing.T) {
	t.Parallel()
	c := &courier{keys: newKeyring(t)}
	a := protect(t, enforced, func(cfg *userpool.Config) { cfg.SenderKeys, cfg.Email = c.keys, nil }, func(in *userpool.CreateUserPoolInput) {
		in.LambdaConfig = &userpool.LambdaConfigType{
			KMSKeyID: senderKeyARN,
			CustomEmailSender: &userpool.CustomEmailLambdaVersionConfigType{
				LambdaArn: trigger.ARN("courier"), LambdaVersion: userpool.CustomEmailSenderLambdaVersionTypeV10,
			},
		}
	})
	on(a.bench, "courier", c.carry)
	a.newcomer("ada", "email", "ada@example.com", "email_verified", "true")
	a.setPassword("ada", password)
	set := actions("NO_ACTION", "BLOCK", "BLOCK")
	set.NotifyConfiguration.BlockEmail = nil
	a.setRisk(userpool.SetRiskConfigurationInput{AccountTakeoverRiskConfiguration: set})
	a.stub.level = risk.High
	_, err := a.passwordFrom(a.via("192.0.2.1", "okhttp/4"), "ada", password)
	refused(t, err, userpool.ErrNotAuthorized, blockedText)
	a.deliver()
	e, code := c.last(t)
	if e.TriggerSource != trigger.CustomEmailSenderAccountTakeOverNotification || e.Request.Code != nil || code != "" || e.UserName != "ada" {
		t.Errorf("the function heard %+v", e)
	}
	id, token := a.last("ada").EventId, e.Request.UserAttributes["FEEDBACK_TOKEN"]
	if got, want := asJSON(t, e.Request.UserAttributes), asJSON(t, trigger.Attributes{
		"EVENT_ID": id, "USER_NAME": "ada", "IP_ADDRESS": "192.0.2.1", "ACTION": "BLOCK", "CITY": "Köln", "COUNTRY": "Germany",
		"LOGIN_TIME": a.clock.Now().UTC().Format("Mon Jan 02 15:04:05 UTC 2006"), "DEVICE_NAME": "OkHttp / unknown", "RISK_LEVEL": "HIGH",
		"ONE_CLICK_LINK_VALID": "", "ONE_CLICK_LINK_INVALID": "", "FEEDBACK_TOKEN": token,
	}); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	check(t, a.userFeedback("ada", id, token, "Invalid"))
}
