package e2e_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
)

// AUTH-106, AUTH-272, AUTH-275…279, AUTH-282…284, AUTH-286…288, NEW-097: AWS's library for front ends signs in by SRP, by each first
// factor, after a sign-up without a password, and with a software token that it has set up.
func TestAmplify(t *testing.T) {
	t.Parallel()
	w := newWorld(t, start(t, nil, "dev"), anyone, func(in *cip.CreateUserPoolInput) {
		in.Policies = &types.UserPoolPolicyType{SignInPolicy: &types.SignInPolicyType{
			AllowedFirstAuthFactors: []types.AuthFactorType{types.AuthFactorTypePassword, types.AuthFactorTypeEmailOtp},
		}}
	})
	client, err := w.api.CreateUserPoolClient(t.Context(), &cip.CreateUserPoolClientInput{
		UserPoolId: &w.pool, ClientName: aws.String("amplify"),
		ExplicitAuthFlows: []types.ExplicitAuthFlowsType{
			types.ExplicitAuthFlowsTypeAllowUserAuth, types.ExplicitAuthFlowsTypeAllowUserSrpAuth, types.ExplicitAuthFlowsTypeAllowRefreshTokenAuth,
		},
	})
	check(t, err)
	_, err = w.api.SetUserPoolMfaConfig(t.Context(), &cip.SetUserPoolMfaConfigInput{
		UserPoolId: &w.pool, MfaConfiguration: types.UserPoolMfaTypeOptional,
		SoftwareTokenMfaConfiguration: &types.SoftwareTokenMfaConfigType{Enabled: true},
	})
	check(t, err)
	runScript(t, "aws-amplify.mjs", map[string]string{"url": w.url, "pool": w.pool, "client": *client.UserPoolClient.ClientId})
}
