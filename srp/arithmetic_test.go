package srp

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"math/big"
	mathrand "math/rand/v2"
	"testing"
)

// This file reaches inside: it compares the arithmetic with math/big.

var primeN, _ = new(big.Int).SetString(""+
	"FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404DD"+
	"EF9519B3CD3A431B302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7ED"+
	"EE386BFB5A899FA5AE9F24117C4B1FE649286651ECE45B3DC2007CB8A163BF0598DA48361C55D39A69163FA8FD24CF5F"+
	"83655D23DCA3AD961C62F356208552BB9ED529077096966D670C354E4ABC9804F1746C08CA18217C32905E462E36CE3B"+
	"E39E772C180E86039B2783A2EC07A28FB5C55DF06F4C52C9DE2BCBF6955817183995497CEA956AE515D2261898FA0510"+
	"15728E5A8AAAC42DAD33170D04507A33A85521ABDF1CBA64ECFB850458DBEF0A8AEA71575D060C7DB3970F85A6E1E4C7"+
	"ABF5AE8CDB0933D71E8C94E04A25619DCEE3D2261AD2EE6BF12FFA06D98A0864D87602733EC86A64521F2B18177B200C"+
	"BBE117577A615D6C770988C0BAD946E208E24FA074E5AB3143DB5BFCE0FD108E4B82D120A93AD2CAFFFFFFFFFFFFFFFF", 16)

var radix = new(big.Int).Lsh(big.NewInt(1), 8*Size)

func toElement(t testing.TB, x *big.Int) (e element) {
	t.Helper()
	if !e.set(x.FillBytes(make([]byte, Size))) {
		t.Fatalf("%x is not below N", x)
	}
	return e
}

func toBig(e *element) *big.Int {
	b := make([]byte, Size)
	e.put(b)
	return new(big.Int).SetBytes(b)
}

// samples returns residues at the edges and some between; the same ones in each run.
func samples() []*big.Int {
	sum := func(x *big.Int, d int64) *big.Int { return new(big.Int).Add(x, big.NewInt(d)) }
	half := new(big.Int).Rsh(primeN, 1)
	xs := []*big.Int{
		big.NewInt(0), big.NewInt(1), big.NewInt(2), sum(primeN, -1), sum(primeN, -2), half, sum(half, 1),
		new(big.Int).Sub(radix, primeN), new(big.Int).Lsh(big.NewInt(1), 3071), new(big.Int).Lsh(big.NewInt(1), 512),
		sum(new(big.Int).Lsh(big.NewInt(1), 3008), -1),
	}
	source := mathrand.NewChaCha8([32]byte{1})
	for range 20 {
		b := make([]byte, Size)
		source.Read(b)
		xs = append(xs, new(big.Int).Mod(new(big.Int).SetBytes(b), primeN))
	}
	return xs
}

// AUTH-174, AUTH-175, AUTH-177.
func TestConstants(t *testing.T) {
	t.Parallel()
	if toBig(&modulus).Cmp(primeN) != 0 {
		t.Error("the modulus is not N")
	}
	sum := sha256.Sum256(append(append([]byte{0}, primeN.Bytes()...), 2))
	if !bytes.Equal(sum[:], multiplier[:]) {
		t.Errorf("k = %x, want %x", multiplier, sum)
	}
	p := params()
	if want := new(big.Int).Mod(radix, primeN); toBig(&p.one).Cmp(want) != 0 {
		t.Error("one is not 2^3072 mod N")
	}
	if want := new(big.Int).Exp(radix, big.NewInt(2), primeN); toBig(&p.square).Cmp(want) != 0 {
		t.Error("square is not 2^6144 mod N")
	}
}

