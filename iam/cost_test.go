package iam_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// An access key that does not exist is as much work as one that does: the body is hashed and the whole chain of HMACs
// computed. Allocations stand for the work, for they can be counted. BenchmarkVerify has the times.
func TestH11_UnknownKeyCostsTheSame(t *testing.T) {
	w := setup(t)
	count := func(key string) float64 {
		r := call()
		w.sign(r, "{}", signing{key: key, secret: secret})
		req := view(r)
		return testing.AllocsPerRun(100, func() { _, _ = w.verify(req, "{}") })
	}
	known, unknown := count(keyID), count("AKIAUNKNOWN")
	require.Greater(t, known, 30.0)
	require.InDelta(t, known, unknown, 3)
}
