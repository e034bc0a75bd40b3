package webauthntest

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math/big"
)

// authData is the fixed part of an authenticator's data; more says that a credential follows.
func (c *Ceremony) authData(more bool) []byte {
	hash := sha256.Sum256([]byte(c.RPID))
	flags := byte(0)
	for bit, set := range map[byte]bool{
		0x01: c.UserPresent, 0x04: c.UserVerified, 0x08: c.BackupEligible, 0x10: c.BackedUp, 0x40: more,
	} {
		if set {
			flags |= bit
		}
	}
	return binary.BigEndian.AppendUint32(append(hash[:], flags), c.Count)
}

// attested is the part with the new credential.
func (c *Ceremony) attested() []byte {
	out := append([]byte(nil), c.AAGUID[:]...)
	out = binary.BigEndian.AppendUint16(out, uint16(len(c.CredentialID)))
	return append(append(out, c.CredentialID...), c.PublicKey...)
}

// coseKey is a public key as COSE has it.
func coseKey(k *credential) []byte {
	if public, ok := k.key.Public().(*rsa.PublicKey); ok {
		return RSAKey(public.N, public.E)
	}
	public := k.key.Public().(*ecdsa.PublicKey)
	point, err := public.Bytes() // 4, X, Y
	if err != nil {
		panic(err) // a key that was just made
	}
	curve, half := 1, (len(point)-1)/2
	if half == 48 {
		curve = 2
	}
	return cborMap{{1, 2}, {3, int(k.algorithm)}, {-1, curve}, {-2, point[1 : 1+half]}, {-3, point[1+half:]}}.encode()
}

// RSAKey is an RSA key as COSE has it, for tests of keys that no device makes.
func RSAKey(n *big.Int, e int) []byte {
	return cborMap{{1, 3}, {3, int(RS256)}, {-1, n.Bytes()}, {-2, big.NewInt(int64(e)).Bytes()}}.encode()
}

// cborMap is a map in the order that CTAP2 wants, which its author keeps.
type cborMap [][2]any

func (m cborMap) encode() []byte {
	var b bytes.Buffer
	m.write(&b)
	return b.Bytes()
}

func (m cborMap) write(b *bytes.Buffer) {
	head(b, 5, len(m))
	for _, pair := range m {
		write(b, pair[0])
		write(b, pair[1])
	}
}

func write(b *bytes.Buffer, v any) {
	switch v := v.(type) {
	case int:
		if v < 0 {
			head(b, 1, -1-v)
		} else {
			head(b, 0, v)
		}
	case []byte:
		head(b, 2, len(v))
		b.Write(v)
	case string:
		head(b, 3, len(v))
		b.WriteString(v)
	case cborMap:
		v.write(b)
	default:
		panic(fmt.Sprintf("webauthntest: CBOR of a %T", v))
	}
}

// head writes a major type and its number.
func head(b *bytes.Buffer, major byte, n int) {
	major <<= 5
	switch {
	case n < 24:
		b.WriteByte(major | byte(n))
	case n < 1<<8:
		b.Write([]byte{major | 24, byte(n)})
	case n < 1<<16:
		b.Write(binary.BigEndian.AppendUint16([]byte{major | 25}, uint16(n)))
	default:
		b.Write(binary.BigEndian.AppendUint32([]byte{major | 26}, uint32(n)))
	}
}
