package userpool_test

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"
	"sync"
	"testing"

	"github.com/cenote-auth/cenote/trigger"
	"github.com/cenote-auth/cenote/userpool"
)

// witness is every function of a pool in one: it keeps the bytes of each event and hands them back, but for what answers change
// in the response.
type witness struct {
	mu      sync.Mutex
	events  [][]byte
	answers map[trigger.Source]func(e, response map[string]any)
}

func (w *witness) Invoke(_ context.Context, payload []byte) ([]byte, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.events = append(w.events, bytes.Clone(payload))
	var e map[string]any
	if err := json.Unmarshal(payload, &e); err != nil {
		return nil, err
	}
	if change := w.answers[trigger.Source(e["triggerSource"].(string))]; change != nil {
		change(e, e["response"].(map[string]any))
		return json.Marshal(e)
	}
	return payload, nil
}

// take returns what was heard since the last time.
func (w *witness) take() [][]byte {
	w.mu.Lock()
	defer w.mu.Unlock()
	out := w.events
	w.events = nil
	return out
}

// sourceOf returns the source of an event.
func sourceOf(t *testing.T, event []byte) trigger.Source {
	t.Helper()
	var e struct{ TriggerSource trigger.Source }
	check(t, json.Unmarshal(event, &e))
	return e.TriggerSource
}

// everywhere gives a pool the witness in every place that calls a function. version is that of pre token generation.
func everywhere(version userpool.PreTokenGenerationLambdaVersionType, change ...func(*userpool.LambdaConfigType)) func(*userpool.CreateUserPoolInput) {
	arn := trigger.ARN("witness")
	return func(in *userpool.CreateUserPoolInput) {
		carried(in)
		l := in.LambdaConfig
		l.PreSignUp, l.PostConfirmation, l.PreAuthentication, l.PostAuthentication, l.CustomMessage, l.UserMigration = arn, arn, arn, arn, arn, arn
		l.DefineAuthChallenge, l.CreateAuthChallenge, l.VerifyAuthChallengeResponse = arn, arn, arn
		l.CustomEmailSender.LambdaArn, l.CustomSMSSender.LambdaArn = arn, arn
		l.PreTokenGenerationConfig = &userpool.PreTokenGenerationVersionConfigType{LambdaArn: arn, LambdaVersion: version}
		for _, f := range change {
			f(l)
		}
	}
}

// witnessed makes a pool whose functions are all the witness.
func witnessed(t *testing.T, w *witness, options ...any) (app, *keyring) {
	t.Helper()
	keys := newKeyring(t)
	configure := []func(*userpool.Config){func(c *userpool.Config) { c.SenderKeys, c.Email, c.SMS = keys, unwanted{t}, unwanted{t} }}
	for _, o := range options {
		if f, ok := o.(func(*userpool.Config)); ok {
			configure = append(configure, f)
		}
	}
	b := setup(t, configure...)
	b.functions.Handle("witness", w)
	return b.app(append([]any{everywhere("V1_0"), withSMS}, options...)...), keys
}

// drama is what a flow is played with: an app, its functions, and the codes that its senders get.
type drama struct {
	app
	*witness
	keys *keyring
	all  [][]byte // every event so far
}

// meta is the ClientMetadata of one call, which tells where it came from.
func meta(call string) map[string]string { return map[string]string{"from": call} }

// code delivers and returns the code that went to the sender last.
func (d *drama) code() string {
	d.t.Helper()
	d.deliver()
	d.all = append(d.all, d.take()...)
	for _, raw := range slices.Backward(d.all) {
		var e trigger.CustomSenderEvent
		if json.Unmarshal(raw, &e) != nil || e.Request.Code == nil {
			continue
		}
		code, err := d.keys.Open(e.UserPoolID, *e.Request.Code)
		check(d.t, err)
		return code
	}
	d.t.Fatal("no sender got a code")
	return ""
}

// sign registers somebody.
func (d *drama) sign(name string, pairs ...string) {
	d.t.Helper()
	_, err := d.SignUp(d.t.Context(), &userpool.SignUpInput{
		ClientId: d.client, Username: name, Password: password, UserAttributes: attributes(pairs...), ClientMetadata: meta("SignUp"),
		ValidationData: attributes("captcha", "ok"),
	})
	check(d.t, err)
}

func (d *drama) confirmSelf(name string) {
	d.t.Helper()
	_, err := d.ConfirmSignUp(d.t.Context(), &userpool.ConfirmSignUpInput{
		ClientId: d.client, Username: name, ConfirmationCode: d.code(), ClientMetadata: meta("ConfirmSignUp"),
	})
	check(d.t, err)
}

