package trigger

import "encoding/json"

// PreTokenGenerationEvent is version V1_0: the function may change the ID token and the groups (TRG-081, TRG-083).
type PreTokenGenerationEvent = Event[PreTokenGenerationRequest, PreTokenGenerationResponse]

// PreTokenGenerationRequest is the user who is about to get tokens.
type PreTokenGenerationRequest struct {
	UserAttributes     Attributes         `json:"userAttributes"`
	GroupConfiguration GroupConfiguration `json:"groupConfiguration"`
	ClientMetadata     map[string]string  `json:"clientMetadata"`
}

// GroupConfiguration is the user's groups and roles.
type GroupConfiguration struct {
	GroupsToOverride   List[string] `json:"groupsToOverride"`
	IAMRolesToOverride List[string] `json:"iamRolesToOverride"`
	PreferredRole      *string      `json:"preferredRole"`
}

// PreTokenGenerationResponse has the changes, or nil for none.
type PreTokenGenerationResponse struct {
	ClaimsOverrideDetails *ClaimsOverrideDetails `json:"claimsOverrideDetails"`
}

// ClaimsOverrideDetails are the changes of version V1_0. A claim that is both added and suppressed is suppressed (TRG-086).
type ClaimsOverrideDetails struct {
	ClaimsToAddOrOverride map[string]string    `json:"claimsToAddOrOverride"`
	ClaimsToSuppress      []string             `json:"claimsToSuppress"`
	GroupOverrideDetails  GroupOverrideDetails `json:"groupOverrideDetails,omitzero"`
}

// PreTokenGenerationV2Event is versions V2_0 and V3_0, told apart by Event.Version: both tokens, scopes, and claims of any
// JSON type; V3_0 also for client credentials (TRG-082, TRG-084, TRG-085).
type PreTokenGenerationV2Event = Event[PreTokenGenerationV2Request, PreTokenGenerationV2Response]

// PreTokenGenerationV2Request is the user or client who is about to get tokens.
type PreTokenGenerationV2Request struct {
	UserAttributes     Attributes         `json:"userAttributes"`
	Scopes             List[string]       `json:"scopes"`
	GroupConfiguration GroupConfiguration `json:"groupConfiguration"`
	ClientMetadata     map[string]string  `json:"clientMetadata"`
}

// PreTokenGenerationV2Response has the changes, or nil for none.
type PreTokenGenerationV2Response struct {
	ClaimsAndScopeOverrideDetails *ClaimsAndScopeOverrideDetails `json:"claimsAndScopeOverrideDetails"`
}

// ClaimsAndScopeOverrideDetails are the changes of versions V2_0 and V3_0.
type ClaimsAndScopeOverrideDetails struct {
	IDTokenGeneration     *IDTokenGeneration     `json:"idTokenGeneration"`
	AccessTokenGeneration *AccessTokenGeneration `json:"accessTokenGeneration"`
	GroupOverrideDetails  GroupOverrideDetails   `json:"groupOverrideDetails,omitzero"`
}

// IDTokenGeneration changes the ID token. Run leaves numbers as json.Number, so that none loses digits on its way.
type IDTokenGeneration struct {
	ClaimsToAddOrOverride map[string]any `json:"claimsToAddOrOverride"`
	ClaimsToSuppress      []string       `json:"claimsToSuppress"`
}

// AccessTokenGeneration changes the access token. Numbers as in IDTokenGeneration.
type AccessTokenGeneration struct {
	ClaimsToAddOrOverride map[string]any `json:"claimsToAddOrOverride"`
	ClaimsToSuppress      []string       `json:"claimsToSuppress"`
	ScopesToAdd           []string       `json:"scopesToAdd"`
	ScopesToSuppress      []string       `json:"scopesToSuppress"`
}

// GroupOverrideDetails replaces the user's groups and roles. Whether the function returned it matters: returned empty or
// null it removes the groups, left out it keeps them (TRG-087).
type GroupOverrideDetails struct {
	Returned           bool     `json:"-"` // set by decoding; a member with all fields zero is left out when encoding
	GroupsToOverride   []string `json:"groupsToOverride"`
	IAMRolesToOverride []string `json:"iamRolesToOverride"`
	PreferredRole      *string  `json:"preferredRole"`
}

// UnmarshalJSON notes that the member was there, also as null.
func (g *GroupOverrideDetails) UnmarshalJSON(data []byte) error {
	type plain GroupOverrideDetails
	p := plain{Returned: true}
	if err := json.Unmarshal(data, &p); err != nil {
		return err
	}
	*g = GroupOverrideDetails(p)
	return nil
}
