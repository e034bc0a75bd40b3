package cenote_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
	"github.com/jackc/pgx/v5/pgxpool"
	metric "go.opentelemetry.io/otel/metric/noop"
	trace "go.opentelemetry.io/otel/trace/noop"

	"github.com/cenote-auth/cenote"
	"github.com/cenote-auth/cenote/awsapi"
	"github.com/cenote-auth/cenote/internal/pgtest"
	"github.com/cenote-auth/cenote/message/smtp"
	"github.com/cenote-auth/cenote/srp"
	"github.com/cenote-auth/cenote/store/postgres"
	"github.com/cenote-auth/cenote/token"
	"github.com/cenote-auth/cenote/trigger"
	"github.com/cenote-auth/cenote/userpool"
)

// onlyOurs is a function as it is written for AWS Lambda.
func onlyOurs(_ context.Context, e events.CognitoEventUserPoolsPreSignup) (events.CognitoEventUserPoolsPreSignup, error) {
	email := e.Request.UserAttributes["email"]
	if !strings.HasSuffix(email, "@example.com") {
		return e, errors.New("only example.com") // the client sees UserLambdaValidationException
	}
	e.Response.AutoConfirmUser = !strings.HasPrefix(email, "new")
	return e, nil
}

// greet is another one, in a form that only aws-lambda-go knows: without a context. It answers an empty text for the SMS that
// nobody gets (TRG-011).
func greet(e events.CognitoEventUserPoolsCustomMessage) (events.CognitoEventUserPoolsCustomMessage, error) {
	e.Response.EmailSubject = "Welcome to Example"
	e.Response.EmailMessage = "Your code is " + e.Request.CodeParameter
	return e, nil
}

// auditor writes what everybody did.
type auditor struct{ log *slog.Logger }

func (a auditor) audit(ctx context.Context, c *awsapi.Call, next awsapi.Next) (any, error) {
	out, err := next(ctx, c)
	a.log.InfoContext(ctx, c.Op.Action(), "caller", c.Caller.ARN, "resource", c.Resource, "err", err)
	return out, err
}

const (
	embeddedPool   = "eu-central-1_Example01"
	embeddedClient = "1example23456789"
)

// embed is a service that embeds user pools: PostgreSQL, own SMTP, a trigger, its own mux. ready is called when it serves.
func embed(ctx context.Context, pool *pgxpool.Pool, masterKey []byte, mailServer string, log *slog.Logger, ready func(*cenote.Instance, http.Handler)) error {
	db, err := postgres.New(ctx, pool, postgres.Config{Schema: "auth"}) // the service's own connection pool
	if err != nil {
		return err
	}
	mail, err := smtp.New(smtp.Config{Addr: mailServer, From: "Example <no-reply@example.com>"})
	if err != nil {
		return errors.Join(err, db.Close())
	}
	functions := &trigger.Mux{}
	functions.Handle("pre-sign-up", trigger.Func(onlyOurs)) // checked by the compiler
	functions.Handle("greet", lambda.NewHandler(greet))     // anything aws-lambda-go accepts

	auth, err := cenote.New(cenote.Config{
		Store:         db,
		MasterKeys:    [][]byte{masterKey}, // first seals, all open; needed with a durable store
		Region:        "eu-central-1",
		AccountID:     "123456789012",
		Issuer:        func(poolID string) string { return "https://example.com/auth/" + poolID },
		Email:         mail,
		Triggers:      functions,
		Interceptors:  []awsapi.Interceptor{auditor{log}.audit},
		Logger:        log,
		MeterProvider: metric.NewMeterProvider(), TracerProvider: trace.NewTracerProvider(),
	})
	if err != nil {
		return errors.Join(err, db.Close())
	}
	mux := http.NewServeMux()
	mux.Handle("/auth/", auth.OIDC.PoolHandler(embeddedPool, "https://example.com/auth/")) // no StripPrefix
	ready(auth, mux)
	err = auth.Run(ctx)                 // sweeping and jobs, on this goroutine, until ctx ends
	return errors.Join(err, db.Close()) // who opened the store closes it
}

// fixture is what the service begins with.
const fixture = `{"UserPools": [{
	"UserPool": {"Id": "` + embeddedPool + `", "Name": "people", "UsernameAttributes": ["email"], "AutoVerifiedAttributes": ["email"],
		"LambdaConfig": {"PreSignUp": "arn:aws:lambda::000000000000:function:pre-sign-up", "CustomMessage": "arn:aws:lambda::000000000000:function:greet"}},
	"Clients": [{"ClientId": "` + embeddedClient + `", "ClientName": "web"}]
}]}`

// A day is what one process of the service is asked to do.
type day func(ctx context.Context, auth *cenote.Instance, mux http.Handler, mails <-chan string) error

