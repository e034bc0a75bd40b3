package userpool_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cenote-auth/cenote/awsapi"
	"github.com/cenote-auth/cenote/internal/testkeys"
	"github.com/cenote-auth/cenote/token"
	"github.com/cenote-auth/cenote/userpool"
)

// kms keeps keys as a key management service does: nobody gets to see a private half.
type kms struct {
	mu     sync.Mutex
	keys   map[string]*rsa.PrivateKey // by pool and kid
	opened int                        // how often Signer was asked
	change func(*token.SigningKey)    // what NewSigner returns
	fail   error                      // of signatures
}

func (k *kms) NewSigner(ctx context.Context, poolID string, use token.Use) (token.SigningKey, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	n := len(k.keys)
	_, private, err := testkeys.Make(ctx, fmt.Sprint(poolID, n), use)
	if err != nil {
		return token.SigningKey{}, err
	}
	kid := fmt.Sprintf("alias/%s-%d", use, n)
	k.keys[poolID+kid] = private
	out := token.SigningKey{ID: kid, Signer: handle{k, private}}
	if k.change != nil {
		k.change(&out)
	}
	return out, nil
}

func (k *kms) Signer(_ context.Context, poolID, kid string) (crypto.Signer, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.opened++
	private, ok := k.keys[poolID+kid]
	if !ok {
		return nil, errors.New("no such key")
	}
	return handle{k, private}, nil
}

// handle is a key that is used from afar.
type handle struct {
	kms     *kms
	private *rsa.PrivateKey
}

func (h handle) Public() crypto.PublicKey { return &h.private.PublicKey }

func (h handle) Sign(random io.Reader, digest []byte, o crypto.SignerOpts) ([]byte, error) {
	h.kms.mu.Lock()
	defer h.kms.mu.Unlock()
	if h.kms.fail != nil {
		return nil, h.kms.fail
	}
	return h.private.Sign(random, digest, o)
}

// keptAt has a KMS keep the keys of pools.
func keptAt(k *kms) func(*userpool.Config) {
	k.keys = map[string]*rsa.PrivateKey{}
	return func(c *userpool.Config) {
		c.Signers = k
		c.SigningKeys = func(ctx context.Context, poolID string, use token.Use) (string, *rsa.PrivateKey, error) {
			if poolID != "" {
				return "", nil, errors.New("a private key was made here")
			}
			return testkeys.Make(ctx, poolID, use) // of the envelopes of refresh tokens
		}
	}
}

// Keys in a KMS sign tokens of every node, are published and rotated as others are, and no private key comes into the store.
func TestH5_KeptKeys(t *testing.T) {
	t.Parallel()
	k := &kms{}
	a := setup(t, keptAt(k)).app()
	a.user("ada")
	second := a.node()
	old := second.signIn("ada")
	for _, node := range []app{a, second} {
		kids := node.kids()
		if len(kids) != 2 || !kids[kidOf(t, old.AccessToken)] || !kids[kidOf(t, old.IdToken)] {
			t.Errorf("published: %v", kids)
		}
		_, err := node.Verifier(a.pool).Verify(t.Context(), old.AccessToken)
		check(t, err)
		_, err = node.getUser(old.AccessToken)
		check(t, err)
		node.signIn("ada")
		node.signIn("ada")
	}
	if k.opened != 4 {
		t.Errorf("the KMS was asked for a key %d times, want once for each of 2 keys on 2 nodes", k.opened)
	}
	check(t, a.RotateSigningKeys(t.Context(), a.pool))
	a.clock.Advance(time.Hour)
	fresh := second.signIn("ada")
	if kidOf(t, fresh.AccessToken) == kidOf(t, old.AccessToken) || len(a.kids()) != 4 {
		t.Error("the former key still signs")
	}
	_, err := a.Verifier(a.pool).Verify(t.Context(), fresh.AccessToken)
	check(t, err)
	_, err = a.refresh(old.RefreshToken)
	check(t, err)
}

// A KMS that fails costs a sign-in and nothing else; its error does not get out.
func TestKeptKeysFail(t *testing.T) {
	t.Parallel()
	k := &kms{}
	a := setup(t, keptAt(k)).app()
	a.user("ada")
	old := a.signIn("ada")
	k.fail = errors.New("throttled by kms.internal")
	_, err := a.tryPassword("ada", password)
	if e := awsapi.AsError(err); e.Code != userpool.ErrInternalError || strings.Contains(e.Message, "kms") {
		t.Errorf("a sign-in without the KMS: %v", err)
	}
	_, err = a.getUser(old.AccessToken)
	check(t, err)
	k.fail = nil
	a.signIn("ada")

	a.config.Signers = nil
	bare := a.node()
	_, err = bare.getUser(old.AccessToken) // the store knows the public halves
	check(t, err)
	if _, err := bare.tryPassword("ada", password); awsapi.AsError(err).Code != userpool.ErrInternalError {
		t.Errorf("a sign-in on a node that has no Signers: %v", err)
	}
	a.config.Signers = func() userpool.Signers { other := &kms{}; keptAt(other)(&userpool.Config{}); return other }()
	if _, err := a.node().tryPassword("ada", password); awsapi.AsError(err).Code != userpool.ErrInternalError {
		t.Errorf("a sign-in with another KMS: %v", err)
	}
}

// Pools whose keys the store has go on with them, and get a KMS's when they are rotated.
func TestKeptKeysFollowOwn(t *testing.T) {
	t.Parallel()
	a := setup(t).app()
	a.user("ada")
	old := a.signIn("ada")
	k := &kms{}
	keptAt(k)(&a.config)
	node := a.node()
	if kidOf(t, node.signIn("ada").AccessToken) != kidOf(t, old.AccessToken) {
		t.Error("the pool's own key no longer signs")
	}
	check(t, node.RotateSigningKeys(t.Context(), a.pool))
	a.clock.Advance(time.Hour)
	fresh := node.signIn("ada")
	if kid := kidOf(t, fresh.AccessToken); !strings.HasPrefix(kid, "alias/access") {
		t.Errorf("signed by %s", kid)
	}
	_, err := node.getUser(fresh.AccessToken)
	check(t, err)
	if kids := a.kids(); len(kids) != 4 || !kids[kidOf(t, old.AccessToken)] {
		t.Errorf("published: %v", kids)
	}
}

// Keys that verifiers would refuse, or could not name, sign nothing.
func TestKeptKeysAreChecked(t *testing.T) {
	t.Parallel()
	curve, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	check(t, err)
	short, err := rsa.GenerateKey(rand.Reader, 1024)
	check(t, err)
	for name, change := range map[string]func(*token.SigningKey){
		"no id":        func(s *token.SigningKey) { s.ID = "" },
		"a long id":    func(s *token.SigningKey) { s.ID = strings.Repeat("x", 129) },
		"not RSA":      func(s *token.SigningKey) { s.Signer = curve },
		"a short key":  func(s *token.SigningKey) { s.Signer = short },
		"another key":  func(s *token.SigningKey) { s.Signer = handle{s.Signer.(handle).kms, testKey(t, "other")} },
		"an older kid": func(s *token.SigningKey) { s.ID = "alias/id-9" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k := &kms{change: change}
			a := setup(t, keptAt(k)).app()
			a.user("ada")
			if _, err := a.tryPassword("ada", password); awsapi.AsError(err).Code != userpool.ErrInternalError {
				t.Errorf("a sign-in: %v", err)
			}
		})
	}
}

func testKey(t *testing.T, of string) *rsa.PrivateKey {
	t.Helper()
	_, key, err := testkeys.Make(t.Context(), of, token.ID)
	check(t, err)
	return key
}
