package awsenc

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
)

// DataKeySize is the length of a data key in bytes.
const DataKeySize = 32

// MaxText bounds what one message can hold: a frame, as the SDKs make it.
const MaxText = 4096

const (
	formatVersion = 2
	// suite is AES-256-GCM, HKDF-SHA-512 and key commitment, without a signature. Every client whose commitment policy requires
	// commitment takes it, which is the default, and those that merely allow it too. A signature would tell readers of a message
	// apart from its writers, which matters where many may decrypt: here only the sender function may, and it learns nothing
	// from a message that it made itself.
	suite       = 0x0478
	framed      = 2
	idSize      = 32
	commitSize  = 32
	tagSize     = 16
	ivSize      = 12
	lastFrame   = math.MaxUint32
	finalFrame  = "AWSKMSEncryptionClient Final Frame"
	keyLabel    = "DERIVEKEY"
	commitLabel = "COMMITKEY"
)

// A DataKey is a key for one message: in clear, and as only the holder of the wrapping key can open it.
type DataKey struct {
	Plaintext []byte // DataKeySize bytes
	Encrypted []byte
	Provider  string // who encrypted it: "aws-kms", or the name space of a raw keyring
	Info      []byte // with which key: an ARN, or what a raw keyring needs to open it
}

// ErrMessage is the error for bytes that are no message of this package's suite, or that somebody has changed.
var ErrMessage = errors.New("awsenc: not a message, or not an intact one")

// Seal returns the message that holds text, bound to the encryption context.
func Seal(random io.Reader, key DataKey, context map[string]string, text []byte) ([]byte, error) {
	if len(key.Plaintext) != DataKeySize {
		return nil, fmt.Errorf("awsenc: the data key has %d bytes, want %d", len(key.Plaintext), DataKeySize)
	}
	if len(text) > MaxText {
		return nil, fmt.Errorf("awsenc: %d bytes of text, want at most %d", len(text), MaxText)
	}
	id := make([]byte, idSize)
	if _, err := io.ReadFull(random, id); err != nil {
		return nil, fmt.Errorf("awsenc: make a message id: %w", err)
	}
	aead, commitment, err := derive(key.Plaintext, id)
	if err != nil {
		return nil, err
	}
	pairs, err := EncodeContext(context)
	if err != nil {
		return nil, err
	}
	b := binary.BigEndian.AppendUint16([]byte{formatVersion}, suite)
	b = append(b, id...)
	if b, err = appendShort(b, pairs); err != nil {
		return nil, err
	}
	b = binary.BigEndian.AppendUint16(b, 1)
	for _, part := range [][]byte{[]byte(key.Provider), key.Info, key.Encrypted} {
		if b, err = appendShort(b, part); err != nil {
			return nil, err
		}
	}
	b = append(b, framed)
	b = binary.BigEndian.AppendUint32(b, MaxText)
	b = append(b, commitment...)
	b = append(b, aead.Seal(nil, make([]byte, ivSize), nil, b)...)

	const first = 1
	b = binary.BigEndian.AppendUint32(b, lastFrame)
	b = binary.BigEndian.AppendUint32(b, first)
	b = append(b, frameIV(first)...)
	b = binary.BigEndian.AppendUint32(b, uint32(len(text)))
	return aead.Seal(b, frameIV(first), text, frameContext(id, first, len(text))), nil
}

// Open returns the text of a message that Seal made, and its encryption context. unwrap is given the encrypted data key and
// returns it in clear. Everything in the message is checked; what the context has to say is for the caller to check.
func Open(message []byte, unwrap func(k DataKey, context map[string]string) ([]byte, error)) ([]byte, map[string]string, error) {
	r := reader{rest: message}
	known := r.number(1) == formatVersion && r.number(2) == suite
	id := r.take(idSize)
	context := decodeContext(r.short())
	one := r.number(2) == 1
	key := DataKey{Provider: string(r.short()), Info: r.short(), Encrypted: r.short()}
	inFrames := r.number(1) == framed && r.number(4) != 0
	commitment := r.take(commitSize)
	header := message[:len(message)-len(r.rest)]
	tag := r.take(tagSize)
	oneFrame := r.number(4) == lastFrame && r.number(4) == 1
	iv := r.take(ivSize)
	size := r.number(4)
	sealed := r.rest
	if r.missing || !known || context == nil || !one || !inFrames || !oneFrame || size > MaxText || uint64(len(sealed)) != size+tagSize {
		return nil, nil, ErrMessage
	}
	plain, err := unwrap(key, context)
	if err != nil {
		return nil, nil, err
	}
	aead, wanted, err := derive(plain, id)
	if err != nil {
		return nil, nil, err
	}
	if subtle.ConstantTimeCompare(commitment, wanted) != 1 {
		return nil, nil, ErrMessage
	}
	if _, err := aead.Open(nil, make([]byte, ivSize), tag, header); err != nil {
		return nil, nil, ErrMessage
	}
	text, err := aead.Open(nil, iv, sealed, frameContext(id, 1, int(size)))
	if err != nil {
		return nil, nil, ErrMessage
	}
	return text, context, nil
}

