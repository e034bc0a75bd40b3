package cenotetest

import (
	"context"
	"crypto/rand"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/cenote-auth/cenote"
	"github.com/cenote-auth/cenote/awsapi"
	"github.com/cenote-auth/cenote/awshttp"
	"github.com/cenote-auth/cenote/iam"
	"github.com/cenote-auth/cenote/internal/seal"
	"github.com/cenote-auth/cenote/internal/testkeys"
	"github.com/cenote-auth/cenote/message"
	"github.com/cenote-auth/cenote/store/driver"
	"github.com/cenote-auth/cenote/store/memory"
	"github.com/cenote-auth/cenote/userpool"
)

// TB is what the package needs of a test: *testing.T, *testing.B, *testing.F, or what stands in for them elsewhere.
type TB interface {
	Helper()
	Cleanup(func())
	Fatalf(format string, args ...any)
}

// Cenote is an instance for tests. It is safe for concurrent use.
type Cenote struct {
	*cenote.Instance

	config  []func(*cenote.Config)
	db      *memory.DB
	ring    seal.KeyRing
	clock   *clock
	outbox  *message.Outbox
	faults  *faults
	handler http.Handler
	region  string
	deliver chan struct{} // full while somebody delivers

	serveOnce sync.Once
	server    *httptest.Server
	tb        TB
}

// Run starts an instance in memory that ends with the test. The functions may change its configuration; store, clock and
// keys are the package's own. Hourly limits per user are off, as in no other mode; set Config.UserPools.Limits to test them.
// Outside of a test binary it refuses to work.
func Run(t TB, configure ...func(*cenote.Config)) *Cenote {
	t.Helper()
	ring, err := seal.NewKeys(rand.Reader, make([]byte, seal.KeySize)) // what it protects lives in this process only
	if err != nil {
		t.Fatalf("cenotetest: %v", err)
	}
	return start(t, memory.New(memory.Config{}), ring, &clock{}, &message.Outbox{}, configure)
}

// noLimits switches off what a test that repeats itself would run into (QUO-013).
var noLimits = userpool.Limits{
	ConfirmSignUp: -1, ResendConfirmationCode: -1, ForgotPassword: -1, ChangePassword: -1, AttributeCode: -1, VerifyUserAttribute: -1,
	AttributeUpdate: -1, MessagesPerDestination: -1, ArithmeticWait: time.Minute,
}

func start(t TB, db *memory.DB, ring seal.KeyRing, clk *clock, outbox *message.Outbox, configure []func(*cenote.Config)) *Cenote {
	t.Helper()
	if !testing.Testing() { // whoever knows its keys can sign as it does (H5)
		t.Fatalf("cenotetest: not in a test: the signing keys are public")
	}
	c := &Cenote{config: configure, db: db, ring: ring, clock: clk, outbox: outbox, faults: &faults{}, deliver: make(chan struct{}, 1), tb: t}
	c.outbox.Now = c.Now
	cfg := cenote.Config{Email: outbox, SMS: outbox, CustomIDs: true}
	cfg.UserPools.Limits = noLimits
	for _, f := range configure {
		f(&cfg)
	}
	cfg.Store, cfg.KeyRing, cfg.MasterKeys, cfg.Now = db, ring, nil, c.Now
	cfg.UserPools.SigningKeys = testkeys.Make
	cfg.Interceptors = slices.Concat([]awsapi.Interceptor{c.deliverAfter}, cfg.Interceptors, []awsapi.Interceptor{c.faults.intercept})
	var err error
	if c.Instance, err = cenote.New(cfg); err != nil {
		t.Fatalf("cenotetest: %v", err)
	}
	c.region = c.UserPools.Region()
	// Any credentials are good, also on URL's socket, so only for programs of this machine and AWS's names (C1).
	guard, err := awshttp.NewDevGuard(awshttp.DevConfig{Regions: []string{c.region}})
	if err != nil {
		t.Fatalf("cenotetest: %v", err)
	}
	c.handler, err = c.Instance.Handler(awshttp.Config{
		Authenticator: iam.AnyCredentials{}, Authorizer: iam.AllowAll{}, Dev: guard, Logger: cfg.Logger, Rand: cfg.Rand,
	})
	if err != nil {
		t.Fatalf("cenotetest: %v", err)
	}
	t.Cleanup(c.close)
	return c
}

func (c *Cenote) close() {
	if c.server != nil {
		c.server.Close()
	}
	c.db.Close()
}

// delivering marks the context of senders: what they do themselves must not wait for their own end.
type delivering struct{}

// deliverAfter delivers what an operation queued before it returns, so that a test need not wait for its messages. Deliveries
// take turns: a message that is another call's to deliver has arrived when this one returns. They do so by a channel, because a
// bubble's time goes on while its goroutines wait for one.
func (c *Cenote) deliverAfter(ctx context.Context, call *awsapi.Call, next awsapi.Next) (any, error) {
	out, err := next(ctx, call)
	if call.Op.ReadOnly || ctx.Value(delivering{}) != nil {
		return out, err
	}
	c.deliver <- struct{}{}
	defer func() { <-c.deliver }()
	ctx = context.WithValue(context.WithoutCancel(ctx), delivering{}, true)
	if _, deliverErr := c.UserPools.Deliver(ctx); deliverErr != nil && err == nil {
		return nil, deliverErr
	}
	return out, err
}

// Outbox returns what the instance has sent, unless the test configured senders of its own.
func (c *Cenote) Outbox() *message.Outbox { return c.outbox }

// Handler returns the instance as an http.Handler that speaks AWS's protocols.
func (c *Cenote) Handler() http.Handler { return c.handler }

// URL starts a server on a loopback port, once, and returns its address. It ends with the test.
func (c *Cenote) URL() string {
	c.serveOnce.Do(func() { c.server = httptest.NewServer(c.handler) })
	return c.server.URL
}

// Now returns the time on the instance's clock: the real one, or the bubble's, plus what the test added.
func (c *Cenote) Now() time.Time { return c.clock.now() }

// Advance moves the instance's clock on by d. Requests that were signed by the real clock go on working.
func (c *Cenote) Advance(d time.Duration) { c.clock.advance(d) }

// SetTime sets the instance's clock, which goes on from there.
func (c *Cenote) SetTime(t time.Time) { c.clock.set(t) }

// Snapshot is a state of an instance: everything stored and everything sent.
type Snapshot struct {
	store  driver.Snapshot
	outbox *message.Outbox
}

// Snapshot keeps the present state, in constant time.
func (c *Cenote) Snapshot() Snapshot { return Snapshot{c.db.Snapshot(), c.outbox.Clone()} }

// Restore brings a kept state back. The clock stays.
func (c *Cenote) Restore(s Snapshot) {
	c.db.Restore(s.store)
	c.outbox.Replace(s.outbox)
}

// Fork returns an independent copy of the instance, in constant time, that ends with t. Ids and tokens of the original are good
// in it. Its clock shows the same time and moves by itself. It is configured by the same functions, which run again; failures
// that were ordered stay behind.
func (c *Cenote) Fork(t TB) *Cenote {
	t.Helper()
	return start(t, c.db.Fork().(*memory.DB), c.ring, c.clock.clone(), c.outbox.Clone(), c.config)
}
