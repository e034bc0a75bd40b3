package userpool_test

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
)

// claimsOf decodes the claims of a token without checking anything.
func claimsOf(t *testing.T, token string) map[string]any {
	t.Helper()
	return decodePart(t, token, 1)
}

func decodePart(t *testing.T, token string, i int) map[string]any {
	t.Helper()
	parts := strings.Split(token, ".")
	raw, err := base64.RawURLEncoding.DecodeString(parts[i])
	check(t, err)
	var m map[string]any
	check(t, json.Unmarshal(raw, &m))
	return m
}
