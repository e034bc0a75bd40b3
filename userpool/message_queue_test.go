package userpool_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cenote-auth/cenote/awsapi"
	"github.com/cenote-auth/cenote/internal/seal"
	"github.com/cenote-auth/cenote/internal/testkeys"
	"github.com/cenote-auth/cenote/message"
	"github.com/cenote-auth/cenote/store/driver"
	"github.com/cenote-auth/cenote/trigger"
	"github.com/cenote-auth/cenote/userpool"
)

// moody is a mail server that fails as long as it is told to.
type moody struct {
	message.Outbox
	mu    sync.Mutex
	fail  error
	tries int
	ids   map[string]int
}

func (m *moody) SendEmail(ctx context.Context, e message.Email) error {
	m.mu.Lock()
	m.tries++
	if m.ids == nil {
		m.ids = map[string]int{}
	}
	m.ids[e.ID]++
	err := m.fail
	m.mu.Unlock()
	if err != nil {
		return err
	}
	return m.Outbox.SendEmail(ctx, e)
}

func (m *moody) be(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.fail = err
}

// The message is written in the Update that makes the user: a crash at any later moment loses neither, and a crash before the
// commit leaves neither.
func TestH12_CrashBetween(t *testing.T) {
	t.Parallel()
	var a app
	var crashed *bench
	w := &crashing{after: func() { crashed = a.bench.fork(t) }}
	b := setup(t, w.watch)
	a = b.app()
	w.arm()
	a.signUp("ada", "email", "ada@example.com")
	if crashed == nil {
		t.Fatal("no Update was seen")
	}
	after := a
	after.bench = crashed
	check(t, after.confirm("ada", after.code("ada@example.com")))

	w.failNext()
	_, err := a.SignUp(t.Context(), &userpool.SignUpInput{
		ClientId: a.client, Username: "bob", Password: password, UserAttributes: attributes("email", "bob@example.com"),
	})
	refused(t, err, awsapi.ErrInternal, "An internal error occurred.")
	b.deliver()
	if _, sent := b.outbox.Last("bob@example.com"); sent {
		t.Error("a message was sent for a user who was not stored")
	}
	_, err = a.AdminGetUser(t.Context(), &userpool.AdminGetUserInput{UserPoolId: a.pool, Username: "bob"})
	refused(t, err, userpool.ErrUserNotFound, "")
}

// crashing is a store that does something right after the next commit, or fails instead of committing.
type crashing struct {
	driver.DB
	mu          sync.Mutex
	after       func()
	armed, fail bool
}

func (c *crashing) watch(cfg *userpool.Config) { c.DB, cfg.Store = cfg.Store, c }

func (c *crashing) arm()      { c.mu.Lock(); defer c.mu.Unlock(); c.armed = true }
func (c *crashing) failNext() { c.mu.Lock(); defer c.mu.Unlock(); c.fail = true }

func (c *crashing) Update(ctx context.Context, fn func(driver.Tx) error) error {
	c.mu.Lock()
	armed, fail := c.armed, c.fail
	c.armed, c.fail = false, false
	c.mu.Unlock()
	err := c.DB.Update(ctx, func(tx driver.Tx) error {
		if err := fn(tx); err != nil || !fail {
			return err
		}
		return errors.New("the disk is full")
	})
	if armed && err == nil {
		c.after()
	}
	return err
}

// A failing sender changes no answer; the message is tried again, later and later, under the same id, until it is delivered.
func TestH12_Retries(t *testing.T) {
	t.Parallel()
	mail := &moody{fail: errors.New("connection refused")}
	b := setup(t, func(c *userpool.Config) { c.Email = mail })
	a := b.app()
	a.signUp("ada", "email", "ada@example.com")
	wait := 2 * time.Second
	for try := 1; try <= 6; try++ {
		n, err := b.Deliver(t.Context())
		check(t, err)
		if n != 0 || mail.tries != try {
			t.Fatalf("%d delivered in try %d of %d", n, mail.tries, try)
		}
		b.clock.Advance(wait - time.Nanosecond)
		if _, err := b.Deliver(t.Context()); err != nil || mail.tries != try {
			t.Errorf("tried again before %v: %v", wait, err)
		}
		b.clock.Advance(time.Nanosecond)
		wait *= 2
	}
	mail.be(nil)
	n, err := b.Deliver(t.Context())
	check(t, err)
	if n != 1 || len(mail.ids) != 1 {
		t.Errorf("%d delivered under %d ids", n, len(mail.ids))
	}
	check(t, a.confirm("ada", mail.LastCode("ada@example.com")))
	if n, err := b.Deliver(t.Context()); n != 0 || err != nil {
		t.Errorf("delivered again: %d, %v", n, err)
	}
}