// known makes a confirmed user and forgets the events of that.
func (d *drama) known(name string, pairs ...string) {
	d.t.Helper()
	d.sign(name, pairs...)
	_, err := d.AdminConfirmSignUp(d.t.Context(), &userpool.AdminConfirmSignUpInput{UserPoolId: d.pool, Username: name})
	check(d.t, err)
	_, err = d.AdminUpdateUserAttributes(d.t.Context(), &userpool.AdminUpdateUserAttributesInput{
		UserPoolId: d.pool, Username: name, UserAttributes: attributes("email_verified", "true"),
	})
	check(d.t, err)
	d.forgetEvents()
}

// forgetEvents forgets what was heard so far.
func (d *drama) forgetEvents() {
	d.t.Helper()
	d.deliver()
	d.take()
	d.all = nil
}

func (d *drama) initiate(flow userpool.AuthFlowType, pairs ...string) *userpool.InitiateAuthOutput {
	d.t.Helper()
	out, err := d.InitiateAuth(d.t.Context(), &userpool.InitiateAuthInput{
		ClientId: d.client, AuthFlow: flow, AuthParameters: asMap(pairs), ClientMetadata: meta("InitiateAuth"),
	})
	check(d.t, err)
	return out
}

func (d *drama) answer(in *userpool.RespondToAuthChallengeInput) *userpool.RespondToAuthChallengeOutput {
	d.t.Helper()
	in.ClientId, in.ClientMetadata = d.client, meta("RespondToAuthChallenge")
	out, err := d.RespondToAuthChallenge(d.t.Context(), in)
	check(d.t, err)
	return out
}

// flowTest is a flow, the order in which its functions run, and a file with their events.
type flowTest struct {
	name    string // of the file, too
	options []any
	answers map[trigger.Source]func(e, response map[string]any)
	act     func(d *drama)
	order   []string // short: without what follows "Authentication" in the sources of which there is one
}

// oneQuestion asks for a sum until it is right.
var oneQuestion = map[trigger.Source]func(e, response map[string]any){
	"DefineAuthChallenge_Authentication": func(e, response map[string]any) {
		session := e["request"].(map[string]any)["session"].([]any)
		if n := len(session); n > 0 && session[n-1].(map[string]any)["challengeResult"] == true {
			response["issueTokens"] = true
		} else {
			response["challengeName"] = "CUSTOM_CHALLENGE"
		}
	},
	"CreateAuthChallenge_Authentication": func(_, response map[string]any) {
		response["publicChallengeParameters"] = map[string]any{"sum": "2+2"}
		response["privateChallengeParameters"] = map[string]any{"answer": "4"}
		response["challengeMetadata"] = "SUM"
	},
	"VerifyAuthChallengeResponse_Authentication": func(e, response map[string]any) {
		r := e["request"].(map[string]any)
		response["answerCorrect"] = r["challengeAnswer"] == r["privateChallengeParameters"].(map[string]any)["answer"]
	},
}

func vouch(pairs ...string) func(_, response map[string]any) {
	return func(_, response map[string]any) {
		response["userAttributes"], response["finalUserStatus"], response["messageAction"] = asMap(pairs), "CONFIRMED", "SUPPRESS"
	}
}

var adaHasMail = []string{"email", "ada@example.com"}

