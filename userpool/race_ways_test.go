package userpool_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/cenote-auth/cenote/store/driver"
	"github.com/cenote-auth/cenote/userpool"
	"github.com/cenote-auth/cenote/webauthntest"
)

// way is a way to a challenge or to a code: how one comes to wait for its answer, and what callers who race for it are answered.
type way struct {
	name      string
	demanding bool // in a pool that demands second factors
	seed      func(a app) hands
	open      func(s side, k hands) open
	several   bool // its answer is several calls, or one of many challenges
	public    bool // only one family of operations has it
	shared    bool // there is one code for all callers; else each opens a challenge of his own

	guesses *guesses // nil if there is nothing to guess
	losers  []string // what right answers after the first are answered; nil if the answer uses nothing up
}

// racers is how many callers race.
const racers = 32

// open is a challenge or a code that waits: its right answer and a wrong one, to be given on any node.
type open struct{ right, wrong func(on app) error }

// eachWay prepares every way once, for both families of operations.
func eachWay(t *testing.T, run func(t *testing.T, w way, s side, k hands)) {
	t.Helper()
	usual := newHostileBench(t, userpool.AuthFactorTypeEmailOtp, userpool.AuthFactorTypeSmsOtp, userpool.AuthFactorTypeWebAuthn)
	demanding := newHostileBench(t)
	for _, w := range ways() {
		for _, signed := range []bool{false, true} {
			if w.public && signed {
				continue
			}
			name := w.name
			if signed {
				name += " (admin)"
			}
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				world := usual
				if w.demanding {
					world = demanding
				}
				a := world.fork(t).app
				k := w.seed(a)
				a.deliver()
				run(t, w, side{a, signed}, k)
			})
		}
	}
}

// ways are those to every challenge, and to what is no challenge but used once or guessed at.
func ways() []way {
	var list []way
	for _, c := range hostileChallenges() {
		if !c.reads { // that one is part of a way below
			list = append(list, c.asWay())
		}
	}
	return append(list, furtherWays...)
}

// asWay is the challenge as a way.
func (c hostileChallenge) asWay() way {
	w := way{name: c.name, demanding: c.asks == setupMFA, seed: c.seed, guesses: c.guesses(), losers: []string{wasUsed}}
	if c.block {
		w.losers = []string{isWrong}
	}
	w.open = func(s side, k hands) open {
		x := c.reach(s, k)
		right := x.right(s)
		return open{
			right: func(on app) error { return c.sendAs(s, on, x.session, maps.Clone(right)) },
			wrong: func(on app) error { return c.sendAs(s, on, x.session, c.spoiled(on, k, right)) },
		}
	}
	return w
}

// sendAs answers on a node what was begun by s.
func (c hostileChallenge) sendAs(s side, on app, session string, responses map[string]string) error {
	_, err := side{on, s.signed}.send(on.t.Context(), c.asks, session, responses)
	return err
}

// guesses says how often the challenge may be answered wrong.
func (c hostileChallenge) guesses() *guesses {
	switch c.asks {
	case verifier, byPass, selection:
		return passwordGuesses
	case smsMFA, byMail, bySMS:
		return factorGuesses(wrongCode)
	case totpMFA:
		return factorGuesses(totpIsWrong)
	case webAuthn, deviceVerifier:
		return factorGuesses(isWrong)
	case customChallenge: // a wrong answer leads to the next question
		return factorGuesses("")
	}
	return nil
}

// spoiled returns a wrong answer in place of the right one.
func (c hostileChallenge) spoiled(a app, k hands, right map[string]string) map[string]string {
	r := maps.Clone(right)
	for key, spoil := range map[string]func(string) string{
		"SMS_MFA_CODE": notCode, "EMAIL_OTP_CODE": notCode, "SMS_OTP_CODE": notCode, "PASSWORD": func(string) string { return another },
		"SOFTWARE_TOKEN_MFA_CODE":  func(string) string { return softToken{a, k.secret}.wrong() },
		"PASSWORD_CLAIM_SIGNATURE": flip,
		"CREDENTIAL": func(s string) string {
			before, signature, _ := strings.Cut(s, `"signature":"`)
			return before + `"signature":"` + flip(signature)
		},
	} {
		if r[key] != "" {
			r[key] = spoil(r[key])
		}
	}
	if c.asks == customChallenge {
		r["ANSWER"] = "another answer"
	}
	return r
}

// hiding hides who exists from the client of the hostile bench, where ada does not exist.
func hiding(a app) hands {
	_, err := a.UpdateUserPoolClient(a.t.Context(), &userpool.UpdateUserPoolClientInput{
		UserPoolId: a.pool, ClientId: a.client, PreventUserExistenceErrors: userpool.PreventUserExistenceErrorTypesEnabled,
		ExplicitAuthFlows: []userpool.ExplicitAuthFlowsType{
			userpool.ExplicitAuthFlowsTypeAllowUserAuth, userpool.ExplicitAuthFlowsTypeAllowUserSrpAuth, userpool.ExplicitAuthFlowsTypeAllowUserPasswordAuth,
			userpool.ExplicitAuthFlowsTypeAllowAdminUserPasswordAuth,
		},
	})
	check(a.t, err)
	return hands{}
}

