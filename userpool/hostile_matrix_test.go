package userpool_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cenote-auth/cenote/awsapi"
	"github.com/cenote-auth/cenote/userpool"
)

// hostileCase is one challenge that waits for its answer in a world of its own.
type hostileCase struct {
	hostileBench
	side
	c hostileChallenge
	k hands
	w waiting
}

// app of the case; both embedded ones have the same.
func (h *hostileCase) here() app { return h.side.app }

// answer sends the right answer.
func (h *hostileCase) answer() (stepOut, error) { return h.answerBy(h.side) }

// answerBy sends it by another side, client or pool.
func (h *hostileCase) answerBy(s side) (stepOut, error) {
	return s.send(s.t.Context(), h.c.asks, h.w.session, h.w.right(h.side))
}

// changed sends the right answer with one thing other than it should be.
func (h *hostileCase) changed(key string, change func(string) string) error {
	responses, session := h.w.right(h.side), h.w.session
	switch {
	case key != "":
		responses[key] = change(responses[key])
	case h.c.block:
		const block = "PASSWORD_CLAIM_SECRET_BLOCK"
		responses[block] = change(responses[block])
	default:
		session = change(session)
	}
	_, err := h.side.send(h.here().t.Context(), h.c.asks, session, responses)
	return err
}

// state is all that an answer could change of ada, as the API tells it.
func (h *hostileCase) state() string {
	a := h.here()
	a.t.Helper()
	ctx := a.t.Context()
	var b strings.Builder
	fmt.Fprintln(&b, a.records("family"), a.records("device"), a.records("user"))
	out, err := a.AdminGetUser(ctx, &userpool.AdminGetUserInput{UserPoolId: a.pool, Username: "ada"})
	if err != nil {
		return b.String() + errorText(err)
	}
	slices.SortFunc(out.UserAttributes, func(x, y userpool.AttributeType) int { return strings.Compare(x.Name, y.Name) })
	devices, err := a.AdminListDevices(ctx, &userpool.AdminListDevicesInput{UserPoolId: a.pool, Username: "ada"})
	check(a.t, err)
	factors, err := a.AdminGetUserAuthFactors(ctx, &userpool.AdminGetUserAuthFactorsInput{UserPoolId: a.pool, Username: "ada"})
	check(a.t, err)
	for _, v := range []any{out, devices, factors, a.sessions("ada")} {
		text, err := json.Marshal(v)
		check(a.t, err)
		b.Write(text)
	}
	return b.String()
}

// The documented refusals.
func (h *hostileCase) refusal(session string) string {
	if h.c.block {
		return isWrong
	}
	return session
}

// What is left of the sign-in after an attack.
type aftermath int

const (
	stays aftermath = iota // the right answer is as good as before
	anew                   // the owner can begin anew
	gone                   // there is nothing to sign in to
)

type attack struct {
	name   string
	change func(h *hostileCase)       // what happens before the answer
	send   func(h *hostileCase) error // nil is the right answer
	code   awsapi.Code                // "" is NotAuthorizedException
	text   func(h *hostileCase) string
	then   aftermath
	not    func(c hostileChallenge) bool // where it is no attack
}

func says(text string) func(*hostileCase) string { return func(*hostileCase) string { return text } }

func invalid(h *hostileCase) string { return h.refusal(isInvalid) }

func byOther(s func(h *hostileCase) side) func(h *hostileCase) error {
	return func(h *hostileCase) error {
		_, err := h.answerBy(s(h))
		return err
	}
}

func cutting(n int) func(h *hostileCase) error {
	return func(h *hostileCase) error {
		return h.changed("", func(s string) string { return s[:len(s)-n] })
	}
}

// flipping flips a bit of the sealed text, at a part of its length.
func flipping(part float64) func(h *hostileCase) error {
	return func(h *hostileCase) error {
		return h.changed("", func(s string) string {
			enc := base64.RawURLEncoding
			if h.c.block {
				enc = base64.StdEncoding
			}
			raw, err := enc.DecodeString(s)
			check(h.here().t, err)
			raw[int(part*float64(len(raw)-1))] ^= 0x10
			return enc.EncodeToString(raw)
		})
	}
}

func resettled(h *hostileCase) { // the same name again, with all that belonged to it
	a := h.here()
	a.remove("ada")
	a.level(mfaOptional)
	h.k = h.c.seed(a)
}

