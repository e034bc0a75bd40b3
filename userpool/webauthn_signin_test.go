package userpool_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cenote-auth/cenote/awsapi"
	"github.com/cenote-auth/cenote/userpool"
	"github.com/cenote-auth/cenote/webauthntest"
)

const webAuthn = userpool.ChallengeNameTypeWebAuthn

// passkeyStart begins a sign-in that prefers a passkey.
func (a app) passkeyStart(name string) *userpool.InitiateAuthOutput {
	a.t.Helper()
	out, err := a.begin(userpool.AuthFlowTypeUserAuth, "USERNAME", name, "PREFERRED_CHALLENGE", "WEB_AUTHN")
	check(a.t, err)
	return out
}

// assertion lets a device answer the challenge.
func (a app) assertion(d *webauthntest.Authenticator, out *userpool.InitiateAuthOutput, edits ...func(*webauthntest.Ceremony)) string {
	a.t.Helper()
	if out.ChallengeName != webAuthn {
		a.t.Fatalf("the challenge is %s, want WEB_AUTHN", out.ChallengeName)
	}
	credential, err := d.Get([]byte(out.ChallengeParameters["CREDENTIAL_REQUEST_OPTIONS"]), edits...)
	check(a.t, err)
	return string(credential)
}

// prove answers WEB_AUTHN.
func (a app) prove(name, session, credential string) (*userpool.AuthenticationResultType, error) {
	out, err := a.respond(webAuthn, session, "USERNAME", name, "CREDENTIAL", credential)
	if err != nil {
		return nil, err
	}
	return out.AuthenticationResult, nil
}

// byPasskey is the whole sign-in.
func (a app) byPasskey(name string, d *webauthntest.Authenticator, edits ...func(*webauthntest.Ceremony)) (*userpool.AuthenticationResultType, error) {
	a.t.Helper()
	out := a.passkeyStart(name)
	return a.prove(name, out.Session, a.assertion(d, out, edits...))
}

// holder is an app with a user ada who has a passkey on the device.
func (b *bench) holder(c webauthntest.Config, options ...any) (app, *webauthntest.Authenticator) {
	b.t.Helper()
	a := b.passkeyApp(append(options, choosing)...)
	c.Origin = siteOrigin
	d := webauthntest.New(c)
	a.register(a.signIn("ada").AccessToken, d)
	return a, d
}

// nobody returns a name that nobody has, under which a passkey is asked for, and another one than the given.
func (a app) nobody(than string) string {
	a.t.Helper()
	for i := range 100 {
		if name := fmt.Sprintf("nob%02d", i); name != than && a.passkeyStart(name).ChallengeName == webAuthn {
			return name
		}
	}
	a.t.Fatal("nobody who does not exist has a passkey")
	return ""
}

// AUTH-280, AUTH-402, AUTH-403, NEW-092, NEW-093: the options, and sign-ins by all kinds of devices.
func TestPasskeySignIn(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, tt := range []struct {
		name   string
		config webauthntest.Config
		allows string
		amr    string
	}{
		{"laptop", webauthntest.Config{}, "[internal]", "swk"},
		{"RS256", webauthntest.Config{Algorithm: webauthntest.RS256}, "[internal]", "swk"},
		{"synchronised", webauthntest.Config{NoCounter: true}, "[hybrid internal]", "swk"},
		{"security key", webauthntest.Config{Roaming: true}, "[usb nfc]", "hwk"},
	} {
		a, device := b.holder(tt.config)
		for range 3 {
			out := a.passkeyStart("ada")
			var o struct {
				Challenge, RPID  string
				Timeout          int
				AllowCredentials []struct {
					ID, Type   string
					Transports []string
				}
				UserVerification string
			}
			dec := json.NewDecoder(strings.NewReader(out.ChallengeParameters["CREDENTIAL_REQUEST_OPTIONS"]))
			dec.DisallowUnknownFields()
			check(t, dec.Decode(&o))
			got := fmt.Sprintf("%s %d %v %s", o.RPID, o.Timeout, o.AllowCredentials, o.UserVerification)
			want := fmt.Sprintf("example.com 180000 [{%s public-key %s}] preferred", device.IDs()[0], tt.allows)
			if got != want || len(o.Challenge) != 43 {
				t.Errorf("%s: got %s, want %s", tt.name, got, want)
			}
			tokens, err := a.prove("ada", out.Session, a.assertion(device, out))
			check(t, err)
			_, err = a.getUser(tokens.AccessToken)
			check(t, err)
			if amr := claimsOf(t, tokens.AccessToken)["amr"]; fmt.Sprint(amr) != "["+tt.amr+"]" {
				t.Errorf("%s: amr is %v, want %s", tt.name, amr, tt.amr)
			}
		}
	}
}

