package srp_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/cenote-auth/cenote/srp"
)

// server is what a service keeps of one user or device.
type server struct {
	id             srp.Identity
	salt, verifier []byte
}

func newServer(t testing.TB, id srp.Identity, password string) server {
	t.Helper()
	salt, err := srp.NewSalt(nil)
	if err != nil {
		t.Fatal(err)
	}
	return server{id: id, salt: salt, verifier: id.Verifier(password, salt)}
}

// begin answers a client's A; the challenge survives its binary form.
func (s server) begin(t testing.TB, a string) (*srp.Challenge, srp.Public) {
	t.Helper()
	public, err := srp.ParsePublic(a)
	if err != nil {
		t.Fatal(err)
	}
	challenge, b, err := srp.NewChallenge(nil, public, s.verifier)
	if err != nil {
		t.Fatal(err)
	}
	state, err := challenge.AppendBinary(nil)
	if err != nil || len(state) != srp.ChallengeSize {
		t.Fatalf("%d bytes, %v", len(state), err)
	}
	if challenge, err = srp.ParseChallenge(state); err != nil {
		t.Fatal(err)
	}
	return challenge, b
}

func (s server) verify(t testing.TB, c *srp.Challenge, answers map[string]string) bool {
	t.Helper()
	claim, err := srp.ParseClaim(answers["PASSWORD_CLAIM_SECRET_BLOCK"], answers["PASSWORD_CLAIM_SIGNATURE"], answers["TIMESTAMP"])
	if err != nil {
		t.Fatal(err)
	}
	ok, err := c.Verify(s.verifier, s.id, claim)
	if err != nil {
		t.Fatal(err)
	}
	return ok
}

// AUTH-171, AUTH-172, AUTH-173, AUTH-191.
func TestSignIn(t *testing.T) {
	t.Parallel()
	const pool, name, sub = "eu-central-1_Example01", "ada@example.com", "4f0a2f0e-7c1d-4b7c-9a53-000000000001"
	s := newServer(t, srp.User(pool, sub), "Correct-Horse-9 ✓")
	tests := []struct {
		name, pool, password string
		want                 bool
	}{
		{"right password", pool, "Correct-Horse-9 ✓", true},
		{"wrong password", pool, "correct-Horse-9 ✓", false},
		{"empty password", pool, "", false},
		{"another pool", "eu-central-1_Example02", "Correct-Horse-9 ✓", false},
		{"another region, same pool name", "us-east-1_Example01", "Correct-Horse-9 ✓", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			login, err := srp.NewLogin(tt.pool, name, tt.password)
			if err != nil {
				t.Fatal(err)
			}
			params := login.Params()
			if len(params) != 2 || params["USERNAME"] != name {
				t.Errorf("params %v", params)
			}
			challenge, b := s.begin(t, params["SRP_A"])
			answers, err := login.Respond(srp.ChallengeParams(sub, s.salt, b, []byte("sealed")), vectorTime)
			if err != nil {
				t.Fatal(err)
			}
			if len(answers) != 4 || answers["USERNAME"] != sub || answers["PASSWORD_CLAIM_SECRET_BLOCK"] != "c2VhbGVk" {
				t.Errorf("answers %v", answers)
			}
			if got := s.verify(t, challenge, answers); got != tt.want {
				t.Errorf("verified %v, want %v", got, tt.want)
			}
		})
	}
}

