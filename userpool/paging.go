package userpool

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"time"

	"github.com/cenote-auth/cenote/awsapi"
	"github.com/cenote-auth/cenote/internal/seal"
	"github.com/cenote-auth/cenote/store"
	"github.com/cenote-auth/cenote/store/driver"
)

// Page tokens are sealed cursors, good for an hour, and only for the same operation with the same parameters (M5, USR-083).
const pageTokenLife = time.Hour

// pageKey is what a page token is bound to: the operation, its pool, its filter and whatever else chose the range.
type pageKey []string

func pageOf(op *awsapi.Operation, parts ...string) pageKey {
	return append(pageKey{op.Name}, parts...)
}

func (k pageKey) place() seal.Place {
	sum := sha256.Sum256([]byte(store.Tuple(k...)))
	return seal.Place{Kind: "page", Key: string(sum[:]), Field: k[0]}
}

// pageToken seals a cursor; the end of the range is the empty token.
func (s *Service) pageToken(ctx context.Context, k pageKey, c driver.Cursor) (string, error) {
	if c == "" {
		return "", nil
	}
	plain := binary.BigEndian.AppendUint64(nil, uint64(s.store.Now().Add(pageTokenLife).Unix()))
	sealed, err := s.vault.SealShort(ctx, "page", k.place(), append(plain, c...))
	if err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(sealed), nil
}

// errPageToken is a page token that this service did not make for this list, or too long ago (USR-083, unconfirmed text).
var errPageToken = ErrInvalidParameter.New("Invalid pagination token given.")

// pageCursor opens a token; "" is the start. A token that was changed, made for something else or has expired is refused.
func (s *Service) pageCursor(ctx context.Context, k pageKey, token string) (driver.Cursor, error) {
	if token == "" {
		return "", nil
	}
	sealed, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil {
		return "", errPageToken
	}
	plain, err := s.vault.OpenShort(ctx, "page", k.place(), sealed)
	if errors.Is(err, seal.ErrOpen) || err == nil && len(plain) < 8 {
		return "", errPageToken
	}
	if err != nil {
		return "", err
	}
	if end := time.Unix(int64(binary.BigEndian.Uint64(plain)), 0); !s.store.Now().Before(end) {
		return "", errPageToken
	}
	return driver.Cursor(plain[8:]), nil
}
