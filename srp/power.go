package srp

import (
	"crypto/subtle"
	"math/bits"
	"sync"
)

// params are the constants of the group that are computed at first use, in some
// 40 µs.
var params = sync.OnceValue(newConstants)

type constants struct {
	one    element // 1, in Montgomery form: 2^3072 mod N
	square element // 2^6144 mod N, which brings into Montgomery form
	k      element // the multiplier k = H(pad(N) ‖ pad(g)), in Montgomery form
}

// multiplier is k as AUTH-177 gives it.
var multiplier = [32]byte{
	0x53, 0x82, 0x82, 0xc4, 0x35, 0x47, 0x42, 0xd7, 0xcb, 0xbd, 0xe2, 0x35, 0x9f, 0xcf, 0x67, 0xf9,
	0xf5, 0xb3, 0xa6, 0xb0, 0x87, 0x91, 0xe5, 0x01, 0x1b, 0x43, 0xb8, 0xa5, 0xb6, 0x6d, 0x9e, 0xe6,
}

func newConstants() *constants {
	c := new(constants)
	c.one.subtract(new(element), &modulus) // N is above 2^3071, so 2^3072 - N is below N

	// Squaring 2^i in Montgomery form doubles i: 2^3 becomes 2^3072 in ten steps,
	// and 2^3072 in Montgomery form is 2^6144.
	c.square.add(&c.one, &c.one)
	c.square.add(&c.square, &c.square)
	c.square.add(&c.square, &c.square)
	for range 10 {
		c.square.sqr(&c.square)
	}
	var b [Size]byte
	copy(b[Size-len(multiplier):], multiplier[:])
	c.k.set(b[:])
	c.k.mul(&c.k, &c.square)
	return c
}

// digit returns the four bits of the big-endian exponent e that weigh 16^i.
func digit(e []byte, i int) uint64 {
	return uint64(e[len(e)-1-i/2]>>(4*(i&1))) & 15
}

// pick sets z to table[i]. It reads the whole table, so that the memory it
// touches does not tell i.
func (z *element) pick(table *[16]element, i uint64) {
	*z = table[0]
	for j := 1; j < len(table); j++ {
		z.choose(&table[j], -uint64(subtle.ConstantTimeEq(int32(i), int32(j))))
	}
}

// powers fills the table with x^0 … x^15.
func powers(table *[16]element, x *element) {
	table[0], table[1] = params().one, *x
	for i := 2; i < len(table); i += 2 {
		table[i].sqr(&table[i/2])
		table[i+1].mul(&table[i], x)
	}
}

// power sets z to x^e; e is big-endian. The time depends on the length of e only.
func (z *element) power(x *element, e []byte) {
	var table [16]element
	powers(&table, x)
	n := 2 * len(e)
	var t element
	t.pick(&table, digit(e, n-1))
	for i := n - 2; i >= 0; i-- {
		for range 4 {
			t.sqr(&t)
		}
		var f element
		f.pick(&table, digit(e, i))
		t.mul(&t, &f)
	}
	*z = t
}

// powerPublic sets z to x^e for an exponent that everybody may know; x stays
// secret. The time depends on e, which buys a tenth: sliding windows of up to
// five bits over a table of the odd powers.
func (z *element) powerPublic(x *element, e []byte) {
	const window = 5
	var odd [1 << (window - 1)]element // x^1, x^3, … x^31
	var double element
	double.sqr(x)
	odd[0] = *x
	for i := 1; i < len(odd); i++ {
		odd[i].mul(&odd[i-1], &double)
	}
	bit := func(i int) uint { return uint(e[len(e)-1-i/8]>>(i%8)) & 1 }

	t, started := params().one, false
	for i := 8*len(e) - 1; i >= 0; {
		if bit(i) == 0 {
			if started {
				t.sqr(&t)
			}
			i--
			continue
		}
		low, v := max(0, i-window+1), uint(0)
		for j := i; j >= low; j-- {
			v = v<<1 | bit(j)
		}
		zeros := bits.TrailingZeros(v)
		low, v = low+zeros, v>>zeros
		if !started {
			t, started = odd[v/2], true
		} else {
			for range i - low + 1 {
				t.sqr(&t)
			}
			t.mul(&t, &odd[v/2])
		}
		i = low - 1
	}
	*z = t
}

// combs is the precomputed part of g^e for exponents of 32 bytes: entry q holds
// g^(d·2^(16q)) for the sixteen digits d. Those 98 KB are made once per process,
// in a millisecond or two, and save seven tenths of each exponentiation: what
// remains is 12 squarings and 64 multiplications. A table for every digit position
// would save the squarings too, for four times the memory and the time to make it.
var combs = sync.OnceValue(newCombs)

func newCombs() *[16][16]element {
	table := new([16][16]element)
	var x element
	x.add(&params().one, &params().one) // g is 2
	for q := range table {
		powers(&table[q], &x)
		for range 16 {
			x.sqr(&x)
		}
	}
	return table
}

// generate sets z to g^e; e is big-endian. The time is always the same.
func (z *element) generate(e *[32]byte) {
	table := combs()
	t := params().one
	for r := 3; r >= 0; r-- { // digits 4q+r of all q at a time
		if r < 3 {
			for range 4 {
				t.sqr(&t)
			}
		}
		for q := range table {
			var f element
			f.pick(&table[q], digit(e[:], 4*q+r))
			t.mul(&t, &f)
		}
	}
	*z = t
}
