// Package vault holds the keys of an installation: the data keys under the master key, and the short-lived keys under which
// sessions and page tokens are sealed. It also knows the installation itself: its id, its mode, its epoch.
package vault

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/cenote-auth/cenote/internal/ident"
	"github.com/cenote-auth/cenote/internal/seal"
	"github.com/cenote-auth/cenote/store"
)

// Mode says who made a store. A store that a developer's server made may hold planted data; a production server does not
// open it (C1).
type Mode string

const (
	ModeLibrary Mode = "library" // an embedding program
	ModeServe   Mode = "serve"
	ModeDev     Mode = "dev"
)

// The errors of Open.
var (
	ErrMasterKey = errors.New("the store was made under another master key")
	ErrMode      = errors.New("a store of `cenote dev` and one of production are not exchanged: anybody on the machine may have written to the former")
)

// installation is the one record that says what store this is.
type installation struct {
	store.Meta
	ID      string
	Mode    Mode
	Epoch   int64 // raised by a restore; whatever carries an older one is dead (H18)
	KeyID   string
	Check   []byte // sealed under the installation's key; opens only under the right master key
	Created time.Time
}

// dataKey is a data key, wrapped under the master key.
type dataKey struct {
	store.Meta
	ID      string
	Owner   string
	Wrapped []byte
	Created time.Time
}

var (
	installations = store.NewKind("installation", store.Kind[installation]{
		Key:    func(*installation) []string { return nil },
		Cached: true,
	})
	dataKeys = store.NewKind("datakey", store.Kind[dataKey]{
		Key: func(k *dataKey) []string { return []string{k.ID} },
	})
)

// Vault is safe for concurrent use.
type Vault struct {
	store *store.Store
	ring  seal.KeyRing
	rand  io.Reader
	mode  Mode

	root  *seal.Key // the installation's data key
	id    string
	epoch int64

	mu    sync.RWMutex
	keys  map[string]*seal.Key // by data key id; ids are never dealt twice
	short map[int64]*shortKey  // by day
}

// Open makes or opens the installation in the store. The wrong master key is ErrMasterKey; a store of `dev` in another mode,
// or any other store in `dev`, is ErrMode.
func Open(ctx context.Context, st *store.Store, ring seal.KeyRing, rand io.Reader, mode Mode) (*Vault, error) {
	v := &Vault{store: st, ring: ring, rand: rand, mode: mode, keys: map[string]*seal.Key{}, short: map[int64]*shortKey{}}
	find := installations.Of(store.Installation).Find()
	if err := st.Read(ctx, find); err != nil {
		return nil, fmt.Errorf("read the installation: %w", err)
	}
	inst := find.Got
	if inst == nil {
		var err error
		if inst, err = v.install(ctx); err != nil {
			return nil, fmt.Errorf("make the installation: %w", err)
		}
	}
	if (inst.Mode == ModeDev) != (mode == ModeDev) {
		return nil, ErrMode
	}
	root, err := v.Key(ctx, inst.KeyID)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMasterKey, err)
	}
	if _, err := root.Open("check", v.checkPlace(), inst.Check); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMasterKey, err)
	}
	v.root, v.id, v.epoch = root, inst.ID, inst.Epoch
	return v, nil
}

func (v *Vault) checkPlace() seal.Place {
	return seal.Place{Kind: installations.Name(), Field: "check"}
}

// install inserts the installation. Of two nodes that start on one empty store, one inserts and the other reads.
func (v *Vault) install(ctx context.Context) (*installation, error) {
	id, err := ident.UUID(v.rand)
	if err != nil {
		return nil, err
	}
	key, err := v.newKey(ctx, store.Installation)
	if err != nil {
		return nil, err
	}
	root, err := v.unwrap(ctx, key)
	if err != nil {
		return nil, err
	}
	check, err := root.Seal(v.rand, "check", v.checkPlace(), []byte(id))
	if err != nil {
		return nil, err
	}
	inst := &installation{ID: id, Mode: v.mode, KeyID: key.ID, Check: check, Created: v.store.Now()}
	err = v.store.Update(ctx, func(tx *store.Tx) error {
		if err := dataKeys.Of(store.Installation).Put(ctx, tx, key); err != nil {
			return err
		}
		return installations.Of(store.Installation).Put(ctx, tx, inst)
	})
	if store.AsConflict(err) != nil {
		find := installations.Of(store.Installation).Find()
		if err := v.store.Read(ctx, find); err != nil {
			return nil, err
		}
		return find.Got, nil
	}
	return inst, err
}

// ID returns the installation's id.
func (v *Vault) ID() string { return v.id }

// Epoch returns the installation's epoch.
func (v *Vault) Epoch() int64 { return v.epoch }

