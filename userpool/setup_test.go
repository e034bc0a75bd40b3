package userpool_test

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/cenote-auth/cenote/awsapi"
	"github.com/cenote-auth/cenote/internal/seal"
	"github.com/cenote-auth/cenote/internal/testkeys"
	"github.com/cenote-auth/cenote/message"
	"github.com/cenote-auth/cenote/srp"
	"github.com/cenote-auth/cenote/store/memory"
	"github.com/cenote-auth/cenote/trigger"
	"github.com/cenote-auth/cenote/userpool"
)

const (
	password = "Correct-Horse-9"
	another  = "Battery-Staple-7"
)

// bench is a service in memory for one test: every Update runs twice (C2), the clock stands still until it is told, signing
// keys are the fixed ones, and what is sent stays in an outbox.
type bench struct {
	*userpool.Service
	t         *testing.T
	config    userpool.Config
	db        *memory.DB
	clock     *clock
	outbox    *message.Outbox
	functions *trigger.Mux
}

// setup makes a bench. The functions change its configuration before the service starts.
func setup(t *testing.T, configure ...func(*userpool.Config)) *bench {
	t.Helper()
	b := &bench{
		t: t, db: memory.New(memory.Config{RehearseUpdates: true}), outbox: &message.Outbox{}, functions: &trigger.Mux{},
		clock: &clock{now: time.Date(2026, 1, 3, 4, 5, 6, 7, time.UTC)},
	}
	b.outbox.Now = b.clock.Now
	b.config = userpool.Config{
		Store: b.db, MasterKeys: [][]byte{make([]byte, seal.KeySize)}, SigningKeys: testkeys.Make, Now: b.clock.Now, CustomIDs: true,
		Email: b.outbox, SMS: b.outbox, Triggers: b.functions, Logger: slog.New(slog.DiscardHandler),
		Limits: userpool.Limits{ArithmeticWait: time.Minute}, // a busy machine is no failure
	}
	for _, f := range configure {
		f(&b.config)
	}
	b.start()
	return b
}

func (b *bench) start() {
	b.t.Helper()
	var err error
	if b.Service, err = userpool.New(b.config); err != nil {
		b.t.Fatal(err)
	}
}

// fork returns another bench on a copy of the store as it is now, which is also what a crash at this moment would leave. Its
// outbox is empty and its clock goes its own way.
func (b *bench) fork(t *testing.T) *bench {
	t.Helper()
	f := *b
	f.t, f.clock = t, &clock{now: b.clock.Now()}
	f.config.Now = f.clock.Now
	f.db, f.outbox = b.db.Fork().(*memory.DB), &message.Outbox{Now: f.clock.Now}
	f.config.Store, f.config.Email, f.config.SMS = f.db, f.outbox, f.outbox
	f.start()
	return &f
}

