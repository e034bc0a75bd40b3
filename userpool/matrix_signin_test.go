package userpool_test

import (
	"github.com/cenote-auth/cenote/trigger"
	"github.com/cenote-auth/cenote/userpool"
)

// signInMatrix are the rows of the matrix for sign-ins with more, or with something else, than a password: what an initiating
// operation is told reaches none of the functions that run after pre authentication, what a responding one is told reaches all
// (AUTH-166, TRG-062, TRG-077, TRG-093).
func signInMatrix() []matrixRow {
	var session, credential, code string
	var owned device
	var proof deviceProof
	var asked *userpool.RespondToAuthChallengeOutput
	var srpAnswer *userpool.RespondToAuthChallengeInput
	var client *userpool.GetClientTokenInput

	begin := func(d *drama, flow userpool.AuthFlowType, pairs ...string) error {
		_, err := d.InitiateAuth(d.t.Context(), &userpool.InitiateAuthInput{
			ClientId: d.client, AuthFlow: flow, AuthParameters: asMap(append(pairs, "USERNAME", "ada")), ClientMetadata: meta("here"),
		})
		return err
	}
	respond := func(d *drama, challenge userpool.ChallengeNameType, pairs ...string) error {
		_, err := d.RespondToAuthChallenge(d.t.Context(), &userpool.RespondToAuthChallengeInput{
			ClientId: d.client, ChallengeName: challenge, Session: session, ChallengeResponses: asMap(append(pairs, "USERNAME", "ada")),
			ClientMetadata: meta("here"),
		})
		return err
	}
	// atCode brings a sign-in to where its code is asked for, without ClientMetadata of the call that counts.
	atCode := func(d *drama, out *userpool.InitiateAuthOutput) { session, code = out.Session, d.code() }

	tokens := map[trigger.Source]string{"PostAuthentication_Authentication": asMetadata, "TokenGeneration_Authentication": asMetadata}
	begunByCode := func(medium string) map[trigger.Source]string {
		return map[trigger.Source]string{
			"PreAuthentication_Authentication": asValidation, "CustomMessage_Authentication": notAtAll,
			trigger.Source("Custom" + medium + "Sender_Authentication"): notAtAll,
		}
	}
	asksForCode := func(medium string) map[trigger.Source]string {
		return map[trigger.Source]string{
			"CustomMessage_Authentication": asMetadata, trigger.Source("Custom" + medium + "Sender_Authentication"): asMetadata,
		}
	}
	begunWithout := map[trigger.Source]string{
		"PreAuthentication_Authentication": asValidation, "PostAuthentication_Authentication": notAtAll, "TokenGeneration_Authentication": notAtAll,
	}
	onlyPre := map[trigger.Source]string{"PreAuthentication_Authentication": asValidation}

	return []matrixRow{
		{operation: "InitiateAuth that asks for SMS_MFA", before: func(d *drama) { d.adaWith(smsMFA) }, call: func(d *drama) error {
			return begin(d, "USER_PASSWORD_AUTH", "PASSWORD", password)
		}, want: begunByCode("SMS")},
		{operation: "AdminInitiateAuth that asks for EMAIL_OTP", options: []any{ownMail}, before: func(d *drama) { d.adaWith(emailMFA) }, call: func(d *drama) error {
			_, err := d.AdminInitiateAuth(d.t.Context(), &userpool.AdminInitiateAuthInput{
				UserPoolId: d.pool, ClientId: d.client, AuthFlow: "ADMIN_USER_PASSWORD_AUTH", ClientMetadata: meta("here"),
				AuthParameters: asMap([]string{"USERNAME", "ada", "PASSWORD", password}),
			})
			return err
		}, want: begunByCode("Email")},
		{operation: "RespondToAuthChallenge that asks for SMS_MFA", before: func(d *drama) {
			d.adaWith(smsMFA)
			in, err := d.srpStart("ada", password)
			check(d.t, err)
			srpAnswer = in
		}, call: func(d *drama) error {
			srpAnswer.ClientMetadata = meta("here")
			_, err := d.RespondToAuthChallenge(d.t.Context(), srpAnswer)
			return err
		}, want: asksForCode("SMS")},
		{operation: "RespondToAuthChallenge, SELECT_MFA_TYPE", options: []any{ownMail}, before: func(d *drama) {
			d.adaWith(smsMFA, emailMFA)
			check(d.t, d.prefer("ada", all(useSMS(true, false), useEmail(true, false))))
			session = d.byPassword(selectMFA).Session
		}, call: func(d *drama) error { return respond(d, selectMFA, "ANSWER", "EMAIL_OTP") }, want: asksForCode("Email")},
		{operation: "RespondToAuthChallenge, SMS_MFA", before: func(d *drama) {
			d.adaWith(smsMFA)
			atCode(d, d.byPassword(smsMFA))
		}, call: func(d *drama) error { return respond(d, smsMFA, "SMS_MFA_CODE", code) }, want: tokens},
		{operation: "AdminRespondToAuthChallenge, EMAIL_OTP", options: []any{ownMail}, before: func(d *drama) {
			d.adaWith(emailMFA)
			out, err := d.adminPassword("ada", password, nil)
			check(d.t, err)
			session, code = out.Session, d.code()
		}, call: func(d *drama) error {
			_, err := d.AdminRespondToAuthChallenge(d.t.Context(), &userpool.AdminRespondToAuthChallengeInput{
				UserPoolId: d.pool, ClientId: d.client, ChallengeName: emailMFA, Session: session, ClientMetadata: meta("here"),
				ChallengeResponses: asMap([]string{"USERNAME", "ada", "EMAIL_OTP_CODE", code}),
			})
			return err
		}, want: tokens},
		{operation: "InitiateAuth that asks for SOFTWARE_TOKEN_MFA", before: func(d *drama) { d.holdsToken() }, call: func(d *drama) error {
			return begin(d, "USER_PASSWORD_AUTH", "PASSWORD", password)
		}, want: onlyPre},
		{operation: "RespondToAuthChallenge, SOFTWARE_TOKEN_MFA", before: func(d *drama) {
			code = d.holdsToken().code(0)
			session = d.byPassword(totpMFA).Session
		}, call: func(d *drama) error { return respond(d, totpMFA, "SOFTWARE_TOKEN_MFA_CODE", code) }, want: tokens},
		{operation: "RespondToAuthChallenge, MFA_SETUP", before: func(d *drama) {
			mailKnown(d)
			d.mfa(mfaOn, totpMFA)
			session = d.setsUp(d.byPassword(setupMFA).Session)
		}, call: func(d *drama) error { return respond(d, setupMFA) }, want: tokens},
		{operation: "InitiateAuth, choice of a code", options: []any{byCode, choosing}, before: mailKnown, call: func(d *drama) error {
			return begin(d, userAuth, "PREFERRED_CHALLENGE", "EMAIL_OTP")
		}, want: begunByCode("Email")},
		{operation: "InitiateAuth, choice of a password", options: []any{byCode, choosing}, before: mailKnown, call: func(d *drama) error {
			return begin(d, userAuth, "PREFERRED_CHALLENGE", "PASSWORD", "PASSWORD", password)
		}, want: begunWithout},
		{operation: "InitiateAuth, choice of a password by somebody unknown", options: []any{choosing},
			answers: map[trigger.Source]func(_, _ map[string]any){"UserMigration_Authentication": vouch(adaHasMail...)},
			call: func(d *drama) error {
				return begin(d, userAuth, "PREFERRED_CHALLENGE", "PASSWORD", "PASSWORD", "old")
			}, want: map[trigger.Source]string{
				"UserMigration_Authentication": asValidation, "PreAuthentication_Authentication": asValidation,
				"PostAuthentication_Authentication": notAtAll, "TokenGeneration_Authentication": notAtAll,
			}},
		{operation: "RespondToAuthChallenge, SELECT_CHALLENGE", options: []any{byCode, choosing}, before: func(d *drama) {
			known(d)
			session = d.byChoice(selection).Session
		}, call: func(d *drama) error { return respond(d, selection, "ANSWER", "SMS_OTP") }, want: asksForCode("SMS")},
		{operation: "RespondToAuthChallenge, SELECT_CHALLENGE with a password", options: []any{byCode, choosing}, before: func(d *drama) {
			known(d)
			session = d.byChoice(selection).Session
		}, call: func(d *drama) error { return respond(d, selection, "ANSWER", "PASSWORD", "PASSWORD", password) }, want: tokens},
		{operation: "RespondToAuthChallenge, a password of somebody unknown", options: []any{choosing, hides}, // see docs/divergences.md
			answers: map[trigger.Source]func(_, _ map[string]any){"UserMigration_Authentication": vouch(adaHasMail...)},
			before:  func(d *drama) { session = d.byChoice(byPass, "PREFERRED_CHALLENGE", "PASSWORD").Session },
			call: func(d *drama) error {
				refused(d.t, respond(d, byPass, "PASSWORD", "old"), userpool.ErrNotAuthorized, "Incorrect username or password.")
				return nil
			}, want: map[trigger.Source]string{}},
		{operation: "RespondToAuthChallenge, EMAIL_OTP", options: []any{byCode, choosing}, before: func(d *drama) {
			mailKnown(d)
			atCode(d, d.byChoice(byMail, "PREFERRED_CHALLENGE", "EMAIL_OTP"))
		}, call: func(d *drama) error { return respond(d, byMail, "EMAIL_OTP_CODE", code) }, want: tokens},
		{operation: "RespondToAuthChallenge, WEB_AUTHN", options: []any{withPasskeys, choosing}, before: func(d *drama) {
			var out *userpool.InitiateAuthOutput
			out, credential = d.showsPasskey()
			session = out.Session
		}, call: func(d *drama) error { return respond(d, webAuthn, "CREDENTIAL", credential) }, want: tokens},
		{operation: "InitiateAuth from a device", options: []any{tracking(false, true)}, before: func(d *drama) { owned = d.ownsDevice() },
			call: func(d *drama) error {
				return begin(d, "USER_PASSWORD_AUTH", "PASSWORD", password, "DEVICE_KEY", owned.key)
			}, want: onlyPre},
		{operation: "RespondToAuthChallenge, DEVICE_PASSWORD_VERIFIER", options: []any{tracking(false, true)}, before: func(d *drama) {
			owned = d.ownsDevice()
			proof = d.proveDevice("ada", owned)
			out, err := proof.start(d.byPassword("DEVICE_SRP_AUTH", "DEVICE_KEY", owned.key).Session)
			check(d.t, err)
			asked = out
		}, call: func(d *drama) error {
			_, err := d.RespondToAuthChallenge(d.t.Context(), &userpool.RespondToAuthChallengeInput{
				ClientId: d.client, ChallengeName: "DEVICE_PASSWORD_VERIFIER", Session: asked.Session, ChallengeResponses: proof.claim(asked),
				ClientMetadata: meta("here"),
			})
			return err
		}, want: map[trigger.Source]string{"PostAuthentication_Authentication": asMetadata, "TokenGeneration_AuthenticateDevice": asMetadata}},
		{operation: "InitiateAuth, custom after a password", options: []any{flows("ALLOW_CUSTOM_AUTH")}, answers: sumsAfterText, before: known,
			call: func(d *drama) error {
				params := d.login("ada", password).Params()
				return begin(d, customAuth, "CHALLENGE_NAME", "SRP_A", "SRP_A", params["SRP_A"])
			}, want: map[trigger.Source]string{"PreAuthentication_Authentication": asValidation, "DefineAuthChallenge_Authentication": notAtAll}},
		{operation: "RespondToAuthChallenge, a code in a custom sign-in", options: []any{flows("ALLOW_CUSTOM_AUTH")}, answers: sumsAfterText,
			before: func(d *drama) {
				known(d)
				d.mfa(mfaOptional, smsMFA)
				session, code = d.bySRP(customAuth).Session, d.code()
			}, call: func(d *drama) error { return respond(d, smsMFA, "SMS_MFA_CODE", code) }, want: map[trigger.Source]string{
				"DefineAuthChallenge_Authentication": asMetadata, "CreateAuthChallenge_Authentication": asMetadata,
			}},
		{operation: "InitiateAuth that is risky", options: []any{plus(enforced), alwaysRisky}, before: func(d *drama) {
			mailKnown(d)
			d.notify("NO_ACTION")
		}, call: func(d *drama) error { return begin(d, "USER_PASSWORD_AUTH", "PASSWORD", password) }, want: map[trigger.Source]string{
			"PreAuthentication_Authentication": asValidation, "PostAuthentication_Authentication": notAtAll, "TokenGeneration_Authentication": notAtAll,
			"CustomEmailSender_AccountTakeOverNotification": notAtAll,
		}},
		{operation: "RespondToAuthChallenge that is risky", options: []any{plus(enforced), alwaysRisky}, before: func(d *drama) {
			known(d)
			d.mfa(mfaOptional, smsMFA)
			d.notify("MFA_REQUIRED")
			in, err := d.srpStart("ada", password)
			check(d.t, err)
			srpAnswer = in
		}, call: func(d *drama) error {
			srpAnswer.ClientMetadata = meta("here")
			_, err := d.RespondToAuthChallenge(d.t.Context(), srpAnswer)
			return err
		}, want: map[trigger.Source]string{
			"CustomMessage_Authentication": asMetadata, "CustomSMSSender_Authentication": asMetadata,
			"CustomEmailSender_AccountTakeOverNotification": asMetadata,
		}},
		{operation: "GetClientToken", options: []any{everywhere("V3_0")}, before: func(d *drama) {
			client = d.machine()
			client.ClientMetadata = meta("here")
		}, call: func(d *drama) error {
			_, err := d.GetClientToken(d.t.Context(), client)
			return err
		}, want: map[trigger.Source]string{"TokenGeneration_ClientCredentials": asMetadata}},
	}
}
