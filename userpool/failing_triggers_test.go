package userpool_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cenote-auth/cenote/awsapi"
	"github.com/cenote-auth/cenote/trigger"
	"github.com/cenote-auth/cenote/userpool"
)

// handler is a function that a test writes as it likes.
type handler func(ctx context.Context, payload []byte) ([]byte, error)

func (h handler) Invoke(ctx context.Context, payload []byte) ([]byte, error) { return h(ctx, payload) }

// victim is a kind of trigger, and an operation that runs it.
type victim struct {
	kind   trigger.Kind
	set    func(l *userpool.LambdaConfigType, arn string)
	before func(a app)
	act    func(a app) error
	wrong  string      // a response with members of the wrong type
	after  func(a app) // what is so although the function failed (TRG-029)
}

func named(name string) func(a app) { return func(a app) { a.user(name) } }

func signsIn(a app) error { _, err := a.tryPassword("ada", password); return err }

func asks(a app) error { _, err := a.begin(customAuth, "USERNAME", "ada"); return err }

// victims are all kinds whose failure an operation answers.
var victims = []victim{
	{kind: trigger.PreSignUp, set: func(l *userpool.LambdaConfigType, arn string) { l.PreSignUp = arn },
		act: func(a app) error { return a.trySignUp("ada") }, wrong: `{"autoConfirmUser":"yes"}`, after: nobody},
	{kind: trigger.PostConfirmation, set: func(l *userpool.LambdaConfigType, arn string) { l.PostConfirmation = arn },
		before: func(a app) { a.signUp("ada") }, act: func(a app) error {
			_, err := a.AdminConfirmSignUp(a.t.Context(), &userpool.AdminConfirmSignUpInput{UserPoolId: a.pool, Username: "ada"})
			return err
		}, wrong: `[]`, after: func(a app) {
			if a.status("ada") != "CONFIRMED" {
				a.t.Errorf("the user is %s", a.status("ada"))
			}
			a.signIn("ada")
		}},
	{kind: trigger.PreAuthentication, set: func(l *userpool.LambdaConfigType, arn string) { l.PreAuthentication = arn },
		before: named("ada"), act: signsIn, wrong: `"yes"`},
	{kind: trigger.PostAuthentication, set: func(l *userpool.LambdaConfigType, arn string) { l.PostAuthentication = arn },
		before: named("ada"), act: signsIn, wrong: `7`},
	{kind: trigger.PreTokenGeneration, set: func(l *userpool.LambdaConfigType, arn string) { l.PreTokenGeneration = arn },
		before: named("ada"), act: signsIn, wrong: `{"claimsOverrideDetails":{"claimsToAddOrOverride":{"a":1}}}`},
	{kind: trigger.CustomMessage, set: func(l *userpool.LambdaConfigType, arn string) { l.CustomMessage = arn },
		act: func(a app) error { return a.trySignUp("ada", "email", "ada@example.com") }, wrong: `{"emailMessage":["{####}"]}`, after: func(a app) {
			if a.status("ada") != "UNCONFIRMED" { // TRG-140: stored before
				a.t.Errorf("the user is %s", a.status("ada"))
			}
			if a.deliver(); len(a.outbox.All()) != 0 {
				a.t.Error("a message was sent")
			}
		}},
	{kind: trigger.UserMigration, set: func(l *userpool.LambdaConfigType, arn string) { l.UserMigration = arn },
		act: signsIn, wrong: `{"userAttributes":{"email":1}}`, after: nobody},
	{kind: trigger.DefineAuthChallenge, set: func(l *userpool.LambdaConfigType, arn string) { l.DefineAuthChallenge = arn },
		before: named("ada"), act: asks, wrong: `{"issueTokens":"true"}`},
	{kind: trigger.CreateAuthChallenge, set: func(l *userpool.LambdaConfigType, arn string) { l.CreateAuthChallenge = arn },
		before: named("ada"), act: asks, wrong: `{"publicChallengeParameters":{"q":1}}`},
	{kind: trigger.VerifyAuthChallengeResponse, set: func(l *userpool.LambdaConfigType, arn string) { l.VerifyAuthChallengeResponse = arn },
		before: named("ada"), act: func(a app) error {
			out, err := a.begin(customAuth, "USERNAME", "ada")
			check(a.t, err)
			_, err = a.respond(customChallenge, out.Session, "USERNAME", "ada", "ANSWER", "answer 0")
			return err
		}, wrong: `{"answerCorrect":"true"}`},
}

