package vault_test

import (
	"bytes"
	"crypto/rand"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/cenote-auth/cenote/internal/seal"
	"github.com/cenote-auth/cenote/internal/vault"
	"github.com/cenote-auth/cenote/store"
	"github.com/cenote-auth/cenote/store/driver"
	"github.com/cenote-auth/cenote/store/memory"
)

// world is a store with a clock that the test moves.
type world struct {
	t  *testing.T
	db driver.DB

	mu  sync.Mutex
	now time.Time
}

func setup(t *testing.T) *world {
	return &world{t: t, db: memory.New(memory.Config{RehearseUpdates: true}), now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
}

func (w *world) store() *store.Store {
	return store.Open(w.db, func() time.Time {
		w.mu.Lock()
		defer w.mu.Unlock()
		return w.now
	})
}

func (w *world) advance(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

func ring(t *testing.T, keys ...byte) seal.KeyRing {
	t.Helper()
	var master [][]byte
	for _, k := range keys {
		master = append(master, bytes.Repeat([]byte{k}, seal.KeySize))
	}
	r, err := seal.NewKeys(rand.Reader, master...)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func (w *world) open(mode vault.Mode, keys ...byte) (*vault.Vault, error) {
	return vault.Open(w.t.Context(), w.store(), ring(w.t, keys...), rand.Reader, mode)
}

func (w *world) must(mode vault.Mode, keys ...byte) *vault.Vault {
	w.t.Helper()
	v, err := w.open(mode, keys...)
	if err != nil {
		w.t.Fatal(err)
	}
	return v
}

// C7: the wrong master key refuses to start, it does not look like a wrong password.
func TestC7_WrongMasterKeyRefuses(t *testing.T) {
	t.Parallel()
	w := setup(t)
	first := w.must(vault.ModeLibrary, 1)
	if _, err := w.open(vault.ModeLibrary, 2); !errors.Is(err, vault.ErrMasterKey) {
		t.Errorf("open with another master key: %v", err)
	}
	again := w.must(vault.ModeLibrary, 1)
	if again.ID() != first.ID() {
		t.Error("the installation changed its id")
	}
}

// C7: nodes that start at once on an empty store agree on one installation.
func TestC7_NodesAgreeOnOneInstallation(t *testing.T) {
	t.Parallel()
	w := setup(t)
	const nodes = 16
	ids := make([]string, nodes)
	var wg sync.WaitGroup
	for i := range nodes {
		wg.Go(func() {
			v, err := w.open(vault.ModeServe, 1)
			if err != nil {
				t.Errorf("node %d: %v", i, err)
				return
			}
			ids[i] = v.ID()
		})
	}
	wg.Wait()
	for _, id := range ids {
		if id != ids[0] || id == "" {
			t.Fatalf("ids differ: %q", ids)
		}
	}
}

// C7: rotating the master key rewraps; afterwards the older key can go.
func TestC7_RewrapLetsAMasterKeyRetire(t *testing.T) {
	t.Parallel()
	w := setup(t)
	v := w.must(vault.ModeLibrary, 1)
	made, err := v.NewKey(t.Context(), "pool")
	if err != nil {
		t.Fatal(err)
	}
	if err := w.store().Update(t.Context(), func(tx *store.Tx) error { return made.Put(t.Context(), tx) }); err != nil {
		t.Fatal(err)
	}
	at := seal.Place{Kind: "k", Key: "r", Field: "f"}
	sealed, err := made.Key.Seal(rand.Reader, "p", at, []byte("secret"))
	if err != nil {
		t.Fatal(err)
	}
	both := w.must(vault.ModeLibrary, 2, 1)
	if n, err := both.Rewrap(t.Context()); n != 2 || err != nil { // the installation's and the pool's
		t.Fatalf("Rewrap = %d, %v", n, err)
	}
	if n, err := both.Rewrap(t.Context()); n != 0 || err != nil {
		t.Fatalf("second Rewrap = %d, %v", n, err)
	}
	k, err := w.must(vault.ModeLibrary, 2).Key(t.Context(), made.ID)
	if err != nil {
		t.Fatal(err)
	}
	if plain, err := k.Open("p", at, sealed); err != nil || string(plain) != "secret" {
		t.Errorf("Open = %q, %v", plain, err)
	}
	if _, err := w.open(vault.ModeLibrary, 1); !errors.Is(err, vault.ErrMasterKey) {
		t.Errorf("the retired master key opens the store: %v", err)
	}
}

// C7: deleting a pool destroys its key.
func TestC7_DestroyedKeyIsGone(t *testing.T) {
	t.Parallel()
	w := setup(t)
	v := w.must(vault.ModeLibrary, 1)
	made, err := v.NewKey(t.Context(), "pool")
	if err != nil {
		t.Fatal(err)
	}
	st := w.store()
	if err := st.Update(t.Context(), func(tx *store.Tx) error { return made.Put(t.Context(), tx) }); err != nil {
		t.Fatal(err)
	}
	if err := st.Update(t.Context(), func(tx *store.Tx) error { return v.Destroy(t.Context(), tx, made.ID) }); err != nil {
		t.Fatal(err)
	}
	if _, err := v.Key(t.Context(), made.ID); !errors.Is(err, vault.ErrNoKey) {
		t.Errorf("Key = %v, want ErrNoKey", err)
	}
}

// C1: what a developer's server made, with whatever was planted in it, does not open in production.
func TestC1_DevStoreDoesNotServe(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.must(vault.ModeDev, 1)
	w.must(vault.ModeDev, 1)
	for _, mode := range []vault.Mode{vault.ModeServe, vault.ModeLibrary} {
		if _, err := w.open(mode, 1); !errors.Is(err, vault.ErrMode) {
			t.Errorf("open in mode %s: %v", mode, err)
		}
	}
}

// C1: nor does a developer's server open a store of production, where everybody on the machine could then plant things.
func TestC1_ProductionStoreDoesNotDev(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.must(vault.ModeServe, 1)
	if _, err := w.open(vault.ModeDev, 1); !errors.Is(err, vault.ErrMode) {
		t.Errorf("open in mode dev: %v", err)
	}
	w.must(vault.ModeLibrary, 1)
}

// H1: short-lived seals use keys that are replaced every day and destroyed the day after.
func TestH1_ShortLivedKeysAreDestroyed(t *testing.T) {
	t.Parallel()
	w := setup(t)
	v := w.must(vault.ModeLibrary, 1)
	at := seal.Place{Kind: "session", Key: "k", Field: "session"}
	sealed, err := v.SealShort(t.Context(), "session", at, []byte("state"))
	if err != nil {
		t.Fatal(err)
	}
	open := func(v *vault.Vault) error {
		_, err := v.OpenShort(t.Context(), "session", at, sealed)
		return err
	}
	other := w.must(vault.ModeLibrary, 1) // a node that did not make the key
	if err := errors.Join(open(v), open(other)); err != nil {
		t.Fatalf("open at once: %v", err)
	}
	w.advance(20 * time.Hour)
	if err := open(v); err != nil {
		t.Errorf("open after 20 hours: %v", err)
	}
	w.advance(20 * time.Hour)
	if err := errors.Join(open(v), open(other)); !errors.Is(err, seal.ErrOpen) {
		t.Errorf("open after two midnights: %v", err)
	}
	w.advance(24 * time.Hour)
	if _, err := v.SealShort(t.Context(), "session", at, []byte("next")); err != nil { // makes today's key, destroys old ones
		t.Fatal(err)
	}
	n := 0
	err = w.db.View(t.Context(), func(r driver.Reader) error {
		recs, _, err := r.Scan(t.Context(), driver.Range{Kind: "shortkey", Limit: 10})
		n = len(recs)
		return err
	})
	if err != nil || n != 1 {
		t.Errorf("%d short-lived keys are stored, want 1 (%v)", n, err)
	}
}

// Forged values cost no look-up and are refused.
func TestOpenShortRefusesForgery(t *testing.T) {
	t.Parallel()
	v := setup(t).must(vault.ModeLibrary, 1)
	at := seal.Place{Kind: "session"}
	good, err := v.SealShort(t.Context(), "session", at, []byte("state"))
	if err != nil {
		t.Fatal(err)
	}
	future := bytes.Clone(good)
	future[3]++
	for name, b := range map[string][]byte{"empty": nil, "short": {1, 2}, "future day": future, "cut": good[:8], "old day": append([]byte{0, 0, 0, 1}, good[4:]...)} {
		if _, err := v.OpenShort(t.Context(), "session", at, b); !errors.Is(err, seal.ErrOpen) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := v.OpenShort(t.Context(), "other", at, good); !errors.Is(err, seal.ErrOpen) {
		t.Errorf("other purpose: %v", err)
	}
}
