package userpool_test

import (
	"context"
	"maps"
	"testing"

	"github.com/cenote-auth/cenote/srp"
	"github.com/cenote-auth/cenote/trigger"
	"github.com/cenote-auth/cenote/userpool"
	"github.com/cenote-auth/cenote/webauthntest"
)

// hostileBench is the world of the hostile matrix: one pool where everything can be asked, a second client of it, a second pool, and
// bob. ada comes with each challenge. What sign-ins begin with beside a password is given: a pool that demands second factors has no
// codes there.
type hostileBench struct {
	app
	sibling, other app
}

func newHostileBench(t *testing.T, first ...userpool.AuthFactorType) hostileBench {
	b := setup(t, manyMessages)
	q := &quiz{rounds: 1}
	c := q.lambdas(b)
	c.PostAuthentication = on(b, "post", func(ctx context.Context, e trigger.PostAuthenticationEvent) (trigger.PostAuthenticationEvent, error) {
		meanwhile(ctx, "post authentication")
		return e, nil
	})
	c.PreTokenGeneration = on(b, "tokens", func(ctx context.Context, e trigger.PreTokenGenerationEvent) (trigger.PreTokenGenerationEvent, error) {
		meanwhile(ctx, "pre token generation")
		return e, nil
	})
	options := []any{lambdas(c), ownMail, withSMS, tracking(false, true), factors(append(first, userpool.AuthFactorTypePassword)...), flows(
		"ALLOW_USER_AUTH", "ALLOW_USER_SRP_AUTH", "ALLOW_USER_PASSWORD_AUTH", "ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_CUSTOM_AUTH", "ALLOW_REFRESH_TOKEN_AUTH",
	), legacy}
	h := hostileBench{app: b.app(append(options, func(in *userpool.CreateUserPoolClientInput) { in.ClientName = "_custom_id_:hostile" })...)}
	h.other = b.app(options...)
	h.sibling = h.app.sibling(options...)
	for _, x := range []app{h.app, h.other} {
		x.level(mfaOptional)
		check(t, x.tracking(true, 50))
		x.user("bob", "email", "bob@example.com", "phone_number", "+14155550102")
		x.signIn("bob") // makes all keys, so that forks have the same
	}
	return h
}

// level sets whether second factors are demanded in a pool that has all of them.
func (a app) level(l userpool.UserPoolMfaType) {
	a.t.Helper()
	_, err := a.SetUserPoolMfaConfig(a.t.Context(), &userpool.SetUserPoolMfaConfigInput{
		UserPoolId: a.pool, MfaConfiguration: l, EmailMfaConfiguration: &userpool.EmailMfaConfigType{},
		SmsMfaConfiguration:           &userpool.SmsMfaConfigType{SmsConfiguration: roleSMS()},
		SoftwareTokenMfaConfiguration: &userpool.SoftwareTokenMfaConfigType{Enabled: true},
		WebAuthnConfiguration:         &userpool.WebAuthnConfigurationType{RelyingPartyId: site},
	})
	check(a.t, err)
}

func (h hostileBench) fork(t *testing.T) hostileBench {
	h.app = h.app.fork(t)
	h.sibling.bench, h.other.bench = h.bench, h.bench
	return h
}

// meanwhile runs what a test wants to happen while a function of the pool runs.
func meanwhile(ctx context.Context, where string) {
	if f, ok := ctx.Value(meanwhileKey(where)).(func()); ok {
		f()
	}
}

type meanwhileKey string

// side is one of the two families of operations that sign in.
type side struct {
	app
	signed bool
}

// stepOut is what both answer.
type stepOut struct {
	challenge userpool.ChallengeNameType
	session   string
	params    map[string]string
	tokens    *userpool.AuthenticationResultType
}

