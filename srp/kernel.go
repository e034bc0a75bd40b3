package srp

import "math/bits"

// The kernels multiply blocks of eight limbs column by column: every product of
// a column is added to a three-limb sum that stays in registers, so that memory
// is written once a column. They are written out because the compiler unrolls
// nothing, and a loop over columns costs a quarter more. None branches or
// indexes on data.

// block is eight limbs, least significant first.
type block [8]uint64

// mac adds x*y to the three-limb sum a.
func mac(a0, a1, a2, x, y uint64) (s0, s1, s2 uint64) {
	hi, lo := bits.Mul64(x, y)
	s0, c := bits.Add64(a0, lo, 0)
	s1, c = bits.Add64(a1, hi, c)
	s2, _ = bits.Add64(a2, 0, c)
	return s0, s1, s2
}

// twice adds 2*b to the three-limb sum a.
func twice(a0, a1, a2, b0, b1, b2 uint64) (s0, s1, s2 uint64) {
	s0, c := bits.Add64(a0, b0<<1, 0)
	s1, c = bits.Add64(a1, b1<<1|b0>>63, c)
	s2, _ = bits.Add64(a2, b2<<1|b1>>63, c)
	return s0, s1, s2
}

// plus adds the limb x to the three-limb sum a.
func plus(a0, a1, a2, x uint64) (s0, s1, s2 uint64) {
	s0, c := bits.Add64(a0, x, 0)
	s1, c = bits.Add64(a1, 0, c)
	s2, _ = bits.Add64(a2, 0, c)
	return s0, s1, s2
}

