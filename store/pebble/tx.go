package pebble

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/cockroachdb/pebble/v2"

	"github.com/cenote-auth/cenote/store/driver"
)

var errEnded = errors.New("transaction has ended")

// source is what a reader reads: a snapshot, or the batch of a transaction laid over the newest state.
type source interface {
	Get(key []byte) ([]byte, io.Closer, error)
	NewIter(o *pebble.IterOptions) (*pebble.Iterator, error)
}

// reader reads records from a source. It is valid until end.
type reader struct{ src source }

func (r *reader) end() { r.src = nil }

func (r *reader) check(ctx context.Context) error {
	if r.src == nil {
		return errEnded
	}
	return ctx.Err()
}

// Get returns the records that refs name, in their order; an absent one is the zero Record.
func (r *reader) Get(ctx context.Context, refs ...driver.Ref) ([]driver.Record, error) {
	if err := r.check(ctx); err != nil {
		return nil, err
	}
	records := make([]driver.Record, len(refs))
	var buf []byte
	for i, ref := range refs {
		key := ref.Value
		if ref.Index != "" {
			var found bool
			var err error
			buf = appendEntryKey(buf[:0], ref.Kind, "", driver.Entry{Index: ref.Index, Value: ref.Value, Unique: true})
			if key, found, err = r.holder(buf); err != nil {
				return nil, fmt.Errorf("look up %s by %s: %w", ref.Kind, ref.Index, err)
			}
			if !found {
				continue
			}
		}
		var err error
		buf = appendRecordKey(buf[:0], ref.Kind, key)
		if records[i], err = r.record(buf, ref.Kind, key, false); err != nil {
			return nil, err
		}
		if ref.Index != "" && records[i].Version == 0 {
			return nil, fmt.Errorf("look up %s by %s: entry without record: %w", ref.Kind, ref.Index, errMalformed)
		}
	}
	return records, nil
}

// holder returns the key of the record that holds a unique entry.
func (r *reader) holder(entryKey []byte) (key string, found bool, err error) {
	value, closer, err := r.src.Get(entryKey)
	if errors.Is(err, pebble.ErrNotFound) {
		return "", false, nil
	}
	if err != nil {
		return "", false, err
	}
	key = string(value)
	return key, true, closer.Close()
}

// record returns the record at rowKey, or the zero Record.
func (r *reader) record(rowKey []byte, kind, key string, keysOnly bool) (driver.Record, error) {
	value, closer, err := r.src.Get(rowKey)
	if errors.Is(err, pebble.ErrNotFound) {
		return driver.Record{}, nil
	}
	if err != nil {
		return driver.Record{}, fmt.Errorf("read %s: %w", kind, err)
	}
	rec, err := decodeRecord(value, kind, key, keysOnly)
	return rec, errors.Join(err, closer.Close())
}

// decodeRecord makes a record of its own from a row that the engine takes back.
func decodeRecord(value []byte, kind, key string, keysOnly bool) (driver.Record, error) {
	row, err := parseRow(value)
	if err != nil {
		return driver.Record{}, fmt.Errorf("read %s: %w", kind, err)
	}
	rec := driver.Record{Kind: kind, Key: key, Version: row.version, Expires: row.expires}
	if !keysOnly {
		rec.Data = slices.Clone(row.data)
	}
	return rec, nil
}

// tx is one transaction. Its reads see its writes, because both go through the batch.
type tx struct {
	reader
	batch *pebble.Batch
	probe *pebble.Iterator // made when first needed, closed by run
	doom  error            // why the transaction must not commit
}

// run runs fn and ends the transaction, also if fn panics.
func (t *tx) run(fn func(driver.Tx) error) (err error) {
	defer func() {
		t.end()
		if t.probe == nil {
			return
		}
		if cerr := t.probe.Close(); cerr != nil && err == nil {
			err = fmt.Errorf("end transaction: %w", cerr)
		}
	}()
	return fn(t)
}

// probeOptions let a probe use the filters of all levels. The engine's own Get does without those of the last level, where
// most of a store is: it takes a key to be there. A key that is about to be inserted is not.
var probeOptions = pebble.IterOptions{UseL6Filters: true}

// look returns the value of a key as the transaction sees it. The value is valid until the next call.
func (t *tx) look(key []byte) (value []byte, found bool, err error) {
	if t.probe == nil {
		if t.probe, err = t.batch.NewIter(&probeOptions); err != nil {
			return nil, false, err
		}
	} else {
		t.probe.SetOptions(&probeOptions) // takes in what has been written since
	}
	if !t.probe.SeekPrefixGE(key) {
		return nil, false, t.probe.Error()
	}
	value, err = t.probe.ValueAndErr()
	return value, err == nil, err
}

