package cenote_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/cenote-auth/cenote"
	"github.com/cenote-auth/cenote/userpool"
)

// Typed calls, coming from the AWS SDK: same names, fewer stars.
func TestUsage5_TypedCalls(t *testing.T) {
	t.Parallel()
	auth, err := cenote.New(cenote.Config{})
	check(t, err)
	users, ctx := auth.UserPools, t.Context()
	pool, err := users.CreateUserPool(ctx, &userpool.CreateUserPoolInput{PoolName: "people"})
	check(t, err)
	poolID := pool.UserPool.Id
	client, err := users.CreateUserPoolClient(ctx, &userpool.CreateUserPoolClientInput{UserPoolId: poolID, ClientName: "web",
		GenerateSecret: false, EnableTokenRevocation: new(false), // absent is true: hence a pointer
		ExplicitAuthFlows: []userpool.ExplicitAuthFlowsType{userpool.ExplicitAuthFlowsTypeAllowUserSrpAuth}})
	check(t, err)
	clientID := client.UserPoolClient.ClientId
	if on := client.UserPoolClient.EnableTokenRevocation; on == nil || *on {
		t.Errorf("EnableTokenRevocation is %v", on)
	}

	signUp := func(name string) error {
		_, err := users.SignUp(ctx, &userpool.SignUpInput{
			ClientId: clientID, Username: name, Password: "Correct-Horse-9",
			UserAttributes: []userpool.AttributeType{{Name: "email", Value: name + "@example.com"}},
		})
		return err
	}
	for _, name := range []string{"ada", "alan", "grace"} {
		check(t, signUp(name))
	}
	err = signUp("ada")
	if !errors.Is(err, userpool.ErrUsernameExists) { // const ErrUsernameExists awsapi.Code = "UsernameExistsException"
		t.Fatal(err)
	}
	e, ok := errors.AsType[interface {
		error
		ErrorCode() string
	}](err) // one line for the SDK's errors and for ours
	if !ok || e.ErrorCode() != "UsernameExistsException" {
		t.Fatal(err)
	}

	var names []string
	for u, err := range userpool.All(ctx, users.ListUsers, &userpool.ListUsersInput{UserPoolId: poolID, Filter: `email ^= "a"`, Limit: new(int32(1))}) {
		check(t, err)
		names = append(names, u.Username)
	}
	if slices.Sort(names); !slices.Equal(names, []string{"ada", "alan"}) {
		t.Errorf("listed %v", names)
	}
}