// clock stands still until it is told.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Advance moves the clock on.
func (c *clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// deliver sends what is due.
func (b *bench) deliver() {
	b.t.Helper()
	if _, err := b.Deliver(b.t.Context()); err != nil {
		b.t.Fatal(err)
	}
}

// code delivers and returns the newest code to an address.
func (b *bench) code(to string) string {
	b.t.Helper()
	b.deliver()
	code := b.outbox.LastCode(to)
	if code == "" {
		b.t.Fatalf("no code was sent to %s", to)
	}
	return code
}

// on enters a function under a name that a LambdaConfig can have by trigger.ARN(name).
func on[In, Out any](b *bench, name string, f func(context.Context, In) (Out, error)) string {
	b.functions.Handle(name, trigger.Func(f))
	return trigger.ARN(name)
}

// app is a pool and one of its clients.
type app struct {
	*bench
	pool   string
	client string
	secret string
}

// app makes a pool that verifies e-mail addresses, with a client that allows every flow and no secret. Options are functions
// over *userpool.CreateUserPoolInput and *userpool.CreateUserPoolClientInput.
func (b *bench) app(options ...any) app {
	b.t.Helper()
	in := &userpool.CreateUserPoolInput{
		PoolName: "test", AutoVerifiedAttributes: []userpool.VerifiedAttributeType{userpool.VerifiedAttributeTypeEmail},
	}
	for _, o := range options {
		if f, ok := o.(func(*userpool.CreateUserPoolInput)); ok {
			f(in)
		}
	}
	out, err := b.CreateUserPool(b.t.Context(), in)
	if err != nil {
		b.t.Fatal(err)
	}
	return app{bench: b, pool: out.UserPool.Id}.sibling(options...)
}

// fork returns the same pool and client on a fork of the bench.
func (a app) fork(t *testing.T) app {
	t.Helper()
	a.bench = a.bench.fork(t)
	return a
}

// sibling makes another client of the same pool.
func (a app) sibling(options ...any) app {
	a.t.Helper()
	in := &userpool.CreateUserPoolClientInput{
		UserPoolId: a.pool, ClientName: "test", ExplicitAuthFlows: []userpool.ExplicitAuthFlowsType{
			userpool.ExplicitAuthFlowsTypeAllowUserSrpAuth, userpool.ExplicitAuthFlowsTypeAllowUserPasswordAuth,
			userpool.ExplicitAuthFlowsTypeAllowAdminUserPasswordAuth, userpool.ExplicitAuthFlowsTypeAllowRefreshTokenAuth,
		},
	}
	for _, o := range options {
		if f, ok := o.(func(*userpool.CreateUserPoolClientInput)); ok {
			f(in)
		}
	}
	out, err := a.CreateUserPoolClient(a.t.Context(), in)
	if err != nil {
		a.t.Fatal(err)
	}
	a.client, a.secret = out.UserPoolClient.ClientId, out.UserPoolClient.ClientSecret
	return a
}

// Options of app.

func byEmail(in *userpool.CreateUserPoolInput) {
	in.UsernameAttributes = []userpool.UsernameAttributeType{userpool.UsernameAttributeTypeEmail}
}

func emailAlias(in *userpool.CreateUserPoolInput) {
	in.AliasAttributes = []userpool.AliasAttributeType{userpool.AliasAttributeTypeEmail}
}

func hides(in *userpool.CreateUserPoolClientInput) {
	in.PreventUserExistenceErrors = userpool.PreventUserExistenceErrorTypesEnabled
}

func legacy(in *userpool.CreateUserPoolClientInput) {
	in.PreventUserExistenceErrors = userpool.PreventUserExistenceErrorTypesLegacy
}

func withSecret(in *userpool.CreateUserPoolClientInput) { in.GenerateSecret = true }

// rotating makes refresh tokens change with each use.
func rotating(grace int32) func(*userpool.CreateUserPoolClientInput) {
	return func(in *userpool.CreateUserPoolClientInput) {
		in.ExplicitAuthFlows = []userpool.ExplicitAuthFlowsType{
			userpool.ExplicitAuthFlowsTypeAllowUserPasswordAuth, userpool.ExplicitAuthFlowsTypeAllowUserSrpAuth,
		}
		in.RefreshTokenRotation = &userpool.RefreshTokenRotationType{
			Feature: userpool.FeatureTypeEnabled, RetryGracePeriodSeconds: new(grace),
		}
	}
}

// lambdas gives the pool functions.
func lambdas(c userpool.LambdaConfigType) func(*userpool.CreateUserPoolInput) {
	return func(in *userpool.CreateUserPoolInput) { in.LambdaConfig = &c }
}

// attributes makes a list of names and values.
func attributes(pairs ...string) []userpool.AttributeType {
	var out []userpool.AttributeType
	for i := 0; i < len(pairs); i += 2 {
		out = append(out, userpool.AttributeType{Name: pairs[i], Value: pairs[i+1]})
	}
	return out
}

// signUp registers somebody and returns the sub. The user is not confirmed.
func (a app) signUp(name string, pairs ...string) string {
	a.t.Helper()
	out, err := a.SignUp(a.t.Context(), &userpool.SignUpInput{
		ClientId: a.client, Username: name, Password: password, SecretHash: a.hash(name), UserAttributes: attributes(pairs...),
	})
	if err != nil {
		a.t.Fatalf("sign up %s: %v", name, err)
	}
	return out.UserSub
}

// user registers and confirms somebody, whose e-mail address becomes verified if there is one.
func (a app) user(name string, pairs ...string) string {
	a.t.Helper()
	sub := a.signUp(name, pairs...)
	to := name
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i] == "email" {
			to = pairs[i+1]
		}
	}
	a.deliver()
	if code := a.outbox.LastCode(to); code != "" {
		_, err := a.ConfirmSignUp(a.t.Context(), &userpool.ConfirmSignUpInput{
			ClientId: a.client, Username: name, ConfirmationCode: code, SecretHash: a.hash(name),
		})
		if err != nil {
			a.t.Fatalf("confirm %s: %v", name, err)
		}
		return sub
	}
	if _, err := a.AdminConfirmSignUp(a.t.Context(), &userpool.AdminConfirmSignUpInput{UserPoolId: a.pool, Username: name}); err != nil {
		a.t.Fatalf("confirm %s: %v", name, err)
	}
	return sub
}

