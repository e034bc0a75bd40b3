package userpool

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"regexp"
	"slices"
	"sync"
	"time"

	"github.com/cenote-auth/cenote/awsapi"
	"github.com/cenote-auth/cenote/internal/engine"
	"github.com/cenote-auth/cenote/internal/gate"
	"github.com/cenote-auth/cenote/internal/seal"
	"github.com/cenote-auth/cenote/internal/throttle"
	"github.com/cenote-auth/cenote/internal/vault"
	"github.com/cenote-auth/cenote/message"
	"github.com/cenote-auth/cenote/risk"
	"github.com/cenote-auth/cenote/store"
	"github.com/cenote-auth/cenote/store/driver"
	"github.com/cenote-auth/cenote/store/memory"
	"github.com/cenote-auth/cenote/trigger"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"
)

// Config says how user pools work. The zero value is a service in memory, in region us-east-1, whose messages stay in an
// outbox.
type Config struct {
	Store      driver.DB    // nil is a new memory store. Whoever opened a store closes it
	MasterKeys [][]byte     // 32 bytes each: the first seals, all open. Required with Store unless KeyRing is set
	KeyRing    seal.KeyRing // wraps data keys elsewhere, in place of MasterKeys

	Region    string                     // "us-east-1" if empty
	AccountID string                     // "123456789012" if empty
	Issuer    func(poolID string) string // of tokens, discovery and JWKS alike; nil is AWS-shaped (POOL-003)
	// UpdatedIssuer is Issuer for the pools whose IssuerConfiguration is UPDATED (NEW-241). nil is AWS-shaped if Issuer is nil as well;
	// otherwise such pools are refused.
	UpdatedIssuer func(poolID string) string
	// CustomerKey is the ARN of the KMS key that KeyRing wraps data keys under. Pools may ask for that key in their KeyConfiguration,
	// and for no other (NEW-245).
	CustomerKey string

	Email    message.EmailSender // nil: Outbox if the store is in memory, else e-mail fails with CodeDeliveryFailureException
	SMS      message.SMSSender   // likewise for text messages
	Triggers trigger.Functions   // what the ARNs of a LambdaConfig name; nil is nothing
	// SenderKeys encrypts what custom senders are told. nil refuses pools with a CustomEmailSender or CustomSMSSender.
	SenderKeys SenderKeys

	// Locator says where the addresses of sign-ins and sessions are, for threat protection and for pools that track sessions. nil
	// knows nothing.
	Locator risk.Locator

	// Threat protection of the pools that have it (AUTH-551).
	RiskAssessor         risk.Assessor        // nil is risk.Default()
	CompromisedPasswords CompromisedPasswords // nil knows none

	Interceptors []awsapi.Interceptor // wrap every operation, the first outermost
	Limits       Limits
	// RateCategories has each node limit operations by AWS's categories (QUO-001), at the rates that UpdateProvisionedLimit sets. It is
	// off by default, and then there are no such rates to be set.
	RateCategories bool
	CustomIDs      bool // CreateUserPool and CreateUserPoolClient take ids from the tags that other emulators use
	// LenientAttributesToGet makes ListUsers leave out an attribute of AttributesToGet that a user lacks. Cognito refuses the
	// whole list then, which is the default (USR-081).
	LenientAttributesToGet bool
	// PasskeyOrigins returns where passkeys of a pool may be used, beside the site of its relying party id itself, which is
	// https:// and the id: origins as a browser or a system writes them, as in "https://login.example.com",
	// "http://localhost:3000" or "android:apk-key-hash:…". Nothing is derived from the relying party id: a page on a sibling
	// host is no page of the pool (M1). nil is none.
	PasskeyOrigins func(poolID string) []string

	Logger         *slog.Logger         // nil is slog.Default
	MeterProvider  metric.MeterProvider // nil is the global one
	TracerProvider trace.TracerProvider // nil is the global one

	Now  func() time.Time // nil is time.Now
	Rand io.Reader        // nil is crypto/rand.Reader

	// SigningKeys makes the RSA keys of pools, which the store keeps sealed. nil makes new ones, when a pool first needs them.
	SigningKeys KeyMaker
	// Signers keeps the keys that sign tokens elsewhere, in a KMS for example. nil has SigningKeys make them. Keys that a pool has
	// already sign on until RotateSigningKeys.
	Signers Signers
	// Mode is written into a new store; a store that `cenote dev` made opens in no other mode.
	Mode Mode
}

