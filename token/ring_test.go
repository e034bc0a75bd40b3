package token_test

import (
	"testing"
	"time"

	"github.com/cenote-auth/cenote/token"
)

const (
	cacheTime = time.Hour
	lifetime  = 24 * time.Hour
)

func ids(r token.Ring) (ids string) {
	for _, k := range r {
		ids += k.ID
	}
	return ids
}

// Keys are published a cache time before they sign, and stay until their last token
// has expired.
func TestH5_Rotation(t *testing.T) {
	t.Parallel()
	ring := token.Ring{}.
		RotateNow(token.Access, "a", issued, lifetime, false).
		RotateNow(token.ID, "i", issued, lifetime, false)
	start := issued.Add(100 * time.Hour)
	ring = ring.Rotate(token.Access, "b", start, cacheTime, lifetime)
	tests := []struct {
		name                       string
		at                         time.Duration // after the rotation
		access, published, idSigns string
	}{
		{"at once", 0, "a", "aib", "i"},
		{"just before", cacheTime - 1, "a", "aib", "i"},
		{"in force", cacheTime, "b", "aib", "i"},
		{"the last token of the old key may live", cacheTime + lifetime - 1, "b", "aib", "i"},
		{"it has expired", cacheTime + lifetime, "b", "ib", "i"},
		{"much later", 10000 * time.Hour, "b", "ib", "i"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			now := start.Add(tt.at)
			if k, ok := ring.Current(token.Access, now); !ok || k.ID != tt.access {
				t.Errorf("%s signs access tokens, want %s", k.ID, tt.access)
			}
			if k, ok := ring.Current(token.ID, now); !ok || k.ID != tt.idSigns {
				t.Errorf("%s signs ID tokens, want %s", k.ID, tt.idSigns)
			}
			if got := ids(ring.Published(now)); got != tt.published {
				t.Errorf("published %s, want %s", got, tt.published)
			}
		})
	}
}

// No moment is without a signer, and every token can be checked all its life,
// however rotations follow each other.
func TestH5_EveryTokenOutlivesNoKey(t *testing.T) {
	t.Parallel()
	ring := token.Ring{}.RotateNow(token.Access, "0", issued, lifetime, false)
	var signed []struct {
		kid string
		at  time.Time
	}
	now := issued
	for i := range 2000 {
		now = now.Add(7 * time.Minute)
		switch {
		case i%13 == 0:
			ring = ring.Rotate(token.Access, string(rune('A'+i%26))+now.Format("150405"), now, cacheTime, lifetime)
		case i%97 == 0:
			ring = ring.RotateNow(token.Access, "now"+now.Format("02150405"), now, lifetime, false)
		}
		k, ok := ring.Current(token.Access, now)
		if !ok {
			t.Fatalf("nobody signs at %v", now)
		}
		signed = append(signed, struct {
			kid string
			at  time.Time
		}{k.ID, now})
		published := map[string]bool{}
		for _, k := range ring.Published(now) {
			published[k.ID] = true
		}
		for _, s := range signed {
			if now.Sub(s.at) < lifetime && !published[s.kid] {
				t.Fatalf("token of %v under %s cannot be checked at %v", s.at, s.kid, now)
			}
		}
		if len(ring) > 64 {
			t.Fatalf("%d keys are kept", len(ring))
		}
	}
}

func TestRotateNowRevokes(t *testing.T) {
	t.Parallel()
	ring := token.Ring{}.
		RotateNow(token.Access, "a", issued, lifetime, false).
		RotateNow(token.ID, "i", issued, lifetime, false)
	later := issued.Add(time.Hour)
	before := ids(ring)
	revoked := ring.RotateNow(token.Access, "b", later, lifetime, true)
	if got := ids(revoked.Published(later)); got != "bi" {
		t.Errorf("published %s", got)
	}
	if ids(ring) != before || ring[0].RetireAt != (time.Time{}) {
		t.Error("the old ring has changed")
	}
	if k, ok := revoked.Current(token.Access, later); !ok || k.ID != "b" {
		t.Errorf("%s signs", k.ID)
	}
}

// Nodes' clocks differ, and tests set theirs back: the only key signs on all of them.
func TestTheOnlyKeySignsAtAnyTime(t *testing.T) {
	t.Parallel()
	first := token.Ring{}.RotateNow(token.Access, "a", issued, lifetime, false)
	revoked := first.RotateNow(token.Access, "b", issued.Add(time.Hour), lifetime, true)
	added := first.RotateNow(token.Access, "c", issued.Add(time.Hour), lifetime, false)
	for _, tt := range []struct {
		name, want string
		ring       token.Ring
	}{{"first", "a", first}, {"after a revocation", "b", revoked}, {"beside another", "a", added}} {
		if k, ok := tt.ring.Current(token.Access, issued.Add(-time.Second)); !ok || k.ID != tt.want {
			t.Errorf("%s: %q signs, want %q", tt.name, k.ID, tt.want)
		}
	}
}

func TestEmptyRing(t *testing.T) {
	t.Parallel()
	if _, ok := token.Ring(nil).Current(token.ID, issued); ok {
		t.Error("nobody's key signs")
	}
	waiting := token.Ring{}.Rotate(token.ID, "a", issued, cacheTime, lifetime)
	if _, ok := waiting.Current(token.ID, issued); ok {
		t.Error("a key signs before its time")
	}
}
