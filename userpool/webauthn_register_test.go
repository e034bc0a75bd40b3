package userpool_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/cenote-auth/cenote/awsapi"
	"github.com/cenote-auth/cenote/userpool"
	"github.com/cenote-auth/cenote/webauthntest"
)

// AUTH-391: what SetUserPoolMfaConfig takes and tells back.
func TestWebAuthnConfiguration(t *testing.T) {
	t.Parallel()
	b := setup(t)
	a := b.app()
	for _, tt := range []struct{ name, in, want string }{
		{"defaults", `{}`, `{"UserVerification":"preferred","FactorConfiguration":"SINGLE_FACTOR"}`},
		{"everything", `{"RelyingPartyId":"auth.example.com","UserVerification":"required","FactorConfiguration":"MULTI_FACTOR_WITH_USER_VERIFICATION"}`, ""},
		{"localhost", `{"RelyingPartyId":"localhost","UserVerification":"preferred","FactorConfiguration":"SINGLE_FACTOR"}`, ""},
	} {
		want := tt.want
		if want == "" {
			want = tt.in
		}
		got, err := b.Invoke(t.Context(), "SetUserPoolMfaConfig", fmt.Appendf(nil, `{"UserPoolId":%q,"WebAuthnConfiguration":%s}`, a.pool, tt.in))
		check(t, err)
		sameConfiguration(t, tt.name, got, want)
		got, err = b.Invoke(t.Context(), "GetUserPoolMfaConfig", fmt.Appendf(nil, `{"UserPoolId":%q}`, a.pool))
		check(t, err)
		sameConfiguration(t, tt.name, got, want)
	}
	for _, id := range []string{
		"https://example.com", "example.com:443", "example.com/", "192.0.2.1", "exa mple.com", "-example.com", "example..com", "Example.com",
		"bücher.example", strings.Repeat("a.", 63) + "example",
	} {
		_, err := b.SetUserPoolMfaConfig(t.Context(), &userpool.SetUserPoolMfaConfigInput{
			UserPoolId: a.pool, WebAuthnConfiguration: &userpool.WebAuthnConfigurationType{RelyingPartyId: id},
		})
		refused(t, err, userpool.ErrInvalidParameter, "")
	}
}

func sameConfiguration(t *testing.T, name string, answer []byte, want string) {
	t.Helper()
	var got struct{ WebAuthnConfiguration json.RawMessage }
	check(t, json.Unmarshal(answer, &got))
	var one, other map[string]string
	check(t, json.Unmarshal(got.WebAuthnConfiguration, &one))
	check(t, json.Unmarshal([]byte(want), &other))
	if fmt.Sprint(one) != fmt.Sprint(other) {
		t.Errorf("%s: told %s, want %s", name, got.WebAuthnConfiguration, want)
	}
}

