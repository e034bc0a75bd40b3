// Package trigger calls the functions that a user pool's LambdaConfig names: what Amazon Cognito does with AWS Lambda.
//
// A function is a Handler, which has the method set of lambda.Handler in github.com/aws/aws-lambda-go, so that whatever
// lambda.NewHandler returns fits without that module being imported here. Func makes one from a typed Go function:
//
//	functions := &trigger.Mux{}
//	functions.Handle("pre-sign-up", trigger.Func(func(ctx context.Context, e trigger.PreSignUpEvent) (trigger.PreSignUpEvent, error) {
//		e.Response.AutoConfirmUser = true
//		return e, nil
//	}))
//
// The pool then names it as trigger.ARN("pre-sign-up"). The events of aws-lambda-go work as well as the Event types of this
// package; both are the same JSON. A Mux goes by function name; an Endpoint sends every call to an address that speaks AWS
// Lambda's Invoke API. Both are Functions, the operator's table: an ARN picks an entry of it and never becomes an address.
//
// Services call through a Runner, which has the rules: JSON in both directions, the time limit, the number of attempts,
// AWS's errors, and what becomes of functions that panic, never return or call back into the pool.
package trigger
