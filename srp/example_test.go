package srp_test

import (
	"fmt"
	"log"
	"time"

	"github.com/cenote-auth/cenote/srp"
)

// Both sides of one sign-in. A server seals the challenge into the secret block,
// which is left out here.
func Example() {
	const poolID, username, password = "us-east-1_Example01", "ada", "Correct-Horse-9"
	now := time.Date(2026, 1, 3, 4, 5, 6, 0, time.UTC)

	// At sign-up the server keeps salt and verifier.
	id := srp.User(poolID, username)
	salt, err := srp.NewSalt(nil)
	if err != nil {
		log.Fatal(err)
	}
	verifier := id.Verifier(password, salt)

	// The client begins.
	login, err := srp.NewLogin(poolID, username, password)
	if err != nil {
		log.Fatal(err)
	}
	begin := login.Params()

	// The server answers with a challenge.
	a, err := srp.ParsePublic(begin["SRP_A"])
	if err != nil {
		log.Fatal(err)
	}
	challenge, b, err := srp.NewChallenge(nil, a, verifier)
	if err != nil {
		log.Fatal(err)
	}
	params := srp.ChallengeParams(username, salt, b, []byte("sealed challenge"))

	// The client proves that it knows the password.
	answers, err := login.Respond(params, now)
	if err != nil {
		log.Fatal(err)
	}

	// The server checks the proof.
	claim, err := srp.ParseClaim(answers["PASSWORD_CLAIM_SECRET_BLOCK"], answers["PASSWORD_CLAIM_SIGNATURE"], answers["TIMESTAMP"])
	if err != nil {
		log.Fatal(err)
	}
	ok, err := challenge.Verify(verifier, id, claim)
	fmt.Println(claim.Timestamp, claim.Within(now, 5*time.Minute), ok, err)
	// Output: Sat Jan 3 04:05:06 UTC 2026 true true <nil>
}