// AUTH-393…395, AUTH-614: the options, member by member.
func TestStartWebAuthnRegistration(t *testing.T) {
	t.Parallel()
	a := setup(t).passkeyApp()
	access := a.signIn("ada").AccessToken
	type options struct {
		RP               struct{ ID, Name string }
		User             struct{ ID, Name, DisplayName string }
		Challenge        string
		PubKeyCredParams []struct {
			Type string
			Alg  int
		}
		Timeout                int
		ExcludeCredentials     []struct{ ID, Type string }
		AuthenticatorSelection struct {
			RequireResidentKey            bool
			ResidentKey, UserVerification string
		}
	}
	read := func() options {
		t.Helper()
		dec := json.NewDecoder(bytes.NewReader(a.creation(access)))
		dec.DisallowUnknownFields()
		var o options
		check(t, dec.Decode(&o))
		return o
	}
	o := read()
	if got, want := fmt.Sprint(o.RP, o.PubKeyCredParams, o.Timeout, o.ExcludeCredentials, o.AuthenticatorSelection),
		"{example.com example.com} [{public-key -7} {public-key -257}] 60000 [] {true required preferred}"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	sub := valueOf(a.profile("ada").UserAttributes, "sub")
	if o.User.ID != encode64([]byte(sub)) || o.User.Name != "ada" || o.User.DisplayName != "ada" {
		t.Errorf("user is %+v", o.User)
	}
	if len(o.Challenge) != 43 || read().Challenge == o.Challenge {
		t.Errorf("challenge is %q", o.Challenge)
	}
	a.register(access, passkeyPhone())
	a.webAuthn(userpool.WebAuthnConfigurationType{RelyingPartyId: site, UserVerification: userpool.UserVerificationTypeRequired})
	o = read()
	if got, want := fmt.Sprintf("%v %s", o.ExcludeCredentials, o.AuthenticatorSelection.UserVerification),
		fmt.Sprintf("[{%s public-key}] required", a.passkeyIDs(access)[0]); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// AUTH-392, AUTH-394, AUTH-614, AUTH-615: pools without passkeys.
func TestWebAuthnNotEnabled(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, tt := range []struct {
		name     string
		app      app
		start    awsapi.Code
		complete awsapi.Code
	}{
		{"not a first factor", b.app(), userpool.ErrWebAuthnNotEnabled, userpool.ErrWebAuthnNotEnabled},
		{"neither id nor domain", b.app(withPasskeys), userpool.ErrWebAuthnConfigurationMissing, userpool.ErrInvalidParameter},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a := tt.app
			a.user("ada", "email", "ada@example.com")
			access := a.signIn("ada").AccessToken
			_, err := a.StartWebAuthnRegistration(t.Context(), &userpool.StartWebAuthnRegistrationInput{AccessToken: access})
			refused(t, err, tt.start, "")
			refused(t, a.finish(access, []byte(`{}`)), tt.complete, "")
			a.sameIDs(access)
			refused(t, a.forgetPasskey(access, "AAAA"), userpool.ErrResourceNotFound, "")
		})
	}
}

// AUTH-396, AUTH-400, AUTH-616: what devices make is listed as what it is.
func TestCompleteWebAuthnRegistration(t *testing.T) {
	t.Parallel()
	a := setup(t).passkeyApp()
	access := a.signIn("ada").AccessToken
	google := [16]byte{0xea, 0x9b, 0x8d, 0x66, 0x4d, 0x01, 0x1d, 0x21, 0x3c, 0xe4, 0xb6, 0xb4, 0x8c, 0xb5, 0x75, 0xd4}
	plain := func(*webauthntest.Ceremony) {}
	for _, tt := range []struct {
		name   string
		config webauthntest.Config
		edit   func(*webauthntest.Ceremony)
		want   string
	}{
		{"laptop", webauthntest.Config{}, plain, "{Passkey example.com platform [internal]}"},
		{"RS256", webauthntest.Config{Algorithm: webauthntest.RS256}, plain, "{Passkey example.com platform [internal]}"},
		{"synchronised", webauthntest.Config{NoCounter: true, AAGUID: google}, plain, "{Google Password Manager example.com platform [hybrid internal]}"},
		{"security key", webauthntest.Config{Roaming: true}, plain, "{Security key example.com cross-platform [usb nfc]}"},
		{"self attestation", webauthntest.Config{}, func(c *webauthntest.Ceremony) { c.Format = "packed" }, "{Passkey example.com platform [internal]}"},
		{"silent", webauthntest.Config{Unverified: true}, func(c *webauthntest.Ceremony) {
			c.Attachment, c.Transports = "", []string{"pigeon", "usb", "usb"}
		}, "{Passkey example.com  [usb]}"},
	} {
		tt.config.Origin = siteOrigin
		d := webauthntest.New(tt.config)
		check(t, a.finish(access, a.answer(d, a.creation(access), tt.edit)))
		list := a.passkeys(access)
		k := list[len(list)-1]
		got := fmt.Sprint(struct {
			Name, RP, Attachment string
			Transports           []string
		}{k.FriendlyCredentialName, k.RelyingPartyId, k.AuthenticatorAttachment, k.AuthenticatorTransports})
		if got != tt.want || k.CredentialId != d.IDs()[0] || !k.CreatedAt.Equal(a.clock.Now()) {
			t.Errorf("%s: got %+v, want %s", tt.name, k, tt.want)
		}
		a.clock.Advance(time.Second)
	}
}

