package awsapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
)

// Code is the name of an AWS exception, for example "UsernameExistsException". It is itself an error, so that
// errors.Is(err, userpool.ErrUsernameExists) asks whether err carries that code.
type Code string

// Error returns the code's name.
func (c Code) Error() string { return string(c) }

// New returns an error of this code with AWS's text.
func (c Code) New(message string) *Error { return &Error{Code: c, Message: message} }

// Newf is New with formatting.
func (c Code) Newf(format string, args ...any) *Error {
	return &Error{Code: c, Message: fmt.Sprintf(format, args...)}
}

// The codes that an AWS front end answers before an operation runs, and that every operation may answer (ERR-010…014).
const (
	ErrSerialization           Code = "SerializationException"
	ErrValidation              Code = "ValidationException"
	ErrUnknownOperation        Code = "UnknownOperationException"
	ErrMissingAuthentication   Code = "MissingAuthenticationTokenException"
	ErrUnrecognizedClient      Code = "UnrecognizedClientException"
	ErrInvalidSignature        Code = "InvalidSignatureException"
	ErrIncompleteSignature     Code = "IncompleteSignatureException"
	ErrExpiredToken            Code = "ExpiredTokenException"
	ErrAccessDenied            Code = "AccessDeniedException"
	ErrInternal                Code = "InternalErrorException"
	ErrRequestEntityTooLarge   Code = "RequestEntityTooLargeException"
	ErrServiceUnavailable      Code = "ServiceUnavailableException"
	ErrOperationNotImplemented Code = "OperationNotImplementedException"
	ErrTooManyRequests         Code = "TooManyRequestsException"
)

// statuses holds the HTTP status of the codes that are not a plain 400 (ERR-006; the hints of NEW-009 are unconfirmed and not followed).
var statuses = map[Code]int{
	ErrInternal:                http.StatusInternalServerError,
	"InternalServerException":  http.StatusInternalServerError,
	ErrRequestEntityTooLarge:   http.StatusRequestEntityTooLarge,
	ErrServiceUnavailable:      http.StatusServiceUnavailable,
	ErrOperationNotImplemented: http.StatusNotImplemented,
}

// Error is the one error type of the API. Values are never changed after they were made: With and its siblings copy.
type Error struct {
	Code    Code
	Message string // AWS's sentence; sent to the caller
	Status  int    // HTTP status; 0 means the code's usual one
	Reason  string // the model's reasonCode member, usually empty (ERR-004)

	cause error // ours: logged, never sent
}

// Error returns code and message, and the cause if there is one. It is for logs; callers get Message.
func (e *Error) Error() string {
	s := string(e.Code)
	if e.Message != "" {
		s += ": " + e.Message
	}
	if e.cause != nil {
		s += ": " + e.cause.Error()
	}
	return s
}

// ErrorCode returns the exception's name, as the AWS SDK's API errors do.
func (e *Error) ErrorCode() string { return string(e.Code) }

// ErrorMessage returns AWS's sentence, as the AWS SDK's API errors do.
func (e *Error) ErrorMessage() string { return e.Message }

// HTTPStatus returns the status that goes with the error.
func (e *Error) HTTPStatus() int {
	if e.Status != 0 {
		return e.Status
	}
	if s, ok := statuses[e.Code]; ok {
		return s
	}
	return http.StatusBadRequest
}

// Is reports whether target is this error's code.
func (e *Error) Is(target error) bool {
	c, ok := target.(Code)
	return ok && c == e.Code
}

// Unwrap returns the cause, which is for logs only.
func (e *Error) Unwrap() error { return e.cause }

// With returns a copy of the error with a cause for the log.
func (e *Error) With(cause error) *Error {
	c := *e
	c.cause = cause
	return &c
}

// WireError translates any error into what goes on the wire: the HTTP status, the exception's name and the JSON body.
// An error that is not an *Error or a Code becomes InternalErrorException; its text does not leave the process.
func WireError(err error) (status int, code string, body []byte) {
	e := AsError(err)
	wire := struct {
		Type    string `json:"__type"`
		Message string `json:"message,omitempty"`
		Reason  string `json:"reasonCode,omitempty"`
	}{string(e.Code), e.Message, e.Reason}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)                 // messages name values and patterns, and AWS does not escape them
	if err := enc.Encode(wire); err != nil { // three strings always encode
		panic(err)
	}
	return e.HTTPStatus(), string(e.Code), bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

// AsError returns the *Error in err's chain; a bare Code becomes an Error without a message, anything else
// InternalErrorException with err as its cause.
func AsError(err error) *Error {
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	if c, ok := errors.AsType[Code](err); ok {
		return &Error{Code: c}
	}
	return &Error{Code: ErrInternal, Message: "An internal error occurred.", cause: err}
}
