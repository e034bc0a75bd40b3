// Package triggers shows functions that were written for AWS Lambda as the triggers of a user pool in the same program. What stands
// in this file knows nothing but github.com/aws/aws-lambda-go: lambda.Start(Migrate) would run it there.
package triggers

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-lambda-go/events"
)

// OnlyOurs lets nobody sign up but people of example.com.
func OnlyOurs(_ context.Context, e events.CognitoEventUserPoolsPreSignup) (events.CognitoEventUserPoolsPreSignup, error) {
	if !strings.HasSuffix(e.Request.UserAttributes["email"], "@example.com") {
		return e, errors.New("this service is for example.com")
	}
	return e, nil
}

// Letter words the messages.
func Letter(e events.CognitoEventUserPoolsCustomMessage) (events.CognitoEventUserPoolsCustomMessage, error) {
	e.Response.EmailSubject = "Your code"
	e.Response.EmailMessage = fmt.Sprintf("Hello %v, your code is %s.", e.Request.UserAttributes["name"], e.Request.CodeParameter)
	e.Response.SMSMessage = "Your code is " + e.Request.CodeParameter
	return e, nil
}

// A Directory is where people are who have not signed in since the move.
type Directory map[string]struct{ Password, Name string }

// Migrate takes somebody over with the password that he has there, or to let him reset it.
func (d Directory) Migrate(e events.CognitoEventUserPoolsMigrateUser) (events.CognitoEventUserPoolsMigrateUser, error) {
	who, known := d[e.UserName]
	if !known || e.TriggerSource == "UserMigration_Authentication" && e.CognitoEventUserPoolsMigrateUserRequest.Password != who.Password {
		return e, nil // an empty answer: nobody
	}
	e.CognitoEventUserPoolsMigrateUserResponse = events.CognitoEventUserPoolsMigrateUserResponse{
		UserAttributes:  map[string]string{"email": e.UserName, "email_verified": "true", "name": who.Name},
		FinalUserStatus: "CONFIRMED", MessageAction: "SUPPRESS",
	}
	return e, nil
}

// Staff puts people into a group by what the token is for.
func Staff(e events.CognitoEventUserPoolsPreTokenGenV2_0) (events.CognitoEventUserPoolsPreTokenGenV2_0, error) {
	e.Response.ClaimsAndScopeOverrideDetails.AccessTokenGeneration.ScopesToAdd = []string{"orders/read"}
	e.Response.ClaimsAndScopeOverrideDetails.GroupOverrideDetails.GroupsToOverride = append(e.Request.GroupConfiguration.GroupsToOverride, "staff")
	return e, nil
}

// A Courier sends text messages by itself. aws-lambda-go has no type for its event.
type Courier struct {
	Decrypt func(pool, code string) (string, error) // in AWS Lambda: the AWS Encryption SDK with the pool's KMS key
	Send    func(number, text string) error
}

// SenderEvent is what a custom sender gets.
type SenderEvent struct {
	events.CognitoEventUserPoolsHeader
	Request struct {
		Code           string            `json:"code"`
		UserAttributes map[string]string `json:"userAttributes"`
	} `json:"request"`
}

// Carry delivers one message.
func (c Courier) Carry(e SenderEvent) error {
	code, err := c.Decrypt(e.UserPoolID, e.Request.Code)
	if err != nil {
		return err
	}
	return c.Send(e.Request.UserAttributes["phone_number"], "Your code is "+code)
}
