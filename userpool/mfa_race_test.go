package userpool_test

import (
	"slices"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cenote-auth/cenote/userpool"
)

// manyMessages lifts the bound of messages to one address.
func manyMessages(c *userpool.Config) { c.Limits.MessagesPerDestination = -1 }

// nodes returns the app on two services over one store.
func (a app) nodes() []app {
	a.t.Helper()
	second := *a.bench
	second.start()
	other := a
	other.bench = &second
	return []app{a, other}
}

// factorCase is a second factor whose codes are guessed.
type factorCase struct {
	factor userpool.ChallengeNameType
	key    string
	wrong  string // what a wrong code is answered
	to     string
	prefer func(*userpool.AdminSetUserMFAPreferenceInput)
}

var factorCases = []factorCase{
	{smsMFA, "SMS_MFA_CODE", mfaCodeWrong, phone, useSMS(true, false)},
	{emailMFA, "EMAIL_OTP_CODE", mfaCodeWrong, mail, useEmail(true, false)},
	{totpMFA, "SOFTWARE_TOKEN_MFA_CODE", totpIsWrong, "", useTOTP(true, false)},
}

// guessed makes somebody with one second factor, and returns what gets a session with its right code, and a code that is none of
// the given ones nor right for another reason.
func guessed(t *testing.T, f factorCase, options ...any) (a app, begin func(a app) (session, right string), wrong func(right ...string) string) {
	t.Helper()
	a = setup(t, manyMessages).mfaApp(mfaOptional, []userpool.ChallengeNameType{smsMFA, totpMFA, emailMFA}, options...)
	a.user("ada", "phone_number", phone, "email", mail)
	var k softToken
	if f.factor == totpMFA {
		k = a.token("ada")
	}
	check(t, a.prefer("ada", f.prefer))
	begin = func(a app) (string, string) {
		session := a.challenge("ada", f.factor).Session
		if f.to != "" {
			return session, a.code(f.to)
		}
		return session, softToken{a, k.secret}.code(0)
	}
	wrong = func(right ...string) string {
		if f.factor == totpMFA {
			right = append(right, k.code(-1), k.code(0), k.code(1))
		}
		for i := 111111; ; i++ {
			if code := strconv.Itoa(i); !slices.Contains(right, code) {
				return code
			}
		}
	}
	return a, begin, wrong
}

// C3: a right code among 31 wrong ones either signs in, once, or comes too late; never are more guesses looked at than ten before it
// and ten after it, on however many nodes.
func TestC3_RightCodeRacesGuesses(t *testing.T) {
	t.Parallel()
	for _, f := range factorCases {
		for nodes := 1; nodes <= 2; nodes++ {
			t.Run(string(f.factor)+strconv.Itoa(nodes), func(t *testing.T) {
				t.Parallel()
				a, begin, notRight := guessed(t, f)
				on := a.nodes()[:nodes]
				sessions, rights := make([]string, 32), make([]string, 32)
				for i := range sessions {
					sessions[i], rights[i] = begin(a)
				}
				wrong := notRight(rights...)
				var in atomic.Int32
				wrongs, locked := 0, 0
				for i, err := range race(32, func(i int) error {
					code := wrong
					if i == 16 {
						code = rights[i]
					}
					out, err := on[i%nodes].respond(f.factor, sessions[i], "USERNAME", "ada", f.key, code)
					if err == nil && out.AuthenticationResult != nil {
						in.Add(1)
					}
					return err
				}) {
					switch {
					case err == nil && i == 16:
					case errorText(err) == f.wrong && i != 16:
						wrongs++
					case errorText(err) == factorLocked:
						locked++
					default:
						t.Errorf("answer %d: %v", i, err)
					}
				}
				if most := 10 * int(1+in.Load()); in.Load() > 1 || wrongs < 10 || wrongs > most {
					t.Errorf("on %d nodes %d signed in, %d guesses looked at, %d refused", nodes, in.Load(), wrongs, locked)
				}
			})
		}
	}
}