// beginBy is a sign-in whose first request has the password.
func beginBy(flow userpool.AuthFlowType, pairs ...string) func(s side, _ hands) open {
	return func(s side, _ hands) open {
		with := func(password string) func(on app) error {
			return func(on app) error {
				pairs := append([]string{"USERNAME", "ada", "PASSWORD", password}, pairs...)
				if s.signed && flow == passwordAuth {
					_, err := on.adminBegin(userpool.AuthFlowTypeAdminUserPasswordAuth, pairs...)
					return err
				}
				if s.signed {
					_, err := on.adminBegin(flow, pairs...)
					return err
				}
				_, err := on.begin(flow, pairs...)
				return err
			}
		}
		return open{with(password), with(another)}
	}
}

// ofNobody is a way of somebody who does not exist: only wrong answers.
func ofNobody(f func(s side, k hands) open) func(s side, k hands) open {
	return func(s side, k hands) open { return open{nil, f(s, k).wrong} }
}

// byAccess is a way by a new access token of ada.
func byAccess(f func(s side, access string) open) func(s side, _ hands) open {
	return func(s side, _ hands) open { return f(s, s.signIn("ada").AccessToken) }
}

// coded is a code that was sent to ada, and what takes it.
func coded(s side, take func(on app, code string) error) open {
	code := s.code(mail)
	return open{
		right: func(on app) error { return take(on, code) },
		wrong: func(on app) error { return take(on, notCode(code)) },
	}
}

// tokenIn is a software token that waits for its first code.
func tokenIn(k softToken, take func(on app, code string) error) open {
	right := k.code(0)
	return open{
		right: func(on app) error { return take(on, right) },
		wrong: func(on app) error { return take(on, k.wrong()) },
	}
}

// settingUp begins a sign-in that has to set a second factor up.
func settingUp(s side) string {
	return hostileChallenge{asks: setupMFA}.expect(s, s.start(passwordAuth, "PASSWORD", password)).session
}

const alreadyConfirmed = "User cannot be confirmed. Current status is CONFIRMED"

