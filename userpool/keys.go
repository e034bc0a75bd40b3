package userpool

import (
	"context"
	"crypto/rsa"
	"fmt"
	"sync"
	"time"

	"github.com/cenote-auth/cenote/internal/testkid"
	"github.com/cenote-auth/cenote/store"
	"github.com/cenote-auth/cenote/token"
)

// KeyMaker makes a signing key and its kid for tokens of one use of a pool.
type KeyMaker func(ctx context.Context, poolID string, use token.Use) (kid string, key *rsa.PrivateKey, err error)

// keysRecord is the signing keys of a pool: a ring that says which of them signs and which are published, and the private
// keys, sealed. It is decoded once and shared; what is parsed from it is kept beside it.
type keysRecord struct {
	store.Meta
	Ring    token.Ring
	Private map[string][]byte // by kid, sealed PKCS #8

	parsed sync.Map // kid → *rsa.PrivateKey
}

var signingKeys = store.NewKind("keys", store.Kind[keysRecord]{
	Key:    func(*keysRecord) []string { return nil },
	Cached: true,
})

// keyCache holds the keys that were last read. They are a guess at what to sign with: the Update or View that grants a token
// compares the keys that signed it with the stored ones (H4).
type keyCache struct {
	mu    sync.RWMutex
	pools map[string]*keysRecord
}

func (c *keyCache) get(poolID string) *keysRecord {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.pools[poolID]
}

func (c *keyCache) put(poolID string, k *keysRecord) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.pools == nil || len(c.pools) >= maxHints {
		c.pools = make(map[string]*keysRecord)
	}
	c.pools[poolID] = k
}

// newRSAKey is the KeyMaker of Config's zero value.
func (s *Service) newRSAKey(context.Context, string, token.Use) (string, *rsa.PrivateKey, error) {
	kid, err := token.NewKeyID(s.rand)
	if err != nil {
		return "", nil, err
	}
	key, err := token.GenerateKey()
	return kid, key, err
}

// keysOf returns the pool's signing keys and makes them if the pool has none yet: a new pool costs no key generation before
// it needs one. Of two nodes that make keys at once, the unique key lets one win, and both use his (H5).
func (s *Service) keysOf(ctx context.Context, p *poolRecord) (*keysRecord, error) {
	if k := s.keys.get(p.id()); k != nil {
		return k, nil
	}
	return s.readKeys(ctx, p)
}

// readKeys is keysOf past the cache.
func (s *Service) readKeys(ctx context.Context, p *poolRecord) (*keysRecord, error) {
	table := signingKeys.Of(p.id())
	find := table.Find()
	if err := s.store.Read(ctx, find); err != nil {
		return nil, fmt.Errorf("read signing keys: %w", err)
	}
	if find.Got == nil {
		made, err := s.makeKeys(ctx, p)
		if err != nil {
			return nil, fmt.Errorf("make signing keys: %w", err)
		}
		err = s.store.Update(ctx, func(tx *store.Tx) error {
			if _, err := s.again(ctx, tx, scope{pool: p}); err != nil {
				return err
			}
			return table.Put(ctx, tx, made)
		})
		if err != nil && store.AsConflict(err) == nil {
			return nil, err
		}
		if err := s.store.Read(ctx, find); err != nil {
			return nil, fmt.Errorf("read signing keys: %w", err)
		}
		if find.Got == nil {
			return nil, errPoolNotFound(p.id())
		}
	}
	if err := s.refuseTestKeys(find.Got); err != nil {
		return nil, err
	}
	s.keys.put(p.id(), find.Got)
	return find.Got, nil
}

func (s *Service) makeKeys(ctx context.Context, p *poolRecord) (*keysRecord, error) {
	crypt, err := s.crypt(ctx, p)
	if err != nil {
		return nil, err
	}
	k := &keysRecord{Private: map[string][]byte{}}
	now := s.store.Now()
	for _, use := range []token.Use{token.ID, token.Access} {
		kid, sealed, err := s.makeKey(ctx, p, crypt, use)
		if err != nil {
			return nil, err
		}
		k.Private[kid] = sealed
		k.Ring = k.Ring.RotateNow(use, kid, now, maxTokenLife, false)
	}
	return k, nil
}

// maxTokenLife is the longest that an ID or access token lives (AUTH-510): so long a key that signs no more stays published.
const maxTokenLife = 24 * time.Hour

func (s *Service) makeKey(ctx context.Context, p *poolRecord, c poolCrypt, use token.Use) (kid string, sealed []byte, err error) {
	var key *rsa.PrivateKey
	err = s.expensive(ctx, p.id(), costKeyPair, func() (err error) {
		kid, key, err = s.cfg.keys(ctx, p.id(), use)
		return err
	})
	if err != nil {
		return "", nil, err
	}
	der, err := token.MarshalPrivateKey(key)
	if err != nil {
		return "", nil, err
	}
	sealed, err = c.seal(fieldSigning, kid, der)
	return kid, sealed, err
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// refuseTestKeys keeps a server from signing and publishing with the fixed keys of tests, which everybody has (H5).
func (s *Service) refuseTestKeys(k *keysRecord) error {
	for kid := range k.Private {
		if s.cfg.mode == ModeServe && testkid.Is(kid) {
			return fmt.Errorf("signing key %s is a public test key", kid)
		}
	}
	return nil
}

// private returns a private key of the record, opened and parsed once.
func (k *keysRecord) private(c poolCrypt, kid string) (*rsa.PrivateKey, error) {
	if key, ok := k.parsed.Load(kid); ok {
		return key.(*rsa.PrivateKey), nil
	}
	der, err := c.open(fieldSigning, kid, k.Private[kid])
	if err != nil {
		return nil, err
	}
	key, err := token.ParsePrivateKey(der)
	if err != nil {
		return nil, err
	}
	k.parsed.Store(kid, key)
	return key, nil
}

// poolSigner is the token.KeySource of one pool's keys as they were read.
type poolSigner struct {
	keys  *keysRecord
	crypt poolCrypt
	now   time.Time
}

// SigningKey returns the key that signs now.
func (p poolSigner) SigningKey(_ context.Context, _ string, use token.Use) (token.SigningKey, error) {
	state, ok := p.keys.Ring.Current(use, p.now)
	if !ok {
		return token.SigningKey{}, fmt.Errorf("no key for %s tokens", use)
	}
	key, err := p.keys.private(p.crypt, state.ID)
	return token.SigningKey{ID: state.ID, Signer: key}, err
}

// PublicKeys returns the keys that are published now.
func (p poolSigner) PublicKeys(context.Context, string) ([]token.PublicKey, error) {
	var out []token.PublicKey
	for _, state := range p.keys.Ring.Published(p.now) {
		key, err := p.keys.private(p.crypt, state.ID)
		if err != nil {
			return nil, err
		}
		out = append(out, token.PublicKey{ID: state.ID, Key: &key.PublicKey})
	}
	return out, nil
}