// Put writes a record, its entries and its expiry.
func (t *tx) Put(ctx context.Context, rec driver.Record) error {
	return t.write(ctx, func() error { return t.put(rec) })
}

// Delete removes a record, its entries and its expiry.
func (t *tx) Delete(ctx context.Context, kind, key string, version int64) error {
	return t.write(ctx, func() error { return t.delete(kind, key, version) })
}

// write runs one write. The first that fails dooms the transaction, which answers every further one with the same error.
func (t *tx) write(ctx context.Context, do func() error) error {
	if err := t.check(ctx); err != nil {
		return err
	}
	if t.doom == nil {
		t.doom = do()
	}
	return t.doom
}

// stored is what a transaction has to know of a record that it replaces or deletes.
type stored struct {
	driver.Record
	exists bool
}

func (t *tx) stored(rowKey []byte, kind, key string) (stored, error) {
	value, found, err := t.look(rowKey)
	if err != nil {
		return stored{}, fmt.Errorf("read %s: %w", kind, err)
	}
	if !found {
		return stored{}, nil
	}
	old := stored{exists: true, Record: driver.Record{Kind: kind, Key: key}}
	row, err := parseRow(value)
	if err == nil {
		old.Version, old.Expires = row.version, row.expires
		old.Index, err = row.index()
	}
	if err != nil {
		return stored{}, fmt.Errorf("read %s: %w", kind, err)
	}
	return old, nil
}

func (t *tx) put(rec driver.Record) error {
	if err := rec.Check(); err != nil {
		return fmt.Errorf("put %w", err)
	}
	rowKey := appendRecordKey(nil, rec.Kind, rec.Key)
	old, err := t.stored(rowKey, rec.Kind, rec.Key)
	if err != nil {
		return err
	}
	switch {
	case rec.Version == 0 && old.exists:
		return &driver.ConflictError{Kind: rec.Kind, Value: rec.Key}
	case rec.Version != old.Version:
		return driver.ErrStale
	}
	var buf []byte
	for _, e := range rec.Index {
		if slices.Contains(old.Index, e) {
			continue
		}
		buf = appendEntryKey(buf[:0], rec.Kind, rec.Key, e)
		var value []byte
		if e.Unique {
			holder, taken, err := t.look(buf)
			if err != nil {
				return fmt.Errorf("put %s: %w", rec.Kind, err)
			}
			if taken && string(holder) != rec.Key {
				return &driver.ConflictError{Kind: rec.Kind, Index: e.Index, Value: e.Value}
			}
			value = []byte(rec.Key)
		}
		if err := t.batch.Set(buf, value, nil); err != nil {
			return fmt.Errorf("put %s: %w", rec.Kind, err)
		}
	}
	kept := func(e driver.Entry) bool { return slices.Contains(rec.Index, e) }
	if err := t.forget(old, kept, old.Expires.Equal(rec.Expires)); err != nil {
		return fmt.Errorf("put %s: %w", rec.Kind, err)
	}
	if !rec.Expires.IsZero() && !old.Expires.Equal(rec.Expires) {
		buf = appendExpiryKey(buf[:0], rec.Expires, rec.Kind, rec.Key)
		if err := t.batch.Set(buf, nil, nil); err != nil {
			return fmt.Errorf("put %s: %w", rec.Kind, err)
		}
	}
	rec.Version++
	if err := t.batch.Set(rowKey, appendRow(nil, rec), nil); err != nil {
		return fmt.Errorf("put %s: %w", rec.Kind, err)
	}
	return nil
}

func (t *tx) delete(kind, key string, version int64) error {
	rowKey := appendRecordKey(nil, kind, key)
	old, err := t.stored(rowKey, kind, key)
	if err != nil {
		return err
	}
	if version != 0 && version != old.Version {
		return driver.ErrStale
	}
	if !old.exists {
		return nil
	}
	if err = t.forget(old, func(driver.Entry) bool { return false }, false); err == nil {
		err = t.batch.Delete(rowKey, nil)
	}
	if err != nil {
		return fmt.Errorf("delete %s: %w", kind, err)
	}
	return nil
}

// forget removes the entries of a record that kept does not name, and its expiry unless that stays.
func (t *tx) forget(old stored, kept func(driver.Entry) bool, keepExpiry bool) error {
	var buf []byte
	for _, e := range old.Index {
		if kept(e) {
			continue
		}
		buf = appendEntryKey(buf[:0], old.Kind, old.Key, e)
		if err := t.batch.Delete(buf, nil); err != nil {
			return err
		}
	}
	if old.Expires.IsZero() || keepExpiry {
		return nil
	}
	return t.batch.Delete(appendExpiryKey(buf[:0], old.Expires, old.Kind, old.Key), nil)
}