// hostileAttacks is what is done to each challenge.
var hostileAttacks = []attack{
	{name: "another user", send: func(h *hostileCase) error {
		return h.changed("USERNAME", func(string) string { return "bob" })
	}, text: invalid},
	{name: "nobody", send: func(h *hostileCase) error {
		return h.changed("USERNAME", func(string) string { return "nobody" })
	}, text: func(h *hostileCase) string {
		if h.c.asks == verifier {
			return "User does not exist."
		}
		return invalid(h)
	}},
	{name: "another client", send: byOther(func(h *hostileCase) side { return side{h.sibling, h.signed} }), text: invalid},
	{name: "another pool", change: func(h *hostileCase) { h.other.user("ada", "email", mail, "phone_number", phone) },
		send: byOther(func(h *hostileCase) side { return side{h.other, h.signed} }), text: invalid},
	{name: "the other family of operations", send: byOther(func(h *hostileCase) side { return side{h.here(), !h.signed} }), text: invalid},
	{name: "other steps", send: otherSteps, text: says(isInvalid), not: func(c hostileChallenge) bool { return c.block }},
	{name: "the other kind of block", send: otherBlock, text: says(isWrong), not: func(c hostileChallenge) bool { return !c.block }},
	{name: "truncated", send: cutting(4), text: invalid},
	{name: "a bit of the beginning", send: flipping(0), text: invalid},
	{name: "a bit of the middle", send: flipping(0.5), text: invalid},
	{name: "a bit of the end", send: flipping(1), text: invalid},
	{name: "expired", change: func(h *hostileCase) { h.here().clock.Advance(3 * time.Minute) },
		text: func(h *hostileCase) string { return h.refusal(isOver) }, then: anew},
	{name: "password set", change: func(h *hostileCase) { h.here().setPassword("ada", password) }, text: invalid, then: anew},
	{name: "factor changed", change: func(h *hostileCase) {
		a := h.here()
		check(a.t, a.updateOf("ada", "email", mail, "phone_number", phone))
		for _, on := range []bool{true, false} {
			check(a.t, a.prefer("ada", useEmail(on, false)))
		}
	}, text: invalid, then: gone},
	{name: "disabled", change: func(h *hostileCase) { h.here().disable("ada") }, text: func(h *hostileCase) string {
		if h.c.asks == verifier {
			return "User is disabled."
		}
		return invalid(h)
	}, then: gone},
	{name: "disabled and back", change: func(h *hostileCase) { h.here().disable("ada"); h.here().enable("ada") }, text: invalid, then: anew},
	{name: "deleted", change: func(h *hostileCase) { h.here().remove("ada") }, text: func(h *hostileCase) string {
		if h.c.asks == verifier {
			return "User does not exist."
		}
		return invalid(h)
	}, then: gone},
	{name: "deleted, same name again", change: resettled, text: invalid, then: anew},
	{name: "client deleted", change: func(h *hostileCase) {
		a := h.here()
		_, err := a.DeleteUserPoolClient(a.t.Context(), &userpool.DeleteUserPoolClientInput{UserPoolId: a.pool, ClientId: a.client})
		check(a.t, err)
	}, code: userpool.ErrResourceNotFound, text: says(""), then: gone},
	{name: "restored", change: func(h *hostileCase) {
		restored := h.here().restored()
		h.side.app, h.hostileBench.app = restored, restored
	}, text: invalid, then: anew},
	{name: "flow switched off", change: func(h *hostileCase) { h.here().setFlows("ALLOW_REFRESH_TOKEN_AUTH") },
		code: userpool.ErrInvalidParameter, text: says(""), then: gone},
	{name: "replayed", change: func(h *hostileCase) {
		_, err := h.answer()
		check(h.here().t, err)
	}, text: func(h *hostileCase) string { return h.refusal(wasUsed) }, then: gone, not: func(c hostileChallenge) bool { return c.reads }},
}