// Mode says for what a store is made.
type Mode = vault.Mode

// The modes of a store.
const (
	ModeLibrary = vault.ModeLibrary // the default
	ModeServe   = vault.ModeServe
	ModeDev     = vault.ModeDev
)

// config is a Config whose defaults are filled in.
type config struct {
	region, account string
	issuer          func(string) string
	updatedIssuer   func(poolID, region string) string // nil if no pool can have one
	customerKey     string
	email           message.EmailSender
	sms             message.SMSSender
	senderKeys      SenderKeys
	limits          Limits
	customIDs       bool
	rateCategories  bool
	lenientLists    bool
	passkeyOrigins  func(string) []string
	logger          *slog.Logger
	keys            KeyMaker
	signers         Signers
	mode            Mode
	assessor        risk.Assessor
	locator         risk.Locator
	compromised     CompromisedPasswords
}

// Service is the user pools of an installation. It is safe for concurrent use and runs nothing by itself: Run delivers
// messages and works on jobs on the caller's goroutine.
type Service struct {
	cfg      config
	engine   *engine.Engine
	store    *store.Store
	gate     *gate.Gate
	vault    *vault.Vault
	triggers *trigger.Runner
	outbox   *message.Outbox
	rand     io.Reader

	hints      hints
	estimates  estimates
	keys       keyCache
	envelope   envelope
	sealers    refreshSealers
	seen       seenTokens
	strangers  throttle.Throttle // of unknown refresh tokens
	wantKeys   wanted
	slots      slots
	wake       chan struct{}
	rateLimits rateLimits
}

var (
	regionForm  = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[a-z]{2}(-[a-z]+)+-[0-9]$`) })
	accountForm = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[0-9]{12}$`) })
)

// New returns the service. The error names the field that is wrong, or says why the store cannot be used: made under another
// master key, or made by `cenote dev`.
func New(c Config) (*Service, error) {
	s := &Service{rand: c.Rand, wake: make(chan struct{}, 1)}
	if s.rand == nil {
		s.rand = rand.Reader
	}
	if err := s.configure(c); err != nil {
		return nil, err
	}
	db := c.Store
	if db == nil {
		db = memory.New(memory.Config{})
	}
	s.store = store.Open(db, c.Now)
	ring, err := c.ring(s.rand)
	if err != nil {
		return nil, err
	}
	if s.vault, err = vault.Open(context.Background(), s.store, ring, s.rand, s.cfg.mode); err != nil {
		return nil, fmt.Errorf("userpool: open the store: %w", err)
	}
	if s.gate, err = gate.New(gate.Config{Wait: s.cfg.limits.ArithmeticWait}); err != nil {
		return nil, err
	}
	if s.triggers, err = trigger.NewRunner(trigger.RunnerConfig{Functions: c.Triggers, Logger: s.cfg.logger}); err != nil {
		return nil, err
	}
	interceptors := slices.Clone(c.Interceptors)
	if c.CustomIDs {
		interceptors = append(interceptors, passCustomClientNames)
	}
	s.engine, err = engine.New(engine.Config{
		Service: &service, Interceptors: interceptors, Logger: s.cfg.logger,
		MeterProvider: c.MeterProvider, TracerProvider: c.TracerProvider, Resource: s.resource, Admit: s.permit,
	})
	return s, err
}

