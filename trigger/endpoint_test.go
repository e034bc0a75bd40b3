package trigger_test

import (
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/cenote-auth/cenote/awsapi"
	"github.com/cenote-auth/cenote/trigger"
)

func endpointRunner(t *testing.T, c trigger.EndpointConfig) *trigger.Runner {
	t.Helper()
	e, err := trigger.NewEndpoint(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	r, err := trigger.NewRunner(trigger.RunnerConfig{Functions: e, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func serve(t *testing.T, h http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL
}

// TRG-010
func TestEndpointSpeaksInvokeAPI(t *testing.T) {
	t.Parallel()
	var got *http.Request
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		got = r
		if r.Header.Get("X-Amz-Invocation-Type") == "Event" {
			w.WriteHeader(http.StatusAccepted)
			return
		}
		body, _ := io.ReadAll(r.Body)
		w.Write([]byte(strings.Replace(string(body), `"autoConfirmUser":false`, `"autoConfirmUser":true`, 1)))
	})
	r := endpointRunner(t, trigger.EndpointConfig{URL: url + "/local", Sign: func(r *http.Request, body []byte) error {
		if !strings.Contains(string(body), `"userName":"ada"`) {
			t.Errorf("signed body is %s", body)
		}
		r.Header.Set("Authorization", "Bearer operator")
		return nil
	}})
	response, err := trigger.Run(t.Context(), r, "arn:aws:lambda:eu-central-1:123456789012:function:legacy:prod", signUp())
	if err != nil || !response.AutoConfirmUser {
		t.Fatalf("Run = %+v, %v", response, err)
	}
	if got.Method != http.MethodPost || got.RequestURI != "/local/2015-03-31/functions/legacy/invocations?Qualifier=prod" ||
		got.Header.Get("X-Amz-Invocation-Type") != "RequestResponse" || got.Header.Get("Content-Type") != "application/json" ||
		got.Header.Get("Authorization") != "Bearer operator" {
		t.Errorf("request was %s %s %v", got.Method, got.RequestURI, got.Header)
	}

	e := trigger.CustomSenderEvent{TriggerSource: trigger.CustomSMSSenderSignUp, UserPoolID: pool, UserName: "ada"}
	if err := trigger.Notify(t.Context(), r, trigger.ARN("sender"), e); err != nil { // TRG-009
		t.Error(err)
	}
	if got.RequestURI != "/local/2015-03-31/functions/sender/invocations" || got.Header.Get("X-Amz-Invocation-Type") != "Event" {
		t.Errorf("request was %s %v", got.RequestURI, got.Header)
	}
}

func TestEndpointErrors(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name          string
		status        int
		header, value string
		body          string
		calls         int32
		code          awsapi.Code
		message       string
	}{
		{"TRG-010 unhandled", 200, "X-Amz-Function-Error", "Unhandled", `{"errorMessage":"only example.com","errorType":"Error","trace":[]}`, 1,
			trigger.ErrUserLambdaValidation, "PreSignUp failed with error only example.com."},
		{"TRG-010 error without message", 200, "X-Amz-Function-Error", "Unhandled", `{"errorType":"Runtime.ExitError"}`, 1,
			trigger.ErrUserLambdaValidation, "PreSignUp failed with error Runtime.ExitError."},
		{"TRG-010 error that is no JSON", 200, "X-Amz-Function-Error", "Unhandled", `<html>`, 1,
			trigger.ErrUserLambdaValidation, "PreSignUp failed with error Unhandled."},
		{"TRG-023 missing, by header", 404, "X-Amzn-ErrorType", "ResourceNotFoundException:http://internal/", `{"Message":"secret"}`, 1,
			trigger.ErrUnexpectedLambda, "PreSignUp invocation failed due to error ResourceNotFoundException."},
		{"TRG-023 denied, by body", 403, "", "", `{"__type":"com.amazonaws#AccessDeniedException"}`, 1,
			trigger.ErrUnexpectedLambda, "PreSignUp invocation failed due to error AccessDeniedException."},
		{"TRG-023 denied, by status", 403, "", "", `secret`, 1,
			trigger.ErrUnexpectedLambda, "PreSignUp invocation failed due to error AccessDeniedException."},
		{"TRG-020 server errors are not tried again", 503, "", "", "", 1,
			trigger.ErrUnexpectedLambda, "PreSignUp invocation failed due to error ServiceException."},
		{"TRG-020 throttled", 429, "", "", "", 3,
			trigger.ErrUnexpectedLambda, "PreSignUp invocation failed due to error TooManyRequestsException."},
		{"TRG-025 text", 200, "", "", "OK", 1, trigger.ErrInvalidLambdaResponse, "Invalid lambda function output : Invalid JSON"},
		{"too long", 200, "", "", `"` + strings.Repeat("x", trigger.MaxPayload) + `"`, 1,
			trigger.ErrInvalidLambdaResponse, "Unrecognizable lambda output"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var calls atomic.Int32
			r := endpointRunner(t, trigger.EndpointConfig{URL: serve(t, func(w http.ResponseWriter, _ *http.Request) {
				calls.Add(1)
				if tt.header != "" {
					w.Header().Set(tt.header, tt.value)
				}
				w.WriteHeader(tt.status)
				w.Write([]byte(tt.body))
			})})
			_, err := run(t.Context(), r)
			wantError(t, err, tt.code, tt.message)
			if strings.Contains(err.Error(), "secret") {
				t.Errorf("body of the endpoint in %v", err)
			}
			if n := calls.Load(); n != tt.calls {
				t.Errorf("%d calls, want %d", n, tt.calls)
			}
		})
	}
}

