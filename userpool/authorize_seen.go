package userpool

import (
	"context"
	"crypto/rsa"
	"crypto/sha256"
	"sync"

	"github.com/cenote-auth/cenote/token"
)

// seenTokens remembers access tokens whose signature was found right: finding out costs more than the rest of a request, and
// the result never changes. What can change is asked each time: whether the key is still the pool's and published, the time,
// revocation, client and user (H4, H5). Tokens are known by their SHA-256.
type seenTokens struct {
	mu     sync.RWMutex
	tokens map[[sha256.Size]byte]seenToken
}

type seenToken struct {
	claims *token.Claims // shared: nobody changes them
	keys   *keysRecord   // the pool's keys, as they were stored
	kid    string        // the one that it was verified with
}

const (
	maxSeenTokens = 4096 // full is emptied
	maxSeenLength = 4096 // characters of a token; longer ones are verified each time
)

func (s *seenTokens) get(sum [sha256.Size]byte) (seenToken, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	t, ok := s.tokens[sum]
	return t, ok
}

func (s *seenTokens) put(sum [sha256.Size]byte, t seenToken) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.tokens == nil || len(s.tokens) >= maxSeenTokens {
		s.tokens = make(map[[sha256.Size]byte]seenToken)
	}
	s.tokens[sum] = t
}

// accessKeys is the token.KeySet for one token: the keys that its pool publishes now. It notes which one was asked for.
type accessKeys struct {
	stored    *keysRecord
	published token.StaticKeys
	asked     string
}

// Key implements token.KeySet.
func (k *accessKeys) Key(ctx context.Context, kid string) (*rsa.PublicKey, error) {
	k.asked = kid
	return k.published.Key(ctx, kid)
}

// verified reports whether the signature of a token that was seen before is still one of these keys.
func (k *accessKeys) verified(ctx context.Context, t seenToken) bool {
	if k.stored != t.keys {
		return false
	}
	_, err := k.published.Key(ctx, t.kid)
	return err == nil
}