// newcomer makes somebody who has to change a temporary password.
func (a app) newcomer(name string, pairs ...string) {
	a.t.Helper()
	_, err := a.AdminCreateUser(a.t.Context(), &userpool.AdminCreateUserInput{
		UserPoolId: a.pool, Username: name, TemporaryPassword: password, MessageAction: userpool.MessageActionTypeSuppress,
		UserAttributes: attributes(pairs...),
	})
	if err != nil {
		a.t.Fatalf("create %s: %v", name, err)
	}
}

// hash is the SECRET_HASH for name, or "" if the client has no secret.
func (a app) hash(name string) string {
	if a.secret == "" {
		return ""
	}
	return srp.SecretHash(name, a.client, a.secret)
}

// begin starts a sign-in; pairs are AuthParameters.
func (a app) begin(flow userpool.AuthFlowType, pairs ...string) (*userpool.InitiateAuthOutput, error) {
	params := asMap(pairs)
	if h := a.hash(params["USERNAME"]); h != "" && params["SECRET_HASH"] == "" {
		params["SECRET_HASH"] = h
	}
	return a.InitiateAuth(a.t.Context(), &userpool.InitiateAuthInput{ClientId: a.client, AuthFlow: flow, AuthParameters: params})
}

// respond answers a challenge; pairs are ChallengeResponses.
func (a app) respond(challenge userpool.ChallengeNameType, session string, pairs ...string) (*userpool.RespondToAuthChallengeOutput, error) {
	responses := asMap(pairs)
	if h := a.hash(responses["USERNAME"]); h != "" && responses["SECRET_HASH"] == "" {
		responses["SECRET_HASH"] = h
	}
	return a.RespondToAuthChallenge(a.t.Context(), &userpool.RespondToAuthChallengeInput{
		ClientId: a.client, ChallengeName: challenge, Session: session, ChallengeResponses: responses,
	})
}

func asMap(pairs []string) map[string]string {
	m := make(map[string]string, len(pairs)/2)
	for i := 0; i < len(pairs); i += 2 {
		m[pairs[i]] = pairs[i+1]
	}
	return m
}

// tryPassword signs in by USER_PASSWORD_AUTH.
func (a app) tryPassword(name, password string) (*userpool.InitiateAuthOutput, error) {
	return a.begin(userpool.AuthFlowTypeUserPasswordAuth, "USERNAME", name, "PASSWORD", password)
}

// signIn signs in with the password that signUp gives and returns the tokens.
func (a app) signIn(name string) *userpool.AuthenticationResultType {
	a.t.Helper()
	out, err := a.tryPassword(name, password)
	if err != nil {
		a.t.Fatalf("sign in %s: %v", name, err)
	}
	if out.AuthenticationResult == nil {
		a.t.Fatalf("sign in %s: goes on with %s", name, out.ChallengeName)
	}
	return out.AuthenticationResult
}

// srpStart begins a sign-in by SRP and returns the claim that answers the challenge, ready to be sent.
func (a app) srpStart(name, password string) (*userpool.RespondToAuthChallengeInput, error) {
	a.t.Helper()
	login, err := srp.NewLogin(a.pool, name, password)
	if err != nil {
		a.t.Fatal(err)
	}
	params := login.Params()
	if h := a.hash(name); h != "" {
		params["SECRET_HASH"] = h
	}
	begun, err := a.InitiateAuth(a.t.Context(), &userpool.InitiateAuthInput{
		ClientId: a.client, AuthFlow: userpool.AuthFlowTypeUserSrpAuth, AuthParameters: params,
	})
	if err != nil {
		return nil, err
	}
	responses, err := login.Respond(begun.ChallengeParameters, a.clock.Now())
	if err != nil {
		a.t.Fatal(err)
	}
	if h := a.hash(responses["USERNAME"]); h != "" {
		responses["SECRET_HASH"] = h
	}
	return &userpool.RespondToAuthChallengeInput{
		ClientId: a.client, ChallengeName: begun.ChallengeName, Session: begun.Session, ChallengeResponses: responses,
	}, nil
}