func TestEndpointUnreachable(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(http.NotFoundHandler())
	s.Close()
	_, err := run(t.Context(), endpointRunner(t, trigger.EndpointConfig{URL: s.URL}))
	wantError(t, err, trigger.ErrUnexpectedLambda, "PreSignUp invocation failed due to error ServiceException.")
}

func TestEndpointSignFails(t *testing.T) {
	t.Parallel()
	url := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("an unsigned request went out") })
	_, err := run(t.Context(), endpointRunner(t, trigger.EndpointConfig{URL: url, Sign: func(*http.Request, []byte) error {
		return errors.New("no credentials")
	}}))
	wantError(t, err, trigger.ErrUnexpectedLambda, "PreSignUp invocation failed due to error AccessDeniedException.")
}

func TestH8_EndpointFollowsNoRedirect(t *testing.T) {
	t.Parallel()
	elsewhere := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("redirect followed") })
	r := endpointRunner(t, trigger.EndpointConfig{URL: serve(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, elsewhere, http.StatusTemporaryRedirect)
	})})
	_, err := run(t.Context(), r)
	wantError(t, err, trigger.ErrUnexpectedLambda, "PreSignUp invocation failed due to error ServiceException.")
}

// TestH8_EndpointAsksNoProxy is not parallel: it sets the environment.
func TestH8_EndpointAsksNoProxy(t *testing.T) {
	proxy := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("proxy asked") })
	t.Setenv("HTTP_PROXY", proxy)
	t.Setenv("http_proxy", proxy)
	// A name, since Go never asks a proxy for loopback literals; .invalid never resolves (RFC 6761).
	_, err := run(t.Context(), endpointRunner(t, trigger.EndpointConfig{URL: "http://functions.invalid"}))
	wantError(t, err, trigger.ErrUnexpectedLambda, "PreSignUp invocation failed due to error ServiceException.")
}

// TestH8_ARNIsNoAddress: whatever an ARN says, the call goes to the operator's endpoint or nowhere.
func TestH8_ARNIsNoAddress(t *testing.T) {
	t.Parallel()
	e, err := trigger.NewEndpoint(trigger.EndpointConfig{URL: "http://127.0.0.1:1"})
	if err != nil {
		t.Fatal(err)
	}
	for _, arn := range []string{
		"http://169.254.169.254/latest", "arn:aws:lambda:evil.example/:123456789012:function:f",
		"arn:aws:lambda:eu-central-1:123456789012:function:..", "arn:aws:lambda:eu-central-1:123456789012:function:f@evil.example",
	} {
		if _, err := e.Function(arn); !errors.Is(err, trigger.ErrNoFunction) {
			t.Errorf("%s: %v", arn, err)
		}
	}
}

func TestNewEndpointRefuses(t *testing.T) {
	t.Parallel()
	for _, url := range []string{
		"", "127.0.0.1:3001", "ftp://example.com", "http://", "http://:3001", "http://user:hunter2@example.com", "https://example.com?x=1",
		"https://example.com/#x", "http://exa mple.com", "https://example.com?",
	} {
		_, err := trigger.NewEndpoint(trigger.EndpointConfig{URL: url})
		if err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%q: error is %v", url, err)
		}
	}
}
