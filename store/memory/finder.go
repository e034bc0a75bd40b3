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
	shelfBuckets = 8
	pageBuckets  = pageShelves * shelfBuckets

	bucketSpots = 4 // that a bucket has room for
	bucketNames = 3 // that it has on average
)

type page struct {
	draft   uint64
	shelves [pageShelves]*shelf
}

// A shelf is laid out so that every bucket is one line of the processor's cache: the runtime puts 8 bytes before an object of this
// size. Elsewhere it works as well, only slower.
type shelf struct {
	draft   uint64
	_       [48]byte
	buckets [shelfBuckets]bucket
}

// A bucket holds spots, the first places first. It is written to where it lies in a shelf of the draft; those behind more never are.
type bucket struct {
	hashes [bucketSpots]uint32
	names  [bucketSpots]rowName
	rows   [bucketSpots]*row // nil where nothing is
	more   *bucket           // of what does not fit
}

// A spot is one name of a row. The hash is kept because comparing it spares a look at the row, and splitting a bucket needs it.
type spot struct {
	hash uint32
	name rowName
	row  *row
}

// is reports whether place i holds the spot of a name.
func (b *bucket) is(i int, hash uint32, name string) bool {
	return b.hashes[i] == hash && b.rows[i] != nil && b.rows[i].name(b.names[i]) == name
}

func (b *bucket) at(i int) spot { return spot{b.hashes[i], b.names[i], b.rows[i]} }

func (b *bucket) put(i int, s spot) { b.hashes[i], b.names[i], b.rows[i] = s.hash, s.name, s.row }

// all yields the spots of a bucket.
func (b *bucket) all(yield func(spot) bool) {
	for ; b != nil; b = b.more {
		for i := range bucketSpots {
			if b.rows[i] == nil || !yield(b.at(i)) {
				return
			}
		}
	}
}

// add puts a spot behind the others.
func (b *bucket) add(s spot) {
	for i := range bucketSpots {
		if b.rows[i] == nil {
			b.put(i, s)
			return
		}
	}
	more := &bucket{}
	if b.more != nil {
		*more = *b.more
	}
	more.add(s)
	b.more = more
}

// replace puts a spot in the place of the one of that name and reports whether there was one.
func (b *bucket) replace(hash uint32, name string, s spot) bool {
	for i := range bucketSpots {
		if b.is(i, hash, name) {
			b.put(i, s)
			return true
		}
	}
	if b.more == nil {
		return false
	}
	more := *b.more
	if !more.replace(hash, name, s) {
		return false
	}
	b.more = &more
	return true
}

// pop takes the last spot of a bucket that is not empty.
func (b *bucket) pop() spot {
	if b.more != nil {
		more := *b.more
		s := more.pop()
		if b.more = &more; more.rows[0] == nil {
			b.more = nil
		}
		return s
	}
	i := bucketSpots - 1
	for b.rows[i] == nil {
		i--
	}
	s := b.at(i)
	b.put(i, spot{})
	return s
}

// find returns the row with a name, or nil.
func (f *finder) find(hash uint32, name string) *row {
	if f.buckets == 0 {
		return nil
	}
	at := f.bucket(hash)
	for b := &f.pages[at/pageBuckets].shelves[at/shelfBuckets%pageShelves].buckets[at%shelfBuckets]; b != nil; b = b.more {
		for i := range bucketSpots {
			if b.is(i, hash, name) {
				return b.rows[i]
			}
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
	if b.replace(s.hash, s.row.name(s.name), s) {
		return
	}
	b.add(s)
	if f.names++; f.names > f.buckets*bucketNames {
		f.open(draft)
	}
}

// remove makes a name findable no more, which has to be.
func (f *finder) remove(draft uint64, hash uint32, name string) {
	b := f.writable(draft, f.bucket(hash))
	if last := b.pop(); last.hash != hash || last.row.name(last.name) != name {
		b.replace(hash, name, last)
	}
	// Half of what opens a bucket, so that a name that comes and goes does not open and close one each time.
	if f.names--; f.names < (f.buckets-1)*bucketNames/2 || f.names == 0 {
		f.close(draft)
	}
}

// open takes the next bucket into use. The names that belong there are all in one bucket so far.
func (f *finder) open(draft uint64) {
	at := f.buckets
	f.buckets++
	if at/pageBuckets == len(f.pages) {
		f.ownPages(draft)
		f.pages = append(f.pages, &page{draft: draft})
	}
	b := f.writable(draft, at)
	if at == 0 {
		return
	}
	from := f.writable(draft, sibling(at))
	both := *from
	*from = bucket{}
	for s := range both.all {
		if f.bucket(s.hash) == at {
			b.add(s)
		} else {
			from.add(s)
		}
	}
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
	for s := range b.all {
		into.add(s)
	}
	*b = bucket{}
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
func (f *finder) writable(draft uint64, at int) *bucket {
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
