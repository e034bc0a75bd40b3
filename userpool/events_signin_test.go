package userpool_test

import (
	"github.com/cenote-auth/cenote/risk"
	"github.com/cenote-auth/cenote/srp"
	"github.com/cenote-auth/cenote/trigger"
	"github.com/cenote-auth/cenote/userpool"
)

// respond answers a challenge with metadata; pairs are ChallengeResponses beside the name of ada.
func (d *drama) respond(challenge userpool.ChallengeNameType, session string, pairs ...string) *userpool.RespondToAuthChallengeOutput {
	d.t.Helper()
	return d.answer(&userpool.RespondToAuthChallengeInput{
		ChallengeName: challenge, Session: session, ChallengeResponses: asMap(append(pairs, "USERNAME", "ada")),
	})
}

// byPassword begins ada's sign-in, which has to go on with a challenge; without one it has to end.
func (d *drama) byPassword(want userpool.ChallengeNameType, pairs ...string) *userpool.InitiateAuthOutput {
	d.t.Helper()
	return d.asked(want, "USER_PASSWORD_AUTH", append(pairs, "PASSWORD", password)...)
}

// byChoice begins ada's sign-in by USER_AUTH.
func (d *drama) byChoice(want userpool.ChallengeNameType, pairs ...string) *userpool.InitiateAuthOutput {
	d.t.Helper()
	return d.asked(want, userAuth, pairs...)
}

func (d *drama) asked(want userpool.ChallengeNameType, flow userpool.AuthFlowType, pairs ...string) *userpool.InitiateAuthOutput {
	d.t.Helper()
	out := d.initiate(flow, append(pairs, "USERNAME", "ada")...)
	if out.ChallengeName != want {
		d.t.Fatalf("%s goes on with %q, want %q", flow, out.ChallengeName, want)
	}
	return out
}

// ends demands tokens.
func (d *drama) ends(out *userpool.RespondToAuthChallengeOutput) *userpool.AuthenticationResultType {
	d.t.Helper()
	return d.signedIn(out, nil)
}

// bySRP proves ada's password by SRP, in a sign-in that may be a custom one.
func (d *drama) bySRP(flow userpool.AuthFlowType) *userpool.RespondToAuthChallengeOutput {
	d.t.Helper()
	login, err := srp.NewLogin(d.pool, "ada", password)
	check(d.t, err)
	params := login.Params()
	if flow == customAuth {
		params["CHALLENGE_NAME"] = "SRP_A"
	}
	out, err := d.InitiateAuth(d.t.Context(), &userpool.InitiateAuthInput{
		ClientId: d.client, AuthFlow: flow, AuthParameters: params, ClientMetadata: meta("InitiateAuth"),
	})
	check(d.t, err)
	responses, err := login.Respond(out.ChallengeParameters, d.clock.Now())
	check(d.t, err)
	return d.answer(&userpool.RespondToAuthChallengeInput{ChallengeName: out.ChallengeName, Session: out.Session, ChallengeResponses: responses})
}

// adaWith makes ada, who has both addresses, in a pool that demands one of these second factors.
func (d *drama) adaWith(factors ...userpool.ChallengeNameType) {
	d.t.Helper()
	known(d)
	d.mfa(mfaOn, factors...)
}

// holdsToken gives ada a software token.
func (d *drama) holdsToken() softToken {
	d.t.Helper()
	mailKnown(d)
	d.mfa(mfaOptional, totpMFA)
	k := d.token("ada")
	check(d.t, d.prefer("ada", useTOTP(true, true)))
	d.forgetEvents()
	return k
}

// setsUp registers the software token that a sign-in demands, and returns the session that goes on.
func (d *drama) setsUp(session string) string {
	d.t.Helper()
	begun, err := d.AssociateSoftwareToken(d.t.Context(), &userpool.AssociateSoftwareTokenInput{Session: session})
	check(d.t, err)
	done, err := d.VerifySoftwareToken(d.t.Context(), &userpool.VerifySoftwareTokenInput{
		Session: begun.Session, UserCode: softToken{d.app, begun.SecretCode}.code(0),
	})
	check(d.t, err)
	return done.Session
}

// ownsDevice gives ada a device that is remembered, in a pool where it takes the place of the second factor.
func (d *drama) ownsDevice() device {
	d.t.Helper()
	mailKnown(d)
	owned := d.confirmedDevice("ada")
	d.forgetEvents()
	return owned
}

// fromDevice proves a device, with metadata.
func (d *drama) fromDevice(session string, owned device) *userpool.AuthenticationResultType {
	d.t.Helper()
	p := d.proveDevice("ada", owned)
	next := d.answer(&userpool.RespondToAuthChallengeInput{ChallengeName: "DEVICE_SRP_AUTH", Session: session, ChallengeResponses: p.login.Params()})
	return d.ends(d.answer(&userpool.RespondToAuthChallengeInput{
		ChallengeName: "DEVICE_PASSWORD_VERIFIER", Session: next.Session, ChallengeResponses: p.claim(next),
	}))
}

