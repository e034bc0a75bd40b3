package userpool

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/cenote-auth/cenote/internal/wire"
)

// The engine's share of an operation: decode and check of a request, encode of an answer.
func BenchmarkWire(b *testing.B) {
	token := strings.Repeat("eyJraWQiOiJ0ZXN0In0.", 50)
	attributes := []AttributeType{{Name: "sub", Value: "0b3c5d1e-4f6a-4b7c-8d9e-0f1a2b3c4d5e"}, {Name: "email", Value: "ada@example.com"}, {Name: "email_verified", Value: "true"}}
	users := make([]UserType, 60)
	for i := range users {
		users[i] = UserType{Username: fmt.Sprintf("ada-%d", i), Attributes: attributes, Enabled: true, UserStatus: UserStatusTypeConfirmed,
			UserCreateDate: time.UnixMilli(1612345678125), UserLastModifiedDate: time.UnixMilli(1612345678125)}
	}
	for _, bm := range []struct {
		op   *wire.Op
		body string
		out  any
	}{
		{opSignUp, `{"ClientId":"1example23456789","Username":"ada@example.com","Password":"Correct-Horse-9",
			"UserAttributes":[{"Name":"email","Value":"ada@example.com"},{"Name":"name","Value":"Ada"}],"ClientMetadata":{"source":"web"}}`,
			&SignUpOutput{UserSub: "0b3c5d1e-4f6a-4b7c-8d9e-0f1a2b3c4d5e", CodeDeliveryDetails: &CodeDeliveryDetailsType{AttributeName: "email",
				DeliveryMedium: DeliveryMediumTypeEmail, Destination: "a***@e***"}}},
		{opGetUser, `{"AccessToken":"` + token + `"}`, &GetUserOutput{Username: "ada", UserAttributes: attributes}},
		{opListUsers, `{"UserPoolId":"us-east-1_Example01","Limit":60,"Filter":"email ^= \"a\""}`, &ListUsersOutput{Users: users}},
	} {
		b.Run(bm.op.Name+"/in", func(b *testing.B) {
			b.ReportAllocs()
			body := []byte(bm.body)
			for b.Loop() {
				in := bm.op.NewInput()
				presence, err := wire.Decode(bm.op.Input, body, in)
				if err == nil {
					err = wire.Check(bm.op.Input, service.Validation, in, presence)
				}
				if err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(bm.op.Name+"/out", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				wire.Encode(bm.op.Output, bm.out)
			}
		})
	}
}
