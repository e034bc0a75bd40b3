package token

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"

	"github.com/go-jose/go-jose/v4"
)

// Refresh is what a refresh token says: which family of tokens it is from, and
// which one of it. All else stands in the family's record.
type Refresh struct {
	Family     string // 1 to 255 bytes
	Generation uint64
}

// RefreshConfig is the configuration of a [RefreshSealer].
type RefreshConfig struct {
	// Key encrypts and decrypts the envelope. It is required, and must not be in
	// any key set: the envelope keeps nobody from making one, but a published key
	// would suggest that it does.
	Key *rsa.PrivateKey

	// Secret authenticates the content; required, at least 32 bytes.
	Secret []byte

	Gate Gate      // passed by every decryption; nil runs them at once
	Rand io.Reader // nil is the system's; RSA's own randomness is the system's always
}

// RefreshSealer makes and opens refresh tokens: compact JWEs by RSA-OAEP and
// A256GCM (AUTH-475). Encryption with a public key proves nothing, so what counts
// is the MAC inside, under a secret of ours and bound to the pool. It is safe for
// concurrent use.
type RefreshSealer struct {
	cfg RefreshConfig

	mu      sync.Mutex
	content *contentKey // that the next token is encrypted with
}

// contentKey is a key of envelopes and its own encryption, which costs more than
// all the rest of a token. So it serves many tokens, each under a nonce of its own:
// far fewer than the 2³² that SP 800-38D section 8.3 allows for random nonces.
type contentKey struct {
	aead    cipher.AEAD
	wrapped string // base64
	left    int    // tokens that it may still encrypt
}

const contentKeyUses = 1 << 16

// refreshHeader is the protected header as AUTH-475 gives it. Tokens with any other
// one are not ours: so there is no zip, no other algorithm and no extension.
const refreshHeader = `{"cty":"JWT","enc":"A256GCM","alg":"RSA-OAEP"}`

var encodedRefreshHeader = base64.RawURLEncoding.EncodeToString([]byte(refreshHeader))

// maxRefresh bounds the text of a refresh token. One with a key of 4,096 bits has
// some 1,300 characters.
const maxRefresh = 4096

// NewRefreshSealer returns a RefreshSealer.
func NewRefreshSealer(cfg RefreshConfig) (*RefreshSealer, error) {
	if cfg.Key == nil {
		return nil, errors.New("token: RefreshConfig.Key is required")
	}
	if err := checkPublicKey(&cfg.Key.PublicKey); err != nil {
		return nil, fmt.Errorf("token: RefreshConfig.Key: %w", err)
	}
	if len(cfg.Secret) < sha256.Size {
		return nil, fmt.Errorf("token: RefreshConfig.Secret has %d bytes, needs %d", len(cfg.Secret), sha256.Size)
	}
	if cfg.Gate == nil {
		cfg.Gate = ungated
	}
	if cfg.Rand == nil {
		cfg.Rand = rand.Reader
	}
	return &RefreshSealer{cfg: cfg}, nil
}

// Seal returns a new text for the refresh token; no two are equal. The first of
// 65,536 costs a public-key operation. go-jose would write the header in another
// order, hence the envelope is made here, by RFC 7516 section 5.1.
func (s *RefreshSealer) Seal(pool string, r Refresh) (string, error) {
	if r.Family == "" || len(r.Family) > 255 {
		return "", fmt.Errorf("seal refresh token: family of %d bytes", len(r.Family))
	}
	key, err := s.contentKey()
	if err != nil {
		return "", fmt.Errorf("seal refresh token: %w", err)
	}
	var nonce [12]byte
	if _, err := io.ReadFull(s.cfg.Rand, nonce[:]); err != nil {
		return "", fmt.Errorf("seal refresh token: %w", err)
	}
	content := s.encode(pool, r)
	sealed := key.aead.Seal(make([]byte, 0, len(content)+key.aead.Overhead()), nonce[:], content, []byte(encodedRefreshHeader))
	text, tag := sealed[:len(content)], sealed[len(content):]
	raw := make([]byte, 0, len(encodedRefreshHeader)+len(key.wrapped)+4+(len(nonce)+len(text)+len(tag)+3)*4/3)
	raw = append(append(append(raw, encodedRefreshHeader...), '.'), key.wrapped...)
	for _, part := range [][]byte{nonce[:], text, tag} {
		raw = base64.RawURLEncoding.AppendEncode(append(raw, '.'), part)
	}
	return string(raw), nil
}

