package srp

import (
	"encoding/binary"
	"math/bits"
)

// Size is the length in bytes of an element of the group, big-endian.
const Size = 384

const (
	blocks = 6 // blocks of an element
	limbs  = 8 // limbs of a block
)

// element is a residue modulo N, in Montgomery form (x·2^3072 mod N) wherever
// the code does not say otherwise, and always below N. All its methods take
// the same time for all values; receivers and arguments may be the same.
type element [blocks]block

// modulus is N, the 3072-bit prime of RFC 3526 section 4 (group 15), AUTH-175.
var modulus = element{
	{
		0xffffffffffffffff, 0x4b82d120a93ad2ca, 0x43db5bfce0fd108e, 0x08e24fa074e5ab31,
		0x770988c0bad946e2, 0xbbe117577a615d6c, 0x521f2b18177b200c, 0xd87602733ec86a64,
	},
	{
		0xf12ffa06d98a0864, 0xcee3d2261ad2ee6b, 0x1e8c94e04a25619d, 0xabf5ae8cdb0933d7,
		0xb3970f85a6e1e4c7, 0x8aea71575d060c7d, 0xecfb850458dbef0a, 0xa85521abdf1cba64,
	},
	{
		0xad33170d04507a33, 0x15728e5a8aaac42d, 0x15d2261898fa0510, 0x3995497cea956ae5,
		0xde2bcbf695581718, 0xb5c55df06f4c52c9, 0x9b2783a2ec07a28f, 0xe39e772c180e8603,
	},
	{
		0x32905e462e36ce3b, 0xf1746c08ca18217c, 0x670c354e4abc9804, 0x9ed529077096966d,
		0x1c62f356208552bb, 0x83655d23dca3ad96, 0x69163fa8fd24cf5f, 0x98da48361c55d39a,
	},
	{
		0xc2007cb8a163bf05, 0x49286651ece45b3d, 0xae9f24117c4b1fe6, 0xee386bfb5a899fa5,
		0x0bff5cb6f406b7ed, 0xf44c42e9a637ed6b, 0xe485b576625e7ec6, 0x4fe1356d6d51c245,
	},
	{
		0x302b0a6df25f1437, 0xef9519b3cd3a431b, 0x514a08798e3404dd, 0x020bbea63b139b22,
		0x29024e088a67cc74, 0xc4c6628b80dc1cd1, 0xc90fdaa22168c234, 0xffffffffffffffff,
	},
}

// set makes z the element with the given big-endian bytes (Size of them), not in
// Montgomery form, and reports whether the number is below N.
func (z *element) set(b []byte) bool {
	_ = b[Size-1]
	for i := range blocks {
		for j := range limbs {
			z[i][j] = binary.BigEndian.Uint64(b[Size-8*(limbs*i+j+1):])
		}
	}
	var r element
	return r.subtract(z, &modulus) == 1
}

// put writes the number in z as Size big-endian bytes.
func (z *element) put(b []byte) {
	_ = b[Size-1]
	for i := range blocks {
		for j := range limbs {
			binary.BigEndian.PutUint64(b[Size-8*(limbs*i+j+1):], z[i][j])
		}
	}
}

// enter brings z into Montgomery form.
func (z *element) enter(x *element) { z.mul(x, &params().square) }

// leave brings z out of Montgomery form.
func (z *element) leave(x *element) {
	var t [2 * blocks]block
	copy(t[:blocks], x[:])
	z.reduce(&t)
}

// mul sets z to x*y.
func (z *element) mul(x, y *element) {
	var t [2 * blocks]block
	for i := range blocks {
		var c block
		for j := range blocks {
			mulAdd(&t[i+j], &c, &x[i], &y[j])
		}
		t[i+blocks] = c
	}
	z.reduce(&t)
}

// sqr sets z to x*x, with three quarters of the multiplications of mul.
func (z *element) sqr(x *element) {
	var t [2 * blocks]block
	for i := range blocks - 1 {
		var c block
		for j := i + 1; j < blocks; j++ {
			mulAdd(&t[i+j], &c, &x[i], &x[j])
		}
		t[i+blocks] = c
	}
	// What stands in t counts twice; the squares of the blocks are added to it.
	var shifted, carry uint64
	for i := range blocks {
		var lo, hi block
		square(&lo, &hi, &x[i])
		shifted, carry = doubleAdd(&t[2*i], &lo, shifted, carry)
		shifted, carry = doubleAdd(&t[2*i+1], &hi, shifted, carry)
	}
	z.reduce(&t)
}

// doubleAdd sets t to 2t + s with the bit shifted in from below and the carry,
// and returns the bit shifted out and the carry out.
func doubleAdd(t, s *block, in, carry uint64) (out, c uint64) {
	for i, w := range t {
		t[i], carry = bits.Add64(w<<1|in, s[i], carry)
		in = w >> 63
	}
	return in, carry
}

// reduce sets z to t / 2^3072 mod N (Montgomery's reduction, a block at a time).
// t must be below N·2^3072; it is used up.
func (z *element) reduce(t *[2 * blocks]block) {
	var carry uint64
	for i := range blocks {
		var m, c block
		quotient(&m, &c, &t[i], &modulus[0])
		for j := 1; j < blocks; j++ {
			mulAdd(&t[i+j], &c, &m, &modulus[j])
		}
		d := &t[i+blocks]
		for w := range d {
			d[w], carry = bits.Add64(d[w], c[w], carry)
		}
	}
	z.settle((*element)(t[blocks:]), carry)
}

// add sets z to x+y.
func (z *element) add(x, y *element) {
	var r element
	var carry uint64
	for i := range blocks {
		for j := range limbs {
			r[i][j], carry = bits.Add64(x[i][j], y[i][j], carry)
		}
	}
	z.settle(&r, carry)
}

// sub sets z to x-y.
func (z *element) sub(x, y *element) {
	var r element
	mask := -r.subtract(x, y)
	var carry uint64
	for i := range blocks {
		for j := range limbs {
			z[i][j], carry = bits.Add64(r[i][j], mask&modulus[i][j], carry)
		}
	}
}

// settle sets z to t + over·2^3072, minus N if that is not below N.
func (z *element) settle(t *element, over uint64) {
	var r element
	keep := r.subtract(t, &modulus) &^ over
	*z = r
	z.choose(t, -keep)
}

// subtract sets z to x-y mod 2^3072 and returns the borrow.
func (z *element) subtract(x, y *element) (borrow uint64) {
	for i := range blocks {
		for j := range limbs {
			z[i][j], borrow = bits.Sub64(x[i][j], y[i][j], borrow)
		}
	}
	return borrow
}

// choose sets z to x if mask is all ones, and leaves it if mask is 0.
func (z *element) choose(x *element, mask uint64) {
	for i := range blocks {
		for j := range limbs {
			z[i][j] ^= mask & (z[i][j] ^ x[i][j])
		}
	}
}

// isZero reports whether z is 0, in either form.
func (z *element) isZero() bool {
	var or uint64
	for i := range blocks {
		for j := range limbs {
			or |= z[i][j]
		}
	}
	return or == 0
}
