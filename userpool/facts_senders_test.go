package userpool_test

import (
	"reflect"
	"testing"

	"github.com/cenote-auth/cenote/userpool"
)

// TRG-001, TRG-031: every member of LambdaConfig that does something in this version is taken and told back, an ARN of another account and
// with an alias included.
func TestLambdaConfig(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *userpool.Config) { c.SenderKeys = newKeyring(t) })
	const arn = "arn:aws:lambda:eu-west-1:999999999999:function:elsewhere:live"
	l := &userpool.LambdaConfigType{
		PreSignUp: arn, CustomMessage: arn, PostConfirmation: arn, PreAuthentication: arn, PostAuthentication: arn, DefineAuthChallenge: arn,
		CreateAuthChallenge: arn, VerifyAuthChallengeResponse: arn, PreTokenGeneration: arn, UserMigration: arn,
		PreTokenGenerationConfig: &userpool.PreTokenGenerationVersionConfigType{LambdaArn: arn, LambdaVersion: "V3_0"},
		CustomSMSSender:          &userpool.CustomSMSLambdaVersionConfigType{LambdaArn: arn, LambdaVersion: "V1_0"},
		CustomEmailSender:        &userpool.CustomEmailLambdaVersionConfigType{LambdaArn: arn, LambdaVersion: "V1_0"},
		KMSKeyID:                 senderKeyARN,
	}
	a := b.app(lambdas(*l))
	out, err := a.DescribeUserPool(t.Context(), &userpool.DescribeUserPoolInput{UserPoolId: a.pool})
	check(t, err)
	if !reflect.DeepEqual(out.UserPool.LambdaConfig, l) {
		t.Errorf("told back is %+v, want %+v", out.UserPool.LambdaConfig, l)
	}
	for name, change := range map[string]func(*userpool.LambdaConfigType){
		"e-mail": func(l *userpool.LambdaConfigType) { l.CustomEmailSender.LambdaVersion = "V2_0" },
		"SMS":    func(l *userpool.LambdaConfigType) { l.CustomSMSSender.LambdaVersion = "" },
		"tokens": func(l *userpool.LambdaConfigType) { l.PreTokenGenerationConfig.LambdaVersion = "V4_0" },
		"key":    func(l *userpool.LambdaConfigType) { l.KMSKeyID = "alias/codes" },
	} {
		_, err := a.UpdateUserPool(t.Context(), updateOf(a.pool, func(l *userpool.LambdaConfigType) {
			l.PreTokenGenerationConfig = &userpool.PreTokenGenerationVersionConfigType{LambdaArn: arn, LambdaVersion: "V1_0"}
			change(l)
		}))
		if err == nil {
			t.Errorf("%s: a value that does not exist is taken", name)
		}
	}
}

// MSG-036: without a sender the operations that declare it answer CodeDeliveryFailureException.
func TestNoSender(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *userpool.Config) { c.Email, c.SMS = nil, nil })
	a := b.app(withSMS, verifiesBoth)
	a.signUp("ada")
	_, err := a.AdminConfirmSignUp(t.Context(), &userpool.AdminConfirmSignUpInput{UserPoolId: a.pool, Username: "ada"})
	check(t, err)
	access := a.signIn("ada").AccessToken
	for operation, call := range map[string]func() error{
		"SignUp": func() error { return a.trySignUp("bob", "email", "bob@example.com") },
		"ResendConfirmationCode": func() error {
			_ = a.trySignUp("eve", "email", "eve@example.com")
			_, err := a.ResendConfirmationCode(t.Context(), &userpool.ResendConfirmationCodeInput{ClientId: a.client, Username: "eve"})
			return err
		},
		"AdminCreateUser": func() error {
			_, err := a.create("guest", having("email", "guest@example.com"), invited(userpool.DeliveryMediumTypeEmail))
			return err
		},
		"UpdateUserAttributes": func() error {
			_, err := a.UpdateUserAttributes(t.Context(), &userpool.UpdateUserAttributesInput{
				AccessToken: access, UserAttributes: attributes("phone_number", "+12065559934"),
			})
			return err
		},
		"GetUserAttributeVerificationCode": func() error {
			a.user("zoe")
			_, err := a.AdminUpdateUserAttributes(t.Context(), &userpool.AdminUpdateUserAttributesInput{
				UserPoolId: a.pool, Username: "zoe", UserAttributes: attributes("email", "zoe@example.com", "email_verified", "true"),
			})
			check(t, err)
			_, err = a.GetUserAttributeVerificationCode(t.Context(), &userpool.GetUserAttributeVerificationCodeInput{
				AccessToken: a.signIn("zoe").AccessToken, AttributeName: "email",
			})
			return err
		},
		"ForgotPassword": func() error {
			a.user("kim")
			_, err := a.AdminUpdateUserAttributes(t.Context(), &userpool.AdminUpdateUserAttributesInput{
				UserPoolId: a.pool, Username: "kim", UserAttributes: attributes("email", "kim@example.com", "email_verified", "true"),
			})
			check(t, err)
			_, err = a.forgot("kim")
			return err
		},
	} {
		t.Run(operation, func(t *testing.T) {
			refused(t, call(), userpool.ErrCodeDeliveryFailure, "Unable to deliver message.")
		})
	}
}