// contentKey returns the key for one more token.
func (s *RefreshSealer) contentKey() (*contentKey, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.content == nil || s.content.left == 0 {
		k, err := s.newContentKey()
		if err != nil {
			return nil, err
		}
		s.content = k
	}
	s.content.left--
	return s.content, nil
}

func (s *RefreshSealer) newContentKey() (*contentKey, error) {
	var key [32]byte
	if _, err := io.ReadFull(s.cfg.Rand, key[:]); err != nil {
		return nil, err
	}
	wrapped, err := rsa.EncryptOAEP(sha1.New(), rand.Reader, &s.cfg.Key.PublicKey, key[:], nil)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key[:])
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCM(block)
	return &contentKey{aead: aead, wrapped: base64.RawURLEncoding.EncodeToString(wrapped), left: contentKeyUses}, err
}

// Open returns what the token says if this sealer made it for the pool, and
// ErrRefresh if not. Any other error is the gate's. It costs a private-key
// operation for everything that has the form of a token: look the text's
// [RefreshDigest] up first, and limit how often callers get here.
func (s *RefreshSealer) Open(ctx context.Context, pool, raw string) (Refresh, error) {
	if !hasRefreshForm(raw) {
		return Refresh{}, ErrRefresh
	}
	envelope, err := jose.ParseEncryptedCompact(raw, []jose.KeyAlgorithm{jose.RSA_OAEP}, []jose.ContentEncryption{jose.A256GCM})
	if err != nil {
		return Refresh{}, ErrRefresh
	}
	var content []byte
	var opened error
	err = s.cfg.Gate(ctx, pool, func() error {
		content, opened = envelope.Decrypt(s.cfg.Key)
		return nil
	})
	if err != nil {
		return Refresh{}, fmt.Errorf("open refresh token: %w", err)
	}
	if opened != nil {
		return Refresh{}, ErrRefresh
	}
	return s.decode(pool, content)
}

// hasRefreshForm reports whether the text is our header and four more parts in the
// one spelling that base64 has for them: a token must not have two texts.
func hasRefreshForm(raw string) bool {
	if len(raw) > maxRefresh || strings.Count(raw, ".") != 4 {
		return false
	}
	parts := strings.Split(raw, ".")
	for _, part := range parts {
		if _, err := base64.RawURLEncoding.Strict().DecodeString(part); err != nil || strings.ContainsAny(part, "\r\n") { // which it skips
			return false
		}
	}
	return parts[0] == encodedRefreshHeader
}

// RefreshDigest is what is stored of a refresh token's text, to find it by.
func RefreshDigest(raw string) [sha256.Size]byte { return sha256.Sum256([]byte(raw)) }

// encode writes generation, family and MAC.
func (s *RefreshSealer) encode(pool string, r Refresh) []byte {
	body := binary.BigEndian.AppendUint64(make([]byte, 0, 8+len(r.Family)+sha256.Size), r.Generation)
	body = append(body, r.Family...)
	return append(body, s.mac(pool, body)...)
}

func (s *RefreshSealer) decode(pool string, content []byte) (Refresh, error) {
	split := len(content) - sha256.Size
	if split <= 8 {
		return Refresh{}, ErrRefresh
	}
	body := content[:split]
	if !hmac.Equal(content[split:], s.mac(pool, body)) {
		return Refresh{}, ErrRefresh
	}
	return Refresh{Family: string(body[8:]), Generation: binary.BigEndian.Uint64(body)}, nil
}

func (s *RefreshSealer) mac(pool string, body []byte) []byte {
	m := hmac.New(sha256.New, s.cfg.Secret)
	fmt.Fprintf(m, "refresh token %d:%s", len(pool), pool)
	m.Write(body)
	return m.Sum(nil)
}

// Format keeps the secret out of logs.
func (s *RefreshSealer) Format(f fmt.State, _ rune) { io.WriteString(f, "token.RefreshSealer{secret}") }
