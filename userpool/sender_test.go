package userpool_test

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cenote-auth/cenote/message"
	"github.com/cenote-auth/cenote/trigger"
	"github.com/cenote-auth/cenote/userpool"
)

const senderKeyARN = "arn:aws:kms:us-east-1:123456789012:key/0e0c7ffe-2f4a-4f0b-9b0c-0f0a0b0c0d0e"

// keyring is SenderKeys that notes what it was asked and fails as long as it is told to.
type keyring struct {
	*userpool.RawSenderKeys
	mu    sync.Mutex
	asked []string
	fail  error
}

func newKeyring(t *testing.T) *keyring {
	t.Helper()
	raw, err := userpool.NewRawSenderKeys("cenote", "senders", bytes.Repeat([]byte{7}, 32), nil)
	check(t, err)
	return &keyring{RawSenderKeys: raw}
}

func (k *keyring) GenerateDataKey(ctx context.Context, arn string, about map[string]string) (userpool.SenderKey, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.asked = append(k.asked, arn+" "+about["userpool-id"])
	if k.fail != nil {
		return userpool.SenderKey{}, k.fail
	}
	return k.RawSenderKeys.GenerateDataKey(ctx, arn, about)
}

func (k *keyring) be(err error) { k.mu.Lock(); defer k.mu.Unlock(); k.fail = err }

// courier is a custom sender.
type courier struct {
	keys  *keyring
	mu    sync.Mutex
	heard []trigger.CustomSenderEvent
	fail  error
}

func (c *courier) carry(_ context.Context, e trigger.CustomSenderEvent) (map[string]any, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.heard = append(c.heard, e)
	return nil, c.fail
}

func (c *courier) be(err error) { c.mu.Lock(); defer c.mu.Unlock(); c.fail = err }

// last returns the newest event and the code in it.
func (c *courier) last(t *testing.T) (trigger.CustomSenderEvent, string) {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.heard) == 0 {
		t.Fatal("the sender heard nothing")
	}
	e := c.heard[len(c.heard)-1]
	if e.Request.Code == nil {
		return e, ""
	}
	code, err := c.keys.Open(e.UserPoolID, *e.Request.Code)
	check(t, err)
	return e, code
}

// unwanted is a sender of the installation that must not be used.
type unwanted struct{ t *testing.T }

func (u unwanted) SendEmail(context.Context, message.Email) error {
	u.t.Error("the installation's e-mail was used")
	return nil
}

func (u unwanted) SendSMS(context.Context, message.SMS) error {
	u.t.Error("the installation's SMS was used")
	return nil
}

// couriers makes a bench with keys, and a pool whose e-mail and SMS are carried by one custom sender.
func couriers(t *testing.T, options ...any) (app, *courier) {
	t.Helper()
	keys := newKeyring(t)
	c := &courier{keys: keys}
	b := setup(t, func(cfg *userpool.Config) { cfg.SenderKeys, cfg.Email, cfg.SMS = keys, unwanted{t}, unwanted{t} })
	on(b, "sender", c.carry)
	return b.app(append([]any{carried}, options...)...), c
}

// carried gives a pool the custom senders of couriers.
func carried(in *userpool.CreateUserPoolInput) {
	in.LambdaConfig = &userpool.LambdaConfigType{
		CustomEmailSender: &userpool.CustomEmailLambdaVersionConfigType{LambdaArn: trigger.ARN("sender"), LambdaVersion: "V1_0"},
		CustomSMSSender:   &userpool.CustomSMSLambdaVersionConfigType{LambdaArn: trigger.ARN("sender"), LambdaVersion: "V1_0"},
		KMSKeyID:          senderKeyARN,
	}
}

// TRG-121, TRG-122, TRG-124: the function gets the code, encrypted under the pool's key with the pool id in the context, and nobody
// else gets anything. The code works.
func TestCustomSender(t *testing.T) {
	t.Parallel()
	a, c := couriers(t)
	_, err := a.SignUp(t.Context(), &userpool.SignUpInput{
		ClientId: a.client, Username: "ada", Password: password, UserAttributes: attributes("email", "ada@example.com"),
		ClientMetadata: map[string]string{"page": "welcome"},
	})
	check(t, err)
	a.deliver()
	e, code := c.last(t)
	if e.TriggerSource != "CustomEmailSender_SignUp" || e.Request.Type != "customEmailSenderRequestV1" || e.UserName != "ada" ||
		e.CallerContext.ClientID != a.client || e.UserPoolID != a.pool || e.Request.UserAttributes["email"] != "ada@example.com" ||
		e.Request.UserAttributes["cognito:user_status"] != "UNCONFIRMED" || !maps.Equal(e.Request.ClientMetadata, map[string]string{"page": "welcome"}) {
		t.Errorf("the sender heard %+v", e)
	}
	if want := senderKeyARN + " " + a.pool; len(c.keys.asked) != 1 || c.keys.asked[0] != want {
		t.Errorf("keys were asked %v, want %q", c.keys.asked, want)
	}
	check(t, a.confirm("ada", code))
	a.deliver()
	if len(c.heard) != 1 {
		t.Errorf("the sender was called %d times", len(c.heard))
	}
}

