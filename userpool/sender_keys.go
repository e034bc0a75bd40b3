package userpool

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"slices"
	"unicode/utf8"

	"github.com/cenote-auth/cenote/internal/awsenc"
)

// SenderKeys makes the keys under which codes and temporary passwords go to custom senders. It is what GenerateDataKey of AWS
// KMS does with the pool's KMSKeyID.
//
// GenerateDataKey returns a new key of 32 bytes, in clear and encrypted under the key that keyARN names, in such a way that it
// opens only with the same encryption context. For a KMS key the Provider is "aws-kms", the Info the key's ARN and Encrypted the
// CiphertextBlob. A call MUST end when ctx does and MUST be safe for concurrent use; an error puts the message off.
type SenderKeys interface {
	GenerateDataKey(ctx context.Context, keyARN string, encryptionContext map[string]string) (SenderKey, error)
}

// SenderKey is a key for one message: in clear, encrypted, and by whom.
type SenderKey = awsenc.DataKey

// senderContext is the name under which the encryption context of a custom sender's code has the pool id (TRG-122, unconfirmed).
const senderContext = "userpool-id"

// RawSenderKeys are SenderKeys without a key management service: data keys are wrapped under one AES key, whatever KMSKeyID
// says, in the form of the AWS Encryption SDK's raw AES keyrings. A sender function opens its codes with a keyring of the same
// name space, name and key, or in Go with Open.
type RawSenderKeys struct {
	raw  awsenc.Raw
	rand io.Reader
}

var _ SenderKeys = (*RawSenderKeys)(nil)

// NewRawSenderKeys returns SenderKeys for a secret key of 32 bytes. Name space and name tell keyrings which key is meant. A nil
// random is crypto/rand.Reader.
func NewRawSenderKeys(namespace, name string, key []byte, random io.Reader) (*RawSenderKeys, error) {
	switch {
	case namespace == "" || name == "" || !utf8.ValidString(namespace+name) || len(namespace)+len(name) > 256:
		return nil, errors.New("userpool: sender keys need a name space and a name, together at most 256 bytes")
	case namespace == "aws-kms": // the SDK refuses it for what is not KMS
		return nil, errors.New("userpool: the name space aws-kms is that of AWS KMS")
	case len(key) != awsenc.DataKeySize:
		return nil, fmt.Errorf("userpool: the key of sender keys has %d bytes, want %d", len(key), awsenc.DataKeySize)
	}
	if random == nil {
		random = rand.Reader
	}
	return &RawSenderKeys{awsenc.Raw{Namespace: namespace, Name: name, Key: slices.Clone(key)}, random}, nil
}

// GenerateDataKey makes a data key and wraps it. The ARN is not looked at.
func (k *RawSenderKeys) GenerateDataKey(_ context.Context, _ string, encryptionContext map[string]string) (SenderKey, error) {
	return k.raw.NewDataKey(k.rand, encryptionContext)
}

// Open returns the code or temporary password that the pool put into request.code of a custom sender's event. Temporary passwords
// are HTML-escaped (TRG-123).
func (k *RawSenderKeys) Open(poolID, code string) (string, error) {
	sealed, err := base64.StdEncoding.DecodeString(code)
	if err != nil {
		return "", fmt.Errorf("open a sender's code: %w", err)
	}
	text, about, err := awsenc.Open(sealed, k.raw.Open)
	if err != nil {
		return "", fmt.Errorf("open a sender's code: %w", err)
	}
	if about[senderContext] != poolID {
		return "", errors.New("open a sender's code: it is another pool's")
	}
	return string(text), nil
}