// AUTH-404, AUTH-405, M1: each check of an answer. All fail alike, with the session as good as before.
func TestPasskeyAssertionChecks(t *testing.T) {
	t.Parallel()
	type ceremony = webauthntest.Ceremony
	base, device := setup(t).holder(webauthntest.Config{})
	base.user("bob", "email", "bob@example.com")
	bobs := webauthntest.New(webauthntest.Config{Origin: siteOrigin})
	base.register(base.signIn("bob").AccessToken, bobs)
	origin := func(o string) func(*ceremony) { return func(c *ceremony) { c.Origin = o } }
	for _, tt := range []struct {
		name string
		edit func(*ceremony)
	}{
		{"challenge", func(c *ceremony) { c.Challenge = encode64(make([]byte, 32)) }},
		{"no challenge", func(c *ceremony) { c.Challenge = "" }},
		{"type", func(c *ceremony) { c.Type = "webauthn.create" }},
		{"origin", origin("https://evil.example")},
		{"M1 sibling", origin("https://login.example.com")},
		{"M1 looks like it", origin("https://example.com.evil.example")},
		{"M1 another port", origin("https://example.com:444")},
		{"M1 no TLS", origin("http://example.com")},
		{"a frame", func(c *ceremony) { c.CrossOrigin = true }},
		{"a frame that tells", func(c *ceremony) { c.CrossOrigin, c.TopOrigin = true, siteOrigin }},
		{"relying party", func(c *ceremony) { c.RPID = "evil.example" }},
		{"user presence", func(c *ceremony) { c.UserPresent = false }},
		{"signature", func(c *ceremony) { c.Spoil = true }},
		{"another user's handle", func(c *ceremony) { c.UserHandle = []byte("somebody") }},
		{"another id", func(c *ceremony) { c.CredentialID = []byte("somebody's") }},
		{"bob's id", func(c *ceremony) { c.CredentialID = decode64(t, bobs.IDs()[0]) }},
		{"AUTH-404 counter stays", func(c *ceremony) { c.Count = 0 }},
		{"backup eligibility changes", func(c *ceremony) { c.BackupEligible = true }},
		{"backed up though it cannot be", func(c *ceremony) { c.BackedUp = true }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			a, d := base.fork(t), device.Clone()
			_, err := a.byPasskey("ada", d)
			check(t, err)
			out := a.passkeyStart("ada")
			_, err = a.prove("ada", out.Session, a.assertion(d, out, tt.edit))
			refused(t, err, userpool.ErrNotAuthorized, "Incorrect username or password.")
			_, err = a.prove("ada", out.Session, a.assertion(d, out))
			check(t, err)
		})
	}
	for name, text := range map[string]string{
		"empty": `{}`, "garbage": "{", "null": "null", "list": "[]",
		"short": `{"id":"AAAA","rawId":"AAAA","type":"public-key","response":{"clientDataJSON":"e30","authenticatorData":"AA","signature":"AA"}}`,
	} {
		t.Run("malformed "+name, func(t *testing.T) {
			_, err := base.prove("ada", base.passkeyStart("ada").Session, text)
			refused(t, err, userpool.ErrNotAuthorized, "Incorrect username or password.")
		})
	}
	t.Run("bob's device", func(t *testing.T) {
		out := base.passkeyStart("bob")
		credential := base.assertion(bobs, out)
		_, err := base.prove("ada", base.passkeyStart("ada").Session, credential)
		refused(t, err, userpool.ErrNotAuthorized, "Incorrect username or password.")
		_, err = base.prove("ada", out.Session, credential)
		refused(t, err, userpool.ErrNotAuthorized, "")
	})
	t.Run("no credential", func(t *testing.T) {
		_, err := base.respond(webAuthn, base.passkeyStart("ada").Session, "USERNAME", "ada")
		refused(t, err, userpool.ErrInvalidParameter, "Missing required parameter CREDENTIAL")
		_, err = base.respond(webAuthn, "", "USERNAME", "ada", "CREDENTIAL", "{}")
		refused(t, err, userpool.ErrInvalidParameter, "")
	})
}

