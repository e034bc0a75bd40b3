package srp

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"io"
)

// SecretHash returns the SECRET_HASH of AUTH-071: 44 characters of base64. The
// username is the one in the same request, byte for byte. Compare it as
// [EqualSecretHash] does.
func SecretHash(username, clientID, clientSecret string) string {
	m := hmac.New(sha256.New, []byte(clientSecret))
	io.WriteString(m, username)
	io.WriteString(m, clientID)
	return base64.StdEncoding.EncodeToString(m.Sum(nil))
}

// EqualSecretHash reports whether got is the SECRET_HASH of the username, in a
// time that does not tell where it differs.
func EqualSecretHash(got, username, clientID, clientSecret string) bool {
	return hmac.Equal([]byte(got), []byte(SecretHash(username, clientID, clientSecret)))
}