// AUTH-397, AUTH-398, AUTH-615, M1: each check, in its order: a registration with several faults is told the first.
func TestWebAuthnRegistrationChecks(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *userpool.Config) {
		c.PasskeyOrigins = func(string) []string {
			return []string{"http://localhost:3000", "android:apk-key-hash:Zm9v"}
		}
	})
	a := b.passkeyApp()
	type ceremony = webauthntest.Ceremony
	origin := func(o string) func(*ceremony) { return func(c *ceremony) { c.Origin = o } }
	tests := []struct {
		name   string
		edit   func(c *ceremony)
		config webauthntest.Config
		code   awsapi.Code // "" succeeds
	}{
		{name: "right", edit: func(*ceremony) {}},
		{name: "an origin of the list", edit: origin("http://localhost:3000")},
		{name: "an app", edit: origin("android:apk-key-hash:Zm9v")},

		{name: "not asked", edit: func(c *ceremony) { c.Challenge = encode64(make([]byte, 32)) }, code: userpool.ErrWebAuthnChallengeNotFound},
		{name: "no challenge", edit: func(c *ceremony) { c.Challenge = "" }, code: userpool.ErrWebAuthnChallengeNotFound},
		{name: "AUTH-397 another relying party", edit: func(c *ceremony) { c.RPID, c.Origin = "evil.example", "https://evil.example" }, code: userpool.ErrWebAuthnRelyingPartyMismatch},
		{name: "AUTH-397 another site", edit: origin("https://evil.example"), code: userpool.ErrWebAuthnOriginNotAllowed},
		{name: "M1 a page below the relying party", edit: origin("https://login.example.com"), code: userpool.ErrWebAuthnOriginNotAllowed},
		{name: "M1 without TLS", edit: origin("http://example.com"), code: userpool.ErrWebAuthnOriginNotAllowed},
		{name: "M1 another port", edit: origin("https://example.com:8443"), code: userpool.ErrWebAuthnOriginNotAllowed},
		{name: "M1 another port of the list", edit: origin("http://localhost:3001"), code: userpool.ErrWebAuthnOriginNotAllowed},
		{name: "M1 looks like it", edit: origin("https://example.com@evil.example"), code: userpool.ErrWebAuthnOriginNotAllowed},
		{name: "M1 another spelling", edit: origin("https://example.com/"), code: userpool.ErrWebAuthnOriginNotAllowed},
		{name: "M1 another app", edit: origin("android:apk-key-hash:YmFy"), code: userpool.ErrWebAuthnOriginNotAllowed},
		{name: "no origin", edit: origin(""), code: userpool.ErrWebAuthnOriginNotAllowed},
		{name: "in a frame of another site", edit: func(c *ceremony) { c.CrossOrigin = true }, code: userpool.ErrWebAuthnOriginNotAllowed},
		{name: "told its top", edit: func(c *ceremony) { c.CrossOrigin, c.TopOrigin = true, siteOrigin }, code: userpool.ErrWebAuthnOriginNotAllowed},
		{name: "AUTH-397 algorithm", edit: func(*ceremony) {}, config: webauthntest.Config{Algorithm: webauthntest.ES384}, code: userpool.ErrWebAuthnCredentialNotSupported},
		{name: "AUTH-397 attestation", edit: func(c *ceremony) { c.Format = "tpm" }, code: userpool.ErrWebAuthnCredentialNotSupported},
		{name: "AUTH-397 wrong self attestation", edit: func(c *ceremony) { c.Format, c.Spoil = "packed", true }, code: userpool.ErrWebAuthnCredentialNotSupported},
		{name: "nobody present", edit: func(c *ceremony) { c.UserPresent = false }, code: userpool.ErrWebAuthnCredentialNotSupported},
		{name: "backed up though it cannot be", edit: func(c *ceremony) { c.BackedUp = true }, code: userpool.ErrWebAuthnCredentialNotSupported},
		{name: "a huge key", edit: func(c *ceremony) {
			c.PublicKey = webauthntest.RSAKey(new(big.Int).SetBit(big.NewInt(1), 65535, 1), 65537)
		}, code: userpool.ErrWebAuthnCredentialNotSupported},
		{name: "a small key", edit: func(c *ceremony) {
			c.PublicKey = webauthntest.RSAKey(new(big.Int).SetBit(big.NewInt(1), 511, 1), 65537)
		}, code: userpool.ErrWebAuthnCredentialNotSupported},
		{name: "an assertion", edit: func(c *ceremony) { c.Type = "webauthn.get" }, code: userpool.ErrWebAuthnCredentialNotSupported},
		{name: "a key just too small", edit: func(c *ceremony) {
			c.PublicKey = webauthntest.RSAKey(new(big.Int).SetBit(big.NewInt(1), 2046, 1), 65537)
		}, code: userpool.ErrWebAuthnCredentialNotSupported},
		{name: "no id", edit: func(c *ceremony) { c.CredentialID = nil }, code: userpool.ErrInvalidParameter},

		{name: "order: challenge, then relying party", edit: func(c *ceremony) { c.Challenge, c.RPID = "", "evil.example" }, code: userpool.ErrWebAuthnChallengeNotFound},
		{name: "order: relying party, then origin", edit: func(c *ceremony) { c.RPID, c.Origin = "evil.example", "" }, code: userpool.ErrWebAuthnRelyingPartyMismatch},
		{name: "order: origin, then device", edit: func(c *ceremony) { c.Origin, c.UserPresent = "", false }, code: userpool.ErrWebAuthnOriginNotAllowed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			a := a.fork(t)
			access := a.signIn("ada").AccessToken
			tt.config.Origin = siteOrigin
			credential := a.answer(webauthntest.New(tt.config), a.creation(access), tt.edit)
			err := a.finish(access, credential)
			if tt.code == "" {
				check(t, err)
				// AUTH-398: once only
				refused(t, a.finish(access, credential), userpool.ErrWebAuthnChallengeNotFound, "")
				return
			}
			refused(t, err, tt.code, "")
			a.sameIDs(access)
		})
	}
	for name, text := range map[string]string{
		"empty": `{}`, "text": `"{}"`, "null": `null`, "list": `[]`,
		"attestation": `{"id":"AAAA","rawId":"AAAA","type":"public-key","response":{"clientDataJSON":"e30","attestationObject":"oA"}}`,
	} {
		t.Run("malformed "+name, func(t *testing.T) {
			refused(t, a.finish(a.signIn("ada").AccessToken, []byte(text)), userpool.ErrInvalidParameter, "")
		})
	}
}