var furtherWays = []way{
	{name: "USER_PASSWORD_AUTH", seed: adaHasBoth, open: beginBy(passwordAuth), guesses: passwordGuesses},
	{name: "USER_AUTH with a password", seed: adaHasBoth, open: beginBy(userAuth, "PREFERRED_CHALLENGE", "PASSWORD"), guesses: passwordGuesses},
	{name: "password of nobody", seed: hiding, open: ofNobody(beginBy(passwordAuth)), guesses: passwordGuesses},
	{name: "PASSWORD_VERIFIER of nobody", seed: hiding, open: ofNobody(challengeNamed("PASSWORD_VERIFIER").open), guesses: passwordGuesses},
	{name: "EMAIL_OTP of nobody", seed: hiding, guesses: factorGuesses(wrongCode), open: func(s side, _ hands) open {
		out := s.start(userAuth, "PREFERRED_CHALLENGE", string(byMail))
		return open{wrong: func(on app) error {
			return hostileChallenge{asks: byMail}.sendAs(s, on, out.session, asMap([]string{"USERNAME", "ada", "EMAIL_OTP_CODE", "12345678"}))
		}}
	}},
	{name: "EMAIL_OTP of MFA_SETUP", demanding: true, seed: adaHasNothing, losers: []string{wasUsed}, guesses: factorGuesses(wrongCode), open: func(s side, _ hands) open {
		out, err := s.send(s.t.Context(), setupMFA, settingUp(s), asMap([]string{"USERNAME", "ada", "EMAIL", mail}))
		check(s.t, err)
		return coded(s, func(on app, code string) error {
			return hostileChallenge{asks: byMail}.sendAs(s, on, out.session, asMap([]string{"USERNAME", "ada", "EMAIL_OTP_CODE", code}))
		})
	}},
	{name: "DEVICE_SRP_AUTH and its verifier", seed: adaHasDevice, public: true, several: true, losers: []string{isWrong, wasUsed}, guesses: factorGuesses(isWrong), open: func(s side, k hands) open {
		session := s.deviceSession("ada", k.device)
		by := func(d device) func(on app) error {
			return func(on app) error { _, err := on.through("ada", session, d); return err }
		}
		wrong := k.device
		wrong.password = another
		return open{by(k.device), by(wrong)}
	}},
	{name: "blocks of one device session", seed: adaHasDevice, public: true, several: true, losers: []string{isWrong}, open: func(s side, k hands) open {
		session := s.deviceSession("ada", k.device)
		claims := make(chan map[string]string, racers)
		for range racers {
			p := s.proveDevice("ada", k.device)
			asked, err := p.start(session)
			check(s.t, err)
			claims <- p.claim(asked)
		}
		return open{right: func(on app) error {
			claim := <-claims
			claims <- maps.Clone(claim)
			_, err := on.proveDevice("ada", k.device).finish(claim)
			return err
		}}
	}},
	{name: "AssociateSoftwareToken in MFA_SETUP", demanding: true, seed: adaHasNothing, losers: []string{wasUsed}, open: func(s side, _ hands) open {
		session := settingUp(s)
		return open{right: func(on app) error { _, _, err := on.associateIn(session); return err }}
	}},
	{name: "VerifySoftwareToken in MFA_SETUP", demanding: true, seed: adaHasNothing, losers: []string{wasUsed}, guesses: factorGuesses(setupIsWrong), open: func(s side, _ hands) open {
		k, session, err := s.associateIn(settingUp(s))
		check(s.t, err)
		return tokenIn(k, func(on app, code string) error { _, err := on.verifyIn(session, code); return err })
	}},
	{
		name: "VerifySoftwareToken by token", seed: adaHasBoth, public: true, shared: true, losers: []string{totpMissing, isInvalid}, guesses: factorGuesses(setupIsWrong),
		open: byAccess(func(s side, access string) open {
			k, err := s.associate(access)
			check(s.t, err)
			return tokenIn(k, func(on app, code string) error { return on.verifyToken(access, code) })
		}),
	},
	{name: "the session of a sign-up", seed: noHands, public: true, losers: []string{wasUsed}, open: func(s side, _ hands) open {
		session, code := s.signUpSession("ada")
		out, err := s.confirmWith("ada", code, session)
		check(s.t, err)
		return open{right: func(on app) error {
			_, err := on.InitiateAuth(on.t.Context(), on.withSession("ada", out.Session))
			return err
		}}
	}},
	{
		name: "ConfirmSignUp", public: true, shared: true, losers: []string{alreadyConfirmed}, guesses: codeGuesses(15),
		seed: func(a app) hands { a.signUp("ada", "email", mail); return hands{} },
		open: func(s side, _ hands) open {
			_, err := s.resend("ada")
			check(s.t, err)
			return coded(s, func(on app, code string) error { return on.confirm("ada", code) })
		},
	},
	{
		name: "ConfirmForgotPassword", public: true, shared: true, losers: []string{codeIsOver, tooOften}, guesses: codeGuesses(19), // and one request
		seed: adaHas("email", mail), open: func(s side, _ hands) open {
			_, err := s.forgot("ada")
			check(s.t, err)
			return coded(s, func(on app, code string) error { return on.reset("ada", code, password) })
		},
	},
	{
		name: "VerifyUserAttribute", seed: adaHas("email", mail), public: true, shared: true, losers: []string{codeIsOver, tooOften}, guesses: codeGuesses(15),
		open: byAccess(func(s side, access string) open {
			_, err := s.askCode(access, "email")
			check(s.t, err)
			return coded(s, func(on app, code string) error { return on.verify(access, "email", code) })
		}),
	},
	{
		name: "ChangePassword", seed: adaHasBoth, public: true, shared: true,
		guesses: &guesses{wrong: isWrong, heard: 5, late: tooOften, wait: hour, fresh: true},
		open: byAccess(func(s side, access string) open {
			from := func(from string) func(on app) error {
				return func(on app) error { return on.change(access, from, another+"1") }
			}
			return open{from(password), from(another)}
		}),
	},
	{name: "ConfirmDevice", seed: adaHasBoth, public: true, losers: []string{"Device already exists."}, open: func(s side, _ hands) open {
		d := s.newDevice("ada")
		return open{right: func(on app) error { _, err := on.confirmDevice(d); return err }}
	}},
	{
		name: "CompleteWebAuthnRegistration", seed: adaHasBoth, public: true, losers: []string{"The challenge was not found or has expired."},
		open: byAccess(func(s side, access string) open {
			credential := s.answer(webauthntest.New(webauthntest.Config{Origin: siteOrigin}), s.creation(access))
			return open{right: func(on app) error { return on.finish(access, credential) }}
		}),
	},
}

func noHands(app) hands { return hands{} }

// challengeNamed is the challenge of that name as a way.
func challengeNamed(name string) way {
	list := hostileChallenges()
	return list[slices.IndexFunc(list, func(c hostileChallenge) bool { return c.name == name })].asWay()
}

// holds tells how many records there are of every kind that an answer can write, and how often they were written. What counts attempts
// is left out: a refused answer may be counted.
func (b *bench) holds() map[string]string {
	b.t.Helper()
	out := map[string]string{}
	for _, kind := range []string{
		"user", "family", "sso", "device", "used", "session", "factor", "code", "message", "keys", "passkeychallenge", "ghost", "authevent",
	} {
		var versions int64
		err := b.db.View(b.t.Context(), func(r driver.Reader) error {
			recs, _, err := r.Scan(b.t.Context(), driver.Range{Kind: kind, Limit: 1000})
			for _, rec := range recs {
				versions += rec.Version
			}
			out[kind] = fmt.Sprintf("%d records, written %d times", len(recs), versions)
			return err
		})
		check(b.t, err)
	}
	return out
}
