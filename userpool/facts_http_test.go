package userpool_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/cenote-auth/cenote/awshttp"
)

// POOL-006: operations of user pools over HTTP: POST / on the service's host, the operation in X-Amz-Target, a JSON object as
// body. Nothing else reaches an operation.
func TestTransport(t *testing.T) {
	t.Parallel()
	a := setup(t).app()
	handler, err := awshttp.New(awshttp.Config{Services: []awshttp.Service{a.Service}, Now: a.clock.Now})
	check(t, err)
	const target, json11 = "AWSCognitoIdentityProviderService.", "application/x-amz-json-1.1"
	signUp := func(name string) string {
		body, err := json.Marshal(map[string]any{"ClientId": a.client, "Username": name, "Password": password})
		check(t, err)
		return string(body)
	}
	tests := []struct {
		name, method, path, target, media, body string
		status                                  int
		answer                                  string // what the body has in it
	}{
		{"as it is", "POST", "/", target + "SignUp", json11, signUp("ada"), 200, `"UserConfirmed":false`},
		{"signed operation", "POST", "/", target + "AdminGetUser", json11, `{"UserPoolId":"` + a.pool + `","Username":"ada"}`, 400, "MissingAuthenticationTokenException"},
		{"the operation's own refusal", "POST", "/", target + "SignUp", json11, signUp("ada"), 400, "UsernameExistsException"},
		{"unknown operation", "POST", "/", target + "SignUpTwice", json11, signUp("eve"), 400, "UnknownOperationException"},
		{"another service's target", "POST", "/", "AWSCognitoIdentityService.SignUp", json11, signUp("eve"), 400, "UnknownOperationException"},
		{"no target", "POST", "/", "", json11, signUp("eve"), 400, "Exception"},
		{"an array", "POST", "/", target + "SignUp", json11, "[" + signUp("eve") + "]", 400, "SerializationException"},
		{"not JSON", "POST", "/", target + "SignUp", json11, "ClientId=" + a.client, 400, "SerializationException"},
		{"another method", "GET", "/", target + "SignUp", json11, "", 0, ""},
		{"another path", "POST", "/SignUp", target + "SignUp", json11, signUp("eve"), 0, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := httptest.NewRequest(tt.method, "http://cognito-idp.us-east-1.amazonaws.com"+tt.path, strings.NewReader(tt.body))
			r.Header.Set("Content-Type", tt.media)
			if tt.target != "" {
				r.Header.Set("X-Amz-Target", tt.target)
			}
			rec := httptest.NewRecorder()
			handler.ServeHTTP(rec, r)
			if tt.status == 0 && rec.Code < 400 || tt.status != 0 && rec.Code != tt.status || !strings.Contains(rec.Body.String(), tt.answer) {
				t.Errorf("status %d, body %s; want %d and %q", rec.Code, rec.Body, tt.status, tt.answer)
			}
			if tt.status == http.StatusOK && rec.Header().Get("Content-Type") != json11 {
				t.Errorf("Content-Type is %q", rec.Header().Get("Content-Type"))
			}
		})
	}
	if got := a.names(); len(got) != 1 || got[0] != "ada" {
		t.Errorf("users are %v, want ada alone", got)
	}
}
