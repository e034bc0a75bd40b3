package trigger_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"reflect"
	"testing"

	"github.com/cenote-auth/cenote/awsapi"
	"github.com/cenote-auth/cenote/trigger"
)

// answer runs an event whose function answers with the response given as JSON.
func answer[Req, Resp any](t testing.TB, e trigger.Event[Req, Resp], raw string) (Resp, error) {
	functions := &trigger.Mux{}
	functions.Handle("f", handlerFunc(func(context.Context, []byte) ([]byte, error) { return []byte(raw), nil }))
	r, err := trigger.NewRunner(trigger.RunnerConfig{Functions: functions, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	return trigger.Run(t.Context(), r, trigger.ARN("f"), e)
}

func TestAnswerMemberNamesAreExact(t *testing.T) {
	t.Parallel()
	got, err := answer(t, signUp(), `{"response":{"AutoConfirmUser":true,"autoverifyemail":true,"autoVerifyPhone":true,"other":[1]}}`)
	if want := (trigger.PreSignUpResponse{AutoVerifyPhone: true}); err != nil || got != want {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
}

// TRG-087
func TestGroupOverrideDetails(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, details string
		want          trigger.GroupOverrideDetails
	}{
		{"left out", `{}`, trigger.GroupOverrideDetails{}},
		{"null", `{"groupOverrideDetails":null}`, trigger.GroupOverrideDetails{Returned: true}},
		{"empty", `{"groupOverrideDetails":{}}`, trigger.GroupOverrideDetails{Returned: true}},
		{"groups", `{"groupOverrideDetails":{"groupsToOverride":["a"],"preferredRole":"r","GroupsToOverride":["b"]}}`,
			trigger.GroupOverrideDetails{Returned: true, GroupsToOverride: []string{"a"}, PreferredRole: new("r")}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			e := trigger.PreTokenGenerationEvent{TriggerSource: trigger.TokenGenerationAuthentication}
			got, err := answer(t, e, `{"response":{"claimsOverrideDetails":`+tt.details+`}}`)
			if err != nil || !reflect.DeepEqual(got.ClaimsOverrideDetails.GroupOverrideDetails, tt.want) {
				t.Errorf("got %+v, %v, want %+v", got.ClaimsOverrideDetails, err, tt.want)
			}
		})
	}
}

// TRG-084: values of any type, and numbers as they were written.
func TestComplexClaims(t *testing.T) {
	t.Parallel()
	e := trigger.PreTokenGenerationV2Event{TriggerSource: trigger.TokenGenerationAuthentication, Version: trigger.Version2}
	got, err := answer(t, e, `{"response":{"claimsAndScopeOverrideDetails":{"accessTokenGeneration":{
		"claimsToAddOrOverride":{"n":12345678901234567890,"b":true,"l":["x",1],"o":{"Scopes":{"k":"v"}}},"scopesToAdd":["a/b"]}}}}`)
	if err != nil {
		t.Fatal(err)
	}
	details := got.ClaimsAndScopeOverrideDetails
	want := &trigger.AccessTokenGeneration{
		ClaimsToAddOrOverride: map[string]any{
			"n": json.Number("12345678901234567890"), "b": true, "l": []any{"x", json.Number("1")},
			"o": map[string]any{"Scopes": map[string]any{"k": "v"}},
		},
		ScopesToAdd: []string{"a/b"},
	}
	if !reflect.DeepEqual(details.AccessTokenGeneration, want) || details.IDTokenGeneration != nil || details.GroupOverrideDetails.Returned {
		t.Errorf("got %+v", details)
	}
}

// TRG-050: contents of an empty response are ignored, but it must be an object.
func TestEmptyResponse(t *testing.T) {
	t.Parallel()
	e := trigger.PostConfirmationEvent{TriggerSource: trigger.PostConfirmationConfirmSignUp}
	if _, err := answer(t, e, `{"response":{"whatever":1}}`); err != nil {
		t.Error(err)
	}
	_, err := answer(t, e, `{"response":7}`)
	wantError(t, err, trigger.ErrInvalidLambdaResponse, "Unrecognizable lambda output")
}

// AUTH-233
func TestVerdictMustBeBoolean(t *testing.T) {
	t.Parallel()
	e := trigger.VerifyAuthChallengeResponseEvent{TriggerSource: trigger.VerifyAuthChallengeResponseAuthentication}
	_, err := answer(t, e, `{"response":{"answerCorrect":"true"}}`)
	wantError(t, err, trigger.ErrInvalidLambdaResponse, "Unrecognizable lambda output")
	got, err := answer(t, e, `{"response":{"answerCorrect":null}}`)
	if err != nil || got.AnswerCorrect != nil {
		t.Errorf("null verdict is %+v, %v", got, err)
	}
}

func FuzzAnswer(f *testing.F) {
	for _, s := range []string{
		``, `null`, `{}`, `{"response":{}}`, `{"response":{"claimsAndScopeOverrideDetails":{"groupOverrideDetails":null}}}`,
		`{"response":{"claimsAndScopeOverrideDetails":{"idTokenGeneration":{"claimsToAddOrOverride":{"a":[1e999]}}}}}`,
		`{"response":{"claimsAndScopeOverrideDetails":[]}} `, "{\"response\":{\"\xff\":0}}",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		e := trigger.PreTokenGenerationV2Event{TriggerSource: trigger.TokenGenerationAuthentication}
		got, err := answer(t, e, raw)
		if err != nil {
			if code, ok := errors.AsType[*awsapi.Error](err); !ok || code.Code != trigger.ErrInvalidLambdaResponse {
				t.Fatalf("error is %v", err)
			}
			return
		}
		if !json.Valid([]byte(raw)) {
			t.Fatalf("accepted %q", raw)
		}
		if _, err := json.Marshal(got); err != nil {
			t.Fatalf("answer %q does not encode again: %v", raw, err)
		}
	})
}
