package userpool_test

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/cenote-auth/cenote/srp"
	"github.com/cenote-auth/cenote/userpool"
)

// AUTH-171…173, AUTH-163, AUTH-188: the exchange needs no Session; the names in the challenge are the internal one.
func TestSRP(t *testing.T) {
	t.Parallel()
	b := setup(t)
	a := b.app(byEmail)
	sub := a.user("ada@example.com")
	login, err := srp.NewLogin(a.pool, "ada@example.com", password)
	check(t, err)
	params := login.Params()
	params["SRP_A"] = strings.ToUpper(params["SRP_A"])
	begun, err := a.InitiateAuth(t.Context(), &userpool.InitiateAuthInput{
		ClientId: a.client, AuthFlow: userpool.AuthFlowTypeUserSrpAuth, AuthParameters: params,
	})
	check(t, err)
	p := begun.ChallengeParameters
	if begun.ChallengeName != userpool.ChallengeNameTypePasswordVerifier || begun.Session != "" || begun.AuthenticationResult != nil {
		t.Errorf("challenge %s, session %q", begun.ChallengeName, begun.Session)
	}
	if p["USERNAME"] != sub || p["USER_ID_FOR_SRP"] != sub || len(p) != 5 {
		t.Errorf("USERNAME %s, USER_ID_FOR_SRP %s, %d parameters; want the sub in both, and SALT, SRP_B, SECRET_BLOCK", p["USERNAME"], p["USER_ID_FOR_SRP"], len(p))
	}
	if salt, err := hex.DecodeString(p["SALT"]); err != nil || len(salt) < 15 {
		t.Errorf("SALT is %q", p["SALT"])
	}
	answers, err := login.Respond(p, b.clock.Now())
	check(t, err)
	if block, err := base64.StdEncoding.DecodeString(answers["PASSWORD_CLAIM_SECRET_BLOCK"]); err == nil { // AUTH-188: also URL-safe
		answers["PASSWORD_CLAIM_SECRET_BLOCK"] = base64.URLEncoding.EncodeToString(block)
	}
	out, err := a.RespondToAuthChallenge(t.Context(), &userpool.RespondToAuthChallengeInput{
		ClientId: a.client, ChallengeName: begun.ChallengeName, ChallengeResponses: answers,
	})
	check(t, err)
	if out.AuthenticationResult == nil || out.ChallengeName != "" {
		t.Error("no tokens")
	}
}

// AUTH-190…192, AUTH-141: a claim that does not fit is the same error, whatever is wrong with it; one that cannot be read is
// another.
func TestSRPRefusals(t *testing.T) {
	t.Parallel()
	b := setup(t)
	a := b.app()
	a.user("ada")
	a.user("bob")
	other := b.app()
	other.user("ada")
	sibling := a.sibling()
	good, err := a.srpStart("ada", password)
	check(t, err)
	bobs, err := a.srpStart("bob", password)
	check(t, err)

	with := func(key, value string) map[string]string {
		m := maps.Clone(good.ChallengeResponses)
		if value == "" {
			delete(m, key)
		} else {
			m[key] = value
		}
		return m
	}
	tests := []struct {
		name      string
		app       app
		responses map[string]string
		code      error
		text      string
	}{
		{"no USERNAME", a, with("USERNAME", ""), userpool.ErrInvalidParameter, "Missing required parameter USERNAME"},
		{"no block", a, with("PASSWORD_CLAIM_SECRET_BLOCK", ""), userpool.ErrInvalidParameter, "Missing required parameter PASSWORD_CLAIM_SECRET_BLOCK"},
		{"no signature", a, with("PASSWORD_CLAIM_SIGNATURE", ""), userpool.ErrInvalidParameter, "Missing required parameter PASSWORD_CLAIM_SIGNATURE"},
		{"no timestamp", a, with("TIMESTAMP", ""), userpool.ErrInvalidParameter, "Missing required parameter TIMESTAMP"},
		{"AUTH-192 block", a, with("PASSWORD_CLAIM_SECRET_BLOCK", "%%%"), userpool.ErrInvalidParameter, ""},
		{"AUTH-192 signature", a, with("PASSWORD_CLAIM_SIGNATURE", "%%%"), userpool.ErrInvalidParameter, ""},
		{"AUTH-189 timestamp", a, with("TIMESTAMP", "yesterday"), userpool.ErrInvalidParameter, ""},
		{"AUTH-191 forged block", a, with("PASSWORD_CLAIM_SECRET_BLOCK", base64.StdEncoding.EncodeToString(make([]byte, 900))), userpool.ErrNotAuthorized, isWrong},
		{"AUTH-191 another's block", a, with("PASSWORD_CLAIM_SECRET_BLOCK", bobs.ChallengeResponses["PASSWORD_CLAIM_SECRET_BLOCK"]),
			userpool.ErrNotAuthorized, isWrong},
		{"AUTH-191 another signature", a, with("PASSWORD_CLAIM_SIGNATURE", bobs.ChallengeResponses["PASSWORD_CLAIM_SIGNATURE"]),
			userpool.ErrNotAuthorized, isWrong},
		{"AUTH-191 another time", a, with("TIMESTAMP", "Sat Jan 3 04:05:07 UTC 2026"), userpool.ErrNotAuthorized, isWrong},
		{"C4 another user", a, with("USERNAME", "bob"), userpool.ErrNotAuthorized, isWrong},
		{"C4 another client", sibling, good.ChallengeResponses, userpool.ErrNotAuthorized, isWrong},
		{"C4 another pool", other, good.ChallengeResponses, userpool.ErrNotAuthorized, isWrong},
		{"H2 oversized", a, with("PASSWORD_CLAIM_SECRET_BLOCK", strings.Repeat("A", 100_000)), userpool.ErrInvalidParameter, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := a.RespondToAuthChallenge(t.Context(), &userpool.RespondToAuthChallengeInput{
				ClientId: tt.app.client, ChallengeName: userpool.ChallengeNameTypePasswordVerifier, ChallengeResponses: tt.responses,
			})
			if !errors.Is(err, tt.code) || tt.text != "" && errorText(err) != tt.text {
				t.Errorf("got %v, want %v %q", err, tt.code, tt.text)
			}
		})
	}
	_, err = a.RespondToAuthChallenge(t.Context(), good)
	check(t, err)
}