// AUTH-404, M1: of two devices with one key the second one to sign in is refused from where the first one has come to, and stays so; the
// counter is compared in the Update that grants, so that racing ones are not both let in.
func TestM1_ClonedPasskey(t *testing.T) {
	t.Parallel()
	a, device := setup(t).holder(webauthntest.Config{})
	for range 2 {
		_, err := a.byPasskey("ada", device)
		check(t, err)
	}
	clone := device.Clone()
	_, err := a.byPasskey("ada", clone)
	check(t, err)
	_, err = a.byPasskey("ada", device)
	refused(t, err, userpool.ErrNotAuthorized, "Incorrect username or password.")
	_, err = a.byPasskey("ada", device)
	check(t, err) // it has counted further than the clone
	_, err = a.byPasskey("ada", device.Clone(), func(c *webauthntest.Ceremony) { c.Count = 0 })
	refused(t, err, userpool.ErrNotAuthorized, "Incorrect username or password.")

	var twins []string
	var sessions []string
	for range 4 {
		out := a.passkeyStart("ada")
		twins = append(twins, a.assertion(device.Clone(), out))
		sessions = append(sessions, out.Session)
	}
	won := 0
	for _, err := range race(4, func(i int) error { _, err := a.prove("ada", sessions[i], twins[i]); return err }) {
		if err == nil {
			won++
		} else {
			refused(t, err, userpool.ErrNotAuthorized, "")
		}
	}
	if won != 1 {
		t.Errorf("%d of four devices with one counter signed in", won)
	}
}

// C2: a challenge is answered once, also by racing answers.
func TestC2_PasskeyAnsweredOnce(t *testing.T) {
	t.Parallel()
	for name, config := range map[string]webauthntest.Config{"counter": {}, "none": {NoCounter: true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a, device := setup(t).holder(config)
			out := a.passkeyStart("ada")
			credential := a.assertion(device, out)
			won := 0
			for _, err := range race(4, func(int) error { _, err := a.prove("ada", out.Session, credential); return err }) {
				if err == nil {
					won++
				} else {
					refused(t, err, userpool.ErrNotAuthorized, "Invalid session for the user, session can only be used once.")
				}
			}
			if won != 1 {
				t.Errorf("%d of four answers won", won)
			}
			_, err := a.prove("ada", a.passkeyStart("ada").Session, credential) // replayed
			refused(t, err, userpool.ErrNotAuthorized, "Incorrect username or password.")
		})
	}
}

// C4: what a sign-in by passkey under way does not survive.
func TestC4_PasskeySignInUnderWay(t *testing.T) {
	t.Parallel()
	base, device := setup(t).holder(webauthntest.Config{})
	second := webauthntest.New(webauthntest.Config{Origin: siteOrigin})
	base.register(base.signIn("ada").AccessToken, second)
	for _, tt := range []struct {
		name string
		do   func(a app)
		code awsapi.Code // "" succeeds
	}{
		{"another passkey added", func(a app) { a.register(a.signIn("ada").AccessToken, passkeyPhone()) }, ""},
		{"just in time", func(a app) { a.clock.Advance(3*time.Minute - time.Second) }, ""},
		{"expired", func(a app) { a.clock.Advance(3 * time.Minute) }, userpool.ErrNotAuthorized},
		{"passkey deleted", func(a app) { check(a.t, a.forgetPasskey(a.signIn("ada").AccessToken, device.IDs()[0])) }, userpool.ErrNotAuthorized},
		{"another passkey deleted", func(a app) { check(a.t, a.forgetPasskey(a.signIn("ada").AccessToken, second.IDs()[0])) }, userpool.ErrNotAuthorized},
		{"password changed", func(a app) { a.setPassword("ada", another) }, userpool.ErrNotAuthorized},
		{"disabled", func(a app) { a.disable("ada") }, userpool.ErrNotAuthorized},
		{"deleted", func(a app) { a.remove("ada") }, userpool.ErrNotAuthorized},
		{"passkeys switched off", func(a app) {
			_, err := a.UpdateUserPool(a.t.Context(), &userpool.UpdateUserPoolInput{UserPoolId: a.pool})
			check(a.t, err)
		}, userpool.ErrNotAuthorized},
		{"another relying party", func(a app) {
			a.webAuthn(userpool.WebAuthnConfigurationType{RelyingPartyId: "other.example"})
		}, userpool.ErrNotAuthorized},
		{"a second factor demanded", func(a app) {
			a.webAuthn(bothFactors)
			a.mfa(mfaOn, totpMFA)
		}, userpool.ErrNotAuthorized},
		{"verification demanded", func(a app) {
			a.webAuthn(userpool.WebAuthnConfigurationType{RelyingPartyId: site, UserVerification: userpool.UserVerificationTypeRequired})
		}, ""}, // the device did
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			a := base.fork(t)
			out := a.passkeyStart("ada")
			credential := a.assertion(device.Clone(), out)
			tt.do(a)
			_, err := a.prove("ada", out.Session, credential)
			if tt.code == "" {
				check(t, err)
				return
			}
			refused(t, err, tt.code, "")
		})
	}
}

