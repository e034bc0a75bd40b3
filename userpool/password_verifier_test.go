package userpool_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"strings"
	"sync"
	"testing"

	"github.com/cenote-auth/cenote/srp"
	"github.com/cenote-auth/cenote/store/driver"
	"github.com/cenote-auth/cenote/userpool"
)

// keeping remembers the newest version of the user records that are stored.
type keeping struct {
	driver.DB
	mu    sync.Mutex
	users map[string]driver.Record // by key
}

func (k *keeping) watch(c *userpool.Config) {
	k.DB, c.Store, k.users = c.Store, k, map[string]driver.Record{}
}

func (k *keeping) Update(ctx context.Context, fn func(driver.Tx) error) error {
	return k.DB.Update(ctx, func(tx driver.Tx) error { return fn(keepingTx{tx, k}) })
}

type keepingTx struct {
	driver.Tx
	k *keeping
}

func (t keepingTx) Put(ctx context.Context, r driver.Record) error {
	if r.Kind == "user" {
		t.k.mu.Lock()
		t.k.users[r.Key] = r
		t.k.mu.Unlock()
	}
	return t.Tx.Put(ctx, r)
}

// rawFields is the member of a record under which of and replace have what stands behind its JSON.
const rawFields = "raw fields"

// of returns the record of a user as JSON, and its key.
func (k *keeping) of(t *testing.T, sub string) (string, map[string]any) {
	t.Helper()
	k.mu.Lock()
	defer k.mu.Unlock()
	for key, r := range k.users {
		if strings.Contains(key, sub) {
			var m map[string]any
			n, size := binary.Uvarint(r.Data)
			check(t, json.Unmarshal(r.Data[size:][:n], &m))
			m[rawFields] = r.Data[size:][n:]
			return key, m
		}
	}
	t.Fatalf("no record of %s", sub)
	return "", nil
}

// replace overwrites a user's record, as somebody would who can write to the database.
func (k *keeping) replace(t *testing.T, key string, m map[string]any) {
	t.Helper()
	raw := m[rawFields].([]byte)
	delete(m, rawFields)
	text, err := json.Marshal(m)
	check(t, err)
	data := append(append(binary.AppendUvarint(nil, uint64(len(text))), text...), raw...)
	check(t, k.DB.Update(t.Context(), func(tx driver.Tx) error {
		recs, err := tx.Get(t.Context(), driver.Ref{Kind: "user", Value: key})
		if err != nil {
			return err
		}
		recs[0].Data = data
		k.mu.Lock()
		recs[0].Index = k.users[key].Index
		k.mu.Unlock()
		return tx.Put(t.Context(), recs[0])
	}))
}

// A password is stored as a sealed SRP verifier and as nothing else: who reads the database has neither it nor the verifier.
func TestH13_PasswordAtRest(t *testing.T) {
	t.Parallel()
	k := &keeping{}
	a := setup(t, k.watch).app()
	sub := a.user("ada")
	key, m := k.of(t, sub)
	if _, ok := m["p"]; !ok {
		t.Fatalf("no password in %v", m)
	}
	verifier := srp.User(a.pool, "ada").Verifier(password, salt(t, m))
	stored := string(k.users[key].Data)
	for what, secret := range map[string]string{
		"password": password, "password in base64": base64.StdEncoding.EncodeToString([]byte(password)),
		"verifier": string(verifier), "verifier in base64": base64.StdEncoding.EncodeToString(verifier),
	} {
		if strings.Contains(stored, secret) {
			t.Errorf("the %s can be read in the store", what)
		}
	}
}

// salt returns the first raw field of a user.
func salt(t *testing.T, m map[string]any) []byte {
	t.Helper()
	raw := m[rawFields].([]byte)
	if len(raw) < 17 || raw[0] != 16 {
		t.Fatalf("no salt of 16 bytes in %x", raw)
	}
	return raw[1:17]
}

// A sealed verifier opens for the user it was made for: copied into another user's record, it lets nobody in (C7).
func TestC7_VerifierCannotBeMoved(t *testing.T) {
	t.Parallel()
	k := &keeping{}
	a := setup(t, k.watch).app()
	ada, eve := a.user("ada"), a.user("eve")
	a.setPassword("eve", another)
	adaKey, adaRecord := k.of(t, ada)
	_, eveRecord := k.of(t, eve)
	adaRecord["p"], adaRecord[rawFields] = eveRecord["p"], eveRecord[rawFields]
	k.replace(t, adaKey, adaRecord)
	_, err := a.tryPassword("ada", another)
	if err == nil {
		t.Fatal("eve's password opens ada's account")
	}
	_, err = a.srp("ada", another)
	if err == nil {
		t.Fatal("eve's password opens ada's account by SRP")
	}
	_, err = a.tryPassword("eve", another)
	check(t, err)
}

// AUTH-181, H13: the salt is the user's for life, so that a check of 24 passwords is one exponentiation.
func TestH13_OneSaltForLife(t *testing.T) {
	t.Parallel()
	k := &keeping{}
	a := setup(t, k.watch).app(history(24))
	sub := a.user("ada")
	_, m := k.of(t, sub)
	before := salt(t, m)
	for i := range 4 {
		a.setPassword("ada", another+string(rune('a'+i)))
	}
	_, m = k.of(t, sub)
	same, former := bytes.Equal(salt(t, m), before), m["p"].(map[string]any)["h"].([]any)
	if !same || len(former) != 4 {
		t.Errorf("salt is the same: %t; %d former passwords, want 4", same, len(former))
	}
}