func (s *Service) configure(c Config) error {
	s.cfg = config{
		region: c.Region, account: c.AccountID, issuer: c.Issuer, email: c.Email, sms: c.SMS, senderKeys: c.SenderKeys,
		limits: c.Limits.withDefaults(), customIDs: c.CustomIDs, rateCategories: c.RateCategories, lenientLists: c.LenientAttributesToGet,
		logger: c.Logger, keys: c.SigningKeys, signers: c.Signers, mode: c.Mode, customerKey: c.CustomerKey,
		passkeyOrigins: c.PasskeyOrigins,
		assessor:       c.RiskAssessor, locator: c.Locator, compromised: c.CompromisedPasswords,
	}
	if s.cfg.assessor == nil {
		s.cfg.assessor = risk.Default()
	}
	if s.cfg.region == "" {
		s.cfg.region = "us-east-1"
	}
	if s.cfg.account == "" {
		s.cfg.account = "123456789012"
	}
	if s.cfg.mode == "" {
		s.cfg.mode = ModeLibrary
	}
	if s.cfg.logger == nil {
		s.cfg.logger = slog.Default()
	}
	if updated := c.UpdatedIssuer; updated != nil {
		s.cfg.updatedIssuer = func(poolID, _ string) string { return updated(poolID) }
	}
	if s.cfg.issuer == nil {
		region := s.cfg.region
		s.cfg.issuer = func(poolID string) string { return awsIssuer("", region, poolID) }
		if s.cfg.updatedIssuer == nil {
			s.cfg.updatedIssuer = func(poolID, region string) string { return awsIssuer("issuer-", region, poolID) }
		}
	}
	if s.cfg.keys == nil {
		s.cfg.keys = s.newRSAKey
	}
	if s.cfg.passkeyOrigins == nil {
		s.cfg.passkeyOrigins = func(string) []string { return nil }
	}
	if c.Store == nil {
		s.outbox = &message.Outbox{Now: c.Now}
		if s.cfg.email == nil {
			s.cfg.email = s.outbox
		}
		if s.cfg.sms == nil {
			s.cfg.sms = s.outbox
		}
	}
	switch {
	case !regionForm().MatchString(s.cfg.region):
		return fmt.Errorf("userpool: Region is %q, want the form of us-east-1", s.cfg.region)
	case !accountForm().MatchString(s.cfg.account):
		return fmt.Errorf("userpool: AccountID is %q, want 12 digits", s.cfg.account)
	}
	return nil
}

// ring returns the key ring that Config names. A store that outlives the process needs a key that does.
func (c Config) ring(random io.Reader) (seal.KeyRing, error) {
	switch {
	case c.KeyRing != nil && len(c.MasterKeys) > 0:
		return nil, errors.New("userpool: MasterKeys and KeyRing are both set")
	case c.KeyRing != nil:
		return c.KeyRing, nil
	case len(c.MasterKeys) > 0:
		ring, err := seal.NewKeys(random, c.MasterKeys...)
		if err != nil {
			return nil, fmt.Errorf("userpool: MasterKeys: %w", err)
		}
		return ring, nil
	case c.Store != nil:
		return nil, errors.New("userpool: Store is set without MasterKeys or KeyRing")
	}
	key := make([]byte, seal.KeySize)
	if _, err := io.ReadFull(random, key); err != nil {
		return nil, fmt.Errorf("userpool: make a master key: %w", err)
	}
	return seal.NewKeys(random, key)
}

// Outbox returns where messages stay when no sender is configured, or nil if the store is the caller's.
func (s *Service) Outbox() *message.Outbox { return s.outbox }

// Region returns the region that the service answers for.
func (s *Service) Region() string { return s.cfg.region }

// poolARN returns the ARN of a pool (POOL-002).
func (s *Service) poolARN(poolID string) string {
	return "arn:aws:cognito-idp:" + s.cfg.region + ":" + s.cfg.account + ":userpool/" + poolID
}

// Ready returns nil if the store answers.
func (s *Service) Ready(ctx context.Context) error { return s.store.Ping(ctx) }