// AUTH-404: user verification where the pool demands it, whatever the options said when it did not yet.
func TestPasskeyUserVerification(t *testing.T) {
	t.Parallel()
	a, device := setup(t).holder(webauthntest.Config{Unverified: true})
	_, err := a.byPasskey("ada", device)
	check(t, err)
	early := a.passkeyStart("ada")
	credential := a.assertion(device, early)
	a.webAuthn(userpool.WebAuthnConfigurationType{RelyingPartyId: site, UserVerification: userpool.UserVerificationTypeRequired})
	_, err = a.prove("ada", early.Session, credential)
	refused(t, err, userpool.ErrNotAuthorized, "")
	if o := a.passkeyStart("ada").ChallengeParameters["CREDENTIAL_REQUEST_OPTIONS"]; !strings.Contains(o, `"userVerification":"required"`) {
		t.Errorf("the options are %s", o)
	}
	_, err = a.byPasskey("ada", device)
	refused(t, err, userpool.ErrNotAuthorized, "Incorrect username or password.")
	_, err = a.byPasskey("ada", device, func(c *webauthntest.Ceremony) { c.UserVerified = true })
	check(t, err)
}

// AUTH-326, AUTH-406, AUTH-407: where a second factor is demanded, a passkey is one only if pool and user count it as both, and
// then it has to verify its user.
func TestPasskeyAsBothFactors(t *testing.T) {
	t.Parallel()
	base, device := setup(t).holder(webauthntest.Config{})
	both := func(a app) { a.webAuthn(bothFactors) }
	optional := func(a app) { // which ada demands of herself
		a.mfa(mfaOptional, totpMFA)
		a.token("ada")
		check(a.t, a.prefer("ada", useTOTP(true, false)))
	}
	required := func(a app) { a.mfa(mfaOn, totpMFA) }
	off := func(a app) { a.mfa(mfaOff) }
	wants := func(a app) {
		check(a.t, a.prefer("ada", func(in *userpool.AdminSetUserMFAPreferenceInput) {
			in.WebAuthnMfaSettings = &userpool.WebAuthnMfaSettingsType{Enabled: true}
		}))
	}
	single := func(a app) {
		_, err := a.SetUserPoolMfaConfig(a.t.Context(), &userpool.SetUserPoolMfaConfigInput{
			UserPoolId: a.pool, SoftwareTokenMfaConfiguration: &userpool.SoftwareTokenMfaConfigType{Enabled: true},
			WebAuthnConfiguration: &userpool.WebAuthnConfigurationType{RelyingPartyId: site},
		})
		check(a.t, err)
	}
	for _, tt := range []struct {
		name            string
		set             []func(app)
		offered, verify bool
	}{
		{"single", nil, true, false},
		{"AUTH-407 single, user has a second factor", []func(app){optional}, false, false},
		{"AUTH-407 single again, though the user wants it", []func(app){both, optional, wants, single}, false, false},
		{"both", []func(app){both}, true, false},
		{"both, user has a second factor", []func(app){both, optional}, false, false},
		{"both, user wants it", []func(app){both, optional, wants}, true, true},
		{"both, user wants it, no second factors", []func(app){both, optional, wants, off}, true, true},
		{"both, demanded", []func(app){both, optional, required}, false, false},
		{"AUTH-326 both, demanded, user wants it", []func(app){both, optional, wants, required}, true, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			a, d := base.fork(t), device.Clone()
			for _, set := range tt.set {
				set(a)
			}
			out := a.passkeyStart("ada")
			if offered := out.ChallengeName == webAuthn; offered != tt.offered {
				t.Fatalf("the challenge is %s", out.ChallengeName)
			}
			if !tt.offered {
				return
			}
			if verify := strings.Contains(out.ChallengeParameters["CREDENTIAL_REQUEST_OPTIONS"], `"userVerification":"required"`); verify != tt.verify {
				t.Errorf("the options demand verification: %v", verify)
			}
			_, err := a.prove("ada", out.Session, a.assertion(d, out, func(c *webauthntest.Ceremony) { c.UserVerified = false }))
			if tt.verify {
				refused(t, err, userpool.ErrNotAuthorized, "Incorrect username or password.")
				_, err = a.prove("ada", out.Session, a.assertion(d, out))
			}
			check(t, err)
		})
	}
}

