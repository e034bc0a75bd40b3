package srp_test

import (
	"encoding/base64"
	"errors"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/cenote-auth/cenote/srp"
)

const modulusHex = "" +
	"ffffffffffffffffc90fdaa22168c234c4c6628b80dc1cd129024e088a67cc74020bbea63b139b22514a08798e3404dd" +
	"ef9519b3cd3a431b302b0a6df25f14374fe1356d6d51c245e485b576625e7ec6f44c42e9a637ed6b0bff5cb6f406b7ed" +
	"ee386bfb5a899fa5ae9f24117c4b1fe649286651ece45b3dc2007cb8a163bf0598da48361c55d39a69163fa8fd24cf5f" +
	"83655d23dca3ad961c62f356208552bb9ed529077096966d670c354e4abc9804f1746c08ca18217c32905e462e36ce3b" +
	"e39e772c180e86039b2783a2ec07a28fb5c55df06f4c52c9de2bcbf6955817183995497cea956ae515d2261898fa0510" +
	"15728e5a8aaac42dad33170d04507a33a85521abdf1cba64ecfb850458dbef0a8aea71575d060c7db3970f85a6e1e4c7" +
	"abf5ae8cdb0933d71e8c94e04a25619dcee3d2261ad2ee6bf12ffa06d98a0864d87602733ec86a64521f2b18177b200c" +
	"bbe117577a615d6c770988c0bad946e208e24fa074e5ab3143db5bfce0fd108e4b82d120a93ad2caffffffffffffffff"

// AUTH-182: either case, leading zeros, odd length; zero and what is too long are refused.
func TestH1_ParsePublic(t *testing.T) {
	t.Parallel()
	n, _ := new(big.Int).SetString(modulusHex, 16)
	hexOf := func(x *big.Int) string { return x.Text(16) }
	tests := []struct {
		name, text, want string
		err              error
	}{
		{"odd length", "abc", "abc", nil},
		{"upper case", "ABC", "abc", nil},
		{"leading zeros", "000abc", "abc", nil},
		{"sign byte and full length", "00" + hexOf(new(big.Int).Sub(n, big.NewInt(1))), hexOf(new(big.Int).Sub(n, big.NewInt(1))), nil},
		{"empty", "", "", srp.ErrMalformed},
		{"not hex", "xyz", "", srp.ErrMalformed},
		{"minus", "-1", "", srp.ErrMalformed},
		{"prefix", "0x1", "", srp.ErrMalformed},
		{"white space", " 1", "", srp.ErrMalformed},
		{"zero", "0", "", srp.ErrZero},
		{"many zeros", strings.Repeat("0", 770), "", srp.ErrZero},
		{"N", modulusHex, "", srp.ErrZero},
		{"twice N", hexOf(new(big.Int).Lsh(n, 1)), "", srp.ErrZero},
		{"255 times N", hexOf(new(big.Int).Mul(n, big.NewInt(255))), "", srp.ErrZero},
		{"N+1", hexOf(new(big.Int).Add(n, big.NewInt(1))), "", srp.ErrMalformed},
		{"one digit too long", strings.Repeat("0", 770) + "1", "", srp.ErrMalformed},
		{"a megabyte", strings.Repeat("f", 1<<20), "", srp.ErrMalformed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p, err := srp.ParsePublic(tt.text)
			if !errors.Is(err, tt.err) || (tt.err == nil) != (err == nil) {
				t.Fatalf("error %v, want %v", err, tt.err)
			}
			if err == nil && p.Hex() != tt.want {
				t.Errorf("got %s, want %s", p.Hex(), tt.want)
			}
		})
	}
}