// nobody checks that the pool has no user.
func nobody(a app) {
	list, err := a.ListUsers(a.t.Context(), &userpool.ListUsersInput{UserPoolId: a.pool})
	if err != nil || len(list.Users) != 0 {
		a.t.Errorf("there are users: %v, %v", list, err)
	}
}

// harm makes a pool in which the victim's function is h, and lets it fail.
func (v victim) harm(t *testing.T, arn string, h trigger.Handler, configure ...func(*userpool.Config)) error {
	t.Helper()
	b := setup(t, configure...)
	if h != nil {
		b.functions.Handle("broken", h)
	}
	l := (&quiz{rounds: 1}).lambdas(b)
	v.set(&l, arn)
	a := b.app(lambdas(l), legacy, flows("ALLOW_CUSTOM_AUTH", "ALLOW_USER_PASSWORD_AUTH"))
	if v.before != nil {
		v.before(a)
	}
	err := v.act(a)
	if v.after != nil {
		v.after(a)
	}
	return err
}

// TRG-021…026, TRG-029, AUTH-149, AUTH-150, H15: what a failing function of each kind is to the caller, and what it leaves.
func TestFailingTriggers(t *testing.T) {
	t.Parallel()
	fails := func(err error) handler {
		return func(context.Context, []byte) ([]byte, error) { return nil, err }
	}
	const unreadable = "Unrecognizable lambda output"
	faults := []struct {
		name string
		arn  string
		h    func(v victim) trigger.Handler
		code awsapi.Code
		text string // %s is the kind
	}{
		{"refusal", "broken", func(victim) trigger.Handler { return fails(errors.New("computer says no")) },
			userpool.ErrUserLambdaValidation, "%s failed with error computer says no."},
		{"crash", "broken", func(victim) trigger.Handler {
			return fails(&trigger.FunctionError{Message: "RequestId: 7c Error: Runtime exited with error: exit status 129", Type: "Runtime.ExitError"})
		}, userpool.ErrUserLambdaValidation, "%s failed with error RequestId: 7c Error: Runtime exited with error: exit status 129."},
		{"its own time-out", "broken", func(victim) trigger.Handler {
			return fails(&trigger.FunctionError{Message: "2026-01-03T04:05:06Z 7c Task timed out after 3.00 seconds"})
		}, userpool.ErrUserLambdaValidation, "%s failed with error 2026-01-03T04:05:06Z 7c Task timed out after 3.00 seconds."},
		{"no permission", "broken", func(victim) trigger.Handler { return fails(&trigger.InvokeError{Name: "AccessDeniedException"}) },
			userpool.ErrUnexpectedLambda, "%s invocation failed due to error AccessDeniedException."},
		{"no function", "missing", func(victim) trigger.Handler { return nil },
			userpool.ErrUnexpectedLambda, "%s invocation failed due to error ResourceNotFoundException."},
		{"panic", "broken", func(victim) trigger.Handler {
			return handler(func(context.Context, []byte) ([]byte, error) { panic("panic-mark") })
		}, userpool.ErrUnexpectedLambda, "%s invocation failed due to error ServiceException."},
		{"no JSON", "broken", func(victim) trigger.Handler { return raw("OK") },
			userpool.ErrInvalidLambdaResponse, "Invalid lambda function output : Invalid JSON"},
		{"nothing", "broken", func(victim) trigger.Handler { return raw("") },
			userpool.ErrInvalidLambdaResponse, "Invalid lambda function output : Invalid JSON"},
		{"no event", "broken", func(victim) trigger.Handler { return raw("null") }, userpool.ErrInvalidLambdaResponse, unreadable},
		{"no response", "broken", func(victim) trigger.Handler { return raw(`{"version":"1"}`) }, userpool.ErrInvalidLambdaResponse, unreadable},
		{"null response", "broken", func(victim) trigger.Handler { return raw(`{"response":null}`) }, userpool.ErrInvalidLambdaResponse, unreadable},
		{"wrong types", "broken", func(v victim) trigger.Handler { return raw(`{"response":` + v.wrong + `}`) },
			userpool.ErrInvalidLambdaResponse, unreadable},
		{"too long", "broken", func(victim) trigger.Handler {
			return raw(`{"response":{"x":"` + strings.Repeat("x", trigger.MaxPayload) + `"}}`)
		}, userpool.ErrInvalidLambdaResponse, unreadable},
	}
	for _, v := range victims {
		for _, f := range faults {
			t.Run(string(v.kind)+"/"+f.name, func(t *testing.T) {
				t.Parallel()
				var log lines
				err := v.harm(t, trigger.ARN(f.arn), f.h(v), func(c *userpool.Config) { c.Logger = slog.New(slog.NewTextHandler(&log, nil)) })
				text := f.text
				if strings.Contains(text, "%s") {
					text = fmt.Sprintf(text, v.kind)
				}
				refused(t, err, f.code, text)
				if e, _ := errors.AsType[*awsapi.Error](err); e.HTTPStatus() != 400 {
					t.Errorf("the status is %d", e.HTTPStatus())
				}
				if strings.Contains(log.String()+err.Error(), "panic-mark") {
					t.Errorf("what the function panicked with is told: %v\n%s", err, log.String())
				}
			})
		}
	}
}

