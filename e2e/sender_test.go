package e2e_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"sync"
	"testing"

	"github.com/cenote-auth/cenote/trigger"
	"github.com/cenote-auth/cenote/userpool"
)

// TRG-122, TRG-123: what a custom sender gets is opened by the AWS Encryption SDK, whatever its commitment policy, with the pool id
// in the encryption context; and by nobody who has another key, nor after a change.
func TestCustomSenderAgainstTheSDK(t *testing.T) {
	t.Parallel()
	key := bytes.Repeat([]byte{7}, 32)
	keys, err := userpool.NewRawSenderKeys("cenote", "senders", key, nil)
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var heard []trigger.CustomSenderEvent
	functions := &trigger.Mux{}
	functions.Handle("sender", trigger.Func(func(_ context.Context, e trigger.CustomSenderEvent) (trigger.CustomSenderEvent, error) {
		mu.Lock()
		defer mu.Unlock()
		heard = append(heard, e)
		return e, nil
	}))
	s, err := userpool.New(userpool.Config{Triggers: functions, SenderKeys: keys})
	if err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	pool, err := s.CreateUserPool(ctx, &userpool.CreateUserPoolInput{PoolName: "senders", LambdaConfig: &userpool.LambdaConfigType{
		CustomEmailSender: &userpool.CustomEmailLambdaVersionConfigType{
			LambdaArn: trigger.ARN("sender"), LambdaVersion: userpool.CustomEmailSenderLambdaVersionTypeV10,
		},
		KMSKeyID: "arn:aws:kms:us-east-1:123456789012:key/1",
	}})
	if err != nil {
		t.Fatal(err)
	}
	id := pool.UserPool.Id
	const given = `A<b>&"c'Ä-9`
	_, err = s.AdminCreateUser(ctx, &userpool.AdminCreateUserInput{
		UserPoolId: id, Username: "ada", TemporaryPassword: given,
		DesiredDeliveryMediums: []userpool.DeliveryMediumType{userpool.DeliveryMediumTypeEmail},
		UserAttributes:         []userpool.AttributeType{{Name: "email", Value: "ada@example.com"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Deliver(ctx); err != nil {
		t.Fatal(err)
	}
	if len(heard) != 1 || heard[0].Request.Code == nil {
		t.Fatalf("the sender heard %+v", heard)
	}
	code := *heard[0].Request.Code

	sdk := talk(t, "sender.mjs")
	ask := func(policy string, key []byte, code string) map[string]string {
		t.Helper()
		return sdk.ask(map[string]string{
			"policy": policy, "namespace": "cenote", "name": "senders", "key": base64.StdEncoding.EncodeToString(key), "code": code,
		})
	}
	const want = `A&lt;b&gt;&amp;"c'Ä-9`
	for _, policy := range []string{"", "REQUIRE_ENCRYPT_REQUIRE_DECRYPT", "REQUIRE_ENCRYPT_ALLOW_DECRYPT", "FORBID_ENCRYPT_ALLOW_DECRYPT"} {
		got := ask(policy, key, code)
		if got["plaintext"] != want || got["context"] != `{"userpool-id":"`+id+`"}` {
			t.Errorf("policy %q: %v", policy, got)
		}
	}
	if got := ask("", make([]byte, 32), code); got["refused"] == "" {
		t.Errorf("another key opens it: %v", got)
	}
	raw, err := base64.StdEncoding.DecodeString(code)
	if err != nil {
		t.Fatal(err)
	}
	raw[len(raw)-1] ^= 1
	if got := ask("", key, base64.StdEncoding.EncodeToString(raw)); got["refused"] == "" {
		t.Errorf("a changed message is opened: %v", got)
	}
}