// AUTH-397, AUTH-398, C4: what a registration under way does not survive, and whose it is.
func TestC4_WebAuthnRegistrationUnderWay(t *testing.T) {
	t.Parallel()
	base := setup(t).passkeyApp()
	base.user("bob", "email", "bob@example.com")
	other := base.sibling()
	for _, tt := range []struct {
		name string
		do   func(a app, access string) (by string) // whose token ends it; "" is the same
		code awsapi.Code
	}{
		{"just in time", func(a app, _ string) string { a.clock.Advance(5*time.Minute - time.Second); return "" }, ""},
		{"expired", func(a app, _ string) string { a.clock.Advance(5 * time.Minute); return "" }, userpool.ErrWebAuthnChallengeNotFound},
		{"another begun", func(a app, access string) string { a.creation(access); return "" }, userpool.ErrWebAuthnChallengeNotFound},
		{"another user's", func(a app, _ string) string { return a.signIn("bob").AccessToken }, userpool.ErrWebAuthnChallengeNotFound},
		{"AUTH-397 another client's", func(a app, _ string) string {
			twin := other
			twin.bench = a.bench
			return twin.signIn("ada").AccessToken
		}, userpool.ErrWebAuthnClientMismatch},
		{"password changed", func(a app, _ string) string { a.setPassword("ada", password); return "" }, userpool.ErrWebAuthnChallengeNotFound},
		{"signed out", func(a app, access string) string {
			_, err := a.GlobalSignOut(a.t.Context(), &userpool.GlobalSignOutInput{AccessToken: access})
			check(a.t, err)
			return ""
		}, userpool.ErrNotAuthorized},
		{"disabled", func(a app, _ string) string { a.disable("ada"); return "" }, userpool.ErrNotAuthorized},
		{"made again", func(a app, _ string) string {
			a.remove("ada")
			a.user("ada", "email", "ada@example.com")
			return a.signIn("ada").AccessToken
		}, userpool.ErrWebAuthnChallengeNotFound},
		{"switched off", func(a app, _ string) string {
			_, err := a.UpdateUserPool(a.t.Context(), &userpool.UpdateUserPoolInput{UserPoolId: a.pool})
			check(a.t, err)
			return ""
		}, userpool.ErrWebAuthnNotEnabled},
		{"another relying party now", func(a app, _ string) string {
			a.webAuthn(userpool.WebAuthnConfigurationType{RelyingPartyId: "other.example"})
			return ""
		}, userpool.ErrWebAuthnRelyingPartyMismatch},
		{"no relying party now", func(a app, _ string) string {
			a.webAuthn(userpool.WebAuthnConfigurationType{})
			return ""
		}, userpool.ErrWebAuthnRelyingPartyMismatch},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			a := base.fork(t)
			access := a.signIn("ada").AccessToken
			credential := a.answer(passkeyPhone(), a.creation(access))
			if by := tt.do(a, access); by != "" {
				access = by
			}
			err := a.finish(access, credential)
			if tt.code == "" {
				check(t, err)
				return
			}
			refused(t, err, tt.code, "")
		})
	}
}