// lines is a log that many may write to.
type lines struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// TRG-020, TRG-024: a function that does not end is tried three times, for five seconds each.
func TestTriggerTimeLimit(t *testing.T) {
	t.Parallel()
	for _, v := range victims {
		t.Run(string(v.kind), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var calls atomic.Int32
				var first, last time.Time
				err := v.harm(t, trigger.ARN("broken"), handler(func(ctx context.Context, _ []byte) ([]byte, error) {
					if calls.Add(1) == 1 {
						first = time.Now()
					}
					<-ctx.Done()
					last = time.Now()
					return nil, ctx.Err()
				}))
				refused(t, err, userpool.ErrUnexpectedLambda,
					string(v.kind)+" invocation failed due to error Socket timeout while invoking Lambda function.")
				if took := last.Sub(first); calls.Load() != 3 || took != 15*time.Second {
					t.Errorf("%d calls in %v, want 3 in 15 s", calls.Load(), took)
				}
				synctest.Wait()
			})
		})
	}
}

// H15: calls that outlive their time are counted and bounded per pool; another pool is not concerned.
func TestH15_AbandonedCalls(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := setup(t)
		release := make(chan struct{})
		var calls atomic.Int32
		b.functions.Handle("deaf", handler(func(_ context.Context, payload []byte) ([]byte, error) {
			if calls.Add(1) > 100 {
				t.Error("the function is called without bound")
			}
			<-release
			return payload, nil
		}))
		deaf := lambdas(userpool.LambdaConfigType{PreSignUp: trigger.ARN("deaf")})
		a := b.app(deaf)
		const timeout = "PreSignUp invocation failed due to error Socket timeout while invoking Lambda function."
		for range 11 { // 3 attempts each, which are left behind
			refused(t, a.trySignUp("ada"), userpool.ErrUnexpectedLambda, "")
		}
		refused(t, a.trySignUp("ada"), userpool.ErrUnexpectedLambda, "PreSignUp invocation failed due to error TooManyRequestsException.")
		if calls.Load() != 32 {
			t.Errorf("%d calls are under way, want 32", calls.Load())
		}
		refused(t, b.app(deaf).trySignUp("ada"), userpool.ErrUnexpectedLambda, timeout)
		close(release)
		synctest.Wait()
		check(t, a.trySignUp("ada"))
	})
}

