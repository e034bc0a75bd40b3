// Package testkeys holds signing keys for tests, so that a pool costs no key generation. They are public, hence worthless
// elsewhere: the package refuses to work outside of a test binary, and a server refuses to publish their kids (H5).
package testkeys

import (
	"context"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	_ "embed"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"hash/fnv"
	"sync"
	"testing"

	"github.com/cenote-auth/cenote/internal/testkid"
	"github.com/cenote-auth/cenote/token"
)

//go:embed keys.pem
var file []byte

// pairs is how many pools have keys of their own before they repeat. The pair after the last is for the envelopes of refresh
// tokens.
const pairs = 16

type key struct {
	once sync.Once
	der  []byte
	key  *rsa.PrivateKey
	err  error
}

// all parses the file once; the keys in it are parsed when they are first dealt.
var all = sync.OnceValue(func() []*key {
	var out []*key
	for rest := file; ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			return out
		}
		out = append(out, &key{der: block.Bytes})
	}
})

func (k *key) get() (*rsa.PrivateKey, error) {
	k.once.Do(func() {
		var parsed any
		if parsed, k.err = x509.ParsePKCS8PrivateKey(k.der); k.err == nil {
			k.key = parsed.(*rsa.PrivateKey)
		}
	})
	return k.key, k.err
}

// Make deals a key pair to a pool: always the same one to the same pool id. It is a userpool.KeyMaker.
func Make(_ context.Context, poolID string, use token.Use) (string, *rsa.PrivateKey, error) {
	if !testing.Testing() {
		return "", nil, errors.New("testkeys: the keys are public; they are for tests only")
	}
	i := pairs
	if poolID != "" {
		h := fnv.New32a()
		h.Write([]byte(poolID))
		i = int(h.Sum32() % pairs)
	}
	j := 2 * i
	if use == token.Access {
		j++
	}
	k, err := all()[j].get()
	if err != nil {
		return "", nil, err
	}
	// The kid names the pool as well: pools that share a key do not share a kid.
	sum := sha256.Sum256([]byte(poolID + " " + string(use)))
	return base64.StdEncoding.EncodeToString(append([]byte(testkid.Prefix), sum[:9]...)), k, nil
}