// machine makes a client that gets tokens for itself, and the resource that they are for.
func (d *drama) machine() *userpool.GetClientTokenInput {
	d.t.Helper()
	check(d.t, d.resource("orders", "read"))
	d.app = d.sibling(machine("orders/read"))
	return &userpool.GetClientTokenInput{ClientId: d.client, Secret: d.secret, ClientMetadata: meta("GetClientToken")}
}

// notify makes every sign-in of a pool one of high risk, of which ada is told.
func (d *drama) notify(action userpool.AccountTakeoverEventActionType) {
	d.t.Helper()
	d.setRisk(userpool.SetRiskConfigurationInput{AccountTakeoverRiskConfiguration: actions(action, action, action)})
}

func alwaysRisky(c *userpool.Config) {
	c.RiskAssessor, c.Locator = &stubAssessor{level: risk.High}, homes
}

// passwordThenText asks for the password by SRP, then for a code by SMS, then a sum.
func passwordThenText(e, response map[string]any) {
	session := e["request"].(map[string]any)["session"].([]any)
	switch last := session[len(session)-1].(map[string]any); last["challengeName"] {
	case "SRP_A":
		response["challengeName"] = "PASSWORD_VERIFIER"
	case "PASSWORD_VERIFIER":
		response["challengeName"] = "SMS_MFA"
	case "SMS_MFA":
		response["challengeName"] = "CUSTOM_CHALLENGE"
	default:
		response["issueTokens"] = last["challengeResult"]
	}
}

// sumsAfterText is oneQuestion after passwordThenText.
var sumsAfterText = map[trigger.Source]func(e, response map[string]any){
	"DefineAuthChallenge_Authentication":         passwordThenText,
	"CreateAuthChallenge_Authentication":         oneQuestion["CreateAuthChallenge_Authentication"],
	"VerifyAuthChallengeResponse_Authentication": oneQuestion["VerifyAuthChallengeResponse_Authentication"],
}

// tokenThenMail asks for the code of a software token, then for one by e-mail.
var tokenThenMail = map[trigger.Source]func(e, response map[string]any){
	"DefineAuthChallenge_Authentication": func(e, response map[string]any) {
		switch session := e["request"].(map[string]any)["session"].([]any); len(session) {
		case 0:
			response["challengeName"] = "SOFTWARE_TOKEN_MFA"
		case 1:
			response["challengeName"] = "EMAIL_OTP"
		default:
			response["issueTokens"] = true
		}
	},
}

func vouchWithSMS(e, response map[string]any) {
	vouch("email", "ada@example.com", "phone_number", "+12065559934")(e, response)
	response["enableSMSMFA"] = true
}

// withCode is the order of functions in a sign-in with a code.
func withCode(medium string) []string {
	return []string{
		"PreAuthentication_Authentication", "CustomMessage_Authentication", "Custom" + medium + "Sender_Authentication",
		"PostAuthentication_Authentication", "TokenGeneration_Authentication",
	}
}

// withoutCode is the order in a sign-in for which nothing is sent.
var withoutCode = []string{"PreAuthentication_Authentication", "PostAuthentication_Authentication", "TokenGeneration_Authentication"}