// H15: a function that calls back into its pool runs functions in turn, three deep and no deeper.
func TestH15_FunctionsWithinFunctions(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var a app
	var depth atomic.Int32
	arn := on(b, "again", func(ctx context.Context, e trigger.PreSignUpEvent) (trigger.PreSignUpEvent, error) {
		n := depth.Add(1)
		_, err := a.SignUp(ctx, &userpool.SignUpInput{ClientId: a.client, Username: fmt.Sprint("ada", n), Password: password})
		return e, err
	})
	a = b.app(lambdas(userpool.LambdaConfigType{PreSignUp: arn}))
	err := a.trySignUp("ada")
	refused(t, err, userpool.ErrUserLambdaValidation, "")
	if depth.Load() != 3 || !strings.Contains(err.Error(), "RecursiveInvocationException") {
		t.Errorf("%d functions ran within one another: %v", depth.Load(), err)
	}
	nobody(a)
}

// H15: no turn is kept while a function runs: one that signs the same user in is not waited for by itself.
func TestH15_SameUserWithinFunction(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var a app
	inner := make(chan error, 1)
	signs := func(ctx context.Context, user string) {
		_, err := a.InitiateAuth(ctx, &userpool.InitiateAuthInput{
			ClientId: a.client, AuthFlow: userpool.AuthFlowTypeUserPasswordAuth, AuthParameters: asMap([]string{"USERNAME", user, "PASSWORD", password}),
		})
		inner <- err
	}
	var once atomic.Bool
	post := on(b, "post", func(ctx context.Context, e trigger.PostAuthenticationEvent) (trigger.PostAuthenticationEvent, error) {
		if once.CompareAndSwap(false, true) {
			signs(ctx, "ada")
		}
		return e, nil
	})
	migrate := on(b, "migrate", func(ctx context.Context, e migration) (migration, error) {
		if once.CompareAndSwap(false, true) {
			signs(ctx, e.UserName)
		}
		e.Response = person("name", "Ada")
		return e, nil
	})
	a = b.app(lambdas(userpool.LambdaConfigType{PostAuthentication: post, UserMigration: migrate}))
	a.user("ada")
	a.signIn("ada")
	check(t, <-inner)
	once.Store(false)
	a.signIn("bob")
	check(t, <-inner)
}

// AUTH-149, AUTH-143: whatever a sign-in begins with, the pre authentication function refuses it before anything else runs, is asked
// for or is sent.
func TestPreAuthenticationRefusesEveryFlow(t *testing.T) {
	t.Parallel()
	b := setup(t)
	pre := on(b, "pre", func(_ context.Context, e trigger.PreAuthenticationEvent) (trigger.PreAuthenticationEvent, error) {
		return e, errors.New("not today")
	})
	define := on(b, "define", func(_ context.Context, e trigger.DefineAuthChallengeEvent) (trigger.DefineAuthChallengeEvent, error) {
		t.Error("a sign-in that was refused went on")
		return e, nil
	})
	a := b.app(ownMail, withSMS, lambdas(userpool.LambdaConfigType{PreAuthentication: pre, DefineAuthChallenge: define}), flows(
		"ALLOW_USER_SRP_AUTH", "ALLOW_USER_PASSWORD_AUTH", "ALLOW_USER_AUTH", "ALLOW_CUSTOM_AUTH", "ALLOW_ADMIN_USER_PASSWORD_AUTH",
	), factors("PASSWORD", "EMAIL_OTP", "SMS_OTP", "WEB_AUTHN"))
	a.user("ada", "email", "ada@example.com")
	a.mfa(mfaOptional, emailMFA)
	check(t, a.prefer("ada", useEmail(true, true)))
	a.deliver()
	sent := len(a.outbox.All())
	key := a.login("ada", password).Params()["SRP_A"]
	for _, tt := range []struct {
		flow  userpool.AuthFlowType
		pairs []string
	}{
		{"USER_PASSWORD_AUTH", []string{"PASSWORD", password}},
		{"USER_PASSWORD_AUTH", []string{"PASSWORD", another}},
		{"USER_SRP_AUTH", []string{"SRP_A", key}},
		{"CUSTOM_AUTH", nil},
		{"CUSTOM_AUTH", []string{"CHALLENGE_NAME", "SRP_A", "SRP_A", key}},
		{userAuth, nil},
		{userAuth, []string{"PREFERRED_CHALLENGE", "PASSWORD", "PASSWORD", password}},
		{userAuth, []string{"PREFERRED_CHALLENGE", "PASSWORD_SRP", "SRP_A", key}},
		{userAuth, []string{"PREFERRED_CHALLENGE", "EMAIL_OTP"}},
		{userAuth, []string{"PREFERRED_CHALLENGE", "WEB_AUTHN"}},
	} {
		_, err := a.begin(tt.flow, append(tt.pairs, "USERNAME", "ada")...)
		refused(t, err, userpool.ErrUserLambdaValidation, "PreAuthentication failed with error not today.")
	}
	_, err := a.adminPassword("ada", password, nil)
	refused(t, err, userpool.ErrUserLambdaValidation, "PreAuthentication failed with error not today.")
	a.deliver()
	if n := len(a.outbox.All()) - sent; n != 0 {
		t.Errorf("%d messages were sent", n)
	}
}