// M2, AUTH-342: one code of a token in 32 sessions at once, on two nodes, signs in once.
func TestM2_OneStepSignsInOnce(t *testing.T) {
	t.Parallel()
	a, begin, _ := guessed(t, factorCases[2])
	on := a.nodes()
	sessions, code := make([]string, 32), ""
	for i := range sessions {
		sessions[i], code = begin(a)
	}
	counts := map[string]int{}
	for _, err := range race(len(sessions), func(i int) error {
		_, err := on[i%2].respond(totpMFA, sessions[i], "USERNAME", "ada", "SOFTWARE_TOKEN_MFA_CODE", code)
		return err
	}) {
		counts[errorText(err)]++
	}
	if counts[""] != 1 || counts[totpIsUsed] != len(sessions)-1 {
		t.Errorf("answers %v", counts)
	}
}

// C3: one session survives ten wrong codes, whatever its user has left.
func TestC3_FactorGuessesPerSession(t *testing.T) {
	t.Parallel()
	for _, f := range factorCases {
		a, begin, notRight := guessed(t, f)
		a.config.Limits.WrongFactors = -1
		a.start()
		session, right := begin(a)
		for range 10 {
			_, err := a.respond(f.factor, session, "USERNAME", "ada", f.key, notRight(right))
			refused(t, err, userpool.ErrCodeMismatch, f.wrong)
		}
		_, err := a.respond(f.factor, session, "USERNAME", "ada", f.key, right)
		refused(t, err, userpool.ErrNotAuthorized, sessionBad)
		session, right = begin(a)
		a.signedIn(a.respond(f.factor, session, "USERNAME", "ada", f.key, right))
	}
}

// C3: guesses of one factor do not lock another, and who sets a token up does not lock the one that signs in.
func TestC3_FactorsAreCountedApart(t *testing.T) {
	t.Parallel()
	a, begin, _ := guessed(t, factorCases[2])
	access := a.profileToken("ada")
	k, err := a.associate(access)
	check(t, err)
	for range 10 {
		refused(t, a.verifyToken(access, k.wrong()), userpool.ErrEnableSoftwareTokenMFA, setupIsWrong)
	}
	refused(t, a.verifyToken(access, k.code(0)), userpool.ErrNotAuthorized, factorLocked)
	session, right := begin(a)
	a.signedIn(a.respond(totpMFA, session, "USERNAME", "ada", "SOFTWARE_TOKEN_MFA_CODE", right))
	a.clock.Advance(time.Second)
	check(t, a.verifyToken(access, k.code(0)))
	k, err = a.associate(access)
	check(t, err)
	for range 9 { // the right one has ended the count
		refused(t, a.verifyToken(access, k.wrong()), userpool.ErrEnableSoftwareTokenMFA, setupIsWrong)
	}
	check(t, a.verifyToken(access, k.code(0)))
}

// profileToken signs somebody in who has a second factor, by switching that off for a moment.
func (a app) profileToken(name string) string {
	a.t.Helper()
	before, err := a.GetUserPoolMfaConfig(a.t.Context(), &userpool.GetUserPoolMfaConfigInput{UserPoolId: a.pool})
	check(a.t, err)
	set := &userpool.SetUserPoolMfaConfigInput{
		UserPoolId: a.pool, SmsMfaConfiguration: before.SmsMfaConfiguration, SoftwareTokenMfaConfiguration: before.SoftwareTokenMfaConfiguration,
		EmailMfaConfiguration: before.EmailMfaConfiguration, MfaConfiguration: mfaOff,
	}
	_, err = a.SetUserPoolMfaConfig(a.t.Context(), set)
	check(a.t, err)
	access := a.signIn(name).AccessToken
	set.MfaConfiguration = before.MfaConfiguration
	_, err = a.SetUserPoolMfaConfig(a.t.Context(), set)
	check(a.t, err)
	return access
}

// C3: a count that has ended does not stand in the way of the next one, swept or not.
func TestC3_FactorCountsAfterADay(t *testing.T) {
	t.Parallel()
	for _, f := range factorCases {
		a, begin, notRight := guessed(t, f)
		for range 2 {
			session, right := begin(a)
			_, err := a.respond(f.factor, session, "USERNAME", "ada", f.key, notRight(right))
			refused(t, err, userpool.ErrCodeMismatch, f.wrong)
			a.clock.Advance(25 * time.Hour)
		}
		session, right := begin(a)
		a.signedIn(a.respond(f.factor, session, "USERNAME", "ada", f.key, right))
		a.clock.Advance(25 * time.Hour)
		session, right = begin(a)
		a.signedIn(a.respond(f.factor, session, "USERNAME", "ada", f.key, right))
	}
}
