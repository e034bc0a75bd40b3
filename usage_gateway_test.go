package cenote_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/cenote-auth/cenote/awsapi"
	"github.com/cenote-auth/cenote/cenotetest"
	"github.com/cenote-auth/cenote/gateway"
	"github.com/cenote-auth/cenote/token"
	"github.com/cenote-auth/cenote/userpool"
)

// A gateway with its own HTTP framework and its own policy: its requests, answers and sessions.
type (
	frameworkRequest struct {
		Target, IP, UserAgent string
		Body                  []byte
		Session               frameworkSession
	}
	frameworkResponse struct {
		Status int
		Body   []byte
	}
	frameworkSession struct {
		ARN string
		may []string
	}
)

// May reports whether the session's policy has the action.
func (s frameworkSession) May(action string) bool {
	return strings.Contains(strings.Join(s.may, " "), action)
}

func serve(ctx context.Context, users *userpool.Service, r frameworkRequest) frameworkResponse {
	op := userpool.Operation(strings.TrimPrefix(r.Target, "AWSCognitoIdentityProviderService."))
	if op == nil {
		return fail(awsapi.ErrUnknownOperation)
	}
	if op.Auth == awsapi.AuthSigV4 && !r.Session.May(op.Action()) { // Invoke trusts its caller
		return fail(awsapi.ErrAccessDenied)
	}
	ctx = awsapi.WithCaller(ctx, awsapi.Caller{ARN: r.Session.ARN, SourceIP: r.IP, UserAgent: r.UserAgent})
	out, err := users.Invoke(ctx, op.Name, r.Body)
	if err != nil {
		return fail(err)
	}
	return frameworkResponse{200, out}
}

func fail(err error) frameworkResponse {
	status, _, body := awsapi.WireError(err)
	return frameworkResponse{status, body}
}

func TestUsage6_Invoke(t *testing.T) {
	t.Parallel()
	c := cenotetest.Run(t)
	c.Load(t, "testdata/people.json")
	const prefix = "AWSCognitoIdentityProviderService."
	admin := frameworkSession{ARN: "arn:aws:iam::123456789012:user/admin", may: []string{"cognito-idp:AdminGetUser"}}
	get := []byte(`{"UserPoolId":"us-east-1_Example01","Username":"ada@example.com"}`)
	for _, tt := range []struct {
		name    string
		request frameworkRequest
		status  int
		body    string
	}{
		{"no operation", frameworkRequest{Target: prefix + "NoSuch"}, 400, `"__type":"UnknownOperationException"`},
		{"not allowed", frameworkRequest{Target: prefix + "AdminGetUser", Body: get}, 400, `"__type":"AccessDeniedException"`},
		{"allowed", frameworkRequest{Target: prefix + "AdminGetUser", Body: get, Session: admin}, 200, `"Username":"`},
		{"public", frameworkRequest{Target: prefix + "SignUp", Body: []byte(`{"ClientId":"1example23456789","Username":"ada@example.com","Password":"Correct-Horse-9"}`)},
			400, `"__type":"UsernameExistsException"`},
		{"no JSON", frameworkRequest{Target: prefix + "SignUp", Body: []byte(`{`)}, 400, `"__type":"SerializationException"`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := serve(t.Context(), c.UserPools, tt.request)
			if got.Status != tt.status || !strings.Contains(string(got.Body), tt.body) || !json.Valid(got.Body) {
				t.Errorf("answered %d %s", got.Status, got.Body)
			}
		})
	}
}

// JWTs in front of a reverse proxy, whoever issued them.
func TestUsage6_RequireJWT(t *testing.T) {
	t.Parallel()
	c := cenotetest.Run(t)
	c.Load(t, "testdata/people.json")
	p := cenotetest.Pool{ID: "us-east-1_Example01", ClientID: "1example23456789"}
	tokens, err := c.SignIn(t.Context(), p, "ada@example.com", "Correct-Horse-9")
	check(t, err)
	proxy := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		claims, ok := gateway.Claims(r.Context())
		fmt.Fprint(w, claims.Groups, ok)
	})

	v, err := token.NewVerifier(token.VerifierConfig{Issuer: c.UserPools.Issuer(p.ID), ClientIDs: []string{p.ClientID}, Use: token.Access,
		HTTPClient: c.HTTPClient(), Now: c.Now}) // in a test; elsewhere the issuer is fetched from as it is
	check(t, err)
	for scope, want := range map[string]int{"aws.cognito.signin.user.admin": http.StatusOK, "orders/read": http.StatusForbidden} {
		h := gateway.RequireJWT(gateway.Config{Verifier: v, Scopes: []string{scope}})(proxy)
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/orders", nil)
		r.Header.Set("Authorization", "Bearer "+tokens.Access)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != want || want == http.StatusOK && w.Body.String() != "[admins] true" {
			t.Errorf("%s: answered %d %s", scope, w.Code, w.Body)
		}
	}
}
