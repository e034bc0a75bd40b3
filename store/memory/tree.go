package memory

import "slices"

// A tree is a B+ tree: a set in order. What is in it is in the leaves; inner nodes have copies of some of it, to find the way.
// Nodes of published states never change. A draft copies those on its way, which are then its own. Arrays are as long as what is
// in them and no longer: most of them are written only once.
type tree[T any] struct {
	root    *node[T] // nil if the tree is empty
	compare func(a, b T) int
}

type node[T any] struct {
	draft uint64 // may write to the node
	items []T
	kids  []*node[T] // nil in a leaf, else one more than items: items[i] is above all in kids[i] and not above any in kids[i+1]
}

const (
	maxItems = 32 // few, so that a copy is small
	minItems = maxItems / 4
)

func newTree[T any](compare func(a, b T) int) tree[T] { return tree[T]{compare: compare} }

// after returns how many items of a node are not above x.
func (t *tree[T]) after(n *node[T], x T) int {
	low, high := 0, len(n.items)
	for low < high {
		if mid := (low + high) / 2; t.compare(n.items[mid], x) > 0 {
			high = mid
		} else {
			low = mid + 1
		}
	}
	return low
}

// before returns how many items of a node are below x.
func (t *tree[T]) before(n *node[T], x T) int {
	i := t.after(n, x)
	if i > 0 && t.compare(n.items[i-1], x) == 0 {
		i--
	}
	return i
}

// add adds x, which is not in the tree.
func (t *tree[T]) add(draft uint64, x T) {
	if t.root == nil {
		t.root = &node[T]{draft: draft, items: []T{x}}
		return
	}
	t.root = t.root.writable(draft, 1)
	if right, middle := t.insert(t.root, x); right != nil {
		t.root = &node[T]{draft: draft, items: []T{middle}, kids: []*node[T]{t.root, right}}
	}
}

// insert adds x below n. If n had to be split, it returns the right half and what separates both.
func (t *tree[T]) insert(n *node[T], x T) (right *node[T], middle T) {
	i := t.after(n, x)
	if n.kids == nil {
		n.items = insertAt(n.items, i, x)
		if len(n.items) <= maxItems {
			return nil, middle
		}
		right = &node[T]{draft: n.draft}
		n.items, right.items = parted(n.items, len(n.items)/2)
		return right, right.items[0]
	}
	kid := n.kids[i].writable(n.draft, 1)
	n.kids[i] = kid
	grown, between := t.insert(kid, x)
	if grown == nil {
		return nil, middle
	}
	n.items, n.kids = insertAt(n.items, i, between), insertAt(n.kids, i+1, grown)
	if len(n.items) <= maxItems {
		return nil, middle
	}
	half := len(n.items) / 2
	middle, right = n.items[half], &node[T]{draft: n.draft}
	n.items, right.items = slices.Clone(n.items[:half]), slices.Clone(n.items[half+1:])
	n.kids, right.kids = parted(n.kids, half+1)
	return right, middle
}

// remove removes x, which is in the tree.
func (t *tree[T]) remove(draft uint64, x T) {
	t.root = t.root.writable(draft, 0)
	t.take(t.root, x)
	if len(t.root.items) > 0 {
		return
	}
	if t.root.kids == nil {
		t.root = nil
	} else {
		t.root = t.root.kids[0]
	}
}

// take removes x below n.
func (t *tree[T]) take(n *node[T], x T) {
	i := t.after(n, x)
	if n.kids == nil {
		n.items = slices.Delete(n.items, i-1, i)
		return
	}
	kid := n.kids[i].writable(n.draft, 0)
	n.kids[i] = kid
	t.take(kid, x)
	if len(kid.items) < minItems {
		n.level(min(i, len(n.items)-1))
	}
}

