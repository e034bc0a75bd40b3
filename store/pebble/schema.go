package pebble

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/cenote-auth/cenote/store/driver"
)

// formatVersion is the layout of keys and rows that this package reads and writes. A store of another version does not open.
const formatVersion = 1

// Every key of the engine starts with one of these. Within a space, keys sort as the driver's contract demands:
//
//	record  kind 00 01 key                       → row
//	entry   kind 00 01 index 00 01 value 00 01       → key of the record that holds the unique entry
//	entry   kind 00 01 index 00 01 value 00 02 key   → nothing
//	expiry  seconds nanoseconds kind 00 01 key   → nothing
//
// A component that something follows is escaped: a zero byte becomes 00 FF, and 00 01 or 00 02 ends it. Escaped components
// sort as the raw bytes do, and none is a prefix of another. The last component of a key stands there as it is.
//
// Unique and other entries of an index share one space, because a scan of the index runs through both.
const (
	spaceMeta   = 0x00
	spaceRecord = 0x01
	spaceEntry  = 0x02
	spaceExpiry = 0x03
)

const (
	escapeByte = 0x00
	escapedNul = 0xFF
	endUnique  = 0x01 // ends kinds, index names and the values of unique entries
	endShared  = 0x02 // ends the values of entries that several records may hold
)

// expiryPrefix is the length of the space byte, the seconds and the nanoseconds of an expiry key.
const expiryPrefix = 1 + 8 + 4

var errMalformed = errors.New("malformed")

// formatKey is where the version of the format is kept.
func formatKey() []byte { return []byte{spaceMeta, 'f', 'o', 'r', 'm', 'a', 't'} }

// appendEscaped appends s so that it sorts as s does and can be followed by an end mark.
func appendEscaped(dst []byte, s string) []byte {
	for i := range len(s) {
		dst = append(dst, s[i])
		if s[i] == escapeByte {
			dst = append(dst, escapedNul)
		}
	}
	return dst
}

// appendComponent appends s escaped, and the end mark.
func appendComponent(dst []byte, s string, end byte) []byte {
	return append(appendEscaped(dst, s), escapeByte, end)
}

// cutComponent takes the first component off b. The rest shares memory with b.
func cutComponent(b []byte) (s []byte, end byte, rest []byte, err error) {
	for i := 0; i < len(b); i++ {
		if b[i] != escapeByte {
			s = append(s, b[i])
			continue
		}
		if i++; i == len(b) {
			break
		}
		switch b[i] {
		case escapedNul:
			s = append(s, escapeByte)
		case endUnique, endShared:
			return s, b[i], b[i+1:], nil
		default:
			return nil, 0, nil, fmt.Errorf("escape 00 %02x: %w", b[i], errMalformed)
		}
	}
	return nil, 0, nil, fmt.Errorf("component without end: %w", errMalformed)
}

// appendRecordBase appends what the keys of all records of a kind have in common.
func appendRecordBase(dst []byte, kind string) []byte {
	return appendComponent(append(dst, spaceRecord), kind, endUnique)
}

func appendRecordKey(dst []byte, kind, key string) []byte {
	return append(appendRecordBase(dst, kind), key...)
}

// appendEntryBase appends what the keys of all entries of an index have in common.
func appendEntryBase(dst []byte, kind, index string) []byte {
	return appendComponent(appendComponent(append(dst, spaceEntry), kind, endUnique), index, endUnique)
}

// appendEntryKey appends the key of the entry e of the record kind, key.
func appendEntryKey(dst []byte, kind, key string, e driver.Entry) []byte {
	dst = appendEntryBase(dst, kind, e.Index)
	if e.Unique {
		return appendComponent(dst, e.Value, endUnique)
	}
	return append(appendComponent(dst, e.Value, endShared), key...)
}

// holder returns the key of the record that an entry belongs to: suffix is the entry's key after its base.
func holder(suffix, value []byte) ([]byte, error) {
	for i := 0; i+1 < len(suffix); i++ {
		if suffix[i] != escapeByte {
			continue
		}
		i++
		switch suffix[i] {
		case endUnique:
			return value, nil
		case endShared:
			return suffix[i+1:], nil
		}
	}
	return nil, fmt.Errorf("entry key: %w", errMalformed)
}

// appendExpiryTime appends t so that earlier times sort first, years before 1970 included.
func appendExpiryTime(dst []byte, t time.Time) []byte {
	dst = binary.BigEndian.AppendUint64(dst, uint64(t.Unix())^(1<<63))
	return binary.BigEndian.AppendUint32(dst, uint32(t.Nanosecond()))
}