// AUTH-397: user verification, where the pool demands it; also if it did so only after the start.
func TestWebAuthnRegistrationUserVerification(t *testing.T) {
	t.Parallel()
	a := setup(t).passkeyApp()
	access := a.signIn("ada").AccessToken
	blind := webauthntest.New(webauthntest.Config{Origin: siteOrigin, Unverified: true})
	required := userpool.WebAuthnConfigurationType{RelyingPartyId: site, UserVerification: userpool.UserVerificationTypeRequired}

	late := a.answer(blind, a.creation(access))
	a.webAuthn(required)
	refused(t, a.finish(access, late), userpool.ErrWebAuthnCredentialNotSupported, "")
	early := a.answer(webauthntest.New(webauthntest.Config{Origin: siteOrigin, Unverified: true}), a.creation(access))
	a.webAuthn(userpool.WebAuthnConfigurationType{RelyingPartyId: site})
	refused(t, a.finish(access, early), userpool.ErrWebAuthnCredentialNotSupported, "")
	a.webAuthn(required)
	a.register(access, passkeyPhone())
}

// AUTH-399, AUTH-614, AUTH-615: twenty passkeys and no more, also if two are made at once.
func TestWebAuthnLimit(t *testing.T) {
	t.Parallel()
	a := setup(t).passkeyApp()
	access := a.signIn("ada").AccessToken
	for range 19 {
		a.register(access, passkeyPhone())
	}
	credential := a.answer(passkeyPhone(), a.creation(access))
	errs := race(4, func(int) error { return a.finish(access, credential) })
	won := 0
	for _, err := range errs {
		if err == nil {
			won++
			continue
		}
		refused(t, err, userpool.ErrWebAuthnChallengeNotFound, "")
	}
	if won != 1 {
		t.Errorf("%d of four ends of one registration succeeded", won)
	}
	_, err := a.StartWebAuthnRegistration(t.Context(), &userpool.StartWebAuthnRegistrationInput{AccessToken: access})
	refused(t, err, userpool.ErrLimitExceeded, "")
	if n := len(a.passkeys(access)); n != 20 {
		t.Errorf("there are %d passkeys", n)
	}
}

// A passkey belongs to one user: an id that somebody has is refused, his own as well.
func TestWebAuthnCredentialOfSomebody(t *testing.T) {
	t.Parallel()
	a := setup(t).passkeyApp()
	a.user("bob", "email", "bob@example.com")
	ada, bob := a.signIn("ada").AccessToken, a.signIn("bob").AccessToken
	device := passkeyPhone()
	a.register(ada, device)
	id := device.IDs()[0]
	stolen := func(c *webauthntest.Ceremony) { c.CredentialID = decode64(t, id) }
	refused(t, a.finish(bob, a.answer(passkeyPhone(), a.creation(bob), stolen)), userpool.ErrWebAuthnCredentialNotSupported, "")
	refused(t, a.finish(ada, a.answer(passkeyPhone(), a.creation(ada), stolen)), userpool.ErrWebAuthnCredentialNotSupported, "")
	a.sameIDs(bob)
	a.sameIDs(ada, id)
	check(t, a.forgetPasskey(ada, id))
	check(t, a.finish(bob, a.answer(passkeyPhone(), a.creation(bob), stolen)))
	a.sameIDs(bob, id)
}
