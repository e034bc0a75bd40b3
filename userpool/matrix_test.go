package userpool_test

import (
	"encoding/json"
	"maps"
	"slices"
	"testing"

	"github.com/cenote-auth/cenote/trigger"
	"github.com/cenote-auth/cenote/userpool"
)

// How a function gets the ClientMetadata of a call.
const (
	asMetadata   = "clientMetadata" // m in the matrix
	asValidation = "validationData" // v
	notAtAll     = ""
)

// A matrixRow is an operation, played with ClientMetadata, and the functions that it starts, with where they find it.
type matrixRow struct {
	operation string
	options   []any
	answers   map[trigger.Source]func(e, response map[string]any)
	before    func(d *drama) // what the operation needs; its events do not count
	call      func(d *drama) error
	want      map[trigger.Source]string
}

func known(d *drama) { d.known("ada", "email", "ada@example.com", "phone_number", "+12065559934") }

func mailKnown(d *drama) { d.known("ada", adaHasMail...) }

// signedIn makes a user and leaves his access token where call finds it.
func signedIn(access *string) func(d *drama) {
	return func(d *drama) {
		mailKnown(d)
		*access = d.initiate("USER_PASSWORD_AUTH", "USERNAME", "ada", "PASSWORD", password).AuthenticationResult.AccessToken
	}
}