// start begins a sign-in of ada.
func (s side) start(flow userpool.AuthFlowType, pairs ...string) stepOut {
	s.t.Helper()
	pairs = append(pairs, "USERNAME", "ada")
	if s.signed {
		if flow == userpool.AuthFlowTypeUserPasswordAuth {
			flow = userpool.AuthFlowTypeAdminUserPasswordAuth
		}
		out, err := s.adminBegin(flow, pairs...)
		check(s.t, err)
		return stepOut{out.ChallengeName, out.Session, out.ChallengeParameters, out.AuthenticationResult}
	}
	out, err := s.begin(flow, pairs...)
	check(s.t, err)
	return stepOut{out.ChallengeName, out.Session, out.ChallengeParameters, out.AuthenticationResult}
}

// send answers a challenge. An error has no answer beside it.
func (s side) send(ctx context.Context, c userpool.ChallengeNameType, session string, responses map[string]string) (stepOut, error) {
	s.t.Helper()
	if s.signed {
		out, err := s.AdminRespondToAuthChallenge(ctx, &userpool.AdminRespondToAuthChallengeInput{
			UserPoolId: s.pool, ClientId: s.client, ChallengeName: c, Session: session, ChallengeResponses: responses,
		})
		if err != nil {
			if out != nil {
				s.t.Error("there is an answer beside the error")
			}
			return stepOut{}, err
		}
		return stepOut{out.ChallengeName, out.Session, out.ChallengeParameters, out.AuthenticationResult}, nil
	}
	out, err := s.RespondToAuthChallenge(ctx, &userpool.RespondToAuthChallengeInput{
		ClientId: s.client, ChallengeName: c, Session: session, ChallengeResponses: responses,
	})
	if err != nil {
		if out != nil {
			s.t.Error("there is an answer beside the error")
		}
		return stepOut{}, err
	}
	return stepOut{out.ChallengeName, out.Session, out.ChallengeParameters, out.AuthenticationResult}, nil
}

// waiting is a sign-in of ada that waits for an answer, and the right one.
type waiting struct {
	session string
	right   func(s side) map[string]string
}

// fixed is a right answer that is known beforehand.
func fixed(out stepOut, pairs ...string) waiting {
	m := asMap(append(pairs, "USERNAME", "ada"))
	return waiting{out.session, func(side) map[string]string { return maps.Clone(m) }}
}

// what is in ada's hands.
type hands struct {
	secret string // of her software token
	device device
	key    *webauthntest.Authenticator
}

// hostileChallenge says how to get to a challenge, and how to answer it.
type hostileChallenge struct {
	name  string
	asks  userpool.ChallengeNameType
	flow  userpool.AuthFlowType
	seed  func(a app) hands
	reach func(s side, k hands) waiting
	ends  bool // the right answer leads to tokens
	block bool // the state is in a secret block: what does not fit it is a wrong password
	reads bool // the answer uses nothing up; what it leads to does
	first bool // the first factor itself
}

func (c hostileChallenge) expect(s side, out stepOut) stepOut {
	s.t.Helper()
	if out.challenge != c.asks {
		s.t.Fatalf("asked for %q, want %s", out.challenge, c.asks)
	}
	return out
}

const (
	passwordAuth   = userpool.AuthFlowTypeUserPasswordAuth
	deviceSRP      = userpool.ChallengeNameTypeDeviceSrpAuth
	deviceVerifier = userpool.ChallengeNameTypeDevicePasswordVerifier
)

// The seeds.

func adaHas(pairs ...string) func(a app) hands {
	return func(a app) hands {
		a.user("ada", pairs...)
		return hands{}
	}
}

var adaHasBoth = adaHas("email", mail, "phone_number", phone)

// preferring gives ada second factors.
func preferring(sets ...func(*userpool.AdminSetUserMFAPreferenceInput)) func(a app) hands {
	return func(a app) hands {
		k := adaHasBoth(a)
		k.secret = a.token("ada").secret
		check(a.t, a.prefer("ada", all(sets...)))
		return k
	}
}

// adaHasNothing has her set a second factor up.
func adaHasNothing(a app) hands {
	k := adaHas()(a)
	a.level(mfaOn)
	return k
}

