package awsenc

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// A Raw wraps data keys under an AES key that the caller has, as the raw AES keyrings of the AWS Encryption SDK do.
type Raw struct {
	Namespace string // with Name it says which key is meant; not secret
	Name      string
	Key       []byte // 16, 24 or 32 bytes
}

// ErrOtherKey is the error of Open for a data key that was wrapped under another key.
var ErrOtherKey = errors.New("awsenc: the data key is wrapped under another key")

// NewDataKey makes a data key and wraps it, bound to the encryption context.
func (r Raw) NewDataKey(random io.Reader, context map[string]string) (DataKey, error) {
	aead, err := gcm(r.Key)
	if err != nil {
		return DataKey{}, err
	}
	pairs, err := EncodeContext(context)
	if err != nil {
		return DataKey{}, err
	}
	b := make([]byte, DataKeySize+ivSize)
	if _, err := io.ReadFull(random, b); err != nil {
		return DataKey{}, fmt.Errorf("awsenc: make a data key: %w", err)
	}
	plain, iv := b[:DataKeySize:DataKeySize], b[DataKeySize:]
	return DataKey{
		Plaintext: plain, Encrypted: aead.Seal(nil, iv, plain, pairs), Provider: r.Namespace, Info: append(r.info(), iv...),
	}, nil
}

// Open returns the data key in clear.
func (r Raw) Open(k DataKey, context map[string]string) ([]byte, error) {
	iv, ours := bytes.CutPrefix(k.Info, r.info())
	if !ours || k.Provider != r.Namespace || len(iv) != ivSize {
		return nil, ErrOtherKey
	}
	aead, err := gcm(r.Key)
	if err != nil {
		return nil, err
	}
	pairs, err := EncodeContext(context)
	if err != nil {
		return nil, err
	}
	plain, err := aead.Open(nil, iv, k.Encrypted, pairs)
	if err != nil || len(plain) != DataKeySize {
		return nil, ErrOtherKey
	}
	return plain, nil
}

// info is the provider information without the IV: the key's name, the tag's length in bits, the IV's in bytes.
func (r Raw) info() []byte {
	b := binary.BigEndian.AppendUint32([]byte(r.Name), tagSize*8)
	return binary.BigEndian.AppendUint32(b, ivSize)
}
