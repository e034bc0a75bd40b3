package userpool_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"log/slog"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/cenote-auth/cenote/awsapi"
	"github.com/cenote-auth/cenote/srp"
	"github.com/cenote-auth/cenote/store/driver"
	"github.com/cenote-auth/cenote/userpool"
)

// life takes a user through sign-up, confirmation, sign-in, a forgotten password and a failure, and returns every secret that
// was about.
func life(t *testing.T, a app) map[string]string {
	t.Helper()
	ctx, name := t.Context(), "ada@example.com"
	secrets := map[string]string{"password": password, "new password": another, "client secret": a.secret}
	a.signUp(name)
	secrets["sign-up code"] = a.code(name)
	_, err := a.ConfirmSignUp(ctx, &userpool.ConfirmSignUpInput{
		ClientId: a.client, Username: name, ConfirmationCode: secrets["sign-up code"], SecretHash: a.hash(name),
	})
	if err != nil {
		t.Fatal(err)
	}
	login, err := srp.NewLogin(a.pool, name, password, srp.WithClientSecret(a.client, a.secret))
	if err != nil {
		t.Fatal(err)
	}
	begin, err := a.InitiateAuth(ctx, &userpool.InitiateAuthInput{
		ClientId: a.client, AuthFlow: userpool.AuthFlowTypeUserSrpAuth, AuthParameters: login.Params(),
	})
	if err != nil {
		t.Fatal(err)
	}
	answers, err := login.Respond(begin.ChallengeParameters, a.clock.Now())
	if err != nil {
		t.Fatal(err)
	}
	secrets["secret hash"], secrets["secret block"] = answers["SECRET_HASH"], answers["PASSWORD_CLAIM_SECRET_BLOCK"]
	end, err := a.RespondToAuthChallenge(ctx, &userpool.RespondToAuthChallengeInput{
		ClientId: a.client, ChallengeName: begin.ChallengeName, ChallengeResponses: answers,
	})
	if err != nil {
		t.Fatal(err)
	}
	r := end.AuthenticationResult
	secrets["access token"], secrets["ID token"], secrets["refresh token"] = r.AccessToken, r.IdToken, r.RefreshToken
	if _, err := a.ForgotPassword(ctx, &userpool.ForgotPasswordInput{ClientId: a.client, Username: name, SecretHash: a.hash(name)}); err != nil {
		t.Fatal(err)
	}
	// The message waits in the store, undelivered.
	return secrets
}

// C7, H13: nothing that was given to keep secret stands in the store in clear: no password, verifier, code, token or client
// secret, and no text of a message.
func TestC7_StoreHoldsNoSecretInClear(t *testing.T) {
	t.Parallel()
	a := setup(t).app(byEmail, withSecret)
	secrets := life(t, a)
	waiting := a.fork(t)
	waiting.deliver()
	secrets["reset code"] = waiting.outbox.LastCode("ada@example.com")
	salt, verifier := stored(t, a)
	if len(verifier) > 0 {
		t.Errorf("a verifier stands in clear under salt %x", salt)
	}
	all := dump(t, a)
	for what, secret := range secrets {
		if secret == "" {
			t.Fatalf("there was no %s", what)
		}
		if tells(all, secret) {
			t.Errorf("the store holds the %s", what)
		}
		for form, text := range map[string]string{
			"base64": base64.StdEncoding.EncodeToString([]byte(secret)), "hex": hex.EncodeToString([]byte(secret)),
		} {
			if strings.Contains(all, text) {
				t.Errorf("the store holds the %s as %s", what, form)
			}
		}
	}
	if strings.Contains(all, "verification code is") || strings.Contains(all, "reset code is") {
		t.Error("the store holds the text of a message")
	}
}