// srp signs in by SRP.
func (a app) srp(name, password string) (*userpool.RespondToAuthChallengeOutput, error) {
	a.t.Helper()
	in, err := a.srpStart(name, password)
	if err != nil {
		return nil, err
	}
	return a.RespondToAuthChallenge(a.t.Context(), in)
}

// getUser calls GetUser, which is how a test asks whether an access token is good.
func (a app) getUser(access string) (*userpool.GetUserOutput, error) {
	return a.GetUser(a.t.Context(), &userpool.GetUserInput{AccessToken: access})
}

// refresh calls REFRESH_TOKEN_AUTH.
func (a app) refresh(token string) (*userpool.AuthenticationResultType, error) {
	out, err := a.begin(userpool.AuthFlowTypeRefreshTokenAuth, "REFRESH_TOKEN", token)
	if err != nil {
		return nil, err
	}
	return out.AuthenticationResult, nil
}

// rotate calls GetTokensFromRefreshToken.
func (a app) rotate(token string) (*userpool.AuthenticationResultType, error) {
	out, err := a.GetTokensFromRefreshToken(a.t.Context(), &userpool.GetTokensFromRefreshTokenInput{
		ClientId: a.client, ClientSecret: a.secret, RefreshToken: token,
	})
	if err != nil {
		return nil, err
	}
	return out.AuthenticationResult, nil
}

// disable disables somebody.
func (a app) disable(name string) {
	a.t.Helper()
	if _, err := a.AdminDisableUser(a.t.Context(), &userpool.AdminDisableUserInput{UserPoolId: a.pool, Username: name}); err != nil {
		a.t.Fatal(err)
	}
}

// setPassword gives somebody a permanent password.
func (a app) setPassword(name, password string) {
	a.t.Helper()
	_, err := a.AdminSetUserPassword(a.t.Context(), &userpool.AdminSetUserPasswordInput{
		UserPoolId: a.pool, Username: name, Password: password, Permanent: true,
	})
	if err != nil {
		a.t.Fatal(err)
	}
}

// remove deletes somebody.
func (a app) remove(name string) {
	a.t.Helper()
	if _, err := a.AdminDeleteUser(a.t.Context(), &userpool.AdminDeleteUserInput{UserPoolId: a.pool, Username: name}); err != nil {
		a.t.Fatal(err)
	}
}

// status returns somebody's status.
func (a app) status(name string) userpool.UserStatusType {
	a.t.Helper()
	return a.profile(name).UserStatus
}

// profile returns what an administrator sees of somebody.
func (a app) profile(name string) *userpool.AdminGetUserOutput {
	a.t.Helper()
	out, err := a.AdminGetUser(a.t.Context(), &userpool.AdminGetUserInput{UserPoolId: a.pool, Username: name})
	if err != nil {
		a.t.Fatalf("get %s: %v", name, err)
	}
	return out
}

// valueOf returns the value of an attribute in a list, or "".
func valueOf(list []userpool.AttributeType, name string) string {
	for _, a := range list {
		if a.Name == name {
			return a.Value
		}
	}
	return ""
}

// refused fails the test unless err has the code and, unless it is empty, exactly the text.
func refused(t *testing.T, err error, code awsapi.Code, text string) {
	t.Helper()
	e, ok := errors.AsType[*awsapi.Error](err)
	if !ok {
		t.Fatalf("got error %v, want %s", err, code)
	}
	if e.Code != code || text != "" && e.Message != text {
		t.Fatalf("got %s %q, want %s %q", e.Code, e.Message, code, text)
	}
}

// check fails the test on an error.
func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// race runs n calls at once and returns their errors in no order. As a client would, it repeats a call that was refused because
// the machine is busy: such a call has done nothing.
func race(n int, call func(i int) error) []error {
	errs := make([]error, n)
	start := make(chan struct{})
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			<-start
			for errs[i] = call(i); errors.Is(errs[i], userpool.ErrTooManyRequests); errs[i] = call(i) {
			}
		})
	}
	close(start)
	wg.Wait()
	return errs
}
