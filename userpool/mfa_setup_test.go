package userpool_test

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/cenote-auth/cenote/message"
	"github.com/cenote-auth/cenote/userpool"
	"github.com/pquerna/otp/totp"
)

// The challenges of second factors, and texts of theirs.
const (
	smsMFA    = userpool.ChallengeNameTypeSmsMfa
	totpMFA   = userpool.ChallengeNameTypeSoftwareTokenMfa
	emailMFA  = userpool.ChallengeNameTypeEmailOtp
	selectMFA = userpool.ChallengeNameTypeSelectMfaType
	setupMFA  = userpool.ChallengeNameTypeMfaSetup

	mfaOff      = userpool.UserPoolMfaTypeOff
	mfaOn       = userpool.UserPoolMfaTypeOn
	mfaOptional = userpool.UserPoolMfaTypeOptional

	mfaCodeWrong = "Invalid code or auth state for the user."
	totpIsWrong  = "Invalid code received for user"
	totpIsUsed   = "Your software token has already been used once."
	totpIsOff    = "Software Token MFA has not been enabled by the userPool"
	totpMissing  = "Software token TOTP multi-factor authentication (MFA) not found."
	setupIsWrong = "Code mismatch and fail enable Software Token MFA"

	phone = "+15550101234"
	mail  = "ada@example.com"
)

// ownMail lets a pool send mail through its own account, which e-mail as a second factor needs.
func ownMail(in *userpool.CreateUserPoolInput) {
	in.EmailConfiguration = &userpool.EmailConfigurationType{
		EmailSendingAccount: userpool.EmailSendingAccountTypeDeveloper, SourceArn: "arn:aws:ses:us-east-1:123456789012:identity/example.com",
	}
}

// roleSMS is what text messages need.
func roleSMS() *userpool.SmsConfigurationType {
	return &userpool.SmsConfigurationType{SnsCallerArn: "arn:aws:iam::123456789012:role/sns", ExternalId: "x"}
}

// mfa configures the second factors of the app's pool.
func (a app) mfa(level userpool.UserPoolMfaType, factors ...userpool.ChallengeNameType) {
	a.t.Helper()
	in := &userpool.SetUserPoolMfaConfigInput{UserPoolId: a.pool, MfaConfiguration: level}
	if slices.Contains(factors, smsMFA) {
		in.SmsMfaConfiguration = &userpool.SmsMfaConfigType{SmsConfiguration: roleSMS()}
	}
	if slices.Contains(factors, totpMFA) {
		in.SoftwareTokenMfaConfiguration = &userpool.SoftwareTokenMfaConfigType{Enabled: true}
	}
	if slices.Contains(factors, emailMFA) {
		in.EmailMfaConfiguration = &userpool.EmailMfaConfigType{}
	}
	_, err := a.SetUserPoolMfaConfig(a.t.Context(), in)
	check(a.t, err)
}

// mfaApp makes a pool with second factors, whose addresses are not verified by themselves.
func (b *bench) mfaApp(level userpool.UserPoolMfaType, factors []userpool.ChallengeNameType, options ...any) app {
	b.t.Helper()
	a := b.app(append([]any{ownMail, func(in *userpool.CreateUserPoolInput) { in.AutoVerifiedAttributes = nil }}, options...)...)
	a.mfa(level, factors...)
	return a
}

// prefer sets what an administrator says of a user's factors.
func (a app) prefer(name string, set func(*userpool.AdminSetUserMFAPreferenceInput)) error {
	in := &userpool.AdminSetUserMFAPreferenceInput{UserPoolId: a.pool, Username: name}
	set(in)
	_, err := a.AdminSetUserMFAPreference(a.t.Context(), in)
	return err
}

// Settings of prefer.

func useSMS(on, preferred bool) func(*userpool.AdminSetUserMFAPreferenceInput) {
	return func(in *userpool.AdminSetUserMFAPreferenceInput) {
		in.SMSMfaSettings = &userpool.SMSMfaSettingsType{Enabled: on, PreferredMfa: preferred}
	}
}