// otherSteps sends the session as the answer to every other challenge that has one.
func otherSteps(h *hostileCase) error {
	credential := "{}"
	var last error
	for c, pairs := range map[userpool.ChallengeNameType][]string{
		newPassword: {"NEW_PASSWORD", another}, smsMFA: {"SMS_MFA_CODE", "123456"}, bySMS: {"SMS_OTP_CODE", "12345678"}, byMail: {"EMAIL_OTP_CODE", "12345678"},
		totpMFA: {"SOFTWARE_TOKEN_MFA_CODE", "123456"}, selectMFA: {"ANSWER", "SMS_MFA"}, setupMFA: {"EMAIL", "evil@example.com"},
		selection: {"ANSWER", "PASSWORD", "PASSWORD", password}, byPass: {"PASSWORD", password}, bySRP: {"SRP_A", "abcdef"},
		webAuthn: {"CREDENTIAL", credential}, customChallenge: {"ANSWER", "answer 0"}, deviceSRP: {"DEVICE_KEY", "us-east-1_x", "SRP_A", "abcdef"},
		"SIGN_UP": {}, "CONFIRM_SIGN_UP": {},
	} {
		if c == h.c.asks {
			continue
		}
		_, err := h.side.send(h.here().t.Context(), c, h.w.session, asMap(append(pairs, "USERNAME", "ada")))
		if errors.Is(err, userpool.ErrInvalidParameter) && strings.Contains(string(c), "SIGN_UP") {
			continue // no challenge of the model
		}
		if last = err; errorText(err) != isInvalid {
			return fmt.Errorf("as %s: %w", c, err)
		}
	}
	return last
}

// otherBlock sends the block of a password as a device's, and the other way round.
func otherBlock(h *hostileCase) error {
	responses, c := h.w.right(h.side), deviceVerifier
	if h.c.asks == c {
		c = verifier
		delete(responses, "DEVICE_KEY")
	} else {
		responses["DEVICE_KEY"] = "us-east-1_12345678-1234-1234-1234-123456789012"
	}
	_, err := h.side.send(h.here().t.Context(), c, h.w.session, responses)
	return err
}

// eachChallenge prepares every challenge once, for both families of operations, and runs the cells on forks.
func eachChallenge(t *testing.T, cells func(c hostileChallenge) map[string]func(h *hostileCase)) {
	t.Helper()
	usual := newHostileBench(t, userpool.AuthFactorTypeEmailOtp, userpool.AuthFactorTypeSmsOtp, userpool.AuthFactorTypeWebAuthn)
	demanding := newHostileBench(t)
	for _, c := range hostileChallenges() {
		for _, signed := range []bool{false, true} {
			name := c.name
			if signed {
				name += " (admin)"
			}
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				world := usual.fork(t)
				if c.asks == setupMFA {
					world = demanding.fork(t)
				}
				s := side{world.app, signed}
				k := c.seed(world.app)
				world.app.deliver()
				w := c.reach(s, k)
				for cell, run := range cells(c) {
					t.Run(cell, func(t *testing.T) {
						t.Parallel()
						here := world.fork(t)
						run(&hostileCase{hostileBench: here, side: side{here.app, signed}, c: c, k: k, w: w})
					})
				}
			})
		}
	}
}

// genuine sees to it that the right answer leads on.
func (h *hostileCase) genuine(w waiting) {
	a := h.here()
	a.t.Helper()
	h.w = w
	out, err := h.answer()
	if err != nil {
		a.t.Fatalf("afterwards the right answer fails: %v", err)
	}
	if (out.tokens != nil) != h.c.ends || out.tokens == nil && out.challenge == "" {
		a.t.Errorf("afterwards the right answer leads to %q, tokens %t", out.challenge, out.tokens != nil)
	}
	if out.tokens != nil {
		if _, err := a.getUser(out.tokens.AccessToken); err != nil {
			a.t.Error(err)
		}
	}
}

