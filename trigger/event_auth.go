package trigger

// PreAuthenticationEvent asks at the start of a sign-in whether it may go on (TRG-060, TRG-061).
type PreAuthenticationEvent = Event[PreAuthenticationRequest, NoResponse]

// PreAuthenticationRequest is the user who wants to sign in.
type PreAuthenticationRequest struct {
	UserAttributes Attributes        `json:"userAttributes"`
	ValidationData map[string]string `json:"validationData"`         // ClientMetadata of the initiating call
	UserNotFound   *bool             `json:"userNotFound,omitempty"` // set if the client hides which users exist
}

// PostAuthenticationEvent tells that all factors have passed (TRG-062, TRG-063).
type PostAuthenticationEvent = Event[PostAuthenticationRequest, NoResponse]

// PostAuthenticationRequest is the user who has signed in.
type PostAuthenticationRequest struct {
	UserAttributes Attributes        `json:"userAttributes"`
	NewDeviceUsed  bool              `json:"newDeviceUsed"`
	ClientMetadata map[string]string `json:"clientMetadata"`
}

// ChallengeResult is one step of a custom sign-in that is over (TRG-071).
type ChallengeResult struct {
	ChallengeName     string  `json:"challengeName"`
	ChallengeResult   bool    `json:"challengeResult"`
	ChallengeMetadata *string `json:"challengeMetadata"` // what the create function noted; only CUSTOM_CHALLENGE has it
}

// DefineAuthChallengeEvent asks for the next step of a custom sign-in (TRG-070…073).
type DefineAuthChallengeEvent = Event[DefineAuthChallengeRequest, DefineAuthChallengeResponse]

// DefineAuthChallengeRequest is the sign-in so far, oldest step first.
type DefineAuthChallengeRequest struct {
	UserAttributes Attributes            `json:"userAttributes"`
	Session        List[ChallengeResult] `json:"session"`
	ClientMetadata map[string]string     `json:"clientMetadata"`
	UserNotFound   *bool                 `json:"userNotFound,omitempty"`
}

// DefineAuthChallengeResponse is the decision: fail, tokens, or another challenge (TRG-072).
type DefineAuthChallengeResponse struct {
	ChallengeName      *string `json:"challengeName"`
	IssueTokens        *bool   `json:"issueTokens"`
	FailAuthentication *bool   `json:"failAuthentication"`
}

// CreateAuthChallengeEvent asks for a question to put to the user (TRG-074).
type CreateAuthChallengeEvent = Event[CreateAuthChallengeRequest, CreateAuthChallengeResponse]

// CreateAuthChallengeRequest is the challenge that was decided on, and the sign-in so far.
type CreateAuthChallengeRequest struct {
	UserAttributes Attributes            `json:"userAttributes"`
	ChallengeName  string                `json:"challengeName"`
	Session        List[ChallengeResult] `json:"session"`
	ClientMetadata map[string]string     `json:"clientMetadata"`
	UserNotFound   *bool                 `json:"userNotFound,omitempty"`
}

// CreateAuthChallengeResponse is the question for the client, what is needed to check the answer, and a note for the next
// ChallengeResult.
type CreateAuthChallengeResponse struct {
	PublicChallengeParameters  map[string]string `json:"publicChallengeParameters"`
	PrivateChallengeParameters map[string]string `json:"privateChallengeParameters"`
	ChallengeMetadata          *string           `json:"challengeMetadata"`
}

// VerifyAuthChallengeResponseEvent asks whether an answer is right (TRG-075).
type VerifyAuthChallengeResponseEvent = Event[VerifyAuthChallengeResponseRequest, VerifyAuthChallengeResponseResponse]

// VerifyAuthChallengeResponseRequest is the user's answer beside what the create function kept for checking it.
type VerifyAuthChallengeResponseRequest struct {
	UserAttributes             Attributes        `json:"userAttributes"`
	PrivateChallengeParameters map[string]string `json:"privateChallengeParameters"`
	ChallengeAnswer            string            `json:"challengeAnswer"`
	ClientMetadata             map[string]string `json:"clientMetadata"`
	UserNotFound               *bool             `json:"userNotFound,omitempty"`
}

// VerifyAuthChallengeResponseResponse is the verdict; nil is no.
type VerifyAuthChallengeResponseResponse struct {
	AnswerCorrect *bool `json:"answerCorrect"`
}