// mulAdd sets z + c·2^512 to x*y + z + c. The sum always fits: with every
// operand at its maximum M it is M² + 2M = (M+1)² - 1.
func mulAdd(z, c, x, y *block) {
	var a0, a1, a2 uint64
	a0, a1 = bits.Add64(z[0], c[0], 0)
	a0, a1, a2 = mac(a0, a1, a2, x[0], y[0])
	z[0], a0, a1, a2 = a0, a1, a2, 0
	a0, a1, a2 = plus(a0, a1, a2, z[1])
	a0, a1, a2 = plus(a0, a1, a2, c[1])
	a0, a1, a2 = mac(a0, a1, a2, x[0], y[1])
	a0, a1, a2 = mac(a0, a1, a2, x[1], y[0])
	z[1], a0, a1, a2 = a0, a1, a2, 0
	a0, a1, a2 = plus(a0, a1, a2, z[2])
	a0, a1, a2 = plus(a0, a1, a2, c[2])
	a0, a1, a2 = mac(a0, a1, a2, x[0], y[2])
	a0, a1, a2 = mac(a0, a1, a2, x[1], y[1])
	a0, a1, a2 = mac(a0, a1, a2, x[2], y[0])
	z[2], a0, a1, a2 = a0, a1, a2, 0
	a0, a1, a2 = plus(a0, a1, a2, z[3])
	a0, a1, a2 = plus(a0, a1, a2, c[3])
	a0, a1, a2 = mac(a0, a1, a2, x[0], y[3])
	a0, a1, a2 = mac(a0, a1, a2, x[1], y[2])
	a0, a1, a2 = mac(a0, a1, a2, x[2], y[1])
	a0, a1, a2 = mac(a0, a1, a2, x[3], y[0])
	z[3], a0, a1, a2 = a0, a1, a2, 0
	a0, a1, a2 = plus(a0, a1, a2, z[4])
	a0, a1, a2 = plus(a0, a1, a2, c[4])
	a0, a1, a2 = mac(a0, a1, a2, x[0], y[4])
	a0, a1, a2 = mac(a0, a1, a2, x[1], y[3])
	a0, a1, a2 = mac(a0, a1, a2, x[2], y[2])
	a0, a1, a2 = mac(a0, a1, a2, x[3], y[1])
	a0, a1, a2 = mac(a0, a1, a2, x[4], y[0])
	z[4], a0, a1, a2 = a0, a1, a2, 0
	a0, a1, a2 = plus(a0, a1, a2, z[5])
	a0, a1, a2 = plus(a0, a1, a2, c[5])
	a0, a1, a2 = mac(a0, a1, a2, x[0], y[5])
	a0, a1, a2 = mac(a0, a1, a2, x[1], y[4])
	a0, a1, a2 = mac(a0, a1, a2, x[2], y[3])
	a0, a1, a2 = mac(a0, a1, a2, x[3], y[2])
	a0, a1, a2 = mac(a0, a1, a2, x[4], y[1])
	a0, a1, a2 = mac(a0, a1, a2, x[5], y[0])
	z[5], a0, a1, a2 = a0, a1, a2, 0
	a0, a1, a2 = plus(a0, a1, a2, z[6])
	a0, a1, a2 = plus(a0, a1, a2, c[6])
	a0, a1, a2 = mac(a0, a1, a2, x[0], y[6])
	a0, a1, a2 = mac(a0, a1, a2, x[1], y[5])
	a0, a1, a2 = mac(a0, a1, a2, x[2], y[4])
	a0, a1, a2 = mac(a0, a1, a2, x[3], y[3])
	a0, a1, a2 = mac(a0, a1, a2, x[4], y[2])
	a0, a1, a2 = mac(a0, a1, a2, x[5], y[1])
	a0, a1, a2 = mac(a0, a1, a2, x[6], y[0])
	z[6], a0, a1, a2 = a0, a1, a2, 0
	a0, a1, a2 = plus(a0, a1, a2, z[7])
	a0, a1, a2 = plus(a0, a1, a2, c[7])
	a0, a1, a2 = mac(a0, a1, a2, x[0], y[7])
	a0, a1, a2 = mac(a0, a1, a2, x[1], y[6])
	a0, a1, a2 = mac(a0, a1, a2, x[2], y[5])
	a0, a1, a2 = mac(a0, a1, a2, x[3], y[4])
	a0, a1, a2 = mac(a0, a1, a2, x[4], y[3])
	a0, a1, a2 = mac(a0, a1, a2, x[5], y[2])
	a0, a1, a2 = mac(a0, a1, a2, x[6], y[1])
	a0, a1, a2 = mac(a0, a1, a2, x[7], y[0])
	z[7], a0, a1, a2 = a0, a1, a2, 0
	a0, a1, a2 = mac(a0, a1, a2, x[1], y[7])
	a0, a1, a2 = mac(a0, a1, a2, x[2], y[6])
	a0, a1, a2 = mac(a0, a1, a2, x[3], y[5])
	a0, a1, a2 = mac(a0, a1, a2, x[4], y[4])
	a0, a1, a2 = mac(a0, a1, a2, x[5], y[3])
	a0, a1, a2 = mac(a0, a1, a2, x[6], y[2])
	a0, a1, a2 = mac(a0, a1, a2, x[7], y[1])
	c[0], a0, a1, a2 = a0, a1, a2, 0
	a0, a1, a2 = mac(a0, a1, a2, x[2], y[7])
	a0, a1, a2 = mac(a0, a1, a2, x[3], y[6])
	a0, a1, a2 = mac(a0, a1, a2, x[4], y[5])
	a0, a1, a2 = mac(a0, a1, a2, x[5], y[4])
	a0, a1, a2 = mac(a0, a1, a2, x[6], y[3])
	a0, a1, a2 = mac(a0, a1, a2, x[7], y[2])
	c[1], a0, a1, a2 = a0, a1, a2, 0
	a0, a1, a2 = mac(a0, a1, a2, x[3], y[7])
	a0, a1, a2 = mac(a0, a1, a2, x[4], y[6])
	a0, a1, a2 = mac(a0, a1, a2, x[5], y[5])
	a0, a1, a2 = mac(a0, a1, a2, x[6], y[4])
	a0, a1, a2 = mac(a0, a1, a2, x[7], y[3])
	c[2], a0, a1, a2 = a0, a1, a2, 0
	a0, a1, a2 = mac(a0, a1, a2, x[4], y[7])
	a0, a1, a2 = mac(a0, a1, a2, x[5], y[6])
	a0, a1, a2 = mac(a0, a1, a2, x[6], y[5])
	a0, a1, a2 = mac(a0, a1, a2, x[7], y[4])
	c[3], a0, a1, a2 = a0, a1, a2, 0
	a0, a1, a2 = mac(a0, a1, a2, x[5], y[7])
	a0, a1, a2 = mac(a0, a1, a2, x[6], y[6])
	a0, a1, a2 = mac(a0, a1, a2, x[7], y[5])
	c[4], a0, a1, a2 = a0, a1, a2, 0
	a0, a1, a2 = mac(a0, a1, a2, x[6], y[7])
	a0, a1, a2 = mac(a0, a1, a2, x[7], y[6])
	c[5], a0, a1, a2 = a0, a1, a2, 0
	a0, a1, a2 = mac(a0, a1, a2, x[7], y[7])
	c[6], a0, a1, a2 = a0, a1, a2, 0
	c[7] = a0
}

