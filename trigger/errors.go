package trigger

import (
	"errors"

	"github.com/cenote-auth/cenote/awsapi"
)

// The codes of a failed trigger; all are HTTP 400 (TRG-026).
const (
	ErrUserLambdaValidation  awsapi.Code = "UserLambdaValidationException"  // the function refused
	ErrUnexpectedLambda      awsapi.Code = "UnexpectedLambdaException"      // the function was not reached, or did not end well
	ErrInvalidLambdaResponse awsapi.Code = "InvalidLambdaResponseException" // the function's answer cannot be used
)

// The names of AWS Lambda's Invoke errors that are used here.
const (
	nameNotFound  = "ResourceNotFoundException"
	nameDenied    = "AccessDeniedException"
	nameThrottled = "TooManyRequestsException"
	nameTooLarge  = "RequestTooLargeException"
	nameRecursion = "RecursiveInvocationException"
	nameService   = "ServiceException"
)

// timeoutText stands where an error's name would (TRG-024).
const timeoutText = "Socket timeout while invoking Lambda function"

// InvokeError says that a function was not reached, or that its runtime failed: missing, no permission, throttled, gone.
// A Handler that calls out may return one; every other error of a Handler counts as the function's own refusal.
type InvokeError struct {
	Name  string // as AWS Lambda names it; 1 to 64 letters, reaches the client (TRG-023)
	Retry bool   // whether another attempt is worth while; server errors 500–599 are not (TRG-020)
	Cause error  // for the log
}

// Error returns name and cause. It is for logs.
func (e *InvokeError) Error() string {
	if e.Cause == nil {
		return "invoke function: " + e.Name
	}
	return "invoke function: " + e.Name + ": " + e.Cause.Error()
}

// Unwrap returns the cause.
func (e *InvokeError) Unwrap() error { return e.Cause }

// FunctionError is the error that a function returned, as AWS Lambda passes it on.
type FunctionError struct {
	Message string // errorMessage, reaches the client
	Type    string // errorType
}

// Error returns the function's message.
func (e *FunctionError) Error() string { return e.Message }

// errTimeLimit is the cause with which an attempt's context ends.
var errTimeLimit = errors.New("the function's time limit is over")

// refused is the function's own refusal (TRG-021); the full stop is always appended.
func refused(kind Kind, message string) error {
	return ErrUserLambdaValidation.Newf("%s failed with error %s.", kind, message)
}

// unreached is a failure to get the function to run to its end (TRG-023, TRG-024).
func unreached(kind Kind, what string, cause error) error {
	return ErrUnexpectedLambda.Newf("%s invocation failed due to error %s.", kind, what).With(cause)
}

func notJSON(cause error) error {
	return ErrInvalidLambdaResponse.New("Invalid lambda function output : Invalid JSON").With(cause)
}

func unrecognizable(cause error) error {
	return ErrInvalidLambdaResponse.New("Unrecognizable lambda output").With(cause)
}
