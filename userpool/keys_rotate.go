package userpool

import (
	"context"
	"time"

	"github.com/cenote-auth/cenote/store"
	"github.com/cenote-auth/cenote/token"
)

// keyCacheTime is how long verifiers may keep a key set: a new key is published that long before it signs (H5).
const keyCacheTime = time.Hour

// RotateSigningKeys gives a pool new signing keys. They are published at once, sign after an hour, when verifiers have seen
// them, and the former ones stay published until their last token has expired: no token is refused.
func (s *Service) RotateSigningKeys(ctx context.Context, poolID string) error {
	return s.rotateKeys(ctx, poolID, func(r token.Ring, use token.Use, kid string, now time.Time) token.Ring {
		return r.Rotate(use, kid, now, keyCacheTime, maxTokenLife)
	})
}

// ReplaceSigningKeys gives a pool new signing keys that sign at once and takes the former ones away, for keys that have
// leaked: every ID and access token of the pool is worthless from now on, and verifiers refuse new ones until they have
// fetched the key set again. Refresh tokens stay good.
func (s *Service) ReplaceSigningKeys(ctx context.Context, poolID string) error {
	return s.rotateKeys(ctx, poolID, func(r token.Ring, use token.Use, kid string, now time.Time) token.Ring {
		return r.RotateNow(use, kid, now, maxTokenLife, true)
	})
}

// rotateKeys makes a key for each use and stores the ring that next makes of it.
func (s *Service) rotateKeys(ctx context.Context, poolID string, next func(token.Ring, token.Use, string, time.Time) token.Ring) error {
	sc, err := s.byPool(ctx, s.store.Read, poolID, "")
	if err != nil {
		return err
	}
	if _, err := s.keysOf(ctx, sc.pool); err != nil {
		return err
	}
	crypt, err := s.crypt(ctx, sc.pool)
	if err != nil {
		return err
	}
	uses := [...]token.Use{token.ID, token.Access}
	var made [len(uses)]newKey
	for i, use := range uses {
		if made[i], err = s.makeKey(ctx, sc.pool, crypt, use); err != nil {
			return err
		}
	}
	table := signingKeys.Of(poolID)
	return s.store.Update(ctx, func(tx *store.Tx) error {
		find := table.Find()
		if _, err := s.again(ctx, tx, scope{pool: sc.pool}, find); err != nil {
			return err
		}
		if find.Got == nil {
			return errPoolNotFound(poolID)
		}
		k := &keysRecord{Meta: find.Got.Meta, Ring: find.Got.Ring, Private: map[string][]byte{}}
		for i, use := range uses {
			k.add(made[i])
			k.Ring = next(k.Ring, use, made[i].kid, tx.Now())
		}
		for _, state := range k.Ring { // keys live as long as they are published
			if old, ok := find.Got.Private[state.ID]; ok {
				k.add(newKey{kid: state.ID, sealed: old})
			}
			if old, ok := find.Got.Kept[state.ID]; ok {
				k.add(newKey{kid: state.ID, kept: old})
			}
		}
		return table.Put(ctx, tx, k)
	})
}
