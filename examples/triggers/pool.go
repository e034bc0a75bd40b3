package triggers

import (
	"github.com/aws/aws-lambda-go/lambda"

	"github.com/cenote-auth/cenote"
	"github.com/cenote-auth/cenote/trigger"
	"github.com/cenote-auth/cenote/userpool"
)

// Service returns a service in memory whose pools can name the functions: what lambda.Start takes on AWS Lambda, lambda.NewHandler
// takes here. senderKey is a secret of 32 bytes that the codes for the courier are encrypted under.
func Service(d Directory, send func(number, text string) error, senderKey []byte) (*cenote.Instance, error) {
	keys, err := userpool.NewRawSenderKeys("example", "sender", senderKey, nil) // or userpool.SenderKeys over AWS KMS
	if err != nil {
		return nil, err
	}
	functions := &trigger.Mux{}
	functions.Handle("only-ours", lambda.NewHandler(OnlyOurs))
	functions.Handle("letter", lambda.NewHandler(Letter))
	functions.Handle("migrate", lambda.NewHandler(d.Migrate))
	functions.Handle("staff", lambda.NewHandler(Staff))
	functions.Handle("courier", lambda.NewHandler(Courier{Decrypt: keys.Open, Send: send}.Carry))
	return cenote.New(cenote.Config{Triggers: functions, UserPools: userpool.Config{SenderKeys: keys}})
}

// Pool is a pool that has all of them. Region and account of the ARNs do not matter: those of the pool on AWS will do.
var Pool = &userpool.CreateUserPoolInput{
	PoolName:           "people",
	UsernameAttributes: []userpool.UsernameAttributeType{userpool.UsernameAttributeTypeEmail},
	AutoVerifiedAttributes: []userpool.VerifiedAttributeType{
		userpool.VerifiedAttributeTypeEmail, userpool.VerifiedAttributeTypePhoneNumber,
	},
	SmsConfiguration: &userpool.SmsConfigurationType{SnsCallerArn: "arn:aws:iam::123456789012:role/sms", ExternalId: "x"},
	LambdaConfig: &userpool.LambdaConfigType{
		PreSignUp:     trigger.ARN("only-ours"),
		CustomMessage: trigger.ARN("letter"),
		UserMigration: trigger.ARN("migrate"),
		PreTokenGenerationConfig: &userpool.PreTokenGenerationVersionConfigType{
			LambdaArn: trigger.ARN("staff"), LambdaVersion: userpool.PreTokenGenerationLambdaVersionTypeV20,
		},
		CustomSMSSender: &userpool.CustomSMSLambdaVersionConfigType{
			LambdaArn: trigger.ARN("courier"), LambdaVersion: userpool.CustomSMSSenderLambdaVersionTypeV10,
		},
		KMSKeyID: "arn:aws:kms:us-east-1:123456789012:key/0e0c7ffe-2f4a-4f0b-9b0c-0f0a0b0c0d0e",
	},
}
