package token_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/cenote-auth/cenote/token"
)

// Keys are whatever a KeySource says; most services need no Keys and leave it to
// the Verifier to fetch them.
func ExampleVerifier() {
	now := time.Date(2026, 1, 3, 4, 10, 0, 0, time.UTC)
	v, err := token.NewVerifier(token.VerifierConfig{
		Issuer: issuer, ClientIDs: []string{clientID}, Use: token.Access,
		Keys: token.PoolKeys(source{}, pool), Now: func() time.Time { return now },
	})
	if err != nil {
		log.Fatal(err)
	}
	i, err := token.NewIssuer(token.IssuerConfig{Keys: source{}})
	if err != nil {
		log.Fatal(err)
	}
	raw, err := i.Access(context.Background(), pool, accessClaims())
	if err != nil {
		log.Fatal(err)
	}

	claims, err := v.Verify(context.Background(), raw)
	fmt.Println(claims.Username, claims.HasScope("aws.cognito.signin.user.admin"), err)
	now = now.Add(2 * time.Hour)
	_, err = v.Verify(context.Background(), raw)
	fmt.Println(errors.Is(err, token.ErrExpired))
	// Output:
	// ada true <nil>
	// true
}

func ExampleRing() {
	const cache, lifetime = time.Hour, 24 * time.Hour
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	ring := token.Ring{}.RotateNow(token.Access, "old", start, lifetime, false)
	ring = ring.Rotate(token.Access, "new", start.Add(48*time.Hour), cache, lifetime)
	for _, hour := range []time.Duration{48, 49, 73} {
		now := start.Add(hour * time.Hour)
		signer, _ := ring.Current(token.Access, now)
		fmt.Printf("hour %d: %s signs, %d published\n", hour, signer.ID, len(ring.Published(now)))
	}
	// Output:
	// hour 48: old signs, 2 published
	// hour 49: new signs, 2 published
	// hour 73: new signs, 1 published
}
