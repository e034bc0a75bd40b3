package trigger_test

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cenote-auth/cenote/trigger"
)

var update = flag.Bool("update", false, "rewrite testdata")

const pool = "eu-central-1_Example01"

// sent returns the bytes that a function gets for the event, after checking that handing them back unchanged is an answer
// (TRG-006, TRG-007).
func sent[Req, Resp any](e trigger.Event[Req, Resp]) func(*testing.T) []byte {
	return func(t *testing.T) []byte {
		var got []byte
		r := newRunner(t, handlerFunc(func(_ context.Context, payload []byte) ([]byte, error) {
			got = bytes.Clone(payload)
			return payload, nil
		}))
		if _, err := trigger.Run(t.Context(), r, trigger.ARN("f"), e); err != nil {
			t.Fatalf("unchanged event refused: %v", err)
		}
		return got
	}
}

func event[Req, Resp any](s trigger.Source, client string, req Req, resp Resp) trigger.Event[Req, Resp] {
	return trigger.Event[Req, Resp]{
		TriggerSource: s, Region: "eu-central-1", UserPoolID: pool, UserName: "ada",
		CallerContext: trigger.CallerContext{ClientID: client}, Request: req, Response: resp,
	}
}

// goldenEvents is one event for each source, and the variants that differ in shape.
func goldenEvents() map[string]func(*testing.T) []byte {
	const client = "1example23456789"
	profile := trigger.Attributes{
		"sub": "7d8ca528-4931-4254-9273-ea5ee853f271", "email": "ada@example.com", "email_verified": "true",
		"cognito:user_status": "CONFIRMED",
	}
	asked := trigger.Attributes{"email": "ada@example.com"}
	meta := map[string]string{"page": "welcome"}
	session := trigger.List[trigger.ChallengeResult]{
		{ChallengeName: "SRP_A", ChallengeResult: true},
		{ChallengeName: "CUSTOM_CHALLENGE", ChallengeResult: false, ChallengeMetadata: new("question-1")},
	}
	groups := trigger.GroupConfiguration{
		GroupsToOverride: trigger.List[string]{"admins"}, IAMRolesToOverride: trigger.List[string]{"arn:aws:iam::123456789012:role/admin"},
		PreferredRole: new("arn:aws:iam::123456789012:role/admin"),
	}
	all := map[string]func(*testing.T) []byte{}

	preSignUp := trigger.PreSignUpRequest{UserAttributes: asked, ValidationData: map[string]string{"captcha": "x"}, ClientMetadata: meta}
	all["PreSignUp_SignUp"] = sent(event(trigger.PreSignUpSignUp, client, preSignUp, trigger.PreSignUpResponse{}))
	all["PreSignUp_AdminCreateUser"] = sent(event(trigger.PreSignUpAdminCreateUser, "",
		trigger.PreSignUpRequest{UserAttributes: asked}, trigger.PreSignUpResponse{}))
	all["PreSignUp_ExternalProvider"] = sent(event(trigger.PreSignUpExternalProvider, client,
		trigger.PreSignUpRequest{UserAttributes: asked}, trigger.PreSignUpResponse{}))

	for _, s := range []trigger.Source{trigger.PostConfirmationConfirmSignUp, trigger.PostConfirmationConfirmForgotPassword} {
		all[string(s)] = sent(event(s, client, trigger.PostConfirmationRequest{UserAttributes: profile, ClientMetadata: meta}, trigger.NoResponse{}))
	}

	all["PreAuthentication_Authentication"] = sent(event(trigger.PreAuthenticationAuthentication, client,
		trigger.PreAuthenticationRequest{UserAttributes: profile, ValidationData: meta}, trigger.NoResponse{}))
	all["PreAuthentication_Authentication.unknown"] = sent(event(trigger.PreAuthenticationAuthentication, client,
		trigger.PreAuthenticationRequest{UserNotFound: new(true)}, trigger.NoResponse{}))
	all["PostAuthentication_Authentication"] = sent(event(trigger.PostAuthenticationAuthentication, client,
		trigger.PostAuthenticationRequest{UserAttributes: profile, ClientMetadata: meta}, trigger.NoResponse{}))

	all["DefineAuthChallenge_Authentication"] = sent(event(trigger.DefineAuthChallengeAuthentication, client,
		trigger.DefineAuthChallengeRequest{UserAttributes: profile, Session: session, ClientMetadata: meta}, trigger.DefineAuthChallengeResponse{}))
	all["DefineAuthChallenge_Authentication.first"] = sent(event(trigger.DefineAuthChallengeAuthentication, client,
		trigger.DefineAuthChallengeRequest{UserAttributes: profile, UserNotFound: new(false)}, trigger.DefineAuthChallengeResponse{}))
	all["CreateAuthChallenge_Authentication"] = sent(event(trigger.CreateAuthChallengeAuthentication, client,
		trigger.CreateAuthChallengeRequest{UserAttributes: profile, ChallengeName: "CUSTOM_CHALLENGE", Session: session}, trigger.CreateAuthChallengeResponse{}))
	all["VerifyAuthChallengeResponse_Authentication"] = sent(event(trigger.VerifyAuthChallengeResponseAuthentication, client,
		trigger.VerifyAuthChallengeResponseRequest{
			UserAttributes: profile, PrivateChallengeParameters: map[string]string{"answer": "42"}, ChallengeAnswer: "41",
		}, trigger.VerifyAuthChallengeResponseResponse{}))

	for _, s := range []trigger.Source{
		trigger.TokenGenerationHostedAuth, trigger.TokenGenerationAuthentication, trigger.TokenGenerationNewPasswordChallenge,
		trigger.TokenGenerationAuthenticateDevice, trigger.TokenGenerationRefreshTokens,
	} {
		all[string(s)] = sent(event(s, client, trigger.PreTokenGenerationRequest{UserAttributes: profile, GroupConfiguration: groups, ClientMetadata: meta},
			trigger.PreTokenGenerationResponse{}))
	}
	v2 := event(trigger.TokenGenerationAuthentication, client, trigger.PreTokenGenerationV2Request{
		UserAttributes: profile, Scopes: trigger.List[string]{"aws.cognito.signin.user.admin"}, GroupConfiguration: groups,
	}, trigger.PreTokenGenerationV2Response{})
	v2.Version = trigger.Version2
	all["TokenGeneration_Authentication.v2"] = sent(v2)
	v3 := event(trigger.TokenGenerationClientCredentials, client, trigger.PreTokenGenerationV2Request{
		Scopes: trigger.List[string]{"orders/read"}, ClientMetadata: meta,
	}, trigger.PreTokenGenerationV2Response{})
	v3.Version = trigger.Version3
	all["TokenGeneration_ClientCredentials"] = sent(v3)

	all["UserMigration_Authentication"] = sent(event(trigger.UserMigrationAuthentication, client,
		trigger.UserMigrationRequest{Password: new("Correct-Horse-9"), ValidationData: meta}, trigger.UserMigrationResponse{}))
	all["UserMigration_ForgotPassword"] = sent(event(trigger.UserMigrationForgotPassword, client,
		trigger.UserMigrationRequest{ClientMetadata: meta}, trigger.UserMigrationResponse{}))

	message := trigger.CustomMessageRequest{UserAttributes: profile, CodeParameter: trigger.CodeParameter, LinkParameter: trigger.LinkParameter, ClientMetadata: meta}
	for _, s := range []trigger.Source{
		trigger.CustomMessageSignUp, trigger.CustomMessageResendCode, trigger.CustomMessageForgotPassword,
		trigger.CustomMessageUpdateUserAttribute, trigger.CustomMessageVerifyUserAttribute, trigger.CustomMessageAuthentication,
	} {
		all[string(s)] = sent(event(s, client, message, trigger.CustomMessageResponse{}))
	}
	message.UsernameParameter = new(trigger.UsernameParameter)
	all["CustomMessage_AdminCreateUser"] = sent(event(trigger.CustomMessageAdminCreateUser, "", message, trigger.CustomMessageResponse{}))

	email := trigger.CustomSenderRequest{Type: trigger.EmailSenderRequest, Code: new("AYADeH..."), ClientMetadata: meta, UserAttributes: profile}
	for _, s := range []trigger.Source{
		trigger.CustomEmailSenderSignUp, trigger.CustomEmailSenderResendCode, trigger.CustomEmailSenderForgotPassword,
		trigger.CustomEmailSenderUpdateUserAttribute, trigger.CustomEmailSenderVerifyUserAttribute,
		trigger.CustomEmailSenderAdminCreateUser, trigger.CustomEmailSenderAuthentication,
	} {
		all[string(s)] = sent(event(s, client, email, trigger.NoResponse{}))
	}
	all["CustomEmailSender_AccountTakeOverNotification"] = sent(event(trigger.CustomEmailSenderAccountTakeOverNotification, client,
		trigger.CustomSenderRequest{Type: trigger.EmailSenderRequest, UserAttributes: trigger.Attributes{"EVENT_ID": "e-1", "RISK_LEVEL": "HIGH"}}, trigger.NoResponse{}))
	sms := email
	sms.Type = trigger.SMSSenderRequest
	for _, s := range []trigger.Source{
		trigger.CustomSMSSenderSignUp, trigger.CustomSMSSenderResendCode, trigger.CustomSMSSenderForgotPassword,
		trigger.CustomSMSSenderUpdateUserAttribute, trigger.CustomSMSSenderVerifyUserAttribute,
		trigger.CustomSMSSenderAdminCreateUser, trigger.CustomSMSSenderAuthentication,
	} {
		all[string(s)] = sent(event(s, client, sms, trigger.NoResponse{}))
	}

	all["InboundFederation_ExternalProvider"] = sent(event(trigger.InboundFederationExternalProvider, client, trigger.InboundFederationRequest{
		ProviderName: "Corp", ProviderType: "OIDC",
		Attributes: trigger.FederatedAttributes{IDToken: map[string]string{"sub": "77"}, UserInfo: map[string]string{"email": "ada@example.com"}},
	}, trigger.InboundFederationResponse{}))
	return all
}

// TestEvents pins the JSON of every source: TRG-002, TRG-003, TRG-005, TRG-006, TRG-040, TRG-041, TRG-050, TRG-060, TRG-062,
// TRG-070, TRG-071, TRG-074, TRG-075, TRG-080, TRG-081, TRG-082, TRG-085, TRG-100, TRG-101, TRG-110, TRG-111, TRG-120,
// TRG-121, TRG-125, TRG-130, TRG-131.
func TestEvents(t *testing.T) {
	t.Parallel()
	all := goldenEvents()
	for name, send := range all {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got bytes.Buffer
			if err := json.Indent(&got, send(t), "", "  "); err != nil {
				t.Fatal(err)
			}
			got.WriteByte('\n')
			path := filepath.Join("testdata", "events", name+".json")
			if *update {
				if err := os.WriteFile(path, got.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got.Bytes(), want) {
				t.Errorf("event is\n%s\nwant\n%s", &got, want)
			}
		})
	}
	files, err := filepath.Glob("testdata/events/*.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if name := strings.TrimSuffix(filepath.Base(f), ".json"); all[name] == nil {
			t.Errorf("%s belongs to no event", f)
		}
	}
}