// square sets lo + hi·2^512 to x*x. Each product of two different limbs is made
// once and counted twice.
func square(lo, hi, x *block) {
	var a0, a1, a2, b0, b1, b2 uint64
	a0, a1, a2 = mac(a0, a1, a2, x[0], x[0])
	lo[0], a0, a1, a2 = a0, a1, a2, 0
	b0, b1, b2 = 0, 0, 0
	b0, b1, b2 = mac(b0, b1, b2, x[0], x[1])
	a0, a1, a2 = twice(a0, a1, a2, b0, b1, b2)
	lo[1], a0, a1, a2 = a0, a1, a2, 0
	b0, b1, b2 = 0, 0, 0
	b0, b1, b2 = mac(b0, b1, b2, x[0], x[2])
	a0, a1, a2 = twice(a0, a1, a2, b0, b1, b2)
	a0, a1, a2 = mac(a0, a1, a2, x[1], x[1])
	lo[2], a0, a1, a2 = a0, a1, a2, 0
	b0, b1, b2 = 0, 0, 0
	b0, b1, b2 = mac(b0, b1, b2, x[0], x[3])
	b0, b1, b2 = mac(b0, b1, b2, x[1], x[2])
	a0, a1, a2 = twice(a0, a1, a2, b0, b1, b2)
	lo[3], a0, a1, a2 = a0, a1, a2, 0
	b0, b1, b2 = 0, 0, 0
	b0, b1, b2 = mac(b0, b1, b2, x[0], x[4])
	b0, b1, b2 = mac(b0, b1, b2, x[1], x[3])
	a0, a1, a2 = twice(a0, a1, a2, b0, b1, b2)
	a0, a1, a2 = mac(a0, a1, a2, x[2], x[2])
	lo[4], a0, a1, a2 = a0, a1, a2, 0
	b0, b1, b2 = 0, 0, 0
	b0, b1, b2 = mac(b0, b1, b2, x[0], x[5])
	b0, b1, b2 = mac(b0, b1, b2, x[1], x[4])
	b0, b1, b2 = mac(b0, b1, b2, x[2], x[3])
	a0, a1, a2 = twice(a0, a1, a2, b0, b1, b2)
	lo[5], a0, a1, a2 = a0, a1, a2, 0
	b0, b1, b2 = 0, 0, 0
	b0, b1, b2 = mac(b0, b1, b2, x[0], x[6])
	b0, b1, b2 = mac(b0, b1, b2, x[1], x[5])
	b0, b1, b2 = mac(b0, b1, b2, x[2], x[4])
	a0, a1, a2 = twice(a0, a1, a2, b0, b1, b2)
	a0, a1, a2 = mac(a0, a1, a2, x[3], x[3])
	lo[6], a0, a1, a2 = a0, a1, a2, 0
	b0, b1, b2 = 0, 0, 0
	b0, b1, b2 = mac(b0, b1, b2, x[0], x[7])
	b0, b1, b2 = mac(b0, b1, b2, x[1], x[6])
	b0, b1, b2 = mac(b0, b1, b2, x[2], x[5])
	b0, b1, b2 = mac(b0, b1, b2, x[3], x[4])
	a0, a1, a2 = twice(a0, a1, a2, b0, b1, b2)
	lo[7], a0, a1, a2 = a0, a1, a2, 0
	b0, b1, b2 = 0, 0, 0
	b0, b1, b2 = mac(b0, b1, b2, x[1], x[7])
	b0, b1, b2 = mac(b0, b1, b2, x[2], x[6])
	b0, b1, b2 = mac(b0, b1, b2, x[3], x[5])
	a0, a1, a2 = twice(a0, a1, a2, b0, b1, b2)
	a0, a1, a2 = mac(a0, a1, a2, x[4], x[4])
	hi[0], a0, a1, a2 = a0, a1, a2, 0
	b0, b1, b2 = 0, 0, 0
	b0, b1, b2 = mac(b0, b1, b2, x[2], x[7])
	b0, b1, b2 = mac(b0, b1, b2, x[3], x[6])
	b0, b1, b2 = mac(b0, b1, b2, x[4], x[5])
	a0, a1, a2 = twice(a0, a1, a2, b0, b1, b2)
	hi[1], a0, a1, a2 = a0, a1, a2, 0
	b0, b1, b2 = 0, 0, 0
	b0, b1, b2 = mac(b0, b1, b2, x[3], x[7])
	b0, b1, b2 = mac(b0, b1, b2, x[4], x[6])
	a0, a1, a2 = twice(a0, a1, a2, b0, b1, b2)
	a0, a1, a2 = mac(a0, a1, a2, x[5], x[5])
	hi[2], a0, a1, a2 = a0, a1, a2, 0
	b0, b1, b2 = 0, 0, 0
	b0, b1, b2 = mac(b0, b1, b2, x[4], x[7])
	b0, b1, b2 = mac(b0, b1, b2, x[5], x[6])
	a0, a1, a2 = twice(a0, a1, a2, b0, b1, b2)
	hi[3], a0, a1, a2 = a0, a1, a2, 0
	b0, b1, b2 = 0, 0, 0
	b0, b1, b2 = mac(b0, b1, b2, x[5], x[7])
	a0, a1, a2 = twice(a0, a1, a2, b0, b1, b2)
	a0, a1, a2 = mac(a0, a1, a2, x[6], x[6])
	hi[4], a0, a1, a2 = a0, a1, a2, 0
	b0, b1, b2 = 0, 0, 0
	b0, b1, b2 = mac(b0, b1, b2, x[6], x[7])
	a0, a1, a2 = twice(a0, a1, a2, b0, b1, b2)
	hi[5], a0, a1, a2 = a0, a1, a2, 0
	a0, a1, a2 = mac(a0, a1, a2, x[7], x[7])
	hi[6], a0, a1, a2 = a0, a1, a2, 0
	hi[7] = a0
}

