package memory

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestTreeHistories has random histories in drafts and compares the tree with a sorted slice: now, and in every state that was
// kept.
func TestTreeHistories(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		items int // that there may be
		next  func(rng *rand.Rand, i, items int) int
	}{
		{"few", 40, func(rng *rand.Rand, _, items int) int { return rng.IntN(items) }},
		{"many", 20_000, func(rng *rand.Rand, _, items int) int { return rng.IntN(items) }},
		{"ascending", 8_000, func(_ *rand.Rand, i, items int) int { return i % items }},
		{"descending", 8_000, func(_ *rand.Rand, i, items int) int { return items - 1 - i%items }},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			rng := rand.New(rand.NewPCG(2, uint64(c.items))) //nolint:gosec // to be repeatable
			type state struct {
				draft uint64
				tree  tree[int]
				want  []int
			}
			now := state{tree: newTree(cmp.Compare[int])}
			kept, i := []state{now}, 0
			for step := range 40 {
				if step%7 == 6 {
					now = kept[rng.IntN(len(kept))]
				}
				now.want = slices.Clone(now.want)
				now.draft++
				for range c.items / 4 {
					i++
					x := c.next(rng, i, c.items)
					at, there := slices.BinarySearch(now.want, x)
					switch {
					case there && (step%20 >= 10) != (rng.IntN(8) == 0):
						now.tree.remove(now.draft, x)
						now.want = slices.Delete(now.want, at, at+1)
					case !there && step%20 < 10:
						now.tree.add(now.draft, x)
						now.want = slices.Insert(now.want, at, x)
					}
				}
				kept = append(kept, now)
			}
			for i, s := range kept {
				if err := sameTree(&s.tree, s.want, rng, c.items); err != nil {
					t.Fatalf("state %d of %d: %v", i, len(kept), err)
				}
			}
			now.want = slices.Clone(now.want)
			rng.Shuffle(len(now.want), func(i, j int) { now.want[i], now.want[j] = now.want[j], now.want[i] })
			now.draft++
			for _, x := range now.want {
				now.tree.remove(now.draft, x)
			}
			if now.tree.root != nil {
				t.Error("the emptied tree has a node")
			}
		})
	}
}

// sameTree says how a tree differs from a sorted slice, or nothing.
func sameTree(tree *tree[int], want []int, rng *rand.Rand, items int) error {
	if tree.root != nil {
		if _, err := depth(tree.root, true); err != nil {
			return err
		}
	}
	for round := range 20 {
		from, limit := rng.IntN(items+2)-1, 1+rng.IntN(100)
		if round == 0 {
			from, limit = -1, items+1
		}
		at, _ := slices.BinarySearch(want, from)
		collect := func(got *[]int) func(int) bool {
			return func(x int) bool {
				*got = append(*got, x)
				return len(*got) < limit
			}
		}
		var up, down, last []int
		tree.ascend(from, collect(&up))
		tree.descend(from, false, collect(&down))
		tree.descend(0, true, collect(&last))
		backward := func(s []int) []int {
			s = slices.Clone(s[max(0, len(s)-limit):])
			slices.Reverse(s)
			return s
		}
		switch {
		case !slices.Equal(up, want[at:min(len(want), at+limit)]):
			return fmt.Errorf("%d from %d on are %v", limit, from, up)
		case !slices.Equal(down, backward(want[:at])):
			return fmt.Errorf("%d below %d are %v", limit, from, down)
		case !slices.Equal(last, backward(want)):
			return fmt.Errorf("the last %d are %v", limit, last)
		}
	}
	return nil
}

// depth returns how many levels there are below n, which has to be the same everywhere, and checks how full the nodes are.
func depth(n *node[int], root bool) (int, error) {
	least := minItems
	if root {
		least = 1
	}
	if len(n.items) < least || len(n.items) > maxItems || n.kids != nil && len(n.kids) != len(n.items)+1 {
		return 0, fmt.Errorf("a node has %d items and %d kids", len(n.items), len(n.kids))
	}
	levels := -1
	for _, kid := range n.kids {
		below, err := depth(kid, false)
		if err != nil {
			return 0, err
		}
		if levels >= 0 && below != levels {
			return 0, fmt.Errorf("a leaf is %d levels below a node, another one %d", below, levels)
		}
		levels = below
	}
	return levels + 1, nil
}