func TestArithmeticAgreesWithBig(t *testing.T) {
	t.Parallel()
	inverse := new(big.Int).ModInverse(radix, primeN)
	for _, x := range samples() {
		ex := toElement(t, x)
		var z element
		z.sqr(&ex)
		want := new(big.Int).Mul(x, x)
		if want.Mul(want, inverse).Mod(want, primeN); toBig(&z).Cmp(want) != 0 {
			t.Errorf("square of %x differs", x)
		}
		z.enter(&ex)
		z.leave(&z)
		if toBig(&z).Cmp(x) != 0 {
			t.Errorf("%x does not survive Montgomery form", x)
		}
		for _, y := range samples() {
			ey := toElement(t, y)
			check := func(name string, want *big.Int) {
				t.Helper()
				if want.Mod(want, primeN); toBig(&z).Cmp(want) != 0 {
					t.Errorf("%s of %x and %x differs", name, x, y)
				}
			}
			z.mul(&ex, &ey)
			want := new(big.Int).Mul(x, y)
			check("product", want.Mul(want, inverse))
			z.add(&ex, &ey)
			check("sum", new(big.Int).Add(x, y))
			z.sub(&ex, &ey)
			check("difference", new(big.Int).Sub(x, y))
		}
	}
}

func TestSetRefusesWhatIsNotBelowN(t *testing.T) {
	t.Parallel()
	for _, x := range []*big.Int{primeN, new(big.Int).Add(primeN, big.NewInt(1)), new(big.Int).Sub(radix, big.NewInt(1))} {
		var e element
		if e.set(x.Bytes()) {
			t.Errorf("%x was taken", x)
		}
	}
}

func TestPowersAgreeWithBig(t *testing.T) {
	t.Parallel()
	exponents := [][]byte{make([]byte, 32), bytes.Repeat([]byte{0xff}, 32), append(make([]byte, 31), 1), append([]byte{0x80}, make([]byte, 31)...)}
	for range 6 {
		e := make([]byte, 32)
		rand.Read(e)
		exponents = append(exponents, e)
	}
	for _, e := range exponents {
		exponent := new(big.Int).SetBytes(e)
		var z element
		z.generate((*[32]byte)(e))
		z.leave(&z)
		if want := new(big.Int).Exp(big.NewInt(2), exponent, primeN); toBig(&z).Cmp(want) != 0 {
			t.Errorf("g^%x differs", e)
		}
		for _, x := range samples()[:14] {
			ex := toElement(t, x)
			ex.enter(&ex)
			want := new(big.Int).Exp(x, exponent, primeN)
			z.power(&ex, e)
			if z.leave(&z); toBig(&z).Cmp(want) != 0 {
				t.Errorf("power: %x^%x differs", x, e)
			}
			z.powerPublic(&ex, e)
			if z.leave(&z); toBig(&z).Cmp(want) != 0 {
				t.Errorf("powerPublic: %x^%x differs", x, e)
			}
		}
	}
}

func benchmarkOperands(b *testing.B) (x element, e [32]byte, bigX, bigE *big.Int) {
	bigX = samples()[20]
	x = toElement(b, bigX)
	x.enter(&x)
	e = sha256.Sum256([]byte("exponent"))
	return x, e, bigX, new(big.Int).SetBytes(e[:])
}

func BenchmarkMul(b *testing.B) {
	x, _, _, _ := benchmarkOperands(b)
	for b.Loop() {
		x.mul(&x, &x)
	}
}

func BenchmarkSqr(b *testing.B) {
	x, _, _, _ := benchmarkOperands(b)
	for b.Loop() {
		x.sqr(&x)
	}
}

func BenchmarkPower(b *testing.B) {
	x, e, _, _ := benchmarkOperands(b)
	for b.Loop() {
		x.power(&x, e[:])
	}
}

func BenchmarkPowerPublic(b *testing.B) {
	x, e, _, _ := benchmarkOperands(b)
	for b.Loop() {
		x.powerPublic(&x, e[:])
	}
}

func BenchmarkGenerate(b *testing.B) {
	x, e, _, _ := benchmarkOperands(b)
	x.generate(&e)
	for b.Loop() {
		x.generate(&e)
	}
}

func BenchmarkTables(b *testing.B) {
	for b.Loop() {
		newConstants()
		newCombs()
	}
}

func BenchmarkBigExp(b *testing.B) {
	_, _, x, e := benchmarkOperands(b)
	for b.Loop() {
		new(big.Int).Exp(x, e, primeN)
	}
}