// AUTH-187: every part of the message is signed.
func TestClaimIsBoundToAllItsParts(t *testing.T) {
	t.Parallel()
	s := newServer(t, srp.User("us-east-1_P", "u"), "pw")
	login, err := srp.NewLogin("us-east-1_P", "u", "pw")
	if err != nil {
		t.Fatal(err)
	}
	challenge, b := s.begin(t, login.Params()["SRP_A"])
	answers, err := login.Respond(srp.ChallengeParams("u", s.salt, b, []byte("block")), vectorTime)
	if err != nil {
		t.Fatal(err)
	}
	if !s.verify(t, challenge, answers) {
		t.Fatal("the untouched claim is refused")
	}
	changes := map[string]string{
		"PASSWORD_CLAIM_SECRET_BLOCK": base64.StdEncoding.EncodeToString([]byte("blocK")),
		"PASSWORD_CLAIM_SIGNATURE":    base64.StdEncoding.EncodeToString(make([]byte, 32)),
		"TIMESTAMP":                   "Sat Jan 3 04:05:07 UTC 2026",
	}
	for member, value := range changes {
		old := answers[member]
		answers[member] = value
		if s.verify(t, challenge, answers) {
			t.Errorf("a changed %s is accepted", member)
		}
		answers[member] = old
	}
	other := s
	other.id.Name = "v"
	if other.verify(t, challenge, answers) {
		t.Error("another name is accepted")
	}
	if again, _ := s.begin(t, login.Params()["SRP_A"]); s.verify(t, again, answers) {
		t.Error("the claim is accepted for another challenge")
	}
}

// AUTH-074, AUTH-078, AUTH-371: SECRET_HASH over the name of the same request.
func TestOptions(t *testing.T) {
	t.Parallel()
	s := newServer(t, srp.User("us-east-1_P", "sub"), "pw")
	login, err := srp.NewLogin("us-east-1_P", "alias", "pw", srp.WithClientSecret("client", "secret"), srp.WithDevice("us-east-1_d"))
	if err != nil {
		t.Fatal(err)
	}
	_, b := s.begin(t, login.Params()["SRP_A"])
	answers, err := login.Respond(srp.ChallengeParams("sub", s.salt, b, []byte("block")), vectorTime)
	if err != nil {
		t.Fatal(err)
	}
	for name, m := range map[string]map[string]string{"alias": login.Params(), "sub": answers} {
		if m["SECRET_HASH"] != srp.SecretHash(name, "client", "secret") {
			t.Errorf("SECRET_HASH for %s is %q", name, m["SECRET_HASH"])
		}
		if m["DEVICE_KEY"] != "us-east-1_d" {
			t.Errorf("DEVICE_KEY for %s is %q", name, m["DEVICE_KEY"])
		}
	}
}

// AUTH-365, AUTH-366, AUTH-373, AUTH-374.
func TestDeviceSignIn(t *testing.T) {
	t.Parallel()
	const group, key, name = "-v7w9UcY6", "us-east-1_a1b2c3d4-5678-90ab-cdef-000000000002", "sub"
	secret, err := srp.NewDeviceSecret(nil, group, key)
	if err != nil {
		t.Fatal(err)
	}
	verifier, salt, err := srp.ParseDeviceVerifier(secret.PasswordVerifier, secret.Salt)
	if err != nil {
		t.Fatal(err)
	}
	s := server{id: srp.Device(group, key), salt: salt, verifier: verifier}
	for password, want := range map[string]bool{secret.Password: true, "guess": false} {
		login, err := srp.NewDeviceLogin(group, key, name, password)
		if err != nil {
			t.Fatal(err)
		}
		params := login.Params()
		if params["USERNAME"] != name || params["DEVICE_KEY"] != key {
			t.Errorf("params %v", params)
		}
		challenge, b := s.begin(t, params["SRP_A"])
		answers, err := login.Respond(srp.DeviceChallengeParams(name, key, salt, b, []byte("block")), vectorTime)
		if err != nil {
			t.Fatal(err)
		}
		if answers["DEVICE_KEY"] != key {
			t.Errorf("answers %v", answers)
		}
		if got := s.verify(t, challenge, answers); got != want {
			t.Errorf("verified %v, want %v", got, want)
		}
	}
}

