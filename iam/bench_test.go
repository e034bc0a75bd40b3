package iam_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cenote-auth/cenote/iam"
)

// BenchmarkVerify compares a known key with an unknown one: they have to cost the same (H6, H11).
func BenchmarkVerify(b *testing.B) {
	w, r := setup(b), call()
	w.sign(r, `{"UserPoolId":"eu-central-1_Example01","Username":"ada"}`, signing{})
	keys, err := iam.NewStaticKeys()
	require.NoError(b, err)
	unknown, err := iam.NewVerifier(iam.VerifierConfig{Keys: keys, Region: region, Now: func() time.Time { return noon }})
	require.NoError(b, err)
	body := bodyOf(`{"UserPoolId":"eu-central-1_Example01","Username":"ada"}`)
	req := view(r)
	for name, v := range map[string]*iam.Verifier{"known": w.verifier, "unknown": unknown} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := v.Authenticate(b.Context(), req, body); (err == nil) != (name == "known") {
					b.Fatal(err)
				}
			}
		})
	}
}
