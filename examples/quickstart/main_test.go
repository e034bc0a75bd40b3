package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"github.com/cenote-auth/cenote/message"
	"github.com/cenote-auth/cenote/srp"
)

// letters hands e-mails over instead of sending them.
type letters chan message.Email

func (l letters) SendEmail(_ context.Context, m message.Email) error {
	l <- m
	return nil
}

// start runs the service on dir. stop ends it and waits.
func start(t *testing.T, dir string, mail message.EmailSender) (url string, stop func()) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- run(ctx, l, dir, bytes.Repeat([]byte{7}, 32), mail, slog.New(slog.DiscardHandler))
	}()
	return "http://" + l.Addr().String(), func() {
		cancel()
		check(t, <-ended)
	}
}

// sdk is AWS's client of the service, as a front end has it: without credentials.
func sdk(url string) *cip.Client {
	return cip.New(cip.Options{Region: "us-east-1", BaseEndpoint: &url, Credentials: aws.AnonymousCredentials{},
		HTTPClient: &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}})
}

func TestQuickstart(t *testing.T) {
	t.Parallel()
	dir, mail := t.TempDir()+"/data", make(letters, 1)
	name, password, clientID := "ada@example.com", "Correct-Horse-9", clientID

	url, stop := start(t, dir, mail)
	client := sdk(url)
	stranger := "eve@example.org"
	_, err := client.SignUp(t.Context(), &cip.SignUpInput{ClientId: &clientID, Username: &stranger, Password: &password})
	if _, ok := errors.AsType[*types.UserLambdaValidationException](err); !ok {
		t.Errorf("a stranger signed up: %v", err)
	}
	_, err = client.SignUp(t.Context(), &cip.SignUpInput{ClientId: &clientID, Username: &name, Password: &password})
	check(t, err)
	letter := <-mail
	_, err = client.ConfirmSignUp(t.Context(), &cip.ConfirmSignUpInput{ClientId: &clientID, Username: &name, ConfirmationCode: &letter.Code})
	check(t, err)
	stop()

	url, stop = start(t, dir, mail) // what was acknowledged is there
	defer stop()
	access := signIn(t, sdk(url), name, password)
	for _, tt := range []struct {
		name, authorization string
		status              int
		body                string
	}{
		{"signed in", "Bearer " + access, http.StatusOK, "orders of ada@example.com"},
		{"nobody", "", http.StatusUnauthorized, "Unauthorized"},
		{"a forged token", "Bearer " + access[:len(access)-8] + "AAAAAAAA", http.StatusUnauthorized, "Unauthorized"},
	} {
		if status, body := get(t, url+"/api/orders", tt.authorization); status != tt.status || !strings.Contains(body, tt.body) {
			t.Errorf("%s: answered %d %s", tt.name, status, body)
		}
	}
	if status, body := get(t, url+"/"+poolID+"/.well-known/jwks.json", ""); status != http.StatusOK || !strings.Contains(body, `"kid"`) {
		t.Errorf("keys: answered %d %s", status, body)
	}
	pool := poolID
	_, err = sdk(url).AdminDeleteUser(t.Context(), &cip.AdminDeleteUserInput{UserPoolId: &pool, Username: &name})
	if err == nil {
		t.Error("somebody without credentials deleted a user")
	}
}

func signIn(t *testing.T, client *cip.Client, name, password string) string {
	t.Helper()
	clientID := clientID
	login, err := srp.NewLogin(poolID, name, password)
	check(t, err)
	begin, err := client.InitiateAuth(t.Context(), &cip.InitiateAuthInput{ClientId: &clientID,
		AuthFlow: types.AuthFlowTypeUserSrpAuth, AuthParameters: login.Params()})
	check(t, err)
	answers, err := login.Respond(begin.ChallengeParameters, time.Now())
	check(t, err)
	end, err := client.RespondToAuthChallenge(t.Context(), &cip.RespondToAuthChallengeInput{ClientId: &clientID,
		ChallengeName: begin.ChallengeName, Session: begin.Session, ChallengeResponses: answers})
	check(t, err)
	return *end.AuthenticationResult.AccessToken
}

func get(t *testing.T, url, authorization string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	check(t, err)
	if authorization != "" {
		r.Header.Set("Authorization", authorization)
	}
	res, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(r)
	check(t, err)
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	check(t, err)
	return res.StatusCode, string(body)
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
