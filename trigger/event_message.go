package trigger

import "strings"

// What a custom message function puts where the code, the link and the user name belong (TRG-111).
const (
	CodeParameter     = "{####}"
	LinkParameter     = "{##Click Here##}"
	UsernameParameter = "{username}"
)

// CustomMessageEvent asks for the text of a message (TRG-110…117).
type CustomMessageEvent = Event[CustomMessageRequest, CustomMessageResponse]

// CustomMessageRequest is the addressee and the placeholders.
type CustomMessageRequest struct {
	UserAttributes    Attributes        `json:"userAttributes"`
	CodeParameter     string            `json:"codeParameter"`
	LinkParameter     string            `json:"linkParameter"`
	UsernameParameter *string           `json:"usernameParameter"` // only for AdminCreateUser
	ClientMetadata    map[string]string `json:"clientMetadata"`
}

// CustomMessageResponse has the texts; nil keeps the pool's template (TRG-112).
type CustomMessageResponse struct {
	SMSMessage   *string `json:"smsMessage"`
	EmailMessage *string `json:"emailMessage"`
	EmailSubject *string `json:"emailSubject"`
}

// The values of CustomSenderRequest.Type (TRG-121).
const (
	EmailSenderRequest = "customEmailSenderRequestV1"
	SMSSenderRequest   = "customSMSSenderRequestV1"
)

// CustomSenderEvent hands a code to a function that delivers it, by e-mail or SMS (TRG-120…125). Its answer is not read.
type CustomSenderEvent = Event[CustomSenderRequest, NoResponse]

// CustomSenderRequest is the encrypted code and whom it is for.
type CustomSenderRequest struct {
	Type           string            `json:"type"`
	Code           *string           `json:"code"` // base64; nil for notifications (TRG-122, TRG-125)
	ClientMetadata map[string]string `json:"clientMetadata"`
	UserAttributes Attributes        `json:"userAttributes"`
}

// SenderSecret returns a code or temporary password as it is before it gets encrypted for a custom sender: with <, > and &
// HTML-escaped, which leaves codes of digits as they are (TRG-123).
func SenderSecret(secret string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(secret)
}
