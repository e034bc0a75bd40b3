package e2e_test

import (
	"errors"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
)

// A server for production tells Prometheus what it does, on an address of its own, and names nobody (M6).
func TestM6_Metrics(t *testing.T) {
	t.Parallel()
	dir, addr := t.TempDir(), freeAddr(t)
	s := start(t, []string{"CENOTE_METRICS_LISTEN=" + addr}, "serve", "--data", filepath.Join(dir, "data"))
	w := newWorld(t, s, accessKey(t, dir), func(in *cip.CreateUserPoolInput) { in.AutoVerifiedAttributes = nil }) // nothing is sent
	const name = "grace@example.com"
	user, err := w.api.SignUp(t.Context(), &cip.SignUpInput{ClientId: &w.client, Username: aws.String(name), Password: aws.String(password)})
	check(t, err)
	_, err = w.api.AdminConfirmSignUp(t.Context(), &cip.AdminConfirmSignUpInput{UserPoolId: &w.pool, Username: aws.String(name)})
	check(t, err)
	_, err = w.signIn(t.Context(), name, password)
	check(t, err)
	_, err = w.signIn(t.Context(), name, password+"x")
	if _, ok := errors.AsType[*types.NotAuthorizedException](err); !ok {
		t.Fatalf("a wrong password: %v", err)
	}

	status, text := fetch(t, "http://"+addr+"/metrics")
	if status != http.StatusOK {
		t.Fatalf("%d: %s", status, text)
	}
	for _, line := range []string{
		`cenote_operations_total{code="OK",op="cognito-idp:SignUp"} 1`,
		`cenote_operations_total{code="OK",op="cognito-idp:InitiateAuth"} 2`,
		`cenote_operations_total{code="OK",op="cognito-idp:RespondToAuthChallenge"} 1`,
		`cenote_operations_total{code="NotAuthorizedException",op="cognito-idp:RespondToAuthChallenge"} 1`,
		`cenote_operation_duration_seconds_count{op="cognito-idp:RespondToAuthChallenge"} 2`,
		`cenote_operation_duration_seconds_bucket{op="cognito-idp:SignUp",le="+Inf"} 1`,
	} {
		if !strings.Contains(text, line+"\n") {
			t.Errorf("there is no line %s in\n%s", line, text)
		}
	}
	for _, figure := range []string{"go_goroutines ", "process_resident_memory_bytes "} {
		if !strings.Contains(text, "\n"+figure) {
			t.Errorf("there is no %s", figure)
		}
	}
	for _, secret := range []string{name, "grace", *user.UserSub, w.pool, w.client} {
		if strings.Contains(text, secret) {
			t.Errorf("%s is named in\n%s", secret, text)
		}
	}
	for _, elsewhere := range []string{s.url + "/metrics", "http://" + addr + "/", "http://" + addr + readyPath} {
		if status, _ := fetch(t, elsewhere); status < 400 {
			t.Errorf("%s answers %d", elsewhere, status)
		}
	}
	res, err := http.Post("http://"+addr+"/metrics", "text/plain", nil)
	check(t, err)
	_ = res.Body.Close()
	if res.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("POST is answered %d", res.StatusCode)
	}
}

// fetch returns the status and the body of an address.
func fetch(t *testing.T, url string) (int, string) {
	t.Helper()
	res, err := http.Get(url)
	check(t, err)
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	check(t, err)
	return res.StatusCode, string(body)
}
