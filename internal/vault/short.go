package vault

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"time"

	"github.com/cenote-auth/cenote/internal/seal"
	"github.com/cenote-auth/cenote/store"
)

// Short-lived seals use random keys that are replaced every day and destroyed a day after that, never keys that follow from a
// long-lived one: who collects sealed sessions today and gets hold of the store in a week can open none of them (H1).
const (
	shortPeriod = 24 * time.Hour
	shortLife   = 2 * shortPeriod
)

// shortKeyRecord is the key of one day, sealed under the installation's key.
type shortKeyRecord struct {
	store.Meta
	Day    int64 // since 1970
	Sealed []byte
}

func (k *shortKeyRecord) end() time.Time {
	return time.Unix(0, 0).Add(time.Duration(k.Day) * shortPeriod).Add(shortLife)
}

var shortKeys = store.NewKind("shortkey", store.Kind[shortKeyRecord]{
	Key:     func(k *shortKeyRecord) []string { return []string{dayKey(k.Day)} },
	Expires: func(k *shortKeyRecord) time.Time { return k.end().UTC() },
})

func dayKey(day int64) string { return string(binary.BigEndian.AppendUint64(nil, uint64(day))) }

func shortPlace(day int64) seal.Place {
	return seal.Place{Kind: shortKeys.Name(), Key: dayKey(day), Field: "sealed"}
}

type shortKey struct {
	key *seal.Key
	end time.Time
}

// SealShort seals a value that lives less than a day: sessions, secret blocks, page tokens. The first use of a day writes
// that day's key; all others write nothing.
func (v *Vault) SealShort(ctx context.Context, purpose string, at seal.Place, plain []byte) ([]byte, error) {
	day := int64(v.store.Now().Sub(time.Unix(0, 0)) / shortPeriod)
	k, err := v.shortKey(ctx, day, true)
	if err != nil {
		return nil, err
	}
	sealed, err := k.Seal(v.rand, purpose, at, plain)
	if err != nil {
		return nil, err
	}
	return append(binary.BigEndian.AppendUint32(nil, uint32(day)), sealed...), nil
}

// OpenShort opens what SealShort sealed. Whatever is wrong with the value is seal.ErrOpen.
func (v *Vault) OpenShort(ctx context.Context, purpose string, at seal.Place, sealed []byte) ([]byte, error) {
	if len(sealed) < 4 {
		return nil, seal.ErrOpen
	}
	k, err := v.shortKey(ctx, int64(binary.BigEndian.Uint32(sealed)), false)
	if err != nil {
		return nil, err
	}
	return k.Open(purpose, at, sealed[4:])
}

// shortKey returns the key of a day; without create, a day that has none is seal.ErrOpen.
func (v *Vault) shortKey(ctx context.Context, day int64, create bool) (*seal.Key, error) {
	now := v.store.Now()
	v.mu.RLock()
	k := v.short[day]
	v.mu.RUnlock()
	if k != nil && now.Before(k.end) {
		return k.key, nil
	}
	today := int64(now.Sub(time.Unix(0, 0)) / shortPeriod)
	if day > today || day < today-1 { // not a key that can exist: no look-up for forged values
		return nil, seal.ErrOpen
	}
	table := shortKeys.Of(store.Installation)
	find := table.Find(dayKey(day))
	if err := v.store.Read(ctx, find); err != nil {
		return nil, fmt.Errorf("read the short-lived key: %w", err)
	}
	if find.Got == nil {
		if !create {
			return nil, seal.ErrOpen
		}
		if err := v.makeShort(ctx, day); err != nil {
			return nil, fmt.Errorf("make the short-lived key: %w", err)
		}
		if err := v.store.Read(ctx, find); err != nil {
			return nil, fmt.Errorf("read the short-lived key: %w", err)
		}
		if find.Got == nil {
			return nil, fmt.Errorf("short-lived key of day %d: %w", day, ErrNoKey)
		}
	}
	raw, err := v.root.Open("short", shortPlace(day), find.Got.Sealed)
	if err != nil {
		return nil, err
	}
	key, err := seal.NewKey(raw)
	if err != nil {
		return nil, err
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	for d, old := range v.short {
		if !now.Before(old.end) {
			delete(v.short, d)
		}
	}
	v.short[day] = &shortKey{key, find.Got.end()}
	return key, nil
}

// makeShort inserts the key of a day and destroys the ones that have ended. Two nodes agree by the unique key.
func (v *Vault) makeShort(ctx context.Context, day int64) error {
	raw := make([]byte, seal.KeySize)
	if _, err := io.ReadFull(v.rand, raw); err != nil {
		return fmt.Errorf("read random bytes: %w", err)
	}
	sealed, err := v.root.Seal(v.rand, "short", shortPlace(day), raw)
	if err != nil {
		return err
	}
	table := shortKeys.Of(store.Installation)
	err = v.store.Update(ctx, func(tx *store.Tx) error {
		for d := day - 3; d < day-1; d++ {
			if err := table.Remove(ctx, tx, dayKey(d)); err != nil {
				return err
			}
		}
		return table.Put(ctx, tx, &shortKeyRecord{Day: day, Sealed: sealed})
	})
	if store.AsConflict(err) != nil {
		return nil
	}
	return err
}
