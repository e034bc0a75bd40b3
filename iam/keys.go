package iam

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"regexp"
	"sync"
	"time"
)

// ErrUnknownKey is what [AccessKeys] return for an access key that does not exist or is switched off, and for a session
// token that does not belong to the key. Callers are told nothing more precise (SIGV4-043).
var ErrUnknownKey = errors.New("iam: unknown access key")

// AccessKeys finds access keys. Implementations MUST be safe for concurrent use, MUST NOT answer from a cache that outlives
// the deactivation of a key, and SHOULD take as long for unknown keys as for known ones.
type AccessKeys interface {
	// Lookup returns the access key with this id, or an error that is [ErrUnknownKey]. The token is the one that came with
	// the request, empty if none did: a key with a token needs exactly that token, one without must come without.
	Lookup(ctx context.Context, id, token string) (AccessKey, error)
}

// AccessKey is a key pair and the principal it stands for.
type AccessKey struct {
	ID        string // "AKIA…" for a long-term key, "ASIA…" for a temporary one (SIGV4-050)
	Secret    Secret
	Expires   time.Time // the zero time for a long-term key
	Principal Principal
}

// Secret is a secret access key. It does not show itself in logs and formatted texts.
type Secret string

const redacted = "[secret]"

// Format writes a placeholder, whatever the verb.
func (Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// MarshalText returns a placeholder, so that JSON shows nothing either.
func (Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// LogValue returns a placeholder.
func (Secret) LogValue() slog.Value { return slog.StringValue(redacted) }

// StaticKeys is a fixed set of long-term access keys.
type StaticKeys struct{ keys map[string]AccessKey }

var keyID = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z0-9_]{4,128}$`) })

// minSecret is the shortest secret that NewStaticKeys takes, in bytes. AWS deals 40.
const minSecret = 16

// NewStaticKeys returns a source of these keys. Each has an id of 4 to 128 letters, digits and underscores that no other
// key has, a secret of at least 16 bytes, no expiry, and a principal with an ARN and an account.
func NewStaticKeys(keys ...AccessKey) (*StaticKeys, error) {
	s := &StaticKeys{keys: make(map[string]AccessKey, len(keys))}
	for _, k := range keys {
		_, twice := s.keys[k.ID]
		switch {
		case !keyID().MatchString(k.ID):
			return nil, fmt.Errorf("iam: access key id %q is not 4 to 128 letters, digits or underscores", k.ID)
		case twice:
			return nil, fmt.Errorf("iam: access key %s is there twice", k.ID)
		case len(k.Secret) < minSecret:
			return nil, fmt.Errorf("iam: secret of access key %s is shorter than %d bytes", k.ID, minSecret)
		case !k.Expires.IsZero():
			return nil, fmt.Errorf("iam: access key %s expires, static keys do not", k.ID)
		case k.Principal.ARN == "" || k.Principal.Account == "":
			return nil, fmt.Errorf("iam: access key %s has no principal ARN or no account", k.ID)
		}
		s.keys[k.ID] = k
	}
	return s, nil
}

// Lookup returns the key with this id. A token is refused, because long-term keys have none.
func (s *StaticKeys) Lookup(_ context.Context, id, token string) (AccessKey, error) {
	k, ok := s.keys[id]
	if !ok || token != "" {
		return AccessKey{}, ErrUnknownKey
	}
	return k, nil
}
