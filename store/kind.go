package store

import (
	"bytes"
	"fmt"
	"time"

	"github.com/cenote-auth/cenote/store/driver"
)

// Meta is embedded in every record type. Version is 0 in a record that was not read from the store.
type Meta struct {
	Version int64 `json:"-"`
}

func (m *Meta) meta() *Meta { return m }

type record interface{ meta() *Meta }

// Index is one index entry of a record. Value is a tuple below the owner.
type Index struct {
	Name   string
	Value  []string
	Unique bool
}

// Kind describes the records of one sort. T embeds Meta and is encoded as JSON, but for its raw fields.
type Kind[T any] struct {
	Key     func(*T) []string  // the record's key below its owner
	Index   func(*T) []Index   // its index entries, derived from its contents; nil is none
	Expires func(*T) time.Time // when it ends to exist; nil is never. Such kinds carry no unique entries
	// Raw says which fields are stored as they are, because in JSON they would be longer by a third. They are tagged `json:"-"`.
	// Which there are may depend on what the JSON holds. nil is none; a kind keeps this from its first record on.
	Raw func(*T) []*[]byte
	// Cached keeps decoded records and lets look-ups hand the same one out again while the stored bytes are the same. They are
	// shared: whoever looks one up must not change it.
	Cached bool

	name string
}

// NewKind returns the kind with that name, which must be the only one of its name. It panics if T does not embed Meta.
func NewKind[T any](name string, k Kind[T]) *Kind[T] {
	if _, ok := any(new(T)).(record); !ok {
		panic(fmt.Sprintf("store: records of kind %s do not embed store.Meta", name))
	}
	k.name = name
	return &k
}

// Name returns the kind's name.
func (k *Kind[T]) Name() string { return k.name }

// Installation is the owner of what belongs to no pool.
const Installation = ""

// Of returns the table of the records that belong to owner: a pool id, or Installation.
func (k *Kind[T]) Of(owner string) Table[T] { return Table[T]{kind: k, owner: owner} }

// Table is the records of one kind and one owner.
type Table[T any] struct {
	kind  *Kind[T]
	owner string
}

// key returns the encoded key of a record.
func (t Table[T]) key(parts []string) string {
	return fit(Tuple(append([]string{t.owner}, parts...)...))
}

// EncodedKey returns the key under which drivers know the record, for associated data and for telling conflicts apart.
func (t Table[T]) EncodedKey(parts ...string) string { return t.key(parts) }

// IsConflict reports whether err is the unique violation of exactly this entry; index "" is the key.
func (t Table[T]) IsConflict(err *driver.ConflictError, index string, value ...string) bool {
	return err.Kind == t.kind.name && err.Index == index && err.Value == t.key(value)
}

func (t Table[T]) encode(v *T) (driver.Record, error) {
	data, err := t.kind.marshal(v)
	if err != nil {
		return driver.Record{}, fmt.Errorf("encode %s: %w", t.kind.name, err)
	}
	rec := driver.Record{
		Kind:    t.kind.name,
		Key:     t.key(t.kind.Key(v)),
		Version: any(v).(record).meta().Version,
		Data:    data,
	}
	if t.kind.Expires != nil {
		rec.Expires = t.kind.Expires(v)
	}
	if t.kind.Index != nil {
		for _, x := range t.kind.Index(v) {
			rec.Index = append(rec.Index, driver.Entry{Index: x.Name, Value: t.key(x.Value), Unique: x.Unique})
		}
	}
	return rec, nil
}

// decode returns the record's value, or nil if it is absent or has expired by now.
func (t Table[T]) decode(rec driver.Record, now time.Time, c *cache) (*T, error) {
	if rec.Version == 0 || hasLongExpired(rec, now) {
		return nil, nil
	}
	if t.kind.Cached && c != nil {
		if v, ok := c.get(t.kind.name, rec); ok {
			if c.checks {
				t.mustBeAsRead(v.(*T), rec)
			}
			return t.unexpired(v.(*T), now), nil
		}
	}
	v := new(T)
	if err := t.kind.unmarshal(rec.Data, v); err != nil {
		return nil, fmt.Errorf("decode %s: %w", t.kind.name, err)
	}
	any(v).(record).meta().Version = rec.Version
	if t.unexpired(v, now) == nil {
		return nil, nil
	}
	if t.kind.Cached && c != nil {
		c.put(t.kind.name, rec, v)
	}
	return v, nil
}

// unexpired returns v, or nil if it has expired by now.
func (t Table[T]) unexpired(v *T, now time.Time) *T {
	if t.kind.Expires != nil {
		if end := t.kind.Expires(v); !end.IsZero() && !now.Before(end) {
			return nil
		}
	}
	return v
}

// hasLongExpired reports whether a record has expired for certain, without a look into it: drivers keep the time to the microsecond.
func hasLongExpired(rec driver.Record, now time.Time) bool {
	return !rec.Expires.IsZero() && now.After(rec.Expires.Add(time.Microsecond))
}

// mustBeAsRead panics if somebody has changed a shared record.
func (t Table[T]) mustBeAsRead(v *T, rec driver.Record) {
	fresh := new(T)
	if err := t.kind.unmarshal(rec.Data, fresh); err != nil {
		panic(err)
	}
	want, _ := t.kind.marshal(fresh)
	if got, err := t.kind.marshal(v); err != nil || !bytes.Equal(got, want) {
		panic(fmt.Sprintf("store: a %s that look-ups share was changed", t.kind.name))
	}
}