// C3: wrong answers are counted over all sessions and lock the factor, also for somebody who does not exist; a right one forgets
// them.
func TestC3_PasskeyAttempts(t *testing.T) {
	t.Parallel()
	base, device := setup(t, func(c *userpool.Config) { c.Limits.WrongFactors = 3 }).holder(webauthntest.Config{}, hides)
	for _, name := range []string{"ada", base.nobody("")} {
		a := base.fork(t)
		for range 3 {
			_, err := a.prove(name, a.passkeyStart(name).Session, "{}")
			refused(t, err, userpool.ErrNotAuthorized, "Incorrect username or password.")
		}
		_, err := a.prove(name, a.passkeyStart(name).Session, "{}")
		if err == nil || strings.Contains(err.Error(), "Incorrect") {
			t.Errorf("%s: after three wrong answers: %v", name, err)
		}
		if name == "ada" {
			_, err = a.byPasskey(name, device.Clone())
			if err == nil {
				t.Error("a locked factor lets in")
			}
			a.clock.Advance(time.Minute)
			_, err = a.byPasskey(name, device.Clone())
			check(t, err)
		}
	}
}

// H7: somebody who does not exist gets options like a user's, the same each time, and his answers fail as a user's do. H2: asking
// writes nothing.
func TestH7_PasskeyOfNobody(t *testing.T) {
	t.Parallel()
	a, device := setup(t).holder(webauthntest.Config{NoCounter: true}, hides)
	a.passkeyStart("ada") // the day's key is made
	before := a.db.Snapshot()
	shape := func(name string) (keys []string, ids []string, session int) {
		out := a.passkeyStart(name)
		var o map[string]any
		check(t, json.Unmarshal([]byte(out.ChallengeParameters["CREDENTIAL_REQUEST_OPTIONS"]), &o))
		for k := range o {
			keys = append(keys, k)
		}
		slices.Sort(keys)
		for _, c := range o["allowCredentials"].([]any) {
			c := c.(map[string]any)
			ids = append(ids, c["id"].(string))
			keys = append(keys, fmt.Sprint(c["type"], c["transports"], len(c["id"].(string))))
		}
		return keys, ids, len(out.Session)
	}
	keys, _, session := shape("ada")
	nobody := a.nobody("")
	others, ids, otherSession := shape(nobody)
	_, again, _ := shape(nobody)
	_, third, _ := shape(a.nobody(nobody))
	if !slices.Equal(keys, others) || session != otherSession || !slices.Equal(ids, again) || slices.Equal(ids, third) {
		t.Errorf("ada %v %d, nobody %v %d: %q, again %q, somebody %q", keys, session, others, otherSession, ids, again, third)
	}
	if a.db.Snapshot() != before {
		t.Error("asking wrote something")
	}
	out := a.passkeyStart(nobody)
	stolen := device.Clone()
	real, err := stolen.Get([]byte(a.passkeyStart("ada").ChallengeParameters["CREDENTIAL_REQUEST_OPTIONS"]), func(c *webauthntest.Ceremony) {
		c.CredentialID = decode64(t, ids[0])
	})
	check(t, err)
	_, err = a.prove(nobody, out.Session, string(real))
	refused(t, err, userpool.ErrNotAuthorized, "Incorrect username or password.")

	// Some have one and some have not, as with users, and that stays so.
	with := 0
	for i := range 64 {
		name := fmt.Sprintf("x%02d", i)
		has := a.passkeyStart(name).ChallengeName == webAuthn
		if has {
			with++
		}
		if again := a.passkeyStart(name).ChallengeName == webAuthn; again != has {
			t.Errorf("%s has a passkey: %v, then %v", name, has, again)
		}
	}
	if with < 10 || with > 54 {
		t.Errorf("of 64 who do not exist %d have a passkey", with)
	}
}
