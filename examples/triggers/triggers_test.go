package triggers_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/cenote-auth/cenote"
	"github.com/cenote-auth/cenote/examples/triggers"
	"github.com/cenote-auth/cenote/userpool"
)

const password = "Correct-Horse-9"

func TestFunctions(t *testing.T) {
	t.Parallel()
	ctx, sms := t.Context(), map[string]string{}
	s, err := triggers.Service(triggers.Directory{"old@example.com": {Password: "simple", Name: "Old"}},
		func(number, text string) error { sms[number] = text; return nil }, bytes.Repeat([]byte{7}, 32))
	check(t, err)
	pool, err := s.UserPools.CreateUserPool(ctx, triggers.Pool)
	check(t, err)
	client, err := s.UserPools.CreateUserPoolClient(ctx, &userpool.CreateUserPoolClientInput{
		UserPoolId: pool.UserPool.Id, ClientName: "web",
		ExplicitAuthFlows: []userpool.ExplicitAuthFlowsType{userpool.ExplicitAuthFlowsTypeAllowUserPasswordAuth},
	})
	check(t, err)
	id := client.UserPoolClient.ClientId
	signUp := func(name string, more ...userpool.AttributeType) error {
		_, err := s.UserPools.SignUp(ctx, &userpool.SignUpInput{
			ClientId: id, Username: name, Password: password, UserAttributes: append(more, userpool.AttributeType{Name: "name", Value: "Ada"}),
		})
		return err
	}

	if err := signUp("eve@example.org"); !errors.Is(err, userpool.ErrUserLambdaValidation) {
		t.Errorf("signing up from outside: %v", err)
	}
	check(t, signUp("ada@example.com"))
	check(t, signUp("mob@example.com", userpool.AttributeType{Name: "phone_number", Value: "+12065559934"}))
	_, err = s.UserPools.Deliver(ctx)
	check(t, err)
	if m, _ := s.UserPools.Outbox().Last("ada@example.com"); m.Subject != "Your code" || m.Body != "Hello Ada, your code is "+m.Code+"." {
		t.Errorf("the letter is %+v", m)
	}
	if text := sms["+12065559934"]; len(text) != len("Your code is 123456") {
		t.Errorf("the courier sent %q", text)
	}

	if _, err := signIn(t, s, id, "old@example.com", "guess"); err == nil {
		t.Error("signed in with a guess")
	}
	tokens, err := signIn(t, s, id, "old@example.com", "simple")
	check(t, err)
	claims, err := s.UserPools.Verifier(pool.UserPool.Id, id).Verify(ctx, tokens.AccessToken)
	check(t, err)
	if len(claims.Groups) != 1 || claims.Groups[0] != "staff" {
		t.Errorf("groups are %v", claims.Groups)
	}
}

func signIn(t *testing.T, s *cenote.Instance, client, name, password string) (*userpool.AuthenticationResultType, error) {
	t.Helper()
	out, err := s.UserPools.InitiateAuth(t.Context(), &userpool.InitiateAuthInput{
		ClientId: client, AuthFlow: userpool.AuthFlowTypeUserPasswordAuth,
		AuthParameters: map[string]string{"USERNAME": name, "PASSWORD": password},
	})
	if err != nil {
		return nil, err
	}
	return out.AuthenticationResult, nil
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