func adaHasDevice(a app) hands {
	adaHasBoth(a)
	return hands{device: a.confirmedDevice("ada")}
}

func adaHasPasskey(a app) hands {
	adaHasBoth(a)
	k := hands{key: webauthntest.New(webauthntest.Config{Origin: siteOrigin})}
	a.register(a.signIn("ada").AccessToken, k.key)
	return k
}

// wishing begins by USER_AUTH with a wish.
func (c hostileChallenge) wishing(s side, wish userpool.ChallengeNameType) stepOut {
	return c.expect(s, s.start(userAuth, "PREFERRED_CHALLENGE", string(wish)))
}

func proofOf(login *srp.Login, out stepOut) waiting {
	return waiting{out.session, func(s side) map[string]string {
		r, err := login.Respond(out.params, s.clock.Now())
		check(s.t, err)
		return r
	}}
}

// hostileChallenges is every challenge, with how to get there and the right answer.
func hostileChallenges() []hostileChallenge {
	list := []hostileChallenge{
		{name: "PASSWORD_VERIFIER", asks: verifier, flow: userpool.AuthFlowTypeUserSrpAuth, seed: adaHasBoth, ends: true, block: true, first: true},
		{name: "PASSWORD_VERIFIER of a choice", asks: verifier, flow: userAuth, seed: adaHasBoth, ends: true, block: true, first: true},
		{name: "PASSWORD_VERIFIER of functions", asks: verifier, flow: customAuth, seed: adaHasBoth, block: true, first: true},
		{name: "NEW_PASSWORD_REQUIRED", asks: newPassword, flow: passwordAuth, ends: true, seed: func(a app) hands {
			a.newcomer("ada", "email", mail)
			return hands{}
		}},
		{name: "SMS_MFA", asks: smsMFA, flow: passwordAuth, seed: preferring(useSMS(true, false)), ends: true},
		{name: "EMAIL_OTP second", asks: emailMFA, flow: passwordAuth, seed: preferring(useEmail(true, false)), ends: true},
		{name: "SOFTWARE_TOKEN_MFA", asks: totpMFA, flow: passwordAuth, seed: preferring(useTOTP(true, false)), ends: true},
		{name: "SELECT_MFA_TYPE", asks: selectMFA, flow: passwordAuth, seed: preferring(useTOTP(true, false), useSMS(true, false))},
		{name: "MFA_SETUP", asks: setupMFA, flow: passwordAuth, ends: true, seed: adaHasNothing},
		{name: "MFA_SETUP by mail", asks: setupMFA, flow: passwordAuth, seed: adaHasNothing},
		{name: "SELECT_CHALLENGE", asks: selection, flow: userAuth, seed: adaHasBoth, ends: true},
		{name: "PASSWORD", asks: byPass, flow: userAuth, seed: adaHasBoth, ends: true, first: true},
		{name: "PASSWORD_SRP", asks: bySRP, flow: userAuth, seed: adaHasBoth},
		{name: "EMAIL_OTP first", asks: byMail, flow: userAuth, seed: adaHasBoth, ends: true, first: true},
		{name: "SMS_OTP", asks: bySMS, flow: userAuth, seed: adaHasBoth, ends: true, first: true},
		{name: "WEB_AUTHN", asks: webAuthn, flow: userAuth, seed: adaHasPasskey, ends: true, first: true},
		{name: "CUSTOM_CHALLENGE", asks: customChallenge, flow: customAuth, seed: adaHasBoth, ends: true, first: true},
		{name: "DEVICE_SRP_AUTH", asks: deviceSRP, flow: passwordAuth, seed: adaHasDevice, reads: true},
		{name: "DEVICE_PASSWORD_VERIFIER", asks: deviceVerifier, flow: passwordAuth, seed: adaHasDevice, ends: true, block: true},
	}
	for i := range list {
		list[i].reach = list[i].way()
	}
	return list
}

