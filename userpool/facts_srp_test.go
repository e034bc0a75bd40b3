package userpool_test

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"math/big"
	"strings"
	"testing"

	"github.com/cenote-auth/cenote/userpool"
)

// prime3072 is N of the exchange, the 3072-bit group of RFC 5054; g is 2.
const prime3072 = "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404DDEF9519B3CD3A431B" +
	"302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7EDEE386BFB5A899FA5AE9F24117C4B1FE649286651ECE45B3D" +
	"C2007CB8A163BF0598DA48361C55D39A69163FA8FD24CF5F83655D23DCA3AD961C62F356208552BB9ED529077096966D670C354E4ABC9804F1746C08CA18217C" +
	"32905E462E36CE3BE39E772C180E86039B2783A2EC07A28FB5C55DF06F4C52C9DE2BCBF6955817183995497CEA956AE515D2261898FA051015728E5A8AAAC42D" +
	"AD33170D04507A33A85521ABDF1CBA64ECFB850458DBEF0A8AEA71575D060C7DB3970F85A6E1E4C7ABF5AE8CDB0933D71E8C94E04A25619DCEE3D2261AD2EE6B" +
	"F12FFA06D98A0864D87602733EC86A64521F2B18177B200CBBE117577A615D6C770988C0BAD946E208E24FA074E5AB3143DB5BFCE0FD108E4B82D120A93AD2CA" +
	"FFFFFFFFFFFFFFFF"

// plainSRP is a client of its own: nothing of it is the library's, so that both cannot be wrong alike.
type plainSRP struct {
	n, a, public *big.Int
}

// newPlainSRP returns a client whose A begins with a set bit if top is true, with a clear one otherwise.
func newPlainSRP(top bool) plainSRP {
	n, _ := new(big.Int).SetString(prime3072, 16)
	c := plainSRP{n: n, a: big.NewInt(1 << 60)}
	for {
		c.a.Add(c.a, big.NewInt(1))
		c.public = new(big.Int).Exp(big.NewInt(2), c.a, n)
		if (padded(c.public)[0] == 0) == top {
			return c
		}
	}
}

// padded is a number's bytes with a zero before a set first bit.
func padded(n *big.Int) []byte {
	b := n.Bytes()
	if b[0] >= 0x80 {
		b = append([]byte{0}, b...)
	}
	return b
}

func hashOf(parts ...[]byte) *big.Int {
	h := sha256.New()
	for _, p := range parts {
		h.Write(p)
	}
	return new(big.Int).SetBytes(h.Sum(nil))
}

// claim is the signature for a challenge; identity enters x.
func (c plainSRP) claim(t *testing.T, pool, identity, password string, params map[string]string, timestamp string) string {
	t.Helper()
	number := func(key string) *big.Int {
		n, ok := new(big.Int).SetString(params[key], 16)
		if !ok {
			t.Fatalf("%s is %q", key, params[key])
		}
		return n
	}
	salt, b := number("SALT"), number("SRP_B")
	g, group := big.NewInt(2), strings.SplitN(pool, "_", 2)[1]
	u := hashOf(padded(c.public), padded(b)) // AUTH-184
	k := hashOf(padded(c.n), padded(g))
	inner := sha256.Sum256([]byte(group + identity + ":" + password))
	x := hashOf(padded(salt), inner[:])
	base := new(big.Int).Sub(b, new(big.Int).Mul(k, new(big.Int).Exp(g, x, c.n)))
	s := base.Mod(base, c.n).Exp(base, new(big.Int).Add(c.a, new(big.Int).Mul(u, x)), c.n)
	key, err := hkdf.Key(sha256.New, padded(s), padded(u), "Caldera Derived Key", 16)
	check(t, err)
	block, err := base64.StdEncoding.DecodeString(params["SECRET_BLOCK"])
	check(t, err)
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(group + params["USER_ID_FOR_SRP"]))
	mac.Write(block)
	mac.Write([]byte(timestamp))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// AUTH-180, AUTH-183, AUTH-184: an exchange by a client of our own, in every combination of first bits of A and B, since that is
// where padding differs. x has the internal name in it, never the alias that was typed.
func TestSRPByAnotherClient(t *testing.T) {
	t.Parallel()
	base := setup(t).app(emailAlias)
	base.user("ada", "email", "ada@example.com")
	const typed, timestamp = "ada@example.com", "Sat Jan 3 04:05:06 UTC 2026"
	seen := map[[2]bool]bool{}
	publics := map[string]bool{}
	for _, top := range []bool{true, false} {
		c := newPlainSRP(top)
		for range 64 {
			if seen[[2]bool{top, true}] && seen[[2]bool{top, false}] {
				break
			}
			a := base.fork(t)
			out, err := a.begin(userpool.AuthFlowTypeUserSrpAuth, "USERNAME", typed, "SRP_A", hex.EncodeToString(c.public.Bytes()))
			check(t, err)
			p := out.ChallengeParameters
			b, ok := new(big.Int).SetString(p["SRP_B"], 16)
			if !ok || b.Sign() == 0 || b.Cmp(c.n) >= 0 || len(p["SRP_B"]) > 768 || strings.ToLower(b.Text(16)) != strings.TrimLeft(p["SRP_B"], "0") {
				t.Fatalf("SRP_B is %q", p["SRP_B"])
			}
			if publics[p["SRP_B"]] {
				t.Fatal("SRP_B came twice")
			}
			publics[p["SRP_B"]] = true
			if p["USER_ID_FOR_SRP"] != "ada" {
				t.Fatalf("USER_ID_FOR_SRP is %s", p["USER_ID_FOR_SRP"])
			}
			answer := func(identity string) error {
				_, err := a.respond(out.ChallengeName, out.Session, "USERNAME", "ada", "TIMESTAMP", timestamp,
					"PASSWORD_CLAIM_SECRET_BLOCK", p["SECRET_BLOCK"], "PASSWORD_CLAIM_SIGNATURE", c.claim(t, a.pool, identity, password, p, timestamp))
				return err
			}
			refused(t, answer(typed), userpool.ErrNotAuthorized, isWrong)
			check(t, answer("ada"))
			seen[[2]bool{top, padded(b)[0] == 0}] = true
		}
	}
	if len(seen) != 4 {
		t.Errorf("only %d of four combinations came up", len(seen))
	}
}