// TRG-122: what one pool's sender gets is not opened as another's.
func TestSenderCodeOfAnotherPool(t *testing.T) {
	t.Parallel()
	a, c := couriers(t)
	a.signUp("ada", "email", "ada@example.com")
	a.deliver()
	if code, err := c.keys.Open("us-east-1_Other0001", *c.heard[0].Request.Code); err == nil {
		t.Errorf("opened %s", code)
	}
	for _, bad := range []string{"", "*", "AAAA"} {
		if code, err := c.keys.Open(a.pool, bad); err == nil {
			t.Errorf("opened %q as %s", bad, code)
		}
	}
}

// TRG-123: temporary passwords are HTML-escaped before they are encrypted.
func TestSenderOfTemporaryPasswords(t *testing.T) {
	t.Parallel()
	a, c := couriers(t)
	_, err := a.create("ada", having("email", "ada@example.com", "phone_number", "+12065559934"), temporary(`A<b>&"c'-9`),
		invited(userpool.DeliveryMediumTypeEmail, userpool.DeliveryMediumTypeSms))
	check(t, err)
	a.deliver()
	types := map[string]bool{}
	for _, e := range c.heard {
		types[e.Request.Type] = true
		code, err := c.keys.Open(a.pool, *e.Request.Code)
		if err != nil || code != `A&lt;b&gt;&amp;"c'-9` {
			t.Errorf("%s brings %q, %v", e.TriggerSource, code, err)
		}
	}
	if !types["customEmailSenderRequestV1"] || !types["customSMSSenderRequestV1"] {
		t.Errorf("called for %v", types)
	}
}

// TRG-117: the text function runs first, and its text goes nowhere.
func TestTextBeforeSender(t *testing.T) {
	t.Parallel()
	a, c := couriers(t)
	var before int
	text := on(a.bench, "text", func(_ context.Context, e trigger.CustomMessageEvent) (trigger.CustomMessageEvent, error) {
		before = len(c.heard)
		e.Response.EmailMessage = new("text-mark {####}")
		return e, nil
	})
	_, err := a.UpdateUserPool(t.Context(), updateOf(a.pool, func(l *userpool.LambdaConfigType) { l.CustomMessage = text }))
	check(t, err)
	before = -1
	a.signUp("ada", "email", "ada@example.com")
	if before != 0 {
		t.Errorf("the text function ran after %d calls of the sender, want 0", before)
	}
	a.deliver()
	e, code := c.last(t)
	if strings.Contains(code, "text-mark") || len(code) != 6 {
		t.Errorf("the sender heard %+v with %q", e, code)
	}
}

func updateOf(pool string, change func(*userpool.LambdaConfigType)) *userpool.UpdateUserPoolInput {
	var in userpool.CreateUserPoolInput
	carried(&in)
	change(in.LambdaConfig)
	return &userpool.UpdateUserPoolInput{
		UserPoolId: pool, LambdaConfig: in.LambdaConfig, AutoVerifiedAttributes: []userpool.VerifiedAttributeType{"email"},
	}
}

// TRG-009, TRG-124, H12: a sender that refuses changes no answer and is not asked again; one that is not reached, and keys that
// cannot be had, put the message off. The installation's own senders stay out of it.
func TestFailingSenders(t *testing.T) {
	t.Parallel()
	a, c := couriers(t)
	c.be(errors.New("no credit"))
	a.signUp("ada", "email", "ada@example.com")
	a.deliver()
	a.clock.Advance(time.Hour)
	a.deliver()
	if len(c.heard) != 1 {
		t.Errorf("a sender that refuses was called %d times", len(c.heard))
	}
	c.be(&trigger.InvokeError{Name: "ServiceException"})
	a.signUp("bob", "email", "bob@example.com")
	a.deliver()
	c.be(nil)
	c.keys.be(errors.New("KMS is away"))
	a.clock.Advance(time.Minute)
	a.deliver()
	if len(c.heard) != 2 {
		t.Errorf("the sender was called %d times, want 2", len(c.heard))
	}
	c.keys.be(nil)
	a.clock.Advance(time.Hour)
	a.deliver()
	e, code := c.last(t)
	if len(c.heard) != 3 || e.UserName != "bob" {
		t.Errorf("the sender heard %d calls, the last of %s", len(c.heard), e.UserName)
	}
	check(t, a.confirm("bob", code))
}

