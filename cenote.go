package cenote

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"time"

	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"

	"github.com/cenote-auth/cenote/awsapi"
	"github.com/cenote-auth/cenote/awshttp"
	"github.com/cenote-auth/cenote/identitypool"
	"github.com/cenote-auth/cenote/internal/seal"
	"github.com/cenote-auth/cenote/message"
	"github.com/cenote-auth/cenote/oidc"
	"github.com/cenote-auth/cenote/store/driver"
	cognitosync "github.com/cenote-auth/cenote/sync"
	"github.com/cenote-auth/cenote/trigger"
	"github.com/cenote-auth/cenote/userpool"
)

// KeyRing wraps data keys under master keys that it keeps elsewhere, in a key management service for example.
type KeyRing = seal.KeyRing

// Config says how an instance works. The zero value is one in memory, in region us-east-1, whose messages stay in an outbox.
// The settings up to Rand are shared; what is set in UserPools, IdentityPools, Sync or OIDC comes before them.
type Config struct {
	Store      driver.DB // nil is a new memory store. Whoever opened a store closes it
	MasterKeys [][]byte  // 32 bytes each: the first seals, all open. Required with Store unless KeyRing is set
	KeyRing    KeyRing   // in place of MasterKeys

	Region    string                     // "us-east-1" if empty
	AccountID string                     // "123456789012" if empty
	Issuer    func(poolID string) string // nil is AWS-shaped

	Email    message.EmailSender // nil: the Outbox without a Store, else e-mail fails
	SMS      message.SMSSender   // nil: likewise
	Triggers trigger.Functions   // what the ARNs in a pool's LambdaConfig name

	Interceptors   []awsapi.Interceptor // wrap every operation, the first outermost
	CustomIDs      bool                 // take ids from the tags that other emulators use
	Logger         *slog.Logger         // nil is slog.Default
	MeterProvider  metric.MeterProvider // nil is the global one
	TracerProvider trace.TracerProvider // nil is the global one
	Now            func() time.Time     // nil is time.Now
	Rand           io.Reader            // nil is crypto/rand.Reader
	Mode           userpool.Mode        // for what a new store is made; "" is ModeLibrary

	UserPools     userpool.Config
	IdentityPools identitypool.Config
	Sync          cognitosync.Config
	OIDC          oidc.Config
}

// Instance is the services of one installation. It runs nothing by itself.
type Instance struct {
	UserPools     *userpool.Service
	IdentityPools *identitypool.Service
	Sync          *cognitosync.Service
	OIDC          *oidc.Service
}

// New returns an instance, or an error that names the field that is wrong or says why the store cannot be used.
func New(c Config) (*Instance, error) {
	if err := c.resolve(); err != nil {
		return nil, err
	}
	i := &Instance{}
	var err error
	if i.UserPools, err = userpool.New(c.userPools()); err != nil {
		return nil, fmt.Errorf("cenote: %w", err)
	}
	ip := c.IdentityPools
	ip.Interceptors = append(c.Interceptors[:len(c.Interceptors):len(c.Interceptors)], ip.Interceptors...)
	ip.Logger, ip.Now = cmp.Or(ip.Logger, c.Logger), first(ip.Now, c.Now)
	ip.MeterProvider, ip.TracerProvider = either(ip.MeterProvider, c.MeterProvider), either(ip.TracerProvider, c.TracerProvider)
	if i.IdentityPools, err = identitypool.New(ip); err != nil {
		return nil, fmt.Errorf("cenote: %w", err)
	}
	sync := c.Sync
	sync.Interceptors = append(c.Interceptors[:len(c.Interceptors):len(c.Interceptors)], sync.Interceptors...)
	sync.Logger, sync.Now = cmp.Or(sync.Logger, c.Logger), first(sync.Now, c.Now)
	sync.MeterProvider, sync.TracerProvider = either(sync.MeterProvider, c.MeterProvider), either(sync.TracerProvider, c.TracerProvider)
	if i.Sync, err = cognitosync.New(sync); err != nil {
		return nil, fmt.Errorf("cenote: %w", err)
	}
	pages := c.OIDC
	pages.Logger = cmp.Or(pages.Logger, c.Logger)
	if pages.UserPools == nil {
		pages.UserPools = i.UserPools
	}
	if i.OIDC, err = oidc.New(pages); err != nil {
		return nil, fmt.Errorf("cenote: %w", err)
	}
	return i, nil
}

// resolve makes what the services have to share: the store and the keys that it is sealed under.
func (c *Config) resolve() error {
	if c.Rand == nil {
		c.Rand = rand.Reader
	}
	switch {
	case c.KeyRing != nil && len(c.MasterKeys) > 0:
		return errors.New("cenote: MasterKeys and KeyRing are both set")
	case c.KeyRing != nil:
	case len(c.MasterKeys) > 0:
		ring, err := seal.NewKeys(c.Rand, c.MasterKeys...)
		if err != nil {
			return fmt.Errorf("cenote: MasterKeys: %w", err)
		}
		c.KeyRing = ring
	case c.Store != nil:
		return errors.New("cenote: Store is set without MasterKeys or KeyRing")
	}
	return nil
}

// userPools returns the configuration of the user pools with what it inherits.
func (c *Config) userPools() userpool.Config {
	u := c.UserPools
	if u.Store == nil && u.KeyRing == nil && len(u.MasterKeys) == 0 {
		u.Store, u.KeyRing = c.Store, c.KeyRing
	}
	u.Region, u.AccountID, u.Mode = cmp.Or(u.Region, c.Region), cmp.Or(u.AccountID, c.AccountID), cmp.Or(u.Mode, c.Mode)
	if u.Issuer == nil {
		u.Issuer = c.Issuer
	}
	u.Email, u.SMS, u.Triggers = either(u.Email, c.Email), either(u.SMS, c.SMS), either(u.Triggers, c.Triggers)
	u.Interceptors = append(c.Interceptors[:len(c.Interceptors):len(c.Interceptors)], u.Interceptors...)
	u.CustomIDs = u.CustomIDs || c.CustomIDs
	u.Logger = cmp.Or(u.Logger, c.Logger)
	u.MeterProvider, u.TracerProvider = either(u.MeterProvider, c.MeterProvider), either(u.TracerProvider, c.TracerProvider)
	u.Now = first(u.Now, c.Now)
	u.Rand = either(u.Rand, c.Rand)
	return u
}

// either returns the first of two interfaces that is not nil.
func either[T any](a, b T) T {
	if any(a) != nil {
		return a
	}
	return b
}

func first(a, b func() time.Time) func() time.Time {
	if a != nil {
		return a
	}
	return b
}

// Run delivers messages, works on jobs and sweeps what has expired, on the caller's goroutine, until ctx ends; then it returns
// nil. Any number of nodes may run on one store.
func (i *Instance) Run(ctx context.Context) error { return i.UserPools.Run(ctx) }

// Ready returns nil if the instance can answer: its store does.
func (i *Instance) Ready(ctx context.Context) error { return i.UserPools.Ready(ctx) }

// Handler returns an http.Handler that speaks AWS's protocols for all services and serves the documents below each pool's
// issuer. c.Services is filled in; a nil Authenticator or Authorizer refuses every signed operation.
func (i *Instance) Handler(c awshttp.Config) (http.Handler, error) {
	c.Services = []awshttp.Service{i.UserPools, i.IdentityPools, i.Sync}
	c.Documents = i.OIDC.Handler()
	h, err := awshttp.New(c)
	if err != nil {
		return nil, fmt.Errorf("cenote: %w", err)
	}
	return h, nil
}