// level makes one node of kids i and i+1 if they fit, and else two of the same size.
func (n *node[T]) level(i int) {
	n.items = slices.Clone(n.items) // which published nodes may have, too
	a, b := n.kids[i], n.kids[i+1]
	one := &node[T]{draft: n.draft}
	if a.kids == nil {
		one.items = slices.Concat(a.items, b.items)
	} else {
		one.items = slices.Concat(a.items, n.items[i:i+1], b.items)
		one.kids = slices.Concat(a.kids, b.kids)
	}
	if len(one.items) <= maxItems {
		n.items, n.kids[i] = slices.Delete(n.items, i, i+1), one
		n.kids = slices.Delete(n.kids, i+1, i+2)
		return
	}
	half, two := len(one.items)/2, &node[T]{draft: n.draft}
	n.items[i] = one.items[half]
	if one.kids == nil {
		one.items, two.items = parted(one.items, half)
	} else {
		one.items, two.items = slices.Clone(one.items[:half]), slices.Clone(one.items[half+1:])
		one.kids, two.kids = parted(one.kids, half+1)
	}
	n.kids[i], n.kids[i+1] = one, two
}

// writable returns n for writing in a draft. A leaf has room for so many items more, because who writes to it adds that many. An inner
// node goes on with the items that it has, and no room behind them: of most, only a kid changes.
func (n *node[T]) writable(draft uint64, room int) *node[T] {
	switch {
	case n.draft == draft:
		return n
	case n.kids == nil:
		return &node[T]{draft: draft, items: append(make([]T, 0, len(n.items)+room), n.items...)}
	default:
		return &node[T]{draft: draft, items: slices.Clip(n.items), kids: slices.Clone(n.kids)}
	}
}

// insertAt inserts x, and makes a little room where there is none: what one draft adds to a node is little, or soon parted.
func insertAt[E any](s []E, i int, x E) []E {
	if len(s) == cap(s) {
		s = append(make([]E, 0, len(s)+2+len(s)/8), s...)
	}
	return slices.Insert(s, i, x)
}

// parted returns both parts of s, each in an array of its own.
func parted[E any](s []E, at int) (left, right []E) {
	return slices.Clone(s[:at]), slices.Clone(s[at:])
}

// ascend calls fn with everything from x on, until it returns false.
func (t *tree[T]) ascend(x T, fn func(T) bool) {
	if t.root != nil {
		t.up(t.root, x, fn)
	}
}

func (t *tree[T]) up(n *node[T], x T, fn func(T) bool) bool {
	if n.kids == nil {
		return each(n.items[t.before(n, x):], fn)
	}
	i := t.after(n, x)
	if !t.up(n.kids[i], x, fn) {
		return false
	}
	for _, kid := range n.kids[i+1:] {
		if !kid.all(fn) {
			return false
		}
	}
	return true
}

func (n *node[T]) all(fn func(T) bool) bool {
	for _, kid := range n.kids {
		if !kid.all(fn) {
			return false
		}
	}
	return n.kids != nil || each(n.items, fn)
}

func each[T any](items []T, fn func(T) bool) bool {
	for _, x := range items {
		if !fn(x) {
			return false
		}
	}
	return true
}

// descend calls fn with everything below x, last first, until it returns false. It is everything there is if open.
func (t *tree[T]) descend(x T, open bool, fn func(T) bool) {
	if t.root != nil {
		t.down(t.root, x, open, fn)
	}
}

func (t *tree[T]) down(n *node[T], x T, open bool, fn func(T) bool) bool {
	i := len(n.items)
	if !open {
		i = t.before(n, x)
	}
	if n.kids == nil {
		for _, item := range slices.Backward(n.items[:i]) {
			if !fn(item) {
				return false
			}
		}
		return true
	}
	if !t.down(n.kids[i], x, open, fn) {
		return false
	}
	for _, kid := range slices.Backward(n.kids[:i]) {
		if !t.down(kid, x, true, fn) {
			return false
		}
	}
	return true
}
