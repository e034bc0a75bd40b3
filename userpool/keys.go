package userpool

import (
	"context"
	"crypto"
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

// keysRecord is the signing keys of a pool: a ring that says which of them signs and which are published, and the keys: private
// ones, sealed, or the public halves of those that Config.Signers keeps. It is decoded once and shared; what is parsed from it is
// kept beside it.
type keysRecord struct {
	store.Meta
	Ring    token.Ring
	Private map[string][]byte // by kid, sealed PKCS #8
	Kept    map[string][]byte `json:",omitempty"` // by kid, PKIX

	signers sync.Map // kid → crypto.Signer
	publics sync.Map // kid → *rsa.PublicKey, of those that are kept elsewhere
}

// add puts a new key into the record.
func (k *keysRecord) add(m newKey) {
	if m.kept != nil {
		if k.Kept == nil {
			k.Kept = map[string][]byte{}
		}
		k.Kept[m.kid] = m.kept
		return
	}
	k.Private[m.kid] = m.sealed
}

// A newKey is a signing key that is not stored yet: its private half, sealed, or its public half if Config.Signers keeps it.
type newKey struct {
	kid          string
	sealed, kept []byte
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
		made, err := s.makeKey(ctx, p, crypt, use)
		if err != nil {
			return nil, err
		}
		k.add(made)
		k.Ring = k.Ring.RotateNow(use, made.kid, now, maxTokenLife, false)
	}
	return k, nil
}

// maxTokenLife is the longest that an ID or access token lives (AUTH-510): so long a key that signs no more stays published.
const maxTokenLife = 24 * time.Hour

func (s *Service) makeKey(ctx context.Context, p *poolRecord, c poolCrypt, use token.Use) (newKey, error) {
	if s.cfg.signers != nil {
		return s.makeKeptKey(ctx, p, use)
	}
	var (
		kid string
		key *rsa.PrivateKey
	)
	err := s.expensive(ctx, p.id(), costKeyPair, func() (err error) {
		kid, key, err = s.cfg.keys(ctx, p.id(), use)
		return err
	})
	if err != nil {
		return newKey{}, err
	}
	der, err := token.MarshalPrivateKey(key)
	if err != nil {
		return newKey{}, err
	}
	sealed, err := c.seal(fieldSigning, kid, der)
	return newKey{kid: kid, sealed: sealed}, err
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

// signer returns a key of the record: a private key, opened and parsed once, or what Config.Signers says.
func (p poolSigner) signer(ctx context.Context, kid string) (crypto.Signer, error) {
	if key, ok := p.keys.signers.Load(kid); ok {
		return key.(crypto.Signer), nil
	}
	key, err := p.findSigner(ctx, kid)
	if err != nil {
		return nil, err
	}
	p.keys.signers.Store(kid, key)
	return key, nil
}

func (p poolSigner) findSigner(ctx context.Context, kid string) (crypto.Signer, error) {
	if der, ok := p.keys.Kept[kid]; ok {
		return p.kept(ctx, kid, der)
	}
	der, err := p.crypt.open(fieldSigning, kid, p.keys.Private[kid])
	if err != nil {
		return nil, err
	}
	return token.ParsePrivateKey(der)
}

// public returns the public half of a key of the record. For one that is kept elsewhere nobody is asked.
func (p poolSigner) public(ctx context.Context, kid string) (*rsa.PublicKey, error) {
	der, kept := p.keys.Kept[kid]
	if !kept {
		key, err := p.signer(ctx, kid)
		if err != nil {
			return nil, err
		}
		return key.Public().(*rsa.PublicKey), nil
	}
	if key, ok := p.keys.publics.Load(kid); ok {
		return key.(*rsa.PublicKey), nil
	}
	key, err := token.ParsePublicKey(der)
	if err == nil {
		p.keys.publics.Store(kid, key)
	}
	return key, err
}

// poolSigner is the token.KeySource of one pool's keys as they were read.
type poolSigner struct {
	pool    string
	keys    *keysRecord
	crypt   poolCrypt
	signers Signers // nil if this process has all keys
	now     time.Time
}

func (s *Service) signerOf(p *poolRecord, k *keysRecord, c poolCrypt) poolSigner {
	return poolSigner{p.id(), k, c, s.cfg.signers, s.store.Now()}
}

// SigningKey returns the key that signs now.
func (p poolSigner) SigningKey(ctx context.Context, _ string, use token.Use) (token.SigningKey, error) {
	state, ok := p.keys.Ring.Current(use, p.now)
	if !ok {
		return token.SigningKey{}, fmt.Errorf("no key for %s tokens", use)
	}
	key, err := p.signer(ctx, state.ID)
	return token.SigningKey{ID: state.ID, Signer: key}, err
}

// PublicKeys returns the keys that are published now.
func (p poolSigner) PublicKeys(ctx context.Context, _ string) ([]token.PublicKey, error) {
	var out []token.PublicKey
	for _, state := range p.keys.Ring.Published(p.now) {
		key, err := p.public(ctx, state.ID)
		if err != nil {
			return nil, err
		}
		out = append(out, token.PublicKey{ID: state.ID, Key: key})
	}
	return out, nil
}
