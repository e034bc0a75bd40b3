package gateway

import (
	"net/http"
	"strings"

	"github.com/cenote-auth/cenote/token"
)

// bearer returns the token of the one Authorization header (RFC 6750 section 2.1). It is as strict as the grammar: a header
// that another parser could read otherwise is no header.
func bearer(h http.Header) (string, *refusal) {
	values := h["Authorization"]
	switch len(values) {
	case 0:
		return "", &refusal{status: http.StatusUnauthorized, challenge: true}
	case 1:
	default:
		return "", malformed("More than one Authorization header")
	}
	scheme, rest, _ := strings.Cut(values[0], " ")
	if !strings.EqualFold(scheme, "Bearer") { // another scheme is no attempt at this one
		return "", &refusal{status: http.StatusUnauthorized, challenge: true}
	}
	raw := strings.TrimLeft(rest, " ")
	if len(raw) > token.MaxLength {
		return "", invalidToken("The token is too long")
	}
	stem := strings.TrimRight(raw, "=")
	if stem == "" || strings.ContainsFunc(stem, notInToken) {
		return "", malformed("The Authorization header is not a bearer token")
	}
	return raw, nil
}

func alphanumeric(r rune) bool {
	return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9'
}

// notInToken is what b64token does not have before its padding (RFC 6750 section 2.1).
func notInToken(r rune) bool { return !alphanumeric(r) && !strings.ContainsRune("-._~+/", r) }

// notInName is what the name of a header does not have (RFC 9110 section 5.6.2).
func notInName(r rune) bool { return !alphanumeric(r) && !strings.ContainsRune("!#$%&'*+-.^_`|~", r) }

// notInScope is what scope-token does not have (RFC 6749 section 3.3).
func notInScope(r rune) bool { return r == ' ' || notInQuotes(r) }

// notInQuotes is what would have to be escaped in a quoted string.
func notInQuotes(r rune) bool { return r < ' ' || r > '~' || r == '"' || r == '\\' }

// refusal is the answer to a request that does not pass.
type refusal struct {
	status      int
	challenge   bool   // with WWW-Authenticate
	code        string // of RFC 6750 section 3.1; "" tells nothing to who has shown no token
	description string // with code
	scope       string // what would do
}

func malformed(description string) *refusal {
	return &refusal{status: http.StatusBadRequest, challenge: true, code: "invalid_request", description: description}
}

func invalidToken(description string) *refusal {
	return &refusal{status: http.StatusUnauthorized, challenge: true, code: "invalid_token", description: description}
}

func tooLittle(scopes []string) *refusal {
	return &refusal{
		status: http.StatusForbidden, challenge: true, code: "insufficient_scope", description: "The token grants too little",
		scope: strings.Join(scopes, " "),
	}
}

// write answers the refusal. Every text in it is ours or the operator's and needs no escapes.
func (f *refusal) write(w http.ResponseWriter, realm string) {
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	if f.challenge {
		h.Set("WWW-Authenticate", f.authenticate(realm))
	}
	if f.status == http.StatusServiceUnavailable {
		h.Set("Retry-After", retryAfter)
	}
	w.WriteHeader(f.status)
	w.Write([]byte(`{"message":"` + http.StatusText(f.status) + `"}`))
}

// authenticate returns the challenge (RFC 6750 section 3).
func (f *refusal) authenticate(realm string) string {
	var parts []string
	for _, p := range [][2]string{{"realm", realm}, {"error", f.code}, {"error_description", f.description}, {"scope", f.scope}} {
		if p[1] != "" {
			parts = append(parts, p[0]+`="`+p[1]+`"`)
		}
	}
	return strings.TrimSuffix("Bearer "+strings.Join(parts, ", "), " ")
}
