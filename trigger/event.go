package trigger

import "encoding/json"

// The values of Event.Version: pre token generation has three, all other triggers have the first (TRG-002).
const (
	Version1 = "1"
	Version2 = "2"
	Version3 = "3"
)

// What AWS writes into CallerContext when there is nothing to say (TRG-003).
const (
	unknownSDK = "aws-sdk-unknown-unknown"
	noClient   = "CLIENT_ID_NOT_APPLICABLE"
)

// Event is what every function receives and returns. Only Response of the returned event is read (TRG-007).
type Event[Req, Resp any] struct {
	Version       string        `json:"version"` // Run and Notify write Version1 into an empty one
	TriggerSource Source        `json:"triggerSource"`
	Region        string        `json:"region"`
	UserPoolID    string        `json:"userPoolId"`
	UserName      string        `json:"userName"`
	CallerContext CallerContext `json:"callerContext"`
	Request       Req           `json:"request"`
	Response      Resp          `json:"response"`
}

// CallerContext is where the call came from. Run and Notify fill in AWS's words for what is empty (TRG-003).
type CallerContext struct {
	AWSSDKVersion string `json:"awsSdkVersion"`
	ClientID      string `json:"clientId"` // the app client; empty for signed operations without one
}

func (e Event[Req, Resp]) withDefaults() Event[Req, Resp] {
	if e.Version == "" {
		e.Version = Version1
	}
	if e.CallerContext.AWSSDKVersion == "" {
		e.CallerContext.AWSSDKVersion = unknownSDK
	}
	if e.CallerContext.ClientID == "" {
		e.CallerContext.ClientID = noClient
	}
	return e
}

// Attributes is a user's attributes; verified flags and cognito:user_status are text (TRG-005). It is never null: a nil map
// encodes as {}.
type Attributes map[string]string

// MarshalJSON encodes nil as {}.
func (a Attributes) MarshalJSON() ([]byte, error) {
	if a == nil {
		return []byte("{}"), nil
	}
	return json.Marshal(map[string]string(a))
}

// List is a list that is never null: nil encodes as [].
type List[T any] []T

// MarshalJSON encodes nil as [].
func (l List[T]) MarshalJSON() ([]byte, error) {
	if l == nil {
		return []byte("[]"), nil
	}
	return json.Marshal([]T(l))
}

// NoResponse is the response of triggers whose answer holds nothing: an object, whatever its members.
type NoResponse struct{}
