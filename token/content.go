package token

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"strconv"
	"strings"
	"time"
)

// Base is what ID and access tokens have in common. Times are written in whole
// seconds (AUTH-476); what is zero is left out, except where it says required.
type Base struct {
	Issuer    string    // iss; required
	Subject   string    // sub; required
	ClientID  string    // aud of an ID token, client_id of an access token; required
	IssuedAt  time.Time // iat; required
	Expires   time.Time // exp; required, after IssuedAt
	AuthTime  time.Time // auth_time, the time of the sign-in; required
	JTI       string    // jti, other in every token (AUTH-482)
	OriginJTI string    // origin_jti, the same in all tokens of a sign-in
	EventID   string    // event_id (AUTH-483)
	Groups    []string  // cognito:groups (AUTH-484)
	ACR       string    // acr, the level of the authentication (NEW-097)
	AMR       []string  // amr, its methods
	SessionID string    // sid (NEW-046)
}

// usualMembers is room for the claims of most tokens.
const usualMembers = 24

func (b *Base) members(use Use) (map[string]any, error) {
	switch {
	case b.Issuer == "":
		return nil, errors.New("no issuer")
	case b.Subject == "":
		return nil, errors.New("no subject")
	case b.ClientID == "":
		return nil, errors.New("no client id")
	case b.IssuedAt.IsZero() || b.AuthTime.IsZero():
		return nil, errors.New("no time of issue or authentication")
	case b.Expires.Unix() <= b.IssuedAt.Unix():
		return nil, errors.New("expires before it is issued")
	}
	m := make(map[string]any, usualMembers)
	m["iss"], m["sub"], m["token_use"] = b.Issuer, b.Subject, string(use)
	m["iat"], m["exp"], m["auth_time"] = b.IssuedAt.Unix(), b.Expires.Unix(), b.AuthTime.Unix()
	addText(m, "jti", b.JTI)
	addText(m, "origin_jti", b.OriginJTI)
	addText(m, "event_id", b.EventID)
	addText(m, "acr", b.ACR)
	addText(m, "sid", b.SessionID)
	addList(m, "cognito:groups", b.Groups)
	addList(m, "amr", b.AMR)
	return m, nil
}

func addText(m map[string]any, name, value string) {
	if value != "" {
		m[name] = value
	}
}

func addList(m map[string]any, name string, values []string) {
	if len(values) > 0 {
		m[name] = values
	}
}

// IDClaims is the content of an ID token, AUTH-477 to AUTH-494.
type IDClaims struct {
	Base
	Username      string            // cognito:username; required
	Roles         []string          // cognito:roles
	PreferredRole string            // cognito:preferred_role
	Identities    []LinkedIdentity  // identities
	Nonce         string            // nonce
	AtHash        string            // at_hash, see [AtHash]
	Attributes    map[string]string // the released attributes under their own names
	Overrides     Overrides         // what a trigger changes, applied last
}

// LinkedIdentity is one element of the claim identities. The texts are the form
// that it has there (AUTH-492).
type LinkedIdentity struct {
	UserID       string
	ProviderName string
	ProviderType string
	Issuer       string    // null when empty
	Primary      bool      // written as the text "true" or "false"
	DateCreated  time.Time // written as milliseconds, as text
}

// MarshalJSON writes the element as the claim has it.
func (l LinkedIdentity) MarshalJSON() ([]byte, error) {
	var issuer *string
	if l.Issuer != "" {
		issuer = &l.Issuer
	}
	return marshal(struct {
		UserID       string  `json:"userId"`
		ProviderName string  `json:"providerName"`
		ProviderType string  `json:"providerType"`
		Issuer       *string `json:"issuer"`
		Primary      string  `json:"primary"`
		DateCreated  string  `json:"dateCreated"`
	}{l.UserID, l.ProviderName, l.ProviderType, issuer, strconv.FormatBool(l.Primary), strconv.FormatInt(l.DateCreated.UnixMilli(), 10)})
}

func (c *IDClaims) members() (map[string]any, error) {
	m, err := c.Base.members(ID)
	if err != nil {
		return nil, err
	}
	if c.Username == "" {
		return nil, errors.New("no username")
	}
	m["aud"] = c.ClientID
	m["cognito:username"] = c.Username
	addList(m, "cognito:roles", c.Roles)
	addText(m, "cognito:preferred_role", c.PreferredRole)
	addText(m, "nonce", c.Nonce)
	addText(m, "at_hash", c.AtHash)
	if len(c.Identities) > 0 {
		m["identities"] = c.Identities
	}
	for name, value := range c.Attributes {
		// What this package writes by itself is never an attribute's to say.
		if _, taken := m[name]; !taken && !Protected(ID, name) && !strings.HasPrefix(name, "cognito:") {
			m[name] = attribute(name, value)
		}
	}
	c.Overrides.apply(ID, m)
	return m, nil
}

// attribute is the JSON form of an attribute in an ID token, AUTH-487 to AUTH-491.
func attribute(name, value string) any {
	switch name {
	case "email_verified", "phone_number_verified":
		return strings.EqualFold(value, "true")
	case "address":
		return map[string]string{"formatted": value}
	case "updated_at":
		if n, err := strconv.ParseInt(value, 10, 64); err == nil {
			return n
		}
	}
	return value
}

// AccessClaims is the content of an access token, AUTH-495 to AUTH-503; that of
// client credentials (OIDC-102) has no Username, Groups and OriginJTI.
type AccessClaims struct {
	Base
	Username  string    // username
	Scopes    []string  // scope, joined by spaces
	Version   int       // version; 2 in tokens of the OAuth endpoints, else 0
	DeviceKey string    // device_key
	Audience  string    // aud, the resource that the token is bound to
	Overrides Overrides // what a trigger changes, applied last
}

func (c *AccessClaims) members() (map[string]any, error) {
	m, err := c.Base.members(Access)
	if err != nil {
		return nil, err
	}
	m["client_id"] = c.ClientID
	addText(m, "username", c.Username)
	addText(m, "device_key", c.DeviceKey)
	addText(m, "aud", c.Audience)
	addText(m, "scope", strings.Join(c.Overrides.scopes(c.Scopes), " "))
	if c.Version != 0 {
		m["version"] = c.Version
	}
	c.Overrides.apply(Access, m)
	return m, nil
}

// AtHash returns the claim at_hash for an access token: the left half of its
// SHA-256 (OpenID Connect Core, section 3.1.3.6).
func AtHash(accessToken string) string {
	sum := sha256.Sum256([]byte(accessToken))
	return base64.RawURLEncoding.EncodeToString(sum[:len(sum)/2])
}
