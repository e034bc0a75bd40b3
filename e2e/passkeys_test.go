package e2e_test

import (
	"net"
	"os/exec"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
)

// Passkeys in a real browser: a page makes one by the API and signs in with it.
func TestPasskeysInChromium(t *testing.T) {
	t.Parallel()
	chromium, err := exec.LookPath("chromium")
	if err != nil {
		t.Fatal("Chromium is not installed: run `make setup`")
	}
	_, port, err := net.SplitHostPort(freeAddr(t))
	check(t, err)
	w := newWorld(t, start(t, nil, "dev", "--passkey-origin", "http://localhost:"+port), anyone, func(in *cip.CreateUserPoolInput) {
		in.Policies = &types.UserPoolPolicyType{SignInPolicy: &types.SignInPolicyType{
			AllowedFirstAuthFactors: []types.AuthFactorType{types.AuthFactorTypePassword, types.AuthFactorTypeWebAuthn},
		}}
	})
	ctx, name := t.Context(), "grace@example.com"
	_, err = w.api.SetUserPoolMfaConfig(ctx, &cip.SetUserPoolMfaConfigInput{UserPoolId: &w.pool,
		WebAuthnConfiguration: &types.WebAuthnConfigurationType{RelyingPartyId: aws.String("localhost")}})
	check(t, err)
	client, err := w.api.CreateUserPoolClient(ctx, &cip.CreateUserPoolClientInput{UserPoolId: &w.pool, ClientName: aws.String("by choice"),
		ExplicitAuthFlows: []types.ExplicitAuthFlowsType{
			types.ExplicitAuthFlowsTypeAllowUserAuth, types.ExplicitAuthFlowsTypeAllowUserSrpAuth, types.ExplicitAuthFlowsTypeAllowRefreshTokenAuth,
		}})
	check(t, err)
	w.client = *client.UserPoolClient.ClientId
	w.signUp(t, name, password)
	tokens, err := w.signIn(ctx, name, password)
	check(t, err)
	user, err := w.api.GetUser(ctx, &cip.GetUserInput{AccessToken: tokens.AccessToken})
	check(t, err)
	runScript(t, "passkeys.mjs", map[string]string{
		"url": w.url, "port": port, "chromium": chromium, "clientId": w.client, "username": name, "sub": *user.Username,
		"accessToken": *tokens.AccessToken,
	})
}