// stored returns the verifier of the user's password if it stands in the store as it is.
func stored(t *testing.T, a app) (salt, verifier []byte) {
	t.Helper()
	login, err := a.InitiateAuth(t.Context(), &userpool.InitiateAuthInput{
		ClientId: a.client, AuthFlow: userpool.AuthFlowTypeUserSrpAuth,
		AuthParameters: map[string]string{"USERNAME": "ada@example.com", "SRP_A": "abcdef0123456789", "SECRET_HASH": a.hash("ada@example.com")},
	})
	if err != nil {
		t.Fatal(err)
	}
	if salt, err = hex.DecodeString(login.ChallengeParameters["SALT"]); err != nil {
		t.Fatal(err)
	}
	v := srp.User(a.pool, login.ChallengeParameters["USER_ID_FOR_SRP"]).Verifier(password, salt)
	all := dump(t, a)
	for _, text := range []string{string(v), base64.StdEncoding.EncodeToString(v)[:100], hex.EncodeToString(v)} {
		if strings.Contains(all, text) {
			return salt, v
		}
	}
	return salt, nil
}

// dump returns everything that is stored.
func dump(t *testing.T, a app) string {
	t.Helper()
	var b strings.Builder
	kinds := 0
	err := a.db.View(t.Context(), func(r driver.Reader) error {
		for _, kind := range []string{
			"installation", "datakey", "shortkey", "pool", "client", "user", "group", "family", "used", "code", "limit", "message", "keys",
			"envelope", "ghost",
		} {
			recs, _, err := r.Scan(t.Context(), driver.Range{Kind: kind, Limit: 1000})
			if err != nil {
				return err
			}
			if len(recs) > 0 {
				kinds++
			}
			for _, rec := range recs {
				fmt.Fprintf(&b, "%s %s %s\n", rec.Kind, rec.Key, rec.Data)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if kinds < 10 {
		t.Fatalf("only %d kinds of records were found: were kinds renamed?", kinds)
	}
	return b.String()
}

// H16: an interceptor and a logger that print all they see print no secret.
func TestH16_CanariesDoNotSing(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var out bytes.Buffer
	say := func(format string, args ...any) {
		mu.Lock()
		defer mu.Unlock()
		fmt.Fprintf(&out, format+"\n", args...)
	}
	a := setup(t, func(c *userpool.Config) {
		c.Logger = slog.New(slog.NewJSONHandler(writer(func(p []byte) { say("%s", p) }), &slog.HandlerOptions{Level: slog.LevelDebug}))
		log := c.Logger
		c.Interceptors = []awsapi.Interceptor{func(ctx context.Context, call *awsapi.Call, next awsapi.Next) (any, error) {
			answer, err := next(ctx, call)
			say("%v %+v %#v %s", call.Input, call.Input, call.Input, call.Input)
			say("%v %+v %#v %s %v", answer, answer, answer, answer, err)
			log.InfoContext(ctx, "call", "input", call.Input, "output", answer, "err", err)
			return answer, err
		}}
	}).app(byEmail, withSecret)
	secrets := life(t, a)
	for _, bad := range []*userpool.InitiateAuthInput{
		{ClientId: a.client, AuthFlow: "NO_FLOW", AuthParameters: map[string]string{"USERNAME": "ada@example.com", "PASSWORD": password}},
		{ClientId: a.client, AuthFlow: userpool.AuthFlowTypeUserPasswordAuth, AuthParameters: map[string]string{
			"USERNAME": "ada@example.com", "PASSWORD": another, "SECRET_HASH": a.hash("ada@example.com"),
		}},
	} {
		if _, err := a.InitiateAuth(t.Context(), bad); err == nil {
			t.Error("a bad sign-in was let in")
		}
	}
	if _, err := a.Invoke(t.Context(), "SignUp", []byte(`{"Password": "`+password+`", "Password": 1}`)); err == nil {
		t.Error("a malformed body was taken")
	}
	mu.Lock()
	defer mu.Unlock()
	for what, secret := range secrets {
		if tells(out.String(), secret) {
			t.Errorf("the %s was printed", what)
		}
	}
	if out.Len() < 1000 {
		t.Error("nothing was printed: the test checks nothing")
	}
}

// tells reports whether a text holds a secret. Six digits occur by chance in longer numbers and in fractions of seconds: a code
// counts only as a word.
func tells(text, secret string) bool {
	if len(secret) != 6 {
		return strings.Contains(text, secret)
	}
	return regexp.MustCompile(`(^|[^0-9.])` + secret + `([^0-9]|$)`).MatchString(text)
}

type writer func([]byte)

func (w writer) Write(p []byte) (int, error) {
	w(p)
	return len(p), nil
}
