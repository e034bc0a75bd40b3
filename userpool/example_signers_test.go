package userpool_test

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"fmt"
	"sync"

	"github.com/cenote-auth/cenote/token"
	"github.com/cenote-auth/cenote/userpool"
)

// keyService stands for a client of a key management service, whose keys nobody gets to see.
type keyService struct{ keys sync.Map }

func (k *keyService) NewSigner(_ context.Context, poolID string, use token.Use) (token.SigningKey, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return token.SigningKey{}, err
	}
	kid := fmt.Sprintf("alias/%s/%s/1", poolID, use)
	k.keys.Store(kid, key)
	return token.SigningKey{ID: kid, Signer: key}, nil
}

func (k *keyService) Signer(_ context.Context, _, kid string) (crypto.Signer, error) {
	key, ok := k.keys.Load(kid)
	if !ok {
		return nil, fmt.Errorf("no key %s", kid)
	}
	return key.(crypto.Signer), nil
}

// The keys that sign a pool's tokens are made and kept by another service.
func ExampleSigners() {
	ctx := context.Background()
	users, err := userpool.New(userpool.Config{Signers: &keyService{}})
	if err != nil {
		fmt.Println(err)
		return
	}
	pool, err := users.CreateUserPool(ctx, &userpool.CreateUserPoolInput{PoolName: "people"})
	if err != nil {
		fmt.Println(err)
		return
	}
	set, err := users.JWKS(ctx, pool.UserPool.Id)
	if err != nil {
		fmt.Println(err)
		return
	}
	keys, err := token.ParseJWKS(set)
	fmt.Println(len(keys), "keys are published,", err)
	// Output: 2 keys are published, <nil>
}
