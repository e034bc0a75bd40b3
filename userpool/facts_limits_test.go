package userpool_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/cenote-auth/cenote/userpool"
)

// QUO-012: what would be one too many is LimitExceededException where the operation declares it, InvalidParameterException
// otherwise. Nothing is made.
func TestResourceLimits(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *userpool.Config) { c.Limits.Pools, c.Limits.GroupsPerPool = 1, 1 })
	a := b.app(withSecret)
	a.group("crew")
	many := map[string]string{}
	for i := range 51 {
		many[fmt.Sprint("k", i)] = ""
	}
	for op, call := range map[string]func() error{
		"CreateUserPool": func() error {
			_, err := b.CreateUserPool(t.Context(), &userpool.CreateUserPoolInput{PoolName: "test"})
			return err
		},
		"CreateGroup": func() error {
			_, err := b.CreateGroup(t.Context(), &userpool.CreateGroupInput{UserPoolId: a.pool, GroupName: "others"})
			return err
		},
		"AddUserPoolClientSecret": func() error {
			if len(a.secretIDs()) < 2 {
				_, err := a.addSecret("")
				check(t, err)
			}
			_, err := a.addSecret("")
			return err
		},
		"TagResource": func() error { return a.tag(a.arn(), many) },
	} {
		t.Run(op, func(t *testing.T) {
			code := userpool.ErrInvalidParameter
			if slices.Contains(userpool.Operation(op).Codes, userpool.ErrLimitExceeded) {
				code = userpool.ErrLimitExceeded
			}
			refused(t, call(), code, "")
		})
	}
	if pools, secrets, tags := b.poolIDs(), a.secretIDs(), a.tagged(); len(pools) != 1 || len(secrets) != 2 || len(tags) != 0 {
		t.Errorf("pools %v, secrets %v, tags %v", pools, secrets, tags)
	}
}

// QUO-013: every hourly limit can be set and switched off; resources are bounded whether anything is set or not.
func TestHourlyLimitsAreSettings(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		limits userpool.Limits
		times  int // that each is allowed
	}{
		{"off", userpool.Limits{
			ConfirmSignUp: -1, ResendConfirmationCode: -1, ForgotPassword: -1, ChangePassword: -1, AttributeCode: -1, AttributeUpdate: -1,
			VerifyUserAttribute: -1, MessagesPerDestination: -1, WrongCodes: -1, FreeAttempts: -1,
		}, 30},
		{"two", userpool.Limits{
			ConfirmSignUp: 2, ResendConfirmationCode: 2, ForgotPassword: 2, ChangePassword: 2, AttributeCode: 2, AttributeUpdate: 2,
			VerifyUserAttribute: 2, MessagesPerDestination: -1, WrongCodes: -1, FreeAttempts: -1,
		}, 2},
	} {
		base := setup(t, func(c *userpool.Config) { tt.limits.ArithmeticWait = c.Limits.ArithmeticWait; c.Limits = tt.limits }).app()
		base.user("ada", "email", "ada@example.com")
		base.signUp("new", "email", "new@example.com")
		access := base.signIn("ada").AccessToken
		for name, call := range map[string]func(a app, i int) error{
			"ConfirmSignUp":          func(a app, _ int) error { return a.confirm("new", "wrong") },
			"ResendConfirmationCode": func(a app, _ int) error { _, err := a.resend("new"); return err },
			"ForgotPassword":         func(a app, _ int) error { _, err := a.forgot("ada"); return err },
			"ConfirmForgotPassword":  func(a app, _ int) error { return a.reset("ada", "wrong", another) },
			"ChangePassword":         func(a app, _ int) error { return a.change(access, password, password) },
			"AttributeCode":          func(a app, _ int) error { _, err := a.askCode(access, "email"); return err },
			"VerifyUserAttribute":    func(a app, _ int) error { return a.verify(access, "email", "wrong") },
			"AttributeUpdate": func(a app, i int) error {
				_, err := a.updateOwn(access, "email", fmt.Sprintf("ada%d@example.com", i))
				return err
			},
		} {
			t.Run(tt.name+"/"+name, func(t *testing.T) {
				a := base.fork(t)
				over := func(i int) bool {
					text := errorText(call(a, i))
					return text == tooOften || text == "Rate exceeded"
				}
				for i := range tt.times {
					if over(i) {
						t.Fatalf("refused after %d times", i)
					}
				}
				if tt.times == 2 && !over(2) {
					t.Error("a third time is allowed")
				}
			})
		}
	}
}