// AUTH-189.
func TestTimestamp(t *testing.T) {
	t.Parallel()
	good := map[string]time.Time{
		"Sat Jan 3 04:05:06 UTC 2026":  time.Date(2026, 1, 3, 4, 5, 6, 0, time.UTC),
		"Wed Dec 31 23:59:59 UTC 2025": time.Date(2025, 12, 31, 23, 59, 59, 0, time.UTC),
		"Thu Feb 29 00:00:00 UTC 2024": time.Date(2024, 2, 29, 0, 0, 0, 0, time.UTC),
		"Sat Jan 10 04:05:06 UTC 2026": time.Date(2026, 1, 10, 4, 5, 6, 0, time.UTC),
	}
	for text, want := range good {
		if got, err := srp.ParseTimestamp(text); err != nil || !got.Equal(want) {
			t.Errorf("%q is %v, %v", text, got, err)
		}
		if got := srp.Timestamp(want.In(time.FixedZone("elsewhere", 3600))); got != text {
			t.Errorf("%v is written %q", want, got)
		}
	}
	for name, text := range map[string]string{
		"padded day":       "Sat Jan 03 04:05:06 UTC 2026",
		"blank-padded day": "Sat Jan  3 04:05:06 UTC 2026",
		"wrong weekday":    "Sun Jan 3 04:05:06 UTC 2026",
		"other zone":       "Sat Jan 3 04:05:06 GMT 2026",
		"other case":       "sat jan 3 04:05:06 UTC 2026",
		"hour not padded":  "Sat Jan 3 4:05:06 UTC 2026",
		"no such day":      "Mon Feb 30 04:05:06 UTC 2026",
		"other language":   "sam. janv. 3 04:05:06 UTC 2026",
		"fraction":         "Sat Jan 3 04:05:06.5 UTC 2026",
		"trailing text":    "Sat Jan 3 04:05:06 UTC 2026 ",
		"empty":            "",
	} {
		if _, err := srp.ParseTimestamp(text); !errors.Is(err, srp.ErrMalformed) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// AUTH-190.
func TestClaimWithin(t *testing.T) {
	t.Parallel()
	claim, err := srp.ParseClaim("AAAA", base64.StdEncoding.EncodeToString(make([]byte, 32)), "Sat Jan 3 04:05:06 UTC 2026")
	if err != nil {
		t.Fatal(err)
	}
	const skew = 5 * time.Minute
	for offset, want := range map[time.Duration]bool{0: true, skew: true, -skew: true, skew + 1: false, -skew - 1: false, 1 << 62: false} {
		if got := claim.Within(claim.Time().Add(offset), skew); got != want {
			t.Errorf("at %v: %v", offset, got)
		}
	}
}

// AUTH-188: both alphabets, with and without padding.
func TestParseClaim(t *testing.T) {
	t.Parallel()
	mac, at := base64.StdEncoding.EncodeToString(make([]byte, 32)), "Sat Jan 3 04:05:06 UTC 2026"
	block := []byte{0xfb, 0xff, 0xfe, 1}
	for _, e := range []*base64.Encoding{base64.StdEncoding, base64.URLEncoding, base64.RawStdEncoding, base64.RawURLEncoding} {
		claim, err := srp.ParseClaim(e.EncodeToString(block), mac, at)
		if err != nil || string(claim.SecretBlock) != string(block) {
			t.Errorf("%v", err)
		}
	}
	for name, c := range map[string][3]string{
		"block":           {"*", mac, at},
		"long block":      {strings.Repeat("A", 8196), mac, at},
		"signature":       {"AAAA", "*", at},
		"short signature": {"AAAA", "AAAA", at},
		"long signature":  {"AAAA", strings.Repeat("A", 1<<20), at},
		"timestamp":       {"AAAA", mac, "now"},
	} {
		if _, err := srp.ParseClaim(c[0], c[1], c[2]); !errors.Is(err, srp.ErrMalformed) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzParsePublic(f *testing.F) {
	n, _ := new(big.Int).SetString(modulusHex, 16)
	for _, text := range []string{"", "0", "abc", "00FF", modulusHex, "1" + modulusHex, "zz"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		p, err := srp.ParsePublic(text)
		if err != nil {
			return
		}
		want, ok := new(big.Int).SetString(text, 16)
		if !ok || want.Sign() <= 0 || want.Cmp(n) >= 0 || want.Text(16) != p.Hex() {
			t.Errorf("%q was read as %s", text, p.Hex())
		}
	})
}

func FuzzParseTimestamp(f *testing.F) {
	for _, text := range []string{"", "Sat Jan 3 04:05:06 UTC 2026", "Sat Jan 03 04:05:06 UTC 2026"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if at, err := srp.ParseTimestamp(text); err == nil && srp.Timestamp(at) != text {
			t.Errorf("%q was read as %v", text, at)
		}
	})
}

func FuzzParseClaim(f *testing.F) {
	f.Add("AAAA", base64.StdEncoding.EncodeToString(make([]byte, 32)), "Sat Jan 3 04:05:06 UTC 2026")
	f.Add("", "", "")
	f.Fuzz(func(t *testing.T, block, signature, timestamp string) {
		if claim, err := srp.ParseClaim(block, signature, timestamp); err == nil && srp.Timestamp(claim.Time()) != timestamp {
			t.Errorf("%q was read as %v", timestamp, claim.Time())
		}
	})
}

func FuzzParseDeviceVerifier(f *testing.F) {
	f.Add("AQ==", "AQ==")
	f.Add("gA==", "")
	f.Fuzz(func(t *testing.T, verifier, salt string) {
		v, s, err := srp.ParseDeviceVerifier(verifier, salt)
		if err == nil && (len(v) != srp.Size || len(s) == 0) {
			t.Errorf("verifier of %d, salt of %d bytes", len(v), len(s))
		}
	})
}

func FuzzParseChallenge(f *testing.F) {
	f.Add(make([]byte, srp.ChallengeSize))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := srp.ParseChallenge(data)
		if err != nil {
			return
		}
		if again, err := c.AppendBinary(nil); err != nil || string(again) != string(data) {
			t.Errorf("%x became %x, %v", data, again, err)
		}
	})
}