func appendExpiryKey(dst []byte, expires time.Time, kind, key string) []byte {
	dst = appendExpiryTime(append(dst, spaceExpiry), expires)
	return append(appendComponent(dst, kind, endUnique), key...)
}

// cutExpiryKey returns the record that an expiry key belongs to.
func cutExpiryKey(k []byte) (kind, key string, err error) {
	if len(k) < expiryPrefix || k[0] != spaceExpiry {
		return "", "", fmt.Errorf("expiry key: %w", errMalformed)
	}
	name, _, rest, err := cutComponent(k[expiryPrefix:])
	if err != nil {
		return "", "", fmt.Errorf("expiry key: %w", err)
	}
	return string(name), string(rest), nil
}

// successor returns the first key after all keys that start with prefix. Every prefix here starts with a space byte, which
// is never FF, so there is one.
func successor(prefix []byte) []byte {
	for i := len(prefix) - 1; i >= 0; i-- {
		if prefix[i] != math.MaxUint8 {
			next := append([]byte(nil), prefix[:i+1]...)
			next[i]++
			return next
		}
	}
	return nil
}

// row is the decoded value of a record key. Its slices share memory with what it was decoded from.
type row struct {
	version int64
	expires time.Time
	entries []byte
	data    []byte
}

const rowExpires = 1 // flag of a row that has an expiry

// appendRow appends the row of rec: version, flags, expiry if there is one, entries with their length, data.
func appendRow(dst []byte, rec driver.Record) []byte {
	dst = binary.AppendUvarint(dst, uint64(rec.Version))
	if rec.Expires.IsZero() {
		dst = append(dst, 0)
	} else {
		dst = appendExpiryTime(append(dst, rowExpires), rec.Expires)
	}
	size := 0
	for _, e := range rec.Index {
		size += 1 + uvarintLen(len(e.Index)) + len(e.Index) + uvarintLen(len(e.Value)) + len(e.Value)
	}
	dst = binary.AppendUvarint(dst, uint64(size))
	for _, e := range rec.Index {
		if e.Unique {
			dst = append(dst, 1)
		} else {
			dst = append(dst, 0)
		}
		dst = appendCounted(dst, e.Index)
		dst = appendCounted(dst, e.Value)
	}
	return append(dst, rec.Data...)
}

func parseRow(b []byte) (row, error) {
	var r row
	version, n := binary.Uvarint(b)
	if n <= 0 || version == 0 || version > math.MaxInt64 || len(b) == n {
		return row{}, fmt.Errorf("version of a row: %w", errMalformed)
	}
	r.version = int64(version)
	flags := b[n]
	b = b[n+1:]
	switch flags {
	case 0:
	case rowExpires:
		if len(b) < 12 {
			return row{}, fmt.Errorf("expiry of a row: %w", errMalformed)
		}
		seconds := int64(binary.BigEndian.Uint64(b) ^ (1 << 63))
		r.expires = time.Unix(seconds, int64(binary.BigEndian.Uint32(b[8:]))).UTC()
		b = b[12:]
	default:
		return row{}, fmt.Errorf("flags %02x of a row: %w", flags, errMalformed)
	}
	size, n := binary.Uvarint(b)
	if n <= 0 || size > uint64(len(b)-n) {
		return row{}, fmt.Errorf("entries of a row: %w", errMalformed)
	}
	b = b[n:]
	r.entries, r.data = b[:size], b[size:]
	return r, nil
}

// index decodes the entries of the row.
func (r row) index() ([]driver.Entry, error) {
	var entries []driver.Entry
	for b := r.entries; len(b) > 0; {
		var e driver.Entry
		if b[0] > 1 {
			return nil, fmt.Errorf("entry of a row: %w", errMalformed)
		}
		e.Unique = b[0] == 1
		var ok bool
		if e.Index, b, ok = cutCounted(b[1:]); ok {
			e.Value, b, ok = cutCounted(b)
		}
		if !ok {
			return nil, fmt.Errorf("entry of a row: %w", errMalformed)
		}
		entries = append(entries, e)
	}
	return entries, nil
}

func appendCounted(dst []byte, s string) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(s))), s...)
}

func cutCounted(b []byte) (s string, rest []byte, ok bool) {
	size, n := binary.Uvarint(b)
	if n <= 0 || size > uint64(len(b)-n) {
		return "", nil, false
	}
	return string(b[n : n+int(size)]), b[n+int(size):], true
}

func uvarintLen(n int) int {
	var buf [binary.MaxVarintLen64]byte
	return binary.PutUvarint(buf[:], uint64(n))
}
