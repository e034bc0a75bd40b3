// Package userpool is Amazon Cognito's user pools: the 140 operations of the service, each a method of Service with the
// model's names.
//
//	users, err := userpool.New(userpool.Config{})
//	out, err := users.SignUp(ctx, &userpool.SignUpInput{ClientId: id, Username: "ada", Password: "Correct-Horse-9"})
//	if errors.Is(err, userpool.ErrUsernameExists) { … }
//
// The typed methods and Invoke trust their caller: whoever puts them on a network proves first what Operation.Auth asks for,
// as package awshttp does.
//
// A file holds one family of operations and is named after it: sign-up is in signup.go, "forgot password" in
// password_forgot.go, the SRP flow in auth_srp.go. Files named record_ hold what is stored, and load.go how it is read.
package userpool

//go:generate go run ../internal/gen
