package memory

import (
	"cmp"
	"hash/maphash"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/cenote-auth/cenote/store/driver"
)

// A state is the whole store at one moment. Once published it never changes; a transaction makes the next one and copies
// what it writes to: the list of tables, a table, a tree, the path to a leaf.
type state struct {
	tables []*table // in the order of their kinds

	// draft is the number of the transaction that made the state, one more than that of the state it began with. What bears
	// it may be written to by this transaction, and everything older has to be copied first.
	draft uint64

	// seed is of the hashes, so that nobody can choose names that collide. It is not from Config because nothing that comes out
	// of a store depends on it.
	seed maphash.Seed
}

// A table holds the records of a kind.
type table struct {
	kind    string
	draft   uint64
	rows    finder         // by key
	keys    tree[string]   // of the rows, for their order
	expires tree[deadline] // of the rows that expire

	// indexes is only ever appended to, because rows name their indexes by position.
	indexes []index
}

// An index has the order of all entries, and finds the unique ones.
type index struct {
	name    string
	entries tree[entry]
	unique  finder // by value
}

// A row is a record. It is immutable.
type row struct {
	key     string
	version int64
	expires int64 // Unix microseconds; 0 is never
	data    []byte
	entries []rowEntry // no two with the same index and value
}

// A rowEntry is an entry as its row remembers it.
type rowEntry struct {
	value  string
	index  uint16 // position in table.indexes
	unique bool
}

// same reports whether both stand at one place of an index.
func (e rowEntry) same(other rowEntry) bool { return e.index == other.index && e.value == other.value }

// A rowName says which of a row's names is meant: the number of an entry, or byKey.
type rowName uint16

const byKey rowName = math.MaxUint16 // more than driver.MaxEntries

func (r *row) name(n rowName) string {
	if n == byKey {
		return r.key
	}
	return r.entries[n].value
}

// An entry is a place in the order of an index.
type entry struct {
	value string
	key   string // of the row
}

// A deadline is a row in the order of expiry.
type deadline struct {
	expires int64
	key     string
}

func (e entry) compare(other entry) int {
	if c := strings.Compare(e.value, other.value); c != 0 {
		return c
	}
	return strings.Compare(e.key, other.key)
}

func (d deadline) compare(other deadline) int {
	if c := cmp.Compare(d.expires, other.expires); c != 0 {
		return c
	}
	return strings.Compare(d.key, other.key)
}

func newState() *state { return &state{seed: maphash.MakeSeed()} }

// next returns a draft of the state that follows s.
func (s *state) next() *state {
	return &state{tables: slices.Clone(s.tables), draft: s.draft + 1, seed: s.seed}
}

// hash is the hash of a name in all finders of s.
func (s *state) hash(name string) uint32 { return uint32(maphash.String(s.seed, name)) }

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
			kind: kind, draft: s.draft, keys: newTree(strings.Compare), expires: newTree(deadline.compare),
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
	t.indexes = append(t.indexes, index{name: name, entries: newTree(entry.compare)})
	return uint16(len(t.indexes) - 1)
}

// row returns the row with that key, or nil.
func (t *table) row(s *state, key string) *row { return t.rows.find(s.hash(key), key) }

// holder returns the row that has the unique entry with this value, or nil.
func (x *index) holder(s *state, value string) *row { return x.unique.find(s.hash(value), value) }

// record returns a row as the record that it is, without its entries.
func (t *table) record(r *row) driver.Record {
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

// A rowRef names a row of any kind.
type rowRef struct{ kind, key string }

// due returns up to limit rows that expired before now.
func (s *state) due(now time.Time, limit int) []rowRef {
	var out []rowRef
	before := now.UnixMicro()
	for _, t := range s.tables {
		t.expires.ascend(deadline{}, func(d deadline) bool {
			if d.expires >= before || len(out) == limit {
				return false
			}
			out = append(out, rowRef{t.kind, d.key})
			return true
		})
	}
	return out
}