// AUTH-366: negative numbers are told apart; all else that is no verifier is malformed.
func TestParseDeviceVerifierRefuses(t *testing.T) {
	t.Parallel()
	good, salt := srp.EncodeDeviceVerifier(srp.Device("-g", "k").Verifier("p", []byte{1}), []byte{1})
	encode := base64.StdEncoding.EncodeToString
	tests := []struct {
		name, verifier, salt string
		want                 error
	}{
		{"negative salt", good, encode([]byte{0x80, 1}), srp.ErrNegative},
		{"negative verifier", encode([]byte{0xff}), salt, srp.ErrNegative},
		{"zero verifier", encode([]byte{0}), salt, srp.ErrMalformed},
		{"N as verifier", encode(append([]byte{0}, unhex(t, modulusHex)...)), salt, srp.ErrMalformed},
		{"long verifier", encode(make([]byte, 400)), salt, srp.ErrMalformed},
		{"long salt", good, encode(make([]byte, 300)), srp.ErrMalformed},
		{"empty verifier", "", salt, srp.ErrMalformed},
		{"empty salt", good, "", srp.ErrMalformed},
		{"no base64", "!!!!", salt, srp.ErrMalformed},
	}
	for _, tt := range tests {
		if _, _, err := srp.ParseDeviceVerifier(tt.verifier, tt.salt); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, err, tt.want)
		}
	}
}

// AUTH-196.
func TestH7_SimulatedUser(t *testing.T) {
	t.Parallel()
	secret, id := bytes.Repeat([]byte{7}, 32), srp.User("us-east-1_P", "nobody")
	salt, verifier := srp.Simulate(secret, id)
	salt2, verifier2 := srp.Simulate(secret, id)
	if !bytes.Equal(salt, salt2) || !bytes.Equal(verifier, verifier2) {
		t.Error("two questions get two answers")
	}
	if len(salt) != srp.SaltSize || len(verifier) != srp.Size {
		t.Errorf("salt of %d, verifier of %d bytes", len(salt), len(verifier))
	}
	for _, other := range []srp.Identity{srp.User("us-east-1_P", "nobody2"), srp.User("us-east-1_Q", "nobody"), {Group: "Pn", Name: "obody"}} {
		if otherSalt, _ := srp.Simulate(secret, other); bytes.Equal(salt, otherSalt) {
			t.Errorf("%v has the same salt", other)
		}
	}
	s := server{id: id, salt: salt, verifier: verifier}
	login, err := srp.NewLogin("us-east-1_P", "nobody", "pw")
	if err != nil {
		t.Fatal(err)
	}
	challenge, b := s.begin(t, login.Params()["SRP_A"])
	answers, err := login.Respond(srp.ChallengeParams("nobody", salt, b, []byte("block")), vectorTime)
	if err != nil {
		t.Fatal(err)
	}
	if s.verify(t, challenge, answers) {
		t.Error("a user who does not exist signs in")
	}
}

func TestMatches(t *testing.T) {
	t.Parallel()
	s := newServer(t, srp.User("us-east-1_P", "u"), "pw")
	if !s.id.Matches(s.verifier, "pw", s.salt) {
		t.Error("the password is refused")
	}
	if s.id.Matches(s.verifier, "Pw", s.salt) || s.id.Matches(nil, "pw", s.salt) {
		t.Error("a wrong password is taken")
	}
	// AUTH-176: the salt is a number.
	if !s.id.Matches(s.verifier, "pw", append([]byte{0, 0}, s.salt...)) {
		t.Error("leading zeros of the salt count")
	}
}

func TestRespondRefusesBadChallenges(t *testing.T) {
	t.Parallel()
	good := map[string]string{"USER_ID_FOR_SRP": "u", "SALT": "1", "SRP_B": "2", "SECRET_BLOCK": "AAAA"}
	tests := []struct {
		name, member, value string
		want                error
	}{
		{"no name", "USER_ID_FOR_SRP", "", srp.ErrMalformed},
		{"no salt", "SALT", "", srp.ErrMalformed},
		{"salt is not hex", "SALT", "xy", srp.ErrMalformed},
		{"B is zero", "SRP_B", "0", srp.ErrZero},
		{"B is N", "SRP_B", modulusHex, srp.ErrZero},
		{"B is not hex", "SRP_B", "-1", srp.ErrMalformed},
		{"block is not base64", "SECRET_BLOCK", "*", srp.ErrMalformed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			login, err := srp.NewLogin("us-east-1_P", "u", "pw")
			if err != nil {
				t.Fatal(err)
			}
			challenge := map[string]string{}
			for k, v := range good {
				challenge[k] = v
			}
			challenge[tt.member] = tt.value
			if _, err := login.Respond(challenge, vectorTime); !errors.Is(err, tt.want) {
				t.Errorf("%v, want %v", err, tt.want)
			}
		})
	}
}