func useTOTP(on, preferred bool) func(*userpool.AdminSetUserMFAPreferenceInput) {
	return func(in *userpool.AdminSetUserMFAPreferenceInput) {
		in.SoftwareTokenMfaSettings = &userpool.SoftwareTokenMfaSettingsType{Enabled: on, PreferredMfa: preferred}
	}
}

func useEmail(on, preferred bool) func(*userpool.AdminSetUserMFAPreferenceInput) {
	return func(in *userpool.AdminSetUserMFAPreferenceInput) {
		in.EmailMfaSettings = &userpool.EmailMfaSettingsType{Enabled: on, PreferredMfa: preferred}
	}
}

func all(sets ...func(*userpool.AdminSetUserMFAPreferenceInput)) func(*userpool.AdminSetUserMFAPreferenceInput) {
	return func(in *userpool.AdminSetUserMFAPreferenceInput) {
		for _, set := range sets {
			set(in)
		}
	}
}

// softToken is a software token in somebody's hand.
type softToken struct {
	a      app
	secret string
}

// code is what the token shows now, or did or will do in so many steps.
func (k softToken) code(steps int) string {
	k.a.t.Helper()
	code, err := totp.GenerateCode(k.secret, k.a.clock.Now().Add(time.Duration(steps)*30*time.Second))
	check(k.a.t, err)
	return code
}

// wrong is a code that the token does not show around now.
func (k softToken) wrong() string {
	k.a.t.Helper()
	for _, code := range []string{"000000", "111111", "222222", "333333"} {
		if code != k.code(-1) && code != k.code(0) && code != k.code(1) {
			return code
		}
	}
	panic("unreachable")
}

// associate begins to register a token with an access token.
func (a app) associate(access string) (softToken, error) {
	out, err := a.AssociateSoftwareToken(a.t.Context(), &userpool.AssociateSoftwareTokenInput{AccessToken: access})
	if err != nil {
		return softToken{}, err
	}
	return softToken{a, out.SecretCode}, nil
}

// verifyToken gives the first code of a token.
func (a app) verifyToken(access, code string) error {
	_, err := a.VerifySoftwareToken(a.t.Context(), &userpool.VerifySoftwareTokenInput{AccessToken: access, UserCode: code})
	return err
}

// token registers a software token for somebody who can sign in with his password alone, and waits until its next code is good.
func (a app) token(name string) softToken {
	a.t.Helper()
	access := a.signIn(name).AccessToken
	k, err := a.associate(access)
	check(a.t, err)
	check(a.t, a.verifyToken(access, k.code(0)))
	a.clock.Advance(time.Minute)
	return k
}

// challenge signs in by password and demands that it goes on with a challenge.
func (a app) challenge(name string, want userpool.ChallengeNameType) *userpool.InitiateAuthOutput {
	a.t.Helper()
	out, err := a.tryPassword(name, password)
	check(a.t, err)
	if out.ChallengeName != want || out.Session == "" || out.AuthenticationResult != nil {
		a.t.Fatalf("%s: got %q, want %s", name, out.ChallengeName, want)
	}
	return out
}

// signedIn demands tokens.
func (a app) signedIn(out *userpool.RespondToAuthChallengeOutput, err error) *userpool.AuthenticationResultType {
	a.t.Helper()
	check(a.t, err)
	if out.AuthenticationResult == nil {
		a.t.Fatalf("goes on with %s", out.ChallengeName)
	}
	return out.AuthenticationResult
}

// listed decodes a challenge parameter that is a list.
func listed(t *testing.T, text string) []string {
	t.Helper()
	var list []string
	check(t, json.Unmarshal([]byte(text), &list))
	return list
}

// sent returns the messages of sign-ins, delivered.
func (b *bench) sent() []message.Message {
	b.t.Helper()
	b.deliver()
	return slices.DeleteFunc(b.outbox.All(), func(m message.Message) bool { return m.Kind != message.Authentication })
}
