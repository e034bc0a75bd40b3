package memory

import (
	"fmt"
	"hash/maphash"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
)

// TestFinderHistories has random histories in drafts, as transactions make them, and compares with a map what the finder finds:
// now, and in every state that was kept. Drafts that fork from a kept state have the same numbers as those they fork from.
func TestFinderHistories(t *testing.T) {
	t.Parallel()
	seed := maphash.MakeSeed()
	good := func(name string) uint32 { return uint32(maphash.String(seed, name)) }
	for _, c := range []struct {
		name  string
		hash  func(string) uint32
		names int
	}{
		{"hashed", good, 20_000}, // more than a page holds
		{"few", good, 20},
		{"all collide", func(string) uint32 { return 1<<32 - 1 }, 60},
		{"high bits only", func(name string) uint32 { return good(name) << 20 }, 2_000},
		{"pairs collide", func(name string) uint32 { return good(name[:len(name)-1]) }, 2_000},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			h := &finderHistory{hash: c.hash, names: c.names, rng: rand.New(rand.NewPCG(1, uint64(c.names))), want: map[string]*row{}} //nolint:gosec // to be repeatable
			kept := []finderState{h.state()}
			for step := range 40 {
				if step%7 == 6 {
					h.resume(kept[h.rng.IntN(len(kept))]) // a restore, or a fork
				}
				h.draft++
				for range h.names / 4 {
					h.do(step%20 < 10) // ten steps of growth, ten of shrinking
				}
				kept = append(kept, h.state())
			}
			for h.draft++; len(h.want) > 0; {
				h.remove(slices.Sorted(maps.Keys(h.want))[0])
				if len(h.want) == h.names/8 {
					kept = append(kept, h.state())
					h.draft++
				}
			}
			if h.finder.names != 0 || h.finder.pages != nil {
				t.Errorf("the emptied finder holds %d names in %d pages", h.finder.names, len(h.finder.pages))
			}
			for i, s := range kept {
				if err := s.check(h); err != nil {
					t.Fatalf("state %d of %d: %v", i, len(kept), err)
				}
			}
		})
	}
}

type finderHistory struct {
	hash   func(string) uint32
	names  int
	rng    *rand.Rand
	draft  uint64
	finder finder
	want   map[string]*row
}

type finderState struct {
	draft  uint64
	finder finder
	want   map[string]*row
}

func (h *finderHistory) state() finderState {
	return finderState{h.draft, h.finder, maps.Clone(h.want)}
}

func (h *finderHistory) resume(s finderState) {
	h.draft, h.finder, h.want = s.draft, s.finder, maps.Clone(s.want)
}

func (h *finderHistory) do(grow bool) {
	name := strconv.Itoa(h.rng.IntN(h.names))
	if h.rng.IntN(8) == 0 {
		grow = !grow
	}
	switch {
	case grow:
		r := &row{key: name}
		h.finder.set(h.draft, spot{h.hash(name), byKey, r})
		h.want[name] = r
	case h.want[name] != nil:
		h.remove(name)
	}
}

func (h *finderHistory) remove(name string) {
	h.finder.remove(h.draft, h.hash(name), name)
	delete(h.want, name)
}

func (s finderState) check(h *finderHistory) error {
	if s.finder.names != len(s.want) {
		return fmt.Errorf("%d names, want %d", s.finder.names, len(s.want))
	}
	if most := len(s.want)*2/bucketNames + 2; s.finder.buckets > most || s.finder.buckets < len(s.want)/bucketNames {
		return fmt.Errorf("%d buckets for %d names", s.finder.buckets, len(s.want))
	}
	for i := range h.names + 1 { // the last one never is
		name := strconv.Itoa(i)
		if got, want := s.finder.find(h.hash(name), name), s.want[name]; got != want {
			return fmt.Errorf("%q leads to %v, want %v", name, got, want)
		}
	}
	return nil
}

// TestFinderEntries checks that a row is found by whichever of its names a spot is of.
func TestFinderEntries(t *testing.T) {
	t.Parallel()
	var f finder
	r := &row{key: "key", entries: []rowEntry{{value: "first"}, {value: "second"}}}
	f.set(1, spot{7, 1, r})
	for name, want := range map[string]*row{"second": r, "first": nil, "key": nil} {
		if got := f.find(7, name); got != want {
			t.Errorf("%q leads to %v, want %v", name, got, want)
		}
	}
	next := &row{key: "key", entries: []rowEntry{{value: "second"}}}
	f.set(2, spot{7, 0, next})
	if f.names != 1 || f.find(7, "second") != next {
		t.Errorf("%d names, want the new version of the row under the one name", f.names)
	}
}