// Root returns the installation's data key.
func (v *Vault) Root() *seal.Key { return v.root }

// NewKey makes a data key for owner, as part of the transaction that makes the owner, and returns its id.
func (v *Vault) NewKey(ctx context.Context, owner string) (*NewKey, error) {
	rec, err := v.newKey(ctx, owner)
	if err != nil {
		return nil, err
	}
	key, err := v.unwrap(ctx, rec)
	if err != nil {
		return nil, err
	}
	return &NewKey{ID: rec.ID, Key: key, rec: rec}, nil
}

// NewKey is a data key that is not stored yet.
type NewKey struct {
	ID  string
	Key *seal.Key

	rec *dataKey
}

// Put stores the key.
func (k *NewKey) Put(ctx context.Context, tx *store.Tx) error {
	return dataKeys.Of(store.Installation).Put(ctx, tx, k.rec)
}

func (v *Vault) newKey(ctx context.Context, owner string) (*dataKey, error) {
	id, err := ident.UUID(v.rand)
	if err != nil {
		return nil, err
	}
	raw := make([]byte, seal.KeySize)
	if _, err := io.ReadFull(v.rand, raw); err != nil {
		return nil, fmt.Errorf("make a data key: %w", err)
	}
	wrapped, err := v.ring.Wrap(ctx, raw, wrapPlace(id, owner))
	if err != nil {
		return nil, fmt.Errorf("wrap a data key: %w", err)
	}
	return &dataKey{ID: id, Owner: owner, Wrapped: wrapped, Created: v.store.Now()}, nil
}

func wrapPlace(id, owner string) []byte { return []byte(store.Tuple("datakey", id, owner)) }

func (v *Vault) unwrap(ctx context.Context, rec *dataKey) (*seal.Key, error) {
	raw, err := v.ring.Unwrap(ctx, rec.Wrapped, wrapPlace(rec.ID, rec.Owner))
	if err != nil {
		return nil, fmt.Errorf("unwrap data key %s: %w", rec.ID, err)
	}
	return seal.NewKey(raw)
}

// ErrNoKey means that a data key was destroyed.
var ErrNoKey = errors.New("data key does not exist")

// Key returns the data key with that id. Keys never change, so they are kept in memory.
func (v *Vault) Key(ctx context.Context, id string) (*seal.Key, error) {
	v.mu.RLock()
	k := v.keys[id]
	v.mu.RUnlock()
	if k != nil {
		return k, nil
	}
	find := dataKeys.Of(store.Installation).Find(id)
	if err := v.store.Read(ctx, find); err != nil {
		return nil, fmt.Errorf("read data key %s: %w", id, err)
	}
	if find.Got == nil {
		return nil, fmt.Errorf("data key %s: %w", id, ErrNoKey)
	}
	k, err := v.unwrap(ctx, find.Got)
	if err != nil {
		return nil, err
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.keys[id] = k
	return k, nil
}

// Destroy deletes a data key, and with it the meaning of everything sealed under it.
func (v *Vault) Destroy(ctx context.Context, tx *store.Tx, id string) error {
	return dataKeys.Of(store.Installation).Remove(ctx, tx, id)
}

// Rewrap wraps every data key anew that is not wrapped under the current master key, and returns how many it wrapped. After
// it has returned 0 on a quiet store, older master keys can leave the ring.
func (v *Vault) Rewrap(ctx context.Context) (int, error) {
	const page = 100
	var after store.Query
	after.Limit = page
	done := 0
	for {
		var found store.Page[dataKey]
		err := v.store.View(ctx, func(r *store.Reader) (err error) {
			found, err = dataKeys.Of(store.Installation).Scan(ctx, r, after)
			return err
		})
		if err != nil {
			return done, err
		}
		for _, rec := range found.Records {
			if v.ring.Current(rec.Wrapped) {
				continue
			}
			raw, err := v.ring.Unwrap(ctx, rec.Wrapped, wrapPlace(rec.ID, rec.Owner))
			if err != nil {
				return done, fmt.Errorf("rewrap data key %s: %w", rec.ID, err)
			}
			if rec.Wrapped, err = v.ring.Wrap(ctx, raw, wrapPlace(rec.ID, rec.Owner)); err != nil {
				return done, fmt.Errorf("rewrap data key %s: %w", rec.ID, err)
			}
			err = v.store.Update(ctx, func(tx *store.Tx) error { return dataKeys.Of(store.Installation).Put(ctx, tx, rec) })
			if err != nil && !errors.Is(err, store.ErrStale) { // stale: destroyed or rewrapped by another node
				return done, fmt.Errorf("rewrap data key %s: %w", rec.ID, err)
			}
			done++
		}
		if found.Next == "" {
			return done, nil
		}
		after.After = found.Next
	}
}
