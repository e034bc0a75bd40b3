package awshttp_test

import (
	"fmt"
	"net/http/httptest"
	"strings"

	"github.com/cenote-auth/cenote/awshttp"
)

// Public operations work without any credentials; signed ones are refused until there is an Authenticator and an
// Authorizer.
func ExampleNew() {
	h, err := awshttp.New(awshttp.Config{Services: []awshttp.Service{userPools()}})
	if err != nil {
		panic(err)
	}
	for _, operation := range []string{"SignUp", "AdminGetUser"} {
		r := httptest.NewRequest("POST", "/", strings.NewReader(`{"Username":"ada"}`))
		r.Header.Set("Content-Type", "application/x-amz-json-1.1")
		r.Header.Set("X-Amz-Target", "AWSCognitoIdentityProviderService."+operation)
		answer := httptest.NewRecorder()
		h.ServeHTTP(answer, r)
		fmt.Println(answer.Code, answer.Body)
	}
	// Output:
	// 200 {"Username":"ada"}
	// 400 {"__type":"MissingAuthenticationTokenException","message":"Missing Authentication Token"}
}