// way returns how to get to the challenge.
func (c hostileChallenge) way() func(s side, k hands) waiting {
	byPassword := func(s side, pairs ...string) stepOut {
		return c.expect(s, s.start(passwordAuth, append(pairs, "PASSWORD", password)...))
	}
	switch c.asks {
	case verifier:
		return func(s side, _ hands) waiting {
			login := s.login("ada", password)
			pairs := []string{"SRP_A", login.Params()["SRP_A"]}
			switch c.flow {
			case userAuth:
				pairs = append(pairs, "PREFERRED_CHALLENGE", string(bySRP))
			case customAuth:
				pairs = append(pairs, "CHALLENGE_NAME", "SRP_A")
			}
			return proofOf(login, c.expect(s, s.start(c.flow, pairs...)))
		}
	case newPassword:
		return func(s side, _ hands) waiting {
			return fixed(byPassword(s), "NEW_PASSWORD", another, "userAttributes.nickname", "A")
		}
	case smsMFA:
		return func(s side, _ hands) waiting { return fixed(byPassword(s), "SMS_MFA_CODE", s.code(phone)) }
	case totpMFA:
		return func(s side, k hands) waiting {
			return waiting{byPassword(s).session, func(s side) map[string]string {
				return map[string]string{"USERNAME": "ada", "SOFTWARE_TOKEN_MFA_CODE": softToken{s.app, k.secret}.code(0)}
			}}
		}
	case selectMFA:
		return func(s side, _ hands) waiting { return fixed(byPassword(s), "ANSWER", "SMS_MFA") }
	case setupMFA:
		return func(s side, _ hands) waiting {
			out := byPassword(s)
			if !c.ends {
				return fixed(out, "EMAIL", "new@example.com")
			}
			k, session, err := s.associateIn(out.session)
			check(s.t, err)
			out.session, err = s.verifyIn(session, softToken{s.app, k.secret}.code(0))
			check(s.t, err)
			return fixed(out)
		}
	case selection:
		return func(s side, _ hands) waiting {
			return fixed(c.wishing(s, ""), "ANSWER", "PASSWORD", "PASSWORD", password)
		}
	case byPass:
		return func(s side, _ hands) waiting { return fixed(c.wishing(s, byPass), "PASSWORD", password) }
	case bySRP:
		return func(s side, _ hands) waiting {
			return fixed(c.wishing(s, bySRP), "SRP_A", s.login("ada", password).Params()["SRP_A"])
		}
	case byMail:
		if c.flow == passwordAuth {
			return func(s side, _ hands) waiting { return fixed(byPassword(s), "EMAIL_OTP_CODE", s.code(mail)) }
		}
		return func(s side, _ hands) waiting { return fixed(c.wishing(s, byMail), "EMAIL_OTP_CODE", s.code(mail)) }
	case bySMS:
		return func(s side, _ hands) waiting { return fixed(c.wishing(s, bySMS), "SMS_OTP_CODE", s.code(phone)) }
	case webAuthn:
		return func(s side, k hands) waiting {
			out := c.wishing(s, webAuthn)
			d := k.key.Clone() // forks use it at once
			credential, err := d.Get([]byte(out.params["CREDENTIAL_REQUEST_OPTIONS"]))
			check(s.t, err)
			return fixed(out, "CREDENTIAL", string(credential))
		}
	case customChallenge:
		return func(s side, _ hands) waiting { return fixed(c.expect(s, s.start(customAuth)), "ANSWER", "answer 0") }
	}
	return func(s side, k hands) waiting { // the two of a device
		out := s.start(passwordAuth, "PASSWORD", password, "DEVICE_KEY", k.device.key)
		p := s.proveDevice("ada", k.device)
		if c.asks == deviceSRP {
			m := p.login.Params()
			return waiting{c.expect(s, out).session, func(side) map[string]string { return maps.Clone(m) }}
		}
		next, err := s.send(s.t.Context(), deviceSRP, out.session, p.login.Params())
		check(s.t, err)
		return waiting{"", func(s side) map[string]string {
			r, err := p.login.Respond(c.expect(s, next).params, s.clock.Now())
			check(s.t, err)
			return r
		}}
	}
}
