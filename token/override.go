package token

import (
	"maps"
	"reflect"
	"slices"
	"strings"
	"unicode"
)

// Overrides is what a pre token generation trigger wants changed. What it may not
// change is left as it is, without an error (AUTH-505).
type Overrides struct {
	// Set adds claims or replaces them. Values are what encoding/json can write;
	// nil ones are ignored.
	Set map[string]any

	// Suppress removes claims, also those that Set names.
	Suppress []string

	// AddScopes and SuppressScopes change the scope of an access token (AUTH-509).
	// Scopes that are empty, hold white space or begin with aws.cognito are not
	// added.
	AddScopes, SuppressScopes []string
}

// Protected reports whether the claim is out of a trigger's reach in tokens of the
// use. In ID tokens that is AUTH-505 and OIDC-110; in access tokens AUTH-507 too.
func Protected(use Use, name string) bool {
	switch name {
	case "acr", "amr", "aud", "at_hash", "auth_time", "azp", "cognito:username", "exp", "iat", "identities",
		"iss", "jti", "nbf", "nonce", "origin_jti", "sub", "token_use":
		return true
	}
	if use != Access {
		return false
	}
	switch name {
	case "client_id", "device_key", "event_id", "scope", "username", "version":
		return true
	}
	return strings.HasPrefix(name, "cognito:")
}

// apply changes the claims of a token. Claims that are made by this package for
// everybody's reliance stay: the protected ones, and sid where there is one.
func (o *Overrides) apply(use Use, claims map[string]any) {
	_, session := claims["sid"]
	untouchable := func(name string) bool { return Protected(use, name) || session && name == "sid" }
	for name, value := range o.Set {
		if name != "" && value != nil && !untouchable(name) && (use != ID || fits(name, value)) {
			claims[name] = value
		}
	}
	maps.DeleteFunc(claims, func(name string, _ any) bool {
		return slices.Contains(o.Suppress, name) && !untouchable(name)
	})
}

// fits reports whether an ID token's claim may have the value: some must stay
// simple (AUTH-506).
func fits(name string, value any) bool {
	switch name {
	case "phone_number_verified", "email_verified", "updated_at", "address":
		switch reflect.ValueOf(value).Kind() {
		case reflect.Map, reflect.Slice, reflect.Array, reflect.Struct, reflect.Pointer:
			return false
		}
	}
	return true
}

// scopes returns the scopes after the change.
func (o *Overrides) scopes(granted []string) []string {
	out := slices.Clone(granted)
	for _, s := range o.AddScopes {
		if s != "" && !strings.ContainsFunc(s, unicode.IsSpace) && !strings.HasPrefix(s, "aws.cognito") && !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return slices.DeleteFunc(out, func(s string) bool { return slices.Contains(o.SuppressScopes, s) })
}