// furtherFlows are sign-ins with more, or with something else, than a password. The order is that of TRG-142…148.
var furtherFlows = []flowTest{
	{name: "second factor by SMS", act: func(d *drama) { // TRG-142
		d.adaWith(smsMFA)
		out := d.byPassword(smsMFA)
		d.ends(d.respond(smsMFA, out.Session, "SMS_MFA_CODE", d.code()))
	}, order: withCode("SMS")},
	{name: "second factor by e-mail", options: []any{ownMail}, act: func(d *drama) {
		d.adaWith(emailMFA)
		out := d.bySRP("USER_SRP_AUTH")
		d.ends(d.respond(emailMFA, out.Session, "EMAIL_OTP_CODE", d.code()))
	}, order: withCode("Email")},
	{name: "second factor by a software token", act: func(d *drama) {
		k := d.holdsToken()
		d.ends(d.respond(totpMFA, d.byPassword(totpMFA).Session, "SOFTWARE_TOKEN_MFA_CODE", k.code(0)))
	}, order: withoutCode},
	{name: "second factor that is selected", options: []any{ownMail}, act: func(d *drama) {
		d.adaWith(smsMFA, emailMFA)
		check(d.t, d.prefer("ada", all(useSMS(true, false), useEmail(true, false))))
		next := d.respond(selectMFA, d.byPassword(selectMFA).Session, "ANSWER", "EMAIL_OTP")
		d.ends(d.respond(emailMFA, next.Session, "EMAIL_OTP_CODE", d.code()))
	}, order: withCode("Email")},
	{name: "second factor that is set up", act: func(d *drama) {
		mailKnown(d)
		d.mfa(mfaOn, totpMFA)
		d.ends(d.respond(setupMFA, d.setsUp(d.byPassword(setupMFA).Session)))
	}, order: withoutCode},
	{name: "invitation to a pool with second factors", act: func(d *drama) { // TRG-144
		d.mfa(mfaOn, smsMFA)
		d.newcomer("ada", "phone_number", "+12065559934")
		d.forgetEvents()
		out := d.respond(newPassword, d.byPassword(newPassword).Session, "NEW_PASSWORD", another)
		d.ends(d.respond(smsMFA, out.Session, "SMS_MFA_CODE", d.code()))
	}, order: append(withCode("SMS")[:4:4], "TokenGeneration_NewPasswordChallenge")},
	{name: "first factor by e-mail", options: []any{byCode, choosing}, act: func(d *drama) {
		mailKnown(d)
		out := d.byChoice(byMail, "PREFERRED_CHALLENGE", "EMAIL_OTP")
		d.ends(d.respond(byMail, out.Session, "EMAIL_OTP_CODE", d.code()))
	}, order: withCode("Email")},
	{name: "first factor that is selected", options: []any{byCode, choosing}, act: func(d *drama) {
		known(d)
		next := d.respond(selection, d.byChoice(selection).Session, "ANSWER", "SMS_OTP")
		d.ends(d.respond(bySMS, next.Session, "SMS_OTP_CODE", d.code()))
	}, order: withCode("SMS")},
	{name: "password that is chosen", options: []any{byCode, choosing}, act: func(d *drama) {
		mailKnown(d)
		d.byChoice("", "PREFERRED_CHALLENGE", "PASSWORD", "PASSWORD", password)
	}, order: withoutCode},
	{name: "migration by a chosen password", options: []any{choosing, hides}, // TRG-100
		answers: map[trigger.Source]func(_, _ map[string]any){"UserMigration_Authentication": vouch(adaHasMail...)},
		act:     func(d *drama) { d.byChoice("", "PREFERRED_CHALLENGE", "PASSWORD", "PASSWORD", "old") },
		order:   append([]string{"UserMigration_Authentication"}, withoutCode...)},
	{name: "migration with SMS as second factor", // TRG-104: enableSMSMFA
		answers: map[trigger.Source]func(_, _ map[string]any){"UserMigration_Authentication": vouchWithSMS},
		act: func(d *drama) {
			d.mfa(mfaOptional, smsMFA)
			out := d.byPassword(smsMFA)
			d.ends(d.respond(smsMFA, out.Session, "SMS_MFA_CODE", d.code()))
			if got := d.profile("ada").UserMFASettingList; len(got) != 1 || got[0] != "SMS_MFA" {
				d.t.Errorf("ada's second factors are %v", got)
			}
		}, order: append([]string{"UserMigration_Authentication"}, withCode("SMS")...)},
	{name: "passkey", options: []any{withPasskeys, choosing}, act: func(d *drama) {
		out, credential := d.showsPasskey()
		d.ends(d.respond(webAuthn, out.Session, "CREDENTIAL", credential))
	}, order: withoutCode},
	{name: "device that is new and then known", options: []any{tracking(false, true)}, act: func(d *drama) { // TRG-145, AUTH-385
		mailKnown(d)
		owned := d.deviceOf(d.byPassword("").AuthenticationResult)
		_, err := d.confirmDevice(owned)
		check(d.t, err)
		d.fromDevice(d.byPassword("DEVICE_SRP_AUTH", "DEVICE_KEY", owned.key).Session, owned)
	}, order: append(withoutCode[:3:3],
		"PreAuthentication_Authentication", "PostAuthentication_Authentication", "TokenGeneration_AuthenticateDevice")},
	{name: "device after a second factor", options: []any{tracking(true, false)}, act: func(d *drama) { // TRG-145
		owned := d.ownsDevice()
		check(d.t, d.remember(owned, "remembered"))
		_, err := d.AdminUpdateUserAttributes(d.t.Context(), &userpool.AdminUpdateUserAttributesInput{
			UserPoolId: d.pool, Username: "ada", UserAttributes: attributes("phone_number", "+12065559934", "phone_number_verified", "true"),
		})
		check(d.t, err)
		d.mfa(mfaOn, smsMFA)
		out := d.byPassword(smsMFA, "DEVICE_KEY", owned.key)
		next := d.respond(smsMFA, out.Session, "SMS_MFA_CODE", d.code(), "DEVICE_KEY", owned.key)
		d.fromDevice(next.Session, owned)
	}, order: append(withCode("SMS")[:4:4], "TokenGeneration_AuthenticateDevice")},
	{name: "token of a client", options: []any{everywhere("V3_0")}, act: func(d *drama) { // TRG-085, TRG-148
		_, err := d.GetClientToken(d.t.Context(), d.machine())
		check(d.t, err)
	}, order: []string{"TokenGeneration_ClientCredentials"}},
	{name: "custom sign-in after a password and a code", options: []any{flows("ALLOW_CUSTOM_AUTH")}, answers: sumsAfterText, // TRG-071, TRG-143
		act: func(d *drama) {
			known(d)
			d.mfa(mfaOptional, smsMFA)
			out := d.bySRP(customAuth)
			out = d.respond(smsMFA, out.Session, "SMS_MFA_CODE", d.code())
			d.ends(d.respond(customChallenge, out.Session, "ANSWER", "4"))
		}, order: []string{
			"PreAuthentication_Authentication", "DefineAuthChallenge_Authentication", "DefineAuthChallenge_Authentication",
			"CustomMessage_Authentication", "CustomSMSSender_Authentication", "DefineAuthChallenge_Authentication",
			"CreateAuthChallenge_Authentication", "VerifyAuthChallengeResponse_Authentication", "DefineAuthChallenge_Authentication",
			"PostAuthentication_Authentication", "TokenGeneration_Authentication",
		}},
	{name: "custom sign-in by a token and a code", options: []any{flows("ALLOW_CUSTOM_AUTH", "ALLOW_USER_PASSWORD_AUTH"), ownMail}, answers: tokenThenMail,
		act: func(d *drama) { // TRG-071
			k := d.holdsToken()
			d.mfa(mfaOptional, totpMFA, emailMFA)
			out := d.respond(totpMFA, d.asked(totpMFA, customAuth).Session, "SOFTWARE_TOKEN_MFA_CODE", k.code(0))
			d.ends(d.respond(emailMFA, out.Session, "EMAIL_OTP_CODE", d.code()))
		}, order: []string{
			"PreAuthentication_Authentication", "DefineAuthChallenge_Authentication", "DefineAuthChallenge_Authentication",
			"CustomMessage_Authentication", "CustomEmailSender_Authentication", "DefineAuthChallenge_Authentication",
			"PostAuthentication_Authentication", "TokenGeneration_Authentication",
		}},
	{name: "custom sign-in with a temporary password", options: []any{flows("ALLOW_CUSTOM_AUTH")}, answers: sumsAfterText, // TRG-071, TRG-144
		act: func(d *drama) {
			d.newcomer("ada", "phone_number", "+12065559934")
			d.mfa(mfaOptional, smsMFA)
			d.forgetEvents()
			out := d.respond(newPassword, d.bySRP(customAuth).Session, "NEW_PASSWORD", another)
			out = d.respond(smsMFA, out.Session, "SMS_MFA_CODE", d.code())
			d.ends(d.respond(customChallenge, out.Session, "ANSWER", "4"))
		}, order: []string{
			"PreAuthentication_Authentication", "DefineAuthChallenge_Authentication", "DefineAuthChallenge_Authentication",
			"CustomMessage_Authentication", "CustomSMSSender_Authentication", "DefineAuthChallenge_Authentication",
			"CreateAuthChallenge_Authentication", "VerifyAuthChallengeResponse_Authentication", "DefineAuthChallenge_Authentication",
			"PostAuthentication_Authentication", "TokenGeneration_NewPasswordChallenge",
		}},
	{name: "sign-in that is risky", options: []any{plus(enforced), alwaysRisky}, act: func(d *drama) { // TRG-125
		mailKnown(d)
		d.notify("NO_ACTION")
		_, err := d.InitiateAuth(d.via("192.0.2.1", "okhttp/4"), &userpool.InitiateAuthInput{
			ClientId: d.client, AuthFlow: "USER_PASSWORD_AUTH", ClientMetadata: meta("InitiateAuth"),
			AuthParameters: asMap([]string{"USERNAME", "ada", "PASSWORD", password}),
		})
		check(d.t, err)
		d.deliver()
	}, order: append(withoutCode[:3:3], "CustomEmailSender_AccountTakeOverNotification")},
}

// showsPasskey lets ada, who registers a passkey for that, answer WEB_AUTHN.
func (d *drama) showsPasskey() (out *userpool.InitiateAuthOutput, credential string) {
	d.t.Helper()
	mailKnown(d)
	d.webAuthn(userpool.WebAuthnConfigurationType{RelyingPartyId: site})
	key := passkeyPhone()
	d.register(d.signIn("ada").AccessToken, key)
	d.forgetEvents()
	out = d.byChoice(webAuthn, "PREFERRED_CHALLENGE", "WEB_AUTHN")
	return out, d.assertion(key, out)
}