// quotient finds the block m for which m·n + t is a multiple of 2^512 and sets
// c to (m·n + t) / 2^512. n is the lowest block of N, whose lowest limb is
// 2^64-1: the inverse that Montgomery's method multiplies with is therefore 1,
// and m[i]·n[0] cancels column i and adds m[i] to the next one.
func quotient(m, c, t, n *block) {
	var a0, a1, a2, k uint64
	a0, a1, a2 = plus(a0, a1, a2, t[0])
	m[0] = a0
	a0, k = bits.Add64(a1, a0, 0)
	a1, a2 = bits.Add64(a2, 0, k)
	a0, a1, a2 = plus(a0, a1, a2, t[1])
	a0, a1, a2 = mac(a0, a1, a2, m[0], n[1])
	m[1] = a0
	a0, k = bits.Add64(a1, a0, 0)
	a1, a2 = bits.Add64(a2, 0, k)
	a0, a1, a2 = plus(a0, a1, a2, t[2])
	a0, a1, a2 = mac(a0, a1, a2, m[0], n[2])
	a0, a1, a2 = mac(a0, a1, a2, m[1], n[1])
	m[2] = a0
	a0, k = bits.Add64(a1, a0, 0)
	a1, a2 = bits.Add64(a2, 0, k)
	a0, a1, a2 = plus(a0, a1, a2, t[3])
	a0, a1, a2 = mac(a0, a1, a2, m[0], n[3])
	a0, a1, a2 = mac(a0, a1, a2, m[1], n[2])
	a0, a1, a2 = mac(a0, a1, a2, m[2], n[1])
	m[3] = a0
	a0, k = bits.Add64(a1, a0, 0)
	a1, a2 = bits.Add64(a2, 0, k)
	a0, a1, a2 = plus(a0, a1, a2, t[4])
	a0, a1, a2 = mac(a0, a1, a2, m[0], n[4])
	a0, a1, a2 = mac(a0, a1, a2, m[1], n[3])
	a0, a1, a2 = mac(a0, a1, a2, m[2], n[2])
	a0, a1, a2 = mac(a0, a1, a2, m[3], n[1])
	m[4] = a0
	a0, k = bits.Add64(a1, a0, 0)
	a1, a2 = bits.Add64(a2, 0, k)
	a0, a1, a2 = plus(a0, a1, a2, t[5])
	a0, a1, a2 = mac(a0, a1, a2, m[0], n[5])
	a0, a1, a2 = mac(a0, a1, a2, m[1], n[4])
	a0, a1, a2 = mac(a0, a1, a2, m[2], n[3])
	a0, a1, a2 = mac(a0, a1, a2, m[3], n[2])
	a0, a1, a2 = mac(a0, a1, a2, m[4], n[1])
	m[5] = a0
	a0, k = bits.Add64(a1, a0, 0)
	a1, a2 = bits.Add64(a2, 0, k)
	a0, a1, a2 = plus(a0, a1, a2, t[6])
	a0, a1, a2 = mac(a0, a1, a2, m[0], n[6])
	a0, a1, a2 = mac(a0, a1, a2, m[1], n[5])
	a0, a1, a2 = mac(a0, a1, a2, m[2], n[4])
	a0, a1, a2 = mac(a0, a1, a2, m[3], n[3])
	a0, a1, a2 = mac(a0, a1, a2, m[4], n[2])
	a0, a1, a2 = mac(a0, a1, a2, m[5], n[1])
	m[6] = a0
	a0, k = bits.Add64(a1, a0, 0)
	a1, a2 = bits.Add64(a2, 0, k)
	a0, a1, a2 = plus(a0, a1, a2, t[7])
	a0, a1, a2 = mac(a0, a1, a2, m[0], n[7])
	a0, a1, a2 = mac(a0, a1, a2, m[1], n[6])
	a0, a1, a2 = mac(a0, a1, a2, m[2], n[5])
	a0, a1, a2 = mac(a0, a1, a2, m[3], n[4])
	a0, a1, a2 = mac(a0, a1, a2, m[4], n[3])
	a0, a1, a2 = mac(a0, a1, a2, m[5], n[2])
	a0, a1, a2 = mac(a0, a1, a2, m[6], n[1])
	m[7] = a0
	a0, k = bits.Add64(a1, a0, 0)
	a1, a2 = bits.Add64(a2, 0, k)
	a0, a1, a2 = mac(a0, a1, a2, m[1], n[7])
	a0, a1, a2 = mac(a0, a1, a2, m[2], n[6])
	a0, a1, a2 = mac(a0, a1, a2, m[3], n[5])
	a0, a1, a2 = mac(a0, a1, a2, m[4], n[4])
	a0, a1, a2 = mac(a0, a1, a2, m[5], n[3])
	a0, a1, a2 = mac(a0, a1, a2, m[6], n[2])
	a0, a1, a2 = mac(a0, a1, a2, m[7], n[1])
	c[0], a0, a1, a2 = a0, a1, a2, 0
	a0, a1, a2 = mac(a0, a1, a2, m[2], n[7])
	a0, a1, a2 = mac(a0, a1, a2, m[3], n[6])
	a0, a1, a2 = mac(a0, a1, a2, m[4], n[5])
	a0, a1, a2 = mac(a0, a1, a2, m[5], n[4])
	a0, a1, a2 = mac(a0, a1, a2, m[6], n[3])
	a0, a1, a2 = mac(a0, a1, a2, m[7], n[2])
	c[1], a0, a1, a2 = a0, a1, a2, 0
	a0, a1, a2 = mac(a0, a1, a2, m[3], n[7])
	a0, a1, a2 = mac(a0, a1, a2, m[4], n[6])
	a0, a1, a2 = mac(a0, a1, a2, m[5], n[5])
	a0, a1, a2 = mac(a0, a1, a2, m[6], n[4])
	a0, a1, a2 = mac(a0, a1, a2, m[7], n[3])
	c[2], a0, a1, a2 = a0, a1, a2, 0
	a0, a1, a2 = mac(a0, a1, a2, m[4], n[7])
	a0, a1, a2 = mac(a0, a1, a2, m[5], n[6])
	a0, a1, a2 = mac(a0, a1, a2, m[6], n[5])
	a0, a1, a2 = mac(a0, a1, a2, m[7], n[4])
	c[3], a0, a1, a2 = a0, a1, a2, 0
	a0, a1, a2 = mac(a0, a1, a2, m[5], n[7])
	a0, a1, a2 = mac(a0, a1, a2, m[6], n[6])
	a0, a1, a2 = mac(a0, a1, a2, m[7], n[5])
	c[4], a0, a1, a2 = a0, a1, a2, 0
	a0, a1, a2 = mac(a0, a1, a2, m[6], n[7])
	a0, a1, a2 = mac(a0, a1, a2, m[7], n[6])
	c[5], a0, a1, a2 = a0, a1, a2, 0
	a0, a1, a2 = mac(a0, a1, a2, m[7], n[7])
	c[6], a0, a1, a2 = a0, a1, a2, 0
	c[7] = a0
}
