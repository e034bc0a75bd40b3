package memory

import (
	"math/bits"
	"slices"
)

// A finder finds rows by their names, which are keys or the values of a unique index. It is a hash table that grows and shrinks
// by one bucket at a time (linear hashing), kept in pages so that a draft copies little of it: a look-up takes the same four
// steps in a table of ten and of a million. Trees find the same rows, but every level of theirs costs comparisons with strings
// that lie elsewhere in memory.
//
// Like all parts of a state it never changes once that is published.
type finder struct {
	pages   []*page
	draft   uint64 // may write to pages
	buckets int    // in use; the first numbers
	names   int
}

const (
	pageShelves  = 64
	shelfBuckets = 32
	pageBuckets  = pageShelves * shelfBuckets

	// bucketNames is how many names a bucket has on average: as many as fit a line of the cache.
	bucketNames = 4
)

type page struct {
	draft   uint64
	shelves [pageShelves]*shelf
}

type shelf struct {
	draft   uint64
	buckets [shelfBuckets][]spot // whose arrays are never written to
}

// A spot is one name of a row. The hash is kept because comparing it spares a look at the row, and splitting a bucket needs it.
type spot struct {
	hash uint32
	name rowName
	row  *row
}

// find returns the row with a name, or nil.
func (f *finder) find(hash uint32, name string) *row {
	if f.buckets == 0 {
		return nil
	}
	at := f.bucket(hash)
	bucket := f.pages[at/pageBuckets].shelves[at/shelfBuckets%pageShelves].buckets[at%shelfBuckets]
	for i := range bucket {
		if b := &bucket[i]; b.hash == hash && b.row.name(b.name) == name {
			return b.row
		}
	}
	return nil
}

// bucket returns the number of the bucket that a hash belongs to: its lowest bits, one less of them if that bucket is not in use.
func (f *finder) bucket(hash uint32) int {
	mask := uint32(1)<<bits.Len(uint(f.buckets-1)) - 1
	if at := int(hash & mask); at < f.buckets {
		return at
	}
	return int(hash & (mask >> 1))
}

// set makes a spot findable in place of the one with the same name, if there is any.
func (f *finder) set(draft uint64, s spot) {
	if f.buckets == 0 {
		f.open(draft)
	}
	b := f.writable(draft, f.bucket(s.hash))
	if i := position(*b, s.hash, s.row.name(s.name)); i >= 0 {
		own := slices.Clone(*b)
		own[i] = s
		*b = own
		return
	}
	own := make([]spot, len(*b)+1)
	copy(own, *b)
	own[len(*b)] = s
	*b = own
	if f.names++; f.names > f.buckets*bucketNames {
		f.open(draft)
	}
}

// remove makes a name findable no more, which has to be.
func (f *finder) remove(draft uint64, hash uint32, name string) {
	b := f.writable(draft, f.bucket(hash))
	i := position(*b, hash, name)
	own := make([]spot, 0, len(*b)-1)
	*b = append(append(own, (*b)[:i]...), (*b)[i+1:]...)
	// Half of what opens a bucket, so that a name that comes and goes does not open and close one each time.
	if f.names--; f.names < (f.buckets-1)*bucketNames/2 || f.names == 0 {
		f.close(draft)
	}
}

func position(bucket []spot, hash uint32, name string) int {
	return slices.IndexFunc(bucket, func(b spot) bool { return b.hash == hash && b.row.name(b.name) == name })
}

// open takes the next bucket into use. The names that belong there are all in one bucket so far.
func (f *finder) open(draft uint64) {
	at := f.buckets
	f.buckets++
	if at/pageBuckets == len(f.pages) {
		f.ownPages(draft)
		f.pages = append(f.pages, &page{draft: draft})
	}
	if at == 0 {
		f.writable(draft, at)
		return
	}
	b, from := f.writable(draft, at), f.writable(draft, sibling(at))
	all, moving := *from, 0
	for _, s := range all {
		if f.bucket(s.hash) == at {
			moving++
		}
	}
	kept, moved := make([]spot, 0, len(all)-moving), make([]spot, 0, moving)
	for _, s := range all {
		if f.bucket(s.hash) == at {
			moved = append(moved, s)
		} else {
			kept = append(kept, s)
		}
	}
	*from, *b = kept, moved
}

// close gives the last bucket up. What is in it goes back where it was before the bucket was opened. A finder without names ends
// as an empty one, without memory.
func (f *finder) close(draft uint64) {
	if f.names == 0 {
		*f = finder{}
		return
	}
	f.buckets--
	at := f.buckets
	b, into := f.writable(draft, at), f.writable(draft, sibling(at))
	*into, *b = slices.Concat(*into, *b), nil
	switch {
	case at%pageBuckets == 0:
		f.ownPages(draft)
		f.pages = slices.Delete(f.pages, len(f.pages)-1, len(f.pages))
	case at%shelfBuckets == 0:
		f.pages[at/pageBuckets].shelves[at/shelfBuckets%pageShelves] = nil
	}
}

// sibling returns the bucket whose names bucket at takes a part of.
func sibling(at int) int { return at &^ (1 << (bits.Len(uint(at)) - 1)) }

// writable returns a bucket for writing in a draft.
func (f *finder) writable(draft uint64, at int) *[]spot {
	p := &f.pages[at/pageBuckets]
	if (*p).draft != draft {
		f.ownPages(draft)
		p = &f.pages[at/pageBuckets]
		own := **p
		own.draft = draft
		*p = &own
	}
	s := &(*p).shelves[at/shelfBuckets%pageShelves]
	switch {
	case *s == nil:
		*s = &shelf{draft: draft}
	case (*s).draft != draft:
		own := **s
		own.draft = draft
		*s = &own
	}
	return &(*s).buckets[at%shelfBuckets]
}

func (f *finder) ownPages(draft uint64) {
	if f.draft != draft {
		f.pages, f.draft = slices.Clone(f.pages), draft
	}
}
