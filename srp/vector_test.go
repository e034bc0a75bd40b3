package srp_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"os"
	"testing"
	"time"

	"github.com/cenote-auth/cenote/srp"
)

// The published vector of docs/spec/userpool-auth.md, section F.
const (
	vectorPool     = "us-west-2_AbCdEfGhI"
	vectorUser     = "alice"
	vectorPassword = "Passw0rd!"
	vectorSalt     = "a1b2c3d4e5f60718293a4b5c6d7e8f90"
)

var vectorTime = time.Date(2026, 1, 3, 4, 5, 6, 0, time.UTC)

func unhex(t testing.TB, text string) []byte {
	t.Helper()
	b, err := hex.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func hexSum(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// seed returns a random source whose first 32 bytes are SHA-256 of the text.
func seed(text string) *bytes.Reader {
	sum := sha256.Sum256([]byte(text))
	return bytes.NewReader(sum[:])
}

// AUTH-176, AUTH-178, AUTH-179, AUTH-181 to AUTH-187, AUTH-189, AUTH-194, AUTH-195.
func TestPublishedVector(t *testing.T) {
	t.Parallel()
	salt := unhex(t, vectorSalt)
	id := srp.User(vectorPool, vectorUser)
	if id.Group != "AbCdEfGhI" {
		t.Errorf("pool name is %q", id.Group)
	}
	verifier := id.Verifier(vectorPassword, salt)
	check := func(name, got, want string) {
		t.Helper()
		if got != want {
			t.Errorf("%s = %s, want %s", name, got, want)
		}
	}
	check("H(v)", hexSum(hex.EncodeToString(verifier)), "a20a69f730b16cf7e56c1b53e1b6c86f355cce8a1d6aba1b049f140fafdf0e38")

	login, err := srp.NewLogin(vectorPool, vectorUser, vectorPassword, srp.WithRand(seed("vector a")))
	if err != nil {
		t.Fatal(err)
	}
	params := login.Params()
	check("H(A)", hexSum(params["SRP_A"]), "f9442ba57c2fc689aa4916753fc08f626d0b883b13c85bd6129ceda67b151763")
	a, err := srp.ParsePublic(params["SRP_A"])
	if err != nil {
		t.Fatal(err)
	}
	challenge, b, err := srp.NewChallenge(seed("vector b"), a, verifier)
	if err != nil {
		t.Fatal(err)
	}
	check("H(B)", hexSum(b.Hex()), "153d98937de9aebb55e72e2d95820a05070e679af1d9df5ff77e1795148fbd69")
	state, err := challenge.AppendBinary(nil)
	if err != nil {
		t.Fatal(err)
	}
	check("u", hex.EncodeToString(state[32:64]), "dc5e421a2abf18cf599856b52e68b8d1d0f1ef4e07b7a98f054e5899e10be949")

	answers, err := login.Respond(srp.ChallengeParams(vectorUser, salt, b, []byte("opaque-secret-block")), vectorTime)
	if err != nil {
		t.Fatal(err)
	}
	check("TIMESTAMP", answers["TIMESTAMP"], "Sat Jan 3 04:05:06 UTC 2026")
	check("PASSWORD_CLAIM_SIGNATURE", answers["PASSWORD_CLAIM_SIGNATURE"], "Y04ty/vWCNVoSWPEMhnI0WkFhWSNO2aIoB2/hktCkM0=")
	claim, err := srp.ParseClaim(answers["PASSWORD_CLAIM_SECRET_BLOCK"], answers["PASSWORD_CLAIM_SIGNATURE"], answers["TIMESTAMP"])
	if err != nil {
		t.Fatal(err)
	}
	if ok, err := challenge.Verify(verifier, id, claim); !ok || err != nil {
		t.Errorf("the server says %v, %v", ok, err)
	}
}

// testdata/vectors.json was recorded from amazon-cognito-identity-js with fixed
// ephemeral keys. The ones with 256 bits can be dealt to the client here; a
// signature under the recorded key proves that the same one was derived.
// AUTH-185, AUTH-186, AUTH-187.
func TestRecordedVectors(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("testdata/vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var vectors []struct{ A, B, Salt, Pool, User, Pw, Key, Secret string }
	var rows []map[string]string
	if err := json.Unmarshal(raw, &rows); err != nil {
		t.Fatal(err)
	}
	for _, r := range rows {
		if len(r["a"]) == 64 {
			vectors = append(vectors, struct{ A, B, Salt, Pool, User, Pw, Key, Secret string }{
				r["A"], r["B"], r["salt"], r["pool"], r["user"], r["pw"], r["key"], r["a"],
			})
		}
	}
	if len(vectors) < 3 {
		t.Fatalf("%d usable vectors", len(vectors))
	}
	for _, v := range vectors {
		t.Run(v.Pool, func(t *testing.T) {
			t.Parallel()
			login, err := srp.NewLogin("us-east-1_"+v.Pool, "alias", v.Pw, srp.WithRand(bytes.NewReader(unhex(t, v.Secret))))
			if err != nil {
				t.Fatal(err)
			}
			if got := login.Params()["SRP_A"]; got != v.A {
				t.Errorf("A = %s, want %s", got, v.A)
			}
			block := []byte{0, 255, 3}
			answers, err := login.Respond(map[string]string{
				"USER_ID_FOR_SRP": v.User, "SALT": v.Salt, "SRP_B": v.B, "SECRET_BLOCK": base64.StdEncoding.EncodeToString(block),
			}, vectorTime)
			if err != nil {
				t.Fatal(err)
			}
			m := hmac.New(sha256.New, unhex(t, v.Key))
			m.Write([]byte(v.Pool + v.User + string(block) + "Sat Jan 3 04:05:06 UTC 2026"))
			if got, want := answers["PASSWORD_CLAIM_SIGNATURE"], base64.StdEncoding.EncodeToString(m.Sum(nil)); got != want {
				t.Errorf("signature %s, want %s", got, want)
			}
		})
	}
}

// AUTH-366, AUTH-367.
func TestDeviceVector(t *testing.T) {
	t.Parallel()
	id := srp.Device("-ABCDEFGH", "us-west-2_a1b2c3d4-5678-90ab-cdef-000000000001")
	salt := unhex(t, vectorSalt)
	verifier := id.Verifier("ZGV2aWNlLXBhc3N3b3Jk", salt)
	if got, want := hexSum(hex.EncodeToString(verifier)), "4b95f0cfbc14ca04f2abfa4c721d0e9903bbd4a39397a5a39200857205858654"; got != want {
		t.Errorf("H(v) = %s, want %s", got, want)
	}
	verifierText, saltText := srp.EncodeDeviceVerifier(verifier, salt)
	if want := "AKGyw9Tl9gcYKTpLXG1+j5A="; saltText != want {
		t.Errorf("Salt = %s, want %s", saltText, want)
	}
	gotVerifier, gotSalt, err := srp.ParseDeviceVerifier(verifierText, saltText)
	if err != nil || !bytes.Equal(gotVerifier, verifier) || !bytes.Equal(bytes.TrimLeft(gotSalt, "\x00"), salt) {
		t.Errorf("read back: %v", err)
	}
}

// AUTH-071, AUTH-072, AUTH-073.
func TestSecretHash(t *testing.T) {
	t.Parallel()
	const want = "Frcgik1I5BO69D5/Ross3o24gt8azq0ruP8sN9b3zg8="
	if got := srp.SecretHash("alice", "1example23456789", "secretsecretsecretsecret"); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if !srp.EqualSecretHash(want, "alice", "1example23456789", "secretsecretsecretsecret") {
		t.Error("the right hash is refused")
	}
	for _, wrong := range []string{"", want[1:], "Grcgik1I5BO69D5/Ross3o24gt8azq0ruP8sN9b3zg8="} {
		if srp.EqualSecretHash(wrong, "alice", "1example23456789", "secretsecretsecretsecret") {
			t.Errorf("%q is taken", wrong)
		}
	}
}
