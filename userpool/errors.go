package userpool

import "github.com/cenote-auth/cenote/awsapi"

// AWS's sentences that more than one operation says, each built here once (ERR-060: with or without the full stop).
var (
	errUserNotFound        = ErrUserNotFound.New("User does not exist.") // AUTH-065 (unconfirmed where codes are confirmed)
	errNameClientNotFound  = ErrUserNotFound.New("Username/client id combination not found.")
	errBadCredentials      = ErrNotAuthorized.New("Incorrect username or password.")
	errUserDisabled        = ErrNotAuthorized.New("User is disabled.")
	errLockedOut           = ErrNotAuthorized.New("Password attempts exceeded")
	errFactorLocked        = ErrNotAuthorized.New("Attempt limit exceeded, please try after some time.") // C3: not AWS's
	errWrongCode           = ErrCodeMismatch.New("Invalid code or auth state for the user.")             // AUTH-284, AUTH-340
	errNotConfirmed        = ErrUserNotConfirmed.New("User is not confirmed.")
	errResetRequired       = ErrPasswordResetRequired.New("Password reset required for the user")
	errCodeMismatch        = ErrCodeMismatch.New("Invalid verification code provided, please try again.")
	errCodeExpired         = ErrExpiredCode.New("Invalid code provided, please request a code again.")
	errAttemptLimit        = ErrLimitExceeded.New("Attempt limit exceeded, please try after some time.")
	errTooManyRequests     = ErrTooManyRequests.New("Rate exceeded") // AUTH-447 (unconfirmed text)
	errUnauthorizedWrite   = ErrNotAuthorized.New("A client attempted to write unauthorized attribute")
	errResetImpossible     = ErrNotAuthorized.New("User password cannot be reset in the current state.")
	errNoRecoveryContact   = ErrInvalidParameter.New("Cannot reset password for the user as there is no registered/verified email or phone_number")
	errGroupNotFound       = ErrResourceNotFound.New("Group not found.")
	errCodeDeliveryFailure = ErrCodeDeliveryFailure.New("Unable to deliver message.")
	errTemporaryExpired    = ErrNotAuthorized.New("Temporary password has expired and must be reset by an administrator.")
	errSessionInvalid      = ErrNotAuthorized.New("Invalid session for the user.")
	errSessionExpired      = ErrNotAuthorized.New("Invalid session for the user, session is expired.")
	errSessionUsed         = ErrNotAuthorized.New("Invalid session for the user, session can only be used once.")
)

// errUnrecognizableAnswer is the answer of a function that nothing can be made of (TRG-025).
var errUnrecognizableAnswer = ErrInvalidLambdaResponse.New("Unrecognizable lambda output")

func errPoolNotFound(id string) *awsapi.Error {
	return ErrResourceNotFound.Newf("User pool %s does not exist.", id)
}

func errClientNotFound(id string) *awsapi.Error {
	return ErrResourceNotFound.Newf("User pool client %s does not exist.", id)
}

func errCannotConfirm(status UserStatusType) *awsapi.Error {
	return ErrNotAuthorized.Newf("User cannot be confirmed. Current status is %s", status)
}

// errMissingParameter is a key that AuthParameters or ChallengeResponses lack (AUTH-141).
func errMissingParameter(name string) *awsapi.Error {
	return ErrInvalidParameter.Newf("Missing required parameter %s", name)
}

// errAliasExists is a verified address that somebody else holds (AUTH-056).
func errAliasExists(attribute string) *awsapi.Error {
	return ErrAliasExists.Newf("An account with the %s already exists.", attribute)
}

// errGivenExists is an address that somebody holds in a pool whose users are named by it (AUTH-048).
func errGivenExists(code awsapi.Code, attribute string) *awsapi.Error {
	return code.Newf("An account with the given %s already exists.", attribute)
}
