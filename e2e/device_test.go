package e2e_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
)

// A remembered device, with amazon-cognito-identity-js as it is: in place of the second factor, and after it.
func TestRememberedDevice(t *testing.T) {
	t.Parallel()
	for replaces, replacing := range map[string]bool{"yes": true, "no": false} {
		t.Run("replaces the second factor: "+replaces, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, start(t, nil, "dev"), anyone, func(in *cip.CreateUserPoolInput) {
				in.DeviceConfiguration = &types.DeviceConfigurationType{ChallengeRequiredOnNewDevice: replacing}
			})
			const name, phone = "grace@example.com", "+15550100001"
			w.signUp(t, name, password)
			_, err := w.api.AdminUpdateUserAttributes(t.Context(), &cip.AdminUpdateUserAttributesInput{
				UserPoolId: &w.pool, Username: aws.String(name), UserAttributes: []types.AttributeType{{Name: aws.String("phone_number"), Value: aws.String(phone)}},
			})
			check(t, err)
			_, err = w.api.SetUserPoolMfaConfig(t.Context(), &cip.SetUserPoolMfaConfigInput{
				UserPoolId: &w.pool, MfaConfiguration: types.UserPoolMfaTypeOn, SmsMfaConfiguration: &types.SmsMfaConfigType{
					SmsConfiguration: &types.SmsConfigurationType{SnsCallerArn: aws.String("arn:aws:iam::123456789012:role/sns"), ExternalId: aws.String("x")},
				},
			})
			check(t, err)
			runScript(t, "remembered-device.mjs", map[string]string{
				"url": w.url, "pool": w.pool, "client": w.client, "name": name, "password": password, "phone": phone, "replaces": replaces,
			})
		})
	}
}