// flowTests play every flow through the public operations. The order is that of TRG-140…148.
var flowTests = []flowTest{
	{name: "sign-up by e-mail", act: func(d *drama) { // TRG-140, TRG-141
		d.sign("ada", append([]string{"name", "Ada"}, adaHasMail...)...)
		d.deliver()
		_, err := d.ResendConfirmationCode(d.t.Context(), &userpool.ResendConfirmationCodeInput{
			ClientId: d.client, Username: "ada", ClientMetadata: meta("ResendConfirmationCode"),
		})
		check(d.t, err)
		d.confirmSelf("ada")
	}, order: []string{
		"PreSignUp_SignUp", "CustomMessage_SignUp", "CustomEmailSender_SignUp", "CustomMessage_ResendCode", "CustomEmailSender_ResendCode",
		"PostConfirmation_ConfirmSignUp",
	}},
	{name: "sign-up by SMS", options: []any{verifiesPhones}, act: func(d *drama) {
		d.sign("ada", "phone_number", "+12065559934")
		d.deliver()
		_, err := d.ResendConfirmationCode(d.t.Context(), &userpool.ResendConfirmationCodeInput{ClientId: d.client, Username: "ada"})
		check(d.t, err)
		d.deliver()
	}, order: []string{"PreSignUp_SignUp", "CustomMessage_SignUp", "CustomSMSSender_SignUp", "CustomMessage_ResendCode", "CustomSMSSender_ResendCode"}},
	{name: "sign-up confirmed at once", answers: map[trigger.Source]func(_, _ map[string]any){ // TRG-140
		"PreSignUp_SignUp": func(_, response map[string]any) {
			response["autoConfirmUser"], response["autoVerifyEmail"] = true, true
		},
	}, options: []any{emailAlias}, act: func(d *drama) { d.sign("ada", adaHasMail...) }, order: []string{"PreSignUp_SignUp", "PostConfirmation_ConfirmSignUp"}},
	{name: "sign-up confirmed by an administrator", options: []any{byEmail}, act: func(d *drama) {
		d.sign("ada@example.com")
		_, err := d.AdminConfirmSignUp(d.t.Context(), &userpool.AdminConfirmSignUpInput{
			UserPoolId: d.pool, Username: "ada@example.com", ClientMetadata: meta("AdminConfirmSignUp"),
		})
		check(d.t, err)
		d.deliver()
	}, order: []string{"PreSignUp_SignUp", "CustomMessage_SignUp", "PostConfirmation_ConfirmSignUp", "CustomEmailSender_SignUp"}},
	{name: "invitation", act: func(d *drama) { // TRG-144
		_, err := d.AdminCreateUser(d.t.Context(), &userpool.AdminCreateUserInput{
			UserPoolId: d.pool, Username: "ada", TemporaryPassword: password, ClientMetadata: meta("AdminCreateUser"),
			DesiredDeliveryMediums: []userpool.DeliveryMediumType{"EMAIL"}, ValidationData: attributes("captcha", "ok"),
			UserAttributes: attributes(adaHasMail...),
		})
		check(d.t, err)
		d.deliver()
		out := d.initiate("USER_PASSWORD_AUTH", "USERNAME", "ada", "PASSWORD", password)
		d.answer(&userpool.RespondToAuthChallengeInput{
			ChallengeName: out.ChallengeName, Session: out.Session, ChallengeResponses: asMap([]string{"USERNAME", "ada", "NEW_PASSWORD", another}),
		})
	}, order: []string{
		"PreSignUp_AdminCreateUser", "CustomMessage_AdminCreateUser", "CustomEmailSender_AdminCreateUser",
		"PreAuthentication_Authentication", "PostAuthentication_Authentication", "TokenGeneration_NewPasswordChallenge",
	}},
	{name: "invitation by SMS", act: func(d *drama) {
		_, err := d.AdminCreateUser(d.t.Context(), &userpool.AdminCreateUserInput{
			UserPoolId: d.pool, Username: "ada", TemporaryPassword: `A<b>&"c'-9`, UserAttributes: attributes("phone_number", "+12065559934"),
		})
		check(d.t, err)
		d.deliver()
	}, order: []string{"PreSignUp_AdminCreateUser", "CustomMessage_AdminCreateUser", "CustomSMSSender_AdminCreateUser"}},
	{name: "password forgotten", act: func(d *drama) { // TRG-141
		d.known("ada", adaHasMail...)
		_, err := d.ForgotPassword(d.t.Context(), &userpool.ForgotPasswordInput{ClientId: d.client, Username: "ada", ClientMetadata: meta("ForgotPassword")})
		check(d.t, err)
		_, err = d.ConfirmForgotPassword(d.t.Context(), &userpool.ConfirmForgotPasswordInput{
			ClientId: d.client, Username: "ada", Password: another, ConfirmationCode: d.code(), ClientMetadata: meta("ConfirmForgotPassword"),
		})
		check(d.t, err)
		_, err = d.AdminResetUserPassword(d.t.Context(), &userpool.AdminResetUserPasswordInput{
			UserPoolId: d.pool, Username: "ada", ClientMetadata: meta("AdminResetUserPassword"),
		})
		check(d.t, err)
		d.deliver()
	}, order: []string{
		"CustomMessage_ForgotPassword", "CustomEmailSender_ForgotPassword", "PostConfirmation_ConfirmForgotPassword",
		"CustomMessage_ForgotPassword", "CustomEmailSender_ForgotPassword",
	}},
	{name: "password forgotten by SMS", options: []any{verifiesPhones}, act: func(d *drama) {
		d.known("ada", "email", "ada@example.com", "phone_number", "+12065559934")
		_, err := d.AdminUpdateUserAttributes(d.t.Context(), &userpool.AdminUpdateUserAttributesInput{
			UserPoolId: d.pool, Username: "ada", UserAttributes: attributes("phone_number_verified", "true"),
		})
		check(d.t, err)
		_, err = d.ForgotPassword(d.t.Context(), &userpool.ForgotPasswordInput{ClientId: d.client, Username: "ada"})
		check(d.t, err)
		d.deliver()
	}, order: []string{"CustomMessage_ForgotPassword", "CustomSMSSender_ForgotPassword"}},
	{name: "addresses", options: []any{verifiesBoth}, act: func(d *drama) {
		d.known("ada", adaHasMail...)
		access := d.initiate("USER_PASSWORD_AUTH", "USERNAME", "ada", "PASSWORD", password).AuthenticationResult.AccessToken
		d.take()
		for _, pair := range [][]string{{"email", "lovelace@example.com"}, {"phone_number", "+12065559934"}} {
			_, err := d.UpdateUserAttributes(d.t.Context(), &userpool.UpdateUserAttributesInput{
				AccessToken: access, UserAttributes: attributes(pair...), ClientMetadata: meta("UpdateUserAttributes"),
			})
			check(d.t, err)
			d.deliver()
			_, err = d.GetUserAttributeVerificationCode(d.t.Context(), &userpool.GetUserAttributeVerificationCodeInput{
				AccessToken: access, AttributeName: pair[0], ClientMetadata: meta("GetUserAttributeVerificationCode"),
			})
			check(d.t, err)
			_, err = d.VerifyUserAttribute(d.t.Context(), &userpool.VerifyUserAttributeInput{AccessToken: access, AttributeName: pair[0], Code: d.code()})
			check(d.t, err)
		}
		_, err := d.AdminUpdateUserAttributes(d.t.Context(), &userpool.AdminUpdateUserAttributesInput{
			UserPoolId: d.pool, Username: "ada", UserAttributes: attributes(adaHasMail...), ClientMetadata: meta("AdminUpdateUserAttributes"),
		})
		check(d.t, err)
		d.deliver()
	}, order: []string{
		"CustomMessage_UpdateUserAttribute", "CustomEmailSender_UpdateUserAttribute", "CustomMessage_VerifyUserAttribute", "CustomEmailSender_VerifyUserAttribute",
		"CustomMessage_UpdateUserAttribute", "CustomSMSSender_UpdateUserAttribute", "CustomMessage_VerifyUserAttribute", "CustomSMSSender_VerifyUserAttribute",
		"CustomMessage_UpdateUserAttribute", "CustomEmailSender_UpdateUserAttribute",
	}},
	{name: "sign-in by password", options: []any{emailAlias}, act: func(d *drama) { // TRG-142, TRG-146
		d.known("ada", adaHasMail...)
		d.group("crew")
		d.join("ada", "crew")
		tokens := d.initiate("USER_PASSWORD_AUTH", "USERNAME", "ada@example.com", "PASSWORD", password).AuthenticationResult
		d.initiate("REFRESH_TOKEN_AUTH", "REFRESH_TOKEN", tokens.RefreshToken)
	}, order: []string{
		"PreAuthentication_Authentication", "PostAuthentication_Authentication", "TokenGeneration_Authentication", "TokenGeneration_RefreshTokens",
	}},
	{name: "sign-in by a server", act: func(d *drama) {
		d.known("ada", adaHasMail...)
		_, err := d.AdminInitiateAuth(d.t.Context(), &userpool.AdminInitiateAuthInput{
			UserPoolId: d.pool, ClientId: d.client, AuthFlow: "ADMIN_USER_PASSWORD_AUTH", ClientMetadata: meta("AdminInitiateAuth"),
			AuthParameters: asMap([]string{"USERNAME", "ada", "PASSWORD", password}),
		})
		check(d.t, err)
	}, order: []string{"PreAuthentication_Authentication", "PostAuthentication_Authentication", "TokenGeneration_Authentication"}},
	{name: "refresh that rotates", options: []any{everywhere("V2_0"), rotating(0)}, act: func(d *drama) {
		d.known("ada", adaHasMail...)
		tokens := d.initiate("USER_PASSWORD_AUTH", "USERNAME", "ada", "PASSWORD", password).AuthenticationResult
		_, err := d.GetTokensFromRefreshToken(d.t.Context(), &userpool.GetTokensFromRefreshTokenInput{
			ClientId: d.client, RefreshToken: tokens.RefreshToken, ClientMetadata: meta("GetTokensFromRefreshToken"),
		})
		check(d.t, err)
	}, order: []string{
		"PreAuthentication_Authentication", "PostAuthentication_Authentication", "TokenGeneration_Authentication", "TokenGeneration_Authentication",
	}},
	{name: "sign-in by SRP", options: []any{everywhere("V3_0"), hides}, act: func(d *drama) {
		d.known("ada", adaHasMail...)
		in, err := d.srpStart("ada", password)
		check(d.t, err)
		d.answer(in)
	}, order: []string{"PreAuthentication_Authentication", "PostAuthentication_Authentication", "TokenGeneration_Authentication"}},
	{name: "sign-in of nobody", options: []any{hides}, act: func(d *drama) { // TRG-060, TRG-061
		in, err := d.srpStart("nobody", password)
		check(d.t, err)
		_, err = d.RespondToAuthChallenge(d.t.Context(), in)
		refused(d.t, err, userpool.ErrNotAuthorized, "Incorrect username or password.")
	}, order: []string{"PreAuthentication_Authentication"}},
	{name: "custom sign-in", options: []any{flows("ALLOW_CUSTOM_AUTH"), hides}, answers: oneQuestion, act: func(d *drama) { // TRG-143
		d.known("ada", adaHasMail...)
		out := d.initiate("CUSTOM_AUTH", "USERNAME", "ada")
		for _, answer := range []string{"5", "4"} {
			next := d.answer(&userpool.RespondToAuthChallengeInput{
				ChallengeName: "CUSTOM_CHALLENGE", Session: out.Session, ChallengeResponses: asMap([]string{"USERNAME", "ada", "ANSWER", answer}),
			})
			out.Session = next.Session
		}
	}, order: []string{
		"PreAuthentication_Authentication", "DefineAuthChallenge_Authentication", "CreateAuthChallenge_Authentication",
		"VerifyAuthChallengeResponse_Authentication", "DefineAuthChallenge_Authentication", "CreateAuthChallenge_Authentication",
		"VerifyAuthChallengeResponse_Authentication", "DefineAuthChallenge_Authentication",
		"PostAuthentication_Authentication", "TokenGeneration_Authentication",
	}},
	{name: "migration at sign-in", answers: map[trigger.Source]func(_, _ map[string]any){"UserMigration_Authentication": vouch(adaHasMail...)},
		options: []any{hides}, act: func(d *drama) { d.initiate("USER_PASSWORD_AUTH", "USERNAME", "ada", "PASSWORD", "old") },
		order: []string{"UserMigration_Authentication", "PreAuthentication_Authentication", "PostAuthentication_Authentication", "TokenGeneration_Authentication"}}, // TRG-142
	{name: "migration with a welcome", answers: map[trigger.Source]func(_, _ map[string]any){ // TRG-103
		"UserMigration_Authentication": func(e, response map[string]any) {
			vouch(adaHasMail...)(e, response)
			response["messageAction"], response["desiredDeliveryMediums"] = nil, []string{"EMAIL"}
		},
	}, act: func(d *drama) {
		d.initiate("USER_PASSWORD_AUTH", "USERNAME", "ada", "PASSWORD", "old")
		d.deliver()
	}, order: []string{
		"UserMigration_Authentication", "CustomMessage_AdminCreateUser", "PreAuthentication_Authentication", "PostAuthentication_Authentication",
		"TokenGeneration_Authentication", "CustomEmailSender_AdminCreateUser",
	}},
	{name: "migration of a forgotten password", answers: map[trigger.Source]func(_, _ map[string]any){ // TRG-141
		"UserMigration_ForgotPassword": vouch("email", "ada@example.com", "email_verified", "true"),
	}, act: func(d *drama) {
		_, err := d.ForgotPassword(d.t.Context(), &userpool.ForgotPasswordInput{ClientId: d.client, Username: "ada", ClientMetadata: meta("ForgotPassword")})
		check(d.t, err)
		d.deliver()
	}, order: []string{"UserMigration_ForgotPassword", "CustomMessage_ForgotPassword", "CustomEmailSender_ForgotPassword"}},
}

func verifiesPhones(in *userpool.CreateUserPoolInput) {
	in.AutoVerifiedAttributes = []userpool.VerifiedAttributeType{"phone_number"}
}

func verifiesBoth(in *userpool.CreateUserPoolInput) {
	in.AutoVerifiedAttributes = []userpool.VerifiedAttributeType{"email", "phone_number"}
}