// AUTH-190: a block lives as long as a session, and the client's clock may be five minutes off.
func TestSRPTimes(t *testing.T) {
	t.Parallel()
	b := setup(t)
	a := b.app(func(in *userpool.CreateUserPoolClientInput) { in.AuthSessionValidity = new(int32(15)) })
	a.user("ada")
	for _, tt := range []struct {
		name  string
		after time.Duration // when the answer comes
		skew  time.Duration // of the client's clock
		ok    bool
	}{
		{"at once", 0, 0, true}, {"late", 15*time.Minute - 2*time.Second, 0, true}, {"too late", 15 * time.Minute, 0, false},
		{"clock ahead", 0, 4 * time.Minute, true}, {"far ahead", 0, 6 * time.Minute, false},
		{"behind", 0, -4 * time.Minute, true}, {"far behind", 0, -6 * time.Minute, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a := a.fork(t)
			login, err := srp.NewLogin(a.pool, "ada", password)
			check(t, err)
			begun, err := a.begin(userpool.AuthFlowTypeUserSrpAuth, "USERNAME", "ada", "SRP_A", login.Params()["SRP_A"])
			check(t, err)
			a.clock.Advance(tt.after)
			answers, err := login.Respond(begun.ChallengeParameters, a.clock.Now().Add(tt.skew))
			check(t, err)
			_, err = a.RespondToAuthChallenge(t.Context(), &userpool.RespondToAuthChallengeInput{
				ClientId: a.client, ChallengeName: begun.ChallengeName, ChallengeResponses: answers,
			})
			if tt.ok {
				check(t, err)
			} else {
				refused(t, err, userpool.ErrNotAuthorized, isWrong)
			}
		})
	}
}

// AUTH-193: a block that led to tokens leads to none again; of many answers at once one wins.
func TestC2_SecretBlockReplay(t *testing.T) {
	t.Parallel()
	a := setup(t).app()
	a.user("ada")
	claim, err := a.srpStart("ada", password)
	check(t, err)
	won := 0
	for _, err := range race(16, func(int) error { _, err := a.RespondToAuthChallenge(t.Context(), claim); return err }) {
		if err == nil {
			won++
		} else if errorText(err) != isWrong {
			t.Errorf("got %v", err)
		}
	}
	if won != 1 {
		t.Errorf("%d answers won, want 1", won)
	}
	_, err = a.RespondToAuthChallenge(t.Context(), claim)
	refused(t, err, userpool.ErrNotAuthorized, isWrong)
	a.signIn("ada") // replays are no guesses and lock nobody out
}

// Starting a sign-in writes nothing, for users and for names that nobody has.
func TestH2_StartingWritesNothing(t *testing.T) {
	t.Parallel()
	w := &writes{}
	b := setup(t, w.watch)
	a := b.app(hides)
	a.user("ada")
	_, err := a.srpStart("ada", password) // makes the day's key
	check(t, err)
	w.reset()
	for _, name := range []string{"ada", "nobody"} {
		_, err := a.srpStart(name, password)
		check(t, err)
	}
	if n := w.count(); n != 0 {
		t.Errorf("%d Updates, want none", n)
	}
}

// C4, AUTH-144: who was disabled since the challenge is told so where clients may know who exists, and it counts as no guess.
func TestC4_DisabledBeforeTheClaim(t *testing.T) {
	t.Parallel()
	a := setup(t).app(legacy)
	a.user("ada")
	for range 6 {
		claim, err := a.srpStart("ada", password)
		check(t, err)
		a.disable("ada")
		_, err = a.RespondToAuthChallenge(t.Context(), claim)
		refused(t, err, userpool.ErrNotAuthorized, "User is disabled.")
		a.enable("ada")
	}
	a.signIn("ada")
}
