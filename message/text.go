package message

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/cenote-auth/cenote/awsapi"
)

// ErrInvalidParameter is the code of a text that a custom message function wrote and that is no template (TRG-112).
const ErrInvalidParameter awsapi.Code = "InvalidParameterException"

// Text is the templates of one message.
type Text struct {
	SMS     string
	Email   string // HTML
	Subject string
}

// DefaultText returns what a pool without templates sends on an occasion (MSG-006, MSG-007). Notifications have no default.
func DefaultText(k Kind) Text {
	switch k {
	case AdminCreateUser:
		const body = "Your username is {username} and temporary password is {####}. "
		return Text{SMS: body, Email: body, Subject: "Your temporary password"}
	case ForgotPassword:
		const body = "Your password reset code is {####}"
		return Text{SMS: body, Email: body, Subject: "Your password reset code"}
	case Authentication:
		const body = "Your authentication code is {####}. "
		return Text{SMS: body, Email: body, Subject: "Your authentication code"}
	case AccountTakeOverNotification:
		return Text{}
	default:
		const body = "Your verification code is {####}. "
		return Text{SMS: body, Email: body, Subject: "Your verification code"}
	}
}

// DefaultLinkText returns what a pool without templates sends when it verifies by link (MSG-006); there is no link in SMS.
func DefaultLinkText() Text {
	return Text{
		Email:   "Please click the link below to verify your email address. {##Verify Email##} ",
		Subject: "Your verification link",
	}
}

// Part is a member of a message, spelt as in AWS's error texts.
type Part string

// The parts.
const (
	PartSMS     Part = "smsMessage"
	PartEmail   Part = "emailBody"
	PartSubject Part = "emailSubject"
)

// Placeholders is a set of placeholders.
type Placeholders int

// The placeholders that a template may have to contain.
const (
	CodePlaceholder Placeholders = 1 << iota
	UsernamePlaceholder
	LinkPlaceholder
)

// Contains returns which placeholders a template has.
func Contains(template string) Placeholders {
	var found Placeholders
	if strings.Contains(template, codePlaceholder) {
		found |= CodePlaceholder
	}
	if strings.Contains(template, usernamePlaceholder) {
		found |= UsernamePlaceholder
	}
	if _, rest, ok := strings.Cut(template, linkStart); ok && strings.Contains(rest, linkEnd) {
		found |= LinkPlaceholder
	}
	return found
}

// MaxLength returns how many characters the part may have (MSG-002, TRG-113).
func (p Part) MaxLength() int {
	if p == PartEmail {
		return 20_000
	}
	return 140
}

// TooLong reports whether a rendered text exceeds MaxLength; values that stand for placeholders count (MSG-010).
func (p Part) TooLong(rendered string) bool {
	return utf8.RuneCountInString(rendered) > p.MaxLength()
}

// Check holds a text that a custom message function returned against the rules for templates: not empty, the part's
// characters (MSG-003, MSG-004), and the placeholders it must have. The error is InvalidParameterException with AWS's
// sentence (TRG-112), which repeats the text; check its length first.
func (p Part) Check(template string, must Placeholders) error {
	if template == "" {
		return ErrInvalidParameter.New("The message is empty.")
	}
	missing := must &^ Contains(template)
	if missing == 0 && utf8.ValidString(template) && !strings.ContainsFunc(template, p.forbids(must)) {
		return nil
	}
	return ErrInvalidParameter.New(fmt.Sprintf("1 validation error detected: Value '%s' at '%s' failed to satisfy constraint: "+
		"Member must satisfy regular expression pattern: %s", template, p, p.pattern(must, missing)))
}

// forbids returns the characters that the pattern of the part does not match.
func (p Part) forbids(must Placeholders) func(rune) bool {
	if p != PartSMS {
		return func(r rune) bool {
			return !unicode.In(r, unicode.L, unicode.M, unicode.S, unicode.N, unicode.P) && !isSpace(r)
		}
	}
	if must&CodePlaceholder == 0 || must&UsernamePlaceholder != 0 { // SmsInviteMessageType
		return func(rune) bool { return false }
	}
	return func(r rune) bool { // what a full stop does not match in Java
		return r == '\n' || r == '\r' || r == 0x85 || r == 0x2028 || r == 0x2029
	}
}

// isSpace is Java's \s.
func isSpace(r rune) bool { return r == ' ' || '\t' <= r && r <= '\r' }

// pattern returns the regular expression of the model that names the first missing placeholder, or else the first one
// that is demanded.
func (p Part) pattern(must, missing Placeholders) string {
	around := `[\p{L}\p{M}\p{S}\p{N}\p{P}\s*]*`
	switch p {
	case PartSubject:
		return `[\p{L}\p{M}\p{S}\p{N}\p{P}\s]+`
	case PartSMS:
		around = `.*`
	}
	if missing == 0 {
		missing = must
	}
	switch {
	case missing&LinkPlaceholder != 0:
		return around + `\{##` + around + `##\}` + around
	case missing&CodePlaceholder != 0:
		return around + `\{####\}` + around
	case missing&UsernamePlaceholder != 0:
		return around + `\{username\}` + around
	default:
		return around
	}
}