// derive returns the cipher and the commitment that follow from a data key and a message id.
func derive(dataKey, id []byte) (cipher.AEAD, []byte, error) {
	info := string(binary.BigEndian.AppendUint16(nil, suite))
	key, err := hkdf.Key(sha512.New, dataKey, id, info+keyLabel, DataKeySize)
	if err != nil {
		return nil, nil, fmt.Errorf("awsenc: derive a key: %w", err)
	}
	commitment, err := hkdf.Key(sha512.New, dataKey, id, commitLabel, commitSize)
	if err != nil {
		return nil, nil, fmt.Errorf("awsenc: derive a commitment: %w", err)
	}
	aead, err := gcm(key)
	return aead, commitment, err
}

func gcm(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("awsenc: %w", err)
	}
	return cipher.NewGCM(block)
}

// frameIV is the number of the frame, as long as an IV. The header has the number 0.
func frameIV(number uint32) []byte {
	return binary.BigEndian.AppendUint32(make([]byte, ivSize-4), number)
}

// frameContext is what a frame's tag covers beside the text.
func frameContext(id []byte, number uint32, size int) []byte {
	b := append(slices.Clone(id), finalFrame...)
	b = binary.BigEndian.AppendUint32(b, number)
	return binary.BigEndian.AppendUint64(b, uint64(size))
}

// EncodeContext encodes an encryption context: how many pairs, and each with its lengths, ordered by key. An empty one is
// nothing at all.
func EncodeContext(context map[string]string) ([]byte, error) {
	if len(context) == 0 {
		return nil, nil
	}
	if len(context) > math.MaxUint16 {
		return nil, fmt.Errorf("awsenc: an encryption context of %d pairs", len(context))
	}
	b := binary.BigEndian.AppendUint16(nil, uint16(len(context)))
	var err error
	for _, k := range slices.Sorted(maps.Keys(context)) {
		if b, err = appendShort(b, []byte(k)); err != nil {
			return nil, err
		}
		if b, err = appendShort(b, []byte(context[k])); err != nil {
			return nil, err
		}
	}
	return b, nil
}

// decodeContext returns nil for bytes that EncodeContext would not have written.
func decodeContext(b []byte) map[string]string {
	out := map[string]string{}
	if len(b) == 0 {
		return out
	}
	r := reader{rest: b}
	last := ""
	for n := r.number(2); n > 0 && !r.missing; n-- {
		k, v := string(r.short()), string(r.short())
		if len(out) > 0 && k <= last {
			return nil
		}
		out[k], last = v, k
	}
	if r.missing || len(r.rest) > 0 || len(out) == 0 {
		return nil
	}
	return out
}

// appendShort appends bytes with their length, which has 16 bits.
func appendShort(b, part []byte) ([]byte, error) {
	if len(part) > math.MaxUint16 {
		return nil, fmt.Errorf("awsenc: a field of %d bytes", len(part))
	}
	return append(binary.BigEndian.AppendUint16(b, uint16(len(part))), part...), nil
}

// reader takes fields off the front of a message.
type reader struct {
	rest    []byte
	missing bool // something was missing
}

func (r *reader) take(n int) []byte {
	if n > len(r.rest) {
		r.missing, r.rest = true, nil
		return make([]byte, min(n, idSize)) // never used: missing is checked first
	}
	b := r.rest[:n:n]
	r.rest = r.rest[n:]
	return b
}

func (r *reader) number(bytes int) (n uint64) {
	for _, b := range r.take(bytes) {
		n = n<<8 | uint64(b)
	}
	return n
}

func (r *reader) short() []byte { return r.take(int(r.number(2))) }