// H15: events are bounded as answers are.
func TestH15_EventTooLong(t *testing.T) {
	t.Parallel()
	b := setup(t)
	arn := on(b, "pre", func(_ context.Context, e trigger.PreAuthenticationEvent) (trigger.PreAuthenticationEvent, error) {
		t.Error("called")
		return e, nil
	})
	a := b.app(lambdas(userpool.LambdaConfigType{PreAuthentication: arn}))
	a.user("ada")
	metadata := map[string]string{}
	for i := range 9 {
		metadata[fmt.Sprint("k", i)] = strings.Repeat("x", 130_000) // the model bounds each value, and not how many there are
	}
	_, err := a.InitiateAuth(t.Context(), &userpool.InitiateAuthInput{
		ClientId: a.client, AuthFlow: userpool.AuthFlowTypeUserPasswordAuth, AuthParameters: asMap([]string{"USERNAME", "ada", "PASSWORD", password}),
		ClientMetadata: metadata,
	})
	refused(t, err, userpool.ErrUnexpectedLambda, "PreAuthentication invocation failed due to error RequestTooLargeException.")
}

// TRG-091: more than 5,000 claims are not given, nor any that make a token longer than 16 KiB, which is reached before (M8); no token is.
func TestM8_TooManyClaims(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]func(map[string]any, []string) map[string]any{
		"ID token": func(claims map[string]any, _ []string) map[string]any {
			return map[string]any{"idTokenGeneration": map[string]any{"claimsToAddOrOverride": claims}}
		},
		"access token": func(claims map[string]any, _ []string) map[string]any {
			return map[string]any{"accessTokenGeneration": map[string]any{"claimsToAddOrOverride": claims}}
		},
		"scopes": func(_ map[string]any, scopes []string) map[string]any {
			return map[string]any{"accessTokenGeneration": map[string]any{"scopesToAdd": scopes}}
		},
		"groups": func(_ map[string]any, names []string) map[string]any {
			return map[string]any{"groupOverrideDetails": map[string]any{"groupsToOverride": names}}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			claims, names := map[string]any{}, []string(nil)
			for i := range 5001 {
				claims[fmt.Sprint("c", i)] = i
				names = append(names, fmt.Sprint("s", i))
			}
			w := &witness{answers: map[trigger.Source]func(_, _ map[string]any){"TokenGeneration_Authentication": func(_, response map[string]any) {
				response["claimsAndScopeOverrideDetails"] = answer(claims, names)
			}}}
			a, _ := witnessed(t, w, everywhere("V2_0"))
			a.user("ada")
			_, err := a.tryPassword("ada", password)
			refused(t, err, userpool.ErrInvalidLambdaResponse, "Unrecognizable lambda output")
		})
	}
}
