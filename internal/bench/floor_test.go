package bench_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/hex"
	"math/big"
	"time"

	"github.com/cenote-auth/cenote/internal/testkeys"
	"github.com/cenote-auth/cenote/srp"
	"github.com/cenote-auth/cenote/token"
)

// The floor of a sign-in is what its arithmetic costs with the standard library: RSA-2048 signatures by crypto/rsa, and
// exponentiations over the 3072-bit group by math/big.

// group is the 3072-bit group of RFC 5054 with the generator 2, and k as Cognito's clients have it.
type group struct{ n, g, k *big.Int }

func newGroup() group {
	n, _ := new(big.Int).SetString(
		"FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404DDEF9519B3CD3A431B302B0A6DF25F1437"+
			"4FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7EDEE386BFB5A899FA5AE9F24117C4B1FE649286651ECE45B3DC2007CB8A163BF05"+
			"98DA48361C55D39A69163FA8FD24CF5F83655D23DCA3AD961C62F356208552BB9ED529077096966D670C354E4ABC9804F1746C08CA18217C32905E462E36CE3B"+
			"E39E772C180E86039B2783A2EC07A28FB5C55DF06F4C52C9DE2BCBF6955817183995497CEA956AE515D2261898FA051015728E5A8AAAC42DAD33170D04507A33"+
			"A85521ABDF1CBA64ECFB850458DBEF0A8AEA71575D060C7DB3970F85A6E1E4C7ABF5AE8CDB0933D71E8C94E04A25619DCEE3D2261AD2EE6BF12FFA06D98A0864"+
			"D87602733EC86A64521F2B18177B200CBBE117577A615D6C770988C0BAD946E208E24FA074E5AB3143DB5BFCE0FD108E4B82D120A93AD2CAFFFFFFFFFFFFFFFF", 16)
	g := big.NewInt(2)
	sum := sha256.Sum256(append(append([]byte{0}, n.Bytes()...), 2))
	return group{n, g, new(big.Int).SetBytes(sum[:])}
}

func randomBits(bits uint) *big.Int {
	v, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), bits))
	if err != nil {
		panic(err) // crypto/rand does not fail
	}
	return v
}

// floorSignatures is n RSA-2048 signatures.
func floorSignatures(c clock, each int) (work, error) {
	_, key, err := testkeys.Make(nil, "floor", token.ID) //nolint:staticcheck // the context is not used
	if err != nil {
		return nil, err
	}
	digest := sha256.Sum256([]byte("payload"))
	return on(c, func(int) error {
		for range each {
			if _, err := rsa.SignPKCS1v15(nil, key, crypto.SHA256, digest[:]); err != nil {
				return err
			}
		}
		return nil
	}), nil
}

// floorExchange is the server's side of one SRP sign-in: B = k·v + g^b and S = (A·v^u)^b, with a b of 256 bits.
func floorExchange(c clock) work {
	z := newGroup()
	v := new(big.Int).Exp(z.g, randomBits(256), z.n)
	a := new(big.Int).Exp(z.g, randomBits(1024), z.n)
	return on(c, func(int) error {
		b := randomBits(256)
		public := new(big.Int).Exp(z.g, b, z.n)
		public.Add(public, new(big.Int).Mul(z.k, v)).Mod(public, z.n)
		sum := sha256.Sum256(append(a.Bytes(), public.Bytes()...))
		s := new(big.Int).Exp(v, new(big.Int).SetBytes(sum[:]), z.n)
		s.Mul(s, a).Mod(s, z.n)
		s.Exp(s, b, z.n)
		return nil
	})
}

// floorVerifier is the check of a password in clear: v = g^x.
func floorVerifier(c clock) work {
	z := newGroup()
	return on(c, func(int) error {
		new(big.Int).Exp(z.g, randomBits(256), z.n)
		return nil
	})
}

// ownExchange is the same as floorExchange by the package srp, with everything that an exchange is beside its arithmetic. The
// client's part is prepared and not measured.
func ownExchange(c clock) work {
	const pool, name, password = "us-east-1_Floor0000", "ada", "Correct-Horse-9"
	id := srp.User(pool, name)
	return func(n int) (time.Duration, error) {
		type exchange struct {
			login *srp.Login
			a     srp.Public
			c     *srp.Challenge
			b     srp.Public
			claim *srp.Claim
		}
		salt, err := srp.NewSalt(rand.Reader)
		if err != nil {
			return 0, err
		}
		verifier := id.Verifier(password, salt)
		all := make([]exchange, n)
		for i := range all {
			x := &all[i]
			if x.login, err = srp.NewLogin(pool, name, password); err != nil {
				return 0, err
			}
			if x.a, err = srp.ParsePublic(x.login.Params()["SRP_A"]); err != nil {
				return 0, err
			}
		}
		began := c()
		for i := range all {
			x := &all[i]
			if x.c, x.b, err = srp.NewChallenge(rand.Reader, x.a, verifier); err != nil {
				return 0, err
			}
		}
		spent := c() - began
		for i := range all {
			x := &all[i]
			answer, err := x.login.Respond(map[string]string{
				"SALT": hex.EncodeToString(salt), "SRP_B": x.b.Hex(), "SECRET_BLOCK": "AAAA", "USERNAME": name, "USER_ID_FOR_SRP": name,
			}, time.Now())
			if err != nil {
				return 0, err
			}
			x.claim, err = srp.ParseClaim(answer["PASSWORD_CLAIM_SECRET_BLOCK"], answer["PASSWORD_CLAIM_SIGNATURE"], answer["TIMESTAMP"])
			if err != nil {
				return 0, err
			}
		}
		began = c()
		for i := range all {
			if ok, err := all[i].c.Verify(verifier, id, all[i].claim); err != nil || !ok {
				return 0, errRefused
			}
		}
		return spent + c() - began, nil
	}
}

// ownVerifier is the same as floorVerifier by the package srp.
func ownVerifier(c clock) work {
	id := srp.User("us-east-1_Floor0000", "ada")
	salt := make([]byte, 16)
	return on(c, func(int) error {
		id.Verifier("Correct-Horse-9", salt)
		return nil
	})
}
