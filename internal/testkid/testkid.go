// Package testkid tells the kids of the fixed keys that tests use. The keys are public, so a server refuses them (H5); this
// package knows no key.
package testkid

import (
	"encoding/base64"
	"strings"
)

// Prefix begins the 32 bytes that the base64 of a test kid holds. Real kids are random.
const Prefix = "cenote public test key "

// Is reports whether kid is that of a test key.
func Is(kid string) bool {
	b, err := base64.StdEncoding.DecodeString(kid)
	return err == nil && strings.HasPrefix(string(b), Prefix)
}
