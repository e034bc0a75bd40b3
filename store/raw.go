package store

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
)

// marshal returns a record as it is stored: JSON, or, of kinds with raw fields, the JSON and those fields, each with its length
// before it.
func (k *Kind[T]) marshal(v *T) ([]byte, error) {
	text, err := json.Marshal(v)
	if err != nil || k.Raw == nil {
		return text, err
	}
	data := appendSized(nil, text)
	for _, field := range k.Raw(v) {
		data = appendSized(data, *field)
	}
	return data, nil
}

var errRaw = errors.New("raw fields are not as the record says")

func (k *Kind[T]) unmarshal(data []byte, v *T) error {
	if k.Raw == nil {
		return json.Unmarshal(data, v)
	}
	text, rest, ok := cutSized(data)
	if !ok {
		return errRaw
	}
	if err := json.Unmarshal(text, v); err != nil {
		return err
	}
	for _, field := range k.Raw(v) {
		var part []byte
		if part, rest, ok = cutSized(rest); !ok {
			return errRaw
		}
		*field = bytes.Clone(part) // data belongs to the driver, the record to the caller
	}
	if len(rest) > 0 {
		return errRaw
	}
	return nil
}

func appendSized(b, part []byte) []byte {
	return append(binary.AppendUvarint(b, uint64(len(part))), part...)
}

func cutSized(b []byte) (part, rest []byte, ok bool) {
	n, size := binary.Uvarint(b)
	if size <= 0 || n > uint64(len(b)-size) {
		return nil, nil, false
	}
	return b[size:][:n], b[size:][n:], true
}
