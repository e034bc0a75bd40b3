package iam_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/cenote-auth/cenote/awsapi"
	"github.com/cenote-auth/cenote/iam"
)

// A gateway with an HTTP framework of its own fills a Request and asks the verifier.
func ExampleVerifier() {
	keys, err := iam.NewStaticKeys(iam.AccessKey{
		ID: "AKIDEXAMPLE", Secret: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
		Principal: iam.Principal{ARN: "arn:aws:iam::123456789012:user/admin", Account: "123456789012"},
	})
	if err != nil {
		panic(err)
	}
	verifier, err := iam.NewVerifier(iam.VerifierConfig{Keys: keys, Region: "eu-central-1"})
	if err != nil {
		panic(err)
	}
	_, err = verifier.Authenticate(context.Background(), &iam.Request{
		Method: "POST", Host: "cognito-idp.eu-central-1.amazonaws.com", Path: "/", Service: "cognito-idp",
		Header: map[string][]string{"X-Amz-Target": {"AWSCognitoIdentityProviderService.AdminGetUser"}},
	}, func() ([]byte, error) { return []byte("{}"), nil })
	fmt.Println(errors.Is(err, awsapi.ErrMissingAuthentication), err)
	// Output: true MissingAuthenticationTokenException: Missing Authentication Token
}