// A message that the sender refuses for good, and one that is a day old, are given up; others behind them are delivered.
func TestH12_GivenUp(t *testing.T) {
	t.Parallel()
	mail := &moody{fail: fmt.Errorf("no such mailbox: %w", message.ErrRefused)}
	b := setup(t, func(c *userpool.Config) { c.Email, c.Limits.MessagesPerDestination = mail, -1 })
	a := b.app()
	a.signUp("ada", "email", "ada@example.com")
	b.deliver()
	mail.be(nil)
	b.clock.Advance(time.Hour)
	b.deliver()
	if n := len(mail.All()); n != 0 || mail.tries != 1 {
		t.Errorf("a refused message was tried %d times", mail.tries)
	}
	mail.be(errors.New("connection refused"))
	for i := range 40 { // more than one page of what expires
		a.signUp("u"+fmt.Sprint(i), "email", "u@example.com")
	}
	b.clock.Advance(24 * time.Hour)
	mail.be(nil)
	a.signUp("eve", "email", "eve@example.com")
	n, err := b.Deliver(t.Context())
	check(t, err)
	if _, sent := mail.Last("eve@example.com"); n != 1 || !sent {
		t.Errorf("%d messages were delivered, want the one that is not a day old", n)
	}
}

// Two nodes that deliver at once deliver each message once.
func TestH12_TwoNodes(t *testing.T) {
	t.Parallel()
	mail := &moody{}
	b := setup(t, func(c *userpool.Config) { c.Email = mail })
	a := b.app()
	for i := range 20 {
		a.signUp(fmt.Sprint("u", i), "email", fmt.Sprint("u", i, "@example.com"))
	}
	other, err := userpool.New(b.config)
	check(t, err)
	for _, err := range race(4, func(i int) error {
		_, err := []*userpool.Service{b.Service, other}[i%2].Deliver(t.Context())
		return err
	}) {
		check(t, err)
	}
	b.deliver()
	for id, n := range mail.ids {
		if n != 1 {
			t.Errorf("message %s was sent %d times", id, n)
		}
	}
	if len(mail.ids) != 20 {
		t.Errorf("%d messages were sent, want 20", len(mail.ids))
	}
}

// Run delivers without being asked, inside a bubble, and ends with its context.
func TestRunDelivers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, err := userpool.New(userpool.Config{SigningKeys: testkeys.Make})
		check(t, err)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- s.Run(ctx) }()
		pool, err := s.CreateUserPool(ctx, &userpool.CreateUserPoolInput{
			PoolName: "p", AutoVerifiedAttributes: []userpool.VerifiedAttributeType{userpool.VerifiedAttributeTypeEmail},
		})
		check(t, err)
		client, err := s.CreateUserPoolClient(ctx, &userpool.CreateUserPoolClientInput{UserPoolId: pool.UserPool.Id, ClientName: "c"})
		check(t, err)
		_, err = s.SignUp(ctx, &userpool.SignUpInput{
			ClientId: client.UserPoolClient.ClientId, Username: "ada", Password: password, UserAttributes: attributes("email", "ada@example.com"),
		})
		check(t, err)
		synctest.Wait()
		if s.Outbox().LastCode("ada@example.com") == "" {
			t.Error("nothing was delivered")
		}
		cancel()
		check(t, <-done)
	})
}

// What waits in the store is sealed: neither code nor address can be read there.
func TestH12_Sealed(t *testing.T) {
	t.Parallel()
	spy := &spying{}
	b := setup(t, spy.watch)
	a := b.app()
	a.signUp("ada", "email", "ada@example.com")
	code := a.code("ada@example.com")
	if spy.messages == 0 {
		t.Fatal("no message was stored")
	}
	for _, secret := range []string{code, "ada@example.com", "verification code"} {
		if spy.sees(secret) {
			t.Errorf("%q can be read in a message record", secret)
		}
	}
}

// spying keeps the message records that are stored.
type spying struct {
	driver.DB
	mu       sync.Mutex
	messages int
	data     bytes.Buffer
}

func (s *spying) watch(c *userpool.Config) { s.DB, c.Store = c.Store, s }

func (s *spying) sees(text string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Contains(s.data.String(), text)
}

func (s *spying) Update(ctx context.Context, fn func(driver.Tx) error) error {
	return s.DB.Update(ctx, func(tx driver.Tx) error { return fn(spyingTx{tx, s}) })
}

type spyingTx struct {
	driver.Tx
	s *spying
}

func (t spyingTx) Put(ctx context.Context, r driver.Record) error {
	if r.Kind == "message" {
		t.s.mu.Lock()
		t.s.messages++
		t.s.data.Write(r.Data)
		t.s.mu.Unlock()
	}
	return t.Tx.Put(ctx, r)
}

