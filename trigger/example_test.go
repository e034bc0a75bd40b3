package trigger_test

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/cenote-auth/cenote/trigger"
)

// A program enters its functions in a Mux; a pool names them by ARN. Services do the rest through a Runner.
func Example() {
	functions := &trigger.Mux{}
	functions.Handle("pre-sign-up", trigger.Func(func(_ context.Context, e trigger.PreSignUpEvent) (trigger.PreSignUpEvent, error) {
		if !strings.HasSuffix(e.Request.UserAttributes["email"], "@example.com") {
			return e, errors.New("only example.com")
		}
		e.Response.AutoConfirmUser = true
		return e, nil
	}))
	runner, err := trigger.NewRunner(trigger.RunnerConfig{Functions: functions})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, email := range []string{"ada@example.com", "eve@example.org"} {
		answer, err := trigger.Run(context.Background(), runner, trigger.ARN("pre-sign-up"), trigger.PreSignUpEvent{
			TriggerSource: trigger.PreSignUpSignUp, UserPoolID: "eu-central-1_Example01", UserName: email,
			Request: trigger.PreSignUpRequest{UserAttributes: trigger.Attributes{"email": email}},
		})
		fmt.Println(answer.AutoConfirmUser, err)
	}
	// Output:
	// true <nil>
	// false UserLambdaValidationException: PreSignUp failed with error only example.com.
}
