package token

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// Claims is the content of a token that was checked. Claims that the token has not
// are zero.
type Claims struct {
	Issuer    string
	Subject   string
	Use       Use
	ClientID  string   // client_id of an access token; aud of an ID token, if it is one
	Audience  []string // aud, whether text or list
	Username  string   // username, or cognito:username
	Groups    []string // cognito:groups
	Scope     string   // scope, separated by spaces
	IssuedAt  time.Time
	Expires   time.Time
	AuthTime  time.Time
	JTI       string
	OriginJTI string
	EventID   string
	DeviceKey string
	ACR       string
	AMR       []string

	// Raw is the whole content as encoding/json decodes it: numbers are float64.
	Raw map[string]any
}

// HasScope reports whether the scope was granted.
func (c *Claims) HasScope(scope string) bool {
	for s := range strings.FieldsSeq(c.Scope) {
		if s == scope {
			return true
		}
	}
	return false
}

// InGroup reports whether the user is in the group.
func (c *Claims) InGroup(group string) bool { return slices.Contains(c.Groups, group) }

// isFor reports whether the token was made for the client. The aud of an access
// token is a resource, never a client.
func (c *Claims) isFor(clientID string) bool {
	return c.ClientID == clientID || c.Use != Access && slices.Contains(c.Audience, clientID)
}

// readClaims takes the claims out of the decoded content. A claim of another type
// than its own is an error: who relies on it could read it in two ways.
func readClaims(raw map[string]any) (*Claims, error) {
	r := reader{raw: raw}
	c := &Claims{
		Issuer:    r.text("iss"),
		Subject:   r.text("sub"),
		Use:       Use(r.text("token_use")),
		Groups:    r.texts("cognito:groups"),
		Scope:     r.text("scope"),
		IssuedAt:  r.time("iat"),
		Expires:   r.time("exp"),
		AuthTime:  r.time("auth_time"),
		JTI:       r.text("jti"),
		OriginJTI: r.text("origin_jti"),
		EventID:   r.text("event_id"),
		DeviceKey: r.text("device_key"),
		ACR:       r.text("acr"),
		AMR:       r.texts("amr"),
		Raw:       raw,
	}
	if _, single := raw["aud"].(string); single {
		c.Audience = []string{r.text("aud")}
	} else {
		c.Audience = r.texts("aud")
	}
	// A trigger may put the other token's names into an ID token: they count for
	// nothing there.
	if c.Use != ID {
		c.ClientID, c.Username = r.text("client_id"), r.text("username")
	}
	if c.ClientID == "" && c.Use != Access && len(c.Audience) == 1 {
		c.ClientID = c.Audience[0]
	}
	if c.Username == "" && c.Use != Access {
		c.Username = r.text("cognito:username")
	}
	if c.Expires.IsZero() {
		r.fail("exp")
	}
	if r.bad != "" {
		return nil, fmt.Errorf("%w: claim %s", ErrMalformed, r.bad)
	}
	return c, nil
}

// reader takes typed claims out of raw and remembers the first one of a wrong type.
type reader struct {
	raw map[string]any
	bad string
}

func (r *reader) fail(name string) {
	if r.bad == "" {
		r.bad = name
	}
}

func (r *reader) text(name string) string {
	v, present := r.raw[name]
	s, ok := v.(string)
	if present && !ok {
		r.fail(name)
	}
	return s
}

func (r *reader) texts(name string) []string {
	v, present := r.raw[name]
	if !present {
		return nil
	}
	list, ok := v.([]any)
	if !ok {
		r.fail(name)
		return nil
	}
	out := make([]string, len(list))
	for i, v := range list {
		if out[i], ok = v.(string); !ok {
			r.fail(name)
		}
	}
	return out
}

// maxSeconds is the end of year 9999, beyond which a time.Time has no RFC 3339 form.
const maxSeconds = 253402300799

func (r *reader) time(name string) time.Time {
	v, present := r.raw[name]
	if !present {
		return time.Time{}
	}
	seconds, ok := v.(float64)
	if !ok || !(seconds >= 0 && seconds <= maxSeconds) {
		r.fail(name)
		return time.Time{}
	}
	whole, fraction := math.Modf(seconds)
	return time.Unix(int64(whole), int64(fraction*1e9)).UTC()
}
