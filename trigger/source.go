package trigger

import "strings"

// Kind is a member of LambdaConfig that names a function, by the name that AWS's error texts use.
type Kind string

// The kinds of trigger (TRG-001).
const (
	PreSignUp                   Kind = "PreSignUp"
	PostConfirmation            Kind = "PostConfirmation"
	PreAuthentication           Kind = "PreAuthentication"
	PostAuthentication          Kind = "PostAuthentication"
	DefineAuthChallenge         Kind = "DefineAuthChallenge"
	CreateAuthChallenge         Kind = "CreateAuthChallenge"
	VerifyAuthChallengeResponse Kind = "VerifyAuthChallengeResponse"
	PreTokenGeneration          Kind = "PreTokenGeneration"
	UserMigration               Kind = "UserMigration"
	CustomMessage               Kind = "CustomMessage"
	CustomEmailSender           Kind = "CustomEmailSender"
	CustomSMSSender             Kind = "CustomSMSSender"
	InboundFederation           Kind = "InboundFederation"
)

// Source is an event's triggerSource: the kind of trigger and the occasion.
type Source string

// The sources of events (TRG-040, 050, 060, 062, 070, 074, 075, 080, 100, 110, 120, 130).
const (
	PreSignUpSignUp           Source = "PreSignUp_SignUp"
	PreSignUpAdminCreateUser  Source = "PreSignUp_AdminCreateUser"
	PreSignUpExternalProvider Source = "PreSignUp_ExternalProvider"

	PostConfirmationConfirmSignUp         Source = "PostConfirmation_ConfirmSignUp"
	PostConfirmationConfirmForgotPassword Source = "PostConfirmation_ConfirmForgotPassword"

	PreAuthenticationAuthentication  Source = "PreAuthentication_Authentication"
	PostAuthenticationAuthentication Source = "PostAuthentication_Authentication"

	DefineAuthChallengeAuthentication         Source = "DefineAuthChallenge_Authentication"
	CreateAuthChallengeAuthentication         Source = "CreateAuthChallenge_Authentication"
	VerifyAuthChallengeResponseAuthentication Source = "VerifyAuthChallengeResponse_Authentication"

	TokenGenerationHostedAuth           Source = "TokenGeneration_HostedAuth"
	TokenGenerationAuthentication       Source = "TokenGeneration_Authentication"
	TokenGenerationNewPasswordChallenge Source = "TokenGeneration_NewPasswordChallenge"
	TokenGenerationAuthenticateDevice   Source = "TokenGeneration_AuthenticateDevice"
	TokenGenerationRefreshTokens        Source = "TokenGeneration_RefreshTokens"
	TokenGenerationClientCredentials    Source = "TokenGeneration_ClientCredentials"

	UserMigrationAuthentication Source = "UserMigration_Authentication"
	UserMigrationForgotPassword Source = "UserMigration_ForgotPassword"

	CustomMessageSignUp              Source = "CustomMessage_SignUp"
	CustomMessageAdminCreateUser     Source = "CustomMessage_AdminCreateUser"
	CustomMessageResendCode          Source = "CustomMessage_ResendCode"
	CustomMessageForgotPassword      Source = "CustomMessage_ForgotPassword"
	CustomMessageUpdateUserAttribute Source = "CustomMessage_UpdateUserAttribute"
	CustomMessageVerifyUserAttribute Source = "CustomMessage_VerifyUserAttribute"
	CustomMessageAuthentication      Source = "CustomMessage_Authentication"

	CustomEmailSenderSignUp                      Source = "CustomEmailSender_SignUp"
	CustomEmailSenderResendCode                  Source = "CustomEmailSender_ResendCode"
	CustomEmailSenderForgotPassword              Source = "CustomEmailSender_ForgotPassword"
	CustomEmailSenderUpdateUserAttribute         Source = "CustomEmailSender_UpdateUserAttribute"
	CustomEmailSenderVerifyUserAttribute         Source = "CustomEmailSender_VerifyUserAttribute"
	CustomEmailSenderAdminCreateUser             Source = "CustomEmailSender_AdminCreateUser"
	CustomEmailSenderAuthentication              Source = "CustomEmailSender_Authentication"
	CustomEmailSenderAccountTakeOverNotification Source = "CustomEmailSender_AccountTakeOverNotification"

	CustomSMSSenderSignUp              Source = "CustomSMSSender_SignUp"
	CustomSMSSenderResendCode          Source = "CustomSMSSender_ResendCode"
	CustomSMSSenderForgotPassword      Source = "CustomSMSSender_ForgotPassword"
	CustomSMSSenderUpdateUserAttribute Source = "CustomSMSSender_UpdateUserAttribute"
	CustomSMSSenderVerifyUserAttribute Source = "CustomSMSSender_VerifyUserAttribute"
	CustomSMSSenderAdminCreateUser     Source = "CustomSMSSender_AdminCreateUser"
	CustomSMSSenderAuthentication      Source = "CustomSMSSender_Authentication"

	InboundFederationExternalProvider Source = "InboundFederation_ExternalProvider"
)

// Kind returns the trigger that the source belongs to, or "" for text without a kind before its underscore. All kinds are
// spelt as in their sources, except PreTokenGeneration.
func (s Source) Kind() Kind {
	kind, _, ok := strings.Cut(string(s), "_")
	if !ok {
		return ""
	}
	if kind == "TokenGeneration" {
		return PreTokenGeneration
	}
	return Kind(kind)
}
