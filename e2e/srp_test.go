package e2e_test

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"testing"
	"time"

	"github.com/cenote-auth/cenote/srp"
)

// srpUsers are sign-ins whose names and passwords stress the encodings of both sides.
var srpUsers = []struct{ name, pool, user, password string }{
	{"ascii", "us-east-1_Example01", "ada", "Correct-Horse-9"},
	{"e-mail and spaces", "eu-central-1_aBcDeFgHi", "ada@example.com", " leading and trailing "},
	{"unicode", "us-east-1_Example01", "Zoë-Ω", "pässwörd-𝔘nicode-9"},
	{"colons", "us-east-1_Example01", "a:b:c", "d:e:F-1"},
}

// exchanges is how often each sign-in is repeated, with fresh random numbers.
const exchanges = 3

// The JavaScript client signs in to our server side. AUTH-171, AUTH-173, AUTH-179, AUTH-181.
func TestSRPOfJavaScriptSatisfiesOurs(t *testing.T) {
	t.Parallel()
	js := talk(t, "srp.mjs")
	for _, u := range srpUsers {
		id := srp.User(u.pool, u.user)
		for i := range exchanges {
			salt, err := srp.NewSalt(nil)
			if err != nil {
				t.Fatal(err)
			}
			verifier := id.Verifier(u.password, salt)
			session := fmt.Sprint(u.name, i)
			a, err := srp.ParsePublic(js.ask(map[string]string{"op": "start", "id": session, "pool": id.Group})["A"])
			if err != nil {
				t.Fatal(err)
			}
			challenge, b, err := srp.NewChallenge(nil, a, verifier)
			if err != nil {
				t.Fatal(err)
			}
			block := base64.StdEncoding.EncodeToString([]byte("secret block of " + session))
			timestamp := srp.Timestamp(time.Date(2026, 3, 4, 5, 6, 7+i, 0, time.UTC))
			for _, password := range []string{u.password, u.password + "x"} {
				signature := js.ask(map[string]string{"op": "claim", "id": session, "pool": id.Group, "name": u.user, "password": password,
					"B": b.Hex(), "salt": hex.EncodeToString(salt), "block": block, "timestamp": timestamp})["signature"]
				claim, err := srp.ParseClaim(block, signature, timestamp)
				if err != nil {
					t.Fatal(err)
				}
				accepted, err := challenge.Verify(verifier, id, claim)
				if err != nil {
					t.Fatal(err)
				}
				if right := password == u.password; accepted != right {
					t.Errorf("%s: accepted = %v for password %q, want %v", u.name, accepted, password, right)
				}
			}
		}
	}
}

// Our client signs in to a server made of the JavaScript client's arithmetic. AUTH-172, AUTH-173.
func TestSRPOfOursSatisfiesJavaScript(t *testing.T) {
	t.Parallel()
	js := talk(t, "srp.mjs")
	now := time.Date(2026, 11, 2, 3, 4, 5, 0, time.UTC)
	for _, u := range srpUsers {
		id := srp.User(u.pool, u.user)
		for i := range exchanges {
			salt, err := srp.NewSalt(nil)
			if err != nil {
				t.Fatal(err)
			}
			login, err := srp.NewLogin(u.pool, u.user, u.password)
			if err != nil {
				t.Fatal(err)
			}
			block := base64.StdEncoding.EncodeToString(fmt.Appendf(nil, "block %d", i))
			server := js.ask(map[string]string{"op": "serve", "group": id.Group, "name": u.user, "A": login.Params()["SRP_A"],
				"verifier": hex.EncodeToString(id.Verifier(u.password, salt)), "block": block, "timestamp": srp.Timestamp(now)})
			answers, err := login.Respond(map[string]string{"USER_ID_FOR_SRP": u.user, "USERNAME": u.user, "SALT": hex.EncodeToString(salt),
				"SRP_B": server["B"], "SECRET_BLOCK": block}, now)
			if err != nil {
				t.Fatal(err)
			}
			if got, want := answers["PASSWORD_CLAIM_SIGNATURE"], server["signature"]; got != want {
				t.Fatalf("%s: signature %s, want %s", u.name, got, want)
			}
		}
	}
}

// The JavaScript client makes a device's verifier, which ours would make of the same password and salt. AUTH-366.
func TestDeviceVerifierOfJavaScript(t *testing.T) {
	t.Parallel()
	js := talk(t, "srp.mjs")
	const group, key = "-aBcDeFg1", "us-east-1_11111111-2222-3333-4444-555555555555"
	for range exchanges {
		made := js.ask(map[string]string{"op": "device", "group": group, "key": key})
		verifier, salt, err := srp.ParseDeviceVerifier(made["verifier"], made["salt"])
		if err != nil {
			t.Fatal(err)
		}
		if !srp.Device(group, key).Matches(verifier, made["password"], salt) {
			t.Errorf("another verifier for password %q and salt %s", made["password"], made["salt"])
		}
	}
}
