package awsapi_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/cenote-auth/cenote/awsapi"
)

const errExists awsapi.Code = "UsernameExistsException"

func TestErrorsAreAskedByCode(t *testing.T) {
	t.Parallel()
	cause := errors.New("cause")
	plain := errExists.New("User already exists")
	err := fmt.Errorf("sign up: %w", plain.With(cause))
	if !errors.Is(err, errExists) || errors.Is(err, awsapi.ErrInternal) || !errors.Is(err, cause) {
		t.Errorf("%v is not what it should be", err)
	}
	e, ok := errors.AsType[interface {
		error
		ErrorCode() string
		ErrorMessage() string
	}](err)
	if !ok || e.ErrorCode() != "UsernameExistsException" || e.ErrorMessage() != "User already exists" {
		t.Errorf("got %v", e)
	}
	if plain.Unwrap() != nil {
		t.Error("With changed the error that it was called on")
	}
	if got := plain.With(cause).Error(); got != "UsernameExistsException: User already exists: cause" {
		t.Errorf("got %q", got)
	}
	if got := errExists.Newf("%d left", 3).Message; got != "3 left" {
		t.Errorf("got %q", got)
	}
}

// ERR-002, ERR-004, ERR-006
func TestWireError(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		err    error
		status int
		code   string
		body   string
	}{
		{"error", errExists.New("User already exists"), 400, "UsernameExistsException", `{"__type":"UsernameExistsException","message":"User already exists"}`},
		{"bare code", awsapi.ErrUnknownOperation, 400, "UnknownOperationException", `{"__type":"UnknownOperationException"}`},
		{"wrapped", fmt.Errorf("x: %w", errExists.New("m")), 400, "UsernameExistsException", `{"__type":"UsernameExistsException","message":"m"}`},
		{"reason", &awsapi.Error{Code: "InvalidParameterException", Message: "m", Reason: "r"}, 400, "InvalidParameterException",
			`{"__type":"InvalidParameterException","message":"m","reasonCode":"r"}`},
		{"own status", &awsapi.Error{Code: errExists, Status: 409}, 409, "UsernameExistsException", `{"__type":"UsernameExistsException"}`},
		{"no HTML escapes", errExists.New(`<a href="x">&`), 400, "UsernameExistsException", `{"__type":"UsernameExistsException","message":"<a href=\"x\">&"}`},
		{"cause is not told", errExists.New("m").With(errors.New("secret")), 400, "UsernameExistsException", `{"__type":"UsernameExistsException","message":"m"}`},
		{"anything else", errors.New("secret"), 500, "InternalErrorException", `{"__type":"InternalErrorException","message":"An internal error occurred."}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			status, code, body := awsapi.WireError(tt.err)
			if status != tt.status || code != tt.code || string(body) != tt.body {
				t.Errorf("got %d %s %s", status, code, body)
			}
		})
	}
}

func TestCallerTravelsInTheContext(t *testing.T) {
	t.Parallel()
	if got := awsapi.CallerFrom(context.Background()); got != (awsapi.Caller{}) {
		t.Errorf("got %+v", got)
	}
	want := awsapi.Caller{ARN: "arn", RequestID: "id"}
	if got := awsapi.CallerFrom(awsapi.WithCaller(t.Context(), want)); got != want {
		t.Errorf("got %+v", got)
	}
}

func TestAction(t *testing.T) {
	t.Parallel()
	op := awsapi.Operation{Name: "AdminGetUser", Service: &awsapi.Service{Name: "cognito-idp"}}
	if got := op.Action(); got != "cognito-idp:AdminGetUser" {
		t.Errorf("got %s", got)
	}
}
