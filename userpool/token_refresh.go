package userpool

import (
	"context"
	"crypto/rsa"
	"errors"
	"fmt"
	"sync"

	"github.com/cenote-auth/cenote/awsapi"
	"github.com/cenote-auth/cenote/internal/seal"
	"github.com/cenote-auth/cenote/store"
	"github.com/cenote-auth/cenote/token"
)

// envelopeRecord is the RSA key that the envelopes of refresh tokens are made with. It is the installation's, was never
// published, and proves nothing: what counts in a refresh token is a tag under the pool's key (C5).
type envelopeRecord struct {
	store.Meta
	Sealed []byte // PKCS #8
}

var envelopes = store.NewKind("envelope", store.Kind[envelopeRecord]{
	Key: func(*envelopeRecord) []string { return nil },
})

// envelopeUse is what a KeyMaker is asked for when it shall make the envelope's key.
const envelopeUse token.Use = "refresh"

// envelope keeps the key once it was read; it never changes.
type envelope struct {
	mu  sync.Mutex
	key *rsa.PrivateKey
}

func (e *envelope) get() *rsa.PrivateKey {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.key
}

func (e *envelope) set(k *rsa.PrivateKey) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.key = k
}

// envelopeKey returns the installation's envelope key and makes it if there is none yet.
func (s *Service) envelopeKey(ctx context.Context, p *poolRecord) (*rsa.PrivateKey, error) {
	if k := s.envelope.get(); k != nil {
		return k, nil
	}
	table := envelopes.Of(store.Installation)
	find := table.Find()
	if err := s.store.Read(ctx, find); err != nil {
		return nil, fmt.Errorf("read the envelope key: %w", err)
	}
	if find.Got == nil {
		made, err := s.makeEnvelope(ctx, p)
		if err != nil {
			return nil, fmt.Errorf("make the envelope key: %w", err)
		}
		err = s.store.Update(ctx, func(tx *store.Tx) error { return table.Put(ctx, tx, made) })
		if err != nil && store.AsConflict(err) == nil {
			return nil, err
		}
		if err := s.store.Read(ctx, find); err != nil {
			return nil, fmt.Errorf("read the envelope key: %w", err)
		}
		if find.Got == nil {
			return nil, errors.New("the envelope key is gone")
		}
	}
	der, err := s.vault.Root().Open("envelope", envelopePlace, find.Got.Sealed)
	if err != nil {
		return nil, err
	}
	key, err := token.ParsePrivateKey(der)
	if err != nil {
		return nil, err
	}
	s.envelope.set(key)
	return key, nil
}

var envelopePlace = seal.Place{Kind: "envelope", Field: "private"}

func (s *Service) makeEnvelope(ctx context.Context, p *poolRecord) (*envelopeRecord, error) {
	var key *rsa.PrivateKey
	err := s.expensive(ctx, p.id(), costKeyPair, func() (err error) {
		_, key, err = s.cfg.keys(ctx, "", envelopeUse)
		return err
	})
	if err != nil {
		return nil, err
	}
	der, err := token.MarshalPrivateKey(key)
	if err != nil {
		return nil, err
	}
	sealed, err := s.vault.Root().Seal(s.rand, "envelope", envelopePlace, der)
	return &envelopeRecord{Sealed: sealed}, err
}

// refreshSealers keeps what makes and opens the refresh tokens of pools, by the pool's own key.
type refreshSealers struct {
	mu   sync.RWMutex
	keys map[*seal.Key]*token.RefreshSealer
}

func (r *refreshSealers) get(k *seal.Key) *token.RefreshSealer {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.keys[k]
}

// put keeps a sealer unless there is one by now, and returns the one that is kept.
func (r *refreshSealers) put(k *seal.Key, s *token.RefreshSealer) *token.RefreshSealer {
	r.mu.Lock()
	defer r.mu.Unlock()
	if old, ok := r.keys[k]; ok {
		return old
	}
	if r.keys == nil || len(r.keys) >= maxHints {
		r.keys = make(map[*seal.Key]*token.RefreshSealer)
	}
	r.keys[k] = s
	return s
}

// sealer returns what makes and opens the refresh tokens of a pool.
func (s *Service) sealer(ctx context.Context, p *poolRecord) (*token.RefreshSealer, error) {
	crypt, err := s.crypt(ctx, p)
	if err != nil {
		return nil, err
	}
	if kept := s.sealers.get(crypt.key); kept != nil {
		return kept, nil
	}
	key, err := s.envelopeKey(ctx, p)
	if err != nil {
		return nil, err
	}
	made, err := token.NewRefreshSealer(token.RefreshConfig{
		Key: key, Secret: crypt.key.MAC("refresh tag"), Rand: s.rand, Gate: s.strange(),
	})
	if err != nil {
		return nil, err
	}
	return s.sealers.put(crypt.key, made), nil
}

// strange is the gate of opening refresh tokens that are not known by their sum, to tell one that was replaced long ago from
// garbage: a private-key operation for somebody who has proven nothing. How often is bounded per pool and address (C5).
func (s *Service) strange() token.Gate {
	return func(ctx context.Context, poolID string, work func() error) error {
		max := s.cfg.limits.UnknownRefreshTokens
		if max >= 0 && !s.strangers.Take(poolID, awsapi.CallerFrom(ctx).SourceIP, max, s.store.Now()) {
			return errTooManyRequests
		}
		return s.expensive(ctx, poolID, costSignature, work)
	}
}

// refreshToken makes the text of a family's refresh token, of its present generation.
func (s *Service) refreshToken(ctx context.Context, p *poolRecord, f *familyRecord) (string, error) {
	r, err := s.sealer(ctx, p)
	if err != nil {
		return "", err
	}
	return r.Seal(p.id(), token.Refresh{Family: f.ID, Generation: uint64(f.Generation)})
}

// openRefreshToken returns the family that a refresh token of the pool names, or "" if this service never made it.
func (s *Service) openRefreshToken(ctx context.Context, p *poolRecord, text string) (string, error) {
	r, err := s.sealer(ctx, p)
	if err != nil {
		return "", err
	}
	v, err := r.Open(ctx, p.id(), text)
	if errors.Is(err, token.ErrRefresh) {
		return "", nil
	}
	return v.Family, err
}