// matrix returns the matrix of section 6.13 of the specification, as far as its operations exist. Rows have state: each test has
// rows of its own.
func matrix() []matrixRow {
	var access, code, refresh string
	var challenge *userpool.RespondToAuthChallengeInput
	var adminChallenge *userpool.AdminInitiateAuthOutput
	rows := []matrixRow{
		{operation: "AdminCreateUser", call: func(d *drama) error {
			_, err := d.AdminCreateUser(d.t.Context(), &userpool.AdminCreateUserInput{
				UserPoolId: d.pool, Username: "ada", ClientMetadata: meta("here"), DesiredDeliveryMediums: []userpool.DeliveryMediumType{"EMAIL"},
				UserAttributes: attributes(adaHasMail...),
			})
			return err
		}, want: map[trigger.Source]string{
			"PreSignUp_AdminCreateUser": asMetadata, "CustomMessage_AdminCreateUser": notAtAll, "CustomEmailSender_AdminCreateUser": notAtAll,
		}},
		{operation: "SignUp", call: func(d *drama) error {
			_, err := d.SignUp(d.t.Context(), &userpool.SignUpInput{
				ClientId: d.client, Username: "ada", Password: password, UserAttributes: attributes(adaHasMail...), ClientMetadata: meta("here"),
			})
			return err
		}, want: map[trigger.Source]string{
			"PreSignUp_SignUp": asMetadata, "CustomMessage_SignUp": asMetadata, "CustomEmailSender_SignUp": asMetadata,
		}},
		{operation: "SignUp, confirmed at once", answers: map[trigger.Source]func(_, _ map[string]any){
			"PreSignUp_SignUp": func(_, response map[string]any) { response["autoConfirmUser"] = true },
		}, call: func(d *drama) error {
			_, err := d.SignUp(d.t.Context(), &userpool.SignUpInput{
				ClientId: d.client, Username: "ada", Password: password, ClientMetadata: meta("here"),
			})
			return err
		}, want: map[trigger.Source]string{"PreSignUp_SignUp": asMetadata, "PostConfirmation_ConfirmSignUp": asMetadata}},
		{operation: "ConfirmSignUp", before: func(d *drama) {
			d.sign("ada", adaHasMail...)
			code = d.code()
		}, call: func(d *drama) error {
			_, err := d.ConfirmSignUp(d.t.Context(), &userpool.ConfirmSignUpInput{
				ClientId: d.client, Username: "ada", ConfirmationCode: code, ClientMetadata: meta("here"),
			})
			return err
		}, want: map[trigger.Source]string{"PostConfirmation_ConfirmSignUp": asMetadata}},
		{operation: "AdminConfirmSignUp", before: func(d *drama) { d.sign("ada") }, call: func(d *drama) error {
			_, err := d.AdminConfirmSignUp(d.t.Context(), &userpool.AdminConfirmSignUpInput{UserPoolId: d.pool, Username: "ada", ClientMetadata: meta("here")})
			return err
		}, want: map[trigger.Source]string{"PostConfirmation_ConfirmSignUp": asMetadata}},
		{operation: "ResendConfirmationCode", before: func(d *drama) { d.sign("ada", adaHasMail...) }, call: func(d *drama) error {
			_, err := d.ResendConfirmationCode(d.t.Context(), &userpool.ResendConfirmationCodeInput{
				ClientId: d.client, Username: "ada", ClientMetadata: meta("here"),
			})
			return err
		}, want: map[trigger.Source]string{"CustomMessage_ResendCode": asMetadata, "CustomEmailSender_ResendCode": asMetadata}},
		{operation: "InitiateAuth", before: known, call: func(d *drama) error {
			_, err := d.InitiateAuth(d.t.Context(), &userpool.InitiateAuthInput{
				ClientId: d.client, AuthFlow: "USER_PASSWORD_AUTH", ClientMetadata: meta("here"),
				AuthParameters: asMap([]string{"USERNAME", "ada", "PASSWORD", password}),
			})
			return err
		}, want: map[trigger.Source]string{
			"PreAuthentication_Authentication": asValidation, "PostAuthentication_Authentication": notAtAll, "TokenGeneration_Authentication": notAtAll,
		}},
		{operation: "InitiateAuth of somebody unknown", answers: map[trigger.Source]func(_, _ map[string]any){
			"UserMigration_Authentication": vouch(adaHasMail...),
		}, call: func(d *drama) error {
			_, err := d.InitiateAuth(d.t.Context(), &userpool.InitiateAuthInput{
				ClientId: d.client, AuthFlow: "USER_PASSWORD_AUTH", ClientMetadata: meta("here"),
				AuthParameters: asMap([]string{"USERNAME", "ada", "PASSWORD", password}),
			})
			return err
		}, want: map[trigger.Source]string{
			"UserMigration_Authentication": asValidation, "PreAuthentication_Authentication": asValidation,
			"PostAuthentication_Authentication": notAtAll, "TokenGeneration_Authentication": notAtAll,
		}},
		{operation: "AdminInitiateAuth", before: known, call: func(d *drama) error {
			_, err := d.AdminInitiateAuth(d.t.Context(), &userpool.AdminInitiateAuthInput{
				UserPoolId: d.pool, ClientId: d.client, AuthFlow: "ADMIN_USER_PASSWORD_AUTH", ClientMetadata: meta("here"),
				AuthParameters: asMap([]string{"USERNAME", "ada", "PASSWORD", password}),
			})
			return err
		}, want: map[trigger.Source]string{
			"PreAuthentication_Authentication": asValidation, "PostAuthentication_Authentication": notAtAll, "TokenGeneration_Authentication": notAtAll,
		}},
		{operation: "RespondToAuthChallenge", before: func(d *drama) {
			known(d)
			in, err := d.srpStart("ada", password)
			check(d.t, err)
			challenge = in
		}, call: func(d *drama) error {
			challenge.ClientMetadata = meta("here")
			_, err := d.RespondToAuthChallenge(d.t.Context(), challenge)
			return err
		}, want: map[trigger.Source]string{"PostAuthentication_Authentication": asMetadata, "TokenGeneration_Authentication": asMetadata}},
		{operation: "AdminRespondToAuthChallenge", before: func(d *drama) {
			d.newcomer("ada")
			var err error
			adminChallenge, err = d.AdminInitiateAuth(d.t.Context(), &userpool.AdminInitiateAuthInput{
				UserPoolId: d.pool, ClientId: d.client, AuthFlow: "ADMIN_USER_PASSWORD_AUTH",
				AuthParameters: asMap([]string{"USERNAME", "ada", "PASSWORD", password}),
			})
			check(d.t, err)
		}, call: func(d *drama) error {
			_, err := d.AdminRespondToAuthChallenge(d.t.Context(), &userpool.AdminRespondToAuthChallengeInput{
				UserPoolId: d.pool, ClientId: d.client, ChallengeName: adminChallenge.ChallengeName, Session: adminChallenge.Session,
				ChallengeResponses: asMap([]string{"USERNAME", "ada", "NEW_PASSWORD", another}), ClientMetadata: meta("here"),
			})
			return err
		}, want: map[trigger.Source]string{"PostAuthentication_Authentication": asMetadata, "TokenGeneration_NewPasswordChallenge": asMetadata}},
		{operation: "InitiateAuth, custom", options: []any{flows("ALLOW_CUSTOM_AUTH")}, answers: oneQuestion, before: known, call: func(d *drama) error {
			_, err := d.InitiateAuth(d.t.Context(), &userpool.InitiateAuthInput{
				ClientId: d.client, AuthFlow: "CUSTOM_AUTH", AuthParameters: asMap([]string{"USERNAME", "ada"}), ClientMetadata: meta("here"),
			})
			return err
		}, want: map[trigger.Source]string{
			"PreAuthentication_Authentication": asValidation, "DefineAuthChallenge_Authentication": notAtAll, "CreateAuthChallenge_Authentication": notAtAll,
		}},
		{operation: "RespondToAuthChallenge, custom", options: []any{flows("ALLOW_CUSTOM_AUTH")}, answers: oneQuestion, before: func(d *drama) {
			known(d)
			out := d.initiate("CUSTOM_AUTH", "USERNAME", "ada")
			challenge = &userpool.RespondToAuthChallengeInput{ClientId: d.client, ChallengeName: out.ChallengeName, Session: out.Session}
		}, call: func(d *drama) error {
			for _, answer := range []string{"5", "4"} {
				challenge.ClientMetadata, challenge.ChallengeResponses = meta("here"), asMap([]string{"USERNAME", "ada", "ANSWER", answer})
				out, err := d.RespondToAuthChallenge(d.t.Context(), challenge)
				if err != nil {
					return err
				}
				challenge.Session = out.Session
			}
			return nil
		}, want: map[trigger.Source]string{
			"VerifyAuthChallengeResponse_Authentication": asMetadata, "DefineAuthChallenge_Authentication": asMetadata,
			"CreateAuthChallenge_Authentication": asMetadata, "PostAuthentication_Authentication": asMetadata, "TokenGeneration_Authentication": asMetadata,
		}},
		{operation: "InitiateAuth that refreshes", before: func(d *drama) {
			known(d)
			refresh = d.initiate("USER_PASSWORD_AUTH", "USERNAME", "ada", "PASSWORD", password).AuthenticationResult.RefreshToken
		}, call: func(d *drama) error {
			_, err := d.InitiateAuth(d.t.Context(), &userpool.InitiateAuthInput{
				ClientId: d.client, AuthFlow: "REFRESH_TOKEN_AUTH", AuthParameters: asMap([]string{"REFRESH_TOKEN", refresh}), ClientMetadata: meta("here"),
			})
			return err
		}, want: map[trigger.Source]string{"TokenGeneration_RefreshTokens": notAtAll}},
		{operation: "GetTokensFromRefreshToken", options: []any{rotating(0)}, before: func(d *drama) {
			known(d)
			refresh = d.initiate("USER_PASSWORD_AUTH", "USERNAME", "ada", "PASSWORD", password).AuthenticationResult.RefreshToken
		}, call: func(d *drama) error {
			_, err := d.GetTokensFromRefreshToken(d.t.Context(), &userpool.GetTokensFromRefreshTokenInput{
				ClientId: d.client, RefreshToken: refresh, ClientMetadata: meta("here"),
			})
			return err
		}, want: map[trigger.Source]string{"TokenGeneration_Authentication": asMetadata}},
		{operation: "ForgotPassword", before: known, call: func(d *drama) error {
			_, err := d.ForgotPassword(d.t.Context(), &userpool.ForgotPasswordInput{ClientId: d.client, Username: "ada", ClientMetadata: meta("here")})
			return err
		}, want: map[trigger.Source]string{"CustomMessage_ForgotPassword": asMetadata, "CustomEmailSender_ForgotPassword": asMetadata}},
		{operation: "ForgotPassword of somebody unknown", answers: map[trigger.Source]func(_, _ map[string]any){
			"UserMigration_ForgotPassword": vouch("email", "ada@example.com", "email_verified", "true"),
		}, call: func(d *drama) error {
			_, err := d.ForgotPassword(d.t.Context(), &userpool.ForgotPasswordInput{ClientId: d.client, Username: "ada", ClientMetadata: meta("here")})
			return err
		}, want: map[trigger.Source]string{
			"UserMigration_ForgotPassword": asMetadata, "CustomMessage_ForgotPassword": asMetadata, "CustomEmailSender_ForgotPassword": asMetadata,
		}},
		{operation: "AdminResetUserPassword", before: known, call: func(d *drama) error {
			_, err := d.AdminResetUserPassword(d.t.Context(), &userpool.AdminResetUserPasswordInput{
				UserPoolId: d.pool, Username: "ada", ClientMetadata: meta("here"),
			})
			return err
		}, want: map[trigger.Source]string{"CustomMessage_ForgotPassword": asMetadata, "CustomEmailSender_ForgotPassword": notAtAll}},
		{operation: "ConfirmForgotPassword", before: func(d *drama) {
			known(d)
			_, err := d.ForgotPassword(d.t.Context(), &userpool.ForgotPasswordInput{ClientId: d.client, Username: "ada"})
			check(d.t, err)
			code = d.code()
		}, call: func(d *drama) error {
			_, err := d.ConfirmForgotPassword(d.t.Context(), &userpool.ConfirmForgotPasswordInput{
				ClientId: d.client, Username: "ada", Password: another, ConfirmationCode: code, ClientMetadata: meta("here"),
			})
			return err
		}, want: map[trigger.Source]string{"PostConfirmation_ConfirmForgotPassword": asMetadata}},
		{operation: "UpdateUserAttributes", before: signedIn(&access), call: func(d *drama) error {
			_, err := d.UpdateUserAttributes(d.t.Context(), &userpool.UpdateUserAttributesInput{
				AccessToken: access, UserAttributes: attributes("email", "lovelace@example.com"), ClientMetadata: meta("here"),
			})
			return err
		}, want: map[trigger.Source]string{"CustomMessage_UpdateUserAttribute": asMetadata, "CustomEmailSender_UpdateUserAttribute": asMetadata}},
		{operation: "AdminUpdateUserAttributes", before: known, call: func(d *drama) error {
			_, err := d.AdminUpdateUserAttributes(d.t.Context(), &userpool.AdminUpdateUserAttributesInput{
				UserPoolId: d.pool, Username: "ada", UserAttributes: attributes("email", "lovelace@example.com"), ClientMetadata: meta("here"),
			})
			return err
		}, want: map[trigger.Source]string{"CustomMessage_UpdateUserAttribute": asMetadata, "CustomEmailSender_UpdateUserAttribute": asMetadata}},
		{operation: "GetUserAttributeVerificationCode", before: signedIn(&access), call: func(d *drama) error {
			_, err := d.GetUserAttributeVerificationCode(d.t.Context(), &userpool.GetUserAttributeVerificationCodeInput{
				AccessToken: access, AttributeName: "email", ClientMetadata: meta("here"),
			})
			return err
		}, want: map[trigger.Source]string{"CustomMessage_VerifyUserAttribute": asMetadata, "CustomEmailSender_VerifyUserAttribute": asMetadata}},
		{operation: "VerifyUserAttribute", before: func(d *drama) {
			signedIn(&access)(d)
			_, err := d.GetUserAttributeVerificationCode(d.t.Context(), &userpool.GetUserAttributeVerificationCodeInput{AccessToken: access, AttributeName: "email"})
			check(d.t, err)
			code = d.code()
		}, call: func(d *drama) error {
			_, err := d.VerifyUserAttribute(d.t.Context(), &userpool.VerifyUserAttributeInput{AccessToken: access, AttributeName: "email", Code: code})
			return err
		}, want: map[trigger.Source]string{}},
	}
	return rows
}

