package memory

import (
	"cmp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/tidwall/btree"

	"github.com/cenote-auth/cenote/store/driver"
)

// A state is the whole store at one moment. Once published it never changes; a transaction makes the next one and copies
// what it writes to: the list of tables, a table, a tree, the path to a leaf.
type state struct {
	tables []*table // in the order of their kinds

	// draft is the number of the transaction that made the state, one more than that of the state it began with. What bears
	// it may be written to by this transaction, and everything older has to be copied first.
	draft uint64

	// copying is held while a tree is copied, because that marks the original, which forks may be copying as well. All
	// states that descend from one another share it.
	copying *sync.Mutex
}

// A table holds the records of a kind.
type table struct {
	kind    string
	draft   uint64
	rows    tree[row]
	expires tree[deadline] // of the rows that expire

	// indexes is only ever appended to, because rows name their indexes by position.
	indexes []index
}

type index struct {
	name    string
	entries tree[entry]
}

// A row is a record in the order of the keys.
type row struct {
	key string
	*content
}

// content is the rest of a record. It is immutable.
type content struct {
	version int64
	expires int64 // Unix microseconds; 0 is never
	data    []byte
	entries []rowEntry
}

// A rowEntry is an entry as its row remembers it.
type rowEntry struct {
	value  string
	index  uint16 // position in table.indexes
	unique bool
}

// An entry is a place in the order of an index.
type entry struct {
	value  string
	key    string // of the row
	unique bool
}

// A deadline is a row in the order of expiry.
type deadline struct {
	expires int64
	key     string
}

func rowLess(a, b row) bool { return a.key < b.key }

// entryLess orders by value. Among equal values the unique entry, of which there is at most one, comes first.
func entryLess(a, b entry) bool {
	if c := strings.Compare(a.value, b.value); c != 0 {
		return c < 0
	}
	if a.unique != b.unique {
		return a.unique
	}
	return a.key < b.key
}

func deadlineLess(a, b deadline) bool {
	if a.expires != b.expires {
		return a.expires < b.expires
	}
	return a.key < b.key
}

// A tree is a B-tree that knows which transaction may write to it.
type tree[T any] struct {
	*btree.BTreeG[T]
	draft uint64
}

// degree is small, so that writing one leaf copies little.
const degree = 16

func newTree[T any](less func(a, b T) bool, draft uint64) tree[T] {
	return tree[T]{btree.NewBTreeGOptions(less, btree.Options{Degree: degree, NoLocks: true}), draft}
}

// writable returns the tree for writing in the draft of s.
func (t *tree[T]) writable(s *state) *btree.BTreeG[T] {
	if t.draft != s.draft {
		s.copying.Lock()
		t.BTreeG = t.Copy()
		s.copying.Unlock()
		t.draft = s.draft
	}
	return t.BTreeG
}

func newState() *state { return &state{copying: new(sync.Mutex)} }

// next returns a draft of the state that follows s.
func (s *state) next() *state {
	return &state{tables: slices.Clone(s.tables), draft: s.draft + 1, copying: s.copying}
}

func (s *state) find(kind string) (int, bool) {
	return slices.BinarySearchFunc(s.tables, kind, func(t *table, kind string) int { return cmp.Compare(t.kind, kind) })
}

// table returns the records of a kind for reading, or nil if there never were any.
func (s *state) table(kind string) *table {
	if i, ok := s.find(kind); ok {
		return s.tables[i]
	}
	return nil
}

// writableTable returns the records of a kind for writing. s has to be a draft.
func (s *state) writableTable(kind string) *table {
	i, ok := s.find(kind)
	switch {
	case !ok:
		s.tables = slices.Insert(s.tables, i, &table{
			kind: kind, draft: s.draft, rows: newTree(rowLess, s.draft), expires: newTree(deadlineLess, s.draft),
		})
	case s.tables[i].draft != s.draft:
		t := *s.tables[i]
		t.draft, t.indexes = s.draft, slices.Clone(t.indexes)
		s.tables[i] = &t
	}
	return s.tables[i]
}

// index returns an index of t for reading, or nil if no record ever had an entry in it.
func (t *table) index(name string) *index {
	for i := range t.indexes {
		if t.indexes[i].name == name {
			return &t.indexes[i]
		}
	}
	return nil
}

// position returns where the named index of t is, and makes it if there is none. t has to be of the draft of s.
func (t *table) position(s *state, name string) uint16 {
	for i := range t.indexes {
		if t.indexes[i].name == name {
			return uint16(i)
		}
	}
	t.indexes = append(t.indexes, index{name, newTree(entryLess, s.draft)})
	return uint16(len(t.indexes) - 1)
}

// holder returns the key of the record that has the unique entry with this value.
func (x *index) holder(value string) (key string, ok bool) {
	x.entries.Ascend(entry{value: value, unique: true}, func(e entry) bool {
		ok = e.unique && e.value == value
		key = e.key
		return false
	})
	return key, ok
}

// record returns a row as the record that it is, without its entries.
func (t *table) record(r row) driver.Record {
	rec := driver.Record{Kind: t.kind, Key: r.key, Version: r.version, Data: r.data}
	if r.expires != 0 {
		rec.Expires = time.UnixMicro(r.expires).UTC()
	}
	return rec
}

// micros returns a time as a row keeps it.
func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	if us := t.UnixMicro(); us != 0 {
		return us
	}
	return 1 // the epoch itself is not never
}

// A rowName names a row of any kind.
type rowName struct{ kind, key string }

// due returns up to limit rows that expired before now.
func (s *state) due(now time.Time, limit int) []rowName {
	var out []rowName
	before := now.UnixMicro()
	for _, t := range s.tables {
		t.expires.Scan(func(d deadline) bool {
			if d.expires >= before || len(out) == limit {
				return false
			}
			out = append(out, rowName{t.kind, d.key})
			return true
		})
	}
	return out
}