// AUTH-160, AUTH-164, AUTH-165: no attack on any challenge leads anywhere or changes anything, each is answered as documented, and what
// the owner does works afterwards (C2, C4, H18).
func TestC4_HostileMatrix(t *testing.T) {
	t.Parallel()
	eachChallenge(t, func(c hostileChallenge) map[string]func(h *hostileCase) {
		cells := map[string]func(h *hostileCase){"nothing": func(h *hostileCase) { h.genuine(h.w) }}
		for _, x := range hostileAttacks {
			if x.not != nil && x.not(c) {
				continue
			}
			cells[x.name] = func(h *hostileCase) {
				t := h.here().t
				if x.change != nil {
					x.change(h)
				}
				before := h.state()
				var err error
				if x.send != nil {
					err = x.send(h)
				} else {
					_, err = h.answer()
				}
				code := x.code
				if code == "" {
					code = userpool.ErrNotAuthorized
				}
				if errorText(err) == "User does not exist." {
					code = userpool.ErrUserNotFound
				}
				refused(t, err, code, x.text(h))
				if after := h.state(); after != before {
					t.Errorf("something changed:\n%s\n%s", before, after)
				}
				switch x.then {
				case stays:
					h.genuine(h.w)
				case anew:
					switch {
					case c.asks == newPassword && x.name == "password set": // which was permanent
						return
					case c.asks == setupMFA && c.ends && x.name != "deleted, same name again": // AUTH-337: what was set up stays
						return
					}
					h.genuine(c.reach(h.side, h.k))
				}
			}
		}
		return cells
	})
}

// The things that can happen while a sign-in's functions run, and what the sign-in is answered then.
var hostileMeanwhile = map[string]struct {
	do   func(h *hostileCase)
	code awsapi.Code
	text string
}{
	"disabled":          {func(h *hostileCase) { h.here().disable("ada") }, userpool.ErrNotAuthorized, "User is disabled."},
	"disabled and back": {func(h *hostileCase) { h.here().disable("ada"); h.here().enable("ada") }, userpool.ErrNotAuthorized, isWrong},
	"deleted":           {func(h *hostileCase) { h.here().remove("ada") }, userpool.ErrUserNotFound, ""},
	"made again":        {resettled, userpool.ErrUserNotFound, ""},
	"password set":      {func(h *hostileCase) { h.here().setPassword("ada", password) }, userpool.ErrNotAuthorized, isWrong},
	"signed out": {func(h *hostileCase) {
		a := h.here()
		_, err := a.AdminUserGlobalSignOut(a.t.Context(), &userpool.AdminUserGlobalSignOutInput{UserPoolId: a.pool, Username: "ada"})
		check(a.t, err)
	}, userpool.ErrNotAuthorized, isWrong},
	"factor changed": {func(h *hostileCase) {
		a := h.here()
		check(a.t, a.updateOf("ada", "email", mail))
		for _, on := range []bool{true, false} {
			check(a.t, a.prefer("ada", useEmail(on, false)))
		}
	}, userpool.ErrNotAuthorized, isWrong},
	"flow switched off": {func(h *hostileCase) { h.here().setFlows("ALLOW_REFRESH_TOKEN_AUTH") }, userpool.ErrInvalidParameter, ""},
	"client deleted": {func(h *hostileCase) {
		a := h.here()
		_, err := a.DeleteUserPoolClient(a.t.Context(), &userpool.DeleteUserPoolClientInput{UserPoolId: a.pool, ClientId: a.client})
		check(a.t, err)
	}, userpool.ErrResourceNotFound, ""},
	"pool deleted": {func(h *hostileCase) {
		a := h.here()
		_, err := a.DeleteUserPool(a.t.Context(), &userpool.DeleteUserPoolInput{UserPoolId: a.pool})
		check(a.t, err)
	}, userpool.ErrResourceNotFound, ""},
}

// C2: what ends the reason for a sign-in while its functions run, between reading and commit, ends the sign-in.
func TestC2_HostileMeanwhile(t *testing.T) {
	t.Parallel()
	eachChallenge(t, func(c hostileChallenge) map[string]func(h *hostileCase) {
		if !c.ends {
			return nil
		}
		cells := map[string]func(h *hostileCase){}
		for name, x := range hostileMeanwhile {
			for _, where := range []string{"post authentication", "pre token generation"} {
				cells[name+" in "+where] = func(h *hostileCase) {
					t := h.here().t
					var middle string
					times := 0
					ctx := context.WithValue(t.Context(), meanwhileKey(where), func() {
						if times++; times == 1 {
							x.do(h)
							if name != "pool deleted" {
								middle = h.state()
							}
						}
					})
					_, err := h.side.send(ctx, c.asks, h.w.session, h.w.right(h.side))
					if times == 0 {
						t.Fatal("the function was not called")
					}
					refused(t, err, x.code, x.text)
					if name == "pool deleted" {
						return
					}
					if after := h.state(); after != middle {
						t.Errorf("something changed:\n%s\n%s", middle, after)
					}
				}
			}
		}
		return cells
	})
}
