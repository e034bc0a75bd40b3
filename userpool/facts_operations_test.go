package userpool_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/cenote-auth/cenote/awsapi"
	"github.com/cenote-auth/cenote/userpool"
)

// unsigned are the operations that need no AWS signature: first those that take no access token (AUTH-542).
var (
	withoutToken = strings.Fields(`SignUp ConfirmSignUp ResendConfirmationCode ForgotPassword ConfirmForgotPassword InitiateAuth
		RespondToAuthChallenge RevokeToken GetTokensFromRefreshToken UpdateAuthEventFeedback`)
	unsigned = strings.Fields(`AssociateSoftwareToken ChangePassword CompleteWebAuthnRegistration ConfirmDevice ConfirmForgotPassword
		ConfirmSignUp DeleteUser DeleteUserAttributes DeleteWebAuthnCredential ForgetDevice ForgotPassword GetDevice GetTokensFromRefreshToken
		GetUser GetUserAttributeVerificationCode GetUserAuthFactors GlobalSignOut InitiateAuth ListDevices ListWebAuthnCredentials
		ResendConfirmationCode RespondToAuthChallenge RevokeToken SetUserMFAPreference SetUserSettings SignUp StartWebAuthnRegistration
		UpdateAuthEventFeedback UpdateDeviceStatus UpdateUserAttributes VerifySoftwareToken VerifyUserAttribute`)
	// later are unsigned operations of the newer model that the list of POOL-007 does not have yet.
	later = strings.Fields("GetClientToken ListUserSessions RevokeUserSession")
)

// POOL-007: which operations need no signature. The model here has 140, with three more unsigned ones than the 32.
func TestUnsignedOperations(t *testing.T) {
	t.Parallel()
	all := userpool.Operations()
	if len(all) != 140 || len(unsigned) != 32 {
		t.Errorf("%d operations, %d unsigned ones", len(all), len(unsigned))
	}
	for _, op := range all {
		public := slices.Contains(unsigned, op.Name) || slices.Contains(later, op.Name)
		if (op.Auth != awsapi.AuthSigV4) != public {
			t.Errorf("%s: public %t, want %t", op.Name, op.Auth != awsapi.AuthSigV4, public)
		}
		if op.Service.Name != "cognito-idp" {
			t.Errorf("%s is signed for %s", op.Name, op.Service.Name)
		}
	}
	for _, name := range slices.Concat(unsigned, later) {
		if userpool.Operation(name) == nil {
			t.Errorf("no operation %s", name)
		}
	}
}

// AUTH-542: these take no access token and are public.
func TestOperationsWithoutToken(t *testing.T) {
	t.Parallel()
	for _, name := range withoutToken {
		if op := userpool.Operation(name); op == nil || op.Auth != awsapi.AuthNone {
			t.Errorf("%s: %+v", name, op)
		}
	}
}

// AUTH-448: TooManyFailedAttemptsException is declared by the three operations that take a code of a sign-up or reset, and never
// answered: guesses of a code end the code (C3).
func TestTooManyFailedAttempts(t *testing.T) {
	t.Parallel()
	var declare []string
	for _, op := range userpool.Operations() {
		if slices.Contains(op.Codes, userpool.ErrTooManyFailedAttempts) {
			declare = append(declare, op.Name)
		}
	}
	sameValues(t, declare, "ConfirmSignUp AdminConfirmSignUp ConfirmForgotPassword")
	a := setup(t).app()
	a.signUp("ada", "email", "ada@example.com")
	wrong := notCode(a.code("ada@example.com"))
	for i := range 15 {
		err := a.confirm("ada", wrong)
		if i < 10 {
			refused(t, err, userpool.ErrCodeMismatch, codeIsWrong)
		} else {
			refused(t, err, userpool.ErrExpiredCode, codeIsOver)
		}
	}
	refused(t, a.confirm("ada", wrong), userpool.ErrLimitExceeded, tooOften)
}
