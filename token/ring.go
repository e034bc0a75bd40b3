package token

import (
	"cmp"
	"slices"
	"time"
)

// KeyState is the life of one signing key. It is published from the moment it is
// in the ring until RetireAt, and signs from NotBefore until its successor does.
type KeyState struct {
	ID        string    // kid
	Use       Use       // ID or Access
	NotBefore time.Time // first moment it may sign; zero: always
	RetireAt  time.Time // first moment it is not published; zero: no successor yet
}

// Ring is all keys of a pool, in any order. It is a value: methods that change it
// return a new one, and storing it is the owner's. The zero Ring has no key.
type Ring []KeyState

// Current returns the key that signs tokens of the use at now: of those that may,
// the one that came last.
func (r Ring) Current(use Use, now time.Time) (KeyState, bool) {
	var current KeyState
	found := false
	for _, k := range r {
		if k.Use == use && k.published(now) && !now.Before(k.NotBefore) && (!found || k.compare(current) > 0) {
			current, found = k, true
		}
	}
	return current, found
}

// compare orders keys by their first use, and by id if that is the same, so that
// all nodes choose alike.
func (k KeyState) compare(other KeyState) int {
	return cmp.Or(k.NotBefore.Compare(other.NotBefore), cmp.Compare(k.ID, other.ID))
}

// Published returns the keys that belong into the key set at now.
func (r Ring) Published(now time.Time) Ring {
	return slices.DeleteFunc(slices.Clone(r), func(k KeyState) bool { return !k.published(now) })
}

func (k KeyState) published(now time.Time) bool {
	return k.RetireAt.IsZero() || now.Before(k.RetireAt)
}

// Rotate adds the key id as the next signer of the use. Verifiers may keep a key
// set for the time cache, so the key is published now and signs after that long;
// its predecessor stays until the last token that it may sign till then, of a
// life of at most lifetime, has expired. Keys that are over at now are left out.
func (r Ring) Rotate(use Use, id string, now time.Time, cache, lifetime time.Duration) Ring {
	return r.add(use, id, now, now.Add(cache), lifetime)
}

// RotateNow adds the key id as the signer of the use from now on, for a key that
// has leaked. Verifiers that keep an older key set refuse its tokens until they
// look again. With revoke all other keys of the use are gone at once, and their
// tokens with them; else they stay until those have expired. A key that is the only
// one of its use signs whatever the time is: on a clock that is behind, nobody else
// could.
func (r Ring) RotateNow(use Use, id string, now time.Time, lifetime time.Duration, revoke bool) Ring {
	if revoke {
		r = slices.DeleteFunc(slices.Clone(r), func(k KeyState) bool { return k.Use == use })
	}
	from := now
	if !slices.ContainsFunc(r, func(k KeyState) bool { return k.Use == use && k.published(now) }) {
		from = time.Time{}
	}
	return r.add(use, id, now, from, lifetime)
}

func (r Ring) add(use Use, id string, now, from time.Time, lifetime time.Duration) Ring {
	out := append(r.Published(now), KeyState{ID: id, Use: use, NotBefore: from})
	slices.SortStableFunc(out, KeyState.compare)

	// Every key has to outlive the tokens it signs until its successor takes over.
	var successor *KeyState
	for i := len(out) - 1; i >= 0; i-- {
		k := &out[i]
		if k.Use != use {
			continue
		}
		if successor != nil {
			if end := successor.NotBefore.Add(lifetime); k.RetireAt.Before(end) {
				k.RetireAt = end
			}
		}
		successor = k
	}
	return out
}