func TestUsage4_Embedding(t *testing.T) {
	t.Parallel()
	pool, err := pgxpool.New(t.Context(), pgtest.NewDatabase(t))
	check(t, err)
	t.Cleanup(pool.Close)
	mails := newMailServer(t)
	var text bytes.Buffer // slog's handlers lock it
	log := slog.New(slog.NewJSONHandler(&text, nil))
	masterKey := bytes.Repeat([]byte{7}, 32)

	for _, do := range []day{firstDay, secondDay} {
		ctx, stop := context.WithCancel(t.Context())
		var failed error // of the day
		err := embed(ctx, pool, masterKey, mails.addr, log, func(auth *cenote.Instance, mux http.Handler) {
			go func() {
				defer stop()
				failed = do(ctx, auth, mux, mails.mails)
			}()
		})
		check(t, errors.Join(err, failed))
	}
	if err := embed(t.Context(), pool, make([]byte, 32), mails.addr, log, nil); err == nil || !strings.Contains(err.Error(), "another master key") {
		t.Errorf("under another master key: %v", err)
	}

	for _, want := range []string{
		`"msg":"cognito-idp:SignUp"`, `"resource":"arn:aws:cognito-idp:eu-central-1:123456789012:userpool/` + embeddedPool, "UserLambdaValidationException",
	} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("the audit does not tell %s:\n%s", want, &text)
		}
	}
	if strings.Contains(text.String(), "Correct-Horse-9") || strings.Contains(text.String(), `"level":"ERROR"`) {
		t.Errorf("logged:\n%s", &text)
	}
}

// mailedCode is what the e-mail says.
var mailedCode = regexp.MustCompile(`Your code is ([0-9]{6})`)

// firstDay makes the pool and its users.
func firstDay(ctx context.Context, auth *cenote.Instance, _ http.Handler, mails <-chan string) error {
	if err := auth.UserPools.Import(ctx, strings.NewReader(fixture)); err != nil {
		return err
	}
	signUp := func(name string) (*userpool.SignUpOutput, error) {
		return auth.UserPools.SignUp(ctx, &userpool.SignUpInput{ClientId: embeddedClient, Username: name, Password: "Correct-Horse-9"})
	}
	if _, err := signUp("eve@example.org"); !errors.Is(err, userpool.ErrUserLambdaValidation) || !strings.Contains(err.Error(), "only example.com") {
		return fmt.Errorf("somebody else signed up: %w", err)
	}
	if out, err := signUp("ada@example.com"); err != nil || !out.UserConfirmed {
		return fmt.Errorf("one of ours: %+v, %w", out, err)
	}
	if out, err := signUp("new@example.com"); err != nil || out.UserConfirmed {
		return fmt.Errorf("a new one: %+v, %w", out, err)
	}
	mail := <-mails // Run has sent it
	code := mailedCode.FindStringSubmatch(mail)
	if code == nil || !strings.Contains(mail, "Welcome to Example") || !strings.Contains(mail, "no-reply@example.com") {
		return fmt.Errorf("mail:\n%s", mail)
	}
	_, err := auth.UserPools.ConfirmSignUp(ctx, &userpool.ConfirmSignUpInput{ClientId: embeddedClient, Username: "new@example.com", ConfirmationCode: code[1]})
	return err
}

// secondDay finds them. Whoever knows the issuer can check a token by what the service's mux serves.
func secondDay(ctx context.Context, auth *cenote.Instance, mux http.Handler, _ <-chan string) error {
	if err := auth.Ready(ctx); err != nil {
		return err
	}
	login, err := srp.NewLogin(embeddedPool, "new@example.com", "Correct-Horse-9")
	if err != nil {
		return err
	}
	begin, err := auth.UserPools.InitiateAuth(ctx, &userpool.InitiateAuthInput{
		ClientId: embeddedClient, AuthFlow: userpool.AuthFlowTypeUserSrpAuth, AuthParameters: login.Params(),
	})
	if err != nil {
		return err
	}
	answers, err := login.Respond(begin.ChallengeParameters, time.Now())
	if err != nil {
		return err
	}
	end, err := auth.UserPools.RespondToAuthChallenge(ctx, &userpool.RespondToAuthChallengeInput{
		ClientId: embeddedClient, ChallengeName: begin.ChallengeName, Session: begin.Session, ChallengeResponses: answers,
	})
	if err != nil {
		return err
	}
	v, err := token.NewVerifier(token.VerifierConfig{
		Issuer: "https://example.com/auth/" + embeddedPool, ClientIDs: []string{embeddedClient}, Use: token.Access,
		HTTPClient: &http.Client{Transport: served{mux}},
	})
	if err != nil {
		return err
	}
	if _, err := v.Verify(ctx, end.AuthenticationResult.AccessToken); err != nil {
		return err
	}
	w := httptest.NewRecorder()
	mux.ServeHTTP(w, httptest.NewRequestWithContext(ctx, http.MethodGet, "https://example.com/auth/.well-known/openid-configuration", nil))
	if !strings.Contains(w.Body.String(), `"issuer":"https://example.com/auth/`+embeddedPool+`"`) {
		return fmt.Errorf("discovery answers %d %s", w.Code, w.Body)
	}
	return nil
}

// served answers the requests of a client by a handler.
type served struct{ h http.Handler }

func (s served) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	s.h.ServeHTTP(w, r)
	return w.Result(), nil
}