// TRG-126: a pool with senders of its own needs none of the installation's, for those who exist as for those who do not (H7). A phone
// number still needs SmsConfiguration to be verified.
func TestH7_SendersOfThePoolOnly(t *testing.T) {
	t.Parallel()
	keys := newKeyring(t)
	c := &courier{keys: keys}
	b := setup(t, func(cfg *userpool.Config) { cfg.SenderKeys, cfg.Email, cfg.SMS = keys, nil, nil })
	on(b, "sender", c.carry)
	a := b.app(carried, hides)
	a.signUp("ada", "email", "ada@example.com")
	a.deliver()
	_, code := c.last(t)
	check(t, a.confirm("ada", code))
	for _, name := range []string{"ada", "nobody@example.com"} {
		if to, err := a.forgot(name); err != nil || to.DeliveryMedium != "EMAIL" {
			t.Errorf("%s: %v, %v", name, to, err)
		}
	}
	_, err := b.CreateUserPool(t.Context(), func() *userpool.CreateUserPoolInput {
		in := &userpool.CreateUserPoolInput{PoolName: "p", AutoVerifiedAttributes: []userpool.VerifiedAttributeType{"phone_number"}}
		carried(in)
		return in
	}())
	refused(t, err, userpool.ErrInvalidParameter, "SMS configuration is required when phone_number is selected for auto verification")

	// The other medium has no sender.
	in := &userpool.CreateUserPoolInput{}
	carried(in)
	in.LambdaConfig.CustomEmailSender = nil
	other := b.app(lambdas(*in.LambdaConfig))
	refused(t, other.trySignUp("ada", "email", "ada@example.com"), userpool.ErrCodeDeliveryFailure, "Unable to deliver message.")
}

// POOL-050: senders need a key.
func TestSenderNeedsKey(t *testing.T) {
	t.Parallel()
	b := setup(t, func(cfg *userpool.Config) { cfg.SenderKeys = newKeyring(t) })
	for name, member := range map[string]string{"e-mail": "LambdaConfig.CustomEmailSender", "SMS": "LambdaConfig.CustomSMSSender"} {
		in := &userpool.CreateUserPoolInput{PoolName: "p"}
		carried(in)
		in.LambdaConfig.KMSKeyID = ""
		if name == "e-mail" {
			in.LambdaConfig.CustomSMSSender = nil
		} else {
			in.LambdaConfig.CustomEmailSender = nil
		}
		_, err := b.CreateUserPool(t.Context(), in)
		refused(t, err, userpool.ErrInvalidParameter, "KMSKeyID is required with "+member+".")
	}
	_, err := b.CreateUserPool(t.Context(), &userpool.CreateUserPoolInput{PoolName: "p", LambdaConfig: &userpool.LambdaConfigType{KMSKeyID: senderKeyARN}})
	check(t, err)
}

// A service that has lost its SenderKeys cannot send for such a pool, and says so.
func TestSenderKeysGone(t *testing.T) {
	t.Parallel()
	a, _ := couriers(t)
	a.config.SenderKeys = nil
	a.start()
	refused(t, a.trySignUp("ada", "email", "ada@example.com"), userpool.ErrCodeDeliveryFailure, "Unable to deliver message.")
}

// TRG-008, H16: what waits for a sender is sealed: neither the code nor the metadata is in the store in clear, and afterwards nothing is.
func TestH16_WaitingForTheSender(t *testing.T) {
	t.Parallel()
	a, c := couriers(t)
	a.signUp("bob", "email", "bob@example.com")
	a.deliver()
	_, code := c.last(t)
	check(t, a.confirm("bob", code))
	a.signIn("bob")
	_, err := a.create("eve", having("email", "eve@example.com"), temporary("Canary-Word-9"), invited(userpool.DeliveryMediumTypeEmail))
	check(t, err)
	_, err = a.SignUp(t.Context(), &userpool.SignUpInput{
		ClientId: a.client, Username: "ada", Password: password, UserAttributes: attributes("email", "ada@example.com"),
		ClientMetadata: map[string]string{"k": "metadata-mark"},
	})
	check(t, err)
	if text := dump(t, a); strings.Contains(text, "Canary-Word") || strings.Contains(text, "metadata-mark") {
		t.Error("the store has it in clear")
	}
	a.deliver()
	if n, err := a.Deliver(t.Context()); n != 0 || err != nil {
		t.Errorf("%d messages are left, %v", n, err)
	}
}

func TestRawSenderKeys(t *testing.T) {
	t.Parallel()
	key := make([]byte, 32)
	for name, try := range map[string]func() error{
		"no name space":  func() error { _, err := userpool.NewRawSenderKeys("", "n", key, nil); return err },
		"no name":        func() error { _, err := userpool.NewRawSenderKeys("n", "", key, nil); return err },
		"name of KMS":    func() error { _, err := userpool.NewRawSenderKeys("aws-kms", "n", key, nil); return err },
		"not text":       func() error { _, err := userpool.NewRawSenderKeys("n", "\xff", key, nil); return err },
		"long name":      func() error { _, err := userpool.NewRawSenderKeys("n", strings.Repeat("n", 256), key, nil); return err },
		"key of 16":      func() error { _, err := userpool.NewRawSenderKeys("n", "n", key[:16], nil); return err },
		"key of nothing": func() error { _, err := userpool.NewRawSenderKeys("n", "n", nil, nil); return err },
	} {
		if try() == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
