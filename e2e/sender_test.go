package e2e_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

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

// TRG-009, TRG-010: the binary has its functions behind Lambda's Invoke API: it queues the event for a custom sender, whose code
// confirms the user.
func TestCustomSenderOfTheBinary(t *testing.T) {
	t.Parallel()
	key := bytes.Repeat([]byte{7}, 32)
	file := filepath.Join(t.TempDir(), "sender.key")
	check(t, os.WriteFile(file, []byte(base64.StdEncoding.EncodeToString(key)+"\n"), 0o600))
	keys, err := userpool.NewRawSenderKeys("cenote", "senders", key, nil)
	check(t, err)
	heard := make(chan trigger.CustomSenderEvent, 1)
	lambda := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var e trigger.CustomSenderEvent
		if r.Header.Get("X-Amz-Invocation-Type") != "Event" || !strings.Contains(r.URL.Path, "/functions/sender") {
			t.Errorf("%s %s, %s", r.Method, r.URL, r.Header.Get("X-Amz-Invocation-Type"))
		} else if err := json.NewDecoder(r.Body).Decode(&e); err != nil {
			t.Error(err)
		} else {
			heard <- e
		}
		w.WriteHeader(http.StatusAccepted)
	}))
	t.Cleanup(lambda.Close)

	s := start(t, nil, "dev", "--lambda-endpoint", lambda.URL, "--sender-key-file", file)
	w := newWorld(t, s, anyone, func(in *cip.CreateUserPoolInput) {
		in.LambdaConfig = &types.LambdaConfigType{
			CustomEmailSender: &types.CustomEmailLambdaVersionConfigType{LambdaArn: aws.String(trigger.ARN("sender")), LambdaVersion: "V1_0"},
			KMSKeyID:          aws.String("arn:aws:kms:us-east-1:123456789012:key/1"),
		}
	})
	name, password := "ada@example.com", "Correct-Horse-9"
	_, err = w.api.SignUp(t.Context(), &cip.SignUpInput{ClientId: &w.client, Username: &name, Password: &password})
	check(t, err)
	e := <-heard
	if e.TriggerSource != trigger.CustomEmailSenderSignUp || e.Request.Code == nil {
		t.Fatalf("the sender heard %+v", e)
	}
	code, err := keys.Open(w.pool, *e.Request.Code)
	check(t, err)
	_, err = w.api.ConfirmSignUp(t.Context(), &cip.ConfirmSignUpInput{ClientId: &w.client, Username: &name, ConfirmationCode: &code})
	check(t, err)
	if _, err := w.signIn(t.Context(), name, password); err != nil {
		t.Error(err)
	}
}
