package awsenc_test

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"maps"
	"strings"
	"testing"

	"github.com/cenote-auth/cenote/internal/awsenc"
)

func keyring(name string) awsenc.Raw {
	key := make([]byte, 32)
	for i := range key {
		key[i] = byte(i)
	}
	return awsenc.Raw{Namespace: "cenote", Name: name, Key: key}
}

var pool = map[string]string{"userpool-id": "us-east-1_Example01", "a": "ä"}

// recorded is "123456", encrypted by @aws-crypto/client-node 5.0.2 with a raw AES keyring and the committing suite without
// signature. It lets Open be known to read what the SDK writes; that the SDK reads what Seal writes is tested in e2e.
const recorded = "AgR4Wc9JizP6lOuQaZIrh7WTXoA+lnHQVbPdcM11JZmLyP4AKwACAAFhAALDpAALdXNlcnBvb2wtaWQAE3VzLWVhc3QtMV9FeGFtcGxlMDEAAQAGY2Vub3" +
	"RlABpzZW5kZXIAAACAAAAADDrsc1X6PYXZ5Tu8GAAwAdl8IcYC0qMbn00bDStpYjWQZg5qKNv03vWK/8uquR9l0QkgG6D/a1lGc/Jhg/VhAgAAEABS6GdShZxugbcGf2" +
	"06lFM276YWS4ZXswzq9+Dk1hhy5daHWEii7br1qtl3KUhLGC7/////AAAAAQAAAAAAAAAAAAAAAQAAAAa591dtnpOHsB3meGfR88Vzush/p003"

func TestOpensWhatTheSDKWrote(t *testing.T) {
	t.Parallel()
	message, err := base64.StdEncoding.DecodeString(recorded)
	if err != nil {
		t.Fatal(err)
	}
	text, context, err := awsenc.Open(message, keyring("sender").Open)
	if err != nil || string(text) != "123456" || !maps.Equal(context, pool) {
		t.Fatalf("Open = %q, %v, %v", text, context, err)
	}
}

func seal(t *testing.T, context map[string]string, text string) []byte {
	t.Helper()
	key, err := keyring("sender").NewDataKey(rand.Reader, context)
	if err != nil {
		t.Fatal(err)
	}
	message, err := awsenc.Seal(rand.Reader, key, context, []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return message
}

func TestRoundTrip(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"code": "123456", "nothing": "", "password": `a&lt;b "'ä`, "longest": strings.Repeat("x", awsenc.MaxText),
	} {
		for _, context := range []map[string]string{pool, {}, nil} {
			message := seal(t, context, text)
			got, about, err := awsenc.Open(message, keyring("sender").Open)
			if err != nil || string(got) != text || !maps.Equal(about, context) {
				t.Errorf("%s with %v: %.20q, %v, %v", name, context, got, about, err)
			}
			if len(text) > 2 && bytes.Contains(message, []byte(text)) {
				t.Errorf("%s is readable in the message", name)
			}
		}
	}
	if bytes.Equal(seal(t, pool, "123456"), seal(t, pool, "123456")) {
		t.Error("two messages are the same")
	}
}

// Whatever bit is changed, nothing is opened; nor with another key, nor with bytes missing or added.
func TestTampered(t *testing.T) {
	t.Parallel()
	message := seal(t, pool, "123456")
	for i := range message {
		changed := bytes.Clone(message)
		changed[i] ^= 1
		if text, _, err := awsenc.Open(changed, keyring("sender").Open); err == nil {
			t.Errorf("byte %d changed: opened %q", i, text)
		}
		if text, _, err := awsenc.Open(message[:i], keyring("sender").Open); err == nil {
			t.Errorf("%d bytes only: opened %q", i, text)
		}
	}
	if _, _, err := awsenc.Open(append(bytes.Clone(message), 0), keyring("sender").Open); err == nil {
		t.Error("opened with a byte too many")
	}
	other := keyring("sender")
	other.Key = make([]byte, 32)
	for name, ring := range map[string]awsenc.Raw{
		"other name": keyring("other"), "longer name": keyring("sender2"), "other key": other,
		"other name space": {Namespace: "x", Name: "sender", Key: keyring("").Key},
	} {
		if _, _, err := awsenc.Open(message, ring.Open); !errors.Is(err, awsenc.ErrOtherKey) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A message names one key: another one under which it would say something else is refused by the commitment.
func TestCommitment(t *testing.T) {
	t.Parallel()
	other := make([]byte, awsenc.DataKeySize)
	_, _, err := awsenc.Open(seal(t, pool, "123456"), func(awsenc.DataKey, map[string]string) ([]byte, error) { return other, nil })
	if !errors.Is(err, awsenc.ErrMessage) {
		t.Errorf("error is %v", err)
	}
}

func TestSealRefuses(t *testing.T) {
	t.Parallel()
	key := awsenc.DataKey{Plaintext: make([]byte, awsenc.DataKeySize)}
	for name, try := range map[string]func() error{
		"short data key": func() error {
			_, err := awsenc.Seal(rand.Reader, awsenc.DataKey{Plaintext: make([]byte, 16)}, nil, nil)
			return err
		},
		"long text": func() error {
			_, err := awsenc.Seal(rand.Reader, key, nil, make([]byte, awsenc.MaxText+1))
			return err
		},
		"long context": func() error {
			_, err := awsenc.Seal(rand.Reader, key, map[string]string{"k": strings.Repeat("x", 1<<16)}, nil)
			return err
		},
		"no randomness": func() error {
			_, err := awsenc.Seal(strings.NewReader("x"), key, nil, nil)
			return err
		},
		"wrapping key of 15 bytes": func() error {
			_, err := awsenc.Raw{Namespace: "n", Name: "k", Key: make([]byte, 15)}.NewDataKey(rand.Reader, nil)
			return err
		},
	} {
		if try() == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func FuzzOpen(f *testing.F) {
	message, err := base64.StdEncoding.DecodeString(recorded)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(message)
	f.Add(message[:60])
	f.Add([]byte{2, 4, 0x78})
	ring := keyring("sender")
	f.Fuzz(func(t *testing.T, b []byte) {
		text, _, err := awsenc.Open(b, ring.Open)
		if err == nil && !bytes.Equal(b, message) {
			t.Errorf("opened a message that nobody wrote: %q", text)
		}
	})
}
