package trigger

// PreSignUpEvent asks whether a user may be created (TRG-040…046).
type PreSignUpEvent = Event[PreSignUpRequest, PreSignUpResponse]

// PreSignUpRequest is what the request to create the user says.
type PreSignUpRequest struct {
	UserAttributes Attributes        `json:"userAttributes"` // of the request only; no sub
	ValidationData map[string]string `json:"validationData"`
	ClientMetadata map[string]string `json:"clientMetadata"`
}

// PreSignUpResponse confirms the user or his contacts at once.
type PreSignUpResponse struct {
	AutoConfirmUser bool `json:"autoConfirmUser"`
	AutoVerifyEmail bool `json:"autoVerifyEmail"`
	AutoVerifyPhone bool `json:"autoVerifyPhone"`
}

// PostConfirmationEvent tells that a user was confirmed or has reset the password (TRG-050).
type PostConfirmationEvent = Event[PostConfirmationRequest, NoResponse]

// PostConfirmationRequest has the user as he is afterwards.
type PostConfirmationRequest struct {
	UserAttributes Attributes        `json:"userAttributes"`
	ClientMetadata map[string]string `json:"clientMetadata"`
}

// UserMigrationEvent asks another directory about a user that the pool does not know (TRG-100…108). UserName is what
// the user typed.
type UserMigrationEvent = Event[UserMigrationRequest, UserMigrationResponse]

// UserMigrationRequest has the typed password, or nil for a forgotten one.
type UserMigrationRequest struct {
	Password       *string           `json:"password"`
	ValidationData map[string]string `json:"validationData"`
	ClientMetadata map[string]string `json:"clientMetadata"`
}

// UserMigrationResponse is the user to create; nil UserAttributes means that there is none (TRG-107).
type UserMigrationResponse struct {
	UserAttributes         map[string]string `json:"userAttributes"`
	FinalUserStatus        *string           `json:"finalUserStatus"`        // CONFIRMED, or a password reset is due
	MessageAction          *string           `json:"messageAction"`          // SUPPRESS or nil
	DesiredDeliveryMediums []string          `json:"desiredDeliveryMediums"` // EMAIL, SMS
	ForceAliasCreation     *bool             `json:"forceAliasCreation"`
	EnableSMSMFA           *bool             `json:"enableSMSMFA"`
}

// InboundFederationEvent shows what an identity provider said, before attribute mapping (TRG-130).
type InboundFederationEvent = Event[InboundFederationRequest, InboundFederationResponse]

// InboundFederationRequest is the provider and its answer.
type InboundFederationRequest struct {
	ProviderName string              `json:"providerName"`
	ProviderType string              `json:"providerType"` // OIDC, SAML, Facebook, Google, SignInWithApple, LoginWithAmazon
	Attributes   FederatedAttributes `json:"attributes"`
}

// FederatedAttributes are the parts of a provider's answer; a part that the protocol does not have is left out (TRG-131).
type FederatedAttributes struct {
	TokenResponse map[string]string `json:"tokenResponse,omitempty"`
	IDToken       map[string]string `json:"idToken,omitempty"`
	UserInfo      map[string]string `json:"userInfo,omitempty"`
	SAMLResponse  map[string]string `json:"samlResponse,omitempty"`
}

// InboundFederationResponse replaces the provider's attributes altogether, unless it is empty (TRG-132).
type InboundFederationResponse struct {
	UserAttributesToMap Attributes `json:"userAttributesToMap"`
}