// AUTH-166, TRG-062, TRG-077, TRG-093, and the matrix of section 6.13 row by row: which functions an operation starts, and which of them are told its
// ClientMetadata, and under which name.
func TestMatrix(t *testing.T) {
	t.Parallel()
	for _, row := range append(matrix(), signInMatrix()...) {
		t.Run(row.operation, func(t *testing.T) {
			w := &witness{answers: row.answers}
			a, keys := witnessed(t, w, row.options...)
			d := &drama{app: a, witness: w, keys: keys}
			if row.before != nil {
				row.before(d)
			}
			d.deliver()
			d.take()
			check(t, row.call(d))
			d.deliver()
			got := map[trigger.Source]string{}
			for _, raw := range d.take() {
				source := sourceOf(t, raw)
				var e struct{ Request map[string]json.RawMessage }
				check(t, json.Unmarshal(raw, &e))
				got[source] = notAtAll
				for _, member := range []string{asMetadata, asValidation} {
					switch text := string(e.Request[member]); text {
					case "", "null":
					case `{"from":"here"}`:
						got[source] += member
					default:
						t.Errorf("%s has %s %s", source, member, text)
					}
				}
			}
			if !maps.Equal(got, row.want) {
				t.Errorf("functions that ran and what they were told:\n%v\nwant\n%v", sorted(got), sorted(row.want))
			}
		})
	}
}

func sorted(m map[trigger.Source]string) (out []string) {
	for _, s := range slices.Sorted(maps.Keys(m)) {
		out = append(out, string(s)+" "+m[s])
	}
	return out
}