// MSG-001, MSG-002, MSG-006, MSG-007, MSG-037, TRG-110…113: whose text a message has, and what stands in it.
func TestMessageTexts(t *testing.T) {
	t.Parallel()
	b := setup(t)
	custom := on(b, "custom", func(_ context.Context, e trigger.CustomMessageEvent) (trigger.CustomMessageEvent, error) {
		if e.Request.CodeParameter != "{####}" || e.Request.LinkParameter != "{##Click Here##}" || e.Request.UsernameParameter != nil {
			return e, errors.New("unexpected request")
		}
		e.Response.EmailMessage, e.Response.EmailSubject = new("<b>"+string(e.TriggerSource)+"</b> {####} for "+e.Request.UserAttributes["nickname"]), new("S")
		return e, nil
	})
	template := func(in *userpool.CreateUserPoolInput) {
		in.VerificationMessageTemplate = &userpool.VerificationMessageTemplateType{EmailMessage: "Use <i>{####}</i> and {####}, {username}!", EmailSubject: "Code {####}"}
	}
	for name, tt := range map[string]struct {
		options []any
		body    func(code string) string
		subject func(code string) string
	}{
		"MSG-006 default": {nil, func(c string) string { return "Your verification code is " + c + ". " }, func(string) string { return "Your verification code" }},
		"MSG-001 template": {[]any{template}, func(c string) string { return "Use <i>" + c + "</i> and " + c + ", {username}!" },
			func(c string) string { return "Code " + c }},
		"TRG-110 function": {[]any{template, lambdas(userpool.LambdaConfigType{CustomMessage: custom})},
			func(c string) string { return "<b>CustomMessage_SignUp</b> " + c + " for N" }, func(string) string { return "S" }},
	} {
		t.Run(name, func(t *testing.T) {
			b := b.fork(t)
			a := b.app(tt.options...)
			a.signUp("ada", "email", "ada@example.com", "nickname", "N")
			code := b.code("ada@example.com")
			m, _ := b.outbox.Last("ada@example.com")
			if m.Body != tt.body(code) {
				t.Errorf("body is %q, want %q", m.Body, tt.body(code))
			}
			if strings.Contains(tt.subject("X"), "X") && m.Subject != tt.subject(code) || m.Subject == "" {
				t.Errorf("subject is %q, want %q", m.Subject, tt.subject(code))
			}
		})
	}
}

// TRG-112, AUTH-107: a text without its placeholder is refused; the user was made all the same and can ask again.
func TestCustomMessageChecked(t *testing.T) {
	t.Parallel()
	b := setup(t)
	text := "no placeholder"
	arn := on(b, "custom", func(_ context.Context, e trigger.CustomMessageEvent) (trigger.CustomMessageEvent, error) {
		e.Response.EmailMessage = &text
		return e, nil
	})
	a := b.app(lambdas(userpool.LambdaConfigType{CustomMessage: arn}))
	_, err := a.SignUp(t.Context(), &userpool.SignUpInput{
		ClientId: a.client, Username: "ada", Password: password, UserAttributes: attributes("email", "ada@example.com"),
	})
	refused(t, err, userpool.ErrInvalidParameter, `1 validation error detected: Value 'no placeholder' at 'emailBody' failed to satisfy constraint: Member must satisfy regular expression pattern: [\p{L}\p{M}\p{S}\p{N}\p{P}\s*]*\{####\}[\p{L}\p{M}\p{S}\p{N}\p{P}\s*]*`)
	if s := a.status("ada"); s != userpool.UserStatusTypeUnconfirmed {
		t.Errorf("status is %s", s)
	}
	text = "now {####}"
	_, err = a.resend("ada")
	check(t, err)
	check(t, a.confirm("ada", b.code("ada@example.com")))
	text = ""
	a.signUp("bob")
	_, err = a.forgot("ada")
	refused(t, err, userpool.ErrInvalidParameter, "The message is empty.")
}

// A service without a Store keeps messages in an outbox of its own; one with a Store and no sender says that it cannot deliver.
func TestOutboxByDefault(t *testing.T) {
	t.Parallel()
	s, err := userpool.New(userpool.Config{SigningKeys: testkeys.Make})
	check(t, err)
	if s.Outbox() == nil {
		t.Error("no outbox")
	}
	b := setup(t, func(c *userpool.Config) {
		c.Email, c.SMS, c.MasterKeys = nil, nil, [][]byte{bytes.Repeat([]byte{7}, seal.KeySize)}
	})
	if b.Service.Outbox() != nil {
		t.Error("an outbox that nobody asked for")
	}
}