func TestErrors(t *testing.T) {
	t.Parallel()
	a, err := srp.ParsePublic("2")
	if err != nil {
		t.Fatal(err)
	}
	for name, verifier := range map[string][]byte{"short": {1}, "zero": make([]byte, srp.Size), "N": unhex(t, modulusHex)} {
		if _, _, err := srp.NewChallenge(nil, a, verifier); !errors.Is(err, srp.ErrVerifier) {
			t.Errorf("%s verifier: %v", name, err)
		}
	}
	verifier := srp.User("us-east-1_P", "u").Verifier("pw", nil)
	if _, _, err := srp.NewChallenge(nil, srp.Public{}, verifier); !errors.Is(err, srp.ErrZero) {
		t.Errorf("zero Public: %v", err)
	}
	empty := strings.NewReader("")
	if _, _, err := srp.NewChallenge(empty, a, verifier); err == nil {
		t.Error("a challenge without randomness")
	}
	if _, err := srp.NewLogin("us-east-1_P", "u", "pw", srp.WithRand(empty)); err == nil {
		t.Error("a login without randomness")
	}
	if _, err := srp.NewDeviceSecret(empty, "-g", "k"); err == nil {
		t.Error("a device secret without randomness")
	}
	for name, data := range map[string][]byte{"short": {1}, "zero": make([]byte, srp.ChallengeSize), "no u": append(append(make([]byte, 64), make([]byte, srp.Size-1)...), 2)} {
		if _, err := srp.ParseChallenge(data); err == nil {
			t.Errorf("%s challenge is taken", name)
		}
	}
}

func TestH16_SecretsAreNotPrinted(t *testing.T) {
	t.Parallel()
	login, err := srp.NewLogin("us-east-1_P", "u", "canary", srp.WithClientSecret("c", "canary"))
	if err != nil {
		t.Fatal(err)
	}
	device, err := srp.NewDeviceLogin("-g", "k", "u", "canary")
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range []any{login, device, srp.DeviceSecret{Password: "canary"}, &srp.DeviceSecret{Password: "canary"}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x"} {
			if text := fmt.Sprintf(verb, v); strings.Contains(text, "canary") || strings.Contains(text, "63616e617279") {
				t.Errorf("%s prints %s", verb, text)
			}
		}
	}
}

func BenchmarkServer(b *testing.B) {
	s := newServer(b, srp.User("us-east-1_P", "u"), "pw")
	login, err := srp.NewLogin("us-east-1_P", "u", "pw")
	if err != nil {
		b.Fatal(err)
	}
	a, err := srp.ParsePublic(login.Params()["SRP_A"])
	if err != nil {
		b.Fatal(err)
	}
	challenge, public, err := srp.NewChallenge(nil, a, s.verifier)
	if err != nil {
		b.Fatal(err)
	}
	answers, err := login.Respond(srp.ChallengeParams("u", s.salt, public, []byte("block")), time.Now())
	if err != nil {
		b.Fatal(err)
	}
	b.Run("challenge", func(b *testing.B) {
		for b.Loop() {
			if _, _, err := srp.NewChallenge(nil, a, s.verifier); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("verify", func(b *testing.B) {
		for b.Loop() {
			if !s.verify(b, challenge, answers) {
				b.Fatal("refused")
			}
		}
	})
	b.Run("password", func(b *testing.B) {
		for b.Loop() {
			if !s.id.Matches(s.verifier, "pw", s.salt) {
				b.Fatal("refused")
			}
		}
	})
}
